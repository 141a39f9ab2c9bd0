"""Facts of a machine, and how they are read."""

import os

import pytest

from offkit.edges import host

CENTOS = """NAME="CentOS Linux"
VERSION="7 (Core)"
ID="centos"
ID_LIKE="rhel fedora"
VERSION_ID="7"
PRETTY_NAME="CentOS Linux 7 (Core)"

# a comment
CPE_NAME='cpe:/o:centos:centos:7'
ODD="a \\"quoted\\" \\$word"
BROKEN
"""


def test_os_release():
    """Quotes, escapes, comments and rubbish."""
    found = host.parse_os_release(CENTOS)
    assert found["PRETTY_NAME"] == "CentOS Linux 7 (Core)"
    assert found["CPE_NAME"] == "cpe:/o:centos:centos:7"
    assert found["ODD"] == 'a "quoted" $word'
    assert "BROKEN" not in found


@pytest.mark.parametrize(
    ("identity", "version", "major"),
    [("centos", "7", 7), ("rocky", "8.9", 8), ("almalinux", "9.3", 9), ("rhel", "7.9", 7), ("ol", "8.4", 8)]
    + [("debian", "12", 0), ("fedora", "39", 0), ("centos", "", 0)],
)
def test_el_major(identity, version, major):
    """The major of what is an Enterprise Linux, 0 for the rest."""
    assert host.el_major({"ID": identity, "VERSION_ID": version}) == major


@pytest.mark.parametrize(
    ("text", "version"), [("glibc 2.17", (2, 17)), ("glibc 2.28.9", (2, 28)), ("musl 1.2", None), ("", None)]
)
def test_glibc(text, version):
    """What confstr says."""
    assert host.parse_glibc(text) == version


def test_this_machine():
    """The real thing has an architecture, and a C library that runs these tests."""
    here = host.here()
    assert here.arch
    assert here.system
    assert here.root == (os.geteuid() == 0)
    assert here.glibc is None or here.glibc >= (2, 5)


def test_a_volume_of_something_that_is_not_there(tmp_path):
    """The nearest ancestor is asked."""
    found = host.volume(str(tmp_path / "a" / "b"))
    assert found.existing == str(tmp_path)
    assert found.directory
    assert found.writable
    assert found.free_bytes > 0
    assert os.path.ismount(found.mount_point)


def test_a_volume_below_a_file(tmp_path):
    """A file in the way is no directory, nor is a link to nowhere."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "lost").symlink_to("nowhere")
    assert not host.volume(str(tmp_path / "file" / "x")).directory
    assert not host.volume(str(tmp_path / "lost")).directory

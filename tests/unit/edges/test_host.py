"""Facts of a machine, and how they are read."""

import os

import pytest

from offkit.edges import host, proc, releases
from offkit.edges.tree import Tree

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
    assert len(found) == 8
    assert host.parse_os_release('A=\'\nB="b\'\nC=""\n#D=d\n') == {"A": "'", "B": "\"b'", "C": ""}


def test_os_release_is_in_one_of_two_places(tmp_path, monkeypatch):
    """os-release(5): /etc before /usr/lib, and a link leads where it does on that system."""
    monkeypatch.setattr(host, "Tree", lambda root: Tree(str(tmp_path)))
    assert host.here().os_release == {}
    assert host.here().el == 0
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "usr/lib/os-release").write_text("ID=rocky\nVERSION_ID=9.4\n")
    assert host.here().el == 9
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/other").write_text("ID=centos\nVERSION_ID=7\n")
    (tmp_path / "etc/os-release").symlink_to("/etc/other")
    assert host.here().el == 7


@pytest.mark.parametrize(
    ("identity", "version", "major"),
    [("centos", "7", 7), ("rocky", "8.9", 8), ("almalinux", "9.3", 9), ("rhel", "7.9", 7), ("ol", "8.4", 8)]
    + [("debian", "12", 0), ("fedora", "39", 0), ("centos", "", 0)],
)
def test_el_major(identity, version, major):
    """The major of what is an Enterprise Linux, 0 for the rest."""
    assert releases.known().el_major({"ID": identity, "VERSION_ID": version}) == major


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


@pytest.mark.parametrize(
    ("flags", "noexec", "read_only"),
    [
        (0, False, False),
        (os.ST_NOEXEC, True, False),
        (os.ST_RDONLY, False, True),
        (os.ST_NOSUID, False, False),
    ],
)
def test_what_a_volume_says(tmp_path, monkeypatch, flags, noexec, read_only):
    """What is free is what this user may have of it, in bytes; there may be no number of inodes."""
    asked = []

    def statvfs(path):
        asked.append(path)
        return os.statvfs_result((512, 4096, 90, 80, 70, 60, 50, inodes, flags, 255))

    monkeypatch.setattr(os, "statvfs", statvfs)
    inodes = 40
    found = host.volume(str(tmp_path / "a"))
    assert (found.free_bytes, found.free_inodes) == (70 * 4096, 40)
    assert (found.noexec, found.read_only) == (noexec, read_only)
    assert asked == [str(tmp_path)]


def test_a_volume_without_a_number_of_inodes(tmp_path, monkeypatch):
    """btrfs has 0 of them in all, and 0 free: that is no lack."""
    for total, left in ((0, None), (9, 0)):
        facts = os.statvfs_result((512, 4096, 90, 80, 70, total, 0, 0, 0, 255))
        monkeypatch.setattr(os, "statvfs", lambda path, facts=facts: facts)
        assert host.volume(str(tmp_path)).free_inodes == left


def test_where_a_volume_is_mounted(tmp_path, monkeypatch):
    """The nearest mount point above; of a link it is that of where it leads."""
    (tmp_path / "disk" / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "a")
    points = [str(tmp_path / "disk"), "/"]
    monkeypatch.setattr(os.path, "ismount", lambda path: path in points)
    for path in ("disk", "disk/a/b", "disk/a/b/new", "link/b"):
        assert host.volume(str(tmp_path / path)).mount_point == str(tmp_path / "disk")
    assert host.volume(str(tmp_path)).mount_point == "/"
    points[:] = []
    assert host.volume(str(tmp_path)).mount_point == "/"


def test_what_a_small_file_says(tmp_path):
    """Up to a megabyte, whatever bytes it has; nothing where it cannot be read."""
    (tmp_path / "some").write_bytes(b"caf\xe9\n")
    (tmp_path / "much").write_bytes(b"x" * (1 << 20) + b"y")
    assert proc.told(str(tmp_path / "some")) == "caf\ufffd\n"
    assert proc.told(str(tmp_path / "much")) == "x" * (1 << 20)
    assert proc.told(str(tmp_path / "none")) == ""
    assert proc.told(str(tmp_path)) == ""


def test_without_a_glibc(monkeypatch):
    """confstr(3) does not know the name, says nothing, or is another's."""

    def unknown(name):
        raise ValueError("unrecognized configuration name")

    for answer in (unknown, lambda name: None, lambda name: "musl 1.2"):
        monkeypatch.setattr(os, "confstr", answer)
        assert host.glibc() is None
    asked = []
    monkeypatch.setattr(os, "confstr", lambda name: asked.append(name) or "glibc 2.17")
    assert host.glibc() == (2, 17)
    assert asked == ["CS_GNU_LIBC_VERSION"]


@pytest.mark.parametrize(
    ("release", "system", "el"),
    [
        (
            {"PRETTY_NAME": "Rocky Linux 8.9", "NAME": "Rocky", "ID": "rocky", "VERSION_ID": "8.9"},
            "Rocky Linux 8.9",
            8,
        ),
        ({"NAME": "Alpine"}, "Alpine", 0),
        ({}, "an unknown system", 0),
    ],
)
def test_what_a_host_is_called(release, system, el):
    """By os-release, as far as it tells."""
    here = host.Host("x86_64", (2, 17), release, "3.10.0", True)
    assert (here.system, here.el) == (system, el)


def test_a_volume_below_a_file(tmp_path):
    """A file in the way is no directory, nor is a link to nowhere."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "lost").symlink_to("nowhere")
    assert not host.volume(str(tmp_path / "file" / "x")).directory
    assert not host.volume(str(tmp_path / "lost")).directory

"""The doctor on a server that lacks libraries, with discs that differ from what its tables expect."""

import glob
import json
import os
import subprocess
import sys

import pytest

import base
import disc
import needs
import rpms
import story
import targets

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]

OFFKIT = os.path.join(os.path.dirname(sys.executable), "offkit")
YUM = "yum --disablerepo='*' --enablerepo='offkit-*' install "
IMAGE = "/root/c7.iso"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An el7 server with its Python and the story's bundle installed; no X11 libraries, no disc in."""
    bundle = tmp_path_factory.mktemp("doctor") / "bundle.tar"
    argv = [OFFKIT, "bundle", *story.REQUIREMENTS[7], "--python", "3.6", "-o", bundle]
    made = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    if not disc.python(7):
        pytest.skip("no CPython 3.6 on PATH or under pyenv")
    with targets.target(7) as target:
        target.put(bundle, "/root/bundle.tar")
        target.insert(disc.iso(7))
        target.write("/etc/yum.repos.d/offkit.repo", disc.repository(7))
        done = target.run(["sh", "-c", YUM + "python3"], typed=story.YES)
        assert done.returncode == 0, done.stderr
        unpack = "cd && tar -xf bundle.tar install.sh && sh install.sh bundle.tar"
        done = target.run(["sh", "-c", unpack])
        assert done.returncode == 0, done.stderr
        yield target


@pytest.fixture
def server(installed):
    """A server of one's own that continues from there."""
    with targets.target(above=installed) as target:
        yield target


def doctor(server, *options):
    """(exit code, the document)"""
    done = server.run([story.OFFKIT, "doctor", "--json", *options])
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)


def paste(server, line):
    """Run a line as printed, answered yes; what yum installed."""
    done = server.run(["sh", "-c", line], typed=story.YES)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("Installed:")[1]


def imports(server):
    return server.run([story.PYTHON, "-c", "import cv2"]).returncode == 0


def test_an_image_is_asked_without_being_mounted(server):
    """The ISO file only lies on the server; the answer is that of the mounted one."""
    server.put(disc.iso(7), IMAGE)
    code, report = doctor(server, "--iso", IMAGE)
    assert code == 1
    assert report["install_line"] == YUM + "libICE libSM libX11 libXext libXrender"


def rename_libsm(packages):
    """libSM.so.6 in a package of another name."""
    for path in glob.glob(packages + "/libSM-*"):
        os.unlink(path)
    (libsm,) = [each for each in base.donated(7) if (each.name, each.arch) == ("libSM", "x86_64")]
    out = packages + "-renamed"
    (built,) = rpms.build([libsm._replace(name="session-management")], 7, out)
    rpms.sign([built])
    os.rename(built, os.path.join(packages, os.path.basename(built)))
    os.rmdir(out)


def test_the_disc_knows_better_than_the_table(server, tmp_path):
    """The package that provides libSM.so.6 on this very disc is named, installs and cures.

    It is another disc than the one Python came from, under the same repository id: with
    metadata_expire=0 yum does not go by what it remembers of the first.
    """
    server.insert(disc.altered(7, rename_libsm, str(tmp_path)))
    code, report = doctor(server)
    assert code == 1
    assert report["install_line"] == YUM + "libICE libX11 libXext libXrender session-management"
    assert [one["code"] for one in report["findings"] if one["code"].startswith("REPO0")] == ["REPO002"]
    assert "session-management-1.2.3" in paste(server, report["install_line"])
    assert imports(server)
    assert doctor(server)[0] == 0


def remove_libxrender(packages):
    for path in glob.glob(packages + "/libXrender-*.x86_64.rpm"):
        os.unlink(path)


def test_what_is_not_on_the_disc_is_not_promised(server, tmp_path):
    """The line installs the rest, and about libXrender (only its 32-bit twin is there) the finding says so."""
    server.insert(disc.altered(7, remove_libxrender, str(tmp_path)))
    code, report = doctor(server)
    assert code == 1
    assert report["install_line"] == YUM + "libICE libSM libX11 libXext"
    (finding,) = [one for one in report["findings"] if one["subject"] == "libXrender.so.1"]
    assert finding["severity"] == "error"
    assert "install libXrender" not in finding["fix"]
    paste(server, report["install_line"])
    code, report = doctor(server)
    assert (code, report["install_line"]) == (1, "")
    assert not imports(server)


def test_fix_runs_the_line_and_looks_again(server):
    """With -y nothing is asked; afterwards all is well."""
    server.insert(disc.iso(7))
    done = server.run([story.OFFKIT, "doctor", "--fix", "-y"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert imports(server)
    assert doctor(server)[1]["install_line"] == ""


def test_half_an_image_is_a_finding(server, tmp_path):
    """A copy that broke off: said with what to do, and no package of it is promised."""
    with open(disc.iso(7), "rb") as source:
        (tmp_path / "half.iso").write_bytes(source.read(os.path.getsize(disc.iso(7)) // 2))
    server.put(tmp_path / "half.iso", IMAGE)
    done = server.run([story.OFFKIT, "doctor", "--iso", IMAGE])
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert IMAGE in done.stdout + done.stderr


@pytest.fixture
def half_cured(server):
    """A server with libSM for 32 bits only. yum took libICE along for both architectures."""
    server.insert(disc.iso(7))
    paste(server, YUM + "libSM.i686")
    return server


def test_a_32_bit_library_is_no_cure(half_cured):
    """The loader passes it over, and doctor says so."""
    code, report = doctor(half_cured)
    assert code == 1
    (finding,) = [one for one in report["findings"] if one["subject"] == "libSM.so.6"]
    assert "another architecture" in finding["message"]
    assert {one["subject"] for one in report["findings"] if one["code"].startswith("LIB")} == {
        "libSM.so.6",
        "libX11.so.6",
        "libXext.so.6",
        "libXrender.so.1",
    }


def test_the_line_cures_beside_a_32_bit_twin(half_cured):
    """The 64-bit package comes beside the other, and cv2 imports.

    To dnf "install libSM" is done when libSM.i686 is there.
    """
    line = doctor(half_cured)[1]["install_line"]
    assert line == YUM + "libSM.x86_64 libX11 libXext libXrender"
    paste(half_cured, line)
    assert "x86_64" in half_cured.run(["rpm", "-q", "libSM"]).stdout
    assert imports(half_cured)
    assert doctor(half_cured)[0] == 0

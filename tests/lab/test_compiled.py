"""A Python from the bundle on an el7 server: compiled as root and as a user, ready-made, and what can be in the way.

The source tree and the build are stand-ins that hold this machine's real CPython (source_tree).
"""

import glob
import json
import os

import pytest

import bundles
import changes
import disc
import journey
import needs
import targets

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]

HOME = "/python/3.6.15"
CONF = "/etc/ld.so.conf.d/offkit-3.6.15.conf"


@pytest.fixture(scope="module")
def nothing(carried):
    """An el7 server with a small bundle that has a source, and its disc as a file."""
    with targets.target(7) as target:
        for user in (False, True):
            journey.carry(target, carried.get(bundles.SMALL, source=True), disc.iso(7), user=user)
        yield target


@pytest.fixture
def server(nothing):
    with targets.target(above=nothing) as target:
        yield target


def works(target, user=False):
    """The generation's Python starts, and the doctor has nothing to say against it."""
    done = journey.python(target, "import idna, ssl, zlib, ctypes; print('fine')", user=user)
    assert done.stdout == "fine\n", done.stderr
    code, said = journey.doctor(target, user=user)
    assert (code, {subject for _, subject in said} - {"hashlib"}) == (0, set())


def test_ld_so_conf_in_the_place_of_an_rpath(server):
    """The entry is written and taken back, and ldconfig has run both times."""
    done = journey.install(server, "--iso", journey.ISO, "--ld-so-conf")
    assert done.returncode == 0, journey.failed(done)
    assert server.run(["cat", CONF]).stdout == journey.PREFIX[False] + HOME + "/lib\n"
    assert journey.PREFIX[False] + HOME + "/lib/libpython3.6m" in server.run(["ldconfig", "-p"]).stdout
    works(server)
    gone = journey.offkit(server, "uninstall", "-y")
    assert gone.returncode == 0, journey.failed(gone)
    assert server.run(["test", "-e", CONF]).returncode == 1
    assert journey.PREFIX[False] not in server.run(["ldconfig", "-p"]).stdout


def test_a_user_compiles_with_what_is_there(server):
    """An administrator has installed compiler and headers; the user needs no root for the rest."""
    server.insert(disc.iso(7))
    server.write("/etc/yum.repos.d/offkit.repo", disc.repository(7))
    wanted = "gcc make zlib-devel openssl-devel libffi-devel bzip2-devel xz-devel sqlite-devel expat-devel ncurses-devel"
    line = "yum -y --disablerepo='*' --enablerepo='offkit-*' install " + wanted
    assert server.run(["sh", "-c", line]).returncode == 0
    server.eject()
    before = journey.rpms(server)
    done = journey.install(server, user=True)
    assert done.returncode == 0, journey.failed(done)
    works(server, user=True)
    assert journey.rpms(server) == before


@pytest.mark.parametrize("user", [False, True], ids=["root", "user"])
def test_no_compiler_and_no_media(server, user):
    """What is missing, and where it comes from; nothing is written."""
    with targets.target(above=server) as trying:
        done = journey.install(trying, user=user)
        assert done.returncode == 4
        assert "PY022" in done.stderr
        assert "missing gcc, make" in done.stderr
        left = changes.outside(changes.changes(trying), *journey.LEFT, journey.home(user) + "/install.sh")
        assert left == []


def test_a_disc_without_the_headers_of_ssl(server, tmp_path):
    """PY023 before offkit or pip are run; what yum did is in the ledger, and a fuller disc mends it."""

    def leave_out(packages):
        (found,) = glob.glob(os.path.join(packages, "openssl-devel-*.rpm"))
        os.unlink(found)

    server.put(disc.altered(7, leave_out, str(tmp_path), anew=True), "/root/poor.iso")
    done = journey.install(server, "--iso", "poor.iso")
    assert done.returncode == 4, journey.failed(done)
    assert "not on the media: openssl-devel" in done.stderr
    assert "error: PY023 ssl: the new Python lacks it: compiled without openssl-devel" in done.stderr
    prefix = journey.PREFIX[False]
    assert server.run(["ls", "-A", prefix, prefix + "/python"]).stdout.split() == [
        prefix + ":", "python", "system", prefix + "/python:", "3.6.15.log",
    ]  # fmt: skip
    again = journey.install(server, "--iso", journey.ISO)
    assert again.returncode == 0, journey.failed(again)
    works(server)


def test_modules_that_are_missing_are_said_before_pip(server, tmp_path):
    """A warning for bz2, with its package; the installation goes on."""

    def leave_out(packages):
        (found,) = glob.glob(os.path.join(packages, "bzip2-devel-*.rpm"))
        os.unlink(found)

    server.put(disc.altered(7, leave_out, str(tmp_path), anew=True), "/root/poor.iso")
    done = journey.install(server, "--iso", "poor.iso", "-v")
    assert done.returncode == 0, journey.failed(done)
    assert "lacks bz2 (for .bz2 files): compiled without bzip2-devel" in done.stderr
    assert done.stderr.index("lacks bz2") < done.stderr.index("install the requirements with pip")


@pytest.mark.parametrize("user", [False, True], ids=["root", "user"])
def test_a_ready_made_build(carried, tmp_path, user):
    """Unpacked below the prefix; neither compiler nor media are needed."""
    # This machine's Python wants this machine's glibc, which is that of the lab's servers.
    about = {"name": "el7", "el": 7, "arch": "x86_64", "python": "3.6.8", "glibc": "2.36"}
    goal = tmp_path / "target.json"
    goal.write_text(json.dumps(about))
    with targets.target(7) as target:
        journey.carry(target, carried.get(bundles.SMALL, build=True, target=str(goal)), user=user)
        before = journey.rpms(target)
        done = journey.install(target, user=user)
        assert done.returncode == 0, journey.failed(done)
        works(target, user)
        base = journey.python(target, "import sys; print(sys.base_prefix)", user=user).stdout
        assert base == journey.PREFIX[user] + HOME + "-build\n"
        assert journey.rpms(target) == before

"""kill -9 at every step: the same command again ends well, and what it did can still be taken back."""

import glob
import time

import bundles
import changes
import disc
import journey
import needs
import pytest
import targets

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]

ROOT, USER = journey.PREFIX[False], journey.PREFIX[True]
BUILDING = "{}/generations/.building-*"
# (who, whether from source): the path whose appearance is the moment of death, in their order
PYTHON = {
    "packages as root": (
        "/tmp/offkit.*/offkit.pyz",
        ROOT + "/system/0001.before",
        "/usr/lib/python3.6/os.py*",  # in the middle of yum's transaction
        "/usr/lib/python3.6/xmlrpc/server.py*",
        ROOT + "/system/0001.after",
        BUILDING.format(ROOT),
        BUILDING.format(ROOT) + "/lib/python3.6/site-packages/idna",
        ROOT + "/generations/0001-*/receipt.json",
    ),
    "source as root": (
        ROOT + "/python/.building-*",
        ROOT + "/python/.building-*/Python-3.6.15/Makefile",
        ROOT + "/python/.building-*/**/bin/python3.6",
        ROOT + "/python/3.6.15",
    ),
    "packages as user": (
        USER + "/python/.building-*",
        USER + "/python/.building-*/usr/lib/python3.6/os.py",
        USER + "/python/3.6.15-rpm",
        BUILDING.format(USER),
    ),
}
LIBRARIES = {
    "packages as root": (ROOT + "/system/0001.before", "/usr/lib64/libSM.so.6", ROOT + "/system/0001.after"),
    "packages as user": (
        BUILDING.format(USER) + "/offkit/lib64",
        BUILDING.format(USER) + "/offkit/lib64/libSM.so.6*",
        USER + "/generations/0001-*/bin/python",
    ),
}


def moments(table):
    return [
        pytest.param(way, path, id="{}, {}".format(way, path.replace(ROOT, "").replace(USER, "")))
        for way, paths in table.items()
        for path in paths
    ]


@pytest.fixture(scope="module")
def nothing(carried):
    """An el7 server with a small bundle and the disc's image in each home directory."""
    with targets.target(7) as target:
        for user in (False, True):
            journey.carry(target, carried.get(bundles.SMALL), disc.iso(7), user=user)
        yield target


@pytest.fixture(scope="module")
def compiling(nothing, carried):
    """The same, and root's bundle has a source."""
    with targets.target(above=nothing) as target:
        journey.carry(target, carried.get(bundles.SMALL, source=True))
        yield target


@pytest.fixture(scope="module")
def pythonic(nothing, carried):
    """The same with a Python of its own, and the story's bundle, whose libraries are not there."""
    with targets.target(above=nothing) as target:
        target.insert(disc.iso(7))
        target.write("/etc/yum.repos.d/offkit.repo", disc.repository(7))
        done = target.run(["sh", "-c", "yum -y --disablerepo='*' --enablerepo='offkit-*' install python3"])
        assert done.returncode == 0, done.stderr
        target.eject()
        for user in (False, True):
            journey.carry(target, carried.get(bundles.STORY[7]), user=user)
        yield target


def kill(target, path, user):
    """The one command, killed with all its processes as soon as ``path`` (with wildcards) is there."""
    argv = ["sh", "-c", journey.COMMAND, "sh", "--iso", journey.ISO]
    started = target.start(argv, user=user)
    try:
        while started.poll() is None and not glob.glob(target.path(path), recursive=True):
            time.sleep(0.0005)
        assert started.poll() is None, "it was over, and {} never there".format(path)
    finally:
        started.kill()
        started.wait()


def ends_well(below, way, path):
    """Killed there, run again: healthy; then taken back: as before."""
    user = way.endswith("user")
    with targets.target(above=below) as target:
        before = journey.rpms(target)
        kill(target, path, user)
        done = journey.install(target, "--iso", journey.ISO, user=user)
        assert done.returncode == 0, journey.failed(done)
        code, said = journey.doctor(target, user=user)
        assert (code, {subject for _, subject in said} - {"hashlib"}) == (0, set())
        kept = glob.glob(target.path(journey.PREFIX[user]) + "/**/.*", recursive=True)
        assert [each for each in kept if "building" in each or "scratch" in each] == []
        gone = journey.offkit(target, "uninstall", "-y", user=user)
        assert gone.returncode == 0, journey.failed(gone)
        assert journey.rpms(target) == before
        left = changes.outside(changes.changes(target), *journey.LEFT)
        assert [line for line in left if line[2:] not in journey.EMPTY] == []


@pytest.mark.parametrize(("way", "path"), moments(PYTHON))
def test_killed_while_python_is_got(nothing, compiling, way, path):
    ends_well(compiling if way.startswith("source") else nothing, way, path)


@pytest.mark.parametrize(("way", "path"), moments(LIBRARIES))
def test_killed_while_libraries_are_got(pythonic, way, path):
    ends_well(pythonic, way, path)

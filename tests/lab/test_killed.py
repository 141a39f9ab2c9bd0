"""kill -9 at every step: the same command again ends well, and what it did can still be taken back."""

import glob
import re
import time

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

ROOT, USER = journey.PREFIX[False], journey.PREFIX[True]
HALF = re.compile(r";[0-9a-f]{8}$|^/tmp/tmp[a-z0-9_]{8}$")
BUILDING = "{}/generations/.building-*"
# (who, whether from source): the path whose appearance is the moment of death, in their order
PYTHON = {
    "packages as root": (
        "/tmp/offkit.*/offkit.pyz",
        ROOT + "/system/0001.before",
        "/usr/lib/python3.6/os.py*",  # in the middle of yum's transaction
        ROOT + "/system/0001.after",
        BUILDING.format(ROOT) + "/lib/python3.6/site-packages/idna",
        ROOT + "/generations/0001-*",
    ),
    "source as root": (
        ROOT + "/python/.building-*/configured",
        ROOT + "/python/.building-*/compiled",
        ROOT + "/python/.building-*/stage/**/bin/python3.6",
        ROOT + "/python/3.6.15",
    ),
    "packages as user": (
        USER + "/python/.building-*",
        USER + "/python/.building-*/usr/lib/python3.6/os.py",
        BUILDING.format(USER),
    ),
}
LIBRARIES = {
    "packages as root": (ROOT + "/system/0001.before", "/usr/lib64/libSM.so.6"),
    "packages as user": (
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


@pytest.fixture(scope="module")
def ready(nothing):
    """A server on which the small bundle is installed, and no disc is a repository."""
    with targets.target(above=nothing) as target:
        done = journey.install(target, "--iso", journey.ISO)
        assert done.returncode == 0, journey.failed(done)
        yield target


def kill(target, path, user, argv=("sh", "-c", journey.COMMAND, "sh", "--iso", journey.ISO)):
    """The one command on a server that is up, killed with all that it began as soon as ``path`` is there.

    ``path`` has wildcards. Nothing runs on such a server but that.
    """
    started = target.start(argv, user=user)
    while started.poll() is None and not glob.glob(target.path(path), recursive=True):
        time.sleep(0.0005)
    over = started.poll() is not None
    assert target.run(["sh", "-c", "kill -9 -1"]).returncode == 0
    started.wait()
    assert not over, "it was over, and {} never there".format(path)


def ends_well(below, way, path):
    """Killed there, run again: healthy; then taken back: as before."""
    user = way.endswith("user")
    with targets.target(above=below) as target:
        before = journey.rpms(target)
        with target.up():
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
        assert [line for line in left if line[2:] not in journey.EMPTY and not of_rpm(left, line)] == []


def of_rpm(left, line):
    """What a killed rpm and dnf leave themselves: files that had no name yet, and their directories."""
    paths = [other[2:] for other in left]
    held = [path for path in paths if (path + "/").startswith(line[2:] + "/")]
    leaves = [path for path in held if not any(other.startswith(path + "/") for other in held)]
    return all(HALF.search(path) for path in leaves)


@pytest.mark.parametrize(("way", "path"), moments(PYTHON))
def test_killed_while_python_is_got(nothing, compiling, way, path):
    ends_well(compiling if way.startswith("source") else nothing, way, path)


@pytest.mark.parametrize(("way", "path"), moments(LIBRARIES))
def test_killed_while_libraries_are_got(pythonic, way, path):
    ends_well(pythonic, way, path)


@pytest.mark.parametrize(
    "path", ["/var/lib/offkit/*", "/mnt/offkit-iso", "/etc/yum.repos.d/offkit.repo", "/etc/fstab"]
)
def test_killed_while_a_disc_becomes_a_repository(ready, path):
    """Added again it is one, and removed it leaves the server as it was."""
    image = "/root/" + journey.ISO
    with targets.target(above=ready) as target:
        with target.up():
            add = ["add", "--iso", image, "--only", "--persist"]
            kill(target, path, False, [ROOT + "/current/bin/offkit", "repo", *add])
            for words in (add, ["status"], ["remove"]):
                done = journey.offkit(target, "repo", *words)
                assert done.returncode == 0, journey.failed(done)
        assert changes.outside(changes.changes(target), *journey.LEFT) == []


@pytest.mark.parametrize("path", ["/opt/offkit/current", "/usr/lib/python3.6/os.py", "/usr/bin/python3.6"])
def test_killed_while_it_is_taken_back(nothing, ready, path):
    """Installed again it can be taken back: also when the Python that would finish it has gone already.

    What is removed from a layer below appears in the one above, as a mark.
    """
    with targets.target(above=ready) as target:
        with target.up():
            kill(target, path, False, [ROOT + "/current/bin/offkit", "uninstall", "-y"])
            done = journey.install(target, "--iso", journey.ISO)
            assert done.returncode == 0, journey.failed(done)
            gone = journey.offkit(target, "uninstall", "-y")
            assert gone.returncode == 0, journey.failed(gone)
            assert journey.rpms(target) == journey.rpms(nothing)
        left = changes.outside(changes.changes(target, since=nothing), *journey.LEFT)
        assert [line for line in left if not of_rpm(left, line)] == []

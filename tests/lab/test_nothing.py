"""A server with nothing, one command, a healthy installation: with root and without, from packages and source."""

import pytest

import changes
import disc
import journey
import needs
import targets
from bundles import HEADLESS, STORY

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]

WAYS = {  # name: (an ordinary user, the bundle has a source)
    "packages as root": (False, False),
    "source as root": (False, True),
    "packages as user": (True, False),
}
BUNDLES = {"headless": (HEADLESS, "4.6.0"), "story": (STORY[7], "4.2.0")}


class Server:
    """A target after the one command."""

    def __init__(self, nothing, target, way, bundle):
        self.nothing, self.target, self.way = nothing, target, way
        self.user, self.source = WAYS[way]
        self.version = BUNDLES[bundle][1]
        self.prefix = journey.PREFIX[self.user]
        self.before = journey.rpms(target)
        self.options = ("--iso", journey.ISO)
        self.done = journey.install(target, *self.options, user=self.user)


@pytest.fixture(
    scope="module",
    params=[(way, bundle) for way in WAYS for bundle in BUNDLES],
    ids=lambda pair: "{}, {}".format(*pair),
)
def server(request, carried):
    way, bundle = request.param
    user, source = WAYS[way]
    with targets.target(7) as nothing:
        journey.carry(nothing, carried.get(BUNDLES[bundle][0], source=source), disc.iso(7), user=user)
        with targets.target(above=nothing) as target:
            yield Server(nothing, target, way, bundle)


def test_one_command_installs(server):
    """Exit 0, and it says where."""
    assert server.done.returncode == 0, journey.failed(server.done)
    assert "in {}".format(server.prefix) in server.done.stdout + server.done.stderr


def test_the_doctor_finds_nothing(server):
    """Exit 0; what it says at all is about this very Python."""
    code, said = journey.doctor(server.target, user=server.user)
    assert said <= journey.HASHLIB
    assert code == 0


def test_opencv_is_imported_with_no_variable_set(server):
    done = journey.python(server.target, "import cv2, numpy; print(cv2.__version__)", user=server.user)
    assert done.stdout == server.version + "\n", done.stderr


def test_run_badapple_is_verified(server):
    """180 frames, each with its number, and the number in each picture is that of its frame."""
    done = journey.offkit(server.target, "run-badapple", "-o", "/tmp/frames.txt", user=server.user)
    assert done.returncode == 0, journey.failed(done)
    assert "180 frames, each with its number, in order" in done.stdout
    assert "the number in each picture is that of its frame" in done.stdout


def test_python_comes_from_where_it_should(server):
    """The system's own, one that was compiled, or one out of the RPMs below the user's prefix."""
    goal = {
        "packages as root": "/usr/bin/python3.6",
        "source as root": server.prefix + "/python/3.6.15/bin/python3.6",
        "packages as user": server.prefix + "/python/3.6.15-rpm/usr/bin/python3.6",
    }
    asked = "import sys; print(sys.base_prefix)"
    assert journey.python(server.target, asked, user=server.user).stdout == (
        goal[server.way].rsplit("/bin/", 1)[0] + "\n"
    )


def test_nothing_of_the_system_is_changed_but_by_rpm(server):
    """A user changes not a file outside the home directory; root none that is not an RPM's."""
    # rpm's own lock of its database is written by whoever asks it as root: this test does.
    named = (*journey.LEFT, server.prefix)
    found = changes.outside(changes.changes(server.target), *named)
    owned = set(server.target.run(["rpm", "-qal"]).stdout.split("\n"))
    theirs = {*journey.EMPTY, *([] if server.user else owned)}
    assert [line for line in found if line[2:].split(" ")[0] not in theirs] == []
    assert not server.user or journey.rpms(server.target) == server.before


def test_again_changes_nothing(server):
    """The same command a second time: exit 0, and the files are the same."""
    with targets.target(above=server.target) as again:
        done = journey.install(again, *server.options, user=server.user)
        assert done.returncode == 0, journey.failed(done)
        assert journey.rpms(again) == journey.rpms(server.target)
        assert changes.outside(changes.changes(again), *journey.LEFT) == []


def test_uninstall_leaves_the_server_as_it_was(server):
    """Files, modes, owners and RPMs: but for caches and logs nothing tells that offkit was here."""
    with targets.target(above=server.target) as leaving:
        done = journey.offkit(leaving, "uninstall", "-y", user=server.user)
        assert done.returncode == 0, journey.failed(done)
        assert journey.rpms(leaving) == server.before
        left = changes.outside(changes.changes(leaving, since=server.nothing), *journey.LEFT)
        assert [line for line in left if line[2:] not in journey.EMPTY] == []

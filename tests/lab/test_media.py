"""The same disc in other ways: in the drive, as a file that cannot be mounted, and while the first one still works."""

import pytest

import bundles
import disc
import journey
import needs
import targets

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]


@pytest.fixture(scope="module")
def nothing(carried):
    with targets.target(7) as target:
        for user in (False, True):
            journey.carry(target, carried.get(bundles.STORY[7]), disc.iso(7), user=user)
        yield target


def healthy(target, user):
    code, said = journey.doctor(target, user=user)
    assert (code, {subject for _, subject in said} - {"hashlib"}) == (0, set())
    imported = journey.python(target, "import cv2; print(cv2.__version__)", user=user)
    assert imported.stdout == "4.2.0\n", imported.stderr


@pytest.mark.parametrize("user", [False, True], ids=["root", "user"])
def test_the_disc_is_in_the_drive(nothing, user):
    """A directory serves as a file does."""
    with targets.target(above=nothing) as target:
        target.insert(disc.iso(7))
        done = journey.install(target, "--rpm-repo", targets.DISC, user=user)
        assert done.returncode == 0, journey.failed(done)
        healthy(target, user)


def test_root_where_nothing_can_be_mounted(nothing):
    """As in a container: the image is read without mounting it, and the system stays as it is."""
    with targets.target(above=nothing) as target:
        assert target.run(["ln", "-sf", "/bin/false", "/usr/bin/mount"]).returncode == 0
        before = journey.rpms(target)
        done = journey.install(target, "--iso", journey.ISO)
        assert done.returncode == 0, journey.failed(done)
        assert "REPO012" in done.stderr
        assert journey.rpms(target) == before
        healthy(target, user=False)


def test_root_need_not_be_used(nothing):
    """--no-root leaves the system alone."""
    with targets.target(above=nothing) as target:
        before = journey.rpms(target)
        done = journey.install(target, "--iso", journey.ISO, "--no-root")
        assert done.returncode == 0, journey.failed(done)
        assert journey.rpms(target) == before
        healthy(target, user=False)


def test_only_the_shell_is_killed(nothing):
    """What it had begun goes on, or ends; the same command at once after it ends well."""
    with targets.target(above=nothing) as target, target.up():
        script = (
            'cd; tar -xf bundle.tar install.sh; sh install.sh bundle.tar --iso "$0" >/dev/null 2>&1 & echo $!'
        )
        pid = target.run(["sh", "-c", script, journey.ISO]).stdout.strip()
        moment = "until [ -e {}/system/0001.before ]; do :; done; kill -9 {}".format(
            journey.PREFIX[False], pid
        )
        assert target.run(["sh", "-c", moment]).returncode == 0
        codes = []
        while not codes or (codes[-1] == 4 and len(codes) < 20):  # another process is at work on the packages
            done = journey.install(target, "--iso", journey.ISO)
            codes.append(done.returncode)
        assert codes[-1] == 0, journey.failed(done)
        healthy(target, user=False)

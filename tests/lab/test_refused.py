"""What cannot work is refused: with its own code and exit code, and nothing half-done stays."""

import os
import re

import pytest

import bundles
import changes
import disc
import faults
import journey
import needs
import targets

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]

WHO = pytest.mark.parametrize("user", [False, True], ids=["root", "user"])
PYTHON = ("python3-libs",)
X11 = ("libSM", "libXext")


@pytest.fixture(scope="module")
def nothing(carried):
    """An el7 server that has the small bundle in each home directory."""
    with targets.target(7) as target:
        for user in (False, True):
            journey.carry(target, carried.get(bundles.SMALL), user=user)
        yield target


@pytest.fixture
def server(nothing):
    with targets.target(above=nothing) as target:
        yield target


@pytest.fixture(scope="module")
def pythonic(carried):
    """An el7 server whose Python is from its disc, and which lacks the libraries of the story's bundle."""
    with targets.target(7) as target:
        target.insert(disc.iso(7))
        target.write("/etc/yum.repos.d/offkit.repo", disc.repository(7))
        done = target.run(["sh", "-c", "yum -y --disablerepo='*' --enablerepo='offkit-*' install python3"])
        assert done.returncode == 0, done.stderr
        target.eject()
        for user in (False, True):
            journey.carry(target, carried.get(bundles.STORY[7]), user=user)
        yield target


@pytest.fixture
def sick(pythonic):
    with targets.target(above=pythonic) as target:
        yield target


def refused(target, user, *options, **how):
    """(exit code, {codes of what is an error}, everything said) of the command; the server is as before."""
    with targets.target(above=target) as trying:
        installed = journey.rpms(trying)
        done = journey.install(trying, *options, user=user, **how)
        said = done.stdout + done.stderr
        assert "Traceback" not in said
        left = changes.outside(changes.changes(trying), *journey.LEFT)
        carried = "{}/install.sh".format(journey.home(user))
        assert [line for line in left if line != "+ " + carried] == [], said
        assert journey.rpms(trying) == installed
    return done.returncode, codes(said), said


def codes(said):
    """Those of errors: as install.sh prints them, and as the report does."""
    return set(re.findall(r"^(?:error: |✗ |\[x\] |x )([A-Z]+\d{3})\b", said, re.MULTILINE))


def with_iso(target, image, user):
    target.put(image, "{}/{}".format(journey.home(user), journey.ISO))
    return "--iso", journey.ISO


@WHO
def test_no_iso_and_no_python(server, user):
    """Every way that there would be is listed."""
    code, found, said = refused(server, user)
    assert (code, found) == (4, {"PY020"})
    for way in ("--iso", "--python-source", "--python-build", "--python "):
        assert way in said


@WHO
def test_the_minimal_disc(server, user):
    """It says which one has a Python."""
    code, found, said = refused(server, user, *with_iso(server, disc.iso(7, minimal=True), user))
    assert (code, found) == (4, {"PY021"})
    assert "DVD" in said
    assert "Everything" in said


@WHO
@pytest.mark.parametrize("part", [0.6, 0.98])
def test_a_disc_that_was_cut_short(server, user, tmp_path, part):
    image = faults.cut(disc.iso(7), str(tmp_path), part)
    code, found, _ = refused(server, user, *with_iso(server, image, user))
    assert (code, found) == (3, {"REPO011"})


@WHO
def test_what_is_no_disc(server, user):
    """A file of another kind, called .iso."""
    name = "{}/{}".format(journey.home(user), journey.ISO)
    server.write(name, "no disc\n" * 10000)
    code, found, _ = refused(server, user, "--iso", journey.ISO)
    assert (code, found) == (4, {"REPO010"})


FAULTS = [(faults.flipped, "RPM001"), (faults.unsigned, "RPM002"), (faults.foreign, "RPM003")]


@WHO
@pytest.mark.parametrize(("fault", "expected"), FAULTS, ids=lambda value: getattr(value, "__name__", value))
def test_a_bad_package_of_python(server, user, tmp_path, fault, expected):
    """Damaged, unsigned, signed by another: not a file of it comes onto the server."""
    image = faults.made(fault, PYTHON, str(tmp_path))
    code, found, _ = refused(server, user, *with_iso(server, image, user))
    assert (code, found) == (3, {expected})


@WHO
@pytest.mark.parametrize(("fault", "expected"), FAULTS, ids=lambda value: getattr(value, "__name__", value))
def test_a_bad_package_of_a_library(sick, user, tmp_path, fault, expected):
    """The same with the libraries that the wheels need: no generation is made."""
    image = faults.made(fault, X11, str(tmp_path))
    code, found, _ = refused(sick, user, *with_iso(sick, image, user))
    assert (code, found) == (3, {expected})


@WHO
def test_no_key_anywhere(server, user, tmp_path):
    """Neither on the disc nor on the server: never unchecked."""
    image = disc.altered(
        7, lambda packages: os.unlink(os.path.join(packages, "..", "RPM-GPG-KEY-CentOS-7")), str(tmp_path)
    )
    assert server.run(["rm", "-r", "/etc/pki/rpm-gpg"]).returncode == 0
    code, found, _ = refused(server, user, *with_iso(server, image, user))
    assert (code, found) in [(3, {"RPM003"}), (3, {"REPO014"})]


@WHO
def test_a_disc_of_another_release(server, user):
    """That is the first thing said, and which disc is wanted; nothing of the packages that it lacks."""
    code, found, said = refused(server, user, *with_iso(server, disc.iso(8), user))
    assert (code, found) == (4, {"ENV049"})
    assert "CentOS 7" in said


@WHO
def test_the_minimal_disc_lacks_the_libraries(sick, user):
    """A Python is there, the X11 libraries are on no medium: said before anything is written."""
    code, found, said = refused(sick, user, *with_iso(sick, disc.iso(7, minimal=True), user))
    assert (code, found) == (1, {"RPM004"})
    assert "libSM" in said


@WHO
@pytest.mark.parametrize(
    ("options", "expected"), [("size=3m", "ENV024"), ("size=600m,noexec", "ENV026")], ids=["small", "noexec"]
)
def test_a_prefix_that_cannot_hold_it(server, user, options, expected):
    """No room, or no permission to execute, at the place where everything would go."""
    arguments = with_iso(server, disc.iso(7), user)
    # As root yum installs into the system, and what is judged is the environment.
    place = targets.HOME + "/small" if user else "/opt/small"
    script = 'mkdir -p "$1" && mount -t tmpfs -o mode=777,"$2" small "$1"'
    with targets.target(above=server) as trying, trying.up():
        made = trying.run(["sh", "-c", script, "sh", place, options])
        assert made.returncode == 0, made.stderr
        before = journey.rpms(trying)
        done = journey.install(trying, *arguments, "--prefix", place, user=user)
        assert (done.returncode, codes(done.stdout + done.stderr)) == (4, {expected}), journey.failed(done)
        assert trying.run(["ls", "-A", place]).stdout == ""
        assert journey.rpms(trying) == before


HOLD = """
import sys, time
import dnf, dnf.lock
base = dnf.Base()
with dnf.lock.build_rpmdb_lock(base.conf.persistdir, False):
    open("/tmp/held", "w").close()
    time.sleep(1000)
"""


def test_yum_is_locked_by_another_process(server):
    """By dnf's own lock: it is not waited for, nor broken."""
    arguments = with_iso(server, disc.iso(7), user=False)
    server.write("/tmp/hold.py", HOLD)
    holding = "{} /tmp/hold.py >/dev/null 2>&1 & while ! [ -e /tmp/held ]; do :; done"
    with targets.target(above=server) as trying, trying.up():
        assert trying.run(["sh", "-c", holding.format("/usr/libexec/yum-python")]).returncode == 0
        before = journey.rpms(trying)
        done = journey.install(trying, *arguments, user=False)
        assert (done.returncode, codes(done.stdout + done.stderr)) == (4, {"RPM005"}), journey.failed(done)
        assert journey.rpms(trying) == before

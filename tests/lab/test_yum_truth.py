"""yum is not believed: what it would install is verified first, what hides packages is named, and a
repository that the administrator has already is the one that serves."""

import functools
import glob
import json
import os
import shutil

import pytest

import base
import bundles
import changes
import disc
import faults
import journey
import needs
import rpms
import targets

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]

WHO = pytest.mark.parametrize("user", [False, True], ids=["root", "user"])
X11 = (
    "libSM",
    "libICE",
    "libX11",
    "libXext",
    "libXrender",
    "libxcb",
    "libXau",
    "libXdmcp",
    "libbsd",
    "libmd",
)
FOLDER = "/root/rpms"
# As CentOS 7 ships CentOS-Media.repo, but for enabled=1.
MEDIA = """[c7-media]
name=CentOS-$releasever - Media
baseurl=file:///media/CentOS/
        file:///media/cdrom/
        file:///media/cdrecorder/
gpgcheck=1
enabled=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7
"""


@pytest.fixture(scope="module")
def pythonic(carried):
    """An el7 server whose Python is from its disc, and which lacks the libraries of the story's bundle."""
    with targets.target(7) as target:
        target.insert(disc.iso(7))
        target.write("/etc/yum.repos.d/offkit.repo", disc.repository(7))
        done = target.run(["sh", "-c", "yum -y --disablerepo='*' --enablerepo='offkit-*' install python3"])
        assert done.returncode == 0, done.stderr
        target.eject()
        done = target.run(["rm", "/etc/yum.repos.d/offkit.repo"])
        assert done.returncode == 0
        for user in (False, True):
            journey.carry(target, carried.get(bundles.STORY[7]), user=user)
        yield target


@pytest.fixture
def server(pythonic):
    with targets.target(above=pythonic) as target:
        yield target


def altered(change, tmp_path, names=("libSM",)):
    """A disc that somebody built from changed packages."""
    return disc.altered(7, functools.partial(change, names=names), str(tmp_path))


def image(target, path, user=False):
    target.put(path, "{}/{}".format(journey.home(user), journey.ISO))
    return "--iso", journey.ISO


def carry(target, sources, folder=FOLDER):
    for path in sources:
        target.put(path, "{}/{}".format(folder, os.path.basename(path)))


def built(names, extra=()):
    """The disc's own RPMs of these names, of both architectures."""
    tree = disc.tree(7) + "/Packages/"
    found = [path for name in names for path in glob.glob(tree + name + "-[0-9]*.rpm")]
    return [*found, *extra]


def imports(target, user=False):
    return journey.python(target, "import cv2", user=user).returncode == 0


def agree(target, *options, user=False):
    """(exit code, codes) of the dry run, and of the run; the former changes nothing."""
    from test_refused import codes

    answers = []
    for more in (["--dry-run"], []):
        with targets.target(above=target) as trying:
            before = journey.rpms(trying)
            done = journey.install(trying, *options, *more, user=user)
            said = done.stdout + done.stderr
            assert "Traceback" not in said
            if more:
                left = changes.outside(changes.changes(trying), *journey.LEFT)
                assert [line for line in left if not line.endswith("/install.sh")] == [], said
                assert journey.rpms(trying) == before
            answers.append((done.returncode, codes(said)))
    return answers


@WHO
def test_a_payload_that_was_altered(server, user, tmp_path):
    """Its header is signed and the repodata is new: nothing but rpm -K sees it. Nothing is installed."""
    code, found = 3, {"RPM001"}
    given = image(server, altered(faults.flipped, tmp_path), user)
    assert agree(server, *given, user=user) == [(code, found), (code, found)]
    before = journey.rpms(server)
    done = journey.install(server, *given, user=user)
    assert "libSM-" in done.stdout + done.stderr
    assert journey.rpms(server) == before


@WHO
def test_a_key_that_somebody_trusts(server, user, tmp_path):
    """Without it both answers are RPM003; with 'rpm --import' both are well."""
    made = altered(faults.foreign, tmp_path)
    given = image(server, made, user)
    assert agree(server, *given, user=user) == [(3, {"RPM003"})] * 2
    server.put(os.path.join(str(tmp_path), "gnupg", "public"), "/root/theirs")
    assert server.run(["rpm", "--import", "/root/theirs"]).returncode == 0
    assert agree(server, *given, user=user) == [(0, set())] * 2


def test_what_is_excluded(server):
    """The line is named; what works instead does, and so does the line's removal."""
    conf = "[main]\ngpgcheck=1\nexclude=libSM* kernel\n"
    server.write("/etc/dnf/dnf.conf", conf)
    given = image(server, disc.iso(7))
    assert agree(server, *given) == [(4, {"RPM020"})] * 2
    done = journey.install(server, *given)
    assert "/etc/dnf/dnf.conf: exclude=libSM* kernel" in done.stdout + done.stderr
    done = journey.install(server, *given, "--no-root")
    assert done.returncode == 0, journey.failed(done)
    assert imports(server)


def test_what_is_locked(server):
    """dnf's plugin is not loaded, and its list is kept to all the same."""
    server.write("/etc/dnf/plugins/versionlock.conf", "[main]\nenabled = 1\n")
    server.write("/etc/dnf/plugins/versionlock.list", "libSM-0:0.1-1.el7.*\n")
    given = image(server, disc.iso(7))
    assert agree(server, *given) == [(4, {"RPM021"})] * 2
    server.write("/etc/dnf/plugins/versionlock.list", "libSM-0:0.1-1.el7.*\nlibSM-0:*-*.*\n")
    assert agree(server, *given) == [(0, set())] * 2


@WHO
def test_a_folder_without_repodata(server, user, tmp_path):
    """Two architectures, a rich dependency, names as they came: read as it is."""
    (wanted,) = [each for each in base.donated(7) if (each.name, each.arch) == ("libSM", "x86_64")]
    rich = wanted._replace(version="9.9", requires=["(libICE if glibc)", "(libXext or libnowhere)"])
    newer = rpms.build([rich], 7, str(tmp_path / "rich"))
    rpms.sign(newer)
    folder = FOLDER if not user else targets.HOME + "/rpms"
    carry(server, built(X11, newer), folder)
    done = journey.install(server, "--rpm-repo", folder, user=user)
    assert done.returncode == 0, journey.failed(done)
    assert imports(server, user)
    if not user:
        assert server.run(["rpm", "-q", "libSM"]).stdout.strip() == "libSM-9.9-1.el7.x86_64"


def test_a_disc_that_is_configured_already(server, carried):
    """c7-media with its three directories: doctor's line names it, and --fix uses it."""
    done = journey.install(server)
    assert done.returncode == 0, journey.failed(done)
    assert not imports(server)
    server.write("/etc/yum.repos.d/CentOS-Media.repo", MEDIA)
    server.insert(disc.iso(7), "/media/cdrom")
    done = journey.offkit(server, "doctor", "--json")
    report = json.loads(done.stdout)
    options = "--enablerepo=c7-media --setopt=c7-media.baseurl=file:///media/cdrom install "
    assert report["install_line"].startswith("yum --disablerepo='*' " + options)
    codes = {(one["code"], one["severity"]) for one in report["findings"] if one["code"].startswith("REPO")}
    assert codes == {("REPO002", "info")}
    server.write("/etc/dnf/dnf.conf", "[main]\ngpgcheck=1\nexclude=libSM*\n")
    done = journey.offkit(server, "doctor", "--fix", "-y")
    assert done.returncode == 4, journey.failed(done)
    assert "/etc/dnf/dnf.conf: exclude=libSM*" in done.stdout + done.stderr
    server.write("/etc/dnf/dnf.conf", "[main]\ngpgcheck=1\n")
    done = journey.offkit(server, "doctor", "--fix", "-y")
    assert done.returncode == 0, journey.failed(done)
    assert imports(server)


def test_a_module_that_nobody_describes(carried, tmp_path):
    """EL 8's python36 in a repository that somebody made with createrepo: dnf hides it."""
    if not disc.python(8):
        pytest.skip("no CPython 3.6 on PATH or under pyenv")
    copy = str(tmp_path / "disc")
    shutil.copytree(disc.tree(8), copy, symlinks=True)
    for owner in ("BaseOS", "AppStream"):
        shutil.rmtree(os.path.join(copy, owner, "repodata"))
        disc.repodata(os.path.join(copy, owner))
    made = str(tmp_path / "c8.iso")
    disc.write(made, copy, disc.FLAVOURS[8])
    with targets.target(8) as target:
        journey.carry(target, carried.get(bundles.SMALL, el=8), made)
        done = journey.install(target, "--iso", journey.ISO)
        assert done.returncode == 0, journey.failed(done)
        assert target.run(["rpm", "-q", "python36"]).returncode == 0


def test_the_distributions_own_python(server):
    """Its files are rpm's to judge: healthy, and where one is lost, rpm's word for it."""
    assert journey.install(server).returncode == 0
    for where in ("/usr", "/usr/bin/python3"):
        done = journey.offkit(server, "doctor", where, "packages", "interpreter")
        assert done.returncode == 0, journey.failed(done)

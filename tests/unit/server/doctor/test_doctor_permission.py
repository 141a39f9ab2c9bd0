"""What this user may not read is said to be so, and never to be absent or altered."""

import os
import shutil
import tempfile

import pytest

from offkit.edges import data, plugins, releases
from offkit.edges.tree import Tree
from offkit.elf import refusals
from offkit.model import clashes, nowhere, packages, things
from offkit.model.errors import EnvironmentProblem
from offkit.server.doctor.examine import examine
from server_maker import SITE, Server

NOBODY = 65534


def open_to_all():
    """The directory for temporary files, or /tmp where not everybody may go there."""
    place = os.path.realpath(tempfile.gettempdir())
    ways = [place]
    while ways[-1] != "/":
        ways.append(os.path.dirname(ways[-1]))
    return place if all(os.stat(way).st_mode & 0o001 for way in ways) else "/tmp"


@pytest.fixture
def server():
    """A server that everybody may look into, unlike pytest's own temporary directories."""
    top = tempfile.mkdtemp(prefix="offkit-doctor-", dir=None if os.geteuid() else open_to_all())
    os.chmod(top, 0o755)
    made = Server(top + "/root")
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    yield made
    for folder, folders, _ in os.walk(top):
        for name in folders:
            if not os.path.islink(os.path.join(folder, name)):
                os.chmod(os.path.join(folder, name), 0o755)
    shutil.rmtree(top)


@pytest.fixture
def ordinary(monkeypatch):
    """Run as an ordinary user: root may read everything, a clone in root's home among it."""
    releases.known()
    names = (packages.MODULES, refusals.TABLE, plugins.TABLE, things.TABLE, clashes.TABLE, nowhere.TABLE)
    tables = {name: data.read_text(name) for name in names}
    monkeypatch.setattr(data, "read_text", tables.__getitem__)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    yield
    os.seteuid(user)


def forbid(server, path):
    os.chmod(server.host(path), 0)


@pytest.fixture
def sealed(server, request):
    """A server with a package and one path that refuses."""
    server.module("cv2/cv2", needed=["libc.so.6"])
    with open(server.host(SITE + "/cv2/cv2.cpython-36m-x86_64-linux-gnu.so"), "rb") as module:
        name = "cv2/cv2.cpython-36m-x86_64-linux-gnu.so"
        server.distribution("opencv", files={name: module.read(), "cv2/__init__.py": ""})
    forbid(server, request.param)
    request.getfixturevalue("ordinary")
    return server


def findings(server, **asked):
    return [
        (each.code, each.severity, each.subject, each.message)
        for each in examine("/opt/env", server.root, **asked).findings
    ]


MODULE = "cv2/cv2.cpython-36m-x86_64-linux-gnu.so"


@pytest.mark.parametrize("sealed", [SITE + "/" + MODULE], indirect=True)
def test_a_module(sealed):
    """Once, by the check of libraries; by that of packages when it is alone. Not altered."""
    assert findings(sealed) == [("LIB011", "error", MODULE, "cannot be read by this user")]
    assert findings(sealed, checks=["packages"]) == [
        ("PKG012", "error", "opencv 1.0", "cannot be read by this user: " + MODULE)
    ]


@pytest.mark.parametrize("sealed", [SITE + "/cv2/__init__.py"], indirect=True)
def test_a_source_file(sealed):
    """It is not altered, and Python cannot import it."""
    assert findings(sealed) == [
        ("PKG012", "error", "opencv 1.0", "cannot be read by this user: cv2/__init__.py")
    ]


@pytest.mark.parametrize("sealed", [SITE + "/cv2"], indirect=True)
def test_a_package(sealed):
    """Its files are not missing; the directory is named."""
    assert findings(sealed) == [
        ("ENV006", "error", SITE + "/cv2", "cannot be read: Permission denied"),
        ("PKG012", "error", "opencv 1.0", "cannot be read by this user: {}, cv2/__init__.py".format(MODULE)),
    ]


def test_many_files(server, request):
    """One finding for a package, whatever their number."""
    names = ["a/{}.py".format(number) for number in range(7)]
    server.distribution("a", files=dict.fromkeys(names, ""))
    for name in names:
        forbid(server, SITE + "/" + name)
    request.getfixturevalue("ordinary")
    ((code, _, _, message),) = findings(server)
    assert code == "PKG012"
    assert message.endswith("a/0.py, a/1.py, a/2.py, a/3.py, a/4.py and 2 more")


@pytest.mark.parametrize("name", ["RECORD", "METADATA"])
def test_a_record(server, name, request):
    """No half installed package."""
    server.distribution("a")
    forbid(server, "{}/a-1.0.dist-info/{}".format(SITE, name))
    request.getfixturevalue("ordinary")
    found = [each for each in findings(server) if each[2] != "a 1.0"]
    assert found == [("PKG012", "error", name + " of a", "cannot be read by this user")]


@pytest.mark.parametrize("sealed", ["/usr/local/bin"], indirect=True)
def test_the_interpreter(sealed):
    """It is not gone: the directory that refuses is named, and nothing has to be installed again."""
    result = examine("/opt/env", sealed.root, checks=["interpreter"])
    (finding,) = result.findings
    assert (finding.code, finding.severity) == ("PY006", "error")
    assert finding.message == (
        "this user cannot reach the environment's interpreter: /usr/local/bin denies access"
    )
    assert finding.fix.startswith("run as a user who may read /usr/local/bin, or permit this user to")


@pytest.mark.parametrize(
    ("sealed", "refusing"),
    [
        ("/opt", "/opt"),
        ("/opt/env", "/opt/env"),
        ("/opt/env/pyvenv.cfg", "/opt/env/pyvenv.cfg"),
        ("/opt/env/lib", "/opt/env/lib"),
        (SITE, SITE),
    ],
    indirect=["sealed"],
)
def test_an_environment(sealed, refusing):
    """Nothing can be said of it, also not that there is none."""
    with pytest.raises(EnvironmentProblem) as caught:
        examine("/opt/env", sealed.root)
    assert caught.value.message == "/opt/env cannot be examined: this user may not read " + refusing
    assert caught.value.fix.startswith("run as a user who may read {}, or".format(refusing))


@pytest.mark.parametrize("path", ["/opt/env/lib", SITE])
@pytest.mark.parametrize("mode", [0o700, 0o711, 0o744])
def test_an_environment_half_closed(server, path, mode, request):
    """Names without what is behind them, or the other way about, are not no packages."""
    server.distribution("a")
    os.chmod(server.host(path), mode)
    request.getfixturevalue("ordinary")
    if os.stat(server.root).st_uid == os.geteuid():
        pytest.skip("the owner may look into it")
    with pytest.raises(EnvironmentProblem) as caught:
        examine("/opt/env", server.root, checks=["packages"])
    assert caught.value.message == "/opt/env cannot be examined: this user may not read " + path


def test_what_refuses(server, request):
    """The first part of the way, following links; nothing where a path only does not exist."""
    server.put("/srv/a/b/c", "")
    server.link("/link", "/srv/a/b")
    forbid(server, "/srv/a")
    request.getfixturevalue("ordinary")
    tree = Tree(server.root)
    assert tree.refuses("/srv/a/b/c") == tree.refuses("/link/c") == tree.refuses("/srv/a") == "/srv/a"
    assert tree.refuses("/srv") == tree.refuses("/srv/none/x") == tree.refuses("/etc/os-release/x") == ""

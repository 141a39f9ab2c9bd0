"""Environments that are there, but that Python cannot start in or finds nothing in."""

import os
import shutil

import pytest

from elf_maker import build
from offkit.edges.tree import Tree
from offkit.model.errors import EnvironmentProblem
from offkit.server.doctor.examine import examine
from offkit.server.environment import environment
from server_maker import LDSO, SITE, Server

STDLIB = "/usr/lib64/python3.6/"
CONFIG = "/opt/env/pyvenv.cfg"


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "root")
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    return made


def findings(server):
    return [
        (each.code, each.severity, each.subject, each.message)
        for each in examine("/opt/env", server.root).findings
    ]


def cut(server, path):
    target = server.host(path)
    shutil.rmtree(target) if os.path.isdir(target) else os.unlink(target)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("encodings", "encodings/__init__.py, encodings/aliases.py, encodings/utf_8.py"),
        ("encodings/__init__.py", "encodings/__init__.py"),
        ("codecs.py", "codecs.py"),
        ("site.py", "site.py"),
    ],
)
def test_python_that_does_not_start(server, path, names):
    """os.py alone is no standard library."""
    cut(server, STDLIB + path)
    message = "Python does not start: {} not found in /usr/local/lib64/python3.6".format(names)
    assert findings(server) == [("PY003", "error", "standard library", message)]


def test_a_standard_library_elsewhere(server):
    """A zipped one, and modules that are there compiled only, do."""
    os.rename(server.host(STDLIB + "io.py"), server.host(STDLIB + "io.pyc"))
    assert findings(server) == []
    cut(server, STDLIB + "encodings")
    server.put("/usr/lib64/python36.zip", "")
    assert findings(server) == []


def test_no_site_packages(server):
    """Not an environment with no packages: one that lost them."""
    cut(server, SITE)
    lost = "the environment has no directory lib/python3.6/site-packages, so it has no packages ({})"
    why = SITE + ": No such file or directory"
    assert findings(server) == [("PY007", "error", "site-packages", lost.format(why))]
    server.link(SITE, "site-packages")
    why = SITE + ": Too many levels of symbolic links"
    assert findings(server) == [("PY007", "error", "site-packages", lost.format(why))]
    cut(server, SITE)
    server.put(SITE, "")
    assert findings(server) == [("PY007", "error", "site-packages", lost.format(SITE + " is a file"))]
    cut(server, "/opt/env/lib")
    why = "/opt/env/lib: No such file or directory"
    assert findings(server) == [("PY007", "error", "site-packages", lost.format(why))]
    server.put("/opt/env/lib", "")
    assert findings(server) == [("PY007", "error", "site-packages", lost.format("/opt/env/lib is a file"))]


def not_text(path):
    with open(path, "wb") as out:
        out.write(b"\xff\xfe\x80 = 1\n")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (not_text, "pyvenv.cfg is damaged: it is not UTF-8, so bin/python does not start"),
        (os.mkfifo, "pyvenv.cfg is a FIFO, not a file: bin/python finds none of the installed packages"),
        (
            os.mkdir,
            "pyvenv.cfg is a directory, not a file: bin/python finds none of the installed packages",
        ),
    ],
)
def test_a_pyvenv_cfg_that_is_none(server, make, message):
    """Nothing blocks, and nothing is called whole."""
    server.remove(CONFIG)
    make(server.host(CONFIG))
    assert findings(server) == [("PY005", "error", "pyvenv.cfg", message)]


@pytest.mark.parametrize(
    ("name", "why"), [("none", "No such file or directory"), ("file", "Not a directory")]
)
def test_no_root(tmp_path, name, why):
    """What is wrong is --root, not the environment below it."""
    (tmp_path / "file").write_bytes(b"")
    root = str(tmp_path / name)
    with pytest.raises(EnvironmentProblem) as caught:
        examine("/opt/env", root)
    assert caught.value.message == "the root {} cannot be examined: {}".format(root, why)


@pytest.mark.parametrize("below", ["python3.6/site-packages", "python3/dist-packages"])
@pytest.mark.parametrize(("visible", "missing"), [("true", ["libSM.so.6"]), ("false", [])])
def test_modules_of_the_base_interpreter(server, below, visible, missing):
    """They are imported as the environment's own are, where pyvenv.cfg lets them be seen."""
    top = "/usr/local/lib/" + below
    module = build(exports=["PyInit_core"], needed=["libSM.so.6"])
    server.put(top + "/pkg/core.cpython-36m-x86_64-linux-gnu.so", module)
    server.put(top + "/pkg/core2.cpython-37m-x86_64-linux-gnu.so", build(exports=["PyInit_core2"]))
    config = "home = /usr/local/bin\nversion = 3.6.8\ninclude-system-site-packages = {}\n"
    server.put(CONFIG, config.format(visible))
    found = examine("/opt/env", server.root, checks=["libraries"]).findings
    assert [(each.subject, each.message) for each in found] == [
        (name, "is missing; needed by {}/pkg/core.cpython-36m-x86_64-linux-gnu.so".format(top))
        for name in missing
    ]


def places(server, where="/usr"):
    found, _ = environment.locate(Tree(server.root), where)
    return found.site_packages, found.outside


def put_python(server):
    """The system's own Python, below /usr."""
    shutil.rmtree(server.host("/usr/lib64/python3.6"))
    server.put("/usr/lib64/python3.9/os.py", "")
    server.put("/usr/bin/python3.9", build(interpreter="/lib64/ld-linux-x86-64.so.2"))
    for path in ("/usr/lib64/python3.9/site-packages/a.py", "/usr/lib/python3.9/site-packages/b.py"):
        server.put(path, "")


def test_what_pip_adds_to_the_systems_python(tmp_path):
    """On EL and Fedora it lies below /usr/local and counts, for that Python alone and for what is made
    with it and lets it be seen."""
    server = Server(tmp_path / "root")
    put_python(server)
    server.put("/usr/local/lib/python3.9/site-packages/c.py", "")
    own = ("/usr/lib/python3.9/site-packages", "/usr/lib64/python3.9/site-packages")
    local = "/usr/local/lib/python3.9/site-packages"
    assert places(server) == ((*own, local), ())
    server.put(
        "/opt/other/pyvenv.cfg", "home = /usr/bin\nversion = 3.9.16\ninclude-system-site-packages = true\n"
    )
    server.put("/opt/other/lib/python3.9/site-packages/d.py", "")
    server.put("/usr/lib64/python3.9/encodings/__init__.py", "")
    assert places(server, "/opt/other")[1] == (*own, local)


def test_debians_python_has_its_packages_elsewhere(tmp_path):
    """In dist-packages, and what lies in /usr/local/lib/python3.9/site-packages is another Python's."""
    server = Server(tmp_path / "root")
    put_python(server)
    for path in (
        "/usr/local/lib/python3.9/site-packages",
        "/usr/local/lib/python3.9/dist-packages",
        "/usr/lib/python3/dist-packages",
    ):
        server.put(path + "/c.py", "")
    own = ("/usr/lib/python3.9/site-packages", "/usr/lib64/python3.9/site-packages")
    assert places(server) == (
        own,
        ("/usr/lib/python3/dist-packages", "/usr/local/lib/python3.9/dist-packages"),
    )


# --- word for word -------------------------------------------------------------------------

AGAIN = "install the bundle again, or recreate the environment"
STDLIB_AGAIN = "install Python 3.6 again at the same place"


def located(server, where="/opt/env"):
    env, found = environment.locate(Tree(server.root), where)
    return env, [tuple(each) for each in found]


def test_what_an_environment_is(server):
    """Every part of it."""
    server.put("/opt/env/offkit/x", "")
    env, found = located(server)
    assert found == []
    assert env == environment.Environment(
        where="/opt/env",
        interpreter="/usr/local/bin/python3.6",
        python="3.6.8",
        series=(3, 6),
        base_prefix="/usr/local",
        dynload="/usr/local/lib64/python3.6/lib-dynload",
        site_packages=(SITE,),
        outside=(),
        generation=True,
        own=False,
    )
    assert env.shorten(SITE + "/a/b.py") == "a/b.py"
    assert env.shorten("/opt/env/bin/../bin/x") == "bin/x"
    assert env.shorten("/opt/environment/x") == "/opt/environment/x"


@pytest.mark.parametrize("where", ["opt/env", "/opt//env/", "/opt/x/../env"])
def test_a_path_in_another_form(server, where):
    assert located(server, where)[0].where == "/opt/env"


def test_no_interpreter(server):
    """Every name that it could have, and where each leads."""
    server.remove("/usr/local/bin/python3.6")
    server.link("/opt/env/bin/python3", "python3")
    looked = (
        "/opt/env/bin/python3.6 -> /usr/local/bin/python3.6",
        "/opt/env/bin/python3 (Too many levels of symbolic links)",
        "/opt/env/bin/python -> /usr/local/bin/python3.6",
    )
    fix = "install Python 3.6 again at the same place, or install the bundle again"
    env, found = located(server)
    assert found == [("PY002", "error", "python", "the environment's interpreter is missing", looked, fix)]
    assert (env.interpreter, env.base_prefix) == ("", "/usr/local")
    server.remove("/opt/env/bin/python3.6")
    assert located(server)[1][0][4][0] == "/opt/env/bin/python3.6"


@pytest.mark.parametrize("name", ["python3.6", "python3", "python"])
def test_any_name_of_the_interpreter_will_do(server, name):
    shutil.rmtree(server.host("/opt/env/bin"))
    server.link("/opt/env/bin/" + name, "/usr/local/bin/python3.6")
    env, found = located(server)
    assert (env.interpreter, found) == ("/usr/local/bin/python3.6", [])


def test_no_standard_library(server):
    """Where it was looked for; a zipped one has no landmark either."""
    shutil.rmtree(server.host("/usr/lib64/python3.6"))
    env, found = located(server)
    message = "lib/python3.6/os.py was not found in /usr/local/bin or above"
    looked = ("/usr/local/bin and its parents",)
    assert found == [("PY003", "error", "standard library", message, looked, STDLIB_AGAIN)]
    assert (env.base_prefix, env.dynload) == ("", "")


def test_a_standard_library_beside_the_interpreter(server):
    """Where ``home`` is wrong, the interpreter's own directory leads there."""
    server.put(CONFIG, "home = /nowhere/bin\nversion = 3.6.8\n")
    env, found = located(server)
    assert (env.base_prefix, found) == ("/usr/local", [])
    server.put(CONFIG, "version = 3.6.8\n")
    assert located(server)[0].base_prefix == "/usr/local"


def test_parts_of_the_standard_library(server):
    """Five are named; all of them are where it was looked."""
    names = [
        "encodings/__init__.py",
        "encodings/aliases.py",
        "_collections_abc.py",
        "abc.py",
        "io.py",
        "stat.py",
    ]
    for name in names:
        cut(server, STDLIB + name)
    folder = "/usr/local/lib64/python3.6"
    message = "Python does not start: {} and 1 more not found in {}".format(", ".join(names[:5]), folder)
    looked = tuple("{}/{}".format(folder, name) for name in names)
    assert located(server)[1] == [("PY003", "error", "standard library", message, looked, STDLIB_AGAIN)]
    server.put(STDLIB + "stat.py", "")
    message = "Python does not start: {} not found in {}".format(", ".join(names[:5]), folder)
    assert [each[3] for each in located(server)[1]] == [message]


@pytest.mark.parametrize(
    ("name", "needed"), [("abc.py", False), ("site.py", False), ("encodings/utf_8.py", True)]
)
def test_what_newer_interpreters_have_inside(server, name, needed):
    """From 3.11 on most of it is frozen; encodings are not."""
    os.rename(server.host("/usr/lib64/python3.6"), server.host("/usr/lib64/python3.11"))
    os.rename(server.host("/opt/env/lib/python3.6"), server.host("/opt/env/lib/python3.11"))
    os.rename(server.host("/usr/local/bin/python3.6"), server.host("/usr/local/bin/python3.11"))
    server.remove("/opt/env/bin/python")
    server.link("/opt/env/bin/python", "/usr/local/bin/python3.11")
    server.put(CONFIG, "home = /usr/local/bin\nversion = 3.11.4\n")
    cut(server, "/usr/lib64/python3.11/" + name)
    env, found = located(server)
    assert (env.series, env.python) == ((3, 11), "3.11.4")
    assert [each[0] for each in found] == (["PY003"] if needed else [])


def test_site_packages_word_for_word(server):
    """Both places that it could be, and how to have one."""
    cut(server, SITE)
    message = "the environment has no directory lib/python3.6/site-packages, so it has no packages ({})"
    looked = (SITE, SITE.replace("/lib/", "/lib64/"))
    why = message.format(SITE + ": No such file or directory")
    assert located(server)[1] == [("PY007", "error", "site-packages", why, looked, AGAIN)]
    os.mkfifo(server.host(SITE))
    assert located(server)[1][0][3] == message.format(SITE + " is a FIFO")


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (
            lambda server: server.remove(CONFIG),
            "pyvenv.cfg is missing: bin/python is then /usr/local/bin/python3.6 "
            "and finds none of the installed packages",
        ),
        (
            lambda server: not_text(server.host(CONFIG)),
            "pyvenv.cfg is damaged: it is not UTF-8, so bin/python does not start",
        ),
    ],
)
def test_pyvenv_cfg_word_for_word(server, break_it, message):
    break_it(server)
    assert located(server)[1] == [("PY005", "error", "pyvenv.cfg", message, (CONFIG,), AGAIN)]


@pytest.mark.parametrize("home", ["/usr/local/bin", "/opt/new/bin"])
def test_an_interpreter_that_is_another_python(server, home):
    """After an upgrade of the system: said once, and no name is looked up in the new one."""
    for name in os.listdir(server.host("/opt/env/bin")):
        server.remove("/opt/env/bin/" + name)
    server.put("/opt/new/bin/python3.12", build(kind=2, interpreter=LDSO))
    server.link("/opt/env/bin/python", "/opt/new/bin/python3.12")
    server.put(CONFIG, "home = {}\nversion = 3.6.15\n".format(home))
    server.module("x", calls=["_PyUnicode_Ready"])
    assert findings(server) == [
        (
            "PY008",
            "error",
            "python",
            "/opt/env/bin/python -> /opt/new/bin/python3.12 is another Python than the 3.6 that the packages are "
            "for, and finds none of them",
        )
    ]


def test_no_pyvenv_cfg_and_no_interpreter(server):
    """Then nothing would be started: what is gone is the interpreter."""
    server.remove(CONFIG)
    server.remove("/usr/local/bin/python3.6")
    assert [each[0] for each in located(server)[1]] == ["PY002", "PY003"]


def test_pyvenv_cfg_that_the_disk_does_not_give(server, monkeypatch):
    real = Tree.text

    def text(self, path, *limit):
        if path == CONFIG:
            raise OSError(5, "Input/output error", path)
        return real(self, path, *limit)

    monkeypatch.setattr(Tree, "text", text)
    env, found = located(server)
    assert [each[3] for each in found] == ["pyvenv.cfg cannot be read: Input/output error"]
    assert env.python == "3.6"


@pytest.mark.parametrize(
    ("text", "series", "python"),
    [
        ("version = 3.6.8\n", (3, 6), "3.6.8"),
        ("version_info = 3.6.9.final.0\n", (3, 6), "3.6.9"),
        ("VERSION=3.6.10\n", (3, 6), "3.6.10"),
        ("version = 3.9.1\n", (3, 9), "3.9.1"),
        ("version = 3.7.1\n", (3, 9), "3.7.1"),
        ("version = 2.7.5\n", (3, 9), "3.9"),
        ("version 3.6.8\n", (3, 9), "3.9"),
    ],
)
def test_which_python_it_is_for(server, text, series, python):
    """As pyvenv.cfg says where the directory of that one is there; else the newest that is."""
    server.directory("/opt/env/lib/python3.9/site-packages")
    server.directory("/opt/env/lib/python3.x")
    server.directory("/opt/env/lib/python3.10.bak")
    server.put(CONFIG, "home = /usr/local/bin\n" + text)
    env, _ = located(server)
    assert (env.series, env.python) == (series, python)


def test_a_python_that_only_pyvenv_cfg_names(server):
    cut(server, "/opt/env/lib")
    assert located(server)[0].series == (3, 6)


@pytest.mark.parametrize("name", ["python3.6", "python3.6m"])
def test_the_version_in_a_header(server, name):
    """Where nothing else says it whole."""
    server.put(CONFIG, "home = /usr/local/bin\nversion = 3.6\n")
    server.put("/usr/local/include/python3.6/patchlevel.h", "nothing\n")
    server.put("/usr/local/include/{}/patchlevel.h".format(name), '#define  PY_VERSION\t"3.6.12+"\n')
    assert located(server)[0].python == "3.6.12"


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("/nowhere", "it does not exist"),
        ("/etc/os-release", "it is not a directory"),
        ("/etc", "it has neither pyvenv.cfg nor lib/python3.X"),
    ],
)
def test_no_environment_word_for_word(server, where, why):
    with pytest.raises(EnvironmentProblem) as caught:
        located(server, where)
    assert caught.value.message == "no Python environment at {}: {}".format(where, why)
    assert caught.value.fix == (
        "give a virtual environment (the directory with pyvenv.cfg), "
        "or the --prefix that was given to 'offkit install'"
    )


def test_the_current_generation_of_a_prefix(server):
    """Unless the prefix is an environment itself."""
    server.link("/srv/current", "/opt/env")
    assert located(server, "/srv")[0].where == "/srv/current"
    server.link("/opt/env/current", "/nowhere")
    server.directory("/opt/env/generations")
    assert located(server)[0].where == "/opt/env"


def test_no_root_word_for_word(tmp_path):
    with pytest.raises(EnvironmentProblem) as caught:
        environment.locate(Tree(str(tmp_path / "none")), "/opt/env")
    assert caught.value.fix == "give the directory where the server's file system is mounted"


def test_where_to_look_when_nobody_said(tmp_path):
    """In a generation only where it is one."""
    runtime = tmp_path / "g" / "offkit" / "runtime" / "offkit" / "x.py"
    runtime.parent.mkdir(parents=True)
    assert environment.default_where("/p", str(runtime)) == "/p/current"
    (tmp_path / "g" / "pyvenv.cfg").write_text("")
    assert environment.default_where("/p", str(runtime)) == str(tmp_path / "g")
    (tmp_path / "g" / "offkit" / "runtimes").mkdir()
    assert (
        environment.default_where("/p", str(tmp_path / "g" / "offkit" / "runtimes" / "x.py")) == "/p/current"
    )


# --- what this user may not read, told by a tree that refuses --------------------------------


@pytest.fixture
def refusing(monkeypatch):
    """``refusing.add(path)``: that path and all below it cannot be reached, whoever asks."""
    closed = set()

    def inside(path):
        return next((one for one in closed if path == one or path.startswith(one + "/")), "")

    def guard(name, error):
        real = getattr(Tree, name)

        def guarded(self, path, *more):
            if inside(path):
                if error is not None:
                    return error
                raise PermissionError(13, "Permission denied", path)
            return real(self, path, *more)

        monkeypatch.setattr(Tree, name, guarded)

    for name, error in (("open", None), ("text", None), ("is_file", False), ("is_dir", False), ("names", [])):
        guard(name, error)
    monkeypatch.setattr(Tree, "refuses", lambda self, path: inside(path))
    return closed


def allow(path):
    return "run as a user who may read {}, or permit this user to (chmod, chown, setfacl)".format(path)


def test_an_interpreter_that_refuses(server, refusing):
    """Not gone; and its standard library is nothing to speak of then."""
    refusing.add("/usr/local/bin")
    looked = tuple(
        "/opt/env/bin/{} -> /usr/local/bin/python3.6".format(name) for name in ("python3.6", "python")
    )
    env, found = located(server)
    message = "this user cannot reach the environment's interpreter: /usr/local/bin denies access"
    fix = allow("/usr/local/bin") + "; better, install Python 3.6 where everyone can read it"
    places = (looked[0], "/opt/env/bin/python3", looked[1])
    assert found == [("PY006", "error", "python", message, places, fix)]
    assert env.interpreter == ""
    shutil.rmtree(server.host("/usr/lib64/python3.6"))
    assert [each[2] for each in located(server)[1]] == ["python"]


def test_a_standard_library_that_refuses(server, refusing):
    """As a whole, by way of ``home``; or in part."""
    refusing.add("/usr/local/lib64/python3.6/encodings")
    folder = "/usr/local/lib64/python3.6"
    message = "this user cannot read the standard library: {}/encodings denies access".format(folder)
    assert located(server)[1] == [
        ("PY006", "error", "standard library", message, (folder,), allow(folder + "/encodings"))
    ]
    server.put(CONFIG, "home = /srv/python/bin\nversion = 3.6.8\n")
    shutil.rmtree(server.host("/usr/lib64/python3.6"))
    refusing.add("/srv/python")
    message = "this user cannot reach the standard library: /srv/python denies access"
    assert located(server)[1] == [
        ("PY006", "error", "standard library", message, ("/srv/python/bin",), allow("/srv/python"))
    ]


@pytest.mark.parametrize(
    "path", ["/opt/env/pyvenv.cfg", "/opt/env/lib", SITE, "/opt/env/lib64/python3.6/site-packages"]
)
def test_an_environment_that_refuses(server, refusing, path):
    refusing.add(path)
    with pytest.raises(EnvironmentProblem) as caught:
        located(server)
    assert caught.value.message == "/opt/env cannot be examined: this user may not read " + path
    assert caught.value.fix == allow(path)


def test_files_that_refuse(server, refusing):
    """Once for a package and each place that refuses; a module is for the check of libraries."""
    module = "a/m.cpython-36m-x86_64-linux-gnu.so"
    data = build(exports=["PyInit_m"])
    server.distribution("a", files={"a/x.py": "", "a/y.py": "", "a/z.pyc": "", "b.py": "", module: data})
    refusing.add(SITE + "/a")
    found = [tuple(each) for each in examine("/opt/env", server.root, checks=["packages"]).findings]
    names = ["a/x.py", "a/y.py", "a/z.pyc", module]
    message = "cannot be read by this user: " + ", ".join(names)
    looked = tuple(SITE + "/" + name for name in names)
    assert found == [("PKG012", "error", "a 1.0", message, looked, allow(SITE + "/a"))]


@pytest.mark.parametrize("name", ["RECORD", "METADATA"])
def test_half_of_a_package_that_refuses(server, refusing, name):
    """It is not half installed; what refuses above it is named."""
    server.distribution("a")
    path = "{}/a-1.0.dist-info".format(SITE)
    refusing.add(path + "/" + name)
    found = [tuple(each) for each in examine("/opt/env", server.root, checks=["packages"]).findings]
    wanted = ("PKG012", "error", name + " of a", "cannot be read by this user", (path + "/" + name,))
    assert (*wanted, allow(path + "/" + name)) in found
    assert "PKG003" not in [each[0] for each in found]


def test_what_is_said_of_a_place_above(server):
    """It is named without what all paths of the environment share."""
    env, _ = located(server)
    found = environment.forbidden("X001", env, "x", SITE + "/a/b", SITE + "/a")
    message = "cannot be read by this user: a denies access"
    assert tuple(found) == ("X001", "error", "x", message, (SITE + "/a/b",), allow(SITE + "/a"))

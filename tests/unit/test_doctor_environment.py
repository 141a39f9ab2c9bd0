"""Environments that are there, but that Python cannot start in or finds nothing in."""

import os
import shutil

import pytest

from elf_maker import build
from offkit.edges.tree import Tree
from offkit.model.errors import EnvironmentProblem
from offkit.target.doctor import environment, examine
from server_maker import SITE, Server

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
    lost = "the environment has no directory lib/python3.6/site-packages, so no packages ({})"
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
        (os.mkfifo, "pyvenv.cfg is a FIFO, not a file: bin/python finds nothing of what is installed here"),
        (
            os.mkdir,
            "pyvenv.cfg is a directory, not a file: bin/python finds nothing of what is installed here",
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

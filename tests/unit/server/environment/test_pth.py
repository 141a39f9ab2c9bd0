""".pth files: what they add to the path counts, what they would run is left alone."""

import os

import pytest

from elf_maker import build
from offkit.edges.tree import Tree
from offkit.server.doctor.examine import examine
from offkit.server.environment import pth
from server_maker import SITE, Server


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "root")
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    for path in ("/ext", "/src/tool", SITE + "/inner"):
        made.directory(path)
    return made


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("/ext\n", ["/ext"]),
        ("inner\n../../../../../src/tool \n", [SITE + "/inner", "/src/tool"]),
        ("# /ext\n\nimport os; os.remove('/ext')\nimport\t/ext\n/none\n/etc/os-release\n", []),
        ("/ext\n/ext/\n/ext/../ext\n", ["/ext"]),
        ("/\n/opt/env\n.\n", []),
        ("a\0b\n\udcff\n", []),
    ],
)
def test_lines(server, text, paths):
    """Directories that exist, relative to the file, each once, none that counts anyway."""
    server.put(SITE + "/e.pth", text.encode("utf-8", "surrogateescape"))
    assert list(pth.added(Tree(server.root), [SITE], ["/opt/env", SITE])) == paths


def test_files_that_do_not_count(server):
    """Another ending, a hidden one, a FIFO, a directory."""
    server.put(SITE + "/e.txt", "/ext\n")
    server.put(SITE + "/.e.pth", "/ext\n")
    server.directory(SITE + "/d.pth")
    os.mkfifo(server.host(SITE + "/f.pth"))
    assert pth.added(Tree(server.root), [SITE], []) == ()


def test_packages_and_modules(server):
    """What lies there meets requirements, and its modules have to find their libraries."""
    server.distribution("a", requires=["b", "c"])
    server.put("/ext/b-2.0.dist-info/METADATA", "Name: b\nVersion: 2.0\n")
    server.put("/src/tool/c.egg-info/PKG-INFO", "Name: c\nVersion: 1.0\n")
    module = "/ext/b/core.cpython-36m-x86_64-linux-gnu.so"
    server.put(module, build(exports=["PyInit_core"], needed=["libSM.so.6"]))
    assert [each.code for each in examine("/opt/env", server.root).findings] == ["PKG005", "PKG005"]
    server.put(SITE + "/e.pth", "/ext\n/src/tool\n")
    result = examine("/opt/env", server.root, checks=["libraries", "packages"])
    found = [each for each in result.findings if each.code != "PKG018"]
    assert [(each.code, each.subject, each.message) for each in found] == [
        ("LIB001", "libSM.so.6", "is missing; needed by " + module)
    ]
    assert result.summary.distributions == 1


def test_a_project_with_its_own_environments(server):
    """An editable installation names the directory in which environments of other Pythons lie."""
    server.put("/src/tool/.tox/py/pyvenv.cfg", "home = /usr/bin\n")
    module = "/lib/python3.6/site-packages/x.cpython-36m-x86_64-linux-gnu.so"
    server.put("/src/tool/.tox/py" + module, build(exports=["PyInit_x"], needed=["libSM.so.6"]))
    server.put(SITE + "/e.pth", "/src/tool\n")
    assert examine("/opt/env", server.root, checks=["libraries"]).findings == []

"""Files with the names of extension modules that Python refuses, and libraries that are only called so."""

import pytest

from elf_maker import build
from offkit.elf import objects
from offkit.server.doctor.examine import examine
from server_maker import Server

TAG = ".cpython-36m-x86_64-linux-gnu.so"


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "root")
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    return made


def told(server):
    found = examine("/opt/env", server.root, checks=["libraries"]).findings
    return [(each.code, each.severity, each.subject, each.message) for each in found]


def refused(name, symbol):
    message = "is named like an extension module, but does not define {}: it cannot be imported"
    return [("LIB005", "error", name, message.format(symbol))]


def put(server, files):
    server.distribution("a", "1", files)


@pytest.mark.parametrize(
    "code",
    [
        "from ._x import f\n",
        "from . import _x\n",
        "import a._x\n",
        "from .more import g\n",
        "import a.more as m\n",
    ],
)
@pytest.mark.parametrize("ending", [TAG, ".abi3.so"])
def test_what_is_imported_and_is_no_module(server, code, ending):
    """At once, or by a module that is."""
    library = build(exports=["PyInit_other"])
    put(server, {"a/__init__.py": code, "a/more.py": "from a._x import g\n", "a/_x" + ending: library})
    assert told(server) == refused("a/_x" + ending, "PyInit_x".replace("x", "_x"))


def test_another_name_than_ascii(server):
    """In Punycode (PEP 489)."""
    name = "a/\u540d" + TAG
    put(server, {"a/__init__.py": "from a.\u540d import f\n", name: build(exports=["PyInit_x"])})
    symbol = next(iter(objects.exports(name))).decode("ascii")
    assert symbol.startswith("PyInitU_")
    assert told(server) == refused(name, symbol)
    put(server, {"a/__init__.py": "from a.\u540d import f\n", name: build(exports=[symbol])})
    assert told(server) == []


@pytest.mark.parametrize(
    ("case", "files"),
    [
        ("opened by ctypes", {"a/__init__.py": "import ctypes\n_x = ctypes.CDLL('_x')\nfrom . import more\n",
                              "a/more.py": "from . import _x\n"}),
        ("registered by torch", {"a/__init__.py": "import torch\ntorch.ops.load_library('a/_x')\nfrom a import _x\n"}),
        ("another in its place", {"a/__init__.py": "import sys\nsys.modules['a._x'] = sys\nfrom a._x import path\n"}),
        ("done without", {"a/__init__.py": "try:\n    from ._x import f\nexcept ImportError:\n    f = None\n"}),
        ("perhaps never", {"a/__init__.py": "def f():\n    from ._x import g\n    return g\n"}),
        ("a package of that name", {"a/__init__.py": "from ._x import f\n", "a/_x/__init__.py": "f = 1\n"}),
        ("another file of that name", {"a/__init__.py": "from ._x import f\n",
                                       "a/_x.abi3.so": build(exports=["PyInit__x"])}),
        ("nobody imports it", {"a/__init__.py": ""}),
        ("in tests", {"a/__init__.py": "", "a/tests/test_x.py": "from a._x import f\n"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_nobody_is_known_to_import(server, case, files):
    """Nothing is said."""
    put(server, {"a/_x" + TAG: build(exports=["some_function"]), **files})
    assert told(server) == []


def test_a_package_that_is_one_file(server):
    """Its function has the package's name, as apsw's."""
    put(server, {"a/__init__" + TAG: build(exports=["PyInit_a"], needed=["libSM.so.6"])})
    ((code, severity, subject, _),) = told(server)
    assert (code, severity, subject) == ("LIB001", "error", "libSM.so.6")
    assert objects.exports("/x/a/__init__.abi3.so") == {b"PyInit_a"}

"""What importing a package loads of what was compiled, read from its code."""

import pytest

from elf_maker import build
from offkit.elf import importers, reader
from offkit.elf.objects import LIBRARY, MODULE, PLUGIN, PROGRAM, Object, kind
from offkit.elf.symbols import Table

ELF = reader.read(build())


def loaded(code, modules=(), libraries=()):
    """``code`` is {path: source}."""
    objects = [Object(path, MODULE, ELF) for path in modules]
    objects += [Object(path, LIBRARY, ELF) for path in libraries]
    sources = {path: text.encode("utf-8") for path, text in code.items()}
    return sorted(importers.loaded(objects, sources, sources.get)[0])


@pytest.mark.parametrize(
    "line",
    [
        "import p.q._c",
        "from p.q import _c",
        "from p.q._c import x, y",
        "from .q import _c",
        "from .q._c import *",
        "from . import r",
        "class A:\n    from .q import _c",
        "with x:\n    from .q import _c",
        "if a:\n    pass\nelse:\n    from .q import _c",
        "try:\n    from .q import _c\nexcept ImportError as e:\n    raise RuntimeError from e",
        "def no(e):\n    raise RuntimeError(e)\ntry:\n    from .q import _c\nexcept ImportError as e:\n    no(e)",
        "try:\n    from .q import _c\nexcept ModuleNotFoundError:\n    pass",
        "try:\n    from .q import _c\nfinally:\n    pass",
        "try:\n    import z\nexcept ImportError:\n    from .q import _c",
        "def load():\n    from .q import _c\nx = load()",
        "async def load():\n    from .q import _c\nx = load()",
    ],
)
def test_what_an_import_loads(line):
    code = {"p/__init__.py": "import p._a\n" + line, "p/q/__init__.py": "", "p/r.py": "from .q import _c"}
    modules = ["p/_a.so", "p/q/_c.cpython-36m-x86_64-linux-gnu.so"]
    assert loaded(code, modules) == modules


@pytest.mark.parametrize(
    "line",
    [
        "",
        "def load():\n    from .q import _c",
        "async def load():\n    from .q import _c",
        "load = lambda: __import__('q')",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .q import _c",
        "try:\n    from .q import _c\nexcept ImportError:\n    _c = None",
        "try:\n    from .q import _c\nexcept (OSError, ImportError):\n    _c = None",
        "try:\n    from .q import _c\nexcept:\n    _c = None",
        "try:\n    from .q import _c\nexcept Exception:\n    pass",
        "with contextlib.suppress(ImportError):\n    from .q import _c",
        "from .tests import test_c",
    ],
)
def test_what_it_does_without(line):
    code = {
        "p/__init__.py": "import p._a\n" + line,
        "p/q/__init__.py": "",
        "p/tests/test_c.py": "from ..q import _c",
    }
    assert loaded(code, ["p/_a.so", "p/q/_c.so"]) == ["p/_a.so"]


def test_compiled_modules_import_those_beside_them():
    """Cython's do, and no source says so; but not the tests'."""
    code = {"p/__init__.py": "from p.q import _c", "p/q/__init__.py": ""}
    modules = ["p/q/_c.so", "p/q/_d.so", "p/r/_e.so", "p/tests/_t.so"]
    assert loaded(code, modules) == ["p/q/_c.so", "p/q/_d.so"]


def test_a_module_that_is_imported_aside():
    """numba's pools of threads: a function chooses one, and the module beside them imports none."""
    modules = ["p/_c.so", "p/_d.so", "p/_omp.so"]
    for line in (
        "from p import x, _omp as lib",
        "from . import _omp",
        "from ._omp import f",
        "import p._omp",
    ):
        code = {"p/__init__.py": "from p import _c, use", "p/use.py": "def f():\n    " + line}
        assert loaded(code, modules) == modules[:2]
    for line in ("from .q import _omp", "import _omp", "x = 'from p import _omp'"):
        code = {"p/__init__.py": "from p import _c, use", "p/use.py": "def f():\n    " + line}
        assert loaded(code, modules) == modules


def test_a_directory_that_no_statement_can_name():
    """pysqlite3-binary has its module twice; but mypyc's, whose names are digests, is imported."""
    code = {"lib/__init__.py": "from lib import _c"}
    assert loaded(code, ["lib-more/_c.so", "lib/_c.so"]) == ["lib/_c.so"]
    assert loaded(code, ["1f__mypyc.so", "lib/_c.so"]) == ["1f__mypyc.so", "lib/_c.so"]


def test_libraries_that_the_code_does_not_open():
    """selenium gave one to Firefox (LD_PRELOAD), and kaleido starts a program that has some."""
    code = {"p/__init__.py": "import os\ndef f():\n    os.environ['LD_PRELOAD'] = 'p/no_focus.so'\n"}
    assert loaded(code, (), ["p/no_focus.so"]) == []
    code["p/more.py"] = "import ctypes"
    assert loaded(code, (), ["p/no_focus.so"]) == ["p/no_focus.so"]


def test_a_package_that_loads_nothing_by_itself():
    """PyQt5: each of its modules is imported by whoever wants it."""
    modules = ["Qt/Core.so", "Qt/Gui.so", "Qt/tests/_t.so"]
    assert loaded({"Qt/__init__.py": "", "Qt/tests/__init__.py": ""}, modules) == modules[:2]


def test_modules_at_the_top_and_in_namespaces():
    modules = ["_cffi.so", "google/pb/_m.so"]
    assert loaded({"google/pb/__init__.py": "from . import _m", "six.py": ""}, modules) == modules


def test_what_this_python_cannot_read():
    """Newer grammar, other bytes, nothing at all: all of it counts."""
    modules = ["p/_a.so", "p/q/_c.so"]
    for text in ("import p._a\n!", "import p._a\n" + "-" * 100 + "1", "import p._a\nx = '\0'"):
        assert loaded({"p/__init__.py": text}, modules) == modules
    objects = [Object(path, MODULE, ELF) for path in modules]
    assert importers.loaded(objects, ["p/__init__.py"], lambda path: None)[0] == set(modules)
    assert importers.loaded(objects, ["p/__init__.py"], lambda path: b" " * (5 << 20))[0] == set(modules)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("x = CDLL('libgbm.so')", True),
        ("x = CDLL(find_library('gbm'))", True),
        ("def find():\n    return ['/usr/lib/libgbm.so.1']", True),
        ("x = CDLL('libgbm_' + machine())", True),
        ("x = CDLL('libg' + machine())", False),
        ("try:\n    x = CDLL('libgbm.so')\nexcept OSError:\n    x = None", False),
        ("try:\n    x = CDLL('libgbm.so')\nexcept ImportError:\n    x = None", True),
        ("x = CDLL('libother.so')", False),
    ],
)
def test_libraries_by_their_name(line, named):
    code = {"p/__init__.py": "import p._a\n" + line}
    library = "p/lib/libgbm_x86_64.so" if "machine" in line else "p/lib/libgbm.so"
    assert loaded(code, ["p/_a.so"], [library]) == ["p/_a.so"] + [library] * named


def test_a_distribution_without_code():
    """What lies in its directories may be opened by anybody; what lies elsewhere is not its own."""
    assert loaded({}, (), ["boost/libboost.so", "/env/lib/libtbb.so.12"]) == ["boost/libboost.so"]
    assert importers.loaded([Object("p/tool", PROGRAM, ELF)], [], {}.get)[0] == set()


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        ("a.abi3.so", {"exports": ["PyInit_a"]}, MODULE),
        ("a.so.1", {"exports": ["PyInit_a"]}, LIBRARY),
        ("b.so", {"exports": ["PyInit_a"]}, LIBRARY),
        ("b.so", {"exports": ["host_asks"]}, PLUGIN),
        ("a.so", {"exports": ["PyInit_a", "host_asks"]}, MODULE),
        ("libc.so.6", {"interpreter": "/lib64/ld.so"}, LIBRARY),
        ("node", {"interpreter": "/lib64/ld.so"}, PROGRAM),
        ("old.so", {"kind": 2}, LIBRARY),  # somebody opens it, and is refused
    ],
)
def test_what_a_file_is(name, fields, expected):
    assert kind(name, Table(build(**fields)).having, ["host_asks"]) == expected

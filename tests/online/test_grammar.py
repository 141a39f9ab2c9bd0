"""Code that is newer than its metadata says: what is told of it, and when it is certain to fail."""

import hashlib
import sys

import pytest

import bundle_maker
import pythons
from offkit.edges import data
from offkit.online.proof import grammar, parsers
from offkit.online.sources import interpreters
from offkit.online.sources.interpreters import Interpreter
from offkit.online.wheels import store
from target_maker import preset

EL7 = preset("3.6")
PYTHON36 = pythons.find("3.6")
WALRUS = b"x = 1\nif (y := x):\n    pass\n"
REASON = "Assignment expressions are only supported in Python 3.8 and greater"


@pytest.fixture(autouse=True)
def no_other_python(monkeypatch):
    """What this interpreter alone can tell; a test has others."""
    monkeypatch.setattr(interpreters, "of", lambda target: None)


def told(tmp_path, files, target=EL7, name="pack"):
    filename, body = bundle_maker.wheel(name, "1.2", files=files)
    path = tmp_path / filename
    path.write_bytes(body)
    return grammar.findings([path], target)


def only(found):
    (one,) = found
    return one


IMPORTED = [
    {"pack/__init__.py": WALRUS},
    {"pack.py": WALRUS},
    {"pack/__init__.py": b"from . import one\n", "pack/one.py": b"import pack.two\n", "pack/two.py": WALRUS},
    {
        "pack/__init__.py": b"from .sub.two import name\n",
        "pack/sub/__init__.py": b"",
        "pack/sub/two.py": WALRUS,
    },
    {"pack/__init__.py": b"import pack.sub.two\n", "pack/sub/__init__.py": WALRUS, "pack/sub/two.py": b""},
    {"pack/__init__.py": b"from pack import _private\n", "pack/_private.py": WALRUS},
    {"space/pack/__init__.py": b"from .. import other\nfrom .one import x\n", "space/pack/one.py": WALRUS},
    {"pack/__init__.py": b"from .py38 import x\n", "pack/py38.py": WALRUS},
]


@pytest.mark.parametrize("files", IMPORTED)
def test_what_is_always_imported_is_an_error(tmp_path, files):
    """By whatever way the package comes to it."""
    one = only(told(tmp_path, files))
    bad = next(name for name, source in files.items() if source == WALRUS)
    assert one[:4] == (
        "REQ020",
        "error",
        "pack",
        f"1.2 cannot be imported by Python 3.6: {bad}, line 2: {REASON}",
    )


CONDITIONAL = [
    b"",
    b"try:\n    from . import one\nexcept SyntaxError:\n    one = None\n",
    b"import sys\nif sys.version_info >= (3, 8):\n    from . import one\n",
    b"def late():\n    from . import one\n",
    b"import one\n",
]


@pytest.mark.parametrize("init", CONDITIONAL)
def test_what_may_never_be_imported_is_a_warning(tmp_path, init):
    files = {"pack/__init__.py": init, "pack/one.py": WALRUS, "pack/two.py": b"def f(x, /): pass\n"}
    one = only(told(tmp_path, files))
    assert (one.code, one.severity, one.subject) == ("REQ020", "warning", "pack")
    assert one.message == (
        f"1.2: 2 files have a syntax that Python 3.6 does not know: pack/one.py, line 2: {REASON}"
    )
    (other,) = one.looked_in
    assert other.startswith("pack/two.py, line 1: ")


def test_many_files_are_counted(tmp_path):
    """And some are shown."""
    files = {"pack/__init__.py": b"", **{f"pack/m{number:03}.py": WALRUS for number in range(100)}}
    one = only(told(tmp_path, files))
    assert one.message.startswith(
        "1.2: 100 files have a syntax that Python 3.6 does not know: pack/m000.py, "
    )
    assert [line.split(",")[0] for line in one.looked_in] == [
        f"pack/m00{number}.py" for number in range(1, 6)
    ]


@pytest.mark.parametrize(
    "name",
    [
        "pack/tests/test_new.py",
        "tests/test_new.py",
        "pack/_compat_py38.py",
        "pack/_py3_14.py",
        "pack/py310/x.py",
    ],
)
def test_tests_and_what_is_named_for_other_pythons(tmp_path, name):
    assert told(tmp_path, {"pack/__init__.py": b"", name: WALRUS}) == []


@pytest.mark.parametrize("source", [b"import {{ name }}\n", b"print 'two'\n", b"x = 1\0"])
def test_what_no_python_knows(tmp_path, source):
    """Templates and Python 2 are there on purpose; as the package itself they fail for certain."""
    assert told(tmp_path, {"pack/__init__.py": b"", "pack/template.py": source}) == []
    assert only(told(tmp_path, {"pack/__init__.py": source})).severity == "error"


def test_a_wheel_that_was_built_for_that_python(tmp_path):
    """It is not asked again; one for any ABI is."""
    for tag, wrong in (
        ("cp36-cp36m-linux_x86_64", False),
        ("cp36-abi3-linux_x86_64", True),
        ("cp36-none-any", True),
    ):
        filename, body = bundle_maker.wheel("pack", files={"pack.py": WALRUS}, tag=tag)
        (tmp_path / filename).write_bytes(body)
        assert bool(grammar.findings([tmp_path / filename], EL7)) is wrong


def test_the_pip_that_offkit_brings(tmp_path, monkeypatch):
    """For the Python that it is for: another wheel of that name is looked at, and so is this one for another
    Python."""
    filename, body = bundle_maker.wheel("pip", "1.2", files={"pip/__init__.py": WALRUS})
    sha256 = hashlib.sha256(body).hexdigest()
    path = tmp_path / sha256 / filename
    path.parent.mkdir()
    path.write_bytes(body)
    assert only(grammar.findings([path], EL7)).code == "REQ020"
    line = f'pip==1.2 ; python_version < "3.7" --hash=sha256:{sha256}\n'
    monkeypatch.setattr(data, "read_text", lambda name: line)
    assert grammar.findings([path], EL7) == []
    assert only(grammar.findings([path], preset("3.7"))).code == "REQ020"


def test_nothing_to_tell(tmp_path):
    assert told(tmp_path, {"pack/__init__.py": b"x: int = 1\n", "pack/data.txt": WALRUS}) == []


def test_a_newer_python_than_this(tmp_path, monkeypatch):
    """Its grammar is not known here: not a word, and not that all is well."""
    monkeypatch.setattr(sys, "version_info", (3, 9, 0, "final", 0))
    assert told(tmp_path, {"pack/__init__.py": WALRUS}, preset("3.11")) is None


def test_that_very_python_is_asked_where_there_is_one(tmp_path, monkeypatch):
    """And this one where that does not answer."""
    asked, real = [], parsers.answering

    def answering(argv):
        asked.append(argv[0])
        return real(argv if argv[0] == sys.executable else ["false", *argv[1:]])

    monkeypatch.setattr(interpreters, "of", lambda target: Interpreter("/pythons/python3.6", "3.6.15"))
    monkeypatch.setattr(parsers, "answering", answering)
    assert only(told(tmp_path, {"pack/__init__.py": WALRUS})).severity == "error"
    assert asked == ["/pythons/python3.6", sys.executable]


def test_many_wheels_and_few_processes(tmp_path):
    """Each wheel is read once, and told of in the order given."""
    paths = []
    for number in range(20):
        filename, body = bundle_maker.wheel(f"p{number}", "1", files={f"p{number}.py": WALRUS})
        paths.append(tmp_path / filename)
        paths[-1].write_bytes(body)
    assert [one.subject for one in grammar.findings(paths, EL7)] == [f"p{number}" for number in range(20)]


def test_a_wheel_of_the_cache_is_read_once(tmp_path, monkeypatch):
    """By the same interpreters; what is told of it is the same."""
    paths = [
        store.keep(*bundle_maker.wheel(name, "1", files={f"{name}.py": text}), tmp_path)
        for name, text in (("wrong", WALRUS), ("right", b"x = 1\n"))
    ]
    first = grammar.findings(paths, EL7, tmp_path)
    assert [one.subject for one in first] == ["wrong"]
    read, real = [], parsers.Parsers.ask
    monkeypatch.setattr(parsers.Parsers, "ask", lambda *given: read.append(given[-1]) or real(*given))
    assert grammar.findings(paths, EL7, tmp_path) == first
    assert read == []
    paths.append(store.keep(*bundle_maker.wheel("more", "1", files={"more.py": WALRUS}), tmp_path))
    assert [one.subject for one in grammar.findings(paths, EL7, tmp_path)] == ["wrong", "more"]
    assert read == paths[-1:]
    monkeypatch.setattr(interpreters, "traces", lambda target: "another")
    assert grammar.findings(paths, EL7, tmp_path) == [*first, *grammar.findings(paths[2:], EL7, tmp_path)]
    assert len(read) > 1


def test_traces_of_other_pythons(tmp_path, monkeypatch):
    """Another file in the place of one, or one more, is told without starting it."""
    monkeypatch.setattr(interpreters, "_places", lambda series: map(str, sorted(tmp_path.iterdir())))
    told = [interpreters.traces(EL7)]
    for name, text in (("python", "1"), ("python", "12"), ("python4", "1")):
        (tmp_path / name).write_text(text)
        told.append(interpreters.traces(EL7))
    assert len(set(told)) == 4


@pytest.mark.skipif(not PYTHON36, reason="there is no CPython 3.6 here")
def test_a_real_python_3_6(tmp_path, monkeypatch):
    """It knows what ast.parse does not."""
    monkeypatch.setattr(interpreters, "of", lambda target: Interpreter(PYTHON36, "3.6.15"))
    monkeypatch.setenv("LC_ALL", "C")  # where 3.6 reads no path with other letters as it is written
    tmp_path = tmp_path / "ü"
    tmp_path.mkdir()
    where = "1.2 cannot be imported by Python 3.6: pack/__init__.py, line "
    one = only(told(tmp_path, {"pack/__init__.py": b"x = y[*z]\n"}))
    assert one.message == where + "1: invalid syntax"
    one = only(told(tmp_path, {"pack/__init__.py": WALRUS}))
    assert one.message == where + "2: " + REASON  # which 3.6 itself does not name

"""What an interpreter says of itself, and whether that fits a bundle."""

import json
import os
import sys

import pytest

from offkit.edges.run import Result, run
from offkit.model.errors import EnvironmentProblem
from offkit.model.target import preset
from offkit.target import interpreter
from offkit.target.interpreter import Interpreter

EL7 = preset("3.6")
GOOD = Interpreter("/usr/bin/python3.6", "3.6.8", "cpython", "cp36m", 64, ())


def codes(python):
    return [finding.code for finding in interpreter.misfits(python, EL7)]


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        (GOOD._replace(path="/home/bj\xf6rn/python/bin/python3.6"), ["ENV028"]),
        (GOOD._replace(path="/home/bj\udcc3\udcb6rn/python/bin/python3.6"), ["ENV028"]),
        (GOOD, []),
        (GOOD._replace(version="3.6.15"), []),
        (GOOD._replace(version="3.6.5"), ["PY013"]),
        (GOOD._replace(version="3.7.3", abi="cp37m"), ["PY012"]),
        (GOOD._replace(version="3.11.2", abi="cp311"), ["PY012"]),
        (GOOD._replace(implementation="pypy"), ["PY012"]),
        (GOOD._replace(abi="cp36dm"), ["PY014"]),
        (GOOD._replace(abi="cp36"), ["PY014"]),
        (GOOD._replace(bits=32), ["PY015"]),
        (GOOD._replace(missing=("zlib",)), ["PY016"]),
        (
            GOOD._replace(version="3.7.3", bits=32, missing=("pyexpat", "zlib")),
            ["PY012", "PY015", "PY016", "PY016"],
        ),
    ],
)
def test_every_misfit_is_found(python, expected):
    """Version, patch level, ABI, word size and modules, all at once."""
    assert codes(python) == expected


def test_missing_zlib_names_its_cure():
    """The -devel package without which CPython is compiled lacking a module."""
    (finding,) = interpreter.misfits(GOOD._replace(missing=("zlib",)), EL7)
    assert "yum install zlib-devel" in finding.fix
    assert finding.subject == "/usr/bin/python3.6"


def test_the_running_interpreter_answers():
    """The real question to a real interpreter."""
    found = interpreter.probe(interpreter.running(), run)
    assert found.version == "{}.{}.{}".format(*sys.version_info[:3])
    assert found.abi.startswith("cp{}{}".format(*sys.version_info[:2]))
    assert found.implementation == "cpython"
    assert found.missing == ()
    assert os.path.samefile(found.path, os.path.realpath(sys.executable))
    assert "venv" not in os.path.dirname(found.path)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Result([], 127, "", "python9: No such file or directory"), "No such file"),
        (Result([], 1, "", "Traceback\n  x\nImportError: broken\n"), "ImportError: broken"),
        (Result([], 0, "hello\n", ""), "does not answer"),
        (Result([], 0, "[]\n", ""), "does not answer"),
        (Result([], -9, "", ""), "exit -9"),
    ],
)
def test_no_answer_is_refused(result, words):
    """A shim that does not run, a program that is no Python: said in its own words."""
    with pytest.raises(EnvironmentProblem) as caught:
        interpreter.probe("/bin/python9", lambda argv: result)
    (finding,) = caught.value.findings
    assert finding.code == "PY011"
    assert words in finding.message


def test_the_systems_own_python_is_refused():
    """platform-python belongs to dnf; it is not even started."""
    with pytest.raises(EnvironmentProblem, match="cannot be used") as caught:
        interpreter.probe("/usr/libexec/platform-python3.6", None)
    assert "belongs to the system" in caught.value.findings[0].message


def test_the_question_is_isolated():
    """-I and -S: neither variables nor packages of the host take part."""
    seen = []

    def answer(argv):
        seen.append(list(argv))
        data = {"executable": "/x/python3", "implementation": "cpython", "version": "3.6.8"}
        data.update({"prefix": "/x", "soabi": "cpython-36m-x86_64-linux-gnu", "bits": 64, "missing": []})
        return Result(argv, 0, json.dumps(data), "")

    assert interpreter.probe("/x/python3", answer) == GOOD._replace(path="/x/python3")
    assert seen[0][:4] == ["/x/python3", "-I", "-S", "-c"]


@pytest.mark.parametrize(
    ("soabi", "abi"),
    [
        ("cpython-36m-x86_64-linux-gnu", "cp36m"),
        ("cpython-36dm-x86_64-linux-gnu", "cp36dm"),
        ("cpython-311-aarch64-linux-gnu", "cp311"),
        ("cpython-313t-x86_64-linux-gnu", "cp313t"),
        ("", ""),
    ],
)
def test_abi_from_soabi(soabi, abi):
    """As packaging.tags reads it."""
    assert interpreter.abi_of(soabi) == abi


def test_behind_environments(tmp_path):
    """An environment of an environment leads to the interpreter, under its own name."""
    base = tmp_path / "base" / "bin"
    base.mkdir(parents=True)
    (base / "python3.6").write_bytes(b"")
    (base / "python").write_bytes(b"another, version 2")
    (base / "python3").symlink_to("python3.6")
    for name, home in (("one", base), ("two", tmp_path / "one" / "bin")):
        place = tmp_path / name / "bin"
        place.mkdir(parents=True)
        (tmp_path / name / "pyvenv.cfg").write_text("home = {}\nversion = 3.6.8\n".format(home))
        (place / "python3").symlink_to(home / "python3")
        (place / "python").symlink_to("python3")
    assert interpreter.base_of(str(tmp_path / "two" / "bin" / "python")) == str(base / "python3")
    assert interpreter.base_of(str(base / "python3.6")) == str(base / "python3.6")


def test_behind_an_environment_of_copies(tmp_path):
    """Without links, pyvenv.cfg's home and version lead there; a home that is gone does not."""
    base = tmp_path / "base"
    base.mkdir()
    (base / "python3.6").write_bytes(b"")
    for name, home in (("good", base), ("lost", tmp_path / "nowhere")):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "python").write_bytes(b"")
        (tmp_path / name / "pyvenv.cfg").write_text("home = {}\nversion = 3.6.8\n".format(home))
    assert interpreter.base_of(str(tmp_path / "good" / "bin" / "python")) == str(base / "python3.6")
    lost = str(tmp_path / "lost" / "bin" / "python")
    assert interpreter.base_of(lost) == lost


def test_a_receipts_interpreter(tmp_path):
    """The same file and the same version, by whatever name."""
    real = tmp_path / "python3.6"
    real.write_bytes(b"")
    (tmp_path / "python3").symlink_to("python3.6")
    python = GOOD._replace(path=str(real))
    assert python.same(str(tmp_path / "python3"), "3.6.8")
    assert not python.same(str(tmp_path / "python3"), "3.6.9")
    assert not python.same("/usr/bin/env", "3.6.8")

"""What an interpreter says of itself, and whether that fits a bundle."""

import json
import os
import sys

import pytest

from offkit.edges.run import Result, run
from offkit.model.errors import EnvironmentProblem
from offkit.server.python import interpreter
from offkit.server.python.interpreter import Interpreter
from target_maker import preset

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
        (Result([], 0, "hello\n", ""), "does not behave like a Python"),
        (Result([], 0, "[]\n", ""), "does not behave like a Python"),
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


@pytest.mark.parametrize(
    ("executable", "prefix", "found"),
    [
        ("usr/bin/python3.6", "usr", "usr/bin/python3.6"),
        ("usr/bin/python3.11", "opt/python", "opt/python/bin/python3.11"),
        ("usr/bin/python3.11", "opt/other", "usr/bin/python3.11"),
        ("link/bin/python3.11", "opt/python", "link/bin/python3.11"),
    ],
)
def test_the_name_below_its_own_prefix(tmp_path, executable, prefix, found):
    """A link from another bin/ leads to it; a link to the prefix as a whole is as good; else nothing changes."""
    for place in ("usr/bin", "opt/python/bin", "opt/other"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "opt/python/bin/python3.11").write_bytes(b"")
    (tmp_path / "usr/bin/python3.6").write_bytes(b"")
    (tmp_path / "usr/bin/python3.11").symlink_to(tmp_path / "opt/python/bin/python3.11")
    (tmp_path / "link").symlink_to(tmp_path / "opt/python")
    at_home = interpreter._at_home(str(tmp_path / executable), str(tmp_path / prefix))
    assert at_home == str(tmp_path / found)


def test_a_name_that_stays(tmp_path):
    """python3.6 for python3 where they are one file; another file, or none, of that name is not taken."""
    (tmp_path / "python3").write_bytes(b"")
    name = str(tmp_path / "python3")
    assert interpreter._stable_name(name, "3.6.8") == name
    (tmp_path / "python3.7").write_bytes(b"")
    assert interpreter._stable_name(name, "3.7.1") == name
    (tmp_path / "python3.6").symlink_to("python3")
    assert interpreter._stable_name(name, "3.6.8") == str(tmp_path / "python3.6")


def test_environments_that_lead_to_each_other(tmp_path):
    """It ends, with one of them."""
    for name, home in (("one", "two"), ("two", "one")):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "python3").write_bytes(b"")
        (tmp_path / name / "pyvenv.cfg").write_text("home = {}\n".format(tmp_path / home / "bin"))
    found = interpreter.base_of(str(tmp_path / "one" / "bin" / "python3"))
    assert found in [str(tmp_path / name / "bin" / "python3") for name in ("one", "two")]


def test_settings_of_an_environment():
    """Names in any case, blanks around both; what comes first behind = is the value."""
    text = b"Home = /usr/bin \nversion=3.6.8\nno value\nprompt = a = b\n"
    assert interpreter.parse_settings(text) == {"home": "/usr/bin", "version": "3.6.8", "prompt": "a = b"}


@pytest.mark.parametrize(
    ("python", "words"),
    [
        (GOOD._replace(implementation="pypy"), "is pypy, the bundle is for CPython"),
        (GOOD._replace(version="3.7.3"), "is Python 3.7.3, the bundle is for 3.6"),
        (
            GOOD._replace(version="3.6.5"),
            "is Python 3.6.5, older than the 3.6.8 that packages were chosen for",
        ),
        (GOOD._replace(abi=""), "has the ABI (unknown), the wheels are for cp36m"),
        (GOOD._replace(bits=32), "is a 32-bit program, the wheels are for x86_64"),
        (GOOD._replace(missing=("array",)), "lacks the module array, which the installation needs"),
    ],
)
def test_a_misfit_in_words(python, words):
    """What it is, what the bundle is for, and of which Python that is said."""
    (finding,) = interpreter.misfits(python, EL7)
    assert (finding.message, finding.subject, finding.severity) == (words, GOOD.path, "error")
    assert ("offkit bundle --python " + python.version in finding.fix) == ("Python 3." in words)
    assert python.missing == () or "-devel" not in finding.fix


@pytest.mark.parametrize(("links", "found"), [(7, "real"), (8, "")])
def test_a_long_chain_of_links(tmp_path, links, found):
    """Eight links are followed, the last into another directory; no more."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "link{}".format(links)).symlink_to("../other/real")
    for number in range(links):
        (folder / "link{}".format(number)).symlink_to("link{}".format(number + 1))
    assert interpreter._name_outside(str(folder / "link0")) == found
    assert interpreter._name_outside(str(tmp_path / "none")) == ""

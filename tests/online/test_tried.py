"""What a rehearsal tries, where, and how it judges."""

import json
import os
import sys

import pytest

import bundle_maker
from offkit.edges.run import Result
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import EnvironmentProblem, RequestError
from offkit.online.proof import rehearsal
from offkit.online.request.locked import Lock, LockedWheel
from offkit.online.sources import interpreters
from target_maker import preset

EL7 = preset("3.6")
LIBRARIES = Checklist((Library("libGL.so.1", (), ("cv2",), "mesa-libGL", False),))


def wheel(tmp_path, *names):
    filename, body = bundle_maker.wheel("alpha", "1", dict.fromkeys(names, b""))
    path = tmp_path / filename
    path.write_bytes(body)
    return path


@pytest.mark.parametrize(("members", "modules"), [
    (["alpha/__init__.py", "alpha/more/__init__.py", "alpha/data.json"], ["alpha"]),
    (["alpha.py", "_beta.abi3.so", "gamma.cpython-36m-x86_64-linux-gnu.so", "delta.so", "libx.so.1"],
     ["_beta", "alpha", "delta", "gamma"]),
    (["google/api/__init__.py", "google/api/more/__init__.py", "google/rpc/__init__.py"],
     ["google.api", "google.rpc"]),
    (["alpha/__init__.cpython-36m-x86_64-linux-gnu.so"], ["alpha"]),
    (["alpha-1.data/purelib/beta.py", "alpha-1.data/scripts/run.py", "alpha-1.data/data/share/x.py"], ["beta"]),
    (["tests/__init__.py", "docs/__init__.py", "setup.py", "no-module.py", "alpha/plain.txt", "README"], []),
])  # fmt: skip
def test_what_is_imported(tmp_path, members, modules):
    """Top-level modules and packages, those right below a namespace; nothing that was packed by mistake."""
    assert rehearsal.modules(wheel(tmp_path, *members)) == modules


def said(code, text=""):
    return Result((), code, "", text)


@pytest.mark.parametrize(("done", "severity", "message"), [
    (said(0, "a warning"), None, None),
    (said(1, "Traceback\n  File x\nImportError: no good\n"), "error", "cannot be imported, exit 1: ImportError: no good"),
    (said(-11), "error", "cannot be imported, exit -11"),
    (said(1, "ImportError: libGL.so.1: cannot open shared object file: No such file or directory"), "info",
     "could not be tried: this machine has no libGL.so.1; the server gets it from mesa-libGL"),
    (said(1, "ImportError: libnobody.so.1: cannot open shared object file: No such file"), "error",
     "cannot be imported, exit 1: ImportError: libnobody.so.1: cannot open shared object file: No such file"),
])  # fmt: skip
def test_the_judgement(done, severity, message):
    """A library that the checklist has is this machine's lack; everything else is the bundle's."""
    found = rehearsal._judge("alpha", done, LIBRARIES)
    assert (found and found.severity, found and found.message) == (severity, message)


def interpreter(path, name="cpython", machine="x86_64", version=(3, 6, 15)):
    """A program that answers as an interpreter would."""
    path.parent.mkdir(parents=True)
    answer = json.dumps([name, "Linux", machine, version])
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return str(path)


def test_whose_interpreter(tmp_path, monkeypatch):
    """On PATH, of pyenv, of uv, of conda; the newest of a kind, of that series and architecture."""
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    monkeypatch.delenv("UV_PYTHON_INSTALL_DIR", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert interpreters.of(EL7) is None
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "bin"), "/usr/bin", "/bin"]))
    places = [
        home / ".conda/envs/mine/bin/python3.6",
        home / ".local/share/uv/python/cpython-3.6.9-linux-x86_64-gnu/bin/python3.6",
        home / ".pyenv/versions/3.6.15/bin/python3.6",
        tmp_path / "bin/python3.6",
    ]
    for place in places:
        made = interpreter(place)
        assert interpreters.of(EL7) == interpreters.Interpreter(made, "3.6.15")
    interpreter(home / ".pyenv/versions/3.6.2/bin/python3.6")
    places[-1].write_text("#!/bin/sh\nexit 1\n")
    assert interpreters.of(EL7).path == str(places[2])
    assert interpreters.of(EL7._replace(arch="aarch64")) is None


@pytest.mark.parametrize("other", [{"name": "pypy"}, {"version": (3, 7, 1)}, {"machine": "aarch64"}])
def test_another_interpreter_is_none(tmp_path, monkeypatch, other):
    """Whatever it is called."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    interpreter(tmp_path / "pyenv/versions/3.6.15/bin/python3.6", **other)
    monkeypatch.setenv("PATH", "/nowhere")
    assert interpreters.of(EL7) is None


def test_where_nothing_can_be_tried(monkeypatch):
    """Is said before anything is downloaded: no such Python, or no namespace without a network."""
    monkeypatch.setattr(interpreters, "of", lambda target: None)
    with pytest.raises(EnvironmentProblem, match=r"needs a CPython 3\.6 for x86_64 here"):
        rehearsal.stage(EL7)
    monkeypatch.setattr(interpreters, "of", lambda target: interpreters.Interpreter(sys.executable, "3.6.15"))
    monkeypatch.setattr(rehearsal, "run", lambda argv: said(1))
    with pytest.raises(EnvironmentProblem, match="needs a namespace without a network"):
        rehearsal.stage(EL7)
    monkeypatch.setattr(rehearsal, "run", lambda argv: said(0 if "-c" in argv else 1))
    assert rehearsal.stage(EL7).walls == ("unshare", "-c", "-n")


def test_a_bundle_that_is_not_closed(tmp_path):
    """Pins that it does not give by itself, and that it lacks something: each is a proof that failed."""
    stage = rehearsal.Stage(interpreters.Interpreter(sys.executable, "3.6.15"), ())
    wanted = Lock(EL7, (LockedWheel("alpha", "1", "", "", "", ()), LockedWheel("beta", "1", "", "", "", ())))
    other = wanted._replace(wheels=(wanted.wheels[0], wanted.wheels[1]._replace(version="2")))

    def lacking(request, args):
        raise RequestError("no beta")

    for resolve, said in (
        (lambda request, args: wanted, "2 pins"),
        (lambda request, args: other, "beta: 1 is not what the bundle resolves to by itself"),
        (lacking, "the bundle: is not complete: no beta"),
    ):
        found, findings = rehearsal._again(tmp_path, wanted, resolve, stage)
        assert (found.kind, found.passed, found.said) == ("resolution", not findings, said)

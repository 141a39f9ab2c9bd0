"""What a rehearsal tries, where, and how it judges."""

import json
import os
import platform
import sys

import pytest

from offkit.edges import walls
from offkit.edges.run import Result
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import EnvironmentProblem, RequestError
from offkit.model.finding import Finding
from offkit.online.proof import rehearsal, stage, verdicts
from offkit.online.request.locked import Lock, LockedWheel
from offkit.online.sources import interpreters
from target_maker import preset

EL7 = preset("3.6")
LIBRARIES = Checklist((Library("libGL.so.1", (), ("cv2",), "mesa-libGL", False),))
JUDGE = verdicts.Judge("this machine", EL7, LIBRARIES)


def outcome(*texts, how="raised", severity="error", message="cannot be imported: …"):
    """Of a module, as 'offkit smoke' tells it."""
    found = [Finding("SMOKE001", severity, "alpha", message).to_json()] if severity else []
    raised = [{"type": "ImportError", "text": text} for text in texts]
    return {"name": "alpha", "outcome": how, "raised": raised, "said": [], "findings": found}


LIBGL = "libGL.so.1: cannot open shared object file: No such file or directory"


@pytest.mark.parametrize(("told", "severity", "message"), [
    (outcome(severity=""), None, None),
    (outcome(severity="info", message="was imported, but"), None, None),
    (outcome("no good"), "error", "cannot be imported: …"),
    (outcome("no good", severity="warning"), "warning", "cannot be imported: …"),
    (outcome("x", message="no '/tmp/.offkit-x/prefix/generations/0001-a/t' and /tmp/.offkit-x/y"), "error",
     "no 'PREFIX/current/t' and $TMPDIR/y"),
    (outcome(LIBGL), "info",
     "could not be tried: this machine has no libGL.so.1; the server gets it from mesa-libGL"),
    (outcome("please read this", LIBGL), "info",
     "could not be tried: this machine has no libGL.so.1; the server gets it from mesa-libGL"),
    (dict(outcome(how="ended"), said=["ImportError: " + LIBGL]), "info",
     "could not be tried: this machine has no libGL.so.1; the server gets it from mesa-libGL"),
    (outcome(LIBGL, how="late"), "error", "cannot be imported: …"),
    (outcome(LIBGL.replace("GL", "nobody")), "error", "cannot be imported: …"),
    (outcome("/lib/libc.so.6: version `GLIBC_2.17' not found (required by x.so)"), "info",
     "could not be tried: this machine has a glibc older than 2.17, which the server has"),
    (outcome("/lib/libc.so.6: version `GLIBC_2.18' not found"), "error", "cannot be imported: …"),
    (outcome("No module named '_sqlite3'"), "info",
     "could not be tried: the Python of this machine was built without _sqlite3, which is of the standard library"),
    (outcome("No module named 'beta.more'"), "error", "cannot be imported: …"),
])  # fmt: skip
def test_the_judgement(told, severity, message):
    """What the server has and this machine lacks is no fault of the bundle; everything else is. The names of
    directories that will be gone are not told."""
    judge = JUDGE._replace(top="/tmp/.offkit-x", prefix="/tmp/.offkit-x/prefix")
    found = judge.findings(told)
    assert [(one.code, one.subject, one.severity, one.message) for one in found] == (
        [("REQ022", "alpha", severity, message)] if severity else []
    )


WALLS = walls.words() if sys.platform == "linux" else ()
walled = pytest.mark.skipif(not WALLS, reason="this system gives no namespaces")


@walled
def test_behind_the_walls(tmp_path):
    """A loopback that is up and nothing else; what is left behind ends, and nobody waits for it."""
    here = stage.Here(interpreters.Interpreter(sys.executable, "3.6.15"), WALLS)
    (tmp_path / "home").mkdir()
    with here.opened(tmp_path, ()) as behind:
        bound = (
            "import os, socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(socket.if_nameindex())"
        )
        done = behind([sys.executable, "-c", bound])
        assert (done.stdout, done.stderr) == ("[(1, 'lo')]\n", "")
        done = behind(["sh", "-c", 'setsid sleep 100000 & printf \'%s\\n\' "$HOME" "$TMPDIR"'])
        assert done.stdout.splitlines() == [str(tmp_path / "home"), str(tmp_path)]
        assert behind(["sh", "-c", "kill -9 -1; id -u"]).stdout == f"{os.geteuid()}\n"


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


def test_a_link_that_leads_nowhere(tmp_path, monkeypatch):
    """pyenv was moved, say: it is none, and nobody stumbles over it; nor over what answers something else."""
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", os.pathsep.join(["/usr/bin", "/bin"]))
    versions = tmp_path / "pyenv/versions"
    made = interpreter(versions / "3.6.15/bin/python3.6")
    told = interpreters.traces(EL7)
    (versions / "3.6.16/bin").mkdir(parents=True)
    (versions / "3.6.16/bin/python3.6").symlink_to(tmp_path / "gone")
    assert interpreters.traces(EL7) == told
    interpreter(versions / "3.6.17/bin/python3.6")
    (versions / "3.6.17/bin/python3.6").write_text("#!/bin/sh\necho welcome\n")
    assert interpreters.of(EL7).path == made


def test_a_place_that_may_not_be_read(tmp_path, monkeypatch):
    """Has none: PYENV_ROOT may be another user's."""
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    made = interpreter(tmp_path / "pyenv/versions/3.6.15/bin/python3.6")
    assert interpreters.of(EL7).path == made
    (tmp_path / "pyenv").chmod(0)
    try:
        assert interpreters.of(EL7) == (
            interpreters.Interpreter(made, "3.6.15") if os.geteuid() == 0 else None
        )
    finally:
        (tmp_path / "pyenv").chmod(0o755)


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
    here = EL7._replace(arch=platform.machine())
    with pytest.raises(EnvironmentProblem, match=rf"needs a CPython 3\.6 for {here.arch} here"):
        stage.here(here)
    with pytest.raises(
        EnvironmentProblem, match=r"a machine of the server's architecture, s390x; "
    ) as caught:
        stage.here(EL7._replace(arch="s390x"))
    assert "pyenv" not in caught.value.fix
    monkeypatch.setattr(interpreters, "of", lambda target: interpreters.Interpreter(sys.executable, "3.6.15"))
    monkeypatch.setattr(walls, "run", lambda argv: Result(argv, 1, "", ""))
    with pytest.raises(EnvironmentProblem, match="needs namespaces of network and processes"):
        stage.here(EL7)
    monkeypatch.setattr(walls, "run", lambda argv: Result(argv, int("--keep-caps" not in argv), "", ""))
    behind = stage.here(EL7).behind
    assert behind[behind.index("unshare") : behind.index("-n")] == ("unshare", "-c", "--keep-caps")


def test_a_bundle_that_is_not_closed(tmp_path):
    """Pins that it does not give by itself, and that it lacks something: each is a proof that failed."""
    wanted = Lock(EL7, (LockedWheel("alpha", "1", "", "", "", ()), LockedWheel("beta", "1", "", "", "", ())))
    other = wanted._replace(wheels=(wanted.wheels[0], wanted.wheels[1]._replace(version="2")))

    def lacking(request, args):
        raise RequestError("no beta")

    for resolve, said in (
        (lambda request, args: wanted, "2 pins"),
        (lambda request, args: other, "beta: 1 is not what the bundle resolves to by itself"),
        (lacking, "the bundle: is not complete: no beta"),
    ):
        found, findings = rehearsal._again(tmp_path, wanted, resolve)
        assert (found.kind, found.passed, found.said) == ("resolution", not findings, said)

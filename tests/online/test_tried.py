"""What a rehearsal tries, where, and how it judges."""

import json
import os
import platform
import sys

import pytest

import pythons
from offkit.edges.run import Result, clean_environment, run
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import EnvironmentProblem, RequestError
from offkit.online.proof import importable, rehearsal, stage, verdicts
from offkit.online.request.locked import Lock, LockedWheel
from offkit.online.sources import interpreters
from target_maker import preset

EL7 = preset("3.6")
LIBRARIES = Checklist((Library("libGL.so.1", (), ("cv2",), "mesa-libGL", False),))
JUDGE = verdicts.Judge("this machine", EL7, LIBRARIES)


@pytest.mark.parametrize(("files", "modules"), [
    (["alpha/__init__.py", "alpha/more/__init__.py", "alpha/data.json"], ["alpha"]),
    (["alpha.py", "_beta.abi3.so", "gamma.cpython-36m-x86_64-linux-gnu.so", "delta.so", "libx.so.1"],
     ["_beta", "alpha", "delta", "gamma"]),
    (["google/api/__init__.py", "google/api/more/__init__.py", "google/rpc/__init__.py"],
     ["google.api", "google.rpc"]),
    (["alpha/__init__.cpython-36m-x86_64-linux-gnu.so"], ["alpha"]),
    (["beta.py", "../../../bin/run.py", "../../../share/x/__init__.py", "alpha-1.dist-info/x.py"], ["beta"]),
    (["tests/__init__.py", "docs/__init__.py", "setup.py", "no-module.py", "alpha/plain.txt", "README"], []),
])  # fmt: skip
def test_what_is_imported(files, modules):
    """Top-level modules and packages, those right below a namespace; nothing that was packed by mistake."""
    assert importable.modules(files) == modules


def test_what_is_imported_of_a_namespace_alone():
    """Its highest modules, where a package has nothing else; nothing of data, scripts and examples."""
    files = ["google/api/a_pb2.py", "google/api/deep/b_pb2.py", "google/api/x.proto", "../../../bin/x.py"]
    assert importable.modules(files) == []
    assert importable.parts([*files, "docs/conf.py", "a-b/c.py"]) == ["google.api.a_pb2"]
    assert importable.parts(["share/x.txt"]) == []


def said(code, text="", raised=None):
    return Result((), code, "" if raised is None else json.dumps({"raised": raised}), text)


LIBGL = "libGL.so.1: cannot open shared object file: No such file or directory"
CRASH = """\
Fatal Python error: Segmentation fault

Current thread 0x00007f (most recent call first):
  File "<frozen importlib._bootstrap>", line 1 in f
  File "/tmp/.offkit-x/prefix/generations/0001-a/lib/python3.6/site-packages/alpha/core.py", line 7 in <module>
  File "/tmp/.offkit-x/prefix/generations/0001-a/lib/python3.6/site-packages/alpha/__init__.py", line 1 in <module>
"""


@pytest.mark.parametrize(("done", "severity", "message"), [
    (said(0, "a warning", []), None, None),
    (said(0, "", [["ImportError", "\nno good\nat all", [["/tmp/.offkit-x/prefix/current/lib/python3.6/site-packages/alpha/a.py", 2], ["/x/json.py", 9]]]]),
     "error", "cannot be imported: ImportError: no good (alpha/a.py, line 2)"),
    (said(0, "", [["SyntaxError", "invalid syntax (a.py, line 1)", [["/x/importlib.py", 3]]]]),
     "error", "cannot be imported: SyntaxError: invalid syntax (a.py, line 1)"),
    (said(0, "", [["ImportError", "please read this", []], ["OSError", "lost", []]]),
     "error", "cannot be imported: ImportError: please read this, because of OSError: lost"),
    (said(0, "", [["FileNotFoundError", "no '/tmp/.offkit-x/prefix/generations/0001-a/lib/python3.6/site-packages/alpha/t.json'", []]]),
     "error", "cannot be imported: FileNotFoundError: no 'alpha/t.json'"),
    (said(0, "", [["OSError", "/tmp/.offkit-x/home/.alpha and /tmp/.offkit-x/scratch", []]]),
     "error", "cannot be imported: OSError: ~/.alpha and $TMPDIR/scratch"),
    (said(0, "", [["SystemExit", "0", []]]), "error", "cannot be imported: SystemExit: 0"),
    (said(0), "error", "ends the interpreter that imports it: ended with 0"),
    (said(3, "what():  no good\n"), "error", "ends the interpreter that imports it: ended with 3: what():  no good"),
    (said(-11), "error", "ends the interpreter that imports it: killed by SIGSEGV"),
    (said(139, CRASH), "error", "ends the interpreter that imports it: killed by SIGSEGV (alpha/core.py, line 7)"),
    (said(1, "Timeout (0:04:50)!\n" + CRASH), "error", "was not imported within 0:04:50 (alpha/core.py, line 7)"),
    (said(124), "error", "ends the interpreter that imports it: was not done in time"),
    (said(0, "", [["ImportError", LIBGL, []]]), "info",
     "could not be tried: this machine has no libGL.so.1; the server gets it from mesa-libGL"),
    (said(0, "", [["ImportError", LIBGL.replace("GL", "nobody"), []]]), "error",
     "cannot be imported: ImportError: libnobody.so.1: cannot open shared object file: No such file or directory"),
    (said(0, "", [["ImportError", "/lib/libc.so.6: version `GLIBC_2.17' not found (required by x.so)", []]]), "info",
     "could not be tried: this machine has a glibc older than 2.17, which the server has"),
    (said(0, "", [["ImportError", "/lib/libc.so.6: version `GLIBC_2.18' not found", []]]), "error",
     "cannot be imported: ImportError: /lib/libc.so.6: version `GLIBC_2.18' not found"),
    (said(0, "", [["ModuleNotFoundError", "No module named '_sqlite3'", []]]), "info",
     "could not be tried: the Python of this machine was built without _sqlite3, which is of the standard library"),
    (said(0, "", [["ModuleNotFoundError", "No module named 'beta.more'", []]]), "error",
     "cannot be imported: ModuleNotFoundError: No module named 'beta.more'"),
])  # fmt: skip
def test_the_judgement(done, severity, message):
    """What the server has and this machine lacks is no fault of the bundle; everything else is. The names of
    directories that will be gone are not told."""
    judge = JUDGE._replace(top="/tmp/.offkit-x", prefix="/tmp/.offkit-x/prefix")
    found = judge.module(verdicts.Module("alpha", "alpha"), done)
    assert (found and found.severity, found and found.message) == (severity, message)


def test_what_is_optional():
    """A package that others require may want what nobody requires: they say whether it is missed."""
    done = said(0, "", [["ModuleNotFoundError", "No module named 'matplotlib.pyplot'", []]])
    inline, asked = verdicts.Module("inline", "inline"), verdicts.Module("asked", "asked")
    judge = JUDGE._replace(needed=frozenset(["inline"]), there=frozenset(["inline"]))
    found = judge.module(inline, done)
    assert found.severity == "warning"
    assert found.message == "cannot be imported without matplotlib, which nothing in the bundle requires"
    assert judge.module(asked, done).severity == "error"
    assert judge.module(asked._replace(part=True), done).severity == "warning"
    assert judge._replace(there=frozenset(["matplotlib"])).module(inline, done).severity == "error"


@pytest.mark.parametrize("series", ["3.6", "{}.{}".format(*sys.version_info)])
def test_what_is_there(series):
    """Told by the Python that is tried, the oldest too: its version, the C library that is there, packages."""
    python = pythons.find(series)
    if python is None:
        pytest.skip(f"no CPython {series} here")
    version, libc, _ = json.loads(run([python, "-I", "-c", importable.LIST]).stdout)
    assert (version, libc) == (pythons.version(python), " ".join(platform.libc_ver()))


ODD = {
    "loud": "import sys\nfor n in range(300000): print('x' * 20)\nsys.stdout.flush()\n",
    "exits": "import sys\nsys.exit(0)\n",
    "leaves": "import os\nos._exit(0)\n",
    "dies": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "forks": "import os\nos.fork()\n",
    "stays": "import threading\nthreading.Thread(target=threading.Event().wait).start()\n",
    "hangs": "import threading\nthreading.Event().wait()\n",
    "mute": "class Mute(Exception):\n    def __str__(self):\n        raise ValueError\nraise Mute\n",
    "round": "error = ValueError('round')\nerror.__cause__ = error\nraise error\n",
}


@pytest.mark.parametrize("series", ["3.6", "{}.{}".format(*sys.version_info)])
@pytest.mark.parametrize(("name", "message"), [
    ("loud", None),
    ("exits", "cannot be imported: SystemExit: 0 (odd/exits.py, line 2)"),
    ("leaves", "ends the interpreter that imports it: ended with 0"),
    ("dies", "ends the interpreter that imports it: killed by SIGKILL"),
    ("forks", None),
    ("stays", None),
    ("hangs", "was not imported within "),
    ("mute", "cannot be imported: Mute (odd/mute.py, line 4)"),
    ("round", "cannot be imported: ValueError: round (odd/round.py, line 3)"),
])  # fmt: skip
def test_odd_modules(tmp_path, series, name, message):
    """What prints, ends, forks or never comes back: each is told for what it is, also by the oldest Python."""
    python = pythons.find(series)
    if python is None:
        pytest.skip(f"no CPython {series} here")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / (name + ".py")).write_text(ODD[name])
    words = [python, "-c", importable.TRY, name, "0.3" if name == "hangs" else "300"]
    done = run(words, clean_environment({"PYTHONPATH": str(tmp_path / "odd")}))
    found = JUDGE._replace(top=str(tmp_path), prefix=str(tmp_path / "prefix")).module(
        verdicts.Module(name, name), done
    )
    said = found and found.message.replace("$TMPDIR/", "")
    assert said == message or (name == "hangs" and said.startswith(message))


WALLS = stage.walls() if sys.platform == "linux" else ()
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
        done = behind(["sh", "-c", "setsid sleep 100000 & echo $HOME $TMPDIR"])
        assert done.stdout.split() == [str(tmp_path / "home"), str(tmp_path)]
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
    with pytest.raises(EnvironmentProblem, match=r"needs a CPython 3\.6 for x86_64 here"):
        stage.here(EL7)
    monkeypatch.setattr(interpreters, "of", lambda target: interpreters.Interpreter(sys.executable, "3.6.15"))
    monkeypatch.setattr(stage, "run", lambda argv: said(1))
    with pytest.raises(EnvironmentProblem, match="needs namespaces of network and processes"):
        stage.here(EL7)
    monkeypatch.setattr(stage, "run", lambda argv: said(0 if "--keep-caps" in argv else 1))
    walls = stage.here(EL7).walls
    assert walls[walls.index("unshare") : walls.index("-n")] == ("unshare", "-c", "--keep-caps")


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

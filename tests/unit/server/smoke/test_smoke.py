"""offkit smoke: real imports in a real environment, of modules that do what no module should."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import odd_modules
import offkit
import prefix_maker
import waiting
from offkit.edges import walls
from offkit.model.errors import EnvironmentProblem
from offkit.model.report import Reporter
from offkit.server.smoke import room, smoke
from offkit.server.smoke.smoke import Check, Wanted

TOOLKIT = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))
WALLED = sys.platform == "linux" and bool(walls.words())
walled = pytest.mark.skipif(not WALLED, reason="this system gives no namespaces")
PATIENCE = 60.0  # for those that are to come to an end by themselves


def tried(generation, *checks, imports=True, limit=PATIENCE):
    return smoke.smoke(str(generation), Wanted(imports, tuple(checks), limit), Reporter())


def told(done):
    """Code, severity and message of each finding, by its subject; but for how it was tried."""
    return {
        one.subject: (one.code, one.severity, one.message)
        for one in done.findings
        if one.subject != "the smoke test"
    }


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """All of the odd ones at once, but for those that hang."""
    names = [name for name, (_, code, _) in odd_modules.ODD.items() if code != "SMOKE003"]
    if not WALLED:
        names.remove("calls")  # there may be a network
    return tried(odd_modules.generation(tmp_path_factory.mktemp("prefix"), odd_modules.odd(*names)))


@pytest.mark.parametrize("name", sorted(odd_modules.ODD))
def test_an_odd_module(tmp_path, everything, name):
    """What prints, ends, crashes, forks, asks or never comes back is told for what it is."""
    _, code, message = odd_modules.ODD[name]
    if name == "calls" and not WALLED:
        pytest.skip("this system gives no namespaces")
    done = everything
    if code == "SMOKE003":
        done = tried(odd_modules.generation(tmp_path, odd_modules.odd(name)), limit=3)
    found = told(done).get(name, ("", "", ""))
    severity = {"": "", "SMOKE006": "info"}.get(code, "error")
    assert found[:2] == (code, severity)
    assert found[2][: len(message)] == message
    (module,) = [one for one in done.modules if one.name == name]
    assert (module.how == "imported") == (severity != "error")


def test_what_it_said_last(everything):
    """Both streams, without the traces that are in the message."""
    said = {one.name: one.said for one in everything.modules}
    assert said["exits"] == ("usage: none",)
    assert said["aborts"] == ("what():  no good",)
    assert said["crashes"] == ()
    assert len(said["prints"]) == 8


def test_nothing_is_left(everything):
    """Neither at home, nor in TMPDIR, nor a process."""
    assert not os.path.exists(os.path.expanduser("~/.fine"))
    mine = ".offkit-tmp-"
    left = [one for one in os.listdir(tempfile.gettempdir()) if one.startswith(mine)]
    assert [one for one in left if "-{}.".format(os.getpid()) in one] == []


@walled
def test_what_it_kills_is_its_own(tmp_path):
    """Also where it runs as root."""
    wheel = odd_modules.wheel("kills", "import os, signal\nos.kill(-1, signal.SIGKILL)\n")
    found = told(tried(odd_modules.generation(tmp_path, [wheel])))
    assert found["kills"][2].startswith("cannot be imported: ProcessLookupError")


def test_one_that_leaves_its_group_where_there_are_no_walls(tmp_path, monkeypatch):
    """It holds the streams, and nobody waits for it; that the network could not be shut is said."""
    monkeypatch.setattr(walls, "words", lambda user="": ())
    monkeypatch.setattr(room, "_no_network", lambda: False)
    text = (
        "import os, sys, time\nif not os.fork():\n    os.setsid()\n"
        "    open({!r}, 'w').write(str(os.getpid()))\n    time.sleep(100000)\n"
    ).format(str(tmp_path / "pid"))
    wheel = odd_modules.wheel("forks", text)
    try:
        done = tried(odd_modules.generation(tmp_path / "prefix", [wheel]))
        assert (done.imported, done.silent) == (1, False)
        assert [one.code for one in done.findings if one.code != "SMOKE009"] == ["SMOKE006", "SMOKE008"]
    finally:
        waiting.until((tmp_path / "pid").exists)
        os.kill(int((tmp_path / "pid").read_text()), 9)


@walled
def test_where_there_is_no_network():
    """Behind walls; and where a container has none, none has to be shut."""
    text = "from offkit.server.smoke import room; print(room._no_network())"
    words = [*walls.words(), sys.executable, "-c", text]
    done = subprocess.check_output(words, env=dict(os.environ, PYTHONPATH=TOOLKIT))
    assert done.strip() == b"True"


def test_what_is_optional(tmp_path):
    """A package that others require may want what nobody requires: they say whether it is missed. One that
    nobody requires has to be imported."""
    text = "import offkit_absent.more\n"
    wheels = [
        odd_modules.wheel("inline", text),
        odd_modules.wheel("extra", text),
        odd_modules.wheel("other", text),
        odd_modules.wheel("alone", text),
        odd_modules.wheel(
            "top",
            "",
            requires=["inline", "extra; extra == 'more'", "other; python_version < '3'"],
            extras=["more"],
        ),
    ]
    found = told(tried(odd_modules.generation(tmp_path, wheels)))
    message = "cannot be imported without offkit_absent, which nothing installed requires"
    assert {name: each[1] for name, each in found.items()} == {
        "inline": "warning",
        "extra": "warning",
        "other": "error",
        "alone": "error",
    }
    assert {each[2] for each in found.values() if each[1] == "warning"} == {message}


def test_what_is_there(tmp_path):
    """Told by the environment's own Python."""
    done = tried(odd_modules.generation(tmp_path, odd_modules.odd("fine")))
    assert (done.python, done.libc) == (prefix_maker.VERSION, os.confstr("CS_GNU_LIBC_VERSION"))
    assert [(one.name, one.package, one.how) for one in done.modules] == [("fine", "fine", "imported")]


def test_many_files(tmp_path):
    """Whose names are more than what is kept of any other output, as those of NumPy and pandas are."""
    many = [f"fine/data/{'x' * 200}-{number}.txt" for number in range(2000)]
    generation = odd_modules.generation(tmp_path, odd_modules.odd("fine"))
    (record,) = Path(generation).rglob("fine-*.dist-info/RECORD")
    record.write_text(record.read_text() + "".join(f"{name},,\n" for name in many))
    assert record.stat().st_size > room.MOST
    assert [one.how for one in tried(generation).modules] == ["imported"]


def test_a_check(tmp_path):
    """The user's own, with the environment's Python, by its name; it has to end with 0."""
    generation = odd_modules.generation(tmp_path, odd_modules.odd("fine"))
    good = Check(
        "good.py",
        b"import fine, sys, os\nassert not sys.argv[1:]\nassert os.getcwd() == os.environ['HOME']\n",
    )
    bad = Check("bad.py", b"import sys\nprint('first')\nraise SystemExit('no good')\n")
    late = Check("late.py", b"import threading\nthreading.Event().wait()\n")
    done = tried(generation, good, bad, imports=False)
    assert [one.how for one in done.checks] == ["imported", "ended"]
    assert told(done) == {"bad.py": ("SMOKE007", "error", "ended with 1: no good")}
    done = tried(generation, late, imports=False, limit=1)
    assert told(done) == {"late.py": ("SMOKE007", "error", "was not done within 1 s")}
    assert done.modules == ()


def test_a_python_that_does_not_start(tmp_path):
    """Is said, with where the doctor is."""
    generation = odd_modules.generation(tmp_path, [])
    os.unlink(str(generation / "bin" / prefix_maker.SERIES))
    (generation / "bin" / prefix_maker.SERIES).write_text("#!/bin/sh\necho broken >&2\nexit 7\n")
    (generation / "bin" / prefix_maker.SERIES).chmod(0o755)
    with pytest.raises(EnvironmentProblem, match="does not say what is installed: broken"):
        tried(generation)


EVERYBODYS = "/usr/bin/python3"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes nobody")
@pytest.mark.skipif(not os.path.exists(EVERYBODYS), reason="no {} here".format(EVERYBODYS))
def test_root_becomes_nobody(monkeypatch):
    """Where nobody may read all of it; else it stays root, which is said."""
    text = "import os, pwd\nassert 'nobody' == pwd.getpwuid(os.getuid()).pw_name\nopen(os.environ['TMPDIR'] + '/x', 'w')\n"
    version = subprocess.check_output([EVERYBODYS, "-c", "import platform; print(platform.python_version())"])
    monkeypatch.setattr(prefix_maker, "PYTHON", EVERYBODYS)
    monkeypatch.setattr(prefix_maker, "VERSION", version.decode().strip())
    monkeypatch.setattr(prefix_maker, "SERIES", "python" + ".".join(prefix_maker.VERSION.split(".")[:2]))
    top = tempfile.mkdtemp()
    try:
        prefix = Path(top)
        generation = odd_modules.generation(
            prefix, [odd_modules.wheel("who", text)], series=prefix_maker.SERIES
        )
        os.chmod(top, 0o755)
        done = tried(generation)
        assert (done.user, told(done), done.imported) == ("nobody", {}, 1)
        os.chmod(str(generation / "lib"), 0o700)
        done = tried(generation)
        assert (done.user, done.imported) == ("root", 0)
        assert [one.code for one in done.findings] == ["SMOKE001", "SMOKE009"]
    finally:
        shutil.rmtree(top)


def command(*args):
    """(exit code, document or error text)"""
    environment = dict(os.environ, PYTHONPATH=TOOLKIT, LC_ALL="C")
    done = subprocess.Popen(
        [sys.executable, "-m", "offkit.cli.app", "smoke", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    out, err = done.communicate()
    return done.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def document(*args):
    code, out, _ = command(*args, "--json")
    return code, json.loads(out)


def test_the_command(tmp_path):
    """All modules and the bundle's checks; --import: only these; FILE: only that; both; another generation."""
    prefix = ("--prefix", str(tmp_path / "prefix"))
    odd_modules.generation(
        tmp_path / "prefix", odd_modules.odd("fine"), [("ours.py", "raise SystemExit('no')")]
    )
    own = tmp_path / "own.py"
    own.write_text("import fine\n")

    def seen(*args):
        code, found = document(*args, *prefix)
        assert found["schema"] == "offkit/smoke-1"
        return code, [one["name"] for one in found["modules"]], [one["name"] for one in found["checks"]]

    assert seen() == (1, ["fine"], ["ours.py"])
    assert seen("--import") == (0, ["fine"], [])
    assert seen(str(own)) == (0, [], ["own.py"])
    assert seen("--import", str(own)) == (0, ["fine"], ["own.py"])
    odd_modules.generation(tmp_path / "prefix", odd_modules.odd("raises"), number=2)
    assert seen() == (1, ["raises"], [])
    assert seen("--generation", "1", "--import") == (0, ["fine"], [])


def test_what_people_see(tmp_path):
    """A line for each that fails, and what it said; a tick where all is well, nothing with -q."""
    wheels = odd_modules.odd("fine", "exits")
    odd_modules.generation(tmp_path, wheels, [("ours.py", "")])
    code, out, err = command("--prefix", str(tmp_path))
    lines = [line for line in out.splitlines() if "SMOKE009" not in line]
    assert (code, lines[0].partition(" as ")[0]) == (1, "1 of 2 modules imported")
    assert "ours.py ended with 0" in lines[1]
    assert "SMOKE002  exits: cannot be imported: SystemExit: 0" in lines[2]
    assert lines[3:] == ["exits said last:", "  usage: none"]
    assert "importing 2 modules" in err
    odd_modules.generation(tmp_path, odd_modules.odd("fine"), number=2)
    code, out, _ = command("--prefix", str(tmp_path), "-q")
    assert (code, [line for line in out.splitlines() if "SMOKE00" not in line]) == (0, [])


@pytest.mark.parametrize(("words", "code", "said"), [
    (["--timeout", "0"], 2, "--timeout takes a number of seconds above 0"),
    (["/nowhere/check.py"], 2, "/nowhere/check.py is no file"),
    (["--generation", "7"], 1, "no such generation: 7"),
    (["--generation", ""], 2, "--generation is given, but empty"),
])  # fmt: skip
def test_asked_wrongly(tmp_path, words, code, said):
    """What is no file, no generation, no time."""
    odd_modules.generation(tmp_path, [])
    done = command("--prefix", str(tmp_path), *words)
    assert (done[0], said in done[2]) == (code, True), done


def test_where_nothing_is(tmp_path):
    """No prefix, no current generation, one that would not start: exit 4, with their codes."""
    code, found = document("--prefix", str(tmp_path / "none"))
    assert (code, [one["code"] for one in found["findings"]]) == (4, ["ENV040"])
    generation = odd_modules.generation(tmp_path, [])
    os.unlink(str(tmp_path / "current"))
    code, found = document("--prefix", str(tmp_path))
    assert (code, [one["code"] for one in found["findings"]]) == (4, ["ENV042"])
    (generation / "pyvenv.cfg").unlink()
    code, found = document("--prefix", str(tmp_path), "--generation", "1")
    assert (code, {one["code"] for one in found["findings"]}) == (4, {"ENV041"})


HOLDS = "import os, threading\nos.open({!r}, os.O_WRONLY)\nthreading.Event().wait()\n"


@walled
@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=["INT", "TERM", "KILL"]
)
def test_interrupted(tmp_path, number):
    """What it has started ends with it, and its scratch goes: of one that was killed, by the next run."""
    if number == signal.SIGKILL and not walls.leash():
        pytest.skip("this system's setpriv cannot bind a program to its parent (util-linux 2.33)")
    os.mkfifo(str(tmp_path / "fifo"))
    wheels = [odd_modules.wheel(name, HOLDS.format(str(tmp_path / "fifo"))) for name in ("one", "two")]
    odd_modules.generation(tmp_path / "prefix", wheels)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    running = subprocess.Popen(
        [sys.executable, "-m", "offkit.cli.app", "smoke", "--prefix", str(tmp_path / "prefix")],
        stderr=subprocess.DEVNULL,
        env=dict(os.environ, PYTHONPATH=TOOLKIT, TMPDIR=str(scratch)),
    )
    with open(str(tmp_path / "fifo"), "rb") as held:  # returns when the first of them has opened it
        running.send_signal(number)
        assert running.wait(waiting.LIMIT) == (130 if number != signal.SIGKILL else -9)
        assert held.read() == b""  # returns when nobody has it any more
    if number == signal.SIGKILL:
        shutil.rmtree(str(tmp_path / "prefix"))
        odd_modules.generation(tmp_path / "prefix", odd_modules.odd("fine"))
        environment = dict(os.environ, PYTHONPATH=TOOLKIT, TMPDIR=str(scratch))
        words = [sys.executable, "-m", "offkit.cli.app", "smoke", "-q", "--prefix", str(tmp_path / "prefix")]
        subprocess.check_call(words, env=environment, stdout=subprocess.DEVNULL)
    assert os.listdir(str(scratch)) == []

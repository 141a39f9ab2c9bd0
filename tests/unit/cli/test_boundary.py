"""However a command ends, it ends with a code of the table and without a traceback."""

import errno
import os
import signal
import subprocess
import sys
import tempfile

import pytest

import offkit
from offkit import __version__
from offkit.cli import app
from offkit.model.errors import EnvironmentProblem, IntegrityError, RequestError, UsageError
from waiting import LIMIT, heard

TOOLKIT = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))
START = "import sys; sys.path.insert(0, {!r}); from offkit.cli.start import main; main()".format(TOOLKIT)


def offkit(*args, **more):
    """A real process; (exit code, what it said on stderr)."""
    done = subprocess.run(
        [sys.executable, "-c", START] + list(args),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        **dict({"stdout": subprocess.DEVNULL}, **more),
    )
    return done.returncode, done.stderr.decode()


def failing(error):
    """A function that takes anything and raises this."""

    def fail(*_):
        raise error

    return fail


@pytest.mark.parametrize("args", [["--help"], ["probe"], ["probe", "--json"], ["--version"]])
def test_a_full_disk_behind_stdout(args):
    """Exit 4: what was to be said has not been said."""
    with open("/dev/full", "wb") as full:
        code, err = offkit(*args, stdout=full)
    assert code == 4
    assert err.splitlines()[0] == "error: the output cannot be written: No space left on device"
    assert "Traceback" not in err


@pytest.mark.parametrize("args", [["--help"], ["probe"], ["probe", "--json"]])
def test_a_closed_stdout(args):
    """As cron may start it: nobody reads, nothing fails."""
    script = 'exec "$@" >&-'
    done = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-c", START] + args, stderr=subprocess.PIPE
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "args",
    [
        ["--version"],
        ["--help"],
        ["probe"],
        ["probe", "--json"],
        ["verify", "--json", "/nowhere"],
        ["nonsense", "--json"],
        ["doctor", "-q", "/nowhere", "--json"],
    ],
)
def test_a_reader_that_has_gone(args):
    """As a shell says of a program that SIGPIPE ended: what was to be said, an error too, has been read by
    nobody."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as gone:
        assert offkit(*args, stdout=gone) == (141, "")


def test_a_full_disk_behind_stderr():
    """The exit code is then all there is to say."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-c", START, "nonsense"], stderr=full)
    assert done.returncode == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ended_by_a_signal(tmp_path, number):
    """Interrupted, terminated, hung up: exit 130, while verifying a bundle from a pipe nobody fills."""
    fifo = str(tmp_path / "ready")
    os.mkfifo(fifo)
    # Short sleeps: Python notes a signal that comes before a system call only after it.
    code = START.replace("main()", "", 0)
    code = code.replace(
        "from offkit.cli.start",
        "import time; from offkit.cli import verify, render; "
        "verify.verify = lambda: (open({!r}, 'w').close(), [time.sleep(0.05) for _ in iter(int, 1)]); "
        "from offkit.cli.start".format(fifo),
    )
    running = subprocess.Popen([sys.executable, "-c", code, "verify"], stderr=subprocess.PIPE)
    try:
        with open(fifo):
            pass  # the command is inside its work now
        running.send_signal(number)
        err = running.communicate(timeout=LIMIT)[1].decode()
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 130
    assert "Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_modules_are_imported(number):
    """What is raised in a callback of a weak reference is ignored, and importlib has such callbacks."""
    code = (
        "import os, signal, weakref\n"
        "from offkit.edges import signals\n"
        "signal.signal({0}, signal.default_int_handler)\n"
        "def freed(_):\n    os.kill(os.getpid(), {0})\n    sum(range(1000))\n"
        "class Module: pass\n"
        "module = Module()\nwatched = weakref.ref(module, freed)\n"
        "try:\n    with signals.held():\n        del module\n"
        "except KeyboardInterrupt:\n    print('heard', signal.pthread_sigmask(signal.SIG_BLOCK, []))\n"
    ).format(int(number))
    said = subprocess.check_output([sys.executable, "-c", code], env=dict(os.environ, PYTHONPATH=TOOLKIT))
    assert said.decode().split() == ["heard", "set()"]


@pytest.mark.parametrize("args", [[], ["--json"]])
def test_a_terminal_that_hung_up(tmp_path, args):
    """A connection is lost: exit 130 with nobody to tell, and no log of an error that is none."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    code = START.replace(
        "from offkit.cli.start",
        "import os, time; from offkit.cli import generations\n"
        "def at_work(json: bool = False):\n"
        "    os.write({}, b'at work')\n"
        "    while True:\n"
        "        time.sleep(0.05)\n"
        "generations.generations = at_work\n"
        "from offkit.cli.start".format(writer),
    )
    pid, terminal = os.forkpty()
    if pid == 0:
        os.environ["TMPDIR"] = str(scratch)
        os.execv(sys.executable, [sys.executable, "-c", code, "generations"] + args)
    os.close(writer)
    assert heard(reader) == b"at work", os.read(terminal, 4096)
    os.close(reader)
    os.close(terminal)
    assert os.waitpid(pid, 0)[1] >> 8 == 130
    assert os.listdir(str(scratch)) == []


def test_no_space_for_temporary_files_is_no_bug():
    """ENOSPC from anywhere is the machine's trouble: exit 4, with the place and what to do."""
    code = START.replace(
        "from offkit.cli.start",
        "import errno; from offkit.cli import probe\n"
        "def probe_(): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "probe.probe = probe_\n"
        "from offkit.cli.start",
    )
    done = subprocess.run([sys.executable, "-c", code, "probe"], stderr=subprocess.PIPE)
    assert done.returncode == 4
    assert b"TMPDIR" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("number", "fix"),
    [
        (errno.ENOSPC, "free some space there"),
        (errno.EDQUOT, "free some space there"),
        (errno.EROFS, "mount it writable"),
        (errno.EACCES, "check the permissions there"),
        (errno.EPERM, "check the permissions there"),
        (errno.EMFILE, "raise the limit of open files (ulimit -n)"),
    ],
)
def test_what_a_disk_or_its_rights_refuse(monkeypatch, capsys, number, fix):
    """Exit 4 wherever in a command it happens, with the file, what helps, and no log."""
    monkeypatch.setattr(app, "_run", failing(OSError(number, os.strerror(number), "/srv/file")))
    monkeypatch.setattr(app, "_write_log", failing(AssertionError("a log is written")))
    assert app._guarded(["probe"]) == 4
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "error: /srv/file: " + os.strerror(number),
        "fix: " + fix,
    ]


def test_the_place_of_a_refusal_that_names_none(monkeypatch, capsys):
    """TMPDIR, else a temporary file; below it, it is TMPDIR that can be set."""
    temporary = OSError(errno.ENOSPC, "full", os.path.join(tempfile.gettempdir(), "x"))
    for error, where in (
        (OSError(errno.ENOSPC, "full"), "/tmp/mine"),
        (temporary, temporary.filename),
        (OSError(errno.ENOSPC, "full", os.fsencode(temporary.filename)), temporary.filename),
    ):
        monkeypatch.setenv("TMPDIR", "/tmp/mine")
        monkeypatch.setattr(app, "_run", failing(error))
        assert app._guarded(["probe"]) == 4
        told = capsys.readouterr().err.splitlines()
        assert told == [
            "error: {}: full".format(where),
            "fix: free some space there, or set TMPDIR to another directory",
        ]
    # Another directory gives no file that can be opened.
    monkeypatch.setattr(app, "_run", failing(OSError(errno.EMFILE, "too many")))
    assert app._guarded(["probe"]) == 4
    assert capsys.readouterr().err.splitlines()[1] == "fix: raise the limit of open files (ulimit -n)"
    monkeypatch.delenv("TMPDIR")
    monkeypatch.setattr(app, "_run", failing(OSError(errno.ENOSPC, "full")))
    assert app._guarded(["probe"]) == 4
    assert capsys.readouterr().err.startswith("error: a temporary file: full\n")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), 130),
        (RequestError("no"), 1),
        (UsageError("no"), 2),
        (IntegrityError("no"), 3),
        (EnvironmentProblem("no"), 4),
        (MemoryError(), 4),
        (OSError(errno.EIO, "Input/output error", "/srv/file"), 70),
        (OSError("without a number"), 70),
        (ValueError("boom"), 70),
    ],
)
def test_the_code_of_each_end(monkeypatch, capsys, tmp_path, error, code):
    """As the table has it; only what nobody foresaw leaves a log."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(app, "_run", failing(error))
    assert app._guarded(["probe"]) == code
    assert capsys.readouterr().err
    assert len(os.listdir(str(tmp_path))) == (code == 70)


@pytest.mark.parametrize(
    ("failure", "last"),
    [
        ("RuntimeError('boom')", "RuntimeError: boom"),
        ("OSError(5, 'Input/output error', '/srv/file')", "Input/output error: '/srv/file'"),
    ],
    ids=["a bug", "an error of the system that nobody foresaw"],
)
def test_a_bug_leaves_its_traceback_in_a_file(tmp_path, failure, last):
    """Exit 70, the last line on the screen, the rest in a log whose path is printed."""
    code = START.replace(
        "from offkit.cli.start",
        "from offkit.cli import probe\n"
        "def probe_(): raise {}\n"
        "probe.probe = probe_\n"
        "from offkit.cli.start".format(failure),
    )
    environment = dict(os.environ, TMPDIR=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code, "probe"], stderr=subprocess.PIPE, env=environment)
    assert done.returncode == 70
    assert last in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    (log,) = os.listdir(str(tmp_path))
    assert str(tmp_path / log) in done.stderr.decode()
    with open(str(tmp_path / log)) as text:
        lines = text.read().splitlines()
    assert lines[0].startswith("offkit {} on Python {}.{}.".format(__version__, *sys.version_info[:2]))
    assert "arguments: ['probe']" in lines
    assert any(line.startswith("Traceback") for line in lines)
    assert lines[-1].endswith(last)


def test_a_log_that_cannot_be_written(monkeypatch, capsys, tmp_path):
    """The error is told all the same, and so is its code."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    monkeypatch.setattr(app, "_run", failing(ValueError("boom")))
    assert app._guarded(["probe"]) == 70
    assert "ValueError: boom" in capsys.readouterr().err

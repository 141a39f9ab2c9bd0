"""However a command ends, it ends with a code of the table and without a traceback."""

import os
import signal
import subprocess
import sys

import pytest

from waiting import LIMIT, heard

TOOLKIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "toolkit")
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
    code = START.replace("main()", "", 0)
    code = code.replace(
        "from offkit.cli.start",
        "import time; from offkit.cli import verify, render; "
        "verify.verify = lambda: (open({!r}, 'w').close(), time.sleep(600)); from offkit.cli.start".format(
            fifo
        ),
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
        "from offkit.cli.importing import importing\n"
        "signal.signal({0}, signal.default_int_handler)\n"
        "def freed(_):\n    os.kill(os.getpid(), {0})\n    sum(range(1000))\n"
        "class Module: pass\n"
        "module = Module()\nwatched = weakref.ref(module, freed)\n"
        "try:\n    with importing():\n        del module\n"
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
        "    time.sleep(600)\n"
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


def test_a_bug_leaves_its_traceback_in_a_file(tmp_path):
    """Exit 70, the last line on the screen, the rest in a log whose path is printed."""
    code = START.replace(
        "from offkit.cli.start",
        "from offkit.cli import probe\n"
        "def probe_(): raise RuntimeError('boom')\n"
        "probe.probe = probe_\n"
        "from offkit.cli.start",
    )
    environment = dict(os.environ, TMPDIR=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code, "probe"], stderr=subprocess.PIPE, env=environment)
    assert done.returncode == 70
    assert b"RuntimeError: boom" in done.stderr
    assert b"Traceback" not in done.stderr
    (log,) = os.listdir(str(tmp_path))
    assert log in done.stderr.decode()
    with open(str(tmp_path / log)) as text:
        assert "Traceback" in text.read()

"""Other programs: what they are given, what they say, and how they end with us."""

import os
import signal
import subprocess
import sys

import pytest

import waiting
from offkit.edges import run


def python(code):
    return [sys.executable, "-I", "-S", "-c", code]


def test_what_a_child_inherits(monkeypatch):
    """Where to find things and how to speak; nothing that steers Python, pip or the loader."""
    before = {
        "PATH": "/bin",
        "HOME": "/root",
        "PIP_INDEX_URL": "x",
        "PYTHONPATH": "x",
        "LD_LIBRARY_PATH": "x",
    }
    monkeypatch.setattr(os, "environ", before)
    kept = {"PATH": "/bin", "HOME": "/root", "RES_OPTIONS": "attempts:0"}
    assert run.clean_environment() == kept
    more = {"HOME": "/tmp", "LC_ALL": "C"}
    assert run.clean_environment(more) == dict(kept, **more)
    assert run.clean_environment({"RES_OPTIONS": ""})["RES_OPTIONS"] == ""
    assert "LC_ALL" not in before


def test_both_streams_and_the_code(tmp_path):
    """As text, whatever bytes they are; stdin is empty."""
    code = (
        "import os, sys; os.write(1, b'out \\xff' + sys.stdin.read().encode()); "
        "os.write(2, b'err \\xfe'); sys.exit(3)"
    )
    argv = python(code)
    done = run.run(argv)
    assert done == run.Result(argv, 3, "out \\xff", "err \\xfe")
    assert not done.ok
    assert run.run(python("import os; print(os.getcwd())"), cwd=str(tmp_path)).stdout == str(tmp_path) + "\n"


def test_a_child_cannot_be_answered(tmp_path):
    """Whatever this process reads from, a program finds nothing there: none may wait for an answer."""
    kept, (reads, writes) = os.dup(0), os.pipe()
    try:
        os.write(writes, b"yes\n")
        os.dup2(reads, 0)
        asks = python("import sys; print(repr(sys.stdin.read()))")
        done = run.run(asks)
        run.run_into(asks, str(tmp_path / "out"))
    finally:
        os.dup2(kept, 0)
        for handle in (kept, reads, writes):
            os.close(handle)
    assert done.stdout == "''\n"
    assert (tmp_path / "out").read_text() == "''\n"


def test_the_environment_of_a_program(monkeypatch):
    """The clean one; or exactly the one that is given."""
    monkeypatch.setenv("PIP_INDEX_URL", "elsewhere")
    asks = python("import os; print(sorted(set(os.environ) & {'PIP_INDEX_URL', 'RES_OPTIONS', 'ODD'}))")
    assert run.run(asks).stdout == "['RES_OPTIONS']\n"
    assert run.run(asks, {"ODD": "1"}).stdout == "['ODD']\n"


def test_a_program_that_is_not_there(tmp_path):
    """127 and a reason, as of a shell; the file that was to take its words is there and empty."""
    argv = [str(tmp_path / "none"), "-x"]
    said = "{}: No such file or directory".format(argv[0])
    assert run.run(argv) == run.Result(argv, 127, "", said)
    assert run.run_into(argv, str(tmp_path / "out")) == run.Result(argv, 127, "", said)
    assert (tmp_path / "out").read_bytes() == b""


def test_into_a_file(tmp_path, monkeypatch):
    """Bytes as they are; a file that is there already is left alone."""
    monkeypatch.setenv("PIP_INDEX_URL", "elsewhere")
    path = tmp_path / "out"
    argv = python(
        "import os; os.write(1, b'\\xff\\n' + str('PIP_INDEX_URL' in os.environ).encode()); "
        "os.write(2, b'e\\xfe'); os._exit(5)"
    )
    assert run.run_into(argv, str(path)) == run.Result(argv, 5, "", "e\\xfe")
    assert path.read_bytes() == b"\xff\nFalse"
    with pytest.raises(FileExistsError):
        run.run_into(argv, str(path))
    assert path.read_bytes() == b"\xff\nFalse"
    asks = python("import os; print('ODD' in os.environ)")
    run.run_into(asks, str(tmp_path / "odd"), {"ODD": "1"})
    assert (tmp_path / "odd").read_bytes() == b"True\n"


@pytest.mark.parametrize(
    ("gently", "place", "ended"),
    [({}, None, -signal.SIGKILL), ({"gently": True}, None, -signal.SIGTERM), ({}, "out", -signal.SIGKILL)],
)
def test_interrupted_while_it_runs(monkeypatch, tmp_path, gently, place, ended):
    """It ends with us: killed, or asked to when it must not stop in the middle; and it is waited for."""
    started = []

    class Program(subprocess.Popen):
        def communicate(self, *args, **more):
            if self not in started:
                started.append(self)
                raise KeyboardInterrupt
            return super().communicate(*args, **more)

    monkeypatch.setattr(run.subprocess, "Popen", Program)
    argv = python("import signal; signal.pause()")
    with pytest.raises(KeyboardInterrupt):
        run.run(argv, **gently) if place is None else run.run_into(argv, str(tmp_path / place))
    (program,) = started
    assert program.returncode == ended
    for stream in (program.stdout, program.stderr):
        if stream is not None:
            stream.close()


def test_all_that_it_has_started_ends_with_it(monkeypatch, tmp_path):
    """Of a program that is alone: when we go on, nobody writes any more."""
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)

    class Program(subprocess.Popen):
        interrupted = False

        def communicate(self, *args, **more):
            if not self.interrupted:
                self.interrupted = True
                with open(fifo) as source:  # until the other has begun
                    assert source.readline() == "begun\n"
                raise KeyboardInterrupt
            return super().communicate(*args, **more)

    monkeypatch.setattr(run.subprocess, "Popen", Program)
    child = "exec 3>'{}'; echo begun >&3; while :; do :; done".format(fifo)
    argv = python("import subprocess; subprocess.call(['sh', '-c', {!r}])".format(child))
    with pytest.raises(KeyboardInterrupt):
        run.run(argv, alone=True)
    handle = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert os.read(handle, 1) == b""  # BlockingIOError where somebody still has it open
    finally:
        os.close(handle)


def test_everything_that_a_child_inherits(monkeypatch):
    """Each of these, and nothing else."""
    kept = ["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "USER", "LOGNAME", "TERM", "SHELL"]
    everything = {name: name.lower() for name in kept}
    monkeypatch.setattr(os, "environ", dict(everything, PYTHONHOME="x", LD_PRELOAD="x", VIRTUAL_ENV="x"))
    assert run.clean_environment() == dict(everything, RES_OPTIONS="attempts:0")


def test_what_cannot_be_started_for_another_reason(monkeypatch):
    """Without a number the error speaks for itself."""

    def refuse(*args, **more):
        raise OSError("odd")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert run.run(["x", "y"]) == run.Result(["x", "y"], 127, "", "x: odd")


def test_how_programs_are_started(monkeypatch, tmp_path):
    """Nothing to read, both streams or a file to write, in a place and an environment of their own."""
    asked = []

    class Program:
        returncode = 0

        def __init__(self, argv, **how):
            asked.append((argv, how))

        def communicate(self):
            return b"o", b"e"

    monkeypatch.setattr(subprocess, "Popen", Program)
    assert run.run(("a", "b"), {"X": "1"}, "/d") == run.Result(("a", "b"), 0, "o", "e")
    assert run.run(("a",), {}).ok
    done = run.run_into(("a",), str(tmp_path / "out"), {})
    assert done == run.Result(("a",), 0, "", "e")
    assert run.run(("a",), {}, alone=True).ok
    assert [how.pop("start_new_session") for _, how in asked] == [False, False, False, True]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    assert asked[0] == (["a", "b"], dict(streams, env={"X": "1"}, cwd="/d"))
    assert asked[1] == (["a"], dict(streams, env={}, cwd=None))
    assert asked[2][1].pop("stdout").name == str(tmp_path / "out")
    del streams["stdout"]
    assert asked[2] == (["a"], dict(streams, env={}, cwd=None))


def test_what_runs_for_the_length_of_a_block():
    """It has said that it is ready; the end of its stdin is its own, and its session is not ours."""
    says = "import os, sys; print(os.getsid(0) == os.getpid(), flush=True); sys.stdin.read(); sys.exit(3)"
    with run.kept(python(says), run.clean_environment()) as started:
        assert (started.ok, started.stdout) == (True, "True\n")
    with pytest.raises(KeyError):
        with run.kept(python("import sys; print(1, flush=True); sys.stdin.read()"), {}) as started:
            raise KeyError
    with run.kept(python("import sys; sys.exit('no')"), run.clean_environment()) as started:
        assert (started.returncode, started.stdout, started.stderr) == (1, "", "no\n")
    with run.kept(["/nowhere/x"], {}) as started:
        assert started[1:] == (127, "", "/nowhere/x: No such file or directory")


ECHO = "import sys\nfor line in sys.stdin:\n    print(line.strip() * 2, flush=True)\n"


def test_a_program_that_answers():
    """A line for a line; nothing once it has ended, nor where there is none."""
    with run.answering(python(ECHO)) as ask:
        assert [ask("one"), ask("two")] == ["oneone\n", "twotwo\n"]
    with run.answering(python("")) as ask:
        assert [ask("one"), ask("two")] == ["", ""]
    with run.answering([os.path.join(os.sep, "nowhere", "program")]) as ask:
        assert ask("one") == ""


def test_a_program_that_never_answers():
    """It ends with those that other threads wait for, or with the block."""
    waits = python("import sys\nfor line in sys.stdin:\n    pass\n")
    with run.answering(waits) as ask, run.stopping():
        assert ask("one") == ""
    with run.stopping(), run.answering(waits) as ask:
        assert ask("one") == ""
    with pytest.raises(ZeroDivisionError), run.answering(waits):
        raise ZeroDivisionError


def test_a_program_that_answers_ends_with_whoever_is_killed(tmp_path):
    """With its stdin, which nobody else has; of several, each."""
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    code = (
        "import os, signal\nfrom offkit.edges import run\n"
        "argv = {!r}\n"
        "with run.answering(argv) as one, run.answering(argv) as other:\n"
        "    os.write(1, (one('a') + other('b')).encode())\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    ).format([*python("import sys\nheld = open(sys.argv[1], 'w')\n" + ECHO), fifo])
    handle = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        env = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, env=env)
        assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"aa\nbb\n")
        os.set_blocking(handle, True)
        assert os.read(handle, 1) == b""  # once both have closed it
    finally:
        os.close(handle)


def watched(text, seconds=waiting.LIMIT, most=100):
    return run.watched([sys.executable, "-c", text], run.clean_environment(), "/", seconds, most)


def test_watched_keeps_the_ends():
    """Of both streams, however much there is; how much that was is counted."""
    done = watched(
        "import sys\nfor n in range(100000): print(n)\nprint('end', file=sys.stderr)\nsys.exit(3)\n"
    )
    assert (done.result.returncode, done.late, done.written) == (3, False, 588890 + 4)
    assert (done.result.stdout[-13:], len(done.result.stdout)) == ("\n99998\n99999\n", 100)
    assert done.result.stderr == "end\n"


def test_watched_ends_what_does_not_end(tmp_path):
    """When its time is over; and what it has started, with it or after it."""
    os.mkfifo(str(tmp_path / "fifo"))
    start = "import subprocess\nsubprocess.Popen(['sh', '-c', 'exec sleep 100000 >{}'])\n".format(
        tmp_path / "fifo"
    )
    for more, late in (("import time; time.sleep(100000)", True), ("", False)):
        reader = os.open(str(tmp_path / "fifo"), os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(reader, True)
        done = watched(start + more, 1 if late else waiting.LIMIT)
        assert (done.late, done.result.returncode) == (late, -9 if late else 0)
        assert os.read(reader, 1) == b""  # nobody holds it any more
        os.close(reader)


def test_watched_that_closes_its_streams():
    """It is waited for all the same."""
    done = watched("import os, time\nos.close(1)\nos.close(2)\ntime.sleep(0.2)\nos._exit(5)")
    assert (done.late, done.result.returncode) == (False, 5)


def test_watched_that_cannot_be_started():
    """As a shell says it."""
    done = run.watched(["/nowhere/x"], {}, "/", 5, 100)
    assert (done.result.returncode, done.late) == (127, False)
    assert "/nowhere/x" in done.result.stderr

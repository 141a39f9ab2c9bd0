"""The one door to other programs: argument lists, never a shell string."""

import os
import selectors
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import IO, Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Union

# What a child may inherit. Not PYTHON*, PIP_*, LD_*, VIRTUAL_ENV: those change what runs.
_KEEP = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "USER", "LOGNAME", "TERM", "SHELL")


class Result(NamedTuple):
    argv: Sequence[str]
    returncode: int
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        return self.returncode == 0


_PATIENCE = 5.0  # seconds for processes that have been killed to be gone
_LOOK = 0.05  # seconds between two looks whether a program has ended whose streams others hold
_running: Dict[Any, bool] = {}  # processes, and whether they are to be ended gently
_stops: List[int] = []  # something while they are being ended

# No name server is asked: yum wants to know this machine's full name (libcurl, by way of OpenLDAP),
# and where none answers that is a time-out each. resolv.conf(5).
RES_OPTIONS = "attempts:0"


def clean_environment(extra: Optional[Dict[str, str]] = None) -> Dict[str, str]:
    """The caller's environment without what would steer Python, pip or the loader, or ask the network."""
    kept = {name: os.environ[name] for name in _KEEP if name in os.environ}
    kept.update({"RES_OPTIONS": RES_OPTIONS}, **(extra or {}))
    return kept


def run(
    argv: Sequence[str],
    env: Optional[Dict[str, str]] = None,
    cwd: Optional[str] = None,
    gently: bool = False,
    alone: bool = False,
) -> Result:
    """Run to the end and capture both streams as text (undecodable bytes are escaped).

    ``env`` is the whole environment; by default ``clean_environment()``. A program that
    cannot be started gives returncode 127 and the reason in stderr, as a shell would. When this
    process is interrupted the program is killed; ``gently`` asks it to end and waits, for what
    must not stop in the middle (rpm, which finishes the package it is at). ``alone``: in a session of its
    own, with all that it starts, so that all of that is killed with it.
    """
    return _run(argv, env, subprocess.PIPE, cwd, gently, alone)


def run_into(argv: Sequence[str], path: str, env: Optional[Dict[str, str]] = None) -> Result:
    """As ``run``, with what the program writes on stdout in the new file ``path``.

    Raises OSError when that cannot be made.
    """
    with open(path, "xb") as sink:
        return _run(argv, env, sink)


class Watched(NamedTuple):
    """What came of a program that was not waited for for ever."""

    result: Result  # with the ends of both streams
    late: bool  # it was killed, as its time was over
    written: int  # bytes on both streams, all told


def watched(argv: Sequence[str], env: Dict[str, str], cwd: str, seconds: float, most: int) -> Watched:
    """As ``run``, for at most so many seconds, keeping at most so many bytes of each stream.

    It has a session of its own, and whatever of its process group is still there when it has ended is
    killed; who holds its streams beyond that is not waited for.
    """
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        return Watched(_unstarted(argv, error), False, 0)
    out, err = _Tail(process.stdout, most), _Tail(process.stderr, most)
    _running[process] = False
    if _stops:
        _end(process, False)
    try:
        late = not _follow(process, (out, err), time.monotonic() + seconds)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        del _running[process]
        for tail in (out, err):
            tail.close()
    return Watched(Result(argv, process.returncode, out.text, err.text), late, out.seen + err.seen)


class _Tail:
    """The end of a stream."""

    def __init__(self, stream: Any, most: int) -> None:
        self.stream, self._most, self._kept, self.seen = stream, most, b"", 0
        os.set_blocking(stream.fileno(), False)

    def read(self) -> bool:
        """What there is now; False at its end."""
        try:
            data = os.read(self.stream.fileno(), 1 << 20)
        except BlockingIOError:
            return True
        self.seen += len(data)
        self._kept = (self._kept + data)[-self._most :]
        return bool(data)

    def close(self) -> None:
        self.read()
        self.stream.close()

    @property
    def text(self) -> str:
        return self._kept.decode("utf-8", "backslashreplace")


def _follow(process: Any, tails: Sequence[_Tail], until: float) -> bool:
    """Read until it has ended, which leaves it to be waited for; False when the time is over before."""
    with selectors.DefaultSelector() as selector:
        for tail in tails:
            selector.register(tail.stream, selectors.EVENT_READ, tail)
        while time.monotonic() < until:
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                return True
            for key, _ in selector.select(_LOOK if selector.get_map() else _LOOK / 10):
                if not key.data.read():
                    selector.unregister(key.fileobj)
    return False


@contextmanager
def kept(argv: Sequence[str], env: Dict[str, str]) -> Iterator[Result]:
    """A program that runs for the length of the block: it says a line when it is ready and ends with its
    stdin, so also when this process is killed. The result is not ``ok`` where it ended instead.

    It has a session of its own: an interrupt from the terminal reaches it by the end of the block.
    """
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            start_new_session=True,
        )
    except OSError as error:
        yield _unstarted(argv, error)
        return
    with process:  # closes its stdin, and waits
        assert process.stdout is not None
        said = process.stdout.readline()
        if said:
            yield Result(argv, 0, said.decode("utf-8", "backslashreplace"), "")
            return
        _, err = process.communicate()
        yield Result(argv, process.returncode or 1, "", err.decode("utf-8", "backslashreplace"))


@contextmanager
def answering(argv: Sequence[str]) -> Iterator[Callable[[str], str]]:
    """A function that gives a program a line and returns the line that it answers, "" where it has ended or
    could not be started. One thread at a time may ask.

    It must end with its stdin, so that it does when this process is killed; by the end of the block it is.
    """
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=clean_environment(),
        )
    except OSError:
        yield lambda line: ""
        return
    asked, said = process.stdin, process.stdout
    assert asked is not None
    assert said is not None

    def ask(line: str) -> str:
        with suppress(OSError):  # it has ended
            asked.write(line.encode("utf-8") + b"\n")
            asked.flush()
        return said.readline().decode("utf-8", "backslashreplace")

    _running[process] = False
    if _stops:
        _end(process, False)
    try:
        yield ask
    finally:
        process.kill()
        del _running[process]
        with suppress(OSError):
            asked.close()
        said.close()
        process.wait()


def _unstarted(argv: Sequence[str], error: OSError) -> Result:
    # The strerror of CPython 3.6's subprocess has the name in it as well.
    why = os.strerror(error.errno) if error.errno else str(error)
    return Result(argv, 127, "", "{}: {}".format(argv[0], why))


@contextmanager
def stopping() -> Iterator[None]:
    """For the length of the block, programs that other threads wait for are ended, each as its ``run`` says;
    so is what they start only now."""
    _stops.append(1)
    try:
        for process, gently in list(_running.items()):
            _end(process, gently)
        yield
    finally:
        _stops.pop()


def _end(process: Any, gently: bool) -> None:
    """Its whole group, where it leads one of its own, as timeout(1) does: that passes a signal on, but not
    while it is starting."""
    if not hasattr(os, "killpg"):  # Windows
        process.kill()
        return
    number = signal.SIGTERM if gently else signal.SIGKILL
    with suppress(ProcessLookupError):  # it has ended by itself
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)


def _run(
    argv: Sequence[str],
    env: Optional[Dict[str, str]],
    stdout: Union[int, IO[bytes]],
    cwd: Optional[str] = None,
    gently: bool = False,
    alone: bool = False,
) -> Result:
    try:
        done = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=clean_environment() if env is None else env,
            cwd=cwd,
            start_new_session=alone,
        )
    except OSError as error:
        return _unstarted(argv, error)
    _running[done] = gently
    if _stops:
        _end(done, gently)
    try:
        out, err = done.communicate()
    except BaseException:
        _end(done, gently)
        if gently:
            done.communicate()
        elif alone:  # its pipes end with the last that was started
            with suppress(subprocess.TimeoutExpired):
                done.communicate(timeout=_PATIENCE)
        else:
            done.wait()
        raise
    finally:
        del _running[done]
    told = out if stdout == subprocess.PIPE else b""
    said = [stream.decode("utf-8", "backslashreplace") for stream in (told, err)]
    return Result(argv, done.returncode, *said)

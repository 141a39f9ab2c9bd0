"""The one door to other programs: argument lists, never a shell string."""

import os
import signal
import subprocess
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

"""The signals that end a program: all as Ctrl-C does, and never where that would be lost."""

import _thread
import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import Any, Iterator, List

ENDINGS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
_begun: List[int] = []  # by the one signal that interrupt_once() takes


def interrupt() -> None:
    """From now on a termination and a hang-up (a dropped ssh) end the program as Ctrl-C does, with
    everything cleaned up; what nohup(1) had ignored, or somebody else handles, stays so."""
    for number in ENDINGS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    # What a handler raises in a destructor or in a callback of a weak reference is lost; Python tells of it
    # from 3.8 on.
    if "unraisablehook" in vars(sys):
        vars(sys)["unraisablehook"] = _unraisable


def _unraisable(lost: Any) -> None:
    if issubclass(lost.exc_type, KeyboardInterrupt):
        del _begun[:]
        _thread.start_new_thread(_again, ())
    else:
        vars(sys)["__unraisablehook__"](lost)


def _again() -> None:
    """Once the destructor has ended; if it has not, that is lost too, and comes again."""
    time.sleep(0.01)
    if not hasattr(signal, "pthread_kill"):  # Windows
        _thread.interrupt_main()
        return
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM if ignored else signal.SIGINT)


def interrupt_once() -> None:
    """The same, and Ctrl-C too, but only the first of them: a second one, by the terminal and by
    install.sh, must not end the cleaning up. A SIGINT that was ignored, as a shell has it for what runs in
    its background, counts."""
    del _begun[:]

    def end(number: int, frame: Any) -> None:
        if not _begun:
            _begun.append(number)
            raise KeyboardInterrupt

    for number in (signal.SIGINT, *ENDINGS):
        if number == signal.SIGINT or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end)


@contextmanager
def held(*more: int) -> Iterator[None]:
    """Signals that end programs, and ``more``, come afterwards; processes started here begin with them
    blocked.

    Imports belong in here, for what a handler raises meanwhile may be lost: importlib frees its locks in
    callbacks of weak references, whose exceptions are ignored, and extension modules clear what is
    raised in them.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, *ENDINGS, *more))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

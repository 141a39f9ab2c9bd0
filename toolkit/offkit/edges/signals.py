"""The signals that end a program: all as Ctrl-C does, and never where that would be lost."""

import signal
from contextlib import contextmanager
from typing import Any, Iterator, List

ENDINGS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def interrupt() -> None:
    """From now on a termination and a hang-up (a dropped ssh) end the program as Ctrl-C does, with
    everything cleaned up; what nohup(1) had ignored, or somebody else handles, stays so."""
    for number in ENDINGS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def interrupt_once() -> None:
    """The same, and Ctrl-C too, but only the first of them: a second one, by the terminal and by
    install.sh, must not end the cleaning up. A SIGINT that was ignored, as a shell has it for what runs in
    its background, counts."""
    begun: List[int] = []

    def end(number: int, frame: Any) -> None:
        if not begun:
            begun.append(number)
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

"""Importing, without losing an interruption."""

import signal
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def importing() -> Iterator[None]:
    """Import in here: signals that end programs come afterwards.

    What a handler raises meanwhile may be lost: importlib frees its locks in callbacks of weak
    references, whose exceptions are ignored, and extension modules clear what is raised in them.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

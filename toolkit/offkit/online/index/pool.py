"""Several things at a time, and none of them waited for by whoever is interrupted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

from offkit.edges import run

# Seconds after which whoever waits looks whether he was interrupted: a signal that comes when the main thread
# is about to wait for a lock has been handled, and wakes nobody (PEP 475 is about calls that have begun).
_LOOK = 0.2
_Result = TypeVar("_Result")


def until(event: threading.Event) -> None:
    """As its wait."""
    while not event.wait(_LOOK):
        pass


def outcome(job: Future[_Result]) -> _Result:
    """As its result."""
    while not job.done():
        wait([job], _LOOK)
    return job.result()


class _Pool(ThreadPoolExecutor):
    def map(self, fn: Callable[..., _Result], *iterables: Iterable[Any], **named: Any) -> Iterator[_Result]:
        jobs = [self.submit(fn, *each) for each in zip(*iterables, strict=False)]
        return map(outcome, jobs)


@contextmanager
def pool(workers: int | None, programs: bool = False) -> Iterator[ThreadPoolExecutor]:
    """As ThreadPoolExecutor. When the program is interrupted, nothing more begins; ``programs``, which the
    threads wait for, are ended, and a server that does not answer is not waited for (see cli.app.main)."""
    made = _Pool(workers)
    try:
        yield made
    except KeyboardInterrupt:
        with run.stopping() if programs else nullcontext():
            made.shutdown(wait=programs, cancel_futures=True)
        raise
    except BaseException:
        made.shutdown()
        raise
    made.shutdown()

"""Wheels are read as they come, beside the coming of the others; whoever asks of them later finds it read."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path

from offkit.model.target import Target
from offkit.online.index.pool import outcome, pool
from offkit.online.proof import forecast, grammar
from offkit.online.proof.parsers import Parsers


class Reading:
    """What is found lies in the cache. What is wrong is told when it is asked for."""

    def __init__(
        self, target: Target, cache: Path, threads: Executor, asking: Executor, parsers: Parsers
    ) -> None:
        """The ``parsers`` are waited for by threads of their own, ``asking``, so that nobody else waits for
        what takes longest."""
        self._target, self._cache, self._threads, self._asking = target, cache, threads, asking
        self._parsers = parsers
        self._lock = threading.Lock()
        self._looks: list[Future[None]] = []
        self._others: list[Future[None]] = []
        self._over = False

    def add(self, path: Path) -> None:
        """A wheel has come into the cache."""
        with self._lock:
            self._looks.append(self._threads.submit(self._do, partial(forecast.look, path, self._cache)))
            if not grammar.was_there(path, self._target):
                parse = partial(grammar.findings, [path], self._target, self._cache, self._parsers)
                self._others.append(self._asking.submit(self._do, parse))

    def beside(self, job: Callable[[], object]) -> None:
        """Something else whose result is kept."""
        with self._lock:
            self._others.append(self._threads.submit(self._do, job))

    def looked(self) -> None:
        """Wait for what ``forecast`` finds."""
        for job in self._looks:
            outcome(job)

    def settle(self) -> None:
        """Wait for all that has begun."""
        for job in (*self._looks, *self._others):
            outcome(job)

    def stop(self) -> None:
        """Begin nothing more."""
        self._over = True

    def _do(self, job: Callable[[], object]) -> None:
        if not self._over:
            with contextlib.suppress(Exception):
                job()


@contextlib.contextmanager
def beside(target: Target, cache: Path) -> Iterator[Reading]:
    """For the length of the block."""
    count = os.cpu_count()
    with Parsers() as parsers, pool(count, programs=True) as threads, pool(count, programs=True) as asking:
        reading = Reading(target, cache, threads, asking, parsers)
        try:
            yield reading
        finally:
            reading.stop()

"""Wheels are read as they come, beside the coming of the others; whoever asks of them later finds it read."""

from __future__ import annotations

import contextlib
import heapq
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
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
        self._to_look = _Largest()
        self._to_parse = _Largest()
        self._over = False

    def add(self, path: Path) -> None:
        """A wheel has come into the cache."""
        with self._lock:
            self._to_look.add(path)
            self._looks.append(self._threads.submit(self._do, self._look))
            if not grammar.was_there(path, self._target):
                self._to_parse.add(path)
                self._others.append(self._asking.submit(self._do, self._parse))

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

    def _look(self) -> None:
        forecast.look(self._to_look.take(), self._cache)

    def _parse(self) -> None:
        grammar.findings([self._to_parse.take()], self._target, self._cache, self._parsers)

    def _do(self, job: Callable[[], object]) -> None:
        if not self._over:
            with contextlib.suppress(Exception):
                job()


class _Largest:
    """What waits. The largest goes first: were it the last, it would be waited for alone."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Path]] = []
        self._lock = threading.Lock()

    def add(self, path: Path) -> None:
        with self._lock:
            heapq.heappush(self._waiting, (-path.stat().st_size, path))

    def take(self) -> Path:
        with self._lock:
            return heapq.heappop(self._waiting)[1]


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

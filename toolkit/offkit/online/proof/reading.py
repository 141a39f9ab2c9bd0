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

    def __init__(self, target: Target, cache: Path, threads: Executor, parsers: Parsers) -> None:
        self._target, self._cache, self._threads = target, cache, threads
        self._parsers = parsers
        self._lock = threading.Lock()
        self._jobs: list[Future[None]] = []
        self._over = False

    def add(self, path: Path) -> None:
        """A wheel has come into the cache."""
        with self._lock:
            self._begin(partial(forecast.look, path, self._cache))
            if not grammar.was_there(path, self._target):
                self._begin(partial(grammar.findings, [path], self._target, self._cache, self._parsers))

    def beside(self, job: Callable[[], object]) -> None:
        """Something else whose result is kept."""
        with self._lock:
            self._begin(job)

    def settle(self) -> None:
        """Wait for what has begun."""
        for job in self._jobs:
            outcome(job)

    def stop(self) -> None:
        """Begin nothing more."""
        self._over = True

    def _begin(self, job: Callable[[], object]) -> None:
        self._jobs.append(self._threads.submit(self._do, job))

    def _do(self, job: Callable[[], object]) -> None:
        if not self._over:
            with contextlib.suppress(Exception):
                job()


@contextlib.contextmanager
def beside(target: Target, cache: Path) -> Iterator[Reading]:
    """For the length of the block."""
    with Parsers() as parsers, pool(os.cpu_count(), programs=True) as threads:
        reading = Reading(target, cache, threads, parsers)
        try:
            yield reading
        finally:
            reading.stop()

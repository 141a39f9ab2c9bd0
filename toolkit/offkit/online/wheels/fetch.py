"""Wheels from the index into the cache, several at a time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs

from offkit.model.errors import EnvironmentProblem
from offkit.model.report import Bar, Reporter
from offkit.model.words import several
from offkit.online.index.pool import outcome, pool
from offkit.online.request.locked import Lock, LockedWheel
from offkit.online.wheels import download, store
from offkit.online.wheels.download import Come, Failed, Wanted

PARALLEL = 8

Arrived = Callable[[Path], object]


def nobody(path: Path) -> None:
    """Who waits for a wheel, where nobody does."""


class Stored(NamedTuple):
    """A wheel, its hash known, and where its file lies."""

    wheel: LockedWheel
    path: Path


class Fetched(NamedTuple):
    """Wheels with their files, in the order asked for, and what it took."""

    files: tuple[Stored, ...]
    downloaded: int  # files that came over the network
    downloaded_size: int  # bytes


def default_cache() -> Path:
    """``~/.cache/offkit`` or what this system uses instead."""
    return Path(platformdirs.user_cache_path("offkit"))


def at_hand(wheels: Sequence[LockedWheel], cache: Path) -> Fetched | None:
    """The same of what is in the cache already; None unless all of it is."""
    found = _found(wheels, cache)
    if any(wheel.filename not in found for wheel in wheels):
        return None
    return Fetched(tuple(Stored(wheel, found[wheel.filename]) for wheel in wheels), 0, 0)


def fetch(
    wheels: Sequence[LockedWheel], session: Any, cache: Path, reporter: Reporter, arrived: Arrived = nobody
) -> Fetched:
    """Every wheel as a file whose hash was just checked. ``arrived`` is told of each that has come.

    ``session`` is pip's, so proxies, certificates and credentials are those of pip. Raises
    IntegrityError or EnvironmentProblem that name every wheel that failed.
    """
    store.sweep(store.directory(cache))
    found = _found(wheels, cache)
    lacking = [wheel for wheel in wheels if wheel.filename not in found]
    came = _downloaded(lacking, session, cache, reporter, arrived)
    files = (
        Stored(wheel._replace(sha256=came[wheel.filename].sha256), came[wheel.filename].path)
        if wheel.filename in came
        else Stored(wheel, found[wheel.filename])
        for wheel in wheels
    )
    return Fetched(tuple(files), len(came), sum(one.size for one in came.values()))


def _found(wheels: Sequence[LockedWheel], cache: Path) -> dict[str, Path]:
    """Those that the cache has, by the names of their files."""
    with pool(os.cpu_count()) as threads:
        paths = threads.map(lambda wheel: store.find(cache, wheel.sha256, wheel.filename), wheels)
        return {wheel.filename: path for wheel, path in zip(wheels, paths, strict=True) if path is not None}


def _downloaded(
    wheels: Sequence[LockedWheel], session: Any, cache: Path, reporter: Reporter, arrived: Arrived
) -> dict[str, Come]:
    """By the names of their files; all of them, or an error that names each that failed."""
    if not wheels:
        return {}
    plain = download.past_cache(session)
    wanted = [Wanted(wheel.name, wheel.filename, wheel.url, wheel.sha256) for wheel in wheels]
    came: dict[str, Come] = {}
    failures: list[Failed] = []
    with store.letting_go(), pool(PARALLEL) as threads:
        total = sum(threads.map(lambda one: download.size(one, plain), wanted))
        with reporter.bar(f"downloading {several(len(wanted), 'wheel')}", total, "B") as bar:
            progress = _Progress(bar)

            def get(one: Wanted) -> Come:
                bar.at(one.filename)
                come = download.get(one, plain, cache, progress.advance)
                arrived(come.path)
                return come

            jobs = [threads.submit(get, one) for one in wanted]
            for one, job in zip(wanted, jobs, strict=True):
                try:
                    came[one.filename] = outcome(job)
                except Failed as failed:
                    failures.append(failed)
    if failures:
        raise download.all_failures(failures)
    return came


def with_hashes(lock: Lock, session: Any, cache: Path, reporter: Reporter) -> Lock:
    """The lock with every hash known: wheels whose index names none are fetched and hashed."""
    unknown = [wheel for wheel in lock.wheels if not wheel.sha256]
    if not unknown:
        return lock
    known = {wheel.filename: wheel for wheel, _ in fetch(unknown, session, cache, reporter).files}
    return lock._replace(wheels=tuple(known.get(wheel.filename, wheel) for wheel in lock.wheels))


def write_text(path: Path, text: str) -> None:
    """A small result file. Raises EnvironmentProblem when the disk refuses."""
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise EnvironmentProblem(
            f"{path} cannot be written: {error.strerror}", fix="choose another with -o"
        ) from error


class _Progress:
    """A bar several threads may advance."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._lock = threading.Lock()

    def advance(self, amount: int) -> None:
        with self._lock:
            self._bar.advance(amount)

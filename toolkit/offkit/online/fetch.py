"""Wheels from the index into a cache that is addressed by content.

CACHE/wheels/<sha256>/<filename>. A file gets that place only after its hash was checked, by a
rename; so a second bundle downloads nothing, and an interrupted one leaves no half wheel.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs

from offkit.model import checksum
from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Bar, Reporter
from offkit.model.words import several
from offkit.online.locked import Lock, LockedWheel

PARALLEL = 8
ATTEMPTS = 3
CHUNK = 1 << 16
# CacheControl would keep a second copy of every wheel beside ours.
_HEADERS = {"Accept-Encoding": "identity", "Cache-Control": "no-store"}


class Stored(NamedTuple):
    """A wheel, its hash known, and where its file lies."""

    wheel: LockedWheel
    path: Path


class Fetched(NamedTuple):
    """Wheels with their files, in the order asked for, and what it took."""

    files: tuple[Stored, ...]
    downloaded: int  # files that came over the network
    downloaded_size: int  # bytes


class _Failed(Exception):
    """One wheel could not be had; carries its finding."""

    def __init__(self, finding: Finding, integrity: bool) -> None:
        super().__init__(finding.message)
        self.finding = finding
        self.integrity = integrity


def default_cache() -> Path:
    """``~/.cache/offkit`` or what this system uses instead."""
    return Path(platformdirs.user_cache_path("offkit"))


def fetch(wheels: Sequence[LockedWheel], session: Any, cache: Path, reporter: Reporter) -> Fetched:
    """Every wheel as a file whose hash was just checked.

    ``session`` is pip's, so proxies, certificates and credentials are those of pip. Raises
    IntegrityError or EnvironmentProblem that name every wheel that failed.
    """
    store = cache / "wheels"
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentProblem(
            f"the cache {store} cannot be written: {error.strerror}",
            fix="choose another with --cache-dir DIR",
        ) from error
    cached: dict[str, Path | None] = {wheel.filename: _cached(wheel, store) for wheel in wheels}
    wanted = [wheel for wheel in wheels if cached[wheel.filename] is None]
    failures: list[_Failed] = []
    got: dict[str, Stored] = {}
    if wanted:
        with ThreadPoolExecutor(PARALLEL) as pool:
            total = sum(pool.map(lambda wheel: _size(wheel, session), wanted))
            with reporter.bar(f"downloading {several(len(wanted), 'wheel')}", total, "B") as bar:
                progress = _Progress(bar)
                jobs = [pool.submit(_download, wheel, session, store, progress) for wheel in wanted]
                for job in jobs:
                    try:
                        stored = job.result()
                        got[stored.wheel.filename] = stored
                    except _Failed as failed:
                        failures.append(failed)
    if failures:
        raise _all_failures(failures)
    files = tuple(
        got[wheel.filename] if (found := cached[wheel.filename]) is None else Stored(wheel, found)
        for wheel in wheels
    )
    return Fetched(files, len(got), sum(stored.path.stat().st_size for stored in got.values()))


def with_hashes(lock: Lock, session: Any, cache: Path, reporter: Reporter) -> Lock:
    """The lock with every hash known: wheels whose index names none are fetched and hashed."""
    unknown = [wheel for wheel in lock.wheels if not wheel.sha256]
    if not unknown:
        return lock
    known = {wheel.filename: wheel for wheel, _ in fetch(unknown, session, cache, reporter).files}
    return lock._replace(wheels=tuple(known.get(wheel.filename, wheel) for wheel in lock.wheels))


def keep(filename: str, contents: bytes, cache: Path) -> Path:
    """A wheel that was made here, in the same place that a downloaded one has.

    Raises EnvironmentProblem when the disk refuses.
    """
    path = _place(cache / "wheels", hashlib.sha256(contents).hexdigest(), filename)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as part:
                part.write(contents)
            os.chmod(name, 0o644)
            os.replace(name, path)
        finally:
            if os.path.exists(name):
                os.unlink(name)
    except OSError as error:
        raise EnvironmentProblem(
            f"the cache {cache} cannot be written: {error.strerror}",
            fix="choose another with --cache-dir DIR",
        ) from error
    return path


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


def _place(store: Path, sha256: str, filename: str) -> Path:
    return store / sha256 / filename


def _cached(wheel: LockedWheel, store: Path) -> Path | None:
    """The cached file if its contents still have the right hash; a rotten one is removed."""
    if not wheel.sha256:
        return None
    path = _place(store, wheel.sha256, wheel.filename)
    try:
        with path.open("rb") as source:
            if checksum.sha256(source) == wheel.sha256:
                return path
        path.unlink()
    except OSError:
        pass  # not there, or not readable: the download will say what is wrong with the place
    return None


def _size(wheel: LockedWheel, session: Any) -> int:
    """Bytes to come, 0 where the index does not say: only the progress bar asks."""
    try:
        with session.head(wheel.url, headers=_HEADERS, allow_redirects=True) as response:
            return int(response.headers.get("Content-Length") or 0)
    except Exception:
        return 0


def _download(wheel: LockedWheel, session: Any, store: Path, progress: _Progress) -> Stored:
    """One wheel to its place, with a few attempts for bodies that break off."""
    reason = ""
    for _ in range(ATTEMPTS):
        handle, name = tempfile.mkstemp(dir=store, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as part:
                digest = _receive(wheel, session, part, progress)
            if wheel.sha256 and digest != wheel.sha256:
                reason = f"its sha256 is {digest}, the index promised {wheel.sha256}"
                continue
            path = _place(store, digest, wheel.filename)
            path.parent.mkdir(exist_ok=True)
            os.chmod(name, 0o644)
            os.replace(name, path)
            return Stored(wheel._replace(sha256=digest), path)
        except OSError as error:  # requests' exceptions are OSErrors, and so is a full disk
            reason = _reason(error)
        except Exception as error:
            if type(error).__module__.split(".")[0] != "pip":
                raise
            reason = _reason(error)
        finally:
            if os.path.exists(name):
                os.unlink(name)
    integrity = reason.startswith("its sha256")
    if "No space left" in reason:
        code, fix = "NET003", f"free some space in {store}, or choose another place with --cache-dir DIR"
    elif integrity:
        code, fix = "NET004", "a proxy or mirror alters files: use another --index-url"
    else:
        code, fix = "NET003", "run the same command again: finished downloads are kept"
    message = f"{wheel.filename} could not be downloaded: {reason}"
    raise _Failed(Finding(code, ERROR, wheel.name, message, (wheel.url,), fix), integrity)


def _receive(wheel: LockedWheel, session: Any, part: Any, progress: _Progress) -> str:
    digest = hashlib.sha256()
    with session.get(wheel.url, headers=_HEADERS, stream=True) as response:
        response.raise_for_status()
        for chunk in response.iter_content(CHUNK):
            digest.update(chunk)
            part.write(chunk)
            progress.advance(len(chunk))
    return digest.hexdigest()


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _all_failures(failures: Sequence[_Failed]) -> IntegrityError | EnvironmentProblem:
    findings = [failed.finding for failed in failures]
    if any(failed.integrity for failed in failures):
        return IntegrityError("downloaded files do not match the hashes of the index", findings)
    return EnvironmentProblem(f"{several(len(findings), 'wheel')} could not be downloaded", findings)

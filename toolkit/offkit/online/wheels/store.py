"""The cache of wheels, addressed by content: CACHE/wheels/<sha256>/<filename>.

A file gets that place only after its hash was checked, by a rename; so a second bundle downloads nothing, and
an interrupted one leaves no half wheel there. What has come of a wheel lies beside, .part-<sha256>, and goes
on from there.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import tempfile
import threading
import time
import weakref
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from offkit.edges import leftovers
from offkit.model import checksum
from offkit.model.errors import EnvironmentProblem
from offkit.online.wheels import dist_info, memo

with contextlib.suppress(ImportError):  # Windows: nothing goes on there from what another run left
    import fcntl

_WINDOWS = os.name == "nt"
_PART = ".part-"
_HASH = re.compile("[0-9a-f]{64}")
_CHUNK = 1 << 20  # bytes in memory at a time
_STALE = 7 * 24 * 3600  # seconds, after which nobody goes on with a part any more
OTHER_PLACE = "choose another with --cache-dir DIR"

# (device, inode, size, time of change) of files whose hash was found right in this process: it is asked for
# by whoever resolves, and again by whoever packs.
_checked: set[tuple[int, int, int, int]] = set()
_coming: set[Part] = set()  # of all threads
_forsaken: weakref.WeakSet[threading.Thread] = weakref.WeakSet()  # which nobody waits for any more
_door = threading.Lock()  # to both


def directory(cache: Path) -> Path:
    """Where the wheels lie. Raises EnvironmentProblem where that cannot be made."""
    place = cache / "wheels"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentProblem(
            f"the cache {place} cannot be written: {error.strerror}", fix=OTHER_PLACE
        ) from error
    return place


def find(cache: Path, sha256: str, filename: str) -> Path | None:
    """The wheel if it is there and its contents have that hash; a rotten one is removed."""
    path = cache / "wheels" / sha256 / filename
    if not _HASH.fullmatch(sha256):  # anybody may have written it, and what is rotten is removed
        return None
    try:
        with path.open("rb") as source:
            if _identity(source) in _checked:
                return path
            if checksum.sha256(source) == sha256:
                _checked.add(_identity(source))
                return path
        path.unlink()
    except OSError:
        pass  # not there, or not readable: the download will say what is wrong with the place
    return None


def sha256(path: Path) -> str:
    """Of a wheel that lies in a cache, as its place says."""
    return path.parent.name


def metadata(path: Path) -> bytes:
    """METADATA of a wheel. Raises OSError, ValueError, NotImplementedError and BadZipFile."""
    with zipfile.ZipFile(path) as archive:
        return dist_info.metadata(archive)


def headers(cache: Path, path: Path) -> bytes:
    """Those of METADATA of a wheel in the cache, read once. Raises what ``metadata`` does."""
    key = [sha256(path).encode("ascii")]
    return memo.recalled(cache, "headers", key, lambda: dist_info.headers(metadata(path)))


def names(cache: Path, sha256: str) -> list[str]:
    """What the wheels with that hash are called."""
    try:
        return sorted(name for name in os.listdir(cache / "wheels" / sha256) if name.endswith(".whl"))
    except OSError:
        return []


def keep(filename: str, contents: bytes, cache: Path) -> Path:
    """A wheel that was made here, in the same place that a downloaded one has.

    Raises EnvironmentProblem when the disk refuses.
    """
    try:
        with part(cache) as whole:
            whole.write(contents)
            return whole.place(filename)
    except OSError as error:
        raise EnvironmentProblem(
            f"the cache {cache} cannot be written: {error.strerror}", fix=OTHER_PLACE
        ) from error


class Part:
    """A file that is coming, and the hash of what it has."""

    def __init__(self, store: Path, file: BinaryIO, name: str, lasting: bool = False) -> None:
        """``lasting``: it has a name that a later run knows it by."""
        self._store, self._file, self.name, self._lasting = store, file, name, lasting
        self._inode = os.fstat(file.fileno()).st_ino
        self._digest = hashlib.sha256()
        self.size = 0  # bytes
        self.validator = ""  # what the server calls the file that they are of

    def go_on(self) -> None:
        """Count what an earlier run got."""
        for chunk in iter(lambda: self._file.read(_CHUNK), b""):
            self._count(chunk)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._count(chunk)

    def restart(self) -> None:
        """Forget what has come."""
        self._file.seek(0)
        self._file.truncate()
        self._digest = hashlib.sha256()
        self.size = 0

    def place(self, filename: str) -> Path:
        """Move the file, which is whole, to where it belongs. Raises OSError."""
        path = self._store / self.sha256 / filename
        path.parent.mkdir(exist_ok=True)
        self._file.flush()
        os.chmod(self.name, 0o644)
        if _WINDOWS:
            self._file.close()  # Windows moves no open file; elsewhere nobody else may get hold of it before
        os.replace(self.name, path)
        with path.open("rb") as source:
            _checked.add(_identity(source))
        return path

    def leave(self) -> None:
        """What has not been placed goes, unless a later run can go on with it."""
        with contextlib.suppress(OSError, ValueError):  # it has been placed, or closed
            self._file.flush()
        with contextlib.suppress(OSError):
            there = os.stat(self.name)
            if there.st_ino == self._inode and not (self._lasting and there.st_size):
                os.unlink(self.name)

    def _count(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self.size += len(chunk)


@contextlib.contextmanager
def part(cache: Path, sha256: str = "") -> Iterator[Part]:
    """A place for what comes, with what an earlier run got of a wheel with that hash.

    What is not placed in the end stays for a later run, if there is a hash to find it by. Raises OSError,
    and EnvironmentProblem where there can be no cache.
    """
    store = directory(cache)
    with _door:
        if threading.current_thread() in _forsaken:
            raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR))
        path = store / (_PART + sha256)
        file = _claimed(path) if _HASH.fullmatch(sha256) else None
        lasting = file is not None
        if file is None:
            handle, name = tempfile.mkstemp(dir=store, prefix=leftovers.prefix("wheel"))
            file, path = os.fdopen(handle, "w+b"), Path(name)
        coming = Part(store, file, str(path), lasting)
        _coming.add(coming)
    with file:
        try:
            coming.go_on()
            yield coming
        finally:
            _coming.discard(coming)
            if _WINDOWS:
                file.close()  # or it could not be removed; elsewhere the lock is held until it is gone
            coming.leave()


@contextlib.contextmanager
def letting_go() -> Iterator[None]:
    """When the block is interrupted, what other threads still wait for is left as ``part`` would leave it;
    they begin with nothing more."""
    try:
        yield
    except KeyboardInterrupt:
        with _door:
            _forsaken.update(set(threading.enumerate()) - {threading.current_thread()})
            for coming in list(_coming):
                coming.leave()
        raise


def _claimed(path: Path) -> BinaryIO | None:
    """The file, opened and locked, so that no two runs write to one; None where that cannot be had."""
    if _WINDOWS:
        return None
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file.fileno()).st_ino == os.stat(path).st_ino:
            return file
    except OSError:
        pass  # another run has it, or has just moved it away; or this file system has no locks
    file.close()
    return None


def tidy(cache: Path) -> None:
    """Remove what killed runs left here and among temporary files, and the parts that no run went on with for
    a week."""
    leftovers.sweep()
    for place in (cache / "wheels", *(cache / "made").glob("*")):
        leftovers.sweep(str(place))
    sweep(cache / "wheels")


def sweep(store: Path) -> None:
    """Remove the parts that no run went on with for a week."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(store):
            if entry.name.startswith(_PART) and entry.stat().st_mtime < time.time() - _STALE:
                os.unlink(entry.path)


def _identity(source: BinaryIO) -> tuple[int, int, int, int]:
    about = os.fstat(source.fileno())
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns

"""The tar: members in their fixed order, every byte a function of the manifest."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from offkit import __version__
from offkit.model import archive, layout, manifest
from offkit.model.errors import EnvironmentProblem, OffkitError, UsageError
from offkit.model.manifest import Manifest, Member
from offkit.model.report import Reporter
from offkit.model.target import Target

CHUNK = 1 << 20


class Source(NamedTuple):
    """One member to be: its path in the bundle, and its bytes or the file that has them."""

    path: str
    contents: bytes | Path
    sha256: str = ""  # in hex, of a file whose hash was just checked

    def size(self) -> int:
        return len(self.contents) if isinstance(self.contents, bytes) else self.contents.stat().st_size


def destination(out: Path) -> Path:
    """Where a bundle called ``out`` really goes: a symlink is followed, not replaced.

    Raises UsageError for what is no file and must not become one (a directory, /dev/null, ``-``),
    EnvironmentProblem when its directory is not there or not writable: asked before anything is
    downloaded.
    """
    if str(out) == "-":
        raise UsageError("a bundle cannot be written to stdout", fix="give a file with -o")
    place = Path(os.path.realpath(out))
    if place.exists() and not place.is_file():
        raise UsageError(f"{out} is not a regular file", fix="give a file with -o")
    if not place.parent.is_dir():
        raise EnvironmentProblem(
            f"{out} cannot be written: the directory {place.parent} does not exist", fix="create it"
        )
    if not os.access(place.parent, os.W_OK):
        raise EnvironmentProblem(
            f"{out} cannot be written: {place.parent} is not writable", fix="choose another place with -o"
        )
    return place


class Packed(NamedTuple):
    path: Path
    size: int  # bytes
    sha256: str  # of the whole tar
    manifest: Manifest
    digest: str  # of the manifest: the bundle's identity


def pack(
    out: Path,
    sources: Iterable[Source],
    target: Target,
    options: dict[str, Any],
    installed_size: int,
    reporter: Reporter,
    seal: Callable[[bytes, int, str], bytes] | None = None,
) -> Packed:
    """Write the bundle beside ``out`` and rename it there when it is whole.

    ``seal`` completes install.sh, whose length it leaves as it is, with the offset in the tar of
    what follows the manifest, and the SHA-256 (hex) of all bytes from there to the end. Raises
    OffkitError when a member cannot be stored, EnvironmentProblem when the disk refuses.
    """
    place = destination(out)
    ordered = sorted(sources, key=lambda source: (layout.position(source.path), source.path))
    rest = hashlib.sha256()
    members = [_member(ordered[0]), *(_member(source, rest) for source in ordered[1:])]
    rest.update(archive.END)
    listing = Manifest(
        target=target,
        options=options,
        made_by=f"offkit {__version__}",
        installed_size=installed_size,
        members=tuple(members),
    )
    text = manifest.dump(listing)
    first = ordered[0].contents
    if seal and isinstance(first, bytes):
        # A digest is as long as any other: the manifest that has install.sh's own is no longer.
        ahead = archive.footprint(layout.INSTALL_SH, len(first))[1]
        ahead += archive.footprint(layout.MANIFEST, len(text))[1]
        ordered[0] = Source(layout.INSTALL_SH, seal(first, ahead, rest.hexdigest()))
        listing = listing._replace(members=(_member(ordered[0]), *members[1:]))
        text = manifest.dump(listing)
    manifest.load(text)  # what we cannot read ourselves does not leave the house
    ordered.insert(1, Source(layout.MANIFEST, text))
    total = sum(source.size() for source in ordered)
    try:
        handle, partial = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}-")
        try:
            with (
                os.fdopen(handle, "wb") as file,
                ThreadPoolExecutor(1) as beside,
                reporter.bar("packing", total, "B") as bar,
            ):
                tar = _Hashed(file, beside)
                for source in ordered:
                    _write(tar, source, bar)
                tar.write(archive.END)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(partial, 0o644)
            os.replace(partial, place)
        finally:
            if os.path.exists(partial):
                os.unlink(partial)
    except OSError as error:
        raise EnvironmentProblem(
            f"{out} cannot be written: {error.strerror or error}",
            fix=f"the bundle takes {total} bytes; choose another place with -o",
        ) from error
    return Packed(out, tar.size, tar.digest.hexdigest(), listing, manifest.digest(text))


class _Hashed:
    """A file that knows the hash of what was written to it, reckoned ``beside`` the writing."""

    def __init__(self, file: BinaryIO, beside: Executor) -> None:
        self._file = file
        self._beside = beside
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        hashed = self._beside.submit(self.digest.update, chunk)
        self._file.write(chunk)
        hashed.result()
        self.size += len(chunk)


def _member(source: Source, stream: Any = None) -> Member:
    """What the manifest says of it. ``stream``, a hash, gets the bytes it will take in the tar."""
    if not archive.is_safe(source.path):
        raise OffkitError(f"{source.path!r} cannot be the name of a bundle member")
    digest = hashlib.sha256()
    size = source.size()
    hashes = [] if source.sha256 else [digest]
    if stream is not None:
        stream.update(_header(source.path, size))
        hashes.append(stream)
    for chunk in _chunks(source) if hashes else ():
        for each in hashes:
            each.update(chunk)
    if stream is not None:
        stream.update(b"\0" * archive.padding(size))
    return Member(source.path, size, source.sha256 or digest.hexdigest())


def _chunks(source: Source) -> Iterator[bytes]:
    if isinstance(source.contents, bytes):
        yield source.contents
        return
    with source.contents.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _header(path: str, size: int) -> bytes:
    try:
        return archive.header(path, size)
    except (ValueError, UnicodeEncodeError) as error:
        raise OffkitError(f"{path} cannot be stored: {error}") from error


def _write(tar: _Hashed, source: Source, bar: Any) -> None:
    size = source.size()
    tar.write(_header(source.path, size))
    for chunk in _chunks(source):
        tar.write(chunk)
        bar.advance(len(chunk))
    tar.write(b"\0" * archive.padding(size))

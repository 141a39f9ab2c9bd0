"""The tar: members in their fixed order, every byte a function of the manifest."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
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

    def size(self) -> int:
        return len(self.contents) if isinstance(self.contents, bytes) else self.contents.stat().st_size


def destination(out: Path) -> Path:
    """Where a bundle called ``out`` really goes: a symlink is followed, not replaced.

    Raises UsageError for what is no file and must not become one (a directory, /dev/null, ``-``),
    EnvironmentProblem when its directory is not there or not writable: asked before anything is
    downloaded.
    """
    if str(out) == "-":
        raise UsageError("a bundle is not written to stdout", fix="name a file with -o")
    place = Path(os.path.realpath(out))
    if place.exists() and not place.is_file():
        raise UsageError(f"{out} is not a regular file", fix="name a file with -o")
    if not place.parent.is_dir():
        raise EnvironmentProblem(
            f"{out} cannot be written: there is no directory {place.parent}", fix="make it"
        )
    if not os.access(place.parent, os.W_OK):
        raise EnvironmentProblem(
            f"{out} cannot be written: {place.parent} is not writable", fix="name another place with -o"
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
) -> Packed:
    """Write the bundle beside ``out`` and rename it there when it is whole.

    Raises OffkitError when a member cannot be stored, EnvironmentProblem when the disk refuses.
    """
    place = destination(out)
    ordered = sorted(sources, key=lambda source: (layout.position(source.path), source.path))
    listing = Manifest(
        target=target,
        options=options,
        made_by=f"offkit {__version__}",
        installed_size=installed_size,
        members=tuple(_member(source) for source in ordered),
    )
    text = manifest.dump(listing)
    manifest.load(text)  # what we cannot read ourselves does not leave the house
    ordered.insert(1, Source(layout.MANIFEST, text))
    total = sum(source.size() for source in ordered)
    try:
        handle, partial = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}-")
        try:
            with os.fdopen(handle, "wb") as file, reporter.bar("packing", total, "B") as bar:
                tar = _Hashed(file)
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
            fix=f"the bundle takes {total} bytes; name another place with -o",
        ) from error
    return Packed(out, tar.size, tar.digest.hexdigest(), listing, manifest.digest(text))


class _Hashed:
    """A file that knows the hash of what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self.digest.update(chunk)
        self.size += len(chunk)


def _member(source: Source) -> Member:
    digest = hashlib.sha256()
    if isinstance(source.contents, bytes):
        digest.update(source.contents)
    else:
        with source.contents.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    if not manifest.is_safe(source.path):
        raise OffkitError(f"{source.path!r} cannot be the name of a bundle member")
    return Member(source.path, source.size(), digest.hexdigest())


def _write(tar: _Hashed, source: Source, bar: Any) -> None:
    size = source.size()
    try:
        tar.write(archive.header(source.path, size))
    except (ValueError, UnicodeEncodeError) as error:
        raise OffkitError(f"{source.path} cannot be stored: {error}") from error
    if isinstance(source.contents, bytes):
        tar.write(source.contents)
        bar.advance(size)
    else:
        with source.contents.open("rb") as file:
            while chunk := file.read(CHUNK):
                tar.write(chunk)
                bar.advance(len(chunk))
    tar.write(b"\0" * archive.padding(size))

"""The tar: members in their fixed order, every byte a function of the manifest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from offkit import __version__
from offkit.edges import leftovers
from offkit.model import archive, checksum, layout, manifest
from offkit.model.errors import EnvironmentProblem, OffkitError, UsageError
from offkit.model.manifest import Manifest, Member, Several
from offkit.model.report import Bar, Reporter
from offkit.model.target import Target
from offkit.online.index.pool import outcome, pool

_SYNCED = 32 << 20  # bytes, after which the disk gets what was written, so that the end is not waited for
_UNKNOWN = "0" * 64  # the hash of a file that nobody has read yet


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
    manifest: Manifest | Several
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
    """A bundle for one target, as ``write`` writes it."""
    made_by = f"offkit {__version__}"
    return write(out, sources, Manifest(target, options, made_by, installed_size, ()), reporter, seal)


def listing_of_several(targets: tuple[tuple[str, Target], ...]) -> Several:
    """For ``write``: the targets by their names in the bundle."""
    return Several(targets, f"offkit {__version__}", ())


def write(
    out: Path,
    sources: Iterable[Source],
    listing: Manifest | Several,
    reporter: Reporter,
    seal: Callable[[bytes, int, str], bytes] | None = None,
) -> Packed:
    """Write the bundle beside ``out`` and rename it there when it is whole; ``listing`` gets its members.

    ``seal`` completes install.sh, whose length it leaves as it is, with the offset in the tar of
    what follows the manifest, and the SHA-256 (hex) of all bytes from there to the end. Raises
    OffkitError when a member cannot be stored, EnvironmentProblem when the disk refuses.
    """
    place = destination(out)
    ordered = sorted(sources, key=lambda source: (layout.position(source.path), source.path))
    members = [_member(source) for source in ordered]
    listing = listing._replace(members=tuple(members))
    # A digest is as long as any other: those that are still to come make no manifest longer.
    ahead = archive.footprint(members[0].path, members[0].size)[1]
    ahead += archive.footprint(layout.MANIFEST, len(manifest.dump(listing)))[1]
    total = ahead + sum(archive.footprint(one.path, one.size)[1] for one in members[1:]) + len(archive.END)
    try:
        with (
            leftovers.unfinished(str(place), "bundle") as file,
            pool(2) as beside,
            reporter.bar("packing", total, "B") as bar,
        ):
            tar = _Tar(file, beside, bar)
            file.seek(ahead)
            rest = hashlib.sha256()
            members[1:] = [tar.add(*each, rest) for each in zip(ordered[1:], members[1:], strict=True)]
            tar.write(archive.END, rest)
            first = ordered[0]
            if seal and isinstance(first.contents, bytes):
                tar.settle()
                first = Source(first.path, seal(first.contents, ahead, rest.hexdigest()))
            file.seek(0)
            members[0] = tar.add(first, _member(first))
            listing = listing._replace(members=tuple(members))
            text = manifest.dump(listing)
            manifest.load(text)  # what we cannot read ourselves does not leave the house
            tar.add(Source(layout.MANIFEST, text), _member(Source(layout.MANIFEST, text)))
            sha256 = tar.sha256()
    except OSError as error:
        raise EnvironmentProblem(
            f"{out} cannot be written: {error.strerror or error}",
            fix=f"the bundle takes {total} bytes; choose another place with -o",
        ) from error
    return Packed(out, total, sha256, listing, manifest.digest(text))


class _Tar:
    """A file that members are written to. What is asked for of hashes is reckoned ``beside`` the writing, and
    the disk is waited for there."""

    def __init__(self, file: BinaryIO, beside: Executor, bar: Bar) -> None:
        self._file, self._beside, self._bar = file, beside, bar
        self._hashed: Future[None] | None = None
        self._synced: Future[None] | None = None
        self._unsynced = 0  # bytes

    def add(self, source: Source, member: Member, *digests: Any) -> Member:
        """The member, where the file stands, its hash now known; all its bytes go into ``digests`` too."""
        own = hashlib.sha256()
        self.write(_header(source.path, member.size), *digests)
        for chunk in _chunks(source):
            self.write(chunk, *digests, *([] if member.sha256 != _UNKNOWN else [own]))
        self.write(b"\0" * archive.padding(member.size), *digests)
        if member.sha256 != _UNKNOWN:
            return member
        self.settle()
        return member._replace(sha256=own.hexdigest())

    def write(self, chunk: bytes, *digests: Any) -> None:
        self.settle()
        if digests and chunk:
            self._hashed = self._beside.submit(_update, digests, chunk)
        self._file.write(chunk)
        self._bar.advance(len(chunk))
        self._unsynced += len(chunk)
        if self._unsynced > _SYNCED and (self._synced is None or self._synced.done()):
            self._sync()

    def settle(self) -> None:
        """Wait until everything that was written is in the digests."""
        if self._hashed is not None:
            outcome(self._hashed)

    def sha256(self) -> str:
        """Of all of it, in hex, once it is on the disk. Raises OSError where that refuses it."""
        self._sync()
        self._file.seek(0)
        found = checksum.sha256(self._file)
        self._settle_disk()
        return found

    def _sync(self) -> None:
        self._settle_disk()
        self._unsynced = 0
        self._file.flush()
        self._synced = self._beside.submit(os.fsync, self._file.fileno())

    def _settle_disk(self) -> None:
        if self._synced is not None:
            outcome(self._synced)


def _update(digests: Iterable[Any], chunk: bytes) -> None:
    for each in digests:
        each.update(chunk)


def _member(source: Source) -> Member:
    """What the manifest says of it, _UNKNOWN in the place of the hash of a file that is still to be read."""
    if not archive.is_safe(source.path):
        raise OffkitError(f"{source.path!r} cannot be the name of a bundle member")
    size, sha256 = source.size(), source.sha256
    _header(source.path, size)
    if isinstance(source.contents, bytes):
        sha256 = hashlib.sha256(source.contents).hexdigest()
    return Member(source.path, size, sha256 or _UNKNOWN)


def _chunks(source: Source) -> Iterator[bytes]:
    if isinstance(source.contents, bytes):
        yield source.contents
        return
    with source.contents.open("rb") as file:
        while chunk := file.read(archive.CHUNK):
            yield chunk


def _header(path: str, size: int) -> bytes:
    try:
        return archive.header(path, size)
    except (ValueError, UnicodeEncodeError) as error:
        raise OffkitError(f"{path} cannot be stored: {error}") from error

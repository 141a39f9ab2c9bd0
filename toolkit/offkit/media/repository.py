"""One yum repository, wherever it lies: what it has, asked by capability, and its packages, fetched.

repomd.xml is read once, and what it names only where somebody asks: with its checksum compared,
unpacked as a stream and within limits.
"""

import hashlib
import os
import posixpath
from typing import Any, BinaryIO, Callable, Collection, Iterator, List, Optional, Tuple

from offkit.edges import unpacking
from offkit.media import primary_db, repodata
from offkit.media.iso9660 import BadIso
from offkit.media.repodata import Data
from offkit.media.rpm import BadRepodata, Index, Package, foreign, is_library
from offkit.model.finding import ERROR, Finding

_CHUNK = 256 * 1024
# Bytes of unpacked metadata. CentOS 7 Everything has 26 MB, the largest EL repositories 100 MB.
_MAX_UNPACKED = 256 * 1024 * 1024
_WEAK = (
    "has only a checksum of a kind that proves nothing ({}) in the metadata: make those anew (createrepo_c)"
)
_PREFERRED = ("primary", "primary_db")

Decompress = Callable[[Any], Iterator[bytes]]  # as unpacking.decompressed
Open = Callable[[str], BinaryIO]  # a file by its path from the top of a medium; raises OSError, BadIso


class Unreachable(OSError):
    """A server does not answer, or not with files; or there is no curl to ask it with."""

    def __init__(self, code: str, subject: str, why: str, fix: str) -> None:
        super().__init__(0, why, subject)
        self.code, self.why, self.fix = code, why, fix

    def finding(self) -> Finding:
        place = os.fsdecode(self.filename)
        return Finding(self.code, ERROR, place, self.why, (place,), self.fix)


class BadPackage(ValueError):
    """A package that is not what the metadata says of it. The message is a predicate."""


class Repository:
    """What lies below ``base`` on the medium at ``place``. Methods raise BadRepodata, OSError
    (Unreachable) and BadIso."""

    def __init__(self, opened: Open, place: str, base: str) -> None:
        self._open, self.place, self.base = opened, place, base
        self._repomd: Optional[bytes] = None
        self._libraries: Optional[Index] = None

    @property
    def title(self) -> str:
        """For people: ``/mnt/dvd (AppStream)``"""
        return "{}{}".format(self.place, " (" + self.base + ")" if self.base else "")

    def repomd(self) -> bytes:
        """repomd.xml as it is."""
        if self._repomd is None:
            with self._open(posixpath.join(self.base, repodata.REPOMD)) as source:
                raw = source.read(repodata.REPOMD_SIZE + 1)
            if len(raw) > repodata.REPOMD_SIZE:
                raise BadRepodata("repomd.xml has more than {} bytes".format(repodata.REPOMD_SIZE))
            self._repomd = raw
        return self._repomd

    def files(self) -> List[Data]:
        """What repomd.xml names."""
        raw = self.repomd()
        try:
            return repodata.parse_repomd(raw)
        except BadRepodata as error:
            raise BadRepodata("repomd.xml: {}".format(error))

    def libraries(self) -> Index:
        """All packages that have a library, with all their libraries. The metadata is read once."""
        if self._libraries is None:
            self._libraries = self.search(None)
        return self._libraries

    def ask(self, capabilities: Collection[str]) -> List[Package]:
        """The packages that have any of these libraries, by their capabilities."""
        if not all(map(is_library, capabilities)):  # a DT_NEEDED need not have .so in it
            return self.search(capabilities).packages
        wanted = frozenset(capabilities)
        return [each for each in self.libraries().packages if not wanted.isdisjoint(each.provides)]

    def search(self, capabilities: Optional[Collection[str]], names: Collection[str] = ()) -> Index:
        """What is said about packages with ``capabilities`` of any kind, or ``names``, or, where the
        former are None, about all that have a library.

        primary.xml is read, or primary.sqlite where only that is usable. Raises BadRepodata with
        every reason.
        """
        listed = self.files()
        problems: List[str] = []
        for wanted in _PREFERRED:
            for data in listed:
                if data.kind != wanted:
                    continue
                try:
                    return self._read(data, capabilities, names)
                except Unreachable:
                    raise
                except (BadRepodata, OSError, BadIso) as error:
                    problems.append("{}: {}".format(posixpath.basename(data.href), reason(error)))
        raise BadRepodata("; ".join(problems) or "repomd.xml lists no primary metadata")

    def unpacked(
        self, data: Data, decompressed: Decompress = unpacking.decompressed, most: int = 0
    ) -> Iterator[bytes]:
        """One of its files, its checksum compared at the end; no more bytes than it says itself, nor than
        ``most``."""
        with self._opened(data) as source:
            hashing = _Hashing(source, data)
            yield from _unpack(hashing, data, decompressed, most or _MAX_UNPACKED)
            hashing.verify()

    def fetch(self, package: Package) -> Iterator[bytes]:
        """The RPM file in pieces. At the end BadPackage is raised unless its checksum is the one that the
        metadata has for it; before the first where that has none that counts."""
        if repodata.outside(package.location):
            raise BadPackage("is outside its repository")
        algorithm, _, expected = package.checksum.partition(":")
        if algorithm not in repodata.HASHES:
            raise BadPackage(_WEAK.format(algorithm) if expected else "has no checksum in the metadata")
        digest = hashlib.new(repodata.HASHES[algorithm])
        with self._open(posixpath.join(self.base, package.location)) as source:
            for chunk in iter(lambda: source.read(_CHUNK), b""):
                digest.update(chunk)
                yield chunk
        if digest.hexdigest() != expected:
            raise BadPackage("does not match its checksum in the metadata")

    def _opened(self, data: Data) -> BinaryIO:
        if repodata.outside(data.href):
            raise BadRepodata("is outside its repository")
        return self._open(posixpath.join(self.base, data.href))

    def _read(self, data: Data, capabilities: Optional[Collection[str]], names: Collection[str]) -> Index:
        read = repodata.read_primary if data.kind == "primary" else primary_db.read
        return read(self.unpacked(data), capabilities, names)


Found = List[Tuple[Package, Repository]]


def ask(
    question: Callable[[Repository], List[Package]],
    repositories: Collection[Repository],
    failed: Callable[[Repository, Exception], None],
    el: int = 0,
) -> Found:
    """What all of them answer, without packages that say that they are for another release than ``el``.

    ``failed`` is told of one that cannot be read, and may raise.
    """
    found: Found = []
    for each in repositories:
        try:
            answer = question(each)
        except (BadRepodata, BadIso, OSError) as error:
            failed(each, error)
            continue
        found += [(package, each) for package in answer if not foreign(package.release, el)]
    return found


def reason(error: Exception) -> str:
    """Why something could not be read, without the numbers of errno."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


class _Hashing:
    """The packed file; counts its checksum while it is read."""

    def __init__(self, source: BinaryIO, data: Data) -> None:
        self._source, self._data = source, data
        name = repodata.HASHES.get(data.algorithm)
        self._hash = hashlib.new(name) if name else None

    def read(self, size: int) -> bytes:
        chunk = self._source.read(size)
        if self._hash is not None:
            self._hash.update(chunk)
        return chunk

    def verify(self) -> None:
        while self.read(_CHUNK):
            pass
        if self._hash is not None and self._data.checksum not in ("", self._hash.hexdigest()):
            raise BadRepodata("does not match its checksum in repomd.xml")


def _unpack(source: _Hashing, data: Data, decompressed: Decompress, most: int) -> Iterator[bytes]:
    """By what the file begins with; BadRepodata when it is damaged, or has more bytes than it should."""
    limit = min(data.open_size or most, most)
    total = 0
    try:
        for chunk in decompressed(source):
            total += len(chunk)
            if total > limit:
                raise BadRepodata("unpacks to more than the expected {} bytes".format(limit))
            yield chunk
    except (unpacking.Damaged, unpacking.Unsupported) as error:
        raise BadRepodata(str(error))

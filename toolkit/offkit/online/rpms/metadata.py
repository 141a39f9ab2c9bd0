"""Files of repositories' metadata: verified, unpacked, and for libsolv to read below a scratch directory."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path

from offkit.edges import unpacking
from offkit.media.repodata import Data
from offkit.media.repository import Repository
from offkit.media.rpm import BadRepodata
from offkit.online.rpms import engine

_PIECE = 1 << 10  # bytes of zstd at a time: each four may be a block of 128 KiB (RFC 8878, 3.1.1.2)
_MOST = 2 * 1024**3  # bytes unpacked; filelists.xml of the largest distributions have some hundred million


def listed(repository: Repository, kind: str) -> Data | None:
    """What its repomd.xml names as that: primary, filelists, modules. Raises as ``Repository.files``."""
    return next((each for each in repository.files() if each.kind == kind), None)


def unpacked(repository: Repository, data: Data, path: Path) -> Path:
    """Write that file to ``path``. Raises BadRepodata, OSError and BadIso."""
    limit, total = min(data.open_size or _MOST, _MOST), 0
    name = posixpath.basename(data.href)
    source = _Source(repository.packed(data))
    with path.open("wb") as sink:
        try:
            for chunk in _chunks(source):
                total += len(chunk)
                if total > limit:
                    raise BadRepodata(f"{name} unpacks to more than the expected {limit} bytes")
                sink.write(chunk)
        except (unpacking.Damaged, unpacking.Unsupported) as error:
            raise BadRepodata(f"{name} {error}") from None
        source.drain()
    return path


class _Source:
    """Pieces of a file, to be read; they are to be taken to their end, where the checksum is compared."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int) -> bytes:
        if not self._rest:
            self._rest = next(self._pieces, b"")
        chunk, self._rest = self._rest[:size], self._rest[size:]
        return chunk

    def drain(self) -> None:
        while self.read(unpacking.CHUNK):
            pass


def _chunks(source: _Source) -> Iterator[bytes]:
    first = source.read(unpacking.CHUNK)
    whole = _Source(_joined(first, source))
    if unpacking.packer(first) != "zstd":
        yield from unpacking.decompressed(whole)
        return
    zstandard = engine.zstandard()
    worker = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
    try:
        for piece in iter(lambda: whole.read(_PIECE), b""):
            yield worker.decompress(piece)
    except zstandard.ZstdError as error:
        raise unpacking.Damaged(f"is damaged: {error}") from None
    if not worker.eof:
        raise unpacking.Damaged("is cut off")


def _joined(first: bytes, source: _Source) -> Iterator[bytes]:
    yield first
    yield from iter(lambda: source.read(unpacking.CHUNK), b"")

"""Files of repositories' metadata: verified, unpacked, and for libsolv to read below a scratch directory."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    with path.open("wb") as sink:
        try:
            for chunk in repository.unpacked(data, _decompressed, _MOST):
                sink.write(chunk)
        except BadRepodata as error:
            raise BadRepodata(f"{posixpath.basename(data.href)} {error}") from None
    return path


class _Again:
    """What has been read of a source, and the rest of it."""

    def __init__(self, first: bytes, source: Any) -> None:
        self._first, self._source = first, source

    def read(self, size: int) -> bytes:
        if not self._first:
            return bytes(self._source.read(size))
        chunk, self._first = self._first[:size], self._first[size:]
        return chunk


def _decompressed(source: Any) -> Iterator[bytes]:
    """As ``unpacking.decompressed``, and zstd."""
    first = source.read(unpacking.CHUNK)
    whole = _Again(first, source)
    return _unzstd(whole) if unpacking.packer(first) == "zstd" else unpacking.decompressed(whole)


def _unzstd(source: _Again) -> Iterator[bytes]:
    zstandard = engine.zstandard()
    worker = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
    try:
        for piece in iter(lambda: source.read(_PIECE), b""):
            yield worker.decompress(piece)
    except zstandard.ZstdError as error:
        raise unpacking.Damaged(f"is damaged: {error}") from None
    if not worker.eof:
        raise unpacking.Damaged("is truncated")

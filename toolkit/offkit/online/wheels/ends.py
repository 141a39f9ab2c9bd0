"""The last bytes of a wheel that an index has: there lie its METADATA and its directory, and no download has
to fetch them once more.

One request, where pip's fast-deps takes three and more. Kept until the wheel has come.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

from offkit.online.wheels import dist_info, memo

FIRST = 1 << 16  # bytes that are asked for at first, with which most wheels are read
MOST = 4 << 20  # a directory of 40,000 files; whoever needs more takes the wheel
_KIND = "ends"  # of what is kept
_END = b"PK\x05\x06"  # end of central directory record (APPNOTE.TXT, 4.3.16); its size is 12 bytes behind
_SIZE = 8


class End(NamedTuple):
    size: int  # bytes of the whole file
    data: bytes

    @property
    def start(self) -> int:
        """Where it begins in the file."""
        return self.size - len(self.data)


def words(count: int, had: End | None = None) -> str:
    """For the header Range: so many of the last bytes, those aside that are ``had``."""
    return f"bytes=-{count}" if had is None else f"bytes={max(0, had.size - count)}-{had.start - 1}"


def of(response: Any, had: End | None = None) -> End | None:
    """What an answer has that was asked for with ``words``, and what was had before; None of any other answer
    (RFC 9110, 14)."""
    said = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", response.headers.get("Content-Range", ""))
    if response.status_code != 206 or said is None:
        return None
    start, last, size = map(int, said.groups())
    if (size if had is None else had.start) != last + 1 or (had is not None and had.size != size):
        return None
    end = End(size, response.content + (had.data if had is not None else b""))
    return end if end.start == start else None


def metadata(end: End) -> bytes | int:
    """METADATA, or how many bytes of the end it takes; 0 where that cannot be told."""
    try:
        with zipfile.ZipFile(io.BytesIO(end.data)) as archive:
            # Where the file begins earlier, so do its members, at negative offsets.
            offset = dist_info.member(archive).header_offset
            return len(end.data) - offset if offset < 0 else dist_info.metadata(archive)
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        at = end.data.rfind(_END)
        if at < 0 or len(end.data) < at + 16:
            return 0
        needed = len(end.data) - at + struct.unpack_from("<L", end.data, at + 12)[0] + FIRST
        return needed if needed > len(end.data) + FIRST else 0


def inside(end: End) -> tuple[int, int] | None:
    """The first and the last byte of METADATA in a file of which the end has the whole directory, and not
    that; None where it cannot be told."""
    try:
        with zipfile.ZipFile(io.BytesIO(end.data)) as archive:
            starts = [one.header_offset for one in archive.infolist()]
            first = dist_info.member(archive).header_offset
            after = min((start for start in starts if start > first), default=archive.start_dir)
            return end.start + first, end.start + after - 1
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None


def metadata_inside(end: End, first: int, data: bytes) -> bytes:
    """METADATA, which these bytes of the file are from ``first`` on. Raises ValueError, NotImplementedError
    and BadZipFile."""
    with zipfile.ZipFile(_Parts(end.size, {first: data, end.start: end.data})) as archive:
        return dist_info.metadata(archive)


class _Parts(io.RawIOBase):
    """A file of which some parts are known, by where they begin; there are zeros elsewhere."""

    def __init__(self, size: int, parts: dict[int, bytes]) -> None:
        self._size, self._parts, self._at = size, parts, 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, count: int = -1) -> bytes:
        count = max(0, self._size - self._at if count < 0 else min(count, self._size - self._at))
        start, self._at = self._at, self._at + count
        for first, data in self._parts.items():
            if first <= start < first + len(data):
                return data[start - first : start - first + count].ljust(count, b"\0")
        return bytes(count)


def recall(cache: Path, sha256: str, url: str) -> End | None:
    """What has come of that file, if its hash is known."""
    kept = memo.recall(cache, _KIND, _key(sha256, url)) if sha256 else None
    return End(int.from_bytes(kept[:_SIZE], "big"), kept[_SIZE:]) if kept else None


def keep(cache: Path, sha256: str, url: str, end: End) -> None:
    memo.keep(cache, _KIND, _key(sha256, url), end.size.to_bytes(_SIZE, "big") + end.data)


def forget(cache: Path, sha256: str, url: str) -> None:
    """The whole file is there."""
    memo.forget(cache, _KIND, _key(sha256, url))


def _key(sha256: str, url: str) -> list[bytes]:
    return [sha256.encode("utf-8"), url.encode("utf-8")]

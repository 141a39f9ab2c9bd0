"""What an mp4 or mov says of its first video track (ISO/IEC 14496-12): key frames (8.6.2: stss), and
how much of it is shown (8.6.6: elst).

Nothing that is converted depends on it, so whatever is damaged, odd or unknown is: no answer.
"""

import struct
from typing import BinaryIO, Iterator, Optional, Tuple

import numpy as np

_MOST = 64 << 20  # bytes of a moov box that is looked at; that of a film of hours has a few
_BOXES = 1000  # beside each other, at most; a file in more fragments has no table of sync samples
_WAY = (b"mdia", b"minf", b"stbl", b"stss")

Slice = Tuple[bytes, int, int]  # type, begin and end of what a box holds


def key_frames(path: str) -> Tuple[int, ...]:
    """Numbers of the key frames of the first video track, ascending from 0; () where they are not known."""
    try:
        with open(path, "rb") as source:
            moov = _moov(source)
    except OSError:
        return ()
    return sync_samples(moov)


def sync_samples(moov: bytes) -> Tuple[int, ...]:
    """The same from what a moov box holds."""
    for kind, begin, end in boxes(moov, 0, len(moov)):
        if kind == b"trak" and _is_video(moov, begin, end):
            table = _within(moov, begin, end, _WAY)
            return _numbers(moov[table[1] : table[2]]) if table else ()
    return ()


def presented(path: str) -> Optional[float]:
    """Seconds that the edit list shows of the first video track; None where there is no such list."""
    try:
        with open(path, "rb") as source:
            moov = _moov(source)
    except OSError:
        return None
    return edited(moov)


def edited(moov: bytes) -> Optional[float]:
    """The same from what a moov box holds."""
    header = _within(moov, 0, len(moov), (b"mvhd",))
    for kind, begin, end in boxes(moov, 0, len(moov)):
        if kind == b"trak" and _is_video(moov, begin, end):
            table = _within(moov, begin, end, (b"edts", b"elst"))
            if not table or not header:
                return None
            return _shown(moov[table[1] : table[2]], moov[header[1] : header[2]])
    return None


def _shown(table: bytes, header: bytes) -> Optional[float]:
    place = 20 if header[:1] == b"\1" else 12  # of the time scale, behind two dates
    if len(table) < 8 or len(header) < place + 4:
        return None
    scale = struct.unpack_from(">I", header, place)[0]
    form, size = (">Qq", 20) if table[:1] == b"\1" else (">Ii", 12)
    count = struct.unpack_from(">I", table, 4)[0]
    if not scale or not 0 < count <= (len(table) - 8) // size:
        return None
    edits = [struct.unpack_from(form, table, 8 + size * index) for index in range(count)]
    return float(sum(length for length, start in edits if start >= 0) / scale)  # -1: nothing is shown


def boxes(data: bytes, begin: int, end: int) -> Iterator[Slice]:
    """Boxes side by side in ``data``, up to the first one that cannot be."""
    for _ in range(_BOXES):
        if end - begin < 8:
            return
        size, kind = struct.unpack_from(">I4s", data, begin)
        head = 8
        if size == 1 and end - begin >= 16:
            size, head = struct.unpack_from(">Q", data, begin + 8)[0], 16
        elif size == 0:
            size = end - begin
        if not head <= size <= end - begin:
            return
        yield kind, begin + head, begin + size
        begin += size


def _moov(source: BinaryIO) -> bytes:
    length = source.seek(0, 2)
    at = 0
    for _ in range(_BOXES):
        source.seek(at)
        header = source.read(16)
        if len(header) < 8:
            break
        size, kind = struct.unpack_from(">I4s", header)
        head = 8
        if size == 1 and len(header) == 16:
            size, head = struct.unpack_from(">Q", header, 8)[0], 16
        elif size == 0:
            size = length - at
        if size < head or at + size > length:
            break
        if kind == b"moov":
            source.seek(at + head)
            return source.read(size - head) if size <= _MOST else b""
        at += size
    return b""


def _within(data: bytes, begin: int, end: int, way: Tuple[bytes, ...]) -> Optional[Slice]:
    """The box at the end of a way of types, each in the one before."""
    found: Optional[Slice] = None
    for wanted in way:
        found = next((box for box in boxes(data, begin, end) if box[0] == wanted), None)
        if found is None:
            return None
        begin, end = found[1:]
    return found


def _is_video(data: bytes, begin: int, end: int) -> bool:
    handler = _within(data, begin, end, (b"mdia", b"hdlr"))
    return handler is not None and data[handler[1] + 8 : handler[2]][:4] == b"vide"


def _numbers(table: bytes) -> Tuple[int, ...]:
    """What an stss box says. Samples are in the order of decoding and counted from 1; a key frame
    comes behind everything that is shown before it, so its place is its frame's number."""
    if len(table) < 8:
        return ()
    count = struct.unpack_from(">I", table, 4)[0]
    if not 0 < count <= (len(table) - 8) // 4:
        return ()
    numbers = np.frombuffer(table, ">u4", count, 8).astype(np.int64) - 1
    if numbers[0] != 0 or (np.diff(numbers) <= 0).any():
        return ()
    return tuple(numbers.tolist())

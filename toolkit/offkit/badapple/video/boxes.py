"""What an mp4 or mov says of its first video track (ISO/IEC 14496-12): key frames (8.6.2: stss), and
how much of it is shown (8.6.6: elst). Both formats are made of boxes, one in another.

Nothing that is converted depends on it, so whatever is damaged, odd or unknown is: no answer.
"""

import struct
from typing import Iterator, Optional, Tuple

import numpy as np

_MOST = 64 << 20  # bytes of a moov box that is looked at; that of a film of hours has a few
_BOXES = 1000  # beside each other, at most; a file in more fragments has no table of sync samples

Box = Tuple[bytes, int, int]  # type, begin and end of what a box holds


def key_frames(path: str) -> Tuple[int, ...]:
    """Numbers of the key frames of the first video track, ascending from 0; () where they are not known."""
    return _numbers(_in_video(_moov(path), b"mdia", b"minf", b"stbl", b"stss"))


def presented(path: str) -> Optional[float]:
    """Seconds that the edit list shows of the first video track; None where there is no such list."""
    moov = _moov(path)
    return _shown(_in_video(moov, b"edts", b"elst"), _within(moov, 0, len(moov), b"mvhd"))


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


def boxes(data: bytes, begin: int, end: int) -> Iterator[Box]:
    """Boxes side by side in ``data``, up to the first one that cannot be."""
    for _ in range(_BOXES):
        kind, head, size = _header(data[begin : min(begin + 16, end)], end - begin)
        if not size:
            return
        yield kind, begin + head, begin + size
        begin += size


def _header(data: bytes, room: int) -> Tuple[bytes, int, int]:
    """(type, bytes of the header, bytes of the box with it); 0 bytes where no box can be."""
    if len(data) < 8:
        return b"", 0, 0
    size, kind = struct.unpack_from(">I4s", data)
    head = 8
    if size == 1 and len(data) == 16:
        size, head = struct.unpack_from(">Q", data, 8)[0], 16
    elif size == 0:
        size = room
    return kind, head, size if head <= size <= room else 0


def _moov(path: str) -> bytes:
    """What the moov box of a file holds; nothing where there is none, or one that is too large."""
    try:
        with open(path, "rb") as source:
            length, at = source.seek(0, 2), 0
            for _ in range(_BOXES):
                source.seek(at)
                kind, head, size = _header(source.read(16), length - at)
                if kind == b"moov" and 0 < size <= _MOST:
                    source.seek(at + head)
                    return source.read(size - head)
                if kind == b"moov" or not size:
                    break
                at += size
    except OSError:
        pass
    return b""


def _in_video(moov: bytes, *way: bytes) -> bytes:
    """What the box at the end of ``way`` holds in the first video track; nothing where it is not there."""
    for kind, begin, end in boxes(moov, 0, len(moov)):
        if kind == b"trak" and _within(moov, begin, end, b"mdia", b"hdlr")[8:12] == b"vide":
            return _within(moov, begin, end, *way)
    return b""


def _within(data: bytes, begin: int, end: int, *way: bytes) -> bytes:
    """What the box at the end of ``way``, types of boxes each in the one before, holds; b"" without one."""
    for wanted in way:
        found = next((box for box in boxes(data, begin, end) if box[0] == wanted), (b"", 0, 0))
        begin, end = found[1:]
    return data[begin:end]


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

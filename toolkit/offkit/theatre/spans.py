"""What changed in an array of bytes, written compactly: spans of differences.

A change is a number of spans (4 bytes, little-endian), then for each span how many bytes it is
away from the one before (1 byte), then how many it has (1 byte), then the differences of all
spans (exclusive or). Spans longer or further away than a byte says are written as several.
"""

from typing import Any, Optional, Tuple

import numpy as np

_MOST = 255
_BRIDGED = 2  # unchanged bytes that cost no more than another span


def pack(new: Any, old: Any) -> bytes:
    """The change from ``old`` to ``new``, (n,) uint8 both."""
    differ = new ^ old
    places = np.flatnonzero(differ)
    if not len(places):
        return bytes(4)
    breaks = np.flatnonzero(np.diff(places) > _BRIDGED + 1)
    starts = places[np.concatenate([[0], breaks + 1])]
    stops = places[np.concatenate([breaks, [len(places) - 1]])] + 1
    lengths = stops - starts
    skips = starts - np.concatenate([[0], stops[:-1]])
    before, after = skips // _MOST, (lengths - 1) // _MOST
    each = before + 1 + after  # spans written for one
    place = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
    place -= np.repeat(before, each)  # 0: the one that carries the rest of the skip
    skip = np.where(place < 0, _MOST, np.where(place == 0, np.repeat(skips % _MOST, each), 0))
    length = np.where(place < 0, 0, np.clip(np.repeat(lengths, each) - place * _MOST, 0, _MOST))
    inside = _ranges(starts, lengths)
    arrays = (skip.astype(np.uint8), length.astype(np.uint8), differ[inside])
    data: bytes = b"".join([array.tobytes() for array in arrays])
    return len(skip).to_bytes(4, "little") + data


def unpack(data: bytes, at: int, old: Any) -> Optional[Tuple[Any, int]]:
    """(what ``old`` becomes, where the change ends in ``data``); None where it is none for ``old``."""
    count = int.from_bytes(data[at : at + 4], "little")
    body = at + 4 + 2 * count
    if body > len(data):
        return None
    both = np.frombuffer(data, np.uint8, 2 * count, at + 4).astype(np.int64).reshape(2, count)
    skips, lengths = both
    total = int(lengths.sum())
    starts = np.cumsum(skips + lengths) - lengths
    if body + total > len(data) or (count and int(starts[-1] + lengths[-1]) > len(old)):
        return None
    new = old.copy()
    new[_ranges(starts, lengths)] ^= np.frombuffer(data, np.uint8, total, body)
    return new, body + total


def _ranges(starts: Any, lengths: Any) -> Any:
    """All numbers of all ranges."""
    return np.arange(lengths.sum()) + np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)

"""Where a video is cut into stretches, so that the worker with the most to do has the least.

OpenCV seeks to the key frame at or before the one 16 frames ahead of the target and decodes on
from there (cap_ffmpeg_impl.hpp, CvCapture_FFMPEG::seek). What lies between is decoded for
nothing, so a cut is cheap a little behind a key frame and dear just before one.
"""

from bisect import bisect_right
from typing import List, Optional, Sequence, Tuple

LEAST = 12  # frames worth a process
_AHEAD = 17  # a worker's first seek is to the frame before its own, from 16 frames ahead of that
SKIPPED = 0.8  # cost of a picture that is only decoded, in pictures decoded and converted


def waste(start: int, keys: Sequence[int]) -> int:
    """Frames decoded for nothing by a worker whose own begin at ``start``."""
    if not start or not keys:
        return 0
    return start - keys[max(0, bisect_right(keys, start - _AHEAD) - 1)]


def stretches(frames: int, workers: int, keys: Sequence[int] = ()) -> List[Tuple[int, Optional[int]]]:
    """(first frame, that of the next stretch or None for the end of the video) by ``cuts``."""
    starts = cuts(frames, workers, keys)
    stops: List[Optional[int]] = [*starts[1:], None]
    return list(zip(starts, stops))


def cuts(frames: int, workers: int, keys: Sequence[int] = ()) -> List[int]:
    """First frames of the stretches, the first one 0; fewer than ``workers`` for a short video.

    ``keys`` are the numbers of the key frames, ascending from 0; empty when they are not known,
    then all stretches are of one length. Otherwise the costliest is as cheap as can be: the
    later a stretch begins, the later it can end for the same cost, so for a given bound each
    takes all that it can, and the least bound that suffices is found by halving.
    """
    count = max(1, min(workers, frames // LEAST))
    even = [frames * index // count for index in range(count)]
    if count == 1 or not keys:
        return even
    low, high = (
        frames // count,
        max(stop - start + waste(start, keys) for start, stop in zip(even, even[1:] + [frames])),
    )
    best = even
    while low <= high:
        bound = (low + high) // 2
        found = _within(bound, frames, count, keys)
        if found:
            best, high = found, bound - 1
        else:
            low = bound + 1
    return best


def _within(bound: int, frames: int, count: int, keys: Sequence[int]) -> List[int]:
    """Cuts into at most ``count`` stretches none of which costs more than ``bound``; else none."""
    starts = [0]
    while True:
        start = starts[-1]
        stop = start + int(bound - SKIPPED * waste(start, keys))
        if stop >= frames:
            return starts
        if stop <= start or len(starts) == count:
            return []
        starts.append(stop)

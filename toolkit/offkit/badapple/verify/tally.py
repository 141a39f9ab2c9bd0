"""What the checks of a conversion have counted."""

from typing import List, NamedTuple, Tuple


class Tally(NamedTuple):
    """What was read: numbers of the frames that are wrong, by what is wrong with them."""

    damaged: List[int]  # they cannot be read, or hold characters that this look does not have
    misplaced: List[Tuple[int, int]]  # (frame, the number in its picture)
    different: List[Tuple[int, float]]  # (frame, share of its parts that differ)
    worst: float  # greatest share of differing parts in any frame
    trouble: str = ""  # why the file cannot be read at all


class Replayed(NamedTuple):
    """A video that was decoded once more, straight through; frames whose samples are not as they were."""

    frames: int  # pictures in the video
    different: List[int]
    last: float = 0.0  # when the last picture is shown, in seconds
    gap: float = 0.0  # the longest time between two pictures
    seen: bytes = b""  # a digest of all samples, as they were decoded
    unsteady: bool = False  # whether another decoding gave other pictures

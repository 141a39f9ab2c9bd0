"""Frames of a conversion as arrays, without a loop over frames or characters."""

from typing import Any, Iterator, NamedTuple, Tuple

import numpy as np

from offkit.badapple.formats.script import Script

NEWLINE = 10


class Block(NamedTuple):
    """Neighbouring frames of a file, read back."""

    first: int  # number of the first frame
    labels: Any  # (n, digits) uint8: the number lines as they stand, without newline
    codes: Any  # (n, rows, columns) uint8
    newlines: bool  # whether every line ends where it must


def blocks(data: Any, script: Script, start: int, stop: int, most: int = 256) -> Iterator[Block]:
    """Frames ``start`` to ``stop`` of a file given as a uint8 array, ``most`` at a time.

    Frames whose numbers have the same length have records of the same length, so a run of
    them is one array without a copy.
    """
    rows, columns = script.grid
    for first, last in _same_length(start, stop, most):
        count, digits = last - first, len(str(first))
        record = digits + 1 + script.grid.size
        at = script.offset(first)
        records = data[at : at + count * record].reshape(count, record)
        lines = records[:, digits + 1 :].reshape(count, rows, columns + 1)
        ends = bool((records[:, digits] == NEWLINE).all() and (lines[:, :, columns] == NEWLINE).all())
        yield Block(first, records[:, :digits], lines[:, :, :columns], ends)


def _same_length(start: int, stop: int, most: int) -> Iterator[Tuple[int, int]]:
    while start < stop:
        end = min(stop, start + most, 10 ** len(str(start)))
        yield start, end
        start = end


def label_numbers(labels: Any) -> Any:
    """Numbers that the lines (n, digits) say: (n,) int64, -1 where there is anything but digits."""
    digits = labels.astype(np.int64) - ord("0")
    numbers = digits @ (10 ** np.arange(labels.shape[1] - 1, -1, -1, dtype=np.int64))
    return np.where(((digits >= 0) & (digits <= 9)).all(axis=1), numbers, -1)

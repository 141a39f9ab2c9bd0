"""The text file of a conversion: where everything stands in it, and how to read it back.

The form is that of the character-art players this workload descends from: a first line
``total frame: 6572 / FPS: 30.0 / resolution: 512x384``, then for every frame a line with its
number, from 0, and its rows. Rows have one length, so a frame's offset follows from its number
and any process can write, or find, any frame without knowing the others.
"""

import os
import re
from typing import NamedTuple

from offkit.badapple.counting import count
from offkit.model.errors import RequestError
from offkit.model.finding import ERROR, Finding

_HEADER = re.compile(
    rb"^total frame: (\d{1,12}) / FPS: (\d{1,9}(?:\.\d{1,20})?(?:e-?\d{1,3})?)"
    rb" / resolution: (\d{1,6})x(\d{1,6})\n"
)
_LONGEST_HEADER = 120  # bytes
MAX_CELLS = 4000  # rows or columns; beyond that no terminal and no file is meant


class Grid(NamedTuple):
    """Characters of a frame."""

    rows: int
    columns: int

    @property
    def size(self) -> int:
        """Bytes of a frame's rows, newlines included."""
        return self.rows * (self.columns + 1)


class Script(NamedTuple):
    """What the header and the grid say."""

    frames: int
    fps: float
    width: int  # pixels of the video
    height: int
    grid: Grid

    def header(self) -> bytes:
        text = "total frame: {} / FPS: {!r} / resolution: {}x{}\n"
        return text.format(self.frames, float(self.fps), self.width, self.height).encode("ascii")

    def offset(self, number: int) -> int:
        """Where frame ``number`` begins; with ``frames`` the size of the file."""
        return len(self.header()) + number * (self.grid.size + 1) + _digits(number)

    @property
    def size(self) -> int:
        return self.offset(self.frames)


def _digits(count: int) -> int:
    """Digits of all numbers below ``count``, written one after the other."""
    total, power, length = 0, 1, 1
    while power < count or power == 1:
        first = 0 if power == 1 else power
        total += length * (max(min(count, power * 10), first) - first)
        power, length = power * 10, length + 1
    return total


def is_ours(path: str) -> bool:
    """Whether the file at ``path`` begins like a conversion. Raises OSError."""
    with open(path, "rb") as source:
        return bool(_HEADER.match(source.read(_LONGEST_HEADER)))


def load(path: str) -> Script:
    """Header and grid of the conversion at ``path``.

    Raises RequestError (VID010) when it is not one, or is cut short or too long.
    """
    try:
        with open(path, "rb") as source:
            size = os.fstat(source.fileno()).st_size
            matched = _HEADER.match(source.read(_LONGEST_HEADER))
            if not matched:
                raise _damaged(path, "it does not begin like a conversion (total frame: …)")
            frames, fps = int(matched.group(1)), float(matched.group(2))
            width, height = int(matched.group(3)), int(matched.group(4))
            source.seek(matched.end())
            if source.readline(4) != b"0\n":
                raise _damaged(path, "frame 0 does not follow the first line")
            columns = len(source.readline(MAX_CELLS + 2)) - 1
    except OSError as error:
        raise RequestError("cannot read {}: {}".format(path, error.strerror))
    if not (frames and columns > 0):
        raise _damaged(path, "it holds no frames")
    body = size - matched.end() - _digits(frames) - frames
    rows, rest = divmod(body, frames * (columns + 1))
    if rest or rows < 1:
        raise _damaged(
            path,
            "its size, {}, does not fit {} of {}".format(
                count(size, "byte"), count(frames, "frame"), count(columns, "column")
            ),
        )
    return Script(frames, fps, width, height, Grid(rows, columns))


def _damaged(path: str, why: str) -> RequestError:
    text = "this is no whole conversion: " + why
    return RequestError(
        text, [Finding("VID010", ERROR, path, text, (), "convert again: offkit run-badapple -o " + path)]
    )

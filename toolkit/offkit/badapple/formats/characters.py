"""From a picture to characters: the ramp, the grid, and the reduction between them."""

from typing import Any

import numpy as np

from offkit.badapple import reduce
from offkit.badapple.formats import cells as contract
from offkit.badapple.formats.script import MAX_CELLS, Grid
from offkit.model.errors import UsageError

# Dark to light, as it looks on a dark terminal. ASCII, so that one cell is one byte.
RAMP = b" .:-=+*#%@"
DEFAULT_ROWS = 44

_TABLE = np.frombuffer(RAMP, np.uint8)[np.arange(256) * len(RAMP) // 256]
_STEP: Any = np.full(256, 255, np.uint8)
_STEP[np.frombuffer(RAMP, np.uint8)] = np.arange(len(RAMP), dtype=np.uint8)

NO_STEP = 255


def grid(width: int, height: int, columns: int = 0, rows: int = 0) -> Grid:
    """The grid for pictures of ``width`` × ``height`` pixels, by columns or by rows (0: not asked).

    A cell is taken to be twice as high as wide. Raises UsageError on sizes nobody can mean.
    """
    if columns and rows:
        raise UsageError("--width and --height exclude each other: the other one follows from the picture")
    for name, value in (("--width", columns), ("--height", rows)):
        if not 0 <= value <= MAX_CELLS:
            raise UsageError("{} {} is not between 1 and {}".format(name, value, MAX_CELLS))
    if columns:
        rows = round(columns * height / (2.0 * width))
    else:
        rows = rows or DEFAULT_ROWS
        columns = round(2.0 * rows * width / height)
    return Grid(min(max(1, rows), MAX_CELLS), min(max(1, columns), MAX_CELLS))


def write(picture: Any, cells: Grid, out: Any, luma: str = "") -> None:
    """The characters of a picture into ``out``, (rows, columns) uint8, as ASCII codes."""
    np.take(_TABLE, reduce.gray(picture, contract.Grid(*cells), luma), out=out, mode="clip")


def steps(codes: Any) -> Any:
    """Places in the ramp of ASCII codes, NO_STEP for what is not in it; same shape, uint8."""
    return _STEP[codes]


def levels(codes: Any) -> Any:
    """The gray level in the middle of each character's step, 0 to 255; same shape, float32."""
    return (_STEP[codes].astype(np.float32) + 0.5) * (256.0 / len(RAMP))

"""What a frame is made of, whatever it is written as: cells with a glyph, and perhaps with colours."""

from typing import Any, NamedTuple, Optional

CHARACTERS, HALF, BRAILLE = "characters", "half", "braille"  # how a cell shows a part of the picture
MONO, SIXTEEN, INDEXED, TRUE = "mono", "16", "256", "true"  # colours of a cell


class Grid(NamedTuple):
    """Cells of a frame."""

    rows: int
    columns: int


class Look(NamedTuple):
    """How pictures become cells."""

    grid: Grid
    mode: str = CHARACTERS
    colour: str = MONO
    ramp: str = " .:-=+*#%@"  # dark to light, as it looks on a dark terminal; for CHARACTERS
    invert: bool = False


class Cells(NamedTuple):
    """One frame. Arrays may be overwritten by the next frame of the same painter.

    ``glyphs`` (rows, columns) uint16: Unicode code points. ``ink`` and ``paper``, each None when
    the terminal's own is meant: (rows, columns) uint8 places in the palette for SIXTEEN and
    INDEXED, (rows, columns, 3) uint8 RGB for TRUE.
    """

    glyphs: Any
    ink: Optional[Any] = None
    paper: Optional[Any] = None

"""What a frame of cells looks like: the picture back, as far as the cells hold it."""

from typing import Any, Tuple

import numpy as np

from offkit.badapple.formats import look as looks
from offkit.badapple.formats import palette
from offkit.badapple.formats.cells import BRAILLE, CHARACTERS, HALF, Cells, Look
from offkit.badapple.formats.painter import BLOCKS, DOTS, FIRST_BRAILLE, PARTS

UNKNOWN = 128  # the level of a character that is in no ramp


def parts(look: Look) -> Tuple[int, int]:
    """(high, wide): the parts of the picture that one cell shows."""
    return PARTS[look.mode]


def gray(cells: Cells, look: Look) -> Any:
    """Gray levels, (rows * high, columns * wide) uint8, of the parts of all cells.

    A character counts as the middle of its step in the ramp. Colours count as BT.601 luma.
    """
    if look.mode == CHARACTERS:
        return _lit(ramp_levels(look.ramp)[cells.glyphs], cells.ink, look)
    high, wide = parts(look)
    rows, columns = cells.glyphs.shape
    found: Any = np.empty((rows * high, columns * wide), np.uint8)
    if look.mode == HALF:
        for bit, colours in enumerate((cells.ink, cells.paper)):
            if colours is None:
                found[bit::2] = np.where(_has(cells.glyphs, bit), 255, 0)
            else:
                found[bit::2] = palette.luma(palette.rgb(colours, look.colour))
        return found
    for row, bits in enumerate(DOTS):
        for column, bit in enumerate(bits):
            lit = np.where((cells.glyphs >> bit) & 1, 255, 0).astype(np.uint8)
            found[row::4, column::2] = _lit(lit, cells.ink, look)
    return found


def ramp_levels(ramp: str) -> Any:
    """(65536,) uint8: the level of each character of a ramp; "" stands for all ramps with a name."""
    levels: Any = np.full(0x10000, UNKNOWN, np.uint8)
    for one in [ramp] if ramp else [*looks.RAMPS.values()][::-1]:
        codes = np.array([ord(character) for character in one])
        levels[codes] = (np.arange(len(codes)) * 2 + 1) * 128 // len(codes)
    if not ramp:
        levels[[32, BLOCKS[0], FIRST_BRAILLE]] = 0
    return levels


def mode(glyphs: Any) -> str:
    """The mode of a frame that shows these characters, (…) code points.

    One that is all full blocks may be of a ramp that ends with it.
    """
    if bool(((glyphs >> 8) == FIRST_BRAILLE >> 8).all()):
        return BRAILLE
    half = np.isin(glyphs, BLOCKS).all() and not (glyphs == BLOCKS[-1]).all()
    return HALF if bool(half) else CHARACTERS


def _has(glyphs: Any, bit: int) -> Any:
    return (glyphs == BLOCKS[1 << bit]) | (glyphs == BLOCKS[3])


def _lit(levels: Any, ink: Any, look: Look) -> Any:
    if ink is None:
        return levels
    shown = palette.luma(palette.rgb(ink, look.colour))
    return (levels.astype(np.uint16) * shown // 255).astype(np.uint8)

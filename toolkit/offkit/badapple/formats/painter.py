"""From pictures to cells.

CHARACTERS: a ramp from dark to light, and in colour the picture's colour made as light as it can
be, so that a character's share of ink times its colour is the picture again. HALF: two pixels a
cell, one above the other; in colour as ink and paper of U+2580, else by ordered dither. BRAILLE:
eight dots a cell by ordered dither (Bayer 1973), the colour that of the cell.
"""

from typing import Any

import cv2
import numpy as np

from offkit.badapple.formats import palette
from offkit.badapple.formats.cells import BRAILLE, CHARACTERS, HALF, MONO, TRUE, Cells, Grid, Look
from offkit.badapple.formats.reduce import Reducer

UPPER, LOWER, FULL = 0x2580, 0x2584, 0x2588
# FIGURE SPACE has three bytes in UTF-8 like the blocks, so that frames have one size.
EMPTY = 0x2007
BLOCKS = (EMPTY, UPPER, LOWER, FULL)  # by bit 0: upper, bit 1: lower
FIRST_BRAILLE = 0x2800
# Bits of the dots of a cell, by row and column (Unicode, Braille Patterns).
DOTS = ((0, 3), (1, 4), (2, 5), (6, 7))
PARTS = {CHARACTERS: (1, 1), HALF: (2, 1), BRAILLE: (4, 2)}  # of a cell: (high, wide)
_BLOCKS = np.array(BLOCKS, np.uint16)
_MARGIN = 24  # gray levels from black and from white that count as such, or they would be speckled
# Ordered dither (Bayer 1973), of 2 x 2 and of 4 x 4 pixels.
_BAYER_2 = ((0, 2), (3, 1))
BAYER_4 = ((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5))


class Painter:
    """Pictures of one video to cells of one look; keeps its tables and buffers."""

    def __init__(self, look: Look, luma: str = "full") -> None:
        """``luma``: how gray pictures are to be taken, see ``reduce.Reducer``."""
        self._look = look
        rows, columns = look.grid
        parts = look.grid
        if look.mode == CHARACTERS:
            codes = np.array([ord(character) for character in look.ramp], np.uint16)
            self._ramp = codes[np.arange(256) * len(codes) // 256]
        else:
            high, wide = PARTS[look.mode]
            parts = Grid(rows * high, columns * wide)
            pattern = np.array(_BAYER_2 if look.mode == HALF else BAYER_4)
            step = (128.0 - _MARGIN) / pattern.size
            limits = (_MARGIN + (2 * pattern + 1) * step).astype(np.uint8)
            repeats = [-(-size // len(limits)) for size in parts]
            self._limits = np.tile(limits, repeats)[: parts.rows, : parts.columns]
        self._glyphs: Any = np.full((rows, columns), UPPER, np.uint16)
        self._starts = np.arange(0, rows * columns, columns)[:, None]
        fine = look.mode != CHARACTERS
        self._dots = Reducer(parts, luma, fine)
        self._colours = self._dots if look.mode == HALF else Reducer(look.grid, luma, fine)

    @property
    def wants_colour(self) -> bool:
        return self._look.colour != MONO

    def cells(self, picture: Any) -> Cells:
        """The cells of a picture, (h, w) luma, or (h, w, 3) BGR; valid until the next call."""
        look = self._look
        if look.colour == MONO:
            return Cells(self._shapes(self._dots.gray(picture)))
        colours = self._colours.colour(picture)
        if look.invert:
            colours = np.invert(colours)
        if look.mode == HALF:
            if look.colour != TRUE:
                colours = palette.nearest(colours, look.colour)
            return Cells(self._glyphs, colours[0::2], colours[1::2])
        bright = colours.max(axis=2)
        if look.mode == CHARACTERS:
            glyphs = cv2.LUT(bright, self._ramp, self._glyphs)
        else:
            glyphs = self._shapes(self._dots.gray(picture))
        return Cells(glyphs, self._ink(glyphs, colours, bright))

    def _shapes(self, gray: Any) -> Any:
        """Glyphs for the gray levels of all parts."""
        if self._look.invert:
            gray = np.invert(gray)
        if self._look.mode == CHARACTERS:
            return cv2.LUT(gray, self._ramp, self._glyphs)
        lit: Any = gray > self._limits
        if self._look.mode == HALF:
            return np.take(_BLOCKS, lit[0::2] + 2 * lit[1::2].view(np.uint8))
        self._glyphs.fill(FIRST_BRAILLE)
        for row, bits in enumerate(DOTS):
            for column, bit in enumerate(bits):
                self._glyphs |= lit[row::4, column::2].astype(np.uint16) << bit
        return self._glyphs

    def _ink(self, glyphs: Any, colours: Any, bright: Any) -> Any:
        """Colours as light as they can be. What shows no ink has that of its neighbour to the left."""
        most = np.maximum(bright, 1).astype(np.uint32)
        scale = ((255 << 16) + most - 1) // most
        ink = ((colours * scale[..., None]) >> 16).astype(np.uint8)
        if self._look.colour != TRUE:
            ink = palette.nearest(ink, self._look.colour)
        blank = (glyphs == 32) | (glyphs == FIRST_BRAILLE)
        source = np.where(blank, 0, np.arange(blank.shape[1]))
        source = np.maximum.accumulate(source, axis=1)
        return np.take(ink.reshape((-1,) + ink.shape[2:]), source + self._starts, axis=0)

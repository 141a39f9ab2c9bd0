"""Whether a frame of cells shows a picture of the built-in film, and which number it bears.

Every way to show a picture is monotone: what is darker in the picture is nowhere lighter in the
cells. So cells are right when they lie between those of the picture made a little darker and a
little lighter, which holds for ramps, dots and colours alike.
"""

from typing import Any, NamedTuple, Tuple

import cv2
import numpy as np

from offkit.badapple.formats import levels
from offkit.badapple.formats.cells import BRAILLE, CHARACTERS, HALF, MONO, Cells, Look
from offkit.badapple.formats.painter import Painter
from offkit.badapple.shadowplay import strip
from offkit.badapple.shadowplay.film import HEIGHT, WIDTH

# What a lossy codec may do: a gray level off by this much (one step of a ramp of ten) anywhere,
# and by more in this share of a frame's parts.
MARGIN = 25
TOLERANCE = 0.01
_OF_DOTS = 0.005  # a dot says less than a shade: where the gray is near, most are the same
_BLANK = 32  # U+0020
_COLOURED = 20  # levels more: the next colour of a small palette may be another one
_PROBES = (0, strip.LIMIT - 1, 0x2AAA, 0x5555)  # numbers of which each bit is 0 and 1
_UNSURE = 12  # gray levels that a strip must bear to be called legible


class Window(NamedTuple):
    """Where the strip's blocks are seen, in parts of cells."""

    high: int  # rows, from the lowest up
    columns: Any  # (BLOCKS, wide) int


def seen(cells: Cells, look: Look) -> Any:
    """Gray levels of the parts of ``cells``, (rows * high, columns * wide) uint8.

    A blank has an ink that nobody sees, and that a picture of it does not keep.
    """
    found = levels.gray(cells, look)
    if look.mode == CHARACTERS and cells.ink is not None:
        found[cells.glyphs == _BLANK] = 0
    return found


class Likeness:
    """Holds cells of one look against pictures of (HEIGHT, WIDTH)."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._painters = (Painter(look), Painter(look))
        self._slack = 0 if look.colour == MONO else _COLOURED
        self.tolerance = TOLERANCE if _pattern(look) == (1, 1) else _OF_DOTS
        self._window = _window(look)
        self.legible = self._window is not None and self._is_legible()

    def share(self, cells: Cells, picture: Any) -> float:
        """Share of the parts of ``cells`` that do not show the gray ``picture``."""
        have = seen(cells, self._look)
        one = self._painted(self._painters[0], cv2.subtract(picture, MARGIN))
        other = self._painted(self._painters[1], cv2.add(picture, MARGIN))
        least = cv2.subtract(np.minimum(one, other), self._slack)
        most = cv2.add(np.maximum(one, other), self._slack)
        return float(np.count_nonzero((have < least) | (have > most)) / have.size)

    def number(self, cells: Cells) -> int:
        """The number in the picture, strip.UNREADABLE where there is none or it is not legible."""
        if self._window is None:
            return strip.UNREADABLE
        lowest = seen(cells, self._look)[-self._window.high :]
        if self._look.invert:
            lowest = np.invert(lowest)
        means = lowest[:, self._window.columns].mean(axis=(0, 2), dtype=np.float32)
        return int(strip.read(means)[0])

    def _painted(self, painter: Painter, picture: Any) -> Any:
        if painter.wants_colour:
            picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
        return seen(painter.cells(picture), self._look)

    def _is_legible(self) -> bool:
        """Whether numbers come through this look at all, with something in hand for a codec."""
        picture: Any = np.zeros((HEIGHT, WIDTH), np.uint8)
        painter = self._painters[0]
        for number in _PROBES:
            strip.stamp(picture, number)
            for shown in (cv2.subtract(picture, _UNSURE), picture, cv2.add(picture, _UNSURE)):
                if painter.wants_colour:
                    shown = cv2.cvtColor(shown, cv2.COLOR_GRAY2BGR)
                if self.number(painter.cells(shown)) != number:
                    return False
        return True


def _window(look: Look) -> Any:
    """The Window of a look, None when a block of the strip has too few parts in it.

    A pattern of dots shows a gray level only as a whole, so as much of each block is taken.
    """
    high, wide = _pattern(look)
    rows, columns = (size * part for size, part in zip(look.grid, levels.parts(look)))
    if rows * strip.HEIGHT < high * HEIGHT or columns < (wide + 1) * strip.BLOCKS:
        return None
    if wide == 1:
        return Window(high, strip.columns(columns)[:, None])
    middle = (np.arange(strip.BLOCKS) + 0.5) * columns / strip.BLOCKS
    return Window(high, np.rint(middle - wide / 2.0).astype(int)[:, None] + np.arange(wide))


def _pattern(look: Look) -> Tuple[int, int]:
    """(high, wide) of the pattern that shows one gray level."""
    if look.mode == BRAILLE:
        return 4, 4
    return (2, 2) if look.mode == HALF and look.colour == MONO else (1, 1)

"""A screen of cells to the bytes that change a terminal into it: only what differs is sent."""

from typing import Any, NamedTuple, Optional, Tuple

import numpy as np

from offkit.badapple.formats import sgr

DEFAULT = -1  # the terminal's own colour
RGB = 1 << 24  # added to a colour that is no place in the palette
BLANK = 32

_NEAR = 4  # unchanged cells that are sent again rather than jumped over
_MOST = 1000  # rows or columns that can be pointed at; what lies beyond stays blank
_CSI = sgr.words(b"\033[")[0]


class Screen(NamedTuple):
    """What a terminal shows. ``glyphs`` (rows, columns) uint16 code points; ``ink`` and ``paper``
    (rows, columns) int32: DEFAULT, a place in the palette of 256, or RGB + 0xRRGGBB."""

    glyphs: Any
    ink: Any
    paper: Any


def blank(rows: int, columns: int) -> Screen:
    """A cleared screen."""
    rows, columns = min(rows, _MOST - 1), min(columns, _MOST - 1)
    plain: Any = np.full((rows, columns), DEFAULT, np.int32)
    return Screen(np.full((rows, columns), BLANK, np.uint16), plain, plain.copy())


class Drawing:
    """What stands on a terminal, and what makes it something else."""

    def __init__(self) -> None:
        self._shown: Optional[Screen] = None
        self._style: Tuple[int, int] = (DEFAULT, DEFAULT)

    def forget(self) -> None:
        """The terminal was resized, or somebody else drew on it: the next one is drawn whole."""
        self._shown = None

    def to(self, screen: Screen) -> bytes:
        """The bytes from what was drawn last to ``screen``, which the caller may overwrite."""
        inkless = screen.glyphs == BLANK
        screen = Screen(screen.glyphs.copy(), np.where(inkless, DEFAULT, screen.ink), screen.paper.copy())
        before, start = self._shown, b""
        if before is None or before.glyphs.shape != screen.glyphs.shape:
            before, start = blank(*screen.glyphs.shape), b"\033[0m\033[2J"
            self._style = (DEFAULT, DEFAULT)
        changed = screen.glyphs != before.glyphs
        changed |= screen.ink != before.ink
        changed |= screen.paper != before.paper
        self._shown = screen
        return start + self._sent(screen, _joined(changed))

    def _sent(self, screen: Screen, wanted: Any) -> bytes:
        rows, columns = np.nonzero(wanted)
        if not len(rows):
            return b""
        glyphs = screen.glyphs[rows, columns]
        ink, paper = screen.ink[rows, columns], screen.paper[rows, columns]
        # A blank shows no ink, so it takes that of the cell before it.
        last = np.maximum.accumulate(np.where(glyphs == BLANK, 0, np.arange(1, len(ink) + 1)))
        ink = np.concatenate(([self._style[0]], ink))[last]
        jumps: Any = np.ones(len(rows), bool)
        jumps[1:] = (np.diff(rows) != 0) | (np.diff(columns) != 1)
        inks, papers = _differs(ink, self._style[0]), _differs(paper, self._style[1])
        self._style = int(ink[-1]), int(paper[-1])
        words: Any = np.zeros((len(rows), 14), sgr.WORD)
        words[jumps, 0] = _CSI
        words[jumps, 1] = sgr.numbers(b";", _MOST)[rows[jumps] + 1]
        words[jumps, 2] = sgr.numbers(b"H", _MOST)[columns[jumps] + 1]
        words[inks, 3:8] = _colour(ink[inks], sgr.INK)
        words[papers, 8:13] = _colour(paper[papers], sgr.PAPER)
        words[:, 13] = sgr.characters(glyphs)
        return sgr.text(words)


def _joined(changed: Any) -> Any:
    """``changed`` without the short gaps in a row, for which a jump would cost more."""
    joined = changed.copy()
    for gap in range(2, _NEAR + 2):
        ends = changed[:, :-gap] & changed[:, gap:]
        for step in range(1, gap):
            joined[:, step : step - gap] |= ends
    return joined


def _differs(values: Any, before: int) -> Any:
    differ: Any = np.empty(len(values), bool)
    differ[0] = values[0] != before
    differ[1:] = values[1:] != values[:-1]
    return differ


def _colour(values: Any, layer: int) -> Any:
    """(n, 5) words that set each colour: SGR by ECMA-48 up to 7, aixterm's 90 to 107 up to 15,
    ISO 8613-6's 38 and 48 beyond."""
    words: Any = np.zeros((len(values), 5), sgr.WORD)
    low, true = values < 16, values >= RGB
    words[:, 0] = np.where(low, _CSI, sgr.words(b"\033[%d8" % layer)[0])
    plain = np.where(values < 8, 10 * layer + values, 10 * layer + 52 + values)
    plain = np.where(values == DEFAULT, 10 * layer + 9, plain)
    words[low, 1] = sgr.numbers(b"m")[plain[low]]
    placed = ~low & ~true
    words[placed, 1], words[true, 1] = sgr.words(b";5;", b";2;")
    words[placed, 2] = sgr.numbers(b"m")[values[placed]]
    red, green, blue = (values[true] >> shift & 255 for shift in (16, 8, 0))
    words[true, 2], words[true, 3] = sgr.numbers(b";")[red], sgr.numbers(b";")[green]
    words[true, 4] = sgr.numbers(b"m")[blue]
    return words

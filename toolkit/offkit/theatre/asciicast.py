"""asciicast v2: what asciinema plays.

A line of JSON that says what this is, then a line for every frame: when, and what the terminal
is sent. Only cells that changed are sent; every 150th frame is whole, so that whoever reads the
file need not begin at its beginning. Every frame leaves the terminal's colours as they were.
"""

import json
from fractions import Fraction
from typing import Any, Optional

import numpy as np

from offkit.badapple.formats import sgr
from offkit.badapple.formats.about import describe, inks
from offkit.badapple.formats.base import Format
from offkit.badapple.formats.cells import Cells
from offkit.theatre.deltas import before_it

ENTER = b"\033[?1049h\033[?25l\033[2J"  # the alternate screen, no cursor, empty
LEAVE = b"\033[0m\033[?25h\033[?1049l"
# Unchanged cells that are sent along, because moving the cursor over them takes as many bytes.
_BRIDGED = 6
_ESCAPED = ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\033", b"\\u001b"))
_MOVE = 5  # words that move the cursor


class Cast(Format):
    """See the module."""

    name = "cast"
    suffix = ".cast"
    viewer = "asciinema play {output}{needs}"
    delta = True

    def head(self, frames: int) -> bytes:
        about = {
            "version": 2,
            "width": self.look.grid.columns,
            "height": self.look.grid.rows,
            "env": {"TERM": "xterm-256color"},
            "offkit": describe(self.look, self.facts),  # players skip what they do not know
        }
        return json.dumps(about, sort_keys=True).encode("ascii") + b"\n"

    def frame(self, number: int, cells: Cells, before: Optional[Cells]) -> bytes:
        data = self._changes(cells, before_it(number, before))
        return self._event(number, data if number else ENTER + data)

    def foot(self, frames: int) -> bytes:
        return self._event(frames, LEAVE)

    def _event(self, number: int, data: bytes) -> bytes:
        """A line. Times are exact to the microsecond, whatever a float would make of them."""
        moment = round(Fraction(number) * 10**6 / Fraction(self.facts.fps))
        for plain, escaped in _ESCAPED:
            data = data.replace(plain, escaped)
        return b'[%d.%06d, "o", "%b"]\n' % (moment // 10**6, moment % 10**6, data)

    def _changes(self, cells: Cells, before: Optional[Cells]) -> bytes:
        """What makes a terminal that shows ``before`` show ``cells``."""
        columns = self.look.grid.columns
        places = np.flatnonzero(_bridged(changed(cells, before)))
        step = sgr.width(self.look.colour)
        layers = (sgr.INK, sgr.PAPER)[: inks(self.look)]
        out: Any = np.zeros((len(places), _MOVE + len(layers) * step + 1), sgr.WORD)
        if not len(places):
            return b""
        start: Any = np.ones(len(places), bool)
        start[1:] = (places[1:] != places[:-1] + 1) | (places[1:] % columns == 0)
        moves = np.flatnonzero(start)
        out[moves[:, None], (0, 2, 4)] = sgr.words(b"\033[", b";", b"H")
        out[moves, 1] = sgr.numbers(b"", 10000)[places[moves] // columns + 1]
        out[moves, 3] = sgr.numbers(b"", 10000)[places[moves] % columns + 1]
        fresh: Any = np.zeros(len(places), bool)
        fresh[0] = True
        colours: Any = (cells.ink, cells.paper)
        for layer, values in zip(layers, colours):
            flat = values.reshape((-1,) + values.shape[2:])
            at = _MOVE + (layer - sgr.INK) * step
            sgr.put(out[:, at : at + step], flat[places], fresh, layer, self.look.colour)
        out[:, -1] = sgr.characters(cells.glyphs.reshape(-1)[places])
        return sgr.text(out) + (sgr.RESET if layers else b"")


def changed(cells: Cells, before: Optional[Cells]) -> Any:
    """(rows, columns) bool: cells that are not as ``before``; all of them where that is None."""
    if before is None:
        return np.ones(cells.glyphs.shape, bool)
    differ = cells.glyphs != before.glyphs
    for new, old in zip(cells[1:], before[1:]):
        if new is not None:
            differ |= (new != old).any(axis=2) if new.ndim == 3 else new != old
    return differ


def _bridged(differ: Any) -> Any:
    """With short runs of unchanged cells between changed ones of a row taken in."""
    columns = np.arange(differ.shape[1])
    last = np.maximum.accumulate(np.where(differ, columns, -_BRIDGED - 2), axis=1)
    following = np.where(differ, columns, 2 * len(columns) + _BRIDGED)[:, ::-1]
    following = np.minimum.accumulate(following, axis=1)[:, ::-1]
    return following - last <= _BRIDGED + 1

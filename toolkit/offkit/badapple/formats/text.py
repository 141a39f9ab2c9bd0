"""The text file: what character-art players take, in one colour or as terminals show colours.

The form is that of the players this workload descends from: a first line ``total frame: 6572 /
FPS: 30.0 / resolution: 512x384``, then for every frame a line with its number, from 0, and its
rows. Where all characters of a look have the same number of bytes, a frame's offset follows from
its number. In colour each row begins with its colours and ends by resetting them, so that
``cat`` can begin at any line.
"""

from typing import Any, Optional

import numpy as np

from offkit.badapple.formats import sgr
from offkit.badapple.formats.base import Facts, Format
from offkit.badapple.formats.cells import CHARACTERS, HALF, MONO, Cells, Look

_END = sgr.words(sgr.RESET, b"\n")


def character_size(ramp: str) -> int:
    """Bytes of each character of a ramp in UTF-8; 0 where they differ."""
    sizes = {len(character.encode("utf-8")) for character in ramp}
    return sizes.pop() if len(sizes) == 1 else 0


def digits_below(count: int) -> int:
    """Digits of all numbers below ``count``, written one after the other."""
    total, power, length = 0, 1, 1
    while power < count or power == 1:
        first = 0 if power == 1 else power
        total += length * (max(min(count, power * 10), first) - first)
        power, length = power * 10, length + 1
    return total


class Text(Format):
    """See the module. Errors: none; any cells can be written."""

    name = "text"
    suffix = ".txt"
    viewer = "cat {output}{needs}"

    def __init__(self, look: Look, facts: Facts, cell_size: Optional[int] = None) -> None:
        """``cell_size``: bytes of every cell, 0 where that depends on what it shows; for a look
        whose ramp is unknown."""
        super().__init__(look, facts)
        rows, columns = look.grid
        if cell_size is None:
            # Blocks and dots have three bytes, the empty ones too.
            size = character_size(look.ramp) if look.mode == CHARACTERS else 3
            cell_size = size if look.colour == MONO else 0
        self.cell_size = cell_size
        # Bytes of a frame's rows where ``cell_size`` is known.
        self.size = rows * (columns * self.cell_size + 1)
        # The rows of a frame in one colour, their newlines in place: bytes, or code points.
        kind = np.uint8 if self.cell_size == 1 else sgr.WORD
        self._lines: Any = np.full((rows, columns + 1), 10, kind) if look.colour == MONO else None

    def head(self, frames: int) -> bytes:
        text = "total frame: {} / FPS: {!r} / resolution: {}x{}\n"
        return text.format(frames, float(self.facts.fps), *self.facts[1:]).encode("ascii")

    def offset(self, number: int) -> Optional[int]:
        if not self.cell_size:
            return None
        return number * (self.size + 1) + digits_below(number)

    def frame(self, number: int, cells: Cells, before: Optional[Cells]) -> bytes:
        return b"%d\n%b" % (number, self._rows(cells))

    def _rows(self, cells: Cells) -> Any:
        rows, columns = self.look.grid
        if self._lines is not None:
            self._lines[:, :columns] = cells.glyphs
            if self.cell_size == 1:
                return self._lines
            return self._lines.tobytes().decode("utf-32-le").encode("utf-8")
        step = sgr.width(self.look.colour)
        inks = 2 if self.look.mode == HALF else 1
        out: Any = np.zeros((rows * columns, inks * step + 1), sgr.WORD)
        fresh: Any = np.zeros((rows, columns), bool)
        fresh[:, 0] = True
        colours: Any = (cells.ink, cells.paper)
        for place, (layer, values) in enumerate(zip((sgr.INK, sgr.PAPER)[:inks], colours)):
            flat = values.reshape((rows * columns,) + values.shape[2:])
            part = out[:, place * step : (place + 1) * step]
            sgr.put(part, flat, fresh.reshape(-1), layer, self.look.colour)
        out[:, -1] = sgr.characters(cells.glyphs.reshape(-1))
        lines = np.empty((rows, columns * out.shape[1] + 2), sgr.WORD)
        lines[:, :-2] = out.reshape(rows, -1)
        lines[:, -2:] = _END
        return sgr.text(lines)

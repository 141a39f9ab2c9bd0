"""The text file: what character-art players take, in one colour or as terminals show colours.

The form is that of the players this workload descends from: a first line ``total frame: 6572 /
FPS: 30.0 / resolution: 512x384``, then for every frame a line with its number, from 0, and its
rows. Where all characters of a look have the same number of bytes, a frame's offset follows from
its number. In colour each row begins with its colours and ends by resetting them, so that
``cat`` can begin at any line.
"""

from typing import Any, Dict, Optional

import numpy as np

from offkit.badapple.formats import sgr
from offkit.badapple.formats.base import Format
from offkit.badapple.formats.cells import CHARACTERS, HALF, MONO, Cells

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

    def head(self, frames: int) -> bytes:
        text = "total frame: {} / FPS: {!r} / resolution: {}x{}\n"
        return text.format(frames, float(self.facts.fps), *self.facts[1:]).encode("ascii")

    @property
    def cell_size(self) -> int:
        """Bytes of every cell; 0 where that depends on what it shows."""
        if self.look.colour != MONO:
            return 0
        # Blocks and dots have three bytes, the empty ones too.
        return character_size(self.look.ramp) if self.look.mode == CHARACTERS else 3

    @property
    def size(self) -> int:
        """Bytes of a frame's rows where ``cell_size`` is known."""
        rows, columns = self.look.grid
        return rows * (columns * self.cell_size + 1)

    def offset(self, number: int) -> Optional[int]:
        if not self.cell_size:
            return None
        return number * (self.size + 1) + digits_below(number)

    def frame(self, number: int, cells: Cells, before: Optional[Cells]) -> bytes:
        return b"%d\n%b" % (number, self._rows(cells))

    def _rows(self, cells: Cells) -> bytes:
        rows, columns = self.look.grid
        if self.look.colour == MONO:
            single = self.cell_size == 1
            lines = _lines(rows, columns, single)
            lines[:, :columns] = cells.glyphs
            data: bytes = lines.tobytes()
            return data if single else data.decode("utf-32-le").encode("utf-8")
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


_buffers: Dict[Any, Any] = {}


def _lines(rows: int, columns: int, single: bool) -> Any:
    """A buffer for rows of characters, their newlines in place; a new one only for a new shape."""
    key = (rows, columns, single)
    if key not in _buffers:
        _buffers.clear()
        _buffers[key] = np.full((rows, columns + 1), 10, np.uint8 if single else sgr.WORD)
    return _buffers[key]

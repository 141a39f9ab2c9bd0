"""Reading asciicasts of ours back: the part of a terminal that they need."""

import json
from typing import Any, Optional

import numpy as np

from offkit.badapple.formats import sgr
from offkit.badapple.formats.about import described
from offkit.badapple.formats.cells import Cells
from offkit.badapple.formats.damage import TooEarly, damaged
from offkit.badapple.formats.growing import Parts, existing
from offkit.theatre.asciicast import ENTER, Cast
from offkit.theatre.deltas import DeltaReader, nothing

_LONGEST_HEAD = 1 << 14  # bytes; 256 escaped characters of a ramp and the rest


def is_ours(start: bytes) -> bool:
    """Whether a file that begins like this is an asciicast of ours."""
    return start.startswith(b'{"env": {"TERM": "xterm-256color"}') and b'"offkit": {' in start


class CastReader(DeltaReader):
    """An open asciicast.

    Raises RequestError (VID010) when it is none of ours, or is damaged; TooEarly.
    """

    form = Cast

    def __init__(self, path: str, growing: bool = False) -> None:
        self._growing = growing
        self._parts: Parts = existing(Parts, path, growing)
        super().__init__(path)

    def _open(self) -> None:
        head = self._parts.head.read(0, _LONGEST_HEAD).partition(b"\n")
        if self._growing and not head[1]:
            raise TooEarly("the first line is not there yet")
        about = described(head[0], "offkit")
        if about is None:
            raise damaged(self._path, "its first line does not say what it is")
        self.look, self.facts = about
        self._form = Cast(self.look, self.facts)
        self.complete = not self._growing
        self._parts.follow(1, len(head[0]) + 1, self._number_of)
        if self.complete:
            records = self._parts.head.records
            end = self._parts.record(records - 1) if records > 1 else None
            if end != self._form.foot(records - 1):
                raise damaged(self._path, "its end is missing")

    @property
    def frames(self) -> int:  # type: ignore[override]
        if self.complete:
            return self._parts.head.records - 1
        return max(part.stop for part in self._parts.all)

    def _number_of(self, line: bytes) -> int:
        moment = line[1:].partition(b",")[0]
        try:
            return round(float(moment) * self.facts.fps)
        except (ValueError, OverflowError):
            return -1

    def _record(self, number: int) -> Optional[bytes]:
        return self._parts.record(number)

    def _shown(self, number: int, record: bytes, before: Optional[Cells]) -> Optional[Cells]:
        try:
            data = json.loads(record.decode("utf-8"))[2].encode("utf-8")
        except (ValueError, LookupError, TypeError, AttributeError):
            return None
        if number == 0:
            data = data[len(ENTER) :]
        parsed = sgr.parse(data)
        rows, columns = self.look.grid
        cells = before or nothing(self.look)
        if parsed is None:
            return None
        moves = np.flatnonzero(parsed.final == ord("H"))
        count = len(parsed.glyphs)
        if not len(moves):
            return None if count else cells
        at = parsed.at[moves]
        targets = (parsed.parameters[moves, 0] - 1) * columns + parsed.parameters[moves, 1] - 1
        if not count or at[0]:
            return None
        places = np.arange(count) + np.repeat(targets - at, np.diff(np.append(at, count)))
        if places.min() < 0 or places.max() >= rows * columns:
            return None
        arrays = [_changed(cells.glyphs, places, parsed.glyphs)]
        for layer, old in ((sgr.INK, cells.ink), (sgr.PAPER, cells.paper)):
            if old is not None:
                values, _ = sgr.filled(parsed, layer, self.look.colour, count)
                arrays.append(_changed(old, places, values))
        return Cells(*arrays)

    def close(self) -> None:
        self._parts.close()


def _changed(old: Any, places: Any, values: Any) -> Any:
    """A copy of ``old`` with ``values`` at ``places``, as if it had one axis for its cells."""
    new = old.copy()
    new.reshape((-1,) + old.shape[2:])[places] = values
    return new

"""Conversions that hold what changed from frame to frame, and every so often a frame that is whole."""

from typing import Any, Optional

import numpy as np

from offkit.badapple.formats.about import inks
from offkit.badapple.formats.base import Format, Reader
from offkit.badapple.formats.cells import TRUE, Cells, Look
from offkit.badapple.formats.damage import damaged

WHOLE = 150  # frames from one whole frame to the next, so that whoever reads need not begin at the beginning


def before_it(number: int, before: Optional[Cells]) -> Optional[Cells]:
    """What frame ``number`` is the difference from; None where it is whole."""
    return None if number % WHOLE == 0 else before


def nothing(look: Look) -> Cells:
    """Cells of zeros."""
    shape = look.grid + ((3,) if look.colour == TRUE else ())
    colours: Any = [np.zeros(shape, np.uint8) for _ in range(inks(look))]
    return Cells(np.zeros(look.grid, np.uint16), *colours)


class DeltaReader(Reader):
    """Frames in order are quick; any other costs up to WHOLE of them."""

    _form: Format

    def __init__(self, path: str) -> None:
        self._path = path
        self._number = -1  # of the frame that was read last
        self._cells: Optional[Cells] = None
        self._enter()

    def cells(self, number: int) -> Optional[Cells]:
        if number < 0 or (self.complete and number >= self.frames):
            return None
        start = number - number % WHOLE
        if start <= self._number <= number:
            start = self._number + 1
        for one in range(start, number + 1):
            record = self._record(one)
            if record is None:
                return None
            before = before_it(one, self._cells)
            cells = self._shown(one, record, before)
            if cells is None or self._form.frame(one, cells, before) != record:
                raise damaged(self._path, "frame {} is damaged".format(one))
            self._number, self._cells = one, cells
        return self._cells

    def _record(self, number: int) -> Optional[bytes]:
        """The bytes of a frame; None where it is not there yet."""
        raise NotImplementedError

    def _shown(self, number: int, record: bytes, before: Optional[Cells]) -> Optional[Cells]:
        """The frame that a record makes of the one before; None where it is no such record."""
        raise NotImplementedError

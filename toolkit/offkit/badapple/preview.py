"""A few rows of the frame that has just been made, for whoever waits for the film."""

from typing import Any, List, Optional

import cv2
import numpy as np

from offkit.badapple.formats import catalogue, levels
from offkit.badapple.formats import look as looks
from offkit.badapple.formats.base import Reader
from offkit.badapple.formats.cells import Look
from offkit.model.errors import RequestError

ROWS = 12
_MOST = 64  # columns
_RAMP = np.frombuffer(looks.DEFAULT_RAMP.encode("ascii"), np.uint8)


class Preview:
    """Looks into the conversion at ``path``; while it is ``growing`` into what is there of it.

    ``shares`` is how many processes work on it at once, each on a stretch of its own: what they
    have done together is ``done``, of which the first has done its part. Never raises.
    """

    def __init__(self, path: str, look: Look, aspect: float, shares: int, growing: bool) -> None:
        self._path, self._look, self._growing = path, look, growing
        self._shares = max(1, shares)
        self._columns = max(1, min(_MOST, round(2.0 * ROWS * aspect)))
        self._reader: Optional[Reader] = None

    def rows(self, done: int) -> List[str]:
        """ROWS lines of ASCII, none when nothing can be shown yet."""
        try:
            if self._reader is None:
                self._reader = catalogue.open_reader(self._path, self._growing)
            cells = self._reader.cells(max(0, done // self._shares - 1))
        except (RequestError, OSError):
            return []
        if cells is None:
            return []
        gray = levels.gray(cells, self._look)
        if self._look.invert:
            gray = np.invert(gray)
        small: Any = cv2.resize(gray, (self._columns, ROWS), interpolation=cv2.INTER_AREA)
        codes = _RAMP[small.astype(int) * len(_RAMP) // 256]
        return [bytes(row).decode("ascii") for row in codes]

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

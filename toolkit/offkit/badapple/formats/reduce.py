"""From a decoded picture to one value for each cell.

A picture is read but once, and its memory is what costs: so of a cell's lines only a few evenly
placed ones are taken, halved by exact means, and the rest of the way is one linear step across.
That is closer to the mean of all pixels (INTER_AREA) than halving the whole picture and
interpolating what is left, at a quarter of the time.
"""

from typing import Any, Dict, List, Tuple

import cv2
import numpy as np

from offkit.badapple.formats.cells import Grid

LIMITED, FULL = "limited", "full"  # ranges of luma: 16 to 235, 0 to 255 (ITU-R BT.601)

_APART = 6  # lines of the picture from one taken to the next, at most

TABLES: Dict[str, Any] = {  # (256,) uint8: the gray level of a luma value
    LIMITED: np.clip((np.arange(256) - 16) * 255.0 / 219 + 0.5, 0, 255).astype(np.uint8),
    FULL: np.arange(256, dtype=np.uint8),
}


class _Plan:
    """How pictures of one shape are reduced, and the buffers for it."""

    def __init__(self, shape: Tuple[int, ...], cells: Grid, apart: int) -> None:
        height, width = shape[:2]
        most, count = height // cells.rows, 1
        while count * 2 <= most and (count == 1 or height > apart * count * cells.rows):
            count *= 2
        self._lines: Any = None
        # Sizes and buffers, each half as high as the one before, and as wide or half as wide.
        self.colours: List[Tuple[Tuple[int, int], Any]] = []
        down, across = height, width
        if count > 1:
            down = count * cells.rows
            places: Any = (np.arange(down) * 2 + 1) * height // (2 * down)
            self._lines = places.astype(np.intp)
            self._taken: Any = np.empty((down, width) + shape[2:], np.uint8)
        while count > 1:
            count, down = count // 2, down // 2
            across = across // 2 if across >= 2 * cells.columns and across % 2 == 0 else across
            self.colours.append(((across, down), np.empty((down, across) + shape[2:], np.uint8)))
        self.planes = [(size, np.empty(size[::-1], np.uint8)) for size, _ in self.colours]
        self.plane: Any = self.planes[0][1] if self.planes else np.empty((height, width), np.uint8)
        shrinks = down >= 2 * cells.rows or across >= 3 * cells.columns
        self.last = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR

    def taken_from(self, picture: Any) -> Any:
        """The lines that count; the picture itself where all do."""
        if self._lines is None:
            return picture
        return picture.take(self._lines, 0, self._taken, "clip")

    @staticmethod
    def halved(small: Any, halves: List[Tuple[Tuple[int, int], Any]]) -> Any:
        for size, half in halves:
            small = cv2.resize(small, size, half, 0, 0, cv2.INTER_AREA)
        return small


class Reducer:
    """Reduces pictures to ``cells``. Arrays returned are overwritten by the next call.

    A picture is (h, w) uint8 luma, whose range ``luma`` says, or (h, w, 3) uint8 BGR. Its size
    may change from one to the next. ``fine``: cells are finer than letters, and as many lines are
    taken as there are; slanted edges are smoother for it.
    """

    def __init__(self, cells: Grid, luma: str = FULL, fine: bool = False) -> None:
        self._cells, self._apart = cells, 1 if fine else _APART
        self._size = (cells.columns, cells.rows)
        self._table = TABLES[luma] if luma == LIMITED else None
        self._plans: Dict[Tuple[int, ...], _Plan] = {}
        self._gray: Any = np.empty((cells.rows, cells.columns), np.uint8)
        self._colour: Any = np.empty((cells.rows, cells.columns, 3), np.uint8)

    def gray(self, picture: Any) -> Any:
        """Gray levels of the cells, BT.601: (rows, columns) uint8, 0 to 255."""
        plan = self._plan(picture.shape)
        small = plan.taken_from(picture)
        if picture.ndim == 3:
            # Halved once, there are four times fewer pixels to make gray.
            small = cv2.cvtColor(plan.halved(small, plan.colours[:1]), cv2.COLOR_BGR2GRAY, plan.plane)
            return self._fitted(plan.halved(small, plan.planes[1:]), plan.last, self._gray)
        gray = self._fitted(plan.halved(small, plan.planes), plan.last, self._gray)
        if self._table is not None:
            cv2.LUT(gray, self._table, gray)
        return gray

    def colour(self, picture: Any) -> Any:
        """Colours of the cells: (rows, columns, 3) uint8 RGB."""
        if picture.ndim == 2:
            return cv2.cvtColor(self.gray(picture), cv2.COLOR_GRAY2RGB, self._colour)
        plan = self._plan(picture.shape)
        small = plan.halved(plan.taken_from(picture), plan.colours)
        return self._fitted(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), plan.last, self._colour)

    def _plan(self, shape: Tuple[int, ...]) -> _Plan:
        plan = self._plans.get(shape)
        if plan is None:
            plan = self._plans[shape] = _Plan(shape, self._cells, self._apart)
        return plan

    def _fitted(self, small: Any, last: int, out: Any) -> Any:
        if small.shape == out.shape:
            out[:] = small
            return out
        return cv2.resize(small, self._size, out, 0, 0, last)

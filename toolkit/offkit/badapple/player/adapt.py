"""Any conversion for any terminal: fewer colours, plainer characters, fewer cells.

Where a terminal can show a frame as it is, it is shown as it is. Elsewhere the frame is taken
for the picture that it looks like, and painted again as that terminal can show it.
"""

from typing import Any, Tuple

import numpy as np

from offkit.badapple.formats import levels, palette
from offkit.badapple.formats.cells import (
    BRAILLE,
    CHARACTERS,
    HALF,
    INDEXED,
    MONO,
    SIXTEEN,
    TRUE,
    Cells,
    Grid,
    Look,
)
from offkit.badapple.formats.look import DEFAULT_RAMP
from offkit.badapple.formats.painter import EMPTY, Painter
from offkit.badapple.player.ability import ALL, ASCII, BLOCKS, TRUE_COLOUR, Ability
from offkit.badapple.player.drawing import BLANK, RGB, Screen

_LAST = {ASCII: 0x7E, BLOCKS: 0x25FF, ALL: 0xFFFF}  # code points that can be shown
_MODES = {CHARACTERS: ASCII, HALF: BLOCKS, BRAILLE: ALL}
_COLOURS = {MONO: 0, SIXTEEN: 16, INDEXED: 256, TRUE: TRUE_COLOUR}
_EIGHT: Any = np.array([0, 1, 2, 3, 4, 5, 6, 7, 7, 1, 2, 3, 4, 5, 6, 7], np.uint8)
_CROPPED = 0.12  # of the height or width may be cut off before everything is made smaller


def fitted(grid: Grid, rows: int, columns: int) -> Grid:
    """The cells to show of a frame: all where they fit or nearly fit, else the frame made smaller."""
    if grid.rows * (1 - _CROPPED) <= rows and grid.columns * (1 - _CROPPED) <= columns:
        return grid
    factor = min(rows / float(grid.rows), columns / float(grid.columns))
    return Grid(max(1, int(grid.rows * factor)), max(1, int(grid.columns * factor)))


class Adapter:
    """Frames of one look on a screen of one size."""

    def __init__(self, look: Look, ability: Ability, rows: int, columns: int) -> None:
        """``rows`` and ``columns`` are those that a frame may take."""
        self._look = look._replace(invert=False)  # what is shown is shown as it is
        self._room = rows, columns
        self._last = _LAST[ability.glyphs]
        self._eight = ability.colours == 8
        grid = fitted(look.grid, rows, columns)
        colour = look.colour
        if _COLOURS[colour] > ability.colours:
            colour = {0: MONO, 8: SIXTEEN, 16: SIXTEEN}.get(ability.colours, INDEXED)
        plain = _MODES[look.mode] > ability.glyphs or (look.mode == HALF and look.colour != colour == MONO)
        mode = CHARACTERS if plain else look.mode
        showable = look.ramp and max(map(ord, look.ramp)) <= self._last
        ramp = look.ramp if showable else DEFAULT_RAMP
        self._seen = Look(grid, mode, colour, ramp)
        self._painter = Painter(self._seen)
        self._as_it_is = (grid, colour, mode) == (look.grid, look.colour, look.mode)

    def put(self, cells: Cells, screen: Screen) -> None:
        """A frame into the middle of the first rows of ``screen``; when it is too big its middle."""
        glyphs = np.where(cells.glyphs == EMPTY, BLANK, cells.glyphs)
        if not self._as_it_is or int(glyphs.max()) > self._last:
            cells = self._painter.cells(self._picture(cells))
            glyphs = np.where(cells.glyphs == EMPTY, BLANK, cells.glyphs)
        frame, place = _overlap(glyphs.shape, self._room)
        screen.glyphs[place] = glyphs[frame]
        for layer, colours in ((screen.ink, cells.ink), (screen.paper, cells.paper)):
            if colours is not None:
                layer[place] = self._colour(colours[frame])

    def _picture(self, cells: Cells) -> Any:
        """What a frame looks like: gray for MONO, BGR else."""
        bare = self._look._replace(colour=MONO)
        share = levels.gray(Cells(cells.glyphs), bare)  # of the ink
        if self._look.colour == MONO or cells.ink is None:
            return share
        high, wide = levels.parts(self._look)
        ink = _spread(self._rgb(cells.ink), high, wide)
        picture = ink * (share[..., None] / np.float32(255))
        if cells.paper is not None:
            paper = _spread(self._rgb(cells.paper), high, wide)
            picture += paper * (1 - share[..., None] / np.float32(255))
        picture = picture.astype(np.uint8)
        return np.ascontiguousarray(picture[..., ::-1]) if self._painter.wants_colour else _luma(picture)

    def _rgb(self, colours: Any) -> Any:
        return colours if self._look.colour == TRUE else palette.colours()[colours]

    def _colour(self, colours: Any) -> Any:
        """As drawing.Screen has them."""
        if colours.ndim == 3:
            wide = colours.astype(np.int32)
            return RGB | wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
        return _EIGHT[colours] if self._eight else colours


def _overlap(shape: Tuple[int, ...], room: Tuple[int, int]) -> Tuple[Any, Any]:
    """(slices of the frame, slices of the screen) that put the middle of one into that of the other."""
    frame, place = [], []
    for size, free in zip(shape, room):
        seen = min(size, free)
        frame.append(slice((size - seen) // 2, (size - seen) // 2 + seen))
        place.append(slice((free - seen) // 2, (free - seen) // 2 + seen))
    return tuple(frame), tuple(place)


def _spread(colours: Any, high: int, wide: int) -> Any:
    return colours.repeat(high, axis=0).repeat(wide, axis=1)


def _luma(picture: Any) -> Any:
    """BT.601, of RGB."""
    return ((picture @ np.array([77, 150, 29], np.uint32)) >> 8).astype(np.uint8)

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
from offkit.badapple.formats.painter import BAYER_4, EMPTY, Painter
from offkit.theatre.player.ability import ALL, ASCII, BLOCKS, TRUE_COLOUR, Ability
from offkit.theatre.player.drawing import BLANK, RGB, Screen

_LAST = {ASCII: 0x7E, BLOCKS: 0x25FF, ALL: 0xFFFF}  # code points that can be shown
_MODES = {CHARACTERS: ASCII, HALF: BLOCKS, BRAILLE: ALL}
_COLOURS = {MONO: 0, SIXTEEN: 16, INDEXED: 256, TRUE: TRUE_COLOUR}
_PATTERN = (np.array(BAYER_4) + 0.5) / 16  # dither of two-pixel cells where there are few colours, 0 to 1
_COARSE = 90  # how far apart the 16 colours are, about
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
        self._look = look
        self._room = rows, columns
        self._colours = ability.colours
        self._last = _LAST[ability.glyphs]
        grid = fitted(look.grid, rows, columns)
        colourless = look.colour != MONO and not ability.colours
        plain = _MODES[look.mode] > ability.glyphs or (look.mode == HALF and colourless)
        self._mode = CHARACTERS if plain else look.mode
        showable = look.ramp and max(map(ord, look.ramp)) <= self._last
        colour = MONO if colourless or look.colour == MONO else TRUE
        self._painted = Look(grid, self._mode, colour, look.ramp if showable else DEFAULT_RAMP)
        self._painter = Painter(self._painted)
        self._as_it_is = not colourless and (grid, self._mode) == (look.grid, look.mode)

    def put(self, cells: Cells, screen: Screen) -> None:
        """A frame into the middle of the first rows of ``screen``; when it is too big its middle."""
        colour = self._look.colour
        glyphs = np.where(cells.glyphs == EMPTY, BLANK, cells.glyphs)
        if not self._as_it_is or int(glyphs.max()) > self._last:
            cells, colour = self._painter.cells(self._picture(cells)), self._painted.colour
            glyphs = np.where(cells.glyphs == EMPTY, BLANK, cells.glyphs)
        frame, place = _overlap(glyphs.shape, self._room)
        screen.glyphs[place] = glyphs[frame]
        for part, (layer, colours) in enumerate(((screen.ink, cells.ink), (screen.paper, cells.paper))):
            if colours is not None:
                layer[place] = self._shown(colours, colour, part)[frame]

    def _picture(self, cells: Cells) -> Any:
        """What a frame looks like: gray for MONO, BGR else."""
        # What is shown is shown as it is, inverted or not.
        share = levels.gray(Cells(cells.glyphs), self._look._replace(colour=MONO, invert=False))  # of the ink
        if self._look.colour == MONO or cells.ink is None:
            return share
        high, wide = levels.parts(self._look)
        part = share[..., None] / np.float32(255)
        picture = part * _spread(palette.rgb(cells.ink, self._look.colour), high, wide)
        if cells.paper is not None:
            picture += (1 - part) * _spread(palette.rgb(cells.paper, self._look.colour), high, wide)
        picture = picture.astype(np.uint8)
        return (
            np.ascontiguousarray(picture[..., ::-1]) if self._painter.wants_colour else palette.luma(picture)
        )

    def _shown(self, colours: Any, colour: str, part: int) -> Any:
        """Colours as drawing.Screen has them, and as many as the terminal has. ``part``: 0 for the
        ink, 1 for the paper."""
        if _COLOURS[colour] > self._colours:
            return self._fewer(palette.rgb(colours, colour), part)
        if colour != TRUE:
            return colours
        wide = colours.astype(np.int32)
        return RGB | wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]

    def _fewer(self, rgb: Any, part: int) -> Any:
        """Places in the palette; pixels are dithered, the ink of characters is not."""
        if self._colours == 256:
            return palette.nearest(rgb, INDEXED)
        limits: Any = np.full(rgb.shape[:2], 0.5)
        if self._mode == HALF:
            limits = _PATTERN[part::2][np.arange(rgb.shape[0])[:, None] % 2, np.arange(rgb.shape[1]) % 4]
        if self._colours == 8:  # each channel is off or on
            return (rgb > limits[..., None] * 255) @ np.array([1, 2, 4], np.uint8)
        noisy = rgb + (0.5 - limits[..., None]) * _COARSE
        return palette.nearest(noisy.clip(0, 255).astype(np.uint8), SIXTEEN)


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

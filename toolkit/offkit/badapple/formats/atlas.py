"""Characters as pictures: a bitmap of each glyph, a frame of cells drawn with them, and back.

ASCII is drawn with OpenCV's Hershey strokes, eight times too large and then reduced; blocks,
shades and braille dots are drawn exactly. A cell is 8 pixels wide, so that 8 × 8 blocks of JPEG
never lie in two of them.
"""

import functools
from typing import Any, List

import cv2
import numpy as np

from offkit.badapple.formats import palette
from offkit.badapple.formats.about import aspect, glyphs, inks
from offkit.badapple.formats.base import Facts
from offkit.badapple.formats.cells import BRAILLE, CHARACTERS, HALF, TRUE, Cells, Grid, Look
from offkit.badapple.formats.painter import BLOCKS, DOTS, FIRST_BRAILLE, UPPER
from offkit.model.errors import UsageError
from offkit.model.finding import ERROR, Finding

WIDE = 8  # pixels of a cell
INK = 255  # gray level of a glyph in one colour
_LARGER = 8
_SHADES = {0x2591: 64, 0x2592: 128, 0x2593: 192}
_BLANK = 24  # gray level below which a cell in colour counts as empty
_LARGEST_SIDE = 65000  # pixels; JPEG ends at 65535


def undrawable(look: Look) -> List[str]:
    """Characters of a look that no bitmap is known for."""
    known = set(BLOCKS) | set(_SHADES) | set(range(32, 127))
    if look.mode != CHARACTERS:
        return []
    return [character for character in look.ramp if ord(character) not in known]


class Atlas:
    """Draws frames of one look, and reads them. Raises UsageError (VID017) for what it cannot draw."""

    def __init__(self, look: Look, facts: Facts) -> None:
        missing = undrawable(look)
        if missing:
            text = "a video can be drawn with ASCII, blocks and braille, and not with {}".format(
                " ".join(missing[:10])
            )
            fix = "another --ramp, or --format html, where the browser's fonts draw it"
            raise UsageError(text, [Finding("VID017", ERROR, "--ramp", text, (), fix)])
        self._look = look
        self.high = min(max(4, 4 * round(WIDE * aspect(look, facts) / 4)), 64)
        if max(look.grid.rows * self.high, look.grid.columns * WIDE) > _LARGEST_SIDE:
            text = "{} × {} characters are too many for a picture".format(*look.grid[::-1])
            raise UsageError(text, fix="give a smaller --width or --height")
        self.size = Grid(look.grid.rows * self.high, look.grid.columns * WIDE)  # pixels
        self._codes = np.array(glyphs(look), np.uint16)
        self._sheet = np.stack([_bitmap(int(code), self.high) for code in self._codes])
        self._place: Any = np.zeros(0x10000, np.intp)
        self._place[self._codes] = np.arange(len(self._codes))

    def draw(self, cells: Cells) -> Any:
        """(high, wide) uint8 gray, or (high, wide, 3) uint8 BGR where there are colours."""
        if cells.paper is not None:
            both: Any = np.stack([self._bgr(cells.ink), self._bgr(cells.paper)], axis=1)
            lines = both.reshape((2 * self._look.grid.rows, self._look.grid.columns, 3))
            return self._enlarged(lines)
        rows, columns = self._look.grid
        tiles = np.take(self._sheet, np.take(self._place, cells.glyphs), axis=0)
        cover = tiles.transpose(0, 2, 1, 3).reshape(rows * self.high, columns * WIDE)
        if cells.ink is None:
            return cover
        colours = self._enlarged(self._bgr(cells.ink))
        return cv2.multiply(colours, cv2.cvtColor(cover, cv2.COLOR_GRAY2BGR), scale=1 / 255.0)

    def _bgr(self, colours: Any) -> Any:
        rgb = colours if self._look.colour == TRUE else np.take(palette.colours(), colours, axis=0)
        return rgb[..., ::-1]

    def _enlarged(self, small: Any) -> Any:
        size = (self.size.columns, self.size.rows)
        return cv2.resize(np.ascontiguousarray(small), size, interpolation=cv2.INTER_NEAREST)

    def read(self, picture: Any) -> Cells:
        """The cells that a picture most likely shows; what ``draw`` gives, more or less damaged."""
        if self._look.mode == HALF:
            return self._blocks(self._means(picture, 2, 1))
        if self._look.mode == BRAILLE:
            return self._dots(self._means(picture, 4, 2))
        # Inks are as light as they can be, so the lightest channel is the glyph's coverage.
        planes = [picture] if picture.ndim == 2 else cv2.split(picture)
        cover = self._tiles(functools.reduce(cv2.max, planes))
        sheet = self._sheet.reshape(len(self._codes), -1).astype(np.float32)
        chosen = ((sheet**2).sum(axis=1) - 2 * cover @ sheet.T).argmin(axis=1)
        codes = self._codes[chosen].reshape(self._look.grid)
        if len(planes) == 1:
            return Cells(codes)
        weights = sheet[chosen]
        whole = np.maximum((weights**2).sum(axis=1), 1) / 255
        channels = [np.einsum("ij,ij->i", self._tiles(plane), weights) / whole for plane in planes[::-1]]
        return Cells(codes, self._places(np.stack(channels, axis=1).reshape(self._look.grid + (3,))))

    def _tiles(self, plane: Any) -> Any:
        """(cells, pixels of a cell) float32 of a plane of a picture."""
        rows, columns = self._look.grid
        tiles = plane.reshape(rows, self.high, columns, WIDE).transpose(0, 2, 1, 3)
        return tiles.reshape(rows * columns, -1).astype(np.float32)

    def _means(self, picture: Any, high: int, wide: int) -> Any:
        """(rows * high, columns * wide[, 3]) float32: mean levels of the parts of cells."""
        size = (self._look.grid.columns * wide, self._look.grid.rows * high)
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)

    def _blocks(self, means: Any) -> Cells:
        if not inks(self._look):
            lit: Any = means > INK / 2.0
            return Cells(np.take(np.array(BLOCKS, np.uint16), lit[0::2] + 2 * lit[1::2].view(np.uint8)))
        rgb = self._places(means[..., ::-1])
        return Cells(np.full(self._look.grid, UPPER, np.uint16), rgb[0::2], rgb[1::2])

    def _dots(self, means: Any) -> Cells:
        full = float(_bitmap(FIRST_BRAILLE + 255, self.high).mean()) / 255
        gray = means if means.ndim == 2 else means.max(axis=2)
        rows, columns = self._look.grid
        parts = gray.reshape(rows, 4, columns, 2)
        most = parts.max(axis=(1, 3), keepdims=True)
        lit: Any = parts > np.maximum(most / 2, _BLANK * full)
        codes: Any = np.full(self._look.grid, FIRST_BRAILLE, np.uint16)
        for row, bits in enumerate(DOTS):
            for column, bit in enumerate(bits):
                codes |= lit[:, row, :, column].astype(np.uint16) << bit
        if means.ndim == 2:
            return Cells(codes)
        weights = lit / np.maximum(lit.sum(axis=(1, 3), keepdims=True), 1) / full
        ink = (means.reshape(rows, 4, columns, 2, 3) * weights[..., None]).sum(axis=(1, 3))
        return Cells(codes, self._places(ink[..., ::-1]))

    def _places(self, rgb: Any) -> Any:
        """The nearest colours that a cell can have to (…, 3) RGB levels."""
        colours = np.clip(rgb + 0.5, 0, 255).astype(np.uint8)
        return colours if self._look.colour == TRUE else palette.nearest(colours, self._look.colour)


def _bitmap(code: int, high: int) -> Any:
    """(high, WIDE) uint8: how much of each pixel the character covers."""
    bitmap: Any = np.zeros((high, WIDE), np.uint8)
    if code in _SHADES:
        bitmap[:] = _SHADES[code]
    elif code in BLOCKS:
        upper, lower = bool(BLOCKS.index(code) & 1), bool(BLOCKS.index(code) & 2)
        bitmap[: high // 2] = 255 * upper
        bitmap[high // 2 :] = 255 * lower
    elif FIRST_BRAILLE <= code < FIRST_BRAILLE + 256:
        _draw_dots(bitmap, code)
    else:
        return _stroked(chr(code), high)
    return bitmap


def _draw_dots(bitmap: Any, code: int) -> None:
    high, wide = bitmap.shape
    tall, broad = high // 4, wide // 2
    edge = 1 if min(tall, broad) > 3 else 0  # a gap between dots, where there is room
    for row, bits in enumerate(DOTS):
        for column, bit in enumerate(bits):
            if code >> bit & 1:
                top, left = row * tall, column * broad
                bitmap[top : top + tall - edge, left : left + broad - edge] = 255


def _stroked(character: str, high: int) -> Any:
    """An ASCII character in Hershey's simplex, filling the cell in both directions."""
    size = (WIDE * _LARGER, high * _LARGER)
    em = 22.0  # height of a capital at scale 1, in pixels of OpenCV's strokes
    scale = 0.62 * size[1] / em
    canvas: Any = np.zeros((size[1], 2 * size[0]), np.uint8)
    (width, _), _ = cv2.getTextSize(character, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    origin = ((canvas.shape[1] - width) // 2, int(0.76 * size[1]))
    thick = int(1.3 * _LARGER)
    cv2.putText(canvas, character, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thick, cv2.LINE_8)
    if character == "I":  # the same stroke as l, but for its serifs
        middle, capital = canvas.shape[1] // 2, int(21 * scale)
        for line in (origin[1], origin[1] - capital):
            cv2.line(canvas, (middle - size[0] // 4, line), (middle + size[0] // 4, line), 255, thick)
    inked = np.flatnonzero(canvas.any(axis=0))
    spread = inked[-1] + 1 - inked[0] if len(inked) else 0
    room = size[0] - _LARGER // 2
    if spread > room:  # too wide for the cell: made narrower, whatever it was
        narrow = cv2.resize(canvas, (canvas.shape[1] * room // spread, size[1]), interpolation=cv2.INTER_AREA)
    else:
        narrow = canvas
    left = (narrow.shape[1] - size[0]) // 2
    cell = narrow[:, left : left + size[0]] if left >= 0 else narrow
    return cv2.resize(cell, (WIDE, high), interpolation=cv2.INTER_AREA)

"""Terminal palettes, and the nearest place in them by one table lookup.

The 256 colours are xterm's: 16 that the user may have changed, then a 6 × 6 × 6 cube, then 24
grays. So 256-colour pictures use places 16 to 255 only, which mean the same everywhere. The 16
are xterm's too; what a terminal shows for them is its own affair.
"""

from typing import Any, Dict

import numpy as np

from offkit.badapple.formats.cells import INDEXED, SIXTEEN, TRUE

_SIXTEEN = (
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
)
_CUBE = (0, 95, 135, 175, 215, 255)
_BITS = 5  # of each channel in the table
_WEIGHTS = (30, 59, 11)  # of a difference in red, green and blue: BT.601's part in luma
_tables: Dict[str, Any] = {}


def colours() -> Any:
    """(256, 3) uint8 RGB of xterm's palette; the first 16 are those of SIXTEEN."""
    if "rgb" not in _tables:
        cube = [(r, g, b) for r in _CUBE for g in _CUBE for b in _CUBE]
        grays = [(8 + 10 * step,) * 3 for step in range(24)]
        _tables["rgb"] = np.array(list(_SIXTEEN) + cube + grays, np.uint8)
    return _tables["rgb"]


def rgb(values: Any, colour: str) -> Any:
    """(…, 3) uint8 RGB of the colours of cells, see ``cells.Cells``."""
    return values if colour == TRUE else np.take(colours(), values, axis=0)


def luma(picture: Any) -> Any:
    """BT.601 luma, (…) uint8, of (…, 3) uint8 RGB."""
    return ((picture @ np.array([77, 150, 29], np.uint32)) >> 8).astype(np.uint8)


def nearest(picture: Any, colour: str) -> Any:
    """Places in the palette of SIXTEEN or INDEXED that are nearest to (…, 3) uint8 RGB; (…) uint8."""
    if colour not in _tables:
        _tables[colour] = _nearest(colour)
    wide = picture.astype(np.uint16)
    wide >>= 8 - _BITS
    places = (wide[..., 0] << (2 * _BITS)) | (wide[..., 1] << _BITS) | wide[..., 2]
    return np.take(_tables[colour], places)


def _nearest(colour: str) -> Any:
    """The table: (2 ** 15,) uint8, by the 5 upper bits of red, green and blue."""
    first, last = {SIXTEEN: (0, 16), INDEXED: (16, 256)}[colour]
    levels: Any = np.arange(1 << _BITS, dtype=np.int32)
    levels = (levels << (8 - _BITS)) | (levels >> (2 * _BITS - 8))  # 0 and 255 stay what they are
    best: Any = np.full(1 << (3 * _BITS), np.iinfo(np.int32).max, np.int32)
    table: Any = np.zeros(1 << (3 * _BITS), np.uint8)
    for place in range(first, last):
        r, g, b = (
            weight * (levels - int(channel)) ** 2 for weight, channel in zip(_WEIGHTS, colours()[place])
        )
        apart = (r[:, None, None] + g[:, None] + b).reshape(-1)
        nearer = apart < best
        best[nearer] = apart[nearer]
        table[nearer] = place
    return table

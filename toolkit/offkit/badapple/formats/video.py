"""A film of the characters: pictures one after the other in a QuickTime file.

Each frame is drawn with an ``atlas`` and encoded by the worker that made it: PNG in one colour,
which is exact and, for letters on black, a tenth of a JPEG; JPEG in colours, which is several
times quicker there. cv2.VideoWriter would make one stream by one process, whose bytes depend on
where it was cut and on the codecs that this OpenCV was built with; PNG and JPEG are in every
OpenCV, and pictures that do not know of each other are joined by writing them one after the other.
"""

import binascii
import json
from typing import Any, Optional

import cv2
import numpy as np

from offkit.badapple.formats import quicktime
from offkit.badapple.formats.about import describe
from offkit.badapple.formats.atlas import Atlas
from offkit.badapple.formats.base import Facts, Format
from offkit.badapple.formats.cells import MONO, Cells, Look

_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 6, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT)
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 75)
SUM = 4  # bytes behind a picture: its CRC-32
ABOUT = b"offkit run-badapple "
_TYPE = quicktime.box(b"ftyp", b"qt  ", bytes(4), b"qt  ")


class Video(Format):
    """See the module. Raises UsageError (VID017) for characters that it cannot draw."""

    name = "video"
    suffix = ".mov"

    def __init__(self, look: Look, facts: Facts) -> None:
        Format.__init__(self, look, facts)
        self.exact = look.colour == MONO
        self.atlas = Atlas(look, facts)

    def head(self, frames: int) -> bytes:
        text = json.dumps(describe(self.look, self.facts), sort_keys=True)
        return _TYPE + quicktime.box(b"free", ABOUT, text.encode("ascii"))

    def frame(self, number: int, cells: Cells, before: Optional[Cells]) -> bytes:
        kind, how = (".png", _PNG) if self.exact else (".jpg", _JPEG)
        done, picture = cv2.imencode(kind, self.atlas.draw(cells), how)
        if not done:
            raise RuntimeError("OpenCV did not encode a " + kind)
        return framed(picture.tobytes())

    def foot(self, frames: int, sizes: Any) -> bytes:
        rows, columns = self.atlas.size
        wide = sizes[:frames].astype(np.int64)
        offsets = len(self.head(frames)) + 8 + np.cumsum(wide) - wide
        codec = quicktime.PNG if self.exact else quicktime.JPEG
        return quicktime.index(codec, self.facts.fps, columns, rows, offsets, wide - 8 - SUM)


def framed(picture: bytes) -> bytes:
    """A picture in its box, with its sum, which players do not look at."""
    return quicktime.box(b"mdat", picture, binascii.crc32(picture).to_bytes(SUM, "big"))

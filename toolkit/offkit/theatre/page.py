"""One HTML file that plays itself: no network, no other file.

``page.html`` is the page. What the film looks like stands in it as JSON, then every frame as a
line of base64 (see ``spans``): what changed, and every 150th frame the whole. No zlib: its
output differs between versions, and a browser of 2018 cannot undo it.
"""

import binascii
import json
import pkgutil
from typing import Any, List, Optional, Tuple

import numpy as np

from offkit.badapple.formats import palette
from offkit.badapple.formats.about import describe, glyphs, inks
from offkit.badapple.formats.base import Facts, Format
from offkit.badapple.formats.cells import INDEXED, SIXTEEN, Cells, Look
from offkit.theatre import spans
from offkit.theatre.deltas import WHOLE, before_it, nothing

_ABOUT, _FRAMES = "@ABOUT@", "@FRAMES@\n"


class Html(Format):
    """See the module."""

    name = "html"
    suffix = ".html"
    viewer = "any browser"
    delta = True

    def __init__(self, look: Look, facts: Facts) -> None:
        Format.__init__(self, look, facts)
        self._index: Any = np.zeros(0x10000, np.uint8)
        self._index[glyphs(look)] = np.arange(len(glyphs(look)))

    def head(self, frames: int) -> bytes:
        about = describe(self.look, self.facts)
        about["inks"] = inks(self.look)
        about["whole"] = WHOLE
        about["glyphs"] = "".join(chr(code) for code in glyphs(self.look))
        about["palette"] = _palette(self.look)
        # "<" would let a ramp end the script that it stands in.
        text = json.dumps(about, sort_keys=True).replace("<", "\\u003c")
        return _page()[0].replace(_ABOUT, text).encode("utf-8")

    def frame(self, number: int, cells: Cells, before: Optional[Cells]) -> bytes:
        old = before_it(number, before) or nothing(self.look)
        data = b""
        for place, (plane, past) in enumerate(zip(cells, old)):
            if plane is not None:
                data += spans.pack(self.flat(plane, place), self.flat(past, place))
        return binascii.b2a_base64(data)

    def flat(self, plane: Any, place: int) -> Any:
        """A plane of cells as bytes: characters by their place in ``glyphs``."""
        return (plane if place else np.take(self._index, plane)).reshape(-1)

    def foot(self, frames: int) -> bytes:
        return _page()[1].encode("utf-8")


def _palette(look: Look) -> List[str]:
    """Colours of the places that cells may have, as hexadecimal RGB."""
    if look.colour not in (SIXTEEN, INDEXED):
        return []
    return ["{:02x}{:02x}{:02x}".format(*rgb) for rgb in palette.colours().tolist()]


def _page() -> Tuple[str, str]:
    """The page before and after the frames."""
    data = pkgutil.get_data(__name__, "page.html")
    assert data is not None  # it travels with this module
    before, _, after = data.decode("utf-8").replace("\r\n", "\n").partition(_FRAMES)
    return before, after

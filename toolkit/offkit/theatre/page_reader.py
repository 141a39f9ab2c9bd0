"""Reading the frames of an HTML file of ours back."""

import binascii
from typing import Optional

import numpy as np

from offkit.badapple.formats.about import described, glyphs
from offkit.badapple.formats.cells import Cells
from offkit.badapple.formats.damage import TooEarly, damaged
from offkit.badapple.formats.growing import Part, existing
from offkit.theatre import spans
from offkit.theatre.deltas import DeltaReader, nothing
from offkit.theatre.page import Html

_GENERATOR = b'<meta name="generator" content="offkit run-badapple">'
_ABOUT = b'<script type="application/json" id="about">\n'
_FRAMES = b'</script>\n<script type="text/plain" id="frames">\n'
_END = b"\n</script>\n<script>\n"
_LAST = b"</html>\n"
_MARGIN = 1 << 18  # bytes in which the page before, or after, the frames lies


def is_ours(start: bytes) -> bool:
    """Whether a file that begins like this is a page of ours."""
    return _GENERATOR in start


class HtmlReader(DeltaReader):
    """An open page.

    Raises RequestError (VID010) when it is none of ours or is damaged; TooEarly while it is still
    being made.
    """

    form = Html
    _form: Html

    def __init__(self, path: str, growing: bool = False) -> None:
        if growing:
            raise TooEarly("a page can be read when it is complete")
        self._file: Part = existing(Part, path)
        super().__init__(path)

    def _open(self) -> None:
        head = self._file.read(0, _MARGIN)
        about, begin = head.find(_ABOUT) + len(_ABOUT), head.find(_FRAMES)
        said = described(head[about:begin]) if len(_ABOUT) < about < begin else None
        tail = max(begin, self._file.size - _MARGIN, 0)
        page = self._file.read(tail, _MARGIN)
        end = page.rfind(_END)
        if said is None or end < 0 or not page.endswith(_LAST):
            raise damaged(self._path, "the film in it is incomplete")
        self.look, self.facts = said
        self._form = Html(self.look, self.facts)
        self._codes = np.array(glyphs(self.look), np.uint16)
        self._file.follow(1, begin + len(_FRAMES), lambda line: 0)
        self.frames = self._file.records - page.count(b"\n", end + 1)
        self.complete = True
        if self.frames < 1:
            raise damaged(self._path, "it holds no frames")

    def _record(self, number: int) -> Optional[bytes]:
        return self._file.record(number)

    def _shown(self, number: int, record: bytes, before: Optional[Cells]) -> Optional[Cells]:
        try:
            data = binascii.a2b_base64(record)
        except binascii.Error:
            return None
        planes, at = [], 0
        for place, old in enumerate(before or nothing(self.look)):
            if old is None:
                continue
            found = spans.unpack(data, at, self._form.flat(old, place))
            if found is None or (not place and int(found[0].max()) >= len(self._codes)):
                return None
            plane, at = found
            planes.append((plane if place else np.take(self._codes, plane)).reshape(old.shape))
        return Cells(*planes)

    def close(self) -> None:
        self._file.close()

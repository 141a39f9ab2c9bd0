"""Reading the frames of an HTML file of ours back."""

import binascii
import json
from typing import Any, Optional, Tuple

import numpy as np

from offkit.badapple.formats.about import described, glyphs, inks
from offkit.badapple.formats.base import Facts, Reader, TooEarly, damaged
from offkit.badapple.formats.cells import (
    TRUE,
    Cells,
    Look,
)
from offkit.badapple.formats.growing import Part, existing
from offkit.theatre import spans
from offkit.theatre.page import WHOLE, Html

_GENERATOR = b'<meta name="generator" content="offkit run-badapple">'
_ABOUT = b'<script type="application/json" id="about">\n'
_FRAMES = b'</script>\n<script type="text/plain" id="frames">\n'
_END = b"\n</script>\n<script>\n"
_LAST = b"</html>\n"
_MARGIN = 1 << 18  # bytes in which the page before, or after, the frames lies


def is_ours(start: bytes) -> bool:
    """Whether a file that begins like this is a page of ours."""
    return _GENERATOR in start


class HtmlReader(Reader):
    """An open page. Frames in order are quick; any other costs up to 150 of them.

    Raises RequestError (VID010) when it is none of ours or is damaged; TooEarly while it is still
    being made.
    """

    form = Html

    def __init__(self, path: str, growing: bool = False) -> None:
        if growing:
            raise TooEarly("a page can be read when it is complete")
        self._path = path
        self._number = -1  # of the frame that was read last
        self._cells: Optional[Cells] = None
        self._file: Part = existing(Part, path)
        self._enter()

    def _open(self) -> None:
        head = self._file.read(0, _MARGIN)
        about, begin = head.find(_ABOUT) + len(_ABOUT), head.find(_FRAMES)
        described = _described(head[about:begin]) if len(_ABOUT) < about < begin else None
        tail = max(begin, self._file.size - _MARGIN, 0)
        page = self._file.read(tail, _MARGIN)
        end = page.rfind(_END)
        if described is None or end < 0 or not page.endswith(_LAST):
            raise damaged(self._path, "the film in it is not whole")
        self.look, self.facts = described
        self._form = Html(self.look, self.facts)
        self._codes = np.array(glyphs(self.look), np.uint16)
        self._file.follow(1, begin + len(_FRAMES), lambda line: 0)
        self.frames = self._file.records - page.count(b"\n", end + 1)
        self.complete = True
        if self.frames < 1:
            raise damaged(self._path, "it holds no frames")

    def cells(self, number: int) -> Optional[Cells]:
        if not 0 <= number < self.frames:
            return None
        start = number - number % WHOLE
        if start <= self._number <= number:
            start = self._number + 1
        for one in range(start, number + 1):
            record = self._file.record(one)
            before = None if one % WHOLE == 0 else self._cells
            cells = self._shown(record or b"", before)
            if cells is None or self._form.frame(one, cells, before) != record:
                raise damaged(self._path, "frame {} is damaged".format(one))
            self._number, self._cells = one, cells
        return self._cells

    def _shown(self, record: bytes, before: Optional[Cells]) -> Optional[Cells]:
        try:
            data = binascii.a2b_base64(record)
        except binascii.Error:
            return None
        grid, at = self.look.grid, 0
        shapes = [grid] + [grid + ((3,) if self.look.colour == TRUE else ())] * inks(self.look)
        planes = []
        for place, shape in enumerate(shapes):
            old = None if before is None else before[place]
            found = spans.unpack(data, at, self._bytes(old, place, shape))
            if found is None or (not place and int(found[0].max()) >= len(self._codes)):
                return None
            plane, at = found
            planes.append((plane if place else np.take(self._codes, plane)).reshape(shape))
        return Cells(*planes)

    def _bytes(self, plane: Any, place: int, shape: Tuple[int, ...]) -> Any:
        if plane is None:
            return np.zeros(int(np.prod(shape)), np.uint8)
        return self._form.flat(plane, place)

    def close(self) -> None:
        self._file.close()


def _described(text: bytes) -> Optional[Tuple[Look, Facts]]:
    try:
        return described(json.loads(text.decode("utf-8")))
    except ValueError:
        return None

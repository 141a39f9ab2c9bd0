"""Reading the cells of a film of characters back: exactly, or as well as JPEG has kept them."""

import json
from typing import Any, List, Optional, Tuple

import cv2
import numpy as np

from offkit.badapple.formats.about import described
from offkit.badapple.formats.base import Facts, Reader, TooEarly, damaged
from offkit.badapple.formats.cells import MONO, Cells, Look
from offkit.badapple.formats.growing import Part, existing
from offkit.badapple.formats.video import ABOUT, SUM, Video, framed
from offkit.model.errors import UsageError

_LONGEST_HEAD = 1 << 14
_START = b"\0\0\0\x14ftypqt  \0\0\0\0qt  "


def is_ours(start: bytes) -> bool:
    """Whether a file that begins like this is a film of ours."""
    return start.startswith(_START) and start[len(_START) + 4 :].startswith(b"free" + ABOUT)


class VideoReader(Reader):
    """An open film. Raises RequestError (VID010) when it is none of ours or is damaged; TooEarly while
    it is still being made."""

    def __init__(self, path: str, growing: bool = False) -> None:
        if growing:
            raise TooEarly("a film can be read when it is complete")
        self._path = path
        self._file: Part = existing(Part, path)
        self._enter()

    def _open(self) -> None:
        about = _described(self._file.read(0, _LONGEST_HEAD))
        if about is None:
            raise damaged(self._path, "it does not say what it shows")
        self.look, self.facts = about
        try:
            self._form = Video(self.look, self.facts)
        except UsageError as error:
            raise damaged(self._path, error.message)
        head = self._form.head(0)
        self._starts, self._sizes, end = self._boxes(len(head))
        self.frames, self.complete = len(self._sizes), True
        foot = self._form.foot(self.frames, np.array(self._sizes, np.uint32))
        if not self.frames or self._file.read(end, len(foot) + 1) != foot:
            raise damaged(self._path, "its index is not that of the pictures in it")

    def _boxes(self, at: int) -> Tuple[List[int], List[int], int]:
        """(where pictures' boxes are, their sizes, where what follows them begins)."""
        starts: List[int] = []
        sizes: List[int] = []
        while True:
            head = self._file.read(at, 8)
            size = int.from_bytes(head[:4], "big")
            if head[4:] != b"mdat" or size < 8 + SUM:
                return starts, sizes, at
            starts.append(at)
            sizes.append(size)
            at += size

    def cells(self, number: int) -> Optional[Cells]:
        if not 0 <= number < self.frames:
            return None
        data = self._file.read(self._starts[number], self._sizes[number])
        encoded = data[8 : len(data) - SUM]
        kind = cv2.IMREAD_GRAYSCALE if self.look.colour == MONO else cv2.IMREAD_COLOR
        picture: Any = None
        if framed(encoded) == data:
            picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), kind)
        if picture is None or picture.shape[:2] != self._form.atlas.size:
            raise damaged(self._path, "frame {} is damaged".format(number))
        return self._form.atlas.read(picture)

    def close(self) -> None:
        self._file.close()


def _described(head: bytes) -> Optional[Tuple[Look, Facts]]:
    if not is_ours(head):
        return None
    size = int.from_bytes(head[len(_START) : len(_START) + 4], "big")
    text = head[len(_START) + 8 + len(ABOUT) : len(_START) + size]
    try:
        return described(json.loads(text.decode("ascii")))
    except ValueError:
        return None

"""Reading text files back, whole ones and those that are still being made."""

import re
from typing import Any, Optional, Tuple

import numpy as np

from offkit.badapple.formats import levels, sgr
from offkit.badapple.formats.base import Facts, Reader
from offkit.badapple.formats.cells import CHARACTERS, HALF, INDEXED, MONO, SIXTEEN, TRUE, Cells, Grid, Look
from offkit.badapple.formats.damage import TooEarly, damaged
from offkit.badapple.formats.growing import Part, Parts, existing
from offkit.badapple.formats.look import MAX_CELLS
from offkit.badapple.formats.text import Text, digits_below
from offkit.model.words import several

_HEADER = re.compile(
    rb"^total frame: (\d{1,12}) / FPS: (\d{1,9}(?:\.\d{1,20})?(?:e-?\d{1,3})?)"
    rb" / resolution: (\d{1,6})x(\d{1,6})\n"
)
_LONGEST_HEADER = 120  # bytes
_LONGEST_ROW = MAX_CELLS * (2 * 19 + 3) + 5  # bytes: two true colours and a character for each cell
_COLOURS = ((b"8;5;", INDEXED), (b"8;2;", TRUE))


def is_ours(start: bytes) -> bool:
    """Whether a file that begins like this is a text of ours."""
    return bool(_HEADER.match(start))


class TextReader(Reader):
    """An open text; ``growing`` when it may have holes and no end yet.

    Raises RequestError (VID010) when it is not one, or is cut short or too long; TooEarly.
    """

    form = Text

    def __init__(self, path: str, growing: bool = False) -> None:
        self._path, self._growing = path, growing
        self._parts: Parts = existing(Parts, path, growing)
        self._enter()

    def _open(self) -> None:
        head = self._parts.head
        matched = _HEADER.match(head.read(0, _LONGEST_HEADER))
        if not matched:
            raise damaged(self._path, "it does not begin like a conversion (total frame: …)")
        self.frames = int(matched.group(1))
        self.facts = Facts(float(matched.group(2)), int(matched.group(3)), int(matched.group(4)))
        self.complete = not self._growing
        if not self.frames:
            raise damaged(self._path, "it holds no frames")
        at = matched.end()
        if self._growing:
            start = next((p for p in self._parts.all if p.read(at if p is head else 0, 2) == b"0\n"), None)
            if start is None:
                raise TooEarly("frame 0 is not there yet")
        else:
            start = head
            if head.read(at, 2) != b"0\n":
                raise damaged(self._path, "frame 0 does not follow the first line")
        first = at if start is head else 0
        row = start.read(first + 2, _LONGEST_ROW).partition(b"\n")
        if not (row[1] or self._growing):
            raise damaged(self._path, "its first row has no end")
        colour = _colour(row[0])
        rows, width = self._rows(start, first, len(row[0]), colour)
        glyphs, inks = self._first(start, first, rows, colour)
        columns = glyphs.shape[1]
        mode = HALF if inks == 2 else levels.mode(glyphs)
        if colour != MONO and inks == 1 and mode == HALF:
            mode = CHARACTERS  # a ramp of blocks
        self.look = Look(Grid(rows, columns), mode, colour, "", False)
        # Of frames as long as one whose characters are all as short, or as long, as can be, all
        # characters are. In between, others of two sizes could make up for each other.
        size = _size(glyphs) if width else 0
        if size == 2 and not self._growing:
            size = 0
        self._form = Text(self.look, self.facts, size)
        self._begin = at
        if size:
            return
        self._parts.follow(rows + 1, at, _number)
        if self._growing:
            return
        if head.records != self.frames or head.rest:
            text = "it has {} of {}, and {} after them"
            whole = several(self.frames, "frame")
            raise damaged(self._path, text.format(head.records, whole, several(head.rest, "byte")))

    def _rows(self, start: Part, first: int, row: int, colour: str) -> Tuple[int, bool]:
        """(rows of a frame, whether all frames have the size that follows from the first row)."""
        head = self._parts.head
        if not self._growing and colour == MONO:
            body = head.size - digits_below(self.frames) - self.frames - first
            rows, rest = divmod(body, self.frames * (row + 1))
            last = str(self.frames - 1).encode()
            at = head.size - rows * (row + 1) - len(last) - 1
            if rows > 0 and not rest and head.read(at, len(last) + 1) == last + b"\n":
                # Rows of two sizes can add up to that, too: frame 0 must be of rows like its first.
                lines = head.read(first + 2, rows * (row + 1)).split(b"\n")
                if all(len(line) == row for line in lines[:-1]) and len(lines) == rows + 1 and not lines[-1]:
                    return rows, True
        lines = start.lines(first, 2 * MAX_CELLS + 2)
        if self.frames == 1 and not self._growing:
            return len(lines) - 1, False
        if b"1" not in lines[2:]:
            if self._growing:
                raise TooEarly("frame 1 is not there yet")
            raise damaged(self._path, "frame 1 is missing")
        rows = lines.index(b"1", 2) - 1
        uniform = colour == MONO and len({len(line) for line in lines[1 : rows + 1]}) == 1
        known = uniform and self._growing and start is head
        return rows, known

    def _first(self, start: Part, first: int, rows: int, colour: str) -> Tuple[Any, int]:
        """(glyphs of frame 0, inks of a cell)."""
        lines = start.lines(first, rows + 1)[1:]
        text = b"\n".join(lines) + b"\n"
        parsed = sgr.parse(text)
        if parsed is None or rows < 1 or len(parsed.glyphs) % rows or len(parsed.glyphs) < 2 * rows:
            raise damaged(self._path, "the rows of frame 0 differ in length")
        glyphs = parsed.glyphs.reshape(rows, -1)[:, :-1]
        papers = colour != MONO and sgr.filled(parsed, sgr.PAPER, colour, 0)[1]
        return glyphs, 2 if papers else 1

    def cells(self, number: int) -> Optional[Cells]:
        if not 0 <= number < self.frames:
            return None
        data = self._data(number)
        if data is None:
            return None
        label = b"%d\n" % number
        cells = self._decoded(data[len(label) :]) if data.startswith(label) else None
        if cells is None or not self._shown(cells) or self._form.frame(number, cells, None) != data:
            raise damaged(self._path, "frame {} is damaged".format(number))
        return cells

    def _shown(self, cells: Cells) -> bool:
        """Whether terminals show them all: where each has one byte, none is beyond ASCII."""
        most = 0x7E if self._form.cell_size == 1 else 0xFFFF
        return bool(cells.glyphs.min() >= 32 and cells.glyphs.max() <= most)

    def _data(self, number: int) -> Optional[bytes]:
        at = self._form.offset(number)
        if at is None:
            found = self._parts.record(number)
            return found if found is not None or self._growing else b""
        after: Any = self._form.offset(number + 1)
        data = self._parts.head.read(self._begin + at, after - at)
        if self._growing and (len(data) < after - at or b"\0" in data):
            return None
        return data

    def _decoded(self, data: bytes) -> Optional[Cells]:
        rows, columns = self.look.grid
        size = rows * (columns + 1)
        if self.look.colour == MONO:
            if self._form.cell_size == 1:
                glyphs = np.frombuffer(data, np.uint8)
            else:
                try:
                    glyphs = np.frombuffer(data.decode("utf-8").encode("utf-32-le"), sgr.WORD)
                except UnicodeDecodeError:
                    return None
            return Cells(_unframed(glyphs, rows, columns)) if len(glyphs) == size else None
        parsed = sgr.parse(data)
        if parsed is None or len(parsed.glyphs) != size:
            return None
        inks = []
        for layer in (sgr.INK, sgr.PAPER)[: 2 if self.look.mode == HALF else 1]:
            values, _ = sgr.filled(parsed, layer, self.look.colour, size)
            inks.append(values.reshape((rows, columns + 1) + values.shape[1:])[:, :columns])
        return Cells(_unframed(parsed.glyphs, rows, columns), *inks)

    def close(self) -> None:
        self._parts.close()


def _size(glyphs: Any) -> int:
    """Bytes of each of these characters in UTF-8; 0 where they differ."""
    sizes = 1 + (glyphs >= 0x80) + (glyphs >= 0x800)
    return int(sizes.flat[0]) if (sizes == sizes.flat[0]).all() else 0


def _number(line: bytes) -> int:
    return int(line) if line.isdigit() and len(line) < 13 else -1


def _unframed(glyphs: Any, rows: int, columns: int) -> Any:
    return glyphs.reshape(rows, columns + 1)[:, :columns].astype(np.uint16)


def _colour(row: bytes) -> str:
    """Which colours a row begins with."""
    if not row.startswith(b"\033["):
        return MONO
    return next((colour for mark, colour in _COLOURS if row[3:7] == mark), SIXTEEN)

"""Files of records that may still be growing: a conversion's own file and its workers' parts."""

import os
from typing import Any, Callable, List, Optional

import numpy as np

from offkit.model.errors import RequestError

_PIECE = 1 << 22  # bytes looked through at a time
_MOST_PARTS = 4096


class Part:
    """One file; its records are runs of lines, and the first line of each tells its number."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._handle = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        self._lines = 0
        self._number: Callable[[bytes], int] = int
        self._first: Optional[int] = None
        self._seen = 0  # bytes looked through
        self._open = 0  # lines of the record that is not complete
        self._offsets: Any = np.zeros(0, np.int64)

    @property
    def size(self) -> int:
        return os.fstat(self._handle).st_size

    def read(self, at: int, most: int) -> bytes:
        """``most`` bytes from ``at`` on; fewer at the end."""
        pieces = []
        while most > 0:
            piece = os.pread(self._handle, min(most, 1 << 24), at)
            if not piece:
                break
            pieces.append(piece)
            at, most = at + len(piece), most - len(piece)
        return b"".join(pieces)

    def lines(self, at: int, most: int) -> List[bytes]:
        """Up to ``most`` complete lines from ``at`` on, without their newlines."""
        data, wanted = b"", 1 << 16
        while True:
            data = self.read(at, wanted)
            if data.count(b"\n") >= most or len(data) < wanted:
                return data.split(b"\n")[:-1][:most]
            wanted *= 4

    def follow(self, lines: int, begin: int, number: Callable[[bytes], int]) -> None:
        """Records have so many lines, the first begins at ``begin``; ``number`` of a record's first
        line, negative where there is none in it."""
        self._lines, self._seen, self._number = lines, begin, number
        self._offsets = np.array([begin], np.int64)
        self.refresh()

    def refresh(self) -> None:
        """Look through what was added."""
        found = [self._offsets]
        while True:
            piece = np.frombuffer(self.read(self._seen, _PIECE), np.uint8)
            if not len(piece):
                break
            newlines = np.flatnonzero(piece == 10)
            ends = newlines[self._lines - 1 - self._open :: self._lines]
            found.append(ends + (self._seen + 1))
            self._open = (self._open + len(newlines)) % self._lines
            self._seen += len(piece)
        self._offsets = np.concatenate(found)
        if self._first is None and self.records:
            self._first = self._number(self.lines(int(self._offsets[0]), 1)[0])

    @property
    def records(self) -> int:
        """Complete records."""
        return len(self._offsets) - 1

    @property
    def rest(self) -> int:
        """Bytes behind the last complete record."""
        return self.size - int(self._offsets[-1])

    @property
    def stop(self) -> int:
        """The number behind that of the last complete record; 0 where there is none."""
        return self._first + self.records if self.records and self._first is not None else 0

    def record(self, number: int) -> Optional[bytes]:
        """The bytes of record ``number``; None where it is not, or not yet."""
        if self._first is None or self._first < 0:
            return None
        place = number - self._first
        if not 0 <= place < self.records:
            return None
        start, stop = (int(offset) for offset in self._offsets[place : place + 2])
        return self.read(start, stop - start)

    def close(self) -> None:
        os.close(self._handle)


def existing(kind: Any, path: str, *about: Any) -> Any:
    """``kind(path, …)``, a Part or Parts; RequestError where the file cannot be read."""
    try:
        return kind(path, *about)
    except OSError as error:
        raise RequestError("cannot read {}: {}".format(path, error.strerror))


class Parts:
    """A conversion's records, wherever they are: in its own file, or still in its workers'."""

    def __init__(self, path: str, growing: bool) -> None:
        """Raises OSError where ``path`` itself cannot be read."""
        self._path, self._growing = path, growing
        self.head = Part(path)
        self.all = [self.head]
        self._follow: Any = None
        self._look_for_more()

    def _look_for_more(self) -> None:
        """Those beside the file: PATH.0, PATH.1 …"""
        for index in range(len(self.all) - 1, _MOST_PARTS if self._growing else 0):
            try:
                part = Part("{}.{}".format(self._path, index))
            except OSError:
                break
            if self._follow:
                part.follow(self._follow[0], 0, self._follow[1])
            self.all.append(part)

    def follow(self, lines: int, begin: int, number: Callable[[bytes], int]) -> None:
        """As Part.follow; ``begin`` in the conversion's own file."""
        self._follow = (lines, number)
        for part in self.all:
            part.follow(lines, begin if part is self.head else 0, number)

    def record(self, number: int) -> Optional[bytes]:
        """The bytes of record ``number``, None where it is not there (yet)."""
        found = self._record(number)
        if found is None and self._growing:
            self._look_for_more()
            for part in self.all:
                part.refresh()
            found = self._record(number)
        return found

    def _record(self, number: int) -> Optional[bytes]:
        return next((data for data in (part.record(number) for part in self.all) if data is not None), None)

    def close(self) -> None:
        for part in self.all:
            part.close()
        self.all = []

"""A bundle's bytes, in one file or in several."""

import errno
import hashlib
import io
import os
import re
import stat
from contextlib import contextmanager
from typing import BinaryIO, Callable, Iterator, List, NamedTuple, Optional

from offkit.model import parts, words
from offkit.model.archive import CHUNK
from offkit.model.errors import AGAIN, EnvironmentProblem, IntegrityError, UsageError, damaged
from offkit.model.finding import ERROR, Finding
from offkit.model.parts import Index

_NAME_ONE = "give the bundle.tar that 'offkit bundle' wrote"


class _Piece(NamedTuple):
    offset: int  # bytes, in the whole
    path: str
    descriptor: int


class File:
    """A bundle's file, open as long as something refers to it: what was verified is what is read
    later, whatever its name leads to by then. An index of parts, one of these, or the directory that
    they are in stand for all of them, one after another.

    What does not exist or is no regular file is a usage error, what is forbidden an environment
    problem, what the medium cannot read an integrity error, here and in ``reading``; parts that are
    missing are one, too (BUN023), all at once.
    """

    def __init__(self, path: str) -> None:
        self._pieces: List[_Piece] = []
        self.index: Optional[Index] = None
        self.path = _index_beside(path) or path
        self._open(self.path, 0)
        with self.reading() as source:
            front = source.read(len(parts.SCHEMA))
            listed = front + source.read(parts.LARGEST) if front == parts.SCHEMA else b""
        if listed:
            self.index = parts.load(listed, self.path)
            self._close()
            self._open_parts(self.index)

    def _open_parts(self, index: Index) -> None:
        folder, lacking = os.path.dirname(self.path), []
        for number, one in enumerate(index.parts, 1):
            place = os.path.join(folder, one.name)
            title = "part {} of {}".format(number, len(index.parts))
            if os.path.isfile(place):
                self._open(place, one.offset)
                there = os.fstat(self._pieces[-1].descriptor).st_size
                if there != one.size:
                    message = "is {}, or should be: it has {} of {} bytes".format(title, there, one.size)
                    lacking.append(Finding("BUN024", ERROR, one.name, message, (place,), _carry(one.name)))
            else:
                message = "is {}, and missing".format(title)
                lacking.append(Finding("BUN023", ERROR, one.name, message, (place,), _carry(one.name)))
        if lacking:
            number_of = words.several(len(lacking), "part")
            raise IntegrityError("{}: {} cannot be used".format(self.path, number_of), lacking)

    def _open(self, path: str, offset: int) -> None:
        with self._speaking(path):
            kind = os.stat(path).st_mode
            if not stat.S_ISREG(kind):
                what = "a directory" if stat.S_ISDIR(kind) else "not a regular file"
                raise UsageError("{} is {}".format(path, what), fix=_NAME_ONE)
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._pieces.append(_Piece(offset, path, descriptor))

    def _close(self) -> None:
        while self._pieces:
            os.close(self._pieces.pop().descriptor)

    def __del__(self) -> None:
        self._close()

    @property
    def size(self) -> int:
        """In bytes, now."""
        last = self._pieces[-1]
        return last.offset + os.fstat(last.descriptor).st_size

    @contextmanager
    def reading(self, offset: int = 0) -> Iterator[BinaryIO]:
        """The file, at ``offset``, as it is now: nothing is left in a buffer. One reader at a time."""
        only = self._pieces[0]
        with self._speaking(self.path):
            if len(self._pieces) == 1:
                with open(only.descriptor, "rb", closefd=False) as stream:
                    stream.seek(offset)
                    yield stream
            else:
                with io.BufferedReader(Window(self.size, self._read_at), CHUNK) as joined:  # type: ignore[type-var]
                    joined.seek(offset)
                    yield joined

    def _read_at(self, offset: int, size: int) -> bytes:
        """Of the part that has it, no more than that has."""
        piece = max(one for one in self._pieces if one.offset <= offset)
        with open(piece.descriptor, "rb", buffering=0, closefd=False) as source:
            source.seek(offset - piece.offset)
            return source.read(size) or b""

    @contextmanager
    def judged(self) -> Iterator[None]:
        """What is damaged inside is said of the parts, where these are not what they should be."""
        try:
            yield
        except IntegrityError as error:
            found = self.amiss()
            if not found:
                raise
            raise IntegrityError("{}: {}".format(self.path, error.message), found)

    def amiss(self) -> List[Finding]:
        """Of a bundle in parts, each that is not what the index says (BUN024)."""
        if self.index is None:
            return []
        known = {one.sha256: one.name for one in self.index.parts}
        found = []
        for number, (one, piece) in enumerate(zip(self.index.parts, self._pieces), 1):
            with self._speaking(piece.path), open(piece.descriptor, "rb", closefd=False) as stream:
                stream.seek(0)
                seen = hashlib.sha256()
                for chunk in iter(lambda: stream.read(CHUNK), b""):
                    seen.update(chunk)
            if seen.hexdigest() != one.sha256:
                other = known.get(seen.hexdigest())
                message = (
                    "part {} of {}, bytes {} to {} of the bundle, is damaged or of another bundle".format(
                        number, len(self.index.parts), one.offset, one.offset + one.size - 1
                    )
                )
                fix = _carry(one.name)
                if other:
                    message = "has what {} should have".format(other)
                    fix = "give the parts the names that the index says, or carry both again"
                found.append(Finding("BUN024", ERROR, one.name, message, (piece.path,), fix))
        return found

    @contextmanager
    def _speaking(self, path: str) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, NotADirectoryError):
            raise UsageError("{} does not exist".format(path), fix=_NAME_ONE)
        except OSError as error:
            message = "{} cannot be read: {}".format(path, error.strerror)
            if error.errno == errno.EIO:
                raise damaged("BUN007", path, message, AGAIN)
            raise EnvironmentProblem(message, fix="check its permissions, or read it as another user")


def _carry(name: str) -> str:
    return "carry {} again, and put it beside the index".format(name)


def _index_beside(path: str) -> str:
    """The index that a part, or a directory, stands for; "" for anything else."""
    if os.path.isdir(path):
        try:
            found = sorted(one for one in os.listdir(path) if one.endswith(parts.EXTENSION))
        except OSError:
            return ""
        return os.path.join(path, found[0]) if len(found) == 1 else ""
    one = re.fullmatch(r"(.*)\.\d{3,}", path, re.DOTALL)
    index = one.group(1) + parts.EXTENSION if one else ""
    return index if index and os.path.isfile(index) else ""


class Window(io.RawIOBase):
    """Some bytes as a file: ``read_at``, given an offset and a number, gives so many, or fewer but one."""

    def __init__(self, size: int, read_at: Callable[[int, int], bytes]) -> None:
        self._size, self._read_at, self._at = size, read_at, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + {0: 0, 1: self._at, 2: self._size}[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        wanted = min(len(buffer), self._size - self._at)
        data = self._read_at(self._at, wanted) if wanted > 0 else b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

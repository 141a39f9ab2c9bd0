"""A cpio archive in the new ASCII format, as a stream: what the payload of an RPM is.

Format: cpio(5), "New ASCII Format"; rpm writes it without checksums (070701), and for files of more
than 4 GiB in a form of its own (07070X), which is refused.
"""

from typing import Callable, Iterator, List, NamedTuple, Tuple

DIRECTORY, REGULAR, LINK, _KIND = 0o040000, 0o100000, 0o120000, 0o170000
_FIELDS = 13  # of eight hexadecimal digits each
_HEAD = 6 + 8 * _FIELDS
_END = "TRAILER!!!"
_MAX_NAME = 4096  # PATH_MAX


class BadCpio(ValueError):
    """Not such an archive, or a damaged one. The message is a predicate."""


class Member(NamedTuple):
    path: str  # as in the archive: ./usr/lib64/libz.so.1
    mode: int
    size: int  # bytes
    file: Tuple[int, int, int]  # equal for the names of one file: device and inode
    links: int  # names of the file

    @property
    def kind(self) -> int:
        return self.mode & _KIND


class _Stream:
    """Chunks of any size as a file that is read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._left = chunks, b""

    def read(self, size: int) -> bytes:
        parts: List[bytes] = []
        missing = size
        while missing:
            if not self._left:
                self._left = next(self._chunks, b"")
                if not self._left:
                    raise BadCpio("is truncated")
            parts.append(self._left[:missing])
            self._left = self._left[missing:]
            missing -= len(parts[-1])
        return b"".join(parts)

    def skip(self, size: int) -> None:
        while size:
            size -= len(self.read(min(size, 1 << 20)))


def walk(chunks: Iterator[bytes], wanted: Callable[[Member], bool]) -> Iterator[Tuple[Member, bytes]]:
    """The entries that are ``wanted``, in order, with their contents (of a link: where it leads).

    Of a file with several names only the last has the contents, as rpm writes it. Each is held in
    memory as a whole: ``wanted`` sees its size first. Raises BadCpio, and what ``chunks`` raises.
    """
    stream = _Stream(chunks)
    while True:
        raw = stream.read(_HEAD)
        if raw[:6] != b"070701":
            raise BadCpio("is damaged: an entry header is missing")
        try:
            values = [int(raw[start : start + 8], 16) for start in range(6, _HEAD, 8)]
        except ValueError:
            raise BadCpio("is damaged: an entry has invalid numbers")
        inode, mode, _, _, links, _, size, major, minor, _, _, length, _ = values
        if not 0 < length <= _MAX_NAME:
            raise BadCpio("is damaged: a name has {} bytes".format(length))
        name = stream.read(length + -(_HEAD + length) % 4)[:length].rstrip(b"\0")
        path = name.decode("utf-8", "surrogateescape")
        if path == _END:
            return
        entry = Member(path, mode, size, (major, minor, inode), links)
        if wanted(entry):
            yield entry, stream.read(size)
        else:
            stream.skip(size)
        stream.skip(-size % 4)

"""Files of an ISO image, read without mounting it.

ISO 9660 (ECMA-119) with the Rock Ridge names of mkisofs and xorriso (SUSP 1.12, RRIP 1.12),
else with Joliet's, else with its own. Only what a path asks for is read; a damaged image gives
BadIso, in bounded time and memory.
"""

import io
import struct
from typing import Any, BinaryIO, Dict, List, NamedTuple, Optional, Tuple

from offkit.edges import unpacking

SECTOR = 2048
_FIRST = 16  # volume descriptors begin there (ECMA-119, 6.7.1)
_MAX_DESCRIPTORS = 32
_MAX_DIRECTORY = 16 * 1024 * 1024  # bytes; Packages/ of CentOS 7 Everything has 2 MB
_MAX_AREAS = 32  # continuation areas of one name
_CUT = "No such file in the image, which has neither Rock Ridge's names nor Joliet's: its own are cut short"
_DIRECTORY_FLAG, _MULTI_EXTENT_FLAG = 0x02, 0x80


class BadIso(ValueError):
    """Not an ISO 9660 image, or a damaged one."""


class Record(NamedTuple):
    """One file or directory: where its bytes lie in the image."""

    name: str
    directory: bool
    extents: Tuple[Tuple[int, int], ...]  # (offset, size) in bytes

    @property
    def size(self) -> int:
        return sum(size for _, size in self.extents)


class Iso:
    """An image in a seekable file. ``label`` is its volume name, ``size`` the bytes it should have."""

    def __init__(self, source: BinaryIO) -> None:
        """Raises BadIso."""
        self._source = source
        self._directories: Dict[Tuple[Tuple[int, int], ...], Dict[str, Record]] = {}
        primary, joliet = self._descriptors()
        self.label = primary[40:72].decode("ascii", "replace").strip()
        block = struct.unpack_from("<H", primary, 128)[0]
        if block not in (512, 1024, 2048):
            raise BadIso("unsupported block size {}".format(block))
        self._block = block
        self.size: int = struct.unpack_from("<I", primary, 80)[0] * block
        self._skip = 0  # bytes before the system use entries (SP)
        self._rock_ridge = False
        self._ucs2 = False
        self._root = self._root_of(primary)
        self._detect(joliet)

    def _descriptors(self) -> Tuple[bytes, Optional[bytes]]:
        primary, joliet = None, None
        self._source.seek(0)
        begins = self._source.read(8)
        if unpacking.packer(begins):
            raise BadIso("it is packed with {}: unpack it first".format(unpacking.packer(begins)))
        for number in range(_FIRST, _FIRST + _MAX_DESCRIPTORS):
            raw = self._at(number * SECTOR, SECTOR)
            if raw[1:6] != b"CD001":
                raise BadIso("no ISO 9660 volume descriptor in sector {}".format(number))
            if raw[0] == 255:
                break
            if raw[0] == 1 and primary is None:
                primary = raw
            elif raw[0] == 2 and raw[88:91] in (b"%/@", b"%/C", b"%/E"):
                joliet = raw
        if primary is None:
            raise BadIso("no primary volume descriptor")
        return primary, joliet

    def _root_of(self, descriptor: bytes) -> Record:
        start, size = struct.unpack_from("<I4xI", descriptor, 158)
        return Record("", True, ((start * self._block, size),))

    def _detect(self, joliet: Optional[bytes]) -> None:
        """Rock Ridge announces itself in the first record of the root (SUSP 5.3, SP)."""
        offset = self._root.extents[0][0]
        length = self._at(offset, 1)[0]
        raw = self._at(offset, length)
        area = raw[34:]
        if len(area) >= 7 and area[:2] == b"SP" and area[4:6] == b"\xbe\xef":
            self._rock_ridge, self._skip = True, area[6]
        elif joliet is not None:
            self._ucs2, self._root = True, self._root_of(joliet)

    @property
    def plain(self) -> bool:
        """Whether its names are those of ISO 9660 alone: 8.3 at worst (ECMA-119, 10.1)."""
        return not (self._rock_ridge or self._ucs2)

    def _at(self, offset: int, size: int) -> bytes:
        self._source.seek(offset)
        data = self._source.read(size)
        if len(data) != size:
            raise BadIso("truncated: {} bytes expected at {}, {} present".format(size, offset, len(data)))
        return bytes(data)

    def find(self, path: str) -> Record:
        """The record of ``a/b/c``. Raises FileNotFoundError, NotADirectoryError, BadIso."""
        record = self._root
        for part in path.split("/"):
            if part in ("", "."):
                continue
            if not record.directory:
                raise NotADirectoryError(20, "Not a directory", path)
            below = self._read_directory(record)
            if part not in below:
                raise FileNotFoundError(2, _CUT if self.plain else "No such file in the image", path)
            record = below[part]
        return record

    def names(self, path: str) -> List[str]:
        """The names in a directory, sorted."""
        record = self.find(path)
        if not record.directory:
            raise NotADirectoryError(20, "Not a directory", path)
        return sorted(self._read_directory(record))

    def is_dir(self, path: str) -> bool:
        try:
            return self.find(path).directory
        except (FileNotFoundError, NotADirectoryError):
            return False

    def open(self, path: str) -> BinaryIO:
        """A file's bytes, buffered and seekable; BadIso while reading when the image ends before."""
        record = self.find(path)
        if record.directory:
            raise IsADirectoryError(21, "Is a directory", path)
        return io.BufferedReader(_Extents(self._source, record.extents), 64 * 1024)

    def _read_directory(self, directory: Record) -> Dict[str, Record]:
        if directory.extents in self._directories:
            return self._directories[directory.extents]
        if directory.size > _MAX_DIRECTORY:
            raise BadIso("implausible directory size of {} bytes".format(directory.size))
        raw = b"".join(self._at(offset, size) for offset, size in directory.extents)
        found: Dict[str, Record] = {}
        parts: Tuple[Tuple[int, int], ...] = ()
        position = 0
        while position < len(raw):
            length = raw[position]
            if length == 0:  # records do not cross sectors: the rest of this one is empty
                position = (position // SECTOR + 1) * SECTOR
                continue
            entry = raw[position : position + length]
            position += length
            if length < 34 or len(entry) < length or 33 + entry[32] > length:
                raise BadIso("damaged directory record")
            name = self._name(entry)
            if not name:
                continue
            start, size = struct.unpack_from("<I4xI", entry, 2)
            parts += ((start * self._block, size),)
            if entry[25] & _MULTI_EXTENT_FLAG:
                continue
            found[name] = Record(name, bool(entry[25] & _DIRECTORY_FLAG), parts)
            parts = ()
        self._directories[directory.extents] = found
        return found

    def _name(self, entry: bytes) -> str:
        """ "" for the directory itself and its parent."""
        identifier = entry[33 : 33 + entry[32]]
        if identifier in (b"\0", b"\1"):
            return ""
        if self._ucs2:
            return identifier.decode("utf-16-be", "replace").split(";")[0]
        if self._rock_ridge:
            start = 33 + len(identifier) + (len(identifier) % 2 == 0) + self._skip
            name = self._rock_ridge_name(entry[start:])
            if name:
                return name
        return identifier.decode("ascii", "replace").split(";")[0].rstrip(".").lower()

    def _rock_ridge_name(self, area: bytes) -> str:
        """NM entries in order, through continuation areas (SUSP 5.1, CE)."""
        name = b""
        for _ in range(_MAX_AREAS):
            following = None
            position = 0
            while position + 4 <= len(area):
                length = area[position + 2]
                if length < 4 or position + length > len(area):
                    break
                kind, body = area[position : position + 2], area[position + 4 : position + length]
                if kind == b"NM" and body:
                    name += body[1:]
                elif kind == b"CE" and len(body) >= 24:
                    following = struct.unpack_from("<I4xI4xI", body)
                elif kind == b"ST":
                    break
                position += length
            if following is None:
                break
            block, offset, size = following
            area = self._at(block * self._block + offset, min(size, SECTOR))
        return name.decode("utf-8", "surrogateescape")


class _Extents(io.RawIOBase):
    """The bytes of a file that lies in one or several pieces."""

    def __init__(self, source: BinaryIO, extents: Tuple[Tuple[int, int], ...]) -> None:
        self._source, self._extents = source, extents
        self._size = sum(size for _, size in extents)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._position, self._size)[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        start = self._position
        for offset, size in self._extents:
            if start < size:
                wanted = min(len(buffer), size - start)
                self._source.seek(offset + start)
                data = self._source.read(wanted)
                if not data:
                    raise BadIso("truncated: the image ends within a file")
                buffer[: len(data)] = data
                self._position += len(data)
                return len(data)
            start -= size
        return 0

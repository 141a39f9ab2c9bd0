"""The front of an RPM file: what package it is and how its payload is packed.

Format: lead, signature header, header, payload (rpm's "Package File Format", version 3 and 4; tags
of rpmtag.h). Nothing here vouches for anything: rpm itself checks signatures.
"""

import os
import struct
from typing import BinaryIO, Dict, NamedTuple, Sequence, Tuple

from offkit.media.rpm import is_name

_LEAD = 96
_LEAD_MAGIC, _HEADER_MAGIC = b"\xed\xab\xee\xdb", b"\x8e\xad\xe8\x01"
# rpm's own limits (header_internal.h); real headers have some hundred kilobytes.
_MAX_ENTRIES, _MAX_STORE = 0xFFFF, 64 * 1024 * 1024
_NAME, _VERSION, _RELEASE, _EPOCH, _ARCH = 1000, 1001, 1002, 1003, 1022
_FORMAT, _COMPRESSOR = 1124, 1125
_REST = 1000  # RPMSIGTAG_SIZE: bytes after the signature header
_INT16, _INT32, _STRING, _STRINGS = 3, 4, 6, 8
_I18N = 9
_MOST_VALUES = 1 << 20  # files or capabilities of one package


class BadRpm(ValueError):
    """Not an RPM file, or a damaged one. The message is a predicate."""


class NoRpm(BadRpm):
    """Not even the beginning of one."""


class Front(NamedTuple):
    name: str
    epoch: str  # "0" without one
    version: str
    release: str
    arch: str
    compressor: str  # gzip, xz, bzip2, lzma, zstd
    payload: int  # offset in bytes

    @property
    def title(self) -> str:
        """As ``rpm.Package.title``."""
        epoch = "" if self.epoch == "0" else self.epoch + ":"
        return "{}-{}{}-{}.{}".format(self.name, epoch, self.version, self.release, self.arch)


Places = Dict[int, Tuple[int, int, int]]  # tag → type, offset in the store, number of values


class Header:
    """All that the header of a package says. Methods give () for a tag that it does not have, or that
    has another type."""

    def __init__(self, front: Front, index: Places, store: bytes, start: int) -> None:
        self.front = front
        self.range = (start, front.payload)  # bytes of the file
        self._index, self._store = index, store

    def texts(self, tag: int) -> Sequence[str]:
        kind, offset, count = self._index.get(tag, (0, 0, 0))
        if kind not in (_STRING, _STRINGS, _I18N) or not count:
            return ()
        parts = self._store[offset:].split(b"\0", min(count, _MOST_VALUES))[:count]
        return [part.decode("utf-8", "replace") for part in parts]

    def numbers(self, tag: int) -> Sequence[int]:
        kind, offset, count = self._index.get(tag, (0, 0, 0))
        form = {_INT16: "H", _INT32: "I"}.get(kind)
        if form is None or count > _MOST_VALUES:
            return ()
        size = struct.calcsize(">" + form) * count
        data = self._store[offset : offset + size]
        return struct.unpack(">{}{}".format(count, form), data) if len(data) == size else ()


def header(source: BinaryIO) -> Header:
    """As ``read``, with everything."""
    front, index, store, start = _read(source)
    return Header(front, index, store, start)


def lacking(source: BinaryIO) -> str:
    """A predicate about a file that stands at its beginning and has less than its signature header says; ""
    where that tells of nothing missing."""
    try:
        _exactly(source, _LEAD)
        _, size, index, store = _header(source)
    except BadRpm:
        return ""
    rest = Header(_NOBODY, index, store, 0).numbers(_REST)
    whole = _LEAD + size + -size % 8 + rest[0] if rest else 0
    present = source.seek(0, os.SEEK_END)
    return "is truncated: {} of {} bytes present".format(present, whole) if present < whole else ""


def read(source: BinaryIO) -> Front:
    """From a file that stands at its beginning; afterwards it stands at its payload.

    Raises BadRpm, and what ``source.read`` raises.
    """
    return _read(source)[0]


def _read(source: BinaryIO) -> Tuple[Front, Places, bytes, int]:
    if source.read(len(_LEAD_MAGIC)) != _LEAD_MAGIC:
        raise NoRpm("is not an RPM file")
    _exactly(source, _LEAD - len(_LEAD_MAGIC))
    _, signature_size, _, _ = _header(source)
    _exactly(source, -signature_size % 8)  # the header begins at a multiple of eight
    values, header_size, index, store = _header(source)
    text = {tag: values.get(tag, b"").decode("utf-8", "replace") for tag in _TEXTS}
    if not all(is_name(text[tag]) for tag in (_NAME, _ARCH)) or not (text[_VERSION] and text[_RELEASE]):
        raise BadRpm("is damaged: its header does not identify the package")
    if text[_FORMAT] not in ("", "cpio"):
        raise BadRpm("has a payload of unknown format {!r}".format(text[_FORMAT][:20]))
    epoch = struct.unpack(">I", values[_EPOCH])[0] if _EPOCH in values else 0
    start = _LEAD + signature_size + -signature_size % 8
    front = Front(
        text[_NAME],
        str(epoch),
        text[_VERSION],
        text[_RELEASE],
        text[_ARCH],
        text[_COMPRESSOR] or "gzip",
        start + header_size,
    )
    return front, index, store, start


_NOBODY = Front("", "0", "", "", "", "", 0)
_TEXTS = (_NAME, _VERSION, _RELEASE, _ARCH, _FORMAT, _COMPRESSOR)


def _header(source: BinaryIO) -> Tuple[Dict[int, bytes], int, Places, bytes]:
    """The first value of each string and number that matters, the size of the whole header, and where
    each tag is in its store."""
    intro = _exactly(source, 16)
    if intro[:4] != _HEADER_MAGIC:
        raise BadRpm("is damaged: a header has no valid magic")
    count, size = struct.unpack_from(">II", intro, 8)
    if count > _MAX_ENTRIES or size > _MAX_STORE:
        raise BadRpm("is damaged: a header has {} entries in {} bytes".format(count, size))
    index, store = _exactly(source, count * 16), _exactly(source, size)
    found: Dict[int, bytes] = {}
    places: Places = {}
    for tag, kind, offset, values in struct.iter_unpack(">IIII", index):
        places[tag] = (kind, offset, values)
        if kind == _STRING and tag in _TEXTS:
            found[tag] = store[offset : max(store.find(b"\0", offset), offset)]
        elif kind == _INT32 and tag == _EPOCH and offset + 4 <= size:
            found[tag] = store[offset : offset + 4]
    return found, 16 + count * 16 + size, places, store


def _exactly(source: BinaryIO, size: int) -> bytes:
    data = source.read(size) if size else b""
    if len(data) != size:
        raise BadRpm("is truncated")
    return data

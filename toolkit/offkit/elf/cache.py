"""/etc/ld.so.cache in its three formats (glibc: sysdeps/generic/dl-cache.h, elf/cache.c).

*old* is what libc5-era loaders read, *new* is all that glibc >= 2.32 writes, and *compat*
(the default before that, so also on Enterprise Linux 7 and 8) is both in one file.
"""

import struct
from typing import List, NamedTuple, Tuple

_OLD = b"ld.so-1.7.0\0"  # 11 bytes of magic; u32 alignment pads it to 12
_NEW = b"glibc-ld.so.cache1.1"
_NEW_HEADER = 48
_MAX_STRING = 4096

# Flags that ldconfig gives a libc6 library, per ELF machine (sysdeps/generic/ldconfig.h).
_FLAGS = {
    (64, 62): 0x0303,
    (32, 3): 0x0003,
    (64, 183): 0x0A03,
    (64, 21): 0x0503,
    (64, 22): 0x0403,
    (32, 40): 0x0903,
    (32, 62): 0x0803,
}


class BadCache(ValueError):
    """Not an ld.so.cache, or a damaged one."""


class CacheEntry(NamedTuple):
    soname: str
    path: str
    flags: int
    osversion: int
    hwcap: int  # 0 is the baseline that every CPU can use

    def fits(self, bits: int, machine: int) -> bool:
        """Whether the loader of such a program would consider it; unknown machines accept all."""
        wanted = _FLAGS.get((bits, machine))
        return wanted is None or self.flags == wanted

    @property
    def baseline(self) -> bool:
        return self.hwcap == 0


def parse(data: bytes) -> List[CacheEntry]:
    """The entries in file order. Raises BadCache on anything else.

    Where both parts of a compat file are there the new one counts, as for glibc itself.
    """
    if data.startswith(_NEW):
        return _parse_new(data, 0)
    if not data.startswith(_OLD[:11]):
        raise BadCache("no ld.so.cache header")
    count = _count(data, 12, 16, 12)
    order, nlibs = count
    end = 16 + nlibs * 12
    second = (end + 7) // 8 * 8
    if data[second : second + len(_NEW)] == _NEW:
        return _parse_new(data, second)
    found = []
    for flags, key, value in struct.iter_unpack(order + "iII", data[16:end]):
        found.append(CacheEntry(_string(data, end, key), _string(data, end, value), flags, 0, 0))
    return found


def _count(data: bytes, at: int, header: int, step: int) -> Tuple[str, int]:
    """(byte order, number of entries); the order is the one in which the entries fit the file."""
    if len(data) < header:
        raise BadCache("truncated header")
    for order in "<>":
        (nlibs,) = struct.unpack_from(order + "I", data, at)
        if header + nlibs * step <= len(data):
            return order, nlibs
    raise BadCache("truncated: the header announces more entries than the file holds")


def _parse_new(data: bytes, start: int) -> List[CacheEntry]:
    view = data[start:]
    order, nlibs = _count(view, 20, _NEW_HEADER, 24)
    found = []
    for flags, key, value, osversion, hwcap in struct.iter_unpack(
        order + "iIIIQ", view[_NEW_HEADER : _NEW_HEADER + nlibs * 24]
    ):
        found.append(CacheEntry(_string(view, 0, key), _string(view, 0, value), flags, osversion, hwcap))
    return found


def _string(data: bytes, base: int, index: int) -> str:
    start = base + index
    end = data.find(b"\0", start, start + _MAX_STRING)
    if end < 0:
        raise BadCache("a name is outside the file or unterminated")
    return data[start:end].decode("utf-8", "surrogateescape")

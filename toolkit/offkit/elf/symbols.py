"""The dynamic symbols of an ELF file: which names it defines for others, and which it wants of them.

What is counted and looked up goes by DT_HASH or DT_GNU_HASH, as in glibc's elf/dl-lookup.c: nothing else
says how many symbols there are, and what has no hash table defines nothing. A name that is wanted with a
version is another matter (DT_VERNEED): versions are compared library by library.

In a table for DT_GNU_HASH all symbols that are hashed stand behind those that are not, so what a file wants
is at its beginning.
"""

import struct
from itertools import chain, repeat
from typing import (
    Any,
    Callable,
    ContextManager,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
)

from offkit.elf.reader import BadElf, Bytes, Image, Source

_DT_PLTRELSZ, _DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_RELA = 2, 4, 5, 6, 7
_DT_RELASZ, _DT_STRSZ, _DT_REL, _DT_RELSZ, _DT_PLTREL, _DT_JMPREL = 8, 10, 17, 18, 20, 23
_DT_GNU_HASH, _DT_VERSYM = 0x6FFFFEF5, 0x6FFFFFF0
_SHN_ABS = 0xFFF1
_STB_LOCAL = 0
_STRONG = (1, 10)  # STB_GLOBAL, STB_GNU_UNIQUE
_STT_TLS = 6
_NO_VALUES = (3, 4)  # STT_SECTION, STT_FILE
_HERE = (1, 2)  # STV_INTERNAL, STV_HIDDEN: found by nobody else
_HIDDEN, _VERSION = 0x8000, 0x7FFF
_FIRST_VERSION = 2  # of DT_VERSYM: 0 is local, 1 has no version

# Far above anything real; they bound time and memory on hostile input.
_MAX_SYMBOLS = 1 << 21
_MAX_NAMES = 128 << 20  # bytes
_MAX_CHAIN = 1 << 10  # symbols in one bucket
_CHAIN = 16  # read at once
_ENDLESS = "the symbols in a bucket of the hash table have no end"
_MAX_RELOCATIONS = 1 << 22
_OVERLAP = 8  # times the string table is all that is read of it
_DEAR = 8  # times what it costs to read a symbol with all others is the look at one alone

_Symbol = Tuple[int, int, int, int, int]  # st_name, st_info, st_other, st_shndx, st_value
_Answer = TypeVar("_Answer")


class Table:
    """The symbols of one file; what is damaged is as if it were not there."""

    def __init__(self, source: Source) -> None:
        self._image = Image(Bytes(source))
        self._tags: Dict[int, int] = dict(self._image.entries())
        self._wide = self._image.bits == 64
        self._order = self._image.order

    def again(self, source: Source) -> "Table":
        """The same file, opened once more."""
        self._image.source = Bytes(source)
        return self

    def wanted(self) -> Dict[bytes, int]:
        """Names without a version that somebody else has to define, and the place of each in the table."""
        count = self._hashed()
        versions = self._versions(count)
        numbers = chain((version & _VERSION for version in versions), repeat(0)) if versions else repeat(0)
        places = [
            (name, place)
            for place, ((name, info, _, section, value), number) in enumerate(
                zip(self._symbols(count), numbers)
            )
            if not section and number < _FIRST_VERSION and info >> 4 in _STRONG and not value and name
        ]
        return dict(zip(self._names([name for name, _ in places]), [place for _, place in places]))

    def defined(self) -> FrozenSet[bytes]:
        """Names that a lookup without a version finds here."""
        count = self.count()
        first = self._gnu()[1] if _DT_GNU_HASH in self._tags else 0
        versions = chain(self._versions(count - first, first), repeat(0))
        found = [
            symbol[0]
            for symbol, version in zip(self._symbols(count - first, first), versions)
            if _offered(symbol, version)
        ]
        return frozenset(self._names(found))

    def defines(self, name: bytes) -> bool:
        """The same for one name, without a look at the others."""
        for place in self._alike(name):
            for symbol in self._symbols(1, place):
                start = self._image.offset(self._tags.get(_DT_STRTAB, 0)) + symbol[0]
                same = self._image.source.upto(start, len(name) + 1) == name + b"\0"
                if same and _offered(symbol, *self._versions(1, place)):
                    return True
        return False

    def at_once(self, places: Iterable[int]) -> Dict[int, bool]:
        """Of these symbols those that are asked for at all: whether when the file is loaded, or (False) only
        when a function is called for the first time."""
        sought = set(places)
        found: Dict[int, bool] = {}
        for at_once, tag, size, kind in (
            (True, _DT_REL, _DT_RELSZ, _DT_REL),
            (True, _DT_RELA, _DT_RELASZ, _DT_RELA),
            (False, _DT_JMPREL, _DT_PLTRELSZ, self._tags.get(_DT_PLTREL, _DT_RELA)),
        ):
            for place in sought.intersection(self._referenced(tag, size, kind)):
                found.setdefault(place, at_once)
        return found

    def _referenced(self, tag: int, size: int, kind: int) -> Iterator[int]:
        if tag not in self._tags:
            return
        fields = ("QQ" if self._wide else "II") + ("" if kind == _DT_REL else "q" if self._wide else "i")
        shift = 32 if self._wide else 8
        for entry in self._rows(fields, self._tags[tag], self._tags.get(size, 0), _MAX_RELOCATIONS):
            yield entry[1] >> shift

    def _rows(self, fields: str, address: int, size: int, most: int) -> Iterator[Tuple[int, ...]]:
        step = struct.calcsize(self._order + fields)
        raw = self._image.source.upto(self._image.offset(address), min(size, most * step))
        return struct.iter_unpack(self._order + fields, raw[: len(raw) // step * step])

    def _names(self, indices: Iterable[int]) -> List[bytes]:
        """Those of DT_STRTAB. One may be the end of another, but not without measure."""
        if _DT_STRTAB not in self._tags:
            return []
        size = min(self._tags.get(_DT_STRSZ, 0), _MAX_NAMES)
        raw = self._image.source.upto(self._image.offset(self._tags[_DT_STRTAB]), size)
        found, left, end = [], _OVERLAP * len(raw), raw.index
        for start in indices:
            name = raw[start : end(b"\0", start)]
            found.append(name)
            left -= len(name)
            if left < 0:
                raise BadElf("the names in the string table overlap")
        return found

    def _symbols(self, count: int, first: int = 0) -> Iterator[Any]:
        if _DT_SYMTAB not in self._tags:
            return iter(())
        step = 24 if self._wide else 16
        start = self._image.offset(self._tags[_DT_SYMTAB]) + first * step
        raw = self._image.source.upto(start, min(count, _MAX_SYMBOLS) * step)
        raw = raw[: len(raw) // step * step]
        if self._wide:
            return struct.iter_unpack(self._order + "IBBHQ8x", raw)
        rows = struct.iter_unpack(self._order + "II4xBBH", raw)
        return ((name, info, other, section, value) for name, value, info, other, section in rows)

    def _versions(self, count: int, first: int = 0) -> Tuple[int, ...]:
        if _DT_VERSYM not in self._tags:
            return ()
        start = self._image.offset(self._tags[_DT_VERSYM]) + 2 * first
        raw = self._image.source.upto(start, 2 * min(count, _MAX_SYMBOLS))
        return struct.unpack("{}{}H".format(self._order, len(raw) // 2), raw[: len(raw) // 2 * 2])

    def _hashed(self) -> int:
        """How many symbols stand before those that others can find; all, where one cannot tell."""
        if _DT_GNU_HASH in self._tags:
            return self._gnu()[1]
        return self.count()

    def _gnu(self) -> Tuple[int, int, int, int]:
        """(number of buckets, place of the first symbol, offsets of the buckets and of the chains)."""
        start = self._image.offset(self._tags[_DT_GNU_HASH])
        buckets, first, words, _ = self._image.unpack("IIII", start)
        at = start + 16 + words * (8 if self._wide else 4)
        return buckets, first, at, at + 4 * buckets

    def _sysv(self) -> Tuple[int, int, int, int]:
        """(buckets, symbols, offsets of both tables)."""
        start = self._image.offset(self._tags[_DT_HASH])
        buckets, symbols = self._image.unpack("II", start)
        return buckets, symbols, start + 8, start + 8 + 4 * buckets

    def count(self) -> int:
        if _DT_HASH in self._tags:
            return self._sysv()[1]
        if _DT_GNU_HASH not in self._tags:
            return 0
        buckets, first, at, chains = self._gnu()
        last = max(self._words(at, min(buckets, _MAX_SYMBOLS)), default=0)
        if last < first:
            return first
        for word in self._chain(chains + 4 * (last - first)):
            last += 1
            if word & 1:
                break
        return last

    def _chain(self, offset: int) -> Iterator[int]:
        for start in range(0, _MAX_CHAIN, _CHAIN):
            words = self._words(offset + 4 * start, _CHAIN)
            yield from words
            if len(words) < _CHAIN:
                break
        raise BadElf(_ENDLESS)

    def _words(self, offset: int, count: int) -> Tuple[int, ...]:
        raw = self._image.source.upto(offset, 4 * count)
        return struct.unpack("{}{}I".format(self._order, len(raw) // 4), raw[: len(raw) // 4 * 4])

    def _alike(self, name: bytes) -> Iterator[int]:
        """Places of symbols whose names may be that one."""
        if _DT_GNU_HASH in self._tags:
            buckets, first, at, chains = self._gnu()
            value = _gnu_hash(name)
            if not buckets:
                return
            (place,) = self._image.unpack("I", at + 4 * (value % buckets))
            if place < max(first, 1):
                return
            for word in self._chain(chains + 4 * (place - first)):
                if (word ^ value) >> 1 == 0:
                    yield place
                if word & 1:
                    return
                place += 1
        elif _DT_HASH in self._tags:
            buckets, _, at, chains = self._sysv()
            place = self._image.unpack("I", at + 4 * (_sysv_hash(name) % buckets))[0] if buckets else 0
            for _ in range(_MAX_CHAIN):
                if not place:
                    return
                yield place
                (place,) = self._image.unpack("I", chains + 4 * place)
            raise BadElf(_ENDLESS)


class Symbols:
    """A file's symbols, and what was asked about them; what cannot be read is not known."""

    def __init__(self, opens: Callable[[], ContextManager[Source]]) -> None:
        self._opens = opens
        self._table: Optional[Table] = None
        self._known: Dict[bytes, bool] = {}  # whether it defines those that were asked for
        self._defined: Optional[FrozenSet[bytes]] = None

    def wanted(self) -> Dict[bytes, int]:
        """As of a table; none where it is not known."""
        return self._ask(Table.wanted) or {}

    def lacks(self, names: Sequence[bytes]) -> List[bytes]:
        """Those that it does not define; none where that is not known."""
        fresh = [name for name in names if name not in self._known] if self._defined is None else []
        if fresh and self._ask(lambda table: self._look(table, fresh)) is None:
            self._known.update(dict.fromkeys(fresh, True))
        if self._defined is None:
            return [name for name in names if not self._known[name]]
        return [name for name in names if name not in self._defined]

    def _look(self, table: Table, names: Sequence[bytes]) -> bool:
        if (len(self._known) + len(names)) * _DEAR > table.count():
            self._defined = table.defined()
        else:
            self._known.update((name, table.defines(name)) for name in names)
        return True

    def defines(self, name: bytes) -> bool:
        return bool(self._ask(lambda table: table.defines(name)))

    def at_once(self, names: Iterable[bytes]) -> Dict[bytes, bool]:
        """As of a table, by name."""
        wanted = self.wanted()
        places = {wanted[name]: name for name in names if name in wanted}
        found = self._ask(lambda table: table.at_once(places)) or {}
        return {places[place]: kind for place, kind in found.items()}

    def _ask(self, question: Callable[[Table], _Answer]) -> Optional[_Answer]:
        try:
            with self._opens() as source:
                self._table = self._table.again(source) if self._table is not None else Table(source)
                return question(self._table)
        except (OSError, ValueError):
            return None


def _offered(symbol: _Symbol, version: int = 0) -> bool:
    """Whether a lookup without a version may end at it (check_match)."""
    _, info, other, section, value = symbol
    if not section or info >> 4 == _STB_LOCAL or other & 3 in _HERE or info & 0xF in _NO_VALUES:
        return False
    if version & _HIDDEN and version & _VERSION > _FIRST_VERSION:
        return False
    return bool(value) or section == _SHN_ABS or info & 0xF == _STT_TLS


def _gnu_hash(name: bytes) -> int:
    value = 5381
    for byte in name:
        value = value * 33 + byte & 0xFFFFFFFF
    return value


def _sysv_hash(name: bytes) -> int:
    value = 0
    for byte in name:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high
    return value

"""The dynamic symbols of an ELF file: which names it defines for others, and which it wants of them.

What is counted and looked up goes by DT_HASH or DT_GNU_HASH, as in glibc's elf/dl-lookup.c: nothing else
says how many symbols there are, and what has no hash table defines nothing. A name that is wanted with a
version is another matter (DT_VERNEED): versions are compared library by library.

In a table for DT_GNU_HASH all symbols that are hashed stand behind those that are not, so what a file wants
is at its beginning.
"""

import struct
import sys
from array import array
from functools import lru_cache
from itertools import chain, compress, repeat
from typing import (
    AbstractSet,
    Callable,
    Collection,
    ContextManager,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Set,
    Tuple,
    TypeVar,
)

from offkit.elf.reader import BadElf, Bytes, Image, Source

_DT_PLTRELSZ, _DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_RELA = 2, 4, 5, 6, 7
_DT_RELASZ, _DT_STRSZ, _DT_REL, _DT_RELSZ, _DT_PLTREL, _DT_JMPREL = 8, 10, 17, 18, 20, 23
_DT_GNU_HASH, _DT_VERSYM = 0x6FFFFEF5, 0x6FFFFFF0
_DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF
_TAGS = {*range(_DT_PLTRELSZ, _DT_JMPREL + 1), _DT_GNU_HASH, _DT_VERSYM, _DT_VERNEED, _DT_VERNEEDNUM}
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
_MAX_NAME, _SOME = 1 << 20, 256  # bytes of one name, and how many are looked at before they are measured
_MAX_CHAIN = 1 << 10  # symbols in one bucket
_MAX_STEPS = 1 << 18  # along all buckets, for one question
_ENDLESS = "the symbols in a bucket of the hash table have no end"
_MAX_RELOCATIONS = 1 << 22
_MAX_VERSIONS = 1 << 14
_OVERLAP = 8  # times the string table is all that is read of it
_APART = 4096  # bytes of a table that are read as fast as one entry of it
_HASHES = 1 << 14  # that are kept

_Answer = TypeVar("_Answer")


class Table:
    """The symbols of one file; what is damaged is as if it were not there."""

    def __init__(self, source: Source, image: Optional[Image] = None) -> None:
        """``image`` is the file, where it was looked at before."""
        self._image = image or Image(Bytes(source))
        self._tags = {tag: value for tag, value in self._image.entries() if tag in _TAGS}
        self._wide = self._image.bits == 64
        self._order = self._image.order
        self._step = 24 if self._wide else 16  # bytes of a symbol
        self._last = 0  # the first symbol of the last bucket of DT_GNU_HASH
        self._filter: Optional[Tuple[array[int], int]] = None  # of DT_GNU_HASH, and its shift

    def opened(self, source: Source) -> "Table":
        """The same file, opened once more."""
        self._image.reopened(source)
        return self

    def closed(self) -> None:
        self._image.reopened(b"")

    def wanted(self, bare: Collection[str] = ()) -> Set[bytes]:
        """Names without a version that somebody else has to define; with those that have a version of one of
        these libraries, which define none themselves."""
        starts, wanted = self._undefined(bare)
        return set(self._names(list(compress(starts, wanted)))) - {b""}

    def _undefined(self, files: Collection[str]) -> Tuple[Sequence[int], List[bool]]:
        """(st_name of each symbol, whether somebody else has to define it, and no version says who)."""
        if not self._whole:
            return (), []
        count = min(self._hashed(), _MAX_SYMBOLS)
        words, width = self._numbers("I", self._at(_DT_SYMTAB), count * self._step // 4), self._step // 4
        kinds: Iterable[int] = words[1::width] if self._wide else words[3::width]
        values = (words[2::width], words[3::width]) if self._wide else (words[1::width],)
        if any(map(any, values)):  # in a program that is no PIE: where it has a function of others
            kinds = [0 if any(value) else kind for kind, *value in zip(kinds, *values)]
        versions = self._numbers("H", self._at(_DT_VERSYM), count) if _DT_VERSYM in self._tags else ()
        # There are thousands of symbols, of few kinds.
        strong = {kind for kind in set(kinds) if self._strong(kind)}
        no_matter = {0, 1, *self._versions_of(files)} if files else {0, 1}
        bare = {version for version in {0, *versions} if version & _VERSION in no_matter}
        pairs = zip(kinds, chain(versions, repeat(0)))
        return words[::width], [kind in strong and version in bare for kind, version in pairs]

    def _versions_of(self, files: Collection[str]) -> Iterator[int]:
        """The numbers in DT_VERSYM of all versions that are wanted of these libraries."""
        count, left = self._tags.get(_DT_VERNEEDNUM, 0), _MAX_VERSIONS
        at = self._at(_DT_VERNEED) if _DT_VERNEED in self._tags else 0
        found: List[Tuple[int, int]] = []  # name of a library in DT_STRTAB, number
        while at and count and left:
            # Verneed: vn_version, vn_cnt, vn_file, vn_aux, vn_next; Vernaux: vna_hash, vna_flags, vna_other …
            _, versions, file, first, following = self._image.unpack("HHIII", at)
            place = at + first
            for _ in range(min(versions, left)):
                _, _, number, _, step = self._image.unpack("IHHII", place)
                found.append((file, number & _VERSION))
                place += step
            left -= min(versions, left) or 1
            count -= 1
            at = at + following if following else 0
        names = self._names([file for file, _ in found])
        wanted = {each.encode("utf-8", "surrogateescape") for each in files}
        return (number for name, (_, number) in zip(names, found) if name in wanted)

    def _strong(self, kind: int) -> bool:
        """By st_info, st_other and st_shndx as one number: whether somebody else has to define it."""
        info, _, section = struct.unpack(self._order + "BBH", struct.pack(self._order + "I", kind))
        return not section and info >> 4 in _STRONG

    def having(self, names: Iterable[bytes], versions_too: bool = False) -> Set[bytes]:
        """Those that a lookup without a version finds here; or one with whatever version they have."""
        alike = list(self._alike(names)) if self._whole else []
        if not alike:
            return set()
        count = max(place for _, place in alike) + 1
        symbols = self._part(_DT_SYMTAB, min(count, _MAX_SYMBOLS) * self._step, len(alike))
        text = self._part(_DT_STRTAB, min(self._tags.get(_DT_STRSZ, 0), _MAX_NAMES), len(alike))
        versions = self._part(_DT_VERSYM, 2 * min(count, _MAX_SYMBOLS), len(alike))
        found = set()
        for name, place in alike:
            raw = symbols(place * self._step, self._step)
            if len(raw) < self._step or name in found:
                continue
            if self._wide:
                start, info, other, section, value = struct.unpack(self._order + "IBBHQ8x", raw)
            else:
                start, value, info, other, section = struct.unpack(self._order + "II4xBBH", raw)
            if text(start, len(name) + 1) == name + b"\0":
                (version,) = struct.unpack(self._order + "H", versions(2 * place, 2) or b"\0\0")
                if _offered(info, other, section, value, 0 if versions_too else version):
                    found.add(name)
        return found

    def defined(self) -> "array[int]":
        """Of the names that it has for others what DT_GNU_HASH keeps of their hashes (``likely_in``)."""
        found = array("I")
        if not self._whole:
            return found
        if _DT_GNU_HASH not in self._tags:
            count, symbols = self._image.unpack("II", self._at(_DT_HASH))
            places = range(1, min(symbols, _MAX_SYMBOLS))
            starts = self._numbers("I", self._at(_DT_SYMTAB), len(places) * self._step // 4 + 1)
            names = self._names(list(starts[self._step // 4 :: self._step // 4]))
            return array("I", sorted({_gnu_hash(name) >> 1 for name in self.having(names)}))
        at = self._at(_DT_GNU_HASH)
        count, first, words, _ = self._image.unpack("IIII", at)
        at += 16 + words * self._image.bits // 8
        last = max(self._numbers("I", at, min(count, _MAX_SYMBOLS)), default=0)
        if last < first:
            return found
        chains = self._numbers("I", at + 4 * count, min(last - first, _MAX_SYMBOLS) + _MAX_CHAIN)
        end = next((n for n in range(last - first, len(chains)) if chains[n] & 1), len(chains) - 1)
        return array("I", sorted({word >> 1 for word in chains[: end + 1]}))

    @property
    def _whole(self) -> bool:
        """Whether there is what every lookup goes by."""
        hashed = _DT_GNU_HASH in self._tags or _DT_HASH in self._tags
        return hashed and _DT_SYMTAB in self._tags and _DT_STRTAB in self._tags

    def _at(self, tag: int) -> int:
        return self._image.offset(self._tags[tag])

    def _numbers(self, kind: str, offset: int, count: int) -> "array[int]":
        numbers = array(kind)
        raw = self._image.source.upto(offset, count * numbers.itemsize)
        numbers.frombytes(raw[: len(raw) // numbers.itemsize * numbers.itemsize])
        if (sys.byteorder == "little") != self._image.little:
            numbers.byteswap()
        return numbers

    def _part(self, tag: int, size: int, uses: int) -> Callable[[int, int], bytes]:
        """Reads of a table, which is held whole where so many entries are wanted that this is faster."""
        if tag not in self._tags:
            return lambda start, count: b""
        at, source = self._at(tag), self._image.source
        if size > uses * _APART:
            return lambda start, count: source.upto(at + start, count)
        whole = source.upto(at, size)
        return lambda start, count: whole[start : start + count]

    def at_once(self, names: AbstractSet[bytes], bare: Collection[str] = ()) -> Dict[bytes, bool]:
        """Of these names, which are wanted, those that are asked for at all, as they come: whether when the
        file is loaded, or (False) only when a function is called for the first time."""
        starts, wanted = self._undefined(bare)
        places = list(compress(range(len(starts)), wanted))
        sought = dict(zip(places, self._names([starts[place] for place in places])))
        sought = {place: name for place, name in sought.items() if name in names}
        found: Dict[int, bool] = {}
        for at_once, tag, size, kind in (
            (True, _DT_REL, _DT_RELSZ, _DT_REL),
            (True, _DT_RELA, _DT_RELASZ, _DT_RELA),
            (False, _DT_JMPREL, _DT_PLTRELSZ, self._tags.get(_DT_PLTREL, _DT_RELA)),
        ):
            for place in sought.keys() & self._referenced(tag, size, kind):
                found.setdefault(place, at_once)
        return {name: found[place] for place, name in sought.items() if place in found}

    def _referenced(self, tag: int, size: int, kind: int) -> Set[int]:
        """The symbols of these relocations, of which there may be millions, most of them without any."""
        if tag not in self._tags:
            return set()
        step = (2 if kind == _DT_REL else 3) * (2 if self._wide else 1)  # words of an entry
        count = min(self._tags.get(size, 0) // (4 * step), _MAX_RELOCATIONS) * step
        words = self._numbers("I", self._at(tag), count)
        if self._wide:  # r_info is the second of its numbers, and the symbol its upper half
            return set(words[3 if self._image.little else 2 :: step])
        return {info >> 8 for info in set(words[1::step])}

    def _names(self, starts: Sequence[int]) -> List[bytes]:
        """Those of DT_STRTAB. One may be the end of another, but not without measure."""
        if not starts:
            return []
        raw = self._image.source.upto(self._at(_DT_STRTAB), min(self._tags.get(_DT_STRSZ, 0), _MAX_NAMES))
        found: List[bytes] = []
        left, index = _OVERLAP * len(raw), raw.index
        for first in range(0, len(starts), _SOME):
            some = starts[first : first + _SOME]
            ends = [index(b"\0", start, start + _MAX_NAME) for start in some]
            left -= sum(ends) - sum(some)
            if left < 0:
                raise BadElf("the names in the string table overlap")
            found += [raw[start:end] for start, end in zip(some, ends)]
        return found

    def _hashed(self) -> int:
        """How many symbols stand before those that others can find; all, where one cannot tell."""
        if _DT_GNU_HASH in self._tags:
            return self._image.unpack("II", self._at(_DT_GNU_HASH))[1]
        return self._image.unpack("II", self._at(_DT_HASH))[1]

    def _alike(self, names: Iterable[bytes]) -> Iterator[Tuple[bytes, int]]:
        """Symbols whose names may be these, by their places."""
        try:
            yield from (self._by_gnu if _DT_GNU_HASH in self._tags else self._by_sysv)(names)
        except IndexError:
            raise BadElf(_ENDLESS)

    def likely(self, names: Iterable[bytes]) -> Iterable[bytes]:
        """Those of them that it may define, by what is known without a look into the file."""
        if self._filter is None:
            return names
        (words, shift), bits = self._filter, self._image.bits
        last = len(words) - 1
        return [
            name
            for name in names
            for value in (_gnu_hash(name),)
            for word in (words[value // bits & last],)
            if word >> value % bits & word >> (value >> shift) % bits & 1
        ]

    def _by_gnu(self, names: Iterable[bytes]) -> Iterator[Tuple[bytes, int]]:
        at = self._at(_DT_GNU_HASH)
        count, first, words, shift = self._image.unpack("IIII", at)
        at += 16
        if self._filter is None:
            bloom = self._numbers("Q" if self._wide else "I", at, min(words, _MAX_SYMBOLS))
            self._filter = (bloom, shift) if bloom else None
            names = self.likely(names) if bloom else ()
        if not names:
            return
        at += words * self._image.bits // 8
        buckets = self._numbers("I", at, min(count, _MAX_SYMBOLS))
        self._last = self._last or max(buckets, default=0)
        if not buckets or self._last < first:
            return
        chains = self._numbers("I", at + 4 * count, min(self._last - first, _MAX_SYMBOLS) + _MAX_CHAIN)
        left = _MAX_STEPS
        for name in names:
            value = _gnu_hash(name)
            start = buckets[value % count]
            if start < max(first, 1):
                continue
            for place in range(start, start + _MAX_CHAIN):
                word, left = chains[place - first], left - 1
                if (word ^ value) >> 1 == 0:
                    yield name, place
                if word & 1:
                    break
            else:
                left = 0
            if left <= 0:
                raise BadElf(_ENDLESS)

    def _by_sysv(self, names: Iterable[bytes]) -> Iterator[Tuple[bytes, int]]:
        at = self._at(_DT_HASH)
        count, symbols = self._image.unpack("II", at)
        numbers = self._numbers("I", at + 8, min(count + symbols, 2 * _MAX_SYMBOLS))
        left = _MAX_STEPS
        for name in names if count else ():
            place = numbers[_sysv_hash(name) % count]
            while place:
                yield name, place
                place = numbers[count + place]
                left -= 1
                if not left:
                    raise BadElf(_ENDLESS)


def likely_in(defined: AbstractSet[int], names: AbstractSet[bytes]) -> Set[bytes]:
    """Those of the names that a file with ``defined`` (of a table) has: as good as certain, with 31 bits."""
    return {name for name in names if _gnu_hash(name) >> 1 in defined}


class Wants:
    """In the place of a file's symbols (``Symbols``): those that it wants are known, and it defines none."""

    def __init__(self, names: Mapping[bytes, bool]) -> None:
        """Each with whether it is looked up when the file is loaded."""
        self._names = names

    def wanted(self, bare: Collection[str] = ()) -> AbstractSet[bytes]:
        return self._names.keys()

    def at_once(self, names: AbstractSet[bytes], bare: Collection[str] = ()) -> Dict[bytes, bool]:
        return {name: now for name, now in self._names.items() if name in names}

    def having(self, names: AbstractSet[bytes], versions_too: bool = False) -> AbstractSet[bytes]:
        return frozenset()

    def less(self, names: AbstractSet[bytes]) -> AbstractSet[bytes]:
        return names

    def lacks(self, names: AbstractSet[bytes]) -> AbstractSet[bytes]:
        return names - self.having(names)


class Symbols:
    """A file's symbols, and what was asked about them; what cannot be read is not known."""

    def __init__(self, opens: Callable[[], ContextManager[Source]], table: Optional[Table] = None) -> None:
        """``table`` is the file's, where it was opened before."""
        self._opens = opens
        self._table = table
        self._has: Set[bytes] = set()  # of the names that were asked for
        self._has_not: Set[bytes] = set()

    def wanted(self, bare: Collection[str] = ()) -> Set[bytes]:
        """As of a table; none where it is not known."""
        return self._ask(lambda table: table.wanted(bare)) or set()

    def having(self, names: AbstractSet[bytes], versions_too: bool = False) -> Set[bytes]:
        """Those that it defines; none where that is not known."""
        return self._ask(lambda table: table.having(names, versions_too)) or set()

    def less(self, names: AbstractSet[bytes]) -> AbstractSet[bytes]:
        """Without those that it was found to define already."""
        return names - self._has if self._has else names

    def lacks(self, names: AbstractSet[bytes]) -> AbstractSet[bytes]:
        """Those that it does not define; none where that is not known."""
        rest = self.less(names)
        fresh = rest - self._has_not
        if not fresh:
            return rest
        likely = self._table.likely(fresh) if self._table is not None else fresh
        found = self._ask(lambda table: table.having(likely)) if likely else set()
        if found is None:
            found = set(fresh)
        self._has |= found
        self._has_not |= fresh - found
        return rest - found

    def at_once(self, names: AbstractSet[bytes], bare: Collection[str] = ()) -> Dict[bytes, bool]:
        """As of a table; none where it is not known."""
        return self._ask(lambda table: table.at_once(names, bare)) or {}

    def _ask(self, question: Callable[[Table], _Answer]) -> Optional[_Answer]:
        try:
            with self._opens() as source:
                self._table = self._table or Table(source)
                try:
                    return question(self._table.opened(source))
                finally:
                    self._table.closed()
        except (OSError, ValueError):
            return None


def _offered(info: int, other: int, section: int, value: int, version: int) -> bool:
    """Whether a lookup without a version may end at such a symbol (check_match)."""
    if not section or info >> 4 == _STB_LOCAL or other & 3 in _HERE or info & 0xF in _NO_VALUES:
        return False
    if version & _HIDDEN and version & _VERSION > _FIRST_VERSION:
        return False
    return bool(value) or section == _SHN_ABS or info & 0xF == _STT_TLS


@lru_cache(maxsize=_HASHES)
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

"""A program with another DT_RPATH: the directories that its loader tries first, whoever asks.

DT_RPATH of the executable serves every object without a DT_RUNPATH of its own, dlopened ones
too; DT_RUNPATH serves only what the executable itself needs (glibc, elf/dl-load.c,
``_dl_map_object``). So the one is written and the other goes.

A longer string table has no room where the old one lies. It goes to the end of the file, into a
segment of its own, whose program header takes the place of a PT_NOTE: the table of headers cannot
grow, and Linux before 5.18 finds it by the file offset alone (AT_PHDR in fs/binfmt_elf.c), so it
cannot move either. What that note says (a build-id, the oldest kernel) nobody asks of a program
that starts. Sources: System V ABI, chapters 4 and 5.
"""

import struct
from typing import List, NamedTuple, Tuple

from offkit.elf import reader
from offkit.elf.reader import Elf

_PT_LOAD, _PT_DYNAMIC, _PT_NOTE, _PT_GNU_PROPERTY = 1, 2, 4, 0x6474E553
_PF_W, _PF_R = 2, 4
_DT_NULL, _DT_STRTAB, _DT_STRSZ, _DT_RPATH, _DT_RUNPATH = 0, 5, 10, 15, 29
_SHT_STRTAB, _SHT_DYNAMIC = 3, 6
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_ENTRY = struct.Struct("<QQ")
# The segment begins with this and the size of the string table that the linker made.
_MARK = b"offkit rpath 1\0\0"
_PREFIX = len(_MARK) + 8
_PAGES = {62: 0x1000}  # by e_machine: the largest page that Linux has there; elsewhere 64 KiB
_PAGE = 0x10000
_MOST = 1 << 56  # addresses of programs end far below on every machine


class Unfit(ValueError):
    """A file that cannot be given an RPATH, or that none would help. The message is a predicate."""


class _Segment(NamedTuple):
    """A program header, in the order of Elf64_Phdr."""

    kind: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    align: int


def rewrite(data: bytes, rpath: str) -> bytes:
    """The program ``data`` with ``rpath`` as its DT_RPATH and without DT_RUNPATH.

    The same bytes when that is so already; what this function appended before is replaced. Raises
    Unfit, and NotElf or BadElf of ``reader.read``.
    """
    elf = reader.read(data)
    _must_fit(elf)
    if elf.rpath == rpath and elf.runpath is None:
        return data
    header = list(_HEADER.unpack_from(data))
    segments = [
        _Segment(*_PROGRAM.unpack_from(data, header[5] + number * _PROGRAM.size))
        for number in range(header[10])
    ]
    kept, image, original = _without_old(segments, data, elf)
    page = _PAGES.get(elf.machine, _PAGE)
    image += bytearray(-len(image) % page)
    loads = [each for each in kept if each.kind == _PT_LOAD]
    vaddr = _up(max(each.vaddr + each.memsz for each in loads), page)
    if vaddr >= _MOST:
        raise Unfit("uses implausible addresses")

    strings = data[elf.strings[0] : elf.strings[0] + original] + rpath.encode("utf-8", "surrogateescape")
    strings += b"\0"
    dynamic = next(each for each in kept if each.kind == _PT_DYNAMIC)
    entries = _entries(data, dynamic)
    # In place where it is in the linker's part of the file and has room for one entry more.
    room = dynamic.filesz // _ENTRY.size if dynamic.offset + dynamic.filesz <= len(image) else 0
    moved = len(_changed(entries, 0, 0, 0)) > room
    size = len(_changed(entries, 0, 0, 0)) * _ENTRY.size if moved else 0
    table = vaddr + _PREFIX + size
    changed = b"".join(_ENTRY.pack(*pair) for pair in _changed(entries, table, len(strings), original))
    body = _MARK + struct.pack("<Q", original) + (changed if moved else b"") + strings
    flags = _PF_R | (_PF_W if moved else 0)  # the loader writes into it (DT_DEBUG)
    own = _Segment(_PT_LOAD, flags, len(image), vaddr, vaddr, len(body), len(body), page)
    if moved:
        place = vaddr + _PREFIX
        at = kept.index(dynamic)
        kept[at] = dynamic._replace(
            offset=len(image) + _PREFIX, vaddr=place, paddr=place, filesz=size, memsz=size
        )
    else:
        image[dynamic.offset : dynamic.offset + dynamic.filesz] = changed.ljust(dynamic.filesz, b"\0")
    # The kernel and the loader want PT_LOADs in ascending order.
    kept.insert(kept.index(loads[-1]) + 1, own)
    for number, each in enumerate(kept):
        _PROGRAM.pack_into(image, header[5] + number * _PROGRAM.size, *each)
    _tell_sections(image, header, own, size if moved else 0, len(strings))
    result = bytes(image + body)
    _check(result, elf, rpath)
    return result


def _must_fit(elf: Elf) -> None:
    if (elf.bits, elf.little) != (64, True):
        raise Unfit("is not a 64-bit little-endian program")
    if not elf.interpreter:
        raise Unfit("has no loader (it is a library, or linked statically)")
    if elf.strings[1] == 0:
        raise Unfit("has no dynamic string table")


def _without_old(segments: List[_Segment], data: bytes, elf: Elf) -> Tuple[List[_Segment], bytearray, int]:
    """One program header less, the file that the linker made, and the size of its string table."""
    for each in segments:
        if each.kind == _PT_LOAD and data[each.offset : each.offset + len(_MARK)] == _MARK:
            (original,) = struct.unpack_from("<Q", data, each.offset + len(_MARK))
            if not 0 < original <= elf.strings[1]:
                raise reader.BadElf("the segment that offkit appended is damaged")
            return [one for one in segments if one is not each], bytearray(data[: each.offset]), original
    properties = {each.offset for each in segments if each.kind == _PT_GNU_PROPERTY}
    notes = [each for each in segments if each.kind == _PT_NOTE]
    if not notes:
        raise Unfit("has no PT_NOTE header that a new segment's header could replace")
    # The one that PT_GNU_PROPERTY repeats may switch processor features on; it goes last.
    gone = min(reversed(notes), key=lambda each: each.offset in properties)
    return [one for one in segments if one is not gone], bytearray(data), elf.strings[1]


def _entries(data: bytes, dynamic: _Segment) -> List[Tuple[int, int]]:
    found = []
    raw = data[dynamic.offset : dynamic.offset + dynamic.filesz]
    for tag, value in _ENTRY.iter_unpack(raw[: len(raw) // _ENTRY.size * _ENTRY.size]):
        if tag == _DT_NULL:
            break
        found.append((tag, value))
    return found


def _changed(entries: List[Tuple[int, int]], table: int, size: int, rpath: int) -> List[Tuple[int, int]]:
    """The dynamic segment with its end; ``rpath`` is the name's offset in the string table."""
    new = {_DT_STRTAB: table, _DT_STRSZ: size}
    rest = [(tag, new.get(tag, value)) for tag, value in entries if tag not in (_DT_RPATH, _DT_RUNPATH)]
    return rest + [(_DT_RPATH, rpath), (_DT_NULL, 0)]


def _tell_sections(image: bytearray, header: List[int], own: _Segment, dynamic: int, strings: int) -> None:
    """Section headers, for tools that go by them; the loader does not."""
    start, size, count = header[6], header[11], header[12]
    if size != _SECTION.size or start == 0 or start + count * size > len(image):
        return
    sections = [list(_SECTION.unpack_from(image, start + number * size)) for number in range(count)]
    for section in sections:
        if section[1] == _SHT_DYNAMIC and 0 <= section[6] < count:
            names = sections[section[6]]  # sh_link
            if names[1] == _SHT_STRTAB:
                behind = _PREFIX + dynamic
                names[3:6] = [own.vaddr + behind, own.offset + behind, strings]
            if dynamic:
                section[3:6] = [own.vaddr + _PREFIX, own.offset + _PREFIX, dynamic]
    for number, section in enumerate(sections):
        _SECTION.pack_into(image, start + number * size, *section)


def _up(value: int, step: int) -> int:
    return -(-value // step) * step


def _check(result: bytes, before: Elf, rpath: str) -> None:
    """What was written is read again: all but the RPATH is as it was."""
    after = reader.read(result)
    expected = before._replace(rpath=rpath, runpath=None, strings=after.strings, loads=after.loads)
    if after != expected:
        raise Unfit("would no longer be the same program")

"""What the dynamic loader reads of an ELF file, and nothing else.

Only program headers and the dynamic segment are followed: section headers may be stripped,
and the loader never looks at them. Sources: the System V ABI (gABI, chapters 4 and 5), for
symbol versions the LSB core specification, "Symbol Versioning", and for the processor that a
file wants the x86-64 psABI, "Program Property".
"""

import re
import struct
from typing import Any, BinaryIO, Dict, List, NamedTuple, Optional, Set, Tuple, Union

ET_EXEC, ET_DYN = 2, 3
MACHINES = {3: "i386", 21: "ppc64", 22: "s390x", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv64"}

_ELFOSABI_SYSV, _ELFOSABI_GNU, _ABI_VERSIONS = 0, 3, 16
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_TLS = 1, 2, 3, 7
_PT_GNU_STACK, _PT_GNU_PROPERTY = 0x6474E551, 0x6474E553
_PF_X = 1
_NT_GNU_PROPERTY_TYPE_0, _X86_ISA_1_NEEDED, _X86_64 = 5, 0xC0008002, 62
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME = 0, 1, 5, 10, 14
_DT_RPATH, _DT_RUNPATH = 15, 29
_DT_FLAGS_1, _DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM = (
    0x6FFFFFFB,
    0x6FFFFFFC,
    0x6FFFFFFD,
    0x6FFFFFFE,
    0x6FFFFFFF,
)
_DT_BIND_NOW, _DT_FLAGS, _DT_FILTER = 24, 30, 0x7FFFFFFF
_DF_BIND_NOW, _DF_STATIC_TLS = 8, 0x10
_DF_1_NOW, _DF_1_NOOPEN, _DF_1_NODEFLIB, _DF_1_PIE = 1, 0x40, 0x800, 0x08000000
_VER_FLG_BASE, _VER_FLG_WEAK = 1, 2

# Far above anything real; they bound time and memory on hostile input.
_MAX_STRING = 4096
_MAX_DYNAMIC = 4096  # entries
_MAX_VERSIONS = 4096  # entries in one file, over all libraries
_MAX_PROPERTIES = 4096  # bytes
_WINDOW = 1024  # bytes read at once of a table
_SMALL = 1 << 16  # bytes of a string table that is read as a whole

Source = Union[bytes, BinaryIO, Any]  # Any: mmap, and a zip archive's member


class NotElf(ValueError):
    """The file does not begin with the ELF magic."""


class BadElf(ValueError):
    """It begins like an ELF file but cannot be read as one: truncated, damaged, unknown class."""


class Refused(BadElf):
    """It is whole, and glibc does not take it: for another system, or neither a program nor a library."""


class VersionNeed(NamedTuple):
    """One entry of DT_VERNEED: ``version`` must be defined by the library ``file``."""

    file: str
    version: str
    weak: bool


def version_key(version: str) -> Tuple[str, List[int]]:
    """Orders symbol versions: GLIBC_2.9 before GLIBC_2.17."""
    prefix, _, number = version.partition("_")
    return prefix, [int(part) for part in re.findall(r"\d+", number)]


def glibc(version: str) -> Tuple[int, int]:
    """(2, 17) of GLIBC_2.17, (0, 0) of a version of something else."""
    matched = re.match(r"GLIBC_(\d+)\.(\d+)", version)
    return (int(matched.group(1)), int(matched.group(2))) if matched else (0, 0)


def numbered(version: str) -> bool:
    """Whether later versions of its family have what it has: GLIBCXX_3.4.21 and OPENSSL_1_1_1d, but no
    GLIBC_PRIVATE, CXXABI_TM_1 or GFORTRAN_C99_8."""
    return re.fullmatch(r"[A-Z]+_\d[\d._]*[a-z]?", version) is not None


class Elf(NamedTuple):
    """One ELF file as the loader sees it. Absent strings are "", absent paths None."""

    bits: int  # 32 or 64
    little: bool
    machine: int  # e_machine
    kind: int  # e_type
    interpreter: str
    soname: str = ""
    needed: Tuple[str, ...] = ()
    rpath: Optional[str] = None
    runpath: Optional[str] = None
    nodeflib: bool = False
    needs: Tuple[VersionNeed, ...] = ()
    defines: Tuple[str, ...] = ()  # versions, without the base one that repeats the soname
    versioned: bool = False  # has DT_VERDEF at all
    strings: Tuple[int, int] = (0, 0)  # (offset, size) of the dynamic string table in the file
    isa: int = 0  # N: the file says that it needs an x86-64-vN processor; 0 where it says nothing
    filters: Tuple[str, ...] = ()  # DT_FILTER: as good as needed
    bind_now: bool = False  # all of its functions are looked up when it is loaded
    noopen: bool = False  # not for dlopen(3)
    pie: bool = False  # says of itself that it is a program
    tls: Tuple[int, int] = (0, 0)  # (size, alignment) of its thread-local storage
    static_tls: bool = False  # and that has to be in the block that every thread begins with
    stack: Optional[bool] = None  # whether it wants an executable stack; None where it does not say
    loads: Tuple[Tuple[int, int], ...] = ()  # (p_vaddr - p_offset, p_align) of PT_LOAD, each once

    @property
    def arch(self) -> Tuple[int, bool, int]:
        """What must be equal for one file to be loadable beside another."""
        return self.bits, self.little, self.machine

    @property
    def platform(self) -> str:
        """What ``uname -m`` says where it runs, ``x86_64``, ``ppc64le``; "" when unknown."""
        if self.machine == 21 and self.little:
            return "ppc64le"
        return MACHINES.get(self.machine, "")

    @property
    def arch_name(self) -> str:
        """``x86_64``, ``i386``; ``x86_64 (32 bit)`` for the x32 kind; ``machine 999`` when unknown."""
        name = self.platform or "machine {}".format(self.machine)
        usual = 32 if self.machine in (3, 40) else 64
        return name if self.bits == usual else "{} ({} bit)".format(name, self.bits)


class Bytes:
    """Random access over bytes, an mmap or a seekable file; reading past the end is BadElf."""

    def __init__(self, source: Source) -> None:
        self._file = source if hasattr(source, "seek") and not hasattr(source, "find") else None
        self._data: Any = source

    def size(self) -> int:
        if self._file is None:
            return len(self._data)
        return int(self._file.seek(0, 2))

    def at(self, offset: int, size: int) -> bytes:
        data = self.upto(offset, size)
        if len(data) != size:
            raise _truncated(size, offset)
        return data

    def upto(self, offset: int, size: int) -> bytes:
        if not 0 <= offset < 2**62:
            raise BadElf("offset {} is outside any file".format(offset))
        if self._file is None:
            return bytes(self._data[offset : offset + size])
        self._file.seek(offset)
        return bytes(self._file.read(size))


def _truncated(size: int, offset: int) -> BadElf:
    return BadElf("truncated: {} bytes expected at offset {}".format(size, offset))


class Image:
    """The file through its program headers: addresses become offsets."""

    def __init__(self, source: Bytes) -> None:
        head = source.upto(0, _WINDOW)
        ident = head[:16]
        if ident[:4] != b"\x7fELF":
            raise NotElf("no ELF header")
        if len(ident) < 16 or ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise BadElf("unknown ELF class or byte order")
        self.source = source
        self._entries: Optional[List[Tuple[int, int]]] = None
        self._window, self._start = head, 0
        self.bits = 64 if ident[4] == 2 else 32
        self.little = ident[5] == 1
        self.order = "<" if self.little else ">"
        wide = self.bits == 64
        # e_type, e_machine, e_version, e_entry, e_phoff, e_shoff, e_flags, e_ehsize, e_phentsize, e_phnum
        header = self.unpack("HHIQQQIHHH" if wide else "HHIIIIIHHH", 16)
        self.kind, self.machine = header[0], header[1]
        self.refused = _refused(ident, self.kind)
        phoff, phentsize, phnum = header[4], header[8], header[9]
        least = 56 if wide else 32
        if phnum and phentsize != least:  # the loader's own test (open_verify)
            raise BadElf("unexpected program header size of {} bytes".format(phentsize))
        self.loads: List[Tuple[int, int, int]] = []  # (address, offset, size in the file)
        self.aligned: Set[Tuple[int, int]] = set()  # (address - offset, alignment)
        self.dynamic: Optional[Tuple[int, int]] = None
        self.interp: Optional[Tuple[int, int]] = None
        self.properties: Optional[Tuple[int, int]] = None
        self.tls = (0, 0)
        self.stack: Optional[bool] = None
        end = phoff + phnum * least
        raw = head[phoff:end] if end <= len(head) or not phnum else source.at(phoff, end - phoff)
        for row in struct.iter_unpack(self.order + ("IIQQQQQQ" if wide else "IIIIIIII"), raw):
            if wide:
                kind, flags, offset, vaddr, _, filesz, memsz, align = row
            else:
                kind, offset, vaddr, _, filesz, memsz, flags, align = row
            if kind == _PT_LOAD:
                self.loads.append((vaddr, offset, filesz))
                self.aligned.add((vaddr - offset, align))
            elif kind == _PT_DYNAMIC and self.dynamic is None:
                self.dynamic = (offset, filesz)
            elif kind == _PT_INTERP and self.interp is None:
                self.interp = (offset, filesz)
            elif kind == _PT_TLS:
                self.tls = (memsz, align)
            elif kind == _PT_GNU_STACK:
                self.stack = bool(flags & _PF_X)
            elif kind == _PT_GNU_PROPERTY:
                self.properties = (offset, filesz)
        end = max([offset + filesz for _, offset, filesz in self.loads if filesz] or [0])
        if end > source.size():
            # mmap(2) takes such a segment; whoever touches its missing pages dies of SIGBUS.
            raise BadElf("truncated: a segment ends at byte {}".format(end))

    def unpack(self, fields: str, offset: int) -> Tuple[int, ...]:
        fields = self.order + fields
        place, size = offset - self._start, struct.calcsize(fields)
        if place < 0 or place + size > len(self._window):
            # Tables are read entry by entry, and lie in one piece.
            self._window, self._start, place = self.source.upto(offset, _WINDOW), offset, 0
            if len(self._window) < size:
                raise _truncated(size, offset)
        return struct.unpack_from(fields, self._window, place)

    def reopened(self, source: Source) -> None:
        """The same file, opened once more; b"" when it is closed, so that little is kept of it."""
        self.source, self._entries, self._window, self._start = Bytes(source), None, b"", 0

    def offset(self, address: int) -> int:
        for vaddr, offset, size in self.loads:
            if vaddr <= address < vaddr + size:
                return address - vaddr + offset
        raise BadElf("address {:#x} is in no segment of the file".format(address))

    def entries(self) -> List[Tuple[int, int]]:
        """(tag, value) of the dynamic segment up to DT_NULL."""
        if self._entries is None:
            self._entries = self._dynamic()
        return self._entries

    def _dynamic(self) -> List[Tuple[int, int]]:
        if self.dynamic is None:
            return []
        offset, size = self.dynamic
        step = self.bits // 4
        count = min(size // step, _MAX_DYNAMIC)
        raw = self.source.upto(offset, count * step)
        found: List[Tuple[int, int]] = []
        fields = self.order + ("QQ" if self.bits == 64 else "II")
        for tag, value in struct.iter_unpack(fields, raw[: len(raw) // step * step]):
            if tag == _DT_NULL:
                return found
            found.append((tag, value))
        if len(raw) < size:
            raise BadElf("truncated: the dynamic segment is unterminated")
        return found


def _refused(ident: bytes, kind: int) -> str:
    """Why glibc goes no further than the header (open_verify in elf/dl-load.c), "" where it does."""
    osabi, version = ident[7], ident[8]
    if osabi not in (_ELFOSABI_SYSV, _ELFOSABI_GNU):
        return "it is for another system (OS ABI {})".format(osabi)
    if version >= (_ABI_VERSIONS if osabi == _ELFOSABI_GNU else 1):
        return "it is for another system (version {} of the ABI)".format(version)
    if kind not in (ET_EXEC, ET_DYN):
        return "it is neither a program nor a library (ELF type {})".format(kind)
    return ""


class _Strings:
    """DT_STRTAB."""

    def __init__(self, image: Image, address: int, size: int) -> None:
        self._source, self.offset, self.size = image.source, image.offset(address), size
        self._whole = image.source.upto(self.offset, size) if size <= _SMALL else b""

    def at(self, index: int) -> str:
        if index >= self.size:
            raise BadElf("a name is outside the string table")
        raw, start = self._whole, index
        if not raw:
            raw, start = self._source.upto(self.offset + index, min(_MAX_STRING, self.size - index)), 0
        end = raw.find(b"\0", start, start + _MAX_STRING)
        if end < 0:
            raise BadElf("a name in the string table is unterminated")
        # As os.fsdecode on a UTF-8 system: paths and sonames are bytes.
        return raw[start:end].decode("utf-8", "surrogateescape")


def read(source: Source) -> Elf:
    """Read from bytes, an mmap, or a seekable binary file (position is not kept).

    Raises NotElf, BadElf or Refused, all ValueErrors, and whatever the file's own ``read`` raises.
    Time and memory are bounded whatever the bytes say.
    """
    return described(Image(Bytes(source)))


def described(image: Image) -> Elf:
    """The same of a file that was opened."""
    if image.refused:
        raise Refused(image.refused)
    tags: Dict[int, int] = {}
    needed: List[int] = []
    filters: List[int] = []
    for tag, value in image.entries():
        if tag == _DT_NEEDED:
            needed.append(value)
        elif tag == _DT_FILTER:
            filters.append(value)
        else:
            tags[tag] = value  # the loader keeps the last of each (elf_get_dynamic_info)
    named = (_DT_SONAME, _DT_RPATH, _DT_RUNPATH, _DT_VERNEED, _DT_VERDEF)
    table: Optional[_Strings] = None
    if _DT_STRTAB in tags:
        table = _Strings(image, tags[_DT_STRTAB], tags.get(_DT_STRSZ, 0))
    elif needed or filters or any(tag in tags for tag in named):
        raise BadElf("names without a string table")

    def text(tag: int) -> Optional[str]:
        return table.at(tags[tag]) if table is not None and tag in tags else None

    needs: List[VersionNeed] = []
    defines: List[str] = []
    if table is not None and _DT_VERNEED in tags:
        needs = _version_needs(image, table, tags[_DT_VERNEED], tags.get(_DT_VERNEEDNUM, 0))
    if table is not None and _DT_VERDEF in tags:
        defines = _version_definitions(image, table, tags[_DT_VERDEF], tags.get(_DT_VERDEFNUM, 0))
    flags, flags_1 = tags.get(_DT_FLAGS, 0), tags.get(_DT_FLAGS_1, 0)
    return Elf(
        bits=image.bits,
        little=image.little,
        machine=image.machine,
        kind=image.kind,
        interpreter=_interpreter(image),
        soname=text(_DT_SONAME) or "",
        needed=tuple(table.at(value) for value in needed) if table is not None else (),
        rpath=text(_DT_RPATH),
        runpath=text(_DT_RUNPATH),
        nodeflib=bool(flags_1 & _DF_1_NODEFLIB),
        needs=tuple(needs),
        defines=tuple(defines),
        versioned=_DT_VERDEF in tags,
        strings=(table.offset, table.size) if table is not None else (0, 0),
        isa=_isa(image),
        filters=tuple(table.at(value) for value in filters) if table is not None else (),
        bind_now=_DT_BIND_NOW in tags or bool(flags & _DF_BIND_NOW or flags_1 & _DF_1_NOW),
        noopen=bool(flags_1 & _DF_1_NOOPEN),
        pie=bool(flags_1 & _DF_1_PIE),
        tls=image.tls,
        static_tls=bool(flags & _DF_STATIC_TLS),
        stack=image.stack,
        loads=tuple(sorted(image.aligned)),
    )


def _isa(image: Image) -> int:
    """GNU_PROPERTY_X86_ISA_1_NEEDED: bit 0 is the baseline, bit 1 x86-64-v2 and so on.

    A damaged note says nothing: loaders before glibc 2.33 do not read it either.
    """
    if image.properties is None or (image.machine, image.bits) != (_X86_64, 64):
        return 0
    offset, size = image.properties
    raw = image.source.upto(offset, min(size, _MAX_PROPERTIES))
    if len(raw) < 16 or struct.unpack_from("<II", raw, 4) != (len(raw) - 16, _NT_GNU_PROPERTY_TYPE_0):
        return 0
    at = 16  # behind the note's header and its owner, "GNU"
    while at + 12 <= len(raw):
        kind, length = struct.unpack_from("<II", raw, at)
        if kind == _X86_ISA_1_NEEDED and length == 4:
            return int(struct.unpack_from("<I", raw, at + 8)[0] & 0xF).bit_length()
        at += 8 + (length + 7) // 8 * 8
    return 0


def _interpreter(image: Image) -> str:
    if image.interp is None:
        return ""
    offset, size = image.interp
    if size > _MAX_STRING:
        raise BadElf("the interpreter's name is unterminated")
    return image.source.at(offset, size).split(b"\0")[0].decode("utf-8", "surrogateescape")


def _version_needs(image: Image, table: _Strings, address: int, count: int) -> List[VersionNeed]:
    found: List[VersionNeed] = []
    offset = image.offset(address)
    for _ in range(min(count, _MAX_VERSIONS)):
        # Verneed: vn_version, vn_cnt, vn_file, vn_aux, vn_next
        version, auxiliaries, name, aux, following = image.unpack("HHIII", offset)
        if version != 1:
            raise BadElf("unknown Verneed version {}".format(version))
        file, at = table.at(name), offset + aux
        for _ in range(auxiliaries):
            # Vernaux: vna_hash, vna_flags, vna_other, vna_name, vna_next
            _, flags, _, wanted, more = image.unpack("IHHII", at)
            found.append(VersionNeed(file, table.at(wanted), bool(flags & _VER_FLG_WEAK)))
            if len(found) > _MAX_VERSIONS:
                raise BadElf("too many symbol versions")
            if not more:
                break
            at += more
        if not following:
            break
        offset += following
    return found


def _version_definitions(image: Image, table: _Strings, address: int, count: int) -> List[str]:
    found: List[str] = []
    offset = image.offset(address)
    for _ in range(min(count, _MAX_VERSIONS)):
        # Verdef: vd_version, vd_flags, vd_ndx, vd_cnt, vd_hash, vd_aux, vd_next
        version, flags, _, auxiliaries, _, aux, following = image.unpack("HHHHIII", offset)
        if version != 1:
            raise BadElf("unknown Verdef version {}".format(version))
        if auxiliaries and not flags & _VER_FLG_BASE:
            # The first Verdaux names the version, the others its parents.
            found.append(table.at(image.unpack("II", offset + aux)[0]))
        if not following:
            break
        offset += following
    return found

"""Tiny ELF files, built with struct: headers, a dynamic segment and its strings, no code.

They are complete enough for the real loader to map them as libraries.
"""

import struct


class Strings:
    """A string table that hands out offsets."""

    def __init__(self):
        self.data = b"\0"

    def add(self, text):
        offset = len(self.data)
        self.data += text.encode("utf-8") + b"\0"
        return offset


def build(
    needed=(),
    soname="",
    rpath=None,
    runpath=None,
    needs=None,
    weak=None,
    defines=(),
    nodeflib=False,
    interpreter="",
    exports=(),
    wants=(),
    calls=(),
    filters=(),
    flags=0,
    flags_1=0,
    tls=0,
    stack=6,
    load=None,
    osabi=0,
    bits=64,
    little=True,
    machine=62,
    kind=3,
):
    """The bytes of an ELF file.

    ``needs`` and ``weak`` map a library's name to the versions wanted of it; ``exports`` are names of
    symbols that it defines, ``wants`` those of data and ``calls`` those of functions that it does not.
    ``tls`` is the size of its thread-local storage, ``stack`` the flags of PT_GNU_STACK (None: no such
    header), ``flags`` and ``flags_1`` are DT_FLAGS and more of DT_FLAGS_1. ``load`` is for one more
    PT_LOAD, an empty one: how far its address is from its offset, and its alignment.
    """
    order, wide = ("<" if little else ">"), bits == 64
    word = "Q" if wide else "I"
    strings = Strings()
    tags = [(1, strings.add(name)) for name in needed]
    for tag, text in ((14, soname or None), (15, rpath), (29, runpath)):
        if text is not None:
            tags.append((tag, strings.add(text)))
    tags += [(0x7FFFFFFF, strings.add(name)) for name in filters]
    names = [*exports, *wants, *calls]
    symbols = b"\0" * (24 if wide else 16)  # the empty one that every table begins with
    for number, name in enumerate(names):
        here = number < len(exports)  # at address 1: no symbol is at 0
        symbols += _symbol(order, wide, strings.add(name), int(here), int(here))
    first = 1 + len(exports)
    data = _relocations(order, wide, range(first, first + len(wants)), 6)
    functions = _relocations(order, wide, range(first + len(wants), 1 + len(names)), 7)
    wanted = {}
    for table, flag in ((needs or {}, 0), (weak or {}, 2)):
        for file, versions in table.items():
            wanted.setdefault(file, []).extend((version, flag) for version in versions)
    verneed = _verneed(order, strings, wanted)
    verdef = _verdef(order, strings, soname, defines)
    interp = interpreter.encode("utf-8") + b"\0" if interpreter else b""

    headers = 2 + (stack is not None) + bool(interp) + bool(tls) + (load is not None)
    ehsize, phsize = (64, 56) if wide else (52, 32)
    at = ehsize + headers * phsize
    places = {}
    body = b""
    # One bucket: a chain through all symbols that are defined.
    chain = [number + 1 if number < len(exports) else 0 for number in range(1 + len(names))]
    buckets = struct.pack(
        "{}III{}I".format(order, len(chain)), 1, len(chain), min(1, len(exports)), 0, *chain[1:]
    )
    for name, part in (
        ("interp", interp),
        ("strings", strings.data),
        ("symbols", symbols),
        ("hash", buckets),
        ("versym", struct.pack("{}{}H".format(order, len(chain)), 0, *[1] * len(names))),
        ("data", data),
        ("functions", functions),
        ("need", verneed),
        ("def", verdef),
    ):
        body += b"\0" * (-(at + len(body)) % 8)
        places[name] = at + len(body)
        body += part
    body += b"\0" * (-(at + len(body)) % 8)
    places["dynamic"] = at + len(body)
    tags += [(5, places["strings"]), (10, len(strings.data))]
    tags += [(6, places["symbols"]), (11, len(symbols)), (4, places["hash"])]
    if wanted or defines:
        tags.append((0x6FFFFFF0, places["versym"]))
    if wanted:
        tags += [(0x6FFFFFFE, places["need"]), (0x6FFFFFFF, len(wanted))]
    if defines:
        tags += [(0x6FFFFFFC, places["def"]), (0x6FFFFFFD, len(defines) + 1)]
    if data:
        tags += [(7, places["data"]), (8, len(data)), (9, 24 if wide else 12)]
    if functions:
        tags += [(23, places["functions"]), (2, len(functions)), (20, 7), (3, places["dynamic"])]
    if flags:
        tags.append((30, flags))
    if nodeflib or flags_1:
        tags.append((0x6FFFFFFB, flags_1 | 0x800 * nodeflib))
    dynamic = b"".join(struct.pack(order + 2 * word, *tag) for tag in [*tags, (0, 0)])
    body += dynamic
    whole = at + len(body)

    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if little else 2, 1, osabi]) + b"\0" * 8
    fields = "HHI" + 3 * word + "IHHHHHH"
    header = ident + struct.pack(
        order + fields, kind, machine, 1, 0, ehsize, 0, 0, ehsize, phsize, headers, 0, 0, 0
    )
    # Without PT_GNU_STACK a loader wants an executable stack, which glibc 2.41 refuses.
    segments = [(1, 0, whole), (2, places["dynamic"], len(dynamic))]
    if stack is not None:
        segments.append((0x6474E551, 0, 0, stack))
    if interp:
        segments.append((3, places["interp"], len(interp)))
    if tls:
        segments.append((7, 0, 0, 4, tls))
    if load is not None:
        segments.append((1, whole, 0, 6, 0, *load))
    table = b"".join(_segment(order, wide, *segment) for segment in segments)
    return header + table + body


def noted(kind, value):
    """An ELF file with a GNU property note in the place of its dynamic segment."""
    note = struct.pack("<III4s", 4, 16, 5, b"GNU\0") + struct.pack("<IIII", kind, 4, value, 0)
    data = bytearray(build())
    header = struct.pack("<IIQQQQQQ", 0x6474E553, 4, len(data), 0, 0, len(note), len(note), 8)
    data[64 + 56 : 64 + 112] = header
    return bytes(data) + note


def _segment(order, wide, kind, offset, size, flags=6, memory=0, skew=0, align=0):
    # Readable and writable (the loader relocates the dynamic segment), in whole pages.
    align, memory = align or (0x1000 if kind == 1 else 8), memory or size
    at = offset + skew
    if wide:
        return struct.pack(order + "IIQQQQQQ", kind, flags, offset, at, at, size, memory, align)
    return struct.pack(order + "IIIIIIII", kind, offset, at, at, size, memory, flags, align)


def _symbol(order, wide, name, value, section):
    """A global one without a type."""
    if wide:
        return struct.pack(order + "IBBHQQ", name, 0x10, 0, section, value, 0)
    return struct.pack(order + "IIIBBH", name, value, 0, 0x10, 0, section)


def _relocations(order, wide, symbols, kind):
    """One for each symbol (R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT), with addends."""
    if wide:
        return b"".join(struct.pack(order + "QQq", 0, (number << 32) + kind, 0) for number in symbols)
    return b"".join(struct.pack(order + "IIi", 0, (number << 8) + kind, 0) for number in symbols)


def _hash(name):
    """The hash of a version's name (gABI, "Hash Table")."""
    value = 0
    for byte in name.encode("utf-8"):
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ high >> 24) & ~high
    return value


def _verneed(order, strings, wanted):
    out = b""
    for number, (file, versions) in enumerate(wanted.items(), 1):
        size = 16 + 16 * len(versions)
        following = 0 if number == len(wanted) else size
        out += struct.pack(order + "HHIII", 1, len(versions), strings.add(file), 16, following)
        for index, (version, flags) in enumerate(versions, 1):
            more = 0 if index == len(versions) else 16
            out += struct.pack(order + "IHHII", _hash(version), flags, index, strings.add(version), more)
    return out


def _verdef(order, strings, soname, defines):
    out = b""
    names = [soname or "base", *defines] if defines else []
    for number, name in enumerate(names, 1):
        following = 0 if number == len(names) else 28
        out += struct.pack(order + "HHHHIII", 1, int(number == 1), number, 1, _hash(name), 20, following)
        out += struct.pack(order + "II", strings.add(name), 0)
    return out

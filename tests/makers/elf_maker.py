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
    bits=64,
    little=True,
    machine=62,
    kind=3,
):
    """The bytes of an ELF file.

    ``needs`` and ``weak`` map a library's name to the versions wanted of it; ``exports`` are
    names that the dynamic string table holds besides.
    """
    order, wide = ("<" if little else ">"), bits == 64
    word = "Q" if wide else "I"
    strings = Strings()
    tags = [(1, strings.add(name)) for name in needed]
    for tag, text in ((14, soname or None), (15, rpath), (29, runpath)):
        if text is not None:
            tags.append((tag, strings.add(text)))
    for name in exports:
        strings.add(name)
    wanted = {}
    for table, flag in ((needs or {}, 0), (weak or {}, 2)):
        for file, versions in table.items():
            wanted.setdefault(file, []).extend((version, flag) for version in versions)
    verneed = _verneed(order, strings, wanted)
    verdef = _verdef(order, strings, soname, defines)
    interp = interpreter.encode("utf-8") + b"\0" if interpreter else b""

    headers = 3 + bool(interp)
    ehsize, phsize = (64, 56) if wide else (52, 32)
    at = ehsize + headers * phsize
    places = {}
    body = b""
    symbols = b"\0" * (24 if wide else 16)  # the empty one that every table begins with
    buckets = struct.pack(order + "IIII", 1, 1, 0, 0)
    for name, data in (
        ("interp", interp),
        ("strings", strings.data),
        ("symbols", symbols),
        ("hash", buckets),
        ("versym", b"\0\0"),
        ("need", verneed),
        ("def", verdef),
    ):
        body += b"\0" * (-(at + len(body)) % 8)
        places[name] = at + len(body)
        body += data
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
    if nodeflib:
        tags.append((0x6FFFFFFB, 0x800))
    dynamic = b"".join(struct.pack(order + 2 * word, *tag) for tag in [*tags, (0, 0)])
    body += dynamic
    whole = at + len(body)

    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if little else 2, 1]) + b"\0" * 9
    fields = "HHI" + 3 * word + "IHHHHHH"
    header = ident + struct.pack(
        order + fields, kind, machine, 1, 0, ehsize, 0, 0, ehsize, phsize, headers, 0, 0, 0
    )
    # Without PT_GNU_STACK a loader wants an executable stack, which glibc 2.41 refuses.
    segments = [(1, 0, whole), (2, places["dynamic"], len(dynamic)), (0x6474E551, 0, 0)]
    if interp:
        segments.append((3, places["interp"], len(interp)))
    table = b"".join(_segment(order, wide, *segment) for segment in segments)
    return header + table + body


def _segment(order, wide, kind, offset, size):
    # Readable and writable (the loader relocates the dynamic segment), in whole pages.
    align = 0x1000 if kind == 1 else 8
    if wide:
        return struct.pack(order + "IIQQQQQQ", kind, 6, offset, offset, offset, size, size, align)
    return struct.pack(order + "IIIIIIII", kind, offset, offset, offset, size, size, 6, align)


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

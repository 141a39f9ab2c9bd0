"""RPM files written byte by byte: unsigned, without a digest, with a payload of any files."""

import bz2
import gzip
import lzma
import struct

PACK = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
}
REGULAR, LINK, DIRECTORY = 0o100755, 0o120777, 0o040755


def entry(path, data=b"", mode=REGULAR, inode=1, links=1, magic=b"070701"):
    """One entry of a cpio archive in the new ASCII format."""
    name = path.encode("utf-8") + b"\0"
    fields = (inode, mode, 0, 0, links, 0, len(data), 8, 1, 0, 0, len(name), 0)
    head = magic + b"".join("{:08x}".format(field).encode("ascii") for field in fields) + name
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def archive(files):
    """``files``: path → bytes, or a text for where a link leads."""
    out = b""
    for number, (path, data) in enumerate(files.items(), 1):
        if isinstance(data, str):
            out += entry(path, data.encode("utf-8"), LINK, number)
        else:
            out += entry(path, data, REGULAR, number)
    return out + entry("TRAILER!!!", mode=0, inode=0)


def header(entries):
    """``entries``: (tag, text or number, or a list of either)."""
    index, store = b"", b""
    for tag, value in entries:
        if isinstance(value, list) and value and isinstance(value[0], int):
            store += b"\0" * (-len(store) % 4)
            index += struct.pack(">IIII", tag, 4, len(store), len(value))
            store += struct.pack(">{}I".format(len(value)), *value)
        elif isinstance(value, list):
            index += struct.pack(">IIII", tag, 8, len(store), len(value))
            store += b"".join(each.encode("utf-8") + b"\0" for each in value)
        elif isinstance(value, int):
            store += b"\0" * (-len(store) % 4)
            index += struct.pack(">IIII", tag, 4, len(store), 1)
            store += struct.pack(">I", value)
        else:
            index += struct.pack(">IIII", tag, 6, len(store), 1)
            store += value.encode("utf-8") + b"\0"
    return b"\x8e\xad\xe8\x01\0\0\0\0" + struct.pack(">II", len(entries), len(store)) + index + store


def rpm(
    name="libtest",
    files=None,
    version="1.0",
    release="1.el7",
    arch="x86_64",
    epoch=None,
    compressor="xz",
    payload=None,
    tags=(),
):
    """The bytes of an RPM; ``files`` as for ``archive``, ``payload`` in the place of what they would give;
    ``tags`` are more entries of its header."""
    lead = b"\xed\xab\xee\xdb\x03\0\0\0\0\x01" + name.encode("ascii").ljust(66, b"\0")
    lead = (lead + b"\0\x01\0\x05").ljust(96, b"\0")
    more = list(tags)
    tags = [(1000, name), (1001, version), (1002, release), (1022, arch)]
    tags += [(1003, epoch)] if epoch is not None else []
    tags += more
    tags += [(1124, "cpio"), (1125, compressor)] if compressor else []
    data = archive(files or {}) if payload is None else payload
    packed = PACK[compressor](data) if compressor in PACK else data
    rest = header(tags) + packed
    signature = header([(1000, len(rest))])
    return lead + signature + b"\0" * (-len(signature) % 8) + rest

"""The tar container, byte for byte: a bundle is a function of its member list.

Every header has one right form (mode 0644, owner 0, one time, no names), so the writer is
the same on every machine and the reader can demand it: a flipped bit in a header or in the
padding is found as surely as one in the contents. POSIX.1-1988 ustar, with a POSIX.1-2001
``path`` record for names that do not fit 100 bytes. ``tarfile`` is not used for writing
because its headers differ between Python versions (the device fields since 3.9).
"""

import re
from typing import Tuple

BLOCK = 512
CHUNK = 1 << 20  # bytes of contents that are in memory at once
END = b"\0" * (2 * BLOCK)
MAX_SIZE = 8**11 - 1  # eleven octal digits
# Modification time of every member, in seconds since 1970: of 0, GNU tar 1.26 (EL 7) says for each member
# that it is "implausibly old"; of 1 nothing.
MTIME = 1
MAX_MANIFEST = 64 * 1024 * 1024  # bytes

_SAFE = re.compile(r"[A-Za-z0-9_.+!-]+(/[A-Za-z0-9_.+!-]+)*")


def is_safe(path: str) -> bool:
    """What a member may be called: relative, ASCII, no empty, ``.`` or ``..`` part, nothing a shell
    would read."""
    return bool(_SAFE.fullmatch(path)) and not any(part in (".", "..") for part in path.split("/"))


def as_safe(name: str) -> str:
    """A file's name as such a path may have it, whatever it is called here."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def padding(size: int) -> int:
    """Bytes of zeros behind ``size`` bytes of contents."""
    return -size % BLOCK


def _block(name: bytes, size: int, kind: bytes, mtime: int) -> bytes:
    fields = (
        name.ljust(100, b"\0"),
        b"0000644\0",
        b"0000000\0",
        b"0000000\0",
        b"%011o\0" % size,
        b"%011o\0" % mtime,
        b" " * 8,
        kind,
        b"\0" * 100,
        b"ustar\00000",
        b"\0" * 32,
        b"\0" * 32,
        b"0000000\0",
        b"0000000\0",
        b"\0" * 155,
        b"\0" * 12,
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _pax_path(name: bytes) -> bytes:
    """One extended-header record; its length counts itself."""
    body = b" path=" + name + b"\n"
    length = len(body) + 1
    while len(b"%d" % length) + len(body) != length:
        length = len(b"%d" % length) + len(body)
    return b"%d" % length + body


def header(name: str, size: int, mtime: int = MTIME) -> bytes:
    """All bytes in front of a regular file's contents.

    Raises ValueError for names outside printable ASCII and sizes from 8 GiB on.
    """
    raw = name.encode("ascii")
    if not 0 <= size <= MAX_SIZE:
        raise ValueError("{}: {} bytes do not fit into a tar member".format(name, size))
    if len(raw) <= 100:
        return _block(raw, size, b"0", mtime)
    record = _pax_path(raw)
    extended = _block(b"PaxHeaders/" + raw[-80:], len(record), b"x", mtime) + record
    return extended + b"\0" * padding(len(record)) + _block(raw[:100], size, b"0", mtime)


def footprint(name: str, size: int) -> Tuple[int, int]:
    """(offset of the contents within the member, offset of the next member)."""
    start = len(header(name, size))
    return start, start + size + padding(size)

"""Other people's .repo files: which are enabled, and the same with everything disabled. Pure."""

import re
from typing import List

_SECTION = re.compile(rb"^\[([^\]]+)\]")
_ENABLED = re.compile(rb"^enabled\s*[=:]", re.IGNORECASE)


def disabled(text: bytes) -> bytes:
    """The file with ``enabled=0`` in every section but [main]; all else byte for byte."""
    out: List[bytes] = []
    at = -1  # where the section's head stands in ``out``; -1 outside
    settled = True
    for row in text.splitlines(True):
        head = _SECTION.match(row)
        if head:
            _settle(out, at, settled)
            out.append(row)
            at, settled = len(out) - 1, head.group(1).strip() == b"main"
        elif at >= 0 and _ENABLED.match(row) and _section(out[at]) != b"main":
            out.append(b"enabled=0" + _end(row))
            settled = True
        else:
            out.append(row)
    _settle(out, at, settled)
    return b"".join(out)


def _settle(out: List[bytes], at: int, settled: bool) -> None:
    """A section that does not say is enabled."""
    if settled:
        return
    end = _end(out[at])
    if not end:
        out[at] += b"\n"
    out.insert(at + 1, b"enabled=0" + (end or b"\n"))


def _section(head: bytes) -> bytes:
    found = _SECTION.match(head)
    return found.group(1).strip() if found else b""


def _end(row: bytes) -> bytes:
    return row[len(row.rstrip(b"\r\n")) :]

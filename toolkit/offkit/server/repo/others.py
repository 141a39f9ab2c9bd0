"""Other people's .repo files: which are enabled, and the same with everything disabled. Pure."""

import re
from typing import List

_SECTION = re.compile(rb"^(?:\xef\xbb\xbf)?\[([^\]]+)\]")
_ENABLED = re.compile(rb"^enabled\s*[=:]", re.IGNORECASE)


def disabled(text: bytes) -> bytes:
    """The file with ``enabled=0`` in every section but [main]; all else byte for byte."""
    parts: List[List[bytes]] = [[]]  # what stands before the first section, then each section
    for row in text.splitlines(True):
        if _SECTION.match(row):
            parts.append([])
        parts[-1].append(row)
    return b"".join(row for part in parts for row in _off(part))


def _off(rows: List[bytes]) -> List[bytes]:
    """A section that does not say is enabled."""
    head = _SECTION.match(rows[0]) if rows else None
    if not head or head.group(1).strip() == b"main":
        return rows
    if any(map(_ENABLED.match, rows)):
        return [b"enabled=0" + _end(row) if _ENABLED.match(row) else row for row in rows]
    end = _end(rows[0]) or b"\n"
    return [rows[0].rstrip(b"\r\n") + end, b"enabled=0" + end, *rows[1:]]


def _end(row: bytes) -> bytes:
    return row[len(row.rstrip(b"\r\n")) :]

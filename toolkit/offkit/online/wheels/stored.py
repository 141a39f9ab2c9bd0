"""Zip archives, the same bytes wherever they are made: stored, since another zlib would make others."""

from __future__ import annotations

import zipfile
from collections.abc import Container, Iterable
from typing import BinaryIO

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip archive can say


def write(
    sink: BinaryIO, members: Iterable[tuple[str, bytes]], executable: Container[str] = frozenset()
) -> None:
    """These files, in this order, as files of Unix that all may read, and run those named so."""
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, contents in members:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = (0o100755 if name in executable else 0o100644) << 16
            info.create_system = 3  # Unix, whatever this is
            archive.writestr(info, contents)


def unix(text: bytes) -> bytes:
    """A checkout on Windows may have CRLF."""
    return text.replace(b"\r\n", b"\n")

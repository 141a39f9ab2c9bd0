"""METADATA in the archive of a wheel (PyPA, "Binary distribution format")."""

from __future__ import annotations

import re
from zipfile import ZipFile, ZipInfo

_BLANK = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")  # a line that is empty, and the end of the one before


def metadata(archive: ZipFile) -> bytes:
    """Raises ValueError, NotImplementedError and BadZipFile."""
    return archive.read(member(archive))


def headers(said: bytes) -> bytes:
    """METADATA without its description, which nobody here reads and every reader would go through; whole,
    where that is no UTF-8: pip refuses such."""
    end = _BLANK.search(said)
    try:
        said.decode("utf-8")
    except UnicodeDecodeError:
        return said
    return said[: end.end()] if end else said


def member(archive: ZipFile) -> ZipInfo:
    """Where it is. Raises ValueError unless there is one."""
    (name,) = (one for one in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one))
    return archive.getinfo(name)

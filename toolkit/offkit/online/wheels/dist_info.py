"""METADATA in the archive of a wheel (PyPA, "Binary distribution format")."""

from __future__ import annotations

import re
from zipfile import ZipFile, ZipInfo


def metadata(archive: ZipFile) -> bytes:
    """Raises ValueError, NotImplementedError and BadZipFile."""
    return archive.read(member(archive))


def member(archive: ZipFile) -> ZipInfo:
    """Where it is. Raises ValueError unless there is one."""
    (name,) = (one for one in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one))
    return archive.getinfo(name)

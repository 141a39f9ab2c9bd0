"""offkit.pyz: what runs on the server, one file, the same bytes wherever it is made.

It holds the zone that runs on CPython 3.6 and the locked, pure-Python packages it needs. The
archive is stored, not compressed: another zlib would make other bytes, and a Python compiled
without zlib can still start it and be told what it lacks.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from offkit.edges import data
from offkit.model import packages, release

ZONE = ("model", "elf", "edges", "media", "server", "badapple", "theatre", "fleet", "cli")
# 1980-01-01, the earliest a zip archive can say.
_EPOCH = (1980, 1, 1, 0, 0, 0)

# Readable by Python 2 as well: that is what "python" is on an EL 7.
MAIN = b"""\
import sys

if sys.version_info < (3, 6):
    sys.exit("offkit needs Python 3.6 or newer; this is %s (%s)" % (sys.version.split()[0], sys.executable))

from offkit.cli.start import main

if __name__ == "__main__":
    main()
"""


def sha256(pyz: bytes) -> str:
    """What install.sh compares before it runs the archive."""
    return hashlib.sha256(pyz).hexdigest()


def build(wheels: Iterable[Path]) -> bytes:
    """The archive, from offkit's own files and the runtime's wheels."""
    members = {"__main__.py": MAIN}
    members.update(_own_files())
    for wheel in wheels:
        members.update(_modules(wheel))
    buffer = io.BytesIO()
    buffer.write(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o100644 << 16
            info.create_system = 3  # Unix, whatever this is
            archive.writestr(info, members[name])
    return buffer.getvalue()


def _own_files() -> Iterator[tuple[str, bytes]]:
    package = resources.files("offkit")
    yield "offkit/__init__.py", _unix(package.joinpath("__init__.py").read_bytes())
    for zone in ZONE:
        yield from _tree(package.joinpath(zone), f"offkit/{zone}")
    yield f"offkit/data/{packages.MODULES}", _unix(data.read(packages.MODULES))
    for name in data.names(release.FOLDER):
        path = f"{release.FOLDER}/{name}"
        facts = json.loads(data.read_text(path))
        del facts["sources"]  # for those who look after the files
        yield f"offkit/data/{path}", json.dumps(facts, separators=(",", ":")).encode("ascii")


def _tree(directory: Any, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(directory.iterdir(), key=lambda item: item.name):
        name = f"{prefix}/{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _tree(entry, name)
        elif entry.name.endswith((".py", ".json", ".csv", ".html")):
            yield name, _unix(entry.read_bytes())


def _unix(text: bytes) -> bytes:
    """A checkout on Windows may have CRLF."""
    return text.replace(b"\r\n", b"\n")


def _modules(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """The importable files of a pure-Python wheel, and its licence texts."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            top, _, rest = name.partition("/")
            licence = top.endswith(".dist-info") and "LICEN" in rest.upper()
            if licence or (not top.endswith((".dist-info", ".data")) and not name.endswith("/")):
                yield name, archive.read(name)

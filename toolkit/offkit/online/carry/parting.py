"""A finished bundle in several files, for what takes no large one: a FAT32 stick, a disc."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import BinaryIO, NamedTuple

from offkit.edges import leftovers
from offkit.model import layout, parts
from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.model.parts import Index, Part
from offkit.model.report import Reporter
from offkit.online.carry.pack import CHUNK, destination

# FAT32 keeps the size of a file in 32 bits. A DVD+R has 4,700,372,992 bytes, some for the index and
# install.sh.
NAMED = {"fat32": 4095 << 20, "dvd": 4480 << 20}
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "KB": 10, "MB": 20, "GB": 30, "KIB": 10, "MIB": 20, "GIB": 30}
SMALLEST = 1 << 20


class Parted(NamedTuple):
    folder: Path
    listed: Path  # the index
    names: tuple[str, ...]  # of the parts, in their order


def size_of(text: str) -> int:
    """Bytes of a part: ``fat32``, ``dvd``, or a number with K, M or G (powers of 1024). Raises UsageError."""
    found = re.fullmatch(r"(\d{1,12})\s*([A-Z]*)", text.strip().upper(), re.ASCII)
    size = NAMED.get(text.strip().lower())
    if size is None and found and found[2] in _UNITS:
        size = int(found[1]) << _UNITS[found[2]]
    if size is None:
        raise UsageError(
            f"--part-size: {text!r} is no size", fix="give fat32, dvd, or a number as 4000M or 2G"
        )
    if size < SMALLEST:
        raise UsageError(f"--part-size: {text} is too small", fix="the smallest part is 1M")
    return size


def folder(out: Path) -> Path:
    """Where the parts of a bundle called ``out`` will lie. Raises UsageError where something else is."""
    place = destination(out)
    where = place.with_name(place.name + "-parts")
    own = re.compile(re.escape(place.name) + r"\.(\d{3,}|parts)|" + re.escape(layout.INSTALL_SH))
    if os.path.lexists(where):
        others = [] if where.is_symlink() or not where.is_dir() else sorted(os.listdir(where))
        if where.is_symlink() or not where.is_dir() or not all(map(own.fullmatch, others)):
            raise UsageError(
                f"{where}, where the parts belong, has something else in it",
                fix="remove it, or choose another -o",
            )
    return where


def split(out: Path, part_size: int, reporter: Reporter) -> Parted:
    """Parts in the place of the bundle, in a folder of their own; it takes the room of one part besides.

    Raises EnvironmentProblem where the disk refuses.
    """
    where, place = folder(out), destination(out)
    try:
        made = tempfile.mkdtemp(dir=where.parent, prefix=leftovers.prefix("parts"))
        try:
            with tarfile.open(place) as tar:
                script = tar.extractfile(layout.INSTALL_SH)
                Path(made, layout.INSTALL_SH).write_bytes(script.read() if script else b"")
            index = _split(place, Path(made), part_size, reporter)
            listed = Path(made, place.name + parts.EXTENSION)
            listed.write_bytes(parts.dump(index))
            os.chmod(made, 0o755)
            if where.exists():
                shutil.rmtree(where)
            os.rename(made, where)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        raise EnvironmentProblem(
            f"{out} cannot be parted: {error.strerror or error}",
            fix="bundle again, with -o in a place that has room; what was fetched is in the cache",
        ) from error
    return Parted(where, where / listed.name, tuple(one.name for one in index.parts))


def _split(place: Path, made: Path, part_size: int, reporter: Reporter) -> Index:
    """From the end on, so that each part frees the room for the next one."""
    whole = place.stat().st_size
    offsets = list(range(0, whole, part_size))
    found = []
    with place.open("rb+") as bundle, reporter.bar("parting", whole, "B") as bar:
        seen = hashlib.sha256()
        while chunk := bundle.read(CHUNK):
            seen.update(chunk)
        for number in range(len(offsets), 0, -1):
            offset = offsets[number - 1]
            name = parts.name(place.name, number)
            size = min(part_size, whole - offset)
            bundle.seek(offset)
            with (made / name).open("wb") as part:
                sha256 = _copied(bundle, part, size)
                part.flush()
                os.fsync(part.fileno())
            bundle.truncate(offset)
            found.append(Part(name, offset, size, sha256))
            bar.advance(size)
    place.unlink()
    return Index(whole, part_size, seen.hexdigest(), tuple(reversed(found)))


def _copied(source: BinaryIO, sink: BinaryIO, size: int) -> str:
    """SHA-256 (hex) of what was copied."""
    seen = hashlib.sha256()
    while size:
        chunk = source.read(min(CHUNK, size))
        seen.update(chunk)
        sink.write(chunk)
        size -= len(chunk)
    return seen.hexdigest()

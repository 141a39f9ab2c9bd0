"""A finished bundle in several files, for what takes no large one: a FAT32 stick, a disc."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
from pathlib import Path
from typing import BinaryIO, NamedTuple

from offkit.edges import leftovers
from offkit.model import archive, layout, parts
from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.model.parts import Index, Part
from offkit.model.report import Reporter
from offkit.online.carry.pack import destination

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
    own = re.compile(
        re.escape(archive.as_safe(place.name)) + r"\.(\d{3,}|parts)|" + re.escape(layout.INSTALL_SH)
    )
    if os.path.lexists(where):
        others = [] if where.is_symlink() or not where.is_dir() else sorted(os.listdir(where))
        if where.is_symlink() or not where.is_dir() or not all(map(own.fullmatch, others)):
            raise UsageError(
                f"{where}, where the parts belong, has something else in it",
                fix="remove it, or choose another -o",
            )
    return where


def split(out: Path, sha256: str, part_size: int, reporter: Reporter) -> Parted:
    """Parts in the place of the bundle with that hash, in a folder of their own, with the room of one part.

    Raises UsageError where there would be too many, EnvironmentProblem where the disk refuses: then there is
    neither.
    """
    where, place = folder(out), destination(out)
    number = -(-place.stat().st_size // part_size)
    if number > parts.MOST:
        fix = f"make them larger; {out} is the whole bundle"
        raise UsageError(f"--part-size: there would be {number} parts; {parts.MOST} are the most", fix=fix)
    name = archive.as_safe(place.name)
    try:
        with leftovers.scratch(str(where.parent)) as scratch:
            made, whole = Path(scratch, "made"), Path(scratch, "whole")
            made.mkdir()
            os.rename(place, whole)  # which is less and less
            with tarfile.open(whole) as tar:
                script = tar.extractfile(layout.INSTALL_SH)
                (made / layout.INSTALL_SH).write_bytes(script.read() if script else b"")
            index = _split(whole, made, name, sha256, part_size, reporter)
            listed = parts.dump(index)
            parts.load(listed, name)  # what we cannot read ourselves does not leave the house
            (made / (name + parts.EXTENSION)).write_bytes(listed)
            os.chmod(made, 0o755)
            for one in made.iterdir():
                one.chmod(0o644)
            if where.exists():
                shutil.rmtree(where)
            os.rename(made, where)
    except OSError as error:
        raise EnvironmentProblem(
            f"{out} cannot be parted: {error.strerror or error}",
            fix="bundle again, with -o in a place that has room; what was fetched is in the cache",
        ) from error
    return Parted(where, where / (name + parts.EXTENSION), tuple(one.name for one in index.parts))


def _split(whole: Path, made: Path, name: str, sha256: str, part_size: int, reporter: Reporter) -> Index:
    """From the end on, so that each part frees the room for the next one."""
    total = whole.stat().st_size
    found = []
    with whole.open("rb+") as bundle, reporter.bar("parting", total, "B") as bar:
        for number, offset in reversed([*enumerate(range(0, total, part_size), 1)]):
            size = min(part_size, total - offset)
            bundle.seek(offset)
            with (made / parts.name(name, number)).open("wb") as part:
                own = _copied(bundle, part, size)
                part.flush()
                os.fsync(part.fileno())
            bundle.truncate(offset)
            found.append(Part(parts.name(name, number), offset, size, own))
            bar.advance(size)
    return Index(total, part_size, sha256, tuple(reversed(found)))


def _copied(source: BinaryIO, sink: BinaryIO, size: int) -> str:
    """SHA-256 (hex) of what was copied."""
    seen = hashlib.sha256()
    while size:
        chunk = source.read(min(archive.CHUNK, size))
        seen.update(chunk)
        sink.write(chunk)
        size -= len(chunk)
    return seen.hexdigest()

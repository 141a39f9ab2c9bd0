"""Source trees, and the archives that they come in."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from offkit.edges import leftovers
from offkit.online.index.upstream import reach
from offkit.online.sources.refusal import Refused


class Source(NamedTuple):
    tree: Path
    text: str  # what it is called in a lock: no path of this machine, no secret
    sha256: str  # of the archive; "" where it is no archive
    lasting: bool  # whether the same text and hash always mean the same contents
    archive: Path | None = None  # the file itself, in the cache


def settled(sdist: bytes) -> bytes:
    """A source distribution (.tar.gz) with the same files, and nothing of when and by whom it was made."""
    plain, packed = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(sdist)) as had:
        with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as made:
            for member in sorted(had.getmembers(), key=lambda one: one.name):
                contents = had.extractfile(member) if member.isfile() else None
                member.mtime, member.uid, member.gid, member.uname, member.gname = 0, 0, 0, "", ""
                member.mode, member.pax_headers = 0o755 if member.mode & 0o100 else 0o644, {}
                made.addfile(member, contents)
    with gzip.GzipFile("", "wb", fileobj=packed, mtime=0) as sink:
        sink.write(plain.getvalue())
    return packed.getvalue()


@contextlib.contextmanager
def unpacked(sdist: Path) -> Iterator[Path]:
    """The tree of a source distribution, for the length of the block. Raises Refused."""
    with leftovers.scratch() as name:
        tree = Path(name) / "tree"
        try:
            reach("pip._internal.utils.unpacking", "unpack_file")(str(sdist), str(tree))
        except Exception as error:  # of pip, tarfile, zipfile, zlib or the disk
            raise Refused(
                f"{sdist.name} cannot be unpacked: {error}", fix="fetch or copy it again"
            ) from error
        yield tree


_PROJECT = ("setup.py", "setup.cfg", "pyproject.toml")
_NO_SOURCES = re.compile(r"\..*|__pycache__|build|dist|node_modules|.*\.egg-info")  # directories


def complete(tree: Path, directory: Path) -> None:
    """Adds to the tree of an sdist what that leaves out and a build in the directory finds, as pip's does:
    the files that setup.py names, or those name in turn, and modules beside it that it imports."""
    lacking = [path for path in _files(directory) if not os.path.lexists(tree / path)]
    todo = [directory / name for name in _PROJECT]
    while lacking and todo:
        path = todo.pop()
        try:
            words = set(re.findall(r"[\w.-]+", path.read_text(encoding="utf-8", errors="replace")))
        except OSError:
            continue  # there is none
        for each in [one for one in lacking if _names(one) & words]:
            lacking.remove(each)
            todo.append(directory / each)
            (tree / each).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(directory / each, tree / each)


def _names(path: Path) -> set[str]:
    """By which a file is meant. A module of a package belongs to it, or not, as the sdist has it."""
    if path.suffix != ".py":
        return {path.name}
    return {path.name, path.stem} if len(path.parts) == 1 else set()


def _files(directory: Path) -> list[Path]:
    found = []
    for place, folders, names in os.walk(directory):
        there = Path(place)
        folders[:] = [
            name
            for name in folders
            if not _NO_SOURCES.fullmatch(name) and not (there / name / "pyvenv.cfg").exists()
        ]
        found += [(there / name).relative_to(directory) for name in names if (there / name).is_file()]
    return sorted(found)

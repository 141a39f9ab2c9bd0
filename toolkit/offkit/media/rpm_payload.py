"""The shared libraries in an RPM file, without rpm, root or a database.

The payload is unpacked by Python's own modules, and by rpm2cpio(8) where it is zstd (Enterprise
Linux 9), which no Python before 3.14 reads. Nothing is written but that program's output. Only
regular files and links of library directories are looked at; everything else is passed over.
"""

import os
import posixpath
import re
from typing import Dict, Iterator, List, NamedTuple, Tuple

from offkit.edges import unpacking
from offkit.edges.run import run_into
from offkit.media import cpio, rpmfile

_DIRECTORIES = re.compile(r"^(usr/)?lib(64)?/")
_SHARED = re.compile(r"\.so(\.|$)")
_MAX_FILE = 512 * 1024 * 1024  # bytes; LLVM's library has 130 million
_MAX_LINKS = 8


class Contents(NamedTuple):
    """The libraries of one package by path (``usr/lib64/libSM.so.6.0.1``); links by where they lead."""

    files: Dict[str, bytes]
    links: Dict[str, str]

    def called(self, name: str) -> List[str]:
        """Files of that name, and those that links of that name lead to, the least deep first."""
        names = sorted([*self.files, *self.links], key=depth)
        found = [self._real(path) for path in names if posixpath.basename(path) == name]
        return [path for path in dict.fromkeys(found) if path in self.files]

    def _real(self, path: str) -> str:
        for _ in range(_MAX_LINKS):
            if path not in self.links:
                break
            target = posixpath.join("/", posixpath.dirname(path), self.links[path])
            path = posixpath.normpath(target).lstrip("/")
        return path


def depth(path: str) -> Tuple[int, str]:
    """Sorts what lies in a library directory itself before what lies below it."""
    return path.count("/"), path


def libraries(path: str, scratch: str) -> Tuple[rpmfile.Front, Contents]:
    """What the RPM file at ``path`` says it is, and its libraries.

    ``scratch`` is an empty directory for what needs a file. Raises rpmfile.BadRpm, cpio.BadCpio and
    unpacking.Damaged for a damaged file, unpacking.Unsupported for what cannot be unpacked here, and
    OSError.
    """
    with open(path, "rb") as source:
        front = rpmfile.read(source)
        if front.compressor != "zstd":
            return front, _sort(unpacking.decompressed(source))
    archive = os.path.join(scratch, "payload.cpio")
    done = run_into(["rpm2cpio", path], archive)
    try:
        if not done.ok:
            words = done.stderr.strip().splitlines()
            raise unpacking.Unsupported(
                "is compressed with zstd, and rpm2cpio cannot unpack it: {}".format(
                    words[-1] if words else "exit {}".format(done.returncode)
                )
            )
        with open(archive, "rb") as source:
            return front, _sort(iter(lambda: source.read(unpacking.CHUNK), b""))
    finally:
        os.unlink(archive)


def _sort(chunks: Iterator[bytes]) -> Contents:
    files: Dict[str, bytes] = {}
    links: Dict[str, str] = {}
    twins: Dict[Tuple[int, int, int], List[str]] = {}
    for entry, data in cpio.walk(chunks, _wanted):
        path = _inside(entry.path)
        if entry.kind == cpio.LINK:
            links[path] = os.fsdecode(data)
        elif entry.links > 1:
            twins.setdefault(entry.file, []).append(path)
            if data:
                files.update((name, data) for name in twins[entry.file])
        else:
            files[path] = data
    return Contents({name: data for name, data in files.items() if _is_library(name)}, links)


def _wanted(entry: cpio.Member) -> bool:
    path = _inside(entry.path)
    if ".." in path.split("/") or entry.size > _MAX_FILE:
        return False
    # Of a file with several names the contents come with any of them.
    return _is_library(path) and entry.kind in (cpio.REGULAR, cpio.LINK)


def _inside(path: str) -> str:
    return posixpath.normpath(path).lstrip("/")


def _is_library(path: str) -> bool:
    return bool(_DIRECTORIES.match(path) and _SHARED.search(posixpath.basename(path)))

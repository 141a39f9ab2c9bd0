"""What an ELF file is to Python and to the loader, by its headers and names and not by its place.

A plug-in is loaded by name at run time, by a library that looks into a directory and goes on without those
that cannot be loaded: it has the symbol that its host asks for (repo-config/plugins.csv). Any other shared
object that is no extension module may be opened by ctypes.
"""

import posixpath
import re
from typing import Callable, Iterable, NamedTuple, Set

from offkit.elf.reader import Elf

MODULE, PLUGIN, LIBRARY, PROGRAM = "extension module", "plug-in", "library", "program"

# e_machine, byte order and the path of ld.so of 64-bit programs, by architecture (the psABI of each).
LOADERS = {
    "x86_64": (62, True, "/lib64/ld-linux-x86-64.so.2"),
    "aarch64": (183, True, "/lib/ld-linux-aarch64.so.1"),
    "ppc64le": (21, True, "/lib64/ld64.so.2"),
    "s390x": (22, False, "/lib/ld64.so.1"),
}

SHARED = re.compile(r"\.so(\.[^/]*)?$")  # libz.so, libz.so.1, and names like libssl-81259c47.so.1.1.1k
_VENDORED = re.compile(r"(^|/)[^/]*\.libs/")  # where auditwheel puts what it brings along


class Object(NamedTuple):
    """An ELF file that somebody may load or start."""

    path: str
    kind: str
    elf: Elf

    @property
    def vendored(self) -> bool:
        return bool(_VENDORED.search(self.path))


def kind(path: str, having: Callable[[Set[bytes]], Set[bytes]], symbols: Iterable[str]) -> str:
    """Of a file there; ``having`` says which of some symbols it defines, and ``symbols`` are those
    that hosts ask their plug-ins for."""
    if not SHARED.search(path):
        return PROGRAM
    own = exports(path)
    found = having({*own, *(each.encode("ascii") for each in symbols)})
    if own & found:
        return MODULE
    return PLUGIN if found else LIBRARY


def exports(path: str) -> Set[bytes]:
    """What a file there defines when Python can import it: PyInit_NAME, or PyInitU_NAME in Punycode
    (PEP 489), with the package's name for an __init__; nothing where it never does."""
    directory, name = posixpath.split(path)
    stem = name.partition(".")[0]
    if not name.endswith(".so"):
        return set()
    if stem == "__init__":
        stem = posixpath.basename(directory)
    try:
        return {b"PyInit_" + stem.encode("ascii")}
    except UnicodeEncodeError:
        return {b"PyInitU_" + stem.encode("punycode").replace(b"-", b"_")}


def starts(elf: Elf, machine: int) -> bool:
    """Whether a kernel for this machine takes such a program: one for x86_64 takes i386's too."""
    return elf.machine == machine or (elf.machine, machine) == (3, LOADERS["x86_64"][0])

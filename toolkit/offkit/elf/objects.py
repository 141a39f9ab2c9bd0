"""What an ELF file is to Python and to the loader, by its headers and names and not by its place.

A plug-in is loaded by name at run time, by a library that looks into a directory and goes on without those
that cannot be loaded: it has the symbol that its host asks for (repo-config/plugins.csv). Any other shared
object that is no extension module may be opened by ctypes.
"""

import re
from typing import NamedTuple, Sequence

from offkit.elf import reader
from offkit.elf.reader import ET_EXEC, Elf, Source

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


def kind(source: Source, elf: Elf, name: str, symbols: Sequence[str]) -> str:
    """Of a file with this name; ``symbols`` are those that hosts ask their plug-ins for."""
    if elf.kind == ET_EXEC or not SHARED.search(name):
        return PROGRAM
    module = "PyInit_" + name.partition(".")[0]  # PEP 489
    mentioned = set(reader.mentioned(source, elf, [module, *symbols]))
    if module in mentioned and name.endswith(".so"):
        return MODULE
    return PLUGIN if mentioned - {module} else LIBRARY

"""The file of a package that the loader would take for a name."""

from typing import NamedTuple, Optional, Tuple

from offkit.elf import reader
from offkit.elf.reader import Elf
from offkit.media.rpm_payload import Contents, depth


class Library(NamedTuple):
    """A file as it is in the package."""

    path: str  # usr/lib64/libSM.so.6.0.1
    data: bytes
    elf: Elf


def pick(contents: Contents, soname: str, arch: Tuple[int, bool, int]) -> Optional[Library]:
    """A file or link called so, else a file whose DT_SONAME it is; of several the one least deep, since
    those below are for special processors. ``arch`` is that of ``Elf.arch``."""
    called = contents.called(soname)
    for path in [*called, *(name for name in sorted(contents.files, key=depth) if name not in called)]:
        try:
            elf = reader.read(contents.files[path])
        except ValueError:
            continue
        if elf.arch == arch and (path in called or elf.soname == soname):
            return Library(path, contents.files[path], elf)
    return None

"""Libraries put into an environment, and its Python made to find them.

``bin/python`` becomes a program of its own: a copy of the interpreter, as ``venv --copies`` makes
it, with a DT_RPATH that leads to the libraries and on to where the original looked. That serves
every object without a DT_RUNPATH. For those that have one a .pth file loads the libraries by their
paths first: what is loaded is found by its name (ld.so(8); dl-load.c, ``_dl_map_object``).
Files that a RECORD vouches for stay as they are.
"""

import os
import re
import stat
from typing import List, Sequence

from offkit.edges import files
from offkit.elf import reader, rpath
from offkit.elf.reader import Elf
from offkit.model import layout
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from offkit.server.libraries import record
from offkit.server.libraries.record import LibraryFile, Record, Vendored

_NAMES = re.compile(r"^python[0-9.]*$")
_ORIGIN = re.compile(r"\$(?:\{ORIGIN\}|ORIGIN(?![A-Za-z0-9_]))")
_PRELOAD = '''\
"""Written by offkit: libraries for modules that have a DT_RUNPATH, which hides them otherwise."""

import ctypes
import os
import sys

for _name in {names!r}:
    try:
        ctypes.CDLL(os.path.join(sys.prefix, *{folder!r}, _name))
    except OSError:
        pass  # the module that needs it says so when it is imported
'''


def put(root: str, libraries: Sequence[Vendored]) -> None:
    """Write the files and the list; what an earlier call put there stays. Raises OSError."""
    folder = os.path.join(root, *layout.GENERATION_LIBRARIES.split("/"))
    os.makedirs(folder, exist_ok=True)
    for each in libraries:
        files.write_new(os.path.join(folder, each.soname), [each.data], 0o755)
    entries = [
        LibraryFile(
            each.soname, each.rpm, each.path, each.medium, each.sha256, len(each.data), each.signature
        )
        for each in libraries
    ]
    before = _listed(root)
    _list(root, Record(before.entries + tuple(entries), before.preloaded))


def own_interpreter(root: str) -> None:
    """Replace the links in ``bin`` by a program with another path. Done again it changes nothing.

    Raises EnvironmentProblem (PY025) where that is not to be had, and OSError.
    """
    folder = os.path.join(root, "bin")
    names = [name for name in sorted(os.listdir(folder)) if _NAMES.match(name)]
    links = [name for name in names if os.path.islink(os.path.join(folder, name))]
    if not links:
        return
    original = os.path.realpath(os.path.join(folder, links[0]))
    with open(original, "rb") as source:
        data = source.read()
    try:
        elf = reader.read(data)
        places = ["$ORIGIN/../" + layout.GENERATION_LIBRARIES]
        places += _directories(elf, original)
        changed = rpath.rewrite(data, ":".join(places))
    except ValueError as error:
        message = "{} {}, so no library path can be added to it".format(original, error)
        fix = "use another Python (--python PATH), or install the libraries as root"
        raise EnvironmentProblem(
            "this Python cannot use libraries from RPMs",
            [Finding("PY025", ERROR, original, message, (original,), fix)],
        )
    base = os.path.join(root, *layout.GENERATION_INTERPRETER.split("/"))
    os.makedirs(os.path.dirname(base), exist_ok=True)
    files.replace_link(base, original)
    first = os.path.join(folder, links[0])
    files.replace(first, changed, stat.S_IMODE(os.stat(original).st_mode) | 0o555)
    # No links: CPython 3.11 takes what bin/python leads to for the base interpreter (getpath.py).
    for name in links[1:]:
        temporary = os.path.join(folder, ".{}.tmp".format(name))
        os.link(first, temporary)
        os.replace(temporary, os.path.join(folder, name))


def _directories(elf: Elf, original: str) -> List[str]:
    """Where the original looks, for a copy that lies elsewhere. Raises ValueError for a path with a colon.

    A DT_RUNPATH served the program alone, and a DT_RPATH will serve every library: of the former only
    the directories that it needs go on.
    """
    origin = os.path.dirname(original)
    text = elf.rpath if elf.runpath is None else elf.runpath
    found = [part for part in (text or "").split(":") if part]
    if ":" in origin and any(_ORIGIN.search(part) for part in found):
        raise ValueError("is in a directory with a colon in its name")
    found = [_ORIGIN.sub(lambda _: origin, part) for part in found]
    if elf.runpath is not None:
        found = [
            part for part in found if any(os.path.exists(os.path.join(part, name)) for name in elf.needed)
        ]
    return found


def preload(root: str, sites: Sequence[str], sonames: Sequence[str]) -> None:
    """Have Python load these of the libraries when it starts, in this order. Raises OSError."""
    text = _PRELOAD.format(names=tuple(sonames), folder=tuple(layout.GENERATION_LIBRARIES.split("/")))
    for site in sites[:1]:
        files.replace(os.path.join(site, record.MODULE), text.encode("utf-8"), 0o644)
        files.replace(os.path.join(site, record.PTH), b"import _offkit_libraries\n", 0o644)
    _list(root, _listed(root)._replace(preloaded=tuple(sonames)))


def _listed(root: str) -> Record:
    try:
        with open(os.path.join(root, *layout.GENERATION_LIBRARY_LIST.split("/")), "rb") as source:
            return record.load(source.read())
    except FileNotFoundError:
        return record.NOTHING


def _list(root: str, written: Record) -> None:
    path = os.path.join(root, *layout.GENERATION_LIBRARY_LIST.split("/"))
    files.replace(path, record.dump(written), 0o644)

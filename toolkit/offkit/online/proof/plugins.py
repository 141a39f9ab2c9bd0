"""Which shared objects of wheels are plug-ins, and what is wanted for their sake alone.

A plug-in is loaded by name at run time, by a library that looks into a directory and goes on without those
that cannot be loaded: no file names it in DT_NEEDED, no Python imports it, and it has the symbol that its
host asks for (repo-config/plugins.csv). Any other object that nobody needs may be opened by ctypes.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from offkit.edges import data
from offkit.elf import reader
from offkit.elf.reader import Elf

TABLE = "repo-config/plugins.csv"


class Object(NamedTuple):
    """A shared object of a wheel, or a program."""

    offers: tuple[str, ...]  # its names: of the file, DT_SONAME
    needed: tuple[str, ...]
    plugin: bool  # it has such a symbol, and is no extension module


@functools.cache
def symbols() -> tuple[str, ...]:
    """Those that hosts ask their plug-ins for."""
    return tuple(row["symbol"] for row in csv.DictReader(data.read_text(TABLE).splitlines()))


def is_one(source: Any, elf: Elf, name: str) -> bool:
    """Whether a file has such a symbol, and is no extension module (PEP 489)."""
    module = "PyInit_" + name.partition(".")[0]
    mentioned = reader.mentioned(source, elf, [module, *symbols()])
    return bool(mentioned) and module not in mentioned


def optional(objects: Sequence[Object]) -> set[str]:
    """The sonames that are needed by plug-ins alone, and by what these bring with them."""
    beside = aside(objects)
    asked = {name for one in objects if one not in beside for name in one.needed}
    return {name for one in beside for name in one.needed} - asked


def aside(objects: Sequence[Object]) -> set[Object]:
    """Plug-ins, and what they alone bring with them."""
    by_name: dict[str, list[Object]] = {}
    for one in objects:
        for name in one.offers:
            by_name.setdefault(name, []).append(one)
    needed = {name for one in objects for name in one.needed}
    roots = [one for one in objects if needed.isdisjoint(one.offers)]
    plugins = _reached([one for one in roots if one.plugin], by_name)
    firm = _reached([one for one in roots if not one.plugin], by_name)
    firm |= _reached([one for one in objects if one not in plugins and one not in firm], by_name)  # circles
    return plugins - firm


def _reached(roots: Iterable[Object], by_name: dict[str, list[Object]]) -> set[Object]:
    """With everything that they load."""
    found: set[Object] = set()
    todo = list(roots)
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo += [other for name in one.needed for other in by_name.get(name, ())]
    return found

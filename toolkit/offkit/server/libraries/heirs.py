"""Libraries that an earlier generation has from RPMs, for a new one: the ISO may be gone by now."""

import os
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.elf import reader
from offkit.model import layout
from offkit.server.libraries import record
from offkit.server.libraries.here import Here, Wanted
from offkit.server.libraries.take import Taken
from offkit.server.prefix.generations import Generation


class Inheritance(NamedTuple):
    libraries: Tuple[Taken, ...]  # each after what it needs
    left: Wanted  # what no generation has


def inherit(existing: Sequence[Generation], wanted: Wanted, here: Here) -> Inheritance:
    """From the newest generation that has them, with all that they need; only what is whole counts.

    A library counts where everything that it needs is in the same generation or on the server.
    """
    taken: Dict[str, Taken] = {}
    left = dict(wanted)
    for one in sorted(existing, key=lambda each: each.id, reverse=True):
        shelf = _shelf(one) if left else {}
        for soname, versions in list(left.items()):
            found = _with_needs(soname, versions, shelf, here, [])
            if found is not None:
                for each in found:
                    taken.setdefault(each.soname, each)
                del left[soname]
    return Inheritance(tuple(taken.values()), left)


def _shelf(one: Generation) -> Dict[str, Tuple[Taken, reader.Elf]]:
    """What is as it was written, by soname."""
    tree = Tree("/")
    try:
        listed = record.read(tree, one.path)
    except (OSError, ValueError):
        return {}
    harmed = {entry.soname for entry, _ in record.altered(tree, one.path, listed)}
    found = {}
    for entry in listed.entries:
        if entry.soname in harmed:
            continue
        try:
            with open(os.path.join(one.path, layout.GENERATION_LIBRARIES, entry.soname), "rb") as source:
                data = source.read()
            elf = reader.read(data)
        except (OSError, ValueError):
            continue
        taken = Taken(entry.soname, data, entry.rpm, entry.path, entry.medium, entry.signature)
        if taken.sha256 == entry.sha256:
            found[entry.soname] = taken, elf
    return found


def _with_needs(
    soname: str,
    versions: Sequence[str],
    shelf: Dict[str, Tuple[Taken, reader.Elf]],
    here: Here,
    under_way: List[str],
) -> Optional[List[Taken]]:
    """The library after what it needs and the server lacks; None where something is not on the shelf."""
    if soname not in shelf:
        return None
    taken, elf = shelf[soname]
    if elf.arch != here.arch or (elf.versioned and any(each not in elf.defines for each in versions)):
        return None
    found: List[Taken] = []
    for name in elf.needed:
        needs = [need.version for need in elf.needs if need.file == name and not need.weak]
        if not name or "/" in name or name in under_way or not here.lacks(name, needs):
            continue
        below = _with_needs(name, needs, shelf, here, [*under_way, soname])
        if below is None:
            return None
        found += [each for each in below if each not in found]
    return [*found, taken]

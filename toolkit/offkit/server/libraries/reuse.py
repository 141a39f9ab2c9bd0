"""Libraries that an earlier generation has from RPMs, for a new one: the ISO may be gone by now."""

import os
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.elf import reader
from offkit.model import layout
from offkit.server.libraries import record
from offkit.server.libraries.here import Here, Wanted
from offkit.server.libraries.record import Vendored
from offkit.server.prefix.generations import Generation


class Reused(NamedTuple):
    libraries: Tuple[Vendored, ...]  # each after what it needs
    left: Wanted  # what no generation has


def reuse(existing: Sequence[Generation], wanted: Wanted, here: Here) -> Reused:
    """From the newest generation that has them, with all that they need; only what is whole counts.

    A library counts where everything that it needs is in the same generation or on the server.
    """
    taken: Dict[str, Vendored] = {}
    left = dict(wanted)
    for one in sorted(existing, key=lambda each: each.id, reverse=True):
        whole = _whole(one) if left else {}
        for soname, versions in list(left.items()):
            found = _with_needs(soname, versions, whole, here, [])
            if found is not None:
                for each in found:
                    taken.setdefault(each.soname, each)
                del left[soname]
    return Reused(tuple(taken.values()), left)


def _whole(one: Generation) -> Dict[str, Tuple[Vendored, reader.Elf]]:
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
        taken = Vendored(entry.soname, data, entry.rpm, entry.path, entry.medium, entry.signature)
        if taken.sha256 == entry.sha256:
            found[entry.soname] = taken, elf
    return found


def _with_needs(
    soname: str,
    versions: Sequence[str],
    whole: Dict[str, Tuple[Vendored, reader.Elf]],
    here: Here,
    under_way: List[str],
) -> Optional[List[Vendored]]:
    """The library after what it needs and the server lacks; None where one of them is not whole."""
    if soname not in whole:
        return None
    taken, elf = whole[soname]
    if elf.arch != here.arch or (elf.versioned and any(each not in elf.defines for each in versions)):
        return None
    found: List[Vendored] = []
    for name in elf.needed:
        needs = [need.version for need in elf.needs if need.file == name and not need.weak]
        if not name or "/" in name or name in under_way or not here.lacks(name, needs):
            continue
        below = _with_needs(name, needs, whole, here, [*under_way, soname])
        if below is None:
            return None
        found += [each for each in below if each not in found]
    return [*found, taken]

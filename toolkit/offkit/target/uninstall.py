"""Taking everything back: what offkit made under a prefix goes, whatever else is there stays.

Removal goes from the oldest generation to the current one, so that a killed uninstallation can be
run again by the offkit that it removes, as long as that is there at all.
"""

import os
import stat
from contextlib import suppress
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from offkit.edges import files
from offkit.model import layout
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Reporter
from offkit.target import generations, inventory

LEFTOVER, GENERATION, LINK, DIRECTORY, LOCK = "leftover", "generation", "link", "directory", "lock"
# In the lock file of a prefix that is being uninstalled: it is the last file to go, and by then
# nothing else shows whose prefix this was.
_MARK = b"offkit uninstall\n"


class Item(NamedTuple):
    """Something of offkit's that goes."""

    kind: str
    path: str
    size: int  # bytes on disk


class Plan(NamedTuple):
    prefix: str
    items: Tuple[Item, ...]  # in the order in which they go
    foreign: Tuple[str, ...]  # paths that stay


def plan(prefix: str) -> Plan:
    """What would be removed, in order, and what stays; no items where there is no such prefix.

    Raises EnvironmentProblem (ENV045) for a directory that offkit did not make.
    """
    if not os.path.lexists(prefix):
        return Plan(prefix, (), ())
    try:
        return _sort(prefix, sorted(os.listdir(prefix)))
    except OSError as error:
        raise generations.refused(error, prefix, "{} cannot be looked into".format(prefix))


def _sort(prefix: str, names: List[str]) -> Plan:
    place, lock = generations.directory(prefix), os.path.join(prefix, layout.LOCK)
    trees, strangers = _inside(place) if _is_directory(place) else ([], [])
    emptied = [Item(DIRECTORY, place, 0)] if _is_directory(place) and not strangers else []
    links = []
    for name in names:
        path = os.path.join(prefix, name)
        if _is_link_of_ours(name, path):
            links.append(Item(LINK, path, 0))
        elif not (path == place and _is_directory(path)) and not (path == lock and _lock(path) is not None):
            strangers.append(path)
    marked = layout.LOCK in names and _lock(lock) == _MARK
    if strangers and not (trees or links or marked):
        raise _not_ours(prefix)
    items = trees[:-1] + links + trees[-1:] + emptied
    if lock not in strangers:
        items.append(Item(LOCK, lock, 0))
    if not strangers and _removable(prefix):
        items.append(Item(DIRECTORY, prefix, 0))
    return Plan(prefix, tuple(items), tuple(sorted(strangers)))


def _inside(place: str) -> Tuple[List[Item], List[str]]:
    """The trees to remove, the current generation last, and strangers."""
    current = generations.current_id(os.path.dirname(place))
    leftovers: List[Item] = []
    whole: List[Item] = []
    last: List[Item] = []
    strangers: List[str] = []
    for name in sorted(os.listdir(place)):
        path = os.path.join(place, name)
        if name.startswith(layout.BUILDING) and _is_directory(path):
            leftovers.append(Item(LEFTOVER, path, inventory.size(path)))
        elif generations.is_id(name) and _is_directory(path) and _is_environment(path):
            (last if name == current else whole).append(Item(GENERATION, path, inventory.size(path)))
        else:
            strangers.append(path)
    whole.sort(key=lambda item: generations.number(os.path.basename(item.path)))
    return leftovers + whole + last, strangers


def _removable(prefix: str) -> bool:
    """A link or a mount point was there before, and in a directory of others it must stay."""
    parent = os.path.dirname(prefix)
    return not (os.path.islink(prefix) or os.path.ismount(prefix)) and os.access(parent, os.W_OK | os.X_OK)


def _is_directory(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _is_environment(path: str) -> bool:
    """The name alone would not be enough to remove a tree for."""
    return any(os.path.lexists(os.path.join(path, name)) for name in ("pyvenv.cfg", "offkit"))


def _is_link_of_ours(name: str, path: str) -> bool:
    """``current``, or what a killed offkit left while it was replaced (edges.files.replace_link)."""
    first, _, rest = name.partition(".")
    number, _dot, tail = rest.partition(".")
    temporary = first == layout.CURRENT and number.isdigit() and tail == "tmp"
    if not os.path.islink(path) or not (name == layout.CURRENT or temporary):
        return False
    place, target = os.path.split(os.readlink(path))
    return os.path.basename(place) == layout.GENERATIONS and generations.is_id(target)


def _lock(path: str) -> Optional[bytes]:
    """The contents of a lock file, None when it is something else."""
    facts = os.lstat(path)
    if not stat.S_ISREG(facts.st_mode) or facts.st_size > len(_MARK):
        return None
    with open(path, "rb") as source:
        found = source.read(len(_MARK) + 1)
    return found if found in (b"", _MARK) else None


def _not_ours(prefix: str) -> EnvironmentProblem:
    message = "{} is not a prefix of offkit; nothing was removed".format(prefix)
    looked = (generations.directory(prefix), os.path.join(prefix, layout.CURRENT))
    fix = "name the place that 'offkit install' was given: --prefix DIR"
    return EnvironmentProblem(message, [Finding("ENV045", ERROR, prefix, message, looked, fix)])


def apply(made: Plan, token: str, reporter: Reporter) -> Plan:
    """Remove; returns what was found to be there once the lock was held, and so was removed.

    ``token`` makes names unique (target.generations.remove). Everything that is needed must be
    imported before: the files of the running offkit may be among those that go. Raises
    EnvironmentProblem when something cannot be removed; run again, it goes on where it stopped.
    """
    if not made.items:
        return made
    with generations.exclusive(made.prefix, "the removal"):
        made = plan(made.prefix)
        _mark(made)
        remove: Dict[str, Callable[[str], None]] = {
            GENERATION: _generation(made.prefix, token),
            LEFTOVER: _tree,
            LINK: os.unlink,
            LOCK: os.unlink,
            DIRECTORY: os.rmdir,
        }
        for item in made.items:
            if item.kind in (GENERATION, LEFTOVER):
                reporter.step("removing {}".format(item.path))
            remove[item.kind](item.path)
    return made


def _mark(made: Plan) -> None:
    for item in made.items:
        # A full disk must not keep anybody from making room.
        with suppress(OSError):
            if item.kind == LOCK:
                with open(item.path, "r+b") as sink:
                    sink.write(_MARK)


def _generation(prefix: str, token: str) -> Callable[[str], None]:
    def remove(path: str) -> None:
        if not generations.remove(prefix, os.path.basename(path), token):
            raise _stays(path)

    return remove


def _tree(path: str) -> None:
    if not files.remove_tree(path):
        raise _stays(path)


def _stays(path: str) -> EnvironmentProblem:
    message = "files below {} could not be removed".format(os.path.dirname(path))
    fix = "run it again as the user they belong to; what is gone is gone, the rest is whole"
    return EnvironmentProblem(
        "the removal did not succeed", [Finding("ENV046", ERROR, path, message, (), fix)]
    )

"""Taking everything back: what offkit made under a prefix goes, whatever else is there stays.

Removal goes from the oldest generation to the current one, so that a killed uninstallation can be
run again by the offkit that it removes, as long as that is there at all.
"""

import errno
import os
import re
import stat
from contextlib import suppress
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from offkit.edges import files
from offkit.edges.exclusive import exclusive, refused
from offkit.model import layout
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Reporter
from offkit.server.prefix import generations, inventory
from offkit.server.system import ledger, takeback
from offkit.server.system.ledger import Run
from offkit.server.system.takeback import TakeBack

LEFTOVER, GENERATION, LINK, DIRECTORY, LOCK = "leftover", "generation", "link", "directory", "lock"
PYTHON, LOG, SYSTEM_FILE, RPM, LEDGER = "python", "log", "file", "rpm", "ledger"
# In the lock file of a prefix that is being uninstalled: it is the last file to go, and by then
# nothing else shows whose prefix this was.
_MARK = b"offkit uninstall\n"
_LOG = re.compile(r"^(?:\.building-)?\d+\.\d+[\w.-]*\.log$")


class Item(NamedTuple):
    """Something of offkit's that goes."""

    kind: str
    path: str  # of an RPM: its name, version and architecture
    size: int  # bytes on disk, 0 of an RPM


class Plan(NamedTuple):
    prefix: str
    items: Tuple[Item, ...]  # in the order in which they go
    foreign: Tuple[str, ...]  # paths that stay
    system: TakeBack = TakeBack()  # what goes of the system; its items are among ``items``


def plan(prefix: str, system: TakeBack = TakeBack()) -> Plan:  # noqa: B008  (it is a constant)
    """What would be removed, in order, and what stays; no items where there is no such prefix.

    ``system`` is what server.system.takeback.plan found. Raises EnvironmentProblem (ENV045) for a
    directory that offkit did not make.
    """
    if not os.path.lexists(prefix):
        return Plan(prefix, (), ())
    try:
        return _sort(prefix, sorted(os.listdir(prefix)), system)
    except OSError as error:
        raise refused(error, prefix, "{} cannot be read".format(prefix))


def _sort(prefix: str, names: List[str], system: TakeBack) -> Plan:
    place, lock = generations.directory(prefix), os.path.join(prefix, layout.LOCK)
    book, pythons_directory = ledger.directory(prefix), os.path.join(prefix, layout.PYTHON)
    trees, strangers = _inside(place) if _is_directory(place) else ([], [])
    emptied = [Item(DIRECTORY, place, 0)] if _is_directory(place) and not strangers else []
    pythons, others = _pythons(pythons_directory) if _is_directory(pythons_directory) else ([], [])
    strangers += others if pythons else []
    known = [place, pythons_directory] if pythons else [place]
    known += [book] if ledger.read(prefix) else []
    links = []
    for name in names:
        path = os.path.join(prefix, name)
        if _is_link_of_ours(name, path):
            links.append(Item(LINK, path, 0))
        elif not (path in known and _is_directory(path)) and not (path == lock and _lock(path) is not None):
            strangers.append(path)
    marked = layout.LOCK in names and _lock(lock) == _MARK
    if strangers and not (trees or links or marked or pythons or book in known):
        raise _not_ours(prefix)
    items = trees[:-1] + links + trees[-1:] + emptied + pythons
    items += [Item(DIRECTORY, pythons_directory, 0)] if pythons and not others else []
    # The RPMs last of all that takes time: one of them may be the Python that runs this.
    items += [Item(SYSTEM_FILE, path, 0) for path in system.files]
    items += [Item(RPM, rpm.word, 0) for rpm in system.rpms]
    items += [Item(LEDGER, book, inventory.size(book))] if book in known else []
    if lock not in strangers:
        items.append(Item(LOCK, lock, 0))
    if not strangers and _removable(prefix):
        items.append(Item(DIRECTORY, prefix, 0))
    return Plan(prefix, tuple(items), tuple(sorted(strangers)), system)


def _pythons(pythons_directory: str) -> Tuple[List[Item], List[str]]:
    """Interpreters that offkit brought, unfinished ones and the logs of builds; and strangers."""
    found: List[Item] = []
    strangers: List[str] = []
    for name in sorted(os.listdir(pythons_directory)):
        path = os.path.join(pythons_directory, name)
        if _is_directory(path) and name.startswith(layout.BUILDING):
            found.append(Item(LEFTOVER, path, inventory.size(path)))
        elif _is_directory(path) and inventory.is_python(path):
            found.append(Item(PYTHON, path, inventory.size(path)))
        elif os.path.isfile(path) and not os.path.islink(path) and _LOG.match(name):
            found.append(Item(LOG, path, inventory.size(path)))
        else:
            strangers.append(path)
    return found, strangers


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
    temporary = first == layout.CURRENT and number.isdecimal() and tail == "tmp"
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
    message = "{} is not an offkit prefix; nothing was removed".format(prefix)
    looked = (generations.directory(prefix), os.path.join(prefix, layout.CURRENT))
    fix = "give the prefix that 'offkit install' used: --prefix DIR"
    return EnvironmentProblem(message, [Finding("ENV045", ERROR, prefix, message, looked, fix)])


def require_permission(made: Plan) -> None:
    """Raises EnvironmentProblem (ENV031) where this user may not remove what is planned."""
    for path in (made.prefix, generations.directory(made.prefix)) if made.items else ():
        if os.path.isdir(path) and not os.access(path, os.W_OK | os.X_OK):
            error = PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
            raise refused(error, made.prefix, "nothing can be removed here")


def apply(made: Plan, token: str, reporter: Reporter, run: Optional[Run] = None) -> Plan:
    """Remove; returns what was found to be there once the lock was held, and so was removed.

    ``token`` makes names unique (server.prefix.generations.remove); ``run`` speaks English and is needed
    where something of the system goes. Everything that is needed must be
    imported before: the files of the running offkit may be among those that go. Raises
    EnvironmentProblem when something cannot be removed; run again, it goes on where it stopped.
    """
    if not made.items:
        return made
    with exclusive(made.prefix, "the removal failed"):
        made = plan(made.prefix, made.system)
        _mark(made)
        system = [made.system]  # of one transaction, whatever the number of items
        remove: Dict[str, Callable[[str], None]] = {
            GENERATION: _generation(made.prefix, token),
            LEFTOVER: _tree,
            LINK: os.unlink,
            LOCK: os.unlink,
            DIRECTORY: os.rmdir,
            PYTHON: _tree,
            LOG: os.unlink,
            LEDGER: _tree,
        }
        for item in made.items:
            if item.kind in (SYSTEM_FILE, RPM):
                if system and run is not None:
                    reporter.step("removing what was added to the system")
                    takeback.apply(system.pop(), run)
                continue
            if item.kind in (GENERATION, LEFTOVER, PYTHON):
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
    fix = "run it again as the user who owns them; what was removed is gone, the rest is intact"
    return EnvironmentProblem("the removal failed", [Finding("ENV046", ERROR, path, message, (), fix)])

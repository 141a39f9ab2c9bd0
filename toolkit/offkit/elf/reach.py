"""Which files of an environment are loaded or started for themselves, and what becomes of each.

Presence is not enough: a library serves an object when the loader comes to it from there. One that lies
elsewhere serves only if it was loaded before, and then under its DT_SONAME alone: the loader knows a file
that was opened by its path by that path and by DT_SONAME, not by the file's name (glibc, elf/dl-load.c,
``_dl_map_object``).
"""

import posixpath
from typing import Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from offkit.elf import importers
from offkit.elf.objects import LIBRARY, MODULE, PLUGIN, PROGRAM, Object
from offkit.elf.resolution import MISSING, Report, Resolution
from offkit.elf.search import Loader, Program

_PART = 8  # what fewer than one in so many modules use


class Root(NamedTuple):
    """An object that is opened for itself, and what it drags in."""

    object: Object
    report: Report


def roots(loader: Loader, program: Program, objects: Sequence[Object]) -> List[Root]:
    """Modules as ``program`` imports them, programs, and what none of these loads: a library or a plug-in
    that somebody opens by name, each with what it brings along.
    """
    found = [Root(each, program.dlopen(each.path)) for each in objects if each.kind == MODULE]
    found += [Root(each, loader.program(each.path).report) for each in objects if each.kind == PROGRAM]
    loaded = {identity for root in found for identity in root.report.loaded}
    needed = {name for each in objects for name in each.elf.needed}
    rest = [each for each in objects if each.kind not in (MODULE, PROGRAM)]
    # Who is needed by another one is loaded by that, but for circles.
    for each in sorted(rest, key=lambda one: not needed.isdisjoint(_names(one))):
        if loader.view.open(each.path).identity not in loaded:
            root = Root(each, program.dlopen(each.path))
            loaded.update(root.report.loaded)
            found.append(root)
    return found


def _names(each: Object) -> Set[str]:
    return {posixpath.basename(each.path), each.elf.soname}


class Owners:
    """Who brings a file, what that requires, and its code. Subclass it."""

    def owner(self, path: str) -> str:
        """The distribution, or "" where it is in none."""
        raise NotImplementedError

    def related(self, name: str) -> Set[str]:
        """What a distribution requires, and what that requires, with itself."""
        raise NotImplementedError

    def sources(self, name: str) -> Sequence[str]:
        """Its files in .py, relative to site-packages."""
        raise NotImplementedError

    def read(self, name: str, source: str) -> Optional[bytes]:
        """One of them; None where that fails."""
        raise NotImplementedError

    def relative(self, path: str) -> str:
        """The path of a file below site-packages."""
        raise NotImplementedError


class Weights:
    """What is lost with an object: more than a part that can be done without?"""

    def __init__(self, opened: Iterable[Root], owners: Owners, commands: str, strays: bool = False) -> None:
        """``commands`` is the directory of what people start; ``strays``: whether a library that is in no
        distribution is taken for one that somebody opens."""
        self._opened = list(opened)
        self._objects = [root.object for root in self._opened]
        self._owners, self._commands, self._strays = owners, commands, strays
        self._of: Optional[Dict[str, List[Object]]] = None
        self._loaded: Dict[str, Tuple[Set[str], bool]] = {}
        self._brought: Dict[str, FrozenSet[str]] = {}  # by path
        self._opening: Dict[str, List[bytes]] = {}

    def before(self, copies: Set[str], miss: Resolution) -> bool:
        """Whether one of these files (identities) may have been loaded before it is missed: by a module from
        which the loader comes to it, or by code that opens it, or what brings it along, by its name. Of
        what is in no distribution nobody knows the code."""
        owner = self._owners.owner(miss.needed_by)
        related = self._owners.related(owner) if owner else set()
        for each in self._opened:
            if each.object.kind == PROGRAM or copies.isdisjoint(each.report.loaded):
                continue
            name = posixpath.basename(each.object.path)
            if (
                not owner
                or each.object.kind != LIBRARY
                or any(self._open(who, name) for who in sorted(related))
            ):
                return True
        return False

    def _open(self, who: str, name: str) -> bool:
        """Whether code of that distribution may open such a library."""
        if who not in self._opening:
            read = (self._owners.read(who, source) for source in self._owners.sources(who))
            self._opening[who] = [data for data in read if data and importers.opens(data)]
        return any(importers.may_open(data, name) for data in self._opening[who])

    def firm(self, each: Object) -> bool:
        """Whether an import of its package's own top-level modules fails without, or the package is there for
        nothing else: a program where that has no extension module."""
        if each.kind == PLUGIN:
            return False
        if each.kind == PROGRAM and posixpath.dirname(each.path) == self._commands:
            return True
        who = self._owners.owner(each.path)
        if each.kind == PROGRAM:
            return all(one.kind != MODULE for one in self._objects_of(who))
        if not who:
            return each.kind == MODULE or self._strays
        if who not in self._loaded:
            mine = [one._replace(path=self._owners.relative(one.path)) for one in self._objects_of(who)]
            self._loaded[who] = importers.loaded(
                mine, self._owners.sources(who), lambda source: self._owners.read(who, source)
            )
        loaded, vague = self._loaded[who]
        return self._owners.relative(each.path) in loaded and not (vague and self._part(each, who))

    def _part(self, each: Object, who: str) -> bool:
        """Whether hardly another module of that distribution uses the libraries of distributions that it
        does: PyQt5's QtMultimedia is a part, QtGui is not."""
        if not self._brought:
            for root in self._opened:
                self._brought[root.object.path] = self._libraries(root)
        mine = self._brought.get(each.path, frozenset())
        modules = [self._brought[one.path] for one in self._objects_of(who) if one.kind == MODULE]
        return _PART * sum(mine <= one for one in modules) < len(modules)

    def _libraries(self, root: Root) -> FrozenSet[str]:
        """What distributions bring of the libraries that it loads, and itself where it is one."""
        found = {each.name for each in root.report.resolutions if each.path and self._owners.owner(each.path)}
        return frozenset(found | ({root.object.path} if root.object.kind == LIBRARY else set()))

    def _objects_of(self, name: str) -> List[Object]:
        if self._of is None:
            self._of = {}
            for each in self._objects:
                self._of.setdefault(self._owners.owner(each.path), []).append(each)
        return self._of.get(name, [])


class Copies:
    """Files of an environment with the names of libraries, and for whom each may count."""

    def __init__(self, objects: Iterable[Object], owners: Owners) -> None:
        self._owners = owners
        self._called: Dict[str, List[str]] = {}
        self._named: Dict[str, List[str]] = {}
        for each in objects:
            self._named.setdefault(posixpath.basename(each.path), []).append(each.path)
            if each.elf.soname:
                self._called.setdefault(each.elf.soname, []).append(each.path)

    def earlier(self, miss: Resolution) -> str:
        """A copy that the distribution in need, or one that it requires, may have loaded before; "" for
        none. What is in no distribution is given the benefit of the doubt."""
        return next(iter(self.all_earlier(miss)), "")

    def all_earlier(self, miss: Resolution) -> List[str]:
        """All of them."""
        near = self._near(self._called, miss)
        return near if near or self._owners.owner(miss.needed_by) else self._near(self._named, miss)

    def unreachable(self, miss: Resolution) -> str:
        """A file of the same name there that nothing leads to, neither a path nor its DT_SONAME; or ""."""
        return "" if self.earlier(miss) else next(iter(self._near(self._named, miss)), "")

    def strange(self, name: str) -> str:
        """A copy, whoever it belongs to; or ""."""
        return next(iter(self._called.get(name, ()) or self._named.get(name, ())), "")

    def _near(self, there: Dict[str, List[str]], miss: Resolution) -> List[str]:
        copies = there.get(miss.name, ())
        who = self._owners.owner(miss.needed_by) if copies else ""
        near = self._owners.related(who) if who else set()
        return [path for path in copies if not who or self._owners.owner(path) in near]

    def moot(self, root: Object, miss: Resolution) -> bool:
        """Whether ``root`` is a vendored library that nobody was seen to load, and relies on who does."""
        return root.vendored and root.kind != MODULE and bool(self.earlier(miss))


def missing(report: Report) -> List[Resolution]:
    return [each for each in report.resolutions if each.how == MISSING]

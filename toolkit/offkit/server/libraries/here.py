"""Which libraries this server has, as the loader of one interpreter sees it."""

import posixpath
from typing import Dict, Iterable, Sequence, Set, Tuple

from offkit.edges.tree import Tree
from offkit.elf.resolution import Resolution
from offkit.media import closure
from offkit.model.checklist import Checklist
from offkit.model.errors import EnvironmentProblem
from offkit.server.loader.view import TreeView, make_loader

Wanted = Dict[str, Tuple[str, ...]]  # soname → symbol versions asked of it


class Here:
    """The libraries of a server and of the interpreter at ``python``."""

    def __init__(self, python: str, tree: Tree) -> None:
        """Raises EnvironmentProblem when that is no program."""
        self._view = TreeView(tree)
        opened = self._view.open(python)
        if opened.elf is None:
            raise EnvironmentProblem("{} is not an ELF program: {}".format(python, opened.problem))
        self.elf = opened.elf
        self.arch = opened.elf.arch
        self.machine = opened.elf.platform or "x86_64"
        self._loader, _ = make_loader(tree, self._view, opened.elf.interpreter, self.machine)
        started = self._loader.program(python).report
        # What the process has loaded is found again by its name, wherever it lies.
        self._loaded = {each.name: each.path for each in started.resolutions if each.found}
        self._loaded[posixpath.basename(opened.elf.interpreter)] = opened.elf.interpreter

    def lacks(self, soname: str, versions: Sequence[str] = ()) -> bool:
        """Whether no library of that name with those versions would be found without an RPATH."""
        path = self._loaded.get(soname) or self._loader.system(soname, self.arch)
        elf = self._view.open(path).elf if path else None
        if elf is None:
            return True
        return elf.versioned and any(version not in elf.defines for version in versions if version)

    def lacks_capability(self, capability: str) -> bool:
        """The same for what an RPM requires: ``libz.so.1(ZLIB_1.2.0)(64bit)``."""
        soname, version = closure.parse(capability)
        return self.lacks(soname, (version,))

    def lacking(self, wanted: Checklist) -> Wanted:
        """What of a bundle's checklist is not here."""
        asked = {library.soname: tuple(library.versions) for library in wanted.libraries}
        return {soname: versions for soname, versions in asked.items() if self.lacks(soname, versions)}


def versions_asked(tree: Tree, missing: Iterable[Resolution]) -> Wanted:
    """The sonames of these entries, with the versions that the files asking for them want."""
    view = TreeView(tree)
    found: Dict[str, Set[str]] = {}
    for each in missing:
        elf = view.open(each.needed_by).elf
        needs = elf.needs if elf is not None else ()
        versions = {need.version for need in needs if need.file == each.name and not need.weak}
        found.setdefault(each.name, set()).update(versions)
    return {soname: tuple(sorted(versions)) for soname, versions in found.items()}

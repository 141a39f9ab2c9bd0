"""Which distribution a file of an environment belongs to, by RECORD, and what that requires."""

import posixpath
from typing import Dict, List, Optional, Sequence, Set

from offkit.edges.tree import Tree
from offkit.elf.reach import Owners
from offkit.model import record, requirement
from offkit.server.doctor.distribution import headers_of
from offkit.server.environment.environment import Environment

_TEXT = 16 * 1024 * 1024  # bytes of RECORD or METADATA that are read


class Recorded(Owners):
    """Read when they are first asked for: where nothing is missing, nobody asks."""

    def __init__(self, tree: Tree, env: Environment) -> None:
        self._tree, self._tops = tree, env.site_packages + env.outside
        self._files: Optional[Dict[str, str]] = None
        self._requires: Dict[str, List[str]] = {}

    def owner(self, path: str) -> str:
        """Its normalised name, or ""."""
        return self._read().get(posixpath.normpath(path), "")

    def related(self, name: str) -> Set[str]:
        """What it requires, and what that requires, with itself."""
        self._read()
        return requirement.closure(name, self._requires)

    def sources(self, name: str) -> Sequence[str]:
        paths = (path for path, owner in self._read().items() if owner == name and path.endswith(".py"))
        return [path for path in map(self.relative, paths) if not path.startswith("/")]

    def read(self, name: str, source: str) -> Optional[bytes]:
        for top in self._tops:
            try:
                with self._tree.open(posixpath.join(top, source)) as opened:
                    return bytes(opened.read(_TEXT))
            except OSError:
                continue
        return None

    def relative(self, path: str) -> str:
        path = posixpath.normpath(path)
        inside = (path[len(top) + 1 :] for top in self._tops if path.startswith(top + "/"))
        return next(inside, path)

    def _read(self) -> Dict[str, str]:
        if self._files is None:
            self._files = {}
            for top in self._tops:
                for each in self._tree.names(top):
                    if each.endswith(".dist-info"):
                        self._add(self._files, top, posixpath.join(top, each))
        return self._files

    def _add(self, files: Dict[str, str], top: str, directory: str) -> None:
        """What is damaged there, the check of packages says."""
        try:
            headers = headers_of(self._tree.text(directory + "/METADATA", _TEXT))
            lines, _ = record.read(self._tree.text(directory + "/RECORD", _TEXT))
        except OSError:
            return
        name = requirement.normalize(str(headers.get("Name") or posixpath.basename(directory).split("-")[0]))
        self._requires[name] = requirement.required(str(x) for x in headers.get_all("Requires-Dist") or ())
        for line in lines:
            files[posixpath.normpath(posixpath.join(top, line.path))] = name

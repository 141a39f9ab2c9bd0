"""The loader's look at a server's files below a root."""

import errno
from typing import Dict

from offkit.edges.tree import Tree
from offkit.elf import reader
from offkit.elf.search import Opened, View


class TreeView(View):
    """The loader's look at a server's files; each ELF file is read once."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._by_path: Dict[str, Opened] = {}
        self._by_identity: Dict[str, Opened] = {}

    def open(self, path: str) -> Opened:
        if path not in self._by_path:
            self._by_path[path] = self._open(path)
        return self._by_path[path]

    def _open(self, path: str) -> Opened:
        try:
            real = self._tree.real(path)
        except OSError as error:
            return Opened(problem=error.strerror or str(error), absent=True)
        if real not in self._by_identity:
            self._by_identity[real] = self._read(real)
        return self._by_identity[real]

    def _read(self, real: str) -> Opened:
        try:
            with self._tree.open(real) as source:
                return Opened(reader.read(source), real)
        except FileNotFoundError:
            return Opened(problem="no such file", absent=True)
        except (reader.NotElf, reader.BadElf) as error:
            return Opened(None, real, str(error))
        except OSError as error:
            if error.errno == errno.EINVAL:
                return Opened(None, real, str(error.strerror))
            return Opened(None, real, error.strerror or str(error), absent=True)

    @property
    def count(self) -> int:
        """ELF files read so far."""
        return sum(opened.elf is not None for opened in self._by_identity.values())

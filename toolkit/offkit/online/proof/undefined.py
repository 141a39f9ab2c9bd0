"""Symbols that the ELF files of wheels want without a version, and that nothing in the wheels defines: the
server's own libraries have to.

Of every file is kept which names it wants, and of those that it defines the hashes, as DT_GNU_HASH has them.
What begins like Python's own is left out: which Python it will be is seen on the server.
"""

from __future__ import annotations

import base64
from array import array
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any

from offkit.elf.refusals import Process
from offkit.elf.resolution import Mapped, Refusal, View
from offkit.elf.symbols import Table, Wants, likely_in

_PYTHON = (b"Py", b"_Py")
_NOTHING: Mapping[str, bool] = MappingProxyType({})
Asked = dict[str, dict[str, AbstractSet[bytes]]]  # what is opened → files that come with it → names


def kept(table: Table) -> dict[str, Any]:
    """As JSON takes it."""
    wanted = {name for name in table.wanted() if not name.startswith(_PYTHON)}
    at_once = table.at_once(wanted) if wanted else {}
    return {
        "wants": {name.decode("utf-8", "surrogateescape"): now for name, now in at_once.items()},
        "defines": base64.b64encode(table.defined().tobytes()).decode("ascii"),
    }


class Known(Wants):
    """What was kept of a file, in the place of its symbols."""

    def __init__(self, wants: Mapping[str, bool] = _NOTHING, defines: str = "") -> None:
        super().__init__({name.encode("utf-8", "surrogateescape"): now for name, now in wants.items()})
        self._packed, self._defined = defines, frozenset[int]()

    def having(self, names: AbstractSet[bytes], versions_too: bool = False) -> AbstractSet[bytes]:
        if self._packed:
            hashes = array("I")
            hashes.frombytes(base64.b64decode(self._packed))
            self._packed, self._defined = "", frozenset(hashes)
        return likely_in(self._defined, names) if self._defined else set()


class Asking(Process):
    """Refuses nothing, and takes down what is lacking wherever libraries of the server are loaded besides."""

    def __init__(self, asked: Asked, program: str, view: View, main: Mapped, libc: Any) -> None:
        """``program`` is the Python, which is on the server."""
        super().__init__((), view, main, libc)
        self._asked, self._program = asked, program

    def started(self, fresh: Sequence[Mapped], scope: Sequence[str], whole: bool) -> tuple[Refusal, ...]:
        self._scope = scope
        if fresh[0].path != self._program:
            self._note(fresh, (), False)
        return ()

    def opened(self, fresh: Sequence[Mapped], scope: Sequence[str], whole: bool) -> tuple[Refusal, ...]:
        self._note(fresh, scope, True)
        return ()

    def _note(self, fresh: Sequence[Mapped], scope: Sequence[str], opened: bool) -> None:
        lacking = {each.path: self.lacking(each, scope, opened) for each in fresh}
        self._asked[fresh[0].path] = {path: names for path, names in lacking.items() if names}

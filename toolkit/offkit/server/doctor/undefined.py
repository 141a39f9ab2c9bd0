"""LIB014 before anything is installed: each file of the wheels that wants symbols of the server is put before
the loader as one that needs the same libraries, and wants nothing but those.
"""

import os
import posixpath
import sys
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

from offkit.edges.tree import Tree
from offkit.elf.reader import ET_DYN, ET_EXEC, Elf
from offkit.elf.resolution import Opened, View
from offkit.elf.search import Loader, Program
from offkit.elf.symbols import Wants
from offkit.model.checklist import Checklist, Undefined
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.server.doctor import refusal_words

_PLACE = "/offkit-bundle"
# What is loaded in every Python there is, where the server has it.
_PYTHON = ("libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "libutil.so.1")
_PYTHONS = ("/usr/local/bin/python{}", "/usr/bin/python{}")


class Foreseen(View):
    """The server's files, and those of a bundle as far as its checklist tells of them."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._files: Dict[str, Tuple[Opened, Wants]] = {}

    def put(self, elf: Elf, names: Dict[bytes, bool]) -> str:
        """Its path."""
        path = posixpath.join(_PLACE, str(len(self._files)))
        self._files[path] = Opened(elf, path), Wants(names)
        return path

    def open(self, path: str) -> Opened:
        return self._files[path][0] if path in self._files else self._view.open(path)

    def symbols(self, identity: str) -> Any:
        return self._files[identity][1] if identity in self._files else self._view.symbols(identity)

    def is_dir(self, path: str) -> bool:
        return self._view.is_dir(path)


class _Case(NamedTuple):
    path: str
    asked: Undefined


def inspect(
    tree: Tree, view: Foreseen, loader: Loader, wanted: Checklist, usual: Elf, series: str
) -> List[Finding]:
    """``loader`` looks through ``view``; ``usual`` is like a file of the bundle; ``series`` is that of
    Python. Where a library is missing nobody can say, and that is told by itself."""
    if not wanted.undefined:
        return []
    cases = [_Case(_put(view, usual, each), each) for each in wanted.undefined]
    python = _python(tree, view, loader, usual, series)
    found: Dict[Tuple[str, bool], Finding] = {}
    # What is told with more weight comes first.
    for path, asked in sorted(cases, key=lambda case: case.asked.optional):
        report = loader.program(path).report if asked.started else python.dlopen(path)
        for refusal in report.refusals:
            if refusal.path != path:
                continue
            having = asked.copies.get(refusal.symbols[0], "") if refusal.symbols else ""
            severity = WARNING if asked.optional or not refusal.certain else ERROR
            told = refusal._replace(path=asked.file)
            finding = refusal_words.finding(told, severity, asked.file, having, True, series, "")
            found.setdefault(
                (asked.file, refusal.certain), finding._replace(looked_in=_places(report.resolutions))
            )
    return list(found.values())


def _put(view: Foreseen, usual: Elf, asked: Undefined) -> str:
    elf = usual._replace(
        kind=ET_EXEC if asked.started else ET_DYN,
        interpreter=usual.interpreter if asked.started else "",
        needed=asked.libraries,
        stack=False,
    )
    names = {name.encode("utf-8", "surrogateescape"): True for name in asked.names}
    names.update((name.encode("utf-8", "surrogateescape"), False) for name in asked.later)
    return view.put(elf, names)


def _places(resolutions: Iterable[Any]) -> Tuple[str, ...]:
    return tuple(dict.fromkeys(each.path for each in resolutions if each.path))


def _python(tree: Tree, view: Foreseen, loader: Loader, usual: Elf, series: str) -> Program:
    """The one that a bundle is for, as far as one is here; else one that brings what every Python does."""
    own = [os.path.realpath(sys.executable)] if not tree.root and _running(series) else []
    for path in [*own, *(place.format(series) for place in _PYTHONS)]:
        if view.open(path).elf is not None:
            return loader.program(path)
    needed = tuple(name for name in _PYTHON if loader.system(name, usual.arch))
    return loader.program(view.put(usual._replace(kind=ET_EXEC, needed=needed), {}))


def _running(series: str) -> bool:
    return "{}.{}".format(*sys.version_info[:2]) == series

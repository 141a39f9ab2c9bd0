"""What is said of a module that was imported in a rehearsal, and of the user's own check."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterable
from typing import NamedTuple

from offkit.edges import data
from offkit.edges.run import Result
from offkit.model import packages
from offkit.model.checklist import Checklist
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.target import Target

_LIBRARY = re.compile(r"(\S+\.so\S*): cannot open shared object file")
_ABSENT = re.compile(r"^No module named '([^']+)'", re.MULTILINE)
_GLIBC = re.compile(r"version `GLIBC_(\d+)\.(\d+)' not found")
_OUT_OF_TIME = re.compile(r"^Timeout \(([\d:.]+)\)!", re.MULTILINE)  # faulthandler's
_FRAME = re.compile(r'^  File "([^"<][^"]*)", line (\d+)', re.MULTILINE)  # the same, innermost first
_TIMED_OUT = 124  # timeout(1)

Raised = tuple[str, str, list[tuple[str, int]]]  # type, text, files and lines, the innermost last


class Module(NamedTuple):
    name: str  # dotted
    package: str  # normalised
    part: bool = False  # of a package that cannot be imported as a whole


class Judge(NamedTuple):
    place: str  # "this machine"
    target: Target
    libraries: Checklist
    needed: frozenset[str] = frozenset()  # packages that others of the bundle require
    top: str = ""  # the temporary directory of the rehearsal, whose name says nothing
    prefix: str = ""  # in it
    there: frozenset[str] = frozenset()  # all that can be imported, but for the standard library

    def module(self, module: Module, done: Result) -> Finding | None:
        """REQ022, where it was not imported: an error where that is the bundle's fault."""
        name = module.name
        raised = _raised(done.stdout)
        if done.ok and raised == []:
            return None
        text = "\n".join([done.stderr, *(said for _, said, _ in raised or ())])
        lack = self._lack(text)
        if lack:
            return Finding("REQ022", INFO, name, f"could not be tried: {lack}")
        wanted = self._absent(raised)
        if wanted and (module.part or module.package in self.needed):
            # What requires it is imported, or that is an error of its own; a part may be for an extra.
            message = f"cannot be imported without {wanted}, which nothing in the bundle requires"
            return Finding("REQ022", WARNING, name, message)
        return Finding("REQ022", ERROR, name, self._plain(self._why(done, raised)))

    def check(self, name: str, done: Result) -> Finding:
        """REQ022 of a check that failed."""
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        said = f": {lines[-1]}" if lines else ""
        return Finding("REQ022", ERROR, name, self._plain(f"{_ended(done.returncode)}{said}"))

    def _lack(self, text: str) -> str:
        """What the server has and the place has not; "" where that is not why."""
        library, known = _LIBRARY.search(text), {one.soname: one for one in self.libraries.libraries}
        if library and library[1] in known:
            rpm = known[library[1]].rpm
            return f"{self.place} has no {library[1]}" + (f"; the server gets it from {rpm}" if rpm else "")
        module = _ABSENT.search(text)
        if module and module[1] in _of_libraries(self.target.python_series):
            return (
                f"the Python of {self.place} was built without {module[1]}, which is of the standard library"
            )
        glibc = _GLIBC.search(text)
        if glibc and (int(glibc[1]), int(glibc[2])) <= self.target.glibc:
            return f"{self.place} has a glibc older than {glibc[1]}.{glibc[2]}, which the server has"
        return ""

    def _why(self, done: Result, raised: list[Raised] | None) -> str:
        if raised:
            kind, text, frames = raised[0]
            said = "cannot be imported: " + _one(kind, text)
            if len(raised) > 1:
                kind, text, frames = raised[-1]
                said += f", because of {_one(kind, text)}"
            return said if kind == "SyntaxError" else said + self._where(reversed(frames))
        where = self._where((path, int(line)) for path, line in _FRAME.findall(done.stderr))
        late = _OUT_OF_TIME.search(done.stderr)
        if late:
            return f"was not imported within {late[1]}{where}"
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        said = f": {lines[0]}" if lines and not where else ""
        return f"ends the interpreter that imports it: {_ended(done.returncode)}{said}{where}"

    def _where(self, frames: Iterable[tuple[str, int]]) -> str:
        """The first of them in what was installed; others are of the interpreter."""
        tops = (self.top, os.path.realpath(self.top))
        found = next((f" ({path}, line {line})" for path, line in frames if path.startswith(tops)), "")
        return found if self.top else ""

    def _absent(self, raised: list[Raised] | None) -> str:
        """The module that was looked for in vain, where no package of the bundle has it."""
        kind, text, _ = raised[-1] if raised else ("", "", [])
        found = _ABSENT.search(text) if kind == "ModuleNotFoundError" else None
        top = found[1].partition(".")[0] if found else ""
        return "" if top in self.there else top

    def _plain(self, text: str) -> str:
        """Without the names of directories that will be gone."""
        for top in dict.fromkeys((os.path.realpath(self.top), self.top) if self.top else ()):
            prefix = top + self.prefix[len(self.top) :]
            generation = re.escape(prefix) + r"/(?:current|generations/[^/\s'\"]+)"
            text = re.sub(generation + r"/lib(?:64)?/python3\.\d+/site-packages/", "", text)
            text = re.sub(generation, "PREFIX/current", text).replace(prefix, "PREFIX")
            text = text.replace(top + "/home", "~").replace(top, "$TMPDIR")
        return text


def _of_libraries(series: tuple[int, int]) -> set[str]:
    """Modules that a CPython may lack, as it was compiled without their libraries."""
    rows = packages.parse_modules(data.read_text(packages.MODULES))
    return {name for row in rows if row.exists_in(series) for name in (*row.modules, *row.extensions)}


def _raised(told: str) -> list[Raised] | None:
    """What was raised, and its causes; nothing where it was imported; None where
    nobody came to say so."""
    try:
        return [
            (kind, text, [(path, line) for path, line in frames])
            for kind, text, frames in json.loads(told)["raised"]
        ]
    except (ValueError, TypeError, KeyError):
        return None


def _one(kind: str, text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return f"{kind}: {first}" if first else kind


def _ended(code: int) -> str:
    """As timeout(1) tells it: of a signal with 128 and its number, where it is the first of its processes."""
    if code == _TIMED_OUT:
        return "was not done in time"
    number = -code if code < 0 else code - 128
    try:
        return f"killed by {signal.Signals(number).name}"
    except ValueError:
        return f"ended with {code}"

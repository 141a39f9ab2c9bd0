"""What to ask for where a package cannot be imported: seen to resolve with the rest, and not to work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from offkit.model.finding import ERROR, Finding
from offkit.online.reasons import names
from offkit.online.reasons.clashes import Holds
from offkit.online.request.locked import LockedWheel

_ABSENT = re.compile(r"^No module named '([^'.]+)", re.MULTILINE)
_RAISED = re.compile(r"\w+Error\b")
_HOLDS = "the whole request resolves with it"
_OF_THE_PACKAGE = "SMOKE001"  # not that it wants a network, a display or more time
_KNOWN = ("REQ020", "REQ021")  # of a package, with a cure that is better than any of these


class Remedies(NamedTuple):
    lock: Mapping[str, LockedWheel]  # by normalised names
    told: Iterable[Finding]  # of the bundle
    holds: Holds

    def of(self, package: str, found: Finding, texts: str) -> str:
        """For what 'offkit smoke' has ``found`` of a module of a package, whose import said these texts; ""
        where nothing is known that resolves."""
        name = canonicalize_name(package)
        known = next(
            (one.fix for one in self.told if one.code in _KNOWN and one.subject == name and one.fix), ""
        )
        if known or found.code != _OF_THE_PACKAGE or name not in self.lock or found.fix:
            return known
        absent = _ABSENT.findall(texts)
        if absent:
            return self._with(names.having(absent[-1]))
        return self._older(name) if found.severity == ERROR else ""

    def foretold(self, package: str, found: Finding, texts: str) -> list[Finding]:
        """Those of the bundle's own findings that say the same of the package, as ``of`` has it."""
        name, heard = canonicalize_name(package), f"{found.message}\n{texts}"
        own = [one for one in self.told if one.subject == name and one.severity == ERROR]
        return [one for one in own if found.code == _OF_THE_PACKAGE and _tells(one, heard)]

    def _with(self, line: str) -> str:
        """That a project is asked for too, which the bundle does not have so."""
        if not line:
            return ""
        one = Requirement(line)
        have = self.lock.get(canonicalize_name(one.name))
        if have is not None and one.specifier.contains(have.version, prereleases=True):
            return ""
        return f"ask for {line!r} too: {_HOLDS}" if self.holds(more=(line,)) == {} else ""

    def _older(self, name: str) -> str:
        older = f"{name}<{self.lock[name].version}"
        instead = self.holds(older)
        if instead is None:
            return ""
        change = f"use {name}=={instead[name]}" if name in instead else f"add {older!r}"
        return f"{change}: {_HOLDS}; whether that can be imported, --rehearse tells"


def _tells(told: Finding, heard: str) -> bool:
    """Whether a finding foretold what was heard when a module of its package was imported."""
    if told.code == "REQ020":
        return "SyntaxError" in heard
    if told.code != "REQ021":
        return False
    names = _RAISED.findall(told.message)  # of modules compiled for NumPy 1 it is not known what they raise
    return any(name in heard for name in names) if names else "numpy" in heard

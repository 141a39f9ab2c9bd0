"""Why libsolv finds no solution, in plain sentences."""

from __future__ import annotations

from typing import Any, NamedTuple


class Problem(NamedTuple):
    """What stands against a solution; there may be several at once."""

    subject: str  # title of the package that it is about, or what was asked for
    missing: str  # a capability that nothing gives: then that is the whole problem; else ""
    sentences: tuple[str, ...]  # all that libsolv knows of it

    @property
    def asked(self) -> bool:
        """Whether what is missing is what was asked for itself."""
        return self.missing == self.subject


# By the name of libsolv's kind of rule: {0} is a package, {1} another one, {2} what is between them.
_SENTENCES = {
    "JOB": "what was asked for itself contradicts it",
    "JOB_UNKNOWN_PACKAGE": "no repository has {2}",
    "JOB_NOTHING_PROVIDES_DEP": "no repository has {2}",
    "PKG_NOT_INSTALLABLE": "{0} does not count here: it is for another architecture or release, or left out",
    "PKG_NOTHING_PROVIDES_DEP": "{0} requires {2}, which no repository has",
    "PKG_REQUIRES": "{0} requires {2}",
    "PKG_SAME_NAME": "{0} and {1} are one package in two versions",
    "PKG_CONFLICTS": "{0} conflicts with {2}, which is {1}",
    "PKG_SELF_CONFLICT": "{0} conflicts with {2}, which it is itself",
    "PKG_OBSOLETES": "{0} obsoletes {2}, which is {1}",
    "PKG_IMPLICIT_OBSOLETES": "{0} replaces {2}, which is {1}",
    "PKG_INSTALLED_OBSOLETES": "{0} is obsoleted by {1} ({2}), which the server has",
    "PKG_CONSTRAINS": "{0} allows only {2}, and {1} is another",
    "UPDATE": "{0}, which the server has, must stay or be replaced by a newer one",
    "YUMOBS": "{0} and {1} both take the place of {2}",
}


def problem(solv: Any, found: Any) -> Problem:
    """One of those that libsolv's ``solve`` gives."""
    kinds = {getattr(solv.Solver, "SOLVER_RULE_" + name): name for name in _SENTENCES}
    infos = [info for rule in found.findallproblemrules() for info in rule.allinfos()]
    sentences: dict[str, None] = {}
    for info in infos:
        name = kinds.get(info.type)
        text = (
            _SENTENCES[name].format(_title(info.solvable), _title(info.othersolvable), info.dep)
            if name
            else ""
        )
        sentences[text or info.problemstr()] = None
    for info in infos:
        kind = kinds.get(info.type, "")
        if kind in ("JOB_UNKNOWN_PACKAGE", "JOB_NOTHING_PROVIDES_DEP"):
            return Problem(str(info.dep), str(info.dep), tuple(sentences))
    for info in infos:
        if kinds.get(info.type) == "PKG_NOTHING_PROVIDES_DEP":
            return Problem(_title(info.solvable), str(info.dep), tuple(sentences))
    first = next((_title(info.solvable) for info in infos if info.solvable), "what was asked for")
    return Problem(first, "", tuple(sentences))


def _title(solvable: Any) -> str:
    return str(solvable) if solvable else "what was asked for"

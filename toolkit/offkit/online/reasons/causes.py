"""Why pip's resolver gave up (``resolvelib.ResolutionImpossible``), and what is told of it: as values."""

from __future__ import annotations

from typing import Any, NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import Version

from offkit.model.finding import Finding
from offkit.online.index.upstream import reach


class Elsewhere(NamedTuple):
    """The system that alone a package is listed for."""

    system: str  # "Windows"
    line: str  # of the request, that asks for it there alone
    sure: bool  # whether it is of no use elsewhere


class Source(NamedTuple):
    """What there is of a package in the place of a wheel."""

    version: Version
    compiled: bool  # all wheels that there are, for others, are of one machine; or its source says so
    filename: str = ""
    read: bool = False  # what it says it requires was read, and the request resolves with it


class Problem(NamedTuple):
    """Why something cannot be had, and where it may be had: hints for the cures that will be tried."""

    finding: Finding  # its fix: what holds without being tried
    project: str = ""  # "" for a conflict of several
    parent: str = ""  # the project that wants it; "" when the user does
    minors: tuple[int, ...] = ()  # CPython 3 releases that there seems to be a wheel for
    system: bool = False  # whether a newer glibc would do
    pre: bool = False  # whether a pre-release would do
    local: bool = False  # whether it may do without the local part of its version
    given: bool = False  # as a file, in the place of which its version may do
    hopeless: bool = False  # no version of it will do
    home: str = ""  # the index with a name that has it, though it is not to come from there
    elsewhere: Elsewhere | None = None
    wheels_for: str = ""  # the other system, if that is one, that all wheels of what was asked for are for
    source: Source | None = None
    among: tuple[str, ...] = ()  # of a conflict: the projects that it is between, normalised
    # Of the request, what leads to a conflict, or to a parent that is not asked for itself.
    askers: tuple[str, ...] = ()

    def untried(self) -> Problem:
        """Where it is not seen that the request resolves with its source."""
        return self if self.source is None else self._replace(source=self.source._replace(read=False))


class Cause(NamedTuple):
    """One of the requirements that could not be met together."""

    project: str  # normalised; "" for a Requires-Python
    specifier: str  # ">=2,<3", may be empty
    text: str  # as written
    parent: str  # "rich 12.6.0", empty when the user asked
    given: bool = False  # by a path or a URL, and not by name

    @property
    def wanting(self) -> str:
        """The project that wants it; "" when the user does, in a constraint too."""
        by_user = not self.parent or self.parent.startswith("-")
        return "" if by_user else canonicalize_name(self.parent.split(" ")[0])


def of(error: BaseException) -> list[Cause] | None:
    """What made a resolution impossible; None when ``error`` is about something else."""
    impossible = reach("pip._vendor.resolvelib", "ResolutionImpossible")
    found = error if isinstance(error, impossible) else error.__cause__
    if not isinstance(found, impossible):
        return None
    result = []
    for requirement, parent in ((c.requirement, c.parent) for c in found.causes):
        is_python = type(requirement).__name__ == "RequiresPythonRequirement"
        specifier = str(requirement.specifier) if is_python else _specifier(requirement)
        result.append(
            Cause(
                project="" if is_python else str(requirement.project_name),
                specifier=specifier,
                text=str(requirement),
                parent=f"{parent.name} {parent.version}" if parent is not None else "",
                given=type(requirement).__name__ == "ExplicitRequirement",
            )
        )
    return result


def of_constraint(ireq: Any) -> Cause:
    """The same of a constraint, which pip applies without a word: its parent is the line it is in."""
    name = canonicalize_name(ireq.name or "")
    return Cause(name, str(ireq.specifier), str(ireq.req), str(ireq.comes_from))


def of_request(ireq: Any) -> Cause:
    """The same of a requirement of the user's, by name."""
    return of_constraint(ireq)._replace(parent="")


def _specifier(requirement: Any) -> str:
    ireq = requirement.get_candidate_lookup()[1]
    return str(ireq.specifier) if ireq is not None else ""

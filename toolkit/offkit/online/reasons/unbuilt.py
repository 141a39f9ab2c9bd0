"""Sources that do not become a wheel for a server: why, and what would."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from packaging.utils import canonicalize_name

from offkit.model.built import Built
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.url import shown
from offkit.online.reasons.causes import Problem
from offkit.online.request.pyproject import Unfit
from offkit.online.sources.refusal import Refused

# As setuptools-scm, hatch-vcs and pdm write it (a date), and versioneer and dunamai (a word).
_CHANGED = re.compile(r"\+(?:.*\.)?(?:d\d{8}|dirty)$")
_ALL = "-v shows all that the build said"


def of_index(project: str, text: str, refused: Refused, elsewhere: str) -> Problem:
    """A problem with the sources that an index has for ``text``, a requirement; ``elsewhere`` says how to
    build them on another machine."""
    what = f"{refused.subject} cannot be built here: {refused.why}"
    what = f"{text}: {what}" if text != project else what
    return Problem(Finding("REQ025", ERROR, project, what, refused.tail, _fix(refused, elsewhere)), project)


def of_request(
    ireq: Any, refused: Refused, elsewhere: Callable[[str], str], minors: Sequence[int] = ()
) -> Problem:
    """A problem with sources that were given; ``elsewhere`` of them says how to build them on another
    machine, ``minors`` as of Problem."""
    place = shown(ireq.link.url_without_fragment)
    name = ireq.name or place
    what = f"{place}: {refused.why}" if name != place else refused.why
    finding = Finding(refused.code, ERROR, name, what, refused.tail, _fix(refused, elsewhere(place)))
    project = canonicalize_name(ireq.name) if ireq.name else place
    return Problem(finding, project, minors=tuple(minors), hopeless=not minors)


def of_project(unfit: Unfit, minors: Sequence[int]) -> Problem:
    """A problem with a project, of which only the requirements are asked for; ``minors`` as of Problem."""
    return Problem(unfit.finding, canonicalize_name(unfit.finding.subject), minors=tuple(minors))


def made_before(problem: Problem, origins: Mapping[str, str]) -> Problem:
    """A problem with a wheel that was built when the lock was made, where no index has its project."""
    source = origins.get(problem.project)
    if source is None or problem.finding.code != "REQ003":
        return problem
    message = f"no index has it, nor has the cache its wheel: for the lock it was built from {source}"
    fix = "give that again in the place of the lock; or the wheel, with --find-links DIR"
    return problem._replace(finding=problem.finding._replace(message=message, fix=fix))


def of_changed(built: Iterable[Built]) -> list[Finding]:
    """REQ027 for versions that a tree with changes has which no commit has: nobody can tell what is in it."""
    return [
        Finding(
            "REQ027",
            WARNING,
            one.name,
            f"{one.version} is the version of a tree with changes that are not committed",
            (),
            "commit or stash them, and lock again",
        )
        for one in built
        if _CHANGED.search(one.version)
    ]


def editable(ireq: Any) -> Finding:
    """That -e means nothing for what is installed elsewhere."""
    place = ireq.link.file_path if ireq.link.is_file else shown(ireq.link.url_without_fragment)
    message = "-e is taken as a normal build: a server has nothing that could be edited"
    return Finding("REQ018", INFO, ireq.name or place, message)


def _fix(refused: Refused, elsewhere: str) -> str:
    if refused.fix:
        return refused.fix
    if refused.needs:
        return elsewhere
    return _ALL if refused.lines else ""

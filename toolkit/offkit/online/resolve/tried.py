"""A request once more with something changed: what would help, what speaks against a version."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name

from offkit.model.errors import OffkitError
from offkit.model.finding import Finding
from offkit.model.report import Reporter
from offkit.model.target import Target
from offkit.model.words import listed
from offkit.online.index import troubles
from offkit.online.index.named import FROM
from offkit.online.reasons import clashes
from offkit.online.reasons.causes import Problem
from offkit.online.reasons.trial import Held, Pins, Try, pins
from offkit.online.request.locked import Request
from offkit.online.resolve import requirement
from offkit.online.resolve.limit import Purse

# Candidates, for all that is tried of a request, and how many of them are built: of sources that have no
# version that will do, one after the other would be.
_READ, _BUILT = 1000, 4


class _Resolved(NamedTuple):
    versions: Pins
    changed: Pins  # those of the request that break a word of it


class Trials:
    """Each has a Session of its own, that says nothing. What an index refuses then is no answer."""

    def __init__(
        self,
        request: Request,
        target: Target,
        another: Callable[[Target, Sequence[str], Purse, int], Any],
        tell: Callable[[str], object],
        warn: Callable[[str], None],
    ) -> None:
        """``another`` opens a Session, with more options of indexes, that takes from a purse, and of what one
        may take so large a part: 2 is half. ``tell`` hears what is looked for, ``warn`` of an index that does
        not answer."""
        self._request, self._target, self._another, self._tell = request, target, another, tell
        self._warnings, self._purse = _Warnings(warn), Purse(_READ, _BUILT)
        self._beside = [(where, Trials(asked, where, another, tell, warn)) for where, asked in request.beside]

    @contextlib.contextmanager
    def _aside(self, target: Target, more: Sequence[str] = (), part: int = 1) -> Iterator[Any]:
        with (
            troubles.pip_speaks_through(self._warnings),
            self._another(target, more, self._purse, part) as other,
        ):
            yield other

    def attempt(self, what: Try) -> Held | None:
        """The whole request once more, as ``what`` says, and with what keeps it from what is known to fail;
        None where it cannot be resolved so, or what would change is what fails."""
        found = self._resolved(what)
        if found is None:
            return None
        cures = clashes.cures(found.versions, what.target)
        if cures:
            cured = self._resolved(what._replace(limits=(*what.limits, *cures)))
            if cured is not None and not clashes.cures(cured.versions, what.target):
                added = cured.versions.keys() & set(map(clashes.project, cures)) - cured.changed.keys()
                return Held(cured.changed, {name: cured.versions[name] for name in added})
        # What fails here as well is told of the request itself.
        here = what.target == self._target
        about = {*found.changed, *map(clashes.project, what.limits)} if here else None
        return None if clashes.cures(found.versions, what.target, about) else Held(found.changed, {})

    def everywhere(self, what: Try) -> Held | None:
        """The same, where it holds for the other targets of the call too."""
        held = self.attempt(what)
        return None if held is None or self._refused(what, held) else held

    def beside(self, what: Try, held: Held) -> tuple[str, str]:
        """Where another target of the call does not resolve with what holds so for this one: for whom it
        does, and how to have one file for all; else nothing."""
        if not self._refused(what, held):
            return "", ""
        others = [where for where, _ in self._beside]
        name, series = self._target.name, self._target.python_minor
        if name in (where.name for where in others):
            name += f":{series}"
        if what.pre or series in (where.python_minor for where in others):
            return f"for {name} alone: ", ""
        new, present = (f'; python_version {sign} "{series}"' for sign in ("==", "!="))
        kept = f" (in one file for all: {new} behind the new lines, {present} behind the present ones)"
        return f"for {name} alone: ", kept

    def _refused(self, what: Try, held: Held) -> bool:
        """Whether one of the other targets does not resolve with the request that this is."""
        change = what._replace(
            loose=bool(held.changed),
            public=False,
            near=0,
            only=frozenset(held.changed),
            some=False,
            limits=(*what.limits, *pins(held.changed)),
            more=(*what.more, *pins(held.added)),
        )
        for where, trials in self._beside:
            self._tell(f"trying the same for {where.name}")
            there = None
            with contextlib.suppress(OffkitError):
                there = trials.attempt(change._replace(target=where))
            if there is None or there.added:
                return True
        return False

    def _resolved(self, what: Try) -> _Resolved | None:
        part = 2 if what.near else 1  # there are other versions to look for after those
        options = [*(["--pre"] if what.pre else []), *(word for one in what.taken for word in (FROM, one))]
        with self._aside(what.target, options, part) as other:
            lost: list[Problem] = []
            named: set[str] | None = set() if what.named or what.public or what.loose else None
            requirements = [
                ireq
                for ireq in other.read(self._request, None, lost, by_name=named)
                if canonicalize_name(ireq.name or "") not in what.without
            ]
            if any(one.project not in what.without for one in lost):
                return None
            asked = [requirement.as_tried(ireq, what) for ireq in requirements]
            if what.loose and all(one is ireq for one, ireq in zip(asked, requirements, strict=True)):
                return None
            asked += [*map(requirement.asked, what.more), *map(requirement.constraint, what.limits)]
            pinned = other.resolved(asked) if asked else []
        if pinned is None or other.seen.damaged or (what.some and not pinned):
            return None
        versions: Pins = {canonicalize_name(ireq.name): requirement.version(ireq) for ireq in pinned}
        changed: Pins = {
            name: versions[name]
            for name, ireq in ((canonicalize_name(ireq.name or ""), ireq) for ireq in requirements)
            if name in versions
            and (name in (named or ()) or not ireq.specifier.contains(versions[name], prereleases=True))
        }
        return _Resolved(versions, changed)

    def why_not(self, name: str, version: str) -> tuple[str, list[Problem]]:
        """Why a version that can be had was not taken, in one line, and all that stands against it; "" and
        nothing when nothing does."""
        self._tell(f"looking why {name} {version} was not taken")
        with self._aside(self._target) as other:
            # What an index refuses then is no answer; nor is what is too deep to be explained.
            with contextlib.suppress(OffkitError):
                problems = other.tried(self._request, (f"{name}=={version}",)).problems
                return self._reasons([one.finding for one in problems]), problems
        return "", []

    def _reasons(self, findings: Sequence[Finding]) -> str:
        """That of the first, and what else it is of."""
        if not findings:
            return ""
        others = dict.fromkeys(one.subject for one in findings[1:])
        return self._reason(findings[0]) + (f"; nor can {listed(list(others), 4)} be had" if others else "")

    def _reason(self, finding: Finding) -> str:
        """In one line; of a conflict, who wants what: all of them only for who listens."""
        if finding.code != "REQ005":
            return finding.message
        wants = finding.looked_in
        if len(wants) <= 2:
            return "; ".join(wants)
        self._tell("conflict: " + "; ".join(wants))
        # The last is what could not be had beside the others.
        return f"{wants[0]}; {wants[-1]}; and {len(wants) - 2} more (-v shows them)"

    def holds(self, *constraints: str, more: tuple[str, ...] = ()) -> Pins | None:
        """What has to be asked for instead, for the whole request to resolve with those constraints too, and
        what is asked for beside: nothing, or other versions of the projects that the former are about; None
        where it is not seen to."""
        limited = Try(self._target, limits=constraints, more=more)
        dropped = limited._replace(loose=True, only=frozenset(map(clashes.project, constraints)))
        for what in (limited, dropped) if constraints else (limited,):
            with contextlib.suppress(OffkitError):
                found = self._resolved(what)
                about = {*(found.changed if found is not None else ()), *map(clashes.project, constraints)}
                if found is not None and not clashes.cures(found.versions, what.target, about):
                    return None if self._refused(what, Held(found.changed, {})) else found.changed
        return None


class _Warnings(Reporter):
    """All that is heard of pip meanwhile."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn

    def warn(self, text: str) -> None:
        self._warn(text)

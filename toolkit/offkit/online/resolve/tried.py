"""A request once more with something changed: what would help, what speaks against a version."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from packaging.utils import canonicalize_name

from offkit.model.errors import OffkitError
from offkit.model.finding import Finding
from offkit.model.target import Target
from offkit.online.reasons.causes import Problem
from offkit.online.reasons.trial import Pins, Try
from offkit.online.request.locked import Request
from offkit.online.resolve import requirement


class Trials:
    """Each has a Session of its own, that says nothing. What an index refuses then is no answer."""

    def __init__(
        self,
        request: Request,
        target: Target,
        another: Callable[[Target, Sequence[str]], Any],
        tell: Callable[[str], object],
    ) -> None:
        """``another`` opens a Session, with more options of indexes; ``tell`` hears what is looked for."""
        self._request, self._target, self._another, self._tell = request, target, another, tell

    def attempt(self, what: Try) -> Pins | None:
        """The whole request once more, as ``what`` says: the direct pins that then break a word of the
        request, or None where it cannot be resolved so."""
        with self._another(what.target, ["--pre"] if what.pre else []) as other:
            lost: list[Problem] = []
            requirements = [
                ireq
                for ireq in other.read(self._request, None, lost)
                if canonicalize_name(ireq.name or "") not in what.without
            ]
            if any(one.project not in what.without for one in lost):
                return None
            asked = [requirement.as_tried(ireq, what) for ireq in requirements]
            pinned = other.resolved(asked)
        if pinned is None or other.seen.damaged or (what.some and not pinned):
            return None
        versions = {canonicalize_name(ireq.name): requirement.version(ireq) for ireq in pinned}
        return {
            name: versions[name]
            for name, ireq in ((canonicalize_name(ireq.name or ""), ireq) for ireq in requirements)
            if name in versions and not ireq.specifier.contains(versions[name], prereleases=True)
        }

    def why_not(self, name: str, version: str) -> str:
        """Why a version that can be had was not taken; "" when nothing speaks against it."""
        self._tell(f"looking why {name} {version} was not taken")
        with self._another(self._target, []) as other:
            requirements = other.read(self._request)
            try:
                other.resolve([*requirements, requirement.constraint(f"{name}=={version}")])
            except OffkitError:
                return ""  # what an index refuses then is no answer
            except Exception as error:
                # It may be too deep to be explained, or an index not answer any more.
                with contextlib.suppress(OffkitError):
                    return next((_reason(one.finding) for one in other.explain(error)), "")
        return ""

    def holds(self, *constraints: str) -> bool:
        """Whether the whole request is seen to resolve with those constraints too."""
        with contextlib.suppress(OffkitError), self._another(self._target, []) as other:
            more = map(requirement.constraint, constraints)
            return other.resolved([*other.read(self._request), *more]) is not None
        return False


def _reason(finding: Finding) -> str:
    """In one line; of a conflict, who wants what."""
    return "; ".join(finding.looked_in) if finding.code == "REQ005" else finding.message

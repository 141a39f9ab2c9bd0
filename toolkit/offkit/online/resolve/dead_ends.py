"""Candidates that can be in no solution: pip's resolver tries them again and again, in every combination.

One is a dead end when a requirement of its own is met by no candidate that the user's words allow, or by none
but dead ends. What is left out for that is in no solution, so the search is shorter; and what it ends with
says why the newest candidates could not be had, and not the oldest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from offkit.online.index.upstream import reach


class DeadEnds:
    """What one resolution learns. ``requirements`` are those of the user; they and candidates are pip's."""

    def __init__(self, provider: Any, requirements: Iterable[Any]) -> None:
        self._provider = provider
        self._asked: dict[str, list[Any]] = defaultdict(list)
        for each in requirements:
            self._asked[provider.identify(each)].append(each)
        self._why: dict[Any, list[tuple[Any, Any]]] = {}  # of a dead end: (requirement, who has it)
        self._dead: dict[str, set[Any]] = defaultdict(set)
        self._wanted: dict[str, list[tuple[Any, Any]]] = defaultdict(list)  # (candidate, its requirement)
        self._read: set[Any] = set()
        self._alive: dict[tuple[str, str], Any] = {}  # a candidate for a requirement, when last looked at
        self._new: list[str] = []

    @property
    def dead(self) -> set[Any]:
        """Candidates that are in no solution."""
        return set(self._why)

    def read(self, candidate: Any, requirements: Sequence[Any]) -> None:
        """What a candidate requires."""
        if candidate not in self._read:
            self._read.add(candidate)
            for each in requirements:
                self._wanted[self._provider.identify(each)].append((candidate, each))

    def rejected(self, candidate: Any, criterion: Any) -> None:
        """That this criterion of resolvelib, with nothing left in it, speaks against a candidate."""
        own = all(one.parent is None or one.parent == candidate for one in criterion.information)
        if own and all(one in self._why for one in criterion.incompatibilities):
            self._bury(candidate, [(one.requirement, one.parent) for one in criterion.information])

    def spread(self) -> None:
        """Who needs one of those found since the last time, and has no other choice, is a dead end too."""
        while self._new:
            identifier = self._new.pop()
            for candidate, requirement in self._wanted[identifier]:
                if candidate not in self._why and self._hopeless(identifier, requirement):
                    self._bury(candidate, [(requirement, candidate)])

    def in_vain(self) -> list[Any]:
        """What the user asks for and no solution has."""
        return [
            each
            for identifier, own in self._asked.items()
            for each in own
            if identifier in self._dead and self._hopeless(identifier, each)
        ]

    def left(self, identifier: str, matches: Any) -> Any:
        """Of these, in the form that resolvelib takes them, those that are not known to be dead ends."""
        if identifier not in self._dead:
            return matches
        view, dead = _view(matches), frozenset(self._dead[identifier])
        return lambda: (one for one in view if one not in dead)

    def reasons(self, causes: Sequence[Any]) -> list[Any]:
        """The causes of a failure (RequirementInformation), from the newest candidates' point of view."""
        asked = [(each, None) for each in self.in_vain()]
        pairs = asked or [(one.requirement, one.parent) for one in causes]
        make = reach("pip._vendor.resolvelib.structs", "RequirementInformation")
        found = [make(*pair) for start in pairs for pair in self._root(*start, set())]
        return list({(str(one.requirement), str(one.parent)): one for one in found}.values())

    def _root(self, requirement: Any, parent: Any, seen: set[Any]) -> Iterator[tuple[Any, Any]]:
        """Why nothing meets a requirement, where that is what its newest candidate cannot have."""
        identifier = self._provider.identify(requirement)
        first = next(iter(self._alone(identifier, requirement)), None)
        if first is None or first in seen or not self._hopeless(identifier, requirement):
            yield requirement, parent
            return
        seen.add(first)
        for each in self._why[first]:
            yield from self._root(*each, seen)

    def _bury(self, candidate: Any, why: list[tuple[Any, Any]]) -> None:
        identifier = self._provider.identify(candidate)
        self._why[candidate] = why
        self._dead[identifier].add(candidate)
        self._new.append(identifier)

    def _hopeless(self, identifier: str, requirement: Any) -> bool:
        """Whether all that meets it beside the user's own requirements is a dead end."""
        dead, key = self._dead[identifier], (identifier, str(requirement))
        if key in self._alive and self._alive[key] not in dead:
            return False
        for one in self._alone(identifier, requirement):
            if one not in dead:
                self._alive[key] = one
                return False
        return True

    def _alone(self, identifier: str, requirement: Any) -> Any:
        wanted = {name: list(own) for name, own in self._asked.items()}
        if requirement not in wanted.get(identifier, ()):
            wanted[identifier] = [*wanted.get(identifier, ()), requirement]
        return _view(self._provider.find_matches(identifier, wanted, {identifier: []}))


def _view(matches: Any) -> Any:
    return reach("pip._vendor.resolvelib.structs", "build_iter_view")(matches)


class Provider:
    """pip's own provider, that tells and asks ``DeadEnds``."""

    def __init__(self, provider: Any, known: DeadEnds) -> None:
        self._provider, self._known = provider, known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def get_dependencies(self, candidate: Any) -> list[Any]:
        found = list(self._provider.get_dependencies(candidate))
        self._known.read(candidate, found)
        return found

    def find_matches(self, identifier: str, requirements: Any, incompatibilities: Any) -> Any:
        return self._known.left(
            identifier, self._provider.find_matches(identifier, requirements, incompatibilities)
        )


class Reporter:
    """pip's own reporter, that tells ``DeadEnds`` what is rejected."""

    def __init__(self, reporter: Any, known: DeadEnds) -> None:
        self._reporter, self._known = reporter, known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reporter, name)

    def rejecting_candidate(self, criterion: Any, candidate: Any) -> None:
        self._known.rejected(candidate, criterion)
        self._reporter.rejecting_candidate(criterion, candidate)

    def resolving_conflicts(self, causes: Any) -> None:
        self._known.spread()
        self._reporter.resolving_conflicts(causes)
        if self._known.in_vain():  # the rest of the search would be in vain too
            raise reach("pip._vendor.resolvelib", "ResolutionImpossible")(causes)

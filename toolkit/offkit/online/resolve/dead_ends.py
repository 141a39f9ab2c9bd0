"""Candidates that can be in no solution: pip's resolver tries them again and again, in every combination.

One is a dead end when what it requires of a project is met by no candidate that the user's words allow, or by
none but dead ends. What is left out for that is in no solution, so the search is shorter; and what it ends
with says why the newest candidates could not be had, and not the oldest.

pip takes more of a project as soon as anybody's words say so: a pre-release where a specifier names one, and
what is yanked where it is pinned (PEP 440, PEP 592). So those have to be dead ends too, even where nobody has
asked for them yet. A file that a package names by its URL is none that an index knows: where one is named for
a project that is given up, the search is pip's alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from offkit.online.index.upstream import reach

_LOOKED_AT = 12  # of what nobody asks for; it is read for this alone


def resolve(
    provider: Any,
    reporter: Any,
    requirements: Sequence[Any],
    unasked: Callable[[str, Sequence[Any]], Sequence[Any]],
    ask: Callable[[Any, Any], Any],
) -> Any:
    """What ``ask`` finds, resolvelib's search with a provider and a reporter; ``unasked`` as for DeadEnds.

    Raises what that raises, ResolutionImpossible with the reasons. That there is nothing is believed where
    the request needs a dead end; else resolvelib has jumped back too far, as it does where candidates go
    while it looks. It is asked again without them, and with all of them when it learns nothing new.
    """
    impossible = reach("pip._vendor.resolvelib", "ResolutionImpossible")
    known, before = DeadEnds(provider, requirements, unasked), -1
    while before < len(known.dead):
        before = len(known.dead)
        try:
            return ask(Provider(provider, known), Reporter(reporter, known))
        except Disproved:
            return ask(provider, reporter)
        except impossible as error:
            if known.in_vain():
                raise impossible(known.reasons(error.causes)) from error
    try:
        return ask(provider, reporter)
    except impossible as error:
        raise impossible(known.reasons(error.causes)) from error


class Disproved(Exception):
    """A candidate that no index has meets what nothing was to meet."""


class DeadEnds:
    """What one resolution learns. ``requirements`` are those of the user; they and candidates are pip's."""

    def __init__(
        self,
        provider: Any,
        requirements: Iterable[Any],
        unasked: Callable[[str, Sequence[Any]], Sequence[Any]],
    ) -> None:
        """``unasked``: the candidates, by identifier and the requirements to it, that are taken only where
        somebody's words allow it."""
        self._provider, self._unasked = provider, unasked
        self._asked: dict[str, list[Any]] = defaultdict(list)
        for each in requirements:
            self._asked[provider.identify(each)].append(each)
        self._why: dict[Any, list[tuple[Any, Any]]] = {}  # of a dead end: (requirement, who has it)
        self._dead: dict[str, set[Any]] = defaultdict(set)
        self._needs: dict[Any, dict[str, list[Any]]] = {}  # of a candidate, by identifier
        self._wanted: dict[str, list[Any]] = defaultdict(list)  # candidates that need it
        self._alive: dict[tuple[str, ...], Any] = {}  # a candidate for requirements, when last looked at
        self._open: set[tuple[str, ...]] = set()  # those being looked at
        self._new: list[str] = []

    @property
    def dead(self) -> set[Any]:
        """Candidates that are in no solution."""
        return set(self._why)

    def read(self, candidate: Any, requirements: Sequence[Any]) -> None:
        """What a candidate requires. Raises Disproved where that is a file for a project given up."""
        if candidate in self._needs:
            return
        needs = self._needs[candidate] = {}
        for each in requirements:
            needs.setdefault(self._provider.identify(each), []).append(each)
        for identifier, own in needs.items():
            self._wanted[identifier].append(candidate)
            if self._dead[identifier] and any(_names_a_file(candidate, each) for each in own):
                raise Disproved(identifier)

    def rejected(self, candidate: Any, criterion: Any) -> None:
        """That this criterion of resolvelib, with nothing left in it, speaks against a candidate."""
        if all(one.parent is None or one.parent == candidate for one in criterion.information):
            self._look(candidate, {self._provider.identify(one.requirement) for one in criterion.information})

    def spread(self) -> None:
        """Who needs one of those found since the last time, and has no other choice, is a dead end too."""
        while self._new:
            identifier = self._new.pop()
            for candidate in self._wanted[identifier]:
                self._look(candidate, (identifier,))

    def in_vain(self) -> list[Any]:
        """What the user asks for and no solution has."""
        return [
            each
            for identifier, own in self._asked.items()
            if identifier in self._dead and self._hopeless(identifier, ())
            for each in own
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
        own = () if parent is None else self._needs.get(parent, {}).get(identifier, ())
        first = next(iter(self._alone(identifier, own)), None)
        if first is None or first in seen or not self._hopeless(identifier, own):
            yield requirement, parent
            return
        seen.add(first)
        for each in self._why[first]:
            yield from self._root(*each, seen)

    def _look(self, candidate: Any, identifiers: Iterable[str]) -> bool:
        """Whether one is a dead end, for what it needs of these."""
        if candidate in self._why:
            return True
        for needed in identifiers:
            own = self._needs[candidate].get(needed, ())
            if own and self._hopeless(needed, own):
                identifier = self._provider.identify(candidate)
                asked = [(each, None) for each in self._asked.get(needed, ())]
                self._why[candidate] = [*asked, *((each, candidate) for each in own)]
                self._dead[identifier].add(candidate)
                self._new.append(identifier)
                return True
        return False

    def _hopeless(self, identifier: str, own: Sequence[Any]) -> bool:
        """Whether all that meets those requirements beside the user's own is a dead end, whatever others
        allow."""
        dead, key = self._dead[identifier], (identifier, *map(str, own))
        if key in self._open or (key in self._alive and self._alive[key] not in dead):
            return False
        for one in self._alone(identifier, own):
            if one not in dead:
                self._alive[key] = one
                return False
        self._open.add(key)
        more = self._unasked(identifier, [*self._asked.get(identifier, ()), *own])
        found = len(more) <= _LOOKED_AT and all(map(self._is_dead, more))
        self._open.remove(key)
        return found

    def _is_dead(self, candidate: Any) -> bool:
        """The same of one that the resolver has perhaps not come to."""
        if candidate not in self._needs:
            self.read(candidate, list(self._provider.get_dependencies(candidate)))
        return self._look(candidate, self._needs[candidate])

    def _alone(self, identifier: str, own: Sequence[Any]) -> Any:
        wanted = {name: list(asked) for name, asked in self._asked.items()}
        wanted[identifier] = [*wanted.get(identifier, ()), *own]
        return _view(self._provider.find_matches(identifier, wanted, {identifier: []}))


def unasked(provider: Any, finder: Any, identifier: str, requirements: Sequence[Any]) -> list[Any]:
    """pip's candidates for requirements that are pre-releases or yanked; the newest first."""
    lookups = [each.get_candidate_lookup() for each in requirements]
    limits = [ireq.specifier for _, ireq in lookups if ireq is not None]
    if len(limits) < len(lookups):
        return []  # one is a file
    pinned = reach("pip._internal.req.constructors", "install_req_from_line")
    requirement = reach("pip._internal.resolution.resolvelib.requirements", "SpecifierRequirement")
    versions = {
        one.version
        for one in finder.find_all_candidates(identifier.partition("[")[0])
        if (one.version.is_prerelease or one.link.is_yanked)
        and all(limit.contains(one.version, prereleases=True) for limit in limits)
    }
    found: list[Any] = []
    for version in sorted(versions, reverse=True):
        only = requirement(pinned(f"{identifier}=={version}"))
        found += _view(
            provider.find_matches(identifier, {identifier: [*requirements, only]}, {identifier: []})
        )
    return found


def _names_a_file(candidate: Any, requirement: Any) -> bool:
    """Not of the project itself: so pip has what an extra is of."""
    named = requirement.get_candidate_lookup()[0]
    return named is not None and named.project_name != candidate.project_name


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

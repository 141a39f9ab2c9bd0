"""What a lock depends on: which questions to its target decided it, of those that another server of the same
series may answer differently.

It is found afterwards, in what was read. A resolver is a function of the answers it gets: where all are the
same, so is the lock.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from offkit.edges import releases
from offkit.model import question
from offkit.model.question import Question
from offkit.model.target import Target
from offkit.online.index import metadata
from offkit.online.index.listing import Listing
from offkit.online.index.metadata import Seen
from offkit.online.index.release import normal
from offkit.online.request.locked import LockedWheel

REQUEST = "the request"  # who asks for its lines
_NEWEST = Version("0")


class Wanted(NamedTuple):
    """A line of the request."""

    text: str  # as PEP 508 has it, with its marker
    constraint: bool = False


def questions(
    wanted: Iterable[Wanted],
    wheels: Sequence[LockedWheel],
    seen: Seen,
    listing: Listing | None,
    target: Target,
    sources: bool = False,
) -> tuple[Question, ...]:
    """``listing``: what candidates there were; None where every version was given. ``sources``: those counted
    as candidates."""
    chosen: dict[str, LockedWheel] = {canonicalize_name(one.name): one for one in wheels}
    ear = _Ear(chosen, target)
    lines = [(_read(one.text), one.constraint) for one in wanted]
    needs = {release: [_read(line) for line in found] for release, found in seen.requires.items()}
    every = [read for read, _ in lines] + [read for found in needs.values() for read in found]
    extras: dict[str, set[str]] = {}
    for one in every:
        if one is not None:
            extras.setdefault(canonicalize_name(one.name), {""}).update(map(canonicalize_name, one.extras))
    for line, constraint in lines:
        ear.hear_marker(_Asker("", _NEWEST, REQUEST, True), line, (), constraint)
    for (name, spelled), found in needs.items():
        taken = name in chosen and normal(chosen[name].version) == normal(spelled)
        who = _Asker(name, _version(spelled), f"{name} {spelled}", taken)
        ear.hear_clauses(who, seen.pythons[name, spelled])
        for read in found:
            ear.hear_marker(who, read, tuple(sorted(extras.get(name, ()))))
    for name, version, text in _candidates(chosen, seen, listing, sources, ear.is_open):
        ear.hear_clauses(_Asker(name, version, f"{name} {version}", False), text)
    return tuple(sorted(asked for _, asked in ear.heard.values()))


def _candidates(
    chosen: Mapping[str, LockedWheel],
    seen: Seen,
    listing: Listing | None,
    sources: bool,
    is_open: Callable[[str], bool],
) -> Iterable[tuple[str, Version, str]]:
    """Files whose Requires-Python decided, and is open. Where no project was tried in two versions, nothing
    was taken back, and what is older than what was taken was never looked at."""
    if listing is None:
        return
    straight = len({name for name, _ in seen.requires}) == len(seen.requires)
    for name in listing.projects:
        filename = chosen[name].filename if straight and name in chosen else ""
        for file in listing.fitting(name, is_open, filename, sources):
            yield name, file.version, file.requires_python


class _Asker(NamedTuple):
    project: str  # "" for the request
    version: Version
    who: str
    taken: bool  # it is in the lock


class _Ear:
    """Keeps what is open. A project asks the same in many versions: the one that matters counts, then the
    newest."""

    def __init__(self, chosen: Mapping[str, LockedWheel], target: Target) -> None:
        kernel = releases.of(target.el, target.name).kernel
        self._chosen, self._target = chosen, target
        self._here = question.environment(target.python, target.arch, kernel, "")
        self.heard: dict[tuple[object, ...], tuple[Version, Question]] = {}

    def is_open(self, text: str) -> bool:
        """Whether servers of the target's series answer a Requires-Python differently."""
        return question.open_clauses(text, self._target.python_minor)

    def hear_clauses(self, of: _Asker, text: str) -> None:
        if self.is_open(text):
            self._keep(of, Question(of.who, "", text, ("",), False, of.taken))

    def hear_marker(
        self, of: _Asker, read: Requirement | None, extras: tuple[str, ...], constraint: bool = False
    ) -> None:
        if read is None or read.marker is None:
            return
        text, needs = str(read.marker), str(read).partition(";")[0].strip()
        extras = extras if "extra" in text and extras else ("",)
        with contextlib.suppress(ValueError):  # nobody can evaluate it, and who tried to has said so
            if question.open_marker(text, extras, self._target.python_minor, self._target.arch):
                asked = Question(of.who, needs, text, extras, False, False)
                lost = of.taken and not asked.ask(self._here) and not self._satisfies(read, constraint)
                self._keep(of, asked._replace(vital=lost))

    def _satisfies(self, read: Requirement, constraint: bool) -> bool:
        """Whether the lock has what would be needed; an extra's own requirements are not looked into."""
        had = self._chosen.get(canonicalize_name(read.name))
        if had is None:
            return constraint
        return not read.url and not read.extras and read.specifier.contains(had.version, prereleases=True)

    def _keep(self, of: _Asker, asked: Question) -> None:
        asked = asked._replace(answer=asked.ask(self._here))
        key = of.project, asked.needs, asked.text, asked.extras
        version, other = self.heard.get(key, (of.version, None))
        if other is None or (asked.vital, of.version) > (other.vital, version):
            self.heard[key] = of.version, asked


def _read(line: str) -> Requirement | None:
    try:
        return metadata.requirement(line)
    except InvalidRequirement:
        return None


def _version(spelled: str) -> Version:
    try:
        return Version(spelled)
    except InvalidVersion:
        return _NEWEST

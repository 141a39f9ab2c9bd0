"""Cures for what cannot be had: other versions, another Python, a newer release. Each is tried first.

To try one is to resolve the whole request with it; what does not hold then is not said.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from offkit.edges import releases
from offkit.model import target as targets
from offkit.model.errors import EnvironmentProblem, OffkitError
from offkit.model.finding import Finding
from offkit.model.target import Target
from offkit.model.words import listed
from offkit.online.index import platforms
from offkit.online.index.troubles import TooDeep
from offkit.online.reasons import names, one_system
from offkit.online.reasons.causes import Problem
from offkit.online.reasons.trial import Attempt, Beside, Held, Try, pinned, rest_of

_MOST = 3  # Pythons and releases that are tried, each
_MANY = 4  # pins that are named with their versions
_NEAR = (2, 1)  # numbers that another version shares with the one asked for, before any other
_FEWER = 8  # resolutions that look for fewer of them


class Attempts:
    """A way to resolve, each attempt once; one that ends in an error of ours does not hold."""

    def __init__(
        self,
        resolve: Attempt,
        target: Target,
        tell: Callable[[str], object],
        beside: Beside = lambda what, held: ("", ""),
    ) -> None:
        """``tell`` hears what is tried for ``target``, or another in its place."""
        self._resolve, self._target, self._tell, self._beside = resolve, target, tell, beside
        self._known: dict[Try, Held | None] = {}
        self.unfinished: dict[Try, str] = {}  # of which nobody knows whether they would hold, and why not

    def __call__(self, what: Try) -> Held | None:
        if what not in self._known:
            self._known[what] = None
            self._tell(f"trial {len(self._known)}: {_tried(what, self._target)}")
            try:
                self._known[what] = self._resolve(what)
            except TooDeep as error:
                self.unfinished[what] = error.why
            except EnvironmentProblem as error:
                self.unfinished[what] = error.message
            except OffkitError:
                pass
        return self._known[what]

    def told(self, what: Try, held: Held, cure: str) -> str:
        """A cure that holds so and is one for the other targets too, or else the words for whom it is."""
        alone, kept = self._beside(what, held)
        return alone + cure + kept


def find(
    problems: Sequence[Problem],
    target: Target,
    resolve: Attempt,
    tell: Callable[[str], object] = lambda text: None,
    beside: Beside = lambda what, held: ("", ""),
    others: Collection[Target] = (),
) -> list[Finding]:
    """The findings of the problems, with the cures that hold added to their fixes.

    What helps all of them at once comes first; where nothing does, what helps one. ``tell`` hears what is
    tried. ``beside`` says of a change of the request whether the ``others``, which are targets too, allow it.
    """
    attempt = Attempts(resolve, target, tell, beside)
    problems = _from_home(one_system.grouped(problems), target, attempt)
    instead = names.meant(problems, {problem: askers([problem]) for problem in problems}, target, attempt)
    every, problems = problems, [one for one in problems if one.parent or one.project not in instead]
    lost = askers([problem for problem in problems if problem.hopeless]).union(instead)
    held = _held([problem for problem in problems if not problem.hopeless], target, lost, attempt, others)
    found = []
    for problem in every:
        if problem not in problems:
            found.append(problem.finding._replace(fix=instead[problem.project]))
            continue
        own = [] if problem.hopeless else held
        tried = {lost}
        if not own and not problem.hopeless and len(problems) > 1 and askers([problem]):
            rest = askers(problems) - askers([problem])
            own = _held([problem], target, rest, attempt, others)
            tried.add(rest)
        also = _untried(problem, problems, target)
        left = _left_out(problem, problems, lost, target, attempt)
        unknown = {
            one: why
            for one, why in attempt.unfinished.items()
            if one.without in tried and not (one.some or one.only)
        }
        also += _else(problem, unknown, target) if unknown and not problem.hopeless else []
        found.append(problem.finding._replace(fix="\nor ".join([*own, *left, *also])))
    return found


def _from_home(problems: Sequence[Problem], target: Target, attempt: Attempt) -> list[Problem]:
    """What an index with a name has is taken from there: it is said where the rest of the request resolves
    so."""
    at_home = [problem for problem in problems if problem.home]
    options = tuple(sorted({f"{problem.home}={problem.project}" for problem in at_home}))
    without = askers(problem for problem in problems if problem.hopeless) - askers(at_home)
    held = attempt(Try(target, without=without, taken=options)) if options else None
    if held is None:
        return list(problems)
    fix = f"{' '.join(f'--from {one}' for one in options)}: {rest_of(without, held)} resolves with it"
    return [
        problem._replace(finding=problem.finding._replace(fix=f"add {fix}")) if problem.home else problem
        for problem in problems
    ]


def untried(problems: Sequence[Problem], target: Target) -> str:
    """What holds of the first of them without a resolution of its own; "" of none."""
    return "\nor ".join(_untried(problems[0], problems, target)) if problems else ""


def _untried(problem: Problem, problems: Sequence[Problem], target: Target) -> list[str]:
    return list(filter(None, [problem.finding.fix, _from_source(problem, problems, target)]))


def _from_source(problem: Problem, problems: Sequence[Problem], target: Target) -> str:
    """What can be done with sources, for all at once: one alone would not do."""
    if problem.source is None:
        return ""
    alike = {one.project: one.source for one in problems if one.source is not None}
    named = {project: source.version for project, source in alike.items()}
    compiled = [project for project, source in alike.items() if source.compiled]
    tried = all(one.source is not None and one.source.read for one in problems)
    return platforms.of_sources(named, target, compiled, tried)


def _else(problem: Problem, unfinished: Mapping[Try, str], target: Target) -> list[str]:
    """That some of what may help was not tried to the end, and how to learn of it."""
    ways = dict.fromkeys(_way(one, target) for one in unfinished)
    names = sorted(problem.among) or [_asker(problem)]
    alone = f"ask for {' and '.join(names)} alone, or bound what has many versions (name>=1.2)"
    why = f"with {', '.join(ways)} {' and '.join(dict.fromkeys(unfinished.values()))}"
    return [f"find out what else would do: {alone}: {why}"]


def _tried(what: Try, target: Target) -> str:
    """In words, as a live line has room for them."""
    words = [] if what.target == target else [f"Python {what.target.python_minor} on {what.target.name}"]
    words += ["pre-releases"] if what.pre else []
    words += ["files of an index"] if what.named else []
    words += ["what an index with a name has"] if what.taken else []
    words += ["without local versions"] if what.public else []
    some = "near versions of " if what.near else "other versions of "
    words += [some + (listed(sorted(what.only), 2) if what.only else "all")] * what.loose
    words += ["without " + listed(sorted(what.without), 2)] if what.without else []
    words += ["with " + listed(what.more, 2)] if what.more else []
    return ", ".join(words)


def _way(what: Try, target: Target) -> str:
    if what.target.python_series != target.python_series:
        return f"Python {what.target.python_minor}"
    if what.target != target:
        return what.target.name
    return "--pre" if what.pre else "other versions"


def _left_out(
    problem: Problem, problems: Sequence[Problem], lost: frozenset[str], target: Target, attempt: Attempt
) -> list[str]:
    """That a package of another system goes, where the rest of the request resolves without it."""
    if problem.elsewhere is None:
        return []
    asker = _asker(problem)
    for others in ([one for one in problems if one.elsewhere], problems):
        without = lost | askers(others)
        held = attempt(Try(target, without=without, some=True))
        if held is not None:
            rest = f"{rest_of(without, held)} resolves"
            if without == {asker}:
                rest = (
                    f"the rest resolves {f'with {pinned(held.added)} and ' if held.added else ''}without it"
                )
            return [one_system.way_out(problem.elsewhere, asker, rest)]
    return []


def _asker(problem: Problem) -> str:
    return problem.parent or problem.project


def askers(problems: Iterable[Problem]) -> frozenset[str]:
    """What has to go from the request for them to go, where that is a part of it."""
    names = [name for problem in problems for name in problem.askers or (_asker(problem),)]
    return frozenset(filter(None, names))


def _held(
    problems: Sequence[Problem],
    target: Target,
    without: frozenset[str],
    attempt: Attempts,
    others: Collection[Target],
) -> list[str]:
    """What helps against all of these, the rest of the request but ``without`` included; no target that is
    one of the ``others`` already."""
    this = Try(target, without=without)

    def first(choices: Sequence[Target]) -> list[tuple[Target, str]]:
        new = [choice for choice in choices if choice not in others]
        held = ((choice, attempt(this._replace(target=choice))) for choice in new[:_MOST])
        found = ((choice, rest_of(without, one)) for choice, one in held if one is not None)
        return list(itertools.islice(found, 1))

    if not problems:
        return []
    held: list[str] = []
    near = {
        name
        for problem in problems
        for name in (problem.project, problem.parent, *problem.among, *problem.askers)
    }
    own = frozenset(near - {""})
    ways = [this._replace(loose=True, near=numbers, only=own) for numbers in _NEAR if own]
    ways.append(this._replace(loose=True))
    if any(problem.local for problem in problems):
        ways[:0] = [this._replace(public=True), this._replace(public=True, loose=True)]
    if any(problem.given for problem in problems):
        ways.insert(0, this._replace(named=True))
    held += itertools.islice(filter(None, (_others(way, near, attempt) for way in ways)), 1)
    way = this._replace(pre=True)
    pre = attempt(way) if any(problem.pre for problem in problems) else None
    if pre is not None:
        told = f"allow pre-releases: {rest_of(without, pre)} resolves with --pre"
        held.append(attempt.told(way, pre, told))
    pythons = first(_pythons(problems, target))
    held += [f"deploy another Python: {rest} resolves with {_python(each)}" for each, rest in pythons]
    systems = first(_newer(target)) if any(problem.system for problem in problems) else []
    held += [f"target a newer system: {rest} resolves with {_system(each)}" for each, rest in systems]
    return held


def _python(target: Target) -> str:
    """The options that mean this server with its Python, whichever were given: a Python alone means a release
    that ships it."""
    if target.spelled:
        return target.spelled.format(target.python_minor, target.python)
    known = releases.known()
    alone = targets.preset(known, target.python_minor, arch=target.arch)
    named = known.named(target.name).name and alone.name != target.name
    system = f" --target {target.name}" if named else ""
    return f"--python {target.python_minor}{system}"


def _system(target: Target) -> str:
    """The same where the release is what is new: alone, it means its own Python, and in the place of a
    description the usual architecture."""
    alone = targets.preset(releases.known(), None, target.name, target.arch)
    python = "" if alone.python_series == target.python_series else f" --python {target.python_minor}"
    usual = targets.preset(releases.known(), None, target.name).arch
    arch = f" --arch {target.arch}" if target.spelled and target.arch != usual else ""
    return f"--target {target.name}{python}{arch}" + (" in the place of the file" if target.spelled else "")


def _fewer(held: Held, near: Collection[str], this: Try, attempt: Attempt) -> Held:
    """What will do in its place: other versions of as few projects as some attempts show, of
    those ``near`` the problem before others. Halves are left out, then quarters, down to each alone."""
    left = _FEWER

    def without(names: Collection[str]) -> Held:
        nonlocal left
        left -= 1
        only = frozenset(held.changed).difference(names)
        fewer = attempt(this._replace(only=only)) if only else None
        return held if fewer is None or not fewer.changed else fewer

    if 0 < len(set(held.changed) & set(near)) < len(held.changed):
        held = without(set(held.changed) - set(near))
    size = len(held.changed) // 2
    while size and left > 0:
        names = sorted(held.changed, key=lambda name: (name in near, name))
        for start in range(0, len(names), size):
            chunk = set(names[start : start + size])
            if left > 0 and chunk < set(held.changed):
                held = without(chunk)
        size //= 2
    return held


def _others(way: Try, near: Collection[str], attempt: Attempts) -> str:
    """What to ask for in the place of some versions; "" where nothing of that kind holds."""
    held = attempt(way)
    if held is None or not held.changed:
        return ""
    if not way.named:  # that means all files that do not fit
        held = _fewer(held, near, way, attempt)
    # Of so many no version is told, and near ones are not what comes then.
    if way.near and len(held.changed) > _MANY:
        return ""
    return attempt.told(way, held, _use(held, way.without))


def _use(held: Held, without: frozenset[str]) -> str:
    if len(held.changed) > _MANY:
        names = ", ".join(sorted(held.changed))
        return f"drop the versions of {names}: {rest_of(without, held)} resolves without them"
    pins = {**held.changed, **held.added}
    return f"use {pinned(pins)}: {rest_of(without)} resolves with {'it' if len(pins) == 1 else 'them'}"


def _pythons(problems: Sequence[Problem], target: Target) -> list[Target]:
    """Those that every problem speaks for: the next newer first, then the next older."""
    known = [set(problem.minors) for problem in problems]
    have = target.python_series[1]
    minors = sorted(set.intersection(*known) - {have}, key=lambda minor: (minor < have, abs(minor - have)))
    return [targets.with_python(releases.known(), target, f"3.{minor}") for minor in minors]


def _newer(target: Target) -> list[Target]:
    known = releases.known()
    newer = [release for release in known.all if release.glibc > target.glibc]
    found = [targets.preset(known, target.python, release.name, target.arch) for release in newer]
    return [one._replace(spelled=target.spelled) for one in found]

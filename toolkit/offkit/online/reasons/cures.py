"""Cures for what cannot be had: other versions, another Python, a newer release. Each is tried first.

To try one is to resolve the whole request with it; what does not hold then is not said.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence

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
from offkit.online.reasons.trial import Attempt, Pins, Try

_MOST = 3  # Pythons and releases that are tried, each
_MANY = 4  # pins that are named with their versions
_NEAR = (2, 1)  # numbers that another version shares with the one asked for, before any other
_FEWER = 8  # resolutions that look for fewer of them


class Attempts:
    """A way to resolve, each attempt once; one that ends in an error of ours does not hold."""

    def __init__(self, resolve: Attempt, target: Target, tell: Callable[[str], object]) -> None:
        """``tell`` hears what is tried for ``target``, or another in its place."""
        self._resolve, self._target, self._tell = resolve, target, tell
        self._known: dict[Try, Pins | None] = {}
        self.unfinished: dict[Try, str] = {}  # of which nobody knows whether they would hold, and why not

    def __call__(self, what: Try) -> Pins | None:
        if what not in self._known:
            self._known[what] = None
            self._tell(f"trial {len(self._known)}: {_tried(what, self._target)}")
            try:
                self._known[what] = self._resolve(what)
            except TooDeep:
                self.unfinished[what] = "there were too many combinations to try"
            except EnvironmentProblem as error:
                self.unfinished[what] = error.message
            except OffkitError:
                pass
        return self._known[what]


def find(
    problems: Sequence[Problem],
    target: Target,
    resolve: Attempt,
    tell: Callable[[str], object] = lambda text: None,
) -> list[Finding]:
    """The findings of the problems, with the cures that hold added to their fixes.

    ``resolve`` gives the pins of the direct requirements that would change, or None where the request
    cannot be had so. What helps all of them at once comes first; where nothing does, what helps one.
    ``tell`` hears what is tried.
    """
    attempt = Attempts(resolve, target, tell)
    problems = one_system.grouped(problems)
    instead = names.meant(problems, {problem: _askers(problem) for problem in problems}, target, attempt)
    every, problems = problems, [one for one in problems if one.parent or one.project not in instead]
    lost = frozenset().union(*(_askers(problem) for problem in problems if problem.hopeless), instead)
    held = _held([problem for problem in problems if not problem.hopeless], target, lost, attempt)
    found = []
    for problem in every:
        if problem not in problems:
            found.append(problem.finding._replace(fix=instead[problem.project]))
            continue
        own = [] if problem.hopeless else held
        tried = {lost}
        if not own and not problem.hopeless and len(problems) > 1 and _askers(problem):
            others = frozenset().union(*map(_askers, problems)) - _askers(problem)
            own = _held([problem], target, others, attempt)
            tried.add(others)
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
        without = lost.union(*map(_askers, others))
        if attempt(Try(target, without=without, some=True)) is not None:
            rest = "the rest resolves without it"
            if without != {asker}:
                rest = f"everything but {', '.join(sorted(without))} resolves"
            return [one_system.way_out(problem.elsewhere, asker, rest)]
    return []


def _asker(problem: Problem) -> str:
    return problem.parent or problem.project


def _askers(problem: Problem) -> frozenset[str]:
    """What has to go from the request for the problem to go, where that is a part of it."""
    return frozenset(problem.askers or filter(None, [_asker(problem)]))


def _held(
    problems: Sequence[Problem],
    target: Target,
    without: frozenset[str],
    attempt: Callable[[Try], Pins | None],
) -> list[str]:
    """What helps against all of these, the rest of the request but ``without`` included."""
    whole = f"everything but {', '.join(sorted(without))}" if without else "the whole request"
    this = Try(target, without=without)

    def first(choices: Sequence[Target]) -> list[Target]:
        tried = (choice for choice in choices[:_MOST] if attempt(this._replace(target=choice)) is not None)
        return list(itertools.islice(tried, 1))

    if not problems:
        return []
    held: list[str] = []
    near = {name for problem in problems for name in (problem.project, problem.parent, *problem.among)}
    own = frozenset(near - {""})
    ways = [this._replace(loose=True, near=numbers, only=own) for numbers in _NEAR if own]
    ways.append(this._replace(loose=True))
    if any(problem.local for problem in problems):
        ways[:0] = [this._replace(public=True), this._replace(public=True, loose=True)]
    if any(problem.given for problem in problems):
        ways.insert(0, this._replace(named=True))
    held += itertools.islice(filter(None, (_others(way, near, whole, attempt) for way in ways)), 1)
    if any(problem.pre for problem in problems) and attempt(this._replace(pre=True)) is not None:
        held.append(f"allow pre-releases: {whole} resolves with --pre")
    pythons = first(_pythons(problems, target))
    held += [f"deploy another Python: {whole} resolves with {_python(each)}" for each in pythons]
    systems = first(_newer(target)) if any(problem.system for problem in problems) else []
    held += [f"target a newer system: {whole} resolves with {_system(each)}" for each in systems]
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


def _fewer(changed: Pins, near: Collection[str], this: Try, attempt: Callable[[Try], Pins | None]) -> Pins:
    """What will do in the place of ``changed``: other versions of as few projects as some attempts show, of
    those ``near`` the problem before others. Halves are left out, then quarters, down to each alone."""
    left = _FEWER

    def without(names: Collection[str]) -> Pins:
        nonlocal left
        left -= 1
        only = frozenset(changed).difference(names)
        return (attempt(this._replace(only=only)) if only else None) or changed

    if 0 < len(set(changed) & set(near)) < len(changed):
        changed = without(set(changed) - set(near))
    size = len(changed) // 2
    while size and left > 0:
        names = sorted(changed, key=lambda name: (name in near, name))
        for start in range(0, len(names), size):
            chunk = set(names[start : start + size])
            if left > 0 and chunk < set(changed):
                changed = without(chunk)
        size //= 2
    return changed


def _others(way: Try, near: Collection[str], whole: str, attempt: Callable[[Try], Pins | None]) -> str:
    """What to ask for in the place of some versions; "" where nothing of that kind holds."""
    changed = attempt(way)
    fewer = changed or {}
    if changed and not way.named:  # that means all files that do not fit
        fewer = _fewer(changed, near, way, attempt)
    # Of so many no version is told, and near ones are not what comes then.
    return _use(fewer, whole) if fewer and not (way.near and len(fewer) > _MANY) else ""


def _use(changed: Pins, whole: str) -> str:
    if len(changed) > _MANY:
        return f"drop the versions of {', '.join(sorted(changed))}: {whole} resolves without them"
    pins = [f"{name}=={version}" for name, version in sorted(changed.items())]
    return f"use {', '.join(pins)}: {whole} resolves with {'it' if len(pins) == 1 else 'them'}"


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

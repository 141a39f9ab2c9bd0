"""Packages that an index has for Windows or macOS alone: what is said of them, and to do without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from offkit.model.finding import ERROR, Finding
from offkit.model.words import listed, several
from offkit.online.reasons.causes import Cause, Elsewhere, Problem

_CROWD = 5  # of one parent, that are told as one
_NAMED = 4


def told(problem: Problem, cause: Cause, found: tuple[str, str] | None, sure: bool) -> Problem:
    """The problem, of which it is said that no version of its project is for another system than was
    ``found``: as people and as sys.platform call it. ``sure``: it has no sources.

    Where there are sources too, that does not tell what it is for: mysqlclient has wheels for Windows alone.
    """
    if found is None or problem.finding.code not in ("REQ001", "REQ008"):
        return problem
    system, marker = found
    more = f"; it is for {system} alone: no version has a source, or a wheel for another system"
    if not sure:
        more = f"; no version has a wheel for another system than {system}"
    line = cause.parent.replace(" ", "==") if cause.wanting else cause.text
    return problem._replace(
        finding=problem.finding._replace(message=problem.finding.message + more),
        elsewhere=Elsewhere(system, f'{line}; sys_platform == "{marker}"', sure),
        hopeless=problem.hopeless or (sure and not cause.wanting),
    )


def grouped(problems: Sequence[Problem]) -> list[Problem]:
    """Many of one system that one package wants are one problem, with that; so is what these want, and what
    it wants beside, of which this version is for that system. Nobody has seen the sources of such a package
    compiled elsewhere, and that is no cure."""
    alike = [one for one in problems if one.finding.code == "REQ001" and one.parent]
    crowds: dict[Problem, list[Problem]] = {}  # by the first of each
    for (parent, system), number in Counter(map(_wanted_for, alike)).items():
        if system and number >= _CROWD:
            crowd = _crowd(parent, system, [one for one in alike if one not in chain(*crowds.values())])
            crowds[crowd[0]] = crowd
    inside = list(chain(*crowds.values()))
    return [
        _as_one(crowds[one]) if one in crowds else one
        for one in problems
        if one in crowds or one not in inside
    ]


def _wanted_for(problem: Problem) -> tuple[str, str]:
    return problem.parent, problem.elsewhere.system if problem.elsewhere else ""


def _crowd(parent: str, system: str, problems: Sequence[Problem]) -> list[Problem]:
    """What a package wants, or one of these does."""
    names, number = {parent}, 0
    while len(names) > number:
        number = len(names)
        found = [one for one in problems if one.parent in names and one.wheels_for == system]
        names.update(one.project for one in found)
    first = [one for one in found if _wanted_for(one) == (parent, system)]
    return [*first, *(one for one in found if one not in first)]


def _as_one(crowd: Sequence[Problem]) -> Problem:
    first = crowd[0]
    assert first.elsewhere is not None
    names = listed([one.project for one in crowd], _NAMED)
    message = f"needs {several(len(crowd), 'package')} that have wheels for {first.elsewhere.system} alone"
    finding = Finding("REQ001", ERROR, first.parent, f"{message}: {names}", ("the index and --find-links",))
    return Problem(finding, first.parent, elsewhere=first.elsewhere._replace(sure=False))


def way_out(where: Elsewhere, asker: str, rest: str) -> str:
    """What to do where ``rest``, of the request, is seen to resolve without ``asker``."""
    only = "" if where.sure else f"if only {where.system} needs it, "
    return f"{rest}: {only}delete {asker}, or write: {where.line}"

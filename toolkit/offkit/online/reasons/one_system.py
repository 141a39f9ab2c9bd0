"""Packages that an index has for Windows or macOS alone: what is said of them, and to do without."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

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
    """Many of one system that one package wants are one problem, with that."""
    by_parent: dict[object, list[Problem]] = {}
    for number, problem in enumerate(problems):
        there = problem.elsewhere
        one = there is not None and problem.parent and problem.finding.code == "REQ001"
        by_parent.setdefault((problem.parent, there.system) if one and there else number, []).append(problem)
    return list(itertools.chain.from_iterable(map(_as_one, by_parent.values())))


def _as_one(problems: Sequence[Problem]) -> Sequence[Problem]:
    first = problems[0]
    if len(problems) < _CROWD or first.elsewhere is None:
        return problems
    names = listed([one.project for one in problems], _NAMED)
    message = f"needs {several(len(problems), 'package')} that have wheels for {first.elsewhere.system} alone"
    fix = "--build NAME, or offkit bundle --carry-source NAME, of each that has a source"
    finding = Finding(
        "REQ001", ERROR, first.parent, f"{message}: {names}", ("the index and --find-links",), fix
    )
    return [Problem(finding, first.parent, elsewhere=first.elsewhere._replace(sure=False))]


def way_out(where: Elsewhere, asker: str, rest: str) -> str:
    """What to do where ``rest``, of the request, is seen to resolve without ``asker``."""
    only = "" if where.sure else f"if only {where.system} needs it, "
    return f"{rest}: {only}delete {asker}, or write: {where.line}"

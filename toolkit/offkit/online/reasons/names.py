"""Names that are asked for in the place of another project, or of what Python has itself:
repo-config/names.csv."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import Version

from offkit.edges import data
from offkit.model.target import Target
from offkit.online.reasons.causes import Problem
from offkit.online.reasons.trial import Attempt, Try, rest_of

TABLE = "repo-config/names.csv"
RENAMED, BACKPORT, MODULE = ("renamed", "backport", "module")


class Row(NamedTuple):
    """``instead``: the project that is meant, or the module or class of Python, ``since`` a version of it.
    Or the name is a module alone, which that project has. ``module``: what is imported, where it is neither
    the name of a renamed one nor that of Python's own."""

    name: str
    kind: str
    instead: str
    since: str
    module: str
    source: str


@functools.cache
def _rows() -> Mapping[str, Row]:
    found = (Row(**row) for row in csv.DictReader(data.read_text(TABLE).splitlines()))
    return {row.name: row for row in found}


def of(name: str, target: Target) -> Row | None:
    """What a project's name, normalised, stands for on a target."""
    row = _rows().get(name)
    row = None if row is not None and row.kind == MODULE else row
    new = row is not None and row.kind == BACKPORT and Version(target.python) < Version(row.since)
    return None if new else row


def having(module: str) -> str:
    """The requirement that brings a module which no distribution is called by; "" where that is not known."""
    row = _rows().get(module) or _rows().get(canonicalize_name(module))
    known = row is not None and (row.kind == MODULE or (row.kind == RENAMED and not row.module))
    return row.instead if row is not None and known else ""


def meant(
    problems: Sequence[Problem], asked_by: Mapping[Problem, frozenset[str]], target: Target, attempt: Attempt
) -> dict[str, str]:
    """By project, what to do about those that the user asks for by such a name, where the request resolves
    so. ``asked_by``: what has to go from the request for a problem to go."""
    rows = {one.project: row for one in problems if not one.parent and (row := of(one.project, target))}
    if not rows:
        return {}
    others = frozenset().union(*asked_by.values()) - set(rows)
    more = tuple(sorted({row.instead for row in rows.values() if row.kind == RENAMED}))
    held = attempt(Try(target, without=others | set(rows), more=more))
    if held is None:
        return {}
    return {name: _cure(row, rest_of(others, held)) for name, row in rows.items()}


def _cure(row: Row, rest: str) -> str:
    if row.kind == BACKPORT:
        rest = rest.replace("the whole request", "the rest")
        code = f", and import {row.instead} in the place of {row.module}" if row.module else ""
        return (
            f"delete the line{code}: Python has {row.instead} itself since {row.since}; "
            f"{rest} resolves without it"
        )
    return f"ask for {row.instead} in the place of {row.name}: {rest} resolves with it"

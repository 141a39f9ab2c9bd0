"""A lock of ours that is taken for another target than it was made for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from offkit.model.errors import RequestError
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.target import Target
from offkit.model.words import several
from offkit.online.request import pins
from offkit.online.request.locked import LockedWheel, Place

_AGAIN = "lock the requirements again, for this target"


def findings(files: Iterable[Place], target: Target, wheels: Sequence[LockedWheel] = ()) -> list[Finding]:
    """REQ026 for each of the files that is one. With ``wheels``, those that it is now, for which every
    pin has been seen to hold: which of its pins nobody needs there."""
    found = []
    for path in files:
        head = pins.head(path) if isinstance(path, Path) else None
        if head is None or head.holds_for(target.describe()):
            continue
        message = f"was locked for {head.target}"
        idle: list[str] = []
        if wheels:
            message += f"; its {several(len(head.needed), 'pin')} hold for {target.describe()} too"
            idle = sorted({_name(one) for one in wheels} - _needed(head.needed, wheels))
        if idle:
            message += f", but nobody needs {', '.join(idle)}"
        severity = INFO if wheels and not idle else WARNING
        found.append(Finding("REQ026", severity, str(path), message, (), _AGAIN if severity != INFO else ""))
    return found


def _needed(asked: Mapping[str, bool], wheels: Sequence[LockedWheel]) -> set[str]:
    """Those of the wheels that somebody asked for when it was locked, or that these need."""
    needed = {name for one in wheels if asked.get(name := _name(one), True)}
    while True:
        more = {_name(one) for one in wheels if needed.intersection(map(canonicalize_name, one.via))}
        if more <= needed:
            return needed
        needed |= more


def _name(wheel: LockedWheel) -> str:
    return canonicalize_name(wheel.name)


def unfit(files: Iterable[Place], target: Target, wrong: Sequence[Finding]) -> RequestError | None:
    """The error for ``wrong`` hashes, where they are those of another target's wheels."""
    told = findings(files, target)
    if not told:
        return None
    none = "the lock allows no wheel of it for this target"
    other = [Finding("REQ001", ERROR, one.subject, none, one.looked_in) for one in wrong]
    return RequestError(f"the lock does not hold for {target.describe()}", [*told, *other], _AGAIN)

"""What runs on a machine in order to build or to install: build requirements, and the pip for them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from offkit.model.built import Pin as BuiltPin
from offkit.model.errors import OffkitError, RequestError, UsageError
from offkit.model.report import Reporter
from offkit.model.target import Target
from offkit.online.request.locked import Lock, LockedWheel, Request
from offkit.online.request.pins import Pin
from offkit.online.resolve import standing
from offkit.online.sources.environment import Provided
from offkit.online.sources.refusal import Refused
from offkit.online.wheels import fetch


def once(provide: Callable[[Sequence[str], Target], Provided]) -> Callable[[Sequence[str], Target], Provided]:
    """The same, asked once for the same thing."""
    known = functools.cache(provide)
    return lambda lines, where: known(tuple(lines), where)


def pip(session: Any, pinned: Sequence[Pin], cache: Path) -> LockedWheel | None:
    """For the target of a Session: the pip that offkit knows for that Python, else the newest that the
    index has."""
    found = standing.look(pinned, session.target, cache)
    if isinstance(found, Lock):
        return found.wheels[0]
    for pin in standing.applying(pinned, session.target):
        listed: LockedWheel | None = session.listed(pin)
        if listed is not None:
            return listed
    return in_lock(session.lock(Request(("pip",), (), ())), "pip")


def in_lock(lock: Lock, name: str) -> LockedWheel | None:
    return next((wheel for wheel in lock.wheels if canonicalize_name(wheel.name) == name), None)


def requisites(session: Any, requirements: Sequence[str], cache: Path) -> Provided:
    """What a Session has for these lines. Raises Refused where that is nothing; EnvironmentProblem and
    IntegrityError."""
    try:
        lock = session.lock(Request(tuple(requirements), (), ()))
    except (RequestError, UsageError) as error:  # the latter for what cannot be read
        said = [f"{one.subject}: {one.message}" for one in error.findings] or [error.message]
        where = session.target
        raise Refused(
            f"its build requirements cannot be had for {where.describe()}",
            said,
            fix="give an index that has them, or --find-links DIR with their wheels in DIR",
            pythons=f">{where.python}",
        ) from error
    runs = in_lock(lock, "pip") or pip(session, standing.own_pins("pip"), cache)
    if runs is None:
        raise OffkitError(f"no pip supports CPython {session.target.python}")
    wanted = [*lock.wheels, *([runs] if runs not in lock.wheels else [])]
    found = fetch.at_hand(wanted, cache) or fetch.fetch(wanted, session.repository.session, cache, Reporter())
    number = len(lock.wheels)
    (own,) = (one.path for one in found.files if one.wheel.filename == runs.filename)
    tools = sorted(found.files[:number], key=lambda one: one.wheel.name)
    return Provided(
        tuple(BuiltPin(one.wheel.name, one.wheel.version, one.wheel.sha256) for one in tools),
        tuple(one.path for one in tools),
        own,
    )

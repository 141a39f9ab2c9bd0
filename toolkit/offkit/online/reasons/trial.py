"""What is tried in the place of a request that cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from packaging.version import InvalidVersion, Version

from offkit.model.target import Target

Pins = dict[str, str]  # normalised name: version


class Try(NamedTuple):
    """One resolution of the request that another one could be."""

    target: Target
    loose: bool = False  # of what was asked for by name, any version will do
    public: bool = False  # and of a local version (1.13.1+cu117), the one that it is a build of
    only: frozenset[str] = frozenset()  # and of that, only of these projects; empty: of all
    pre: bool = False  # pre-releases too
    without: frozenset[str] = frozenset()  # projects that are left out of the request
    some: bool = False  # it does not hold where nothing is left
    near: int = 0  # and of what was asked for by a version, only those with so many of its numbers; 0: any
    limits: tuple[str, ...] = ()  # constraints that hold too
    more: tuple[str, ...] = ()  # what is asked for beside
    taken: tuple[str, ...] = ()  # NAME=PACKAGE: what comes from an index that has a name
    named: bool = False  # in the place of a wheel that is given and does not fit, any file of its version


class Held(NamedTuple):
    """What a request has to be for all of it to resolve as a Try says."""

    changed: Pins  # what it asks for by name, in other versions than it allows
    added: Pins  # beside, for what is known to fail otherwise when it is imported


Attempt = Callable[[Try], "Held | None"]
# Of what holds so: the words for whom alone, where it does not for all targets of the call, and how to keep
# it to that one.
Beside = Callable[[Try, Held], tuple[str, str]]


def rest_of(without: Collection[str], held: Held | None = None) -> str:
    """A request without some projects, and with what is added, in words."""
    rest = f"everything but {', '.join(sorted(without))}" if without else "the whole request"
    return f"{rest} with {pinned(held.added)}" if held is not None and held.added else rest


def pins(of: Pins) -> list[str]:
    """As a requirements file has them."""
    return [f"{name}=={version}" for name, version in sorted(of.items())]


def pinned(of: Pins) -> str:
    """The same in a line."""
    return ", ".join(pins(of))


def near(specifier: Iterable[Any], numbers: int) -> str:
    """Versions like the one that a specifier names: ==1.25.* for ==1.25.3 and two numbers; "" where it names
    none, or one with fewer numbers."""
    parts = list(specifier)
    if len(parts) != 1 or parts[0].operator not in ("==", "===") or "*" in parts[0].version:
        return ""
    try:
        version = Version(parts[0].version)
    except InvalidVersion:
        return ""
    if len(version.release) < numbers:
        return ""
    return f"=={version.epoch}!{'.'.join(map(str, version.release[:numbers]))}.*"

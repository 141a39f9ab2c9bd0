"""What is tried in the place of a request that cannot be had."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

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


Attempt = Callable[[Try], "Pins | None"]

"""A release of a project as its METADATA names it, and what of that was read as it was meant."""

from __future__ import annotations

import functools
from typing import NamedTuple

from packaging.version import Version

Release = tuple[str, str]  # normalised name, version as METADATA has it


class Repair(NamedTuple):
    """A line that was read as another."""

    name: str
    version: str
    wrong: str
    right: str


@functools.lru_cache(maxsize=16384)  # asked again of all that is known, for each candidate of a project
def normal(version: str) -> str:
    """A version as PEP 440 spells it; what is none, as it is."""
    try:
        return str(Version(version))
    except ValueError:
        return version

"""Metadata that was read as it was meant."""

from __future__ import annotations

from typing import NamedTuple


class Repair(NamedTuple):
    """A line that was read as another."""

    name: str
    version: str
    wrong: str
    right: str

"""What a library defines on every server there is, so that nobody need be asked for it
(repo-config/everywhere.csv)."""

from __future__ import annotations

import csv
import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping

from offkit.edges import data

TABLE = "repo-config/everywhere.csv"


def names(libraries: Iterable[str]) -> frozenset[bytes]:
    """Of libraries by their sonames."""
    return frozenset().union(*(_known().get(each, ()) for each in libraries))


@functools.cache
def _known() -> Mapping[str, frozenset[bytes]]:
    found: dict[str, set[bytes]] = defaultdict(set)
    for row in csv.DictReader(data.read_text(TABLE).splitlines()):
        for suffix in ("", *row["suffixes"].split()):
            found[row["library"]].update((name + suffix).encode("ascii") for name in row["names"].split())
    return {library: frozenset(those) for library, those in found.items()}

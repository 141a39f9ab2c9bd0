"""Names of CPython's C API, private ones too, that some series have and others have not."""

import csv
import functools
from typing import AbstractSet

from offkit.edges import data

TABLE = "repo-config/cpython-names.csv"


@functools.lru_cache(maxsize=None)
def names() -> AbstractSet[str]:
    rows = csv.DictReader(data.read_text(TABLE).splitlines())
    return frozenset(name for row in rows for name in row["names"].split())

"""Which symbols hosts ask their plug-ins for (repo-config/plugins.csv)."""

import csv
import functools
from typing import Tuple

from offkit.edges import data

TABLE = "repo-config/plugins.csv"


@functools.lru_cache(maxsize=None)
def symbols() -> Tuple[str, ...]:
    return tuple(row["symbol"] for row in csv.DictReader(data.read_text(TABLE).splitlines()))

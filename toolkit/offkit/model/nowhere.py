"""Libraries that no disc of any release has, and what to do: repo-config/nowhere.csv, as pure values."""

import csv
import re
from typing import List, NamedTuple, Pattern, Sequence

TABLE = "repo-config/nowhere.csv"


class Row(NamedTuple):
    sonames: Pattern[str]  # from end to end
    why: str
    fix: str


def parse(text: str) -> List[Row]:
    """Raises KeyError or re.error on a malformed line."""
    rows = csv.DictReader(text.splitlines())
    return [Row(re.compile(row["soname"]), row["why"], row["fix"]) for row in rows]


def told(rows: Sequence[Row], soname: str) -> str:
    """Why no disc has it, and what to do; "" where one may have it."""
    found = next((row for row in rows if row.sonames.fullmatch(soname)), None)
    return "{0.why}: {0.fix}".format(found) if found else ""

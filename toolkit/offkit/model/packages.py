"""The extension modules that a CPython build may leave out: repo-config/modules.csv, as pure values.

What each release calls the packages with their libraries is in ``release.Release.modules``.
"""

import csv
from typing import Dict, List, NamedTuple, Tuple

MODULES = "repo-config/modules.csv"


class ModuleRow(NamedTuple):
    """Extension modules that a CPython build leaves out when a library's headers are not there."""

    modules: Tuple[str, ...]  # as imported: ssl, dbm.gnu
    extensions: Tuple[str, ...]  # as compiled: _ssl, _gdbm
    since: Tuple[int, int]  # first and last CPython that has them
    until: Tuple[int, int]
    severity: str
    needed_for: str

    @property
    def name(self) -> str:
        """As the files of releases call it."""
        return self.modules[0]

    def exists_in(self, python: Tuple[int, int]) -> bool:
        return self.since <= python <= self.until


def parse_modules(text: str) -> List[ModuleRow]:
    """The module table from its CSV text. Raises ValueError on a malformed line."""
    return [
        ModuleRow(
            modules=tuple(row["modules"].split()),
            extensions=tuple(row["extensions"].split()),
            since=_series(row["since"]),
            until=_series(row["until"] or "3.999"),
            severity=row["severity"],
            needed_for=row["needed_for"],
        )
        for row in _rows(text, "modules", "extensions", "since", "until", "severity", "needed_for")
    ]


def _series(text: str) -> Tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


def _rows(text: str, *required: str) -> List[Dict[str, str]]:
    reader = csv.DictReader(text.splitlines())
    rows = []
    for row in reader:
        if None in row or None in row.values() or any(name not in row for name in required):
            raise ValueError("line {} has the wrong number of columns".format(reader.line_num))
        rows.append({str(key): value.strip() for key, value in row.items()})
    return rows

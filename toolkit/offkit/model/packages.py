"""Which RPM has a library or a Python module: the tables of repo-config, as pure values.

They are the fallback where no repository metadata is at hand; the ``rpm:provides`` of an
ISO's primary.xml knows better.
"""

import csv
from typing import Dict, List, NamedTuple, Optional, Tuple

SONAMES = "repo-config/sonames.csv"
MODULES = "repo-config/modules.csv"
KEYS = "repo-config/keys.csv"
MAJORS = (7, 8, 9)
_NONE = "-"


class SonameRow(NamedTuple):
    rpms: Dict[int, str]  # by EL major; majors without a package are not there
    note: str


class ModuleRow(NamedTuple):
    """Extension modules that a CPython build leaves out when a library's headers are not there."""

    modules: Tuple[str, ...]  # as imported: ssl, dbm.gnu
    extensions: Tuple[str, ...]  # as compiled: _ssl, _gdbm
    since: Tuple[int, int]  # first and last CPython that has them
    until: Tuple[int, int]
    severity: str
    needed_for: str
    sonames: Dict[int, Tuple[str, ...]]
    runtime: Dict[int, Tuple[str, ...]]
    devel: Dict[int, Tuple[str, ...]]

    def exists_in(self, python: Tuple[int, int]) -> bool:
        return self.since <= python <= self.until


SonameTable = Dict[str, SonameRow]


def nearest(el: int) -> int:
    """The column to read for an EL major that the tables do not know."""
    return min(MAJORS, key=lambda major: abs(major - el))


def parse_sonames(text: str) -> SonameTable:
    """The soname table from its CSV text. Raises ValueError on a malformed line."""
    table: SonameTable = {}
    for row in _rows(text, "soname", "note"):
        rpms = {el: row["el{}".format(el)] for el in MAJORS}
        rpms = {el: rpm for el, rpm in rpms.items() if rpm not in ("", _NONE)}
        if row["soname"] in table:
            raise ValueError("{} is listed twice".format(row["soname"]))
        table[row["soname"]] = SonameRow(rpms, row["note"])
    return table


def rpm_for_soname(table: SonameTable, soname: str, el: int) -> Optional[str]:
    """The package of that EL's ISO that holds ``soname``; None where it has none or it is unknown."""
    row = table.get(soname)
    return row.rpms.get(nearest(el)) if row else None


def note_for_soname(table: SonameTable, soname: str, el: int) -> str:
    """What else is known: where a package that no ISO has can be found. "" mostly."""
    row = table.get(soname)
    prefix = "el{}: ".format(nearest(el))
    return row.note[len(prefix) :] if row and row.note.startswith(prefix) else ""


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
            sonames=_columns(row, "sonames"),
            runtime=_columns(row, "runtime"),
            devel=_columns(row, "devel"),
        )
        for row in _rows(text, "modules", "extensions", "since", "until", "severity", "needed_for")
    ]


def gpg_key(text: str, distribution: str, el: int) -> Optional[str]:
    """The file under /etc/pki/rpm-gpg/ with the key that signs a distribution's ISO.

    ``text`` is keys.csv, ``distribution`` the ID of os-release(5).
    """
    for row in _rows(text, "id", "key"):
        if row["id"] == distribution and row["el"] == str(el):
            return row["key"]
    return None


def _columns(row: Dict[str, str], name: str) -> Dict[int, Tuple[str, ...]]:
    return {el: tuple(row["el{}_{}".format(el, name)].split()) for el in MAJORS}


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

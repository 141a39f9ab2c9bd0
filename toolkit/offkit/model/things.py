"""What packages want of a server at run time, and no ELF file says: repo-config/needs.json, as pure values.

Its schema is repo-config/needs.schema.json.
"""

import json
from typing import Any, Dict, Mapping, NamedTuple, Tuple

TABLE = "repo-config/needs.json"
LIBRARY, PROGRAM, FILE, MODULE, VERSION, CPU, DRIVER = KINDS = (
    "library",
    "program",
    "file",
    "module",
    "version",
    "cpu",
    "driver",
)
OPENSSL, SQLITE = "OpenSSL", "SQLite"  # of which there are versions
TKINTER = ("_tkinter",)


class Thing(NamedTuple):
    """What is wanted."""

    name: str  # in the table
    kind: str
    # Any of them will do: sonames, programs, absolute paths with wildcards, modules. Of a version the
    # program and the oldest that will do, of a processor all of its flags.
    names: Tuple[str, ...]
    rpms: Mapping[str, str]  # by release, by family (el, kylin), or "" for every release
    elsewhere: Mapping[str, str]  # the same: where it is to be had, for no disc of the release has it
    languages: Tuple[str, ...] = ()  # those of a server on which more than a few want it

    def rpm(self, release: str) -> str:
        """The package on that release's discs; "" where there is none, and where none is known."""
        rank, name = _of(self.rpms, release)
        return name if rank > _of(self.elsewhere, release)[0] else ""

    def from_elsewhere(self, release: str) -> str:
        """Where it is to be had, "" where the release's discs have it or nothing is known."""
        return "" if self.rpm(release) else _of(self.elsewhere, release)[1]

    @property
    def subject(self) -> str:
        """For people."""
        return self.names[0] if self.kind in (LIBRARY, PROGRAM, DRIVER, VERSION) else self.name


class Need(NamedTuple):
    """That a package wants it."""

    package: str  # normalised
    versions: str  # of the package: specifiers of PEP 440, "" for all
    thing: Thing
    use: str  # what is lost without it; "": the package cannot be imported
    unless: Tuple[str, ...]  # packages that bring it
    cure: str  # a constraint on packages that does without, "" where there is none
    minor: bool  # few use that part of it
    source: str


class Table(NamedTuple):
    things: Mapping[str, Thing]
    needs: Tuple[Need, ...]

    def driver(self, soname: str) -> str:
        """Where a library is from that belongs to the driver of a device; "" for all others."""
        drivers = (each for each in self.things.values() if each.kind == DRIVER and soname in each.names)
        return next((each.elsewhere[""] for each in drivers), "")


def parse(text: str) -> Table:
    """The file. Raises KeyError, TypeError, StopIteration or AttributeError where the schema says no."""
    data = json.loads(text)
    things = {name: _thing(name, row) for name, row in data["things"].items()}
    needs = [
        Need(
            row["package"],
            row.get("versions", ""),
            things[row["needs"]],
            row.get("use", ""),
            tuple(row.get("unless", ())),
            row.get("cure", ""),
            row.get("minor", False),
            row["source"],
        )
        for row in data["needs"]
    ]
    return Table(things, tuple(needs))


def _thing(name: str, row: Dict[str, Any]) -> Thing:
    kind = next(each for each in KINDS if each in row)
    languages = tuple(row.get("languages", ()))
    return Thing(name, kind, tuple(row[kind]), _each(row.get("rpm")), _each(row.get("elsewhere")), languages)


def _each(given: Any) -> Dict[str, str]:
    """A single word is for every release."""
    return {"": given} if isinstance(given, str) else given or {}


def _of(rows: Mapping[str, str], release: str) -> Tuple[int, str]:
    """How exactly it is about that release (0: not at all), and what it says."""
    keys = (release, release.rstrip("0123456789."), "")
    return next(((3 - index, rows[key]) for index, key in enumerate(keys) if key in rows), (0, ""))

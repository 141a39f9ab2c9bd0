"""Sources that a bundle carries, to be compiled where it is installed: as pure values."""

import csv
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

HEADERS = "repo-config/headers.csv"
_TEXTS = ("name", "version", "member", "lock")
_LISTS = ("programs", "headers", "rpms")
# Compilers, and the packages with them: the names are the same in every release (dnf provides).
GCC, GXX = "gcc", "g++"
PROGRAMS = {GCC: "gcc", GXX: "gcc-c++"}


class Source(NamedTuple):
    """An sdist in the bundle."""

    name: str
    version: str
    member: str  # its path in the bundle
    lock: str  # the member with the pins of what builds it: the wheels are in build-wheels/
    programs: Tuple[str, ...] = (GCC,)  # what compiles it, of PROGRAMS
    headers: Tuple[str, ...] = ()  # as #include has them: what it is known to be compiled with
    rpms: Tuple[str, ...] = ()  # what the target's release has compiler and headers in, for people

    def describe(self) -> str:
        """For people: ``psycopg2 2.9.9``"""
        return "{} {}".format(self.name, self.version)


def to_be_compiled(one: Source) -> str:
    """One line for people: what it will take."""
    needs = ", ".join(one.rpms)
    words = "the source of {}, to be compiled on the server; needs {} there, from its ISO or a repository"
    return words.format(one.describe(), needs)


def to_options(carried: Sequence[Source]) -> Dict[str, Any]:
    """The manifest's option ``sources``; nothing where nothing is carried."""
    listed = [
        {name: list(value) if name in _LISTS else value for name, value in one._asdict().items()}
        for one in carried
    ]
    return {"sources": listed} if listed else {}


def from_options(options: Dict[str, Any]) -> List[Source]:
    """Back again; only what has the right form counts."""
    listed = options.get("sources")
    found = []
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict) or set(one) != set(Source._fields):
            continue
        lists = [one[name] for name in _LISTS]
        texts = [one[name] for name in _TEXTS] + [
            text for each in lists if isinstance(each, list) for text in each
        ]
        if all(isinstance(each, list) for each in lists) and all(isinstance(text, str) for text in texts):
            found.append(Source(**dict(one, **{name: tuple(one[name]) for name in _LISTS})))
    return found


def parse_headers(text: str) -> Dict[str, Tuple[str, ...]]:
    """The table of headers, by the normalized name of a project. Which package has one, a release's file says
    (release.Release.headers). Raises KeyError on a malformed line."""
    rows = csv.DictReader(text.splitlines())
    return {row["project"]: tuple(row["headers"].split()) for row in rows if row["headers"]}


def parse_compilers(text: str) -> Dict[str, Tuple[str, ...]]:
    """The same table's compilers, of projects that have sources which they do not compile: of all others the
    sources tell. Raises KeyError on a malformed line."""
    rows = csv.DictReader(text.splitlines())
    return {row["project"]: tuple(row["compilers"].split()) for row in rows if row["compilers"]}

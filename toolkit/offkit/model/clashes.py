"""Packages that are known to fail together when they are imported: ``failures`` of repo-config/clashes.json.

Its schema is repo-config/clashes.schema.json. Before the gap online.reasons.clashes reads it and tries cures.
"""

from typing import Any, Collection, Iterable, List, Mapping, NamedTuple

from offkit.model import requirement

TABLE = "repo-config/clashes.json"


class Failure(NamedTuple):
    package: str  # normalised, with its version
    version: str
    other: str
    other_version: str
    fails: str  # how the traceback ends
    cure: str  # a constraint that prevents it


def whole(rows: Iterable[Mapping[str, Any]], names: Collection[str]) -> List[str]:
    """Those of ``names`` (normalised, packages that own the same files) of which the table knows that they
    have what all of them have."""
    for row in rows:
        has = {name: set(row["packages"].get(name, ())) for name in names}
        if all(has.values()):
            return [name for name in names if has[name] == set.union(*has.values())]
    return []


def failures(rows: Iterable[Mapping[str, str]], packages: Mapping[str, str], python: str) -> List[Failure]:
    """Those of the table that are about two packages and hold for ``packages`` (normalised name → version) on
    that Python."""
    found = []
    for row in rows:
        version = packages.get(row["package"])
        if "with" not in row or version is None or not requirement.admits(row.get("pythons", ""), python):
            continue
        other = requirement.parse(row["with"])
        has = packages.get(requirement.normalize(other.name))
        try:
            if has is None or not requirement.parse("it " + row["versions"]).accepts(version):
                continue
            if other.accepts(has):
                found.append(Failure(row["package"], version, other.name, has, row["fails"], row["cure"]))
        except ValueError:  # of a version that nobody can read
            continue
    return found

"""Packages that cannot live together, or not on that server, though their metadata allows it.

What is known of a lock before its wheels are there is in repo-config/clashes.json; the rest is read
from the wheels.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from offkit.edges import data, releases
from offkit.model import clashes as model
from offkit.model import toolchain
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.target import Target
from offkit.model.words import several
from offkit.online.reasons.trial import Attempt, Pins, Try, rest_of
from offkit.online.request.locked import LockedWheel
from offkit.online.wheels.ownership import Shared

# What the request has to ask for instead, so that all of it resolves with those constraints too: nothing, or
# other versions of what they are about; None where it does not.
Holds = Callable[..., "Pins | None"]


def by_name(wheels: Iterable[LockedWheel]) -> dict[str, LockedWheel]:
    """A lock by normalised names."""
    return {canonicalize_name(one.name): one for one in wheels}


def expected(wheels: Iterable[LockedWheel], target: Target, holds: Holds) -> list[Finding]:
    """REQ019 and REQ021 for a lock, by what is known of the packages."""
    lock, known = by_name(wheels), _known()
    rivals = [
        Shared(row["module"], owners, 0)
        for row in known["rivals"]
        if len(owners := tuple(sorted(set(row["packages"]) & set(lock)))) > 1
    ]
    versions = {name: one.version for name, one in lock.items()}
    failures = [_failure(row, versions, target) for row in known["failures"]]
    return [*overlaps(rivals, lock), *_cured([one for one in failures if one], holds)]


def project(requirement: str) -> str:
    """The one that a requirement is about, normalised."""
    return str(canonicalize_name(Requirement(requirement).name))


def beside(
    versions: Mapping[str, str], target: Target, attempt: Attempt, without: frozenset[str]
) -> list[Finding]:
    """REQ021 for what can be had of a request (versions by normalised names) of which ``without`` cannot."""
    failures = [_failure(row, versions, target) for row in _known()["failures"]]

    def holds(*constraints: str) -> Pins | None:
        held = attempt(Try(target, limits=constraints, without=without, some=True))
        return None if held is None or held.added else held.changed

    return _cured([one for one in failures if one], holds, rest_of(without))


def cures(versions: Mapping[str, str], target: Target, of: Collection[str] | None = None) -> tuple[str, ...]:
    """The constraints that would help what is known to fail; ``of``: where one of these projects does, or
    something with it."""
    found = [
        failure[1]
        for row in _known()["failures"]
        if (failure := _failure(row, versions, target)) is not None
        and failure[0].severity == ERROR
        and (of is None or not {row["package"], project(row["with"])}.isdisjoint(of))
    ]
    return tuple(sorted(set(found)))


def overlaps(shared: Iterable[Shared], lock: dict[str, LockedWheel]) -> list[Finding]:
    """REQ019: the one that is installed last overwrites the others."""
    return [
        Finding(
            "REQ019",
            INFO if each.harmless else WARNING,
            " / ".join(each.owners),
            f"each brings its own {several(each.files, 'file') + ' of ' if each.files else ''}{each.top}: "
            "what is installed last overwrites the others",
            tuple(f"{name}: needed by {', '.join(lock[name].via)}" for name in each.owners if name in lock),
            "" if each.harmless else _keep(each, lock),
        )
        for each in shared
    ]


def _keep(shared: Shared, lock: dict[str, LockedWheel]) -> str:
    """Which one will do for all, where that is known and the others are there by request alone."""
    for name in model.whole(_known()["rivals"], shared.owners):
        others = [other for other in shared.owners if other != name]
        if all(lock[other].via == ("the request",) for other in others):
            rest = ", ".join(others)
            return f"keep {name}, which has what the others have: delete {rest} from the request"
    return ""


def has_numpy_2(lock: dict[str, LockedWheel]) -> bool:
    """Whether a lock by names has a NumPy that loads nothing compiled for NumPy 1."""
    return "numpy" in lock and Version(lock["numpy"].version) >= Version("2.0.dev0")


def of_numpy(
    builds: Mapping[str, Sequence[str]], lock: dict[str, LockedWheel], holds: Holds
) -> list[Finding]:
    """REQ021 for packages with files that were compiled for NumPy 1, beside NumPy 2.

    What requires NumPy cannot be imported; of what does not, only a part may be lost.
    """
    if not has_numpy_2(lock):
        return []
    needing = {canonicalize_name(name) for name in lock["numpy"].via}
    found = []
    for package, paths in builds.items():
        if package in lock and package != "numpy":
            more = f" and {several(len(paths) - 1, 'more file')}" if paths[1:] else ""
            message = (
                f"{lock[package].version} was compiled for NumPy 1 and cannot be loaded with "
                f"numpy {lock['numpy'].version}: {paths[0]}{more}"
            )
            severity = ERROR if package in needing else WARNING
            found.append((Finding("REQ021", severity, package, message), "numpy<2"))
    return _cured(found, holds)


def _cured(failures: Sequence[tuple[Finding, str]], holds: Holds, whole: str = rest_of(())) -> list[Finding]:
    """Each with what was tried as the fix, where all of the constraints hold together or its own does.
    ``whole``: what resolves then."""
    holds = functools.cache(holds)
    every = sorted({cure for _, cure in failures})
    together = holds(*every) if every[1:] else None
    return [
        found._replace(fix=_fix(cure, holds(cure) if together is None else together, whole))
        for found, cure in failures
    ]


def _fix(cure: str, instead: Pins | None, whole: str) -> str:
    if instead is None:
        return ""
    version = instead.get(project(cure))
    change = f"add '{cure}'" if version is None else f"use {project(cure)}=={version}"
    return f"{change}: {whole} resolves with it"


def _failure(row: dict[str, str], versions: Mapping[str, str], target: Target) -> tuple[Finding, str] | None:
    """The finding of a row that applies, and the cure to try."""
    for each in model.failures([row], versions, target.python):
        message = f"{each.version} cannot be imported with {each.other} {each.other_version}: {each.fails}"
        return Finding("REQ021", ERROR, each.package, message), each.cure
    one = versions.get(row["package"])
    if "openssl" not in row or one is None:
        return None
    if not SpecifierSet(row["versions"]).contains(one, prereleases=True):
        return None
    release = releases.of(target.el, target.name)
    have = toolchain.openssl_below(target.python_series, release, row["openssl"])
    if not have or not SpecifierSet(row.get("pythons", "")).contains(target.python):
        return None
    message = (
        f"{one} cannot be imported with the OpenSSL {have} of {target.name}, which a "
        f"Python {target.python_minor} compiled there has: {row['fails']}"
    )
    # A ready-made build brings an OpenSSL of its own.
    return Finding("REQ021", WARNING, row["package"], message), row["cure"]


@functools.cache
def _known() -> dict[str, Any]:
    known: dict[str, Any] = json.loads(data.read_text(model.TABLE))
    return known

"""The Pythons that a bundle carries, and the target that they and the wheels have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from offkit.model.carried import Carried
from offkit.model.errors import IntegrityError, OffkitError, RequestError, UsageError
from offkit.model.finding import Finding, has_errors
from offkit.model.target import Target
from offkit.online.carry import python_build, python_source
from offkit.online.carry.pack import Source
from offkit.online.carry.python_build import Build


class Pythons(NamedTuple):
    """What was given with --python-source and --python-build, read."""

    source: Carried | None
    build: Build | None
    files: tuple[Path, ...]

    @property
    def carried(self) -> tuple[Carried, ...]:
        """In the order in which install.sh would use them."""
        return ((self.build.carried,) if self.build else ()) + ((self.source,) if self.source else ())

    def members(self) -> list[Source]:
        """For the bundle."""
        return [Source(one.member, path) for one, path in zip(self.carried, self.files, strict=True)]


NONE = Pythons(None, None, ())


def look(source: Path | None, build: Path | None) -> Pythons:
    """Read both, and name what is wrong with both. Raises UsageError, RequestError, IntegrityError."""
    problems: list[OffkitError] = []
    read: list[Any] = []
    for look_at, path in ((python_source.look, source), (python_build.look, build)):
        try:
            read.append(look_at(path) if path else None)
        except OffkitError as error:
            problems.insert(0, error)
    if len(problems) == 1 or any(not error.findings for error in problems):
        raise problems[0]
    if problems:
        findings = [finding for error in problems for finding in error.findings]
        kind = next((type(error) for error in problems if isinstance(error, IntegrityError)), RequestError)
        raise kind("neither of the two Pythons can be used", findings)
    return Pythons(read[0], read[1], tuple(path for path in (build, source) if path))


def series(pythons: Pythons) -> str | None:
    """The Python to bundle for when nobody says: that of what is carried."""
    return pythons.carried[0].series if pythons.carried else None


def fit(target: Target, pythons: Pythons, exact: bool) -> tuple[Target, list[Finding]]:
    """The target whose Python none of the carried ones is older than, and warnings.

    Packages chosen for 3.6.8 run on 3.6.15, not the other way round. So an older tarball lowers
    the patch level of a preset; where it was said (``exact``) it is a misfit. A newer one does not
    raise it: the bundle stays good for servers that have the distribution's Python. Raises
    RequestError with everything that speaks against the tarballs.
    """
    for one in pythons.carried:
        if not exact and one.series == target.python_minor and one.release < _release(target):
            target = target._replace(python=one.version)
    found: list[Finding] = []
    if pythons.build:
        found += python_build.misfits(pythons.build, target)
    if pythons.source:
        found += python_source.misfits(pythons.source, target)
    if not pythons.carried:
        found += python_source.out_of_reach(target)
    if has_errors(found):
        names = " and ".join(dict.fromkeys(one.subject for one in found))
        raise RequestError(f"{names} cannot be used for {target.describe()}", found)
    return target, found


def fit_all(
    targets: Sequence[tuple[Target, bool]], pythons: Pythons
) -> list[tuple[Target, Pythons, list[Finding]]]:
    """``fit`` for each target, with its ``exact``; of several each gets the Pythons of its own series.

    Raises UsageError for one that is of none.
    """
    if len(targets) > 1:
        for one in pythons.carried:
            if all(one.series != target.python_minor for target, _ in targets):
                raise UsageError(
                    f"{Path(one.member).name} is Python {one.series}, which none of the targets has",
                    fix=f"say which target is to have it: --target NAME:{one.series}",
                )
    found_all = []
    for target, exact in targets:
        own = _of_series(pythons, target.python_minor) if len(targets) > 1 else pythons
        fitting, found = fit(target, own, exact)
        found_all.append((fitting, own, found))
    return found_all


def _of_series(pythons: Pythons, series: str) -> Pythons:
    source, build, _ = pythons
    pairs = zip(pythons.carried, pythons.files, strict=True)
    return Pythons(
        source if source and source.series == series else None,
        build if build and build.carried.series == series else None,
        tuple(path for one, path in pairs if one.series == series),
    )


def _release(target: Target) -> tuple[int, ...]:
    return tuple(int(part) for part in target.python.split("."))

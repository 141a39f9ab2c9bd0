"""What is worth knowing of a lock: newer versions that were passed over, yanked and abandoned releases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from offkit.model.finding import INFO, WARNING, Finding
from offkit.model.target import Target
from offkit.online.index import listing, platforms
from offkit.online.index.listing import Listed, Listing
from offkit.online.index.metadata import Seen
from offkit.online.index.release import normal
from offkit.online.reasons.causes import Problem

_MOST = 5  # versions that are asked for once more, to learn why they were not taken
# PEP 792: what the status of a project means, and how much it matters.
_STATUSES = {
    "archived": (INFO, "is archived: no new version will be made"),
    "deprecated": (WARNING, "is deprecated by its authors"),
    "quarantined": (WARNING, "is in quarantine: the index holds it to be dangerous"),
}

Why = Callable[[str, str], tuple[str, list[Problem]]]


def of(
    pinned: Sequence[Any],
    requirements: Sequence[Any],
    index: Listing,
    seen: Seen,
    why_not: Why,
    helps: Callable[[list[Problem]], str],
    unbuilt: Mapping[str, str],
) -> list[Finding]:
    """Findings for the pins of a lock, none of them an error.

    ``why_not`` tells of a (name, version) what speaks against it, ``helps`` what helps then; it resolves
    again, so it is asked only of what was requested. ``unbuilt`` says by project why sources could not be
    built.
    """
    direct = {canonicalize_name(ireq.name or ""): ireq for ireq in requirements if not ireq.constraint}
    versions = {canonicalize_name(ireq.name): next(iter(ireq.req.specifier)).version for ireq in pinned}
    wanted = _specifiers(versions, requirements, seen, index.target)
    found: list[Finding] = []
    asked_why = 0
    for ireq in pinned:
        name = canonicalize_name(ireq.name)
        if ireq.original_link is not None or ireq.link is None:
            continue
        files = index.since(name, ireq.link.filename)
        taken = next((file for file in files if file.filename == ireq.link.filename), None)
        if taken is None:
            continue
        found += _of_release(name, taken, index)
        newer = _newer(files, taken, wanted.get(name, SpecifierSet()), index)
        fitting = [file for file in newer if _usable(file, index.target)]
        if newer and all(file.version < newer[-1].version for file in fitting):
            forms = [file for file in files if file.version == newer[-1].version]
            found.append(_as_it_is(name, taken, forms, index, unbuilt.get(name, "")))
        if fitting and name in direct and asked_why < _MOST:
            asked_why += 1
            reason, problems = why_not(name, str(fitting[-1].version))
            if reason:
                message = f"{_taken(taken)}; {_dated(fitting[-1])} was passed over: {reason}"
                found.append(Finding("REQ011", WARNING, name, message, (), helps(problems)))
    return found + _extras(direct, versions, seen)


def of_file(project: str, filename: str, index: Listing) -> list[Finding]:
    """Findings for a file that was asked for by its hash."""
    name = canonicalize_name(project)
    taken = index.file(name, filename)
    return _of_release(name, taken, index) if taken is not None else []


def _of_release(name: str, taken: Listed, index: Listing) -> list[Finding]:
    found = []
    if taken.yanked is not None:
        why = f": {taken.yanked}" if taken.yanked else ""
        message = f"{taken.version} was yanked by its authors{why}"
        found.append(Finding("REQ013", WARNING, name, message, (), "request another version, if one will do"))
    if taken.version.is_prerelease and not index.pre and not index.has_finals(name):
        message = f"{taken.version} is a pre-release; there is no final one"
        found.append(Finding("REQ017", INFO, name, message))
    status = index.statuses.get(name)
    if status is not None:
        severity, text = _STATUSES.get(status.status, (WARNING, f"has the status {status.status!r}"))
        why = f" ({status.reason})" if status.reason else ""
        found.append(Finding("REQ014", severity, name, text + why))
    return found


def _newer(files: Iterable[Listed], taken: Listed, wanted: SpecifierSet, index: Listing) -> list[Listed]:
    """Final releases newer than that, which everybody would take and the target's Python too: what could
    be had as source, or on a newer system, or was not taken for another's sake."""
    return [
        file
        for file in files
        if file.version > taken.version
        and not file.version.is_prerelease
        and file.yanked is None
        and listing.admits(file, index.target)
        and file.version in wanted
        and (_usable(file, index.target) or _elsewhere(file, index.target))
    ]


def _usable(file: Listed, target: Target) -> bool:
    return bool(listing.usable([file], SpecifierSet(), target))


def _elsewhere(file: Listed, target: Target) -> bool:
    """Whether it is source, or a wheel for such a Python on a newer system."""
    return not file.is_wheel or platforms.unfit([file], target).newer_glibc


def _as_it_is(name: str, taken: Listed, forms: Sequence[Listed], index: Listing, unbuilt: str) -> Finding:
    """A newer one in a form that is of no use there; ``unbuilt`` says why it could not be built, if it was
    tried."""
    wheels = [file for file in forms if file.is_wheel]
    source = next((file for file in forms if not file.is_wheel), None)
    if wheels:
        form = platforms.unfit(wheels, index.target).text
    else:
        form = f"it exists only as source ({forms[-1].filename})"
    how = platforms.build_it if wheels or unbuilt else platforms.of_sources
    fix = how({name: source.version}, index.target) if source is not None else ""
    if source is not None and unbuilt:
        form = f"{source.filename} cannot be built here: {unbuilt}"
    message = f"{_taken(taken)}; {_dated(forms[-1])} was passed over: {form}"
    return Finding("REQ011", INFO, name, message, (), fix)


def _taken(file: Listed) -> str:
    return f"{_dated(file)} is taken"


def _dated(file: Listed) -> str:
    return f"{file.version} of {file.year}" if file.year else str(file.version)


def _specifiers(
    versions: dict[Any, str], requirements: Iterable[Any], seen: Seen, target: Target
) -> dict[str, SpecifierSet]:
    """Everything that the request and the packages of the lock say of the versions of each."""
    found: dict[str, SpecifierSet] = {}
    for ireq in requirements:
        key = canonicalize_name(ireq.name or "")
        found[key] = found.get(key, SpecifierSet()) & SpecifierSet(str(ireq.specifier))
    environment = listing.markers(target)
    read = {(name, normal(version)): lines for (name, version), lines in seen.requires.items()}
    for name, version in versions.items():
        for line in read.get((name, normal(version)), ()):
            try:
                one = Requirement(line)
            except InvalidRequirement:
                continue
            # Whoever asked for an extra has its requirements as well; for one more they only count more.
            if one.marker is None or one.marker.evaluate({**environment, "extra": ""}):
                key = canonicalize_name(one.name)
                found[key] = found.get(key, SpecifierSet()) & one.specifier
    return found


def _extras(direct: dict[Any, Any], versions: dict[Any, str], seen: Seen) -> list[Finding]:
    """Extras that were asked for and do not exist: pip says so in a warning, and goes on."""
    found = []
    known = {(name, normal(version)): extras for (name, version), extras in seen.extras.items()}
    for name, ireq in direct.items():
        has = known.get((name, normal(versions.get(name, ""))))
        unknown = sorted(
            extra for extra in ireq.extras if has is not None and canonicalize_name(extra) not in has
        )
        if unknown:
            message = f"{versions[name]} has no extra {', '.join(unknown)}"
            some = f"it has {', '.join(sorted(has))}" if has else "it has none"
            found.append(Finding("REQ015", WARNING, name, message, (), f"delete or correct it: {some}"))
    return found

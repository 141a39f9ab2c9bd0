"""Why a package cannot be had for a target, what exists instead, and what to do."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from offkit.model.finding import ERROR, Finding
from offkit.model.target import Target
from offkit.model.words import several
from offkit.online import foreign, indexes


class Listed(NamedTuple):
    """One file an index lists for a project."""

    version: Version
    filename: str
    tags: frozenset[Tag]  # of a wheel; none of a source distribution
    requires_python: str
    yanked: bool


class Stubs:
    """Empty stand-in wheels for packages that do not exist, so that resolving can go on and
    find out what else is missing. They never leave their directories.

    Each round adds a new directory, because pip lists a ``--find-links`` directory only once.
    """

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._known: set[str] = set()
        self._versions: dict[str, list[str]] = {}
        self.directories: list[Path] = []
        self._new_round()

    def _new_round(self) -> None:
        self._current = self._parent / str(len(self.directories))
        self._fresh = False

    def grew(self) -> bool:
        """Whether any were added since this was last asked."""
        if not self._fresh:
            return False
        self.directories.append(self._current)
        self._new_round()
        return True

    def add(self, project: str, version: str) -> None:
        name = canonicalize_name(project).replace("-", "_")
        filename = f"{name}-{version}-py3-none-any.whl"
        if filename in self._known:
            return
        self._known.add(filename)
        self._versions.setdefault(project, []).append(version)
        self._current.mkdir(parents=True, exist_ok=True)
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(self._current / filename, "w") as archive:
            archive.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
            )
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/RECORD", "")
        self._fresh = True

    def contains(self, filename: str) -> bool:
        return filename in self._known

    def stand_in(self, project: str, specifier: SpecifierSet) -> bool:
        """Whether a stand-in meets the requirement already."""
        return any(True for _ in specifier.filter(self._versions.get(project, [])))


def explain(causes: Sequence[foreign.Cause], repo: Any, target: Target, stubs: Stubs) -> list[Finding]:
    """Findings for the causes of a failed resolution.

    A requirement that no usable wheel meets is a finding of its own, and gets stand-ins; when
    every requirement could be met alone, they contradict each other: one finding for all.
    """
    absent: dict[str, Finding] = {}
    for cause in causes:
        if not cause.project:
            indexes.check_reachable(repo, cause.parent.split(" ")[0])
            key = "Python " + cause.text
            absent[key] = _wrong_python(cause, target)
            continue
        specifier = SpecifierSet(cause.specifier)
        if stubs.stand_in(cause.project, specifier):
            continue  # explained in an earlier round; what is wrong now is something else
        # pip goes on without an index that does not answer; a verdict must not.
        indexes.check_reachable(repo, cause.project)
        files = _listed(repo, cause.project, stubs)
        if _usable(files, specifier, target):
            continue
        if cause.project not in absent:
            absent[cause.project] = _absent(cause, files, specifier, target)
        for version in _stand_in_versions(files, specifier):
            stubs.add(cause.project, version)
    return list(absent.values()) or [_conflict(causes, target)]


def not_wheels(requirements: Iterable[Any]) -> list[Finding]:
    """Requirements that point at sources: editable installs, checkouts, directories, sdists."""
    return [
        Finding(
            "REQ007",
            ERROR,
            ireq.name or str(ireq.link),
            "is a source tree or archive; a bundle holds only wheels",
            (),
            "build it on a machine like the server: "
            f"pip wheel --no-deps {ireq.link.url_without_fragment} -w DIR; "
            "then add --find-links DIR and request it by name",
        )
        for ireq in requirements
        if ireq.editable or (ireq.link is not None and not ireq.link.is_wheel)
    ]


def _listed(repo: Any, project: str, stubs: Stubs) -> list[Listed]:
    found = []
    for link in foreign.all_links(repo, project):
        if stubs.contains(link.filename):
            continue
        try:
            if link.filename.endswith(".whl"):
                name, version, _, tags = parse_wheel_filename(link.filename)
            else:
                (name, version), tags = parse_sdist_filename(link.filename), frozenset()
        except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
            continue  # eggs, installers, signatures: nobody can install those here
        if name == canonicalize_name(project):
            yanked = link.yanked_reason is not None
            found.append(Listed(version, link.filename, tags, link.requires_python or "", yanked))
    return sorted(found, key=lambda item: item.version)


def _fits(file: Listed, tags: set[str], target: Target) -> bool:
    if tags.isdisjoint(map(str, file.tags)):
        return False
    return not file.requires_python or target.python in SpecifierSet(file.requires_python)


def _usable(files: list[Listed], specifier: SpecifierSet, target: Target) -> list[Listed]:
    tags = set(target.tags())
    versions = set(specifier.filter(file.version for file in files))
    pinned = any(part.operator in ("==", "===") for part in specifier)
    return [f for f in files if f.version in versions and (pinned or not f.yanked) and _fits(f, tags, target)]


def _stand_in_versions(files: list[Listed], specifier: SpecifierSet) -> list[str]:
    listed = [str(v) for v in specifier.filter(sorted({f.version for f in files}, reverse=True))]
    named = [
        part.version for part in specifier if "*" not in part.version and part.contains(part.version, True)
    ]
    return listed[:20] or [str(Version(text)) for text in named[:1]] or ["0"]


def _asked(cause: foreign.Cause) -> str:
    return f"{cause.text}, needed by {cause.parent}" if cause.parent else cause.text


def _absent(cause: foreign.Cause, files: list[Listed], specifier: SpecifierSet, target: Target) -> Finding:
    project, asked = cause.project, _asked(cause)
    looked = (f"{several(len(files), 'file')} of {project} on the index",)
    if not files:
        return Finding(
            "REQ003", ERROR, project, f"{asked}: no such project", ("the index and --find-links",),
            "check the spelling; a private package needs --extra-index-url URL or --find-links DIR",
        )  # fmt: skip
    matching = set(specifier.filter(file.version for file in files))
    wanted = [file for file in files if file.version in matching]
    usable = _usable(files, SpecifierSet(), target)
    newest = usable[-1].version if usable else None
    instead = f"{project}=={newest}" if newest else ""
    if not wanted:
        versions = sorted({file.version for file in files})
        some = ", ".join(str(v) for v in versions[-6:])
        fix = (
            f"the newest version that fits this target is {instead}"
            if newest
            else f"no version of {project} has a wheel for it"
        )
        return Finding(
            "REQ004", ERROR, project, f"{asked}: no such version; the latest are {some}", looked, fix
        )
    if not any(file.tags for file in wanted):
        return Finding(
            "REQ002", ERROR, project,
            f"{asked}: only source distributions exist ({wanted[-1].filename})", looked,
            _build_it(project, wanted[-1].version, target, instead),
        )  # fmt: skip
    server = f"{target.abi} on {target.name} {target.arch}"
    return Finding(
        "REQ001", ERROR, project,
        f"{asked}: no wheel fits {server}; it has wheels for {_kinds(wanted)}",
        looked,
        _other_ways(project, wanted, target, instead),
    )  # fmt: skip


def _kinds(files: list[Listed]) -> str:
    """'cp38, cp39 (manylinux_2_17, macosx, win)': what the wheels that exist are for."""
    pythons: dict[str, None] = {}
    systems: dict[str, None] = {}
    for file in files:
        if file.tags:
            python, _, platform = file.filename[:-4].split("-")[-3:]
            pythons.update(dict.fromkeys(python.split(".")))
            kinds = (re.split("_(?:x86|aarch|arm|i686)", each)[0] for each in platform.split("."))
            systems.update(dict.fromkeys(kinds))
    cpython = [tag for tag in pythons if tag.startswith(("cp", "py"))] or list(pythons)
    names = sorted(cpython, key=lambda tag: (len(tag), tag))
    platforms = sorted(s for s in systems if s.startswith(("manylinux", "any", "linux"))) or sorted(systems)
    return f"{', '.join(names)} ({', '.join(platforms[:6])})"


def _other_ways(project: str, wanted: list[Listed], target: Target, instead: str) -> str:
    ways = []
    if instead:
        ways.append(f"use {instead}, the newest version that fits")
    pythons = {tag.interpreter for file in wanted for tag in file.tags}
    minors = sorted(int(each[3:]) for each in pythons if re.fullmatch("cp3[0-9]+", each))
    if minors and target.python_series[1] not in minors:
        ways.append(
            f"or deploy another Python: --python 3.{min(minors)} (wheels exist up to 3.{max(minors)})"
        )
    elif minors:
        ways.append("or target a newer system: the wheels need a newer glibc or another architecture")
    if not all(file.tags for file in wanted):
        ways.append("or " + _build_it(project, wanted[-1].version, target, ""))
    return "\n".join(ways) or f"no version of {project} has a wheel for this target"


def _build_it(project: str, version: Version, target: Target, instead: str) -> str:
    build = (
        f"build a wheel on a machine like the server: python{target.python_minor} -m pip wheel --no-deps "
        f"{project}=={version} -w DIR; then add --find-links DIR here"
    )
    return f"use {instead}, which has a wheel\nor {build}" if instead else build


def _wrong_python(cause: foreign.Cause, target: Target) -> Finding:
    return Finding(
        "REQ008",
        ERROR,
        cause.parent or "the request",
        f"{cause.parent} needs Python {cause.specifier}, the target has {target.python}",
        (),
        "use an older version of it, or another --python",
    )


def _conflict(causes: Sequence[foreign.Cause], target: Target) -> Finding:
    lines = [
        f"{cause.parent or 'you'} {'needs' if cause.parent else 'asked for'} {cause.text}" for cause in causes
    ]
    names = sorted({Requirement(c.text).name if c.project else "Python" for c in causes if _parses(c.text)})
    return Finding(
        "REQ005",
        ERROR,
        " / ".join(names) or "the request",
        "these requirements conflict for " + target.describe(),
        tuple(dict.fromkeys(lines)),
        "loosen or drop one of them",
    )


def _parses(text: str) -> bool:
    try:
        Requirement(text)
    except ValueError:
        return False
    return True

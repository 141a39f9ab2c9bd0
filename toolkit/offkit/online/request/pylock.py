"""pylock.toml (PEP 751), read as the target would."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from packaging.markers import Marker
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageSdist,
    PackageWheel,
    Pylock,
    PylockUnsupportedVersionError,
    PylockValidationError,
    is_valid_pylock_path,
)
from packaging.utils import canonicalize_name, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from offkit.model.errors import RequestError, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.model.target import Target
from offkit.online.index import listing

is_name = is_valid_pylock_path
_SHA256 = re.compile("[0-9a-f]{64}")


def requirements(
    data: Mapping[str, Any],
    path: Path,
    groups: Sequence[str],
    extras: Sequence[str],
    target: Target,
    made: bool = False,
) -> list[str]:
    """The packages of a lock that the target needs, as pins with hashes: what the specification has an
    installer do, but for the choice of a file, which is the resolver's. ``made``: where a lock of ours says
    which wheel was made of sources, that one. Raises UsageError where it is no such lock, RequestError where
    it is one for another environment."""
    try:
        lock = Pylock.from_dict(_without_times(data))
    except (PylockValidationError, PylockUnsupportedVersionError) as error:
        raise UsageError(f"{path} is no valid pylock.toml: {error}", fix="lock again") from error
    default = lock.default_groups or ()
    _check_names(path, "--extra", extras, lock.extras or ())
    _check_names(path, "--group", groups, [*(lock.dependency_groups or ()), *default])
    environment: dict[str, Any] = dict(listing.markers(target))
    _check_environment(lock, path, target, environment)
    environment["extras"] = frozenset(canonicalize_name(extra) for extra in extras)
    environment["dependency_groups"] = frozenset(canonicalize_name(group) for group in (*groups, *default))
    wanted = [each for each in lock.packages if each.marker is None or _holds(each.marker, environment, path)]
    names = [each.name for each in wanted]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"{path} has several versions of {', '.join(twice)} for {target.describe()}"
        raise UsageError(message, fix="lock again")
    return [(made and _made(package)) or _line(package, path, target) for package in wanted]


def _without_times(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without the times of uploads that are text, where PEP 751 has a date of TOML: pipenv writes such, and
    nothing depends on them."""

    def kept(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {
                key: kept(each)
                for key, each in value.items()
                if key != "upload-time" or not isinstance(each, str)
            }
        return [kept(each) for each in value] if isinstance(value, list) else value

    return {key: kept(value) if key == "packages" else value for key, value in data.items()}


def _check_names(path: Path, option: str, given: Sequence[str], known: Sequence[str]) -> None:
    unknown = {canonicalize_name(name) for name in given} - {canonicalize_name(name) for name in known}
    if unknown:
        some = f"{option} is one of: {', '.join(sorted(known))}" if known else f"omit {option}"
        raise UsageError(f"{path} was not made with {option} {', '.join(sorted(unknown))}", fix=some)


def _check_environment(lock: Pylock, path: Path, target: Target, environment: Mapping[str, Any]) -> None:
    wrong = []
    wanted = lock.requires_python
    if wanted is not None and not wanted.contains(target.python, prereleases=True):
        message = f"is for Python {wanted}; the server has {target.python}"
        wrong.append(Finding("REQ008", ERROR, str(path), message))
    places = lock.environments
    if places and not any(_holds(marker, environment, path, "requirement") for marker in places):
        wrong.append(Finding("REQ009", ERROR, str(path), f"is for {' or '.join(map(str, places))}"))
    if wrong:
        message = f"{path} was not locked for {target.describe()}"
        raise RequestError(message, wrong, "lock the requirements again, for this target")


def _holds(
    marker: Marker,
    environment: Mapping[str, Any],
    path: Path,
    context: Literal["requirement", "lock_file"] = "lock_file",
) -> bool:
    try:
        return marker.evaluate(environment, context=context)
    except (ValueError, KeyError) as error:  # a comparison or a name that makes no sense there
        raise UsageError(f"{path}: {marker}: {error}", fix="lock again") from error


def _made(package: Package) -> str:
    """The pin of the wheel that was made of it here; "" where the lock does not say."""
    said = (package.tool or {}).get("offkit")
    wheel: Any = said.get("wheel") if isinstance(said, Mapping) else None
    try:
        name, version, _, _ = parse_wheel_filename(str(wheel["name"]))
        sha256 = str(wheel["sha256"])
    except (TypeError, KeyError, ValueError):  # of another form
        return ""
    known = name == package.name and _SHA256.fullmatch(sha256)
    return f"{name}=={version} --hash=sha256:{sha256}" if known else ""


def _line(package: Package, path: Path, target: Target) -> str:
    """``name==version`` with the hashes of all its files, or the place that it is from."""
    if package.vcs is not None:
        vcs = package.vcs
        place = vcs.url or _beside(path, vcs.path)
        return f"{package.name} @ {vcs.type}+{place}@{vcs.commit_id}{_fragment(vcs.subdirectory)}"
    if package.directory is not None:
        tree = package.directory
        return f"{package.name} @ {_beside(path, tree.path)}{_fragment(tree.subdirectory)}"
    file = package.archive or _local(package.wheels or (), target)
    if file is not None:
        place = _beside(path, file.path) if file.path else str(file.url)
        below = file.subdirectory if isinstance(file, PackageArchive) else None
        return f"{package.name} @ {place}{_fragment(below, file.hashes.get('sha256'))}"
    files = [*(package.wheels or ()), *([package.sdist] if package.sdist else ())]
    hashes = sorted({file.hashes["sha256"] for file in files if "sha256" in file.hashes})
    version = package.version or _version(files[0])
    return " ".join([f"{package.name}=={version}", *(f"--hash=sha256:{each}" for each in hashes)])


def _fragment(below: str | None, sha256: str | None = None) -> str:
    """Of a URL, as pip reads it."""
    parts = [f"subdirectory={below}"] if below else []
    parts += [f"sha256={sha256}"] if sha256 else []
    return "#" + "&".join(parts) if parts else ""


def _version(file: PackageWheel | PackageSdist) -> Version:
    parse = parse_wheel_filename if isinstance(file, PackageWheel) else parse_sdist_filename
    return parse(file.filename)[1]


def _local(wheels: Iterable[PackageWheel], target: Target) -> PackageWheel | None:
    """The best of those that lie beside the lock, and on no index."""
    files = {
        str(tag): wheel
        for wheel in wheels
        if wheel.path and not wheel.url
        for tag in parse_wheel_filename(wheel.filename)[3]
    }
    return next((files[tag] for tag in target.tags() if tag in files), None)


def _beside(path: Path, place: str | None) -> str:
    """A path of the lock starts where the lock is."""
    return (path.absolute().parent / (place or "")).as_uri()

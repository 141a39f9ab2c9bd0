"""A lock that stands: its pins need no index, because every wheel is in the cache and asks for no other.

What the resolver would find is found from the wheels' own METADATA; whatever is in doubt is left to it.
"""

from __future__ import annotations

import email
import functools
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion

from offkit.edges import data
from offkit.model import checksum, origin
from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.model.target import Target
from offkit.online.index import indexes, listing, metadata
from offkit.online.index.metadata import Seen
from offkit.online.index.pool import pool
from offkit.online.index.release import Release
from offkit.online.index.upstream import reach
from offkit.online.request import pins
from offkit.online.request.locked import Lock, LockedWheel, Request
from offkit.online.request.pins import File, Pin
from offkit.online.resolve import remembered
from offkit.online.wheels import dist_info, store

_REQUEST = "the request"
_NOT_LISTED = "no index lists a file of it with that hash for this target"


class _Wheel(NamedTuple):
    version: str
    file: File
    requires: tuple[str, ...]  # Requires-Dist
    extras: frozenset[str]  # asked for


def look(
    given: Sequence[Pin],
    target: Target,
    cache: Path,
    listed: Mapping[str, File] | None = None,
    seen: Seen | None = None,
) -> Lock | list[Finding]:
    """The lock for ``target`` that these pins are, of which markers may leave out some; else why not.

    ``listed`` has what an index says, by name; None: the cache is to have everything, but for what is given
    by its place here. What the wheels say of
    themselves is noted in ``seen``.
    """
    wanted = applying(given, target)
    known = remembered.read(wanted, target, cache)
    seen = Seen() if seen is None else seen
    wheels: dict[str, _Wheel] = {}
    missing: list[Finding] = []

    def file_of(pin: Pin) -> File | str:
        if listed is None or pin.place:
            return _cached(pin, known.files if listed is None else {}, cache)
        return listed.get(pin.name, _NOT_LISTED)

    with pool(os.cpu_count()) as threads:  # each is hashed, and read while others are
        for pin, file in zip(wanted, threads.map(file_of, wanted), strict=True):
            found = file if isinstance(file, str) else _wheel(pin, file, target, seen)
            if isinstance(found, str):
                missing.append(_missing(pin.name, found))
                continue
            twin = wheels.setdefault(pin.name, found)
            if twin.file.sha256 != found.file.sha256:
                missing.append(_missing(pin.name, "is pinned to two files"))
            wheels[pin.name] = twin._replace(extras=twin.extras | found.extras)
    needed_by: dict[str, set[str]] = {name: set() for name in wheels}
    missing += _open_ends(wheels, {pin.name for pin in wanted}, target, needed_by)
    if missing or not wheels:
        return missing
    said = {pin.name: pin.origin for pin in wanted}
    locked = tuple(
        LockedWheel(
            name,
            one.version,
            one.file.filename,
            one.file.url,
            one.file.sha256,
            (*sorted(needed_by[name]), _REQUEST),
            tuple(sorted(one.extras)),
            said.get(name) or one.file.origin or known.origins.get(name, ""),
        )
        for name, one in sorted(wheels.items())
    )
    return Lock(target, locked, (), tuple(sorted(seen.repairs.values())))


def own_pins(name: str) -> list[Pin]:
    """Of what offkit itself brings: "pip", "runtime"."""
    return pins.parse(data.read_text(f"wheelhouse/{name}.txt")) or []


def applying(given: Iterable[Pin], target: Target) -> list[Pin]:
    """Those whose marker holds there. Raises UsageError for one that means nothing."""
    where = {**listing.markers(target), "extra": ""}
    found = []
    for pin in given:
        try:
            if pin.marker is None or pin.marker.evaluate(where):
                found.append(pin)
        except ValueError as error:  # UndefinedComparison, UndefinedEnvironmentName, a number too large
            message = f"{pin.name}: {listing.MEANINGLESS.format(pin.marker)}"
            raise UsageError(message, fix=listing.MARKERS) from error
    return found


def _missing(name: str, why: str) -> Finding:
    return Finding("NET003", ERROR, name, why)


def _cached(pin: Pin, chosen: dict[str, str], cache: Path) -> File | str:
    """The file that a pin means, or what is wrong."""
    sha256 = pin.hashes[0] if len(pin.hashes) == 1 else chosen.get(pin.name, "")
    if sha256 not in pin.hashes:
        return f"{pin.version}: which of its {len(pin.hashes)} files is meant is not known here"
    for filename in store.names(cache, sha256):
        path = store.find(cache, sha256, filename)
        if path is not None:
            try:
                text = store.headers(cache, path)
            except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
                return f"{filename} cannot be read: {error}"
            return File(filename, "", sha256, text, origin.LOCAL if pin.place else "")
    if pin.place:
        return _placed(pin)
    return f"{pin.version} with sha256 {sha256} is not in the cache"


def _placed(pin: Pin) -> File | str:
    """The file at its place, or what is wrong."""
    path = Path(reach("pip._internal.utils.urls", "url_to_path")(pin.place))
    try:
        with path.open("rb") as source:
            found = checksum.sha256(source)
        if found not in pin.hashes:
            return f"{path} has sha256 {found}, and the lock says {', '.join(pin.hashes)}"
        return File(path.name, pin.place, found, dist_info.headers(store.metadata(path)), origin.LOCAL)
    except OSError as error:
        return f"{pin.version} is not in the cache, and {path} cannot be read: {error.strerror}"
    except (ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        return f"{path} cannot be read: {error}"


def _wheel(pin: Pin, file: File, target: Target, seen: Seen) -> _Wheel | str:
    """What the wheel says of itself, or why it is not the one that is meant."""
    try:
        name, version, _, tags = parse_wheel_filename(file.filename)
    except (InvalidWheelFilename, InvalidVersion) as error:
        return f"{file.filename} cannot be read: {error}"
    release, pythons, told = _told(dist_info.headers(file.metadata))
    seen.add(told)
    fits = listing.admitted(pythons, target)
    unknown = sorted(pin.extras - seen.extras[release])
    if (name, version) != (pin.name, pin.version):
        return f"{file.filename} is not {pin.name} {pin.version}"
    if _tags(target).isdisjoint(map(str, tags)):
        return f"{file.filename} is not for {target.describe()}"
    if not fits:
        return f"{file.filename} is not for CPython {target.python}"
    if release in seen.unreadable:
        return f"{file.filename} cannot be read: {seen.unreadable[release]}"
    if unknown:
        return f"{file.filename} has no extra {', '.join(unknown)}"
    return _Wheel(str(pin.version), file, seen.requires[release], pin.extras)


@functools.lru_cache(maxsize=1024)  # whoever resolves asks, and whoever proves the closure asks again
def _told(headers: bytes) -> tuple[Release, str, Seen]:
    """The release that METADATA is of, its Requires-Python, and what was seen there."""
    message, seen = email.message_from_bytes(headers), Seen()
    release = seen.read(message)
    return release, str(message.get("Requires-Python") or ""), seen


@functools.lru_cache(maxsize=4)
def _tags(target: Target) -> frozenset[str]:
    return frozenset(target.tags())


def _open_ends(
    wheels: dict[str, _Wheel], names: set[str], target: Target, needed_by: dict[str, set[str]]
) -> list[Finding]:
    """What wheels of the lock need that it does not have; notes in ``needed_by`` who needs whom."""
    found: list[Finding] = []
    environment = listing.markers(target)
    todo = [(name, extra) for name, one in wheels.items() for extra in ("", *one.extras)]
    done = set(todo)
    while todo:
        name, extra = todo.pop()
        for line in wheels[name].requires:
            try:
                need = metadata.requirement(line)
                if need.marker is not None and not need.marker.evaluate({**environment, "extra": extra}):
                    continue
            except ValueError as error:  # InvalidRequirement, UndefinedComparison
                found.append(_missing(name, f"asks for what cannot be read: {error}"))
                continue
            other = canonicalize_name(need.name)
            have = wheels.get(other)
            asks = f"is needed by {name} {wheels[name].version} ({line})"
            if need.url:
                found.append(_missing(other, asks + ", from another place than an index"))
            elif have is None:
                if other in names:
                    continue  # that its wheel is missing has been said
                found.append(_missing(other, asks + " and not in the lock"))
            elif not need.specifier.contains(have.version, prereleases=True):
                found.append(_missing(other, asks + f"; the lock has {have.version}"))
            else:
                if other != name:
                    needed_by[other].add(name)
                for one in map(canonicalize_name, need.extras):
                    if (other, one) not in done:
                        done.add((other, one))
                        todo.append((other, one))
    return list(dict.fromkeys(found))


def require(
    request: Request,
    own: Sequence[Pin],
    target: Target,
    cache: Path,
    beside: Iterable[tuple[Sequence[Pin], Target]] = (),
) -> None:
    """Without an index: raises EnvironmentProblem with everything that is missing, of the request's ``own``
    pins and of what goes ``beside`` it."""
    for file in (*request.files, *(request.constraints or ())):
        if isinstance(file, str):
            raise indexes.forbidden(file)
    asked = [(own, target), *beside]
    missing = [each for one in asked if not isinstance(found := look(*one, cache), Lock) for each in found]
    if not own:
        for path in request.files:
            if not Path(path).name.startswith("pylock."):
                continue
            message = f"{path} does not say of each package which wheel it is, by its SHA-256"
            raise EnvironmentProblem(message, missing, "lock again, into a requirements file: -o x.lock")
        raise EnvironmentProblem("the request is no lock with hashes", missing, indexes.OFFLINE)
    if missing:
        raise EnvironmentProblem(f"the cache {cache} does not have everything", missing, indexes.OFFLINE)

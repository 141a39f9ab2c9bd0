"""A lock as the text of a pylock.toml (PEP 751)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from packaging.markers import Marker
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageVcs,
    PackageWheel,
    Pylock,
)
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from offkit import __version__
from offkit.model import origin
from offkit.model.built import Built
from offkit.model.errors import UsageError
from offkit.model.words import listed
from offkit.online.request.locked import Lock, LockedWheel, MadeOf


def dump(locked: Lock, path: Path) -> str:
    """The text of a lock, all of whose hashes are known, for the file ``path``. Raises UsageError where
    nobody knows the address of a wheel: the cache keeps none."""
    target = locked.target
    environment = target.markers()
    said = ("implementation_name", "platform_machine", "python_version", "sys_platform")
    records = {one.sha256: one for one in locked.built}
    sources = {one.wheel: _sources(one, records[one.wheel], path.absolute().parent) for one in locked.made_of}
    nowhere = [one.filename for one in locked.wheels if not one.url and one.sha256 not in sources]
    if nowhere:
        raise UsageError(
            f"{path.name} says of each wheel where it is, and for these nobody was asked: "
            + listed(nowhere, 5),
            fix="leave out --offline, or write the other form, which goes without: -o requirements.lock",
        )
    lock = Pylock(
        lock_version=Version("1.0"),
        environments=[Marker(" and ".join(f'{name} == "{environment[name]}"' for name in said))],
        requires_python=SpecifierSet(f"=={target.python_minor}.*"),
        created_by="offkit",
        packages=[_package(wheel, sources.get(wheel.sha256, {})) for wheel in locked.wheels],
    )
    lock.validate()
    table = dict(lock.to_dict())
    packages = table.pop("packages")
    lines = [f"# locked by offkit {__version__} for {target.describe()}", *_pairs(table)]
    for wheel, package in zip(locked.wheels, packages, strict=True):
        told = records.get(wheel.sha256)
        built = [f"# {line}" for line in ("built from " + told.origin(), *told.tools())] if told else []
        lines += ["", *built, "[[packages]]", *_pairs(package)]
    return "\n".join(lines) + "\n"


def _package(wheel: LockedWheel, sources: Mapping[str, Any]) -> Package:
    """With its wheel, or what that was built from. A source tree may be another version tomorrow (PEP 751,
    packages.version)."""
    name, tree = canonicalize_name(wheel.name), "directory" in sources or "vcs" in sources
    if sources:
        # Whoever has that wheel, as the cache here, need not build it again; a tree may have changed.
        made = None if "directory" in sources else {"name": wheel.filename, "sha256": wheel.sha256}
        tool = {"offkit": {"wheel": made}} if made else None
        return Package(name=name, version=None if tree else Version(wheel.version), tool=tool, **sources)
    return Package(
        name=name,
        version=Version(wheel.version),
        index=origin.index(wheel.origin, wheel.filename) or None,
        wheels=[PackageWheel(name=wheel.filename, hashes={"sha256": wheel.sha256}, **_place(wheel.url))],
    )


def _sources(one: MadeOf, built: Built, beside: Path) -> dict[str, Any]:
    """What a wheel was built from, as the specification has it: paths start where the lock is."""
    parts = urlsplit(one.url)
    below = unquote(parts.fragment.removeprefix("subdirectory=")) or None
    if one.kind == "vcs":
        kind, _, rest = built.source.partition("+")
        url, _, commit = rest.partition("#")[0].rpartition("@")
        place = {"url": url}
        if url.startswith("file:"):
            place = {"path": _relative(Path(unquote(urlsplit(url).path)), beside)}
        return {"vcs": PackageVcs(type=kind, commit_id=commit, subdirectory=below, **place)}
    where = _place(one.url)
    if "path" in where:
        where["path"] = _relative(Path(where["path"]), beside)
    if one.kind == "directory":
        return {"directory": PackageDirectory(path=where["path"], subdirectory=below)}
    # Also an sdist of an index: as ``sdist`` it would be one among the files that an installer may choose.
    return {"archive": PackageArchive(hashes={"sha256": built.source_sha256}, subdirectory=below, **where)}


def _relative(path: Path, beside: Path) -> str:
    try:
        return Path(os.path.relpath(path, beside)).as_posix()
    except ValueError:  # on another drive
        return path.as_posix()


def _place(url: str) -> dict[str, Any]:
    """A file of this machine by its path and size, any other by its URL, without who may fetch it: the
    query may be a token."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        path = Path(unquote(parts.path))
        return {"path": str(path), "size": path.stat().st_size if path.is_file() else None}
    return {"url": urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))}


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in table.items()]


def _toml(value: Any) -> str:
    """Strings of JSON are strings of TOML as well, but for DEL."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_pairs(value)) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

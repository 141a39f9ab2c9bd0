"""A lock as the text of a pylock.toml (PEP 751)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from packaging.markers import Marker
from packaging.pylock import Package, PackageWheel, Pylock
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from offkit import __version__
from offkit.model import origin
from offkit.online.request.locked import Lock


def dump(locked: Lock) -> str:
    """The text of a lock, all of whose hashes are known."""
    target = locked.target
    environment = target.markers()
    said = ("implementation_name", "platform_machine", "python_version", "sys_platform")
    lock = Pylock(
        lock_version=Version("1.0"),
        environments=[Marker(" and ".join(f'{name} == "{environment[name]}"' for name in said))],
        requires_python=SpecifierSet(f"=={target.python_minor}.*"),
        created_by="offkit",
        packages=[
            Package(
                name=canonicalize_name(wheel.name),
                version=Version(wheel.version),
                index=origin.index(wheel.origin, wheel.filename) or None,
                wheels=[
                    PackageWheel(name=wheel.filename, hashes={"sha256": wheel.sha256}, **_place(wheel.url))
                ],
            )
            for wheel in locked.wheels
        ],
    )
    lock.validate()
    table = dict(lock.to_dict())
    packages = table.pop("packages")
    lines = [f"# locked by offkit {__version__} for {target.describe()}", *_pairs(table)]
    for package in packages:
        lines += ["", "[[packages]]", *_pairs(package)]
    return "\n".join(lines) + "\n"


def _place(url: str) -> dict[str, Any]:
    """A file of this machine by its path and size, any other by its URL, who may fetch it left out."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        path = Path(unquote(parts.path))
        return {"path": str(path), "size": path.stat().st_size if path.exists() else None}
    host = parts.netloc.rpartition("@")[2]
    return {"url": urlunsplit((parts.scheme, host, parts.path, parts.query, ""))}


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in table.items()]


def _toml(value: Any) -> str:
    """Strings of JSON are strings of TOML as well, but for DEL."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_pairs(value)) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

"""What sources say of themselves, and whether that holds on another Python too."""

from __future__ import annotations

import contextlib
import email
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from offkit.online.request import toml

_STATIC = Version("2.2")  # PEP 643: from here on an sdist says what only a build can tell
_COUNT = {"requires-dist", "requires-python", "provides-extra"}  # on which a resolution depends
_DEFAULT = ("setuptools>=40.8.0", "wheel")  # PEP 518: where pyproject.toml says nothing
_KEYS = {"dependencies", "optional-dependencies", "requires-python"}  # the same in pyproject.toml (PEP 621)


class Metadata(NamedTuple):
    name: str  # normalised
    version: str
    requires_dist: tuple[str, ...]
    requires_python: str


def read(text: bytes) -> Metadata:
    """Of METADATA or PKG-INFO."""
    message = email.message_from_bytes(text)
    return Metadata(
        canonicalize_name(str(message.get("Name") or "")),
        str(message.get("Version") or ""),
        tuple(str(line) for line in message.get_all("Requires-Dist") or ()),
        str(message.get("Requires-Python") or ""),
    )


def is_static(tree: Path) -> bool:
    """Whether a source tree's requirements are the same wherever it is built: its PKG-INFO (PEP 643) or its
    pyproject.toml (PEP 621) says so."""
    return _info_is_static(_contents(tree / "PKG-INFO")) or _project_is_static(tree / "pyproject.toml")


def _info_is_static(text: bytes) -> bool:
    message = email.message_from_bytes(text)
    try:
        version = Version(str(message.get("Metadata-Version") or "0"))
    except InvalidVersion:
        return False
    dynamic = {str(name).strip().lower() for name in message.get_all("Dynamic") or ()}
    return version >= _STATIC and not dynamic & _COUNT


def _project_is_static(path: Path) -> bool:
    try:
        project = toml.loads(_contents(path)).get("project")
    except ValueError:
        return False
    if not isinstance(project, Mapping):
        return False
    dynamic = project.get("dynamic", ())
    return isinstance(dynamic, list | tuple) and not _KEYS.intersection(map(str, dynamic))


def build_requires(tree: Path) -> tuple[str, ...]:
    """The requirement lines of [build-system] in a source tree (PEP 518)."""
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        table = toml.loads(_contents(tree / "pyproject.toml"))
        return tuple(str(one) for one in table.get("build-system", {}).get("requires", _DEFAULT))
    return _DEFAULT


def name(tree: Path) -> str:
    """What a source tree calls itself, before anything of it runs; "" where only a build says it."""
    with contextlib.suppress(ValueError, AttributeError):
        table = toml.loads(_contents(tree / "pyproject.toml")).get("project", {})
        if isinstance(table.get("name"), str):
            return canonicalize_name(table["name"])
    return read(_contents(tree / "PKG-INFO")).name


def requires_python(tree: Path) -> str:
    """What a source tree says before anything of it runs: pyproject.toml (PEP 621), or the PKG-INFO of an
    sdist; "" for nothing."""
    with contextlib.suppress(ValueError, AttributeError):
        table = toml.loads(_contents(tree / "pyproject.toml")).get("project", {})
        if isinstance(table.get("requires-python"), str):
            return str(table["requires-python"])
    return read(_contents(tree / "PKG-INFO")).requires_python


def impurity(wheel: Path) -> str:
    """What makes a wheel one for this machine only; "" for a pure one, that any has a use for."""
    _, abi, system = wheel.stem.split("-")[-3:]
    if (abi, system) != ("none", "any"):
        return f"what was built holds compiled code ({wheel.name})"
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".dist-info/WHEEL") and name.count("/") == 1:
                said = email.message_from_bytes(archive.read(name)).get("Root-Is-Purelib", "")
                if said.strip().lower() != "true":
                    return f"{wheel.name} is not pure: Root-Is-Purelib is {said or 'missing'}"
            with archive.open(name) as member:
                if member.read(4) == b"\x7fELF":
                    return f"{wheel.name} says that it is pure, and has compiled code: {name}"
    return ""


def _contents(path: Path) -> bytes:
    """b"" where it is not there."""
    try:
        return path.read_bytes()
    except OSError:
        return b""

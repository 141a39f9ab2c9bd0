"""The scripts of wheels, and what starts them: beyond what the environment itself will have."""

from __future__ import annotations

import configparser
import posixpath
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence

from offkit.model import scripts
from offkit.model.target import Target
from offkit.online.wheels import ownership

_BIN = "<prefix>/bin/"
# Where the doctor looks, once they are installed: in packages, and in these.
_LIBRARIES = ("<prefix>/lib/", "<prefix>/lib64/")
_OWN = b"#!python"


def head(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The first bytes of what may be started: pip keeps the mode."""
    if member.is_dir() or not (_executable(member) or "/scripts/" in member.filename):
        return b""
    with archive.open(member) as packed:
        return packed.read(scripts.HEAD)


def script(member: zipfile.ZipInfo, head: bytes) -> list[tuple[str, str, str]]:
    """(where a member comes to lie, its path, what starts it), if that is anything to ask for."""
    path, line = member.filename, scripts.line(head)
    place = ownership.place(path)
    if place.startswith(_BIN):
        # pip makes each of these executable, and writes the environment's own Python there.
        asked = (_executable(member) or ".data/scripts/" in path) and not head.startswith(_OWN)
    else:
        packaged = not place.startswith("<") or place.startswith(_LIBRARIES)
        asked = bool(place) and packaged and _executable(member) and scripts.may_be_one(path)
    named = scripts.interpreter(line) if asked and line is not None else ""
    return [(place, path, named)] if named else []


def _executable(member: zipfile.ZipInfo) -> bool:
    return bool(member.external_attr >> 16 & 0o111)


def commands(archive: zipfile.ZipFile) -> list[str]:
    """Names of what it puts into bin/."""
    places = [ownership.place(name) for name in archive.namelist()]
    found = [place[len(_BIN) :] for place in places if place.startswith(_BIN)]
    for name in archive.namelist():
        if name.endswith(".dist-info/entry_points.txt") and name.count("/") == 1:
            parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
            parser.optionxform = str  # type: ignore[method-assign, assignment]
            try:
                parser.read_string(archive.read(name).decode("utf-8"))
            except (ValueError, configparser.Error):
                continue  # pip says so when it installs it
            for section in ("console_scripts", "gui_scripts"):
                found += parser.options(section) if parser.has_section(section) else []
    return found


class Started:
    """Those of a set."""

    def __init__(self, target: Target) -> None:
        self._own = {"python", "python3", f"python{target.python_minor}"}
        self._by: dict[str, list[tuple[str, str]]] = defaultdict(list)

    def add(self, wheel: str, found: Iterable[Sequence[str]], names: Iterable[str]) -> None:
        """What ``script`` and ``commands`` gave of a wheel."""
        self._own.update(names)
        for place, path, interpreter in found:
            self._by[interpreter].append((place, f"{wheel}: {path}"))

    def outside(self) -> list[tuple[str, list[str], bool]]:
        """(interpreter that the environment has not itself, files, whether one of them is a command)."""
        return [
            (
                one,
                sorted(name for _, name in files),
                any(posixpath.dirname(place) == _BIN.rstrip("/") for place, _ in files),
            )
            for one, files in sorted(self._by.items())
            if one not in self._own
        ]

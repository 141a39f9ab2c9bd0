"""What packages say of themselves, read as the target's own pip reads it.

pip's packaging refuses what older tools wrote (since pip 24.1), and drops the candidate; so that a lock
depends on the request and the index alone, METADATA is put right before that sees it.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from offkit.model import legacy
from offkit.online.index.release import Release, Repair, normal
from offkit.online.index.upstream import reach


class Damaged(NamedTuple):
    """A wheel that nobody can read."""

    project: str  # normalised
    reason: str
    parent: str  # the project that wants it; "" when the user does


requirement = functools.lru_cache(maxsize=4096)(Requirement)  # nobody changes one
_SHOWN = 100  # characters of what cannot be read
LONGEST_NAME = 128  # characters; the longest on PyPI has fewer than 100
# No file's name has room for a longer version; and of a number of 4300 digits Python makes no int.
LONGEST_VERSION = 100  # characters; those with a commit and a date have seventy
_TOO_LONG = re.compile(rf"[0-9][\w.!+-]{{{LONGEST_VERSION}}}", re.ASCII)


@functools.lru_cache(maxsize=4096)
def is_readable(line: str) -> bool:
    """Whether a requirement is one that somebody can mean."""
    try:
        one = requirement(line)
        if len(one.name) > LONGEST_NAME or (one.url and urlsplit(one.url).port == 0):
            return False
        versions = f"{one.specifier} {one.marker}" if len(line) > LONGEST_VERSION else ""
    except (ValueError, RecursionError):  # InvalidRequirement, and what Python cannot count or go through
        return False
    return _TOO_LONG.search(versions) is None


class Seen:
    """What was read in the course of a resolution, by release."""

    def __init__(self) -> None:
        self.repairs: dict[tuple[str, ...], Repair] = {}
        self.requires: dict[Release, tuple[str, ...]] = {}  # Requires-Dist, put right
        self.pythons: dict[Release, str] = {}  # Requires-Python, put right
        self.extras: dict[Release, frozenset[str]] = {}
        self.unreadable: dict[Release, str] = {}  # the first line that nobody can read
        self.damaged: dict[str, Damaged] = {}  # by the name of the file
        self.by_name: set[str] = set()  # projects that are read as wanted by name, where a URL is said

    def read(self, message: Any) -> Release:
        """Note what an ``email.message.Message`` of METADATA says, and put it right in place."""
        for header in ("Version", "Requires-Python"):
            if _TOO_LONG.search(str(message.get(header) or "")):
                message.replace_header(header, _spoilt(str(message[header])))
        release = canonicalize_name(str(message.get("Name") or "")), str(message.get("Version") or "")
        lines = []
        for line in dict.fromkeys(str(one).strip() for one in message.get_all("Requires-Dist") or ()):
            repaired = legacy.requirement(line)
            if repaired.rows:
                self._repaired(release, line, repaired.text)
            if not is_readable(repaired.text):
                lines.append(_spoilt(repaired.text))
                shown = line if len(line) <= _SHOWN else line[:_SHOWN] + " ..."
                self.unreadable.setdefault(release, f"Requires-Dist: {shown}")
                continue
            lines.append(repaired.text)
            need = requirement(repaired.text)
            if need.url and canonicalize_name(need.name) in self.by_name:
                lines[-1] = need.name + (f"; {need.marker}" if need.marker else "")
        if "Requires-Dist" in message:
            del message["Requires-Dist"]
            for line in lines:
                message["Requires-Dist"] = line
        if "Requires-Python" in message:
            text = str(message["Requires-Python"])
            repaired = legacy.specifier(text)
            if repaired.rows:
                self._repaired(release, f"Requires-Python: {text}", repaired.text)
                message.replace_header("Requires-Python", repaired.text)
        self.requires[release] = tuple(lines)
        # A stand-in, which says nothing, does not take back what a wheel has said.
        self.pythons[release] = str(message.get("Requires-Python") or self.pythons.get(release, ""))
        self.extras[release] = frozenset(
            canonicalize_name(str(extra)) for extra in message.get_all("Provides-Extra") or ()
        )
        return release

    def add(self, other: Seen) -> None:
        """What another has seen."""
        for name, found in vars(other).items():
            vars(self)[name].update(found)

    def extras_of(self, name: str, version: str) -> frozenset[str]:
        """What a release provides, in whichever spelling its METADATA has the version; none where it has
        not been read."""
        return next(
            (
                found
                for (project, spelled), found in self.extras.items()
                if project == name and normal(spelled) == normal(version)
            ),
            frozenset(),
        )

    def leading(self, projects: Collection[str], to: Collection[str]) -> tuple[str, ...]:
        """Those of some projects that are, or in some release need, one of these in turn."""
        found, needed_by = set(to), dict[str, set[str]]()
        for (name, _), lines in self.requires.items() if to else ():
            for line in filter(is_readable, lines):
                needed_by.setdefault(canonicalize_name(requirement(line).name), set()).add(name)
        todo = list(found)
        while todo:
            new = needed_by.get(todo.pop(), set()) - found
            found |= new
            todo += new
        return tuple(sorted(found.intersection(projects)))

    def _repaired(self, release: Release, wrong: str, right: str) -> None:
        self.repairs.setdefault((*release, wrong), Repair(*release, wrong, right))


def _spoilt(text: str) -> str:
    """What nobody can mean, as pip sees that it is none: it drops the candidate, and goes on."""
    return f"{text[:_SHOWN]} ..."


@contextlib.contextmanager
def watched(seen: Seen) -> Iterator[None]:
    """For the length of the block, all METADATA that pip reads passes through ``seen``. It reads it with
    importlib.metadata, as it does by itself since Python 3.11: pkg_resources would read for itself what is
    required. Reaches for ``_should_use_importlib_metadata`` of ``pip._internal.metadata``."""
    module = importlib.import_module("pip._internal.metadata")
    choose = reach("pip._internal.metadata", "_should_use_importlib_metadata")
    backend = reach("pip._internal.metadata", "select_backend")
    distribution = reach("pip._internal.metadata.importlib._dists", "Distribution")
    original = distribution._metadata_impl

    def read(self: Any) -> Any:
        message = original(self)
        seen.read(message)
        return message

    distribution._metadata_impl = read
    module._should_use_importlib_metadata = lambda: True  # type: ignore[attr-defined]
    backend.cache_clear()
    try:
        yield
    finally:
        distribution._metadata_impl = original
        module._should_use_importlib_metadata = choose  # type: ignore[attr-defined]
        backend.cache_clear()

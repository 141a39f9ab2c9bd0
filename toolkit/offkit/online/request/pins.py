"""A requirements file that is a lock: pins with hashes, or wheels of this machine with theirs, and nothing
else that chooses.

``offkit lock -o`` and ``pip-compile --generate-hashes`` write such files. The format is pip's
(pip.pypa.io/en/stable/reference/requirements-file-format/); what is not read here is pip's to read.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from offkit.model import origin

_HASH = re.compile(r"\s+--hash[= ]sha256:([0-9a-f]{64})(?=\s|$)")
_BUILT = re.compile(
    r"^([A-Za-z0-9][\w.-]*)==.*\\\n(?: +--hash.*\n)+(?: +# via .*\n)?(?: +# )built from (.*)$", re.MULTILINE
)
# A wheel of this machine, as pip takes its hash.
_LOCAL = re.compile(r"(file:[^#]*/([^#/]+\.whl))#sha256=([0-9a-f]{64})")
# Options that say where files come from, which does not matter to a hash.
_WHERE = re.compile(
    r"(--index-url|-i|--extra-index-url|--find-links|-f|--trusted-host|--no-index|--only-binary|--prefer-binary)"
    r"(?:[\s=]|$)"
)
# Where an index had it: below its pin, as uv writes it too, or of all pins, ahead of them.
_FROM = re.compile(r"^(\s*)# from (\S.*?)\s*$")


# The first line of a lock of ours, with what of a target decides; and in it, who needs whom.
_MADE = re.compile(r"\ufeff?# locked by offkit \S+ for (\S+ \S+, CPython .+)")
_TARGET = re.compile(r" (\S+), CPython (\d+\.\d+)\.\S+ \((\w+)\), glibc (\S+)")
_NAMED = re.compile(r'^(?:name = ")?([A-Za-z0-9][\w.-]*)(?:"$|==.*\\$)', re.MULTILINE)
_VIA = re.compile(r"^([A-Za-z0-9][\w.-]*)==.*\\\n(?: +--hash.*\n)+ +# via (.*)$", re.MULTILINE)


class Pin(NamedTuple):
    name: str  # normalised
    version: Version
    extras: frozenset[str]  # normalised
    marker: Marker | None
    hashes: tuple[str, ...]  # SHA-256 in hex, at least one
    origin: str = ""  # where it was found when it was locked, if the file says so
    place: str = ""  # the file: URL that it is given by; "" where any file with such a hash will do

    def __str__(self) -> str:
        """As PEP 508 has it."""
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        return f"{self.name}{extras}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


class Head(NamedTuple):
    """What a lock of ours says of itself."""

    target: str  # as ``Target.describe`` says it
    needed: dict[str, bool]  # by normalised name: whether somebody asked for it, and not only another package

    def holds_for(self, target: str) -> bool:
        """The same of a target of which that is said: whether the same wheels and markers hold there."""
        now, then = (_TARGET.search(text) for text in (target, self.target))
        return bool(now and then and now.groups() == then.groups())


class File(NamedTuple):
    """A wheel that a pin means."""

    filename: str
    url: str  # where an index has it; "" in the cache
    sha256: str
    metadata: bytes  # METADATA
    origin: str = ""  # the index that has it; "" in the cache


def origins(files: Sequence[Path]) -> dict[str, str]:
    """What wheels of a lock of ours were built from, by project: it says so in comments."""
    found: dict[str, str] = {}
    for path in files:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            for name, source in _BUILT.findall(Path(path).read_text(encoding="utf-8")):
                found[canonicalize_name(name)] = source
    return found


def head(path: Path) -> Head | None:
    """Of a lock that was made here, of either form; None for any other file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    made = _MADE.match(text)
    if made is None:
        return None
    needed = dict.fromkeys(_NAMED.findall(text), True)
    needed.update((name, "the request" in via.split(", ")) for name, via in _VIA.findall(text))
    return Head(made[1], {canonicalize_name(name): own for name, own in needed.items()})


def read(files: Sequence[Path | str]) -> list[Pin] | None:
    """The pins of these files, in their order; None where something else is in one, or one cannot be read,
    as none that is named by its URL."""
    found: list[Pin] = []
    for path in files:
        if isinstance(path, str):
            return None
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        pins = parse(text)
        if pins is None:
            return None
        found += pins
    return found


def parse(text: str) -> list[Pin] | None:
    """The same of the text of one file."""
    found: list[Pin] = []
    everywhere = ""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        where = _FROM.match(line)
        if where and where[1] and found:
            found[-1] = found[-1]._replace(origin=origin.read(where[2]))
        elif where and not found:
            everywhere = origin.read(where[2])
        line = re.sub(r"(^|\s)#.*$", "", line).strip()
        if line and not _WHERE.match(line):
            pin = _pin(line)
            if pin is None:
                return None
            found.append(pin._replace(origin=everywhere))
    return found


def _pin(line: str) -> Pin | None:
    hashes = _HASH.findall(line)
    try:
        requirement = Requirement(_HASH.sub("", line))
        if requirement.url:
            return None if hashes else _local(requirement)
        (clause,) = requirement.specifier
        version = Version(clause.version)
    except (InvalidRequirement, InvalidVersion, ValueError):
        return None
    if clause.operator != "==" or not hashes:
        return None
    return Pin(*_who(requirement, version), tuple(hashes))


def _local(requirement: Requirement) -> Pin | None:
    where = _LOCAL.fullmatch(requirement.url or "")
    try:
        version = parse_wheel_filename(unquote(where[2]))[1] if where else None
    except (InvalidWheelFilename, InvalidVersion):
        return None
    if where is None or version is None:
        return None
    return Pin(*_who(requirement, version), (where[3],), place=where[1])


def _who(of: Requirement, version: Version) -> tuple[str, Version, frozenset[str], Marker | None]:
    return canonicalize_name(of.name), version, frozenset(map(canonicalize_name, of.extras)), of.marker

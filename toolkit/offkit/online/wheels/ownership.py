"""Which files of an environment several wheels bring: pip installs one over the other, and says nothing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from zipfile import ZipFile

# What wheels leave at the top by mistake, and what is no module: it is overwritten and nobody imports it.
_USUAL = {"tests", "test", "testing", "docs", "doc", "examples", "example", "scripts", "benchmarks", "tools"}
_IMPORTED = re.compile(r"\.(py|so)$")
# Where pip puts what lies below NAME.data: PyPA, "Binary distribution format", "The .data directory".
_DATA = re.compile(r"[^/]+\.data/(?P<scheme>[^/]+)/(?P<rest>.+)")
_ELSEWHERE = {"scripts": "bin/", "data": ""}


class Shared(NamedTuple):
    """Files that several packages own, and with other contents."""

    top: str  # their top-level module or directory
    owners: tuple[str, ...]  # normalised names, in order
    files: int  # 0: not counted
    harmless: bool = False  # nobody imports them


class Owners:
    """Collects the members of wheels."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)

    def add(self, package: str, found: Iterable[Sequence[Any]]) -> None:
        """What ``members`` gives of a wheel."""
        for place, crc, size in found:
            self._files[place][package] = crc, size

    def shared(self) -> list[Shared]:
        """What differs. The same contents (an empty ``__init__.py``) do no harm."""
        owners: dict[tuple[str, bool], set[str]] = defaultdict(set)
        count: dict[tuple[str, bool], int] = defaultdict(int)
        for place, contents in self._files.items():
            if len(set(contents.values())) > 1:
                top = place.split("/")[0]
                harmless = top in _USUAL or place[0] == "<" or not (_IMPORTED.search(place) or "/" in place)
                owners[top, harmless].update(contents)
                count[top, harmless] += 1
        return [
            Shared(top, tuple(sorted(owners[top, harmless])), count[top, harmless], harmless)
            for top, harmless in sorted(owners)
        ]


def members(archive: ZipFile) -> list[tuple[str, int, int]]:
    """(where it comes to lie, CRC-32, size in bytes) of what a wheel brings."""
    found = ((place(member.filename), member.CRC, member.file_size) for member in archive.infolist())
    return [one for one in found if one[0]]


def place(path: str) -> str:
    """Where a member comes to lie, below site-packages or a marked place beside it; "" for nowhere
    that another package has a file."""
    if path.endswith("/") or path.split("/")[0].endswith(".dist-info"):
        return ""
    inside = _DATA.fullmatch(path)
    if not inside:
        return path
    scheme, rest = inside["scheme"], inside["rest"]
    if scheme in ("purelib", "platlib"):
        return rest
    return f"<prefix>/{_ELSEWHERE[scheme]}{rest}" if scheme in _ELSEWHERE else ""

"""Versions that an administrator has locked, as the versionlock plugin of yum 3 or dnf 4 lists them.

Sources: yum-versionlock(1), versionlock.py of yum-utils; dnf-versionlock(8). A package may have any of the
versions that the entries for its name allow.
"""

import re
from fnmatch import fnmatchcase
from typing import Callable, Iterable, List, NamedTuple, Sequence

from offkit.media import rpm
from offkit.media.rpmfile import Front

_LINE = re.compile(r"(?:\d+:)?(.+?)-(?:\d+:)?[^-]+-[^-]+")

Fits = Callable[[Front], bool]


class Lock(NamedTuple):
    """An entry of a list."""

    text: str  # for people
    file: str
    name: str  # of the packages that it is about: a pattern
    fits: Fits
    excludes: bool  # what fits, else everything of that name that does not


def of_lines(lines: Iterable[str], path: str) -> List[Lock]:
    """The entries of a versionlock.list."""
    plain = (line.partition("#")[0].strip() for line in lines)
    return [_of_line(line, path) for line in plain if _LINE.fullmatch(line.lstrip("!"))]


def forbidding(found: Sequence[Lock], one: Front) -> List[Lock]:
    """Those because of which this version may not be installed."""
    wrong = [each for each in found if each.excludes and each.fits(one)]
    for file in dict.fromkeys(each.file for each in found):
        mine = [each for each in found if each.file == file and not each.excludes]
        mine = [each for each in mine if fnmatchcase(one.name, each.name)]
        wrong += [] if any(each.fits(one) for each in mine) else mine
    return wrong


def told(found: Sequence[Lock], where: str) -> str:
    """What is said of a package that these forbid."""
    message = "is not the version that is locked on {}: ".format(where)
    if len(found) > 1:
        message = "is none of the versions that are locked on {}: ".format(where)
    return message + "; ".join(each.text for each in found)


def _of_line(text: str, path: str) -> Lock:
    pattern = text.lstrip("!")
    name = _LINE.sub(r"\1", pattern)

    def fits(one: Front) -> bool:
        return rpm.matches(pattern, one.name, one.epoch, one.version, one.release, one.arch)

    return Lock(text, path, name, fits, pattern != text)

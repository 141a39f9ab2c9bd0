"""Versions that an administrator has locked: a list of the versionlock plugin of yum 3 or dnf 4, to which
the yum that offkit runs without plugins does not keep, or that of dnf 5, which always does.

Sources: yum-versionlock(1), versionlock.py of yum-utils; dnf-versionlock(8); dnf5-versionlock(8). In each
of them a package may have any of the versions that the entries for its name allow.
"""

import posixpath
import re
from fnmatch import fnmatchcase
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.media import repofile, rpm
from offkit.media.rpmfile import Front
from offkit.model.finding import Finding
from offkit.server.system import filters

_PLUGINS = ("/etc/yum/pluginconf.d", "/etc/dnf/plugins")
_DNF5 = "/etc/dnf/versionlock.toml"
_LINE = re.compile(r"(?:\d+:)?(.+?)-(?:\d+:)?[^-]+-[^-]+")
_TABLE = re.compile(r"\[\[\s*packages\s*(\.\s*conditions\s*)?\]\]")
_PAIR = re.compile(r"""(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
# What comparing a package's value with that of the condition may give.
_ORDERS = {
    "=": (0,),
    "==": (0,),
    "!=": (-1, 1),
    "<>": (-1, 1),
    "<": (-1,),
    "<=": (-1, 0),
    ">": (1,),
    ">=": (0, 1),
}

Fits = Callable[[Front], bool]


class Lock(NamedTuple):
    """An entry of a list."""

    text: str  # for people
    file: str
    name: str  # of the packages that it is about: a pattern
    fits: Fits
    excludes: bool  # what fits, else everything of that name that does not


def read(tree: Tree) -> List[Lock]:
    """All of them, where their plugin is enabled."""
    found = []
    for place in _PLUGINS:
        main = filters.section(tree, posixpath.join(place, "versionlock.conf"), "main")
        if main and repofile.is_true(main.get("enabled") or "0"):
            path = (main.get("locklist") or "").strip() or posixpath.join(place, "versionlock.list")
            lines = (line.partition("#")[0].strip() for line in _lines(tree, path))
            found += [_of_line(line, path) for line in lines if _LINE.fullmatch(line.lstrip("!"))]
    return found + _of_dnf5(_lines(tree, _DNF5))


def forbidding(found: Sequence[Lock], one: Front) -> List[Lock]:
    """Those because of which this version may not be installed."""
    wrong = [each for each in found if each.excludes and each.fits(one)]
    for file in dict.fromkeys(each.file for each in found):
        mine = [each for each in found if each.file == file and not each.excludes]
        mine = [each for each in mine if fnmatchcase(one.name, each.name)]
        wrong += [] if any(each.fits(one) for each in mine) else mine
    return wrong


def forbidden(found: Iterable[Front], tree: Tree, severity: str, otherwise: str) -> List[Finding]:
    """RPM021 for each that is not of a version that is locked; ``otherwise`` is what else can be done."""
    known = read(tree)
    wrong = []
    for one in found:
        mine = forbidding(known, one)
        if mine:
            message = "is not the version that is locked on this server: "
            if len(mine) > 1:
                message = "is none of the versions that are locked on this server: "
            message += "; ".join(each.text for each in mine)
            fix = "take that out of the list ('yum versionlock delete')" + otherwise
            places = tuple(dict.fromkeys(each.file for each in mine))
            wrong.append(Finding("RPM021", severity, one.title, message, places, fix))
    return wrong


def _lines(tree: Tree, path: str) -> List[str]:
    try:
        return tree.text(path).splitlines()
    except OSError:
        return []


def _of_line(text: str, path: str) -> Lock:
    pattern = text.lstrip("!")
    name = _LINE.sub(r"\1", pattern)
    return Lock(text, path, name, lambda one: filters.matches(pattern, one), pattern != text)


def _of_dnf5(lines: Iterable[str]) -> List[Lock]:
    """Of as much of TOML as dnf 5 writes."""
    top: Dict[str, str] = {}
    packages: List[Tuple[Dict[str, str], List[Dict[str, str]]]] = []
    here = top
    for line in lines:
        table, pair = _TABLE.match(line.strip()), _PAIR.match(line.strip())
        if table and not table.group(1):
            here = {}
            packages.append((here, []))
        elif table and packages:
            here = {}
            packages[-1][1].append(here)
        elif pair:
            here[pair.group(1)] = pair.group(2) or pair.group(3) or ""
    if top.get("version") != "1.0":  # dnf 5 reads no other
        return []
    found = [_of_package(package.get("name", ""), conditions) for package, conditions in packages]
    return [each for each in found if each is not None]


def _of_package(name: str, conditions: Sequence[Dict[str, str]]) -> Optional[Lock]:
    """None for an entry that is none to dnf 5 either."""
    rows = [tuple(each.get(word, "") for word in ("key", "comparator", "value")) for each in conditions]
    if not (name and rows) or any(key not in _KEYS or sign not in _ORDERS for key, sign, _ in rows):
        return None

    def fits(one: Front) -> bool:
        return fnmatchcase(one.name, name) and all(
            _KEYS[key](one, value) in _ORDERS[sign] for key, sign, value in rows
        )

    text = "{} {}".format(name, ", ".join(" ".join(row) for row in rows))
    return Lock(text, _DNF5, name, fits, False)


def _by_evr(one: Front, value: str) -> int:
    epoch, _, rest = value.rpartition(":")
    version, _, release = rest.partition("-")
    return rpm.compare_evr((one.epoch, one.version, one.release), (epoch or "0", version, release))


_KEYS: Dict[str, Callable[[Front, str], int]] = {
    "arch": lambda one, value: int(one.arch != value),
    "epoch": lambda one, value: rpm.compare(one.epoch, value),
    "evr": _by_evr,
}

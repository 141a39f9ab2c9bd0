"""Versions that an administrator has locked: a list of the versionlock plugin of yum 3 or dnf 4, to which
the yum that offkit runs without plugins does not keep, or that of dnf 5, which always does.

Sources: media.versionlock's; dnf5-versionlock(8).
"""

import posixpath
import re
from fnmatch import fnmatchcase
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.media import repofile, rpm, versionlock
from offkit.media.rpmfile import Front
from offkit.media.versionlock import Lock
from offkit.model.finding import Finding
from offkit.server.system import filters

_PLUGINS = ("/etc/yum/pluginconf.d", "/etc/dnf/plugins")
_DNF5 = "/etc/dnf/versionlock.toml"
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


def read(tree: Tree) -> List[Lock]:
    """All of them, where their plugin is enabled."""
    found = []
    for place in _PLUGINS:
        main = filters.section(tree, posixpath.join(place, "versionlock.conf"), "main")
        if main and repofile.is_true(main.get("enabled") or "0"):
            path = (main.get("locklist") or "").strip() or posixpath.join(place, "versionlock.list")
            found += versionlock.of_lines(_lines(tree, path), path)
    return found + _of_dnf5(_lines(tree, _DNF5))


def forbidden(found: Iterable[Front], tree: Tree, severity: str, otherwise: str) -> List[Finding]:
    """RPM021 for each that is not of a version that is locked; ``otherwise`` is what else can be done."""
    known = read(tree)
    wrong = []
    for one in found:
        mine = versionlock.forbidding(known, one)
        if mine:
            message = versionlock.told(mine, "this server")
            fix = "take that out of the list ('yum versionlock delete')" + otherwise
            places = tuple(dict.fromkeys(each.file for each in mine))
            wrong.append(Finding("RPM021", severity, one.title, message, places, fix))
    return wrong


def _lines(tree: Tree, path: str) -> List[str]:
    try:
        return tree.text(path).splitlines()
    except OSError:
        return []


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

"""What an administrator has told yum to leave out, or to leave as it is: read, and never changed.

Sources: yum.conf(5), dnf.conf(5), dnf5.conf(5) for exclude, excludepkgs and includepkgs; yum-versionlock(1)
and dnf-versionlock(8) for lists of locked versions, which are a plugin's and so not seen by the yum that
offkit runs.
"""

import configparser
import fnmatch
import posixpath
import re
from typing import Iterable, List, NamedTuple, Optional, Tuple

from offkit.edges.tree import Tree
from offkit.media import repofile
from offkit.media.rpmfile import Front

_MAIN = ("/etc/yum.conf", "/etc/dnf/dnf.conf")
_DROP_INS = ("/etc/dnf/libdnf5.conf.d", "/usr/share/dnf5/libdnf.conf.d")
_EXCLUDES, _INCLUDES = ("exclude", "excludepkgs"), ("includepkgs",)
_PLUGINS = ("/etc/yum/pluginconf.d", "/etc/dnf/plugins")
_TRUE = ("1", "true", "yes", "on")
_ENTRY = re.compile(r"^!?(?:\d+:)?(.+?)-(?:\d+:)?[^-]+-[^-]+$")


class Setting(NamedTuple):
    """One option that hides packages from yum."""

    option: str
    file: str
    patterns: Tuple[str, ...]

    def hides(self, one: Front) -> bool:
        matched = any(_matches(pattern, one) for pattern in self.patterns)
        return matched != (self.option in _INCLUDES)


class Lock(NamedTuple):
    """A line of a list of locked versions."""

    text: str
    file: str

    def forbids(self, one: Front) -> bool:
        """Whether that version may not be installed."""
        excluded = self.text.startswith("!")
        if excluded:
            return _matches(self.text[1:], one)
        named = _ENTRY.match(self.text)
        if named is None or not fnmatch.fnmatchcase(one.name, named.group(1)):
            return False
        return not _matches(self.text, one)


def settings(tree: Tree) -> List[Setting]:
    """Those of yum's and dnf's configuration files, but not of a repository's own section."""
    paths = [*_MAIN, *(posixpath.join(place, name) for place in _DROP_INS for name in tree.names(place))]
    found = []
    for path in dict.fromkeys(tree.real(path) for path in paths):  # EL 8 links yum.conf to dnf.conf
        main = _section(tree, path, "main")
        for option in (*_EXCLUDES, *_INCLUDES):
            patterns = repofile.words(main.get(option, "")) if main else ()
            if patterns:
                found.append(Setting(option, path, patterns))
    return found


def locks(tree: Tree) -> List[Lock]:
    """What the versionlock plugin of yum 3 or dnf 4 would keep, where it is enabled."""
    found = []
    for place in _PLUGINS:
        main = _section(tree, posixpath.join(place, "versionlock.conf"), "main")
        if main and main.get("enabled", "0").strip().lower() in _TRUE:
            path = main.get("locklist", "").strip() or posixpath.join(place, "versionlock.list")
            found += [Lock(line, path) for line in _lines(tree, path)]
    return found


def hiding(found: Iterable[Setting], packages: Iterable[Front]) -> List[Setting]:
    """Those of the settings that hide any of these packages."""
    wanted = list(packages)
    return [each for each in found if any(each.hides(one) for one in wanted)]


def _section(tree: Tree, path: str, name: str) -> Optional[configparser.SectionProxy]:
    parser = configparser.RawConfigParser(strict=False, default_section="\0", allow_no_value=True)
    try:
        parser.read_string(tree.text(path), path)
    except (OSError, configparser.Error):
        return None
    return parser[name] if parser.has_section(name) else None


def _lines(tree: Tree, path: str) -> List[str]:
    try:
        lines = [line.partition("#")[0].strip() for line in tree.text(path).splitlines()]
    except OSError:
        return []
    return [line for line in lines if line]


def _matches(pattern: str, one: Front) -> bool:
    """As yum compares patterns: with the name, and with all usual forms of it (rpmUtils.miscutils,
    hy_nevra)."""
    version = "{}-{}".format(one.version, one.release)
    forms = (
        one.name,
        "{}.{}".format(one.name, one.arch),
        "{}-{}".format(one.name, one.version),
        "{}-{}".format(one.name, version),
        "{}-{}.{}".format(one.name, version, one.arch),
        "{}:{}-{}.{}".format(one.epoch, one.name, version, one.arch),
        "{}-{}:{}".format(one.name, one.epoch, version),
        "{}-{}:{}.{}".format(one.name, one.epoch, version, one.arch),
    )
    return any(fnmatch.fnmatchcase(form, pattern) for form in forms)

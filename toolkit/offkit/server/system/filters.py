"""What an administrator has told yum to leave out: read, and never changed.

Sources: yum.conf(5), dnf.conf(5), dnf5.conf(5) for exclude, excludepkgs and includepkgs.
"""

import configparser
import posixpath
from typing import Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.media import repofile, rpm
from offkit.media.rpmfile import Front
from offkit.model import words
from offkit.model.finding import Finding

_MAIN = ("/etc/yum.conf", "/etc/dnf/dnf.conf")
_DROP_INS = ("/etc/dnf/libdnf5.conf.d", "/usr/share/dnf5/libdnf.conf.d")
_NAMED = 4


class Setting(NamedTuple):
    """One option that hides packages from yum."""

    option: str
    file: str
    patterns: Tuple[str, ...]

    @property
    def excludes(self) -> bool:
        return self.option in repofile.EXCLUDES

    def hides(self, one: Front) -> bool:
        matched = any(matches(pattern, one) for pattern in self.patterns)
        return matched == self.excludes


def settings(tree: Tree, identities: Sequence[str] = ()) -> List[Setting]:
    """Those of yum's and dnf's configuration files, and of the sections of these repositories."""
    found = []
    for path, options in [*_configuration(tree), *_sections(tree, identities)]:
        for option in (*repofile.EXCLUDES, *repofile.INCLUDES):
            patterns = repofile.words(options.get(option) or "")
            if patterns:
                found.append(Setting(option, path, patterns))
    return found


def main(tree: Tree, option: str) -> str:
    """What [main] has for an option, "" for nothing."""
    values = ((options.get(option) or "").strip() for _, options in _configuration(tree))
    return next(filter(None, values), "")


def broken(tree: Tree) -> List[Tuple[str, str]]:
    """Those of yum's and dnf's configuration files at which it stops, each with the line and why."""
    found = []
    for path in _files(tree):
        try:
            repofile.options_of(tree.text(path))
        except OSError:
            continue
        except ValueError as error:
            found.append((path, str(error)))
    return found


def _files(tree: Tree) -> List[str]:
    paths = [*_MAIN, *(posixpath.join(place, name) for place in _DROP_INS for name in tree.names(place))]
    return list(dict.fromkeys(tree.real(path) for path in paths))  # EL 8 links yum.conf to dnf.conf


def _configuration(tree: Tree) -> Iterator[Tuple[str, configparser.SectionProxy]]:
    """[main] of yum's and dnf's files, those that count more first."""
    for path in _files(tree):
        options = section(tree, path, "main")
        if options:
            yield path, options


def _sections(tree: Tree, identities: Sequence[str]) -> Iterator[Tuple[str, configparser.SectionProxy]]:
    for path in (posixpath.join(repofile.DIRECTORY, name) for name in tree.names(repofile.DIRECTORY)):
        for name in identities if path.endswith(".repo") else ():
            options = section(tree, path, name)
            if options:
                yield path, options


def hiding(found: Iterable[Setting], packages: Iterable[Front]) -> List[Setting]:
    """Those of the settings that hide any of these packages."""
    wanted = list(packages)
    return [each for each in found if any(each.hides(one) for one in wanted)]


def excluded(guilty: Sequence[Setting], kept: Sequence[str], severity: str, fix: str) -> Finding:
    """RPM020: ``kept`` are names of packages, the settings are what hides them."""
    lines = ("{}: {}={}".format(each.file, each.option, " ".join(each.patterns)) for each in guilty)
    message = "kept from yum by {}".format("; ".join(lines))
    places = tuple(each.file for each in guilty)
    return Finding("RPM020", severity, words.listed(kept, _NAMED), message, places, fix)


def section(tree: Tree, path: str, name: str) -> Optional[configparser.SectionProxy]:
    """Of a file of yum's; None where it cannot be read, or has no such section."""
    parser = configparser.RawConfigParser(strict=False, default_section="\0", allow_no_value=True)
    try:
        parser.read_string(tree.text(path).lstrip(repofile.BOM), path)
    except (OSError, configparser.Error):
        return None
    return parser[name] if parser.has_section(name) else None


def matches(pattern: str, one: Front) -> bool:
    return rpm.matches(pattern, one.name, one.epoch, one.version, one.release, one.arch)

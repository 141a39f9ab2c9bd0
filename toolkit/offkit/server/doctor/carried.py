"""LIB012, LIB013: libraries that a generation has from RPMs, whole or not, and those among them that
a .pth file loads when Python starts."""

import posixpath
from typing import Dict, List, Tuple

from offkit.edges.tree import Tree
from offkit.model import layout, words
from offkit.model.finding import ERROR, INFO, Finding
from offkit.server.environment.environment import Environment
from offkit.server.libraries import record

_AGAIN = "install the bundle again, with the ISO"
_NAMED = 3


def inspect(tree: Tree, env: Environment) -> List[Finding]:
    """Where the libraries are from; each that is missing or altered is an error."""
    listed, findings = _read(tree, env)
    media: Dict[str, List[record.LibraryFile]] = {}
    for entry in listed.entries:
        media.setdefault(entry.medium, []).append(entry)
    for medium, entries in sorted(media.items()):
        rpms = sorted({entry.rpm for entry in entries})
        message = "{} in this generation, from {} on {}: {}".format(
            words.several(len(entries), "library", "libraries"),
            words.several(len(rpms), "RPM"),
            medium,
            words.listed(rpms, _NAMED),
        )
        sonames = tuple("{} from {}".format(entry.soname, entry.rpm) for entry in entries)
        findings.append(Finding("LIB012", INFO, layout.GENERATION_LIBRARIES, message, sonames))
    for entry, how in record.altered(tree, env.where, listed):
        path = posixpath.join(env.where, layout.GENERATION_LIBRARIES, entry.soname)
        message = "{} (from {})".format(how, entry.rpm)
        findings.append(Finding("LIB013", ERROR, entry.soname, message, (path,), _AGAIN))
    return findings


def preloaded(tree: Tree, env: Environment) -> List[str]:
    """Paths of the libraries that Python loads when it starts, in order."""
    there = any(tree.is_file(posixpath.join(site, record.PTH)) for site in env.site_packages)
    listed, _ = _read(tree, env) if there else (record.NOTHING, [])
    return [posixpath.join(env.where, layout.GENERATION_LIBRARIES, name) for name in listed.preloaded]


def _read(tree: Tree, env: Environment) -> Tuple[record.Record, List[Finding]]:
    try:
        return record.read(tree, env.where), []
    except (OSError, ValueError) as error:
        message = "cannot be read: {}".format(error)
        path = posixpath.join(env.where, layout.GENERATION_LIBRARY_LIST)
        return record.NOTHING, [
            Finding("LIB013", ERROR, layout.GENERATION_LIBRARY_LIST, message, (path,), _AGAIN)
        ]

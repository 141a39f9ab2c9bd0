"""The directories that ldconfig would put into ld.so.cache: /etc/ld.so.conf and what it includes."""

import fnmatch
import posixpath
import shlex
from typing import List, Sequence, Set

from offkit.edges.tree import Tree

_CONF = "/etc/ld.so.conf"
_OWN = "/etc/ld.so.conf.d/offkit.conf"


def directories(tree: Tree) -> List[str]:
    """In the order of the files (ldconfig(8), parse_conf in glibc's elf/ldconfig.c)."""
    return _parse(tree, _CONF, set())


def cure(directory: str, listed: Sequence[str]) -> str:
    """How the loader gets to know a directory. Appended, to a file of a name that no RPM has: what
    others wrote stays."""
    if directory in listed:
        return "ldconfig"
    return "echo {} >> {} && ldconfig".format(shlex.quote(directory), _OWN)


def _parse(tree: Tree, path: str, read: Set[str]) -> List[str]:
    """A file that was read already, as one that includes itself, adds nothing."""
    if path in read:
        return []
    read.add(path)
    try:
        lines = tree.text(path).splitlines()
    except OSError:
        return []
    found: List[str] = []
    for line in lines:
        text = line.partition("#")[0].strip()
        keyword, _, rest = text.partition(" ")
        if keyword == "include":
            for included in _glob(tree, posixpath.join(posixpath.dirname(path), rest.strip())):
                found += _parse(tree, included, read)
        elif text.startswith("/"):
            found.append(text.partition("=")[0].rstrip("/") or "/")
    return found


def _glob(tree: Tree, pattern: str) -> List[str]:
    """The last part may have wildcards, as in ``ld.so.conf.d/*.conf``."""
    directory, name = posixpath.split(pattern)
    return [
        posixpath.join(directory, each) for each in tree.names(directory) if fnmatch.fnmatchcase(each, name)
    ]

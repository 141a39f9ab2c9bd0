"""The directories that ldconfig would put into ld.so.cache: /etc/ld.so.conf and what it includes."""

import fnmatch
import posixpath
from typing import List

from offkit.edges.tree import Tree

_CONF = "/etc/ld.so.conf"
_MAX_FILES = 200  # an include may include itself


def directories(tree: Tree) -> List[str]:
    """In the order of the files (ldconfig(8), parse_conf in glibc's elf/ldconfig.c)."""
    found: List[str] = []
    pending, read = [_CONF], 0
    while pending and read < _MAX_FILES:
        path = pending.pop(0)
        read += 1
        try:
            lines = tree.text(path).splitlines()
        except OSError:
            continue
        included: List[str] = []
        for line in lines:
            text = line.partition("#")[0].strip()
            keyword, _, rest = text.partition(" ")
            if keyword == "include":
                included += _glob(tree, posixpath.join(posixpath.dirname(path), rest.strip()))
            elif text.startswith("/"):
                found.append(text.partition("=")[0].rstrip("/") or "/")
        pending = included + pending
    return found


def _glob(tree: Tree, pattern: str) -> List[str]:
    """The last part may have wildcards, as in ``ld.so.conf.d/*.conf``."""
    directory, name = posixpath.split(pattern)
    return [
        posixpath.join(directory, each) for each in tree.names(directory) if fnmatch.fnmatchcase(each, name)
    ]

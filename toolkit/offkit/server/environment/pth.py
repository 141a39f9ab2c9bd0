"""Directories that .pth files add to the path.

Source: ``addpackage`` of CPython's Lib/site.py. Lines that begin with ``import`` are programs;
they are never run here.
"""

import posixpath
from typing import Dict, Iterable, Sequence, Tuple

from offkit.edges.tree import Tree


def added(tree: Tree, tops: Sequence[str], apart: Iterable[str]) -> Tuple[str, ...]:
    """What the .pth files of the site-packages ``tops`` add, in the order of Python, each once.

    Without ``apart``, directories that count anyway, and without /, where packages are not.
    """
    known = {"/"}.union(tree.real(path) for path in apart if path)
    found: Dict[str, str] = {}
    for top in tops:
        for name in tree.names(top):
            if not name.endswith(".pth") or name.startswith("."):
                continue
            for path in _lines(tree, top, name):
                try:
                    real = tree.real(path)
                except OSError:
                    continue
                if real not in known and tree.is_dir(real):
                    found.setdefault(real, path)
    return tuple(found.values())


def _lines(tree: Tree, top: str, name: str) -> Iterable[str]:
    try:
        text = tree.text(posixpath.join(top, name))
    except OSError:
        return []
    lines = [line.rstrip() for line in text.splitlines()]
    return [
        posixpath.normpath(posixpath.join(top, line))
        for line in lines
        if line and not line.startswith(("#", "import ", "import\t"))
    ]

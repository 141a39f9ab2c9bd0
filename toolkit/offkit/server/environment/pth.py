"""Directories that .pth files add to the path.

Source: ``addpackage`` of CPython's Lib/site.py. Lines that begin with ``import`` are programs;
they are never run here.
"""

import posixpath
from typing import Dict, Iterable, Iterator, Sequence, Tuple

from offkit.edges.tree import Tree


def added(tree: Tree, tops: Sequence[str], apart: Iterable[str]) -> Tuple[str, ...]:
    """What the .pth files of the site-packages ``tops`` add, in the order of Python, each once.

    Without ``apart``, directories that count anyway, and without /, where packages are not.
    """
    known = {"/"}.union(tree.real(path) for path in apart if path)
    found: Dict[str, str] = {}
    for top in tops:
        for _, path in named(tree, top):
            try:
                real = tree.real(path)
            except OSError:
                continue
            if real not in known and tree.is_dir(real):
                found.setdefault(real, path)
    return tuple(found.values())


def named(tree: Tree, top: str) -> Iterator[Tuple[str, str]]:
    """(the file, a path that it names) for each in one site-packages; what is there and what is not."""
    for name in tree.names(top):
        if name.endswith(".pth") and not name.startswith("."):
            for path in _lines(tree, top, name):
                yield posixpath.join(top, name), path


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

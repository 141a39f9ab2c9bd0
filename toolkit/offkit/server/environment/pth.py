"""Directories that .pth files add to the path.

Source: ``addpackage`` of CPython's Lib/site.py. Lines that begin with ``import`` are programs;
they are never run here. A file is decoded whole, comments too, as the locale says, from 3.13 on as UTF-8
first; where that fails Python does not start.
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
    for file, text in texts(tree, top):
        lines = [line.rstrip() for line in text.splitlines()]
        for line in lines:
            if line and not line.startswith(("#", "import ", "import\t")):
                yield file, posixpath.normpath(posixpath.join(top, line))


def texts(tree: Tree, top: str) -> Iterator[Tuple[str, str]]:
    """(the file, what is in it) for each that can be read, with bytes escaped that are no UTF-8."""
    for name in tree.names(top):
        if name.endswith(".pth") and not name.startswith("."):
            file = posixpath.join(top, name)
            try:
                yield file, tree.text(file)
            except OSError:
                continue


def is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True

"""Names that can be imported from a directory, by its files alone (importlib's PathFinder)."""

import posixpath
from typing import Collection, FrozenSet, List

from offkit.edges.tree import Tree
from offkit.server.environment.environment import Environment

# In the directory of the standard library, and no part of what anybody imports from it: other packages use
# these names, mostly by mistake.
_ASIDE = ("test", "tests", "site-packages", "dist-packages", "lib-dynload", "__pycache__", "__phello__")
_FILES = (".py", ".pyc", ".so")


def stdlib_directory(tree: Tree, env: Environment) -> str:
    """Where os.py lies; "" where there is none."""
    name = "python{}.{}".format(*env.series)
    places = [posixpath.join(env.base_prefix, lib, name) for lib in ("lib64", "lib")]
    return next((place for place in places if tree.is_file(place + "/os.py")), "") if env.base_prefix else ""


def stdlib(tree: Tree, env: Environment) -> FrozenSet[str]:
    """The modules of the environment's own Python that are files; those inside it come before all others."""
    places = [stdlib_directory(tree, env), env.dynload]
    found = {_stem(name) for place in places if place for name in tree.names(place)}
    return frozenset(name for name in found if name.isidentifier() and name not in _ASIDE)


def installed(tree: Tree, env: Environment) -> FrozenSet[str]:
    """Top-level names in its site-packages."""
    found = {_stem(name) for top in env.site_packages for name in tree.names(top)}
    return frozenset(name for name in found if name.isidentifier() and name not in _ASIDE)


def named(tree: Tree, directory: str, wanted: Collection[str]) -> List[str]:
    """Files and directories there by which one of ``wanted`` is imported. A directory without ``__init__.py``
    gives way to whatever comes later."""
    found = []
    for name in tree.names(directory):
        if _stem(name) not in wanted:
            continue
        path = posixpath.join(directory, name)
        inside = tree.is_dir(path)
        if tree.is_file(path + "/__init__.py") if inside else name.endswith(_FILES):
            found.append(path)
    return found


def called(path: str) -> str:
    """The module that a file or directory is."""
    return _stem(posixpath.basename(path))


def _stem(name: str) -> str:
    return name.split(".")[0]


def real(tree: Tree, path: str) -> str:
    """The path without symbolic links, and itself where it has too many of them."""
    try:
        return tree.real(path)
    except OSError:
        return path

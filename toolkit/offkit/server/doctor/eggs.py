"""Distributions without a .dist-info: .egg-info, as 'setup.py install' and 'setup.py develop' leave it and
RPMs have it, and eggs, which a .pth file names.

Source: the internals of Python eggs in the manual of setuptools (requires.txt, EGG-INFO).
"""

import posixpath
import zipfile
from typing import Collection, Iterator, Tuple

from offkit.edges.tree import Tree
from offkit.model import requirement
from offkit.server.doctor.distribution import Distribution, headers_of
from offkit.server.environment.environment import Environment

_INSIDE = "EGG-INFO"
_KINDS = (".egg-info", "/" + _INSIDE)
_METADATA, _REQUIRES = "PKG-INFO", "requires.txt"
_TEXT = 16 << 20  # bytes that are read of one
_BY_PIP = "installed-files.txt"  # pip's, of what it had setup.py install


def read(tree: Tree, top: str, name: str) -> Iterator[Distribution]:
    """What this entry of a directory on the path says of one; distutils wrote a file in the place of a
    directory."""
    path = posixpath.join(top, name)
    if path.endswith(_KINDS):
        inside = tree.is_dir(path)
        text = _text(tree, posixpath.join(path, _METADATA) if inside else path)
        yield from _made(top, path, text, _text(tree, posixpath.join(path, _REQUIRES)) if inside else "")


def zipped(tree: Tree, path: str) -> Iterator[Distribution]:
    """The one in a file."""
    if not (path.endswith(".egg") and tree.is_file(path)):
        return
    try:
        with tree.open(path) as source, zipfile.ZipFile(source) as archive:
            texts = [_member(archive, "/".join((_INSIDE, name))) for name in (_METADATA, _REQUIRES)]
    except (OSError, ValueError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile):
        return
    yield from _made(path, posixpath.join(path, _INSIDE), *texts)


def is_judged(tree: Tree, env: Environment, dist: Distribution, named: Collection[str]) -> bool:
    """Whether what it requires is asked for: of what lies where a .pth file names it, and of what is the
    environment's own; in a Python of the system's that is what pip had installed, not what RPMs brought."""
    if not dist.directory.endswith(_KINDS):
        return False
    if dist.top in named:
        return True
    ours = not env.own or tree.is_file(posixpath.join(dist.directory, _BY_PIP))
    return ours and dist.top in env.site_packages


def _made(top: str, directory: str, metadata: str, requires: str) -> Iterator[Distribution]:
    headers = headers_of(metadata)
    if headers.get("Name"):
        wanted: Tuple[str, ...] = tuple(requirement.of_setuptools(requires))
        yield Distribution(top, directory, str(headers["Name"]), str(headers.get("Version", "")), wanted)


def _text(tree: Tree, path: str) -> str:
    try:
        return tree.text(path, _TEXT)
    except OSError:
        return ""


def _member(archive: zipfile.ZipFile, name: str) -> str:
    if name not in archive.namelist():
        return ""
    with archive.open(name) as packed:
        return packed.read(_TEXT).decode("utf-8", "replace")

"""The shared objects of an environment, told apart: extension modules, libraries, neither."""

import errno
import posixpath
import re
from typing import Callable, Dict, List, NamedTuple, Optional, Set

from offkit.edges import tree as files
from offkit.edges.tree import Tree
from offkit.elf import reader
from offkit.elf.resolution import Opened, View
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.server.environment.environment import Environment, forbidden

_SHARED = re.compile(r"\.so(\.\d+)*$")
_VENDORED = re.compile(r"(^|/)[^/]*\.libs/")
_TAG = re.compile(r"\.cpython-(\d)(\d+)[a-z]*-[^./]*\.so$")
_ABI3 = ".abi3.so"


class SharedObjects(NamedTuple):
    """The shared objects below site-packages, by what they are."""

    modules: List[str]  # extension modules of this Python
    plain: List[str]  # other libraries, opened by name if at all
    offered: Dict[str, str]  # file name and soname of each that can be loaded here → path
    findings: List[Finding]


def collect(tree: Tree, view: View, env: Environment, main: Optional[reader.Elf]) -> SharedObjects:
    """Walk all site-packages and what else is on the path. ``main`` is the interpreter, None
    where there is none."""
    objects = SharedObjects([], [], {}, [])
    seen: Set[str] = set()
    for top in env.site_packages + env.outside:
        _walk(tree, top, seen, lambda path: _sort(tree, view, env, main, objects, path), objects.findings)
    return objects


def _walk(
    tree: Tree, top: str, seen: Set[str], visit: Callable[[str], None], findings: List[Finding]
) -> None:
    """Shared objects below ``top``; every directory once, however many links lead there."""
    pending = [top]
    while pending:
        directory = pending.pop()
        try:
            real = tree.real(directory)
            if real in seen:
                continue
            seen.add(real)
            if directory != top and tree.is_file(directory + "/pyvenv.cfg"):
                continue  # another environment, below a project that a .pth file names
            entries = tree.scan(directory, _SHARED.search)
        except OSError as error:
            findings.append(
                Finding(
                    "ENV006",
                    ERROR if error.errno == errno.EACCES else WARNING,
                    directory,
                    "cannot be looked into: {}".format(error.strerror),
                    (directory,),
                    "run offkit doctor as a user who may read it",
                )
            )
            continue
        deeper = []
        for entry in entries:
            path = posixpath.join(directory, entry.name)
            if entry.kind == files.DIRECTORY or (entry.kind == files.LINK and tree.is_dir(path)):
                deeper.append(path)
            elif _SHARED.search(entry.name):
                visit(path)
        pending.extend(reversed(deeper))


def _sort(
    tree: Tree, view: View, env: Environment, main: Optional[reader.Elf], objects: SharedObjects, path: str
) -> None:
    opened = view.open(path)
    name = posixpath.basename(path)
    short = env.shorten(path)
    elf = opened.elf
    if elf is None:
        objects.findings.append(_no_library(tree, env, path, short, opened))
        return
    if main is None or elf.arch == main.arch:
        objects.offered.setdefault(name, path)
        if elf.soname:
            objects.offered.setdefault(elf.soname, path)
    if not name.endswith(".so") or _VENDORED.search(short):
        return
    if not _is_module(tree, path, name, elf):
        if main is None or elf.arch == main.arch:
            objects.plain.append(path)
        return
    tag = _TAG.search(name)
    if tag and (int(tag.group(1)), int(tag.group(2))) != env.series:
        # Other Pythons may share what lies outside (Debian's python3/dist-packages).
        if path != short and not _has_own(tree, path, env):
            objects.findings.append(_foreign(env, short, "{}.{}".format(*tag.groups())))
    elif main is not None and elf.arch != main.arch:
        objects.findings.append(
            Finding(
                "LIB004",
                ERROR,
                short,
                "is built for {}, the interpreter for {}".format(elf.arch_name, main.arch_name),
                (),
                "bundle again with --arch {}".format(main.arch_name),
            )
        )
    else:
        objects.modules.append(path)


def _has_own(tree: Tree, path: str, env: Environment) -> bool:
    """Whether the same module lies beside it in a form that this Python imports."""
    directory, name = posixpath.split(path)
    stem = name.split(".")[0]
    own = "{}.cpython-{}{}".format(stem, *env.series)
    return any(
        other.startswith(own) or other in (stem + ".so", stem + ".abi3.so") for other in tree.names(directory)
    )


def _foreign(env: Environment, short: str, version: str) -> Finding:
    here = "{}.{}".format(*env.series)
    message = "is for CPython {}; this one is {} and will not find it".format(version, here)
    return Finding("PKG007", ERROR, short, message, (), "bundle again with --python " + here)


def _is_module(tree: Tree, path: str, name: str, elf: reader.Elf) -> bool:
    """Whether Python can import it: it exports PyInit_NAME (PEP 489)."""
    stem = name.split(".")[0]
    try:
        with tree.open(path) as source:
            return reader.mentions(source, elf, "PyInit_" + stem)
    except (OSError, ValueError):
        return False


def _imported(env: Environment, path: str) -> bool:
    """Whether the name alone says that this Python would import it: PEP 3149's tag, or abi3."""
    tag = _TAG.search(path)
    own = tag is not None and (int(tag.group(1)), int(tag.group(2))) == env.series
    return own or path.endswith(_ABI3)


def _no_library(tree: Tree, env: Environment, path: str, short: str, opened: Opened) -> Finding:
    """A file named like a library that is none: gone, forbidden, a FIFO, text, damaged."""
    reinstall = "install the package again"
    refusing = tree.refuses(path) if opened.absent else ""
    if refusing:
        return forbidden("LIB011", env, short, path, refusing)
    if opened.absent:
        return Finding("LIB006", WARNING, short, "cannot be opened: " + opened.problem, (path,), reinstall)
    try:
        with tree.open(path) as source:
            head = source.read(512)
    except OSError:
        return Finding("LIB006", WARNING, short, "is " + opened.problem, (path,), reinstall)
    if head and not head.startswith(b"\x7fELF") and _imported(env, path):
        message = "is named like an extension module, but is no ELF file: it cannot be imported"
        return Finding("LIB005", ERROR, short, message, (path,), reinstall)
    if head and b"\0" not in head and not head.startswith(b"\x7fELF"):
        message = "is a text file (a linker script), not a library"
        return Finding("LIB007", INFO, short, message, (path,), "")
    message = "is damaged: " + ("empty" if not head else opened.problem)
    return Finding("LIB005", ERROR, short, message, (path,), reinstall)

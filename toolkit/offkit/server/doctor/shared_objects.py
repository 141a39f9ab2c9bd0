"""The shared objects of an environment, told apart: extension modules, libraries, neither."""

import errno
import posixpath
import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from offkit.edges import tree as files
from offkit.edges.tree import Tree
from offkit.elf import reader
from offkit.elf.resolution import Opened, View
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.server.environment.environment import Environment, forbidden

SHARED = re.compile(r"\.so(\.\d+)*$")
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
    paths, findings = _walk(tree, env.site_packages + env.outside)
    modules: List[str] = []
    plain: List[str] = []
    offered: Dict[str, str] = {}
    for path in paths:
        opened, name, short = view.open(path), posixpath.basename(path), env.shorten(path)
        elf = opened.elf
        if elf is None:
            findings.append(_no_library(tree, env, path, short, opened))
            continue
        ours = main is None or elf.arch == main.arch
        if ours:
            offered.setdefault(name, path)
            if elf.soname:
                offered.setdefault(elf.soname, path)
        if not name.endswith(".so") or _VENDORED.search(short):
            continue
        series = _series(name)
        if not _is_module(tree, path, name, elf):
            plain += [path] * ours
        elif series and series != env.series:
            # Other Pythons may share what lies outside (Debian's python3/dist-packages).
            if path != short and not _has_own(tree, path, env):
                findings.append(_foreign(env, short, "{}.{}".format(*series)))
        elif main is not None and not ours:
            message = "is built for {}, the interpreter for {}".format(elf.arch_name, main.arch_name)
            fix = "bundle again with --arch {}".format(main.arch_name)
            findings.append(Finding("LIB004", ERROR, short, message, (), fix))
        else:
            modules.append(path)
    return SharedObjects(modules, plain, offered, findings)


def _walk(tree: Tree, tops: Sequence[str]) -> Tuple[List[str], List[Finding]]:
    """(shared objects below ``tops``, what cannot be read); every directory once, however
    many links lead there."""
    seen: Set[str] = set()
    found: List[str] = []
    findings = []
    pending = list(reversed(tops))
    while pending:
        directory = pending.pop()
        try:
            real = tree.real(directory)
            if real in seen:
                continue
            seen.add(real)
            if directory not in tops and tree.is_file(directory + "/pyvenv.cfg"):
                continue  # another environment, below a project that a .pth file names
            entries = tree.scan(directory, SHARED.search)
        except OSError as error:
            severity = ERROR if error.errno == errno.EACCES else WARNING
            message = "cannot be read: {}".format(error.strerror)
            fix = "run offkit doctor as a user who may read it"
            findings.append(Finding("ENV006", severity, directory, message, (directory,), fix))
            continue
        deeper = []
        for entry in entries:
            path = posixpath.join(directory, entry.name)
            if entry.kind == files.DIRECTORY or (entry.kind == files.LINK and tree.is_dir(path)):
                deeper.append(path)
            elif SHARED.search(entry.name):
                found.append(path)
        pending.extend(reversed(deeper))
    return found, findings


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
    message = "is for CPython {}; this one is {} and does not find it".format(version, here)
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
    return _series(path) == env.series or path.endswith(_ABI3)


def _series(name: str) -> Optional[Tuple[int, int]]:
    """The CPython that PEP 3149's tag names."""
    tag = _TAG.search(name)
    return (int(tag.group(1)), int(tag.group(2))) if tag else None


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
        message = "is named like an extension module, but is not an ELF file: it cannot be imported"
        return Finding("LIB005", ERROR, short, message, (path,), reinstall)
    if head and b"\0" not in head and not head.startswith(b"\x7fELF"):
        message = "is a text file (a linker script), not a library"
        return Finding("LIB007", INFO, short, message, (path,), "")
    message = "is damaged: " + ("empty" if not head else opened.problem)
    return Finding("LIB005", ERROR, short, message, (path,), reinstall)


def machine_code(tree: Tree, path: str) -> bool:
    """Nobody corrects that by hand, as one does a .py or a configuration file."""
    if SHARED.search(path):
        return True
    with tree.open(path) as source:
        return bytes(source.read(4)) == b"\x7fELF"

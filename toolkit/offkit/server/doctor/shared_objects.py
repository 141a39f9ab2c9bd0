"""The ELF files of an environment that somebody loads or starts, told apart from what only looks like one."""

import errno
import posixpath
import re
import stat
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from offkit.edges import plugins
from offkit.edges import tree as files
from offkit.edges.tree import Tree
from offkit.elf import objects as elf_objects
from offkit.elf import reader
from offkit.elf.objects import MODULE, PROGRAM, Object, kind, starts
from offkit.elf.resolution import Opened, View
from offkit.model import scripts
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.server.environment.environment import Environment, forbidden

SHARED = re.compile(r"\.so(\.\d+)*$")
_ELF = b"\x7fELF"
_TAG = re.compile(r"\.cpython-(\d)(\d+)[a-z]*-[^./]*\.so$")
_ABI3 = ".abi3.so"


class Script(NamedTuple):
    path: str
    line: str  # its first one, without #!


class SharedObjects(NamedTuple):
    """What lies in an environment for the loader."""

    objects: List[Object]  # that this Python, or a program, can load here
    scripts: List[Script]
    findings: List[Finding]


def collect(tree: Tree, view: View, env: Environment, main: Optional[reader.Elf]) -> SharedObjects:
    """Walk the environment and what else is on the path. ``main`` is the interpreter, None
    where there is none."""
    commands = posixpath.join(env.where, "bin")
    beside = [] if env.own else [posixpath.join(env.where, name) for name in ("lib", "lib64")]
    paths, found, findings = _walk(tree, env.site_packages + env.outside, beside)
    objects = list(_commands(tree, view, env, commands))
    if not env.own:
        paths_of_commands = [posixpath.join(commands, name) for name in tree.names(commands)]
        found += _scripts({path: _head(tree, path) for path in paths_of_commands})
    for path in paths:
        opened, name, short = view.open(path), posixpath.basename(path), env.shorten(path)
        elf = opened.elf
        if elf is None:
            if SHARED.search(name):
                findings.append(_no_library(tree, view, env, path, short, opened))
            continue
        one = Object(path, kind(path, view.symbols(opened.identity).having, plugins.symbols()), elf)
        ours = main is None or elf.arch == main.arch
        series = _series(name)
        if one.kind != MODULE:
            here = ours or (one.kind == PROGRAM and main is not None and starts(elf, main.machine))
            objects += [one] * here
        elif series and series != env.series:
            # Other Pythons may share what lies outside (Debian's python3/dist-packages).
            if path != short and not _has_own(tree, path, env):
                findings.append(_foreign(env, short, "{}.{}".format(*series)))
        elif main is not None and not ours:
            message = "is built for {}, the interpreter for {}".format(elf.arch_name, main.arch_name)
            fix = "bundle again with --arch {}".format(main.arch_name)
            findings.append(Finding("LIB004", ERROR, short, message, (), fix))
        else:
            objects.append(one)
    return SharedObjects(objects, found, findings)


def _walk(
    tree: Tree, packages: Sequence[str], beside: Sequence[str]
) -> Tuple[List[str], List[Script], List[Finding]]:
    """(what may be an ELF file there, scripts, what cannot be read); every directory once, however many
    links lead there. What is not there of ``beside`` does not matter."""
    seen: Set[str] = set()
    found: List[str] = []
    others: List[str] = []
    findings = []
    tops = [*packages, *(path for path in beside if tree.is_dir(path))]
    pending = list(reversed(tops))
    while pending:
        directory = pending.pop()
        try:
            real = tree.real(directory)
            if real in seen:
                continue
            seen.add(real)
            entries = tree.scan(directory, scripts.may_be_one)
            if any(entry.name == "pyvenv.cfg" for entry in entries) and directory not in tops:
                continue  # another environment, below a project that a .pth file names
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
            elif entry.kind != files.LINK or scripts.may_be_one(entry.name):
                others.append(path)
        pending.extend(reversed(deeper))
    heads = {path: _head(tree, path) for path in others}
    found += [path for path, head in heads.items() if head.startswith(_ELF)]
    return found, _scripts(heads), findings


def _scripts(heads: Dict[str, bytes]) -> List[Script]:
    """Those that begin with #!, and their first line."""
    lines = {path: scripts.line(head) for path, head in heads.items()}
    return [Script(path, line) for path, line in lines.items() if line is not None]


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


def _commands(tree: Tree, view: View, env: Environment, directory: str) -> Iterator[Object]:
    """Compiled programs that packages put into bin/ (ninja, ruff …)."""
    for name in tree.names(directory) if env.interpreter else []:
        path = posixpath.join(directory, name)
        opened = view.open(path)
        if opened.elf is not None and opened.elf.interpreter and opened.identity != env.interpreter:
            yield Object(path, PROGRAM, opened.elf)


def _head(tree: Tree, path: str) -> bytes:
    """The first bytes of what may be started, or has a name like libssl.so.1.1.1k."""
    try:
        mode = tree.stat(path).st_mode
        if not (stat.S_ISREG(mode) and (mode & 0o111 or elf_objects.SHARED.search(path))):
            return b""
        with tree.open(path) as source:
            return bytes(source.read(scripts.HEAD))
    except OSError:
        return b""


def _is_module(view: View, opened: Opened, path: str) -> bool:
    """Whether Python can import it."""
    symbols = view.symbols(opened.identity)
    return symbols is not None and bool(symbols.having(elf_objects.exports(path)))


def imported(env: Environment, path: str) -> bool:
    """Whether the name alone says that this Python would import it: PEP 3149's tag, or abi3."""
    return _series(path) == env.series or path.endswith(_ABI3)


def _series(name: str) -> Optional[Tuple[int, int]]:
    """The CPython that PEP 3149's tag names."""
    tag = _TAG.search(name)
    return (int(tag.group(1)), int(tag.group(2))) if tag else None


def _no_library(tree: Tree, view: View, env: Environment, path: str, short: str, opened: Opened) -> Finding:
    """A file named like a library that is none: gone, forbidden, a FIFO, text, damaged."""
    reinstall = "install the package again"
    refusing = tree.refuses(path) if opened.absent else ""
    if refusing:
        return forbidden("LIB011", env, short, path, refusing)
    if opened.absent:
        return Finding("LIB006", WARNING, short, "cannot be opened: " + opened.problem, (path,), reinstall)
    if opened.refused:
        ours = _is_module(view, opened, path)
        severity, message = ERROR if ours else WARNING, "is no library for this system: " + opened.problem
        return Finding(
            "LIB017", severity, short, message, (path,), "use a build of the package for this system"
        )
    try:
        with tree.open(path) as source:
            head = source.read(512)
    except OSError:
        return Finding("LIB006", WARNING, short, "is " + opened.problem, (path,), reinstall)
    if head and not head.startswith(b"\x7fELF") and imported(env, path):
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

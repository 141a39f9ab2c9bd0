"""PY: parts of the standard library that the interpreter was built without.

``make`` succeeds when headers are missing, and leaves the modules out. Whether one is there
is read from the files: an extension module in lib-dynload, or a ``PyInit_`` function inside
the executable or libpython.
"""

import json
import posixpath
from typing import List, Sequence, Set, Tuple

from offkit.edges.tree import Tree
from offkit.model import layout
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.packages import ModuleRow
from offkit.server.doctor.cures import Cures
from offkit.server.environment.environment import Environment

_CHUNK = 4 * 1024 * 1024
_CANNOT_BE_BUILT = {
    "build": "this Python is a ready-made build: bundle another (offkit bundle --python-build), or source",
    "rpm": "no package that this Python was unpacked from has it; as root, install.sh --iso FILE "
    "installs the distribution's own",
}
_BUILT_IN_EVERYWHERE = "posix"  # every CPython on Linux has it inside


def inspect(
    tree: Tree, env: Environment, cures: Cures, binaries: Sequence[str]
) -> Tuple[List[Finding], List[str]]:
    """(findings, RPMs that have to be installed before Python is built again).

    ``binaries`` are the executable and what it loads at start, libpython among them.
    """
    rows = [row for row in cures.modules if row.exists_in(env.series)]
    inside = _inside(tree, env, binaries, [name for row in rows for name in row.extensions])
    if not env.interpreter or not env.base_prefix:
        return [], []  # said already
    if _BUILT_IN_EVERYWHERE not in inside and not env.dynload:
        message = "its built-in modules cannot be read, so what it lacks is unknown"
        return [Finding("PY004", INFO, env.interpreter, message, tuple(binaries), "")], []
    present = {name.split(".")[0] for name in tree.names(env.dynload)} if env.dynload else set()
    findings, rpms = [], []  # type: Tuple[List[Finding], List[str]]
    for row in rows:
        lacking = [name for name in row.extensions if name not in present and name not in inside]
        if lacking:
            finding, needed = _finding(tree, env, cures, row, lacking)
            findings.append(finding)
            rpms += needed if finding.severity == ERROR else []
    return findings, rpms


def _finding(
    tree: Tree, env: Environment, cures: Cures, row: ModuleRow, lacking: Sequence[str]
) -> Tuple[Finding, List[str]]:
    looked = (env.dynload or posixpath.join(env.base_prefix, "lib"), env.interpreter)
    message = "this Python was built without it (no {}); it is for {}".format(
        ", ".join(lacking), row.needed_for
    )
    severity = row.severity
    alone = list(lacking) == ["_hashlib"]
    if alone:  # _ssl is there
        severity = WARNING
        message = (
            "this Python was built without OpenSSL's hashes (no _hashlib): md5, sha1, sha2, sha3 and blake2 "
            "use Python's own slower code, hashlib.scrypt and ripemd160 are missing"
        )
    paired = len(row.modules) == len(row.extensions)
    modules = [row.modules[row.extensions.index(name)] for name in lacking] if paired else row.modules
    subject = " ".join(modules)
    # A generation may have a copy of the program (offkit/lib64's DT_RPATH is in it): where the
    # standard library lies says whose Python it is.
    if cures.own and (
        env.base_prefix == "/usr" or env.interpreter.startswith(("/usr/bin/", "/usr/libexec/"))
    ):
        return _distributions(env, cures, row, Finding("PY001", severity, subject, message, looked))
    wants = cures.release.module(row.name)
    devel = list(wants.devel)
    origin = _origin(tree, env)
    if origin in _CANNOT_BE_BUILT:
        return Finding("PY001", severity, subject, message, looked, _CANNOT_BE_BUILT[origin]), []
    how = "build Python again (make altinstall)"
    if origin == "source":
        how = "remove {} and run the bundle's install.sh again, which compiles it again".format(
            env.base_prefix
        )
    if not devel:
        message += "; the package of {} that has its headers is unknown".format(cures.system)
        return Finding("PY001", severity, subject, message, looked, "install them, then " + how), []
    fix = "{}\nthen {}; at run time it needs {}".format(cures.install(devel), how, " ".join(wants.runtime))
    absent = cures.absent(devel)
    if absent:
        fix += "\n" + absent
    if wants.newer and env.series >= wants.newer.since:
        fix += "\n" + wants.newer.note
    return Finding("PY001", severity, subject, message, looked, fix), devel


def _origin(tree: Tree, env: Environment) -> str:
    """How install.sh brought this Python: source, build or rpm; "" where it did not."""
    top, rpm = posixpath.split(env.base_prefix)
    if rpm == "usr" and top.endswith("-rpm") and posixpath.basename(posixpath.dirname(top)) == "python":
        return "rpm"
    try:
        receipt = json.loads(tree.text(posixpath.join(env.base_prefix, layout.PYTHON_RECEIPT)))
        return str(receipt["origin"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _distributions(
    env: Environment, cures: Cures, row: ModuleRow, found: Finding
) -> Tuple[Finding, List[str]]:
    """The distribution's own Python has everything, in several packages: tkinter apart, the rest
    in the one that most of lib-dynload is from."""
    python = cures.release.pythons.get("{}.{}".format(*env.series))
    tkinter = "tkinter" in row.modules
    if python is None or (tkinter and not python.tkinter):
        message = (
            "the distribution's Python has it in a separate package, whose name is unknown for {}".format(
                cures.system
            )
        )
        return found._replace(message=message), []
    if tkinter:
        rpm = python.tkinter
        message = "the distribution's Python has it in a separate package"
        return found._replace(message=message, fix=cures.install([rpm])), [rpm]
    rpm = python.libs
    if not env.dynload:
        return found._replace(fix=cures.install([rpm])), [rpm]
    message = "it is part of {}, which is installed, but its files are missing ({})".format(
        rpm, ", ".join(row.extensions)
    )
    fix = cures.install([rpm]).replace(" install ", " reinstall ")
    return found._replace(message=message, fix=fix), []


def _inside(tree: Tree, env: Environment, binaries: Sequence[str], names: Sequence[str]) -> Set[str]:
    """Which modules have their PyInit_ function in the executable or in a libpython."""
    wanted = {b"\0PyInit_" + name.encode("ascii") + b"\0": name for name in (*names, _BUILT_IN_EVERYWHERE)}
    found: Set[str] = set()
    longest = max(len(pattern) for pattern in wanted)
    for path in binaries:
        if path != env.interpreter and "libpython" not in posixpath.basename(path):
            continue
        try:
            with tree.open(path) as source:
                tail = b""
                while True:
                    chunk = source.read(_CHUNK)
                    if not chunk:
                        break
                    block = tail + chunk
                    found.update(name for pattern, name in wanted.items() if pattern in block)
                    tail = block[-longest:]
        except OSError:
            continue
    return found

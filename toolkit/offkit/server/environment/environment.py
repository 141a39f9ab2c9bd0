"""Where everything of a virtual environment lies, read from its files alone.

The rules are those of PEP 405 and of CPython's getpath: ``pyvenv.cfg`` names the directory of
the base interpreter (``home``), and the standard library is found upwards from there.
"""

import os
import posixpath
import re
from typing import Dict, List, NamedTuple, Optional, Tuple

from offkit.edges.tree import Tree
from offkit.model import layout
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from offkit.server.environment import pth, startup

_SERIES = re.compile(r"^python3\.(\d+)$")
# EL 8 has its own as /usr/libexec/platform-python3.6.
_PROGRAM = re.compile(r"^(?:platform-)?python(3(?:\.\d+)?)?m?$")


class Environment(NamedTuple):
    """Absolute paths as a process on that server sees them; "" where there is none."""

    where: str
    interpreter: str  # without symbolic links
    python: str  # "3.6.15", or "3.6" when the rest is not written anywhere
    series: Tuple[int, int]
    base_prefix: str
    dynload: str  # the standard library's extension modules
    site_packages: Tuple[str, ...]
    # What else is on the path: site-packages of the base interpreter, when they are visible,
    # and what .pth files name. Not compared with a RECORD.
    outside: Tuple[str, ...]
    generation: bool  # made by offkit install
    own: bool  # the prefix of a Python itself, no virtual environment
    system: bool = False  # a virtual environment that has the base interpreter's packages too

    def shorten(self, path: str) -> str:
        """A path for people: without the part that all files of the environment share."""
        path = posixpath.normpath(path)
        for top in self.site_packages:
            if path.startswith(top + "/"):
                return path[len(top) + 1 :]
        if path.startswith(self.where + "/"):
            return path[len(self.where) + 1 :]
        return path


def locate(tree: Tree, where: str) -> Tuple[Environment, List[Finding]]:
    """The environment at ``where``: a venv, a prefix of ``offkit install`` or one of its
    generations, the prefix of a Python itself, or what an interpreter belongs to.

    Raises EnvironmentProblem when there is none.
    """
    where, named = _of_program(tree, posixpath.normpath(posixpath.join("/", where)))
    try:
        tree.stat("/")
    except OSError as error:
        message = "the root {} cannot be examined: {}".format(tree.root, error.strerror)
        fix = "give the directory where the server's file system is mounted"
        raise EnvironmentProblem(message, fix=fix) from None
    if not tree.is_dir(where):
        _may_read(tree, where, where)
        raise _none(where, "it is not a directory" if startup.exists(tree, where) else "it does not exist")
    if not tree.is_file(where + "/pyvenv.cfg") and tree.is_dir(posixpath.join(where, layout.CURRENT)):
        where = posixpath.join(where, layout.CURRENT)
    for below in ("pyvenv.cfg", "lib"):
        _may_read(tree, where, posixpath.join(where, below))
    config = _config(tree, where)
    series = _series(tree, where, config.get("version") or config.get("version_info") or named)
    if series is None:
        raise _none(where, "it has neither pyvenv.cfg nor lib/python3.X")
    name = "python{}.{}".format(*series)
    for below in ("lib", "lib64"):
        top = posixpath.join(where, below, name, "site-packages")
        _may_read(tree, where, top)
        _may_read(tree, where, top + "/any")  # r without x: names, and nothing behind them
    interpreter, findings = _interpreter(tree, where, series)
    home = config.get("home") or posixpath.join(where, "bin")
    base = _base_prefix(tree, home, interpreter, series)
    if not base and not any(finding.code in ("PY006", "PY008") for finding in findings):
        findings.append(startup.no_stdlib(tree, home, series))
    if base:
        findings += startup.stdlib(tree, base, series)
    own = bool(base) and tree.real(base) == tree.real(where)
    site_packages = _directories(tree, where, name + "/site-packages")
    if not own:
        findings += startup.config(tree, where, interpreter)
        if not site_packages:
            findings.append(startup.no_site_packages(tree, where, name))
    outside: Tuple[str, ...] = ()
    system = not own and config.get("include-system-site-packages", "false").lower() == "true"
    if own:
        site_packages += _local(tree, base, name)
        outside = _debian(tree, base, name)
    elif system and base:
        outside = _directories(tree, base, name + "/site-packages") + _local(tree, base, name)
        outside += _debian(tree, base, name)
    outside += pth.added(tree, site_packages + outside, (where, base, *site_packages, *outside))
    dynload = _directories(tree, base, name + "/lib-dynload") if base else ()
    found = Environment(
        where=where,
        interpreter=interpreter,
        python=_version(tree, config, base, series),
        series=series,
        base_prefix=base,
        dynload=dynload[0] if dynload else "",
        site_packages=site_packages,
        outside=outside,
        generation=tree.is_dir(posixpath.join(where, posixpath.dirname(layout.RECEIPT))),
        own=own,
        system=system,
    )
    return found, findings


def is_program(path: str) -> bool:
    """Whether a file is called as an interpreter is."""
    return bool(_PROGRAM.match(posixpath.basename(path)))


def _of_program(tree: Tree, where: str) -> Tuple[str, str]:
    """(prefix, version) of an interpreter; of all else itself and ""."""
    if not (is_program(where) and tree.is_file(where)):
        return where, ""
    top = posixpath.dirname(posixpath.dirname(where))
    if tree.is_file(top + "/pyvenv.cfg"):
        return top, ""
    real = tree.real(where)
    named = _PROGRAM.match(posixpath.basename(real))
    return posixpath.dirname(posixpath.dirname(real)), (named and named.group(1)) or ""


def _none(where: str, why: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        "no Python environment at {}: {}".format(where, why),
        fix="give a virtual environment (the directory with pyvenv.cfg), "
        "or the --prefix that was given to 'offkit install'",
    )


def _may_read(tree: Tree, where: str, path: str) -> None:
    """Without permission nothing can be said of the environment, not even that it is not there."""
    refusing = tree.refuses(path)
    if refusing:
        raise EnvironmentProblem(
            "{} cannot be examined: this user may not read {}".format(where, refusing),
            fix=startup.allow(refusing),
        )


def forbidden(code: str, env: Environment, subject: str, path: str, refusing: str) -> Finding:
    """What lies in the environment and is not for this user, so neither for a service of theirs."""
    message = "cannot be read by this user"
    if refusing != path:
        message += ": {} denies access".format(env.shorten(refusing))
    return Finding(code, ERROR, subject, message, (path,), startup.allow(refusing))


def _config(tree: Tree, where: str) -> Dict[str, str]:
    try:
        text = tree.text(where + "/pyvenv.cfg")
    except OSError:
        return {}
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip().lower(): value.strip() for key, equals, value in pairs if equals}


def _series(tree: Tree, where: str, version: str) -> Optional[Tuple[int, int]]:
    """By the directory; where several Pythons have one, as pyvenv.cfg says, else what python3 is."""
    there = set()
    for lib in ("lib", "lib64"):
        for name in tree.names(posixpath.join(where, lib)):
            matched = _SERIES.match(name)
            if matched:
                there.add((3, int(matched.group(1))))
    said = re.match(r"^3\.(\d+)", version)
    if said and ((3, int(said.group(1))) in there or not there):
        return 3, int(said.group(1))
    usual = _PROGRAM.match(posixpath.basename(_real(tree, posixpath.join(where, "bin/python3"))))
    mine = usual and re.match(r"^3\.(\d+)$", usual.group(1) or "")
    if mine and (3, int(mine.group(1))) in there:
        return 3, int(mine.group(1))
    return max(there) if there else None


def _real(tree: Tree, path: str) -> str:
    try:
        return tree.real(path)
    except OSError:
        return path


def _interpreter(tree: Tree, where: str, series: Tuple[int, int]) -> Tuple[str, List[Finding]]:
    names = ["python{}.{}".format(*series), "python3", "python"]
    links = [posixpath.join(where, "bin", name) for name in names]
    platform = posixpath.join(where, "libexec", "platform-" + names[0])
    links += [platform] if tree.is_file(platform) else []
    looked = []
    refused = ""
    other = ""
    for link in links:
        try:
            real = tree.real(link)
        except OSError as error:
            looked.append("{} ({})".format(link, error.strerror))
            continue
        mine = _of_series(real, series)
        if tree.is_file(real) and mine:
            return real, []
        looked.append(link if real == link else "{} -> {}".format(link, real))
        other = other or ("" if mine or not tree.is_file(real) else looked[-1])
        refused = refused or tree.refuses(real)
    if refused:
        message = "this user cannot reach the environment's interpreter: {} denies access".format(refused)
        fix = startup.allow(refused) + "; better, install Python {}.{} where everyone can read it".format(
            *series
        )
        return "", [Finding("PY006", ERROR, "python", message, tuple(looked), fix)]
    fix = "install Python {}.{} again at the same place, or install the bundle again".format(*series)
    message = "the environment's interpreter is missing"
    if other:
        message = (
            "{} is another Python than the {}.{} that the packages are for, and finds none of them".format(
                other, *series
            )
        )
        fix = "install Python {0}.{1}, and let {2} lead to it again; or bundle for the new one".format(
            *series, other.partition(" -> ")[0]
        )
        return "", [Finding("PY008", ERROR, "python", message, tuple(looked), fix)]
    return "", [Finding("PY002", ERROR, "python", message, tuple(looked), fix)]


def _of_series(program: str, series: Tuple[int, int]) -> bool:
    """Whether an interpreter is of that series, as far as its name says of which it is."""
    named = _PROGRAM.match(posixpath.basename(program))
    said = named.group(1) if named else None
    return not said or "." not in said or said == "{}.{}".format(*series)


def _base_prefix(tree: Tree, home: str, interpreter: str, series: Tuple[int, int]) -> str:
    name = "python{}.{}".format(*series)
    starts = [home] + ([posixpath.dirname(interpreter)] if interpreter else [])
    for start in starts:
        directory = posixpath.normpath(posixpath.join("/", start))
        while True:
            for lib in ("lib64", "lib"):
                if tree.is_file(posixpath.join(directory, lib, name, "os.py")):
                    return directory
            if directory == "/":
                break
            directory = posixpath.dirname(directory)
    return ""


def _local(tree: Tree, base: str, name: str) -> Tuple[str, ...]:
    """Where pip puts packages for the system's own Python of EL and Fedora, and that finds them
    (Making_sudo_pip_safe: ``site.addsitepackages``); Debian's does not."""
    if base != "/usr" or tree.is_dir("/usr/lib/python3/dist-packages"):
        return ()
    own = {tree.real(path) for path in _directories(tree, base, name + "/site-packages")}
    found = _directories(tree, "/usr/local", name + "/site-packages")
    return tuple(path for path in found if tree.real(path) not in own)


def _debian(tree: Tree, base: str, name: str) -> Tuple[str, ...]:
    """Debian's own Python has its packages in dist-packages (``site.getsitepackages`` there)."""
    found = _directories(tree, base, name + "/dist-packages")
    found += _directories(tree, base, "python3/dist-packages")
    if base == "/usr":
        found += _directories(tree, "/usr/local", name + "/dist-packages")
    return found


def _directories(tree: Tree, prefix: str, below: str) -> Tuple[str, ...]:
    """lib64 and lib, each once: one is mostly a link to the other."""
    found: Dict[str, str] = {}
    for lib in ("lib", "lib64"):
        path = posixpath.join(prefix, lib, below)
        if tree.is_dir(path):
            found.setdefault(tree.real(path), path)
    return tuple(found.values())


def _version(tree: Tree, config: Dict[str, str], base: str, series: Tuple[int, int]) -> str:
    text = config.get("version") or config.get("version_info") or ""
    matched = re.match(r"^3\.\d+\.\d+", text)
    if matched:
        return matched.group()
    short = "{}.{}".format(*series)
    for name in ("python" + short, "python{}m".format(short)):
        try:
            header = tree.text(posixpath.join(base, "include", name, "patchlevel.h"))
        except OSError:
            continue
        matched = re.search(r'#define\s+PY_VERSION\s+"(3\.\d+\.\d+)', header)
        if matched:
            return matched.group(1)
    return short


def default_where(prefix: str, runtime_file: str) -> str:
    """Where to look when nobody said: the generation that this offkit runs from, else
    ``PREFIX/current``.

    ``runtime_file`` is a file of the running offkit.
    """
    marker = os.sep + layout.GENERATION_RUNTIME.replace("/", os.sep) + os.sep
    head, found, _ = os.path.abspath(runtime_file).rpartition(marker)
    if found and os.path.isfile(os.path.join(head, "pyvenv.cfg")):
        return head
    return os.path.join(prefix, layout.CURRENT)

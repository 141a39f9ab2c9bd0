"""NEED: what packages want of this server at run time, and no ELF file says (repo-config/needs.json).

Nothing is executed: a library is one that the loader finds by its name alone, a program one on PATH, the
versions of OpenSSL and SQLite are written in the files that Python's ssl and sqlite3 load.
"""

import fnmatch
import json
import posixpath
import re
from typing import List, Mapping, NamedTuple, Optional, Pattern, Sequence, Tuple

from offkit.edges import data, host
from offkit.edges import needs as table
from offkit.edges.tree import Tree
from offkit.model import clashes, needs, requirement, things, toolchain
from offkit.model.cpu import Cpu
from offkit.model.finding import ERROR, INFO, Finding
from offkit.model.needs import Answer, Lack
from offkit.model.things import Thing
from offkit.server.doctor.cures import Cures
from offkit.server.doctor.distribution import versions
from offkit.server.environment.environment import Environment
from offkit.server.loader.view import TreeView, make_loader

# Where every server has its programs, whoever looks; a service has no other PATH (systemd.exec(5)).
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_CHUNK = 1 << 20
_LONGEST = 64  # bytes of a version
_UNKNOWN = Answer(None)
# The extension module of each, the library that it loads, and how that says its version: OPENSSL_VERSION_TEXT
# of opensslv.h, sqlite3_version[] of sqlite3.c. A Python that was linked statically has it in itself.
_VERSIONS = {
    things.OPENSSL: ("_ssl", "libcrypto.so", re.compile(rb"OpenSSL (\d+\.\d+\.\d+[a-z]*)[ -]")),
    things.SQLITE: ("_sqlite3", "libsqlite3.so", re.compile(rb"\0(3\.\d{1,3}\.\d{1,3})(?:\.\d+)?\0")),
}

Found = Tuple[List[Finding], Tuple[str, ...]]  # and the RPMs that cure them


class Bundled(NamedTuple):
    """Of a bundle that is not installed yet."""

    pins: Mapping[str, str]  # name → version
    rpms: Tuple[str, ...]  # names of those in it


NOTHING = Bundled({}, ())


def inspect(tree: Tree, env: Environment, cures: Cures, path: Sequence[str]) -> Found:
    """For the distributions that are installed there. ``path`` is PATH of whoever runs the doctor."""
    places = (posixpath.join(env.where, "bin"), *_PATH, *path)
    server = _Server(tree, places, env.interpreter, env)
    series = "{}.{}".format(*env.series) if env.base_prefix == "/usr" else ""
    packages = versions(tree, (*env.site_packages, *env.outside), "dist-info")
    found, rpms = _findings(
        needs.lacking(table.known(), packages, server.has, _language(tree)), cures, series
    )
    return found + _clashes(packages, env.python), rpms


def of_bundle(tree: Tree, bundle: Bundled, cures: Cures, program: str) -> Found:
    """Before it is installed. ``program`` is ld.so or one that it loads. What Python itself has is not asked:
    it may be another one in the end."""
    lacks = lacking(tree, bundle.pins, program)
    brought = [each for each in lacks if each.rpm(cures.release, "") in bundle.rpms]
    found, rpms = _findings([each for each in lacks if each not in brought], cures)
    fix = "nothing: {} comes with the bundle"
    found += [each.finding(INFO, fix.format(each.rpm(cures.release, ""))) for each in brought]
    return found, rpms


def lacking(tree: Tree, packages: Mapping[str, str], program: str) -> List[Lack]:
    """What is certainly not there, as ``of_bundle``."""
    pins = {requirement.normalize(name): version for name, version in packages.items()}
    found = needs.lacking(table.known(), pins, _Server(tree, _PATH, program).has, _language(tree))
    return [each for each in found if each.answer.there is False]


def _language(tree: Tree) -> str:
    """In which it speaks to its users, by locale.conf(5)."""
    try:
        settings = host.parse_os_release(tree.text("/etc/locale.conf"))
    except OSError:
        return ""
    return settings.get("LANG", "").partition("_")[0]


def _clashes(packages: Mapping[str, str], python: str) -> List[Finding]:
    """NEED008: what is there is another version than a package can be imported with."""
    message = "{} cannot be imported with {} {}: {}"
    return [
        Finding(
            "NEED008",
            ERROR,
            each.package,
            message.format(each.version, each.other, each.other_version, each.fails),
            (),
            "bundle again with '{}'".format(each.cure),
        )
        for each in clashes.failures(json.loads(data.read_text(clashes.TABLE))["failures"], packages, python)
    ]


def _findings(lacks: Sequence[Lack], cures: Cures, series: str = "") -> Found:
    found = [each.finding(each.severity, _fix(each, cures, series)) for each in lacks]
    rpms = needs.rpms(lacks, cures.release, series)
    lacking = cures.catalog.has_packages(rpms) if rpms else ()
    return found, tuple(name for name in rpms if name not in lacking)


def _fix(lack: Lack, cures: Cures, series: str) -> str:
    rpm = lack.rpm(cures.release, series)
    if not rpm:
        return lack.cure or _elsewhere(lack.thing, cures)
    fix = cures.install([rpm])
    if cures.catalog.has_packages([rpm]):
        fix += "\n{} is not on {}: use a fuller ISO".format(rpm, ", ".join(cures.catalog.read))
    return fix


def _elsewhere(thing: Thing, cures: Cures) -> str:
    there = thing.from_elsewhere(cures.release.name)
    if there:
        return there if cures.own or "" in thing.elsewhere else "on {}: {}".format(cures.release.name, there)
    what = cures.release.name if cures.own and cures.release.name else cures.system
    return "install it; which package of {} has it is not known".format(what)


class _Server:
    """What is asked of a server's files. ``program`` is one that loads libraries; ``env`` is there once
    something is installed."""

    def __init__(
        self, tree: Tree, places: Sequence[str], program: str, env: Optional[Environment] = None
    ) -> None:
        self._tree, self._env = tree, env
        self._places = tuple(dict.fromkeys(place for place in places if place.startswith("/")))
        self._view = TreeView(tree)
        self._main = self._view.open(program).elf if program else None
        ldso = (self._main.interpreter or program) if self._main is not None else ""
        platform = (self._main.platform if self._main is not None else "") or "x86_64"
        self._loader, _ = make_loader(tree, self._view, ldso, platform)

    def has(self, thing: Thing) -> Answer:
        ask = {
            things.LIBRARY: self._library,
            things.DRIVER: self._library,
            things.PROGRAM: self._program,
            things.FILE: self._file,
            things.MODULE: self._module,
            things.VERSION: self._version,
            things.CPU: self._cpu,
        }
        return ask[thing.kind](thing)

    def _library(self, thing: Thing) -> Answer:
        if self._main is None:
            return _UNKNOWN
        there = any(self._loader.system(name, self._main.arch) for name in thing.names)
        return Answer(there, "", ("/etc/ld.so.cache", *self._loader.default_dirs))

    def _program(self, thing: Thing) -> Answer:
        there = any(
            self._executable(posixpath.join(place, name)) for name in thing.names for place in self._places
        )
        return Answer(there, "", self._places)

    def _executable(self, path: str) -> bool:
        try:
            return self._tree.is_file(path) and bool(self._tree.stat(path).st_mode & 0o111)
        except OSError:
            return False

    def _file(self, thing: Thing) -> Answer:
        return Answer(
            any(self._matches("/", name.strip("/").split("/")) for name in thing.names), "", thing.names
        )

    def _matches(self, top: str, parts: Sequence[str]) -> bool:
        """Whether anything is there; ** stands for any directories."""
        if not parts:
            return True
        first, rest = parts[0], parts[1:]
        if first == "**":
            below = (posixpath.join(top, name) for name in self._tree.names(top))
            return self._matches(top, rest) or any(
                self._matches(each, parts) for each in below if self._tree.is_dir(each)
            )
        if not set(first) & set("*?["):
            names = [first] if self._there(posixpath.join(top, first)) else []
        else:
            names = fnmatch.filter(self._tree.names(top), first)
        return any(self._matches(posixpath.join(top, name), rest) for name in names)

    def _there(self, path: str) -> bool:
        return self._tree.is_file(path) or self._tree.is_dir(path)

    def _module(self, thing: Thing) -> Answer:
        """Also in the system's own Python, where packages look that stand in for it."""
        env = self._env
        if env is None or not env.base_prefix:
            return _UNKNOWN
        name = "python{}.{}".format(*env.series)
        tops = [posixpath.join(env.base_prefix, lib, name) for lib in ("lib64", "lib")]
        tops += [env.dynload] if env.dynload else []
        tops += [posixpath.join("/usr", lib, name, "site-packages") for lib in ("lib64", "lib")]
        tops += [*env.site_packages, *env.outside]
        for top in tops:
            stems = {entry.split(".")[0] for entry in self._tree.names(top)}
            if stems.intersection(thing.names):
                return Answer(True)
        inside = [("PyInit_" + each).encode("ascii") for each in thing.names]
        pattern = re.compile(rb"\0(" + b"|".join(map(re.escape, inside)) + rb")\0")
        there = any(self._written(path, pattern) for path in self._python())
        return Answer(there, "", tuple(dict.fromkeys(tops)))

    def _version(self, thing: Thing) -> Answer:
        """Of what Python's own module loads; where that cannot be told, nobody knows."""
        if self._env is None:
            return _UNKNOWN
        program, oldest = thing.names
        module, library, pattern = _VERSIONS[program]
        for path in self._read_for(module, library):
            has = self._written(path, pattern)
            if has:
                return Answer(toolchain.at_least(has, oldest), has, (path,))
        return Answer(True)  # no such module, which is said already, or one that does not say its version

    def _read_for(self, module: str, library: str) -> List[str]:
        env = self._env
        assert env is not None
        names = (
            [name for name in self._tree.names(env.dynload) if name.split(".")[0] == module]
            if env.dynload
            else []
        )
        found = []
        for name in names:
            path = posixpath.join(env.dynload, name)
            report = self._loader.program(env.interpreter).dlopen(path)
            found += [each.path for each in report.resolutions if each.name.startswith(library) and each.path]
            found.append(path)
        return found or self._python()

    def _python(self) -> List[str]:
        """The interpreter, and the library that it may consist of."""
        env = self._env
        if env is None or not env.interpreter:
            return []
        report = self._loader.program(env.interpreter).report
        return [
            env.interpreter,
            *(each.path for each in report.resolutions if each.name.startswith("libpython")),
        ]

    def _written(self, path: str, pattern: Pattern[bytes]) -> str:
        """What a file says."""
        try:
            with self._tree.open(path) as source:
                tail = b""
                for chunk in iter(lambda: source.read(_CHUNK), b""):
                    matched = pattern.search(tail + chunk)
                    if matched:
                        return matched.group(1).decode("ascii")
                    tail = chunk[-_LONGEST:]
        except OSError:
            pass
        return ""

    def _cpu(self, thing: Thing) -> Answer:
        """Of the running system only."""
        flags = (host.cpu() if self._tree.root == "" else Cpu()).flags
        return Answer(flags.issuperset(thing.names) if flags else None, "", ("/proc/cpuinfo",))

"""What the packages of a lock want of the server when they run, and no ELF file says.

By the target's probe where there is one, else by what every server of its release has; where neither is
known, it is said as needed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from packaging.utils import canonicalize_name

from offkit.edges import needs as table
from offkit.edges import releases
from offkit.elf import hwcaps
from offkit.media import rpm
from offkit.model import needs, things, toolchain
from offkit.model.checklist import Checklist
from offkit.model.finding import INFO, WARNING, Finding
from offkit.model.needs import Answer, Lack
from offkit.model.release import Release
from offkit.model.target import Target
from offkit.model.things import Thing
from offkit.model.words import listed
from offkit.online.request.locked import LockedWheel
from offkit.online.rpms.server import Server

_UNKNOWN, _THERE = Answer(None), Answer(True)
_NAMED = 3
_V2, _V3, *_ = (frozenset(flags.split()) for _, flags in hwcaps.X86_64_LEVELS)
_OLDER = frozenset(("avx", "xsave"))  # of the third level, and of processors below it


class Survey(NamedTuple):
    lacks: tuple[Lack, ...]
    release: Release
    python: str  # the series of the server's own, "" where the bundle has one

    @property
    def rpms(self) -> tuple[str, ...]:
        """To be carried, where they are to be had."""
        found = (each.rpm(self.release, self.python) for each in self.lacks if not each.minor)
        return tuple(dict.fromkeys(filter(None, found)))

    def findings(self, carried: Collection[str], told: Iterable[Finding] = ()) -> list[Finding]:
        """``carried`` are titles of RPMs in the bundle; of packages that were ``told`` to fail with the
        server's OpenSSL nothing is said again."""
        said = {each.subject for each in told if each.code == "REQ021"}
        names = {title.rsplit("-", 2)[0] for title in carried}
        return [
            self._finding(each, names)
            for each in self.lacks
            if each.thing.kind != things.VERSION or not said.issuperset(one.package for one in each.needs)
        ]

    def _finding(self, lack: Lack, carried: Collection[str]) -> Finding:
        """What may be brought in time, and what is there in all likelihood, is no error."""
        name = lack.rpm(self.release, self.python)
        if name and name in carried:
            return lack.finding(INFO, needs.BROUGHT + f"{name} comes with the bundle")
        severity = INFO if lack.severity == INFO else WARNING
        if not name:
            unknown = "install it on the server; which package has it there is not known"
            return lack.finding(
                severity, lack.cure or lack.thing.from_elsewhere(self.release.name) or unknown
            )
        return lack.finding(severity, needs.to_install(name))


def survey(wheels: Iterable[LockedWheel], target: Target, server: Server | None, own_python: bool) -> Survey:
    """``own_python``: the bundle has a Python, whose parts are its own."""
    release = releases.of(target.el, target.name)
    packages = {str(canonicalize_name(one.name)): one.version for one in wheels}
    ask = _Likely(release, target, server, own_python)
    lacks = tuple(needs.lacking(table.known(), packages, ask.has))
    return Survey(lacks, release, "" if own_python else target.python_minor)


def drivers(wanted: Checklist, server: Server | None) -> list[Finding]:
    """NEED007 for libraries that the wheels' own ELF files want of the driver of a device."""
    there = {each for given in server.packages.values() for each in given} if server else set()
    return [
        Finding(
            "NEED007",
            INFO,
            one.soname,
            f"is needed by {listed(one.needed_by, _NAMED)}",
            (),
            table.known().driver(one.soname),
        )
        for one in wanted.libraries
        if not one.in_bundle and table.known().driver(one.soname) and rpm.capability(one.soname) not in there
    ]


class _Likely:
    """What a server has, as far as that is known here."""

    def __init__(self, release: Release, target: Target, server: Server | None, own_python: bool) -> None:
        self._release, self._target, self._own_python = release, target, own_python
        self._python = "" if own_python else target.python_minor
        self._level = server.level if server else ""
        self._provides: set[str] = set()
        self._names = set(release.minimal)
        self._why = f"is not on every {target.name}"
        self._probed = bool(server and server.packages)
        if server and server.packages:
            self._names = {title.rsplit("-", 2)[0] for title in server.packages}
            self._provides = {each for given in server.packages.values() for each in given}
            self._why = "is not on the server, by its description"

    def has(self, thing: Thing) -> Answer:
        if thing.kind == things.CPU:
            return self._cpu(thing)
        if thing.kind == things.VERSION:
            return self._version(*thing.names)
        if thing.kind == things.MODULE and self._own_python:
            return _THERE
        name = needs.rpm_of(thing, self._release, self._python)
        if name in self._names or self._provides.intersection(map(rpm.capability, thing.names)):
            return _THERE
        # What has another name on a server, or came without rpm, nobody sees from here.
        if self._probed:
            known = bool(name) or (bool(self._provides) and thing.kind == things.LIBRARY)
        else:
            known = bool(self._names) and bool(name or thing.from_elsewhere(self._release.name))
        return Answer(False, why=self._why) if known else _UNKNOWN

    def _version(self, program: str, oldest: str) -> Answer:
        """Of the release, whose Python has it, and one that is compiled there."""
        has = self._release.toolchain.get(program, "")
        if self._own_python or not has or toolchain.at_least(has, oldest):
            return _THERE
        return Answer(False, f"{has} on {self._target.name}")

    def _cpu(self, thing: Thing) -> Answer:
        if self._target.arch != "x86_64" or not self._level:
            return _UNKNOWN if self._target.arch == "x86_64" else _THERE
        wanted = set(thing.names)
        if self._level >= "x86-64-v3":
            return _THERE if wanted <= _V3 | _V2 else _UNKNOWN
        if wanted & _V3 - _OLDER:
            return Answer(
                False, why=f"are instructions that the server lacks: its processor is {self._level}"
            )
        return _THERE if self._level == "x86-64-v2" and wanted <= _V2 else _UNKNOWN

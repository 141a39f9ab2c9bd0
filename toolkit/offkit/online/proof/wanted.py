"""What a set of wheels wants from a server's own libraries, once they are installed side by side.

The wheels' ELF files are laid out as pip would, below a made-up prefix, and the loader is asked there: what
it does not come to from the file in need is wanted from outside, though another package may have a copy.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any, NamedTuple

from offkit.elf.objects import LIBRARY, LOADERS, MODULE, PROGRAM, Object, starts
from offkit.elf.reach import Copies, Owners, Weights, missing, roots
from offkit.elf.reader import ET_EXEC, Elf, VersionNeed
from offkit.elf.resolution import Opened, Resolution, View
from offkit.elf.search import Loader, Program
from offkit.model import requirement
from offkit.model.checklist import Foreign, Undefined
from offkit.online.proof import everywhere
from offkit.online.proof.undefined import Asked, Asking, Known

_PREFIX = "/prefix"
_SITE = _PREFIX + "/lib/python3/site-packages"
_PYTHON = _PREFIX + "/bin/python"
# "needed by" is for people: enough to recognise the package.
_NEEDED_BY = 20
# Every CPython is linked with them, or with a libc that has all of it (configure.ac, LIBM and LIBS).
_OF_PYTHON = ("libdl.so.2", "libm.so.6", "libpthread.so.0")
_UNKNOWN = Known()


class External(NamedTuple):
    """A library that no file of a set is served with from the set."""

    soname: str
    needed_by: list[str]  # "wheel: path", some of them
    versions: dict[str, list[str]]  # of symbols, and which wheels ask for them
    optional: bool  # only parts want it that importing a package does without
    aside: dict[str, list[str]]  # versions that only such ask for, and which: "wheel: path"
    inside: str = ""  # "wheel: path" of a copy that nothing leads to, and that is all there can be
    earlier: bool = False  # whether that may be loaded before


class Wheel(NamedTuple):
    filename: str
    package: str  # normalised
    requires: list[str] | None  # normalised; None: not known
    files: list[dict[str, Any]]  # path, place, kind, elf
    sources: list[str]  # places of its .py
    read: Callable[[str], bytes | None]  # one of these


def packed(elf: Elf) -> dict[str, Any]:
    """As JSON takes it."""
    return elf._asdict()


def _unpacked(found: dict[str, Any]) -> Elf:
    plain: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in found.items()
    }
    return Elf(**plain)._replace(needs=tuple(VersionNeed(*need) for need in plain["needs"]))


class _Installed(View):
    """Files by the path where they come to lie."""

    def __init__(self) -> None:
        self.files: dict[str, Opened] = {}
        self.kept: dict[str, Known] = {}

    def open(self, path: str) -> Opened:
        return self.files.get(posixpath.normpath(path), Opened(problem="no such file", absent=True))

    def symbols(self, identity: str) -> Known:
        return self.kept.get(identity, _UNKNOWN)


class _Set(Owners):
    def __init__(self, wheels: Iterable[Wheel], arch: str) -> None:
        self.view = _Installed()
        self.objects: list[Object] = []
        self._names: dict[str, str] = {}  # path → "wheel: path"
        self._packages: dict[str, str] = {}  # path → package
        self._wheels: dict[str, str] = {}  # path → wheel
        self._requires: dict[str, list[str]] = {}
        self._by_package: dict[str, Wheel] = {}
        for wheel in wheels:
            self._requires[wheel.package] = wheel.requires or []
            self._by_package[wheel.package] = wheel
            for file in wheel.files:
                path = _place(file["place"])
                while path in self.view.files:  # of two wheels, and either may be the one that stays
                    path += "~"
                one = Object(path, file["kind"], _unpacked(file["elf"]))
                self.objects.append(one)
                self.view.files[path] = Opened(one.elf, path)
                self.view.kept[path] = Known(**file["symbols"])
                self._names[path] = f"{wheel.filename}: {file['path']}"
                self._packages[path] = wheel.package if wheel.requires is not None else ""
                self._wheels[path] = wheel.filename
        machine, little, ldso = LOADERS.get(arch, LOADERS["x86_64"])
        python = Elf(bits=64, little=little, machine=machine, kind=ET_EXEC, interpreter=ldso)
        self.asked: Asked = {}
        process = partial(Asking, self.asked, _PYTHON)
        loader = Loader(self.view, default_dirs=(), process=process)
        program = Program(loader, _PYTHON, Opened(python, "/python"))
        objects = [each for each in self.objects if each.kind != PROGRAM or starts(each.elf, machine)]
        self.foreign = [
            each for each in objects if each.kind == PROGRAM and each.elf.interpreter not in ("", ldso)
        ]
        self.roots = roots(loader, program, [each for each in objects if each not in self.foreign])
        self.copies = Copies(self.objects, self)
        self.weights = Weights(self.roots, self, _PREFIX + "/bin", strays=True)

    def never(self, miss: Resolution) -> bool:
        """Whether no copy of it that might help is there when it is missed."""
        return not self.weights.before(
            {self.view.files[one].identity for one in self.copies.all_earlier(miss)}, miss
        )

    def having(self, names: AbstractSet[bytes]) -> dict[bytes, str]:
        """Which of the files define them, but for programs; of several the first."""
        found: dict[bytes, str] = {}
        for each in self.objects if names else ():
            if each.kind != PROGRAM:
                for name in self.view.symbols(each.path).having(names - found.keys()):
                    found[name] = self.name(each.path)
        return found

    def name(self, path: str) -> str:
        return self._names[posixpath.normpath(path)]

    def wheel(self, path: str) -> str:
        return self._wheels[posixpath.normpath(path)]

    def sources(self, name: str) -> list[str]:
        """Of what is not there, since a marker is false for this Python, none."""
        known = self._by_package.get(name)
        return known.sources if known is not None else []

    def amount(self, path: str) -> int:
        """Of the code that says who loads a file."""
        owner = self.owner(path)
        return len(self.sources(owner)) if owner else 0

    def read(self, name: str, source: str) -> bytes | None:
        return self._by_package[name].read(source)

    def relative(self, path: str) -> str:
        return posixpath.normpath(path).removeprefix(_SITE + "/")

    def related(self, name: str) -> set[str]:
        return requirement.closure(name, self._requires)

    def owner(self, path: str) -> str:
        return self._packages[posixpath.normpath(path)]


def _place(place: str) -> str:
    """``<prefix>/bin/x`` is what wheels have below NAME.data."""
    return _PREFIX + place[len("<prefix>") :] if place.startswith("<prefix>") else f"{_SITE}/{place}"


class _Want:
    """Who misses a library."""

    def __init__(self) -> None:
        self.firm: dict[str, set[str]] = defaultdict(set)  # path of who needs it → versions
        self.beside: dict[str, set[str]] = defaultdict(set)  # the same of optional parts and what they bring
        self.near: dict[str, set[str]] = defaultdict(set)  # of those that a copy may help
        self.outside = False  # somebody is not helped by a copy inside
        self.earlier = ""  # a copy that may be loaded before
        self.lost = ""  # one that nothing leads to


def outside(
    wheels: Sequence[Wheel], arch: str, libc: Collection[str], met: Callable[[str, str], bool]
) -> tuple[list[External], list[Foreign], list[Undefined]]:
    """What is wanted from outside, by name; loaders besides the usual one; symbols. ``libc`` are sonames of
    the C library, which every server has; ``met`` tells of one and a version of symbols whether all servers
    that have it have that, as far as is known."""
    laid = _Set(wheels, arch)
    wants: dict[str, _Want] = {}
    for root in sorted(laid.roots, key=lambda one: laid.amount(one.object.path)):
        for miss in missing(root.report):
            if not laid.copies.moot(root.object, miss):
                versions, want = _versions(laid, miss), wants.setdefault(miss.name, _Want())
                # Reading code takes its time: not for what every server has, nor for what is wanted anyway,
                # as a package with little code may tell.
                fresh = {one for one in versions if not met(miss.name, one)}
                wanted = miss.name in libc or bool(want.firm)
                told = wanted and fresh <= set().union(*want.firm.values())
                firm = (told and root.object.kind in (MODULE, LIBRARY)) or laid.weights.firm(root.object)
                certain = firm and root.object.kind == MODULE
                _add(laid, want, miss, firm, certain, versions)
    external = [_external(laid, soname, want) for soname, want in sorted(wants.items())]
    return external, _foreign(laid), _undefined(laid)


class _Gap(NamedTuple):
    """Names that a file lacks with what is opened."""

    names: frozenset[bytes]
    outside: frozenset[str]  # sonames that come with it from the server


def _undefined(laid: _Set) -> list[Undefined]:
    """Of every file the least that comes with it: what that does not define is missing there."""
    gaps: dict[tuple[str, bool, bool], list[_Gap]] = defaultdict(list)
    for root in laid.roots:
        asked, misses = laid.asked.get(root.object.path), missing(root.report)
        if not asked or any(map(laid.copies.unreachable, misses)):
            continue  # what no path leads to is told, and it is not loaded
        outside = frozenset(each.name for each in misses)
        started = root.object.kind == PROGRAM
        # Who loads what costs more to know than all of this.
        there = everywhere.names(outside if started else {*outside, *_OF_PYTHON})
        asked = {path: names - there for path, names in asked.items() if names - there}
        optional = bool(asked) and not laid.weights.firm(root.object)
        for path, names in asked.items():
            gap, those = _Gap(frozenset(names), outside), gaps[posixpath.normpath(path), started, optional]
            if not any(one.names >= gap.names and one.outside <= gap.outside for one in those):
                those[:] = [
                    one for one in those if not (gap.names >= one.names and gap.outside <= one.outside)
                ]
                those.append(gap)
    copies = laid.having({name for those in gaps.values() for gap in those for name in gap.names})
    found = []
    for (path, started, optional), those in sorted(gaps.items()):
        for gap in those:
            at_once = laid.view.symbols(path).at_once(gap.names)
            firm = [name for name, now in at_once.items() if now or not started or _bind_now(laid, path)]
            found.append(
                Undefined(
                    laid.name(path),
                    tuple(map(_text, firm)),
                    tuple(_text(name) for name in at_once if name not in firm),
                    tuple(sorted(gap.outside)),
                    started,
                    optional,
                    {_text(name): copies[name] for name in at_once if name in copies},
                )
            )
    return found


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _bind_now(laid: _Set, path: str) -> bool:
    elf = laid.view.open(path).elf
    return elf is not None and elf.bind_now


def _foreign(laid: _Set) -> list[Foreign]:
    users: dict[str, list[Object]] = defaultdict(list)
    for each in laid.foreign:
        users[each.elf.interpreter].append(each)
    return [
        Foreign(
            interpreter, tuple(laid.name(one.path) for one in those), not any(map(laid.weights.firm, those))
        )
        for interpreter, those in sorted(users.items())
    ]


def _versions(laid: _Set, miss: Resolution) -> set[str]:
    """What the file in need asks for of the library."""
    elf = laid.view.open(miss.needed_by).elf
    needs = elf.needs if elf else ()
    return {need.version for need in needs if need.file == miss.name and not need.weak}


def _add(laid: _Set, want: _Want, miss: Resolution, firm: bool, certain: bool, versions: set[str]) -> None:
    """``certain``: an import loads what misses it."""
    earlier, lost = laid.copies.earlier(miss), laid.copies.unreachable(miss)
    near = earlier and not (certain and laid.never(miss))
    users = want.near if near else want.firm if firm else want.beside
    users[posixpath.normpath(miss.needed_by)] |= versions
    want.earlier = want.earlier or earlier
    want.lost = want.lost or lost
    want.outside = want.outside or not (earlier or lost)


def _external(laid: _Set, soname: str, want: _Want) -> External:
    optional = not want.firm
    versions: dict[str, set[str]] = defaultdict(set)
    aside: dict[str, set[str]] = defaultdict(set)
    for path, asked in (want.firm or want.beside).items():
        for version in asked:
            versions[version].add(laid.wheel(path))
    for path, asked in want.beside.items():
        for version in asked if path not in want.firm else ():
            if optional or version not in versions:
                aside[version].add(laid.name(path))
    return External(
        soname,
        sorted(laid.name(path) for path in {**want.firm, **want.beside, **want.near})[:_NEEDED_BY],
        {version: sorted(users) for version, users in sorted(versions.items())},
        optional,
        {version: sorted(users) for version, users in sorted(aside.items())},
        "" if want.outside else laid.name(want.lost or want.earlier),
        not want.lost,
    )

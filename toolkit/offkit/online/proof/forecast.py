"""What wheels want from a server's own libraries, read from the ELF files inside them.

Nothing is executed, so this works the same on every system. No large library is in memory: one that is
stored is read where it lies, another from a nameless file beside its wheel.
"""

from __future__ import annotations

import functools
import io
import json
import os
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack, nullcontext
from email.parser import HeaderParser
from functools import partial
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name

from offkit.edges import data, plugins, releases
from offkit.elf import objects, reader, symbols
from offkit.media import rpm
from offkit.model import needs, requirement, words
from offkit.model.checklist import Checklist, Foreign, Inside, Library, Undefined
from offkit.model.errors import IntegrityError
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.release import GLIBC
from offkit.model.scripts import EVERYWHERE, Scripts
from offkit.model.target import Target
from offkit.online.proof import numpy_api, starting, undefined, wanted
from offkit.online.proof.wanted import External
from offkit.online.wheels import dist_info, memo, ownership, store
from offkit.online.wheels.ownership import Shared

_NAMED = 3
_ABSENT = "comes with no minimal installation"
_LEVEL = re.compile(r"x86-64(?:-v(\d))?")
_CHUNK = 1 << 20
# What belongs to a namespace of its own, not to the compiler's libraries, which have std, __gnu_cxx and the
# like (Itanium C++ ABI, 5.1).
_OWN_NAMESPACE = re.compile(r"_Z(?:T[VTIS])?NK?\d+[^\d_]")
_COMPILER = ("libstdc++.so.6", "libgcc_s.so.1")
_ELF = b"\x7fELF"
_RULES = (
    "online/proof/forecast.py",
    "online/proof/numpy_api.py",
    "online/proof/starting.py",
    "online/proof/undefined.py",
    "online/proof/wanted.py",
    "online/wheels/ownership.py",
    "elf/importers.py",
    "elf/objects.py",
    "elf/reach.py",
    "elf/reader.py",
    "elf/refusals.py",
    "elf/search.py",
    "elf/symbols.py",
    "model/scripts.py",
)  # what is found in a wheel follows from these
_LARGE = 16 * _CHUNK  # bytes of a library that is not held in memory
_NOT_TOLD: Mapping[str, Collection[str]] = MappingProxyType({})


class Survey(NamedTuple):
    checklist: Checklist
    findings: list[Finding]
    installed_size: int  # bytes the wheels take once unpacked
    shared: list[Shared]  # files that several of the wheels bring
    numpy_1: dict[str, list[str]]  # by package, files that were compiled for NumPy 1


def survey(
    wheels: Iterable[Path],
    target: Target,
    cache: Path | None = None,
    installed: Mapping[str, Collection[str]] = _NOT_TOLD,
    level: str = "",
) -> Survey:
    """External libraries of a set of wheels. Raises IntegrityError for files that are no wheels.
    ``installed`` are the server's own packages and what each provides, ``level`` is that of its processor
    (x86-64-v2), where it has said so.

    With the ``cache`` that the wheels are in, none is read a second time, nor the same set put together.
    """
    paths = list(wheels)
    key = [part for path in paths for part in (store.sha256(path).encode(), path.name.encode())]
    key.append(f"{target.name} {target.el} {target.arch} {target.glibc_text} {target.python_minor}".encode())
    make = partial(_together, paths, cache, target)
    found = json.loads(memo.recalled(cache, "sets", [*key, *_rules()], make))
    wants = [External(*each) for each in found["wanted"]]
    foreign = [Foreign(one, tuple(programs), optional) for one, programs, optional in found["foreign"]]
    started = [Scripts(one, tuple(files), command) for one, files, command in found["scripts"]]
    checklist = _checklist(wants, target)._replace(
        foreign=tuple(foreign),
        scripts=tuple(started),
        undefined=tuple(_undefined(*each) for each in found["undefined"]),
    )
    known = releases.of(target.el, target.name).sonames
    broken = [
        each.finding((), needs.to_install(name) if (name := known.get(each.soname)) else "")
        for each in checklist.inside
        if not (each.earlier and each.optional)
    ]
    broken += [each.finding(_NAMED, _ABSENT) for each in foreign]
    broken += _never(checklist.undefined, target)
    # Nobody knows yet what the server has beyond that.
    broken += [
        each.finding(_NAMED, each.places(), _ABSENT)._replace(severity=WARNING if each.command else INFO)
        for each in started
        if not any(place in EVERYWHERE for place in each.places())
    ]
    return Survey(
        checklist,
        [*_too_new(wants, target, installed), *_for_newer_processors(found["isa"], target, level), *broken],
        found["installed"],
        [Shared(top, tuple(owners), *more) for top, owners, *more in found["shared"]],
        found["numpy_1"],
    )


def _never(undefined: Iterable[Undefined], target: Target) -> list[Finding]:
    """Symbols that no server of the release has: names of C++, and nothing comes with them from there but
    the libraries of C and of the compiler. Of others nobody knows before the doctor looks there."""
    known = {name for name, rpm in releases.of(target.el, target.name).sonames.items() if rpm == GLIBC}
    known.update(_COMPILER)
    found = []
    for each in undefined:
        names = sorted(name for name in each.names if _OWN_NAMESPACE.match(name))
        if names and not each.copies and known.issuperset(each.libraries):
            message = f"wants {words.listed(names, _NAMED)}, which nothing defines that is loaded with it"
            fix = "use versions of the packages that were built for each other"
            severity = WARNING if each.optional else ERROR
            found.append(Finding("LIB014", severity, each.file, message, (), fix))
    return found


def _undefined(file: str, names: list[str], later: list[str], libraries: list[str], *more: Any) -> Undefined:
    return Undefined(file, tuple(names), tuple(later), tuple(libraries), *more)


def _together(wheels: Iterable[Path], cache: Path | None, target: Target) -> bytes:
    """What depends on nothing of the target but its release and architecture, as JSON."""
    read, owners, started, stack = [], ownership.Owners(), starting.Started(target), ExitStack()
    numpy_1: dict[str, list[str]] = {}
    isa: dict[str, tuple[int, str]] = {}
    installed = 0
    broken = []
    for path in wheels:
        try:
            found = json.loads(look(path, cache))
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
            broken.append(Finding("BUN020", ERROR, path.name, f"is not a wheel: {error}", (str(path),)))
            continue
        installed += found["installed"]
        package = canonicalize_name(path.name.split("-")[0])
        sources = [place for place, _, _ in found["members"] if place.endswith(".py")]
        one = wanted.Wheel(
            path.name, package, found["requires"], found["files"], sources, _Sources(path, stack).read
        )
        read.append(one)
        owners.add(package, found["members"])
        started.add(path.name, found["scripts"], found["commands"])
        if found["isa"][0] > 1:
            isa[path.name] = found["isa"]
        if found["numpy_1"]:
            numpy_1[package] = found["numpy_1"]
    if broken:
        raise IntegrityError("files named as wheels are not wheels", broken)
    release = releases.of(target.el, target.name)
    libc = {soname for soname, name in release.sonames.items() if name == GLIBC}

    def met(soname: str, version: str) -> bool:
        """Of a release that nobody knows all is in doubt."""
        return bool(release.ceilings) and not _older(soname, version, target, ())[0]

    with stack:
        wants, foreign, lacking = wanted.outside(read, target.arch, libc, met)
    whole = {
        "wanted": wants,
        "foreign": foreign,
        "undefined": lacking,
        "scripts": started.outside(),
        "installed": installed,
        "shared": owners.shared(),
        "numpy_1": numpy_1,
        "isa": isa,
    }
    return json.dumps(whole).encode("ascii")


def look(path: Path, cache: Path | None) -> bytes:
    """What ``survey`` asks of one wheel; with the ``cache`` that it is in, once. Raises what zipfile and zlib
    do."""
    if cache is None:
        return _read(path)
    return memo.recalled(cache, "libraries", [store.sha256(path).encode(), *_rules()], partial(_read, path))


@functools.cache
def _rules() -> list[bytes]:
    """What ``_read`` follows."""
    files = [resources.files("offkit").joinpath(name).read_bytes() for name in _RULES]
    return [*files, data.read_text(plugins.TABLE).encode("utf-8")]


def _read(path: Path) -> bytes:
    """What the ELF files of a wheel are and want, and what it brings, as JSON."""
    installed, files, numpy_1, isa = 0, [], [], (0, "")
    lines = []
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            installed += member.file_size
            head = starting.head(archive, member)
            lines += starting.script(member, head)
            if not (objects.SHARED.search(member.filename) or head.startswith(_ELF)):
                continue
            marks = numpy_api.Marks()
            with archive.open(member) as packed, _room(path, member) as contents:
                for piece in iter(partial(packed.read, _CHUNK), b""):  # to the end, where its CRC counts
                    marks.add(piece)
                    contents.write(piece)
                if marks.former():
                    numpy_1.append(member.filename)
                try:
                    elf = reader.read(contents)
                except (reader.NotElf, reader.BadElf):
                    continue  # a script, a text, another system's library: nothing the loader would load
                isa = max(isa, (elf.isa, member.filename))
                place = ownership.place(member.filename)
                if place:
                    files.append(
                        {
                            "path": member.filename,
                            "place": place,
                            "kind": _kind(member, contents),
                            "elf": wanted.packed(elf),
                            "symbols": _symbols(contents),
                        }
                    )
        members = ownership.members(archive)
        requires = _requires(archive)
        commands = starting.commands(archive)
    found = {
        "installed": installed,
        "files": files,
        "members": members,
        "numpy_1": numpy_1,
        "requires": requires,
        "isa": isa,
        "scripts": lines,
        "commands": commands,
    }
    return json.dumps(found).encode("ascii")


def _kind(member: zipfile.ZipInfo, contents: Any) -> str:
    having = symbols.Symbols(partial(nullcontext, contents)).having
    return objects.kind(member.filename, having, plugins.symbols())


def _symbols(contents: Any) -> dict[str, Any]:
    try:
        return undefined.kept(symbols.Table(contents))
    except ValueError:  # what cannot be read is not known
        return {}


class _Sources:
    """The code of a wheel, which is opened when something of it is asked for."""

    def __init__(self, wheel: Path, stack: ExitStack) -> None:
        self._wheel, self._stack = wheel, stack
        self._names: dict[str, str] = {}

    def read(self, place: str) -> bytes | None:
        """A member by where it comes to lie; None where it cannot be read."""
        try:
            return self._archive.read(self._names[place])
        except (KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError):
            return None

    @functools.cached_property
    def _archive(self) -> zipfile.ZipFile:
        archive = self._stack.enter_context(zipfile.ZipFile(self._wheel))
        self._names = {ownership.place(name): name for name in archive.namelist()}
        return archive


def _requires(archive: zipfile.ZipFile) -> list[str] | None:
    """What it requires without any extra, by name; None where METADATA is beyond reading."""
    try:
        said = HeaderParser().parsestr(dist_info.headers(dist_info.metadata(archive)).decode("utf-8"))
    except (ValueError, NotImplementedError, zipfile.BadZipFile):
        return None
    return requirement.required(said.get_all("Requires-Dist") or ())


def _room(wheel: Path, member: zipfile.ZipInfo) -> Any:
    """A file for the bytes of a member: where they lie, in memory, or beside the wheel, for which there was
    room."""
    if member.compress_type == zipfile.ZIP_STORED:
        return _InPlace(wheel, member)
    return io.BytesIO() if member.file_size <= _LARGE else tempfile.TemporaryFile(dir=wheel.parent)


class _InPlace(io.RawIOBase):
    """A member that is stored, in its wheel, to be read; what is written to it is there already."""

    def __init__(self, wheel: Path, member: zipfile.ZipInfo) -> None:
        self._wheel = wheel.open("rb")
        # APPNOTE.TXT, 4.3.7: the lengths of name and extra field are the last of 30 bytes.
        self._wheel.seek(member.header_offset + 26)
        name, extra = struct.unpack("<HH", self._wheel.read(4))
        self._start, self._size, self._at = member.header_offset + 30 + name + extra, member.file_size, 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + (self._size if whence == os.SEEK_END else 0)
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._at)
        self._wheel.seek(self._start + self._at)
        found = self._wheel.read(left if size < 0 else min(size, left))
        self._at += len(found)
        return found

    def write(self, piece: Any) -> int:
        return len(piece)

    def close(self) -> None:
        self._wheel.close()
        super().close()


def _checklist(wants: Iterable[External], target: Target) -> Checklist:
    sonames = releases.of(target.el, target.name).sonames
    return Checklist(
        tuple(
            Library(
                soname=each.soname,
                versions=tuple(sorted(each.versions, key=reader.version_key)),
                needed_by=tuple(each.needed_by),
                rpm=sonames.get(each.soname) or "",
                in_bundle=False,
                optional=each.optional,
                aside=tuple(sorted({*each.aside}.difference(each.versions), key=reader.version_key)),
            )
            for each in wants
            if not each.inside
        ),
        tuple(
            Inside(each.soname, tuple(each.needed_by), each.inside, each.earlier, each.optional)
            for each in wants
            if each.inside
        ),
    )


def _too_new(
    wants: Iterable[External], target: Target, installed: Mapping[str, Collection[str]]
) -> list[Finding]:
    """Wheels whose tag promises older libraries than their ELF files want (their builder's fault). What of
    them only plug-ins want, as a debugger's, stops no import."""
    provided = {capability for given in installed.values() for capability in given}
    found = []
    for each in wants:
        asked = [(one, False, wheels) for one, wheels in each.versions.items() if one not in each.aside]
        asked += [(one, True, paths) for one, paths in each.aside.items()]
        for version, plugin, users in asked:
            has, fix = _older(each.soname, version, target, provided)
            if not has:
                continue
            severity, more = ERROR, ""
            if plugin:
                severity, more, fix = (
                    WARNING,
                    "; it is an optional part, and everything else works without",
                    "nothing, if that part is not used; otherwise use an older version of the package",
                )
            found += [
                Finding("LIB002", severity, each.soname, f"{user} needs {version}, {has}{more}", (), fix)
                for user in users
            ]
    return found


def _older(soname: str, version: str, target: Target, provided: Collection[str]) -> tuple[str, str]:
    """How far the target's library goes, where that is not far enough, and what to do; ("", "") where it is,
    and where nobody knows. What the server says of itself counts before what is known of its release; a
    library that it lacks is another finding."""
    if not reader.numbered(version):
        return "", ""
    family, age = version.partition("_")[0], reader.version_key(version)
    fix = "its platform tag is wrong: use an older version of the package"
    if family == "GLIBC":
        newer = age > reader.version_key("GLIBC_" + target.glibc_text)
        return (f"{target.name} has glibc {target.glibc_text}", fix) if newer else ("", "")
    release = releases.of(target.el, target.name)
    ceiling = f"{family}_{release.ceilings.get(family, '')}"
    beyond = reader.numbered(ceiling) and age > reader.version_key(ceiling)
    if rpm.capability(soname) in provided:
        if rpm.capability(soname, version) in provided:
            return "", ""
        fix = fix if beyond else f"update the package with {soname} on the server, or {fix}"
        return f"which {soname} on the server does not have", fix
    missing = release.sonames.get(soname, "") is None
    return (f"{target.name} ends at {ceiling}", fix) if beyond and not missing else ("", "")


def _for_newer_processors(isa: Mapping[str, tuple[int, str]], target: Target, level: str) -> list[Finding]:
    """Wheels with a file that says of itself that it needs a later x86-64 than the server has (``level``), or
    than every server of its release."""
    usual = releases.of(target.el, target.name).cpu.get(target.arch, "")
    known = _LEVEL.fullmatch(level or usual)
    if not known:
        return []
    has = f"the server's processor is {level}" if level else f"{target.name} runs on {usual} too"
    fix = "use an older version of the package, which was built for older processors"
    return [
        Finding(
            "ENV012", ERROR if level else WARNING, wheel, f"{path} needs x86-64-v{wanted}, {has}", (), fix
        )
        for wheel, (wanted, path) in isa.items()
        if wanted > int(known.group(1) or 1)
    ]

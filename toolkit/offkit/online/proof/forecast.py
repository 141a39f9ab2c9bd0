"""What wheels want from a server's own libraries, read from the ELF files inside them.

The first form of the forecast: a soname is external when no file of any wheel in the set has
it as its name or DT_SONAME. Nothing is executed, so this works the same on every system. No large library
is in memory: one that is stored is read where it lies, another from a nameless file beside its wheel.
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
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from importlib import resources
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name

from offkit.edges import data, releases
from offkit.elf import reader
from offkit.media import rpm
from offkit.model.checklist import Checklist, Library
from offkit.model.errors import IntegrityError
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.target import Target
from offkit.online.proof import numpy_api, plugins
from offkit.online.wheels import memo, ownership, store
from offkit.online.wheels.ownership import Shared

# libz.so, libz.so.1, and names like libssl-81259c47.so.1.1.1k
_SHARED_OBJECT = re.compile(r"\.so(\.[^/]*)?$")
# "needed by" is for people: enough to recognise the package.
_NEEDED_BY = 20


_CHUNK = 1 << 20
_RULES = (
    "online/proof/forecast.py",
    "online/proof/numpy_api.py",
    "online/proof/plugins.py",
    "online/wheels/ownership.py",
    "elf/reader.py",
)  # what is found in a wheel follows from these
_LARGE = 16 * _CHUNK  # bytes of a library that is not held in memory
_NOT_TOLD: Mapping[str, Collection[str]] = MappingProxyType({})


class Survey(NamedTuple):
    checklist: Checklist
    findings: list[Finding]
    installed_size: int  # bytes the wheels take once unpacked
    shared: list[Shared]  # files that several of the wheels bring
    numpy_1: dict[str, list[str]]  # by package, files that were compiled for NumPy 1


class External(NamedTuple):
    """A library that no wheel of a set has."""

    soname: str
    needed_by: list[str]  # "wheel: path", some of them
    versions: dict[str, list[str]]  # of symbols, and which wheels ask for them
    optional: bool  # only plug-ins want it
    aside: dict[str, list[str]]  # versions that only plug-ins ask for, and which: "wheel: path"


class _Asked(NamedTuple):
    """That a file of a wheel asks for a version of symbols."""

    soname: str
    version: str
    wheel: str
    path: str
    by: plugins.Object


class _Wants:
    """What the ELF files of a set of wheels offer each other and ask of others."""

    def __init__(self) -> None:
        self.offered: set[str] = set()
        self.needed_by: dict[str, list[str]] = defaultdict(list)  # soname → "wheel: path"
        self.objects: list[plugins.Object] = []
        self.asked: list[_Asked] = []

    def add(self, wheel: str, files: Iterable[dict[str, Any]]) -> None:
        for file in files:
            self.offered.update(file["offers"])
            one = plugins.Object(tuple(file["offers"]), tuple(file["needed"]), file["plugin"])
            self.objects.append(one)
            for soname in file["needed"]:
                self.needed_by[soname].append(f"{wheel}: {file['path']}")
            for soname, version in file["versions"]:
                self.asked.append(_Asked(soname, version, wheel, file["path"], one))

    def external(self) -> list[External]:
        optional, beside = plugins.optional(self.objects), plugins.aside(self.objects)
        versions: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        aside: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for one in self.asked:
            if one.by in beside:
                aside[one.soname][one.version].add(f"{one.wheel}: {one.path}")
            if one.by not in beside or one.soname in optional:
                versions[one.soname][one.version].add(one.wheel)
        return [
            External(
                soname,
                sorted(self.needed_by[soname])[:_NEEDED_BY],
                {version: sorted(wheels) for version, wheels in sorted(versions[soname].items())},
                soname in optional,
                {
                    version: sorted(paths)
                    for version, paths in sorted(aside[soname].items())
                    if soname in optional or version not in versions[soname]
                },
            )
            for soname in sorted(self.needed_by)
            if soname not in self.offered
        ]


def survey(
    wheels: Iterable[Path],
    target: Target,
    cache: Path | None = None,
    installed: Mapping[str, Collection[str]] = _NOT_TOLD,
) -> Survey:
    """External libraries of a set of wheels. Raises IntegrityError for files that are no wheels.
    ``installed`` are the server's own packages and what each provides, where it has said that.

    With the ``cache`` that the wheels are in, none is read a second time, nor the same set put together.
    """
    paths = list(wheels)
    key = [part for path in paths for part in (store.sha256(path).encode(), path.name.encode())]
    found = json.loads(memo.recalled(cache, "sets", [*key, *_rules()], partial(_together, paths, cache)))
    wanted = [External(*each) for each in found["wanted"]]
    return Survey(
        _checklist(wanted, target),
        _too_new(wanted, target, installed),
        found["installed"],
        [Shared(top, tuple(owners), *more) for top, owners, *more in found["shared"]],
        found["numpy_1"],
    )


def _together(wheels: Iterable[Path], cache: Path | None) -> bytes:
    """What does not depend on the target, as JSON."""
    wants, owners = _Wants(), ownership.Owners()
    numpy_1: dict[str, list[str]] = {}
    installed = 0
    broken = []
    for path in wheels:
        try:
            found = json.loads(look(path, cache))
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
            broken.append(Finding("BUN020", ERROR, path.name, f"is not a wheel: {error}", (str(path),)))
            continue
        installed += found["installed"]
        wants.add(path.name, found["files"])
        package = canonicalize_name(path.name.split("-")[0])
        owners.add(package, found["members"])
        if found["numpy_1"]:
            numpy_1[package] = found["numpy_1"]
    if broken:
        raise IntegrityError("files named as wheels are not wheels", broken)
    whole = {
        "wanted": wants.external(),
        "installed": installed,
        "shared": owners.shared(),
        "numpy_1": numpy_1,
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
    """What the ELF files of a wheel offer and want, and what it brings, as JSON."""
    installed, files, numpy_1 = 0, [], []
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            installed += member.file_size
            if _SHARED_OBJECT.search(member.filename) or "/scripts/" in member.filename:
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
                    plugin = plugins.is_one(contents, elf, PurePosixPath(member.filename).name)
                offers = [PurePosixPath(member.filename).name, *([elf.soname] if elf.soname else [])]
                versions = [(need.file, need.version) for need in elf.needs if not need.weak]
                files.append(
                    {
                        "path": member.filename,
                        "offers": offers,
                        "needed": elf.needed,
                        "versions": versions,
                        "plugin": plugin,
                    }
                )
        members = ownership.members(archive)
    found = {"installed": installed, "files": files, "members": members, "numpy_1": numpy_1}
    return json.dumps(found).encode("ascii")


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


def _checklist(wanted: Iterable[External], target: Target) -> Checklist:
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
            )
            for each in wanted
        )
    )


def _too_new(
    wanted: Iterable[External], target: Target, installed: Mapping[str, Collection[str]]
) -> list[Finding]:
    """Wheels whose tag promises older libraries than their ELF files want (their builder's fault). What of
    them only plug-ins want, as a debugger's, stops no import."""
    provided = {capability for given in installed.values() for capability in given}
    found = []
    for each in wanted:
        asked = [(one, False, wheels) for one, wheels in each.versions.items() if one not in each.aside]
        asked += [(one, True, paths) for one, paths in each.aside.items()]
        for version, plugin, users in asked:
            has, fix = _older(each.soname, version, target, provided)
            if not has:
                continue
            severity, more = ERROR, ""
            if plugin:
                severity, more, fix = WARNING, "; it is a plug-in, and everything else works without", ""
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

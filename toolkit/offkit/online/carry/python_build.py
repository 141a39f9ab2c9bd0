"""A ready-made, relocatable CPython for the bundle: does it run on the target?

Meant are archives like the ``install_only`` ones of python-build-standalone: one directory with
bin/pythonX.Y in it, which works wherever it is unpacked. Nothing is executed: version, ABI and
architecture are read from the headers, _sysconfigdata and the ELF files, and the glibc it wants
from their symbol versions (DT_VERNEED).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from offkit.edges import releases
from offkit.elf import reader
from offkit.model import layout
from offkit.model.carried import BUILD, Carried
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.target import Target
from offkit.online.carry import python_source, tarball

UNUSABLE = "PY030"
OTHER_MACHINE = "PY033"  # architecture, C library or ABI
TOO_NEW = "PY034"  # wants a newer glibc
MORE_LIBRARIES = "PY035"

_WHAT = "a ready-made build (one directory with bin/pythonX.Y, as 'install_only' archives have)"
_MAX_ELF = 512 << 20
_EXECUTABLE = re.compile(r"^bin/python3\.\d+[a-z]*$")
_SYSCONFIG = re.compile(r"^lib/python3\.\d+t?/_sysconfigdata_[^/]*\.py$")
_PATCHLEVEL = re.compile(r"^include/python3\.\d+[a-z]*/patchlevel\.h$")
# What every installation of EL has, because rpm or the shell needs it.
_ALWAYS_THERE = ("glibc", "libgcc", "zlib")


class Build(NamedTuple):
    """What the archive says, and what its ELF files want."""

    carried: Carried
    soabi: str  # cpython-39-x86_64-linux-gnu
    arch: str  # of bin/pythonX.Y
    loader: str  # its PT_INTERP
    glibc: tuple[int, int]  # the newest version that any file wants
    newest: str  # the file that wants it
    needed: tuple[str, ...]  # sonames that start-up wants from outside


class _Seen:
    """What is collected on one walk through the archive."""

    def __init__(self) -> None:
        self.executable: reader.Elf | None = None
        self.version = ""
        self.soabi = ""
        self.glibc = (0, 0)
        self.newest = ""
        self.offered: set[str] = set()
        self.needed: list[str] = []

    def elf(self, inner: str, elf: reader.Elf) -> None:
        self.offered.update({Path(inner).name, elf.soname})
        if _EXECUTABLE.match(inner):
            self.executable = elf
        if inner.startswith("bin/python") or "/libpython" in "/" + inner:
            self.needed += elf.needed
        for need in elf.needs:
            if not need.weak and reader.glibc(need.version) > self.glibc:
                self.glibc, self.newest = reader.glibc(need.version), inner


def look(path: Path) -> Build:
    """Read it. Raises UsageError, RequestError (PY030) or IntegrityError (PY030, damaged)."""
    tarball.usable(path, "--python-build")
    seen = _Seen()
    with tarball.reading(path, UNUSABLE, _WHAT) as entries:
        for inner, member, read in entries:
            if not member.isreg():
                continue
            if _PATCHLEVEL.match(inner):
                found = re.search(r'PY_VERSION\s+"(\d+\.\d+\.\d+)"', read().decode("latin-1"))
                seen.version = found[1] if found else ""
            elif _SYSCONFIG.match(inner):
                found = re.search(r"['\"]SOABI['\"]:\s*['\"]([^'\"]+)", read().decode("utf-8", "replace"))
                seen.soabi = found[1] if found else ""
            elif inner.startswith("bin/") or ".so" in inner:
                try:
                    seen.elf(inner, reader.read(read(_MAX_ELF)))
                except (reader.NotElf, reader.BadElf):
                    continue  # a script, or something that nobody loads
    lacking = [
        what
        for what, there in (
            ("bin/pythonX.Y that is an ELF file", seen.executable),
            ("include/pythonX.Y/patchlevel.h with a final version", seen.version),
            ("lib/pythonX.Y/_sysconfigdata*.py", seen.soabi),
        )
        if not there
    ]
    wrong = entries.wrong(_WHAT, lacking)
    if wrong or seen.executable is None:
        raise tarball.refused(UNUSABLE, path, wrong, f"give {_WHAT}")
    carried = Carried(
        BUILD, layout.PYTHON_BUILD + path.name, seen.version, tarball.sha256(path), entries.unpacked
    )
    return Build(
        carried,
        seen.soabi,
        seen.executable.arch_name,
        seen.executable.interpreter,
        seen.glibc,
        seen.newest,
        tuple(sorted({soname for soname in seen.needed if soname not in seen.offered})),
    )


def misfits(build: Build, target: Target) -> list[Finding]:
    """Everything that keeps it from running on the target, and what it wants installed there."""
    name = Path(build.carried.member).name
    found = python_source.version_misfits(build.carried, target)

    def wrong(code: str, message: str, fix: str) -> None:
        found.append(Finding(code, ERROR, name, message, (), fix))

    if build.arch != target.arch:
        wrong(
            OTHER_MACHINE,
            f"is for {build.arch}, the target is {target.arch}",
            "use the archive for that architecture",
        )
    elif "ld-linux" not in build.loader and "ld64" not in build.loader:
        message = f"its loader is {build.loader or 'none'}, not that of glibc: {target.name} cannot start it"
        wrong(OTHER_MACHINE, message, "use the archive for linux-gnu, not musl")
    abi = "cp" + re.sub(r"^cpython-(\w+?)-.*$", r"\1", build.soabi)
    if abi != target.abi and build.carried.series == target.python_minor:
        message = f"has the ABI {abi}, the wheels are for {target.abi}"
        wrong(OTHER_MACHINE, message, "use an ordinary build, neither debug nor free-threaded")
    if build.glibc > target.glibc:
        wanted = "{}.{}".format(*build.glibc)
        message = f"needs glibc {wanted} ({build.newest}), {target.name} has {target.glibc_text}"
        wrong(TOO_NEW, message, f"use an archive built for glibc {target.glibc_text} or older")
    return found + _more(build, target, name)


def _more(build: Build, target: Target, name: str) -> list[Finding]:
    """PY035 for each library that start-up wants and a minimal installation may lack."""
    sonames = releases.of(target.el, target.name).sonames
    found = []
    for soname in build.needed:
        rpm = sonames.get(soname)
        if rpm not in _ALWAYS_THERE:
            message = f"needs {soname} from the server ({rpm or 'no package known'})"
            fix = (
                f"make sure that {rpm} is installed there"
                if rpm
                else "use an archive without that dependency"
            )
            found.append(Finding(MORE_LIBRARIES, WARNING, name, message, (), fix))
    return found

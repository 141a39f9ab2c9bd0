"""Which library comes out of which RPM: the metadata says where to look, the ELF files what is needed.

Packages require more than a single library of theirs does; what is taken is what the loader would
ask for, and no more.
"""

import hashlib
from collections import deque
from typing import Deque, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

from offkit.edges import data
from offkit.elf.reader import Elf
from offkit.model import closure, packages, rpm
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError
from offkit.model.finding import ERROR, Finding
from offkit.model.rpm import Package
from offkit.target.libraries.here import Here, Wanted
from offkit.target.libraries.pick import pick
from offkit.target.libraries.supply import Opened, Supply

_FULLER = "take a fuller ISO (Everything, DVD) of the release that this server has"


class Taken(NamedTuple):
    """A library as it goes into a generation."""

    soname: str
    data: bytes
    rpm: str  # libSM-1.2.2-2.el7.x86_64
    path: str  # in the package
    medium: str
    signature: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


class Haul(NamedTuple):
    libraries: Tuple[Taken, ...]  # each after what it needs, where nothing goes round in circles
    findings: Tuple[Finding, ...]  # RPM004, for what cannot be had

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(len(each.data) for each in self.libraries)


def take(wanted: Wanted, here: Here, supply: Supply, el: int, had: Sequence[str] = ()) -> Haul:
    """The libraries ``wanted`` with all that they need and this server lacks, without those ``had``.

    Nothing is written. Raises IntegrityError or EnvironmentProblem with everything that is wrong
    with the RPMs that are needed.
    """
    table = packages.parse_sonames(data.read_text(packages.SONAMES))
    usual = {name for row in table.values() for name in row.rpms.values()}
    capabilities = [rpm.capability(soname, each) for soname in wanted for each in ("", *wanted[soname])]
    known = closure.close(capabilities, here.lacks_capability, supply.ask, rpm.arches(here.machine), usual)
    glibc = {soname for soname in table if packages.rpm_for_soname(table, soname, el) == "glibc"}
    return _Taking(here, supply, known, glibc).go(wanted, had)


class _Taking:
    def __init__(self, here: Here, supply: Supply, known: closure.Closure, glibc: Set[str]) -> None:
        self._here, self._supply, self._known, self._glibc = here, supply, known, glibc
        self._found: Dict[str, Tuple[Taken, Elf]] = {}
        self._opened: Dict[str, Opened] = {}
        self._refused: Dict[str, OffkitError] = {}
        self._findings: List[Finding] = []

    def go(self, wanted: Wanted, had: Sequence[str]) -> Haul:
        queue: Deque[Tuple[str, Tuple[str, ...], str]] = deque(
            (soname, versions, "") for soname, versions in wanted.items()
        )
        asked = set(had)
        while queue:
            soname, versions, needed_by = queue.popleft()
            if soname in asked:
                continue
            asked.add(soname)
            found = self._one(soname, versions, needed_by)
            if found is not None:
                self._found[soname] = found
                queue.extend(self._needs(*found))
        if self._refused:
            raise _together(list(self._refused.values()))
        return Haul(self._ordered(), tuple(self._findings))

    def _needs(self, taken: Taken, elf: Elf) -> List[Tuple[str, Tuple[str, ...], str]]:
        found = []
        for name in elf.needed:
            versions = tuple(need.version for need in elf.needs if need.file == name and not need.weak)
            if name and "/" not in name and self._here.lacks(name, versions):
                found.append((name, versions, taken.rpm))
        return found

    def _one(self, soname: str, versions: Tuple[str, ...], needed_by: str) -> Optional[Tuple[Taken, Elf]]:
        package = self._known.providers.get(rpm.capability(soname))
        absent = [each for each in versions if rpm.capability(soname, each) not in self._known.providers]
        fix = _FULLER
        if soname in self._glibc:
            # Another C library than that of the loader cannot be in one process with it.
            why = "is part of glibc, which cannot be taken from elsewhere ({})".format(", ".join(versions))
            fix = "bundle again for this system: --target with what 'offkit probe' writes here"
        elif package is None:
            why = "is on none of the media"
        elif absent:
            why = "of {} lacks {}".format(package.title, ", ".join(absent))
        else:
            opened = self._open(package)
            if opened is None:
                return None
            library = pick(opened.contents, soname, self._here.arch)
            if library is not None:
                medium = self._supply.medium(package)
                found = Taken(soname, library.data, package.title, library.path, medium, opened.signature)
                return found, library.elf
            why = "is not in {}, which says it has it".format(package.title)
        message = why + ("; needed by {}".format(needed_by) if needed_by else "")
        self._findings.append(Finding("RPM004", ERROR, soname, message, tuple(self._supply.names), fix))
        return None

    def _open(self, package: Package) -> Optional[Opened]:
        """Each package once; what is wrong with one is told with what is wrong with the others."""
        if package.title not in self._opened and package.title not in self._refused:
            try:
                self._opened[package.title] = self._supply.open(package)
            except (IntegrityError, EnvironmentProblem) as error:
                self._refused[package.title] = error
        return self._opened.get(package.title)

    def _ordered(self) -> Tuple[Taken, ...]:
        done: Dict[str, Taken] = {}
        under_way: Set[str] = set()

        def visit(soname: str) -> None:
            if soname in done or soname in under_way or soname not in self._found:
                return
            under_way.add(soname)
            taken, elf = self._found[soname]
            for name in elf.needed:
                visit(name)
            done[soname] = taken

        for soname in sorted(self._found):
            visit(soname)
        return tuple(done.values())


def _together(errors: Sequence[OffkitError]) -> OffkitError:
    """One error of the worst kind, with the findings of all."""
    worst = next((each for each in errors if isinstance(each, IntegrityError)), errors[0])
    findings = [finding for each in errors for finding in each.findings]
    return type(worst)(worst.message, findings)

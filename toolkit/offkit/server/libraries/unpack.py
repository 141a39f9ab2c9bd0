"""Which library comes out of which RPM: the metadata says where to look, the ELF files what is needed.

Packages require more than a single library of theirs does; what is taken is what the loader would
ask for, and no more.
"""

from collections import deque
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from offkit.edges import releases
from offkit.elf.reader import Elf
from offkit.media import closure, rpm
from offkit.media.rpm import Package
from offkit.media.supply import Opened, Supply
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError
from offkit.model.finding import ERROR, Finding, together
from offkit.model.release import GLIBC, Release
from offkit.server.libraries.here import Here, Wanted
from offkit.server.libraries.pick import pick
from offkit.server.libraries.record import Vendored

_FULLER = "use a fuller ISO (Everything, DVD) of this server's release"


class Unpacked(NamedTuple):
    libraries: Tuple[Vendored, ...]  # each after what it needs, where nothing goes round in circles
    findings: Tuple[Finding, ...]  # RPM004, for what cannot be had

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(len(each.data) for each in self.libraries)


def unpack(wanted: Wanted, here: Here, supply: Supply, release: Release, had: Sequence[str] = ()) -> Unpacked:
    """The libraries ``wanted`` with all that they need and this server lacks, without those ``had``.

    ``release`` is this server's. Nothing is written. Raises IntegrityError or EnvironmentProblem with
    everything that is wrong with the RPMs that are needed.
    """
    return _Unpacking(here, supply, release).go(wanted, had)


class _Ask(NamedTuple):
    """A library that is needed, and the package whose library needs it (None: the environment)."""

    soname: str
    versions: Tuple[str, ...]
    needed_by: Optional[Package]


class _Unpacking:
    def __init__(self, here: Here, supply: Supply, release: Release) -> None:
        self._here, self._supply = here, supply
        known = releases.known()
        # What is glibc's in any release will do where this one is not known.
        own = [release] if release.name else known.all
        self._usual = known.packages
        self._glibc = {soname for one in own for soname, name in one.sonames.items() if name == GLIBC}
        self._providers: Dict[str, Package] = {}  # by capability
        self._found: Dict[str, Tuple[Vendored, Elf]] = {}
        self._opened: Dict[str, Opened] = {}
        self._refused: Dict[str, OffkitError] = {}
        self._findings: List[Finding] = []

    def go(self, wanted: Wanted, had: Sequence[str]) -> Unpacked:
        queue = deque(_Ask(soname, versions, None) for soname, versions in wanted.items())
        self._close(queue)
        asked = set(had)
        while queue:
            ask = queue.popleft()
            if ask.soname not in asked:
                asked.add(ask.soname)
                queue.extend(self._one(ask))
        if self._refused:
            raise _together(list(self._refused.values()))
        return Unpacked(self._ordered(), tuple(self._findings))

    def _close(self, asks: Iterable[_Ask]) -> None:
        """Ask the metadata once for these libraries and for all that their packages say they require."""
        wanted = [rpm.capability(ask.soname, each) for ask in asks for each in ("", *ask.versions)]
        arches = rpm.arches(self._here.machine)
        known = closure.close(wanted, self._follows, self._supply.ask, arches, self._usual)
        self._providers.update(known.providers)

    def _follows(self, capability: str) -> bool:
        """Only libraries: what a package requires otherwise (programs, scripts that run when it is
        installed) matters to yum, and not to a library that is taken out of it."""
        return rpm.is_library(capability) and self._here.lacks_capability(capability)

    def _one(self, ask: _Ask) -> List[_Ask]:
        """Find it; what it needs in turn."""
        if ask.soname in self._glibc:
            # Another C library than that of the loader cannot be in one process with it.
            fix = "bundle again for this system: --target with what 'offkit probe' writes here"
            why = "is part of glibc, which cannot come from another system ({})".format(
                ", ".join(ask.versions)
            )
            return self._without(ask, why, fix)
        package = self._provider(ask)
        if package is None:
            return self._without(ask, "is on none of the media")
        opened = self._open(package)
        if opened is None:
            return []  # what is wrong with it is told in the end
        library = pick(opened.contents, ask.soname, self._here.arch)
        if library is None:
            return self._without(ask, "is not in {}, which claims to provide it".format(package.title))
        absent = [each for each in ask.versions if library.elf.versioned and each not in library.elf.defines]
        if absent:
            return self._without(ask, "lacks {} (from {})".format(", ".join(absent), package.title))
        medium = self._supply.medium(package)
        taken = Vendored(ask.soname, library.data, package.title, library.path, medium, opened.signature)
        self._found[ask.soname] = taken, library.elf
        return self._needs(library.elf, package)

    def _provider(self, ask: _Ask) -> Optional[Package]:
        """A package's own libraries come first: createrepo leaves out what it requires of itself."""
        if ask.needed_by is not None:
            own = self._open(ask.needed_by)
            if own is not None and pick(own.contents, ask.soname, self._here.arch) is not None:
                return ask.needed_by
        capability = rpm.capability(ask.soname)
        if capability not in self._providers:  # its file needs it, and its package does not say so
            self._close([ask])
        return self._providers.get(capability)

    def _needs(self, elf: Elf, package: Package) -> List[_Ask]:
        found = []
        for name in elf.needed:
            versions = tuple(need.version for need in elf.needs if need.file == name and not need.weak)
            if name and "/" not in name and self._here.lacks(name, versions):
                found.append(_Ask(name, versions, package))
        return found

    def _without(self, ask: _Ask, why: str, fix: str = _FULLER) -> List[_Ask]:
        message = why + ("; needed by {}".format(ask.needed_by.title) if ask.needed_by else "")
        self._findings.append(Finding("RPM004", ERROR, ask.soname, message, tuple(self._supply.names), fix))
        return []

    def _open(self, package: Package) -> Optional[Opened]:
        """Each package once; what is wrong with one is told with what is wrong with the others."""
        if package.title not in self._opened and package.title not in self._refused:
            try:
                self._opened[package.title] = self._supply.open(package)
            except (IntegrityError, EnvironmentProblem) as error:
                self._refused[package.title] = error
        return self._opened.get(package.title)

    def _ordered(self) -> Tuple[Vendored, ...]:
        done: Dict[str, Vendored] = {}
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
    return type(worst)(worst.message, together(findings))

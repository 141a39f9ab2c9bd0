"""RPMs out of an ISO for a bundle: what the wheels want and a minimal server lacks, as a small repository.

Packages that rpm, yum and systemd need themselves are on every server, and end the search
(``minimal`` of its release). Each RPM's checksum is compared here with the ISO's metadata; its
signature is checked on the server, where the distribution's key is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from offkit.edges import releases
from offkit.media import access, rpm
from offkit.media.iso9660 import BadIso
from offkit.media.repodata import REPOMD, BadRepodata
from offkit.media.rpm import Package
from offkit.model.checklist import Checklist
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, RequestError, UsageError
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.target import Target
from offkit.online.pack import Source
from offkit.online.rpm_repository import COPY, Place, keys, metadata, rpm_of


class Chosen(NamedTuple):
    """What of the ISOs a bundle carries."""

    members: tuple[Source, ...]
    titles: tuple[str, ...]  # libSM-1.2.2-2.el7.x86_64
    sonames: frozenset[str]  # of the checklist, that these packages give
    size: int  # bytes
    findings: tuple[Finding, ...]


NONE = Chosen((), (), frozenset(), 0, ())


def look(isos: Sequence[Path], target: Target) -> None:
    """Whether these are ISOs with repositories, before anything is downloaded. Raises as ``choose``, and
    UsageError where nobody knows what a minimal server of the target has already."""
    if isos and not releases.of(target.el).minimal:
        raise UsageError(
            f"--iso: what a minimal {target.name} has is not known, and so not what it lacks",
            fix="leave --iso out here, and name the ISO on the server: sh install.sh bundle.tar --iso FILE",
        )
    with ExitStack() as stack:
        for iso in isos:
            _places(iso, stack)


def choose(isos: Sequence[Path], checklist: Checklist, target: Target, welcome: Sequence[str] = ()) -> Chosen:
    """The RPMs of these ISOs for the libraries of a checklist, and the packages called ``welcome``
    where an ISO has them.

    Raises RequestError (RPM004) for libraries that no ISO has, IntegrityError (REPO011, RPM001) for
    a damaged one, EnvironmentProblem (REPO010) for what is no ISO with a repository.
    """
    if not isos:
        return NONE
    with ExitStack() as stack:
        search = _Search([place for iso in isos for place in _places(iso, stack)], target)
        wanted = {
            capability: library.soname
            for library in checklist.libraries
            for capability in [rpm.capability(library.soname)]
        }
        search.go([*wanted, *welcome])
        lost = [wanted[each] for each in search.nowhere if each in wanted]
        if lost:
            raise _nowhere(lost, isos)
        chosen = list(search.chosen.values())
        members = [member for package, place in chosen for member in [rpm_of(place, package)]]
        given = {each for package, _ in chosen for each in package.provides}
        names = frozenset(soname for capability, soname in wanted.items() if capability in given)
        # Several ISOs of one release have the same keys.
        public = {member.path: member for place in search.places for member in keys(place)}
        if not chosen:
            return NONE
        return Chosen(
            (*metadata(chosen), *members, *public.values()),
            tuple(sorted(package.title for package, _ in chosen)),
            names,
            sum(member.size() for member in members),
            tuple(_unmet(search, isos)),
        )


def _places(iso: Path, stack: ExitStack) -> list[Place]:
    try:
        image = stack.enter_context(access.Image(str(iso)))
        bases = image.repositories()
    except (OSError, BadIso) as error:
        raise _unusable("REPO010", iso, f"is no ISO image: {access.reason(error)}") from None
    if image.lacking:
        message = f"is cut short: {image.size} of {image.size + image.lacking} bytes are there"
        raise _unusable("REPO011", iso, message)
    if not bases:
        raise _unusable("REPO010", iso, f"has no {REPOMD}, neither at its top nor one directory below")
    return [Place(image, base) for base in bases]


class _Search:
    """The closure over everything that packages require, up to what every server has."""

    def __init__(self, places: Sequence[Place], target: Target) -> None:
        self.places = list(places)
        self.chosen: dict[str, tuple[Package, Place]] = {}  # by title
        self.nowhere: dict[str, str] = {}  # capability → package that requires it, "" for the wheels
        self._arches = rpm.arches(target.arch)
        release = releases.of(target.el)
        self._minimal = set(release.minimal)
        self._sonames = release.sonames
        self._el = target.el
        self._usual = releases.known().packages

    def go(self, capabilities: Iterable[str]) -> None:
        pending = {each: "" for each in capabilities if self._counts(each)}
        seen: set[str] = set()
        while pending:
            seen.update(pending)
            found = self._ask(list(pending))
            here = {
                each for package, _ in found if package.name in self._minimal for each in package.provides
            }
            wanted = [each for each in pending if each not in here]
            able = [package for package, _ in found if package.name not in self._minimal]
            places = dict(reversed(found))  # the first of equals stays
            picked = rpm.choose(able, wanted, self._arches, self._usual)
            given = {each for package in picked for each in package.provides}
            self.nowhere.update({each: pending[each] for each in wanted if each not in given})
            pending = {}
            for package in picked:
                known = self.chosen.get(package.title)
                if known:
                    joined = tuple(sorted({*known[0].provides, *package.provides}))
                    self.chosen[package.title] = known[0]._replace(provides=joined), known[1]
                    continue
                self.chosen[package.title] = package, places[package]
                pending.update(
                    {
                        each: package.title
                        for each in package.requires
                        if each not in seen and self._counts(each)
                    }
                )

    def _counts(self, capability: str) -> bool:
        """Not what rpm itself gives, files (programs that run when a package is installed), conditions
        of newer rpms, nor libraries that every server has, whether this ISO has them or not."""
        if capability.startswith(("rpmlib(", "/", "(", "rtld(")):
            return False
        return self._sonames.get(capability.partition("(")[0]) not in self._minimal

    def _ask(self, capabilities: Sequence[str]) -> list[tuple[Package, Place]]:
        found = []
        for place in self.places:
            try:
                index = access.read_index(place.medium, place.base, capabilities)
            except (BadRepodata, BadIso, OSError) as error:
                raise _unusable("REPO011", Path(place.medium.place), access.reason(error)) from None
            own = (package for package in index.packages if not rpm.foreign(package.release, self._el))
            found += [(package, place) for package in own]
        return found


def _unmet(search: _Search, isos: Sequence[Path]) -> list[Finding]:
    """What a package requires and no ISO has: yum would refuse that package; without root it may do."""
    return [
        Finding(
            "RPM004",
            WARNING,
            title,
            f"requires {capability}, which is on none of the ISOs: yum will not install it from the bundle",
            tuple(map(str, isos)),
            "name the fuller ISO (Everything, DVD)",
        )
        for capability, title in search.nowhere.items()
        if title
    ]


def _nowhere(lost: Sequence[str], isos: Sequence[Path]) -> OffkitError:
    fix = "name the fuller ISO of the same release (Everything, DVD); several are taken: --iso A --iso B"
    looked = tuple(map(str, isos))
    found = [Finding("RPM004", ERROR, soname, "is on none of the ISOs", looked, fix) for soname in lost]
    return RequestError("the ISO does not have every library that the wheels want", found)


def _unusable(code: str, iso: Path, message: str) -> OffkitError:
    kind = IntegrityError if code == "REPO011" else EnvironmentProblem
    fix = COPY if code == "REPO011" else "name an installation disc of the target's distribution"
    return kind(f"{iso} is no use", [Finding(code, ERROR, str(iso), message, (str(iso),), fix)])

"""RPMs out of an ISO for a bundle: what the wheels want and a minimal server lacks, as a small repository.

Packages that rpm, yum and systemd need themselves are on every server, and end the search
(``minimal`` of its release). Each RPM's checksum is compared here with the ISO's metadata; its
signature is checked on the server, where the distribution's key is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, NoReturn

from offkit.edges import releases
from offkit.media import closure, repository, rpm
from offkit.media.iso9660 import BadIso
from offkit.media.medium import Image
from offkit.media.repodata import REPOMD
from offkit.media.repository import Repository, reason
from offkit.media.rpm import Package
from offkit.model.checklist import Checklist
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, RequestError, UsageError
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.target import Target
from offkit.online.carry.pack import Source
from offkit.online.carry.rpm_repository import COPY, keys, metadata, rpm_of


class Chosen(NamedTuple):
    """What of the ISOs a bundle carries."""

    members: tuple[Source, ...]
    titles: tuple[str, ...]  # libSM-1.2.2-2.el7.x86_64
    sonames: frozenset[str]  # of the checklist, that these packages give
    size: int  # bytes
    findings: tuple[Finding, ...]


_LIBC = "libc.so.6()(64bit)"
NONE = Chosen((), (), frozenset(), 0, ())


def look(isos: Sequence[Path], target: Target) -> None:
    """Whether these are ISOs with repositories, before anything is downloaded. Raises as ``choose``, and
    UsageError where nobody knows what a minimal server of the target has already."""
    if isos and not releases.of(target.el, target.name).minimal:
        raise UsageError(
            f"--iso: offkit does not know what a minimal {target.name} installation lacks",
            fix="omit --iso here, and give the ISO on the server: sh install.sh bundle.tar --iso FILE",
        )
    with ExitStack() as stack:
        for iso in isos:
            _opened(iso, stack)


def allotted(isos: Sequence[Path], targets: Sequence[Target]) -> list[tuple[Path, ...]]:
    """Of these ISOs those that belong to each target: all for the only one, else those whose C library is
    of its release, and those that have none.

    Raises UsageError for an ISO that belongs to no target, and as ``look``.
    """
    if len(targets) == 1:
        return [tuple(isos)]
    belonging = {iso: [target for target in targets if _belongs(iso, target)] for iso in isos}
    stray = [str(iso) for iso in isos if not belonging[iso]]
    if stray:
        wanted = ", ".join(dict.fromkeys(one.release for one in targets))
        raise UsageError(
            f"--iso: {', '.join(stray)} is for none of the targets ({wanted})",
            fix="omit it, or add the --target that it is for",
        )
    return [tuple(iso for iso in isos if target in belonging[iso]) for target in targets]


def _belongs(iso: Path, target: Target) -> bool:
    def damaged(where: Repository, error: Exception) -> NoReturn:
        raise _unusable("REPO011", iso, reason(error)) from None

    with ExitStack() as stack:
        found = repository.ask(
            lambda each: each.search([_LIBC]).packages, _opened(iso, stack).repositories(), damaged, 0
        )
        releases_of_it = [package.release for package, _ in found if _LIBC in package.provides]
    return not releases_of_it or any(not rpm.foreign(each, target.el) for each in releases_of_it)


def choose(isos: Sequence[Path], checklist: Checklist, target: Target, welcome: Sequence[str] = ()) -> Chosen:
    """The RPMs of these ISOs for the libraries of a checklist, and the packages called ``welcome``
    where an ISO has them.

    Raises RequestError (RPM004) for libraries that no ISO has, IntegrityError (REPO011, RPM001) for
    a damaged one, EnvironmentProblem (REPO010) for what is no ISO with a repository.
    """
    if not isos:
        return NONE
    with ExitStack() as stack:
        images = [_opened(iso, stack) for iso in isos]
        search = _Search([each for image in images for each in image.repositories()], target)
        wanted = {rpm.capability(library.soname): library.soname for library in checklist.libraries}
        found = search.go([*wanted, *welcome])
        lost = [wanted[each] for each in found.nowhere if each in wanted]
        if lost:
            raise _nowhere(lost, isos)
        if not found.packages:
            return NONE
        chosen = [(package, search.places[package.title]) for package in found.packages]
        members = [rpm_of(where, package) for package, where in chosen]
        # Several ISOs of one release have the same keys.
        public = {member.path: member for image in images for member in keys(image)}
        return Chosen(
            (*metadata(chosen), *members, *public.values()),
            tuple(sorted(package.title for package, _ in chosen)),
            frozenset(soname for capability, soname in wanted.items() if capability in found.providers),
            sum(member.size() for member in members),
            tuple(_unmet(found, isos)),
        )


def _opened(iso: Path, stack: ExitStack) -> Image:
    try:
        image = stack.enter_context(Image(str(iso)))
        bases = image.bases()
    except (OSError, BadIso) as error:
        raise _unusable("REPO010", iso, f"is not an ISO image: {reason(error)}") from None
    if image.lacking:
        message = f"is truncated: {image.size} of {image.size + image.lacking} bytes present"
        raise _unusable("REPO011", iso, message)
    if not bases:
        raise _unusable("REPO010", iso, f"has no {REPOMD} in its top directory or one level below")
    return image


class _Search:
    """The closure over everything that packages require, up to what every server has."""

    def __init__(self, repositories: Sequence[Repository], target: Target) -> None:
        self._repositories = repositories
        self.places: dict[str, Repository] = {}  # by title; the first of equals stays
        self._arches = rpm.arches(target.arch)
        release = releases.of(target.el, target.name)
        self._minimal = set(release.minimal)
        self._sonames = release.sonames
        self._el = target.el
        self._usual = releases.known().packages

    def go(self, capabilities: Collection[str]) -> closure.Closure:
        wanted = [each for each in capabilities if self._counts(each)]
        return closure.close(wanted, self._counts, self._ask, self._arches, self._usual, self._minimal)

    def _counts(self, capability: str) -> bool:
        """Not what rpm itself gives, files (programs that run when a package is installed), conditions
        of newer rpms, nor libraries that every server has, whether this ISO has them or not."""
        if capability.startswith(("rpmlib(", "/", "(", "rtld(")):
            return False
        return self._sonames.get(capability.partition("(")[0]) not in self._minimal

    def _ask(self, capabilities: Collection[str]) -> list[Package]:
        found = repository.ask(
            lambda each: each.search(capabilities).packages, self._repositories, self._damaged, self._el
        )
        for package, where in found:
            self.places.setdefault(package.title, where)
        return [package for package, _ in found]

    def _damaged(self, where: Repository, error: Exception) -> NoReturn:
        raise _unusable("REPO011", Path(where.place), reason(error)) from None


def _unmet(found: closure.Closure, isos: Sequence[Path]) -> list[Finding]:
    """What a package requires and no ISO has: yum would refuse that package; without root it may do."""
    return [
        Finding(
            "RPM004",
            WARNING,
            title,
            f"requires {capability}, which no ISO has: yum will not install it from the bundle",
            tuple(map(str, isos)),
            "use a fuller ISO (Everything, DVD)",
        )
        for capability, title in found.nowhere.items()
        if title
    ]


def _nowhere(lost: Sequence[str], isos: Sequence[Path]) -> OffkitError:
    fix = "use a fuller ISO of the same release (Everything, DVD), or several: --iso A --iso B"
    looked = tuple(map(str, isos))
    found = [Finding("RPM004", ERROR, soname, "is on none of the ISOs", looked, fix) for soname in lost]
    return RequestError("the ISO does not have every library that the wheels need", found)


def _unusable(code: str, iso: Path, message: str) -> OffkitError:
    kind = IntegrityError if code == "REPO011" else EnvironmentProblem
    fix = COPY if code == "REPO011" else "use an installation disc of the target's distribution"
    return kind(f"{iso} cannot be used", [Finding(code, ERROR, str(iso), message, (str(iso),), fix)])

"""RPMs for a bundle: what the wheels want and a server lacks, as a small repository.

They come from ISOs, directories and mirrors, chosen as dnf would (online/rpms). Each RPM's checksum is
compared here with its repository's metadata; its signature here where a key was given, and on the server in
any case, where the distribution's key is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple, NoReturn

from offkit.edges import needs, releases
from offkit.media import disc as discs
from offkit.media import offer, repository, rpm, rpm_keys
from offkit.media.iso9660 import BadIso
from offkit.media.medium import CUT, UNCUT, Directory, Image, Medium
from offkit.media.repodata import REPOMD, outside
from offkit.media.repository import Repository, Unreachable, reason
from offkit.media.rpm import BadRepodata, Package
from offkit.model import layout
from offkit.model.checklist import Checklist
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, UsageError
from offkit.model.finding import ERROR, INFO, Finding
from offkit.model.release import KEY_NAME, own_keys
from offkit.model.report import Reporter
from offkit.model.target import Target
from offkit.model.url import without_secrets
from offkit.online.carry import rpm_words
from offkit.online.carry.pack import Source
from offkit.online.carry.rpm_repository import again, joined, keys, member, metadata
from offkit.online.rpms import engine, modules, places, server, signatures
from offkit.online.rpms.choice import Choice, Chooser, File, Shelf, Unreadable
from offkit.online.rpms.mirror import Mirror, Silent, Wanted
from offkit.online.rpms.places import Fetching, Place
from offkit.online.rpms.server import Server


class Chosen(NamedTuple):
    """What of the repositories a bundle carries."""

    members: tuple[Source, ...]
    titles: tuple[str, ...]  # libSM-1.2.2-2.el7.x86_64
    sonames: frozenset[str]  # of the checklist, that these packages give
    size: int  # bytes
    findings: tuple[Finding, ...]


class More(NamedTuple):
    """Where RPMs come from beside ISOs, and what is known of the server beside its release."""

    places: tuple[Place, ...] = ()
    keys: tuple[Path, ...] = ()  # public keys that RPMs are to be signed with
    server: Server | None = None
    fetching: Fetching | None = None
    shared: bool = False  # with other targets: then a medium may be for one of those
    silent: Silent | None = None  # servers that did not answer, for any of the targets

    @property
    def installed(self) -> bool:
        """Whether the server itself has said which packages it has."""
        return bool(self.server and self.server.packages)


def more(
    given: Sequence[str], keys: Sequence[Path | str], described: Sequence[str | None], offline: bool
) -> list[More]:
    """What the command line says, for each target. Raises UsageError."""
    found = places.read(given)
    remote = [without_secrets(one.text) for one in found if one.remote]
    if offline and remote:
        raise UsageError(f"--rpm-repo asks {', '.join(remote)}", fix="leave out --offline")
    if offline:
        found = [one.at_hand() for one in found]
    for key in map(str, keys):
        # What comes with what it is to vouch for vouches for nothing.
        if re.match(r"(https?|ftp|file):/", key):
            fix = "have the key from whom you trust, as a file"
            raise UsageError("--rpm-key takes a file, not a URL", fix=fix)
        if not os.path.isfile(key):
            raise UsageError(f"--rpm-key {key}: no such file", fix="give the file with the public key")
        if not signatures.is_key(Path(key).read_bytes()):
            raise UsageError(
                f"--rpm-key {key} has no public key", fix="give the file that its maker publishes"
            )
    own = (*map(Path, keys), *(key for one in found for key in one.keys))
    servers = [server.read(Path(file)) if file else None for file in described]
    silent: Silent = {}
    shared = len(servers) > 1
    return [More(tuple(found), own, each, shared=shared, silent=silent) for each in servers]


_TOP = "its top directory, one level below, or where mirrors have it"
_DISC = "use an installation disc of the target's distribution"
_LIBC = "libc.so.6()(64bit)"
_LEFT = "; it is left to another target"
NONE = Chosen((), (), frozenset(), 0, ())
NOTHING = More()


def look(isos: Sequence[Path], target: Target, more: More = NOTHING) -> list[Finding]:
    """Whether these are ISOs, directories and URLs with repositories, before anything is downloaded. Returns
    which are left out, for other targets.

    Raises as ``choose``, UsageError where nobody knows what a server of the target has already, and
    EnvironmentProblem (RPM011) where RPMs cannot be chosen on this machine."""
    if not isos and not more.places:
        return []
    if not more.installed and not releases.of(target.el, target.name).minimal:
        raise _nobody_knows("--iso" if isos else "--rpm-repo", target, more)
    engine.require()
    with ExitStack() as stack:
        return _media(isos, target, more, stack)[1]


def refuse_unused(left_out: Sequence[Sequence[Finding]]) -> None:
    """Raises EnvironmentProblem where something was left out for each of several targets."""
    first, *others = left_out
    rest = [{one.subject for one in each} for each in others]
    unused = [one for one in first if all(one.subject in each for each in rest)]
    if unused:
        message = "not all that was given is for one of the targets"
        raise EnvironmentProblem(message, [_refusing(one) for one in unused])


def _refusing(left_out: Finding) -> Finding:
    return left_out._replace(severity=ERROR, message=left_out.message.removesuffix(_LEFT))


def _nobody_knows(option: str, target: Target, more: More) -> UsageError:
    """What is installed on the server."""
    message = f"{option}: offkit does not know what a minimal {target.name} installation lacks"
    told = "--target FILE, as 'offkit probe' writes it there, says what is installed"
    if more.server:
        message += ", and the target's FILE lists no packages"
        told = "write FILE again where rpm can be asked: 'offkit probe' on the server"
    given = "the ISO" if option == "--iso" else "the repository"
    line = f"sh install.sh bundle.tar {option} " + ("FILE" if option == "--iso" else "DIR")
    return UsageError(message, fix=f"{told}; or omit {option} here, and give {given} on the server: {line}")


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
        raise _unusable("REPO011", iso, reason(error), again(image)) from None

    with ExitStack() as stack:
        image = _opened(iso, stack)
        found = repository.ask(lambda each: each.search([_LIBC]).packages, image.repositories(), damaged, 0)
        releases_of_it = [package.release for package, _ in found if _LIBC in package.provides]
    return not releases_of_it or any(not rpm.foreign(each, target.el) for each in releases_of_it)


def choose(
    isos: Sequence[Path],
    checklist: Checklist,
    target: Target,
    welcome: Sequence[str] = (),
    more: More = NOTHING,
    reporter: Reporter = Reporter(),  # noqa: B008  (silent, and without a state)
) -> Chosen:
    """The RPMs for the libraries of a checklist, and the packages called ``welcome`` where there are some.

    Raises RequestError for libraries that are nowhere (RPM004) and for what contradicts itself (RPM012),
    IntegrityError for what is damaged (REPO011, RPM001) or not signed as it should be (RPM002, RPM003),
    EnvironmentProblem for what is no ISO or directory with a repository (REPO010) and for a server that
    does not give its files (RPM016).
    """
    if not isos and not more.places:
        return NONE
    said = rpm_words.Said(bool(isos), bool(more.places))
    wanted = {rpm.capability(library.soname): library.soname for library in checklist.libraries}
    with ExitStack() as stack:
        media, left_out = _media(isos, target, more, stack)
        shelves = [
            Shelf(one, each, place.hotfixes, place.filter, place.priority)
            for one, place in media
            for each in one.repositories()
        ]
        chooser = stack.enter_context(
            Chooser(shelves, target, more.server, partial(_take, reporter=reporter))
        )
        try:
            told = signatures.of_metadata(shelves, more.keys)
            found, spare = _choice(chooser, checklist, welcome)
        except Unreadable as error:
            raise _unreadable(error) from None
        left_out += [each for one, _ in media for each in one.left_out()]
        looked = tuple(dict.fromkeys(one.place for one, _ in media))
        if found.lost or found.problems:
            unsolved = rpm_words.unsolved(found, wanted, said, looked)
            unsolved.findings += tuple(one for one in left_out if one.severity != INFO)
            raise unsolved
        if not found.packages:
            return NONE._replace(findings=(*left_out, *rpm_words.spare(spare, wanted, said, looked)))
        try:
            _take([_file(one, shelf) for one, shelf in found.packages], reporter)
            members = [member(shelf.medium, shelf.repository, package) for package, shelf in found.packages]
        except OffkitError as error:
            error.fix = error.fix or _elsewhere(found.places)
            raise
        files = [(package, one.contents) for (package, _), one in zip(found.packages, members, strict=True)]
        release = releases.of(target.el, target.name)
        known = signatures.at_hand(own_keys(release.keys, ""))
        loose = [package for package, shelf in found.packages if _is_loose(shelf.medium)]
        trusted = more.server.trusted(release, bool(target.el or release.name)) if more.server else ()
        checked = [*told, *signatures.of_packages(files, more.keys, known, loose, reporter, trusted)]
        given = [each for each in map(_key, more.keys) if each]
        public = joined([*given, *(each for one, _ in media for each in keys(one))])
        rows = [(package, found.primaries[shelves.index(shelf)]) for package, shelf in found.packages]
        return Chosen(
            (
                *metadata(rows, found.files, modules.of(found.modules, found.streams)),
                *members,
                *public,
            ),
            tuple(sorted(package.title for package, _ in found.packages)),
            frozenset(wanted[each] for each in found.given),
            sum(one.size() for one in members),
            (
                *left_out,
                *rpm_words.findings(found, said, looked),
                *rpm_words.spare(spare, wanted, said, looked),
                *rpm_words.processor([one for one, _ in found.packages], target, more.server),
                *dict.fromkeys(checked),
            ),
        )


def _choice(chooser: Chooser, checklist: Checklist, welcome: Sequence[str]) -> tuple[Choice, list[str]]:
    """What is chosen, and what is nowhere of that which only optional parts want, or of a driver: it is left
    out."""
    wanted = {
        rpm.capability(library.soname): library.optional or bool(needs.known().driver(library.soname))
        for library in checklist.libraries
    }
    found = chooser.choose(wanted, welcome)
    spare = [each for each in found.lost if wanted.get(each)]
    if spare:
        found = chooser.choose([each for each in wanted if each not in spare], welcome)
    return found, spare


def _media(
    isos: Sequence[Path], target: Target, more: More, stack: ExitStack
) -> tuple[list[tuple[Medium, Place]], list[Finding]]:
    """All of them, opened, and what is said of each; and what is told of those that are for
    another target. Raises as ``look``."""
    found: list[tuple[Medium, Place]] = [(_opened(iso, stack), Place(str(iso))) for iso in isos]
    unreachable: list[Finding] = []
    for place in more.places:
        if more.fetching is None:
            raise UsageError("--rpm-repo: nothing can be fetched here", fix="leave out --offline")
        try:
            medium = places.opened(place, target, more.fetching)
            if not medium.repositories():
                raise places.without(medium)
        except Unreachable as error:
            unreachable.append(error.finding())
            continue
        except EnvironmentProblem as error:
            if not place.others:
                raise
            unreachable += error.findings
            continue
        except OSError as error:
            raise _unusable(
                "REPO010", place.text, f"cannot be read: {reason(error)}", places.FOLDER
            ) from None
        found.append((medium, place))
    if unreachable:
        raise EnvironmentProblem("a repository cannot be used", list(dict.fromkeys(unreachable)))
    strange = {id(one): told for one, _ in found if (told := _strange(one, target))}
    if strange and (len(strange) == len(found) or not more.shared):
        which = "nothing of what was given is" if len(strange) == len(found) else "not all that was given is"
        raise EnvironmentProblem(f"{which} for {target.name} {target.arch}", list(strange.values()))
    return [each for each in found if id(each[0]) not in strange], [
        told._replace(severity=INFO, message=told.message + _LEFT) for told in strange.values()
    ]


def _strange(medium: Medium, target: Target) -> Finding | None:
    """ENV049 where a medium says that it is of another release, one of the two an Enterprise Linux, or for
    other machines."""
    disc = offer.disc_of(medium)
    if disc is None or not (target.el or releases.of(0, target.name).name):
        return None
    either = target.el or releases.known().named(disc.release).el
    if disc.arch in ("", target.arch) and not (either and disc.release != target.release):
        return None
    message = f"is {disc.title} {disc.arch}".rstrip() + f", and the bundle is for {target.name} {target.arch}"
    fix = f"omit it, use one for {target.name} {target.arch}, or correct --target"
    return Finding(discs.STRANGER, ERROR, medium.place, message, (discs.TREE, discs.LABEL), fix)


def _opened(iso: Path, stack: ExitStack) -> Image:
    try:
        image = stack.enter_context(Image(str(iso)))
        found = image.repositories()
    except (OSError, BadIso) as error:
        raise _unusable("REPO010", iso, f"is not an ISO image: {reason(error)}", _DISC) from None
    if image.lacking:
        message = f"is truncated: {image.size} of {image.size + image.lacking} bytes present"
        raise _unusable("REPO011", iso, message, again(image))
    if not found:
        raise _unusable("REPO010", iso, f"has no {REPOMD} in {_TOP}", _DISC)
    try:
        cut = image.cut()
    except (OSError, BadIso, BadRepodata) as error:
        raise _unusable("REPO011", iso, reason(error), again(image)) from None
    if cut:
        raise _unusable("REPO010", iso, CUT.format(cut), UNCUT)
    return image


def _elsewhere(places: Sequence[str]) -> str:
    """What is added where packages are not to be had, and their metadata (xml:base) name other places: nobody
    has signed those, so no server is asked that was not named. Where the packages lie in the repository all
    the same, as in most copies, it does not matter."""
    if not places:
        return ""
    named = without_secrets(", ".join(places))
    return f"by their metadata packages of it lie at {named}: give the repository there, --rpm-repo URL"


def _file(package: Package, shelf: Shelf) -> File:
    algorithm, _, checksum = package.checksum.partition(":")
    return File(shelf, package.location, algorithm, checksum)


def _take(files: Sequence[File], reporter: Reporter) -> None:
    """Have those of mirrors in the cache, each mirror's together."""
    for medium in dict.fromkeys(one.shelf.medium for one in files):
        if isinstance(medium, Mirror):
            wanted = [
                Wanted(f"{shelf.repository.base}/{href}".lstrip("/"), algorithm, checksum)
                for shelf, href, algorithm, checksum in files
                if shelf.medium is medium and not outside(href)  # who opens that refuses it
            ]
            medium.take(wanted, reporter)


def _is_loose(medium: Medium) -> bool:
    """Whether no metadata vouch for what is there."""
    return isinstance(medium, Directory) and medium.loose() is not None


def _key(path: Path) -> Source | None:
    """A key that was given travels with what it vouches for, where it is called as keys are."""
    if not re.fullmatch(KEY_NAME, path.name):
        return None
    return Source(layout.RPMS + path.name, rpm_keys.armour(path.read_bytes()))


def _unreadable(found: Unreadable) -> OffkitError:
    error, medium = found.error, found.shelf.medium
    if isinstance(error, Unreachable):
        return EnvironmentProblem("a repository cannot be used", [error.finding()])
    return _unusable("REPO011", medium.place, reason(error), again(medium))


def _unusable(code: str, place: Path | str, message: str, fix: str) -> OffkitError:
    kind = IntegrityError if code == "REPO011" else EnvironmentProblem
    text = str(place)
    return kind("a medium cannot be used", [Finding(code, ERROR, text, message, (text,), fix)])

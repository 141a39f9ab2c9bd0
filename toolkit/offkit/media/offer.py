"""What media offer, found out without mounting them: to yum, and to the doctor's questions."""

import hashlib
import os
import posixpath
from contextlib import ExitStack
from typing import Collection, List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges import host, releases
from offkit.edges.tree import Tree
from offkit.media import disc as discs
from offkit.media import medium as trees
from offkit.media import repodata, rpm
from offkit.media.disc import Disc
from offkit.media.iso9660 import BadIso
from offkit.media.keys import Server, key_of
from offkit.media.providers import Catalog
from offkit.media.repodata import REPOMD, Marked
from offkit.media.repofile import Base
from offkit.media.repository import Repository, Unreachable, reason
from offkit.media.rpm import BadRepodata
from offkit.model import errors
from offkit.model import url as urls
from offkit.model.errors import IntegrityError, UsageError
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.url import is_url

_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")  # in the identity of a repository


class Offer(NamedTuple):
    """An ISO image, a directory or a URL, with at least one repository."""

    source: str  # absolute path, as it was named; or a URL
    iso: bool
    repositories: Tuple[Marked, ...]
    label: str  # of the disc, "" without one
    keys: Tuple[str, ...]  # names of key files at its top
    opened: Optional[trees.Medium] = None  # to read it with
    disc: Optional[Disc] = None  # which release it is of, where it says so

    @property
    def name(self) -> str:
        return trees.name(self.source)


def look(
    isos: Sequence[str], directories: Sequence[trees.Source], stack: Optional[ExitStack] = None
) -> List[Offer]:
    """What is on these media, ISO images first. Those are open until ``stack`` closes; without one they
    are closed again.

    Raises, with everything that is wrong with any of them: UsageError for what is not there,
    IntegrityError for an image or metadata that is damaged (REPO011), EnvironmentProblem for a
    medium without a repository (REPO010) or one that cannot be reached (REPO017, REPO018).
    """
    named = [*isos, *(one for one in directories if isinstance(one, str))]
    absent = [path for path in named if not os.path.exists(path)]
    if absent:
        raise UsageError("no such file or directory: {}".format(", ".join(absent)), fix="check the path")
    found: List[Offer] = []
    wrong: List[Finding] = []
    sources: List[Tuple[trees.Source, bool]] = [(path, True) for path in isos]
    sources += [(one, False) for one in directories]
    for source, iso in sources:
        path = source if isinstance(source, str) else source.place
        with ExitStack() as own:
            try:
                opened = own.enter_context(trees.Image(path)) if iso else trees.of(source)
                if isinstance(opened, trees.Image) and opened.lacking:
                    wrong.append(_cut(path, opened))
                    continue
                made, problems = _read(opened, path, iso)
                cut = opened.cut() if isinstance(opened, trees.Image) and not problems else ""
                if cut:
                    problems = [_unreadable("REPO010", path, trees.CUT.format(cut))._replace(fix=trees.UNCUT)]
            except Unreachable as error:
                wrong.append(error.finding())
                continue
            except BadIso as error:
                wrong.append(_unreadable("REPO010", path, "is not an ISO image: {}".format(error)))
                continue
            except OSError as error:
                wrong.append(_unreadable("REPO010", path, "cannot be read: " + reason(error)))
                continue
            if stack is not None:
                stack.push(own.pop_all())
        wrong += problems
        found.append(made)
    if wrong:
        kind = errors.of_all(each.code for each in wrong)
        words = "a medium is damaged" if kind is IntegrityError else "a medium cannot be used"
        raise kind(words, wrong)
    return found


def _cut(path: str, image: trees.Image) -> Finding:
    message = "is truncated: {} of {} bytes present".format(image.size, image.size + image.lacking)
    return _unreadable("REPO011", path, message)


def _unreadable(code: str, path: str, message: str) -> Finding:
    fix = {
        "REPO010": "use an installation disc of this distribution, or a directory or URL with its files",
        "REPO011": "copy it again and compare its checksum with the one published for it",
    }
    return Finding(code, ERROR, path, message, (path,), fix[code])


def _read(opened: trees.Medium, path: str, iso: bool) -> Tuple[Offer, List[Finding]]:
    rows, problems = [], []
    for each in opened.repositories():
        try:
            text = each.repomd()
            repodata.parse_repomd(text)
        except (OSError, BadIso, BadRepodata) as error:
            place = posixpath.join(each.base, REPOMD)
            problems.append(_unreadable("REPO011", path, "{}: {}".format(place, reason(error))))
            continue
        rows.append(Marked(each.base, hashlib.sha256(text).hexdigest()))
    if not rows and not problems:
        message = "has no {} in its top directory, one level below, or where mirrors have it".format(REPOMD)
        problems.append(_unreadable("REPO010", path, message))
    keys = tuple(opened.key_files())
    label = "" if is_url(path) else opened.text(discs.LABEL)
    return Offer(path, iso, tuple(rows), label, keys, opened, disc_of(opened)), problems


def disc_of(opened: trees.Medium) -> Optional[Disc]:
    """None where the medium does not say which release it is of, or nobody can read that. A URL is asked for
    one file only."""
    try:
        label = "" if is_url(opened.place) else opened.text(discs.LABEL)
        return discs.named(opened.text(discs.TREE), label, opened.volume)
    except (OSError, BadIso):
        return None  # what cannot be read is told where it matters


def strangers(media: Sequence[Offer], here: Server) -> List[Finding]:
    """ENV049 for each that is of another release than this server."""
    return [each for one in media for each in discs.stranger(one.disc, one.source, here.name)]


def tagged(media: Sequence[Offer], here: Server) -> List[Finding]:
    """ENV049 for each whose libraries are all in packages for another Enterprise Linux than this server is;
    their metadata has been read before."""
    rows = [(one.source, one.opened.repositories() if one.opened is not None else []) for one in media]
    return [each for place, opened in rows for each in _tagged(opened, place, here.el, here.name)]


def _tagged(opened: Sequence[Repository], place: str, el: int, name: str) -> List[Finding]:
    majors = {rpm.built_for(each.release) for where in opened for each in where.libraries().packages}
    if not el or len(majors) != 1 or majors & {0, el}:
        return []
    disc = Disc("full of packages for Enterprise Linux {}".format(*majors), "el{}".format(*majors))
    return discs.stranger(disc, place, name)


def elsewhere(repositories: Sequence[Repository]) -> List[Finding]:
    """REPO020 for each whose metadata send yum to another server than the one it is on. What cannot be read
    here yum may be able to read."""
    found = []
    for where in repositories:
        try:
            base = where.libraries().elsewhere
        except (BadRepodata, BadIso, OSError):
            continue
        if base and not (is_url(where.place) and urls.host(base) == urls.host(where.place)):
            shown = urls.without_secrets(base)
            message = "says of its packages that they lie at {} (xml:base), and yum would fetch them there"
            top = posixpath.join(where.place, where.base) if os.path.isdir(where.place) else "DIR"
            fix = (
                "make its metadata anew: createrepo_c {}; or --no-root, which reads the packages beside the "
                "metadata"
            )
            found.append(
                Finding("REPO020", ERROR, where.title, message.format(shown), (where.place,), fix.format(top))
            )
    return found


def bases(medium: Offer, top: str, here: Server, taken: Collection[str] = ()) -> List[Base]:
    """The sections for a medium whose files are below ``top``; no identity is among ``taken``.

    Raises IntegrityError (REPO014) where no key is there to check its packages with.
    """
    key = key_of(medium.name, medium.keys, top, here)
    found: List[Base] = []
    for row in medium.repositories:
        identity = _identity(row.base, here.el, {*taken, *(one.id for one in found)})
        title = "{}, {}".format(medium.name, row.base) if row.base else medium.name
        directory = posixpath.join(top, row.base) if row.base else top
        found.append(Base(identity, title, directory, key))
    return found


def _identity(base: str, el: int, taken: Collection[str]) -> str:
    """``offkit-el7``, ``offkit-appstream`` (AppStream/x86_64/os too); with a number where that is taken."""
    parts = base.split("/")
    telling = [each for each in parts if each not in ("os", "latest", os.uname().machine)] or parts[:1]
    name = telling[-1].lower() or ("el{}".format(el) if el else "media")
    plain = "offkit-" + "".join(char if char in _ALLOWED else "-" for char in name)
    number, found = 1, plain
    while found in taken:
        number += 1
        found = "{}-{}".format(plain, number)
    return found


def open_catalog(
    tree: Tree,
    isos: Sequence[str] = (),
    rpm_repos: Sequence[trees.Source] = (),
    own: Sequence[str] = (),
    theirs: Sequence[str] = (),
) -> Catalog:
    """The repositories that were named, else those at ``theirs`` and ``own``: directories inside the
    tree, the administrator's before offkit's.

    ``isos`` and ``rpm_repos`` are paths as this process sees them; among the latter may be media
    that are open already.
    """
    catalog, release = Catalog(), releases.known().name_of(host.os_release(tree))
    for iso in isos:
        try:
            image = trees.Image(iso)
        except (OSError, BadIso) as error:
            catalog.findings.append(_no_image(iso, reason(error)))
        else:
            catalog.hold(image)
            if image.lacking:
                catalog.findings.append(_cut_off(iso, image))
            _add(catalog, image, release)
    for rpm_repo in rpm_repos:
        _add(catalog, trees.of(rpm_repo), release)
    if not (isos or rpm_repos):
        # One without metadata is another check's matter.
        found = [trees.Directory(tree, path).repository("") for path in dict.fromkeys([*theirs, *own])]
        catalog.add([each for each in found if tree.is_file(posixpath.join(each.place, REPOMD))], False)
        catalog.decisive = any(each.place in own for each in found)
        el = releases.known().el_major(host.os_release(tree))
        catalog.judge = lambda each: [
            one._replace(severity=WARNING) for one in _tagged([each], each.title, el, release)
        ]
    return catalog


def _add(catalog: Catalog, medium: trees.Medium, release: str) -> None:
    """Every repository on a medium of the command line; a finding when there is none."""
    catalog.findings += discs.stranger(disc_of(medium), medium.place, release)
    try:
        found = medium.repositories()
        catalog.findings += medium.left_out()
    except Unreachable as error:
        catalog.findings.append(error.finding())
        return
    except (OSError, BadIso, BadRepodata) as error:
        catalog.unreadable(medium.place, reason(error), True)
        return
    if not found:
        message = (
            "no yum repository: no {} in its top directory, one level below, or where mirrors have it".format(
                REPOMD
            )
        )
        catalog.unreadable(medium.place, message, True)
    catalog.add(found, True)


def _no_image(iso: str, why: str) -> Finding:
    fix = "give the .iso file itself; if this is it, copy it again and compare its checksum"
    return Finding("REPO004", ERROR, iso, "cannot be read as an ISO image: " + why, (iso,), fix)


def _cut_off(iso: str, image: trees.Image) -> Finding:
    message = "is truncated: {} of {} bytes present".format(image.size, image.size + image.lacking)
    return Finding("REPO004", ERROR, iso, message, (iso,), "copy it again and compare its checksum")

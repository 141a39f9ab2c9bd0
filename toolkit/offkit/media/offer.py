"""What media offer, found out without mounting them: to yum, and to the doctor's questions."""

import hashlib
import os
import posixpath
from contextlib import ExitStack
from typing import Collection, List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges import host, releases
from offkit.edges.tree import Tree
from offkit.media import medium as trees
from offkit.media import repodata
from offkit.media.iso9660 import BadIso
from offkit.media.providers import Catalog
from offkit.media.repodata import REPOMD
from offkit.media.repository import Unreachable, reason
from offkit.media.rpm import BadRepodata
from offkit.model.errors import EnvironmentProblem, IntegrityError, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.model.release import medium_key, own_keys
from offkit.model.url import is_url

KEYS = "/etc/pki/rpm-gpg"
_LABEL = ".discinfo"  # of a disc: time stamp, release, architecture, one a line
_LABEL_SIZE = 4096
_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")  # in the identity of a repository


class Repository(NamedTuple):
    """One of the yum repositories of a medium."""

    base: str  # below the medium's top: "", "BaseOS"
    mark: str  # SHA-256 (hex) of its repomd.xml: another disc has another one


class Medium(NamedTuple):
    """An ISO image, a directory or a URL, with at least one repository."""

    source: str  # absolute path, as it was named; or a URL
    iso: bool
    repositories: Tuple[Repository, ...]
    label: str  # of the disc, "" without one
    keys: Tuple[str, ...]  # names of key files at its top
    opened: Optional[trees.Medium] = None  # to read it with

    @property
    def name(self) -> str:
        """For people: ``CentOS-7-x86_64-Everything-2009.iso``"""
        return self.source if is_url(self.source) else os.path.basename(self.source) or self.source


class Base(NamedTuple):
    """One section of a .repo file."""

    id: str
    title: str
    directory: str  # that holds repodata/, or the URL of one
    key: str  # path of the file with the public key


class Server(NamedTuple):
    """What of this server decides which key a medium is checked with."""

    el: int
    distribution: str  # the ID of os-release(5)
    tree: Tree

    @property
    def key(self) -> str:
        """The file in /etc/pki/rpm-gpg with the distribution's own key; "" where it is not there."""
        names = own_keys(releases.of(self.el).keys, self.distribution)
        paths = [posixpath.join(KEYS, name) for name in names]
        return next((path for path in paths if self.tree.is_file(path)), "")


def server(tree: Optional[Tree] = None) -> Server:
    """The one below ``tree``, by default the running one."""
    tree = tree or Tree("/")
    release = {}
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            release = host.parse_os_release(tree.text(path))
            break
        except OSError:
            continue
    return Server(releases.known().el_major(release), release.get("ID", ""), tree)


def look(
    isos: Sequence[str], directories: Sequence[trees.Source], stack: Optional[ExitStack] = None
) -> List[Medium]:
    """What is on these media, ISO images first. Those are open until ``stack`` closes; without one they
    are closed again.

    Raises, with everything that is wrong with any of them: UsageError for what is not there,
    IntegrityError for an image or metadata that is damaged (REPO011), EnvironmentProblem for a
    medium without a repository (REPO010) or one that cannot be reached (REPO017, REPO018).
    """
    named = [*isos, *(one for one in directories if isinstance(one, str))]
    absent = [path for path in named if not os.path.exists(path)]
    if absent:
        raise UsageError("there is no {}".format(", ".join(absent)), fix="name the file, or the directory")
    found: List[Medium] = []
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
            except Unreachable as error:
                wrong.append(error.finding())
                continue
            except BadIso as error:
                wrong.append(_unreadable("REPO010", path, "is no ISO image: {}".format(error)))
                continue
            except OSError as error:
                wrong.append(_unreadable("REPO010", path, "cannot be read: " + reason(error)))
                continue
            if stack is not None:
                stack.push(own.pop_all())
        wrong += problems
        found.append(made)
    if any(each.code == "REPO011" for each in wrong):
        raise IntegrityError("a medium is damaged", wrong)
    if wrong:
        raise EnvironmentProblem("a medium is no use here", wrong)
    return found


def _cut(path: str, image: trees.Image) -> Finding:
    message = "is cut short: {} of {} bytes are there".format(image.size, image.size + image.lacking)
    return _unreadable("REPO011", path, message)


def _unreadable(code: str, path: str, message: str) -> Finding:
    fix = {
        "REPO010": "name an installation disc of this distribution, or a directory or URL with its files",
        "REPO011": "copy it again and compare its checksum with the one published for it",
    }
    return Finding(code, ERROR, path, message, (path,), fix[code])


def _read(opened: trees.Medium, path: str, iso: bool) -> Tuple[Medium, List[Finding]]:
    rows, problems = [], []
    for each in opened.repositories():
        try:
            text = each.repomd()
            repodata.parse_repomd(text)
        except (OSError, BadIso, BadRepodata) as error:
            place = posixpath.join(each.base, REPOMD)
            problems.append(_unreadable("REPO011", path, "{}: {}".format(place, reason(error))))
            continue
        rows.append(Repository(each.base, hashlib.sha256(text).hexdigest()))
    if not rows and not problems:
        message = "has no {}, neither at its top nor one directory below".format(REPOMD)
        problems.append(_unreadable("REPO010", path, message))
    return Medium(path, iso, tuple(rows), _label(opened), tuple(opened.key_files()), opened), problems


def _label(opened: trees.Medium) -> str:
    if not (_LABEL in opened.names() and opened.has(_LABEL)):
        return ""
    with opened.open(_LABEL) as source:
        return bytes(source.read(_LABEL_SIZE)).decode("utf-8", "replace").strip()


def bases(medium: Medium, top: str, here: Server, taken: Collection[str] = ()) -> List[Base]:
    """The sections for a medium whose files are below ``top``; no identity is among ``taken``.

    Raises IntegrityError (REPO014) where no key is there to check its packages with.
    """
    key = key_of(medium, top, here)
    found: List[Base] = []
    for row in medium.repositories:
        identity = _identity(row.base, here.el, {*taken, *(one.id for one in found)})
        title = "{}, {}".format(medium.name, row.base) if row.base else medium.name
        directory = posixpath.join(top, row.base) if row.base else top
        found.append(Base(identity, title, directory, key))
    return found


def key_of(medium: Medium, top: str, here: Server) -> str:
    """The key file to check a medium's packages with.

    The one that this server's own release package brought comes first: a disc that somebody
    made can bring a key that somebody made. Raises IntegrityError (REPO014) without any.
    """
    if here.key:
        return here.key
    name = medium_key(releases.of(here.el).keys, medium.keys)
    if name:
        return posixpath.join(top, name)
    message = "has no key at its top, and this server has none for {} {}".format(
        here.distribution or "an unknown system", here.el or ""
    ).rstrip()
    fix = "put the distribution's RPM-GPG-KEY file into {} by the name that it has on its servers".format(
        KEYS
    )
    raise IntegrityError(
        "no key to check packages with", [Finding("REPO014", ERROR, medium.source, message, (KEYS,), fix)]
    )


def _identity(base: str, el: int, taken: Collection[str]) -> str:
    """``offkit-el7``, ``offkit-appstream``; with a number where that is taken."""
    name = posixpath.basename(base).lower() if base else "el{}".format(el) if el else "media"
    plain = "offkit-" + "".join(char if char in _ALLOWED else "-" for char in name)
    number, found = 1, plain
    while found in taken:
        number += 1
        found = "{}-{}".format(plain, number)
    return found


def open_catalog(
    tree: Tree, isos: Sequence[str] = (), rpm_repos: Sequence[trees.Source] = (), own: Sequence[str] = ()
) -> Catalog:
    """The repositories that were named, else those at ``own``: directories inside the tree.

    ``isos`` and ``rpm_repos`` are paths as this process sees them; among the latter may be media
    that are open already.
    """
    catalog = Catalog()
    for iso in isos:
        try:
            image = trees.Image(iso)
        except (OSError, BadIso) as error:
            catalog.findings.append(_no_image(iso, reason(error)))
        else:
            catalog.hold(image)
            if image.lacking:
                catalog.findings.append(_cut_off(iso, image))
            _add(catalog, image)
    for rpm_repo in rpm_repos:
        _add(catalog, trees.of(rpm_repo))
    if not (isos or rpm_repos):
        # One without metadata is another check's matter.
        found = [trees.Directory(tree, path).repository("") for path in own]
        catalog.add([each for each in found if tree.is_file(posixpath.join(each.place, REPOMD))], False)
    return catalog


def _add(catalog: Catalog, medium: trees.Medium) -> None:
    """Every repository on a medium of the command line; a finding when there is none."""
    try:
        found = medium.repositories()
    except Unreachable as error:
        catalog.findings.append(error.finding())
        return
    except (OSError, BadIso) as error:
        catalog.unreadable(medium.place, reason(error), True)
        return
    if not found:
        message = "no yum repository: there is no {}, neither at its top nor one directory below".format(
            REPOMD
        )
        catalog.unreadable(medium.place, message, True)
    catalog.add(found, True)


def _no_image(iso: str, why: str) -> Finding:
    fix = "name the .iso file itself; if it is that, copy it again and compare its checksum"
    return Finding("REPO004", ERROR, iso, "cannot be read as an ISO image: " + why, (iso,), fix)


def _cut_off(iso: str, image: trees.Image) -> Finding:
    message = "is cut off: {} of {} bytes are there".format(image.size, image.size + image.lacking)
    return Finding("REPO004", ERROR, iso, message, (iso,), "copy it again and compare its checksum")

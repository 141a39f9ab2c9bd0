"""RPMs on media that nobody mounted: asked by capability, fetched one by one, checked, opened."""

import os
import shutil
import tempfile
from contextlib import ExitStack
from typing import Any, Collection, Dict, List, NamedTuple, NoReturn, Optional, Sequence

from offkit.edges import leftovers, unpacking
from offkit.media import cpio, repository, rpm_keys, rpm_payload, rpmfile
from offkit.media.iso9660 import BadIso
from offkit.media.keys import Server, key_of
from offkit.media.medium import Medium
from offkit.media.medium import name as title
from offkit.media.repository import BadPackage, Repository, Unreachable, reason
from offkit.media.rpm import Package
from offkit.media.rpm_payload import Contents
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.url import is_url

# What helps, where the medium is an ISO, the RPMs of a bundle, or anything else.
_TRUSTED = "or, if you trust that key: rpm --import FILE, as root"
_OTHERS = "bundle again, with RPMs that the distribution has signed (--iso or --rpm-repo)"
_DAMAGED = (
    "copy the ISO again and compare its checksum with the one published for it",
    "bundle again, with RPMs that are whole (--iso or --rpm-repo)",
    "copy {} again and compare sha256sum on both sides of the gap",
)
_UNSIGNED = (
    "use the distribution's own ISO: every package on it is signed",
    _OTHERS,
    "use the distribution's own RPMs: each of them is signed",
)
_NO_KEY = (
    "use the distribution's own ISO; " + _TRUSTED,
    "{}; {}".format(_OTHERS, _TRUSTED),
    "use the distribution's own RPMs; " + _TRUSTED,
)


class Opened(NamedTuple):
    """An RPM whose checksum and signature are in order."""

    contents: Contents
    signature: str  # what vouches for it, for people


class Supply:
    """All repositories of some media. Use as a context manager: images stay open, and there is a
    scratch directory for one RPM at a time."""

    def __init__(self, chosen: Sequence[Medium], here: Server) -> None:
        self._chosen, self._here = chosen, here
        self._stack = ExitStack()
        self._repositories = [each for one in chosen for each in one.repositories()]
        self._of: Dict[str, Repository] = {}  # title of a package → where it is
        self.findings: List[Finding] = []

    def __enter__(self) -> "Supply":
        self._scratch = self._stack.enter_context(leftovers.scratch())
        try:
            keys = [key for each in self._chosen for key in self._keys(each)]
            self._ring = self._key_ring(keys)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *exc: Any) -> None:
        self._stack.close()

    def _keys(self, each: Medium) -> Sequence[str]:
        """The key files for a medium, copied where they are in an image. Raises IntegrityError (REPO014)."""
        path = key_of(title(each.place), each.key_files(), "", self._here)
        if path == self._here.key:
            return self._here.keys
        copy = os.path.join(self._scratch, "{}.key".format(len(os.listdir(self._scratch))))
        with each.open(path) as source, open(copy, "wb") as sink:
            shutil.copyfileobj(source, sink)
        return (copy,)

    def _key_ring(self, keys: Sequence[str]) -> rpm_keys.KeyRing:
        folder = os.path.join(self._scratch, "keys")
        os.mkdir(folder)
        ring = rpm_keys.KeyRing(folder)
        ring.add(sorted(set(keys)))
        ring.add_imported(self._here.imported)
        remote = [each.place for each in self._chosen if is_url(each.place)]
        if not ring.available and remote:
            raise _unchecked(remote)
        if not ring.available:
            message = "is not installed, so no signatures are checked, only the medium's own checksums"
            self.findings.append(Finding("RPM009", WARNING, "rpm", message))
        return ring

    @property
    def names(self) -> List[str]:
        """Of the media, each once."""
        return list(dict.fromkeys(title(each.place) for each in self._repositories))

    def ask(self, capabilities: Collection[str]) -> List[Package]:
        """Packages with any of these libraries. The metadata is read once, at the first question.

        Raises IntegrityError (REPO011) for damaged metadata, EnvironmentProblem (REPO017) where a
        server does not answer any more; so does ``open``.
        """
        found = repository.ask(
            lambda each: each.ask(capabilities), self._repositories, self._damaged, self._here.el
        )
        for package, where in found:
            self._of.setdefault(package.title, where)
        return [package for package, _ in found]

    def _damaged(self, where: Repository, error: Exception) -> NoReturn:
        if isinstance(error, Unreachable):
            raise _unreachable(error)
        message = "its metadata cannot be read: {}".format(reason(error))
        found = Finding(
            "REPO011", ERROR, title(where.place), message, (where.base,), _fix(_DAMAGED, title(where.place))
        )
        raise IntegrityError("a medium is damaged", [found])

    def medium(self, package: Package) -> str:
        """The name of the medium that has it."""
        return title(self._of[package.title].place)

    def open(self, package: Package) -> Opened:
        """The libraries of a package that ``ask`` gave, once everything vouches for it.

        Raises IntegrityError (RPM001, RPM002, RPM003) or EnvironmentProblem (RPM008).
        """
        name = self.medium(package)
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            path = os.path.join(folder, "package.rpm")
            try:
                self._copy(package, path)
                verdict = self._ring.check(path)
                wrong = judge(package.title, name, verdict)
                if wrong is not None:
                    raise _error(wrong, name)
                front, contents = rpm_payload.libraries(path, folder)
            except (BadPackage, rpmfile.BadRpm, cpio.BadCpio, unpacking.Damaged, BadIso) as error:
                raise _damaged(package, name, str(error))
            except unpacking.Unsupported as error:
                raise _refused("RPM008", package, name, str(error), "yum install rpm, which has rpm2cpio")
        if (front.name, front.arch) != (package.name, package.arch):
            raise _damaged(package, name, "contains {} instead".format(front.title))
        signed = "key {}".format(verdict.text) if verdict.kind == rpm_keys.SIGNED else "checksum only"
        return Opened(contents, signed)

    def _copy(self, package: Package, path: str) -> None:
        """What cannot be read is the medium's fault; what cannot be written is not."""
        pieces = self._of[package.title].fetch(package)
        with open(path, "wb") as sink:
            while True:
                try:
                    piece = next(pieces, b"")
                except FileNotFoundError:
                    raise BadPackage("is missing, although the metadata lists it")
                except Unreachable as error:
                    raise _unreachable(error)
                except OSError as error:
                    raise BadPackage("cannot be read: {}".format(reason(error)))
                if not piece:
                    break
                sink.write(piece)


def judge(
    title: str, name: str, verdict: rpm_keys.Verdict, key: str = "among those that this server has"
) -> Optional[Finding]:
    """What speaks against a package from the medium called ``name``; None where its signature is good, or
    nobody can tell. ``key``: where one was expected that it is not."""
    if verdict.kind == rpm_keys.DAMAGED:
        return _finding("RPM001", title, name, "is damaged: {}".format(verdict.text), _fix(_DAMAGED, name))
    if verdict.kind == rpm_keys.UNSIGNED:
        message = "is not signed" + (": " + verdict.text if verdict.text else "")
        return _finding("RPM002", title, name, message, _fix(_UNSIGNED, name))
    if verdict.kind == rpm_keys.NO_KEY:
        message = "is signed with key {}, which is not {}".format(verdict.text, key)
        return _finding("RPM003", title, name, message, _fix(_NO_KEY, name))
    return None


def _fix(fixes: Sequence[str], name: str) -> str:
    """The one for the medium of this name, or for several: those of a bundle are called like it."""
    if ", " in name or not name.endswith((".iso", ".tar")):
        return fixes[2].format(name)
    return fixes[name.endswith(".tar")]


def _unreachable(error: Unreachable) -> EnvironmentProblem:
    return EnvironmentProblem("a medium cannot be reached", [error.finding()])


def _unchecked(places: Sequence[str]) -> EnvironmentProblem:
    """Over HTTP anybody in between can write checksums: without signatures nothing vouches."""
    message = "is not installed; without it, packages from {} cannot be verified".format(", ".join(places))
    fix = "install rpm, or use a local medium: --iso FILE, --rpm-repo DIR"
    return EnvironmentProblem(
        "signatures cannot be checked", [Finding("RPM009", ERROR, "rpm", message, (), fix)]
    )


def _damaged(package: Package, name: str, message: str) -> OffkitError:
    return _refused("RPM001", package, name, message, _fix(_DAMAGED, name))


def _refused(code: str, package: Package, name: str, message: str, fix: str) -> OffkitError:
    return _error(_finding(code, package.title, name, message, fix), name)


def _finding(code: str, title: str, name: str, message: str, fix: str) -> Finding:
    return Finding(code, ERROR, title, message, (name,), fix)


def _error(found: Finding, name: str) -> OffkitError:
    kind = EnvironmentProblem if found.code == "RPM008" else IntegrityError
    return kind("an RPM from {} cannot be used".format(name), [found])

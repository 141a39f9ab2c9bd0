"""RPMs on media that nobody mounted: asked by capability, fetched one by one, checked, opened."""

import hashlib
import os
import posixpath
import shutil
import tempfile
from contextlib import ExitStack
from typing import Any, Collection, Dict, Iterator, List, NamedTuple, Optional, Sequence

from offkit.edges import leftovers, unpacking
from offkit.media import access, cpio, offer, rpm, rpm_keys, rpm_payload, rpmfile
from offkit.media.iso9660 import BadIso
from offkit.media.offer import Medium, Server
from offkit.media.repodata import BadRepodata
from offkit.media.rpm import Package
from offkit.media.rpm_payload import Contents
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError
from offkit.model.finding import ERROR, WARNING, Finding

_HASHES = {"sha": "sha1", "sha1": "sha1", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512"}
_CHUNK = 1 << 20
_COPY = "copy the ISO again and compare its checksum with the one published for it"


class Place(NamedTuple):
    """One repository."""

    medium: access.Medium
    base: str
    name: str  # of the medium, for people


class Opened(NamedTuple):
    """An RPM whose checksum and signature are in order."""

    contents: Contents
    signature: str  # what vouches for it, for people


class Supply:
    """All repositories of some media. Use as a context manager: images stay open, and there is a
    scratch directory for one RPM at a time."""

    def __init__(self, chosen: Sequence[Medium], here: Server) -> None:
        """``chosen`` is what ``media.offer.look`` found."""
        self._chosen, self._here = chosen, here
        self._stack = ExitStack()
        self._places: List[Place] = []
        self._of: Dict[str, Place] = {}  # title of a package → where it is
        self._having: Optional[Dict[str, List[Package]]] = None  # by capability
        self.findings: List[Finding] = []

    def __enter__(self) -> "Supply":
        self._scratch = self._stack.enter_context(leftovers.scratch())
        try:
            keys = []
            for each in self._chosen:
                opened = each.opened or access.of(each.source)
                if each.iso:
                    opened = self._stack.enter_context(access.Image(each.source))
                self._places += [Place(opened, row.base, each.name) for row in each.repositories]
                keys.append(self._key(each, opened))
            self._ring = self._key_ring(keys)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *exc: Any) -> None:
        self._stack.close()

    def _key(self, each: Medium, opened: access.Medium) -> str:
        """The key file for a medium, copied where its medium is an image. Raises IntegrityError (REPO014)."""
        path = offer.key_of(each, "", self._here)
        if path == self._here.key:
            return path
        copy = os.path.join(self._scratch, "{}.key".format(len(os.listdir(self._scratch))))
        with opened.open(path) as source, open(copy, "wb") as sink:
            shutil.copyfileobj(source, sink)
        return copy

    def _key_ring(self, keys: Sequence[str]) -> rpm_keys.KeyRing:
        folder = os.path.join(self._scratch, "keys")
        os.mkdir(folder)
        ring = rpm_keys.KeyRing(folder)
        ring.add(sorted(set(keys)))
        remote = [each.source for each in self._chosen if each.opened is not None]
        if not ring.available and remote:
            raise _unchecked(remote)
        if not ring.available:
            message = "is not here, so signatures are not checked: only the medium's own checksums vouch"
            self.findings.append(Finding("RPM009", WARNING, "rpm", message))
        return ring

    @property
    def names(self) -> List[str]:
        """Of the media, each once."""
        return list(dict.fromkeys(place.name for place in self._places))

    def ask(self, capabilities: Collection[str]) -> List[Package]:
        """Packages with any of these libraries. The metadata is read once, at the first question.

        Raises IntegrityError (REPO011) for damaged metadata, EnvironmentProblem (REPO017) where a
        server does not answer any more; so does ``open``.
        """
        if self._having is None:
            self._having = self._read()
        found = [package for each in capabilities for package in self._having.get(each, ())]
        return list(dict.fromkeys(found))

    def _read(self) -> Dict[str, List[Package]]:
        having: Dict[str, List[Package]] = {}
        for place in self._places:
            try:
                index = access.read_index(place.medium, place.base, None)
            except access.Unreachable as error:
                raise _unreachable(error)
            except (BadRepodata, BadIso, OSError) as error:
                message = "its metadata cannot be read: {}".format(access.reason(error))
                raise IntegrityError(
                    "a medium is damaged",
                    [Finding("REPO011", ERROR, place.name, message, (place.base,), _COPY)],
                )
            for package in index.packages:
                if rpm.foreign(package.release, self._here.el):
                    continue
                self._of.setdefault(package.title, place)
                for each in package.provides:
                    having.setdefault(each, []).append(package)
        return having

    def medium(self, package: Package) -> str:
        """The name of the medium that has it."""
        return self._of[package.title].name

    def open(self, package: Package) -> Opened:
        """The libraries of a package that ``ask`` gave, once everything vouches for it.

        Raises IntegrityError (RPM001, RPM002, RPM003) or EnvironmentProblem (RPM008).
        """
        place = self._of[package.title]
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            path = os.path.join(folder, "package.rpm")
            try:
                self._copy(place, package, path)
                verdict = self._ring.check(path)
                _judge(package, place.name, verdict)
                front, contents = rpm_payload.libraries(path, folder)
            except (rpmfile.BadRpm, cpio.BadCpio, unpacking.Damaged, BadIso) as error:
                raise _damaged(package, place.name, str(error))
            except unpacking.Unsupported as error:
                raise _refused(
                    "RPM008", package, place.name, str(error), "yum install rpm, which has rpm2cpio"
                )
        if (front.name, front.arch) != (package.name, package.arch):
            raise _damaged(package, place.name, "is {}".format(front.title))
        signed = "key {}".format(verdict.text) if verdict.kind == rpm_keys.SIGNED else "checksum only"
        return Opened(contents, signed)

    def _copy(self, place: Place, package: Package, path: str) -> None:
        """The file, with the checksum that the metadata has for it."""
        location = posixpath.join(place.base, package.location)
        if ".." in location.split("/") or location.startswith("/") or ":" in location:
            raise _damaged(package, place.name, "lies outside its repository")
        algorithm, _, expected = package.checksum.partition(":")
        if algorithm not in _HASHES:
            raise _damaged(package, place.name, "has no checksum in the metadata")
        digest = hashlib.new(_HASHES[algorithm])
        with open(path, "wb") as sink:
            for chunk in _chunks(place, package, location):
                digest.update(chunk)
                sink.write(chunk)
        if digest.hexdigest() != expected:
            raise _damaged(package, place.name, "is not the file that the metadata was made for")


def _chunks(place: Place, package: Package, location: str) -> Iterator[bytes]:
    """What cannot be read is the medium's fault; what cannot be written is not."""
    try:
        with place.medium.open(location) as source:
            yield from iter(lambda: source.read(_CHUNK), b"")
    except FileNotFoundError:
        raise _damaged(package, place.name, "is not there, although the metadata lists it")
    except access.Unreachable as error:
        raise _unreachable(error)
    except OSError as error:
        raise _damaged(package, place.name, "cannot be read: {}".format(access.reason(error)))


def _judge(package: Package, name: str, verdict: rpm_keys.Verdict) -> None:
    """Raises IntegrityError unless the signature is good, or nobody can tell."""
    if verdict.kind == rpm_keys.DAMAGED:
        raise _damaged(package, name, "is damaged: {}".format(verdict.text))
    if verdict.kind == rpm_keys.UNSIGNED:
        fix = "take the distribution's own ISO: every package on it is signed"
        message = "is not signed" + (": " + verdict.text if verdict.text else "")
        raise _refused("RPM002", package, name, message, fix)
    if verdict.kind == rpm_keys.NO_KEY:
        message = "is signed with the key {}, which is not that of this medium".format(verdict.text)
        fix = "take the distribution's own ISO, or put the key of who made this one on it"
        raise _refused("RPM003", package, name, message, fix)


def _unreachable(error: access.Unreachable) -> EnvironmentProblem:
    return EnvironmentProblem("a medium cannot be reached", [error.finding()])


def _unchecked(places: Sequence[str]) -> EnvironmentProblem:
    """Over HTTP anybody in between can write checksums: without signatures nothing vouches."""
    message = "is not here, and without it nothing vouches for what comes from {}".format(", ".join(places))
    fix = "install rpm, or name a medium that was carried here: --iso FILE, --rpm-repo DIR"
    return EnvironmentProblem(
        "signatures cannot be checked", [Finding("RPM009", ERROR, "rpm", message, (), fix)]
    )


def _damaged(package: Package, name: str, message: str) -> OffkitError:
    return _refused("RPM001", package, name, message, _COPY)


def _refused(code: str, package: Package, name: str, message: str, fix: str) -> OffkitError:
    finding = Finding(code, ERROR, package.title, message, (name,), fix)
    kind = EnvironmentProblem if code == "RPM008" else IntegrityError
    return kind("an RPM of {} cannot be used".format(name), [finding])

"""Signatures before the gap: of repomd.xml by gpg(1), of RPMs by rpm(8).

A key that comes along with what it is to vouch for vouches for nothing: what counts are keys that were given,
else those of the target's release that this machine has of its own distribution. In any case the server
checks each RPM. A file may have several keys, the newest of a kind (post-quantum ones) that the gpg and
the rpm at hand cannot read: those are left out, and that is said.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from offkit.edges import leftovers
from offkit.edges.run import clean_environment, run
from offkit.media import rpm_keys
from offkit.media.repodata import REPOMD
from offkit.media.rpm import BadRepodata, Package
from offkit.media.supply import judge
from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.model.finding import ERROR, INFO, WARNING, Finding, together
from offkit.model.report import Reporter
from offkit.model.words import several
from offkit.online.rpms.choice import Shelf, Unreadable
from offkit.online.rpms.mirror import Forbidden

_BLOCK = re.compile(rb"-----BEGIN PGP PUBLIC KEY BLOCK-----.*?-----END PGP PUBLIC KEY BLOCK-----\n?", re.S)
_UNARMORED = b"\x80"  # the bit that each packet begins with (RFC 9580, 4.2)
# Of packages of the distribution, and of the one that has the keys of all.
_PLACES = ("etc/pki/rpm-gpg", "usr/share/distribution-gpg-keys/*")
_FIXES = {
    "RPM001": "fetch it from another mirror, or copy the ISO again",
    "RPM002": "use the distribution's own repository, where all are",
    "RPM003": "give the key that its maker publishes: --rpm-key FILE",
}


_STRANGE = "is signed with key {}, which by its FILE the server has neither from its vendor nor in rpm"
_IMPORT = (
    "use its distribution's own RPMs; or, if you trust that key, there beforehand, as root: rpm --import KEY"
)


def is_key(contents: bytes) -> bool:
    """Whether a file can have public keys."""
    return _BLOCK.search(contents) is not None or contents[:1] >= _UNARMORED


def at_hand(names: Sequence[str], top: str = "/") -> list[Path]:
    """Files with keys of a release, by their names, that this machine has."""
    found = (path for place in _PLACES for name in names for path in Path(top).glob(f"{place}/{name}"))
    return sorted(path for path in found if path.is_file())


class _Key(NamedTuple):
    name: str  # of the file that it is in
    path: Path  # where it is alone


def _apart(files: Sequence[Path], folder: Path) -> list[_Key]:
    """One that cannot be read would be the end of its file."""
    found: list[_Key] = []
    for file in files:
        contents = file.read_bytes()
        for block in _BLOCK.findall(contents) or [contents]:
            path = folder / f"{len(found)}.key"
            path.write_bytes(block)
            found.append(_Key(file.name, path))
    return found


def _skipped(program: str, keys: Sequence[_Key], unread: Sequence[_Key]) -> list[Finding]:
    """Of keys that the program cannot read. Raises EnvironmentProblem (RPM009) where those are all."""
    names = dict.fromkeys(one.name for one in unread)
    why = f"{program} here cannot read: it is of a newer kind (post-quantum), or too weak for it"
    if len(unread) == len(keys):
        message = f"reads none of the keys: each of {', '.join(names)} is one that {why}"
        fix = f"use a newer {program}, or give another key of the same maker; the server checks each RPM"
        raise EnvironmentProblem(
            "signatures cannot be checked here", [Finding("RPM009", ERROR, program, message, (), fix)]
        )
    return [Finding("RPM019", INFO, name, f"has a key that {why}; it is left out", (), "") for name in names]


def of_metadata(shelves: Sequence[Shelf], keys: Sequence[Path]) -> list[Finding]:
    """Each repomd.xml that has a signature beside it. Raises IntegrityError (RPM017), Unreadable, and
    EnvironmentProblem (RPM009) where there is no gpg, or none that reads a key."""
    signed = [shelf for shelf in shelves if keys and _is_signed(shelf)]
    if not signed:
        return []
    wrong = []
    with leftovers.scratch() as folder:
        gpg = _Gpg(Path(folder), signed[0])
        apart = _apart(keys, Path(folder))
        unread = [key for key in apart if not gpg.add(key.path)]
        told = _skipped("gpg", apart, unread)
        for shelf in signed:
            with _readable(shelf):
                why = gpg.verify(shelf, Path(folder))
            if why:
                title = shelf.repository.title
                why += "".join(f"; {one.subject} {one.message}" for one in told)
                fix = "give the key that signed it: --rpm-key FILE; or use another mirror"
                wrong.append(
                    Finding("RPM017", ERROR, title, f"the signature of its repomd.xml: {why}", (title,), fix)
                )
    if wrong:
        raise IntegrityError("a repository is not signed by the keys that were given", wrong)
    return told


@contextmanager
def _readable(shelf: Shelf) -> Iterator[None]:
    try:
        yield
    except (BadRepodata, OSError, ValueError) as error:
        raise Unreadable(shelf, error) from error


def _is_signed(shelf: Shelf) -> bool:
    with _readable(shelf):
        try:
            return shelf.medium.has(posixpath.join(shelf.repository.base, REPOMD + ".asc"))
        except Forbidden:  # as buckets of S3 say of what they do not have
            return False


class _Gpg:
    """gpg with keys of its own, below ``folder``."""

    def __init__(self, folder: Path, shelf: Shelf) -> None:
        home = folder / "home"
        home.mkdir(mode=0o700)
        self._argv = ["gpg", "--homedir", str(home), "--batch", "--no-autostart", "--no-tty"]
        self._argv += ["--status-fd", "1"]
        self._environment = clean_environment({"LC_ALL": "C"})
        if run([*self._argv, "--version"], self._environment).returncode == 127:
            place = shelf.repository.title
            message = (
                f"is not installed here, so the signature of the repomd.xml of {place} cannot be checked"
            )
            fix = "install it (GnuPG); or leave out the key: the server checks each RPM with its own"
            found = Finding("RPM009", ERROR, "gpg", message, (place,), fix)
            raise EnvironmentProblem("a signature cannot be checked here", [found])

    def add(self, path: Path) -> bool:
        """Whether it can read the key in that file."""
        return "IMPORT_OK" in run([*self._argv, "--import", str(path)], self._environment).stdout.split()

    def verify(self, shelf: Shelf, folder: Path) -> str:
        """Why not; "" where one of the keys has signed its repomd.xml, whoever else has (GnuPG's DETAILS)."""
        signature, signed = folder / "repomd.xml.asc", folder / "repomd.xml"
        with shelf.medium.open(posixpath.join(shelf.repository.base, REPOMD + ".asc")) as source:
            signature.write_bytes(source.read(1 << 20))
        signed.write_bytes(shelf.repository.repomd())
        done = run([*self._argv, "--verify", str(signature), str(signed)], self._environment)
        words = done.stdout.split()
        if "BADSIG" in words:
            return "does not fit"
        if "REVKEYSIG" in words:
            return "is by a key that has been revoked"
        if "VALIDSIG" in words:
            return ""
        if "NO_PUBKEY" in words:
            return f"is by key {words[words.index('NO_PUBKEY') + 1]}, which is none of those given"
        if "ERRSIG" in words or "unknown version" in done.stderr:
            return "is of a newer kind, which gpg here cannot read"
        return (done.stderr.strip().splitlines() or ["cannot be read"])[-1]


def of_packages(
    files: Sequence[tuple[Package, bytes | Path]],
    keys: Sequence[Path],
    known: Sequence[Path] = (),
    loose: Sequence[Package] = (),
    reporter: Reporter = Reporter(),  # noqa: B008  (silent, and without a state)
    trusted: Collection[str] = (),
) -> list[Finding]:
    """Raises IntegrityError with every RPM that none of the keys has signed, and EnvironmentProblem (RPM009)
    where rpm reads none of them. A warning where there is no rpm to ask.

    Where none was given ``known`` ones do: then only what is damaged is refused, for a key of somebody else's
    may be on the server, and what is unsigned is told. Without any, damage counts where no metadata have said
    what the file is (``loose``). What is signed with a key that is none of the ``trusted`` ones, by their
    IDs, is told where there are such: the server has no other.
    """
    if not keys and not known:
        reporter.note("signatures are not checked here, without a key (--rpm-key FILE); the server does")
    with leftovers.scratch() as folder:
        home = Path(folder) / "keys"
        home.mkdir()
        ring = rpm_keys.KeyRing(str(home))
        if not ring.available:
            message = "is not installed here, so no signatures are checked before the gap; the server does"
            return [Finding("RPM009", WARNING, "rpm", message)] if keys else []
        apart = _apart(keys or known, Path(folder))
        unread = [key for key in apart if ring.add([str(key.path)])]
        told = _skipped("rpm", apart, unread) if keys else []
        found = [(package, ring.check(str(_file(contents, folder)))) for package, contents in files]
    refused = [(one, judge(one.title, "", verdict, "one of those given")) for one, verdict in found]
    wrong = [
        each
        for one, each in refused
        if each is not None and (keys or (each.code == "RPM001" and (known or one in loose)))
    ]
    if wrong:
        codes = {each.code for each in wrong}
        heads = ["damaged"] if "RPM001" in codes else []
        heads += ["not signed by the keys that were given"] if codes != {"RPM001"} else []
        raise IntegrityError(
            "RPMs are " + ", or ".join(heads),
            together(
                one._replace(
                    looked_in=(),
                    fix=_FIXES[one.code],
                    message="; ".join([one.message, *(f"{each.subject} {each.message}" for each in told)]),
                )
                for one in wrong
            ),
        )
    if known and not keys:
        signed = sum(verdict.kind == rpm_keys.SIGNED for _, verdict in found)
        names = ", ".join(map(str, known))
        reporter.note(f"{signed} of {several(len(found), 'RPM')} signed with keys of this machine: {names}")
    if not keys:
        told = _unsigned([one.title for one, verdict in found if verdict.kind == rpm_keys.UNSIGNED])
    return [*told, *_strange(found, trusted)]


def _strange(found: Sequence[tuple[Package, rpm_keys.Verdict]], trusted: Collection[str]) -> list[Finding]:
    """RPM003, as a warning: somebody may import the key there."""
    return together(
        Finding("RPM003", WARNING, one.title, _STRANGE.format(verdict.text), (), _IMPORT)
        for one, verdict in found
        if trusted
        and verdict.kind in (rpm_keys.SIGNED, rpm_keys.NO_KEY)
        and not any(_same(verdict.text.lower(), each.lower()) for each in trusted)
    )


def _same(one: str, other: str) -> bool:
    """Of two IDs, each of any length: they are the end of a fingerprint (RFC 4880, 12.2)."""
    return one.endswith(other) or other.endswith(one)


def _unsigned(titles: Sequence[str]) -> list[Finding]:
    if not titles:
        return []
    others = f", nor {several(len(titles) - 1, 'other')}" if len(titles) > 1 else ""
    message = f"is not signed{others}: the server refuses what is not"
    return [Finding("RPM002", WARNING, titles[0], message, (), _FIXES["RPM002"])]


def _file(contents: bytes | Path, folder: str) -> Path:
    if isinstance(contents, Path):
        return contents
    path = Path(folder) / "package.rpm"
    path.write_bytes(contents)
    return path

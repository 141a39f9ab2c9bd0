"""Signatures before the gap: of repomd.xml by gpg(1), of RPMs by rpm(8), where a key was given.

Without one nothing is said here: a key that comes along with what it is to vouch for vouches for nothing,
and the server checks each RPM against its distribution's own key.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

from offkit.edges import leftovers
from offkit.edges.run import clean_environment, run
from offkit.media import rpm_keys
from offkit.media.repodata import REPOMD
from offkit.media.rpm import BadRepodata, Package
from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.online.rpms.choice import Shelf, Unreadable
from offkit.online.rpms.mirror import Forbidden

_REFUSED = {
    rpm_keys.UNSIGNED: ("RPM002", "is not signed", "use the distribution's own repository, where all are"),
    rpm_keys.NO_KEY: (
        "RPM003",
        "is signed with key {}, which is none of those given",
        "give the key that its maker publishes: --rpm-key FILE",
    ),
    rpm_keys.DAMAGED: ("RPM001", "is damaged: {}", "fetch it from another mirror, or copy the ISO again"),
}


def of_metadata(shelves: Sequence[Shelf], keys: Sequence[Path]) -> None:
    """Each repomd.xml that has a signature beside it. Raises IntegrityError (RPM017), Unreadable,
    and EnvironmentProblem (RPM009) where there is no gpg."""
    wrong = []
    for shelf in shelves if keys else ():
        try:
            with leftovers.scratch() as folder:
                why = _verify(shelf, keys, Path(folder)) if _is_signed(shelf) else ""
        except (BadRepodata, OSError, ValueError) as error:
            raise Unreadable(shelf, error) from error
        if why:
            title = shelf.repository.title
            fix = "give the key that signed it: --rpm-key FILE; or use another mirror"
            wrong.append(
                Finding("RPM017", ERROR, title, f"the signature of its repomd.xml: {why}", (title,), fix)
            )
    if wrong:
        raise IntegrityError("a repository is not signed by the keys that were given", wrong)


def _is_signed(shelf: Shelf) -> bool:
    try:
        return shelf.medium.has(posixpath.join(shelf.repository.base, REPOMD + ".asc"))
    except Forbidden:  # as buckets of S3 say of what they do not have
        return False


def _verify(shelf: Shelf, keys: Sequence[Path], folder: Path) -> str:
    """Why not; "" where one of the keys has signed it."""
    with shelf.medium.open(posixpath.join(shelf.repository.base, REPOMD + ".asc")) as source:
        (folder / "repomd.xml.asc").write_bytes(source.read(1 << 20))
    (folder / "repomd.xml").write_bytes(shelf.repository.repomd())
    home = folder / "home"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--no-autostart", "--no-tty"]
    environment = clean_environment({"LC_ALL": "C"})
    done = run([*gpg, "--import", *map(str, keys)], environment)
    if done.returncode == 127:
        raise _no_gpg(shelf)
    done = run(
        [*gpg, "--status-fd", "1", "--verify", str(folder / "repomd.xml.asc"), str(folder / "repomd.xml")],
        environment,
    )
    words = done.stdout.split()
    if done.ok and "VALIDSIG" in words:
        return ""
    if "NO_PUBKEY" in words:
        return f"is by key {words[words.index('NO_PUBKEY') + 1]}, which is none of those given"
    return (
        "does not fit" if "BADSIG" in words else (done.stderr.strip().splitlines() or ["cannot be read"])[-1]
    )


def _no_gpg(shelf: Shelf) -> EnvironmentProblem:
    place = shelf.repository.title
    message = f"is not installed here, so the signature of the repomd.xml of {place} cannot be checked"
    fix = "install it (GnuPG); or leave out the key: the server checks each RPM with its own"
    return EnvironmentProblem(
        "a signature cannot be checked here", [Finding("RPM009", ERROR, "gpg", message, (place,), fix)]
    )


def of_packages(files: Sequence[tuple[Package, bytes | Path]], keys: Sequence[Path]) -> list[Finding]:
    """Raises IntegrityError with every RPM that none of the keys has signed. A warning where there is no rpm
    to ask."""
    if not keys:
        return []
    wrong = []
    with leftovers.scratch() as folder:
        home = Path(folder) / "keys"
        home.mkdir()
        ring = rpm_keys.KeyRing(str(home))
        if not ring.available:
            message = "is not installed here, so no signatures are checked before the gap; the server does"
            return [Finding("RPM009", WARNING, "rpm", message)]
        ring.add([str(key) for key in keys])
        for package, contents in files:
            path = Path(folder) / "package.rpm" if isinstance(contents, bytes) else contents
            if isinstance(contents, bytes):
                path.write_bytes(contents)
            verdict = ring.check(str(path))
            if verdict.kind in _REFUSED:
                code, message, fix = _REFUSED[verdict.kind]
                wrong.append(Finding(code, ERROR, package.title, message.format(verdict.text), (), fix))
    if wrong:
        raise IntegrityError("RPMs are not signed by the keys that were given", wrong)
    return []

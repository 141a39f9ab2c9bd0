"""Reading a tarball that is carried for the server: front to back, nothing unpacked to disk.

Told by its first bytes, not by its name. What cannot be unpacked over there is refused here:
a minimal EL has tar, gzip and xz (rpm needs them), but neither bzip2 nor zstd.
"""

from __future__ import annotations

import gzip
import lzma
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from offkit.edges import unpacking
from offkit.model import archive, checksum
from offkit.model.errors import IntegrityError, OffkitError, RequestError, UsageError
from offkit.model.finding import ERROR, Finding

MAX_TEXT = 4 << 20  # bytes of one text file that is looked into; the largest real one has 50 kB
_FOREIGN = {"bzip2": "bz2", "zstd": "zst"}  # with the endings of such files
_DAMAGE = (EOFError, OSError, lzma.LZMAError, zlib.error, tarfile.TarError, ValueError)


class Entries:
    """The members of an open tarball, once: ``for member, read in entries``."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.tops: set[str] = set()
        self.unsafe: list[str] = []
        self.unpacked = 0

    def wrong(self, what: str, lacking: Sequence[str]) -> str:
        """Why this is not ``what``, once all was seen, and ``lacking`` was not; "" where it is."""
        if self.unsafe:
            return f"it would write outside its directory ({self.unsafe[0]})"
        if lacking or len(self.tops) != 1:
            return f"is not {what}: it has no {' and no '.join(lacking) or 'single top directory'}"
        return ""

    def __iter__(self) -> Iterator[tuple[str, tarfile.TarInfo, Any]]:
        """(path below the top directory, the member, a function that reads it up to a limit)."""
        for member in self._tar:
            parts = PurePosixPath(member.name).parts
            self.unpacked += member.size
            if not parts or parts == (".",):
                continue
            if parts[0] == "/" or ".." in parts or _leaves(member):
                self.unsafe.append(member.name)
                continue
            self.tops.add(parts[0])

            def read(limit: int = MAX_TEXT, member: tarfile.TarInfo = member) -> bytes:
                opened = self._tar.extractfile(member)
                return opened.read(limit) if opened else b""

            yield "/".join(parts[1:]), member, read


def _leaves(member: tarfile.TarInfo) -> bool:
    """Whether a link points out of the archive."""
    if not (member.issym() or member.islnk()):
        return False
    target = PurePosixPath(member.linkname)
    if target.is_absolute():
        return True
    depth = len(PurePosixPath(member.name).parts) - 1 if member.issym() else 0
    for part in target.parts:
        depth += -1 if part == ".." else 1
        if depth < 1 and member.issym():  # beside the top directory is outside, too
            return True
        if depth < 0:
            return True
    return False


def usable(path: Path, option: str) -> None:
    """Raises UsageError when ``path`` is no file, or has a name that cannot be a bundle member."""
    if not path.is_file():
        what = "is not a regular file" if path.exists() else "does not exist"
        raise UsageError(f"{option}: {path} {what}")
    if not archive.is_safe(path.name):
        raise UsageError(
            f"{option}: a bundle cannot hold a file named {path.name!r}",
            fix="rename it, using only letters, digits and . _ + ! -",
        )


@contextmanager
def reading(path: Path, code: str, what: str) -> Iterator[Entries]:
    """Open ``path`` and give its entries; the rest of the file is read afterwards, so that its
    checksums count.

    Raises RequestError (``code``) when it is no tarball or one that the server cannot unpack,
    IntegrityError when it is truncated or its checksum is wrong.
    """
    with path.open("rb") as file:
        kind = unpacking.packer(file.read(6))
        file.seek(0)
        if kind in _FOREIGN:
            message = f"it is compressed with {kind}, which a minimal server lacks"
            raise refused(code, path, message, repack(path, _FOREIGN[kind]))
        opened = _open(file, kind)
        try:
            with tarfile.open(fileobj=opened, mode="r|") as tar:
                yield Entries(tar)
            while opened.read(1 << 20):
                pass
        except OffkitError:
            raise
        except _DAMAGE as error:
            if not kind and isinstance(error, tarfile.ReadError):
                raise refused(code, path, f"is not {what}: it is not a tar archive", "") from error
            message = f"{path} is damaged: {str(error) or 'it is truncated'}"
            fix = "download it again, and compare its checksum with the published one"
            raise IntegrityError(
                message, [Finding(code, ERROR, path.name, message, (str(path),), fix)]
            ) from error


def _open(file: IO[bytes], kind: str) -> Any:
    """The bytes inside; the checksum at the end counts when they are read to the end."""
    if kind == "gzip":
        return gzip.GzipFile(fileobj=file)
    return lzma.LZMAFile(file) if kind == "xz" else file


def refused(code: str, path: Path, message: str, fix: str) -> RequestError:
    """A RequestError with one finding about ``path``."""
    found = Finding(code, ERROR, path.name, message, (str(path),), fix)
    return RequestError(f"{path.name} cannot be used", [found])


def repack(path: Path, kind: str) -> str:
    """How to make something that tar and gzip of the server can read."""
    name = path.name
    for ending in (".tar." + kind, ".tbz2", ".tzst", "." + kind):
        name = name[: -len(ending)] if name.endswith(ending) else name
    tool = next(name for name, ending in _FOREIGN.items() if ending == kind)
    return f"{tool} -dc {path.name} | gzip -9n >{name}.tar.gz, and give that"


def sha256(path: Path) -> str:
    """Of the whole file, in hex."""
    with path.open("rb") as file:
        return checksum.sha256(file)

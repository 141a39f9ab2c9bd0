"""Where yum repositories lie: directories, and ISO images that nobody mounted.

A medium is a tree of files with paths from its own top. What is read is what repomd.xml names,
with its checksum compared, unpacked as a stream and within limits.
"""

import errno
import hashlib
import os
import posixpath
from typing import Any, BinaryIO, Collection, Iterator, List, Optional, Union

from offkit.edges import unpacking
from offkit.edges.tree import Tree, kind
from offkit.media import primary_db, repodata
from offkit.media.iso9660 import BadIso, Iso
from offkit.media.repodata import BadRepodata, Data, Index
from offkit.model.finding import ERROR, Finding

_CHUNK = 256 * 1024
# Bytes of unpacked metadata. CentOS 7 Everything has 26 MB, the largest EL repositories 100 MB.
_MAX_UNPACKED = 256 * 1024 * 1024
_HASHES = ("sha1", "sha224", "sha256", "sha384", "sha512")
_PREFERRED = ("primary", "primary_db")


class Unreachable(OSError):
    """A server does not answer, or not with files; or there is no curl to ask it with."""

    def __init__(self, code: str, subject: str, why: str, fix: str) -> None:
        super().__init__(0, why, subject)
        self.code, self.why, self.fix = code, why, fix

    def finding(self) -> Finding:
        place = os.fsdecode(self.filename)
        return Finding(self.code, ERROR, place, self.why, (place,), self.fix)


class Medium:
    """A tree of files that holds repositories. Methods raise OSError, or BadIso."""

    place = ""  # for people: a path

    def open(self, path: str) -> BinaryIO:
        raise NotImplementedError

    def has(self, path: str) -> bool:
        """Whether there is a file."""
        raise NotImplementedError

    def folders(self) -> List[str]:
        """Directories at the top, sorted."""
        raise NotImplementedError

    def names(self) -> List[str]:
        """Everything at the top, sorted."""
        raise NotImplementedError

    def repositories(self) -> List[str]:
        """Paths with a repodata/: the top itself (CentOS 7), or BaseOS, AppStream and the like below it."""
        places = ["", *self.folders()]
        return [place for place in places if self.has(posixpath.join(place, repodata.REPOMD))]


class Directory(Medium):
    """A directory of a server, perhaps a mounted ISO."""

    def __init__(self, tree: Tree, path: str) -> None:
        self._tree, self._path = tree, path
        self.place = path

    def open(self, path: str) -> BinaryIO:
        return self._tree.open(posixpath.join(self._path, path))

    def has(self, path: str) -> bool:
        return self._tree.is_file(posixpath.join(self._path, path))

    def names(self) -> List[str]:
        return [entry.name for entry in self._tree.scan(self._path)]

    def folders(self) -> List[str]:
        return [name for name in self.names() if self._tree.is_dir(posixpath.join(self._path, name))]


# As a command has it: the path of a directory, or what is open already (edges.web).
Source = Union[str, Medium]


def of(source: Source) -> Medium:
    """The medium; a directory's path is relative to where this process works."""
    if isinstance(source, Medium):
        return source
    return Directory(Tree("/"), os.path.abspath(source))


class Image(Medium):
    """An ISO image. Use as a context manager: the file stays open."""

    def __init__(self, path: str) -> None:
        """Raises OSError, or BadIso when it is none."""
        self.place = path
        mode = os.stat(path).st_mode
        if not os.path.isfile(path):  # /dev/sr0 would do, but opening a device can have effects
            raise OSError(errno.EINVAL, "not a regular file but {}".format(kind(mode)), path)
        self._file = open(path, "rb")  # noqa: SIM115  (closed by __exit__)
        try:
            self._iso = Iso(self._file)
            self.size = os.fstat(self._file.fileno()).st_size
        except BaseException:
            self._file.close()
            raise

    @property
    def lacking(self) -> int:
        """Bytes that the image's own header promises and the file does not have."""
        return max(self._iso.size - self.size, 0)

    def open(self, path: str) -> BinaryIO:
        return self._iso.open(path)

    def has(self, path: str) -> bool:
        try:
            return not self._iso.find(path).directory
        except (FileNotFoundError, NotADirectoryError):
            return False

    def names(self) -> List[str]:
        return sorted(self._iso.names(""))

    def folders(self) -> List[str]:
        return [name for name in self._iso.names("") if self._iso.is_dir(name)]

    def __enter__(self) -> "Image":
        return self

    def __exit__(self, *exc: Any) -> None:
        self._file.close()


def read_index(
    medium: Medium, base: str, capabilities: Optional[Collection[str]], names: Collection[str] = ()
) -> Index:
    """What the repository at ``base`` says about packages with ``capabilities`` or ``names``, or, where
    the former are None, about all that have a library.

    primary.xml is read, or primary.sqlite where only that is usable. Raises BadRepodata with every
    reason, OSError (Unreachable), BadIso.
    """
    listed = _listed(medium, base)
    problems: List[str] = []
    for wanted in _PREFERRED:
        for data in listed:
            if data.kind != wanted:
                continue
            try:
                return _read(medium, base, data, capabilities, names)
            except Unreachable:
                raise
            except (BadRepodata, OSError, BadIso) as error:
                problems.append("{}: {}".format(posixpath.basename(data.href), reason(error)))
    raise BadRepodata("; ".join(problems) or "repomd.xml names no primary metadata")


def read_primary(medium: Medium, base: str) -> Iterator[bytes]:
    """The primary.xml of a repository, unpacked, its checksum compared at the end.

    Raises BadRepodata, OSError, BadIso.
    """
    for data in _listed(medium, base):
        if data.kind == _PREFERRED[0]:
            with _open(medium, base, data) as source:
                hashing = _Hashing(source, data)
                yield from _unpack(hashing, min(data.open_size or _MAX_UNPACKED, _MAX_UNPACKED))
                hashing.verify()
            return
    raise BadRepodata("repomd.xml names no primary.xml")


def _listed(medium: Medium, base: str) -> List[Data]:
    """What repomd.xml names. Raises BadRepodata, OSError, BadIso."""
    with medium.open(posixpath.join(base, repodata.REPOMD)) as source:
        raw = source.read(repodata.REPOMD_SIZE + 1)
    if len(raw) > repodata.REPOMD_SIZE:
        raise BadRepodata("repomd.xml has more than {} bytes".format(repodata.REPOMD_SIZE))
    try:
        return repodata.parse_repomd(raw)
    except BadRepodata as error:
        raise BadRepodata("repomd.xml: {}".format(error))


def _open(medium: Medium, base: str, data: Data) -> BinaryIO:
    if ".." in data.href.split("/") or data.href.startswith("/") or ":" in data.href:
        raise BadRepodata("lies outside its repository")
    return medium.open(posixpath.join(base, data.href))


def _read(
    medium: Medium, base: str, data: Data, capabilities: Optional[Collection[str]], names: Collection[str]
) -> Index:
    with _open(medium, base, data) as source:
        hashing = _Hashing(source, data)
        unpacked = _unpack(hashing, min(data.open_size or _MAX_UNPACKED, _MAX_UNPACKED))
        if data.kind == "primary":
            index = repodata.read_primary(unpacked, capabilities, names)
        else:
            index = primary_db.read(unpacked, capabilities, names)
        hashing.verify()
    return index


class _Hashing:
    """The packed file; counts its checksum while it is read."""

    def __init__(self, source: BinaryIO, data: Data) -> None:
        self._source, self._data = source, data
        name = {"sha": "sha1"}.get(data.algorithm, data.algorithm)
        self._hash = hashlib.new(name) if name in _HASHES else None

    def read(self, size: int) -> bytes:
        chunk = self._source.read(size)
        if self._hash is not None:
            self._hash.update(chunk)
        return chunk

    def verify(self) -> None:
        while self.read(_CHUNK):
            pass
        if self._hash is not None and self._data.checksum not in ("", self._hash.hexdigest()):
            raise BadRepodata("is not the file that repomd.xml was made for (its checksum differs)")


def _unpack(source: _Hashing, limit: int) -> Iterator[bytes]:
    """By what the file begins with; BadRepodata when it is damaged, or has more than ``limit`` bytes."""
    total = 0
    try:
        for chunk in unpacking.decompressed(source):
            total += len(chunk)
            if total > limit:
                raise BadRepodata("unpacks to more than the {} bytes that it should have".format(limit))
            yield chunk
    except (unpacking.Damaged, unpacking.Unsupported) as error:
        raise BadRepodata(str(error))


def reason(error: Exception) -> str:
    """Why something could not be read, without the numbers of errno."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)

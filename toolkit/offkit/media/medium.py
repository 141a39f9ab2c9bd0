"""Where yum repositories lie: directories, and ISO images that nobody mounted.

A medium is a tree of files with paths from its own top.
"""

import errno
import io
import os
import posixpath
import re
from typing import TYPE_CHECKING, Any, BinaryIO, Dict, Iterable, List, Optional, Union

from offkit.edges import releases
from offkit.edges.tree import Tree, kind
from offkit.media.iso9660 import Iso
from offkit.media.repodata import REPOMD
from offkit.media.repository import Repository
from offkit.model.finding import Finding
from offkit.model.release import KEY_NAME
from offkit.model.url import is_url

if TYPE_CHECKING:
    from offkit.media.loose import Loose


def name(place: str) -> str:
    """Of a medium, for people: ``CentOS-7-x86_64-Everything-2009.iso``, or its URL."""
    return place if is_url(place) else os.path.basename(place) or place


# What Image.cut means, and what to do.
CUT = "has no {}, and neither Rock Ridge's names nor Joliet's: its own are cut short"
UNCUT = (
    "make it again with -R (xorriso -as mkisofs -R …), or give the directory with its files: --rpm-repo DIR"
)
_TEXT_SIZE = 64 * 1024
_DEPTH = 4  # directories in which RPMs without repodata are looked for


class Medium:
    """A tree of files that holds repositories. Methods raise OSError, or BadIso."""

    volume = ""  # what an image calls itself
    arch = ""  # of the packages that are looked for; "": of this machine

    def __init__(self, place: str) -> None:
        self.place = place  # for people: a path
        self._repositories: Dict[str, Repository] = {}
        self._bases: Optional[List[str]] = None

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

    def bases(self) -> List[str]:
        """Paths with a repodata/: the top itself (CentOS 7), or BaseOS, AppStream and the like below it; or
        deeper, as mirrors have them."""
        return self._with_metadata(["", *self.folders()]) or self._with_metadata(self._folders())

    def _folders(self) -> List[str]:
        """Where somebody who lists nothing would look."""
        return releases.folders_for(self.arch or os.uname().machine)

    def _with_metadata(self, places: Iterable[str]) -> List[str]:
        return [place for place in places if self.has(posixpath.join(place, REPOMD))]

    def left_out(self) -> List[Finding]:
        """Warnings about files that do not count. Raises BadRepodata and OSError."""
        return []

    def repository(self, base: str) -> Repository:
        """The one at that path: the same each time, which has read its metadata already."""
        if base not in self._repositories:
            self._repositories[base] = Repository(self.open, self.place, base)
        return self._repositories[base]

    def repositories(self) -> List[Repository]:
        if self._bases is None:
            self._bases = self.bases()
        return [self.repository(base) for base in self._bases]

    def text(self, name: str) -> str:
        """A small file at the top that says what the medium is; "" where it is not there."""
        if not (name in self.names() and self.has(name)):
            return ""
        return self._text(name)

    def _text(self, name: str) -> str:
        with self.open(name) as source:
            return bytes(source.read(_TEXT_SIZE)).decode("utf-8", "replace").strip()

    def key_files(self) -> List[str]:
        """Names of the files with public keys at the top, where a distribution puts its own."""
        return [name for name in self.names() if re.fullmatch(KEY_NAME, name) and self.has(name)]


class Directory(Medium):
    """A directory of a server, perhaps a mounted ISO."""

    def __init__(self, tree: Tree, path: str) -> None:
        super().__init__(path)
        self._tree, self._path = tree, path
        self._described: Optional[Loose] = None
        self._is_loose = False

    def open(self, path: str) -> BinaryIO:
        """Of RPMs without repodata also what these would be. May then raise BadRepodata."""
        if self._is_loose:
            made = self.loose()
            if made is not None and path in made.metadata:
                return io.BytesIO(made.metadata[path])
            path = made.packages.get(path, path) if made is not None else path
        return self._tree.open(posixpath.join(self._path, path))

    def has(self, path: str) -> bool:
        return self._tree.is_file(posixpath.join(self._path, path))

    def bases(self) -> List[str]:
        found = super().bases()
        self._is_loose = not found and bool(self._rpms())
        return [""] if self._is_loose else found

    def loose(self) -> Optional["Loose"]:
        """The metadata of RPMs that have none; None for a repository. Raises BadRepodata and OSError."""
        self.repositories()
        if self._is_loose and self._described is None:
            from offkit.media import loose  # brings http.client, which few need

            self._described = loose.describe(
                lambda path: self._tree.open(posixpath.join(self._path, path)), self._rpms()
            )
        return self._described

    def left_out(self) -> List[Finding]:
        made = self.loose()
        return made.left_out(self.place) if made is not None else []

    def _rpms(self) -> List[str]:
        """Below the top, as deep as discs have them: Packages/l/libSM.rpm."""
        found: List[str] = []
        pending = [""]
        for _ in range(_DEPTH):
            names = [
                posixpath.join(top, name) for top in pending for name in self._tree.names(self._below(top))
            ]
            found += [name for name in names if name.endswith(".rpm") and self.has(name)]
            pending = [name for name in names if self._tree.is_dir(self._below(name))]
        return [name for name in found if not name.endswith(".src.rpm")]

    def _below(self, path: str) -> str:
        return posixpath.join(self._path, path)

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
        super().__init__(path)
        mode = os.stat(path).st_mode
        if not os.path.isfile(path):  # /dev/sr0 would do, but opening a device can have effects
            raise OSError(errno.EINVAL, "not a regular file but {}".format(kind(mode)), path)
        self._file = open(path, "rb")  # noqa: SIM115  (closed by __exit__)
        try:
            self._iso = Iso(self._file)
            self.volume = self._iso.label
            self.size = os.fstat(self._file.fileno()).st_size
        except BaseException:
            self._file.close()
            raise

    @property
    def lacking(self) -> int:
        """Bytes that the image's own header promises and the file does not have."""
        return max(self._iso.size - self.size, 0)

    def cut(self) -> str:
        """A file that its metadata name and that is not there, where its names are cut short; "" for none.
        Raises as ``Repository.files``."""
        for each in self.repositories() if self._iso.plain else ():
            for data in each.files():
                path = posixpath.join(each.base, data.href)
                if not self.has(path):
                    return path
        return ""

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

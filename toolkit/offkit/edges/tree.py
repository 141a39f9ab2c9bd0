"""The files of a server below an explicit root: nothing outside it is ever touched.

Paths are absolute and as a process inside sees them; symbolic links are resolved inside the
root too, so that a mounted system (``--root /mnt``) is seen as it would see itself.
"""

import errno
import os
import stat
from collections import deque
from typing import Any, BinaryIO, Callable, Deque, Dict, List, NamedTuple, Optional

_MAX_LINKS = 40  # the kernel's own limit (MAXSYMLINKS)


DIRECTORY, FILE, LINK, OTHER = "directory", "file", "link", "other"


class DirEntry(NamedTuple):
    """One name in a directory; a link is not followed."""

    name: str
    kind: str


class Tree:
    """Files below ``root``. Every method takes a path inside and may raise OSError."""

    def __init__(self, root: str = "/") -> None:
        self.root = os.path.abspath(root).rstrip("/")
        self._links: Dict[str, str] = {}
        self._directories: Dict[str, str] = {}  # path → the same without links

    def real(self, path: str) -> str:
        """The path without symbolic links. The last part need not exist.

        Raises OSError: ELOOP after 40 links, ENOTDIR or ENOENT where ``..`` follows no directory.
        """
        path = _native(path)
        head, slash, name = path.rpartition("/")
        if not slash or name in ("", ".", ".."):
            return self._resolve(path)
        # Thousands of files lie in hundreds of directories: each is resolved once.
        if head not in self._directories:
            self._directories[head] = self._resolve(head).rstrip("/")
        candidate = self._directories[head] + "/" + name
        return self._resolve(path) if self._link(candidate) else candidate

    def _resolve(self, path: str) -> str:
        parts: Deque[str] = deque(path.split("/"))
        current = ""
        followed = 0
        while parts:
            part = parts.popleft()
            if part in ("", "."):
                continue
            if part == "..":
                if not stat.S_ISDIR(os.lstat(self.root + (current or "/")).st_mode):
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
                current = os.path.dirname(current) if current else ""
                current = "" if current == "/" else current
                continue
            candidate = current + "/" + part
            target = self._link(candidate)
            if not target:
                current = candidate
                continue
            followed += 1
            if followed > _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            if target.startswith("/"):
                current = ""
            parts.extendleft(reversed(target.split("/")))
        return current or "/"

    def _link(self, path: str) -> str:
        """The target of a symbolic link, or "" when it is none."""
        if path not in self._links:
            try:
                self._links[path] = os.readlink(self.root + path)
            except OSError:
                self._links[path] = ""
        return self._links[path]

    def host(self, path: str) -> str:
        """Where the file lies for this process."""
        return self.root + self.real(path)

    def stat(self, path: str) -> os.stat_result:
        return os.lstat(self.host(path))

    def is_file(self, path: str) -> bool:
        """A regular file; False also when it cannot be told."""
        try:
            return stat.S_ISREG(self.stat(path).st_mode)
        except OSError:
            return False

    def is_dir(self, path: str) -> bool:
        try:
            return stat.S_ISDIR(self.stat(path).st_mode)
        except OSError:
            return False

    def open(self, path: str, buffering: int = -1) -> BinaryIO:
        """A regular file for reading. Never blocks: raises OSError (EINVAL) on a FIFO, socket or device."""
        host = self.host(path)
        mode = os.lstat(host).st_mode  # opening a device can have effects, so look before
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a regular file but {}".format(kind(mode)), path)
        handle = os.open(host, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        return os.fdopen(handle, "rb", buffering)

    def scan(self, path: str, wanted: Optional[Callable[[str], Any]] = None) -> List[DirEntry]:
        """What is in a directory, sorted by name; of files only those whose name is ``wanted``."""
        found = []
        with os.scandir(self.host(path)) as entries:
            for entry in entries:
                if entry.is_symlink():
                    found.append(DirEntry(entry.name, LINK))
                elif entry.is_dir(follow_symlinks=False):
                    found.append(DirEntry(entry.name, DIRECTORY))
                elif wanted is None or wanted(entry.name):
                    regular = entry.is_file(follow_symlinks=False)
                    found.append(DirEntry(entry.name, FILE if regular else OTHER))
        return sorted(found)

    def names(self, path: str) -> List[str]:
        """The names in a directory, sorted; none when it cannot be read."""
        try:
            return [entry.name for entry in self.scan(path)]
        except OSError:
            return []

    def refuses(self, path: str) -> str:
        """The first part of the way to ``path``, itself included, that this user may not enter or
        read; "" when nothing is in the way but, perhaps, that it does not exist."""
        try:
            real = self.real(path)
        except OSError:
            return ""
        here = "/"
        for part in [""] + real.split("/"):
            here = os.path.join(here, part)
            try:
                mode = os.lstat(self.root + here).st_mode
                if here == real and stat.S_ISREG(mode):
                    self.open(here).close()
                elif here == real and stat.S_ISDIR(mode):
                    os.scandir(self.root + here).close()
            except PermissionError:
                seen = here == real and os.path.lexists(self.root + here)
                return here if seen else os.path.dirname(here)
            except OSError:
                return ""
        return ""

    def attribute(self, path: str, name: str) -> bytes:
        """An extended attribute (xattr(7)), of the file that a link leads to."""
        return os.getxattr(self.host(path), name, follow_symlinks=False)

    def text(self, path: str, limit: int = 1 << 20) -> str:
        """A small text file, at most ``limit`` bytes of it; undecodable bytes are escaped."""
        with self.open(path) as source:
            return bytes(source.read(limit)).decode("utf-8", "surrogateescape")


def _native(path: str) -> str:
    """A path as the system's own functions take it here.

    Names read from files are UTF-8, but in the C locale Python 3.6 opens only what is ASCII or
    was decoded as such. Raises OSError where no file can have that name.
    """
    if "\0" in path:
        raise OSError(errno.EINVAL, "a name contains a zero byte", path)
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return os.fsdecode(path.encode("utf-8", "surrogateescape"))
    return path


def kind(mode: int) -> str:
    """What a file that is not a regular one is, in words."""
    for test, name in (
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return name
    return "a special file"

"""Writing on a target so that a file is whole or absent: new, atomic, locked, removed.

Paths are ``str`` as the interpreter decodes them. Under a C locale CPython 3.6 decodes file
names with surrogates (PEP 383); ``text`` and ``path`` translate to and from real Unicode,
which is what goes into JSON files.
"""

import fcntl
import os
import shutil
import stat
from contextlib import contextmanager, suppress
from typing import Iterable, Iterator, Optional


def text(path: str) -> str:
    """A file name as Unicode text, whatever the locale: its bytes read as UTF-8."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")


def path(name: str) -> str:
    """The file name that ``text`` described, in the form the running interpreter uses."""
    return os.fsdecode(name.encode("utf-8", "surrogateescape"))


@contextmanager
def umask(mask: int = 0o022) -> Iterator[None]:
    """What is made inside, by children too, is readable by everybody and writable by its owner."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold ``name`` exclusively (flock) or raise BlockingIOError when another process does.

    The file stays. An uninstallation does remove it, and whoever had opened it before then
    holds an inode without a name: hence the second look.
    """
    while True:
        handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_still(handle, name):
                continue
            yield
            return
        finally:
            os.close(handle)


def _is_still(handle: int, name: str) -> bool:
    """Whether the open file is the one of that name."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(name))
    except FileNotFoundError:
        return False


def write_new(name: str, chunks: Iterable[bytes], mode: int = 0o644) -> None:
    """Write a file that must not exist yet, never through a symlink; FileExistsError otherwise."""
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb") as sink:
        for chunk in chunks:
            sink.write(chunk)


def write_below(root: str, relative: str, chunks: Iterable[bytes], mode: int = 0o644) -> str:
    """``write_new`` at ``root/relative``, making directories; returns the path.

    Raises ValueError when ``relative`` would leave ``root``: the last writer checks again
    what the readers have checked before.
    """
    parts = relative.split("/")
    if not relative or any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise ValueError("unsafe path {!r}".format(relative))
    name = os.path.join(root, *parts)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    write_new(name, chunks, mode)
    return name


def replace(name: str, data: bytes, mode: Optional[int] = None) -> None:
    """Give ``name`` new contents in one step, on disk when this returns; keeps its mode by default."""
    if mode is None:
        mode = stat.S_IMODE(os.stat(name).st_mode) if os.path.exists(name) else 0o644
    with _renamed(name) as temporary, open(temporary, "wb") as sink:
        sink.write(data)
        sink.flush()
        os.fchmod(sink.fileno(), mode)
        os.fsync(sink.fileno())


def replace_link(name: str, target: str) -> None:
    """Make ``name`` a symlink to ``target`` in one step: there is no moment without it.

    Raises FileExistsError when something that is not a symlink stands there.
    """
    if os.path.lexists(name) and not os.path.islink(name):
        raise FileExistsError(17, "is not a symbolic link", name)
    with _renamed(name) as temporary:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        os.symlink(target, temporary)


@contextmanager
def _renamed(name: str) -> Iterator[str]:
    """A path beside ``name``; what is made there takes that name in one step, or is removed."""
    temporary = "{}.{}.tmp".format(name, os.getpid())
    try:
        yield temporary
        os.replace(temporary, name)
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise
    sync_directory(os.path.dirname(name) or ".")


def sync_directory(name: str) -> None:
    """Names made or renamed in this directory survive a power cut."""
    handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_tree(name: str) -> bool:
    """Remove a directory tree; True when nothing is left. Does not follow symlinks.

    Directories without write permission are opened up first. A process that still writes
    there (a pip whose parent was killed) may leave something behind: hence no exception.
    """
    for _ in range(3):
        if not os.path.lexists(name):
            return True
        if os.path.islink(name) or not os.path.isdir(name):
            os.unlink(name)
            continue
        for directory, _dirs, _files in os.walk(name):
            with suppress(OSError):
                os.chmod(directory, 0o700)
        shutil.rmtree(name, ignore_errors=True)
    return not os.path.lexists(name)

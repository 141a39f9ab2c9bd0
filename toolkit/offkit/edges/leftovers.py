"""Unfinished files: named after the process that writes them, so that a later one can sweep them.

An interrupted run removes its own. One that was killed outright (SIGKILL, power) cannot, and
the next run does it: whatever bears our mark, was made by this user on this host, and whose
process is gone. The host is in the name because homes are shared over NFS, and so is a container
(which may share /dev/shm or /tmp): the number of a process means nothing elsewhere.
"""

import os
import platform
import re
import shutil
import tempfile
from contextlib import contextmanager
from typing import BinaryIO, Iterator, List, Optional, Pattern

_MARK = ".offkit"
_HOSTS_OWN = "pid:[4026531836]"  # the namespace of processes that no container is (PROC_PID_INIT_INO)


def _host() -> str:
    node = os.uname().nodename if hasattr(os, "uname") else platform.node()  # Windows has none
    name = re.sub(r"[^A-Za-z0-9_-]", "_", node)[:40]
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = _HOSTS_OWN
    return name if space == _HOSTS_OWN else "{}-{}".format(name, re.sub(r"\D", "", space))


def name(kind: str, extension: str) -> str:
    """The name of an unfinished file of this process: hidden, unique by ``kind``."""
    return "{}-{}-{}-{}.{}".format(_MARK, kind, _host(), os.getpid(), extension)


def pattern(kind: str = "[a-z]+", extension: str = "") -> Pattern[str]:
    """What ``name`` makes on this host, its process as the group; ``kind`` is an expression."""
    own = "{}-{}-{}".format(re.escape(_MARK), kind, re.escape(_host()))
    return re.compile(own + r"-(\d+)\." + re.escape(extension))


def prefix(kind: str) -> str:
    """What such a name begins with; something random may follow, for there may be several of a kind."""
    return name(kind, "")


def temporary_directory(place: Optional[str] = None) -> str:
    """A new directory below ``place`` (None: the system's for temporary files). Raises OSError."""
    return tempfile.mkdtemp(prefix=prefix("tmp"), dir=place)


@contextmanager
def scratch(place: Optional[str] = None) -> Iterator[str]:
    """A temporary directory that is gone afterwards; those that killed runs left go now. It is below
    ``place`` (None: the system's for temporary files). Raises OSError."""
    sweep(place)
    folder = temporary_directory() if place is None else temporary_directory(place)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def unfinished(place: str, kind: str) -> Iterator[BinaryIO]:
    """A new file that takes the place of ``place``, readable by everybody, once it is whole and on the disk;
    else it is gone. Those that killed runs left there go first. Raises OSError."""
    sweep(os.path.dirname(place))
    handle, partial = tempfile.mkstemp(dir=os.path.dirname(place), prefix=prefix(kind))
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(partial, 0o644)
        os.replace(partial, place)
    finally:
        if os.path.exists(partial):
            os.unlink(partial)


def sweep(directory: Optional[str] = None) -> List[str]:
    """Remove what killed runs left in ``directory`` (None: that for temporary files); the paths.

    What cannot be listed or removed stays: somebody else's turn.
    """
    ours = pattern()
    if not hasattr(os, "geteuid"):  # Windows, where signal 0 ends a process
        return []
    try:
        directory = directory or tempfile.gettempdir()  # FileNotFoundError where none can be written
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    swept = []
    for one in names:
        matched = ours.match(one)
        if not matched or is_running(int(matched.group(1))):
            continue
        path = os.path.join(directory, one)
        try:
            if os.lstat(path).st_uid != os.geteuid():
                continue
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        except OSError:
            continue
        swept.append(path)
    return swept


def is_running(pid: int) -> bool:
    """Whether there is such a process (kill(2) with signal 0); it may be anybody's."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True

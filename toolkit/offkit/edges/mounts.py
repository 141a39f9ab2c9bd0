"""Mounting discs: for this process alone where the kernel lets it, else for everybody.

A private mount namespace (unshare(2), mount_namespaces(7)) ends with its last process: whatever
kills offkit, no mount is left behind.
"""

import os
import tempfile
from contextlib import suppress
from typing import Any, Callable, List, NamedTuple, Optional, Sequence

from offkit.edges.run import Result, run

_CLONE_NEWNS = 0x00020000  # linux/sched.h
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000  # linux/mount.h
# Directories that every server has, and that are empty on most: what is mounted there hides nothing.
_EMPTY = ("/mnt", "/media", "/srv")

Run = Callable[[Sequence[str]], Result]


class MountProblem(Exception):
    """The kernel does not mount it here; the text is mount(8)'s own."""


class Mount(NamedTuple):
    """One line of /proc/self/mountinfo (proc(5))."""

    point: str
    kind: str  # of file system: iso9660
    source: str  # /dev/loop0
    read_only: bool


def table() -> List[Mount]:
    """What is mounted for this process, in the order of mounting; empty where /proc is not there."""
    try:
        with open("/proc/self/mountinfo", "rb") as source:
            return parse(source.read().decode("utf-8", "surrogateescape"))
    except OSError:
        return []


def parse(text: str) -> List[Mount]:
    """The lines of a mountinfo file. Unknown optional fields end at a hyphen."""
    found = []
    for line in text.splitlines():
        left, dash, right = line.partition(" - ")
        fields, about = left.split(" "), right.split(" ")
        if not dash or len(fields) < 6 or len(about) < 3:
            continue
        options = fields[5].split(",") + about[2].split(",")
        found.append(Mount(_plain(fields[4]), about[0], _plain(about[1]), "ro" in options))
    return found


def _plain(text: str) -> str:
    """Space, tab, newline and backslash are written in octal there, and in fstab(5)."""
    for octal, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(octal, char)
    return text


def at(point: str) -> Optional[Mount]:
    """What is mounted on ``point``, the topmost; None when nothing is."""
    real = os.path.realpath(point)
    return next((one for one in reversed(table()) if one.point == real), None)


def mount_iso(image: str, point: str, run: Run = run) -> None:
    """Mount an ISO image, read-only, on a directory that is there.

    Raises MountProblem: no iso9660 in this kernel, no loop device, no permission, no such program.
    """
    done = run(["mount", "-t", "iso9660", "-o", "loop,ro", image, point])
    if not done.ok:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise MountProblem(words[0] if words else "mount exited with {}".format(done.returncode))


def unmount(point: str, run: Run = run) -> str:
    """Unmount; returns umount's words when it did not work, "" when nothing is mounted there now."""
    if at(point) is None:
        return ""
    done = run(["umount", point])
    return "" if done.ok else (done.stderr.strip() or "umount exited with {}".format(done.returncode))


def go_private() -> bool:
    """Give this process, and its children from now on, mounts of their own.

    False where that cannot be had: no permission, no ctypes in this Python.
    """
    try:
        import ctypes
    except ImportError:
        return False
    libc: Any = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        return False
    # systemd shares the root mount with every namespace: without this others would see ours.
    return bool(libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None) == 0)


class Drive:
    """Where ISO images are mounted while one command needs them. Use as a context manager.

    ``private`` says whether only this process sees them. Nothing is mounted before ``insert``.
    ``keep`` are paths that will be made meanwhile: no mount may lie above them.
    """

    def __init__(self, run: Run = run, keep: Sequence[str] = ()) -> None:
        self._run = run
        self._keep = [os.path.realpath(path) for path in keep]
        self._top = ""
        self._own = False  # whether the top directory is one that goes at the end
        self._points: List[str] = []
        self.private = False

    def insert(self, image: str) -> str:
        """Mount an image; returns the directory. Raises MountProblem."""
        if not self._top:
            self._begin()
        point = os.path.join(self._top, str(len(self._points) + 1))
        try:
            os.mkdir(point)
            mount_iso(image, point, self._run)
        except OSError as error:
            raise MountProblem("{}: {}".format(point, error.strerror))
        self._points.append(point)
        return point

    def _begin(self) -> None:
        self.private = go_private()
        if self.private:
            for place in _EMPTY:
                hides = any((path + "/").startswith(place + "/") for path in self._keep)
                if not hides and _is_empty(place) and self._run(["mount", "-t", "tmpfs", "tmpfs", place]).ok:
                    self._top = place
                    return
        self._top, self._own = tempfile.mkdtemp(prefix="offkit-"), True

    def __enter__(self) -> "Drive":
        return self

    def __exit__(self, *exc: Any) -> None:
        for point in reversed(self._points):
            unmount(point, self._run)
        if self._own:
            for name in os.listdir(self._top):
                with suppress(OSError):
                    os.rmdir(os.path.join(self._top, name))
            with suppress(OSError):
                os.rmdir(self._top)
        elif self._top:
            unmount(self._top, self._run)
        self._points, self._top, self._own = [], "", False


def _is_empty(place: str) -> bool:
    """A directory of its own that holds nothing and on which nothing is mounted."""
    try:
        return not os.path.islink(place) and not os.listdir(place) and not os.path.ismount(place)
    except OSError:
        return False

"""What is different on a target: the overlay's upper layer against the layers below it.

A file that was written and taken back, or replaced by an equal one, is no difference.
"""

import contextlib
import hashlib
import os
import stat
from typing import Dict, Iterable, List, NamedTuple, Optional

# What no machine keeps over a restart, or what the lab itself mounts or makes as mount points.
PASSING = ("/run", "/dev", "/proc", "/sys")
# The index that SQLite's readers share (sqlite.org/walformat.html): asking rpm as root writes it.
_READERS = ("/var/lib/rpm/rpmdb.sqlite-shm",)
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}


class Entry(NamedTuple):
    kind: str  # file, directory, link, other
    mode: int
    owner: str  # UID:GID
    content: str  # digest of a file, goal of a link


def changes(target, since=None, passing: Iterable[str] = PASSING) -> List[str]:
    """["+ /path", "- /path", "~ /path what"], sorted by path: what is really different.

    From the target ``since`` that this one continues from, also at some removes; by default from
    the one right below. Times are no difference: a directory's says only that something came and went.
    """
    lower = since.layers if since else target.layers[1:]
    above = len(target.layers) - len(lower)
    found = []
    for path in sorted({path for depth in range(above) for path in _touched(target.layers[depth:])}):
        if path in ("/", *_READERS) or any((path + "/").startswith(each + "/") for each in passing):
            continue
        after, before = _look(target.layers, path), _look(lower, path)
        if after == before:
            continue
        if before is None or after is None:
            found.append("{} {}".format("+" if before is None else "-", path))
        else:
            what = [field for field in Entry._fields if getattr(before, field) != getattr(after, field)]
            found.append("~ {} {}".format(path, " ".join(what)))
    return found


def moment(target, passing: Iterable[str] = PASSING) -> Dict[str, tuple]:
    """All that the target has written so far, path by path, to compare with a later ``moment``.

    A file counts as another one when it was written again, whatever was written.
    """
    top = target.layers[0]
    found = {}
    for folder, folders, names in os.walk(top):
        for name in folders + names:
            path = os.path.join(folder, name)
            inside = path[len(top) :]
            if inside in _READERS or any((inside + "/").startswith(each + "/") for each in passing):
                continue
            with contextlib.suppress(FileNotFoundError):  # it is a server at work
                status = os.lstat(path)
                if stat.S_ISDIR(status.st_mode) and _look(target.layers[1:], inside) == _entry(path):
                    continue  # something below came, and perhaps went again
                content = (
                    ()
                    if stat.S_ISDIR(status.st_mode)
                    else (status.st_ino, status.st_size, status.st_mtime_ns)
                )
                found[inside] = (status.st_mode, status.st_uid, status.st_gid, *content)
    return found


def between(before: Dict[str, tuple], after: Dict[str, tuple]) -> List[str]:
    """["+ /path", "- /path", "~ /path"] of two moments, sorted by path."""
    marks = []
    for path in sorted({*before, *after}):
        if before.get(path) != after.get(path):
            marks.append(
                "{} {}".format("+" if path not in before else "-" if path not in after else "~", path)
            )
    return marks


def below(found: Iterable[str], *folders: str) -> List[str]:
    """Of ``changes``, those in the folders."""
    return [line for line in found if _within(line, folders)]


def outside(found: Iterable[str], *folders: str) -> List[str]:
    """Of ``changes``, those that are not in the folders."""
    return [line for line in found if not _within(line, folders)]


def _within(line, folders):
    return any((line.split(" ")[1] + "/").startswith(each.rstrip("/") + "/") for each in folders)


def _touched(layers) -> Dict[str, None]:
    """Every path that the upper layer says anything about, also by hiding a directory below it.

    ValueError for a directory of a layer below that was renamed: its content is elsewhere.
    """
    top = layers[0]
    found: Dict[str, None] = {}
    for folder, folders, names in os.walk(top):
        inside = "/" + os.path.relpath(folder, top) if folder != top else "/"
        found[inside] = None
        for name in folders + names:
            path = os.path.join(inside, name)
            found[path] = None
            status = os.lstat(top + path)
            if _mark(top + path, "redirect"):
                raise ValueError("{} was renamed from a layer below".format(path))
            hides = not stat.S_ISDIR(status.st_mode) or _opaque(top + path)
            if hides:
                for lower in layers[1:]:
                    for parent, subfolders, files in os.walk(lower + path):
                        for each in subfolders + files:
                            found["/" + os.path.relpath(os.path.join(parent, each), lower)] = None
    return found


def _look(layers, path) -> Optional[Entry]:
    """The path as the merged layers have it, or None."""
    for layer in layers:
        verdict = _in_layer(layer, path)
        if verdict == "hidden":
            return None
        if verdict == "here":
            return _entry(layer + path)
    return None


def _in_layer(layer, path) -> str:
    """here, hidden (what is below this layer does not count), or absent."""
    at = layer
    parts = path.strip("/").split("/")
    for index, part in enumerate(parts):
        at = os.path.join(at, part)
        try:
            status = os.lstat(at)
        except (FileNotFoundError, NotADirectoryError):
            # Where the directory above is opaque, nothing below shows through.
            return "hidden" if _opaque(os.path.dirname(at)) else "absent"
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
            return "hidden"
        if index < len(parts) - 1 and not stat.S_ISDIR(status.st_mode):
            return "hidden"
    return "here"


def _opaque(path) -> bool:
    return _mark(path, "opaque") == b"y"


def _mark(path, name) -> bytes:
    """What overlayfs noted about a directory, b"" for nothing."""
    try:
        return os.getxattr(path, "trusted.overlay." + name, follow_symlinks=False)
    except OSError:
        return b""


def _entry(path) -> Entry:
    status = os.lstat(path)
    kind = _KINDS.get(stat.S_IFMT(status.st_mode), "other")
    content = ""
    if kind == "file":
        with open(path, "rb") as source:
            content = hashlib.sha256(source.read()).hexdigest()
    elif kind == "link":
        content = os.readlink(path)
    return Entry(kind, stat.S_IMODE(status.st_mode), "{}:{}".format(status.st_uid, status.st_gid), content)

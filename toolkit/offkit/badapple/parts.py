"""A file from parts that many processes wrote, put together by the kernel."""

import errno
import os
import shutil
from contextlib import suppress
from typing import Any, Iterable, List

_UNABLE = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)  # sendfile(2) between these two files


def name(path: str, index: int) -> str:
    """What part ``index`` of the unfinished file ``path`` is called."""
    return "{}.{}".format(path, index)


def begin(path: str, head: bytes) -> None:
    """A new file with ``head`` at ``path``, which is no link. Raises OSError."""
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666), "wb", 0
    ) as new:
        _write(new, head)


def join(path: str, head: bytes, names: List[str], foot: bytes) -> None:
    """Head, parts and foot to ``path``; each part is removed once it is in. Raises OSError."""
    with open(path, "wb", buffering=0) as target:
        _write(target, head)
        for part in names:
            _append(target, part, 0)
            os.unlink(part)
        _write(target, foot)


def finish(path: str, base: int, head: bytes, end: int, foot: bytes) -> None:
    """The head before what begins at ``base`` of ``path`` and ends at ``end``, and ``foot`` behind.

    A head of another length than was reserved moves everything. Raises OSError.
    """
    os.truncate(path, end)
    if len(head) == base:
        with open(path, "r+b", buffering=0) as whole:
            _write(whole, head)
            whole.seek(0, os.SEEK_END)
            _write(whole, foot)
        return
    moved = path + ".moved"
    try:
        with open(moved, "wb", buffering=0) as target:
            _write(target, head)
            _append(target, path, base)
            _write(target, foot)
        os.replace(moved, path)
    finally:
        discard([moved])


def discard(names: Iterable[str]) -> None:
    for part in names:
        with suppress(FileNotFoundError):
            os.unlink(part)


def _write(target: Any, data: bytes) -> None:
    rest = memoryview(data)
    while len(rest):
        rest = rest[target.write(rest) :]


def _append(target: Any, part: str, start: int) -> None:
    """What ``part`` holds from ``start`` on, without a way through this process where that can be."""
    with open(part, "rb") as source:
        at, end = start, os.fstat(source.fileno()).st_size
        try:
            while at < end:
                done = os.sendfile(target.fileno(), source.fileno(), at, min(end - at, 1 << 30))
                if not done:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                at += done
        except OSError as error:
            if error.errno not in _UNABLE or at > start:
                raise
            source.seek(start)
            shutil.copyfileobj(source, target, 1 << 20)

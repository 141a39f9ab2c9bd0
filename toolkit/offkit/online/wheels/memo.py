"""What follows from the bytes of a file alone, kept beside the wheels: CACHE/made/KIND/KEY.

It is made once. What is kept is read again only if it is whole, and the key has the sources of whoever makes
it, so that another offkit makes its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from offkit.edges import leftovers


def recalled(cache: Path | None, kind: str, key: Iterable[bytes], make: Callable[[], bytes]) -> bytes:
    """What ``make`` gives; without a cache, or where it cannot be written, each time anew."""
    parts = list(key)
    found = recall(cache, kind, parts)
    if found is None:
        found = make()
        keep(cache, kind, parts, found)
    return found


def recall(cache: Path | None, kind: str, key: Iterable[bytes]) -> bytes | None:
    """What was kept, if it is whole."""
    if cache is not None:
        with contextlib.suppress(OSError):
            kept = _place(cache, kind, key).read_bytes()
            if hashlib.sha256(kept[_DIGEST:]).digest() == kept[:_DIGEST]:
                return kept[_DIGEST:]
    return None


def keep(cache: Path | None, kind: str, key: Iterable[bytes], made: bytes) -> None:
    """For the next time, where that is possible."""
    if cache is None:
        return
    path = _place(cache, kind, key)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=leftovers.prefix("made"))
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(made).digest() + made)
            os.replace(name, path)
        except OSError:
            os.unlink(name)


def forget(cache: Path, kind: str, key: Iterable[bytes]) -> None:
    """It is of no more use."""
    with contextlib.suppress(OSError):
        _place(cache, kind, key).unlink()


def _place(cache: Path, kind: str, key: Iterable[bytes]) -> Path:
    whole = hashlib.sha256()
    for part in key:
        whole.update(len(part).to_bytes(8, "big") + part)
    return cache / "made" / kind / whole.hexdigest()


_DIGEST = hashlib.sha256().digest_size  # bytes ahead of the contents

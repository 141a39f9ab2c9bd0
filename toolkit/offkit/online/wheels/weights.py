"""How many bytes the wheels of a plan have, before any of them is fetched."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from offkit.online.index.pool import pool
from offkit.online.request.locked import LockedWheel
from offkit.online.wheels import download, store
from offkit.online.wheels.download import Wanted

_PARALLEL = 8


class Weight(NamedTuple):
    """Of one file, in bytes; None where nobody says."""

    filename: str
    size: int | None
    cached: bool
    installed: int | None  # once unpacked, of a wheel that is in the cache and can be read


class Weights(NamedTuple):
    files: tuple[Weight, ...]
    beside: int = 0  # bytes of what is no wheel of an index
    own: int = 0  # of offkit's own files, which are once in a bundle for several targets

    def to_come(self) -> list[Weight]:
        return [one for one in self.files if not one.cached]

    def cached(self) -> list[Weight]:
        return [one for one in self.files if one.cached]

    def size(self) -> int:
        """Bytes of all whose size is known."""
        return self.own + self.beside + sum(one.size for one in self.files if one.size is not None)

    def installed(self) -> int | None:
        """Bytes on the server; None while a wheel is not here, for no index tells."""
        sizes = [one.installed for one in self.files if one.installed is not None]
        return sum(sizes) if len(sizes) == len(self.files) else None

    def unknown(self) -> int:
        """How many there are of which nobody says the size."""
        return sum(one.size is None for one in self.files)


def together(parts: Iterable[Weights]) -> Weights:
    """Of a bundle for several targets, in which the files that they share are once."""
    parts = list(parts)
    once = {one.filename: one for part in parts for one in part.files}
    own = max((part.own for part in parts), default=0)
    return Weights(tuple(once.values()), sum(part.beside for part in parts), own)


def of(wheels: Iterable[LockedWheel], session: Any, cache: Path) -> Weights:
    """Each once. Wheels that are not in the cache are asked for by HEAD, with pip's ``session``."""
    once = list({wheel.filename: wheel for wheel in wheels}.values())
    with pool(_PARALLEL) as threads:
        return Weights(tuple(threads.map(partial(_weight, session=session, cache=cache), once)))


def _weight(wheel: LockedWheel, session: Any, cache: Path) -> Weight:
    path = store.find(cache, wheel.sha256, wheel.filename)
    if path is not None:
        return Weight(wheel.filename, path.stat().st_size, True, _unpacked(path))
    wanted = Wanted(wheel.name, wheel.filename, wheel.url, wheel.sha256)
    return Weight(wheel.filename, download.size(wanted, session) or None, False, None)


def _unpacked(path: Path) -> int | None:
    """None of what is no wheel: whoever is to pack it says so."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return None

"""A bundle that is to travel as what it has more than an earlier one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from offkit import __version__
from offkit.edges import leftovers
from offkit.model import archive, difference, layout, manifest
from offkit.model.difference import Base, Content
from offkit.model.errors import EnvironmentProblem
from offkit.model.manifest import Member
from offkit.model.report import Reporter
from offkit.online.carry.pack import Packed, destination


class Written(NamedTuple):
    path: Path
    size: int  # bytes
    sha256: str  # of the tar
    base: str  # digest of the bundle that it is to
    members: int  # of the new bundle, that it has
    spared: int  # that the base has


def instead(packed: Packed, base: Base, reporter: Reporter) -> Written:
    """Put the difference to ``base`` in the place of the bundle, in one step.

    Raises EnvironmentProblem when the disk refuses: the whole bundle is there then."""
    text = manifest.dump(packed.manifest)
    own = Member(layout.MANIFEST, len(text), manifest.digest(text))
    first, *others = packed.manifest.members
    found = difference.of(base, packed.manifest.members, own, f"offkit {__version__}")
    listed = difference.dump(found)
    difference.load(listed)  # what we cannot read ourselves does not leave the house
    place = destination(packed.path)
    where = _places([first, own, *others])
    try:
        with (
            leftovers.unfinished(str(place), "bundle") as file,
            place.open("rb") as whole,
            reporter.bar("packing the difference", sum(one.size for one in found.members), "B") as bar,
        ):
            seen, size = hashlib.sha256(), 0
            for chunk in _tar(found.members, listed, whole, where):
                file.write(chunk)
                seen.update(chunk)
                size += len(chunk)
                bar.advance(len(chunk))
    except OSError as error:
        raise EnvironmentProblem(
            f"{packed.path} is the whole bundle; the difference cannot be written: {error.strerror or error}",
            fix="carry the whole bundle, or choose another place with -o",
        ) from error
    new = len(found.new())
    return Written(
        packed.path, size, seen.hexdigest(), base.digest, new, len(packed.manifest.members) + 1 - new
    )


def _places(members: list[Member]) -> dict[Content, int]:
    """Where the contents begin in a bundle, by what they are."""
    found, offset = {}, 0
    for one in members:
        start, end = archive.footprint(one.path, one.size)
        found[one.size, one.sha256] = offset + start
        offset += end
    return found


def _tar(
    members: tuple[Member, ...], listed: bytes, whole: BinaryIO, places: dict[Content, int]
) -> Iterator[bytes]:
    yield archive.header(layout.DIFFERENCE, len(listed)) + listed + bytes(archive.padding(len(listed)))
    for one in members:
        yield archive.header(one.path, one.size)
        if one.path == layout.INSTALL_SH:
            yield difference.INSTALL_SH
        else:
            whole.seek(places[one.size, one.sha256])
            yield from _read(whole, one.size)
        yield bytes(archive.padding(one.size))
    yield archive.END


def _read(source: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        chunk = source.read(min(archive.CHUNK, size))
        size -= len(chunk)
        yield chunk

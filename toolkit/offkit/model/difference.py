"""DIFFERENCE.json: what a bundle has that an earlier one has not, and which that is.

A bundle is a function of its manifest and of its members' contents (model.archive). So a difference
has the manifest of the new bundle and, once each, the contents that the earlier one, the base, has
nowhere; together with the base it is the new bundle, byte for byte. It is a tar of the same kind: a
function of DIFFERENCE.json, which lists what follows: install.sh, which only says what to do, and
below new/ the members of the new bundle.
"""

from typing import Dict, FrozenSet, Iterable, List, NamedTuple, Tuple

from offkit.model import layout, manifest, sealed
from offkit.model.errors import EnvironmentProblem
from offkit.model.manifest import Member

SCHEMA = "offkit/difference-1"
FORMAT = 1  # what this code writes, and the newest it reads
Content = Tuple[int, str]  # size in bytes, SHA-256 in hex
MANIFEST = layout.NEW + layout.MANIFEST
# For somebody who does with a difference what is done with a bundle. It has no name of the bundle to say:
# it is the same for all.
INSTALL_SH = b"""#!/bin/sh
echo 'This is a difference to an earlier bundle, and no whole one. With that one beside it:' >&2
echo '    offkit merge OLD.tar DIFFERENCE.tar -o bundle.tar' >&2
exit 2
"""


class Base(NamedTuple):
    """The bundle that a difference is to."""

    digest: str  # of its manifest, in hex
    contents: FrozenSet[Content]  # what can be taken from it


class Difference(NamedTuple):
    base: str  # digest of the manifest of the bundle that it is to
    made_by: str  # "offkit 0.1.0"
    members: Tuple[Member, ...]  # in the order of the tar, without DIFFERENCE.json itself

    def new(self) -> Dict[Content, str]:
        """Where the contents are that only it has."""
        return {(one.size, one.sha256): one.path for one in self.members if one.path.startswith(layout.NEW)}


def of(base: Base, members: Iterable[Member], text: Member, made_by: str) -> Difference:
    """The difference of a bundle that has these ``members``, and ``text`` for its manifest."""
    found: List[Member] = [text._replace(path=MANIFEST)]
    there = set(base.contents)
    for one in members:
        if (one.size, one.sha256) not in there:
            there.add((one.size, one.sha256))
            found.append(one._replace(path=layout.NEW + one.path))
    said = Member(layout.INSTALL_SH, len(INSTALL_SH), manifest.digest(INSTALL_SH))
    return Difference(base.digest, made_by, (said, *found))


def dump(difference: Difference) -> bytes:
    """The canonical text."""
    return sealed.dump(
        {
            "schema": SCHEMA,
            "made_by": difference.made_by,
            "format": FORMAT,
            "minimum_reader": FORMAT,
            "base": difference.base,
            "members": [dict(one._asdict()) for one in difference.members],
        }
    )


def load(text: bytes) -> Difference:
    """A difference from its text. Raises what ``manifest.load`` raises."""
    with sealed.reading(layout.DIFFERENCE):
        data = sealed.load(text, "offkit/difference-", FORMAT, _newer)
        members = manifest.listed(data["members"])
        first, *rest = [one.path for one in members] or [""]
        if first != layout.INSTALL_SH or MANIFEST not in rest[:1]:
            raise ValueError("it lists no manifest")
        for path in rest[1:]:
            if not path.startswith(layout.NEW):
                raise ValueError("{!r} has no place in it".format(path))
            layout.position(path[len(layout.NEW) :])  # ValueError when it belongs nowhere
        if not manifest.is_digest(data["base"]):
            raise ValueError("it names no bundle that it is a difference to")
        return Difference(data["base"], str(data["made_by"]), members)


def _newer(made_by: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        "this difference was written by {} and needs a newer offkit".format(made_by),
        fix="merge it on the machine where it was made, and carry the whole bundle",
    )

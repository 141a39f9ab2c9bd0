"""A Python that a bundle carries for a server that has none: its source, or a ready-made build."""

from typing import Any, Dict, List, NamedTuple, Tuple

SOURCE = "source"
BUILD = "build"


class Carried(NamedTuple):
    """A tarball in the bundle. ``install.sh`` is told all of it, since it cannot read a manifest."""

    kind: str  # SOURCE or BUILD
    member: str  # its path in the bundle
    version: str  # 3.6.15
    sha256: str  # hex
    unpacked: int  # bytes

    @property
    def release(self) -> Tuple[int, ...]:
        return tuple(int(part) for part in self.version.split("."))

    @property
    def series(self) -> str:
        """``3.6``"""
        return ".".join(self.version.split(".")[:2])

    def describe(self) -> str:
        """One line for people."""
        what = "source, compiled on the server" if self.kind == SOURCE else "ready-made build"
        return "Python {} ({})".format(self.version, what)


def to_options(carried: Tuple[Carried, ...]) -> Dict[str, Any]:
    """The manifest's option ``pythons``; nothing where nothing is carried."""
    listed = [{"kind": one.kind, "member": one.member, "version": one.version} for one in carried]
    return {"pythons": listed} if listed else {}


def from_options(options: Dict[str, Any]) -> List[Tuple[str, str, str]]:
    """(kind, member, version) of each; only what has the right form counts."""
    keys = ("kind", "member", "version")
    listed = [one for one in options.get("pythons", ()) if isinstance(one, dict)]
    listed = [one for one in listed if all(isinstance(one.get(key), str) for key in keys)]
    return [(one["kind"], one["member"], one["version"]) for one in listed]

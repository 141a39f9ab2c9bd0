"""MANIFEST.json: what a bundle is for and exactly what it holds.

The digest chain is manifest → members: the manifest vouches for every other member, and for
itself through ``self_sha256``, the hash of its canonical text without that entry. That finds
damage; only a signature finds a forger.

A bundle for several targets has, below ``targets/NAME/``, the manifest that each would have alone, but for
install.sh, which is made for all of them; what several list lies there once.
"""

import hashlib
import re
from typing import Any, Dict, List, NamedTuple, Tuple, Union

from offkit.model import archive, layout, sealed
from offkit.model.errors import EnvironmentProblem
from offkit.model.target import Target
from offkit.model.target import from_json as target_from_json

SCHEMA = "offkit/bundle-1"
FORMAT = 2  # what this code writes, and the newest it reads; 1 had no time in its tar headers
_NAME = r"^[A-Za-z0-9_-]+\Z"  # of a target in a bundle for several: a word for the shell, part of a path


class Member(NamedTuple):
    path: str
    size: int  # bytes
    sha256: str  # lower-case hex


class Manifest(NamedTuple):
    target: Target
    options: Dict[str, Any]  # what was asked for: requirements, --allow-sdist …
    made_by: str  # "offkit 0.1.0"
    installed_size: int  # bytes that the wheels take once unpacked
    members: Tuple[Member, ...]  # in the order of the tar, without the manifest itself
    format: int = FORMAT

    @property
    def mtime(self) -> int:
        """Of every member of the tar."""
        return archive.MTIME if self.format > 1 else 0

    def wheels(self) -> List[Member]:
        return self.below(layout.WHEELS)

    def below(self, folder: str) -> List[Member]:
        """Those of one of the layout's folders."""
        return [member for member in self.members if member.path.startswith(folder)]


class Several(NamedTuple):
    """MANIFEST.json of a bundle for several targets."""

    targets: Tuple[
        Tuple[str, Target], ...
    ]  # with the name that each has in this bundle, in the order asked for
    made_by: str
    members: Tuple[Member, ...]  # of the whole tar, as above
    mtime: int = archive.MTIME

    def wheels(self) -> List[Member]:
        """Those of all targets."""
        tops = ["", *(folder(name) for name, _ in self.targets)]
        places = tuple(top + layout.WHEELS for top in tops)
        return [member for member in self.members if member.path.startswith(places)]


def folder(name: str) -> str:
    """Where that is which a target has for itself."""
    return "{}{}/".format(layout.TARGETS, name)


def dump(manifest: Union[Manifest, Several]) -> bytes:
    """The canonical text."""
    data: Dict[str, Any] = {
        "schema": SCHEMA,
        "made_by": manifest.made_by,
        "members": [{"path": m.path, "size": m.size, "sha256": m.sha256} for m in manifest.members],
    }
    if isinstance(manifest, Several):
        targets = [{"name": name, "target": target.to_json()} for name, target in manifest.targets]
        data.update(format=FORMAT, minimum_reader=FORMAT, targets=targets)
    else:
        data.update(
            format=manifest.format,
            minimum_reader=manifest.format,
            target=manifest.target.to_json(),
            options=manifest.options,
            installed_size=manifest.installed_size,
        )
    return sealed.dump(data)


def digest(text: bytes) -> str:
    """The identity of a bundle: SHA-256 (hex) of its manifest's text."""
    return hashlib.sha256(text).hexdigest()


def is_digest(text: Any) -> bool:
    """Whether it looks like one."""
    return isinstance(text, str) and bool(re.fullmatch(r"[0-9a-f]{64}", text))


def load(text: bytes) -> Union[Manifest, Several]:
    """A manifest from its text.

    Raises IntegrityError when the text is not canonical, does not match its own digest, or
    lists unsafe paths; EnvironmentProblem when a newer offkit wrote it for newer readers only.
    """
    with sealed.reading(layout.MANIFEST):
        return _parsed(sealed.load(text, "offkit/bundle-", FORMAT, _newer))


def _newer(made_by: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        "this bundle was written by {} and needs a newer offkit".format(made_by),
        fix="use the offkit.pyz inside the bundle: tar -xf BUNDLE install.sh && sh install.sh BUNDLE",
    )


def _parsed(data: Dict[str, Any]) -> Union[Manifest, Several]:
    members = listed(data["members"])
    for member in members:
        layout.position(member.path)  # ValueError when it belongs nowhere
    made_by = str(data["made_by"])
    if "targets" in data:
        targets = tuple((str(one["name"]), target_from_json(one["target"])) for one in data["targets"])
        names = [name for name, _ in targets]
        if len(set(names)) < max(2, len(names)):
            raise ValueError("it is not for several targets, each with a name of its own")
        for name in names:
            if not re.match(_NAME, name):
                raise ValueError("bad name {!r}".format(name))
        return Several(targets, made_by, members)
    return Manifest(
        target=target_from_json(data["target"]),
        options=dict(data["options"]),
        made_by=made_by,
        installed_size=int(data["installed_size"]),
        members=members,
        format=int(data["format"]),
    )


def listed(entries: List[Any]) -> Tuple[Member, ...]:
    """Members as a text lists them. Raises ValueError, KeyError and TypeError for what is no list of such."""
    members = tuple(Member(str(m["path"]), int(m["size"]), str(m["sha256"])) for m in entries)
    seen = {layout.MANIFEST}
    for member in members:
        if not archive.is_safe(member.path):
            raise ValueError("unsafe path {!r}".format(member.path))
        if member.path in seen:
            raise ValueError("{!r} is listed twice".format(member.path))
        if member.size < 0 or not is_digest(member.sha256):
            raise ValueError("bad entry for {!r}".format(member.path))
        seen.add(member.path)
    return members

"""The generations under a prefix: complete environments side by side, one of them current.

A generation is complete or it is not there: it is built in a directory with another name and
renamed. ``current`` is a relative symlink, so a prefix can be moved as a whole or mounted
elsewhere for inspection.
"""

import json
import os
import re
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges import files
from offkit.model import layout

SCHEMA = "offkit/receipt-1"
_ID = re.compile(r"^(\d{4,})-[0-9a-f]{8}$")


class Package(NamedTuple):
    name: str
    version: str


class Receipt(NamedTuple):
    """What was installed, from what, with what, when. Paths are real Unicode (edges.files.text)."""

    id: str
    manifest: str  # SHA-256 (hex) of the bundle's manifest
    target: Dict[str, Any]  # Target.to_json
    python: str  # path of the interpreter the environment was made with
    python_version: str
    created: str  # UTC, 2026-01-31T12:00:00Z
    made_by: str  # "offkit 0.1.0", the one that installed
    packages: Tuple[Package, ...]

    def to_json(self) -> Dict[str, Any]:
        data: Dict[str, Any] = {"schema": SCHEMA}
        data.update(self._asdict())
        data["packages"] = [dict(package._asdict()) for package in self.packages]
        return data


class Generation(NamedTuple):
    id: str
    path: str
    receipt: Optional[Receipt]  # None when it cannot be read
    current: bool


def from_json(data: Any) -> Receipt:
    """Back from ``Receipt.to_json``; ValueError on anything else."""
    try:
        if data["schema"] != SCHEMA:
            raise ValueError("schema {!r}".format(data["schema"]))
        packages = tuple(Package(str(one["name"]), str(one["version"])) for one in data["packages"])
        words = ("id", "manifest", "python", "python_version", "created", "made_by")
        texts = {name: str(data[name]) for name in words}
        return Receipt(target=dict(data["target"]), packages=packages, **texts)
    except (KeyError, TypeError) as error:
        raise ValueError("not a receipt: {!r}".format(error))


def package(metadata: bytes) -> Package:
    """Name and version from a distribution's METADATA (the header fields of PEP 566)."""
    fields: Dict[str, str] = {}
    for line in metadata.decode("utf-8", "replace").splitlines():
        if not line:
            break
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name, value.strip())
    return Package(fields.get("Name", ""), fields.get("Version", ""))


def dump(receipt: Receipt) -> bytes:
    """The text of receipt.json."""
    return (json.dumps(receipt.to_json(), indent=1) + "\n").encode("ascii")


def directory(prefix: str) -> str:
    return os.path.join(prefix, layout.GENERATIONS)


def found(prefix: str) -> List[Generation]:
    """All of them, oldest first; empty where nothing was ever installed."""
    here = current_id(prefix)
    names = sorted((name for name in _names(prefix) if _ID.match(name)), key=number)
    return [_read(prefix, name, name == here) for name in names]


def current_id(prefix: str) -> Optional[str]:
    """The generation that ``current`` points to, None without one."""
    try:
        target = os.readlink(os.path.join(prefix, layout.CURRENT))
    except OSError:
        return None
    name = os.path.basename(target)
    return name if os.path.isdir(os.path.join(directory(prefix), name)) else None


def number(name: str) -> int:
    """12 of ``0012-89abcdef``; ValueError on other names."""
    match = _ID.match(name)
    if not match:
        raise ValueError(name)
    return int(match.group(1))


def is_id(name: str) -> bool:
    return _ID.match(name) is not None


def home(runtime_file: str) -> Optional[str]:
    """The prefix with the generation that this offkit runs from, None when it runs from elsewhere.

    ``runtime_file`` is a file of the running offkit.
    """
    marker = os.sep + layout.GENERATION_RUNTIME.replace("/", os.sep) + os.sep
    generation = os.path.abspath(runtime_file).rpartition(marker)[0]
    place, name = os.path.split(generation)
    prefix, below = os.path.split(place)
    return prefix if below == layout.GENERATIONS and is_id(name) else None


def next_id(existing: Sequence[str], digest: str) -> str:
    """The identity of a new generation of the bundle with that manifest digest."""
    return "{:04d}-{}".format(max([number(name) for name in existing] or [0]) + 1, digest[:8])


def leftovers(prefix: str) -> List[str]:
    """Paths of builds that were interrupted."""
    return [
        os.path.join(directory(prefix), name) for name in _names(prefix) if name.startswith(layout.BUILDING)
    ]


def switch(prefix: str, name: str) -> None:
    """Make a generation the current one, in one step. Raises OSError, the old one then remains."""
    files.replace_link(os.path.join(prefix, layout.CURRENT), layout.GENERATIONS + "/" + name)


def beyond(existing: Sequence[Generation], keep: Optional[int]) -> Tuple[str, ...]:
    """Which of ``existing`` go, oldest first, when a new one comes and ``keep`` stay with it.

    None keeps all. The current one is the one to go back to, and never among them.
    """
    if keep is None:
        return ()
    old = sorted(existing, key=lambda one: number(one.id))
    return tuple(one.id for one in old[: max(len(old) + 1 - keep, 0)] if not one.current)


def remove(prefix: str, name: str, token: str) -> bool:
    """Remove a generation; True when nothing is left of it. Raises OSError when it cannot begin.

    It first takes the name of an unfinished build (``token`` makes that one unique): whatever
    interrupts this, no half of a generation is taken for a whole one, and what remains is
    removed by the next installation.
    """
    gone = os.path.join(directory(prefix), "{}{}-{}".format(layout.BUILDING, name, token))
    os.rename(os.path.join(directory(prefix), name), gone)
    files.sync_directory(directory(prefix))
    return files.remove_tree(gone)


def _names(prefix: str) -> List[str]:
    try:
        return sorted(os.listdir(directory(prefix)))
    except OSError:
        return []


def _read(prefix: str, name: str, current: bool) -> Generation:
    path = os.path.join(directory(prefix), name)
    try:
        with open(os.path.join(path, *layout.RECEIPT.split("/")), "rb") as source:
            receipt: Optional[Receipt] = from_json(json.loads(source.read().decode("utf-8")))
    except (OSError, ValueError):
        receipt = None
    return Generation(name, path, receipt, current)

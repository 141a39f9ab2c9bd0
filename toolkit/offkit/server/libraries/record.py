"""Libraries out of RPMs, on their way into a generation and in it: libraries.json says where each is from."""

import hashlib
import json
import posixpath
from typing import Any, List, NamedTuple, Tuple

from offkit.edges.tree import Tree
from offkit.model import checksum, layout

SCHEMA = "offkit/libraries-1"
# In site-packages, where one is needed: Python runs it when it starts, and it runs the module.
PTH, MODULE = "offkit-libraries.pth", "_offkit_libraries.py"
_SIZE = 4 * 1024 * 1024  # bytes that are read; an entry has some 300


class LibraryFile(NamedTuple):
    """One library; its file is called like it."""

    soname: str
    rpm: str  # libSM-1.2.2-2.el7.x86_64
    path: str  # in that RPM
    medium: str  # name of the ISO or directory
    sha256: str
    size: int  # bytes
    signature: str  # what vouched for the RPM: "key 24c6a8a7f4a80eb5", "checksum only"


class Vendored(NamedTuple):
    """A library as it goes into a generation."""

    soname: str
    data: bytes
    rpm: str  # libSM-1.2.2-2.el7.x86_64
    path: str  # in the package
    medium: str
    signature: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


class Record(NamedTuple):
    entries: Tuple[LibraryFile, ...]  # each after what it needs
    preloaded: Tuple[str, ...]  # sonames that Python loads when it starts, in this order


NOTHING = Record((), ())


def dump(record: Record) -> bytes:
    data = {
        "schema": SCHEMA,
        "libraries": [dict(entry._asdict()) for entry in record.entries],
        "preloaded": list(record.preloaded),
    }
    return (json.dumps(data, indent=1) + "\n").encode("ascii")


def load(text: bytes) -> Record:
    """Back from ``dump``; ValueError on anything else."""
    try:
        data = json.loads(text.decode("ascii"))
        if data["schema"] != SCHEMA:
            raise ValueError("schema {!r}".format(data["schema"]))
        entries = tuple(_entry(row) for row in data["libraries"])
        preloaded = tuple(str(name) for name in data["preloaded"])
    except (KeyError, TypeError) as error:
        raise ValueError("not a list of libraries: {!r}".format(error))
    if any("/" in name for name in [entry.soname for entry in entries] + list(preloaded)):
        raise ValueError("a library name contains a path")
    return Record(entries, preloaded)


def _entry(row: Any) -> LibraryFile:
    words = {name: str(row[name]) for name in LibraryFile._fields if name != "size"}
    return LibraryFile(size=int(row["size"]), **words)


def read(tree: Tree, where: str) -> Record:
    """That of the generation at ``where``; NOTHING without one. Raises OSError, ValueError."""
    path = posixpath.join(where, layout.GENERATION_LIBRARY_LIST)
    if not tree.is_file(path):
        return NOTHING
    with tree.open(path) as source:
        return load(source.read(_SIZE))


def altered(tree: Tree, where: str, record: Record) -> List[Tuple[LibraryFile, str]]:
    """The libraries that are not as they were written, and in what way."""
    found = []
    for entry in record.entries:
        path = posixpath.join(where, layout.GENERATION_LIBRARIES, entry.soname)
        try:
            with tree.open(path) as source:
                digest = checksum.sha256(source)
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            found.append((entry, "is missing" if missing else "cannot be read: {}".format(error.strerror)))
            continue
        if digest != entry.sha256:
            found.append((entry, "is altered"))
    return found

"""Collections as wheels, offkit.fleet and those of others: the same bytes wherever one is made.

Below ``ansible_collections/`` in site-packages Ansible's loader finds it by itself, with no
collections path set and nothing in a home directory: it looks through sys.path
(COLLECTIONS_SCAN_SYS_PATH, docs.ansible.com, reference_appendices/config). MANIFEST.json and
FILES.json are those of an installed collection, so that ``ansible-galaxy collection list`` and
``verify`` know it; galaxy.yml, from which they are made, stays at home, as it does there. Those of others
share one wheel: their versions are not Python's, and two of their names may be one for Python.
"""

from __future__ import annotations

import fnmatch
import hashlib
import io
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from offkit import __version__
from offkit.edges import data
from offkit.model import origin, record
from offkit.online.wheels import stored

NAME = "offkit-fleet"  # of the distribution
# A local version (PEP 440) is never on an index: the pin can mean this wheel and no other.
VERSION = __version__ + "+collection"
FILENAME = f"offkit_fleet-{VERSION}-py3-none-any.whl"
PLACE = "ansible_collections/offkit/fleet"
OTHERS = "offkit-collections"  # of the distribution with those of others
_GALAXY = "galaxy.yml"
# What is for those who work on the collection; hidden files too.
_AT_HOME = ("extensions/*", "tests/*", "*.tar.gz", "*.pyc", "*.retry", _GALAXY)
_METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: {summary}
{license}Requires-Python: >=3.10
Requires-Dist: ansible-core>=2.16
"""
_LICENSE = "License: MIT\n"
_WHEEL = f"""\
Wheel-Version: 1.0
Generator: offkit ({__version__})
Root-Is-Purelib: true
Tag: py3-none-any
"""


class Wheel(NamedTuple):
    """A wheel that no index has."""

    filename: str
    contents: bytes
    files: tuple[str, ...]  # of the collection, below its own directory
    name: str = NAME
    version: str = VERSION
    origin: str = origin.OURS

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.contents).hexdigest()


def wheel() -> Wheel:
    """The collection of this offkit. Its ``files`` are empty where this offkit has none."""
    try:
        found = dict(_files(data.directory("ansible")))
    except FileNotFoundError:
        found = {}
    return build(found)


def build(found: Mapping[str, bytes]) -> Wheel:
    """From the files of a collection's directory, by their path in it; galaxy.yml is one of them."""
    kept = {path: stored.unix(contents) for path, contents in found.items() if path != _GALAXY}
    listing = _dump(_listing(kept))
    galaxy = stored.unix(found.get(_GALAXY, b"")).decode("utf-8")
    manifest = _dump(_manifest(_scalars(galaxy), hashlib.sha256(listing).hexdigest()))
    members = {f"{PLACE}/{path}": contents for path, contents in kept.items()}
    members[f"{PLACE}/MANIFEST.json"] = manifest
    members[f"{PLACE}/FILES.json"] = listing
    summary = "The Ansible collection offkit.fleet, by the offkit that made the bundle"
    contents = _packed(
        _METADATA.format(name=NAME, version=VERSION, summary=summary, license=_LICENSE), members
    )
    return Wheel(FILENAME, contents, tuple(sorted(kept)))


def of_others(found: Mapping[str, bytes], executable: Collection[str]) -> Wheel:
    """The installed files of all collections of others, by their paths below ansible_collections/."""
    members = {f"ansible_collections/{path}": contents for path, contents in found.items()}
    programs = {f"ansible_collections/{path}" for path in executable}
    digest = hashlib.sha256()
    for path, contents in sorted(members.items()):
        mark = "x" if path in programs else "-"
        digest.update(f"{hashlib.sha256(contents).hexdigest()} {mark} {path}\n".encode())
    # As above; the letter since PEP 440 takes the zeros from a part that is a number.
    version = f"{__version__}+collections.h{digest.hexdigest()[:16]}"
    summary = "Ansible collections that the bundle was asked for"
    metadata = _METADATA.format(name=OTHERS, version=version, summary=summary, license="")
    filename = f"offkit_collections-{version}-py3-none-any.whl"
    return Wheel(filename, _packed(metadata, members, programs), tuple(sorted(found)), OTHERS, version, "")


def _packed(metadata: str, members: Mapping[str, bytes], executable: Collection[str] = ()) -> bytes:
    """A wheel with these members and this METADATA."""
    name, version = (line.partition(": ")[2] for line in metadata.splitlines()[1:3])
    info = "{}-{}.dist-info".format(name.replace("-", "_"), version)
    members = dict(sorted(members.items()))
    members[f"{info}/METADATA"] = metadata.encode("ascii")
    members[f"{info}/WHEEL"] = _WHEEL.encode("ascii")
    members[f"{info}/RECORD"] = _record(members, f"{info}/RECORD")
    buffer = io.BytesIO()
    stored.write(buffer, members.items(), executable)
    return buffer.getvalue()


def _files(top: str) -> Iterator[tuple[str, bytes]]:
    """Path and contents of what belongs to the collection."""
    for folder, directories, names in os.walk(top):
        directories[:] = [name for name in directories if name != "__pycache__" and name[0] != "."]
        for name in names:
            full = os.path.join(folder, name)
            path = os.path.relpath(full, top).replace(os.sep, "/")
            wanted = path == _GALAXY or not any(fnmatch.fnmatch(path, pattern) for pattern in _AT_HOME)
            if wanted and name[0] != ".":
                with open(full, "rb") as source:
                    yield path, source.read()


def _scalars(text: str) -> dict[str, str]:
    """The values of galaxy.yml that stand on one line."""
    pairs = re.findall(r"^([a-z_]+):[ \t]+(\S.*?)[ \t]*$", text, re.MULTILINE)
    return {key: _unquoted(value) for key, value in pairs if value[0] not in "[{|>#"}


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _listing(files: Mapping[str, bytes]) -> dict[str, Any]:
    """FILES.json (ansible/galaxy/collection, ``_build_files_manifest``): directories, then files."""
    folders = {"."}
    for path in files:
        parts = path.split("/")[:-1]
        folders.update("/".join(parts[: depth + 1]) for depth in range(len(parts)))
    entries = [_entry(name, "dir", None) for name in sorted(folders)]
    entries += [_entry(name, "file", hashlib.sha256(files[name]).hexdigest()) for name in sorted(files)]
    return {"files": entries, "format": 1}


def _entry(name: str, kind: str, sha256: str | None) -> dict[str, Any]:
    return {
        "name": name,
        "ftype": kind,
        "chksum_type": "sha256" if sha256 else None,
        "chksum_sha256": sha256,
        "format": 1,
    }


def _manifest(galaxy: Mapping[str, str], listing_sha256: str) -> dict[str, Any]:
    """MANIFEST.json (the same, ``_build_manifest``)."""
    return {
        "collection_info": {
            "namespace": "offkit",
            "name": "fleet",
            "version": __version__,
            "authors": ["offkit"],
            "readme": "README.md",
            "tags": [],
            "description": galaxy.get("description", "A fleet of servers without a network"),
            "license": ["MIT"],
            "license_file": None,
            "dependencies": {},
            "repository": galaxy.get("repository"),
            "documentation": galaxy.get("documentation"),
            "homepage": galaxy.get("homepage"),
            "issues": galaxy.get("issues"),
        },
        "file_manifest_file": _entry("FILES.json", "file", listing_sha256),
        "format": 1,
    }


def _dump(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def _record(members: Mapping[str, bytes], own: str) -> bytes:
    """PEP 376, PEP 427: each file with its hash, itself without."""
    rows = [record.row(path, contents) for path, contents in members.items()]
    return record.dump([*rows, [own, "", ""]]).encode("utf-8")

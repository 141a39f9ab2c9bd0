"""checklist.json: what a bundle's wheels want from the server's own libraries."""

import json
from typing import Any, Dict, NamedTuple, Tuple

from offkit.model.errors import damaged
from offkit.model.layout import CHECKLIST

SCHEMA = "offkit/checklist-1"


class Library(NamedTuple):
    """One external soname.

    ``versions`` are symbol versions (``GLIBC_2.17``), ``needed_by`` are ``wheel: path in it``,
    ``rpm`` is empty when no package is known; ``in_bundle`` says whether that RPM comes along.
    """

    soname: str
    versions: Tuple[str, ...]
    needed_by: Tuple[str, ...]
    rpm: str
    in_bundle: bool
    optional: bool = False  # only plug-ins want it: what loads them does without


class Checklist(NamedTuple):
    libraries: Tuple[Library, ...]


def dump(checklist: Checklist) -> bytes:
    data: Dict[str, Any] = {
        "schema": SCHEMA,
        "libraries": [_to_json(library) for library in checklist.libraries],
    }
    return (json.dumps(data, indent=1, sort_keys=True) + "\n").encode("ascii")


def _to_json(library: Library) -> Dict[str, Any]:
    """Without what a library usually is not."""
    found = dict(library._asdict())
    return found if library.optional else {name: found[name] for name in found if name != "optional"}


def load(text: bytes) -> Checklist:
    """Back from ``dump``. Raises IntegrityError on anything else."""
    try:
        data = json.loads(text.decode("ascii"))
        if data["schema"] != SCHEMA:
            raise ValueError("schema {!r}".format(data["schema"]))
        return Checklist(
            tuple(
                Library(
                    str(entry["soname"]),
                    tuple(str(version) for version in entry["versions"]),
                    tuple(str(file) for file in entry["needed_by"]),
                    str(entry["rpm"]),
                    bool(entry["in_bundle"]),
                    bool(entry.get("optional", False)),
                )
                for entry in data["libraries"]
            )
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged("BUN002", CHECKLIST, "{} cannot be read: {}".format(CHECKLIST, error))

"""What 'offkit repo add' made of a server: /var/lib/offkit/repo.json.

It is written before anything is done, so that whatever interrupts the doing, 'repo add' goes on
from there and 'repo remove' finds all that there can be.
"""

import json
import os
from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple

from offkit.edges import files
from offkit.media.repodata import Marked
from offkit.media.repofile import Base
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding

SCHEMA = "offkit/repo-1"


class Places(NamedTuple):
    """Where things lie on the server; ``root`` is "" on the running one."""

    root: str = ""

    @property
    def repo_file(self) -> str:
        return self.repos + "/offkit.repo"

    @property
    def repos(self) -> str:
        return self.root + "/etc/yum.repos.d"

    @property
    def fstab(self) -> str:
        return self.root + "/etc/fstab"

    @property
    def state(self) -> str:
        return self.root + "/var/lib/offkit"

    @property
    def json(self) -> str:
        return self.state + "/repo.json"

    @property
    def saved(self) -> str:
        """The .repo files of others, as they were."""
        return self.state + "/repos"


class Added(NamedTuple):
    """One medium."""

    source: str  # the ISO file or directory
    iso: bool
    top: str  # where its files are
    made: bool  # whether the directory of that name is offkit's
    fstab: str  # the line that mounts it at boot, "" without
    open_ended: bool  # whether fstab's last line had no newline before
    label: str
    repositories: Tuple[Marked, ...]
    bases: Tuple[Base, ...]


class Disabled(NamedTuple):
    """A .repo file of somebody else's whose repositories are switched off meanwhile."""

    name: str
    mode: int
    uid: int
    gid: int
    mtime: int  # ns
    was: str  # SHA-256 (hex) of the original
    now: str  # of what offkit wrote in its place


class State(NamedTuple):
    media: Tuple[Added, ...] = ()
    only: bool = False
    disabled: Tuple[Disabled, ...] = ()

    @property
    def bases(self) -> Tuple[Base, ...]:
        return tuple(base for one in self.media for base in one.bases)


def load(places: Places) -> Optional[State]:
    """What is written down; None without. EnvironmentProblem (REPO013) when it cannot be read."""
    try:
        with open(places.json, "rb") as source:
            return _from_json(json.loads(source.read().decode("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = "cannot be read: {}".format(error)
        fix = "it records what 'offkit repo add' did; restore it, or undo that by hand and delete it"
        raise EnvironmentProblem(
            "{} {}".format(places.json, message),
            [Finding("REPO013", ERROR, places.json, message, (places.json,), fix)],
        )


def save(places: Places, state: State) -> None:
    """Raises OSError; the old one then remains."""
    data: Dict[str, Any] = {
        "schema": SCHEMA,
        "only": state.only,
        "media": [_added(one) for one in state.media],
        "disabled": [dict(one._asdict()) for one in state.disabled],
    }
    os.makedirs(places.state, exist_ok=True)
    files.replace(places.json, (json.dumps(data, indent=1) + "\n").encode("ascii"), 0o644)


def _added(one: Added) -> Dict[str, Any]:
    row = _renamed(one._asdict(), files.text)
    row["repositories"] = [dict(each._asdict()) for each in one.repositories]
    row["bases"] = [_renamed(each._asdict(), files.text) for each in one.bases]
    return row


def _renamed(row: Dict[str, Any], form: Callable[[str], str]) -> Dict[str, Any]:
    """With every text in that form of a name (edges.files)."""
    return {name: form(value) if isinstance(value, str) else value for name, value in row.items()}


def _from_json(data: Any) -> State:
    if data["schema"] != SCHEMA:
        raise ValueError("schema {!r}".format(data["schema"]))
    return State(
        tuple(_medium(one) for one in data["media"]),
        bool(data["only"]),
        tuple(Disabled(**one) for one in data["disabled"]),
    )


def _medium(row: Dict[str, Any]) -> Added:
    known = {name: row[name] for name in Added._fields}
    repositories = tuple(Marked(**each) for each in row["repositories"])
    bases = tuple(Base(**_renamed(each, files.path)) for each in row["bases"])
    return Added(**dict(_renamed(known, files.path), repositories=repositories, bases=bases))

"""The lock: exact wheels, with their hashes, for one target."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from offkit import __version__
from offkit.model.built import Built
from offkit.model.finding import Finding
from offkit.model.question import Question
from offkit.model.target import Target
from offkit.online.index.release import Repair


class LockedWheel(NamedTuple):
    """One wheel of a lock. ``sha256`` is empty when the index does not tell: fetching fills it."""

    name: str
    version: str
    filename: str
    url: str
    sha256: str
    via: tuple[str, ...]
    extras: tuple[str, ...] = ()  # that the request asks for, and the wheel has
    origin: str = ""  # where it was found when it was locked, as model.origin says it; "" is not known


Place = Path | str  # of a file: on this machine, or its http or https URL


class Parts(NamedTuple):
    """What of a project, or of its lock, is wanted beside the rest."""

    groups: tuple[str, ...] = ()  # PEP 735
    extras: tuple[str, ...] = ()


class StandIn(NamedTuple):
    """A wheel that the resolver sees in the place of sources, which has nothing but their metadata."""

    project: str  # normalised
    sha256: str  # allowed beside the hashes that are given
    place: str  # where it is: one of the request's --find-links
    wheel: str = ""  # its URL, and
    given: str = ""  # the URL of the sources, where the request gives them by one or by a path


class Request(NamedTuple):
    """What a user asks to be locked: requirement lines, files, and pip's index options.

    ``constraints`` are files too; pip's own configuration (PIP_CONSTRAINT) adds to them, unless they
    are None: what offkit needs for itself is nobody's to constrain.
    """

    requirements: tuple[str, ...]
    files: tuple[Place, ...]
    index_args: tuple[str, ...] = ()
    constraints: tuple[Place, ...] | None = None
    parts: Parts = Parts()
    build: tuple[str, ...] = ()  # projects whose sources may be built here, normalised; or ":all:"
    stand_ins: tuple[StandIn, ...] = ()
    beside: tuple[tuple[Target, Request], ...] = ()  # what is asked for other targets in the same call


class MadeOf(NamedTuple):
    """Where the sources of a wheel are that was made here; its lock names them, and no file of a cache."""

    wheel: str  # its sha256
    kind: str  # as PEP 751 calls it: vcs, directory, archive
    url: str  # without user and query; with #subdirectory=


class Lock(NamedTuple):
    target: Target
    wheels: tuple[LockedWheel, ...]
    findings: tuple[Finding, ...] = ()  # what is worth knowing of them
    repairs: tuple[Repair, ...] = ()  # of metadata, without which another version would have been taken
    built: tuple[Built, ...] = ()  # those of the wheels that were made here, of sources
    questions: tuple[Question, ...] = ()  # what it depends on
    made_of: tuple[MadeOf, ...] = ()  # of those that were made here, what is known

    def text(self, why: bool = False) -> str:
        """A requirements file pip accepts with ``--require-hashes``.

        ``why`` adds who needs what, of what wheels were built, and where each was found, as uv annotates it:
        once, where that is the same of all. Without it the text depends on the pins alone.
        """
        lines = [f"# locked by offkit {__version__} for {self.target.describe()}"]
        told = {one.sha256: ["built from " + one.origin(), *one.tools()] for one in self.built}
        origins = {wheel.origin for wheel in self.wheels}
        if why and len(origins) == 1:
            lines += [f"# from {origin}" for origin in origins if origin]
        for wheel in self.wheels:
            lines.append(f"{wheel.name}=={wheel.version} \\")
            lines.append(f"    --hash=sha256:{wheel.sha256}")
            if why:
                lines.append("    # via " + ", ".join(wheel.via))
                lines += [f"    # {line}" for line in told.get(wheel.sha256, ())]
                if wheel.origin and len(origins) > 1:
                    lines.append(f"    # from {wheel.origin}")
        return "\n".join(lines) + "\n"

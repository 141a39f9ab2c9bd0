"""Which source of a project is carried: the newest that goes with the rest of the request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from offkit.edges import leftovers
from offkit.model import legacy
from offkit.model.built import Built
from offkit.model.errors import OffkitError
from offkit.model.report import Reporter
from offkit.online.index import listing, metadata, troubles
from offkit.online.request.locked import LockedWheel, Request
from offkit.online.resolve import requirement
from offkit.online.sources.metadata import Metadata
from offkit.online.wheels import store

# A wheel of such metadata, in a cache.
StandIn = Callable[[Metadata, Path], LockedWheel]


def is_settled(own: Sequence[Any]) -> bool:
    """Whether the request's own requirements leave no choice: they name files."""
    return any(one.hash_options for one in own)


def that_go(
    names: Sequence[str],
    request: Request,
    opened: Callable[[Reporter], Any],
    stand_in: StandIn,
    told: Reporter,
) -> dict[str, str]:
    """The versions of ``names`` (normalised) that the whole request resolves with, by what their sources say
    they require: read, while nothing of them runs. Of one that nothing needs, none.

    ``opened`` gives a Session that tells a reporter. Raises what ``Session.lock`` raises where nothing goes.
    """
    told.step(f"looking which sources of {', '.join(names)} the whole request allows")
    with leftovers.scratch() as place:
        with opened(Reporter()) as session, troubles.pip_speaks_through(Reporter()):
            _see_stand_ins(session, names, stand_in, Path(place))
            try:
                tried = session.tried(request)
            except OffkitError:
                tried = None
            if tried is not None and not tried.problems:
                versions = {
                    str(canonicalize_name(one.name)): requirement.version(one) for one in tried.pinned
                }
                return {name: versions[name] for name in names if name in versions}
        with opened(told) as session:
            _see_stand_ins(session, names, stand_in, Path(place))
            session.lock(request)
    return {}


def _see_stand_ins(session: Any, names: Sequence[str], stand_in: StandIn, place: Path) -> None:
    def of(project: str, link: Any) -> tuple[Path, Built]:
        said = session.stated(project, link.filename)
        lines = [legacy.requirement(line).text for line in said.requires] if said is not None else []
        version = str(listing.version_of(link.filename))
        made = stand_in(Metadata(project, version, tuple(filter(metadata.is_readable, lines)), ""), place)
        path = store.find(place, made.sha256, made.filename)
        assert path is not None
        sha256 = session.kept.sha256(link)
        built = Built(project, version, made.filename, made.sha256, link.filename, sha256, "", "", ())
        return path, built

    session.builder.stand_in, session.builder.carried = of, frozenset(names)

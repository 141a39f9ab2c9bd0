"""What an index has for the pins of a lock: no resolver is needed to know which files are meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from offkit.online.index.pool import pool
from offkit.online.request.pins import File, Pin
from offkit.online.wheels import store
from offkit.online.wheels.kept import Kept, beside

_PARALLEL = 8


def meant(pins: Sequence[Pin]) -> dict[str, set[str]]:
    """The hashes of files that are all that has to be read of an index, by project. Not of pre-releases, of
    which it is told whether there is a final one."""
    found: dict[str, set[str]] = {}
    for pin in pins:
        found.setdefault(pin.name, set()).update(pin.hashes)
    for pin in pins:
        if pin.version.is_prerelease:
            found.pop(pin.name, None)
    return found


def link(pin: Pin, repo: Any, kept: Kept) -> Any | None:
    """pip's link to the file that it would take: the best for the target of those with one of the hashes."""
    candidates = [
        one
        for one in repo.find_all_candidates(pin.name)
        if str(one.version) == str(pin.version) and kept.sha256(one.link) in pin.hashes
    ]
    best = repo.finder.make_candidate_evaluator(pin.name).compute_best_candidate(candidates).best_candidate
    return best.link if best is not None else None


def files(pins: Sequence[Pin], repo: Any, kept: Kept) -> dict[str, File]:
    """The files of these pins by name, asked for several at a time; without those that cannot be had so.

    Without metadata beside it, a wheel is fetched. Raises IntegrityError and EnvironmentProblem.
    """
    first = _file(pins[0], repo, kept) if pins else None
    if first is None:
        return {}  # an index that does not answer is not asked for all of them
    with pool(_PARALLEL) as threads:
        found = [first, *threads.map(lambda pin: _file(pin, repo, kept), pins[1:])]
        return {pin.name: file for pin, file in zip(pins, found, strict=True) if file is not None}


def _file(pin: Pin, repo: Any, kept: Kept) -> File | None:
    where = link(pin, repo, kept)
    text = _metadata(where, repo.session, kept) if where is not None else None
    if where is None or text is None:
        return None
    return File(where.filename, where.url_without_fragment, kept.sha256(where), text, repo.origins.of(where))


def _metadata(where: Any, session: Any, kept: Kept) -> bytes | None:
    """Of the wheel itself where that is wanted, or nothing lies beside it; None where that is not what the
    index says."""
    if where.metadata_link() is None or kept.arrived is not None:
        return store.headers(kept.cache, kept.path(where, session))
    return beside(where, session)

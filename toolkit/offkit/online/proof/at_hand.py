"""What a lock can be told to break by those of its wheels that the cache has already."""

from __future__ import annotations

from pathlib import Path

from offkit.model.finding import Finding
from offkit.online.proof import forecast
from offkit.online.reasons import clashes
from offkit.online.request.locked import Lock
from offkit.online.wheels import store


def clashing(lock: Lock, cache: Path, holds: clashes.Holds) -> list[Finding]:
    """REQ021 for modules compiled for NumPy 1 beside NumPy 2, but for what the lock's findings say already.
    Nothing of a wheel that is not there: a bundle will read it."""
    known = clashes.by_name(lock.wheels)
    if not clashes.has_numpy_2(known):
        return []
    found = (store.find(cache, one.sha256, one.filename) for one in lock.wheels)
    survey = forecast.survey([path for path in found if path is not None], lock.target, cache)
    said = {(one.code, one.subject) for one in lock.findings}
    told = clashes.of_numpy(survey.numpy_1, known, holds)
    return [one for one in told if (one.code, one.subject) not in said]

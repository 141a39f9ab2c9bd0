"""What an index said of the pins of a lock, for when the cache has its wheels and none is asked.

Which file each pin means: hashes of several files do not say which of them the index has for a target, and
what a cache happens to have must not decide. Where each was found. What was worth knowing, and when.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from offkit.model.finding import Finding, from_json
from offkit.model.target import Target
from offkit.online.request.pins import Pin

_OF_INDEX = ("REQ013", "REQ014", "REQ017")  # what an index says; it may say something else by now
_TRIED = "REQ021"  # whose cure was resolved


class Remembered(NamedTuple):
    files: dict[str, str]  # SHA-256 by name
    origins: dict[str, str]
    findings: tuple[Finding, ...] = ()
    date: str = ""  # 2026-01-31

    def told(self, expected: Iterable[Finding]) -> tuple[Finding, ...]:
        """What still is to be said: what the index said then, and ``expected``, which is so by what is known
        of the packages alone, with the cures that were tried then."""
        cures = {(one.subject, one.message): one.fix for one in self.findings if one.code == _TRIED}
        then = f" (as of {self.date})"
        said = [one._replace(message=one.message + then) for one in self.findings if one.code in _OF_INDEX]
        again = []
        for one in expected:
            cure = cures.get((one.subject, one.message), "")
            again.append(one._replace(fix=cure + then) if cure and not one.fix else one)
        return (*said, *again)


NOTHING = Remembered({}, {})


def write(
    given: Iterable[Pin],
    target: Target,
    wheels: Mapping[str, tuple[str, str]],
    findings: Iterable[Finding],
    cache: Path,
) -> None:
    """For these pins, of which all hold for the target; ``wheels`` are (SHA-256, origin) by name."""
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    kept = [one for one in findings if one.code in (*_OF_INDEX, _TRIED)]
    content = {
        "wheels": dict(wheels),
        "findings": [one.to_json() for one in kept],
        "date": today,
    }
    path = _place(given, target, cache)
    with contextlib.suppress(OSError):  # then it is asked for again
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="ascii")


def read(given: Iterable[Pin], target: Target, cache: Path) -> Remembered:
    """Nothing where there is nothing, or what another offkit wrote."""
    try:
        return _read(json.loads(_place(given, target, cache).read_text(encoding="ascii")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return NOTHING


def _read(content: Any) -> Remembered:
    wheels = {str(name): (str(sha256), str(origin)) for name, (sha256, origin) in content["wheels"].items()}
    findings = tuple(map(from_json, content["findings"]))
    return Remembered(
        {name: sha256 for name, (sha256, _) in wheels.items()},
        {name: origin for name, (_, origin) in wheels.items()},
        findings,
        str(content["date"]),
    )


def _place(given: Iterable[Pin], target: Target, cache: Path) -> Path:
    key = [target.to_json(), sorted((pin.name, str(pin.version), sorted(pin.hashes)) for pin in given)]
    return cache / "locks" / (hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest() + ".json")

"""The wheels of a resolution, as a lock has them, and what speaks against them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from packaging.utils import canonicalize_name

from offkit.model.errors import OffkitError, RequestError, UsageError
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.target import Target
from offkit.online.index import network
from offkit.online.request.locked import LockedWheel
from offkit.online.resolve.requirement import version


def nothing_applies(requirements: list[Any], target: Target) -> OffkitError:
    """The error for a request of which nothing is left for the target."""
    requirements = [ireq for ireq in requirements if not ireq.constraint]
    if not requirements:
        return UsageError("no requirements: the requirements file is empty", fix="add requirements to it")
    findings = [
        Finding("REQ009", ERROR, ireq.name or str(ireq), f"is only required where {ireq.markers}")
        for ireq in requirements
        if ireq.markers
    ]
    where = target.describe()
    return RequestError(
        f"none of the requirements applies to {where}", findings, "drop the marker, or choose another target"
    )


def locked(ireq: Any, sha256: str, origin: str) -> LockedWheel:
    """Of a pinned one, with its link."""
    link = ireq.link
    asked = [source for source in getattr(ireq, "_source_ireqs", ()) if not source.constraint]
    sources = {str(source.comes_from) for source in asked if source.comes_from}
    # A file's own name would be a path of this machine; what asked for it is enough.
    via = sorted(ireq._required_by) + (["the request"] if sources or not ireq._required_by else [])
    url = link.url_without_fragment
    return LockedWheel(ireq.name, version(ireq), link.filename, url, sha256, tuple(via), (), origin)


def given_hashes(requirements: Sequence[Any]) -> dict[str, set[str]]:
    """By project. Before it is resolved: pip 23.2 adds what the index says to what was given
    (InstallRequirement.hashes)."""
    found: dict[str, set[str]] = {}
    for ireq in requirements:
        found.setdefault(canonicalize_name(ireq.name or ""), set()).update(
            ireq.hash_options.get("sha256", ())
        )
    return found


def other_hashes(
    wheels: Sequence[LockedWheel], given: dict[str, set[str]], source: Callable[[str], str]
) -> list[Finding]:
    """Hashes given with a requirement (a lock taken as input) must allow the wheel chosen, or the sources
    that it was made of, whose hash ``source`` tells by that of the wheel."""
    wrong = []
    for wheel in wheels:
        allowed = given.get(canonicalize_name(wheel.name))
        if allowed and wheel.sha256 and allowed.isdisjoint((wheel.sha256, source(wheel.sha256))):
            wrong.append(
                Finding(
                    "REQ006",
                    ERROR,
                    wheel.name,
                    f"{wheel.filename} has sha256 {wheel.sha256}, which the lock does not allow",
                    tuple(f"sha256:{value}" for value in sorted(allowed)),
                    network.OTHER_HASH,
                )
            )
    return wrong


def lacking(wheels: Sequence[LockedWheel], complete: Collection[str] | None) -> list[Finding]:
    """What a lock of so many projects has left out: it is whatever the index has today. None is no lock."""
    return [
        Finding(
            "REQ018",
            WARNING,
            wheel.name,
            f"is not in the lock; {', '.join(wheel.via)} needs it: {wheel.version} of the index is taken",
            (),
            "lock again, with all that is needed",
        )
        for wheel in wheels
        if complete is not None and canonicalize_name(wheel.name) not in complete
    ]

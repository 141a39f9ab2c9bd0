"""Wheels that are given by a path or a URL and do not fit the target: pip would end with the first of them.

Reached for: ``Factory._fail_if_link_is_unsupported_wheel`` of
``pip._internal.resolution.resolvelib.factory``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from packaging.utils import canonicalize_name

from offkit.model.finding import ERROR, Finding
from offkit.model.target import Target
from offkit.model.url import shown
from offkit.online.index import listing, platforms
from offkit.online.index.metadata import Seen
from offkit.online.index.platforms import Unfit
from offkit.online.index.upstream import reach
from offkit.online.reasons.causes import Problem
from offkit.online.sources import offered


def apart(
    requirements: Iterable[Any], target: Target, by_name: set[str] | None
) -> tuple[list[Any], list[Problem]]:
    """Those that are no such wheels, and problems for the others. ``by_name`` gets the projects of the
    others, and each means its version then, and any file of that. Markers are the target's for now."""
    found, problems = [], []
    for ireq in requirements:
        unfit = None if ireq.constraint or not ireq.match_markers() else of(ireq.link, target)
        if unfit is None:
            found.append(ireq)
        elif by_name is None:
            problems.append(_problem(ireq, unfit, target))
        else:
            found.append(_named(ireq))
            by_name.add(canonicalize_name(found[-1].name))
    return found, problems


def of(link: Any, target: Target) -> Unfit | None:
    """Why a wheel does not fit; None where it does, and for anything else."""
    wheel = listing.of_link(link) if link is not None and link.is_wheel else None
    return platforms.misfit(wheel, target) if wheel is not None else None


def of_constraints(constraints: Iterable[Any], needed: Collection[str], target: Target) -> list[Problem]:
    """Problems for those that name such a wheel of a project that is needed."""
    return [
        _problem(ireq, unfit, target)
        for ireq in constraints
        if canonicalize_name(ireq.name or "") in needed and (unfit := of(ireq.link, target))
    ]


def _problem(ireq: Any, unfit: Unfit, target: Target) -> Problem:
    filename = ireq.link.filename
    name = ireq.name or filename.partition("-")[0]
    place = str(ireq.comes_from or "the request").removeprefix("-r ").removeprefix("-c ")
    message = f"{place}: {shown(ireq.link.url_without_fragment)}: {unfit.text}"
    fix = f"give a wheel of it for {target.describe()}"
    return Problem(
        Finding("REQ001", ERROR, name, message, (), fix),
        canonicalize_name(name),
        minors=unfit.minors,
        system=unfit.newer_glibc,
        local="+" in filename,
        given=True,
    )


def _named(ireq: Any) -> Any:
    """The same requirement for the version that its wheel has, and any file of it."""
    name, version, _ = ireq.link.filename.split("-", 2)
    from_line = reach("pip._internal.req.constructors", "install_req_from_line")
    extras = "[" + ",".join(sorted(ireq.extras)) + "]" if ireq.extras else ""
    marker = f"; {ireq.markers}" if ireq.markers else ""
    return from_line(f"{ireq.name or name}{extras}=={version}{marker}", comes_from=ireq.comes_from)


@contextlib.contextmanager
def told(seen: Seen, target: Target) -> Iterator[None]:
    """For the length of the block, one that a package names is refused in our words."""
    factory = reach("pip._internal.resolution.resolvelib.factory", "Factory")
    original = factory._fail_if_link_is_unsupported_wheel

    def fail(self: Any, link: Any) -> None:
        unfit = of(link, target)
        if unfit is not None:
            raise offered.unfit(_of_package(link, unfit, seen))
        original(self, link)

    factory._fail_if_link_is_unsupported_wheel = fail
    try:
        yield
    finally:
        factory._fail_if_link_is_unsupported_wheel = original


def _of_package(link: Any, unfit: Unfit, seen: Seen) -> Finding:
    url, name = link.url_without_fragment, canonicalize_name(link.filename.partition("-")[0])
    wanting = (one for one, lines in seen.requires.items() if any(url in line for line in lines))
    who, version = next(wanting, ("a package", ""))
    message = f"{' '.join((who, version)).strip()} wants {shown(url)}: {unfit.text}"
    fix = f"ask for another version of {who}, if one wants another file"
    return Finding("REQ001", ERROR, name, message, (), fix)

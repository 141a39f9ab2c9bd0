"""One requirement as pip has it (InstallRequirement): what it is, and the same of other versions or files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from packaging.utils import canonicalize_name

from offkit.online.index.upstream import reach
from offkit.online.reasons import trial
from offkit.online.reasons.trial import Try
from offkit.online.request.locked import StandIn


def loosened(ireq: Any, numbers: int = 0) -> Any:
    """The same requirement for any version and file of it, or with so many numbers of the one that it names;
    one of a URL stays as it is."""
    if ireq.link is not None or ireq.req is None:
        return ireq
    like = trial.near(ireq.specifier, numbers) if numbers else ""
    return _of_versions(ireq, like) if like or not numbers else without_hashes(ireq)


def has_local(ireq: Any) -> bool:
    """Whether it names a local version (1.13.1+cu117, PEP 440), and no file."""
    return ireq.link is None and any("+" in part.version for part in ireq.specifier)


def without_local(ireq: Any) -> Any:
    """The same requirement for the version that its local version is a build of, and any file of it."""
    parts = (f"{part.operator}{part.version}" for part in ireq.specifier)
    return _of_versions(ireq, ",".join(part.partition("+")[0].replace("===", "==") for part in parts))


def _of_versions(ireq: Any, specifier: str) -> Any:
    from_line = reach("pip._internal.req.constructors", "install_req_from_line")
    extras = "[" + ",".join(sorted(ireq.req.extras)) + "]" if ireq.req.extras else ""
    marker = f"; {ireq.markers}" if ireq.markers else ""
    line = ireq.req.name + extras + specifier + marker
    return from_line(line, comes_from=ireq.comes_from, constraint=ireq.constraint)


def is_source_constraint(ireq: Any) -> bool:
    """Whether it says what a package is to be built from, should anybody need it."""
    named = ireq.constraint and ireq.name and not ireq.editable
    return bool(named and ireq.link is not None and not ireq.link.is_wheel)


def once(ireqs: Iterable[Any]) -> list[Any]:
    """Without those that say what an earlier one says: a list that was put together of others has many, and
    pip's time is their number squared."""
    found: dict[Any, Any] = {}
    for one in ireqs:
        said = (
            str(one.req),
            str(one.markers),
            str(one.link),
            one.constraint,
            one.editable,
            str(one.hash_options),
        )
        found.setdefault(said, one)
    return list(found.values())


def allow(requirements: Sequence[Any], stand_ins: Sequence[StandIn]) -> None:
    """Where a requirement of a project has hashes, have it take a stand-in too."""
    for one in stand_ins:
        for ireq in requirements:
            if canonicalize_name(ireq.name or "") == one.project and ireq.hash_options:
                ireq.hash_options.setdefault("sha256", []).append(one.sha256)


def hashes(requirements: Sequence[Any]) -> dict[str, list[list[str]]]:
    """The lists of SHA-256 that requirements have, by project; what is added to one, pip takes too."""
    found: dict[str, list[list[str]]] = {}
    for ireq in requirements:
        if ireq.hash_options.get("sha256"):
            found.setdefault(canonicalize_name(ireq.name or ""), []).append(ireq.hash_options["sha256"])
    return found


def without_hashes(ireq: Any) -> Any:
    """The same requirement, of any file."""
    ireq.hash_options = {}
    return ireq


def constraint(line: str) -> Any:
    """That some versions are allowed, should the project be needed."""
    from_line = reach("pip._internal.req.constructors", "install_req_from_line")
    return from_line(line, constraint=True)


def asked(line: str) -> Any:
    """As if the request had it."""
    return reach("pip._internal.req.constructors", "install_req_from_line")(line, comes_from="the request")


def as_tried(ireq: Any, what: Try) -> Any:
    """A requirement as it is in an attempt. Where some have no hash, none may have one."""
    if not (what.loose or what.public):
        return without_hashes(ireq) if what.more else ireq
    if what.only and canonicalize_name(ireq.name or "") not in what.only:
        return without_hashes(ireq)
    if what.public and has_local(ireq):
        return without_local(ireq)
    return loosened(ireq, what.near) if what.loose else without_hashes(ireq)


def version(ireq: Any) -> str:
    """That of a pinned one."""
    return str(next(iter(ireq.req.specifier)).version)

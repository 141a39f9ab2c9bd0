"""pip's finder and resolver, made to take sources that may be built: what they get is the wheel.

Reached for: ``PackageFinder.format_control`` and ``make_candidate_evaluator``, ``RequirementCommand.
make_resolver(wheel_cache=…)`` with ``pip._internal.cache.CacheEntry``, and ``MetadataInconsistent``, by which
a candidate is rejected.
"""

from __future__ import annotations

import functools
from typing import Any

from packaging.utils import canonicalize_name

from offkit.model.errors import RequestError
from offkit.model.finding import ERROR, Finding
from offkit.model.url import shown
from offkit.online.index.upstream import reach
from offkit.online.sources.refusal import Refused


def offer(repo: Any, builder: Any) -> None:
    """From now on the resolver of ``repo`` sees what a Builder wants to build."""
    finder = repo.finder
    control = reach("pip._internal.models.format_control", "FormatControl")
    evaluator, make_resolver = finder.make_candidate_evaluator, repo.command.make_resolver

    class Formats(control):  # type: ignore[misc,valid-type]
        __slots__ = ()

        def get_allowed_formats(self, canonical_name: str) -> frozenset[str]:
            if builder.wants(canonical_name):
                return frozenset(("source",) if builder.carries(canonical_name) else ("binary", "source"))
            allowed: frozenset[str] = super().get_allowed_formats(canonical_name)
            return allowed

    def make_candidate_evaluator(project_name: str, *more: Any, **named: Any) -> Any:
        made = evaluator(project_name, *more, **named)
        if builder.wants(project_name) and not builder.prefers_wheels(project_name):
            made._prefer_binary = False
        return made

    @functools.wraps(make_resolver)
    def make(**named: Any) -> Any:
        return make_resolver(**{**named, "wheel_cache": _Wheels(builder, repo.session)})

    finder.format_control = Formats(finder.format_control.no_binary, finder.format_control.only_binary)
    finder.make_candidate_evaluator = make_candidate_evaluator
    repo.command.make_resolver = make


class _Wheels:
    """What pip asks for a wheel of sources before it would build one itself (its WheelCache)."""

    def __init__(self, builder: Any, session: Any) -> None:
        self._builder, self._session = builder, session

    def get_cache_entry(self, link: Any, package_name: str | None, supported_tags: Any) -> Any:
        """None for a wheel. Whatever else nobody asked to be built is an error, for pip would build it."""
        if link.is_wheel:
            return None
        name = package_name or ""
        if not self._builder.wants(name) or link.is_vcs or link.is_existing_dir():
            raise _unasked(name, link)
        try:
            wheel = self._builder.of_index(name, link, self._session)
        except Refused as error:
            raise rejection(error.why) from error
        entry = reach("pip._internal.cache", "CacheEntry")
        return entry(link_to(wheel.path, wheel.built.sha256), persistent=False)


def is_source(ireq: Any) -> bool:
    """Whether it is a directory, a repository or an archive of sources."""
    return bool(ireq.editable or (ireq.link is not None and not ireq.link.is_wheel))


def of_wheel(ireq: Any, project: str, link: Any) -> Any:
    """The same requirement of a project, by a wheel of it."""
    from_line = reach("pip._internal.req.constructors", "install_req_from_line")
    extras = "[" + ",".join(sorted(ireq.extras)) + "]" if ireq.extras else ""
    return from_line(f"{project}{extras} @ {link.url}", comes_from=ireq.comes_from)


def link_to(path: Any, sha256: str) -> Any:
    """pip's link to a wheel of this machine."""
    return link(path.absolute().as_uri(), sha256)


def link(url: str, sha256: str) -> Any:
    """pip's link to a file with that hash."""
    return reach("pip._internal.models.link", "Link")(f"{url}#sha256={sha256}")


class Unasked(RequestError):
    """A package wants another one by a URL, of sources that nobody asked for or of a wheel that does not
    fit; ``project`` is that one."""

    project = ""


def _unasked(name: str, link: Any) -> Unasked:
    where = shown(link.url_without_fragment)
    message = f"a package needs it from {where}, which is no wheel and was not asked for"
    fix = f"look at what it is; then ask for it yourself: '{name} @ {where}'"
    if link.is_file and not link.is_existing_dir():  # of another machine, or written as a relative path
        fix = f"let the package ask for {name} by its name alone; then give its directory here too"
    finding = Finding("REQ007", ERROR, name or where, message, (), fix)
    error = Unasked(f"sources that nobody asked for would be built: {name or where}", [finding])
    error.project = canonicalize_name(name) if name else ""
    return error


def unfit(finding: Finding) -> Unasked:
    """For a wheel that does not fit, by what is to be told of it."""
    error = Unasked(f"a package wants a wheel that does not fit: {finding.subject}", [finding])
    error.project = finding.subject
    return error


def rejection(why: str) -> Exception:
    """What the resolver is to hear of a file that it cannot have: it goes on with others."""
    kind = reach("pip._internal.resolution.resolvelib.factory", "MetadataInconsistent")

    class Rejection(kind):  # type: ignore[misc,valid-type]
        def __init__(self) -> None:
            Exception.__init__(self, why)

        def __str__(self) -> str:
            return why

    made: Exception = Rejection()
    return made

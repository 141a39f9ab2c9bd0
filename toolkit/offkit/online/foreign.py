"""pip-tools' resolver, made to answer for another machine.

pip knows foreign wheel tags but evaluates environment markers, and the resolver's own idea
of Python, for the interpreter it runs on; packages whose marker is false there are silently
left out. This module reaches into the two (by upstream.reach), and these are the places:

* ``pip._internal.models.target_python.TargetPython`` (``get_sorted_tags``,
  ``get_unsorted_tags``), handed to the finder: which wheels fit, and Requires-Python of links;
* ``RequirementCommand.make_resolver(py_version_info=…)``: the resolver's Python, against
  which Requires-Python of metadata is checked;
* ``pip._vendor.packaging.markers.default_environment``: markers, for the length of a call;
* ``piptools.repositories.PyPIRepository._finder`` and ``piptools.resolver.BacktrackingResolver``;
* ``pip._internal.req`` for requirement files, ``resolvelib.ResolutionImpossible`` for the causes
  of a failure, ``LinkCollector.collect_sources`` for every file an index lists.

When one has moved, the caller gets an OffkitError that names it and the versions in use.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from offkit.edges import releases
from offkit.model.target import Target
from offkit.online.upstream import moved, reach

# Options of 'pip install' that are not about indexes: wheels only, and no word from pip itself.
_PIP_ARGS = ("--only-binary=:all:", "--disable-pip-version-check", "--no-input", "--prefer-binary")


def repository(target: Target, index_args: list[str], cache_dir: str) -> Any:
    """A PyPIRepository whose finder and resolver are those of ``target``.

    ``index_args`` are pip's own (``--index-url`` …); pip.conf, PIP_* and proxies of this side
    of the gap hold as usual.
    """
    repository_class = reach("piptools.repositories", "PyPIRepository")
    target_python = reach("pip._internal.models.target_python", "TargetPython")
    tag_class = reach("pip._vendor.packaging.tags", "Tag")
    tags = [tag_class(*tag.split("-")) for tag in target.tags()]
    version = tuple(int(part) for part in target.python.split("."))

    class ForeignPython(target_python):  # type: ignore[misc,valid-type]
        __slots__ = ()

        def get_sorted_tags(self) -> list[Any]:
            return tags

        def get_unsorted_tags(self) -> set[Any]:
            return tag_set

    tag_set = set(tags)
    repo = repository_class([*index_args, *_PIP_ARGS], cache_dir=cache_dir)
    try:
        repo._finder = repo.command._build_package_finder(
            options=repo.options,
            session=repo.session,
            target_python=ForeignPython(py_version_info=version),
        )
        repo.command.make_resolver = functools.partial(
            type(repo.command).make_resolver, py_version_info=version
        )
    except (AttributeError, TypeError) as error:
        raise moved(str(error)) from error
    return repo


@contextlib.contextmanager
def markers_of(target: Target) -> Iterator[None]:
    """For the length of the block, ``marker.evaluate()`` of pip's packaging answers for ``target``."""
    module = importlib.import_module("pip._vendor.packaging.markers")
    original = reach("pip._vendor.packaging.markers", "default_environment")
    environment = target.markers(releases.of(target.el).kernel)
    module.default_environment = lambda: dict(environment)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        module.default_environment = original  # type: ignore[attr-defined]


def resolve(repo: Any, target: Target, requirements: list[Any]) -> list[Any]:
    """Pinned InstallRequirements, each with its ``link``; pip's exceptions pass through."""
    resolver_class = reach("piptools.resolver", "BacktrackingResolver")
    with markers_of(target):
        resolver = resolver_class(
            constraints=requirements,
            existing_constraints={},
            repository=repo,
            allow_unsafe=True,
        )
        pinned = resolver.resolve(max_rounds=10)
    return sorted(pinned, key=lambda ireq: str(ireq.name))


def parse_requirements(repo: Any, lines: Sequence[str], files: Sequence[Path]) -> list[Any]:
    """InstallRequirements of command-line words and requirements files, pip's own syntax.

    Index options inside a file act on ``repo``. Markers are the resolver's business.
    """
    from_line = reach("pip._internal.req.constructors", "install_req_from_line")
    from_parsed = reach("pip._internal.req.constructors", "install_req_from_parsed_requirement")
    parse_file = reach("pip._internal.req", "parse_requirements")
    found = [from_line(line, comes_from="the request") for line in lines]
    for path in files:
        with contextlib.redirect_stderr(io.StringIO()):  # optparse would print its own usage
            parsed = parse_file(str(path), session=repo.session, finder=repo.finder, options=repo.options)
            found += [from_parsed(requirement) for requirement in parsed]
    # A file may carry --no-binary or --pre of its own; wheels only stays.
    reach("pip._internal.models.format_control", "FormatControl").handle_mutual_excludes(
        ":all:", repo.finder.format_control.only_binary, repo.finder.format_control.no_binary
    )
    return found


class Cause(NamedTuple):
    """One of the requirements that could not be met together."""

    project: str  # normalised; "" for a Requires-Python
    specifier: str  # ">=2,<3", may be empty
    text: str  # as written
    parent: str  # "rich 12.6.0", empty when the user asked


def causes(error: BaseException) -> list[Cause] | None:
    """What made a resolution impossible; None when ``error`` is about something else."""
    impossible = reach("pip._vendor.resolvelib", "ResolutionImpossible")
    found = error if isinstance(error, impossible) else error.__cause__
    if not isinstance(found, impossible):
        return None
    result = []
    for requirement, parent in ((c.requirement, c.parent) for c in found.causes):
        is_python = type(requirement).__name__ == "RequiresPythonRequirement"
        specifier = str(requirement.specifier) if is_python else _specifier(requirement)
        result.append(
            Cause(
                project="" if is_python else str(requirement.project_name),
                specifier=specifier,
                text=str(requirement),
                parent=f"{parent.name} {parent.version}" if parent is not None else "",
            )
        )
    return result


def _specifier(requirement: Any) -> str:
    ireq = requirement.get_candidate_lookup()[1]
    return str(ireq.specifier) if ireq is not None else ""


def all_links(repo: Any, project: str) -> list[Any]:
    """Every file the indexes list for a project, whatever machine it is for."""
    parse_links = reach("pip._internal.index.collector", "parse_links")
    collector = repo.finder._link_collector

    def links_of_page(page: Any) -> list[Any]:
        response = collector.fetch_response(page)
        return list(parse_links(response)) if response is not None else []

    sources = collector.collect_sources(project_name=project, candidates_from_page=links_of_page)
    found: dict[str, Any] = {}
    for source in (*sources.find_links, *sources.index_urls):
        if source is not None:
            for link in (*source.page_candidates(), *source.file_links()):
                found.setdefault(link.filename, link)
    return list(found.values())

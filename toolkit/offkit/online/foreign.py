"""pip-tools' resolver, made to answer for another machine.

pip knows foreign wheel tags but evaluates environment markers, and the resolver's own idea
of Python, for the interpreter it runs on; packages whose marker is false there are silently
left out. This module is the only one that reaches into the two, and these are the places:

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
import importlib.metadata
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from offkit.edges import releases
from offkit.model.errors import EnvironmentProblem, OffkitError, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.model.target import Target

# Options of 'pip install' that are not about indexes: wheels only, and no word from pip itself.
CHECK_INDEX = "check --index-url, pip.conf, PIP_* and the proxy; 'pip download pip' must work here too"
_PIP_ARGS = ("--only-binary=:all:", "--disable-pip-version-check", "--no-input", "--prefer-binary")


def _reach(module: str, name: str) -> Any:
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        raise moved(f"{module}.{name}") from None


def moved(what: str) -> OffkitError:
    """The error for an upstream function that is no longer where it was."""
    have = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("pip", "pip-tools"))
    return OffkitError(
        f"this offkit does not support {have}: {what} is missing",
        fix='install a newer offkit, or run \'pip install "pip<27" "pip-tools<8"\' in its environment',
    )


def repository(target: Target, index_args: list[str], cache_dir: str) -> Any:
    """A PyPIRepository whose finder and resolver are those of ``target``.

    ``index_args`` are pip's own (``--index-url`` …); pip.conf, PIP_* and proxies of this side
    of the gap hold as usual.
    """
    repository_class = _reach("piptools.repositories", "PyPIRepository")
    target_python = _reach("pip._internal.models.target_python", "TargetPython")
    tag_class = _reach("pip._vendor.packaging.tags", "Tag")
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
    for base in repo.finder.index_urls:
        if not re.match(r"(https?|file)://", base):
            raise UsageError(
                f"{_without_password(base)} is not a package index", fix="give an http, https or file URL"
            )
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
    original = _reach("pip._vendor.packaging.markers", "default_environment")
    environment = target.markers(releases.of(target.el).kernel)
    module.default_environment = lambda: dict(environment)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        module.default_environment = original  # type: ignore[attr-defined]


def resolve(repo: Any, target: Target, requirements: list[Any]) -> list[Any]:
    """Pinned InstallRequirements, each with its ``link``; pip's exceptions pass through."""
    resolver_class = _reach("piptools.resolver", "BacktrackingResolver")
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
    from_line = _reach("pip._internal.req.constructors", "install_req_from_line")
    from_parsed = _reach("pip._internal.req.constructors", "install_req_from_parsed_requirement")
    parse_file = _reach("pip._internal.req", "parse_requirements")
    found = [from_line(line, comes_from="the request") for line in lines]
    for path in files:
        with contextlib.redirect_stderr(io.StringIO()):  # optparse would print its own usage
            parsed = parse_file(str(path), session=repo.session, finder=repo.finder, options=repo.options)
            found += [from_parsed(requirement) for requirement in parsed]
    # A file may carry --no-binary or --pre of its own; wheels only stays.
    _reach("pip._internal.models.format_control", "FormatControl").handle_mutual_excludes(
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
    impossible = _reach("pip._vendor.resolvelib", "ResolutionImpossible")
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
    parse_links = _reach("pip._internal.index.collector", "parse_links")
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


def check_reachable(repo: Any, project: str) -> None:
    """Tell "no such project" from "nobody answered": pip's finder treats both alike.

    Raises EnvironmentProblem with every index that gave anything but a page or a 404.
    """
    failures = _reach("pip._vendor.requests", "RequestException")
    pip_failure = _reach("pip._internal.exceptions", "PipError")
    problems = _useless_places(repo)
    for base in repo.finder.index_urls:
        if not base.startswith(("http://", "https://")):
            continue
        shown = _without_password(base)
        try:
            with _one_try(repo.session):
                response = repo.session.get(f"{base.rstrip('/')}/{project}/", headers={"Accept": "text/html"})
        except (failures, pip_failure) as error:
            problems.append(Finding("NET001", ERROR, shown, f"does not answer: {_innermost(error)}"))
            continue
        if response.status_code == 404 and _is_no_index(repo.session, base):
            problems.append(Finding("NET006", ERROR, shown, "answers, but is not a package index (404)"))
        if response.status_code not in (200, 404):
            answer = f"answers {response.status_code} {response.reason}"
            problems.append(Finding("NET002", ERROR, shown, answer))
    if problems:
        raise EnvironmentProblem(
            "the package index cannot be read",
            problems,
            CHECK_INDEX,
        )


def _useless_places(repo: Any) -> list[Finding]:
    """Local indexes and --find-links that are not there: pip passes over them without a word."""
    directories = [base for base in repo.finder.index_urls if base.startswith("file://")]
    to_path = _reach("pip._internal.utils.urls", "url_to_path")
    gone = [base for base in directories if not Path(to_path(base)).is_dir()]
    gone += [place for place in repo.finder.find_links if "://" not in place and not Path(place).exists()]
    return [Finding("NET005", ERROR, place, "the directory does not exist") for place in gone]


def _without_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)


def _is_no_index(session: Any, base: str) -> bool:
    """Whether the list of projects itself (PEP 503's root page) does not exist."""
    return bool(session.head(base.rstrip("/") + "/", allow_redirects=True).status_code == 404)


@contextlib.contextmanager
def _one_try(session: Any) -> Iterator[None]:
    """pip's session without its retries: the resolver has waited long enough already."""
    adapters = [adapter for adapter in session.adapters.values() if hasattr(adapter, "max_retries")]
    before = [adapter.max_retries for adapter in adapters]
    try:
        for adapter in adapters:
            adapter.max_retries = adapter.max_retries.new(total=0)
        yield
    finally:
        for adapter, retries in zip(adapters, before, strict=True):
            adapter.max_retries = retries


def _innermost(error: BaseException) -> str:
    """The reason at the bottom of a chain of wrapped network errors: ``Connection refused``."""
    while True:
        first = error.args[0] if error.args else None
        inner = error.__cause__ or getattr(error, "reason", None) or first or error.__context__
        if not isinstance(inner, BaseException):
            inner = error.__context__
        # The context of the outermost may be the failed resolution that made us ask.
        ours = isinstance(inner, OSError) or type(inner).__module__.startswith("pip._vendor.urllib3")
        if inner is None or not ours:
            return getattr(error, "strerror", None) or str(error)
        error = inner

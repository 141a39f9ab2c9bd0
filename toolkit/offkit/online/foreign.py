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
* ``pip._internal.req`` for requirement files.

When one has moved, the caller gets an OffkitError that names it and the versions in use.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from offkit.edges import releases
from offkit.model import legacy
from offkit.model.target import Target
from offkit.online import metadata
from offkit.online.metadata import Seen
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


def resolve(repo: Any, target: Target, requirements: list[Any], seen: Seen) -> list[Any]:
    """Pinned InstallRequirements, each with its ``link``; pip's exceptions pass through.

    What packages say of themselves on the way is noted in ``seen``.
    """
    resolver_class = reach("piptools.resolver", "BacktrackingResolver")
    with markers_of(target), metadata.watched(seen):
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
    found = [from_line(legacy.requirement(line).text, comes_from="the request") for line in lines]
    for path in files:
        with contextlib.redirect_stderr(io.StringIO()):  # optparse would print its own usage
            parsed = parse_file(str(path), session=repo.session, finder=repo.finder, options=repo.options)
            for each in parsed:
                # Frozen in some versions of pip, in others not.
                object.__setattr__(each, "requirement", legacy.requirement(each.requirement).text)
                found.append(from_parsed(each))
    # A file may carry --no-binary or --pre of its own; wheels only stays.
    reach("pip._internal.models.format_control", "FormatControl").handle_mutual_excludes(
        ":all:", repo.finder.format_control.only_binary, repo.finder.format_control.no_binary
    )
    return found


def loosened(ireq: Any) -> Any:
    """The same requirement for any version and file of it; one of a URL stays as it is."""
    if ireq.link is not None or ireq.req is None:
        return ireq
    from_line = reach("pip._internal.req.constructors", "install_req_from_line")
    extras = "[" + ",".join(sorted(ireq.req.extras)) + "]" if ireq.req.extras else ""
    marker = f"; {ireq.markers}" if ireq.markers else ""
    return from_line(ireq.req.name + extras + marker, comes_from=ireq.comes_from, constraint=ireq.constraint)


def without_hashes(ireq: Any) -> Any:
    """The same requirement, of any file."""
    ireq.hash_options = {}
    return ireq


def pin(name: str, version: str) -> Any:
    """A constraint: that version or none."""
    from_line = reach("pip._internal.req.constructors", "install_req_from_line")
    return from_line(f"{name}=={version}", constraint=True)

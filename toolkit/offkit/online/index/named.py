"""Indexes that have a name, and the packages that come from one of them and from nowhere else.

pip takes the highest version that any index has, so whoever publishes a private package's name on a public
index is installed instead ("dependency confusion"). As uv's ``explicit`` indexes (docs.astral.sh/uv,
"Package indexes") these here are asked for the packages that were assigned to them, and for no other.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name

from offkit.model import origin
from offkit.model.errors import OffkitError, UsageError
from offkit.model.url import without_secrets
from offkit.online.index.upstream import reach

INDEX, FROM = "--index", "--from"
FIRST = "--index-first"  # of a project's own, no option of any command: NAME=URL, asked before those of pip
_NAME = r"[A-Za-z0-9][\w.-]*"  # of an index, and of a package
_FORM = "--index NAME=URL, and --from NAME=PACKAGE or NAME::PACKAGE"


class Named(NamedTuple):
    urls: Mapping[str, str]  # by the names of indexes
    pinned: Mapping[str, str]  # the name of an index, by that of a project
    first: Sequence[str] = ()  # names of indexes; a project comes from the first of them that has it

    def url(self, project: str) -> str:
        """The one index that is asked for a project; "" for all that have no name."""
        return self.urls.get(self.pinned.get(project, ""), "")

    def asked(self, project: str) -> list[str]:
        """The indexes that are asked for a project before those of pip, or in their place."""
        own = self.url(project)
        return [own] if own else [self.urls[name] for name in self.first]

    def called(self, url: str) -> str:
        """The name of one that is asked for any project; "" for one of pip's."""
        return next((name for name in self.first if self.urls[name] == url), "")

    def origin(self, project: str) -> str:
        """What model.origin says of it."""
        return origin.of_index(self.url(project), self.pinned[project]) if project in self.pinned else ""


def assigned(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Requirements of which some are ``NAME::PACKAGE…``: as pip reads them, and the options that they mean.
    Raises UsageError."""
    lines, args = [], []
    for word in words:
        index, colons, line = word.partition("::")
        if not colons or not re.fullmatch(_NAME, index):
            lines.append(word)
            continue
        name = re.match(_NAME, line)
        if name is None or "://" in line:
            raise UsageError(f"{without_secrets(word)}: no package is named", fix=_FORM)
        lines.append(line)
        args += [FROM, f"{index}={name[0]}"]
    return lines, args


def split(args: Sequence[str]) -> tuple[list[str], Named]:
    """What pip knows of these options, and what it does not. Raises UsageError for what cannot be meant."""
    rest: list[str] = []
    urls: dict[str, str] = {}
    pinned: dict[str, str] = {}
    first: dict[str, None] = {}
    words = iter(args)
    for word in words:
        if word not in (INDEX, FROM, FIRST):
            rest.append(word)
            continue
        value = next(words)
        name, equals, what = value.partition("=")
        if not equals or not what or not re.fullmatch(_NAME, name):
            raise UsageError(f"{word} {without_secrets(value)}: it has no name", fix=_FORM)
        if word == FIRST:
            first[name] = None
        if word != FROM and urls.setdefault(name, what) != what:
            raise UsageError(f"--index: {name} is given two URLs", fix="give each index a name of its own")
        for package in what.split(",") if word == FROM else ():
            if not re.fullmatch(_NAME, package):
                raise UsageError(f"--from {value}: {package!r} is not the name of a package", fix=_FORM)
            if pinned.setdefault(canonicalize_name(package), name) != name:
                raise UsageError(f"{package} is to come from two indexes", fix="choose one")
    _check(urls, pinned, first)
    return rest, Named(urls, pinned, tuple(first))


def _check(urls: Mapping[str, str], pinned: Mapping[str, str], first: Iterable[str]) -> None:
    unknown = sorted(set(pinned.values()) - set(urls))
    if unknown:
        known = f"; known: {', '.join(sorted(urls))}" if urls else ""
        raise UsageError(f"no index is called {', '.join(unknown)}{known}", fix=_FORM)
    idle = sorted(set(urls) - set(pinned.values()) - set(first))
    if idle:
        fix = "say which with --from NAME=PACKAGE; for all packages it is --index-url or --extra-index-url"
        raise UsageError(f"no package is to come from the index {', '.join(idle)}", fix=fix)


def restrict(repo: Any, named: Named, stand_ins: Sequence[str]) -> None:
    """From now on the finder asks for each project where it is to come from. ``stand_ins`` are directories
    that every project may come from. Raises UsageError where no index may be asked."""
    repo.named = named
    if not named.urls:
        return
    if repo.options.no_index and not named.pinned:
        repo.named = Named({}, {})  # a project's own go with the others
        return
    if repo.options.no_index:
        raise UsageError("--index is given, and --no-index forbids it", fix="omit one of them")
    make, scope = (
        reach("pip._internal.index.collector", "LinkCollector"),
        reach("pip._internal.models.search_scope", "SearchScope").create,
    )
    own = {
        name: make(repo.session, scope(find_links=list(stand_ins), index_urls=[url], no_index=False))
        for name, url in named.urls.items()
    }
    collector, session = repo.finder._link_collector, repo.session
    collect, update = collector.collect_sources, session.update_index_urls

    @functools.cache
    def home(project: str) -> str:
        """The index that it comes from; "" for those of pip. A fault is noted by whoever listens."""
        if project in named.pinned:
            return named.pinned[project]
        link = reach("pip._internal.models.link", "Link")
        for name in named.first:
            pages = scope(find_links=[], index_urls=[named.urls[name]], no_index=False)
            (page,) = pages.get_index_urls_locations(project)
            if collector.fetch_response(link(page, cache_link_parsing=False)) is not None:
                return name
        return ""

    def collect_sources(project_name: str, **how: Any) -> Any:
        index = home(canonicalize_name(project_name))
        return (own[index].collect_sources if index else collect)(project_name=project_name, **how)

    def update_index_urls(urls: Sequence[str]) -> None:  # by which pip finds logins
        update([*urls, *named.urls.values()])

    collector.collect_sources = collect_sources
    session.update_index_urls = update_index_urls
    update_index_urls(session.auth.index_urls or [])


def having(repo: Any, project: str) -> str:
    """The index with a name that has a project, which is to come from another; "" where none has."""
    link, links_of = (
        reach("pip._internal.models.link", "Link"),
        reach("pip._internal.index.collector", "parse_links"),
    )
    for name, url in repo.named.urls.items():
        if name not in repo.named.first:
            where = link(f"{url.rstrip('/')}/{project}/", cache_link_parsing=False)
            with contextlib.suppress(OffkitError):
                page = repo.finder._link_collector.fetch_response(where)
                if page is not None and any(True for _ in links_of(page)):
                    return str(name)
    return ""


def check_origins(named: Named, found: Iterable[tuple[str, str]]) -> list[str]:
    """What is wrong with (name, origin) of wheels: a URL in a requirement leads past every index."""
    wrong = []
    for name, where in found:
        wanted = named.origin(canonicalize_name(name))
        if wanted and where != wanted:
            wrong.append(f"{name} is to come from {wanted} alone, and a requirement names {where}")
    return wrong

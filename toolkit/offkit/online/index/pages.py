"""The page of a project in JSON (PEP 691, 700): what pip has to look at, and the rows of everything else.

Some projects have fifteen thousand files. pip makes a link of each before it looks at its name; here only
what a name does not rule out becomes one.
"""

from __future__ import annotations

import datetime
import functools
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from packaging.tags import Tag, parse_tag

_JSON = "application/vnd.pypi.simple.v1+json"
_NOT_PLAIN = re.compile(r"[%?#@\\\s]")  # of a URL whose end is not the name of its file, perhaps
# A URL, or what is one beside that of the page, of which pip can make nothing else.
_SIMPLE = re.compile(r"(?:https?://[A-Za-z0-9.-]+(?::[0-9]{1,4})?/|[/.])[A-Za-z0-9._/+-]+")
_WHEEL = ".whl"
_TEXT = (str, type(None))

tags = functools.lru_cache(maxsize=4096)(parse_tag)


class Wheels(NamedTuple):
    """Rows of wheels of one version that fit, in the order of the page."""

    version: Any
    yanked: bool
    rows: list[Any]


class Page:
    """What a page lists."""

    def __init__(self, link_of: Callable[[Any], Any]) -> None:
        self.rows: dict[str, Any] = {}  # by file name: its row, or pip's link where that was made
        self.wheels: list[Wheels] = []  # by version
        self.rest: list[Any] = []  # links of pip's, for whatever else may be installed
        self._link_of = link_of
        self.wanted: list[Any] = []  # rows and links of both, in the order of the page

    @property
    def links(self) -> list[Any]:
        """pip's, for whatever may be installed, in the order of the page."""
        return list(map(self.link, self.wanted))

    def link(self, one: Any) -> Any:
        """Of a row of these wheels, or the link that it is."""
        return self._link_of(one) if isinstance(one, dict) else one


def of_links(links: list[Any]) -> Page:
    """A page that is not in JSON."""
    found = Page(lambda row: row)
    found.rest = found.wanted = links
    return found


def read(
    page: Any,
    fits: Callable[[str], bool],
    link_of: Callable[[Any, str], Any],
    version_of: Callable[[str], Any] = lambda name: None,
) -> Page | None:
    """An IndexContent of pip's; None where it is none in JSON. ``fits`` tells by its name whether a file may
    be one that is wanted, ``link_of`` is pip's ``Link.from_json``, ``version_of`` gives the version of a
    wheel of the project, or None for what pip had better read. Raises what pip does for a page that is
    damaged."""
    if not page.content_type.lower().startswith(_JSON):
        return None
    found = Page(lambda row: link_of(row, page.url))
    wheels: dict[tuple[Any, bool], Wheels] = {}
    for file in json.loads(page.content).get("files", []):
        name = file["filename"] if _is_plain(file) else None
        if name is not None and not fits(name):
            found.rows.setdefault(name, file)
            continue
        version = version_of(name) if name is not None and _is_simple(file) else None
        if name is not None and version is not None:
            yanked = bool(file.get("yanked"))
            wheels.setdefault((version, yanked), Wheels(version, yanked, [])).rows.append(file)
            found.rows.setdefault(name, file)
            found.wanted.append(file)
            continue
        link = link_of(file, page.url)
        if link is not None:
            found.rows.setdefault(link.filename, link)
            found.rest.append(link)
            found.wanted.append(link)
    found.wheels = sorted(wheels.values(), key=lambda one: one.version)
    return found


def fitting(supported: frozenset[Tag], sources: bool) -> Callable[[str], bool]:
    """For ``read``: wheels for one of those tags, sources perhaps, and names that pip had better judge."""

    @functools.cache
    def is_for(tag: str) -> bool:
        try:
            return not supported.isdisjoint(tags(tag))
        except ValueError:  # InvalidTag
            return True

    def fits(name: str) -> bool:
        if not name.endswith(_WHEEL):
            return sources
        parts = name[: -len(_WHEEL)].rsplit("-", 3)
        return len(parts) < 4 or is_for("-".join(parts[1:]))

    return fits


def _is_plain(file: Any) -> bool:
    """Whether a row is as the PEPs have it, and its URL ends with its name: whatever else pip makes of it is
    its affair."""
    try:
        url, hashes, yanked = file["url"], file.get("hashes"), file.get("yanked")
        return (
            url.endswith("/" + file["filename"])
            and not _NOT_PLAIN.search(url)
            and type(file.get("requires-python")) in _TEXT
            and (yanked is None or type(yanked) in (bool, str))
            and file.get("upload-time", "2000")[:4].isdigit()
            and type(hashes) is dict
            and all(type(digest) is str for digest in hashes.values())
        )
    except (KeyError, TypeError, AttributeError):
        return False


def _is_simple(file: Any) -> bool:
    """Whether nothing can go wrong when pip makes a link of a row that is plain."""
    if not _SIMPLE.fullmatch(file["url"]):
        return False
    try:
        datetime.datetime.fromisoformat(file.get("upload-time", "2000-01-01").replace("Z", "+00:00"))
    except ValueError:
        return False
    return True

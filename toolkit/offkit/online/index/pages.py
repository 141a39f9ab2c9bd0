"""The page of a project in JSON (PEP 691, 700): what pip has to look at, and the rows of everything else.

Some projects have fifteen thousand files. pip makes a link of each before it looks at its name; here only
what a name does not rule out becomes one.
"""

from __future__ import annotations

import datetime
import functools
import json
import re
from collections.abc import Callable, Container, Iterable
from typing import Any, NamedTuple

from packaging.tags import Tag, parse_tag

_JSON = "application/vnd.pypi.simple.v1+json"
# A URL, or what is one beside that of the page, of which pip can make nothing else.
_SIMPLE = re.compile(r"(?:https?://[A-Za-z0-9.-]+(?::[0-9]{1,4})?/|[/.])[A-Za-z0-9._/+-]+")
_WHEEL = ".whl"
_LONGEST = 255  # bytes of a file's name (limits.h, NAME_MAX)
_TEXT = (str, type(None))
_YANKED = (bool, str)
_NEVER = "0000"
_ODD = (b"%", b"?", b"#", b"@", b"\\", b"\x7f", b"\0")
_new = tuple.__new__

tags = functools.lru_cache(maxsize=4096)(parse_tag)


class Row(NamedTuple):
    """What a page says of a file."""

    filename: str
    requires_python: str
    yanked: bool | str | None
    uploaded: str  # "" where it does not say


class Wheels(NamedTuple):
    """Wheels that fit, of one version and spelling of it, in the order of the page."""

    version: Any
    yanked: bool
    files: list[Any]  # as the page has them


class Page:
    """What a page lists."""

    def __init__(self, link_of: Callable[[Any], Any]) -> None:
        self.rows: dict[str, Any] = {}  # by file name: a Row, or pip's link where that was made
        self.wheels: list[Wheels] = []  # by version
        self.rest: list[Any] = []  # links of pip's, for whatever else may be installed
        self._link_of = link_of
        self.wanted: list[Any] = []  # files and links of both, in the order of the page

    @property
    def links(self) -> list[Any]:
        """pip's, for whatever may be installed, in the order of the page."""
        return list(map(self.link, self.wanted))

    def link(self, one: Any) -> Any:
        """Of a file of these wheels, or the link that it is."""
        return self._link_of(one) if isinstance(one, dict) else one


def of_links(links: Iterable[Any]) -> Page:
    """A page that is not in JSON."""
    found = Page(lambda row: row)
    found.rest = found.wanted = [link for link in links if can_be(link.filename)]
    return found


def can_be(filename: str) -> bool:
    """Whether a file can be called so. Longer names may have numbers on which Python gives up, or more tags
    than there is memory for."""
    return len(filename) <= _LONGEST


def read(
    page: Any,
    fits: Callable[[str], bool],
    link_of: Callable[[Any, str], Any],
    version_of: Callable[[str], Any] = lambda name: None,
    meant: Container[str] | None = None,
) -> Page | None:
    """An IndexContent of pip's; None where it is none in JSON. ``fits`` tells by its name whether a file may
    be one that is wanted, ``link_of`` is pip's ``Link.from_json``, ``version_of`` gives the version of a
    wheel of the project, or None for what pip had better read; what has another SHA-256 than those
    ``meant`` is left out. Raises what pip does for a page that is damaged."""
    if not page.content_type.lower().startswith(_JSON):
        return None
    found = Page(lambda row: link_of(row, page.url))
    wheels: dict[tuple[int, bool], Wheels] = {}  # by the identity of a version, which is its spelling
    even, rows = _is_even(page.content), found.rows
    for file in json.loads(page.content).get("files", []):
        if meant is not None and _is_another(file, meant):
            continue
        row = _row(file, even)
        if row is not None and len(row.filename) > _LONGEST:
            continue
        if row is not None and not fits(row.filename):
            rows.setdefault(row.filename, row)
            continue
        version = version_of(row.filename) if row is not None and _is_simple(file) else None
        if row is not None and version is not None:
            yanked = bool(row.yanked)
            one = wheels.get((id(version), yanked))
            if one is None:
                one = wheels[id(version), yanked] = Wheels(version, yanked, [])
            one.files.append(file)
            found.rows.setdefault(row.filename, row)
            found.wanted.append(file)
            continue
        link = link_of(file, page.url)
        if link is not None and can_be(link.filename):
            found.rows.setdefault(link.filename, link)
            found.rest.append(link)
            found.wanted.append(link)
    found.wheels = sorted(wheels.values(), key=lambda one: one.version)
    return found


def _is_another(file: Any, meant: Container[str]) -> bool:
    """Whether a row has a hash, and none of these."""
    try:
        sha256 = file["hashes"]["sha256"]
        return bool(sha256) and sha256 not in meant
    except (KeyError, TypeError):
        return False


def fitting(supported: frozenset[Tag], sources: bool) -> Callable[[str], bool]:
    """For ``read``: wheels for one of those tags, sources perhaps, and names that pip had better judge."""

    @functools.cache
    def is_for(tag: str) -> bool:
        try:
            return not supported.isdisjoint(tags(tag))
        except ValueError:  # InvalidTag
            return True

    def by_tags(name: str) -> bool:
        parts = name[: -len(_WHEEL)].rsplit("-", 3)
        return len(parts) < 4 or is_for("-".join(parts[1:]))

    @functools.cache  # what follows the version is the same for many
    def by_end(end: str) -> bool | None:
        return by_tags(end) if end.count("-") > 2 else None

    def fits(name: str) -> bool:
        if not name.endswith(_WHEEL):
            return sources
        told = by_end(name[name.find("-", name.find("-") + 1) :])
        return by_tags(name) if told is None else told

    return fits


def _is_even(content: bytes) -> bool:
    """Whether no URL of a page can have in it what ``_is_plain`` looks for, but a blank: of most pages the
    whole has nothing of it, and to see that takes no time. Without a zero byte it is no UTF-16."""
    return content.isascii() and not any(one in content for one in _ODD)


def _is_plain(url: str) -> bool:
    """Whether its end is the name of a file; a regular expression takes as long as all the rest."""
    return (
        url.isascii()
        and url.isprintable()
        and not (" " in url or "%" in url or "?" in url or "#" in url or "@" in url or "\\" in url)
    )


def _row(file: Any, even: bool) -> Row | None:
    """Of what is as the PEPs have it, with a URL that ends with its name: whatever else pip makes of it is
    its affair."""
    try:
        name, url, hashes = file["filename"], file["url"], file["hashes"]
        requires, yanked = file.get("requires-python"), file.get("yanked")
        uploaded = file.get("upload-time", _NEVER)
        if len(hashes) != 1 or type(hashes.get("sha256")) is not str:
            for digest in hashes.values():
                if type(digest) is not str:
                    return None
        plain = (
            url.endswith("/" + name)
            and (" " not in url if even else _is_plain(url))
            and type(requires) in _TEXT
            and (yanked is None or type(yanked) in _YANKED)
            and uploaded[:4].isdigit()
            and type(hashes) is dict
        )
    except (KeyError, TypeError, AttributeError):
        return None
    if not plain:
        return None
    # As Row(…) does, in a third of the time.
    return _new(Row, (name, requires or "", yanked, "" if uploaded is _NEVER else uploaded))


def _is_simple(file: Any) -> bool:
    """Whether nothing can go wrong when pip makes a link of a row that is plain."""
    if not _SIMPLE.fullmatch(file["url"]):
        return False
    try:
        datetime.datetime.fromisoformat(file.get("upload-time", "2000-01-01").replace("Z", "+00:00"))
    except ValueError:
        return False
    return True

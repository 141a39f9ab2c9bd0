"""The page of a project in JSON (PEP 691, 700): what pip has to look at, and the rows of everything else.

Some projects have fifteen thousand files. pip makes a link of each before it looks at its name; here only
what a name does not rule out becomes one.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from typing import Any

from packaging.tags import Tag, parse_tag

_JSON = "application/vnd.pypi.simple.v1+json"
_NOT_PLAIN = re.compile(r"[%?#@\\\s]")  # of a URL whose end is not the name of its file, perhaps
_WHEEL = ".whl"
_TEXT = (str, type(None))

tags = functools.lru_cache(maxsize=4096)(parse_tag)


class Page:
    """What a page lists, in its order."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}  # by file name: its row, or pip's link where that was made
        self.links: list[Any] = []  # pip's, for whatever may be installed


def read(page: Any, fits: Callable[[str], bool], link_of: Callable[[Any, str], Any]) -> Page | None:
    """An IndexContent of pip's; None where it is none in JSON. ``fits`` tells by its name whether a file may
    be one that is wanted, ``link_of`` is pip's ``Link.from_json``. Raises what pip does for a page that is
    damaged."""
    if not page.content_type.lower().startswith(_JSON):
        return None
    found = Page()
    for file in json.loads(page.content).get("files", []):
        name = file["filename"] if _is_plain(file) else None
        if name is not None and not fits(name):
            found.rows.setdefault(name, file)
            continue
        link = link_of(file, page.url)
        if link is not None:
            found.rows.setdefault(link.filename, link)
            found.links.append(link)
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

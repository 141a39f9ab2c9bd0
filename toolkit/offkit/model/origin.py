"""Where wheels come from, as a lock, the manifest and ``inspect`` say it: no secret, no path of a machine.

An index stands there as ``https://HOST/simple``, one that has a name as ``NAME=URL``; a page as
``--find-links URL``; a single file as its URL.
"""

import re
from typing import Any, Dict, Iterable, List, Tuple

from offkit.model.url import without_secrets

LOCAL = "a local directory"
OURS = "offkit itself"
_PAGE = "--find-links "
_FORM = re.compile(r"(?:(?:[\w.-]+=|--find-links )?https?://\S+|{}|{})".format(LOCAL, OURS))


def of_index(url: str, name: str = "") -> str:
    """``name``: what --index calls it."""
    if not url.startswith(("http://", "https://")):
        return LOCAL
    shown = without_secrets(url).rstrip("/")
    return "{}={}".format(name, shown) if name else shown


def of_page(url: str) -> str:
    """A page of --find-links."""
    return _PAGE + without_secrets(url) if url.startswith(("http://", "https://")) else LOCAL


def of_file(url: str) -> str:
    """A file that was asked for by its place."""
    return without_secrets(url) if url.startswith(("http://", "https://")) else LOCAL


def read(text: str) -> str:
    """One that was written down; "" for any other words."""
    return without_secrets(text) if _FORM.fullmatch(text) else ""


def index(origin: str, filename: str) -> str:
    """The URL of the index that an origin of that file is; "" for what is none."""
    if origin in ("", LOCAL, OURS) or origin.startswith(_PAGE) or origin.endswith("/" + filename):
        return ""
    return origin if origin.startswith(("http://", "https://")) else origin.partition("=")[2]


def grouped(wheels: Iterable[Tuple[str, str]]) -> List[Tuple[str, List[str]]]:
    """(origin, names of files), both in order, of (origin, name of a file)."""
    found: Dict[str, List[str]] = {}
    for where, filename in wheels:
        found.setdefault(where, []).append(filename)
    return [(where, sorted(found[where])) for where in sorted(found)]


def to_options(wheels: Iterable[Tuple[str, str]]) -> Dict[str, Any]:
    """The manifest's option ``from``, of (origin, name of a file); what is not known ("") is left out."""
    listed = [{"from": where, "wheels": names} for where, names in grouped(wheels) if where]
    return {"from": listed} if listed else {}


def from_options(options: Dict[str, Any]) -> Dict[str, str]:
    """Origins by the names of files; only what has the right form counts."""
    listed = options.get("from")
    found = {}
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and isinstance(one.get("from"), str) and isinstance(one.get("wheels"), list):
            found.update({name: one["from"] for name in one["wheels"] if isinstance(name, str)})
    return found

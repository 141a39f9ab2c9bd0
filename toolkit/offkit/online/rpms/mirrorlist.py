"""Lists of mirrors: yum's mirrorlist, a URL a line, and metalink (RFC 5854 and its predecessor 3.0). Pure."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from offkit.media.repodata import HASHES
from offkit.model import url as urls

_REPOMD = "/repodata/repomd.xml"
_LAST = 999999  # of priorities, and what holds where there is none (RFC 5854, 4.2.16.2)


def looks_so(url: str) -> bool:
    """Whether a URL is that of a list, and not of a repository."""
    return bool(re.search(r"mirror\.?list|metalink", url, re.I))


def parse(text: str) -> list[str]:
    """The repositories that a list names, the preferred first; none where it is no list."""
    if "<metalink" in text[:4096]:
        return _metalink(text)
    lines = [line.strip() for line in text.splitlines()]
    return [line.rstrip("/") for line in lines if _is_mirror(line)]


def _is_mirror(line: str) -> bool:
    return urls.is_url(line) and urls.is_address(line)


def _metalink(text: str) -> list[str]:
    found = []
    for each in _elements(text):
        address = (each.text or "").strip()
        if _name(each) == "url" and _is_mirror(address):
            worth, place = _number(each.get("preference")), _number(each.get("priority"))
            found.append((place or _LAST if worth is None else -worth, address))
    return [
        one.removesuffix(_REPOMD)
        for _, one in sorted(found, key=lambda pair: pair[0])
        if one.endswith(_REPOMD)
    ]


def digests(text: str) -> set[tuple[str, str]]:
    """(algorithm, hexadecimal digest) that a metalink has for repomd.xml, as the mirrors have it today or
    had it a little while ago (alternates); none where it has no strong one."""
    if "<metalink" not in text[:4096]:
        return set()
    found = set()
    for file in _elements(text):
        if _name(file) == "file" and file.get("name") == "repomd.xml":
            for each in file.iter():
                algorithm = HASHES.get((each.get("type") or "").replace("sha-", "sha"), "sha1")
                if _name(each) == "hash" and algorithm != "sha1":
                    found.add((algorithm, (each.text or "").strip().lower()))
    return found


def _elements(text: str) -> list[ElementTree.Element]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return []
    try:
        return list(ElementTree.fromstring(text).iter())
    except ElementTree.ParseError:
        return []


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _number(text: str | None) -> int | None:
    """What somebody wrote as one; None for anything else."""
    return int(text) if text and re.fullmatch("[0-9]{1,6}", text) else None

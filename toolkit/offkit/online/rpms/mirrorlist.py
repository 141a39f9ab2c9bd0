"""Lists of mirrors: yum's mirrorlist, a URL a line, and metalink (RFC 5854 and its predecessor 3.0). Pure."""

from __future__ import annotations

import re
from xml.etree import ElementTree

_REPOMD = "/repodata/repomd.xml"


def looks_so(url: str) -> bool:
    """Whether a URL is that of a list, and not of a repository."""
    return bool(re.search(r"mirror\.?list|metalink", url, re.I))


def parse(text: str) -> list[str]:
    """The repositories that a list names, the preferred first; none where it is no list."""
    if "<metalink" in text[:4096]:
        return _metalink(text)
    lines = [line.strip() for line in text.splitlines()]
    return [line.rstrip("/") for line in lines if line.startswith(("http://", "https://"))]


def _metalink(text: str) -> list[str]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return []
    try:
        tree = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return []
    found = []
    for each in tree.iter():
        address = (each.text or "").strip()
        if each.tag.rpartition("}")[2] == "url" and address.startswith(("http://", "https://")):
            worth = each.get("preference") or str(1000 - int(each.get("priority") or 0))
            found.append((-int(worth) if worth.lstrip("-").isdecimal() else 0, address))
    return [
        one.removesuffix(_REPOMD)
        for _, one in sorted(found, key=lambda pair: pair[0])
        if one.endswith(_REPOMD)
    ]

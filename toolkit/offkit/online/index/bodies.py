"""What a body is that came where something else was asked for: a page of an index, or one for people."""

from __future__ import annotations

import csv
import functools
import re
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from offkit.edges import data

PAGES = "repo-config/index-pages.csv"
_FILE = rb"[^\"'<>\s]*\.(?:whl|zip|egg|tgz|tar)\b"  # what pip installs, and .tar.gz or .bz2 by its beginning
_LOGIN = re.compile(rb"<input[^>]*\btype\s*=\s*[\"']?password", re.IGNORECASE)
_DOCTYPE = re.compile(rb"\s*<!doctype\s+html\b", re.IGNORECASE)
_UNSEEN = re.compile(rb"<!--.*?-->|<style\b.*?</style\s*>|<(?!script|img|i?frame|object)[^>]*>", re.I | re.S)
_API = "application/vnd.pypi.simple."  # PEP 691


@functools.cache
def _marks() -> re.Pattern[bytes]:
    """What pages of indexes have, those without files too."""
    rows = csv.DictReader(data.read_text(PAGES).splitlines())
    return re.compile("|".join(f"(?:{row['words']})" for row in rows).encode(), re.IGNORECASE)


def is_login(content: bytes) -> bool:
    """Whether it asks for a password."""
    return bool(_LOGIN.search(content))


def no_archive(beginning: bytes) -> str:
    """What a server answers with where an archive was asked for; "" where it may be one: none of those that
    pip takes begins as pages and documents in JSON do."""
    if is_login(beginning):
        return "answers with a login page"
    first = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return {b"<": "answers with a page for people", b"{": "answers with JSON"}.get(first, "")


def wrong_page(response: Any, page: Any, project: str) -> str:
    """What a page is, when it is none of an index, where an answer to pip's question has one; a page that
    lists a file of the project is one."""
    content, kind = page.content, page.content_type.lower()
    if "html" not in kind:
        lists = b'"files"' in content or not re.fullmatch(rb"\s*\{.*\}\s*", content, re.DOTALL)
        return "" if lists else "answers with JSON that is no page of an index: it has no files"
    name = project.replace("-", "[-_.]+").encode() + b"-" if project else b""
    if re.search(name + _FILE, content, re.IGNORECASE):
        return ""
    if is_login(content):
        return "answers with a login page"
    first = response.history[0] if response.history else response
    asked, got = urlsplit(first.url), urlsplit(response.url)
    ends = {canonicalize_name(unquote(part)) for part in got.path.split("/")}
    if got.hostname != asked.hostname or (project and project not in ends):
        return f"sends to {got.scheme}://{got.netloc}{got.path}, which is no page of an index"
    try:
        content = content.decode(page.encoding or "utf-8").encode()
    except (UnicodeError, LookupError):
        return ""  # pip says why it cannot be read
    file = rb"(?:[^\"'>]*/)?" + name + b"|" + _FILE if name else _FILE  # of another kind, or another project
    link = rb"<a\s[^>]*href\s*=\s*[\"']?(?:" + file + b")"
    if kind.startswith(_API) or _marks().search(content) or re.search(link, content, re.IGNORECASE):
        return ""
    if _DOCTYPE.match(content) and not _UNSEEN.sub(b"", content).strip():
        return ""  # PEP 503 asks for no more where there is no file
    what = "a page for people" if content.strip() else "an empty page"
    return f"answers with {what}, and not with one of an index"

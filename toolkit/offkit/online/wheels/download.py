"""One wheel from an index into the cache, with a few attempts; what has come is not asked for again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.model.finding import ERROR, Finding
from offkit.model.url import without_secrets
from offkit.model.words import several
from offkit.online.index import bodies, network
from offkit.online.wheels import ends, store

ATTEMPTS = 3
_CHUNK = 1 << 16
HEADERS = {"Accept-Encoding": "identity"}
_AGAIN = "run the same command again: finished downloads are kept"
_REACH = "check its URL and the proxy: pip has asked as often as --retries says (PIP_RETRIES, pip.conf)"
_ASK = "open its URL in a browser: it may want a login (in its URL, or in ~/.netrc), or have moved"
_SERVER = ("does not", "cannot be")  # of network.silence
_OK, _PARTIAL, _BEYOND = 200, 206, 416


class Wanted(NamedTuple):
    """A file of an index. ``sha256`` is empty where nobody says it."""

    name: str  # of the project
    filename: str
    url: str
    sha256: str
    given: bool = False  # by its URL, in a requirement, which says the hash too


class Come(NamedTuple):
    """A file in the cache that came over the network."""

    path: Path
    sha256: str
    size: int  # bytes


class Failed(Exception):
    """A file that could not be had; carries its finding."""

    def __init__(self, finding: Finding, integrity: bool, filename: str, why: str) -> None:
        super().__init__(finding.message)
        self.finding = finding
        self.integrity = integrity
        self.filename, self.why = filename, why


class _NoFile(ValueError):
    """Something else came; with what the server does."""


def past_cache(session: Any, trusting: bool = False) -> Any:
    """The same session of pip without its cache, which would take a second copy of every wheel. ``trusting``:
    every host is one of pip's --trusted-host."""
    plain = _same(session)
    plain.__dict__.pop("request", None)  # of whoever listens to the other, by way of its cache
    plain.adapters = type(session.adapters)(
        (prefix, _same(adapter)) for prefix, adapter in session.adapters.items()
    )
    if trusting:
        plain.adapters["https://"] = _same(session._trusted_host_adapter)
    for adapter in plain.adapters.values():
        adapter.cacheable_methods = ()  # of CacheControl; the others have no use for it
    return plain


def _same(one: Any) -> Any:
    """Another object with everything that this one has: connections, credentials, certificates."""
    other = object.__new__(type(one))
    other.__dict__.update(one.__dict__)
    return other


def size(wanted: Wanted, session: Any) -> int:
    """Bytes to come, 0 where the index does not say: only a progress bar asks."""
    try:
        # For pip's session HEAD of a file:// is the file, all of which it reads unless told otherwise.
        how = {"allow_redirects": True, "stream": True}
        with session.head(wanted.url, headers=HEADERS, **how) as response:
            response.raise_for_status()
            return int(response.headers.get("Content-Length") or 0)
    except Exception:
        return 0


def get(
    wanted: Wanted, session: Any, cache: Path, advance: Callable[[int], object], opened: Any = None
) -> Come:
    """Fetch a file to its place. ``advance`` is told of bytes as they come; ``opened`` is an answer that
    has begun with the first of them. The end that has come already is not asked for.

    Raises Failed, and EnvironmentProblem where there can be no cache.
    """
    reason, fix, end = "", _AGAIN, ends.recall(cache, wanted.sha256, wanted.url)
    try:
        with store.part(cache, wanted.sha256) as part:
            for _ in range(ATTEMPTS):
                try:
                    if not part.size or part.sha256 != wanted.sha256:  # else all of it came, long ago
                        _receive(wanted.url, session, part, advance, end, opened)
                    opened = None
                    if not wanted.sha256 or part.sha256 == wanted.sha256:
                        ends.forget(cache, wanted.sha256, wanted.url)
                        return Come(part.place(wanted.filename), part.sha256, part.size)
                    who = "the requirement says" if wanted.given else "the index promised"
                    reason = f"its sha256 is {part.sha256}, {who} {wanted.sha256}"
                    part.restart()
                    end = None
                except Exception as error:
                    # requests' exceptions are OSErrors, and so is a full disk; a redirection to no URL
                    # is a ValueError of urllib
                    if (
                        not isinstance(error, (OSError, ValueError))
                        and type(error).__module__.split(".")[0] != "pip"
                    ):
                        raise
                    (reason, fix), opened = _reason(error), None
                    if network.is_unreached(error) or (isinstance(error, _NoFile) and end is None):
                        break
                    if isinstance(error, _NoFile):  # the end of a page perhaps, and of another run
                        ends.forget(cache, wanted.sha256, wanted.url)
                        end = None
            if "No space left" in reason:
                part.restart()
    except OSError as error:
        reason, fix = _reason(error)
    raise _failed(wanted, cache, reason, fix)


def _receive(
    url: str,
    session: Any,
    part: store.Part,
    advance: Callable[[int], object],
    end: ends.End | None,
    opened: Any,
) -> None:
    """Add what is missing to ``part``; from its beginning where the server gives no ranges, or has
    another file by now (RFC 9110, 14)."""
    headers = dict(HEADERS)
    if end is not None and part.size > end.start:
        end = None
    if part.size or end is not None:
        headers["Range"] = f"bytes={part.size}-{end.start - 1 if end is not None else ''}"
        if part.size and part.validator:
            headers["If-Range"] = part.validator
    if end is not None and part.size == end.start:
        _add(end.data, part, advance)
        return
    if opened is not None and part.size:
        opened.close()
        opened = None
    with opened if opened is not None else session.get(url, headers=headers, stream=True) as response:
        goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {part.size}-")
        partial = response.status_code == _PARTIAL and goes_on
        if response.status_code in (_OK, _BEYOND, _PARTIAL) and not partial:
            part.restart()
        response.raise_for_status()
        etag = response.headers.get("ETag", "")
        part.validator = "" if etag.startswith("W/") else etag or response.headers.get("Last-Modified", "")
        for chunk in response.iter_content(_CHUNK):
            _add(chunk, part, advance)
    if end is not None and partial and part.size == end.start:
        _add(end.data, part, advance)


def _add(data: bytes, part: store.Part, advance: Callable[[int], object]) -> None:
    what = "" if part.size else bodies.no_archive(data)
    if what:
        raise _NoFile(f"{what}, and not with the file")
    part.write(data)
    advance(len(data))


def _reason(error: Exception) -> tuple[str, str]:
    """What is wrong, and what helps."""
    if isinstance(error, _NoFile):
        return f"the server {error}", _ASK
    response = getattr(error, "response", None)
    if response is not None:
        answer, helps = network.refusal(response)
        gone = response.status_code in (404, 410)
        return f"the server {answer}", helps or (
            "check its URL; it may have been removed there" if gone else _AGAIN
        )
    if network.is_unreached(error):
        _, text, helps = network.silence(error)
        return f"the server {text}" if text.startswith(_SERVER) else text, helps or _REACH
    reason = network.innermost(error)
    plain = network.meaning(reason)
    return f"the server {plain}" if plain else reason or type(error).__name__, _AGAIN


def _failed(wanted: Wanted, cache: Path, reason: str, fix: str) -> Failed:
    integrity = reason.startswith("its sha256")
    code = "NET004" if integrity else "NET003"
    if "No space left" in reason:
        place = store.directory(cache)
        fix = f"free some space in {place}, or choose another place with --cache-dir DIR"
    elif integrity and wanted.given:
        text = without_secrets(f"{wanted.url}: {reason}")
        return Failed(
            Finding("REQ006", ERROR, wanted.name, text, (), network.CORRECT),
            integrity,
            wanted.filename,
            reason,
        )
    elif integrity:
        fix = "a proxy or mirror alters files: use another --index-url"
    name, why = without_secrets(wanted.filename), without_secrets(reason)
    message = f"{name} could not be downloaded: {why}"
    finding = Finding(code, ERROR, wanted.name, message, (without_secrets(wanted.url),), fix)
    return Failed(finding, integrity, name, why)


def all_failures(failures: Sequence[Failed]) -> IntegrityError | EnvironmentProblem:
    """One error of all of them: of hashes, where one of them is about those."""
    findings = [failed.finding for failed in failures]
    wrong = {failed.finding.code for failed in failures if failed.integrity}
    if wrong == {"REQ006"}:
        return IntegrityError(network.OTHER_FILE, findings)
    if wrong:
        return IntegrityError("downloaded files do not match the hashes of the index", findings)
    return EnvironmentProblem(f"{several(len(findings), 'wheel')} could not be downloaded", findings)

"""Wheels that are looked into while a request is resolved, because the index has no metadata beside them
(PEP 658).

Where the index gives ranges, their last bytes are asked for; else the wheel itself. Either way they come into
the cache, past pip's own, so that what was read is what is packed and no byte of it is fetched twice.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import importlib.metadata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from offkit.model.report import Bar
from offkit.online.index.upstream import reach
from offkit.online.wheels import dist_info, download, ends, store
from offkit.online.wheels.download import Come, Failed, Wanted


def link_sha256(link: Any) -> str:
    """What the index says about a file; empty when it says nothing or names a weaker hash."""
    return str(link.hash).lower() if link.hash_name == "sha256" and link.hash else ""


def _is_given(link: Any) -> bool:
    """Whether it is the request's own, or a package's, and no index says what it means."""
    return link.comes_from is None


class Kept:
    """What has come into a cache in the course of resolving."""

    def __init__(self, cache: Path, arrived: Callable[[Path], object] | None = None) -> None:
        """``arrived`` is told of each wheel that has come, by whoever wants them all: no metadata is asked
        for instead."""
        self.cache = cache
        self.arrived = arrived
        self.came: list[Come] = []
        self._sha256: dict[str, str] = {}
        self.bar = Bar()  # told of wheels, as they come
        self._described: dict[str, bytes] = {}  # METADATA by the URL of its wheel
        self._ranged: set[str] = set()  # hosts that have answered with a range

    def sha256(self, link: Any) -> str:
        """What the index says, else that of the file if it has been fetched, else empty."""
        return link_sha256(link) or self._sha256.get(link.url_without_fragment, "")

    def path(self, link: Any, session: Any, opened: Any = None) -> Path:
        """The file, fetched if need be, by an answer that has begun with it perhaps, its bytes told as they
        come. Raises IntegrityError or EnvironmentProblem."""
        sha256 = self.sha256(link)
        found = store.find(self.cache, sha256, link.filename)
        if found is not None:
            return found
        project = link.filename.partition("-")[0]
        wanted = Wanted(project, link.filename, link.url_without_fragment, sha256, _is_given(link))
        plain = download.past_cache(session)
        self.bar.at(link.filename)
        try:
            come = download.get(wanted, plain, self.cache, self.bar.advance, opened)
        except Failed as failed:
            raise download.all_failures([failed]) from failed
        self.came.append(come)
        if self.arrived is not None:
            self.arrived(come.path)
        self._sha256[wanted.url] = come.sha256
        return come.path

    def fetched(self, link: Any, session: Any, largest: int) -> bool:
        """Whether a file is here, fetched if it has no more bytes than that. Raises as ``path`` does."""
        here = link.is_file or store.find(self.cache, self.sha256(link), link.filename) is not None
        if here:
            return True
        try:
            answer = download.past_cache(session).get(
                link.url_without_fragment, headers=download.HEADERS, stream=True
            )
            with answer:
                size = answer.headers.get("Content-Length", "")
                if answer.status_code == 200 and size.isdecimal() and int(size) <= largest:
                    self.path(link, session, answer)
                    return True
        except (OSError, reach("pip._internal.exceptions", "PipError")):
            pass
        return False

    def metadata(self, link: Any, session: Any, guess: bool = False) -> bytes | None:
        """The headers of METADATA of a wheel of an index: of what lies beside it (PEP 658), or in its end, or
        in the whole, which is not fetched for a ``guess``. None where pip is to look. Raises as ``path``
        does. What is given by its URL is always fetched: the hash there is nobody's word but the request's.
        """
        sha256, url, host = link_sha256(link), link.url_without_fragment, urlsplit(link.url).netloc
        if url in self._described:
            return self._described[url]
        if link.is_file or not link.is_wheel or _is_given(link):
            return None
        if link.metadata_link() is not None:
            said = beside(link, session)
            return None if said is None else self._describe(url, said)
        if not sha256 or (guess and host not in self._ranged):
            return None
        text: bytes | int | None = None
        found = None if guess else store.find(self.cache, sha256, link.filename)
        if found is None:
            end = ends.recall(self.cache, sha256, url) or self._end(link, session, ends.FIRST, guess)
            text = ends.metadata(end) if end is not None else 0
            while isinstance(text, int) and end is not None and len(end.data) < text <= ends.MOST:
                end = self._end(link, session, text, guess, end)
                text = ends.metadata(end) if end is not None else 0
            if isinstance(text, int) and end is not None:
                text = self._inside(link, session, end) or text
            if isinstance(text, int):
                if guess:
                    return None
                found = self.path(link, session)
        if found is not None:
            try:
                text = store.metadata(found)
            except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
                return None
        assert isinstance(text, bytes)
        return self._describe(url, text)

    def _describe(self, url: str, text: bytes) -> bytes:
        return self._described.setdefault(url, dist_info.headers(text))

    def _end(
        self, link: Any, session: Any, count: int, guess: bool, had: ends.End | None = None
    ) -> ends.End | None:
        """So many of the last bytes; None where there are none, and without a ``guess`` the wheel is fetched
        if it is what came."""
        url, host = link.url_without_fragment, urlsplit(link.url).netloc
        self.bar.at(link.filename)
        try:
            response = download.past_cache(session).get(
                url, headers={**download.HEADERS, "Range": ends.words(count, had)}, stream=True
            )
            with response:
                end = ends.of(response, had)
                if end is None:
                    self._ranged.discard(host)
                    if response.status_code == 200 and not guess:
                        self.path(link, session, response)
                    return None
        except (OSError, reach("pip._internal.exceptions", "PipError")):
            return None
        self._ranged.add(host)
        self.bar.advance(len(end.data) - (len(had.data) if had else 0))
        ends.keep(self.cache, link_sha256(link), url, end)
        return end

    def _inside(self, link: Any, session: Any, end: ends.End) -> bytes | None:
        """METADATA that lies so far from the end that it is asked for alone; None where it is not had so."""
        place = ends.inside(end)
        if place is None or place[1] - place[0] > ends.MOST:
            return None
        said = "bytes={}-{}".format(*place)
        try:
            response = download.past_cache(session).get(
                link.url_without_fragment, headers={**download.HEADERS, "Range": said}, stream=True
            )
            with response:
                there = f"{said.replace('=', ' ')}/{end.size}"
                if response.status_code != 206 or response.headers.get("Content-Range") != there:
                    return None
                data = response.content
            self.bar.advance(len(data))
            return ends.metadata_inside(end, place[0], data)
        except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile, zlib.error):
            return None
        except reach("pip._internal.exceptions", "PipError"):
            return None


def beside(link: Any, session: Any) -> bytes | None:
    """What lies beside a wheel (PEP 658); None where it is not there, or not what the index says."""
    where = link.metadata_link()
    try:
        with session.get(where.url_without_fragment) as response:
            response.raise_for_status()
            text: bytes = response.content
    except reach("pip._vendor.requests", "RequestException"):
        return None
    if where.hash_name == "sha256" and hashlib.sha256(text).hexdigest() != where.hash:
        return None
    return text


class _Said(importlib.metadata.Distribution):
    """What METADATA says, read once and without a file."""

    def __init__(self, text: bytes) -> None:
        """Raises UnicodeDecodeError."""
        self._text = text.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")

    def read_text(self, filename: str) -> str | None:
        return self._text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        raise NotImplementedError(path)

    @functools.cached_property
    def metadata(self) -> Any:
        return super().metadata


Metadata = Callable[[Any, Any], "bytes | None"]  # of a link, by a session


@contextlib.contextmanager
def keeping(kept: Kept | None, metadata: Metadata | None = None, bar: Bar | None = None) -> Iterator[None]:
    """For the length of the block, wheels that pip downloads are ``kept``; with None, they are not.
    ``metadata`` takes the place of ``kept.metadata``, ``bar`` is told of them.

    Reaches for ``Downloader`` and ``RequirementPreparer._fetch_metadata_only`` of
    ``pip._internal.operations.prepare``, and for ``Distribution`` of ``pip._internal.metadata.importlib``.
    """
    if kept is None:
        yield
        return
    original = reach("pip._internal.operations.prepare", "Downloader")
    preparer = reach("pip._internal.operations.prepare", "RequirementPreparer")
    distribution = reach("pip._internal.metadata.importlib._dists", "Distribution")
    prepare = importlib.import_module("pip._internal.operations.prepare")
    path_of, metadata_of = kept.path, metadata or kept.metadata
    kept.bar = bar or Bar()

    class Downloader(original):  # type: ignore[misc,valid-type]
        def __call__(self, link: Any, location: str) -> tuple[str, str]:
            if not link.is_wheel:
                answer: tuple[str, str] = super().__call__(link, location)
                return answer
            return str(path_of(link, self._session)), "application/zip"

    fetch = preparer._fetch_metadata_only

    def fetch_metadata_only(self: Any, req: Any) -> Any:
        named = req.req is not None and not self.require_hashes
        text = metadata_of(req.link, self._session) if named else None
        if text is None:
            return fetch(self, req)
        found = distribution(_Said(text), None, None)
        # Else the whole wheel is read, and pip says what is wrong with it.
        same = canonicalize_name(found.raw_name) == canonicalize_name(req.req.name)
        return found if same else fetch(self, req)

    prepare.Downloader = Downloader  # type: ignore[attr-defined]
    preparer._fetch_metadata_only = fetch_metadata_only
    try:
        yield
    finally:
        kept.bar = Bar()
        prepare.Downloader = original  # type: ignore[attr-defined]
        preparer._fetch_metadata_only = fetch

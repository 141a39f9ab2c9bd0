"""Wheels that pip fetches while it resolves, because the index has no metadata beside them (PEP 658).

They come into the cache, past pip's own, so that the wheel that was read is the wheel that is packed and no
byte of it is fetched twice. Asking for a wheel's last kilobytes only (pip's fast-deps) takes three or more
requests for each, one after the other, and the wheel has to come in the end.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from offkit.online.index.upstream import reach
from offkit.online.wheels import download, store
from offkit.online.wheels.download import Come, Failed, Wanted


def link_sha256(link: Any) -> str:
    """What the index says about a file; empty when it says nothing or names a weaker hash."""
    return str(link.hash) if link.hash_name == "sha256" and link.hash else ""


class Kept:
    """What has come into a cache in the course of resolving."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.came: list[Come] = []
        self._sha256: dict[str, str] = {}

    def sha256(self, link: Any) -> str:
        """What the index says, else that of the file if it has been fetched, else empty."""
        return link_sha256(link) or self._sha256.get(link.url_without_fragment, "")

    def path(self, link: Any, session: Any) -> Path:
        """The file, fetched if need be. Raises IntegrityError or EnvironmentProblem."""
        sha256 = self.sha256(link)
        found = store.find(self.cache, sha256, link.filename)
        if found is not None:
            return found
        project = link.filename.partition("-")[0]
        wanted = Wanted(project, link.filename, link.url_without_fragment, sha256)
        try:
            come = download.get(wanted, download.past_cache(session), self.cache, lambda size: None)
        except Failed as failed:
            raise download.all_failures([failed]) from failed
        self.came.append(come)
        self._sha256[wanted.url] = come.sha256
        return come.path


@contextlib.contextmanager
def keeping(kept: Kept | None) -> Iterator[None]:
    """For the length of the block, wheels that pip downloads are ``kept``; with None, they are not.

    Reaches for ``pip._internal.operations.prepare.Downloader``.
    """
    if kept is None:
        yield
        return
    original = reach("pip._internal.operations.prepare", "Downloader")
    prepare = importlib.import_module("pip._internal.operations.prepare")

    path_of = kept.path

    class Downloader(original):  # type: ignore[misc,valid-type]
        def __call__(self, link: Any, location: str) -> tuple[str, str]:
            if not link.is_wheel:
                answer: tuple[str, str] = super().__call__(link, location)
                return answer
            return str(path_of(link, self._session)), "application/zip"

    prepare.Downloader = Downloader  # type: ignore[attr-defined]
    try:
        yield
    finally:
        prepare.Downloader = original  # type: ignore[attr-defined]

"""Pages and METADATA that the resolver is going to ask for, asked for ahead of it and several at a time.

The resolver asks for one thing after the other. Here threads follow what the newest fitting wheel of each
project requires, and what the resolver then asks for has come already. Where it goes from one version of a
project to the next, they go before it. It gets the very answers, in its own order: a wrong guess costs a
request, and a failure of one that nobody needs is none.
"""

from __future__ import annotations

import collections
import contextlib
import email
import itertools
import operator
import queue
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from offkit.model import legacy
from offkit.online.index import indexes, listing, metadata
from offkit.online.index.listing import Listing
from offkit.online.index.pages import Page
from offkit.online.index.pool import until
from offkit.online.index.upstream import reach
from offkit.online.wheels import store
from offkit.online.wheels.kept import Kept

_THREADS = 8
_PATIENCE = 4  # versions of a project that the resolver has asked for, before the next ones are
_MOST = 64  # that are asked for at a time
_Wheels = tuple[Any, Page, list[Any]]  # of one version on a page: their rows, or pip's links
_VERSION = operator.itemgetter(0)


class _Wish(NamedTuple):
    """What is known to be asked of a project."""

    specifier: SpecifierSet
    extras: frozenset[str]


class _Asked(Exception):
    """Somebody else asks for that page."""


class Ahead:
    """Made before whoever is to hear each answer once, as the resolver does, listens to the session of
    ``repo``; who listened before hears what goes over the network."""

    def __init__(self, repo: Any, index: Listing, kept: Kept | None) -> None:
        self._repo, self._index, self._kept = repo, index, kept
        self._markers = listing.markers(index.target)
        self._ranks = {tag: rank for rank, tag in enumerate(index.target.tags())}
        self._lock = threading.Lock()
        self._here = threading.local()
        # Projects to look at; a wheel that may be asked for; (project, its last file, how many after that).
        self._jobs: queue.SimpleQueue[Any | None] = queue.SimpleQueue()
        self._turns: collections.Counter[str] = collections.Counter()
        self._live = self._closed = False
        self._limits: dict[str, SpecifierSet] = {}
        self._wishes: dict[str, _Wish] = {}
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._listed: dict[str, list[_Wheels]] = {}  # of a project, what fits
        self._requires: dict[str, tuple[str, list[Requirement]]] = {}  # with the file that says so
        self._running: dict[str, threading.Event] = {}  # by URL
        self._asked: set[str] = set()  # URLs of pages
        self._answers: dict[str, Any] = {}  # or what was raised, by URL
        self._ask = repo.session.request
        repo.session.request = self._request

    def begin(self, requirements: Iterable[Any]) -> None:
        """With InstallRequirements of pip, some of which are constraints. Nothing is asked before the index
        has answered the resolver itself."""
        asked: list[Requirement] = []
        for ireq in requirements:
            if ireq.req is None or ireq.link is not None:
                continue
            with contextlib.suppress(InvalidRequirement):
                one = Requirement(f"{ireq.req}" + (f"; {ireq.markers}" if ireq.markers else ""))
                if ireq.constraint:
                    name = canonicalize_name(one.name)
                    self._limits[name] = self._limits.get(name, SpecifierSet()) & one.specifier
                else:
                    asked.append(one)
        self._follow(asked, frozenset())

    def metadata(self, link: Any, session: Any) -> bytes | None:
        """As ``Kept.metadata`` has it."""
        assert self._kept is not None
        name = canonicalize_name(link.filename.partition("-")[0])
        self._go_before(name, link)
        with self._lock:
            running = self._running.get(link.url_without_fragment)
            own = self._running.setdefault(link.url_without_fragment, threading.Event())
        if running is not None:
            until(running)
        try:
            text = self._kept.metadata(link, session)
        finally:
            own.set()
        if text is not None:
            self._read(name, link.filename, text)
        return text

    def _go_before(self, name: str, link: Any) -> None:
        """As many versions more as have been asked for, so that no more come in vain than were needed."""
        self._turns[name] += 1
        turn = self._turns[name]
        doubled = turn >= _PATIENCE and turn & (turn - 1) == 0
        if self._live and (doubled if turn < _MOST else turn % _MOST == 0):
            self._jobs.put((name, link.filename, min(turn, _MOST)))

    def _after(self, name: str, filename: str, number: int) -> Iterator[Any]:
        """The links that the resolver asks for after that file, if nothing of the project will do."""
        wheels = self._listed.get(name) or self._wheels(self._index.pages_of(name))
        links = self._choices(wheels, self._wishes[name].specifier)
        older = itertools.dropwhile(lambda link: link.filename != filename, links)
        return itertools.islice(older, 1, 1 + number)

    def close(self) -> None:
        """Nothing more is asked; what is on its way comes to nothing."""
        with self._lock:
            self._closed = True
            live, self._live = self._live, False
            self._answers.clear()
        for _ in range(_THREADS if live else 0):
            self._jobs.put(None)

    def _request(self, method: str, url: str, *more: Any, **named: Any) -> Any:
        if getattr(self._here, "ahead", False):
            return self._request_ahead(method, url, *more, **named)
        if method == "GET":
            with self._lock:
                running = self._running.get(url)
                self._asked.add(url)
            if running is not None:
                until(running)
            answer = self._answers.pop(url, None)
            if isinstance(answer, Exception):
                raise answer
            if answer is not None:
                return answer
        response = self._ask(method, url, *more, **named)
        on_the_net = not self._live and url.startswith("http")
        if on_the_net and response.status_code == 200 and self._is_page(url):
            self._start()
        return response

    def _request_ahead(self, method: str, url: str, *more: Any, **named: Any) -> Any:
        if self._closed:
            raise _Asked
        if not self._is_page(url):
            return self._ask(method, url, *more, **named)
        with self._lock:
            if url in self._asked:
                raise _Asked
            self._asked.add(url)
            done = self._running[url] = threading.Event()
        try:
            answer = self._ask(method, url, *more, **named)
        except Exception as error:
            self._answers[url] = error
            raise
        else:
            self._answers[url] = answer
            return answer
        finally:
            done.set()

    def _is_page(self, url: str) -> bool:
        return url.startswith(tuple(base.rstrip("/") + "/" for base in indexes.bases(self._repo)))

    def _start(self) -> None:
        with self._lock:
            if self._live or self._closed:
                return
            self._live = True
            names = list(self._wishes)
        for name in names:
            self._jobs.put(name)
        for _ in range(_THREADS):  # none of which the end of the program waits for
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        self._here.ahead = True
        while (job := self._jobs.get(True)) is not None and not self._closed:
            if not isinstance(job, str):
                with contextlib.suppress(Exception):
                    if isinstance(job, tuple):
                        for link in self._after(*job):
                            self._jobs.put(link)
                    else:
                        self._guessed(job)
                continue
            name = job
            with self._lock:
                if name in self._busy:
                    self._again.add(name)
                    continue
                self._busy.add(name)
            # Whatever is wrong, the resolver will meet it, if it comes there.
            with contextlib.suppress(Exception):
                self._look(name)
            with self._lock:
                self._busy.discard(name)
                again = name in self._again
                self._again.discard(name)
            if again:
                self._jobs.put(name)
        if self._closed:
            self._repo.session.close()  # a connection of an answer that came later

    def _look(self, name: str) -> None:
        if name not in self._listed:
            self._listed[name] = self._wheels(self._pages(name))
        wish = self._wishes[name]
        link = next(self._choices(self._listed[name], wish.specifier), None)
        if link is None:
            return None
        known = self._requires.get(name)
        if known is not None and known[0] == link.filename:
            return self._follow(known[1], wish.extras)
        if link.is_file:
            path = reach("pip._internal.utils.urls", "url_to_path")(link.url_without_fragment)
            text: bytes | None = store.metadata(Path(path))
        else:
            text = self._guessed(link)
        if text is not None:
            self._read(name, link.filename, text)
        return None

    def _pages(self, name: str) -> Iterator[Page]:
        collector, link_class = self._repo.finder._link_collector, reach("pip._internal.models.link", "Link")
        for url in indexes.pages(self._repo, name):
            page = type(collector).fetch_response(collector, link_class(url, cache_link_parsing=False))
            if page is not None:
                yield self._index.read(name, page)
                if self._repo.named.called(indexes.base(self._repo, url)):
                    return  # the others are not asked

    def _wheels(self, pages: Iterable[Page]) -> list[_Wheels]:
        """Those that fit, of the newest version first; of one version, as the pages have them."""
        make = reach("pip._vendor.packaging.version", "Version")
        found: list[_Wheels] = []
        for page in pages:
            found += ((version, page, rows) for version, yanked, rows in page.wheels if not yanked)
            for link in page.rest:
                read = listing.version_of(link.filename) if link.filename.endswith(".whl") else None
                if read is not None and not link.is_yanked:
                    found.append((make(str(read)), page, [link]))
        return sorted(found, key=_VERSION, reverse=True)

    def _choices(self, wheels: Iterable[_Wheels], specifier: SpecifierSet) -> Iterator[Any]:
        """pip's, as far as pages tell: a link of each version."""
        for version, found in itertools.groupby(wheels, _VERSION):
            if not specifier.contains(str(version)):
                continue
            links = [page.link(one) for _, page, rows in found for one in rows]
            admitted = list(filter(self._admits, links))
            if admitted:
                yield min(reversed(admitted), key=self._rank)

    def _rank(self, link: Any) -> int:
        tags = link.filename.removesuffix(".whl").split("-")[-3:]
        every = (
            f"{python}-{abi}-{platform}"
            for python in tags[0].split(".")
            for abi in tags[1].split(".")
            for platform in tags[2].split(".")
        )
        return min(self._ranks.get(tag.lower(), len(self._ranks)) for tag in every)

    def _admits(self, link: Any) -> bool:
        return listing.admitted(legacy.specifier(link.requires_python or "").text, self._index.target)

    def _guessed(self, link: Any) -> bytes | None:
        url = link.url_without_fragment
        if self._kept is None or self._closed:
            return None
        with self._lock:
            if url in self._running:
                return None
            done = self._running[url] = threading.Event()
        try:
            return self._kept.metadata(link, self._repo.session, guess=True)
        finally:
            done.set()

    def _read(self, name: str, filename: str, text: bytes) -> None:
        requires = []
        for line in email.message_from_bytes(text).get_all("Requires-Dist") or ():
            repaired = legacy.requirement(str(line).strip()).text
            if metadata.is_readable(repaired):
                requires.append(metadata.requirement(repaired))
        self._requires[name] = filename, requires
        wish = self._wishes.get(name)
        self._follow(requires, wish.extras if wish is not None else frozenset())

    def _follow(self, requires: Iterable[Requirement], extras: frozenset[str]) -> None:
        for one in requires:
            with contextlib.suppress(ValueError):  # UndefinedComparison
                if one.url is None and self._applies(one, extras):
                    self._wish(canonicalize_name(one.name), one)

    def _applies(self, one: Requirement, extras: frozenset[str]) -> bool:
        marker = one.marker
        return marker is None or any(
            marker.evaluate({**self._markers, "extra": extra}) for extra in ("", *extras)
        )

    def _wish(self, name: str, one: Requirement) -> None:
        with self._lock:
            old = self._wishes.get(name)
            if old is None:
                old = _Wish(self._limits.get(name, SpecifierSet()), frozenset())
            new = _Wish(old.specifier & one.specifier, old.extras | frozenset(one.extras))
            if new == self._wishes.get(name):
                return
            self._wishes[name] = new
            live = self._live
        if live:
            self._jobs.put(name)

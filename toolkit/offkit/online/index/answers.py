"""What indexes answer when pip asks them for a project: whether each could be asked at all.

pip passes over an index that does not answer, refuses, wants a login or is not trusted, and goes on with
the others. What it takes then may be somebody else's package of the same name, and what it says, "no such
project", would be a lie.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from offkit.model.errors import EnvironmentProblem, OffkitError
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.model.url import without_secrets
from offkit.online.index import bodies, indexes, network
from offkit.online.index.upstream import reach

# What pip's parsers raise for a page that is damaged, and what a pip of another kind raises: _damage tells.
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)


class Answers:
    """What every index says, each time that pip asks it for a project.

    Once this has been made, ``find_all_candidates`` of the finder raises EnvironmentProblem with all
    indexes that could not be asked. Only a page and a 404 are answers.
    """

    def __init__(self, repo: Any) -> None:
        self._repo = repo
        self._here = threading.local()  # what this thread has heard last, and the page made of it
        self._faults: dict[str, Finding] = {}  # by the index, as it may be shown
        self._lists: dict[str, set[str]] = {}
        self._with: set[str] = set()  # indexes that had a page of some project
        self._without: set[str] = set()  # and those that had none of one
        self._failures = (
            OSError,  # of requests too
            ValueError,
            reach("pip._internal.exceptions", "PipError"),
            reach("pip._vendor.urllib3.exceptions", "HTTPError"),
        )
        self._listen()

    def _listen(self) -> None:
        finder, session = self._repo.finder, self._repo.session
        collector = finder._link_collector
        find, process, fetch = (
            finder.find_all_candidates,
            finder.process_project_url,
            collector.fetch_response,
        )
        evaluate, ask, trusts = finder.evaluate_links, session.request, session.is_secure_origin

        def find_all_candidates(project_name: str) -> Any:
            found = find(project_name)
            problems = [*self._faults.values(), *indexes.useless_places(self._repo)]
            if problems:
                places = all(indexes.is_place(self._repo, one.subject) for one in problems)
                headline = "what --find-links names cannot be read" if places else indexes.UNREAD
                raise EnvironmentProblem(headline, problems, indexes.advice(self._repo, problems))
            return found

        def is_secure_origin(location: Any) -> bool:
            secure = bool(trusts(location))
            if not secure:
                host = urlsplit(location.url).hostname
                fix = f"use its https URL, or trust it and the network to it: --trusted-host {host}"
                message = "is not a trusted or secure host and is being ignored by pip"
                self._note("NET007", location, message, fix)
            return secure

        def request(*given: Any, **named: Any) -> Any:
            # Nothing else is kept: an answer that somebody holds keeps its connection open.
            listens = getattr(self._here, "listens", False)
            try:
                response = ask(*given, **named)
            except Exception as error:
                self._here.heard = error if listens else None
                raise
            self._here.heard = response if listens else None
            return response

        def fetch_response(location: Any, *more: Any, **named: Any) -> Any:
            self._here.heard = self._here.page = page = None
            self._here.listens = True
            try:
                page = fetch(location, *more, **named)
            except OffkitError:
                raise  # of --offline
            except Exception as error:
                if error is not self._here.heard and not isinstance(error, self._failures):
                    raise
                self._here.heard = error
            finally:
                self._here.listens, heard, self._here.heard = False, self._here.heard, None
            if not location.is_file and not self._is_answer(location, page, heard):
                page = None
            self._here.page = page
            return page

        def process_project_url(project_url: Any, *more: Any, **named: Any) -> Any:
            try:
                return process(project_url, *more, **named)
            except _UNREADABLE as error:
                reason = _damage(self._here.page)
                if not reason and not isinstance(error, ValueError):
                    raise
                project = unquote(project_url.url.rstrip("/").split("/")[-1])
                plain = network.meaning(reason or str(error))
                why = f"it {plain}" if plain else reason or error
                self._note("NET009", project_url, f"its page of {project} cannot be read: {why}")
                return []

        def evaluate_links(link_evaluator: Any, links: Iterable[Any]) -> Any:
            kept = list(links)
            for link in kept:
                if not _is_sound(link):
                    raise ValueError(f"what it says of {link.filename} is of another kind")
            return evaluate(link_evaluator, kept)

        finder.evaluate_links = evaluate_links
        finder.find_all_candidates = find_all_candidates
        finder.process_project_url = process_project_url
        collector.fetch_response = fetch_response
        session.request = request
        session.is_secure_origin = is_secure_origin

    def doubts(self) -> list[Finding]:
        """Warnings about servers that had no project that was asked for, and have no list of projects."""
        message = "has none of these projects, and no list of projects (404)"
        return [
            Finding("NET006", WARNING, without_secrets(base), message, (), "check its URL")
            for base in sorted(self._without - self._with)
            if indexes.is_none(self._repo.session, base)
        ]

    def _is_answer(self, location: Any, page: Any, heard: Any) -> bool:
        """Whether the index that was asked last has said what it has of a project; notes what is wrong."""
        base, project = self._asked(location)
        if heard is None:  # pip does not ask there: a checkout, for instance
            return False
        if isinstance(heard, Exception):
            code, text, fix = network.silence(heard)
            self._note(code, location, text, fix)
            return False
        if heard.status_code == 404:
            self._without.add(base)
            if not project:
                self._note("NET006", location, "answers that there is no such page (404)")
        elif heard.status_code == 403 and project and self._lists_others(base, project):
            pass
        elif heard.status_code not in (200, 203):
            self._note("NET002", location, *network.refusal(heard))
        elif page is not None:
            wrong = bodies.wrong_page(heard, page, project)
            if wrong:
                self._note("NET008", location, wrong)
            self._with.add(base)
            return not wrong
        elif project or not reach("pip._internal.utils.filetypes", "is_archive_file")(location.filename):
            kind = heard.headers.get("Content-Type") or "something of no type"
            self._note("NET008", location, f"answers with {kind}, and not with a page of an index")
        return False

    def _asked(self, location: Any) -> tuple[str, str]:
        """The index that a page is of, and the project; the page itself and "" for one of --find-links."""
        base = indexes.base(self._repo, location.url)
        if base:
            return base, canonicalize_name(unquote(location.url.rstrip("/").split("/")[-1]))
        return location.url, ""

    def _note(self, code: str, location: Any, message: str, fix: str = "") -> None:
        shown = without_secrets(self._asked(location)[0])
        self._faults.setdefault(shown, Finding(code, ERROR, shown, without_secrets(message), (), fix))

    def _lists_others(self, base: str, project: str) -> bool:
        """Whether its list of projects (PEP 503's root page) has some, and not this one.

        Where there is no file, S3 says 403 to whoever may not list a bucket, and indexes are kept there.
        """
        if base not in self._lists:
            try:
                response = self._repo.session.get(base.rstrip("/") + "/", headers={"Accept": "text/html"})
                links = re.findall(rb"<a\s[^>]*href=[\"']?([^\"'>\s]+)", response.content)
                ends = [link.decode("utf-8", "replace").rstrip("/").split("/")[-1] for link in links]
                real = response.ok and not response.history and not bodies.is_login(response.content)
                self._lists[base] = {canonicalize_name(unquote(end)) for end in ends if real}
            except self._failures:
                self._lists[base] = set()
        return bool(self._lists[base]) and project not in self._lists[base]


def _is_sound(link: Any) -> bool:
    """Whether what a page in JSON says of a file is of the kind that pip relies on, without looking."""
    hashes = getattr(link, "_hashes", {})
    if not isinstance(hashes, dict):
        return False
    words = (link.requires_python or "", link.yanked_reason or "", *hashes, *hashes.values())
    return all(isinstance(word, str) for word in words)


def _damage(page: Any) -> str:
    """Why nobody can read it; "" where pip can."""
    if page is None:
        return ""
    try:
        list(reach("pip._internal.index.collector", "parse_links")(page))
    except Exception as error:
        return str(error) or type(error).__name__
    return ""

"""Package indexes: whether each that was named can be asked at all.

pip passes over an index that does not answer, and over one that refuses; what it says then, "no such
project", would be a lie.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.online.upstream import reach

CHECK_INDEX = "check --index-url, pip.conf, PIP_* and the proxy; 'pip download pip' must work here too"

OFFLINE = (
    "give a lock with hashes (offkit lock -o FILE) whose wheels a bundle has brought into the cache, "
    "or --no-index --find-links DIR"
)


def check_urls(repo: Any) -> None:
    """Raises UsageError for an index that no package index can be."""
    for base in repo.finder.index_urls:
        if not re.match(r"(https?|file)://", base):
            raise UsageError(
                f"{without_password(base)} is not a package index", fix="give an http, https or file URL"
            )


def check_reachable(repo: Any, project: str) -> None:
    """Tell "no such project" from "nobody answered": pip's finder treats both alike.

    Raises EnvironmentProblem with every index that gave anything but a page or a 404.
    """
    failures = reach("pip._vendor.requests", "RequestException")
    pip_failure = reach("pip._internal.exceptions", "PipError")
    problems = _useless_places(repo)
    for base in repo.finder.index_urls:
        if not base.startswith(("http://", "https://")):
            continue
        shown = without_password(base)
        try:
            with _one_try(repo.session):
                response = repo.session.get(f"{base.rstrip('/')}/{project}/", headers={"Accept": "text/html"})
        except (failures, pip_failure) as error:
            problems.append(Finding("NET001", ERROR, shown, f"does not answer: {_innermost(error)}"))
            continue
        if response.status_code == 404 and _is_no_index(repo.session, base):
            problems.append(Finding("NET006", ERROR, shown, "answers, but is not a package index (404)"))
        if response.status_code not in (200, 404):
            answer = f"answers {response.status_code} {response.reason}"
            problems.append(Finding("NET002", ERROR, shown, answer))
    if problems:
        raise EnvironmentProblem(
            "the package index cannot be read",
            problems,
            CHECK_INDEX,
        )


def _useless_places(repo: Any) -> list[Finding]:
    """Local indexes and --find-links that are not there: pip passes over them without a word."""
    directories = [base for base in repo.finder.index_urls if base.startswith("file://")]
    to_path = reach("pip._internal.utils.urls", "url_to_path")
    gone = [base for base in directories if not Path(to_path(base)).is_dir()]
    gone += [place for place in repo.finder.find_links if "://" not in place and not Path(place).exists()]
    return [Finding("NET005", ERROR, place, "the directory does not exist") for place in gone]


def without_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)


class _CutOff:
    """What pip's session has for an address that must not be asked."""

    def send(self, request: Any, **how: Any) -> Any:
        where = without_password(request.url)
        raise EnvironmentProblem(f"{where} would be asked, and --offline forbids it", fix=OFFLINE)

    def close(self) -> None:
        """Nothing is open."""


def cut_off(session: Any) -> None:
    """From now on the session opens files of this machine only: whatever else raises EnvironmentProblem."""
    for prefix in session.adapters:
        if prefix != "file://":
            session.adapters[prefix] = _CutOff()


def _is_no_index(session: Any, base: str) -> bool:
    """Whether the list of projects itself (PEP 503's root page) does not exist."""
    return bool(session.head(base.rstrip("/") + "/", allow_redirects=True).status_code == 404)


@contextlib.contextmanager
def _one_try(session: Any) -> Iterator[None]:
    """pip's session without its retries: the resolver has waited long enough already."""
    adapters = [adapter for adapter in session.adapters.values() if hasattr(adapter, "max_retries")]
    before = [adapter.max_retries for adapter in adapters]
    try:
        for adapter in adapters:
            adapter.max_retries = adapter.max_retries.new(total=0)
        yield
    finally:
        for adapter, retries in zip(adapters, before, strict=True):
            adapter.max_retries = retries


def _innermost(error: BaseException) -> str:
    """The reason at the bottom of a chain of wrapped network errors: ``Connection refused``."""
    while True:
        first = error.args[0] if error.args else None
        inner = error.__cause__ or getattr(error, "reason", None) or first or error.__context__
        if not isinstance(inner, BaseException):
            inner = error.__context__
        # The context of the outermost may be the failed resolution that made us ask.
        ours = isinstance(inner, OSError) or type(inner).__module__.startswith("pip._vendor.urllib3")
        if inner is None or not ours:
            return getattr(error, "strerror", None) or str(error)
        error = inner

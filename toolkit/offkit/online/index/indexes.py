"""Package indexes: whether each that was named is one, and what it means when one gives no answer."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.model.url import begin, is_address, without_secrets
from offkit.online.index import network
from offkit.online.index.upstream import reach

CHECK_INDEX = "check --index-url, pip.conf, PIP_* and the proxy; 'pip download pip' must work here too"
UNREAD = "the package index cannot be read"


def prepare(repo: Any) -> None:
    """Before anything is asked. Raises UsageError for options that cannot be meant."""
    _keep_no_logins(repo.session)
    _check_certificates(repo)
    if getattr(repo.options, "resume_retries", 0) < 0:  # of pip >= 25.1, which takes any number and asserts
        raise UsageError("--resume-retries is less than nothing", fix="check PIP_* and pip.conf")
    check_urls(repo)


OFFLINE = (
    "give a lock with hashes (offkit lock -o FILE) whose wheels a bundle has brought into the cache, "
    "or --no-index --find-links DIR"
)


def bases(repo: Any, project: str = "") -> list[str]:
    """The indexes that are asked for a project; all of them for ""."""
    if not project:
        return [*repo.finder.index_urls, *repo.named.urls.values()]
    own = repo.named.asked(project)
    return own if repo.named.url(project) else [*own, *repo.finder.index_urls]


def pages(repo: Any, project: str) -> list[str]:
    """The URLs of a project's page, on each index that is asked for it."""
    scope = reach("pip._internal.models.search_scope", "SearchScope")
    asked = scope(find_links=[], index_urls=bases(repo, project), no_index=False)
    return list(asked.get_index_urls_locations(project))


def base(repo: Any, url: str) -> str:
    """The index that a page is of, as it was named; "" for a page of --find-links."""
    for one in sorted(bases(repo), key=len, reverse=True):
        if url.startswith(one.rstrip("/") + "/"):
            return str(one)
    return ""


def check_urls(repo: Any) -> None:
    """Raises UsageError for an index that no package index can be."""
    for base in bases(repo):
        web = base.startswith(("http://", "https://"))
        if not (is_address(base) if web else base.startswith("file://")):
            fix = "give an http, https or file URL" + (network.QUOTE if web else "")
            raise UsageError(f"{begin(base) or 'an empty word'} is not a package index", fix=fix)
    for place in repo.finder.find_links:
        if "://" in place and not place.startswith("file://") and not is_address(place):
            raise UsageError(f"--find-links: {begin(place)} is not a URL", fix="correct it" + network.QUOTE)


def check_reachable(repo: Any, project: str) -> None:
    """Raises EnvironmentProblem for a server that has neither the project nor a list of projects."""
    problems = []
    for base in bases(repo, project):
        if not base.startswith(("http://", "https://")):
            continue
        try:
            response = repo.session.get(f"{base.rstrip('/')}/{project}/", headers={"Accept": "text/html"})
        except (OSError, reach("pip._internal.exceptions", "PipError")) as error:
            raise unheard(error) from error
        if response.status_code == 404 and is_none(repo.session, base):
            message = "answers, but is not a package index (404)"
            problems.append(Finding("NET006", ERROR, without_secrets(base), message))
    if problems:
        raise EnvironmentProblem(UNREAD, problems, advice(repo, problems))


def advice(repo: Any, problems: Iterable[Finding]) -> str:
    """What to check of the indexes that findings are about; one that has a name comes from --index alone."""
    known = {without_secrets(url): name for name, url in repo.named.urls.items()}
    subjects = list(dict.fromkeys(one.subject for one in problems))
    own = ", ".join(f"{known[one]}=URL" for one in subjects if one in known)
    said = [f"check --index {own}, and the proxy of pip.conf and PIP_*"] if own else []
    rest = [one for one in subjects if one not in known]
    options = {one: "--find-links " if is_place(repo, one) else "" for one in rest}
    written = [one for one in rest if options[one] or one in repo.written]
    for one in written:
        where = f" of {repo.written[one]}" if one in repo.written else ""
        said.append(f"check {options[one]}{one}{where}" + (", and the proxy" if is_address(one) else ""))
    return "\n".join([*said, *([CHECK_INDEX] if written != rest or not subjects else [])])


def is_place(repo: Any, shown: str) -> bool:
    """Whether this is what --find-links names, and no index."""
    return shown in map(without_secrets, repo.finder.find_links)


def arguments(repo: Any, args: Sequence[str], without: Collection[str]) -> list[str]:
    """The options of pip that mean the indexes of ``repo``, requirements files may have named some of them:
    of ``args`` what says how they are asked; and not the --find-links ``without``."""
    kept = [
        word
        for option, value in itertools.pairwise(args)
        if option in ("--proxy", "--cert", "--index", "--from", "--index-first")
        for word in (option, value)
    ]
    urls, hidden = list(repo.finder.index_urls), set(without)
    found = ["--index-url", urls[0]] if urls else ["--no-index"]
    found += [word for url in urls[1:] for word in ("--extra-index-url", url)]
    places = [place for place in repo.finder.find_links if place not in hidden]
    found += [word for place in places for word in ("--find-links", place)]
    found += [word for host in repo.finder.trusted_hosts for word in ("--trusted-host", host)]
    return found + kept


class _CutOff:
    """What pip's session has for an address that must not be asked."""

    def send(self, request: Any, **how: Any) -> Any:
        raise forbidden(request.url)

    def close(self) -> None:
        """Nothing is open."""


def forbidden(url: str) -> EnvironmentProblem:
    """The error for an address that --offline keeps from being asked."""
    return EnvironmentProblem(f"{without_secrets(url)} would be asked, and --offline forbids it", fix=OFFLINE)


def cut_off(session: Any) -> None:
    """From now on the session opens files of this machine only: whatever else raises EnvironmentProblem."""
    for prefix in session.adapters:
        if prefix != "file://":
            session.adapters[prefix] = _CutOff()


def is_none(session: Any, base: str) -> bool:
    """Whether the list of projects itself (PEP 503's root page) is known not to exist."""
    try:
        return bool(session.head(base.rstrip("/") + "/", allow_redirects=True).status_code == 404)
    except (OSError, reach("pip._internal.exceptions", "PipError")):
        return False


def useless_places(repo: Any) -> Iterator[Finding]:
    """Local indexes and --find-links that are not there: pip passes over them without a word."""
    to_path = reach("pip._internal.utils.urls", "url_to_path")
    for base in bases(repo):
        if base.startswith("file://") and not Path(to_path(base)).is_dir():
            yield Finding("NET005", ERROR, base, "the directory does not exist")
    for place in repo.finder.find_links:
        path = Path(to_path(place)) if place.startswith("file://") else Path(place)
        if ("://" not in place or place.startswith("file://")) and not path.exists():
            yield Finding("NET005", ERROR, place, "the directory does not exist")


def unheard(error: Exception, headline: str = UNREAD, fix: str = CHECK_INDEX) -> EnvironmentProblem:
    """The error for an exception of pip about a file that it asked for: which server, and what it says."""
    chain: list[Any] = list(network.chain(error))
    response = next((one.response for one in chain if getattr(one, "response", None) is not None), None)
    request = next((one.request for one in chain if getattr(one, "request", None) is not None), None)
    url = without_secrets(str(getattr(request, "url", "the package index")))
    if response is not None:
        answer, helps = network.refusal(response)
        finding = Finding("NET002", ERROR, url, answer, (), helps)
    else:
        code, text, helps = network.silence(error)
        finding = Finding(code, ERROR, url, text, (), helps)
    return EnvironmentProblem(headline, [finding], fix)


def _check_certificates(repo: Any) -> None:
    """Raises UsageError for a file of certificates that is none: pip goes on without it, or ends."""
    for named, path in (("--cert", repo.session.verify), ("--client-cert", repo.session.cert)):
        if not isinstance(path, str) or Path(path).is_dir():
            continue
        try:
            wrong = "" if b"-----BEGIN" in Path(path).read_bytes() else "no certificate in PEM is in it"
        except (OSError, ValueError) as error:
            wrong = getattr(error, "strerror", None) or str(error)
        if wrong:
            raise UsageError(f"{path}: {wrong}", fix=f"check {named}, PIP_* and pip.conf")


def _keep_no_logins(session: Any) -> None:
    """pip's cache stores the headers of a request that its answer varies by (Vary: Authorization); of these,
    no login."""
    adapters = [*session.adapters.values(), getattr(session, "_trusted_host_adapter", None)]
    controllers: set[Any] = {getattr(adapter, "controller", None) for adapter in adapters}
    for controller in controllers - {None}:

        def dumps(request: Any, *more: Any, real: Any = controller.serializer.dumps, **named: Any) -> Any:
            bare = request.copy()
            for header in ("Authorization", "Proxy-Authorization", "Cookie"):
                bare.headers.pop(header, None)
            return real(bare, *more, **named)

        controller.serializer.dumps = dumps

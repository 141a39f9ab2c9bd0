"""A medium under a URL before the gap: a mirror, a vault, Satellite, Pulp. pip's session asks, so proxies,
certificates, netrc and user names are those that pip has; what is large lies in the cache of wheels."""

from __future__ import annotations

import configparser
import contextlib
import hashlib
import io
import posixpath
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from offkit.edges import files, releases
from offkit.media import repodata
from offkit.media.disc import TREE
from offkit.media.medium import Medium
from offkit.media.repository import Unreachable
from offkit.model import url as urls
from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Reporter
from offkit.model.words import listed, several
from offkit.online.index import network
from offkit.online.index.pool import outcome, pool
from offkit.online.rpms import mirrorlist
from offkit.online.wheels import download, store

CODE = "RPM016"
_MOST = 16 * 1024 * 1024  # bytes of what is read whole: repomd.xml, a signature, a key, a list of mirrors
_PARALLEL = 8
_NAMED = 4  # files in one message
_GONE, _UNCHANGED = (404, 410), 304
_AGAIN = "check the URL and the network, then run the same command again: finished downloads are kept"
_CERTIFICATE = (
    "with its key: --client-cert FILE (both in it), or --rpm-repo FILE.repo with sslclientcert=, "
    "sslclientkey= and sslcacert="
)


class Access(NamedTuple):
    """How a server is to be asked, beside what pip knows; paths of files (sslclientcert= of dnf.conf(5))."""

    certificate: str = ""
    key: str = ""
    authority: str = ""
    verify: bool = True

    @property
    def files(self) -> tuple[str, ...]:
        """All that have to be there."""
        authority = self.authority if self.verify else ""
        return tuple(each for each in (self.certificate, self.key, authority) if each)

    def options(self) -> dict[str, Any]:
        """For requests."""
        found: dict[str, Any] = {}
        if self.certificate:
            found["cert"] = (self.certificate, self.key) if self.key else self.certificate
        if self.authority or not self.verify:
            found["verify"] = self.authority if self.verify else False
        return found


Silent = dict[str, Exception]  # hosts that did not answer, and how: nobody waits for the same one twice


class Wanted(NamedTuple):
    """A file that is to be in the cache before it is opened."""

    path: str  # from the top of the medium
    algorithm: str
    checksum: str


class Forbidden(Unreachable):
    """A server refuses to say whether it has a file."""


class Failing(Unreachable):
    """A server that has an error of its own (HTTP 5xx) at a file: others it may give."""


class Mirror(Medium):
    """The files under a URL. Methods raise Unreachable and FileNotFoundError."""

    def __init__(
        self, url: str, session: Any, cache: Path, arch: str, access: Access, silent: Silent | None = None
    ) -> None:
        """``url`` may hold a user and a password; ``place`` never does. ``session`` is pip's."""
        super().__init__(urls.without_secrets(url.rstrip("/")))
        self._url = url.rstrip("/")
        self._silent: Silent = {} if silent is None else silent
        self._session = _Bound(
            download.past_cache(session, not access.verify), access.options(), self._silent
        )
        self._cache, self.arch = cache, arch
        self._small: dict[str, bytes | None] = {}
        self._large: dict[str, Path] = {}

    def url(self, path: str) -> str:
        """Of a file, secrets and all."""
        base, mark, query = self._url.partition("?")  # a token stays behind the path
        return urljoin(base.rstrip("/") + "/", quote(path, safe="/+~")) + mark + query

    def open(self, path: str) -> BinaryIO:
        path = posixpath.normpath(path)
        if path in self._large:
            return self._large[path].open("rb")
        if path not in self._small:
            self._small[path] = self._get(path)
        contents = self._small[path]
        if contents is None:
            raise FileNotFoundError(2, "No such file on the server", urls.join(self.place, path))
        return io.BytesIO(contents)

    def held(self, path: str) -> Path | None:
        """Where ``take`` has put it."""
        return self._large.get(posixpath.normpath(path))

    def has(self, path: str) -> bool:
        try:
            self.open(path).close()
        except FileNotFoundError:
            return False
        return True

    def folders(self) -> list[str]:
        return []

    def names(self) -> list[str]:
        """Nobody can say. A key that comes along with what it is to vouch for vouches for nothing."""
        return []

    def bases(self) -> list[str]:
        """The repository at the top and those beside it that .treeinfo names; else those below it, in the
        folders of discs, or where mirrors have them."""
        found = [""] if self.has(repodata.REPOMD) else []
        places = self._variants()
        if not found and not places:
            places = self._folders()
        beside = [each for each in places if each and each != "."]
        return found + [each for each in beside if self._answers(posixpath.join(each, repodata.REPOMD))]

    def text(self, name: str) -> str:
        try:
            return self._text(name) if self._answers(name) else ""
        except Failing:  # nobody needs it
            return ""

    def _answers(self, path: str) -> bool:
        """Whether there is a file that may be missing: buckets of S3 forbid what they do not have."""
        try:
            return self.has(path)
        except Forbidden:
            return False

    def _variants(self) -> list[str]:
        """Repositories by .treeinfo (productmd's format), as paths from the top."""
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(self.text(TREE) or self.text("treeinfo"))
        except configparser.Error:
            return []
        rows = [
            parser[each].get("repository", "") for each in parser.sections() if each.startswith("variant-")
        ]
        below = [each for each in rows if each and ":" not in each and not each.startswith("/")]
        return list(dict.fromkeys(map(posixpath.normpath, below)))  # or beside it; never on another server

    def mirrors(self) -> tuple[list[str], set[tuple[str, str]]]:
        """The repositories that the URL itself names, where it is that of a list, and what digests their
        repomd.xml may have; none for any."""
        text = (self._get("", self._url) or b"").decode("utf-8", "replace")
        return mirrorlist.parse(text), mirrorlist.digests(text)

    def altered(self, digests: Collection[tuple[str, str]]) -> bool:
        """Whether its repomd.xml, where it has one, is none of those."""
        if not digests or not self.has(repodata.REPOMD):
            return False
        with self.open(repodata.REPOMD) as source:
            contents = source.read()
        algorithms = {algorithm for algorithm, _ in digests}
        return all((each, hashlib.new(each, contents).hexdigest()) not in digests for each in algorithms)

    # --- over the network

    def _get(self, path: str, url: str = "") -> bytes | None:
        """A small file; None where there is none. Of what another run had, the server is asked whether it
        still holds (RFC 9110, 13.1.2)."""
        url = url or self.url(path)
        kept = self._cache / "rpms" / hashlib.sha256(_without_user(url).encode()).hexdigest()
        etag, had = _kept(kept)
        try:
            with self._session.get(
                url, headers={"If-None-Match": etag} if etag else {}, stream=True
            ) as answer:
                if answer.status_code == _UNCHANGED and etag:
                    return had
                if answer.status_code in _GONE:
                    return None
                if answer.status_code != 200:
                    raise self.refused(f"answers HTTP {answer.status_code}", answer.status_code)
                contents = b""
                for chunk in answer.iter_content(1 << 16):
                    contents += chunk
                    if len(contents) > _MOST:
                        raise self.refused(f"sends more than {_MOST} bytes where a small file is expected")
                if path.endswith(repodata.REPOMD) and (page := repodata.page(contents)):
                    whence = "" if answer.url == url else f", from {urls.without_secrets(answer.url)}"
                    why = f"answers with {page} where {path} should be{whence}"
                    raise self.refused(why, fix=repodata.PORTAL)
                _keep(kept, answer.headers.get("ETag", ""), contents)
                return contents
        except Unreachable:
            raise
        except Exception as error:  # of requests, of pip, of ssl
            if isinstance(error, ValueError) and not isinstance(error, OSError):  # of urllib
                raise self.refused("redirects to what is not a URL") from None
            if not isinstance(error, OSError) and type(error).__module__.split(".")[0] != "pip":
                raise
            _, why, helps = network.silence(error)
            if network.is_answered(error):
                raise self.refused(why, 500, fix=helps) from None
            self._silent[_host(url)] = error
            raise self.refused(why, fix=helps) from None

    def refused(self, why: str, status: int = 0, fix: str = "") -> Unreachable:
        """What is said where it is of no use."""
        fix = fix or _AGAIN
        if "client certificate" in why:
            fix = _CERTIFICATE
        elif status in (401, 403, 407):
            fix = "give what it wants to know: ~/.netrc (machine, login, password); or a client certificate, "
            fix += _CERTIFICATE
        kind = Forbidden if status in (401, 403) else Failing if status >= 500 else Unreachable
        return kind(CODE, self.place, urls.without_secrets(why), fix)

    def take(self, wanted: Sequence[Wanted], reporter: Reporter) -> tuple[int, int]:
        """Have these in the cache, several at a time. Returns how many came over the network, and bytes.

        Raises IntegrityError or EnvironmentProblem (RPM016) with all that failed.
        """
        missing = []
        for each in wanted:
            at = store.find(self._cache, each.checksum, _name(each)) if each.algorithm == "sha256" else None
            if at is None:
                missing.append(each)
            else:
                self._large[posixpath.normpath(each.path)] = at
        return self._fetch(missing, reporter) if missing else (0, 0)

    def _fetch(self, wanted: Sequence[Wanted], reporter: Reporter) -> tuple[int, int]:
        failures, size = [], 0
        with store.letting_go(), pool(_PARALLEL) as threads:
            with reporter.bar(f"downloading {several(len(wanted), 'file')} of {self.place}", 0, "B") as bar:

                def get(one: Wanted) -> download.Come:
                    sha256 = one.checksum if one.algorithm == "sha256" else ""
                    file = download.Wanted(self.place, _name(one), self.url(one.path), sha256)
                    return download.get(file, self._session, self._cache, bar.advance)

                jobs = [threads.submit(get, one) for one in wanted]
                for one, job in zip(wanted, jobs, strict=True):
                    try:
                        came = outcome(job)
                        self._large[posixpath.normpath(one.path)] = came.path
                        size += came.size
                    except download.Failed as failed:
                        failures.append(failed)
        if failures:
            raise _all(failures)
        return len(wanted), size


def _without_user(url: str) -> str:
    """With the query, which may say of what repository it is a list."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class _Bound:
    """A session that always asks so, and nobody again who could not be reached."""

    def __init__(self, session: Any, options: dict[str, Any], silent: Silent) -> None:
        self._session, self._options, self._silent = session, options, silent

    def get(self, url: str, **named: Any) -> Any:
        host = _host(url)
        if host in self._silent:
            raise self._silent[host]
        try:
            return self._session.get(url, **named, **self._options)
        except Exception as error:
            if network.is_unreached(error):
                self._silent[host] = error
            raise


def _host(url: str) -> str:
    """With its port."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _kept(path: Path) -> tuple[str, bytes]:
    """What a server called the file, and the file; "" where there is none."""
    try:
        etag, _, contents = path.read_bytes().partition(b"\n")
        return etag.decode("ascii"), contents
    except (OSError, ValueError):
        return "", b""


def _keep(path: Path, etag: str, contents: bytes) -> None:
    """Where it cannot be kept it is asked for again."""
    if etag and etag.isascii() and "\n" not in etag:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            files.replace(str(path), etag.encode() + b"\n" + contents)


def _all(failures: Sequence[download.Failed]) -> Exception:
    """With one finding for all files that failed in the same way."""
    alike: dict[tuple[str, str], list[download.Failed]] = {}
    for failed in failures:
        fix = failed.finding.fix
        if failed.integrity:
            fix = "the mirror is being updated, or a proxy alters files: try again, or use another mirror"
        why = failed.why.replace("the index promised", "the metadata promised")
        alike.setdefault((why, fix), []).append(failed)
    found = []
    for (why, fix), same in alike.items():
        names = listed([one.filename for one in same], _NAMED)
        places = tuple(place for one in same[:_NAMED] for place in one.finding.looked_in)
        message = f"{names} could not be downloaded: {why}"
        found.append(Finding(CODE, ERROR, same[0].finding.subject, message, places, fix))
    if any(one.integrity for one in failures):
        return IntegrityError("downloaded files do not match the checksums of their repository", found)
    count = several(len(failures), "file")
    return EnvironmentProblem(f"{count} of a repository could not be downloaded", found)


def no_repository(medium: Mirror) -> EnvironmentProblem:
    """Where the URL has none."""
    folders = ", ".join(releases.known().folders)
    fix = "give the URL of the directory that repodata/ is in"
    if "//" in medium.place.partition("://")[2]:
        fix += "; if $releasever or another variable was in it, the shell has taken that: use single quotes"
    found = Finding(
        CODE,
        ERROR,
        medium.place,
        f"has no {repodata.REPOMD}, nor a .treeinfo that names repositories, nor one of {folders} with some",
        (medium.place,),
        fix,
    )
    return EnvironmentProblem("a repository cannot be used", [found])


def altered(places: Sequence[str], of: str) -> IntegrityError:
    """Where no mirror of the list ``of`` gives what that promises."""
    message = f"gives another repomd.xml than the one that {of} has the digest of"
    fix = "the mirrors are being updated, or a proxy alters files: try again, or give another repository"
    rows = [Finding(CODE, ERROR, place, message, (place,), fix) for place in places]
    return IntegrityError("no mirror has the repository that its metalink promises", rows)


def _name(one: Wanted) -> str:
    return posixpath.basename(one.path)

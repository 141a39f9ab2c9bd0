"""What --iso and --rpm-repo name, opened: images, directories, URLs, and the repositories of .repo files."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from offkit.edges import releases, unpacking
from offkit.edges.tree import Tree
from offkit.media import repofile
from offkit.media.medium import Directory, Medium
from offkit.media.repodata import REPOMD
from offkit.media.repository import Unreachable, reason
from offkit.media.rpm import BadRepodata
from offkit.model import url as urls
from offkit.model.errors import EnvironmentProblem, OffkitError, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.model.target import Target
from offkit.model.url import without_secrets
from offkit.online.index import network
from offkit.online.rpms import mirror, mirrorlist
from offkit.online.rpms.mirror import Access, Forbidden, Mirror, Silent
from offkit.online.rpms.server import Filter

_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_METADATA = re.compile(r"(?<=[^/])/+repodata(/+repomd\.xml(\.asc)?)?/*$")
_PACKAGES = re.compile(
    r"(?<=[^/])/+(Packages|getPackage)(/+[a-z0-9])?/*$"
)  # of a repository, or of a part of it
NONE = "REPO010"
FOLDER = "give a directory with the RPMs, or the one that repodata/ is in"
_FORM = "give a directory, a .repo file, or a URL that begins with https://, http:// or file:///"

_INSTEAD = {  # by what a file is called
    ".rpm": "it is a package: give the directory that it is in",
    ".iso": "give an ISO as --iso FILE",
    **dict.fromkeys(unpacking.SUFFIXES, "unpack it first; an ISO is given as --iso FILE"),
}


class Place(NamedTuple):
    """A repository, or a tree of some, before anything is asked."""

    text: str  # as it was given: a directory or URL, with variables
    access: Access = Access()
    hotfixes: bool = False  # module_hotfixes=: modular filtering is not for its packages
    keys: tuple[Path, ...] = ()  # gpgkey=, as far as it is on this machine
    listed: bool = False  # mirrorlist= or metalink=, whatever its address looks like
    others: tuple[tuple[str, bool], ...] = ()  # (text, listed) of those that serve where this one does not
    filter: Filter = Filter()  # its own exclude= and includepkgs=
    priority: int = repofile.PRIORITY  # the smallest comes first

    @property
    def ways(self) -> list[Place]:
        """Each of its addresses alone, in their order."""
        rows = ((self.text, self.listed), *self.others)
        return [self._replace(text=text, listed=listed, others=()) for text, listed in rows]

    @property
    def remote(self) -> bool:
        """Whether a server has to be asked."""
        return all(text.startswith(("http://", "https://")) for text, _ in ((self.text, 0), *self.others))

    def at_hand(self) -> Place:
        """Without the addresses of servers; for one that is not ``remote``."""
        first, *others = [one for one in self.ways if not one.remote]
        return first._replace(others=tuple((one.text, one.listed) for one in others))


class Fetching(NamedTuple):
    """What asks over the network."""

    session: Callable[[], Any]  # pip's, made when it is first wanted
    cache: Path
    silent: Silent | None = None  # filled while asking; shared by all that one command asks


def read(given: Sequence[str]) -> list[Place]:
    """What the command line says. Raises UsageError."""
    found: list[Place] = []
    for text in map(_top, given):
        if "://" not in text and text.endswith(".repo"):
            found += _sections(Path(text))
        else:
            found.append(Place(text))
            if not _variables(text):
                _refuse(text)
    return found


def _top(text: str) -> str:
    """The repository that is meant where somebody names its metadata, as a browser shows them."""
    path, mark, query = text.partition("?") if "://" in text else (text, "", "")
    return _METADATA.sub("", path) + mark + query


def _refuse(text: str) -> None:
    """Raises UsageError for what is neither a directory nor a URL of something that can be asked."""
    wrong, fix = "", _FORM
    if "://" not in text:
        wrong = "" if os.path.isdir(repofile.directory(text) or text) else "no such directory"
        if wrong and os.path.isfile(text):
            wrong, fix = "is not a directory", _INSTEAD.get(Path(text).suffix, _FORM)
    elif not text.startswith(("http://", "https://", "file://")):
        wrong = "no such kind of URL"
    elif text.startswith("file://"):
        wrong = "" if repofile.directory(text) else "that is a file of another machine"
    elif not (text.isprintable() and urls.is_address(text)):
        wrong, fix = "is not a URL", _FORM + network.QUOTE
    if wrong:
        raise UsageError(f"--rpm-repo {without_secrets(text)}: {wrong}", fix=fix)


def left_out(given: Sequence[str]) -> list[str]:
    """What is to be said of .repo files whose sections do not all count. Raises UsageError."""
    files = [Path(text) for text in given if "://" not in text and text.endswith(".repo")]
    return [f"--rpm-repo {path}: {said}, and left out" for path in files if (said := _disabled(path))]


def _disabled(path: Path) -> str:
    names = [
        f"[{name}]"
        for name, options in _options(path)
        if _addresses(options) and not repofile.is_true(options.get("enabled", "1"))
    ]
    verb = "is" if len(names) == 1 else "are"
    return f"{', '.join(names)} {verb} disabled there (enabled=0)" if names else ""


def _options(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Of each section. Raises UsageError."""
    try:
        return repofile.options_of(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"--rpm-repo {path} cannot be read: {reason(error)}", fix=_FORM) from None


def _sections(path: Path) -> list[Place]:
    """Those that are enabled, each with all of its addresses; of [main] nothing, as dnf."""
    found = []
    for _, options in _options(path):
        ways = _addresses(options)
        if not ways or not repofile.is_true(options.get("enabled", "1")):
            continue
        access = Access(
            options.get("sslclientcert", ""),
            options.get("sslclientkey", ""),
            options.get("sslcacert", ""),
            repofile.is_true(options.get("sslverify", "1")),
        )
        if access.files and any(urls.is_url(text) for text, _ in ways):
            absent = [each for each in access.files if not os.path.isfile(each)]
            if absent:
                message = f"--rpm-repo {path} names {', '.join(absent)}: no such file on this machine"
                fix = "copy it from the server, and write there where it is"
                raise UsageError(message, fix=fix)
        keys = [repofile.directory(each) for each in repofile.words(options.get("gpgkey", ""))]
        local = tuple(Path(each) for each in keys if os.path.isfile(each))
        hotfixes = repofile.is_true(options.get("module_hotfixes", "0"))
        (text, listed), *others = ways
        own = Filter(_words(options, repofile.EXCLUDES), _words(options, repofile.INCLUDES), str(path))
        turn = repofile.priority(options)
        found.append(Place(text, access, hotfixes, local, listed, tuple(others), own, turn))
    if not found:
        said = _disabled(path)
        message = f"--rpm-repo {path} has no enabled repository with a baseurl"
        fix = "write enabled=1 in a copy of it, or give the URL that is its baseurl="
        raise UsageError(f"{message}: {said}" if said else message, fix=fix if said else _FORM)
    return found


def _addresses(options: Mapping[str, str]) -> list[tuple[str, bool]]:
    """(URL or path, whether it is that of a list) in the order in which dnf asks them. What follows a blank
    in the name of a directory is none."""
    user, password = options.get("username"), options.get("password", "")
    return [
        (_with_login(each, user, password) if user and "@" not in each else each, name != "baseurl")
        for name in ("baseurl", "mirrorlist", "metalink")
        for each in _words(options, (name,))
        if ":" in each or each.startswith("/")
    ]


def _words(options: Mapping[str, str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for name in names for each in repofile.words(options.get(name, "")))


def _with_login(url: str, user: str, password: str) -> str:
    from urllib.parse import quote

    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{quote(user, safe='')}:{quote(password, safe='')}@{rest}"


def _variables(text: str) -> list[str]:
    return _VARIABLE.findall(text)


def values(target: Target) -> Mapping[str, str]:
    """Of the variables that yum knows by itself (yum.conf(5))."""
    release = releases.of(target.el, target.name)
    found = {"basearch": target.arch, "arch": target.arch, "releasever": str(target.el or release.version)}
    if target.el:  # of dnf 5 and later dnf 4; and /etc/dnf/vars/stream of CentOS Stream, which no other has
        found.update(releasever_major=str(target.el), stream=f"{target.el}-stream")
    return found


def opened(place: Place, target: Target, fetching: Fetching) -> Medium:
    """The first of its addresses that has a repository. Raises UsageError, EnvironmentProblem and
    Unreachable."""
    return _first(place.ways, target, fetching) if place.others else _opened(place, target, fetching)


def _first(ways: Sequence[Place], target: Target, fetching: Fetching) -> Medium:
    """Raises EnvironmentProblem with what is wrong with each."""
    wrong: list[Finding] = []
    for way in ways:
        shown = without_secrets(way.text)
        try:
            found = _opened(way, target, fetching)
            for each in found.repositories():
                each.files()  # a page of a portal is none
            if found.repositories():
                return found
            wrong += without(found).findings
        except Unreachable as error:
            wrong.append(error.finding())
        except OffkitError as error:
            wrong += error.findings or [Finding(NONE, ERROR, shown, error.message, (), error.fix)]
        except (OSError, BadRepodata) as error:
            message = f"cannot be read: {reason(error)}"
            wrong.append(Finding(NONE, ERROR, shown, message, (), _FORM))
    raise EnvironmentProblem("a repository cannot be used at any of its addresses", wrong)


def without(medium: Medium) -> EnvironmentProblem:
    """Where there is no repository."""
    if isinstance(medium, Mirror):
        return mirror.no_repository(medium)
    message = (
        f"has neither {REPOMD} in its top directory, one level below, or where mirrors have it, nor RPMs"
    )
    found = Finding(NONE, ERROR, medium.place, message, (medium.place,), FOLDER)
    return EnvironmentProblem("a medium cannot be used", [found])


def _opened(place: Place, target: Target, fetching: Fetching) -> Medium:
    text = repofile.expand(place.text, dict(values(target)))
    left = _variables(without_secrets(text)) if "://" in text else []  # a password may have a dollar
    if left:
        raise UsageError(
            f"--rpm-repo {without_secrets(text)}: what ${left[0]} stands for is not known",
            fix="write what it means instead of it; $releasever and $basearch are those of the target",
        )
    if place.listed and not urls.is_url(text):
        return _listed_here(text, place, target, fetching)
    _refuse(text)
    if not urls.is_url(text):
        found = Directory(Tree("/"), os.path.realpath(repofile.directory(text) or text))
        found.arch = target.arch
        return found
    if place.listed or mirrorlist.looks_so(text):
        return _listed(text, place, target, fetching)
    return _with_repositories(text, place, target, fetching)


def _under(url: str, place: Place, target: Target, fetching: Fetching) -> Mirror:
    return Mirror(url, fetching.session(), fetching.cache, target.arch, place.access, fetching.silent)


def _with_repositories(text: str, place: Place, target: Target, fetching: Fetching) -> Mirror:
    """What is there; where that is but the packages of a repository, the repository."""
    path, mark, query = text.partition("?")
    found, above = _under(text, place, target, fetching), _PACKAGES.sub("", path)
    if above != path:
        with contextlib.suppress(Forbidden):  # as buckets of S3 say of what they do not have
            if found.repositories():
                return found
        other = _under(above + mark + query, place, target, fetching)
        return other if other.repositories() else found
    return found


def _listed_here(text: str, place: Place, target: Target, fetching: Fetching) -> Medium:
    """The first of a list that is a file of this machine that has a repository."""
    path = repofile.directory(text) or text
    try:
        contents = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"mirrorlist {path} cannot be read: {reason(error)}", fix=_FORM) from None
    named = mirrorlist.parse(contents) if "<metalink" in contents else repofile.listed(contents)
    if not named:
        raise EnvironmentProblem(f"{path} names no mirrors that have a repository", fix=_FORM)
    return _first([place._replace(text=url, listed=False) for url in named], target, fetching)


def _listed(text: str, place: Place, target: Target, fetching: Fetching) -> Mirror:
    """The first mirror of a list that answers with a repository, of a metalink with the promised one."""
    under = partial(_under, place=place, target=target, fetching=fetching)
    asked = under(text)
    tried, digests = asked.mirrors()
    last: Unreachable | None = None
    others = []
    for url in tried:
        found = under(url)
        try:
            if found.altered(digests):
                others.append(found.place)
            elif found.repositories():
                for each in found.repositories():
                    each.files()  # a page of a portal is none
                return found
        except Unreachable as error:
            last = error
        except BadRepodata as error:
            last = last or found.refused(f"answers with what is no repository: {error}")
    if others:
        raise mirror.altered(others, asked.place)
    if last is not None:
        raise last
    if tried:
        raise mirror.no_repository(under(tried[0]))
    raise EnvironmentProblem(
        f"{asked.place} names no mirrors",
        fix="give the URL of one mirror: the directory that repodata/ is in",
    )

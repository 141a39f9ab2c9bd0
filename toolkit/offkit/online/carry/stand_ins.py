"""Sources that are carried as they are: what they say of themselves, and what builds them on the target.

The resolver sees a stand-in: a wheel for the target that holds nothing but the sdist's metadata. It is
offered beside the indexes, and a constraint says which version it has to be.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from offkit.edges import data
from offkit.model import legacy, sources
from offkit.model.errors import OffkitError, RequestError, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Reporter
from offkit.model.target import Target
from offkit.model.url import shown
from offkit.online.carry import as_given, newest
from offkit.online.index import indexes, listing, sdists, troubles
from offkit.online.request.locked import Lock, LockedWheel, Place, Request, StandIn
from offkit.online.resolve import provision
from offkit.online.sources import archive, backend, interpreters, metadata, retrieval
from offkit.online.sources.environment import Provided
from offkit.online.sources.interpreters import Interpreter
from offkit.online.sources.metadata import Metadata
from offkit.online.sources.offered import link_to
from offkit.online.sources.refusal import Refused
from offkit.online.wheels import store
from offkit.online.wheels.kept import Kept

_RUST = {"maturin", "setuptools-rust"}
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
_CXX = re.compile(r"\.(?:cpp|cc|cxx|hpp|hxx)$", re.IGNORECASE)
_ASIDE = {"test", "tests", "testing", "doc", "docs", "example", "examples", "benchmarks"}
_BUILD = "999999999"  # the build tag of a stand-in: no wheel of the same version is taken before it


class Carried(NamedTuple):
    """An sdist, and what is known of it."""

    source: LockedWheel  # its file and hash
    path: Path
    stand_in: LockedWheel
    build: Lock  # what builds it, for the target
    how: str  # where its metadata are from
    cxx: bool  # whether C++ is among its sources
    given: str = ""  # the URL of the sources, where the request gives them by one or by a path


class _Wanted(NamedTuple):
    """What is to be carried."""

    name: str  # normalised
    own: Sequence[Any]  # the request's own requirements and constraints of it
    given: Any | None  # the one that gives it by a path or a URL

    def allowed(self, version: str = "") -> SpecifierSet:
        parts = [str(one.specifier) for one in self.own if str(one.specifier)]
        return SpecifierSet(",".join([*parts, *([f"=={version}"] if version else [])]))


# resolve.lock.Session, of a target, index options, who is told, and what is kept.
Sessions = Callable[[Target, Sequence[str], Reporter, Kept], Any]


def carry(
    names: Sequence[str],
    request: Request,
    target: Target,
    cache: Path,
    reporter: Reporter,
    sessions: Sessions,
) -> list[Carried]:
    """The newest sdist that the request allows of each project in ``names``, with what builds it. A project
    that the request gives by a path or a URL is carried as it is there; a name may be its path.

    Raises RequestError with all that cannot be carried; what ``Session.lock`` raises.
    """
    if not names:
        return []
    done: list[Carried] = []
    wrong: list[Finding] = []
    kept = Kept(cache)
    with (
        sessions(target, request.index_args, reporter, kept) as session,
        troubles.pip_speaks_through(reporter),
    ):
        wanted = _wanted(names, session.asked(request))

        def take(some: Sequence[_Wanted], versions: Mapping[str, str]) -> None:
            for one in some:
                try:
                    if one.given is None:
                        link = _choose(one, session, versions.get(one.name, ""))
                        name, path = one.name, session.kept.path(link, session.repository.session)
                    else:
                        path = _sdist(one.given.link, session, request, reporter, sessions)
                        link = link_to(path, store.sha256(path))
                        name = canonicalize_name(sdists.project(path.name) or path.name)
                    found = _one(name, one.own, link, path, session, request, reporter, sessions)
                    done.append(found._replace(given=one.given.link.url if one.given else ""))
                except RequestError as error:
                    wrong.extend(error.findings)

        loose = [one for one in wanted if one.given is None and not newest.is_settled(one.own)]
        take([one for one in wanted if one not in loose], {})
        versions: Mapping[str, str] = {}
        if loose and not wrong and all(_sources(one, session) for one in loose):
            rest = offered(done, request, cache)

            def opened(told: Reporter) -> Any:
                return sessions(target, rest.index_args, told, kept)

            def stand_in(said: Metadata, place: Path) -> LockedWheel:
                return _stand_in(said, target, place)

            versions = newest.that_go([one.name for one in loose], rest, opened, stand_in, reporter)
        take(loose, versions)
    if wrong:
        subjects = ", ".join(dict.fromkeys(one.subject for one in wrong))
        raise RequestError(f"cannot be carried as source for {target.describe()}: {subjects}", wrong)
    return done


def _sdist(link: Any, session: Any, request: Request, reporter: Reporter, sessions: Sessions) -> Path:
    """That of sources that a request gives. Raises RequestError."""
    cache = session.kept.cache
    try:
        with retrieval.opened(link, session.repository.session, session.kept) as source:
            asked = partial(_backend, session, request, cache, sessions)
            return as_given.sdist(source, cache, asked, reporter)
    except Refused as error:
        place = shown(link.url_without_fragment)
        raise _refusal(as_given.name(link) or place, place, error) from error


def _one(
    name: str,
    own: Sequence[Any],
    link: Any,
    path: Path,
    session: Any,
    request: Request,
    reporter: Reporter,
    sessions: Sessions,
) -> Carried:
    cache: Path = session.kept.cache
    reporter.step(f"reading what {link.filename} requires")
    given = {sha256 for one in own for sha256 in one.hash_options.get("sha256", ())}
    if given and store.sha256(path) not in given:
        message = f"{link.filename} has sha256 {store.sha256(path)}, and the request allows other files only"
        fix = "give the hash of its source too, or none"
        raise RequestError(message, [Finding("REQ024", ERROR, name, message, (), fix)])
    try:
        with archive.unpacked(path) as tree:
            said, requires, how = _asked(tree, session, request, cache, reporter, sessions)
            _check(said, name, listing.version_of(link.filename))
            known = sources.parse_compilers(data.read_text(sources.HEADERS)).get(name)
            cxx = _has_cxx(tree) if known is None else sources.GXX in known
    except Refused as error:
        raise _refusal(name, link.filename, error) from error
    rust = sorted(_RUST & {canonicalize_name(Requirement(one).name) for one in requires})
    if rust:
        message = f"{link.filename} is built with Rust ({', '.join(rust)}), whose crates come from a network"
        raise RequestError(message, [Finding("REQ024", ERROR, name, message)])
    try:
        with sessions(session.target, request.index_args, Reporter(), session.kept) as building:
            build = building.lock(Request(tuple(requires), (), request.index_args)) if requires else None
    except RequestError as error:
        message = f"{link.filename}: what builds it cannot be had: {error.message}"
        raise RequestError(message, [Finding("REQ024", ERROR, name, message), *error.findings]) from error
    url, sha256 = link.url_without_fragment, store.sha256(path)
    source = LockedWheel(said.name, said.version, link.filename, url, sha256, ("the request",))
    stand_in = _stand_in(said, session.target, cache)
    return Carried(source, path, stand_in, build or Lock(session.target, ()), how, cxx)


def _check(said: Metadata, name: str, version: Version | None) -> None:
    """Raises Refused for sources that are of something else; names of files are made of what they say."""
    try:
        same = said.name == name and version in (None, Version(said.version))
    except InvalidVersion:
        same = False
    if not same:
        raise Refused(f"says of itself that it is {said.name or 'nothing'} {said.version}".rstrip())


def _wanted(words: Sequence[str], limits: Sequence[Any]) -> list[_Wanted]:
    """Raises UsageError for a path that is no requirement."""
    found = []
    for word in dict.fromkeys(words):
        given, name = as_given.meant(word, limits), canonicalize_name(word)
        own = [one for one in limits if canonicalize_name(one.name or "") == name]
        found.append(_Wanted(name, own if given is None else [given], given))
    return found


def _sources(one: _Wanted, session: Any, version: str = "") -> list[Any]:
    """The sdists of an index that the target's Python and the request's own words allow."""
    # As pip's --no-binary: of other files no link is made.
    session.repository.finder.format_control.no_binary.add(one.name)
    files = session.listing.of(one.name)
    indexes.check_reachable(session.repository, one.name)
    sdists = [each for each in files if not each.is_wheel]
    versions = listing.versions(sdists, one.allowed(version), session.listing.pre)
    return [
        each
        for each in sdists
        if each.version in versions and each.yanked is None and listing.admits(each, session.target)
    ]


def _choose(one: _Wanted, session: Any, version: str) -> Any:
    """The link of the newest of them, or of the ``version`` that goes with the rest of the request."""
    fit = _sources(one, session, version)
    if not fit:
        number = sum(not each.is_wheel for each in session.listing.of(one.name))
        have = f"; of {number} on the index" if number else "; the index has none"
        allowed = str(one.allowed(version))
        wanted = f" that meets {allowed}" if allowed else ""
        message = f"no source distribution{wanted} for Python {session.target.python}{have}"
        raise RequestError(message, [Finding("REQ024", ERROR, one.name, message)])
    return session.listing.link(one.name, fit[-1].filename)


def _asked(
    tree: Path, session: Any, request: Request, cache: Path, reporter: Reporter, sessions: Sessions
) -> tuple[Metadata, list[str], str]:
    """Its metadata, the lines of what builds it, and who said so. What PKG-INFO says for good (PEP 643)
    is taken even where the backend cannot be asked here. Raises Refused."""

    python, provide = _backend(session, request, cache, sessions)
    static = metadata.is_static(tree) and (tree / "PKG-INFO").exists()
    try:
        found = backend.prepare(tree, python, provide)
    except (Refused, OffkitError) as error:
        why = error.why if isinstance(error, Refused) else error.message
        if not static:
            raise
        reporter.note(f"its backend could not be asked here: {why}")
        said = metadata.read((tree / "PKG-INFO").read_bytes())
        return said, _with_wheel(metadata.build_requires(tree)), "PKG-INFO"
    how = f"its build backend under CPython {python.version}"
    if not (found.static or interpreters.is_like(python, session.target)):
        how += f", where that of CPython {session.target.python_minor} may say something else"
    return found.metadata, _with_wheel(found.requires), how


def _backend(
    session: Any, request: Request, cache: Path, sessions: Sessions
) -> tuple[Interpreter, Callable[[Sequence[str]], Provided]]:
    """The interpreter that a backend is run by, and what gives that its build requirements."""
    python = interpreters.to_build(session.target)

    def provide(requirements: Sequence[str]) -> Provided:
        where = interpreters.as_target(python, session.target)
        with sessions(where, request.index_args, Reporter(), Kept(cache)) as other:
            return provision.requisites(other, requirements, cache)

    return python, provide


def _with_wheel(requires: Sequence[str]) -> list[str]:
    """Setuptools before 70.1 has no bdist_wheel of its own, and asks for wheel only when it builds. Raises
    Refused."""
    try:
        names = {canonicalize_name(Requirement(one).name) for one in requires}
    except InvalidRequirement as error:
        raise Refused(f"its build requirements cannot be read: {str(error).splitlines()[0]}") from error
    return sorted([*requires, *(["wheel"] if "setuptools" in names and "wheel" not in names else [])])


def _has_cxx(tree: Path) -> bool:
    return any(
        _CXX.search(path.name) and not _ASIDE.intersection(path.relative_to(tree).parts)
        for path in tree.rglob("*")
    )


def _refusal(name: str, filename: str, error: Refused) -> RequestError:
    message, fix = f"{filename}: {error.why}", error.fix
    if error.needs:
        message += "; this machine lacks it, where the source is asked what it requires"
        fix = fix or f"install {error.needs} on this machine; the server needs it too, to compile"
    return RequestError(message, [Finding("REQ024", ERROR, name, message, error.tail, fix)])


def _stand_in(said: Metadata, target: Target, cache: Path) -> LockedWheel:
    """A wheel of the target's first tag with that metadata and nothing else, in the cache."""
    stem = f"{said.name.replace('-', '_')}-{said.version}"
    lines = ["Metadata-Version: 2.1", f"Name: {said.name}", f"Version: {said.version}"]
    python = legacy.specifier(said.requires_python).text
    lines += [f"Requires-Python: {python}"] if python else []
    lines += [f"Requires-Dist: {legacy.requirement(one).text}" for one in said.requires_dist]
    extras = sorted({extra for one in said.requires_dist for extra in _EXTRA.findall(one)})
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    tag = next(iter(target.tags()))
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as wheel:
        contents = {
            "METADATA": "\n".join(lines) + "\n",
            "WHEEL": f"Wheel-Version: 1.0\nGenerator: offkit\nRoot-Is-Purelib: false\nTag: {tag}\n",
            "RECORD": "",
        }
        for file, text in contents.items():
            wheel.writestr(zipfile.ZipInfo(f"{stem}.dist-info/{file}"), text)
    path = store.keep(f"{stem}-{_BUILD}-{tag}.whl", sink.getvalue(), cache)
    return LockedWheel(
        said.name, said.version, path.name, path.absolute().as_uri(), store.sha256(path), ("the request",)
    )


def offered(carried: Sequence[Carried], request: Request, cache: Path) -> Request:
    """The request with the stand-ins in the place of what they stand for."""
    if not carried:
        return request
    pins = "".join(f"{one.source.name}=={one.source.version}\n" for one in carried)
    limits = cache / "carried" / f"{hashlib.sha256(pins.encode()).hexdigest()[:16]}.txt"
    limits.parent.mkdir(exist_ok=True)
    limits.write_text(pins, "utf-8")
    args = (*request.index_args, *_links(carried))
    return request._replace(
        index_args=args,
        constraints=(*(request.constraints or ()), limits),
        stand_ins=tuple(
            StandIn(one.source.name, one.stand_in.sha256, _place(one), one.stand_in.url, one.given)
            for one in carried
        ),
    )


def within(
    carried: Sequence[Carried], request: Request, index_args: Sequence[str]
) -> tuple[Request, Sequence[str]]:
    """A bundle's own requirements as the resolver can read them: with stand-ins, by their hashes."""
    if not carried:
        return request, index_args
    files: list[Place] = []
    for path in map(Path, request.files):
        text = path.read_text("utf-8")
        for one in carried:
            text = text.replace(one.source.sha256, one.stand_in.sha256)
        files.append(path.with_suffix(".resolved.txt"))
        path.with_suffix(".resolved.txt").write_text(text, "utf-8")
    return request._replace(files=tuple(files)), [*index_args, *_links(carried)]


def _links(carried: Sequence[Carried]) -> list[str]:
    return [word for one in carried for word in ("--find-links", _place(one))]


def _place(one: Carried) -> str:
    """Its directory of the cache, where it is alone."""
    return one.stand_in.url.rpartition("/")[0]


def wheels(carried: Sequence[Carried], lock: Lock) -> list[LockedWheel]:
    """Those of a lock that are no stand-ins."""
    stand_ins = {one.stand_in.filename for one in carried}
    return [wheel for wheel in lock.wheels if wheel.filename not in stand_ins]


def needed(carried: Sequence[Carried], lock: Lock) -> None:
    """Raises UsageError for one that nothing in the lock needs."""
    there = {wheel.filename for wheel in lock.wheels}
    spare = [one.source.name for one in carried if one.stand_in.filename not in there]
    if spare:
        raise UsageError(
            f"--carry-source {spare[0]}: nothing that is packed needs {spare[0]}",
            fix=f"add {spare[0]} to the requirements",
        )


def as_sources(carried: Sequence[Carried], lock: Lock) -> Lock:
    """The lock with the sources' own files and hashes in the place of their stand-ins."""
    own = {one.stand_in.filename: one.source for one in carried}
    wheels = (
        own[wheel.filename]._replace(via=wheel.via) if wheel.filename in own else wheel
        for wheel in lock.wheels
    )
    return lock._replace(wheels=tuple(wheels))

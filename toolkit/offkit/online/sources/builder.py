"""Wheels out of sources, each built once: for what the user names, and for nothing else.

A wheel is kept under the sources, the build requirements and the Python that it is of; what built it is noted
beside it, and told by lock and manifest.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import importlib.metadata
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from packaging.utils import canonicalize_name

from offkit.edges import leftovers
from offkit.model import built
from offkit.model.built import Built
from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Reporter
from offkit.model.target import Target
from offkit.model.url import shown
from offkit.online.index import listing, network
from offkit.online.index.troubles import TooManyBuilds
from offkit.online.request.locked import MadeOf
from offkit.online.sources import archive, backend, interpreters, metadata, refusal, stated
from offkit.online.sources.archive import Source, unpacked
from offkit.online.sources.backend import Project
from offkit.online.sources.environment import Provided
from offkit.online.sources.interpreters import Interpreter
from offkit.online.sources.refusal import Refused
from offkit.online.wheels import memo, store

ALL = ":all:"
_FORM = b"1"  # of what is kept


Check = Callable[[Source], object]


class Wheel(NamedTuple):
    """What a build gave, in the cache."""

    path: Path
    built: Built
    static: bool  # whether it would be the same for another Python


class Supplied(NamedTuple):
    """What a builder gets from indexes."""

    opened: Callable[[Any, Any], AbstractContextManager[Source]]  # a link of pip, its session
    provide: Callable[[Sequence[str], Target], Provided]  # build requirements, for the Python that builds


class Builder:
    """Builds for one target."""

    def __init__(self, target: Target, cache: Path, supplied: Supplied, reporter: Reporter) -> None:
        self.names: Collection[str] = ()  # projects that may be built from what an index has; or ALL
        # Others, of which no wheel will do, and what stands in for a source that an index has of one.
        self.carried: Collection[str] = ()
        self.stand_in: Callable[[str, Any], tuple[Path, Built]]
        self.refused: dict[str, Refused] = {}  # by project, of those
        self.given: Mapping[str, Sequence[list[str]]] = {}  # hashes that a request allows, by project
        # Of requirement lines, the first that nothing can meet; "".
        self.unmet: Callable[[Sequence[str]], str] = lambda lines: ""
        self._target, self._cache, self._supplied, self._reporter = target, cache, supplied, reporter
        self._known: dict[str, Wheel | Refused] = {}  # by URL
        self._unheard: dict[str, EnvironmentProblem] = {}  # of servers that did not answer
        self._closed = False
        self._may: Callable[[], bool] = lambda: True

    def elsewhere(self, target: Target) -> Builder:
        """For another target: it has what was built and holds there too, and builds nothing but what is
        given by a path or a URL."""
        other = Builder(target, self._cache, self._supplied, self._reporter)
        other._known = {url: one for url, one in self._known.items() if isinstance(one, Wheel) and one.static}
        other._closed, other._unheard = True, self._unheard
        return other

    def sparing(self, may: Callable[[], bool]) -> Builder:
        """The same with what was built, for a trial: another source of an index is built where it ``may``
        be."""
        other = copy.copy(self)
        other.refused, other._may = dict(self.refused), may
        return other

    def wants(self, project: str) -> bool:
        """Whether sources of it on an index may be built."""
        if self.carries(project):
            return True
        return not self._closed and (ALL in self.names or canonicalize_name(project) in self.names)

    def carries(self, project: str) -> bool:
        """Whether something stands in for its sources."""
        return canonicalize_name(project) in self.carried

    def prefers_wheels(self, project: str) -> bool:
        """With ALL an older wheel is better than newer sources; who names a project wants its newest."""
        return canonicalize_name(project) not in self.names and not self.carries(project)

    def of_index(self, project: str, link: Any, session: Any) -> Wheel:
        """The wheel of sources that an index has. After one refusal nothing older of the project is tried:
        each would be another build. Raises Refused, IntegrityError where a hash is given that is neither that
        of the sources nor of the wheel, TooManyBuilds where it may not be built for a trial, and what
        ``retrieval.opened`` does."""
        name = canonicalize_name(project)
        if name in self.refused:
            raise self.refused[name]
        if self.carries(name) and link.url not in self._known:
            self._known[link.url] = Wheel(*self.stand_in(name, link), False)
        if link.url not in self._known and not self._may():
            raise TooManyBuilds("too many sources would have to be built")
        try:
            made = self.of(link, session, (), self._check_requirements)
            self._allow(name, link.filename, made.built)
            return made
        except Refused as error:
            self.refused[name] = error
            error.subject = link.filename
            raise

    def _check_requirements(self, source: Source) -> None:
        """Raises Refused where what sources say they require cannot be had: to build them would be in vain,
        and so would be to build older ones."""
        lacking = self.unmet(stated.of(source.tree).requires)
        if lacking:
            error = Refused(f"it requires {lacking}, which cannot be had")
            error.lacking = lacking
            raise error

    def _allow(self, name: str, filename: str, made: Built) -> None:
        """The wheel of sources that are allowed is."""
        for hashes in self.given.get(name, ()):
            if made.source_sha256 in hashes:
                hashes.append(made.sha256)
            if made.sha256 not in hashes:
                what = f"{filename} has sha256 {made.source_sha256}, the wheel that it gives {made.sha256}"
                what += "; the request allows neither"
                allowed = tuple(f"sha256:{one}" for one in sorted(hashes))
                finding = Finding("REQ006", ERROR, name, what, allowed, network.OTHER_HASH)
                raise IntegrityError("files on the index do not match the lock", [finding])

    def of(
        self, link: Any, session: Any, sha256: Collection[str] = (), check: Check = lambda source: None
    ) -> Wheel:
        """The wheel of what a link means, whose archive has to have one of the hashes, if any are given.
        ``check`` sees the sources before anything of them runs.

        Raises Refused, IntegrityError, and what ``retrieval.opened`` does.
        """
        found = self._known.get(link.url)
        if found is None:
            if link.url in self._unheard:  # nobody waits for it again in this run
                raise self._unheard[link.url]
            try:
                found = self._made(link, session, sha256, check)
            except EnvironmentProblem as error:
                self._unheard[link.url] = error
                raise
            except Refused as error:
                found = error
                for line in error.lines:
                    self._reporter.note(line)
            self._known[link.url] = found
        if isinstance(found, Refused):
            raise found
        _check_hash(link, found.built.source_sha256, sha256)  # somebody else may have asked for any
        memo.keep(self._cache, "made-of", [_FORM, found.built.sha256.encode()], _place(link).encode())
        return found

    def made_of(self, sha256: str) -> MadeOf | None:
        """Where the sources of a wheel were when it was last made or asked for; None where that is not
        known."""
        try:
            text = memo.recalled(self._cache, "made-of", [_FORM, sha256.encode()], _unknown).decode()
        except LookupError:
            return None
        kind, _, url = text.partition(" ")
        return MadeOf(sha256, kind, url)

    def record(self, sha256: str) -> Built | None:
        """What is known of the making of a wheel; None where it was not made here. Of several sources that
        give the same wheel, those that were asked for now count."""
        for one in self._known.values():
            if isinstance(one, Wheel) and one.built.sha256 == sha256:
                return one.built
        try:
            return _read(memo.recalled(self._cache, "built-as", [_FORM, sha256.encode()], _unknown))
        except LookupError:
            return None

    def _made(self, link: Any, session: Any, sha256: Collection[str], check: Check) -> Wheel:
        with self._supplied.opened(link, session) as source:
            _check_hash(link, source.sha256, sha256)
            wanted = metadata.requires_python(source.tree)
            if not listing.admitted(wanted, self._target):
                why = f"needs Python {wanted}; the server has {self._target.python}"
                raise Refused(why, code="REQ008", pythons=wanted)
            check(source)
            if source.lasting:
                return self._wheel(source)
            with leftovers.scratch() as name:
                # By way of its sdist: what an earlier build left in the directory stays out of the wheel.
                with self._project(source.tree) as project:
                    self._reporter.step(f"building {source.text}")
                    sdist = project.sdist(Path(name))
                with unpacked(sdist) as tree:
                    archive.complete(tree, source.tree)
                    return self._wheel(source._replace(tree=tree, sha256=_contents(tree), lasting=True))

    @functools.cached_property
    def _python(self) -> Interpreter:
        return interpreters.to_build(self._target)

    def _project(self, tree: Path) -> AbstractContextManager[Project]:
        here = interpreters.as_target(self._python, self._target)
        return backend.opened(tree, self._python, lambda lines: self._supplied.provide(lines, here))

    def _wheel(self, source: Source) -> Wheel:
        """As kept, or built now."""
        with self._project(source.tree) as project:
            python, static = self._python, metadata.is_static(source.tree)
            if not static and not interpreters.is_like(python, self._target):
                series = self._target.python_minor
                raise Refused(
                    f"what it requires is computed when it is built, and there is no CPython {series} here; "
                    f"{python.version} may compute something else",
                    fix=f"put a CPython {series} on PATH (pyenv install {series}; "
                    "uv python install has 3.8 and newer)",
                )
            base = [str(pin) for pin in project.base()]
            key = [source.text, source.sha256, python.version, _build_version(), *base]

            def make() -> bytes:
                self._reporter.step(f"building {source.text} with CPython {python.version}")
                return json.dumps(self._build(project, source).to_json(), sort_keys=True).encode()

            made = _read(memo.recalled(self._cache, "built", [_FORM, *(one.encode() for one in key)], make))
            path = store.find(self._cache, made.sha256, made.filename)
            if path is None:  # somebody has removed the wheel
                made = _read(make())
                path = store.directory(self._cache) / made.sha256 / made.filename
            stated = metadata.name(source.tree)
            if stated not in ("", made.name):
                raise refusal.another_name(stated, made)
            return Wheel(path, made, static)

    def _build(self, project: Project, source: Source) -> Built:
        with leftovers.scratch() as name:
            try:
                wheel = project.wheel(Path(name))
            except Refused as error:
                if error.rejected and not interpreters.is_like(self._python, self._target):
                    error.needs = _COMPILED  # by another Python, for which it may do
                raise
            wrong = metadata.impurity(wheel)
            if wrong:
                raise Refused(wrong, (), _COMPILED)
            said = metadata.read(store.metadata(wheel))
            contents = wheel.read_bytes()
        path = store.keep(wheel.name, contents, self._cache)
        made = Built(
            said.name,
            said.version,
            wheel.name,
            store.sha256(path),
            source.text,
            source.sha256,
            self._python.version,
            _build_version(),
            project.pins,
        )
        text = json.dumps(made.to_json(), sort_keys=True).encode()
        memo.recalled(self._cache, "built-as", [_FORM, made.sha256.encode()], lambda: text)
        return made


_COMPILED = "to be compiled on a machine like the server"


def _check_hash(link: Any, own: str, allowed: Collection[str]) -> None:
    """Raises IntegrityError unless it is one of those, if there are any; Refused for what has none."""
    if allowed and not own:
        raise Refused("has no hash: it is no file", fix="delete the hash, or give an archive of it")
    if allowed and own not in allowed:
        place = shown(link.url_without_fragment)
        what = f"{place}: its sha256 is {own}, the requirement says {' or '.join(sorted(allowed))}"
        finding = Finding("REQ006", ERROR, link.filename, what, (), network.CORRECT)
        raise IntegrityError(network.OTHER_FILE, [finding])


def _place(link: Any) -> str:
    """What it is, as PEP 751 calls it, and its URL without what may be secret."""
    kind = "vcs" if link.is_vcs else "directory" if link.is_existing_dir() else "archive"
    parts = urlsplit(link.url_without_fragment)
    host, below = parts.netloc.rpartition("@")[2], link.subdirectory_fragment
    place = (parts.scheme, host, parts.path, "", f"subdirectory={below}" if below else "")
    return f"{kind} {urlunsplit(place)}"


def _unknown() -> bytes:
    raise LookupError


def _read(text: bytes) -> Built:
    return built.from_json(json.loads(text))


def _build_version() -> str:
    return importlib.metadata.version("build")


def _contents(tree: Path) -> str:
    """A hash of all files of a tree and of their names: archives of the same tree differ by the time."""
    whole = hashlib.sha256()
    for path in sorted(path for path in tree.rglob("*") if path.is_file()):
        name = path.relative_to(tree).as_posix().encode()
        whole.update(b"%d:%s:%s" % (len(name), name, hashlib.sha256(path.read_bytes()).digest()))
    return whole.hexdigest()

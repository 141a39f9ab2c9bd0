"""A request in, a lock out: resolved for one target, or refused with every reason."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name

from offkit.edges import leftovers
from offkit.model import errors
from offkit.model.errors import IntegrityError, OffkitError, RequestError, UsageError
from offkit.model.finding import Finding
from offkit.model.report import Bar, Reporter
from offkit.model.target import Target
from offkit.model.words import listed
from offkit.online.index import (
    certificates,
    configuration,
    indexes,
    listing,
    named,
    patience,
    platforms,
    progress,
    traffic,
    troubles,
)
from offkit.online.index.answers import Answers
from offkit.online.index.listing import Listing
from offkit.online.index.metadata import Seen
from offkit.online.index.origins import Origins
from offkit.online.index.pages import Page
from offkit.online.index.release import Release
from offkit.online.reasons import absence, causes, clashes, cures, other_lock, remarks, unbuilt
from offkit.online.reasons.absence import Asked
from offkit.online.reasons.causes import Problem
from offkit.online.reasons.stubs import Stubs
from offkit.online.reasons.trial import Pins
from offkit.online.request import inputs, pins
from offkit.online.request.locked import Lock, LockedWheel, Request, StandIn
from offkit.online.request.pins import Pin
from offkit.online.resolve import (
    chosen,
    consulted,
    foreign,
    misfits,
    provision,
    remembered,
    requirement,
    standing,
)
from offkit.online.resolve.ahead import Ahead
from offkit.online.resolve.consulted import Wanted
from offkit.online.resolve.limit import Limit, Purse
from offkit.online.resolve.making import Maker
from offkit.online.resolve.tried import Trials
from offkit.online.sources import offered, retrieval, stated
from offkit.online.sources.builder import Builder, Supplied
from offkit.online.sources.environment import Provided
from offkit.online.sources.stated import Stated
from offkit.online.wheels import lookup
from offkit.online.wheels.kept import Kept, keeping, link_sha256

MAX_ROUNDS = 40
# Rounds of pip's resolver, and candidates that it reads, for what is only tried: a tree of fifty packages
# takes about as many, and what has not been found by then may take hours more.
_TRIED = 500
# Sources that are read, to learn what they require in turn, for one request, and how large one may be.
_SOURCES, _LARGEST = 16, 100 * 2**20


class Tried(NamedTuple):
    """What came of resolving a request."""

    requirements: list[Any]
    pinned: list[Any]
    allowed: dict[str, set[str]]  # hashes that were given, by project
    taken: list[Finding]
    problems: list[Problem]


class Session:
    """One target, one set of indexes: requirements in, wheels out."""

    def __init__(
        self,
        target: Target,
        index_args: Sequence[str],
        reporter: Reporter,
        kept: Kept | None = None,
        offline: bool = False,
        limit: Limit | None = None,
        builder: Builder | None = None,
    ) -> None:
        """``kept`` gets the wheels that are fetched for their metadata. ``offline``: only files of this
        machine are looked at, and EnvironmentProblem is raised instead of asking an index. ``limit``: where
        pip's resolver gives up; None: after its own number of rounds. ``builder``: by default one of its
        own."""
        self.target = target
        self.reporter = reporter
        self.kept = kept
        self.offline = offline
        self._limit = limit
        self._index_args = list(index_args)
        self._scratch = contextlib.ExitStack()
        self._directory = Path(self._scratch.enter_context(leftovers.scratch()))
        self._store = kept or Kept(self._directory)  # of what is built, and needed for that
        supplied = Supplied(partial(retrieval.opened, kept=self._store), provision.once(self._provide))
        self.builder = builder or Builder(target, self._store.cache, supplied, reporter)
        if builder is None:
            self.builder.unmet = lambda lines: absence.unmet(lines, self._asked())
        self._said: dict[str, Stated | None] = {}  # of sources that were read, by their file names
        self._stubs = Stubs(self._directory / "stubs")
        self.seen = Seen()
        self._stand_ins: Sequence[StandIn] = ()  # of what the request carries as sources
        self._known_unfit: set[Release] = set()  # when it was last resolved
        self._limits: list[Any] = []  # constraints that hold there
        self._sources: list[Any] = []  # those that name sources
        self._misfits: list[Any] = []  # those that name a wheel which does not fit
        self._wanted: list[Wanted] = []  # lines of the request
        self._complete: set[str] | None = None  # all projects of a lock that is the whole request
        self._opened: tuple[Any, Listing] | None = None
        self._pages: dict[Any, Page] = {}  # of indexes, that have been read
        self._bar = Bar()  # that hears of what is asked for

    @property
    def repository(self) -> Any:
        """pip-tools' own, made when it is first asked for."""
        return self._open()[0]

    @property
    def listing(self) -> Listing:
        return self._open()[1]

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exc: Any) -> None:
        self._close()
        self._scratch.close()

    def _close(self) -> None:
        if self._opened is not None:
            self._ahead.close()
            self.repository.session.close()
            self._opened = None

    def _open(self) -> tuple[Any, Listing]:
        if self._opened is not None:
            return self._opened
        args, own = named.split(self._index_args)
        with configuration.read_by_pip(self.reporter) as kept, troubles.pip_speaks_through(kept):
            with foreign.temporary_files_in(self._directory):
                repository = foreign.repository(self.target, args, str(self._directory))
        for text in configuration.unknown(repository.command.parser):
            self.reporter.note(text)
        named.restrict(repository, own, list(map(str, self._stubs.directories)))
        indexes.prepare(repository)
        certificates.read_once(repository.session)
        traffic.lighten(repository.session)
        patience.limit(repository.session)
        repository.finder.find_links.extend(str(directory) for directory in self._stubs.directories)
        if self.offline:
            indexes.cut_off(repository.session)
        pre = "--pre" in self._index_args
        listed = Listing(repository.finder, self.target, pre, self._stubs, self._pages, self.seen.pythons)
        progress.tell(repository.session, lambda: self._bar)
        self._ahead = Ahead(repository, listed, self.kept)
        self.answers = Answers(repository)
        offered.offer(repository, self.builder)
        repository.origins = Origins(repository)
        self._opened = repository, listed
        return self._opened

    def lock(self, request: Request, addresses: bool = False) -> Lock:
        """The lock that the request is already, if the cache has its wheels; else resolve. ``addresses``:
        where each comes from is wanted too, which the index says, if one may be asked.

        Raises RequestError naming every package that cannot be had, IntegrityError when a given hash fits
        no file, EnvironmentProblem when no index answers."""
        with self.reporter.bar("asking", 0, "B") as self._bar:
            return self._stands_or_is_resolved(request, addresses)

    def _stands_or_is_resolved(self, request: Request, addresses: bool) -> Lock:
        pinned = inputs.pinned(request, self.target) if self.kept else []
        lock = self._standing(request, pinned, addresses) if pinned else None
        if lock is None:
            if pinned:
                self._close()  # it has the index options of a file that is read once more
            with troubles.pip_speaks_through(self.reporter):
                lock = self._lock(request)
        made = [self.builder.record(wheel.sha256) for wheel in lock.wheels]
        places = [self.builder.made_of(one.sha256) for one in made if one is not None]
        told = other_lock.findings(request.files, self.target, lock.wheels)
        built = tuple(one for one in made if one is not None)
        lock = lock._replace(made_of=tuple(one for one in places if one is not None))
        lock = lock._replace(built=built, findings=(*lock.findings, *told, *unbuilt.of_changed(built)))
        given = {"", *(pin.place for pin in pinned)}  # of which no index says anything
        if self.kept and any(wheel.url not in given for wheel in lock.wheels):
            self._remember(pinned, lock, self.kept.cache)
        return lock

    def _remember(self, pinned: Sequence[Pin], lock: Lock, cache: Path) -> None:
        """For when these pins come again, or those of the lock."""
        if pinned:
            given = standing.applying(pinned, self.target)
        elif all(wheel.sha256 for wheel in lock.wheels):
            given = pins.parse(lock.text()) or []
        else:
            return
        wheels = {str(canonicalize_name(one.name)): (one.sha256, one.origin) for one in lock.wheels}
        remembered.write(given, self.target, wheels, lock.findings, cache)

    def _standing(self, request: Request, pinned: list[Pin], addresses: bool) -> Lock | None:
        """The lock that these pins are, by what the cache has or else the index; None where the resolver is
        to have a look."""
        assert self.kept is not None
        seen = Seen()
        found = standing.look(pinned, self.target, self.kept.cache, None, seen)
        asked = addresses and not self.offline
        if isinstance(found, Lock) and not (asked and any(not one.url for one in found.wheels)):
            self.reporter.note("the lock holds, and the cache has its wheels: no index is asked")
            then = remembered.read(standing.applying(pinned, self.target), self.target, self.kept.cache)
            expected = clashes.expected(found.wheels, self.target, lambda *constraints: None)
            return _asking(found._replace(findings=then.told(expected)), pinned, seen)
        if not self.offline:
            with troubles.pip_speaks_through(self.reporter):
                try:
                    read = inputs.read(request, self.target)
                    foreign.parse_requirements(self.repository, (), read.files)  # for their --index-url
                except Exception:
                    return None  # it happens once more, and is explained
                applying = [one for one in standing.applying(pinned, self.target) if not one.place]
                self.listing.meant = lookup.meant(applying)
                files = lookup.files(applying, self.repository, self.kept)
            seen = Seen()
            found = standing.look(pinned, self.target, self.kept.cache, files, seen)
        if isinstance(found, Lock):
            told = [
                each
                for one in found.wheels
                if one.name in files  # no index is asked for what is given by its place
                for each in remarks.of_file(one.name, one.filename, self.listing)
            ]
            told += clashes.expected(found.wheels, self.target, partial(self.holds, request))
            return _asking(found._replace(findings=tuple(told)), pinned, seen)
        for each in found:
            self.reporter.note(f"{each.subject}: {each.message}")
        return None

    def _lock(self, request: Request) -> Lock:
        unreadable: list[UsageError] = []
        try:
            requirements, pinned, allowed, taken, problems = self.tried(request, unreadable=unreadable)
        except OffkitError as error:
            foreign.refuse(unreadable, error.findings)
            raise
        missing = {one.project for one in unreadable if isinstance(one, foreign.Missing)}
        foreign.refuse(unreadable, [one.finding for one in problems if one.project not in missing])
        if problems:
            self.reporter.step("looking for what can be had instead")
            origins = pins.origins([path for path in request.files if isinstance(path, Path)])
            problems = [unbuilt.made_before(problem, origins) for problem in problems]
            trials = self._trials(request)
            others = [where for where, _ in request.beside]
            found = cures.find(problems, self.target, trials.attempt, self._trying, trials.beside, others)
            real = [ireq for ireq in pinned if ireq.link.filename not in self._stubs]
            versions = {str(canonicalize_name(ireq.name)): requirement.version(ireq) for ireq in real}
            found += clashes.beside(versions, self.target, trials.everywhere, cures.askers(problems))
            names = ", ".join(dict.fromkeys(p.subject for p in found))
            kind = errors.of_request(one.code for one in found)
            told = [*taken, *other_lock.findings(request.files, self.target)]
            raise kind(f"cannot be resolved for {self.target.describe()}: {names}", [*found, *told])
        wheels = tuple(
            chosen.locked(ireq, self._sha256(ireq.link), self._origin(ireq.link)) for ireq in pinned
        )
        if not wheels:
            raise chosen.nothing_applies(requirements, self.target)
        strays = named.check_origins(self.repository.named, ((one.name, one.origin) for one in wheels))
        if strays:
            raise RequestError("\n".join(strays), fix="request it by name, or take it out of --from")
        wrong = chosen.other_hashes(wheels, allowed, self._source)
        if wrong:
            headline = "files on the index do not match the lock"
            raise other_lock.unfit(request.files, self.target, wrong) or IntegrityError(headline, wrong)
        wheels = tuple(
            one._replace(extras=self._extras(requirements, canonicalize_name(one.name), one.version))
            for one in wheels
        )
        sources = bool(self.builder.names)
        asked = consulted.questions(self._wanted, wheels, self.seen, self.listing, self.target, sources)
        repairs = tuple(sorted(self.seen.repairs.values()))
        for each in repairs:
            self.reporter.note(f"{each.name} {each.version}: {each.wrong!r} is read as {each.right!r}")
        holding = [*(one for one in requirements if not one.constraint), *self._limits]
        refusals = {name: one.why for name, one in self.builder.refused.items()}
        why_not, helps = self._trials(request).why_not, partial(cures.untried, target=self.target)
        told = remarks.of(pinned, holding, self.listing, self.seen, why_not, helps, refusals)
        told += clashes.expected(wheels, self.target, partial(self.holds, request))
        told += self.answers.doubts()
        told = [*taken, *chosen.lacking(wheels, self._complete), *told]
        return Lock(self.target, wheels, tuple(told), repairs, questions=asked)

    def tried(
        self, request: Request, limits: Sequence[str] = (), unreadable: list[UsageError] | None = None
    ) -> Tried:
        """Resolved, or as far as that goes: what is missing is stood in for, and what leads to a conflict set
        aside, so that the next round meets the next problem, and all of them are met in one run; of a session
        with a limit, one conflict. ``limits``: constraints that hold too. ``unreadable`` gets what cannot be
        read."""
        explained: list[Problem] = []
        aside, purse, limit = set[str](), Purse(_TRIED), self._limit  # the first: what leads to a conflict
        direct: set[str] = set()  # what the request asks for
        for _ in range(MAX_ROUNDS):
            taken: list[Finding] = []
            lost: list[Problem] = []  # given by a path or a URL, and not to be had
            requirements, pinned, allowed, known = [], [], {}, self._stood_in()
            try:
                if unreadable is not None:
                    unreadable.clear()
                requirements = self.read(request, taken, lost, unreadable=unreadable)
                if any(isinstance(one, foreign.Unopened) for one in unreadable or ()):
                    foreign.refuse(unreadable or ())
                direct = {canonicalize_name(one.name or "") for one in requirements if not one.constraint}
                requirements = [one for one in requirements if canonicalize_name(one.name or "") not in aside]
                if lost or explained or self.seen.damaged:  # stand-ins have hashes of their own
                    requirements = [requirement.without_hashes(each) for each in requirements]
                allowed = chosen.given_hashes(requirements)
                asked = [*requirements, *map(requirement.constraint, limits)]
                pinned = self.resolve(asked, limit) if requirements else []
                had = {canonicalize_name(ireq.name) for ireq in pinned}
                explained += absence.of_sources(
                    one for one in self._sources if canonicalize_name(one.name) in had
                )
                explained += misfits.of_constraints(self._misfits, had, self.target)
                break
            except Exception as error:
                if causes.of(error) is not None and self._unfit() - self._known_unfit:
                    self._close()  # no page has said so of those; without them, the reasons are others
                    continue
                met = len(explained)
                try:
                    explained += self.explain(error, lost, requirements)
                except troubles.TooDeep:
                    if not aside:
                        raise
                    break  # what has been met will do
                except OffkitError as other:
                    told = [one.finding for one in (*lost, *explained)]
                    if not told:
                        raise
                    raise type(other)(other.message, [*told, *other.findings], other.fix) from error
                conflicts = [one for one in explained[met:] if one.among and self._limit is None]
                clash = {name for one in conflicts for name in self._askers(one, direct - aside)}
                if not (self._stubs.grew() or known != self._stood_in() or clash):
                    break
                if clash:
                    self._trying(f"looking what else cannot be had, without {listed(sorted(clash), 4)}")
                    aside |= clash
                    limit = Limit(_TRIED, purse)
                self._close()
        damaged = absence.of_damaged(self.seen.damaged)
        problems = list(dict.fromkeys([*lost, *explained, *damaged]))  # what several rounds met, once
        if not pinned or aside or self._stubs.doubtful:  # the whole is not seen to go with what sources say
            problems = [one.untried() for one in problems]
        problems = [one._replace(askers=self._askers(one, direct)) for one in problems]
        return Tried(requirements, pinned, allowed, taken, problems)

    def _askers(self, problem: Problem, direct: Collection[str]) -> tuple[str, ...]:
        """What of a request leads to a problem, where that is neither the project itself nor its parent."""
        deep = {problem.parent} - {"", *direct}
        return self.seen.leading(direct, problem.askers or deep)

    def _stood_in(self) -> tuple[int, int]:
        """How many are told to be something else, whatever the reason."""
        return len(self.seen.damaged), len(self.seen.by_name)

    def _unfit(self) -> set[Release]:
        """Those that are not for this Python, by what they say of themselves."""
        said = self.seen.pythons.items()
        return {release for release, text in said if not listing.admitted(text, self.target)}

    def _extras(self, requirements: Sequence[Any], name: str, version: str) -> tuple[str, ...]:
        """Those of a package that the request asks for and it has."""
        with foreign.markers_of(self.target):
            asked = {
                canonicalize_name(extra)
                for ireq in requirements
                if not ireq.constraint and canonicalize_name(ireq.name or "") == name and ireq.match_markers()
                for extra in ireq.extras
            }
        return tuple(sorted(asked & self.seen.extras_of(name, version))) if asked else ()

    def read(
        self,
        request: Request,
        taken: list[Finding] | None = None,
        refused: list[Problem] | None = None,
        build: bool = True,
        by_name: set[str] | None = None,
        unreadable: list[UsageError] | None = None,
    ) -> list[Any]:
        """Requirements of pip, for this session's target. ``taken`` gets a finding for each that is not
        what the request says, ``refused`` a problem for each source that cannot be built: without it
        RequestError is raised. A constraint to sources is none of them: pip would build it. ``by_name`` as of
        misfits.apart. ``unreadable`` gets what nobody can mean, or else that is raised."""
        wrong: list[UsageError] = [] if unreadable is None else unreadable
        self.builder.names, self._stand_ins = request.build, request.stand_ins
        read = inputs.read(request, self.target)
        found = read.findings
        parsed = foreign.parse_requirements(
            self.repository, read.lines, read.files, request.constraints, found.append, request.build, wrong
        )
        with foreign.markers_of(self.target):
            parsed = requirement.once(foreign.evaluable(parsed, wrong))
        if unreadable is None:
            foreign.refuse(wrong)
        if taken is not None:
            taken += found
            if request.constraints is not None:  # else nothing of pip's configuration is about it
                taken += configuration.without_effect(request.build)
        requirement.allow(parsed, request.stand_ins)
        names: set[str] = {canonicalize_name(ireq.name or "") for ireq in parsed if not ireq.constraint}
        self._complete = names if read.complete else None
        self._sources = [ireq for ireq in parsed if requirement.is_source_constraint(ireq)]
        self._wanted = [
            Wanted(f"{ireq.req}" + (f" ; {ireq.markers}" if ireq.markers else ""), ireq.constraint)
            for ireq in parsed
            if ireq.req is not None
        ]
        with foreign.markers_of(self.target):
            self._limits = [ireq for ireq in parsed if ireq.constraint and ireq.match_markers()]
        self._misfits = [ireq for ireq in self._limits if misfits.of(ireq.link, self.target)]
        unheeded = [*self._sources, *self._misfits]
        if not build:
            return [ireq for ireq in parsed if ireq not in unheeded]
        maker = Maker(self.builder, self.repository.session, self.target, request.stand_ins)
        with foreign.markers_of(self.target):
            fitting, unfit = misfits.apart(
                (ireq for ireq in parsed if ireq not in unheeded), self.target, by_name
            )
            made = list(map(maker.made, fitting))
        problems = [unbuilt.of_project(one, platforms.admitted(one.pythons)) for one in read.unfit]
        problems += [*unfit, *maker.problems]
        if refused is None and problems:
            raise RequestError("what is given cannot be had", [one.finding for one in problems])
        if refused is not None:
            refused += problems
        if taken is not None:
            taken += maker.told
        damaged = self.seen.damaged
        return [
            ireq
            for ireq in made
            if ireq is not None and (ireq.link is None or ireq.link.filename not in damaged)
        ]

    def _provide(self, requirements: Sequence[str], where: Target) -> Provided:
        """Build requirements, from the indexes of this session: no stand-in could be run."""
        hidden = [*map(str, self._stubs.directories), *(one.place for one in self._stand_ins)]
        args = indexes.arguments(self.repository, self._index_args, hidden)
        with Session(where, args, Reporter(), self._store, self.offline) as session:
            return provision.requisites(session, requirements, self._store.cache)

    def asked(self, request: Request) -> list[Any]:
        """Its requirements and constraints, as pip reads them, that hold for the target; sources as they are
        given."""
        with troubles.pip_speaks_through(self.reporter):
            return [*self.read(request, build=False), *self._limits]

    def listed(self, pin: Pin) -> LockedWheel | None:
        """The wheel that a pin means, without what it needs; None where no index lists it with its hash."""
        with troubles.pip_speaks_through(self.reporter):
            link = lookup.link(pin, self.repository, self._store)
        if link is None:
            return None
        url, sha256 = link.url_without_fragment, self._store.sha256(link)
        return LockedWheel(
            pin.name,
            str(pin.version),
            link.filename,
            url,
            sha256,
            ("the request",),
            (),
            self._origin(link),
        )

    def _sha256(self, link: Any) -> str:
        return self.kept.sha256(link) if self.kept else link_sha256(link)

    def _source(self, sha256: str) -> str:
        """The hash of what a wheel was built from; "" of any other."""
        made = self.builder.record(sha256)
        return made.source_sha256 if made is not None else ""

    def _origin(self, link: Any) -> str:
        """As model.origin says it; "" of what was built here, which its record tells."""
        return "" if self.builder.record(self._sha256(link)) else str(self.repository.origins.of(link))

    def _asked(self) -> Asked:
        carried = {one.project: one.place for one in self._stand_ins}
        return Asked(
            self.repository, self.listing, self.seen, self._stubs, self.builder, carried, self.stated
        )

    def stated(self, project: str, filename: str) -> Stated | None:
        """What a source distribution of an index says of itself; None where it is not known."""
        if filename not in self._said:
            self._said[filename] = None
            if len(self._said) <= _SOURCES and not self.offline:
                with contextlib.suppress(OffkitError, LookupError, StopIteration):
                    self._said[filename] = self._read_source(canonicalize_name(project), filename)
        return self._said[filename]

    def _read_source(self, project: str, filename: str) -> Stated | None:
        with self._another(self.target, (), Purse(0), 1) as other:
            # As pip's --no-binary: of other files no link is made.
            other.repository.finder.format_control.no_binary.add(project)
            link, session = other.listing.link(project, filename), other.repository.session
            if not self._store.fetched(link, session, _LARGEST):
                return None
            return stated.of_archive(self._store.path(link, session))

    def explain(
        self, error: Exception, lost: Sequence[Problem] = (), requirements: Sequence[Any] = ()
    ) -> list[Problem]:
        """What made a resolution fail, and would make the next one fail that has these requirements;
        re-raises what is not about requirements. Of projects that are ``lost``, or cannot be read, that is
        known."""
        if isinstance(error, offered.Unasked) and error.project and error.project not in self.seen.by_name:
            self.seen.by_name.add(error.project)
            return [Problem(one, error.project, hopeless=True) for one in error.findings]
        if isinstance(error, OffkitError):
            raise error
        found = causes.of(error)
        if found is None:
            raise troubles.of(error) from error
        asked = {cause.project for cause in found}
        found += [cause for cause in map(causes.of_constraint, self._limits) if cause.project in asked]
        gone = {one.project for one in lost} | {one.project for one in self.seen.damaged.values()}
        gone |= self.seen.by_name
        problems = absence.explain(found, self._asked(), gone)
        if not requirements:
            return problems
        with foreign.markers_of(self.target):
            named = [
                ireq
                for ireq in requirements
                if not ireq.constraint and ireq.link is None and ireq.name and ireq.match_markers()
            ]
        others = [*map(causes.of_request, named), *absence.siblings(found, self._asked())]
        # No index is asked for what was given by a path or a URL.
        gone |= {canonicalize_name(ireq.name or "") for ireq in requirements if ireq.link is not None}
        return problems + absence.also((one for one in others if one.project not in gone), self._asked())

    def _trying(self, text: str) -> None:
        self._bar.doing(text)
        self.reporter.note(text)

    def _another(self, target: Target, more: Sequence[str], purse: Purse, part: int) -> Session:
        args, builder = [*self._index_args, *more], self.builder
        builder = builder.sparing(purse.builds) if target == self.target else builder.elsewhere(target)
        limit = Limit(_TRIED // part, purse)
        other = Session(target, args, Reporter(), self.kept, self.offline, limit, builder)
        other._bar = self._bar
        other.seen.pythons.update(self.seen.pythons)
        if target == self.target:
            other._pages, other._said = self._pages, self._said
        return other

    def _trials(self, request: Request) -> Trials:
        return Trials(request, self.target, self._another, self._trying, self.reporter.warn)

    def holds(self, request: Request, *constraints: str, more: tuple[str, ...] = ()) -> Pins | None:
        """As Trials.holds. A lock does not, and no index is asked: what would change is pinned there."""
        return (
            None
            if inputs.pinned(request, self.target)
            else self._trials(request).holds(*constraints, more=more)
        )

    def resolve(self, requirements: list[Any], limit: Limit | None = None) -> list[Any]:
        """Pinned requirements; pip's exceptions pass through. ``limit``: None means the session's."""
        self._known_unfit = self._unfit()
        self._ahead.begin(requirements)
        self.builder.given = requirement.hashes(requirements)
        with (
            keeping(self.kept, self._ahead.metadata, self._bar),
            foreign.temporary_files_in(self._directory),
            misfits.told(self.seen, self.target),
        ):
            pinned = foreign.resolve(
                self.repository, self.target, requirements, self.seen, limit or self._limit
            )
        Maker(self.builder, self.repository.session, self.target).put_in_place(pinned)
        return pinned

    def resolved(self, requirements: list[Any]) -> list[Any] | None:
        """Pinned, or None where that is impossible."""
        try:
            return self.resolve(requirements)
        except Exception as error:
            if causes.of(error) is None:
                raise troubles.of(error) from error
            return None


def _asking(lock: Lock, pinned: Sequence[Pin], seen: Seen) -> Lock:
    """With what it depends on: there was nothing to choose among."""
    lines = [Wanted(str(pin)) for pin in pinned]
    return lock._replace(questions=consulted.questions(lines, lock.wheels, seen, None, lock.target))

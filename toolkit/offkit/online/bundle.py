"""Requirements in, one bundle out: lock, fetch, forecast, pack."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from offkit.edges import data, leftovers, releases
from offkit.model import (
    archive,
    built,
    carried,
    checklist,
    layout,
    origin,
    proof,
    question,
    sources,
    target,
    words,
)
from offkit.model.checklist import Checklist
from offkit.model.control_node import Collection
from offkit.model.difference import Base
from offkit.model.errors import OffkitError
from offkit.model.finding import Finding
from offkit.model.proof import Proof
from offkit.model.report import Reporter
from offkit.model.target import Target
from offkit.model.url import without_secrets
from offkit.online import several
from offkit.online.carry import bootstrap, collection, control_node, galaxy, pythons, repo_file, rpms, runtime
from offkit.online.carry import stand_ins as carrying
from offkit.online.carry import to_compile as compiling
from offkit.online.carry.difference import Written, instead
from offkit.online.carry.pack import Packed, Source, listing_of_several, pack, write
from offkit.online.carry.parting import Parted, split
from offkit.online.carry.pythons import Pythons
from offkit.online.carry.stand_ins import Carried
from offkit.online.carry.to_compile import ToCompile
from offkit.online.index import troubles
from offkit.online.proof import (
    by_reading,
    forecast,
    grammar,
    image,
    lacking,
    needs,
    python_there,
    reading,
    rehearsal,
    remedies,
    stage,
    surroundings,
)
from offkit.online.proof.lacking import Lacking
from offkit.online.proof.reading import Reading
from offkit.online.reasons import clashes
from offkit.online.reasons.trial import Pins
from offkit.online.request import inputs
from offkit.online.request.locked import Lock, LockedWheel, Request
from offkit.online.resolve import provision, standing
from offkit.online.resolve.lock import Session
from offkit.online.rpms.places import Fetching
from offkit.online.wheels import fetch, store, weights
from offkit.online.wheels.download import Come
from offkit.online.wheels.fetch import Fetched, Stored
from offkit.online.wheels.kept import Kept
from offkit.online.wheels.weights import Weight, Weights


class Order(NamedTuple):
    """What is wanted: requirements for a target, into a file."""

    request: Request
    target: Target
    out: Path
    cache: Path
    pythons: Pythons = pythons.NONE  # carried for a server that has none
    isos: tuple[Path, ...] = ()  # to take RPMs of libraries from
    control_node: bool = False  # with the collection, which no index has
    rehearse: bool = False  # try it before it leaves
    smoke: Path | None = None  # with this check of the user's, which is carried
    offline: bool = False  # no index may be asked
    carry: tuple[str, ...] = ()  # projects that are carried as sources, and compiled on the server
    image: str = ""  # to rehearse in, instead of on this machine
    more: rpms.More = rpms.NOTHING  # where RPMs come from beside the ISOs
    collections: tuple[str, ...] = ()  # of Ansible, as they are asked for, for a control node
    since: Base | None = None  # the bundle that is there already: only what is new leaves
    part_size: int = 0  # bytes, of a bundle in parts

    @property
    def shelves(self) -> tuple[str, ...]:
        """Where RPMs come from, for people."""
        return (*(one.name for one in self.isos), *(without_secrets(one.text) for one in self.more.places))


class Planned(NamedTuple):
    """Everything that would go into the bundle, known before a wheel is downloaded."""

    lock: Lock
    pip: LockedWheel  # runs on the target's Python and does the installing there
    runtime: tuple[LockedWheel, ...]
    own: tuple[collection.Wheel, ...] = ()  # made here, and added to the lock by bundle()
    came: tuple[Come, ...] = ()  # downloaded already, for their metadata
    sources: tuple[Carried, ...] = ()  # of the lock, whose wheels for these are stand-ins
    collections: tuple[Collection, ...] = ()  # of Ansible, in one of ``own``

    def files(self) -> tuple[LockedWheel, ...]:
        """Those of the lock as they are packed, the sources' own in the place of stand-ins."""
        return carrying.as_sources(self.sources, self.lock).wheels


class Bundled(NamedTuple):
    lock: Lock
    packed: Packed
    checklist: Checklist
    findings: tuple[Finding, ...]
    wheels: tuple[Stored, ...]  # of the lock
    downloaded: int  # all files that came over the network, the runtime's included
    downloaded_size: int  # bytes
    cached: int  # files that did not have to
    rpms: rpms.Chosen
    proofs: tuple[Proof, ...] = ()
    sources: tuple[sources.Source, ...] = ()  # to be compiled on the server
    lacking: Lacking = Lacking()
    difference: Written | None = None  # which is what was written, if so
    parted: Parted | None = None  # into these files, if so


def default_requirements() -> tuple[str, ...]:
    """What a bundle holds when nothing is asked for."""
    lines = (line.split("#")[0].strip() for line in data.read_text("wheelhouse/requirements.in").splitlines())
    return tuple(line for line in lines if line)


def plan(order: Order, reporter: Reporter, read: Reading | None = None) -> Planned:
    """Resolve only, where there is something to resolve; with ``read``, wheels of a lock come at once.

    Raises what ``Session.lock`` raises; offline, EnvironmentProblem with all that is missing."""
    store.tidy(order.cache)
    where = order.target
    collections = galaxy.take(order.collections, reporter) if order.collections else None
    if not releases.of(where.el, where.name).name:
        reporter.warn(f"offkit knows nothing of {where.name}: names of its packages, its keys and its discs")
    reporter.step(f"resolving for {where.describe()}")
    own_pip = standing.own_pins("pip")
    # It runs on every Python from 3.6 on, so it is locked for the oldest.
    oldest = target.preset(releases.known(), "3.6")
    args = order.request.index_args
    pinned = inputs.pinned(order.request, order.target)
    if order.offline and "--no-index" not in args:
        beside = ((own_pip, order.target), (standing.own_pins("runtime"), oldest))
        standing.require(order.request, pinned, order.target, order.cache, beside)
    kept = Kept(order.cache, read.add if read is not None and pinned else None)
    taken = carrying.carry(order.carry, order.request, order.target, order.cache, reporter, Session)
    request = carrying.offered(taken, order.request, order.cache)
    with Session(order.target, request.index_args, reporter, kept, order.offline) as session:
        lock = session.lock(request)
        carrying.needed(taken, lock)
        pip = provision.in_lock(lock, "pip") or provision.pip(session, own_pip, order.cache)
    if pip is None:
        raise OffkitError(f"no pip supports CPython {order.target.python}")
    own: tuple[collection.Wheel, ...] = ()
    if order.control_node:
        own = (control_node.own_wheel(lock.wheels),)
    kept.arrived = None
    if collections:
        galaxy.refuse(collections, control_node.core(lock.wheels))
        own = (*own, collections.wheel)
    with Session(oldest, args, reporter, kept, order.offline) as session:
        tools = _runtime(session)
    listed = collections.collections if collections else ()
    return Planned(lock, pip, tools, own, tuple(kept.came), tuple(taken), listed)


def weigh(planned: Planned, order: Order, reporter: Reporter) -> Weights:
    """How large that would be, for which the indexes are asked."""
    beside = sum(one.size() for one in order.pythons.members())
    beside += sum(len(one.contents) for one in planned.own)
    beside += sum(one.path.stat().st_size for one in planned.sources)
    wheels = dict.fromkeys((*carrying.wheels(planned.sources, planned.lock), planned.pip, *planned.runtime))
    building = dict.fromkeys(wheel for one in planned.sources for wheel in one.build.wheels)
    with Session(order.target, order.request.index_args, reporter, offline=order.offline) as session:
        http = session.repository.session
        found = weights.of(wheels, http, order.cache).files
        gone = (one._replace(installed=0) for one in weights.of(building, http, order.cache).files)
        own = _own_weight(planned, order, found)
        return Weights((*found, *gone), beside, own)  # what builds sources stays on no server


def _own_weight(planned: Planned, order: Order, found: Sequence[Weight]) -> int:
    """Bytes of install.sh and offkit.pyz, but for those of the wheels of the runtime; as long as one of these
    is not here, they count as they are."""
    paths = [store.find(order.cache, one.sha256, one.filename) for one in planned.runtime]
    here = [path for path in paths if path is not None]
    here = here if len(here) == len(paths) else []
    pyz = runtime.build(here, order.cache)
    script = bootstrap.script(order.target, pyz, order.pythons.carried)
    inside = {path.name for path in here}
    return len(pyz) + len(script) - sum(one.size or 0 for one in found if one.filename in inside)


def bundle(order: Order, reporter: Reporter) -> Bundled:
    """The whole journey on this side of the gap."""
    _look(order, reporter)
    where = _stage(order, reporter) if order.rehearse else None
    with reading.beside(order.target, order.cache) as read:
        got = gather(order, plan(order, reporter, read), reporter, read)
    reporter.step(f"packing {order.out}")
    pyz = runtime.build(got.tools, order.cache)
    script = bootstrap.script(order.target, pyz, order.pythons.carried, got.rpms.titles)
    members = [Source(layout.INSTALL_SH, script), Source(layout.RUNTIME, pyz), *got.members]

    def packed_as(options: dict[str, Any]) -> Packed:
        return pack(order.out, members, order.target, options, got.installed_size, reporter, bootstrap.seal)

    packed = packed_as(got.told())
    if where is not None:
        got = rehearse(got, where, reporter)
        packed = packed_as(got.told())
    return Bundled(
        got.lock,
        packed,
        got.checklist,
        got.findings,
        got.wheels,
        *count([got]),
        got.rpms,
        got.proofs,
        got.sources,
        got.lacking,
        *_to_travel(packed, order, reporter),
    )


def _to_travel(packed: Packed, order: Order, reporter: Reporter) -> tuple[Written | None, Parted | None]:
    """The finished bundle as it will be carried."""
    written = instead(packed, order.since, reporter) if order.since else None
    sha256 = written.sha256 if written else packed.sha256
    return written, split(packed.path, sha256, order.part_size, reporter) if order.part_size else None


class Several(NamedTuple):
    """A bundle for several targets."""

    packed: Packed
    parts: tuple[tuple[str, Gathered], ...]  # by the targets' names in it
    counted: Counted
    findings: tuple[Finding, ...]  # of all targets; the subjects say of which
    difference: Written | None = None  # as of one target
    parted: Parted | None = None


# By the names of the targets in their bundle. File and cache are the same in all of them, and the request
# but for locks of other targets.
Named = Sequence[tuple[str, Order]]


def plan_several(orders: Named, reporter: Reporter) -> list[tuple[str, Planned]]:
    """As ``plan``, for all of them."""
    return several.each(orders, lambda order: plan(order, reporter))


def bundle_several(orders: Named, reporter: Reporter) -> Several:
    """The whole journey for several targets. Raises what ``bundle`` raises, for all targets at once."""
    looked = several.each(orders, lambda order: _look(order, reporter))
    rpms.refuse_unused([left_out for _, left_out in looked])
    stages = dict(several.each(orders, lambda one: _stage(one, reporter) if one.rehearse else None))
    planned = dict(plan_several(orders, reporter))
    pairs = [(name, (order, planned[name])) for name, order in orders]
    parts = several.each(pairs, lambda pair: _read_and_gathered(*pair, reporter))
    counted = count([got for _, got in parts])
    reporter.step(f"packing {orders[0][1].out}")
    packed = _packed(parts, reporter)
    if any(stages.values()):
        for index, (name, got) in enumerate(parts):
            where = stages[name]
            if where is not None:
                reporter.step(f"rehearsing what is for {name}")
                parts[index] = name, rehearse(got, where, reporter, name)
        packed = _packed(parts, reporter)
    travelling = _to_travel(packed, orders[0][1], reporter)
    found = several.findings([(name, got.findings) for name, got in parts])
    return Several(packed, tuple(parts), counted, found, *travelling)


def _packed(parts: Sequence[tuple[str, Gathered]], reporter: Reporter) -> Packed:
    (_, first), *_ = parts
    order = first.order
    pyz = runtime.build(first.tools, order.cache)
    targets = [
        (name, bootstrap.For(got.order.target, got.order.pythons.carried, got.rpms.titles))
        for name, got in parts
    ]
    alone = [
        (name, several.Part(got.order.target, got.told(), got.installed_size, got.members))
        for name, got in parts
    ]
    members = [
        Source(layout.INSTALL_SH, bootstrap.script_of_several(targets, pyz)),
        *several.members(alone, Source(layout.RUNTIME, pyz)),
    ]
    within = tuple((name, got.order.target) for name, got in parts)
    return write(order.out, members, listing_of_several(within), reporter, bootstrap.seal)


class Counted(NamedTuple):
    """What it took to have the wheels."""

    downloaded: int  # files that came over the network
    downloaded_size: int  # bytes
    cached: int  # files that did not have to


class Gathered(NamedTuple):
    """Everything that a bundle has for one target, about to be packed."""

    order: Order
    lock: Lock
    checklist: Checklist
    findings: tuple[Finding, ...]
    wheels: tuple[Stored, ...]  # of the lock
    sources: tuple[sources.Source, ...]  # to be compiled on the server
    resolved: Lock  # with stand-ins for those
    taken: tuple[Carried, ...]  # that they stand in for
    compiled: tuple[ToCompile, ...]
    tools: tuple[Path, ...]  # wheels of the runtime
    rpms: rpms.Chosen
    lacking: Lacking
    proofs: tuple[Proof, ...]
    options: dict[str, Any]  # for the manifest, but for the proofs
    installed_size: int  # bytes
    members: tuple[Source, ...]  # all but install.sh and the runtime
    files: frozenset[Path]  # every wheel, the runtime's included, in the cache
    came: tuple[Come, ...]  # what was downloaded while it was planned
    fetched: int  # files that came over the network after that
    fetched_size: int  # bytes

    def told(self) -> dict[str, Any]:
        """The manifest's options."""
        return {**self.options, **proof.to_options(self.proofs)}


def _read_and_gathered(order: Order, planned: Planned, reporter: Reporter) -> Gathered:
    with reading.beside(order.target, order.cache) as read:
        return gather(order, planned, reporter, read)


def gather(order: Order, planned: Planned, reporter: Reporter, read: Reading) -> Gathered:
    """Download what was planned, and ``read`` what it wants of a server."""
    lock, pip = planned.lock, planned.pip
    with Session(order.target, order.request.index_args, reporter, offline=order.offline) as session:
        wanted = [*carrying.wheels(planned.sources, lock), *([pip] if pip not in lock.wheels else [])]
        reporter.step(f"fetching {words.several(len(wanted), 'wheel')}")
        fetched = _fetch(wanted, session, order.cache, reporter, read.add)
        tools = _fetch(planned.runtime, session, order.cache, reporter)
        read.beside(partial(runtime.build, [one.path for one in tools.files], order.cache))
        compiled = [_compiled(one, session, order.cache, reporter) for one in planned.sources]
    stored = {one.wheel.filename: one for one in fetched.files}
    own = tuple(_kept(one, order.cache) for one in planned.own)
    wheels = (*(stored[wheel.filename] for wheel in carrying.wheels(planned.sources, lock)), *own)
    known = {one.wheel.filename: one.wheel for one in wheels}  # now with every hash known
    known.update({one.stand_in.filename: one.stand_in for one in planned.sources})
    locked = (known.get(wheel.filename, wheel) for wheel in lock.wheels)
    lock = lock._replace(wheels=(*locked, *(one.wheel for one in own)))
    told_of = [compiling.described(one, order.target, bool(order.pythons.carried)) for one in compiled]
    paths = [one.path for one in dict.fromkeys((*wheels, stored[pip.filename]))]
    reporter.step("reading what the wheels need from the server")
    read.looked()
    server = order.more.server
    installed, level = (server.packages, server.level) if server else ({}, "")
    survey = forecast.survey(paths, order.target, order.cache, installed, level)
    told = _clashes(order, carrying.offered(planned.sources, order.request, order.cache), lock, survey)
    told += compiling.findings(compiled, told_of)
    at_run_time = needs.survey(lock.wheels, order.target, order.more.server, order.pythons.build is not None)
    chosen, libraries = _libraries(order, survey.checklist, at_run_time.rpms, reporter)
    told += [*at_run_time.findings(chosen.titles, told), *needs.drivers(libraries, order.more.server)]
    told += surroundings.findings(lock.wheels, paths, server)
    told += python_there.findings(order.target, server, bool(order.pythons.carried), chosen.titles)
    closed = by_reading.closure(lock, order.cache)
    sure = bool(installed or releases.of(order.target.el, order.target.name).minimal)
    forecasted = by_reading.forecast([*survey.findings, *chosen.findings], libraries, sure)
    proofs = [closed.proof, forecasted]
    read.settle()
    newer = grammar.findings(paths, order.target, order.cache)
    if newer is None:
        reporter.note(f"syntax not checked: no Python here knows that of {order.target.python_minor}")
    else:
        proofs.append(by_reading.syntax(newer, order.target.python_minor))
    options = {**carried.to_options(order.pythons.carried), **built.to_options(lock.built)}
    options.update(origin.to_options((one.origin, one.filename) for one in lock.wheels))
    options.update(question.to_options((*lock.questions, *compiling.questions(compiled))))
    if order.control_node:
        options.update(control_node.options(planned.lock.wheels, planned.collections))
    options.update(sources.to_options(told_of))
    text = carrying.as_sources(planned.sources, lock).text()
    return Gathered(
        order,
        lock._replace(wheels=tuple(one.wheel for one in wheels)),
        libraries,
        (*told, *(newer or ()), *survey.findings, *chosen.findings, *closed.findings),
        wheels,
        tuple(told_of),
        lock,
        planned.sources,
        tuple(compiled),
        tuple(one.path for one in tools.files),
        chosen,
        lacking.of(libraries, order.target, server),
        tuple(proofs),
        options,
        survey.installed_size,
        (*_members(order, text, paths, libraries, chosen), *compiling.members(compiled, told_of)),
        frozenset(one.path for one in (*fetched.files, *tools.files)),
        planned.came,
        fetched.downloaded + tools.downloaded,
        fetched.downloaded_size + tools.downloaded_size,
    )


def count(gathered: Sequence[Gathered]) -> Counted:
    """For all of them: a file that several have is one."""
    came = {one.path: one.size for got in gathered for one in got.came}
    files = frozenset().union(*(got.files for got in gathered))
    fetched = sum(got.fetched for got in gathered)
    size = sum(came.values()) + sum(got.fetched_size for got in gathered)
    return Counted(len(came) + fetched, size, len(files) - fetched - len(files & came.keys()))


def _stage(order: Order, reporter: Reporter) -> stage.Stage:
    """Raises EnvironmentProblem where it cannot be tried, before anything is downloaded."""
    if order.image:
        search = "" if order.pythons.carried or order.shelves else bootstrap.part("find").decode("ascii")
        return image.look(order.image, order.target, search, reporter, order.offline)
    return stage.here(order.target)


def rehearse(got: Gathered, where: stage.Stage, reporter: Reporter, part: str = "") -> Gathered:
    """Try the finished bundle, or of one for several targets the ``part``; with what came of it."""
    order = got.order
    resolve = partial(_resolved, order.target, got.taken)
    unable = "" if order.image else compiling.unable(got.compiled)
    asked = carrying.offered(got.taken, order.request, order.cache)
    remedy = remedies.Remedies(clashes.by_name(got.lock.wheels), got.findings, _holds(order, asked))
    said = set[str]()  # modules of which it is told already why they cannot be imported
    cured: dict[Finding, str] = {}  # where that is told

    def cure(package: str, found: Finding, texts: str) -> str:
        fix = remedy.of(package, found, texts)
        for one in remedy.foretold(package, found, texts):
            said.add(found.subject)
            cured[one] = one.fix or fix
        return fix

    try:
        done = (
            rehearsal.untried(where, unable)
            if unable
            else rehearsal.rehearse(
                order.out, got.resolved, resolve, got.checklist, where, order.smoke, cure, reporter, part
            )
        )
    except KeyboardInterrupt:
        reporter.warn(f"{order.out} is written, and complete; it was not rehearsed to its end")
        raise
    before = (one._replace(fix=cured.get(one, one.fix)) for one in got.findings)
    told = (one for one in done.findings if one.subject not in said)
    return got._replace(proofs=(*got.proofs, *done.proofs), findings=(*before, *told))


def _look(order: Order, reporter: Reporter) -> list[Finding]:
    with _asking(order, reporter) as more:
        return rpms.look(order.isos, order.target, more)


@contextlib.contextmanager
def _asking(order: Order, reporter: Reporter) -> Iterator[rpms.More]:
    """Where RPMs come from, and pip's session that fetches them, made when it is first wanted."""
    with contextlib.ExitStack() as stack:

        @functools.cache
        def session() -> Any:
            args = order.request.index_args
            return stack.enter_context(Session(order.target, args, reporter)).repository.session

        stack.enter_context(troubles.pip_speaks_through(reporter, "the repository"))
        yield order.more._replace(fetching=Fetching(session, order.cache, order.more.silent))


def _libraries(
    order: Order, wanted: Checklist, beside: Sequence[str], reporter: Reporter
) -> tuple[rpms.Chosen, Checklist]:
    """What of the repositories is carried, the packages ``beside``, and the checklist with that marked."""
    if order.shelves:
        reporter.step(f"taking RPMs from {', '.join(order.shelves)}")
    shipped = releases.of(order.target.el, order.target.name).pythons.get(order.target.python_minor)
    # What the bundle has a Python of its own for needs no packages.
    python = () if order.pythons.carried or shipped is None else shipped.payload
    with _asking(order, reporter) as more:
        welcome = (*python, *beside)
        chosen = rpms.choose(order.isos, wanted, order.target, welcome, more, reporter)
    marked = (one._replace(in_bundle=one.soname in chosen.sonames) for one in wanted.libraries)
    return chosen, wanted._replace(libraries=tuple(marked))


def _fetch(
    wheels: Sequence[LockedWheel],
    session: Session,
    cache: Path,
    reporter: Reporter,
    arrived: fetch.Arrived = fetch.nobody,
) -> Fetched:
    """An index has to be read only for what the cache does not have."""
    here = fetch.at_hand(wheels, cache)
    return here or fetch.fetch(wheels, session.repository.session, cache, reporter, arrived)


def _clashes(order: Order, request: Request, lock: Lock, survey: forecast.Survey) -> list[Finding]:
    """The lock's findings, with what the wheels themselves show in the place of what was expected of them."""
    holds = _holds(order, request)
    known = clashes.by_name(lock.wheels)
    said = {found.subject for found in lock.findings if found.code == "REQ021"}
    builds = {name: paths for name, paths in survey.numpy_1.items() if name not in said}
    return [
        *(found for found in lock.findings if found.code != "REQ019"),
        *clashes.overlaps(survey.shared, known),
        *clashes.of_numpy(builds, known, holds),
    ]


def _holds(order: Order, request: Request) -> clashes.Holds:
    """As Session.holds, each asked once."""

    @functools.cache
    def holds(*constraints: str, more: tuple[str, ...] = ()) -> Pins | None:
        args, kept = request.index_args, Kept(order.cache)
        with Session(order.target, args, Reporter(), kept, order.offline) as session:
            return session.holds(request, *constraints, more=more)

    return holds


def _kept(own: collection.Wheel, cache: Path) -> Stored:
    """A wheel that was made here."""
    wheel = LockedWheel(own.name, own.version, own.filename, "", own.sha256, ("the request",), (), own.origin)
    return Stored(wheel, store.keep(own.filename, own.contents, cache))


def _compiled(one: Carried, session: Session, cache: Path, reporter: Reporter) -> ToCompile:
    """With the wheels that build it."""
    files = _fetch(one.build.wheels, session, cache, reporter).files
    source = one.source
    return ToCompile(source.name, source.version, one.path, one.build, files, one.cxx, one.how)


def _resolved(target: Target, taken: Sequence[Carried], request: Request, index_args: Sequence[str]) -> Lock:
    """Without a word."""
    request, index_args = carrying.within(taken, request, index_args)
    with Session(target, index_args, Reporter()) as session:
        return session.lock(request)


def _runtime(session: Session) -> tuple[LockedWheel, ...]:
    with leftovers.scratch() as directory:
        path = Path(directory) / "runtime.txt"
        path.write_text(data.read_text("wheelhouse/runtime.txt"), encoding="utf-8")
        return session.lock(Request((), (path,))).wheels


def _members(
    order: Order,
    text: str,
    wheels: Sequence[Path],
    libraries: Checklist,
    chosen: rpms.Chosen,
) -> list[Source]:
    """All but install.sh and the runtime."""
    where = order.target
    repo = repo_file.members(releases.of(where.el, where.name), layout.ISO_MOUNT)
    return [
        Source(layout.REQUIREMENTS, text.encode("utf-8")),
        Source(layout.CHECKLIST, checklist.dump(libraries)),
        *(Source(path, text.encode("utf-8")) for path, text in repo.items()),
        *order.pythons.members(),
        *chosen.members,
        *([Source(layout.SMOKE + archive.as_safe(order.smoke.name), order.smoke)] if order.smoke else []),
        *(Source(layout.WHEELS + path.name, path, store.sha256(path)) for path in wheels),
    ]

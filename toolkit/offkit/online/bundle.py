"""Requirements in, one bundle out: lock, fetch, forecast, pack."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from offkit.edges import data, releases
from offkit.model import built, carried, checklist, layout, proof, sources, target, words
from offkit.model.checklist import Checklist
from offkit.model.errors import OffkitError
from offkit.model.finding import Finding
from offkit.model.proof import Proof
from offkit.model.report import Reporter
from offkit.model.target import Target
from offkit.online.carry import bootstrap, collection, control_node, pythons, repo_file, rpms, runtime
from offkit.online.carry import stand_ins as carrying
from offkit.online.carry import to_compile as compiling
from offkit.online.carry.pack import Packed, Source, pack
from offkit.online.carry.pythons import Pythons
from offkit.online.carry.stand_ins import Carried
from offkit.online.carry.to_compile import ToCompile
from offkit.online.proof import by_reading, forecast, grammar, rehearsal
from offkit.online.reasons import clashes
from offkit.online.request.locked import Lock, LockedWheel, Request
from offkit.online.resolve import provision, standing
from offkit.online.resolve.lock import Session
from offkit.online.wheels import fetch, store
from offkit.online.wheels.download import Come
from offkit.online.wheels.fetch import Fetched, Stored
from offkit.online.wheels.kept import Kept


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
    smoke: Path | None = None  # with this check of the user's
    offline: bool = False  # no index may be asked
    carry: tuple[str, ...] = ()  # projects that are carried as sources, and compiled on the server


class Planned(NamedTuple):
    """Everything that would go into the bundle, known before a wheel is downloaded."""

    lock: Lock
    pip: LockedWheel  # runs on the target's Python and does the installing there
    runtime: tuple[LockedWheel, ...]
    own: tuple[collection.Wheel, ...] = ()  # made here, and added to the lock by bundle()
    came: tuple[Come, ...] = ()  # downloaded already, for their metadata
    sources: tuple[Carried, ...] = ()  # of the lock, whose wheels for these are stand-ins


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


def default_requirements() -> tuple[str, ...]:
    """What a bundle holds when nothing is asked for."""
    lines = (line.split("#")[0].strip() for line in data.read_text("wheelhouse/requirements.in").splitlines())
    return tuple(line for line in lines if line)


def plan(order: Order, reporter: Reporter) -> Planned:
    """Resolve only, where there is something to resolve. Raises what ``Session.lock`` raises; offline,
    EnvironmentProblem with all that is missing."""
    reporter.step(f"resolving for {order.target.describe()}")
    own_pip = provision.own_pins("pip")
    # It runs on every Python from 3.6 on, so it is locked for the oldest.
    oldest = target.preset(releases.known(), "3.6")
    args = order.request.index_args
    if order.offline and "--no-index" not in args:
        beside = ((own_pip, order.target), (provision.own_pins("runtime"), oldest))
        standing.require(order.request, order.target, order.cache, beside)
    kept = Kept(order.cache)
    taken = carrying.carry(order.carry, order.request, order.target, order.cache, reporter, Session)
    request = carrying.offered(taken, order.request, order.cache)
    with Session(order.target, request.index_args, reporter, kept, order.offline) as session:
        lock = session.lock(request)
        carrying.needed(taken, lock)
        pip = provision.in_lock(lock, "pip") or provision.pip(session, own_pip, order.cache)
    if pip is None:
        raise OffkitError(f"no pip supports CPython {order.target.python}")
    own = (control_node.own_wheel(lock.wheels),) if order.control_node else ()
    with Session(oldest, args, reporter, kept, order.offline) as session:
        tools = _runtime(session)
    return Planned(lock, pip, tools, own, tuple(kept.came), tuple(taken))


def bundle(order: Order, reporter: Reporter) -> Bundled:
    """The whole journey on this side of the gap."""
    rpms.look(order.isos, order.target)
    where = order.target
    if not releases.of(where.el, where.name).name:
        reporter.warn(f"offkit knows nothing of {where.name}: names of its packages, its keys and its discs")
    stage = rehearsal.stage(order.target) if order.rehearse else None
    planned = plan(order, reporter)
    lock, pip = planned.lock, planned.pip
    with Session(order.target, order.request.index_args, reporter, offline=order.offline) as session:
        wanted = [*carrying.wheels(planned.sources, lock), *([pip] if pip not in lock.wheels else [])]
        reporter.step(f"fetching {words.several(len(wanted), 'wheel')}")
        fetched = _fetch(wanted, session, order.cache, reporter)
        tools = _fetch(planned.runtime, session, order.cache, reporter)
        compiled = [_compiled(one, session, order.cache, reporter) for one in planned.sources]
    before = {one.path: one.size for one in planned.came}
    came = len(before) + fetched.downloaded + tools.downloaded
    early = [one for one in (*fetched.files, *tools.files) if one.path in before]
    stored = {one.wheel.filename: one for one in fetched.files}
    options = {**carried.to_options(order.pythons.carried), **built.to_options(lock.built)}
    if order.control_node:
        options.update(control_node.options(lock.wheels))
    own = tuple(_kept(one, order.cache) for one in planned.own)
    wheels = (*(stored[wheel.filename] for wheel in carrying.wheels(planned.sources, lock)), *own)
    known = {one.wheel.filename: one.wheel for one in wheels}  # now with every hash known
    known.update({one.stand_in.filename: one.stand_in for one in planned.sources})
    locked = (known.get(wheel.filename, wheel) for wheel in lock.wheels)
    lock = lock._replace(wheels=(*locked, *(one.wheel for one in own)))
    told_of = [compiling.described(one, order.target, bool(order.pythons.carried)) for one in compiled]
    options.update(compiling.options(told_of))
    paths = [one.path for one in dict.fromkeys((*wheels, stored[pip.filename]))]
    reporter.step("reading what the wheels need from the server")
    survey = forecast.survey(paths, order.target, order.cache)
    told = _clashes(order, carrying.offered(planned.sources, order.request, order.cache), lock, survey)
    told += compiling.findings(compiled, told_of)
    newer = grammar.findings(paths, order.target, order.cache)
    if newer is None:
        reporter.note(f"syntax not checked: no Python here knows that of {order.target.python_minor}")
    if order.isos:
        reporter.step(f"taking RPMs from {', '.join(iso.name for iso in order.isos)}")
    shipped = releases.of(order.target.el, order.target.name).pythons.get(order.target.python_minor)
    # What the bundle has a Python of its own for needs no packages.
    python = () if order.pythons.carried or shipped is None else shipped.payload
    chosen = rpms.choose(order.isos, survey.checklist, order.target, python)
    marked = (one._replace(in_bundle=one.soname in chosen.sonames) for one in survey.checklist.libraries)
    libraries = Checklist(tuple(marked))
    closed = by_reading.closure(lock, order.cache)
    read = [closed.proof, by_reading.forecast([*survey.findings, *chosen.findings], libraries)]
    if newer is not None:
        read.append(by_reading.syntax(newer, order.target.python_minor))
    reporter.step(f"packing {order.out}")
    pyz = runtime.build([one.path for one in tools.files], order.cache)
    text = carrying.as_sources(planned.sources, lock).text()
    members = _members(order, text, paths, libraries, pyz, chosen)
    members += compiling.members(compiled, told_of)

    def packed_as(options: dict[str, Any]) -> Packed:
        size = survey.installed_size
        return pack(order.out, members, order.target, options, size, reporter, bootstrap.seal)

    packed = packed_as({**options, **proof.to_options(read)})
    rehearsed = rehearsal.Rehearsed((), ())
    if stage is not None:
        resolve = partial(_resolved, order.target, planned.sources)
        unable = compiling.unable(compiled)
        rehearsed = (
            rehearsal.untried(stage, unable)
            if unable
            else rehearsal.rehearse(order.out, lock, resolve, libraries, stage, order.smoke, reporter)
        )
        packed = packed_as({**options, **proof.to_options([*read, *rehearsed.proofs])})
    return Bundled(
        lock._replace(wheels=tuple(one.wheel for one in wheels)),
        packed,
        libraries,
        (
            *told,
            *(newer or ()),
            *survey.findings,
            *chosen.findings,
            *closed.findings,
            *rehearsed.findings,
        ),
        wheels,
        came,
        sum(before.values()) + fetched.downloaded_size + tools.downloaded_size,
        len(fetched.files) + len(tools.files) - fetched.downloaded - tools.downloaded - len(early),
        chosen,
        (*read, *rehearsed.proofs),
        tuple(told_of),
    )


def _fetch(wheels: Sequence[LockedWheel], session: Session, cache: Path, reporter: Reporter) -> Fetched:
    """An index has to be read only for what the cache does not have."""
    here = fetch.at_hand(wheels, cache)
    return here or fetch.fetch(wheels, session.repository.session, cache, reporter)


def _clashes(order: Order, request: Request, lock: Lock, survey: forecast.Survey) -> list[Finding]:
    """The lock's findings, with what the wheels themselves show in the place of what was expected of them."""

    @functools.cache
    def holds(*constraints: str) -> bool:
        args, kept = request.index_args, Kept(order.cache)
        with Session(order.target, args, Reporter(), kept, order.offline) as session:
            return session.holds(request, *constraints)

    known = clashes.by_name(lock.wheels)
    return [
        *(found for found in lock.findings if found.code != "REQ019"),
        *clashes.overlaps(survey.shared, known),
        *clashes.of_numpy(survey.numpy_1, known, holds),
    ]


def _kept(own: collection.Wheel, cache: Path) -> Stored:
    """A wheel that was made here."""
    wheel = LockedWheel(collection.NAME, collection.VERSION, own.filename, "", own.sha256, ("the request",))
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
    with tempfile.TemporaryDirectory(prefix="offkit-runtime-") as directory:
        path = Path(directory) / "runtime.txt"
        path.write_text(data.read_text("wheelhouse/runtime.txt"), encoding="utf-8")
        return session.lock(Request((), (path,))).wheels


def _members(
    order: Order,
    text: str,
    wheels: Sequence[Path],
    libraries: Checklist,
    pyz: bytes,
    chosen: rpms.Chosen,
) -> list[Source]:
    where = order.target
    repo = repo_file.members(releases.of(where.el, where.name), layout.ISO_MOUNT)
    return [
        Source(layout.INSTALL_SH, bootstrap.script(where, pyz, order.pythons.carried, chosen.titles)),
        Source(layout.RUNTIME, pyz),
        Source(layout.REQUIREMENTS, text.encode("utf-8")),
        Source(layout.CHECKLIST, checklist.dump(libraries)),
        *(Source(path, text.encode("utf-8")) for path, text in repo.items()),
        *order.pythons.members(),
        *chosen.members,
        *(Source(layout.WHEELS + path.name, path, store.sha256(path)) for path in wheels),
    ]

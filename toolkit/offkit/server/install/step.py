"""The step of an installation that takes libraries out of RPMs: nothing of the system changes.

What is missing is known from the bundle's checklist before anything is written; once the packages
are there the doctor looks at them, and what it still misses is taken as well.
"""

import posixpath
from contextlib import ExitStack
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from offkit.edges import host, releases
from offkit.edges.tree import Tree
from offkit.media import keys
from offkit.media.answers import Answers
from offkit.media.medium import Medium
from offkit.media.supply import Supply
from offkit.model import layout, space, words
from offkit.model.checklist import Checklist
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.manifest import Manifest
from offkit.model.release import Release
from offkit.model.target import Target
from offkit.server.bundle.bundle_file import BundleFile
from offkit.server.doctor import cures as remedies
from offkit.server.doctor import libraries
from offkit.server.environment import environment
from offkit.server.environment.environment import Environment
from offkit.server.install import plan
from offkit.server.install.plan import INSIDE, Addition, Step
from offkit.server.libraries import record, vendor
from offkit.server.libraries.here import Here, Wanted, versions_asked
from offkit.server.libraries.record import Vendored
from offkit.server.libraries.reuse import reuse
from offkit.server.libraries.unpack import Unpacked, unpack
from offkit.server.prefix.generations import Generation
from offkit.server.python.interpreter import Interpreter

_ROUNDS = 5  # of looking again after libraries were added; more than one is rare
_NAMED = 4


class Prepared(NamedTuple):
    additions: Tuple[Addition, ...]
    warnings: Tuple[Finding, ...]
    outdated: Tuple[str, ...]  # generations of this bundle that are without these libraries
    complete: bool  # nothing that the bundle needs will be missing


_NOTHING = Prepared((), (), (), True)
_NONE = Unpacked((), ())


def prepare(
    bundle: BundleFile,
    needed: Checklist,
    prefix: str,
    python: Interpreter,
    existing: Sequence[Generation],
    media: Sequence[Medium],
    named: bool,
    stack: ExitStack,
) -> Prepared:
    """What this server lacks of what the bundle needs, out of the RPMs on ``media``.

    ``existing`` are the generations that are whole; ``named``: somebody named media, so what none of
    them has is an error, and else a warning; ``stack`` keeps the media open as long as the step may
    run. Raises, with nothing written: RequestError (RPM004) for what no medium has,
    IntegrityError for a medium or an RPM that is damaged, unsigned or signed by others,
    EnvironmentProblem for an RPM that cannot be unpacked here (RPM008) or want of space (ENV024).
    """
    tree = Tree("/")
    here = Here(python.path, tree)
    wanted = here.lacking(needed)
    brought = _brought(prefix, python)
    spare = _of_interpreter(python, tree) if brought else {}
    if not (wanted or spare):
        return _NOTHING
    own = [one for one in existing if plan.same_origin(one, bundle.digest, python)]
    satisfied = [one for one in own if _has(one, wanted)]
    sources = _Sources(here, existing, _release(keys.server(), bundle.manifest.target))
    if media and not satisfied:
        sources.supply = stack.enter_context(Supply(media, keys.server()))
    haul = _NONE if satisfied else sources.get({**spare, **wanted}, ())
    lost = [each for each in haul.findings if each.subject not in spare or each.subject in wanted]
    plugins = {one.soname for one in needed.libraries if one.optional}  # supplies has told of those
    lost = [each for each in lost if each.subject not in plugins]
    if lost and named:
        raise plan.unsupplied(lost)
    told = (*sources.findings, *(each._replace(severity=WARNING) for each in lost if media))
    if not haul.libraries:
        return Prepared((), told, (), bool(satisfied))
    _room(bundle.manifest, prefix, haul)
    filling = _Filling(sources, haul, brought)
    outdated = tuple(one.id for one in own if one not in satisfied)
    return Prepared((Addition(INSIDE, _step(haul, sources), filling.fill),), told, outdated, not lost)


def _release(here: keys.Server, target: Target) -> Release:
    """This server's; the one that the bundle is for where nobody knows that."""
    known = releases.of(here.el, here.name)
    return known if known.name else releases.of(target.el, target.name)


class _Sources:
    """Where libraries come from: media, and what earlier generations have from such."""

    def __init__(self, here: Here, existing: Sequence[Generation], release: Release) -> None:
        self._here, self._existing, self._release = here, existing, release
        self.supply: Optional[Supply] = None
        self.inherited: Set[str] = set()  # sonames that came from a generation

    @property
    def findings(self) -> List[Finding]:
        return self.supply.findings if self.supply is not None else []

    def get(self, wanted: Wanted, had: Sequence[str]) -> Unpacked:
        """From the media, and what those do not have from the newest generation that has it."""
        if self.supply is not None:
            found = unpack(wanted, self._here, self.supply, self._release, had)
        else:
            message = "is missing here, and no medium was given"
            fix = "run this again with --iso FILE (or --rpm-repo DIR)"
            found = Unpacked((), tuple(Finding("RPM004", ERROR, each, message, (), fix) for each in wanted))
        lost = {each.subject: wanted.get(each.subject, ()) for each in found.findings}
        reused = reuse(self._existing, lost, self._here)
        there = {each.soname for each in found.libraries}.union(had)
        fresh = [each for each in reused.libraries if each.soname not in there]
        self.inherited.update(each.soname for each in fresh)
        findings = tuple(each for each in found.findings if each.subject in reused.left)
        return Unpacked((*fresh, *found.libraries), findings)


def _brought(prefix: str, python: Interpreter) -> bool:
    """Whether offkit itself put that interpreter there: then what it lacks is offkit's to bring."""
    return python.path.startswith(posixpath.join(prefix, layout.PYTHON, ""))


def _of_interpreter(python: Interpreter, tree: Tree) -> Wanted:
    """What modules of the standard library lack that matter at all."""
    try:
        env, _ = environment.locate(tree, posixpath.dirname(posixpath.dirname(python.path)))
    except EnvironmentProblem:
        return {}
    return _lost(tree, env, True)


def _lost(tree: Tree, env: Environment, stdlib: bool) -> Wanted:
    """Libraries that the doctor misses for an environment; with ``stdlib`` also for Python's own modules."""
    looked = libraries.inspect(tree, env, remedies.read(tree, Answers()))
    told = {each.subject for each in looked.findings if each.code == "LIB001" and each.severity != INFO}
    missing = [each for each in looked.resolutions if not each.found and each.name in told]
    if not stdlib:
        missing = [each for each in missing if not each.needed_by.startswith(env.base_prefix + "/")]
    return versions_asked(tree, [each for each in missing if "/" not in each.name])


def _has(one: Generation, wanted: Iterable[str]) -> bool:
    try:
        listed = record.read(Tree("/"), one.path)
    except (OSError, ValueError):
        return not wanted
    return set(wanted) <= {entry.soname for entry in listed.entries}


def _room(manifest: Manifest, prefix: str, haul: Unpacked) -> None:
    volume = host.volume(prefix)
    needed = space.of(manifest).total + haul.size
    if volume.free_bytes < needed:
        message = "{} MB are needed, {} of them for libraries; {} has {} MB free".format(
            -(-needed // 1000000),
            -(-haul.size // 1000000),
            volume.mount_point,
            volume.free_bytes // 1000000,
        )
        fix = "free some space, or choose another place: --prefix DIR"
        found = Finding("ENV024", ERROR, prefix, message, (volume.mount_point,), fix)
        raise EnvironmentProblem("not enough space for the libraries", [found])


def _step(haul: Unpacked, sources: _Sources) -> Step:
    media = [each for each in haul.libraries if each.soname not in sources.inherited]
    parts = []
    if media:
        rpms = words.several(len({each.rpm for each in media}), "RPM")
        names = ", ".join(sorted({each.medium for each in media}))
        parts.append("unpack {} from {} on {} (no root needed)".format(_shown(media), rpms, names))
    if sources.inherited:
        reused = [each for each in haul.libraries if each.soname in sources.inherited]
        parts.append("copy {} from an earlier generation".format(_shown(reused)))
    return Step("libraries", "; ".join(parts))


def _shown(libraries: Sequence[Vendored]) -> str:
    return words.listed([each.soname for each in libraries], _NAMED)


class _Filling:
    """The libraries under way into an environment."""

    def __init__(self, sources: _Sources, haul: Unpacked, brought: bool) -> None:
        self._sources, self._first, self._brought = sources, haul, brought
        self._order: List[str] = []  # of what was put there, each after what it needs
        self._preloaded: List[str] = []
        self._tried: Set[str] = set()

    def fill(self, root: str, argv: Sequence[str]) -> None:
        """Put them there, look again, add what is missing still; what cannot be had is for the doctor
        to say. Raises what ``unpack`` and ``vendor`` raise."""
        tree = Tree("/")
        self._put(root, self._first)
        vendor.own_interpreter(root)
        for _ in range(_ROUNDS):
            env, _found = environment.locate(tree, root)
            lost = _lost(tree, env, self._brought)
            hidden = [name for name in self._order if name in lost and name not in self._preloaded]
            fresh: Dict[str, Tuple[str, ...]] = {
                name: asked
                for name, asked in lost.items()
                if name not in self._order and name not in self._tried
            }
            if hidden:
                self._preloaded += hidden
                vendor.preload(root, env.site_packages, self._preloaded)
            if fresh:
                self._tried.update(fresh)
                self._put(root, self._sources.get(fresh, self._order))
            if not (hidden or fresh):
                break

    def _put(self, root: str, haul: Unpacked) -> None:
        vendor.put(root, haul.libraries)
        self._order += [each.soname for each in haul.libraries]

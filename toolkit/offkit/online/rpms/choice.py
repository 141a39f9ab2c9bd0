"""From what a server lacks to the RPMs that bring it, as dnf would choose them there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from offkit.edges import leftovers, releases
from offkit.media import repofile
from offkit.media.medium import Medium
from offkit.media.repository import Repository
from offkit.media.rpm import BadRepodata, Package
from offkit.model.release import Release
from offkit.model.target import Target
from offkit.online.rpms import metadata, modules
from offkit.online.rpms.modules import Modules, Stream
from offkit.online.rpms.server import Filter, Server
from offkit.online.rpms.unsolved import Problem
from offkit.online.rpms.world import Solution, World, artifact

# Every server has these, whatever package gives them.
_ANYWHERE = ("/bin/sh", "/usr/bin/sh", "/sbin/ldconfig", "/usr/sbin/ldconfig")
_OWN = ("rtld(", "rpmlib(")  # of the loader, and of rpm itself
_SQLITE = ", but primary.sqlite, which libsolv does not read: make it anew with createrepo_c"
_ROUNDS = 64  # of what nothing gives: far more than any real set of repositories lacks


class Shelf(NamedTuple):
    """A repository, and the medium that it is on."""

    medium: Medium
    repository: Repository
    hotfixes: bool = False  # module_hotfixes=1
    filter: Filter = Filter()  # of its own section in a .repo file
    priority: int = repofile.PRIORITY


class File(NamedTuple):
    """One that is going to be opened."""

    shelf: Shelf
    href: str  # below the repository's base
    algorithm: str
    checksum: str


class Unreadable(Exception):
    """The metadata of a repository cannot be read."""

    def __init__(self, shelf: Shelf, error: Exception) -> None:
        super().__init__(str(error))
        self.shelf, self.error = shelf, error


class Choice(NamedTuple):
    """What came of it."""

    packages: tuple[tuple[Package, Shelf], ...] = ()
    given: frozenset[str] = frozenset()  # of what was wanted, what these packages give
    lost: dict[str, list[str]] = {}  # noqa: RUF012  # of it, what nothing gives: packages that do not count
    problems: tuple[Problem, ...] = ()  # why there is no solution
    unmet: tuple[tuple[str, str], ...] = ()  # (title, capability) that no repository has
    unknown: tuple[tuple[str, str], ...] = ()  # (title, file) that the server may have
    refused: tuple[tuple[str, str], ...] = ()  # (title, setting): excluded on the server
    locked: tuple[tuple[str, str], ...] = ()  # (title, why)
    older: tuple[tuple[str, str], ...] = ()  # (title, the newer one of the server that it replaces)
    instead: tuple[tuple[str, str], ...] = ()  # (title, one of the server that it obsoletes)
    streams: tuple[Stream, ...] = ()  # active ones, of which there are packages
    modules: Modules = Modules()
    primaries: dict[int, Path] = {}  # noqa: RUF012  # by the number of the shelf
    files: dict[str, list[str]] = {}  # noqa: RUF012  # that are required and no primary.xml has, by title
    idle: dict[str, list[str]] = {}  # noqa: RUF012  # of what is lost, the streams that have it: NAME:STREAM
    places: tuple[str, ...] = ()  # where packages lie by their metadata, if not in their own repository


class Chooser:
    """The repositories' metadata, read for one target. Use as a context manager: files lie in a scratch
    directory. Methods raise Unreadable, and what media raise."""

    def __init__(
        self,
        shelves: Sequence[Shelf],
        target: Target,
        server: Server | None,
        take: Callable[[Sequence[File]], object],
    ) -> None:
        """``take`` is told of files before they are opened, so that they can come together."""
        self._shelves, self._target, self._server, self._take = shelves, target, server, take
        self._release = releases.of(target.el, target.name)
        self._stack = ExitStack()
        self._paths: dict[tuple[int, str], Path] = {}  # unpacked metadata

    def __enter__(self) -> Chooser:
        self._folder = Path(self._stack.enter_context(leftovers.scratch()))
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def choose(self, wanted: Collection[str], welcome: Collection[str] = ()) -> Choice:
        """The packages for all of ``wanted`` (capabilities), and those called ``welcome`` that there are."""
        self._load("primary", "modules")
        found = self._chosen(wanted, welcome, True)
        server = self._server
        if server and (server.excludes or server.includes or server.locks) and (found.lost or found.problems):
            found = self._chosen(wanted, welcome, False)
        return found

    def _load(self, *kinds: str) -> None:
        """Have these files of all repositories, unpacked."""
        listed = {}
        for number, shelf in enumerate(self._shelves):
            try:
                for kind in kinds:
                    data = metadata.listed(shelf.repository, kind)
                    if data is not None and (number, kind) not in self._paths:
                        listed[number, kind] = data
                    elif data is None and kind == "primary":
                        old = metadata.listed(shelf.repository, "primary_db")
                        raise BadRepodata("repomd.xml lists no primary.xml" + (_SQLITE if old else ""))
            except (BadRepodata, OSError, ValueError) as error:
                raise Unreadable(shelf, error) from error
        self._take(
            [
                File(self._shelves[number], data.href, data.algorithm, data.checksum)
                for (number, _), data in listed.items()
            ]
        )
        for (number, kind), data in listed.items():
            try:
                path = self._folder / f"{number}-{kind}.xml"
                self._paths[number, kind] = metadata.unpacked(self._shelves[number].repository, data, path)
            except (BadRepodata, OSError, ValueError) as error:
                raise Unreadable(self._shelves[number], error) from error

    def _world(self, honour: bool) -> tuple[World, Modules, list[Stream]]:
        world = World(self._target.arch, self._target.el)
        known = Modules()
        plugin = self._server.priorities if self._server else None
        for number, shelf in enumerate(self._shelves):
            try:
                turn = shelf.priority if plugin is None else repofile.PRIORITY
                world.add(shelf.repository.title, self._paths[number, "primary"], turn)
                if (number, "modules") in self._paths:
                    text = self._paths[number, "modules"].read_text(encoding="utf-8")
                    more = modules.parse(text)
                    known = Modules(known.streams + more.streams, known.defaults + more.defaults)
            except (BadRepodata, ValueError) as error:
                raise Unreadable(shelf, error) from error
        server = self._server
        platform = server.platform if server else ""
        hotfixes = [number for number, shelf in enumerate(self._shelves) if shelf.hotfixes]
        streams = modules.active(known, server.streams if server else {}, platform)
        world.hide(*modules.rules(known, streams), hotfixes)
        filtering = any(shelf.filter != Filter() for shelf in self._shelves)
        for number, name, evr, arch, where in list(world.packages()) if filtering else ():
            own = self._shelves[where].filter
            if setting := own.hiding(name, evr, arch):
                world.exclude([number], f"is excluded by {setting} in {own.file}")
        if server and honour:
            for number, name, evr, arch, _ in list(world.packages()):
                if setting := server.excluded(name, evr, arch):
                    world.exclude([number], f"is excluded by the server's own {setting}")
                elif why := server.locked(name, evr, arch):
                    world.exclude([number], why)
        if plugin:
            self._protect(world)
        return world, known, streams

    def _protect(self, world: World) -> None:
        """As the plugin of yum 3, which goes by names: where a repository that comes before has one, other
        versions of it do not count, whatever is wanted (plugins/priorities/README of yum-utils)."""
        rows = [(number, name, self._shelves[where]) for number, name, _, _, where in world.packages()]
        first: dict[str, Shelf] = {}
        for _, name, shelf in rows:
            first[name] = min(first.get(name, shelf), shelf, key=lambda each: each.priority)
        for number, name, shelf in rows:
            if shelf.priority > first[name].priority:
                before = f"priority={first[name].priority} of {first[name].repository.title}"
                world.exclude([number], f"is hidden by {before} (yum's plugin priorities)")

    def _install(self, world: World, wanted: Collection[str]) -> None:
        """What the server has: by its probe, else what every server of its release has."""
        if self._server and self._server.packages:
            for title, provides in self._server.packages.items():
                world.has(title, provides)
            return
        absent = world.has_oldest(self._release.minimal)
        for name in sorted(absent):
            world.has_some(name)
        world.assume(each for each in world.lacking(wanted) if _minimal(each, self._release, absent))

    def _chosen(self, wanted: Collection[str], welcome: Collection[str], honour: bool) -> Choice:
        world, known, streams = self._world(honour)
        asked = [*wanted, *(name for name in welcome if any(name == one[1] for one in world.packages()))]
        self._install(world, asked)
        lacking = world.lacking(asked)
        world.assume(each for each in lacking if each.startswith(_OWN) or each in _ANYWHERE)
        lost = {each: world.left_out(each) for each in wanted if not world.known(each)}
        if lost:
            idle = {each: modules.having(known, world.owners_left_out(each)) for each in lost}
            return Choice(lost=lost, idle=idle)
        solution, unmet, files, unknown = self._solved(world, asked)
        if solution.problems:
            return Choice(problems=solution.problems)
        chosen = [(one.package, self._shelves[one.repository]) for one in solution.packages]
        titles = {one.title for one, _ in chosen}
        given = {each for one, _ in chosen for each in one.provides}
        artifacts = {
            artifact(one.name, f"{one.epoch}:{one.version}-{one.release}", one.arch) for one, _ in chosen
        }
        return Choice(
            tuple(chosen),
            frozenset(given.intersection(wanted)),
            {},
            (),
            tuple((title, each) for each, title in unmet.items() if title in titles),
            tuple((one.title, each) for one, _ in chosen for each in one.requires if each in unknown),
            *self._refused(chosen),
            solution.older,
            solution.instead,
            tuple(
                one
                for one in sorted(streams, key=lambda one: one[:4])
                if not artifacts.isdisjoint(one.artifacts)
            ),
            known,
            {number: path for (number, kind), path in self._paths.items() if kind == "primary"},
            _owned(world, files, titles),
            {},
            tuple(dict.fromkeys(one.base for one in solution.packages if one.base)),
        )

    def _refused(
        self, chosen: Sequence[tuple[Package, Shelf]]
    ) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
        """What the server's administrator keeps from it: excluded, and locked in another version."""
        if not self._server:
            return (), ()
        rows = [
            (one.title, one.name, f"{one.epoch}:{one.version}-{one.release}", one.arch) for one, _ in chosen
        ]
        excluded = [(title, self._server.excluded(*row)) for title, *row in rows]
        locked = [(title, self._server.locked(*row)) for title, *row in rows]
        return tuple(each for each in excluded if each[1]), tuple(each for each in locked if each[1])

    def _solved(
        self, world: World, asked: Sequence[str]
    ) -> tuple[Solution, dict[str, str], set[str], set[str]]:
        """The solution; what it lacks all the same, with what requires it; files that filelists.xml told of,
        and files that nothing tells of.

        filelists.xml is large: it is read only where a chosen package requires a file that primary.xml does
        not have, which until then counts as there.
        """
        unknown = {each for each in world.lacking(asked) if each.startswith("/")}
        world.assume(unknown)
        unmet: dict[str, str] = {}
        files: set[str] = set()
        solution = self._relaxed(world, asked, unmet)
        if unknown & {each for one in solution.packages for each in one.package.requires}:
            self._load("filelists")
            world.forget([*unknown, *unmet])
            for number in range(len(self._shelves)):
                if (number, "filelists") in self._paths:
                    world.add_files(number, self._paths[number, "filelists"])
            still = {each for each in world.lacking(asked) if each.startswith("/")}
            files, unknown = unknown - still, still
            world.assume(unknown)
            unmet.clear()
            solution = self._relaxed(world, asked, unmet)
        return solution, unmet, files, unknown

    @staticmethod
    def _relaxed(world: World, asked: Sequence[str], unmet: dict[str, str]) -> Solution:
        """A solution, where need be with requirements that no repository meets: without root they may not
        matter, and they are told."""
        for _ in range(_ROUNDS):
            solution = world.solve(asked)
            missing = {one.missing: one.subject for one in solution.problems if one.missing and not one.asked}
            if not solution.problems or len(missing) < len({one.missing or one for one in solution.problems}):
                break
            unmet.update(missing)
            world.assume(missing)
        return solution


def _owned(world: World, files: Collection[str], titles: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file in sorted(files):
        for title in world.owners(file) & set(titles):
            found.setdefault(title, []).append(file)
    return found


def _minimal(capability: str, release: Release, absent: Collection[str]) -> bool:
    """Whether a library is one of a package that every server has and that no repository at hand has."""
    soname, _, rest = capability.partition("(")
    if release.sonames.get(soname) not in absent:
        return False
    version = rest.partition(")")[0]
    if not version.startswith("GLIBC_") or not version[6:].replace(".", "").isdecimal():
        return True
    return tuple(map(int, version[6:].split(".")))[:2] <= release.glibc

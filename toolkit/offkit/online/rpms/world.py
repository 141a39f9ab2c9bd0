"""Every package of some repositories, and what a server has, in one pool of libsolv; and its answers.

The flags are those that libdnf gives it (libdnf/goal/Goal.cpp), without weak dependencies.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from offkit.media.repofile import PRIORITY
from offkit.media.rpm import BadRepodata, Package, foreign, is_name
from offkit.online.rpms import engine, unsolved
from offkit.online.rpms.unsolved import Problem

_NEVRA = re.compile(r"(.+)-([^-]+-[^-]+)\.([^.-]+)")
_IDLE = "is of a module's stream that is neither the default nor enabled"
_ANY = "0-0"  # the version of what is installed in one that nobody knows
_OPERATORS = {"<": "REL_LT", "=": "REL_EQ", ">": "REL_GT"}


class Chosen(NamedTuple):
    package: Package
    repository: int  # as ``World.add`` counted it
    base: str = ""  # where it lies by its metadata (xml:base), if not in its repository


class Solution(NamedTuple):
    """What to install; nothing where there are problems."""

    packages: tuple[Chosen, ...] = ()
    problems: tuple[Problem, ...] = ()
    older: tuple[tuple[str, str], ...] = ()  # (title, what newer one of the server it takes the place of)
    instead: tuple[tuple[str, str], ...] = ()  # (title, what of the server is removed since it obsoletes it)


class World:
    """Repositories come first, then what is excluded, then what is installed; then questions."""

    def __init__(self, arch: str, el: int = 0) -> None:
        """``el``: packages that say they are for another Enterprise Linux do not count."""
        self._solv = engine.solv()
        self._pool = self._solv.Pool()
        self._pool.setdisttype(self._solv.Pool.DISTTYPE_RPM)
        self._pool.setarch(arch)
        for flag in ("ADDFILEPROVIDESFILTERED", "WHATPROVIDESWITHDISABLED"):
            self._pool.set_flag(getattr(self._solv.Pool, "POOL_FLAG_" + flag), 1)
        self._arches = {arch, "noarch"}
        self._el = el
        self._repositories: list[Any] = []
        self._installed = self._pool.add_repo("@System")
        self._pool.installed = self._installed
        self._by_name: dict[str, Any] = {}  # of what is installed
        self._excluded: dict[int, str] = {}  # why
        self._assumed: dict[str, None] = {}
        self._same: dict[tuple[str, str, str], Any] | None = None  # what repositories have, by title
        self._settled = False
        self._complete = False  # libsolv has been told what counts: no package may come to it any more
        self._anywhere = self._put("", "0-0", "noarch", ())  # what gives all that is assumed

    # --- what there is

    def add(self, name: str, primary: Path, priority: int = PRIORITY) -> int:
        """A repository by its primary.xml, packed or not; the smallest ``priority`` comes first. Returns
        its number. Raises BadRepodata."""
        self._grow()
        repo = self._pool.add_repo(name)
        repo.priority = -priority  # the greatest comes first
        self._read(repo, primary, None, 0)
        self._repositories.append(repo)
        for each in repo.solvables_iter():
            if not is_name(each.name):
                raise BadRepodata(f"invalid package name {each.name[:80]!r}")
            if each.arch not in self._arches:
                self._excluded[each.id] = "is for another architecture"
            elif foreign(each.evr.rpartition("-")[2], self._el):
                self._excluded[each.id] = "is for another release"
        return len(self._repositories) - 1

    def add_files(self, number: int, filelists: Path) -> None:
        """All files of that repository, of which primary.xml has but some. Raises BadRepodata."""
        before = len(self._pool.solvables)
        self._read(self._repositories[number], filelists, "FL", self._solv.Repo.REPO_EXTEND_SOLVABLES)
        if len(self._pool.solvables) != before:  # see _grow
            raise BadRepodata(f"{filelists.name} describes packages as only primary.xml may")
        self._settled = False

    def _grow(self) -> None:
        """Before there is one more package. libsolv's bindings make their map of what counts once, as large
        as the pool is then, and later write beyond its end: into whatever of the heap lies there."""
        if self._complete:
            raise RuntimeError("packages come before the first solution")

    def _read(self, repo: Any, path: Path, language: str | None, flags: int) -> None:
        source = self._solv.xfopen(str(path))
        if not source or not repo.add_rpmmd(source, language, flags):
            raise BadRepodata(f"{path.name}: {self._pool.errstr or 'cannot be read'}")
        source.close()

    def packages(self) -> Iterator[tuple[int, str, str, str, int]]:
        """(number, name, EVR, architecture, number of its repository) of all that count."""
        for where, repo in enumerate(self._repositories):
            for each in repo.solvables_iter():
                if each.id not in self._excluded:
                    yield each.id, each.name, each.evr, each.arch, where

    def exclude(self, numbers: Iterable[int], why: str) -> None:
        """Packages that do not count, by the numbers of ``packages``. ``why`` is a predicate."""
        self._excluded.update(dict.fromkeys(numbers, why))
        self._settled = False

    def hide(
        self,
        mine: Collection[str],
        others: Collection[str],
        names: Collection[str],
        hotfixes: Collection[int] = (),
    ) -> None:
        """Modular filtering (modules.Rules); packages of the repositories ``hotfixes`` are not for it."""
        found = [
            (number, name, artifact(name, evr, arch))
            for number, name, evr, arch, where in self.packages()
            if where not in hotfixes
        ]
        left = [each for each in found if each[2] not in mine]
        self.exclude((number for number, _, title in left if title in others), _IDLE)
        named = {number for name in names for number in self.providing(name)}
        self.exclude(
            (
                number
                for number, name, title in left
                if title not in others and (name in names or number in named)
            ),
            "is hidden by a module that has a package of its name (dnf's modular filtering)",
        )

    def providing(self, capability: str) -> set[int]:
        """Numbers of the packages of repositories that count and give it."""
        return {each.id for each in self._able(self._dependency(capability)) if each.repo != self._installed}

    def owners(self, file: str) -> set[str]:
        """Titles of the packages that have it."""
        return {str(each) for each in self._able(self._pool.Dep(file))}

    def known(self, capability: str) -> bool:
        """Whether a package gives it that counts or is installed."""
        return bool(self._able(self._dependency(capability)))

    def left_out(self, capability: str) -> list[str]:
        """The packages that would give it if they counted, and why they do not."""
        return sorted({f"{each} {self._excluded[each.id]}" for each in self._left_out(capability)})

    def owners_left_out(self, capability: str) -> set[str]:
        """Those of them that are left out for their streams, as modules.yaml names them."""
        found = [each for each in self._left_out(capability) if self._excluded[each.id] == _IDLE]
        return {artifact(each.name, each.evr, each.arch) for each in found}

    def _left_out(self, capability: str) -> list[Any]:
        self._settle()
        found = self._pool.whatprovides(self._dependency(capability))
        return [each for each in found if each.id in self._excluded]

    def _able(self, dependency: Any) -> list[Any]:
        self._settle()
        return [each for each in self._pool.whatprovides(dependency) if each.id not in self._excluded]

    # --- what the server has

    def has(self, title: str, provides: Collection[str] = ()) -> None:
        """An installed package, NAME-[EPOCH:]VERSION-RELEASE.ARCH, as a probe names it. What else it says
        of itself is known where a repository has the same."""
        if self._same is None:
            self._same = {
                self._title(each): each for repo in self._repositories for each in repo.solvables_iter()
            }
        found = _NEVRA.fullmatch(title)
        if found:
            made = self._put(found[1], found[2], found[3], map(self._dependency, provides))
            if self._title(made) in self._same:
                self._alike(made, self._same[self._title(made)])

    def has_oldest(self, names: Collection[str]) -> set[str]:
        """Installed, in the oldest version that a repository has. Returns the names that none has."""
        oldest: dict[str, Any] = {}
        for number, name, *_ in self.packages():
            if name in names:
                each = self._pool.id2solvable(number)
                if name not in oldest or each.evrcmp(oldest[name]) < 0:
                    oldest[name] = each
        for name, each in oldest.items():
            made = self._put(name, each.evr, each.arch, each.lookup_deparray(self._solv.SOLVABLE_PROVIDES))
            self._alike(made, each)
        return set(names) - oldest.keys()

    def _title(self, solvable: Any) -> tuple[str, str, str]:
        return solvable.name, solvable.evr.removeprefix("0:"), solvable.arch

    def _alike(self, made: Any, other: Any) -> None:
        for add, kind in (
            (made.add_requires, self._solv.SOLVABLE_REQUIRES),
            (made.add_conflicts, self._solv.SOLVABLE_CONFLICTS),
            (made.add_obsoletes, self._solv.SOLVABLE_OBSOLETES),
        ):
            for each in other.lookup_deparray(kind):
                add(each)

    def has_some(self, name: str) -> None:
        """Installed in a version that nobody knows: any that is asked for will do."""
        at_least = self._solv.REL_GT | self._solv.REL_EQ
        self._put(name, _ANY, "noarch", [self._pool.Dep(name).Rel(at_least, self._pool.Dep("0"))])

    def assume(self, capabilities: Iterable[str]) -> None:
        """That the server has these, without a word of any metadata."""
        self._assumed.update(dict.fromkeys(capabilities))
        self._settled = False

    def forget(self, capabilities: Iterable[str]) -> None:
        """No longer to be assumed."""
        for each in capabilities:
            self._assumed.pop(each, None)
        self._settled = False

    def _put(self, name: str, evr: str, arch: str, provides: Iterable[Any]) -> Any:
        self._grow()
        made = self._installed.add_solvable()
        made.name, made.evr, made.arch = name, evr, arch
        made.add_provides(self._pool.Dep(made.name).Rel(self._solv.REL_EQ, self._pool.Dep(evr)))
        for each in provides:
            made.add_provides(each)
        self._by_name[name] = made
        self._settled = False
        return made

    def _dependency(self, text: str) -> Any:
        """``libz.so.1()(64bit)``, ``python(abi) = 3.6``, ``(a if b)``."""
        if text.startswith("("):
            return self._pool.parserpmrichdep(text) or self._pool.Dep(text)
        name, operator, evr = [*text.split(" "), "", ""][:3]
        flags = 0
        for sign in operator:
            flags |= getattr(self._solv, _OPERATORS.get(sign, ""), 0)
        dependency = self._pool.Dep(name)
        return dependency.Rel(flags, self._pool.Dep(evr)) if flags and evr else dependency

    # --- questions

    def lacking(self, wanted: Collection[str]) -> dict[str, str]:
        """What is required on any way to ``wanted`` and nothing gives: a title of what requires it."""
        found = self._required(wanted)
        return {text: requirer for text, (requirer, able) in found.items() if not able and text[0] != "("}

    def _required(self, wanted: Collection[str]) -> dict[str, tuple[str, list[Any]]]:
        """Everything that is required on the way: what requires it, and what gives it."""
        found: dict[str, tuple[str, list[Any]]] = {}
        pending = [(self._dependency(each), "") for each in wanted]
        seen, known = set(), set()
        while pending:
            dependency, requirer = pending.pop()
            if dependency.id in seen:
                continue
            seen.add(dependency.id)
            text, able = str(dependency), self._able(dependency)
            found[text] = requirer, able
            if text.startswith("("):  # each file in it
                pending += [(self._pool.Dep(each), requirer) for each in re.findall(r"/[^\s()]+", text)]
            for each in able:
                if each.id not in known and each.repo != self._installed:
                    known.add(each.id)
                    requires = each.lookup_deparray(self._solv.SOLVABLE_REQUIRES)
                    pending += [(one, str(each)) for one in requires]
        return found

    def _settle(self) -> None:
        if self._settled:
            return
        self._anywhere.unset(self._solv.SOLVABLE_PROVIDES)
        for each in self._assumed:
            self._anywhere.add_provides(self._dependency(each))
        self._pool.addfileprovides()
        self._pool.createwhatprovides()
        self._settled = True

    def _share_files(self, wanted: Collection[str]) -> None:
        """What is installed has the files that another version of it has: no probe lists them."""
        for name, (_, able) in self._required(wanted).items():
            if not name.startswith("/"):
                continue
            for owner in {each.name for each in able} & self._by_name.keys() - {""}:
                self._by_name[owner].add_provides(self._pool.Dep(name))
                self._settled = False

    def solve(self, wanted: Sequence[str]) -> Solution:
        """What is to be installed so that the server has all of ``wanted``: capabilities, names, files."""
        self._share_files(wanted)
        # What is there already stays as it is; dnf would bring the latest.
        jobs = [self._job(each) for each in wanted if not self._there(each)]
        solver, problems = self._solved(jobs)
        if problems:  # dnf's allow_downgrade
            older, still = self._solved(jobs, ALLOW_DOWNGRADE=1)
            solver, problems = (solver, problems) if still else (older, [])
        if problems:
            return Solution((), tuple(unsolved.problem(self._solv, each) for each in problems))
        found = [self._chosen(each) for each in solver.transaction().newsolvables()]
        return Solution(
            tuple(sorted(found, key=lambda one: one.package.title)),
            (),
            tuple(self._older(solver)),
            tuple(self._instead(solver)),
        )

    def _older(self, solver: Any) -> Iterator[tuple[str, str]]:
        for each in solver.transaction().newsolvables():
            had = self._by_name.get(each.name)
            if had is not None and had.name and had.evr != _ANY and each.evrcmp(had) < 0:
                yield str(each), str(had)

    def _instead(self, solver: Any) -> Iterator[tuple[str, str]]:
        transaction = solver.transaction()
        for each in transaction.newsolvables():
            for had in transaction.allothersolvables(each):
                if had.name not in ("", each.name) and had.evr != _ANY:
                    yield str(each), str(had)

    def _solved(self, jobs: Sequence[Any], **more: int) -> tuple[Any, list[Any]]:
        self._settle()
        counting = [each.id for each in self._pool.solvables_iter() if each.id not in self._excluded]
        self._complete = True
        self._pool.set_considered_list(counting)
        solver = self._pool.Solver()
        for flag, value in {**_FLAGS, **more}.items():
            solver.set_flag(getattr(self._solv.Solver, "SOLVER_FLAG_" + flag), value)
        return solver, solver.solve(jobs)

    def _there(self, text: str) -> bool:
        return any(each.repo == self._installed for each in self._able(self._dependency(text)))

    def _job(self, text: str) -> Any:
        """Of packages that are called so, or that obsolete those, one; else of those that give it
        (dnf/subject.py, get_best_selector)."""
        kind, dependency = self._solv.Job, self._dependency(text)
        if text.startswith("/"):
            listed = self._pool.select(text, self._solv.Selection.SELECTION_FILELIST).solvables()
            called = [each for each in listed if each.id not in self._excluded]
        else:
            called = [each for each in self._able(dependency) if each.name == text]
        if not called:
            return self._pool.Job(kind.SOLVER_INSTALL | kind.SOLVER_SOLVABLE_PROVIDES, dependency.id)
        obsoletes = self._solv.SOLVABLE_OBSOLETES
        instead = [
            each
            for one in called
            for each in self._pool.whatmatchessolvable(obsoletes, one)
            if any(
                str(old).split(" ")[0] == text for old in each.lookup_deparray(obsoletes)
            )  # not what it gives
        ]
        either = {each.id for each in [*called, *instead] if each.id not in self._excluded}
        one_of = self._pool.towhatprovides(sorted(either))
        return self._pool.Job(kind.SOLVER_INSTALL | kind.SOLVER_SOLVABLE_ONE_OF, one_of)

    def _chosen(self, solvable: Any) -> Chosen:
        epoch, _, rest = solvable.evr.rpartition(":")
        version, _, release = rest.rpartition("-")
        checksum = solvable.lookup_checksum(self._solv.SOLVABLE_CHECKSUM)
        location = solvable.lookup_location()[0] or ""
        texts = {
            kind: tuple(map(str, solvable.lookup_deparray(kind)))
            for kind in (self._solv.SOLVABLE_PROVIDES, self._solv.SOLVABLE_REQUIRES)
        }
        package = Package(
            solvable.name,
            solvable.arch,
            epoch or "0",
            version,
            release,
            location,
            texts[self._solv.SOLVABLE_PROVIDES],
            texts[self._solv.SOLVABLE_REQUIRES],
            f"{checksum.typestr()}:{checksum.hex()}" if checksum else "",
        )
        base = solvable.lookup_str(self._solv.SOLVABLE_MEDIABASE) or ""
        return Chosen(package, self._repositories.index(solvable.repo), base)


def artifact(name: str, evr: str, arch: str) -> str:
    """A package as modules.yaml names it."""
    return f"{name}-{evr if ':' in evr else '0:' + evr}.{arch}"


_FLAGS: Mapping[str, int] = {
    "ALLOW_VENDORCHANGE": 1,
    "KEEP_ORPHANS": 1,
    "BEST_OBEY_POLICY": 1,
    "YUM_OBSOLETES": 1,
    "INSTALL_ALSO_UPDATES": 1,
    "IGNORE_RECOMMENDED": 1,
}

"""From what the loader finds and misses to findings: one for each library, whoever needs it."""

import posixpath
import re
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.elf import reach, reader
from offkit.elf.objects import MODULE, Object
from offkit.elf.reach import Copies, Weights
from offkit.elf.resolution import MISSING, Report, Resolution
from offkit.elf.search import Loader
from offkit.media import rpm
from offkit.media.answers import Wanted
from offkit.model import groups, requirement
from offkit.model.checklist import Inside
from offkit.model.finding import ERROR, INFO, WARNING, Finding, rank
from offkit.server.doctor import cures as remedies
from offkit.server.doctor import damage, distribution, versioning
from offkit.server.doctor.cures import Cure, Cures
from offkit.server.environment.environment import Environment
from offkit.server.loader import ldconf

_HASHED = re.compile(r"-[0-9a-f]{8}(\.\d+)*\.so")  # how auditwheel renames what it vendors


_ADD, _TO = ": add ", " to the requirements"  # of nowhere.csv: distributions stand between them
_NAME = re.compile(r"[A-Za-z][\w.-]*\w")


class _Miss:
    def __init__(self) -> None:
        self.severity = INFO
        self.needed_by: Dict[str, None] = {}
        self.looked: Dict[str, None] = {}
        self.other_arch = ""
        self.damage: Optional[damage.Damage] = None

    def add(self, severity: str, resolution: Resolution, harm: Optional[damage.Damage]) -> None:
        if self.damage is None or (harm is not None and harm.reason and not self.damage.reason):
            self.damage = harm
        if rank(severity) < rank(self.severity):
            self.severity = severity
        self.needed_by[resolution.needed_by] = None
        for look in resolution.looked:
            place = posixpath.normpath(look.place)
            reason = "" if look.reason in ("no such file", "no entry") else ": " + look.reason
            self.looked["{} ({}{})".format(place, look.how, reason)] = None
            if look.reason.startswith("wrong ELF class") or look.reason == "for another architecture":
                self.other_arch = self.other_arch or place


class _Kind(NamedTuple):
    """Which libraries a file can have beside it."""

    bits: int = 64
    machine: str = "x86_64"  # as elf.reader names it
    arch: Optional[Tuple[int, bool, int]] = None  # None: not known, and nothing is equal to it


class Opening(NamedTuple):
    """A file that is started or loaded for itself."""

    report: Report
    severity: str  # of what it misses
    object: Optional[Object] = None  # of the environment


class Verdict(NamedTuple):
    """What is wrong, and what cures it."""

    findings: List[Finding]
    rpms: List[str]  # to be installed
    again: List[str]  # to be installed once more: they are here, with damaged files
    cures: Dict[str, Cure]  # by soname


def _is_module(opening: Opening) -> bool:
    """Whether it is what an import loads; who loads a library may have its own ways (LD_LIBRARY_PATH)."""
    return opening.object is not None and opening.object.kind == MODULE


class Judge:
    """Judges what is opened; ``main`` is the interpreter, where it can be read."""

    def __init__(
        self,
        tree: Tree,
        env: Environment,
        cures: Cures,
        copies: Copies,
        weights: Weights,
        main: Optional[reader.Elf],
        loader: Loader,
        openings: Sequence[Opening],
    ) -> None:
        self._env, self._cures, self._copies = env, cures, copies
        self._weights, self._main, self._loader = weights, main, loader
        self._openings = openings
        self._rpms: List[str] = []
        self._again: List[str] = []
        self._answers: Dict[str, Cure] = {}
        self._tree = tree
        self._installed: Dict[str, str] = {}
        self._listed = ldconf.directories(tree)
        self._unlisted: Dict[str, List[str]] = {}  # directory → sonames that lie there

    def verdict(self) -> Verdict:
        misses: Dict[str, _Miss] = {}
        inside: Dict[str, Tuple[_Miss, Inside]] = {}
        for opening in self._openings:
            for miss in reach.missing(opening.report):
                if opening.object is not None and self._copies.moot(opening.object, miss):
                    continue
                earlier = self._copies.earlier(miss)
                copy = earlier or self._copies.unreachable(miss)
                if not copy:
                    harm = damage.find(miss, self._loader.view)
                    misses.setdefault(miss.name, _Miss()).add(opening.severity, miss, harm)
                    continue
                short = self._env.shorten(copy)
                told = inside.setdefault(
                    miss.name, (_Miss(), Inside(miss.name, (), short, bool(earlier), True))
                )
                helped = earlier and not (_is_module(opening) and not self._before(miss))
                told[0].add(WARNING if helped else opening.severity, miss, None)
                if told[1].earlier and not earlier:
                    inside[miss.name] = told[0], told[1]._replace(copy=short, earlier=False)
        certain = {name: miss for name, (miss, _) in inside.items() if miss.severity == ERROR}
        self._consult({**certain, **misses})
        found = [self._missing(name, miss) for name, miss in misses.items()]
        found += [self._inside(each, miss) for name, (miss, each) in inside.items() if name not in misses]
        found += self._directories() + self._versions()
        return Verdict(found, self._rpms, self._again, self._answers)

    def _before(self, miss: Resolution) -> bool:
        """Whether it may be there already when it is missed."""
        identities = {self._loader.view.open(path).identity for path in self._copies.all_earlier(miss)}
        return self._weights.before(identities, miss)

    def _inside(self, each: Inside, miss: _Miss) -> Finding:
        """A library of the environment itself that no path leads to."""
        who = self._shorten(miss.needed_by)
        told = each._replace(needed_by=who, optional=miss.severity != ERROR)
        cure = self._cures.line_for(each.soname)
        if each.earlier and miss.severity == ERROR and not _HASHED.search(each.soname):
            kind = self._kind(miss.needed_by)
            found = self._cures.for_soname(each.soname, kind.bits)
            cure = found.fix if found.rpms or found.again else ""
            self._take(found)
        return told.finding(tuple(miss.looked), cure)

    def _consult(self, missing: Dict[str, _Miss]) -> None:
        """Ask the repositories once, for all that is missing and all that is too old."""
        asked: Dict[str, Dict[str, None]] = {name: {} for name in missing if not _HASHED.search(name)}
        kinds = {name: self._kind(missing[name].needed_by) for name in asked}
        for report in (opening.report for opening in self._openings):
            for problem in report.versions:
                asked.setdefault(problem.name, {})[problem.version] = None
                kinds.setdefault(problem.name, self._kind((problem.needed_by,)))
            for resolution in report.resolutions:
                if resolution.name in asked and resolution.how == MISSING:
                    elf = self._loader.view.open(resolution.needed_by).elf
                    for need in elf.needs if elf is not None else ():
                        if need.file == resolution.name and not need.weak:
                            asked[need.file][need.version] = None
        self._cures.consult(
            [
                Wanted(name, tuple(versions), kinds[name].bits, kinds[name].machine)
                for name, versions in asked.items()
            ]
        )

    def _kind(self, paths: Iterable[str]) -> "_Kind":
        """Of the file that asks first: a 32-bit program beside a 64-bit Python wants 32-bit libraries."""
        elfs = [self._loader.view.open(path).elf for path in paths]
        elf = next((elf for elf in [*elfs, self._main] if elf is not None), None)
        return _Kind(elf.bits, elf.platform or "x86_64", elf.arch) if elf is not None else _Kind()

    def _who(self, paths: Iterable[str]) -> str:
        return groups.users(self._shorten(paths))

    def _shorten(self, paths: Iterable[str]) -> Tuple[str, ...]:
        """Each file once, by whatever way the loader came to it."""
        return tuple(dict.fromkeys(self._env.shorten(posixpath.normpath(path)) for path in paths))

    def _missing(self, name: str, miss: _Miss) -> Finding:
        who = self._who(miss.needed_by)
        looked = tuple(miss.looked)
        mended = self._mend(name, miss)
        if mended is not None:
            message = "{}; needed by {}".format(mended.message, who)
            code = "LIB008" if self._own(name, miss) else "LIB001"
            return Finding(code, miss.severity, name, message, looked, mended.fix)
        if self._own(name, miss):
            return self._libpython(name, looked, self._kind(miss.needed_by))
        code, message = "LIB001", "is missing; needed by " + who
        strange = self._copies.strange(name)
        if strange:
            message += "; the one in {} is another package's own".format(self._env.shorten(strange))
        kind = self._kind(miss.needed_by)
        astray = "" if "/" in name or _HASHED.search(name) else self._astray(name, kind)
        if _HASHED.search(name):
            fix = remedies.OWN
        elif astray:
            directory = posixpath.dirname(astray)
            self._unlisted.setdefault(directory, []).append(name)
            fix = ldconf.cure(directory, self._listed)
        else:
            arch = rpm.arches(kind.machine)[0] if miss.other_arch else ""
            cure = self._cures.for_soname(name, kind.bits, arch)
            fix = self._had(cure.fix)
            self._answers[name] = cure
            if miss.severity != INFO:
                self._take(cure)
            if miss.other_arch:
                code, here = "LIB004", miss.other_arch
                message = "is present only for another architecture ({}); needed by {}".format(here, who)
        return Finding(code, miss.severity, name, message, looked, fix)

    def _had(self, fix: str) -> str:
        """The cure, where it is not to add what is installed, and does not have the library."""
        why, add, names = fix.partition(_ADD)
        if add and not self._installed:
            self._installed.update(distribution.versions(self._tree, self._env.site_packages, "dist-info"))
        words = {requirement.normalize(each) for each in _NAME.findall(names.partition(_TO)[0])}
        there = sorted(words & set(self._installed)) if add else []
        if not there:
            return fix
        return (
            "{}: {} {} installed, without it: nothing, if nobody uses that part; otherwise bundle another "
            "version"
        ).format(why, " and ".join(there), "is" if len(there) == 1 else "are")

    def _take(self, cure: Cure) -> None:
        self._rpms += cure.rpms
        self._again += cure.again

    def _own(self, name: str, miss: _Miss) -> bool:
        """Whether it is the interpreter's own library."""
        return name.startswith("libpython") and self._env.interpreter in miss.needed_by

    def _mend(self, name: str, miss: _Miss) -> Optional[remedies.Mend]:
        """Where a file is to blame. A file that is gone matters only when no other may be found."""
        harm = miss.damage
        kind = self._kind(miss.needed_by)
        if harm is None or (not harm.reason and self._astray(name, kind)):
            return None
        own = [self._env.where, *self._env.site_packages]
        mended = remedies.mend(harm, name, kind.bits, self._cures, self._loader.default_dirs, own)
        if mended is not None and mended.cure is not None:
            self._answers[name] = mended.cure
            if miss.severity != INFO:
                self._take(mended.cure)
        return mended

    def _astray(self, name: str, kind: _Kind) -> str:
        """Where a library lies that the loader would take, did it look there."""
        tops = [self._env.base_prefix or "/usr/local", "/usr/local"]
        if self._env.interpreter:
            tops.append(posixpath.dirname(posixpath.dirname(self._env.interpreter)))
        usual = [posixpath.join(top, lib) for top in tops for lib in ("lib", "lib64")]
        for directory in self._listed + usual:
            path = posixpath.join(directory, name)
            elf = self._loader.view.open(path).elf
            if elf is not None and elf.arch == kind.arch:
                return path
        return ""

    def _directories(self) -> List[Finding]:
        """What the loader would find, did it look there."""
        return [
            Finding(
                "LIB010",
                WARNING,
                directory,
                "has {}, but {}".format(
                    ", ".join(names),
                    "ldconfig has not been run since"
                    if directory in self._listed
                    else "/etc/ld.so.conf does not list it",
                ),
                ("/etc/ld.so.conf", "/etc/ld.so.cache"),
                ldconf.cure(directory, self._listed),
            )
            for directory, names in self._unlisted.items()
        ]

    def _libpython(self, name: str, looked: Tuple[str, ...], kind: _Kind) -> Finding:
        """A Python built with --enable-shared whose library directory nobody told the loader."""
        astray = self._astray(name, kind)
        if astray:
            fix = ldconf.cure(posixpath.dirname(astray), self._listed)
        else:
            fix = (
                "find / -name '{}'; add its directory to /etc/ld.so.conf.d/ and run ldconfig; "
                "if it is nowhere, install Python {}.{} again"
            ).format(name, *self._env.series)
        return Finding("LIB008", ERROR, name, "the interpreter does not find its own library", looked, fix)

    def _versions(self) -> List[Finding]:
        """One finding for each library that is too old, as severe as for the one that it hurts most."""
        wanted: Dict[str, Dict[str, List[str]]] = {}
        paths: Dict[str, Tuple[str, Tuple[str, ...]]] = {}
        severities: Dict[str, str] = {}
        for report, severity, _ in self._openings:
            for problem in report.versions:
                users = wanted.setdefault(problem.name, {}).setdefault(problem.version, [])
                if problem.needed_by not in users:
                    users.append(problem.needed_by)
                paths.setdefault(problem.name, (problem.path, problem.defined))
                severities[problem.name] = min(severities.get(problem.name, severity), severity, key=rank)
        found = []
        for name, versions in wanted.items():
            path, defined = paths[name]
            needs = ", ".join(sorted(versions, key=reader.version_key))
            users = list({user: None for names in versions.values() for user in names})
            message = "{} is too old: {} needed by {}{}".format(
                path, needs, self._who(users), versioning.newest(defined, versions)
            )
            cure = self._cures.newer(name)
            if cure.rpms or cure.again:
                self._answers[name] = cure
                self._take(cure)
            fix = cure.fix or self._cure_version(name)
            found.append(Finding("LIB002", severities[name], name, message, (path,), fix))
        return found

    def _cure_version(self, name: str) -> str:
        if self._cures.own and self._cures.release.name:
            target = self._cures.release.name
            return (
                "the package was built for a newer system: bundle again with --target {0}, "
                "which chooses a version that runs on {0}".format(target)
            )
        return "the package was built for a newer system: use a version built for this one"

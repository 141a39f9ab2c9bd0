"""What to do about a finding on this server: RPM names and the yum line that installs them."""

from types import MappingProxyType
from typing import Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from offkit.edges import data, releases
from offkit.edges.host import os_release
from offkit.edges.tree import Tree
from offkit.elf.resolution import CACHE, LIBRARY_PATH
from offkit.media import rpm
from offkit.media.answers import Answer, Answers, Installed, Wanted, describe
from offkit.media.rpm import Package
from offkit.model import packages
from offkit.model.release import Release
from offkit.server.doctor.damage import Damage
from offkit.server.system import yum

_EXACT = (
    "this exact path is needed, even if the library is elsewhere: put it there, "
    "or use a build that needs it by its name alone"
)
_BITS = "it is wanted by a 32-bit file: take the 64-bit build of that package, for a 64-bit Python"
_ALONE = "'sh install.sh bundle.tar --iso FILE --no-root' unpacks an older one for an installation alone"
OWN = "it belongs to the package itself: install that package again"  # no RPM cures it
TABLE = "table"  # the source of an answer that no repository gave


class Cure(NamedTuple):
    rpms: Tuple[str, ...]  # names as yum takes them; () when there is none
    fix: str
    source: str  # where the answer is from: places of repositories, TABLE, or "" for no answer
    again: Tuple[str, ...] = ()  # the same, of what is installed with files that are gone


Against = Callable[[Sequence[str], Sequence[str]], List[str]]


class Mend(NamedTuple):
    message: str
    fix: str
    cure: Optional[Cure] = None  # where the answer was asked for


class Cures(NamedTuple):
    el: int  # 0: no Enterprise Linux
    system: str  # for people
    release: Release  # of what nobody knows the oldest: the bundle was most probably made for that
    modules: List[packages.ModuleRow]
    catalog: Answers
    # Local repositories that are enabled here: directory → identity, perhaps with an option of yum's.
    theirs: Mapping[str, Tuple[str, ...]]
    configured: bool = True  # whether there are offkit-* repositories, which yum can be told to enable
    yum: str = "yum"  # what it is called here
    against: Against = lambda rpms, enabled: []  # options that a command for these packages needs besides

    @property
    def own(self) -> bool:
        """Whether the release is this server's, so that yum is its tool."""
        return bool(self.el) or not self.release.el

    def install(self, rpms: Iterable[str], again: Iterable[str] = ()) -> str:
        """One line for the shell; where yum is not the tool, it says for which system it is.

        ``again`` are installed, with files that are damaged: to yum they need nothing else.
        """
        names, damaged = tuple(rpms), tuple(again)
        enabled = self.enabled((*names, *damaged))
        enabled += tuple(self.against((*names, *damaged), enabled))
        steps = ((yum.INSTALL, names), (yum.REINSTALL, damaged))
        line = " && ".join(yum.typed(verb, words, enabled, self.yum) for verb, words in steps if words)
        return line if self.own else "on {}: {}".format(self.release.name, line)

    def enabled(self, rpms: Sequence[str]) -> Tuple[str, ...]:
        """The repositories that a command for these packages enables: the server's own local ones, and
        offkit's for what those do not have."""
        if not (self.theirs and rpms):  # nothing is read for no package
            return yum.OWN
        self.catalog.has_packages(())  # they are read
        read = {place: words for place, words in self.theirs.items() if place in self.catalog.read}
        there = {name for place in read for name in self.catalog.names.get(place, ())}
        names = [*map(rpm.bare, rpms)]
        other = {one.name for one, place in self.catalog.chosen(names) if place not in read}
        lacking = [
            name for name in rpms if rpm.bare(name) in other or not (name in there or rpm.bare(name) in there)
        ]
        if len(lacking) == len(rpms):
            return yum.OWN
        hidden = {place for _, place in self.catalog.undescribed(names)}
        options = {
            place: "--setopt={}.module_hotfixes=1".format(read[place][0]) for place in hidden & set(read)
        }
        words = dict.fromkeys(
            word for place, each in read.items() for word in (*each, options.get(place, "")) if word
        )
        passed = [row for row in self.catalog.passed_over(names) if lacking or row[2] in read]
        first = dict.fromkeys(self.catalog.ranks[place].option for _, place, _ in passed)
        return (*words, *(yum.OWN if lacking else ()), *first)

    def consult(self, wanted: Sequence[Wanted]) -> None:
        """Ask the repositories about all that is missing at once, so that few packages answer it."""
        wanted = [each for each in wanted if "/" not in each.soname]
        if wanted:
            self.catalog.ask(wanted, releases.known().packages)
            listed = (self.release.sonames.get(each.soname) for each in wanted)
            self.catalog.installed({name for name in listed if name})

    def for_soname(self, soname: str, bits: int, arch: str = "", damaged: bool = False) -> Cure:
        """By the repositories where they were consulted, else by the table.

        ``arch`` is asked for by name where a package of another one is installed: to dnf
        "install libSM" is done as soon as libSM.i686 is there. ``damaged``: its file is there, or was, so its
        package is installed as far as nobody knows otherwise.
        """
        if "/" in soname:
            return Cure((), _EXACT, "")
        table = self.release.sonames.get(soname) or ""
        nowhere = "" if table else self.release.elsewhere.get(soname) or releases.on_no_disc(soname)
        answer = self.catalog.answers.get(soname)
        if answer is not None and (answer.packages or (self.catalog.decisive and not nowhere)):
            return self._by_repositories(soname, bits, answer, table, arch, damaged)
        if nowhere:
            return Cure((), nowhere, TABLE)
        if bits != 64:  # of which the table says nothing
            return Cure((), _BITS, TABLE)
        if table:
            return self._by_table(soname, table, arch, damaged)
        if soname in self.release.sonames:
            fix = "no package of {0} has it: use a build made for {0}".format(self.release.name)
            return Cure((), fix, TABLE)
        ask = "run this again with --iso FILE (or --rpm-repo DIR), which is asked for the package that has it"
        if not self.configured:
            return Cure((), ask, "")
        ask = "find the package that has it on the ISO: {} '{}'".format(
            yum.typed("provides", (), called=self.yum), rpm.capability(soname, "", bits)
        )
        return Cure((), ask, "")

    def line_for(self, soname: str) -> str:
        """The line that installs it by the table, or ""."""
        name = self.release.sonames.get(soname)
        return self.install([name]) if name else ""

    def _by_repositories(
        self, soname: str, bits: int, answer: Answer, table: str, arch: str = "", damaged: bool = False
    ) -> Cure:
        if not answer.packages:
            fix = "no package has it on {}".format(", ".join(self.catalog.read))
            if table:
                fix += "; {} has it in {}, which is on a fuller ISO (Everything, DVD)".format(
                    self.release.name, table
                )
            else:
                fix += ": use a build of the package that does not need it"
            return Cure((), fix, ", ".join(self.catalog.read))
        places = ", ".join(dict.fromkeys(answer.places))
        if answer.held:
            wanted = rpm.capability(soname, "", bits)
            return Cure((), "; ".join(_held(wanted, *each) for each in answer.held), places)
        steps: Dict[bool, List[str]] = {False: [], True: []}
        for package, has in zip(answer.packages, answer.installed or [None] * len(answer.packages)):
            again = has.evr == package.evr if has is not None else damaged
            plain = bits == 64 and not arch and not self._half(package.name)
            steps[again].append(package.name if plain else "{}.{}".format(package.name, package.arch))
        fix = "{}\nby repodata: {}".format(self.install(steps[False], steps[True]), describe(answer))
        if steps[True] and not damaged:
            fix += "; it is installed, and its file is gone"
        if answer.lacking:
            fix += "\nbut none has version {}".format(", ".join(answer.lacking))
        return Cure(tuple(steps[False]), fix, places, tuple(steps[True]))

    def _by_table(self, soname: str, table: str, arch: str, damaged: bool) -> Cure:
        there = self.catalog.installed({table}).items()
        known = [one for (_, of), one in there if of not in rpm.arches("i386")]
        has = any(rpm.capability(soname) in one.provides for one in known)
        if known and not has:
            fix = "{} is installed and does not have it; {}".format(known[0].title, _ALONE)
            return Cure((), fix, TABLE)
        arch = arch or ("x86_64" if self._half(table) else "")
        name = "{}.{}".format(table, arch) if arch else table
        steps = ((), (name,)) if has or damaged else ((name,), ())
        fix = "{}\n{}".format(self.install(*steps), self._told(table))
        if has and not damaged:
            fix += "; it is installed, and its file is gone"
        return Cure(steps[0], fix, TABLE, steps[1])

    def _half(self, name: str) -> bool:
        """Whether only the package of 32 bit is installed, with which yum is content unless it is told."""
        there = {arch for one, arch in self.catalog.installed({name}) if one == name}
        return bool(there) and there.issubset(rpm.arches("i386"))

    def _told(self, name: str) -> str:
        read = ", ".join(self.catalog.read)
        why = "no repository was read, so whether the ISO has it and all it requires is not known"
        if read:
            why = "it is not on {}".format(read)
        return "by offkit's table: {} on {}; {} (--iso FILE reads yours)".format(name, self.release.name, why)

    def doubt(self, rpms: Sequence[str]) -> str:
        """What is not known of the command that installs them: a sentence, or "" where repositories have
        them all."""
        lacking = self.catalog.has_packages([*map(rpm.bare, rpms)]) if rpms else ()
        read = ", ".join(self.catalog.read)
        if not rpms or (read and not lacking):
            return ""
        why = "no repository was read, so whether the ISO has them and all they require is not known"
        if read:
            why = "{} {} not on {}".format(", ".join(lacking), "is" if len(lacking) == 1 else "are", read)
        table = "these packages are by offkit's table of {}; {} (--iso FILE reads yours)"
        return table.format(self.release.name, why)

    def newer(self, soname: str) -> Cure:
        """Packages that bring the symbol versions a library here lacks; no RPMs when there are none."""
        answer = self.catalog.answers.get(soname)
        if answer is None or not answer.packages or answer.lacking:
            return Cure((), "", "")
        return self._by_repositories(soname, 64, answer, "")

    def absent(self, names: Sequence[str]) -> str:
        """A sentence about packages that the repositories at hand do not have, or ""."""
        lacking = self.catalog.has_packages(names)
        if not lacking:
            return ""
        where = ", ".join(self.catalog.read)
        sentence = "{} not on {}".format(" ".join(lacking) + (" is" if len(lacking) == 1 else " are"), where)
        if self.release.devel_repository:
            sentence += " ({} keeps some -devel packages in {})".format(
                self.release.name, self.release.devel_repository
            )
        return sentence


def read(
    tree: Tree,
    catalog: Answers,
    theirs: Mapping[str, Tuple[str, ...]] = MappingProxyType({}),
    configured: bool = True,
    against: Against = lambda rpms, enabled: [],
) -> Cures:
    """For the server below ``tree``, by its os-release(5). ``against`` says what a command needs that
    installs these packages from the repositories of these patterns (system.withheld)."""
    facts = os_release(tree)
    known = releases.known()
    el = known.el_major(facts)
    return Cures(
        el,
        facts.get("PRETTY_NAME") or facts.get("NAME") or "an unknown system",
        known.all[0] if not known.name_of(facts) else known.told(facts),
        packages.parse_modules(data.read_text(packages.MODULES)),
        catalog,
        theirs,
        configured,
        yum.program(tree),
        against,
    )


def _held(capability: str, one: Package, has: Installed, place: str) -> str:
    """Of a package that the server has in a newer version: to install it yum would do nothing."""
    if capability in has.provides:
        return "{} is installed, and its file is gone: yum needs that very RPM, and {} has {}".format(
            has.title, place, one.title
        )
    return "{} is installed and does not have it, and yum does not go back to {} on {}; {}".format(
        has.title, one.title, place, _ALONE
    )


def union(rpms: Iterable[str]) -> Tuple[str, ...]:
    """Each package once, in order: libSM.x86_64 is more than libSM."""
    names = set(rpms)
    named = {rpm.bare(name) for name in names if name != rpm.bare(name)}
    return tuple(sorted(names - named))


def combined(cures: Cures, rpms: Iterable[str], again: Iterable[str] = ()) -> str:
    """Everything in one go, or "" when nothing has to be installed."""
    names, damaged = union(rpms), union(again)
    return cures.install(names, damaged) if names or damaged else ""


def mend(
    damage: Damage, name: str, bits: int, cures: Cures, system: Sequence[str], own: Sequence[str] = ()
) -> Optional[Mend]:
    """What to say and to do. None for a file that is gone from where no RPM puts one: something else
    may give the library.

    ``system`` are the loader's default directories, ``own`` those of the environment.
    """
    path = damage.path
    if not damage.reason and not _below(path, system):
        return None
    message = "ld.so.cache lists {}, which is missing".format(path)
    if damage.reason:
        message = "{} is damaged ({}), and the loader stops there".format(path, damage.reason)
    if damage.how == LIBRARY_PATH:
        return Mend("by LD_LIBRARY_PATH: " + message, "unset LD_LIBRARY_PATH, or remove {}".format(path))
    if _below(path, own):
        return Mend(message, OWN)
    if not _below(path, system):
        tail = ", then ldconfig" if damage.how == CACHE else ""
        return Mend(message, "replace or remove {}{}".format(path, tail))
    cure = cures.for_soname(name, bits, damaged=True)
    answer = cures.catalog.answers.get(name)
    known = cure.rpms or cure.again or (answer is not None and answer.held)
    fix = cure.fix if known else "'rpm -qf {}' shows its package: reinstall that with yum".format(path)
    return Mend(message, fix, cure)


def _below(path: str, directories: Sequence[str]) -> bool:
    return any(path.startswith(directory.rstrip("/") + "/") for directory in directories)

"""What repositories say about libraries that are missing, as values."""

from typing import (
    Callable,
    Collection,
    Dict,
    FrozenSet,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from offkit.media import rpm
from offkit.media.rpm import Package
from offkit.model.finding import Finding

_SHOWN = 3


class Wanted(NamedTuple):
    """A library that is missing, or present without some versions."""

    soname: str
    versions: Tuple[str, ...]  # symbol versions that are asked of it
    bits: int
    machine: str  # as elf.reader names it

    @property
    def capabilities(self) -> List[str]:
        return [rpm.capability(self.soname, version, self.bits) for version in ("", *self.versions)]


class Installed(NamedTuple):
    """A package that the server has."""

    title: str
    evr: Tuple[str, str, str]
    provides: FrozenSet[str] = frozenset()


def is_held(one: Package, known: Optional[Installed]) -> bool:
    """Whether the server has a newer one, so that yum would leave it at that."""
    return known is not None and rpm.compare_evr(one.evr, known.evr) < 0


class Answer(NamedTuple):
    """``packages`` together give the library; () when no repository has it."""

    packages: Tuple[Package, ...]
    places: Tuple[str, ...]  # of the packages, in their order
    lacking: Tuple[str, ...]  # versions that no package gives
    installed: Tuple[Optional[Installed], ...] = ()  # of the packages, in their order, what the server has

    @property
    def held(self) -> List[Tuple[Package, Installed, str]]:
        """Those that the server has in a newer version, with their places."""
        rows = zip(self.packages, self.installed, self.places)
        return [(one, has, place) for one, has, place in rows if has is not None and is_held(one, has)]


class Rank(NamedTuple):
    """What an administrator says of a repository's turn."""

    priority: int  # the smallest comes first
    id: str
    option: str  # of yum's: it comes before all others


def describe(answer: Answer) -> str:
    """``libSM-1.2.2-2.el7.x86_64 on /mnt/c7``"""
    parts = [
        "{} on {}".format(package.title, place) for package, place in zip(answer.packages, answer.places)
    ]
    return ", ".join(parts[:_SHOWN])


# Which of the packages with these names the server has, by name and architecture.
Asked = Callable[[Collection[str]], Mapping[Tuple[str, str], Installed]]


class Answers:
    """Those of no repository at all; ``media.providers.Catalog`` has those of real ones.

    All of it grows while questions are asked; ``findings`` says what could not be read.
    """

    def __init__(self) -> None:
        self.findings: List[Finding] = []
        self.read: Dict[str, int] = {}  # title of a repository → number of its packages
        self.answers: Dict[str, Answer] = {}  # by soname
        self.names: Dict[str, Set[str]] = {}  # title of a repository → what its packages are called
        self.described: Set[str] = set()  # titles of repositories that describe modules
        self.ranks: Dict[str, Rank] = {}  # by title of a repository, where priorities count
        self.decisive = True  # what these do not have, no other repository at hand has
        self.installed: Asked = lambda names: {}

    def ask(self, wanted: Sequence[Wanted], usual: Collection[str]) -> Dict[str, Answer]:
        """Answers by soname; empty when no repository could be read. ``usual`` are the names of
        packages to prefer among equals."""
        return {}

    def has_packages(self, names: Sequence[str]) -> Tuple[str, ...]:
        """Those of ``names`` that no repository has; () when there is no repository to ask."""
        return ()

    def chosen(self, names: Collection[str]) -> List[Tuple[Package, str]]:
        """Of the packages that answers have those called so, each with the title of its repository."""
        rows = [row for each in self.answers.values() for row in zip(each.packages, each.places)]
        return [(one, place) for one, place in dict.fromkeys(rows) if one.name in names]

    def before(self, name: str, place: str) -> str:
        """The repository that yum takes the package called so from, whatever version it has, and not from
        this one: its priority comes first. "" where there is none."""
        there = [each for each in self.ranks if name in self.names.get(each, ())]
        first = min(there, key=lambda each: self.ranks[each].priority, default="")
        mine = self.ranks.get(place)
        return first if mine and first and self.ranks[first].priority < mine.priority else ""

    def passed_over(self, names: Collection[str]) -> List[Tuple[Package, str, str]]:
        """Those that yum takes from another repository, where they do not have all that is wanted: each with
        its own repository and that one."""
        found = [(one, place, self.before(one.name, place)) for one, place in self.chosen(names)]
        return [row for row in found if row[2]]

    def undescribed(self, names: Collection[str]) -> List[Tuple[Package, str]]:
        """Those of modules that their repository does not describe: dnf hides them."""
        found = self.chosen(names)
        return [row for row in found if ".module" in row[0].release and row[1] not in self.described]

    def unmet(self, lacks: Callable[[str], bool]) -> List[Tuple[Package, str]]:
        """Libraries that the chosen packages require, or those that bring these in turn, and no repository
        has: (package, capability). ``lacks`` says whether the server is without that capability."""
        return []

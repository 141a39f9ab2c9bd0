"""What of repo-config/needs.json is missing for a set of packages, and what to say of it.

Pure: whether something is there is asked of who knows.
"""

from typing import Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from offkit.model import requirement
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.release import Release
from offkit.model.things import (
    CPU,
    DRIVER,
    FILE,
    LIBRARY,
    MODULE,
    PROGRAM,
    TKINTER,
    VERSION,
    Need,
    Table,
    Thing,
)
from offkit.model.words import listed

CODES = {
    LIBRARY: "NEED001",
    PROGRAM: "NEED002",
    FILE: "NEED003",
    MODULE: "NEED004",
    VERSION: "NEED005",
    CPU: "NEED006",
    DRIVER: "NEED007",
}
_LACKS = {
    LIBRARY: "is not found",
    PROGRAM: "is not on PATH",
    FILE: "is not there",
    MODULE: "is a module that this Python does not have",
    CPU: "are instructions that this processor lacks",
    DRIVER: "is not found",
}
# How fixes begin: before the gap, of what can be installed beyond it; of what the bundle has.
ON_SERVER, BROUGHT = "on the server: yum install ", "nothing: "
_BEFORE = "\nor have it carried: --iso FILE or --rpm-repo URL"
_NAMED = 3
_FROM_WHEELS = "use another version of the package, or another build of it"


class Answer(NamedTuple):
    """What is known of a thing on a server."""

    there: Optional[bool]  # None: nobody can tell
    has: str = ""  # instead, where that is a version
    looked: Tuple[str, ...] = ()
    why: str = ""  # what is known of it, where nobody has looked


Ask = Callable[[Thing], Answer]


class Lack(NamedTuple):
    """A thing that is not there, or of which nobody knows; and who wants it."""

    thing: Thing
    needs: Tuple[Need, ...]
    answer: Answer
    packages: Mapping[str, str]  # name → version

    def rpm(self, release: Release, series: str) -> str:
        return rpm_of(self.thing, release, series)

    @property
    def fatal(self) -> bool:
        return any(not each.use for each in self.needs)

    @property
    def severity(self) -> str:
        if self.minor or self.answer.there is None:
            return INFO
        return ERROR if self.fatal else WARNING

    @property
    def minor(self) -> bool:
        """Whether only what few use is lost without it."""
        return all(each.minor for each in self.needs)

    @property
    def message(self) -> str:
        return "; ".join((self._state(), *self._users()))

    def _state(self) -> str:
        if self.thing.kind == VERSION:
            oldest = "{} or newer is needed".format(self.thing.names[1])
            return "{}; {}".format("is " + self.answer.has, oldest) if self.answer.has else oldest
        if self.answer.there is None:
            return "is needed at run time"
        return self.answer.why or _LACKS[self.thing.kind]

    def _users(self) -> List[str]:
        said = []
        fatal = [
            "{} {}".format(each.package, self.packages[each.package]) for each in self.needs if not each.use
        ]
        if fatal:
            said.append("without it {} cannot be imported".format(listed(fatal, _NAMED)))
        uses: Dict[str, List[str]] = {}
        for each in self.needs:
            if each.use:
                uses.setdefault(each.use, []).append(each.package)
        return said + ["{} for {}".format(_want(names), use) for use, names in uses.items()]

    @property
    def cure(self) -> str:
        """What to do where no RPM helps."""
        cures = list(dict.fromkeys(each.cure for each in self.needs if each.cure))
        if self.thing.kind == VERSION:
            own = "a Python that has its own (offkit bundle --python-build)"
            return "bundle again with " + ", or with ".join(["'{}'".format(each) for each in cures] + [own])
        if self.thing.kind == CPU:
            return "bundle again with '{}'".format("', '".join(cures)) if cures else _FROM_WHEELS
        if self.thing.names == TKINTER:
            return "install tk-devel and tcl-devel, then build Python again (make altinstall)"
        return ""

    def finding(self, severity: str, fix: str) -> Finding:
        looked = self.answer.looked
        return Finding(CODES[self.thing.kind], severity, self.thing.subject, self.message, looked, fix)


def to_install(name: str) -> str:
    """The fix before the gap."""
    return ON_SERVER + name + _BEFORE


def is_aside(finding: Finding) -> bool:
    """Whether few use what it is about, nobody knows whether it is there, or the bundle has it."""
    return finding.severity == INFO and finding.code in CODES.values() and finding.code != CODES[DRIVER]


def _want(names: List[str]) -> str:
    return listed(names, _NAMED) + (" needs it" if len(names) == 1 else " need it")


def lacking(table: Table, packages: Mapping[str, str], ask: Ask, language: str = "") -> List[Lack]:
    """What of it is not there for ``packages`` (normalised name → version), each thing once. ``language``:
    the server's, where that is known ("zh")."""
    wanted: Dict[str, List[Need]] = {}
    for need in table.needs:
        version = packages.get(need.package)
        if version is None or any(other in packages for other in need.unless):
            continue
        if _accepts(need.versions, version):
            minor = need.minor and language not in need.thing.languages
            wanted.setdefault(need.thing.name, []).append(need._replace(minor=minor))
    answers = {name: ask(table.things[name]) for name in wanted}
    return [
        Lack(table.things[name], tuple(needs), answers[name], packages)
        for name, needs in wanted.items()
        if answers[name].there is not True
    ]


def _accepts(versions: str, version: str) -> bool:
    """A version that nobody can read may be any."""
    try:
        return not versions or requirement.parse("it " + versions).accepts(version)
    except ValueError:
        return True


def rpm_of(thing: Thing, release: Release, series: str) -> str:
    """The package on that release's discs, "" for none; of libraries also by its table of sonames. That of
    tkinter is one of the release's own Python: ``series`` is that one's, "" for another."""
    if thing.names == TKINTER:
        shipped = release.pythons.get(series)
        return shipped.tkinter if shipped else ""
    own = thing.rpm(release.name)
    if own or thing.kind != LIBRARY or thing.from_elsewhere(release.name):
        return own
    return next(filter(None, map(release.sonames.get, thing.names)), "")


def rpms(lacks: Iterable[Lack], release: Release, series: str) -> Tuple[str, ...]:
    """The packages of its discs that bring what is certainly not there, and that more than a few want."""
    found = (each.rpm(release, series) for each in lacks if each.severity != INFO)
    return tuple(dict.fromkeys(filter(None, found)))

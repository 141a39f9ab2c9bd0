"""Which RPM has what is missing, asked of the repositories at hand: an ISO, a directory, or
what the server's own ``offkit-*`` repositories point to.

Nothing is read before the first question, and each repository once.
"""

from contextlib import ExitStack
from typing import Any, Callable, Collection, ContextManager, Dict, List, Sequence, Set, Tuple

from offkit.media import repository, rpm
from offkit.media.answers import Answer, Answers, Wanted, is_held
from offkit.media.repository import Repository, Unreachable, reason
from offkit.media.rpm import Package
from offkit.model.finding import ERROR, WARNING, Finding


class Catalog(Answers):
    """All repositories at hand. Use as a context manager."""

    def __init__(self) -> None:
        super().__init__()
        self._repositories: List[Repository] = []
        self._named: Set[str] = set()  # on the command line, so they have to be readable: titles
        self._asked = False
        self._stack = ExitStack()
        self._names: Set[str] = set()
        self._libraries: Set[str] = set()
        self._failed: Set[str] = set()
        self._usual: Collection[str] = ()  # of the last question
        self.judge: Callable[[Repository], List[Finding]] = lambda each: []  # of those that nobody named

    def __enter__(self) -> "Catalog":
        return self

    def __exit__(self, *exc: Any) -> None:
        self._stack.close()

    def hold(self, opened: ContextManager[Any]) -> None:
        """Have it closed with this catalog."""
        self._stack.push(opened)

    def add(self, repositories: Sequence[Repository], named: bool) -> None:
        """To be asked with those that are there; ``named`` on the command line, they have to be readable."""
        self._repositories += repositories
        if named:
            self._named.update(each.title for each in repositories)

    def failed(self, place: str) -> bool:
        """Whether a question found the metadata there unreadable, and a finding says so."""
        return place in self._failed

    def probe(self) -> None:
        """Read what was named on the command line, where no question did: damage is told also then."""
        if not self._asked and self._named:
            self._ask(())

    def has_packages(self, names: Sequence[str]) -> Tuple[str, ...]:
        if not self._asked:
            self._ask(())
        if not self.read:
            return ()
        return tuple(name for name in names if name not in self._names)

    def ask(self, wanted: Sequence[Wanted], usual: Collection[str]) -> Dict[str, Answer]:
        self._usual = usual
        found = self._ask([name for each in wanted for name in each.capabilities])
        if not self.read:
            return {}
        for bits, machine in sorted({(each.bits, each.machine) for each in wanted}):
            own = [each for each in wanted if (each.bits, each.machine) == (bits, machine)]
            capabilities = {name for each in own for name in each.capabilities}
            able = [package for package, _ in found]
            there = self.installed({package.name for package in able}) if able else {}
            held = {one for one in able if is_held(one, there.get((one.name, one.arch)))}
            near = [row for row in found if not self.before(row[0].name, row[1].title)]
            first = [package for package, _ in near]
            chosen = rpm.choose(first, capabilities, rpm.arches(machine), usual, held)
            lacking = capabilities - _given(chosen)
            far = [one for one in able if one not in first and not lacking.isdisjoint(one.provides)]
            if far:  # what yum takes only when it is told to
                names = {one.name for one in far}
                first = [one for one in first if one.name not in names]
                chosen = rpm.choose([*first, *far], capabilities, rpm.arches(machine), usual, held)
            places = dict([*reversed(found), *reversed(near)])  # the first of equals stays
            for each in own:
                answer = _answer(each, chosen, places)
                known = tuple(there.get((one.name, one.arch)) for one in answer.packages)
                self.answers[each.soname] = answer._replace(installed=known)
        return self.answers

    def unmet(self, lacks: Callable[[str], bool]) -> List[Tuple[Package, str]]:
        answers = self.answers.values()
        packages = sorted({package for answer in answers for package in answer.packages})
        found: List[Tuple[Package, str]] = []
        seen, arches = set(packages), {package.arch for package in packages}
        while packages:
            wanted: Set[str] = set()
            for package in packages:
                for capability in sorted(filter(rpm.is_library, set(package.requires))):
                    if lacks(capability):
                        wanted.add(capability)
                        if capability not in self._libraries:
                            found.append((package, capability))
            able = [package for package, _ in self._ask(wanted)] if wanted else []
            bring = rpm.choose(able, wanted, sorted(arches), self._usual)
            packages = sorted(set(bring) - seen)
            seen.update(packages)
        return found

    def _ask(self, capabilities: Collection[str]) -> repository.Found:
        self._asked = True

        def question(each: Repository) -> List[Package]:
            found = each.ask(capabilities)
            index = each.libraries()
            if each.title not in self._named and each.title not in self.read:
                self.findings += self.judge(each)
            self.read[each.title] = index.total
            self._names |= index.names
            self.names[each.title] = index.names
            self._libraries |= index.libraries
            if any(data.kind == "modules" for data in each.files()):
                self.described.add(each.title)
            return found

        whole = [each for each in self._repositories if each.title not in self._failed]
        return repository.ask(question, whole, self._told)

    def _told(self, where: Repository, error: Exception) -> None:
        self._failed.add(where.title)
        if isinstance(error, Unreachable):
            self.findings.append(error.finding())
        else:
            self.unreadable(where.title, reason(error), where.title in self._named)

    def unreadable(self, place: str, why: str, named: bool) -> None:
        """Say so (REPO004)."""
        severity = ERROR if named else WARNING
        fix = "copy that medium again and compare its checksum; or use another: --iso FILE, --rpm-repo DIR"
        self.findings.append(Finding("REPO004", severity, place, "cannot be read: " + why, (place,), fix))


def _given(packages: Sequence[Package]) -> Set[str]:
    return {name for package in packages for name in package.provides}


def _answer(wanted: Wanted, chosen: Sequence[Package], places: Dict[Package, Repository]) -> Answer:
    base, versions = wanted.capabilities[0], wanted.capabilities[1:]
    given = _given(chosen)
    if base not in given:
        return Answer((), (), ())
    needed = set(wanted.capabilities)
    own = tuple(package for package in chosen if needed.intersection(package.provides))
    lacking = tuple(version for version, name in zip(wanted.versions, versions) if name not in given)
    return Answer(own, tuple(places[package].title for package in own), lacking)

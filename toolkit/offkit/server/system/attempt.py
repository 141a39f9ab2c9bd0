"""What yum fetches when it is told to install, what it does not, and what of this server's configuration
keeps it from that. Nothing is installed here."""

import os
from typing import Callable, Dict, Iterable, List, NamedTuple, Sequence, Tuple

from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.media import rpmfile
from offkit.media.rpmfile import BadRpm, Front
from offkit.model.errors import EnvironmentProblem, OffkitError
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.server.system import filters, locks, streams, yum
from offkit.server.system.filters import Setting
from offkit.server.system.ledger import Run

_REFUSED = ("RPM027", "ENV024")
_UNSEEN = ("RPM004", "RPM007")  # yum's failures that excludes may be behind

Steps = Sequence[Tuple[str, Sequence[str]]]  # yum's verbs with their packages


class Attempt(NamedTuple):
    done: Result  # of the last verb
    found: Dict[str, Front]  # by path
    lacking: Tuple[str, ...]

    @property
    def finished(self) -> bool:
        return _finished(self.done)

    @property
    def uncopied(self) -> bool:
        """Of a yum 3 that fetches nothing from a local repository, though told to copy."""
        return yum.fetched(self.done) and not self.found


def make(steps: Steps, into: str, command: Callable[[Sequence[str]], List[str]], run: Run) -> Attempt:
    """Fetch it into the empty directory ``into``: so does the argument list that ``command`` makes of a verb
    with its packages."""
    done = Result((), 0, "", "")
    for verb, names in steps:
        done = run(command((verb, *names)))
        if not _finished(done):
            break
    paths = [os.path.join(into, name) for name in sorted(os.listdir(into)) if name.endswith(".rpm")]
    found = {path: _front(path) for path in paths}
    there = {form for one in found.values() for form in (one.name, "{}.{}".format(one.name, one.arch))}
    lacking = tuple(
        name
        for verb, names in steps
        for name in names
        if name not in there and (verb == yum.REINSTALL or not run(["rpm", "-q", name]).ok)
    )
    if not _finished(done) and not lacking:
        lacking = tuple(name for _, names in steps for name in names)
    return Attempt(done, found, lacking)


def _finished(done: Result) -> bool:
    return done.ok or yum.fetched(done)


def _front(path: str) -> Front:
    """Of a file that is none, as much as its name says: rpm will say what is wrong with it."""
    try:
        with open(path, "rb") as source:
            return rpmfile.read(source)
    except (BadRpm, OSError):
        return Front(os.path.basename(path)[: -len(".rpm")], "0", "", "", "", "", 0)


def can_be_hidden(first: Attempt) -> bool:
    """Whether yum may lack something because it does not see it: other failures it names itself."""
    return first.finished or yum.failure(first.done).findings[0].code in _UNSEEN


def explain(
    first: Attempt,
    tree: Tree,
    again: Callable[[], Attempt],
    otherwise: str,
    identities: Sequence[str] = (),
) -> None:
    """Raises EnvironmentProblem where the administrator keeps yum from what is lacking (RPM020, RPM021), also
    in the section of one of these repositories: ``again`` tries it without excludes. ``otherwise`` is said
    of what else can be done."""
    known = filters.settings(tree, identities)
    if not (known or locks.read(tree)):
        return
    second = again()
    if second.lacking:
        return
    refuse_locked(second.found.values(), tree, otherwise)
    if known:
        raise _excluded(known, first, second, otherwise)


def refuse_hidden(first: Attempt, plain: Attempt, tree: Tree, otherwise: str) -> None:
    """Raises EnvironmentProblem (RPM029) where ``plain``, without dnf's filter of modules, has it all."""
    if plain.lacking:
        return
    rows = [(one.title, streams.label(path)) for path, one in plain.found.items()]
    more = {one.title for one in new(first, plain)}
    wrong = streams.refused([row for row in rows if row[0] in more], tree, otherwise)
    if wrong:
        raise EnvironmentProblem("modules of this server hide packages; nothing was installed", wrong)


def test(paths: Iterable[str], run: Run) -> None:
    """Raises what rpm would refuse of these packages when all else is well: files that another package has
    (RPM027), too little space (ENV024). yum finds that out when it installs, and a dry run would not."""
    command = ["rpm", "-U", "--test", "--nodeps", "--nosignature", "--replacepkgs", "--oldpackage"]
    done = run([*command, *paths])
    if not done.ok:
        error = yum.failure(done, "nothing was installed; correct this and run the command again")
        if error.findings[0].code in _REFUSED:
            raise error


def new(first: Attempt, second: Attempt) -> List[Front]:
    """The packages that only the second found."""
    old = {one.title for one in first.found.values()}
    return [one for one in second.found.values() if one.title not in old]


def _excluded(
    known: Sequence[Setting], first: Attempt, second: Attempt, otherwise: str
) -> EnvironmentProblem:
    more = new(first, second)
    guilty = filters.hiding(known, more) or list(known)
    kept = [one.name for one in more if filters.hiding(guilty, [one])] or [one.name for one in more]
    fix = "change that line while this runs (without it yum finds everything: it was tried)" + otherwise
    found = filters.excluded(guilty, kept, ERROR, fix)
    return EnvironmentProblem("packages are excluded on this server; nothing was installed", [found])


def refuse_locked(found: Iterable[Front], tree: Tree, otherwise: str) -> None:
    """Raises EnvironmentProblem (RPM021): what is locked yum would not always keep to."""
    wrong = locks.forbidden(found, tree, ERROR, otherwise)
    if wrong:
        raise EnvironmentProblem("versions are locked on this server; nothing was installed", wrong)


def unfound(first: Attempt) -> OffkitError:
    """In yum's own words where it has any."""
    nothing = "nothing was installed; correct this and run the command again"
    if not first.finished:
        return yum.failure(first.done, nothing)
    said = "\n".join("No match for argument: " + name for name in first.lacking)
    return yum.failure(first.done._replace(stdout=first.done.stdout + "\n" + said), nothing)


def unverified(places: Sequence[str]) -> Finding:
    """RPM025, of what is ``uncopied``."""
    message = "says that it has fetched the RPMs, and has not: yum itself checks their signatures, no more"
    fix = "'rpm -K' of the medium's RPMs tells whether they are whole"
    return Finding("RPM025", WARNING, "yum", message, tuple(places), fix)

"""Libraries that a bundle needs and this server lacks, and what its sources are compiled with, brought by
yum from local media.

Everything that can be known is known before anything changes: what is missing, which RPM on which
medium has it, whether the media are whole, whether the kernel mounts them.
"""

import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from typing import Any, Container, Dict, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

from offkit.edges import files, mounts, needs
from offkit.edges.mounts import Drive
from offkit.edges.run import Result
from offkit.media import keys, loose, medium, offer, repository, web
from offkit.media.disc import STRANGER
from offkit.media.keys import Server
from offkit.media.medium import Source
from offkit.media.offer import Offer
from offkit.media.repofile import Base
from offkit.media.repository import Repository
from offkit.model import words
from offkit.model.checklist import Checklist
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError
from offkit.model.finding import ERROR, WARNING, Finding, has_errors
from offkit.model.report import Reporter
from offkit.model.target import Target
from offkit.model.yum import is_plain
from offkit.server.doctor import forecast
from offkit.server.install import fetching
from offkit.server.install.fetching import Fetched, Wish
from offkit.server.install.plan import SYSTEM, Addition, Step, unsupplied
from offkit.server.repo import sections
from offkit.server.system import ledger, yum
from offkit.server.system.ledger import Run

_NAMED = 4
MISSING, _TOO_OLD = "LIB001", "LIB002"
_NOT_FOR_HERE = "a medium is not for this server"


class Named(NamedTuple):
    """The media that libraries may come from."""

    isos: Sequence[str] = ()
    directories: Sequence[Source] = ()  # and URLs
    bundled: str = ""  # a directory with the RPMs of the bundle itself: one medium more
    strict: bool = True  # what none of the others has is an error, else a warning
    packages: Sequence[str] = ()  # that are to be installed too, by their names
    welcome: Sequence[str] = ()  # the same, where a medium has them


class Survey(NamedTuple):
    """What of a bundle's libraries this server lacks, and who has them."""

    media: Tuple[Offer, ...]  # that were named
    missing: Tuple[Finding, ...]  # LIB001, one for each soname
    incurable: Tuple[Finding, ...]  # LIB002, too old; RPM004, on none of the media
    rpms: Tuple[str, ...]  # with their architecture, as yum takes them
    again: Tuple[str, ...]  # installed, and damaged
    held: Tuple[Finding, ...] = ()  # RPM018: yum would install nothing, for the server has a newer package
    line: str = ""  # for a shell of root's, where this server's own repositories offkit-* have it all

    @property
    def lasting(self) -> Tuple[Finding, ...]:
        """What will be wrong after the installation too, as warnings."""
        return tuple(each._replace(severity=WARNING) for each in self.incurable)


class Supplies(NamedTuple):
    """What an installation does besides its own, and what there is to say about it."""

    additions: Tuple[Addition, ...]
    warnings: Tuple[Finding, ...]
    media: Tuple[medium.Medium, ...] = ()  # to take libraries from where yum does not (server.libraries)
    named: Tuple[Source, ...] = ()  # all but the bundle's own, open
    installed: Tuple[str, ...] = ()  # of the packages that were asked for by their names

    def joined(
        self, additions: Tuple[Addition, ...], warnings: Tuple[Finding, ...], complete: bool
    ) -> "Supplies":
        """With what server.libraries does besides; ``complete``: then nothing is missing any more."""
        said = {(one.code, one.subject) for one in warnings}
        own = [one for one in self.warnings if not (complete and one.code == MISSING)]
        own = [one for one in own if (one.code, one.subject) not in said]
        return self._replace(additions=self.additions + additions, warnings=(*own, *warnings))


def prepare(
    wanted: Checklist,
    target: Target,
    prefix: str,
    media: Named,
    alone: bool,
    drive: Drive,
    run: Run,
    reporter: Reporter,
    stack: ExitStack,
) -> Supplies:
    """What the server lacks of what a bundle needs, and the steps that bring it from these media.

    ``alone``: the system must not be changed (an
    ordinary user, --no-root). ``drive`` and ``stack`` hold the media as long as the steps may run;
    ``run`` speaks English (server.system.ledger.english). Raises what ``survey`` and
    ``bases`` raise; nothing has been written then.
    """
    found = survey(wanted, target, media, stack)
    trees = tuple(one.opened for one in found.media if one.opened)
    named = tuple(one for one in trees if one.place != media.bundled)
    if not found.media:
        return Supplies((), tuple(warning(found)))
    if not (found.rpms or found.again or found.held):
        return Supplies((), found.lasting, trees if alone else (), named)
    obstacles: List[Finding] = [] if alone else unavailable()
    if not (alone or obstacles):
        try:
            if found.held and media.strict:
                raise EnvironmentProblem("the server has newer packages, without what is needed", found.held)
            tops = mount(found.media, drive)
        except mounts.MountProblem as problem:
            obstacles = [unmountable(found.media, problem)]
        else:
            if not (found.rpms or found.again):
                return Supplies((), (*found.held, *found.lasting), (), named)
            here, scratch = keys.server(), stack.enter_context(yum.scratch())
            tops = [laid_out(one, top, scratch) for one, top in zip(found.media, tops)]
            with told_first(found.incurable):
                places = bases(found.media, tops, here)
                wish = wanted_of(found.media, places, found.rpms, found.again, media.bundled)
                reporter.step("verifying the RPMs that yum would install")
                fetched = fetching.fetch(wish, here, scratch, run)
            step = by_yum(prefix, wish, fetched, run, reporter)
            there = tuple(name for name in media.packages if _with_arch(name, target.arch) in found.rpms)
            return Supplies((step,), (*fetched.warnings, *found.held, *found.lasting), (), named, there)
    return Supplies((), (*obstacles, *found.lasting), trees, named)


def survey(
    wanted: Checklist,
    target: Target,
    media: Named,
    stack: ExitStack,
) -> Survey:
    """Judge a bundle's checklist against this server. The media are open until ``stack`` closes.

    Raises what media.offer.look raises, IntegrityError where a medium's metadata is damaged
    (REPO011), EnvironmentProblem where it stopped answering (REPO017), and where they are ``strict``
    RequestError when media were named and none has a library (RPM004).
    """
    places = [*media.directories, *([media.bundled] if media.bundled else [])]
    found = offer.look(media.isos, places, stack)
    strange = offer.strangers(found, keys.server())
    if has_errors(strange):
        raise EnvironmentProblem(_NOT_FOR_HERE, strange)
    strange += [each for one in found if one.opened for each in one.opened.left_out()]
    with told_first(strange):
        return _judged(wanted, target, media, found, strange)


@contextmanager
def told_first(said: Iterable[Finding]) -> Iterator[None]:
    """Whatever is refused while a medium is of another release, that is why: it comes first."""
    try:
        yield
    except OffkitError as error:
        strange = [one._replace(severity=ERROR) for one in said if one.code == STRANGER]
        if strange:
            rest = [one for one in error.findings if one.code != STRANGER]
            error.message, error.findings = _NOT_FOR_HERE, (*strange, *rest)
        raise


def _judged(
    wanted: Checklist, target: Target, media: Named, found: List[Offer], strange: List[Finding]
) -> Survey:
    # What comes in the bundle is missing all the same, until it is installed.
    wanted = wanted._replace(libraries=tuple(one._replace(in_bundle=False) for one in wanted.libraries))
    result = forecast.examine(wanted, target, "/", (), [one.opened for one in found if one.opened])
    gone = [each for each in result.findings if each.code in (web.UNREACHABLE, web.NO_CURL)]
    if gone:
        raise EnvironmentProblem("a medium cannot be reached", gone)
    damaged = [each for each in result.findings if each.code == "REPO004"]
    if found and damaged:
        raise IntegrityError("a medium is damaged", [each._replace(code="REPO011") for each in damaged])
    errors = [each for each in result.findings if each.severity == ERROR]
    missing = tuple(each for each in errors if each.code == MISSING)
    answers = result.catalog.answers
    nowhere = [each for each in missing if each.subject in answers and not answers[each.subject].packages]
    nowhere = [each for each in nowhere if not needs.known().driver(each.subject)]  # no medium has one
    named = bool(media.isos or media.directories)
    lost = _nowhere(nowhere, found, media.strict) if named else []
    spare = [each for each in result.findings if each.code == MISSING and each.severity == WARNING]
    spare = [each for each in spare if each.subject in answers and not answers[each.subject].packages]
    strange += _spare(spare, wanted, found) if named else []
    there = _called((*media.packages, *media.welcome), found, target.arch) if found else {}
    if named or any(name in there for name in media.packages):
        lost += _without(media.packages, there, found, media.strict)
    tagged = offer.tagged(found, keys.server()) if lost or result.rpms else []
    if lost and media.strict:
        raise unsupplied([*tagged, *lost, *(one for one in strange if one.code == "REPO011")])
    strange += [each._replace(severity=WARNING) for each in tagged]
    return Survey(
        tuple(found),
        missing,
        (*strange, *(each for each in errors if each.code == _TOO_OLD), *lost),
        tuple(
            _with_arch(name, target.arch)
            for name in (*result.rpms, *(name for name in media.packages if name in there))
        )
        + tuple(_with_arch(name, there[name]) for name in media.welcome if name in there),
        tuple(_with_arch(name, target.arch) for name in result.again),
        tuple(
            each._replace(code="RPM018", severity=ERROR if media.strict else WARNING)
            for each in missing
            if each.subject in answers and answers[each.subject].held
        ),
        result.install_line if result.catalog.read and not found else "",
    )


def _spare(lost: Sequence[Finding], wanted: Checklist, asked: Sequence[Offer]) -> List[Finding]:
    """What only optional parts want, and no medium has: without it those are not loaded."""
    places = tuple(one.source for one in asked)
    rpms = {one.soname: one.rpm for one in wanted.libraries}
    message = "{}; the rest works without"
    fix = "use a fuller ISO of the same release (Everything, DVD){}, or add a second one"
    return [
        Finding(
            "RPM004",
            WARNING,
            each.subject,
            message.format(each.message),
            places,
            fix.format(" with " + rpms[each.subject] if rpms.get(each.subject) else ""),
        )
        for each in lost
    ]


def _called(names: Sequence[str], found: Sequence[Offer], arch: str) -> Dict[str, str]:
    """Which of these packages the media have, and their architectures. What cannot be read has been told by
    then."""
    places = [each for one in found if one.opened for each in one.opened.repositories()]
    answers = repository.ask(
        lambda each: each.search((), names).packages if names else [],
        places,
        lambda where, error: None,
        keys.server().el,
    )
    ours = [package for package, _ in answers if package.arch in (arch, "noarch")]
    return {package.name: package.arch for package in ours if package.name in names}


def _without(
    names: Sequence[str], there: Container[str], asked: Sequence[Offer], strict: bool
) -> List[Finding]:
    places = tuple(one.source for one in asked)
    message = "is on none of the media, and the bundle's sources are compiled with it"
    fix = "use a fuller ISO of the same release (Everything, DVD), or add a second one"
    severity = ERROR if strict else WARNING
    return [Finding("RPM004", severity, name, message, places, fix) for name in names if name not in there]


def _with_arch(name: str, arch: str) -> str:
    """To dnf "install libSM" is done as soon as libSM.i686 is there."""
    return name if name.endswith("." + arch) else "{}.{}".format(name, arch)


def _nowhere(lost: Sequence[Finding], asked: Sequence[Offer], strict: bool) -> List[Finding]:
    places = tuple(one.source for one in asked)
    fix = "use a fuller ISO of the same release (Everything, DVD), or add a second one"
    if strict:
        fix += "; --allow-missing installs without it, and 'offkit doctor' then says what fails"
    return [Finding("RPM004", ERROR, each.subject, each.message, places, fix) for each in lost]


def warning(found: Survey) -> List[Finding]:
    """What to say where no medium was named: the installation goes on without these."""
    if not found.missing:
        return []
    names = [each.subject for each in found.missing]
    message = "{} missing on this server: what needs {} will fail".format(
        "is" if len(names) == 1 else "are", "it" if len(names) == 1 else "them"
    )
    fix = "run this again with --iso FILE (or --rpm-repo DIR) to install what is missing"
    fix = "as root: {}".format(found.line) if found.line else fix
    return [Finding(MISSING, WARNING, words.listed(names, _NAMED), message, (), fix)]


def unavailable() -> List[Finding]:
    """Why yum cannot be used here though root asks; [] where it can."""
    if (shutil.which("yum") or shutil.which("dnf")) and shutil.which("rpm"):
        return []
    message = "is not installed: the libraries are unpacked from the RPMs, for this installation only"
    return [Finding("RPM009", WARNING, "yum", message, (os.environ.get("PATH", ""),), "")]


def mount(chosen: Sequence[Offer], drive: Drive) -> List[str]:
    """Directories with the files of each medium, or its URL. Raises mounts.MountProblem."""
    return [drive.insert(one.source) if one.iso else one.source for one in chosen]


def unmountable(chosen: Sequence[Offer], problem: mounts.MountProblem) -> Finding:
    """A warning: what happens instead."""
    names = ", ".join(one.name for one in chosen if one.iso)
    message = (
        "cannot be mounted here ({}): libraries are unpacked from it, for this installation only".format(
            problem
        )
    )
    return Finding("REPO012", WARNING, names, message, (), "")


def bases(chosen: Sequence[Offer], tops: Sequence[str], here: Server) -> List[Base]:
    """The repositories for yum. Raises IntegrityError (REPO014) where there is no key."""
    found: List[Base] = []
    for one, top in zip(chosen, tops):
        found += offer.bases(one, top, here, [base.id for base in found])
    return found


def wanted_of(
    media: Sequence[Offer],
    places: Sequence[Base],
    rpms: Tuple[str, ...],
    again: Tuple[str, ...],
    bundled: str = "",
) -> Wish:
    """What yum is to bring from these repositories, which are those of the media in their order. Raises
    EnvironmentProblem (REPO020) where yum would ask a server that nobody named."""
    rows = [each for one in media if one.opened for each in one.opened.repositories()]
    elsewhere = offer.elsewhere(rows)
    if elsewhere:
        raise EnvironmentProblem("yum would ask another server; nothing was installed", elsewhere)
    plain = tuple((base.directory, each) for base, each in zip(places, rows) if not _describes_modules(each))
    return Wish(rpms, again, tuple(places), tuple(one.name for one in media), bundled, plain)


def _describes_modules(each: Repository) -> bool:
    return any(data.kind == "modules" for data in each.files())


def laid_out(one: Offer, top: str, scratch: str) -> str:
    """Where yum finds the files of a medium: RPMs without repodata need a directory that has it."""
    described = one.opened.loose() if isinstance(one.opened, medium.Directory) else None
    if described is None:
        return top
    folder = tempfile.mkdtemp(prefix="rpms-", dir=scratch)
    loose.lay_out(folder, os.path.abspath(top), described, one.keys)
    return folder


def by_yum(prefix: str, wish: Wish, fetched: Fetched, run: Run, reporter: Reporter) -> Addition:
    """The step that installs what is missing, with yum, from these repositories alone.

    ``run`` speaks English (server.system.ledger.english). The step raises what server.system.yum raises,
    and EnvironmentProblem (RPM023) where yum did not do what it said.
    """
    verbs = (
        "{} {}".format(verb, ", ".join(name.rpartition(".")[0] for name in names))
        for verb, names in wish.steps
    )
    text = "{} with yum from {}".format(" and ".join(verbs), ", ".join(wish.media))
    step = Step("rpms", text, argv_of(wish)[0], root=True)

    def do(root: str, argv: Sequence[str]) -> None:
        with _Scratch(prefix) as scratch:
            arrange(wish, fetched, scratch.path)
            _transaction(prefix, step.text, wish, scratch.path, run, reporter)

    return Addition(SYSTEM, step, do)


def arrange(wish: Wish, fetched: Fetched, scratch: str) -> None:
    """What ``call`` has yum read."""
    text = sections.text(wish.bases, True, "", fetched.hotfixes, fetched.keys)
    files.write_below(scratch, "repos/offkit.repo", [text.encode("ascii")])


def argv_of(wish: Wish, scratch: str = "SCRATCH") -> List[Tuple[str, ...]]:
    """yum's argument lists."""
    return [
        tuple(yum.command((verb, *names), scratch + "/repos", scratch + "/cache"))
        for verb, names in wish.steps
    ]


def _transaction(prefix: str, text: str, wish: Wish, scratch: str, run: Run, reporter: Reporter) -> None:
    before, modules = ledger.installed(run), ledger.module_files()
    number = ledger.begin(prefix, text, before)
    try:
        call(wish, scratch, before, run, reporter)
    finally:
        new = sorted(ledger.module_files() - modules)
        ledger.end(prefix, number, before, ledger.installed(run), new)


def call(wish: Wish, scratch: str, before: Sequence[str], run: Run, reporter: Reporter) -> List[Result]:
    """yum, as often as it takes; ``before`` is what rpm had. Raises what ``by_yum`` does."""
    ran = []
    for argv in argv_of(wish, scratch):
        reporter.note("$ " + " ".join(argv))
        ran.append(yum.call(argv, run, lambda: _left_behind(before, run)))
        for line in ran[-1].stdout.splitlines():
            reporter.note(line)
    # A yum that was killed before the packages' own scriptlets left them without: to yum they
    # are installed, and it does nothing more.
    run(ledger.LDCONFIG)
    wrong = fetching.arrived(wish, run)
    if wrong is not None:
        raise EnvironmentProblem(wrong.message, [wrong], _left_behind(before, run))
    return ran


def _left_behind(before: Sequence[str], run: Run) -> str:
    """What a yum that failed did all the same. A key alone, imported for nothing, goes again."""
    rpms = [rpm for rpm in map(ledger.parse, sorted(set(ledger.installed(run)) - set(before))) if rpm]
    if rpms and all(rpm.key for rpm in rpms):
        run(["rpm", "-e", *(rpm.word for rpm in rpms)])
    return yum.changed_since(before, ledger.installed(run))


class _Scratch:
    """A directory for one transaction: yum's repositories and its metadata, which are not kept."""

    def __init__(self, prefix: str) -> None:
        self._prefix, self._place = prefix, ledger.directory(prefix)
        self.path = ""

    def __enter__(self) -> "_Scratch":
        os.makedirs(self._place, exist_ok=True)
        for path in ledger.leftovers(self._prefix):
            files.remove_tree(path)
        own = self._place if is_plain(self._place) else None
        self.path = tempfile.mkdtemp(prefix=ledger.SCRATCH if own else "offkit-", dir=own)
        return self

    def __exit__(self, *exc: Any) -> None:
        files.remove_tree(self.path)

"""Every top-level module of what is installed is imported, each in a process of its own; then the user's own
checks are run."""

import json
import os
from concurrent.futures import ThreadPoolExecutor, wait
from shlex import quote
from typing import Any, Callable, FrozenSet, List, NamedTuple, Sequence, Tuple, TypeVar

from offkit.edges import run
from offkit.model import layout, requirement
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import INFO, Finding
from offkit.model.report import Reporter
from offkit.model.words import several
from offkit.server.smoke import importable, room
from offkit.server.smoke.room import Room
from offkit.server.smoke.verdict import IMPORTED, Judge, Outcome

LIMIT = 120.0  # seconds that a module or a check may take, where nobody says
_LOOK = 0.2  # seconds after which whoever waits looks whether he was interrupted
_LISTED = 1 << 28  # bytes of the list of all files, which is of no use without its beginning
_PARALLEL = min(4, os.cpu_count() or 1)
_SUBJECT = "the smoke test"

_T = TypeVar("_T")
_U = TypeVar("_U")


class Check(NamedTuple):
    """The user's own: a Python file, which has to end with 0."""

    name: str
    contents: bytes


class Wanted(NamedTuple):
    imports: bool
    checks: Tuple[Check, ...]
    limit: float = LIMIT


class Smoked(NamedTuple):
    python: str  # "3.6.15"
    libc: str
    user: str
    silent: bool  # no network was to be reached
    modules: Tuple[Outcome, ...]
    checks: Tuple[Outcome, ...]
    findings: Tuple[Finding, ...]

    @property
    def imported(self) -> int:
        return sum(one.how == IMPORTED for one in self.modules)


class _Told(NamedTuple):
    """What the environment's own Python says of it."""

    python: str
    libc: str
    folders: Tuple[str, ...]
    modules: Tuple[importable.Module, ...]
    needed: FrozenSet[str]


def carried(generation: str) -> Tuple[Check, ...]:
    """The checks that came with the bundle."""
    folder = os.path.join(generation, *layout.GENERATION_SMOKE.split("/"))
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    found = []
    for name in names:
        with open(os.path.join(folder, name), "rb") as source:
            found.append(Check(name, source.read()))
    return tuple(found)


def smoke(generation: str, wanted: Wanted, reporter: Reporter) -> Smoked:
    """Try the environment in ``generation``. Raises EnvironmentProblem where its Python does not start."""
    python = os.path.join(generation, "bin", "python")
    words = [python, "-I", "-B", "-c", importable.LIST]

    def sees(where: Room) -> str:
        return where.run(words, wanted.limit, _LISTED).result.stdout

    with room.opened(sees) as inside:
        done = inside.run(words, wanted.limit, _LISTED).result
        if not done.ok:
            raise _mute(python, done)
        told = _told(done.stdout)
        judge = _judge(generation, wanted, told, inside)
        modules, checks = [], []
        if wanted.imports:
            modules = _imported(inside, python, told.modules, judge, reporter)
        for one in wanted.checks:
            reporter.step("running {}".format(one.name))
            ended = inside.run([python, "-B", inside.put(one.name, one.contents)], wanted.limit)
            checks.append(judge.check(one.name, ended))
        findings = [found for one in (*modules, *checks) for found in one.findings]
        return Smoked(
            told.python,
            told.libc,
            inside.user,
            inside.silent,
            tuple(modules),
            tuple(checks),
            (*findings, *_about(inside)),
        )


def _imported(
    inside: Room, python: str, modules: Sequence[importable.Module], judge: Judge, reporter: Reporter
) -> List[Outcome]:
    reporter.step("importing {}".format(several(len(modules), "module")))
    words = [python, "-I", "-B", "-c", importable.TRY]
    with reporter.bar("importing", len(modules)) as bar:

        def one(module: importable.Module) -> Outcome:
            # It is told first to say where it is, and ended later by whoever waits.
            done = inside.run([*words, module.name, "{:g}".format(judge.limit)], judge.limit + 5)
            bar.advance()
            return judge.module(module, done)

        return _each(one, modules)


def _each(do: Callable[[_T], _U], things: Sequence[_T]) -> "List[_U]":
    """Several at a time. When the program is interrupted, nothing more begins, and what runs is ended."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        jobs = [pool.submit(do, one) for one in things]
        try:
            while wait(jobs, _LOOK).not_done:
                pass
        except BaseException:
            for job in jobs:
                job.cancel()
            with run.stopping():
                wait(jobs)
            raise
        return [job.result() for job in jobs]


def _told(text: str) -> _Told:
    python, libc, folders, packages = json.loads(text)
    modules: List[importable.Module] = []
    for name, names, _, _ in packages:
        modules += importable.of_package(requirement.normalize(name), names)
    return _Told(python, libc, tuple(folders), tuple(modules), _needed(python, packages))


def _needed(python: str, packages: Sequence[Any]) -> FrozenSet[str]:
    """What some package requires, or an extra of it does."""
    known, found = requirement.environment(python), set()
    for _, _, extras, lines in packages:
        for line in lines:
            try:
                wanted = requirement.parse(line)
                if any(wanted.applies(dict(known, extra=extra)) for extra in ("", *extras)):
                    found.add(requirement.normalize(wanted.name))
            except ValueError:
                continue  # the doctor says so
    return frozenset(found)


def _judge(generation: str, wanted: Wanted, told: _Told, inside: Room) -> Judge:
    names = [(folder + "/", "") for folder in told.folders]
    names += [(os.path.realpath(folder) + "/", "") for folder in told.folders]
    names += [(inside.home, "~"), (inside.temporary, "$TMPDIR"), (inside.top + "/checks/", "")]
    there = frozenset(one.name.partition(".")[0] for one in told.modules)
    doctor = quote(os.path.join(generation, "bin", "offkit")) + " doctor"
    return Judge(wanted.limit, doctor, told.needed, there, tuple(dict.fromkeys(names)))


def _about(inside: Room) -> List[Finding]:
    """What has to be known of how it was tried."""
    found = []
    if not inside.silent:
        message = "the network could not be shut: this system gives this user no namespace of its own"
        fix = "run it as root, or where user namespaces are allowed (sysctl user.max_user_namespaces)"
        found.append(Finding("SMOKE008", INFO, _SUBJECT, message, (), fix))
    if os.geteuid() == 0 and inside.user == "root":
        message = "ran as root, as other users may not read all of the environment"
        found.append(Finding("SMOKE009", INFO, _SUBJECT, message))
    return found


def _mute(python: str, done: run.Result) -> EnvironmentProblem:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    said = lines[-1] if lines else "it ended with {}".format(done.returncode)
    return EnvironmentProblem(
        "{} does not say what is installed: {}".format(python, said),
        fix="offkit doctor says what is wrong with it",
    )

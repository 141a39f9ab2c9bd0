"""'offkit repo add' and 'offkit repo remove': decided first, then done; either can be killed and repeated."""

import os
from contextlib import suppress
from typing import List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges import files
from offkit.edges.exclusive import exclusive
from offkit.media import medium, offer
from offkit.media.keys import Server
from offkit.media.offer import Offer
from offkit.model import layout
from offkit.model.errors import EnvironmentProblem, OffkitError, UsageError
from offkit.model.finding import ERROR, Finding, has_errors
from offkit.model.report import Reporter
from offkit.server.repo import fstab, machine, obstacles, state
from offkit.server.repo.machine import Kernel, Step
from offkit.server.repo.state import Added, Places, State

_AGAIN = "correct this and run the command again"


class Wish(NamedTuple):
    """What 'repo add' was asked for."""

    isos: Tuple[str, ...] = ()
    mounts: Tuple[str, ...] = ()  # directories on which a disc is mounted
    directories: Tuple[str, ...] = ()
    at: str = ""  # where the first ISO is to be mounted
    only: bool = False
    persist: bool = False


class Change(NamedTuple):
    """From one state to another."""

    before: Optional[State]  # None: nothing was ever added
    goal: Optional[State]  # None: nothing is to be left
    steps: Tuple[Step, ...]
    findings: Tuple[Finding, ...] = ()  # warnings


def plan_add(wish: Wish, places: Places, kernel: Kernel, here: Server) -> Change:
    """What is to be done for these media to be repositories beside those added before.

    Raises what media.offer.look and media.offer.bases raise, and EnvironmentProblem (REPO013)
    for all that is in the way, and UsageError where nothing is mounted.
    """
    empty = [path for path in wish.mounts if kernel.at(path) is None]
    if empty:
        fix = "mount the disc first, or give the ISO file: --iso FILE; --dir takes an ordinary directory"
        raise UsageError("nothing is mounted on {}".format(", ".join(empty)), fix=fix)
    found = offer.look([*dict.fromkeys(wish.isos)], [*dict.fromkeys(wish.mounts + wish.directories)])
    _refuse_undescribed(found)
    strange = offer.strangers(found, here)
    if has_errors(strange):
        raise EnvironmentProblem("a medium is not for this server; nothing was changed", strange)
    before = state.load(places)
    old = before or State()
    wrong = obstacles.strangers(places, before)
    media: List[Added] = [one for one in old.media if one.source not in [each.source for each in found]]
    kept = {one.source: one for one in old.media}
    for each in found:
        known = kept.get(each.source)
        if known is not None and known.iso == each.iso and (not wish.at or not each.iso):
            place, made = known.top, known.made
        elif each.iso:
            place, made, problems = obstacles.choose(wish.at, each, old, media, places, kernel)
            wrong += problems
        else:
            place, made = each.source, False
        media.append(_added(each, place, made, known, wish, media, places, here))
    if wrong:
        raise EnvironmentProblem("the repositories cannot be added; nothing was changed", wrong)
    only = wish.only or old.only
    disabled = old.disabled
    if only:
        rows = {row.name: row for row in old.disabled}
        for row in machine.to_disable(places):
            rows.setdefault(row.name, row)  # what was saved once stays saved
        disabled = tuple(rows[name] for name in sorted(rows))
    goal = State(tuple(media), only, disabled)
    again = {one.top for one in goal.media if one.iso and _another(one, kernel)}
    warnings = strange + [finding for row in old.disabled for finding in machine.altered(row, places)]
    return Change(before, goal, tuple(machine.missing(goal, places, kernel, again)), tuple(warnings))


def _refuse_undescribed(found: Sequence[Offer]) -> None:
    """Raises EnvironmentProblem (REPO019, REPO020): what lasts is read by yum itself."""
    message = "has RPMs and no repodata, without which yum cannot read it"
    fix = "'install' and 'doctor' take it as it is (--rpm-repo DIR); for yum run createrepo_c in it"
    directories = [(one, one.opened) for one in found if isinstance(one.opened, medium.Directory)]
    loose = [one for one, opened in directories if opened.loose()]
    wrong = [Finding("REPO019", ERROR, one.source, message, (one.source,), fix) for one in loose]
    wrong += offer.elsewhere([each for _, opened in directories for each in opened.repositories()])
    if wrong:
        raise EnvironmentProblem("the repositories cannot be added; nothing was changed", wrong)


def _another(one: Added, kernel: Kernel) -> bool:
    """Whether something else is mounted where a medium belongs: the ISO file was replaced since."""
    if kernel.at(one.top) is None:
        return False
    try:
        return offer.look((), [one.top])[0].repositories != one.repositories
    except OffkitError:
        return True


def _added(
    each: Offer,
    place: str,
    made: bool,
    known: Optional[Added],
    wish: Wish,
    media: Sequence[Added],
    places: Places,
    here: Server,
) -> Added:
    taken = [base.id for one in media for base in one.bases]
    line = fstab.line(each.source, place) if each.iso and wish.persist else ""
    if known is not None and known.fstab:
        line = known.fstab
    text = machine.contents(places.fstab)
    opened = known.open_ended if known is not None and known.fstab else fstab.open_ended(text)
    if line and fstab.has(text, line) and (known is None or not known.fstab):
        line = ""  # somebody wrote it already: it is theirs
    bases = offer.bases(each, place, here, taken)
    return Added(
        each.source,
        each.iso,
        place,
        made,
        line,
        bool(line) and opened,
        each.label,
        each.repositories,
        tuple(bases),
    )


def plan_remove(places: Places, kernel: Kernel) -> Change:
    """What takes back all that was ever added. Raises EnvironmentProblem (REPO013)."""
    before = state.load(places)
    forget = Step("remove {}".format(places.state[len(places.root) :]), lambda: _forget(places))
    if before is None:
        # Killed before it had noted anything, it leaves a lock.
        left = os.path.isdir(places.state) and set(os.listdir(places.state)) == {layout.LOCK}
        return Change(None, None, (forget,) if left else ())
    steps = machine.present(before, State(), places, kernel)
    steps.append(forget)
    warnings = [finding for row in before.disabled for finding in machine.altered(row, places)]
    return Change(before, None, tuple(steps), tuple(warnings))


def apply(change: Change, places: Places, kernel: Kernel, reporter: Reporter) -> None:
    """Do it. Where a step of adding fails, what was new is taken back.

    Raises EnvironmentProblem: another offkit is at work (ENV030), or what a step met.
    """
    if not change.steps:
        return
    with exclusive(places.state, "the repositories were changed only in part", _AGAIN, make=True):
        machine.sweep(places)
        if state.load(places) != change.before:
            message = "another 'offkit repo' has just changed this server"
            raise EnvironmentProblem(message, fix="run the command again")
        if change.goal is not None:
            state.save(places, change.goal)
        try:
            for step in change.steps:
                reporter.step(step.text)
                step.do()
        except BaseException:
            if change.goal is not None:
                _take_back(change, change.goal, places, kernel, reporter)
            raise


def _take_back(change: Change, goal: State, places: Places, kernel: Kernel, reporter: Reporter) -> None:
    rest = change.before or State()
    with suppress(EnvironmentProblem, OSError):
        for step in machine.present(goal, rest, places, kernel):
            reporter.step(step.text)
            step.do()
        if change.before is None:
            _forget(places)
        else:
            for step in machine.missing(rest, places, kernel):
                step.do()
            state.save(places, change.before)


def _forget(places: Places) -> None:
    """The state last, and its directory with it unless somebody put something there."""
    files.remove_tree(places.saved)
    for path in (places.json, os.path.join(places.state, layout.LOCK)):
        with suppress(FileNotFoundError):
            os.unlink(path)
    with suppress(OSError):
        os.rmdir(places.state)


def need_root() -> EnvironmentProblem:
    """RPM006, with what an ordinary user can do."""
    message = "only root can mount discs and configure yum"
    fix = "run it as root; without root 'offkit install … --iso FILE' reads the ISO itself"
    return EnvironmentProblem(message, [Finding("RPM006", ERROR, "offkit repo", message, (), fix)])

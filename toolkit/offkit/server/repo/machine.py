"""Single things that are true of a server or not yet: each can be seen, made and unmade.

Every ``make`` and ``unmake`` may be repeated: whatever was interrupted, doing all of it again ends
well.
"""

import hashlib
import os
import re
import stat
from contextlib import suppress
from functools import partial
from typing import Callable, Collection, List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges import files, mounts
from offkit.edges.mounts import Mount, MountProblem
from offkit.media import repofile
from offkit.model import checksum
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.server.repo import fstab, others, sections
from offkit.server.repo.state import Added, Disabled, Places, State

_UNFINISHED = re.compile(r"^(fstab|.+\.repo|repo\.json)\.\d+\.tmp$")
_SAVED = ".offkit-saved"  # beside a .repo file that was changed meanwhile; yum reads *.repo only


class Kernel(NamedTuple):
    """What mounts; a test has another one."""

    mount_iso: Callable[[str, str], None] = mounts.mount_iso
    unmount: Callable[[str], str] = mounts.unmount
    at: Callable[[str], Optional[Mount]] = mounts.at


class Step(NamedTuple):
    """One thing to do, for people and to do it."""

    text: str
    do: Callable[[], None]


def missing(goal: State, places: Places, kernel: Kernel, again: Collection[str] = ()) -> List[Step]:
    """What is still to be done so that the server is as ``goal`` says, in order.

    ``again`` are directories where something else is mounted than belongs there.
    """
    steps: List[Step] = []
    for one in goal.media:
        if one.top in again:
            text = "unmount {}, which is another disc".format(one.top)
            steps.append(Step(text, partial(_unmount, one, kernel)))
        if one.iso and (kernel.at(one.top) is None or one.top in again):
            text = "mount {} on {}, read-only".format(one.source, one.top)
            steps.append(Step(text, partial(_mount, one, kernel)))
        if one.fstab and not fstab.has(contents(places.fstab), one.fstab):
            text = "add to /etc/fstab: {}".format(one.fstab)
            steps.append(Step(text, partial(_note, one, places)))
    wanted = sections.text(goal.bases, goal.only)
    if contents(places.repo_file) != wanted:
        text = "write /etc/yum.repos.d/offkit.repo: " + ", ".join(base.id for base in goal.bases)
        steps.append(Step(text, partial(_write, places, wanted)))
    for row in goal.disabled:
        if _digest(_real(row, places)) == row.was:
            text = "disable the repositories in /etc/yum.repos.d/{}".format(row.name)
            steps.append(Step(text, partial(_disable, row, places)))
    return steps


def present(state: State, rest: State, places: Places, kernel: Kernel) -> List[Step]:
    """What is there because of ``state`` and not because of ``rest``, as steps that unmake it, in order.

    A disc that cannot be unmounted stops all of it before anything has changed.
    """
    gone = [one for one in state.media if one not in rest.media]
    mounted = [one for one in reversed(gone) if one.iso and kernel.at(one.top) is not None]
    noted = [one for one in gone if one.fstab and fstab.has(contents(places.fstab), one.fstab)]
    steps = [Step("unmount {}".format(one.top), partial(_unmount, one, kernel)) for one in mounted]
    steps += [Step("remove from /etc/fstab: " + one.fstab, partial(_strike, one, places)) for one in noted]
    if not rest.media and os.path.lexists(places.repo_file):
        steps.append(Step("remove /etc/yum.repos.d/offkit.repo", partial(_remove, places.repo_file)))
    for row in state.disabled:
        if row not in rest.disabled:
            text = "restore /etc/yum.repos.d/{}".format(row.name)
            steps.append(Step(text, partial(_restore, row, places)))
    made = [one.top for one in gone if one.made and os.path.isdir(one.top)]
    return steps + [Step("remove the directory {}".format(path), partial(_empty, path)) for path in made]


def to_disable(places: Places) -> Tuple[Disabled, ...]:
    """The .repo files of others with something enabled, and what they will be."""
    found = []
    for name in sorted(_names(places.repos)):
        path = os.path.join(places.repos, name)
        if not name.endswith(".repo") or path == places.repo_file or not os.path.isfile(path):
            continue
        with open(path, "rb") as source:
            raw = source.read()
        try:
            listed = repofile.parse(raw.decode("utf-8", "surrogateescape"), name)
        except ValueError:
            continue  # yum stops at it, enabled or not; the doctor says so (REPO006)
        if not any(each.enabled for each in listed):
            continue
        facts = os.stat(path)
        was, now = (hashlib.sha256(text).hexdigest() for text in (raw, others.disabled(raw)))
        mode = stat.S_IMODE(facts.st_mode)
        found.append(Disabled(name, mode, facts.st_uid, facts.st_gid, facts.st_mtime_ns, was, now))
    return tuple(found)


def altered(row: Disabled, places: Places) -> List[Finding]:
    """A warning where somebody changed a file that offkit had switched off."""
    if _digest(_real(row, places)) in (row.now, row.was):
        return []
    shown = os.path.join(places.repos, row.name)[len(places.root) :]
    message = (
        "was changed after its repositories were disabled, and is kept; 'offkit repo remove' saves "
        "the older version beside it as {}".format(row.name + _SAVED)
    )
    fix = "then compare the two, and keep what is right"
    return [Finding("REPO016", WARNING, shown, message, (shown + _SAVED,), fix)]


def sweep(places: Places) -> None:
    """Remove what a killed process left where it wrote a new file (edges.files.replace)."""
    for place in (os.path.dirname(places.fstab), places.repos, places.state, places.saved):
        for name in _names(place):
            if _UNFINISHED.match(name):
                _remove(os.path.join(place, name))


def _mount(one: Added, kernel: Kernel) -> None:
    os.makedirs(one.top, exist_ok=True)
    try:
        kernel.mount_iso(one.source, one.top)
    except MountProblem as problem:
        message = "cannot be mounted here: {}".format(problem)
        fix = (
            "'offkit install … --iso FILE' reads it without mounting; or copy its files into a directory "
            "(bsdtar -xf FILE -C DIR): offkit repo add --dir DIR"
        )
        found = Finding("REPO012", ERROR, one.source, message, (one.top,), fix)
        raise EnvironmentProblem("an ISO cannot be mounted", [found])


def _unmount(one: Added, kernel: Kernel) -> None:
    words = kernel.unmount(one.top)
    if words:
        fix = "see who uses it with 'fuser -vm {}', then run the command again".format(one.top)
        found = Finding("REPO012", ERROR, one.top, "cannot be unmounted: " + words, (), fix)
        raise EnvironmentProblem("a disc cannot be unmounted", [found])


def _note(one: Added, places: Places) -> None:
    _replace(places.fstab, fstab.add(contents(places.fstab), one.fstab))


def _strike(one: Added, places: Places) -> None:
    _replace(places.fstab, fstab.remove(contents(places.fstab), one.fstab, one.open_ended))


def _write(places: Places, text: str) -> None:
    os.makedirs(places.repos, exist_ok=True)
    files.replace(places.repo_file, text.encode("ascii"), 0o644)


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def _disable(row: Disabled, places: Places) -> None:
    path, copy = _real(row, places), os.path.join(places.saved, row.name)
    with open(path, "rb") as source:
        raw = source.read()
    if hashlib.sha256(raw).hexdigest() != row.was:
        return  # by another name that leads to it
    if _digest(copy) != row.was:
        os.makedirs(places.saved, exist_ok=True)
        files.replace(copy, raw, row.mode)
    files.replace(path, others.disabled(raw), row.mode)
    os.chown(path, row.uid, row.gid)


def _restore(row: Disabled, places: Places) -> None:
    copy, target = os.path.join(places.saved, row.name), _real(row, places)
    if altered(row, places):
        target = os.path.join(places.repos, row.name) + _SAVED
    if _digest(copy) == row.was and _digest(target) != row.was:
        with open(copy, "rb") as source:
            files.replace(target, source.read(), row.mode)
        os.chown(target, row.uid, row.gid)
        os.utime(target, ns=(row.mtime, row.mtime))


def _real(row: Disabled, places: Places) -> str:
    """The file itself where the name in yum.repos.d is a link, which stays one."""
    return os.path.realpath(os.path.join(places.repos, row.name))


def _empty(path: str) -> None:
    with suppress(OSError):  # somebody put something there: it stays
        os.rmdir(path)


def _replace(path: str, text: str) -> None:
    files.replace(path, text.encode("utf-8", "surrogateescape"))


def contents(path: str) -> str:
    """The contents, "" where there is no such file."""
    try:
        with open(path, "rb") as source:
            return source.read().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""


def _digest(path: str) -> str:
    """SHA-256 (hex) of a file, "" where there is none."""
    try:
        with open(path, "rb") as source:
            return checksum.sha256(source)
    except FileNotFoundError:
        return ""


def _names(path: str) -> Sequence[str]:
    try:
        return os.listdir(path)
    except FileNotFoundError:
        return ()

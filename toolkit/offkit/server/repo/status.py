"""'offkit repo status': what of it is as it was added."""

import os
import shlex
from typing import Dict, List, NamedTuple, Optional, Tuple

from offkit.media import keys, medium, offer
from offkit.media.iso9660 import BadIso
from offkit.media.repofile import Base
from offkit.media.repository import Repository, reason
from offkit.media.rpm import BadRepodata
from offkit.model.errors import OffkitError, UsageError
from offkit.model.finding import ERROR, WARNING, Finding
from offkit.server.repo import fstab, machine, sections, state
from offkit.server.repo.machine import Kernel
from offkit.server.repo.state import Added, Places, State


class Row(NamedTuple):
    """One repository of yum's."""

    base: Base
    source: str
    mounted: bool  # of a directory: whether it is there
    packages: Optional[int]  # None where it cannot be read
    key: bool  # whether the key file is there


class Status(NamedTuple):
    state: Optional[State]  # None: nothing was added
    rows: Tuple[Row, ...]
    findings: Tuple[Finding, ...]


def read(places: Places, kernel: Kernel) -> Status:
    """Look, and change nothing. Raises EnvironmentProblem where the notes cannot be read."""
    found = state.load(places)
    if found is None:
        return Status(None, (), ())
    rows: List[Row] = []
    findings: List[Finding] = []
    for one in found.media:
        mine, wrong = _medium(one, kernel)
        rows += mine
        findings += wrong
    findings += _files(found, places)
    return Status(found, tuple(rows), tuple(findings))


def _medium(one: Added, kernel: Kernel) -> Tuple[List[Row], List[Finding]]:
    findings: List[Finding] = []
    mounted = kernel.at(one.top) is not None if one.iso else os.path.isdir(one.top)
    top = medium.of(one.top)
    again = "offkit repo add {} {}".format("--iso" if one.iso else "--dir", shlex.quote(one.source))
    if one.iso and not os.path.exists(one.source):
        message = "the ISO is missing"
        fix = "put it back, or: offkit repo remove"
        findings.append(Finding("REPO010", ERROR, one.source, message, (), fix))
    if not mounted:
        message = "is not mounted" if one.iso else "is missing"
        findings.append(Finding("REPO003", ERROR, one.top, message, (one.source,), again))
    else:
        findings += _same(one, top, again)
    rows: List[Row] = []
    keyless: Dict[str, str] = {}  # key file: the first repository that names it
    for base, known in zip(one.bases, one.repositories):
        count, why = _count(top.repository(known.base)) if mounted else (None, "")
        there = not base.key or os.path.isfile(base.key)
        if why and not any(each.code in ("REPO015", "REPO011") for each in findings):
            fix = "copy the medium again and compare its checksum"
            findings.append(Finding("REPO011", ERROR, base.id, why, (base.directory,), fix))
        if not there and (mounted or not _below(base.key, one.top)):
            keyless.setdefault(base.key, base.id)
        rows.append(Row(base, one.source, mounted, count, there))
    for key, identity in keyless.items():
        fix = "put the key back; the distribution's own are in {}".format(keys.KEYS)
        findings.append(Finding("REPO014", ERROR, identity, "its key is missing", (key,), fix))
    return rows, findings


def _below(path: str, top: str) -> bool:
    return path.startswith(top.rstrip("/") + "/")


def _same(one: Added, top: medium.Medium, again: str) -> List[Finding]:
    """Whether what is there is what was added: its metadata and label are the medium's identity. A mounted
    image is the old one as long as it is mounted, whatever its name leads to by now."""
    try:
        now = offer.look((), [top])[0]
        if now.repositories == one.repositories and now.label == one.label:
            if not one.iso or offer.look([one.source], ())[0].repositories == one.repositories:
                return []
            message = "the file is no longer the ISO that is mounted"
            return [Finding("REPO015", ERROR, one.source, message, (one.top,), again)]
    except UsageError:
        return []  # it is gone, which is said
    except OffkitError as error:
        return list(error.findings)
    was, here = (" ".join(text.split()[1:]) or "without a label" for text in (one.label, now.label))
    message = "this is not the medium that was added: {} now, {} before".format(here, was)
    if was == here:
        message = "this is not the medium that was added, although it has the same label"
    return [Finding("REPO015", ERROR, one.top, message, (one.source,), again)]


def _count(repository: Repository) -> Tuple[Optional[int], str]:
    try:
        return repository.search(()).total, ""
    except (BadRepodata, BadIso, OSError) as error:
        return None, "its metadata cannot be read: {}".format(reason(error))


def _files(found: State, places: Places) -> List[Finding]:
    findings: List[Finding] = []
    own = "/etc/yum.repos.d/offkit.repo"
    text = machine.contents(places.repo_file)
    if not text:
        fix = "offkit repo add … writes it again, with the same options"
        findings.append(Finding("REPO001", ERROR, own, "is missing", (), fix))
    elif text != sections.text(found.bases, found.only):
        message = "differs from what 'offkit repo add' writes"
        fix = "offkit repo add … writes it again; 'offkit repo remove' deletes it"
        findings.append(Finding("REPO016", WARNING, own, message, (), fix))
    for one in found.media:
        if one.fstab and not fstab.has(machine.contents(places.fstab), one.fstab):
            message = "the line that mounts {} at boot is missing".format(one.source)
            fix = "offkit repo add --persist … writes it again"
            findings.append(Finding("REPO016", WARNING, "/etc/fstab", message, (one.fstab,), fix))
    return findings + [finding for row in found.disabled for finding in machine.altered(row, places)]

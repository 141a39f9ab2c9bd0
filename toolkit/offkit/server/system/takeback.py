"""Giving the system back what it was: the RPMs, keys and files that the ledger says offkit added."""

import os
import re
from contextlib import suppress
from typing import Dict, List, NamedTuple, Sequence, Tuple

from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.server.system import ledger, yum
from offkit.server.system.ledger import Rpm, Run

# rpm's own words under LC_ALL=C (lib/rpmps.c).
_NEEDED = re.compile(r"^\s*(.+?) is needed by \(installed\) (\S+)\s*$")
_LDCONF = "/etc/ld.so.conf.d/"
# The only files that offkit, or dnf for it, makes outside PREFIX.
_OURS = re.compile(r"^(/etc/ld\.so\.conf\.d/offkit-[^/]+\.conf|/etc/dnf/modules\.d/[^/]+\.module)$")


class TakeBack(NamedTuple):
    """What goes, and what stays although offkit brought it."""

    rpms: Tuple[Rpm, ...] = ()
    files: Tuple[str, ...] = ()
    kept: Tuple[Finding, ...] = ()

    @property
    def nothing(self) -> bool:
        return not (self.rpms or self.files)


def plan(prefix: str, run: Run, root: bool = True) -> TakeBack:
    """What can be taken back now; ``run`` speaks English (server.system.ledger.english).

    Only ``root`` learns from rpm what something else needs by now. Raises EnvironmentProblem where
    the ledger names transactions and rpm cannot be asked, or would refuse.
    """
    entries = ledger.read(prefix)
    if root and entries and not ledger.believable(prefix):
        return TakeBack((), (), (_not_believed(ledger.directory(prefix)),))
    paths = {path for entry in entries for path in entry.files if _OURS.match(path)}
    present = tuple(sorted(path for path in paths if os.path.lexists(path)))
    if all(entry.after is not None and entry.after <= entry.before for entry in entries):
        return TakeBack((), present)
    ours = ledger.added(entries, ledger.installed(run))
    rpms, kept = _spare(ours, run) if root else (list(ours), [])
    return TakeBack(tuple(rpms), present, tuple(kept))


def _spare(ours: Sequence[Rpm], run: Run) -> Tuple[List[Rpm], List[Finding]]:
    """Without what something else needs by now: rpm itself is asked, until it objects no more."""
    left = list(ours)
    kept: List[Finding] = []
    while left:
        done = run(["rpm", "-e", "--test", *(rpm.word for rpm in left)])
        if done.ok:
            break
        said = (done.stderr + "\n" + done.stdout).splitlines()
        found = [match for match in map(_NEEDED.match, said) if match]
        needed: Dict[Rpm, List[str]] = {}
        for match in found:
            for rpm in _providers(match.group(1), left, run):
                needed.setdefault(rpm, []).append(match.group(2))
        if not needed:
            raise yum.failure(done, "nothing was removed; correct this, or keep the packages: --keep-rpms")
        for rpm, users in sorted(needed.items()):
            kept.append(_stays(rpm, ", ".join(sorted(set(users)))))
        left = [rpm for rpm in left if rpm not in needed]
    return left, kept


def _providers(capability: str, ours: Sequence[Rpm], run: Run) -> List[Rpm]:
    name = re.sub(r" (<|>|=|<=|>=) \S+$", "", capability)
    done = run(["rpm", "-q", "--whatprovides", name, "--qf", ledger.FORMAT])
    found = {ledger.parse(line) for line in done.stdout.splitlines()}
    return [rpm for rpm in ours if rpm in found]


def _not_believed(place: str) -> Finding:
    message = "users other than root can write there: it is not trusted, and no package or key is removed"
    fix = "its files list what was installed (remove it with rpm -e); they are removed with the prefix"
    return Finding("RPM010", WARNING, place, message, (), fix)


def _stays(rpm: Rpm, users: str) -> Finding:
    fix = "it is now an ordinary package of this server; 'rpm -e {}' removes it when nothing needs it".format(
        rpm.word
    )
    return Finding("RPM010", INFO, rpm.word, "is now needed by {}: it is kept".format(users), (), fix)


def apply(made: TakeBack, run: Run) -> None:
    """Remove all of it, the RPMs in one transaction.

    Raises EnvironmentProblem; what is gone by then is not missed when it is run again.
    """
    for path in made.files:
        with suppress(FileNotFoundError):
            os.unlink(path)
    if made.rpms:
        done = run(["rpm", "-e", *(rpm.word for rpm in made.rpms)])
        if not done.ok:
            raise yum.failure(
                done, "the packages are still installed; everything else of offkit's was removed"
            )
    if made.rpms or any(path.startswith(_LDCONF) for path in made.files):
        run(ledger.LDCONFIG)


def need_root(made: TakeBack) -> EnvironmentProblem:
    """RPM006: an ordinary user cannot take these back."""
    names = tuple(rpm.word for rpm in made.rpms) + made.files
    message = "root installed packages for this prefix, and only root can remove them"
    fix = "run it as root, or with --keep-rpms to keep them"
    return EnvironmentProblem(message, [Finding("RPM006", ERROR, "rpm", message, names, fix)])

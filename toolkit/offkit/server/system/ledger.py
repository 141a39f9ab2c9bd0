"""What offkit changed of the system: PREFIX/system, written around every transaction of yum.

``NNNN.text`` is a line for people, ``NNNN.before`` and ``NNNN.after`` are the installed RPMs,
``NNNN.files`` are paths made outside PREFIX. install.sh writes the same files. A number without
``.after`` is a transaction that was interrupted.
"""

import os
import re
import shutil
import stat
from typing import Callable, Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from offkit.edges import files
from offkit.edges.run import Result, clean_environment
from offkit.model import layout, yum
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding

FORMAT = yum.PACKAGE + "\n"
# As ``FORMAT`` writes it. A key that was imported is a package too, called gpg-pubkey.
_LINE = re.compile(r"^(.+)-(\d+):([^-]+)-([^-]+)\.([^.]+)$")
_FILE = re.compile(r"^(\d{4,})\.(text|before|after|files)$")
_KEY = "gpg-pubkey"
LDCONFIG = ("/sbin/ldconfig",)  # not on everybody's PATH
SCRATCH = ".scratch-"  # directories of yum's, in PREFIX/system while it works
_MODULES = "/etc/dnf/modules.d"

Run = Callable[[Sequence[str]], Result]


class Rpm(NamedTuple):
    """An installed RPM, or an imported key."""

    name: str
    epoch: str
    version: str
    release: str
    arch: str  # "(none)" of a key

    @property
    def line(self) -> str:
        return "{}-{}:{}-{}.{}".format(*self)

    @property
    def key(self) -> bool:
        return self.name == _KEY

    @property
    def word(self) -> str:
        """As ``rpm -e`` takes it: an epoch is part of no file name and of no argument on el7."""
        stem = "{}-{}-{}".format(self.name, self.version, self.release)
        return stem if self.key else stem + "." + self.arch


class Transaction(NamedTuple):
    """One transaction."""

    number: int
    text: str
    before: FrozenSet[str]
    after: Optional[FrozenSet[str]]  # None: interrupted
    files: Tuple[str, ...] = ()


def directory(prefix: str) -> str:
    return os.path.join(prefix, layout.SYSTEM)


def leftovers(prefix: str) -> List[str]:
    """Scratch directories; under the prefix's lock they are those of transactions that were killed."""
    place = directory(prefix)
    try:
        return [os.path.join(place, name) for name in os.listdir(place) if name.startswith(SCRATCH)]
    except OSError:
        return []


def parse(line: str) -> Optional[Rpm]:
    """Back from ``Rpm.line``; None for anything else."""
    found = _LINE.match(line)
    return Rpm(*found.groups()) if found else None


def installed(run: Run) -> Tuple[str, ...]:
    """All RPMs and keys of this server as sorted lines.

    Raises EnvironmentProblem (RPM009) where rpm cannot be asked.
    """
    done = run(["rpm", "-qa", "--qf", FORMAT])
    if not done.ok:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        message = "rpm cannot list the installed packages: {}".format(words[-1] if words else done.returncode)
        fix = "'rpm -qa' must work here; 'rpm --rebuilddb' repairs a damaged database"
        raise EnvironmentProblem(message, [Finding("RPM009", ERROR, "rpm", message, ("rpm -qa",), fix)])
    return tuple(sorted(done.stdout.split("\n")[:-1]))


def believable(prefix: str) -> bool:
    """Whether what lies there was written by root, or by the user who asks, and by nobody else.

    It says what root is to remove: a prefix in a home directory must not tell root that.
    """
    place = directory(prefix)
    try:
        facts = [(stat.S_ISDIR, os.lstat(place))]
        names = [name for name in os.listdir(place) if _FILE.match(name)]
        facts += [(stat.S_ISREG, os.lstat(os.path.join(place, name))) for name in names]
    except OSError:
        return False
    return all(
        kind(one.st_mode)
        and one.st_uid in (0, os.geteuid())
        and not one.st_mode & stat.S_IWOTH
        and not (one.st_mode & stat.S_IWGRP and one.st_gid != 0)
        for kind, one in facts
    )


def read(prefix: str) -> List[Transaction]:
    """All entries, by number. What cannot be read is as if it were not there."""
    place = directory(prefix)
    try:
        names = sorted(os.listdir(place))
    except OSError:
        return []
    numbers = sorted({int(found.group(1)) for found in map(_FILE.match, names) if found})
    entries = []
    for number in numbers:
        before, after = _lines(place, number, "before"), _lines(place, number, "after")
        entries.append(
            Transaction(
                number,
                " ".join(_lines(place, number, "text") or ()),
                # Without a before nothing can be told: nothing counts as added.
                frozenset(before if before is not None else after or ()),
                frozenset(after) if after is not None else (None if before is not None else frozenset()),
                tuple(_lines(place, number, "files") or ()),
            )
        )
    return entries


def _lines(place: str, number: int, kind: str) -> Optional[List[str]]:
    try:
        with open(_path(place, number, kind), "rb") as source:
            data = source.read()
    except OSError:
        return None
    return [line for line in os.fsdecode(data).split("\n") if line]


def _path(place: str, number: int, kind: str) -> str:
    return os.path.join(place, "{:04d}.{}".format(number, kind))


def begin(prefix: str, text: str, before: Iterable[str]) -> int:
    """A transaction is about to begin: its number. Raises OSError."""
    place = directory(prefix)
    os.makedirs(place, exist_ok=True)
    number = max([entry.number for entry in read(prefix)] or [0]) + 1
    files.replace(_path(place, number, "text"), (text + "\n").encode("utf-8", "surrogateescape"))
    files.replace(_path(place, number, "before"), _text(before))
    return number


def end(
    prefix: str, number: int, before: Iterable[str], after: Iterable[str], paths: Sequence[str] = ()
) -> None:
    """It has ended, well or not, and has made the files ``paths`` outside PREFIX.

    One that changed nothing is forgotten. Raises OSError.
    """
    place = directory(prefix)
    if paths:
        files.replace(_path(place, number, "files"), _text(paths))
    if paths or sorted(before) != sorted(after):
        files.replace(_path(place, number, "after"), _text(after))
        return
    for kind in ("before", "text"):
        os.unlink(_path(place, number, kind))
    files.sync_directory(place)


def module_files() -> FrozenSet[str]:
    """Files in which dnf notes that a module's stream is enabled: an installation can do that."""
    try:
        return frozenset(os.path.join(_MODULES, name) for name in os.listdir(_MODULES))
    except OSError:
        return frozenset()


def _text(lines: Iterable[str]) -> bytes:
    return "".join(line + "\n" for line in sorted(lines)).encode("utf-8", "surrogateescape")


def added(entries: Sequence[Transaction], now: Iterable[str]) -> Tuple[Rpm, ...]:
    """The RPMs and keys that are here because of offkit, exactly as it left them, sorted.

    What was updated is not among them: before, an older one was here. Of a transaction that was
    interrupted all counts that was new when the next one began, or is now. What somebody else has
    updated since is theirs.
    """
    present = tuple(now)
    ours: Dict[Tuple[str, ...], Rpm] = {}
    for index, entry in enumerate(entries):
        before = _by_identity(entry.before)
        ours = {name: rpm for name, rpm in ours.items() if before.get(name) == rpm}
        following = entries[index + 1].before if index + 1 < len(entries) else present
        after = _by_identity(entry.after if entry.after is not None else following)
        ours.update((name, rpm) for name, rpm in after.items() if name in ours or name not in before)
    here = _by_identity(present)
    return tuple(sorted(rpm for name, rpm in ours.items() if here.get(name) == rpm))


def _by_identity(lines: Iterable[str]) -> Dict[Tuple[str, ...], Rpm]:
    """A key is its version (it never changes), a package its name and architecture."""
    rpms = (rpm for rpm in map(parse, lines) if rpm is not None)
    return {tuple(rpm) if rpm.key else (rpm.name, rpm.arch): rpm for rpm in rpms}


def english(base: Callable[..., Result], asking: bool = False) -> Run:
    """``edges.run.run`` for yum and rpm: they speak English, and are never killed half-way.

    ``asking``: name servers may be asked, as a medium's URL has a name in it.
    """
    extra = {"LC_ALL": "C", "LANG": "C"}
    if asking:
        extra["RES_OPTIONS"] = ""

    def run(argv: Sequence[str]) -> Result:
        if argv[0] == "yum" and not shutil.which("yum") and shutil.which("dnf"):
            argv = ["dnf", *argv[1:]]  # a minimal server may have it by this name alone
        return base(argv, clean_environment(extra), gently=True)

    return run

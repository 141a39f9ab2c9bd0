"""What a distribution's RECORD promises, and whether the files are so.

Source: the core metadata specification "Recording installed projects" (PEP 376 and 627).
"""

import errno
import posixpath
from typing import Collection, Dict, List, Sequence, Tuple

from offkit.edges.tree import Tree
from offkit.model import record, words
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.record import HASHES, RecordedFile
from offkit.server.doctor import rivals
from offkit.server.doctor.distribution import Distribution
from offkit.server.doctor.shared_objects import machine_code
from offkit.server.environment.environment import Environment, forbidden

AGAIN = "install the package again"
TEXT = 16 * 1024 * 1024  # bytes of RECORD or METADATA that are read
_CHUNK = 1 << 20
_NAMED = 5


Owners = Dict[str, Dict[str, RecordedFile]]  # path → distribution → what its RECORD says


def half_installed(tree: Tree, env: Environment, name: str, path: str) -> Finding:
    """One of the two files without which a .dist-info is none; ``path`` names it."""
    missing = posixpath.basename(path)
    refusing = tree.refuses(path)
    if refusing:
        return forbidden("PKG012", env, "{} of {}".format(missing, name), path, refusing)
    return Finding(
        "PKG003",
        ERROR,
        name,
        "is incompletely installed: no " + missing,
        (path,),
        "install the package again",
    )


def read(tree: Tree, env: Environment, dist: Distribution) -> Tuple[List[RecordedFile], List[Finding]]:
    """The lines of a distribution's RECORD that can be understood; findings for the rest."""
    findings = []
    path = dist.directory + "/RECORD"
    try:
        text = tree.text(path, TEXT)
    except OSError:
        # PEP 627: a distribution without RECORD belongs to another tool; pip always writes one.
        return [], [half_installed(tree, env, dist.name, path)]
    cut = tree.stat(path).st_size > TEXT
    if cut:
        text = text.rpartition("\n")[0]
        message = "its RECORD is larger than {} MiB; the rest was not examined".format(TEXT >> 20)
        fix = "nothing: so large a RECORD is read no further"
        findings.append(Finding("PKG013", WARNING, dist.name, message, (path,), fix))
    found, wrong = record.read(text)
    lines = [each._replace(path=posixpath.normpath(posixpath.join(dist.top, each.path))) for each in found]
    if wrong:
        places = ["{} ({})".format(each.line, each.error) if each.error else str(each.line) for each in wrong]
        message = "its RECORD is damaged, line " + ", ".join(places[:_NAMED])
    else:
        message = "" if cut else _incomplete(dist, lines)
    if message:
        findings.append(Finding("PKG006", ERROR, dist.name, message, (path,), AGAIN))
    return lines, findings


def _incomplete(dist: Distribution, lines: List[RecordedFile]) -> str:
    """A RECORD lists every file that was installed, itself and METADATA among them (PEP 376):
    one that does not has lost lines, and with them what it says of other files."""
    if not lines:
        return "its RECORD is damaged: it is empty"
    listed = {tuple(line.path.split("/")[-2:]) for line in lines}
    info = posixpath.basename(dist.directory)
    absent = [name for name in ("METADATA", "RECORD") if (info, name) not in listed]
    return "its RECORD is damaged: it does not list " + " and ".join(absent) if absent else ""


class _Sorted:
    """The files of one distribution that are not as recorded, by what is wrong with them."""

    def __init__(self) -> None:
        self.missing: List[str] = []
        self.altered: List[str] = []
        self.broken: List[str] = []  # machine code that was altered
        self.refused: Dict[str, List[str]] = {}  # the directory that refuses, or "" for themselves
        self.failed: Dict[str, List[str]] = {}  # reason → files that cannot be read for it
        self.unknown: List[str] = []  # recorded with a hash that is not known
        self.rivals: Dict[str, None] = {}  # other distributions that have files of these names
        self.checked = 0

    def add(self, tree: Tree, dist: Distribution, line: RecordedFile, owners: Owners) -> None:
        compiled = line.path.endswith(record.BYTE_CODE)  # Python itself makes and removes them
        if not tree.is_file(line.path):
            refusing = tree.refuses(line.path)
            if refusing:
                self.refused.setdefault(refusing, []).append(line.path)
            elif not compiled:
                self.missing.append(line.path)
            return
        if not line.algorithm or compiled:
            return
        if line.algorithm not in HASHES:
            self.unknown.append("{} ({})".format(line.path, line.algorithm))
            return
        try:
            same = _same(tree, line)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM):
                self.refused.setdefault("", []).append(line.path)
            else:
                self.failed.setdefault(error.strerror or str(error), []).append(line.path)
            return
        self.checked += 1
        if not same:
            others = {title: other for title, other in owners[line.path].items() if title != dist.title}
            self.rivals.update(dict.fromkeys(others))
            # As another package recorded it, it is whole, though perhaps not of the version expected.
            whole = any(other.algorithm in HASHES and _same(tree, other) for other in others.values())
            (self.altered if whole or not machine_code(tree, line.path) else self.broken).append(line.path)


def compare(
    tree: Tree,
    env: Environment,
    dist: Distribution,
    lines: List[RecordedFile],
    owners: Owners,
    told: Collection[str],
    all_of_them: Sequence[Distribution],
) -> Tuple[int, List[Finding]]:
    """(files compared by their hash, findings). Of ``told`` it is known already that they cannot be read;
    ``all_of_them`` is what is installed."""
    found = _Sorted()
    for line in lines:
        if line.path not in told:
            found.add(tree, dist, line, owners)
    return found.checked, _findings(env, dist, found, all_of_them)


def _findings(
    env: Environment, dist: Distribution, found: _Sorted, all_of_them: Sequence[Distribution]
) -> List[Finding]:
    findings = []
    if found.missing:
        message = _several(env, found.missing, "missing")
        findings.append(Finding("PKG001", ERROR, dist.title, message, _all(found.missing), AGAIN))
    for refusing, paths in found.refused.items():
        place = refusing or ", ".join(paths[:_NAMED])
        why = forbidden("PKG012", env, dist.title, place, place)
        message = "{}: {}".format(why.message, _names(env, paths))
        findings.append(why._replace(message=message, looked_in=tuple(paths)))
    for reason, paths in found.failed.items():
        message = "cannot be read ({}): {}".format(reason, _names(env, paths))
        findings.append(Finding("PKG012", ERROR, dist.title, message, tuple(paths), AGAIN))
    for paths, severity in ((found.broken, ERROR), (found.altered, WARNING)):
        if paths:
            message, fix = _several(env, paths, "altered"), AGAIN
            if found.rivals:
                fix = rivals.cure(env, dist, found.rivals, all_of_them)
                message += "; {} has files of the same name".format(", ".join(sorted(found.rivals)))
            findings.append(Finding("PKG002", severity, dist.title, message, _all(paths), fix))
    if found.unknown:
        message = "not checked, because the hash is unknown: " + _names(env, found.unknown)
        findings.append(Finding("PKG008", INFO, dist.title, message, tuple(found.unknown), ""))
    return findings


def _same(tree: Tree, line: RecordedFile) -> bool:
    """Whether a file is as recorded. Raises OSError when it cannot be read."""
    with tree.open(line.path) as source:
        return line.matches(iter(lambda: source.read(_CHUNK), b""))


def _all(paths: List[str]) -> Tuple[str, ...]:
    """What the message could not name."""
    return tuple(paths) if len(paths) > _NAMED else ()


def _several(env: Environment, paths: List[str], what: str) -> str:
    number = "1 file is" if len(paths) == 1 else "{} files are".format(len(paths))
    return "{} {}: {}".format(number, what, _names(env, paths))


def _names(env: Environment, paths: List[str]) -> str:
    return words.listed([env.shorten(path) for path in paths], _NAMED)

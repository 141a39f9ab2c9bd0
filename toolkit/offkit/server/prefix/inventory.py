"""What stands under a prefix: generations, their sizes, whether each would start, leftovers.

Nothing is executed to find out. The interpreter of a generation may be what somebody put there
since, and a start says less than it seems to: it would end well with half a standard library.
Its files are looked at by the rules that CPython itself starts by.
"""

import os
import re
import stat
from typing import List, NamedTuple, Optional, Sequence, Set, Tuple

from offkit.edges import files
from offkit.edges.exclusive import refused
from offkit.edges.tree import Tree
from offkit.model import layout
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.server.environment import environment
from offkit.server.prefix import generations
from offkit.server.prefix.generations import Generation

AGAIN = "install the bundle again"


class Listed(NamedTuple):
    """A generation and what there is to say about it."""

    generation: Generation
    size: int  # bytes on disk
    problems: Tuple[Finding, ...]  # why it would not start; errors


class Inventory(NamedTuple):
    prefix: str
    current: Optional[str]  # the identity
    entries: Tuple[Listed, ...]  # oldest first
    leftovers: Tuple[Tuple[str, int], ...]  # path and bytes of each interrupted build or removal
    findings: Tuple[Finding, ...]


def require(prefix: str) -> None:
    """Raises EnvironmentProblem where offkit never installed anything (ENV040), or may not look."""
    place = generations.directory(prefix)
    try:
        os.listdir(place)
    except PermissionError as error:
        raise refused(error, prefix, "{} cannot be read".format(prefix))
    except OSError as error:
        message = "there is no installation in {}".format(prefix)
        looked = "{} ({})".format(place, error.strerror)
        fix = "give the prefix that 'offkit install' used: --prefix DIR"
        raise EnvironmentProblem(message, [Finding("ENV040", ERROR, prefix, message, (looked,), fix)])


def read(prefix: str) -> Inventory:
    """Everything under ``prefix``. Raises EnvironmentProblem (ENV040) where nothing is."""
    require(prefix)
    entries = tuple(Listed(one, size(one.path), problems(one)) for one in generations.found(prefix))
    left = tuple((path, size(path)) for path in generations.leftovers(prefix))
    current = generations.current_id(prefix)
    findings = [_of_entry(one, found) for one in entries for found in one.problems]
    findings += of_link(prefix, current, bool(entries))
    findings += [_of_leftover(path) for path, _ in left]
    findings += [_of_python(path) for path in unused(prefix, [one.generation for one in entries])]
    return Inventory(prefix, current, entries, left, tuple(findings))


def is_python(path: str) -> bool:
    """Whether a directory below PREFIX/python is an interpreter that offkit brought: its name is a
    version, and the program is in it (bin/ of a build, usr/bin/ of RPMs that were unpacked)."""
    found = re.match(r"^(\d+\.\d+)(\.\d+)*(-[a-z]+)?$", os.path.basename(path))
    return found is not None and any(
        os.path.lexists(os.path.join(path, place, "python" + found.group(1))) for place in ("bin", "usr/bin")
    )


def unused(prefix: str, existing: Sequence[Generation]) -> List[str]:
    """Interpreters that offkit brought and no generation was made with."""
    pythons_directory = os.path.join(prefix, layout.PYTHON)
    try:
        names = sorted(os.listdir(pythons_directory))
    except OSError:
        return []
    users = [files.path(one.receipt.python) for one in existing if one.receipt is not None]
    places = [os.path.join(pythons_directory, name) for name in names]
    return [
        place
        for place in places
        if is_python(place) and not any(one.startswith(place + os.sep) for one in users)
    ]


def problems(one: Generation) -> Tuple[Finding, ...]:
    """Why a generation would not start (ENV041), as far as its files tell."""
    found = []

    def wrong(message: str, looked: Tuple[str, ...], fix: str) -> None:
        found.append(Finding("ENV041", ERROR, one.id, message, looked, fix))

    if one.receipt is None:
        receipt = os.path.join(one.path, *layout.RECEIPT.split("/"))
        wrong("has no readable receipt", (receipt,), AGAIN)
    try:
        where, missing = environment.locate(Tree("/"), one.path)
    except EnvironmentProblem as error:
        wrong("is no longer an environment: {}".format(error.message), (one.path,), AGAIN)
        return tuple(found)
    for finding in missing:
        wrong(finding.message, finding.looked_in, finding.fix)
    python = os.path.join(one.path, "bin", "python")
    if where.interpreter and not os.access(python, os.X_OK):
        what = "cannot be executed" if os.path.exists(python) else "is missing"
        wrong("its bin/python {}".format(what), (python, where.interpreter), AGAIN)
    return tuple(found)


def size(path: str) -> int:
    """Bytes that a tree takes on disk (blocks, as du counts), each hard link once.

    What cannot be read counts nothing.
    """
    total = _blocks(path, set())
    seen: Set[Tuple[int, int]] = set()
    for place, directories, names in os.walk(path):
        total += sum(_blocks(os.path.join(place, name), seen) for name in directories + names)
    return total


def _blocks(path: str, seen: Set[Tuple[int, int]]) -> int:
    try:
        facts = os.lstat(path)
    except OSError:
        return 0
    if facts.st_nlink > 1 and not stat.S_ISDIR(facts.st_mode):
        if (facts.st_dev, facts.st_ino) in seen:
            return 0
        seen.add((facts.st_dev, facts.st_ino))
    return facts.st_blocks * 512  # stat(2): units of 512 bytes, whatever the file system's


def _of_entry(entry: Listed, found: Finding) -> Finding:
    """An old generation that is broken harms nobody until somebody wants to go back to it."""
    return found if entry.generation.current else found._replace(severity=WARNING)


def of_link(prefix: str, current: Optional[str], any_there: bool) -> List[Finding]:
    """What is wrong with ``current`` (ENV042)."""
    link = os.path.join(prefix, layout.CURRENT)
    if current is not None:
        return []
    if os.path.lexists(link):
        target = os.readlink(link) if os.path.islink(link) else ""
        what = (
            "points to {}, which is not a generation".format(target) if target else "is not a symbolic link"
        )
        return [Finding("ENV042", ERROR, link, what, (), "offkit rollback ID makes a generation current")]
    if any_there:
        fix = "offkit rollback ID makes one of them current"
        return [Finding("ENV042", ERROR, link, "is missing: no generation is current", (), fix)]
    return []


def _of_python(path: str) -> Finding:
    message = "no generation uses this Python, which takes {} MB".format(-(-size(path) // 1000000))
    fix = "the next installation that needs it uses it; 'offkit uninstall' removes it with everything else"
    return Finding("ENV047", INFO, path, message, (), fix)


def _of_leftover(path: str) -> Finding:
    message = "left by an interrupted installation or removal"
    return Finding("ENV043", INFO, path, message, (), "the next 'offkit install' removes it")

"""The one place that calls yum (yum 3 or dnf, which answers to that name), and names its failures.

Only repositories called offkit-*, or local ones of this server that were read before, ever take part, and
signatures are always checked. Options and words are those of model.yum.
"""

import os
import re
import shlex
import tempfile
from fnmatch import fnmatchcase
from typing import Any, Callable, ContextManager, Dict, List, Sequence, Tuple

from offkit.edges import data, leftovers
from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.model import errors, yum
from offkit.model.errors import EnvironmentProblem, OffkitError
from offkit.model.finding import ERROR, Finding
from offkit.model.yum import Way

# What a command enables where nobody says otherwise: those of 'offkit repo add'.
OWN = ("offkit-*",)
INSTALL, REINSTALL = "install", "reinstall"
_LAST_LINES = 12

Run = Callable[[Sequence[str]], Result]

_SUBJECTS = (
    r"([^/\s]+)\.rpm: \[Errno",
    r'Package "?([^"\s]+?)(?:\.rpm)?"? (?:is not signed|from )',
    r"Public key for (\S+?)(?:\.rpm)? is",
    r"opening package (\S+?)(?:\.rpm)?$",
    r"unpacking rpm package (\S+)",
    r"Error: Package: (\S+) \(",
    r"for argument: (\S+)",
    r"from install of (\S+) conflicts with",
    r"No package (\S+) available",
    r"Argument '(\S+)' matches only",
    r'PGP check for package "([^"]+)"',
    r'Trying to remove "([^"]+)", which is protected',
    r"following protected packages: (\S.*)",
)


def program(tree: Tree) -> str:
    """What it is called on a server: a minimal one may have dnf by this name alone."""
    return "dnf" if tree.is_file("/usr/bin/dnf") and not tree.is_file("/usr/bin/yum") else "yum"


def typed(verb: str, rpms: Sequence[str], enabled: Sequence[str] = OWN, called: str = "yum") -> str:
    """The command that a person is told to type, with the repositories that take part in it."""
    return spoken([called, "--disablerepo=*", *_enabling(enabled), verb, *rpms])


def _enabling(enabled: Sequence[str]) -> List[str]:
    """Options that enable these repositories; what is an option itself is one."""
    return [name if name.startswith("--") else "--enablerepo=" + name for name in enabled]


def spoken(argv: Sequence[str]) -> str:
    """A command as it is printed, to be pasted into a shell."""
    words = (word.partition("=") for word in argv)
    return " ".join(name + equals + (shlex.quote(value) if equals else "") for name, equals, value in words)


def command(
    words: Sequence[str], repositories: str = "", cache: str = "", enabled: Sequence[str] = OWN
) -> List[str]:
    """The argument list of a yum that asks nothing.

    ``words`` are the verb and what it is for. ``repositories`` is a directory of .repo files to
    read in the place of /etc/yum.repos.d, ``cache`` one for metadata; both are of ``yum.PLAIN``.
    """
    options = [word for word in yum.OPTIONS if word != yum.ENABLED]
    at = options.index(yum.DISABLED) + 1
    options[at:at] = _enabling(enabled)
    own = ["--setopt=reposdir=" + repositories] if repositories else []
    own += ["--setopt=cachedir=" + cache] if cache else []
    return ["yum", "-y", *options, *own, *words]


_FETCHED = re.compile(r'exiting because "Download Only" specified')


def scratch() -> ContextManager[str]:
    """A temporary directory whose path can be the value of an option. Raises OSError."""
    return leftovers.scratch(None if yum.is_plain(tempfile.gettempdir()) else "/tmp")


def way(run: Run) -> Way:
    """Which of them it is."""
    first = run(["yum", "--version"]).stdout.partition("\n")[0].strip()
    return next(each for each in yum.WAYS if fnmatchcase(first, each.version))


def fetching(way: Way, into: str, place: str, identities: Sequence[str]) -> List[str]:
    """Options with which it only fetches into a directory what it would install; its log is in ``place``."""
    own = ["--setopt={}.copy_local=1".format(name) for name in identities if way.copies]
    return [*(word.replace(yum.INTO, into).replace(yum.PLACE, place) for word in way.fetching), *own]


def fetched(done: Result) -> bool:
    """Whether it says that it has: some versions of yum 3 end with 1 then."""
    return bool(_FETCHED.search(done.stdout + done.stderr))


def call(argv: Sequence[str], run: Run, changed: Callable[[], str] = str) -> Result:
    """Run it to the end.

    Raises the named failure; ``changed`` says then, in a sentence, what was done nevertheless.
    """
    refuse_locked(yum.PID)
    done = run(argv)
    if not done.ok:
        raise failure(done, changed())
    return done


def refuse_locked(path: str) -> None:
    """Raises EnvironmentProblem (RPM005) while the yum 3 whose pid is in that file is at work.

    An older yum 3 knows no exit_on_lock, and waits for ever.
    """
    try:
        with open(path, "rb") as source:
            pid = int(source.read(32))
        os.kill(pid, 0)
    except (OSError, ValueError, OverflowError):
        return
    kind = next(each for each in _kinds() if each.code == "RPM005")
    words = ("{}: process {}".format(path, pid),)
    found = Finding(kind.code, ERROR, "yum", kind.message, words, kind.fix)
    raise errors.of(kind.code)(kind.message, [found])


def failure(done: Result, changed: str = "") -> OffkitError:
    """What a yum that failed has met, with its own words."""
    called = done.argv[0] if done.argv else "yum"
    wrong = _lines(done.stderr)
    lines = _lines(done.stdout) + wrong
    if done.returncode == 127:
        return missing(lines[-1] if lines else "")
    for kind in _kinds():
        said = [line for line in lines if re.search(kind.words, line)]
        if said:
            subject = _subject(said) or "yum"
            words = tuple(dict.fromkeys(said))[:_LAST_LINES]
            finding = Finding(kind.code, ERROR, subject, kind.message, words, kind.fix)
            return errors.of(kind.code)("{} refused: {}".format(called, kind.message), [finding], changed)
    message = "{} failed (exit code {})".format(called, done.returncode)
    fix = "'offkit doctor repositories' says what blocks yum; then run the command again"
    words = tuple((wrong or lines)[-_LAST_LINES:])  # without its table of packages
    return EnvironmentProblem(message, [Finding("RPM007", ERROR, "yum", message, words, fix)], changed)


def as_document(ran: Sequence[Result]) -> Dict[str, Any]:
    """One command or two, for the document."""
    rows = [{"argv": list(done.argv), "returncode": done.returncode} for done in ran]
    return rows[0] if len(rows) == 1 else dict(rows[0], then=rows[1])


def _lines(text: str) -> List[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _kinds() -> List[yum.Kind]:
    return yum.parse(data.read_text(yum.WORDS))


def missing(why: str) -> EnvironmentProblem:
    """RPM009: there is no such program here."""
    message = "yum is not installed"
    fix = "without yum: offkit install … --no-root unpacks the needed libraries from the RPMs"
    return EnvironmentProblem(message, [Finding("RPM009", ERROR, "yum", message, (why,), fix)])


def _subject(lines: Sequence[str]) -> str:
    """The package that a refusal is about."""
    found = (re.search(words, line) for line in lines for words in _SUBJECTS)
    return next((match.group(1) for match in found if match), "")


def changed_since(before: Sequence[str], after: Sequence[str]) -> str:
    """What a failed transaction did all the same, and how to go on; lines are server.system.ledger's."""
    new: Tuple[str, ...] = tuple(line for line in after if line not in set(before))
    packages = [line for line in new if not line.startswith("gpg-pubkey")]
    done = "nothing was installed" + (", only the key was imported" if new else "")
    if packages:
        done = "{} {} been installed".format(", ".join(packages), "has" if len(packages) == 1 else "have")
    return done + "; correct this and run the command again"

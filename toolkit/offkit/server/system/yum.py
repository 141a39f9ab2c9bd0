"""The one place that calls yum (yum 3 or dnf, which answers to that name), and names its failures.

Only repositories called offkit-* ever take part, and signatures are always checked. The words
that are recognised are those of yum 3.4.3 (yummain.py, yum/__init__.py), dnf 4 (dnf/base.py,
dnf/lock.py), libdnf and rpm, under LC_ALL=C.
"""

import os
import re
import shlex
from typing import Callable, List, NamedTuple, Sequence, Tuple

from offkit.edges.run import Result
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, RequestError
from offkit.model.finding import ERROR, Finding

# Both take every one of these. Plugins are left out: some ask the network whatever is enabled.
OPTIONS = ("--noplugins", "--disablerepo=*", "--enablerepo=offkit-*", "--setopt=exit_on_lock=1")
# The beginning of what a person is told to type.
TYPED = ("yum", "--disablerepo=*", "--enablerepo=offkit-*")
_PID = "/var/run/yum.pid"
_LAST_LINES = 12
_COPY = "copy the ISO again and compare its checksum with the one published for it"

Run = Callable[[Sequence[str]], Result]


class _Kind(NamedTuple):
    """A failure: what yum says, and what that means."""

    words: str  # a regular expression
    code: str
    error: Callable[..., OffkitError]
    message: str
    fix: str


# In this order: dnf ends each of its refusals with "GPG check FAILED", yum 3 with
# "Error downloading packages", and a lock or a missing right comes before everything else.
_KINDS = (
    _Kind(
        r"holding the yum lock|another copy is running|already locked by|"
        r"obtain the transaction lock|can't create transaction lock|Waiting for process with pid",
        "RPM005",
        EnvironmentProblem,
        "another process is at work on this server's packages",
        "wait until that yum, dnf or rpm has finished, then run the command again",
    ),
    _Kind(
        r"need to be root|superuser privileges|[Mm]ust be root",
        "RPM006",
        EnvironmentProblem,
        "only root may install packages",
        "run it as root; or without root: offkit install … --no-root",
    ),
    _Kind(
        r"No space left on device|more space needed on the|needs [0-9]+[KMG]B (more )?on the",
        "ENV024",
        EnvironmentProblem,
        "there is no room for the packages",
        "free what yum asks for, then run the command again",
    ),
    _Kind(
        r"is not signed",
        "RPM002",
        IntegrityError,
        "a package without a signature is refused",
        "take the distribution's own ISO: every package on it is signed",
    ),
    _Kind(
        r"Public key for .* is not installed|not correct for this package|GPG key retrieval failed|"
        r"Invalid GPG [Kk]ey|Failed to retrieve GPG key|Curl error \(37\).*(KEY|gpg)",
        "RPM003",
        IntegrityError,
        "a package is signed with a key that is not that of this medium",
        "take the distribution's own ISO; a key of somebody you trust: rpm --import FILE, then again",
    ),
    _Kind(
        r"[Cc]url (error )?\((5|6|7|18|28|52|55|56)\)|curl#(5|6|7|18|28|52|55|56)\b|"
        r"Couldn't connect to server|Could not resolve host|Connection (refused|reset|timed out)|"
        r"Operation too slow|No route to host",
        "REPO017",
        EnvironmentProblem,
        "the server with the repository cannot be reached, or stopped answering",
        "see that it still serves, and that its firewall lets this host in; then run the command again",
    ),
    _Kind(
        r"incorrect checksum|checksum doesn't match|Inconsistent server data|"
        r"does not match intended download|Problem opening package|digest: BAD|"
        r"signature.*: BAD|does not verify|GPG check FAILED|rpmReadSignature failed|"
        r"unpacking of archive failed|rpmts_HdrFromFdno: error",
        "RPM001",
        IntegrityError,
        "a package is damaged, or somebody altered it",
        _COPY,
    ),
    _Kind(
        r"repomd\.xml|Cannot retrieve repository metadata|Failed to download metadata|"
        r"Cannot find a valid baseurl|failure: repodata/|Error opening file for checksum|"
        r"Input/output error|Cannot download Packages|all mirrors were already tried",
        "REPO011",
        IntegrityError,
        "the medium is damaged, or not all of it is there",
        _COPY,
    ),
    _Kind(
        r"No match for argument|No package .* available|Unable to find a match|nothing provides|"
        r"Requires: |Depsolve Error",
        "RPM004",
        RequestError,
        "the media do not have all that is needed",
        "take a fuller ISO (Everything, DVD) of the same release, or name a second one as well",
    ),
)

_SUBJECTS = (
    r"([^/\s]+)\.rpm: \[Errno",
    r'Package "?([^"\s]+?)(?:\.rpm)?"? (?:is not signed|from )',
    r"Public key for (\S+?)(?:\.rpm)? is",
    r"opening package (\S+?)(?:\.rpm)?$",
    r"for argument: (\S+)",
    r"No package (\S+) available",
)


def spoken(argv: Sequence[str]) -> str:
    """A command as it is printed, to be pasted into a shell."""
    words = (word.partition("=") for word in argv)
    return " ".join(name + equals + (shlex.quote(value) if equals else "") for name, equals, value in words)


def command(words: Sequence[str], repositories: str = "", cache: str = "") -> List[str]:
    """The argument list of a yum that asks nothing.

    ``words`` are the verb and what it is for. ``repositories`` is a directory of .repo files to
    read in the place of /etc/yum.repos.d, ``cache`` one for metadata; neither path may have a
    space, a comma or an equals sign: yum splits there.
    """
    own = ["--setopt=reposdir=" + repositories] if repositories else []
    own += ["--setopt=cachedir=" + cache] if cache else []
    return ["yum", "-y", *OPTIONS, *own, *words]


def call(argv: Sequence[str], run: Run, changed: Callable[[], str] = str) -> Result:
    """Run it to the end.

    Raises the named failure; ``changed`` says then, in a sentence, what was done nevertheless.
    """
    refuse_locked(_PID)
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
    kind = _KINDS[0]
    words = ("{}: process {}".format(path, pid),)
    raise kind.error(kind.message, [Finding(kind.code, ERROR, "yum", kind.message, words, kind.fix)])


def failure(done: Result, changed: str = "") -> OffkitError:
    """What a yum that failed has met, with its own words."""
    text = done.stdout + "\n" + done.stderr
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if done.returncode == 127:
        return missing(lines[-1] if lines else "")
    for kind in _KINDS:
        said = [line for line in lines if re.search(kind.words, line)]
        if said:
            subject = _subject(said) or "yum"
            words = tuple(dict.fromkeys(said))[:_LAST_LINES]
            finding = Finding(kind.code, ERROR, subject, kind.message, words, kind.fix)
            return kind.error("yum refused: " + kind.message, [finding], changed)
    message = "{} failed (exit code {})".format(done.argv[0] if done.argv else "yum", done.returncode)
    fix = "'offkit doctor repositories' says what is in yum's way; then run the command again"
    words = tuple(lines[-_LAST_LINES:])
    return EnvironmentProblem(message, [Finding("RPM007", ERROR, "yum", message, words, fix)], changed)


def missing(why: str) -> EnvironmentProblem:
    """RPM009: there is no such program here."""
    message = "there is no yum here"
    fix = "without it: offkit install … --no-root takes what is needed out of the RPMs itself"
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
    return done + "; put that right and run the command again"

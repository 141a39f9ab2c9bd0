"""A repository, checked out by the program of its kind: git, hg, svn or bzr, as pip calls them."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from offkit.edges import leftovers
from offkit.edges.run import run
from offkit.model.url import without_secrets
from offkit.online.index.upstream import reach
from offkit.online.sources.refusal import Refused


class Answer(NamedTuple):
    """A row: what a program says that gets no repository, what it means, and what helps."""

    said: str  # a pattern, in any line
    code: str
    fix: str
    source: str


_UNHEARD = (
    "check the URL, and the proxy (git takes it from http.proxy or https_proxy, ssh has none); "
    "or clone it where it can be reached, and give its directory"
)
_LOGIN = (
    "let {program} get at it without asking: a key in ssh's agent, or a token in the URL or in git's "
    "credential helper; then try '{program} ls-remote URL'"
)
_KNOWN = "connect to it once by hand, and compare its key: ssh -T USER@HOST"
_REVISION = "correct what follows the @: 'git ls-remote URL' shows its branches and tags"
_ANSWERS = (
    Answer(r"Host key verification failed", "NET011", _KNOWN, "ssh(1)"),
    Answer(
        r"Permission denied \(|terminal prompts disabled|could not read (?:Username|Password)|"
        r"Authentication failed|error: 40[13]\b|Access denied|authorization failed|No more credentials",
        "NET011",
        _LOGIN,
        "git(1), GIT_TERMINAL_PROMPT; ssh(1); svn E170001",
    ),
    Answer(
        r"Could not resolve host|[Ff]ailed to connect|Connection (?:refused|timed out|reset|closed)|"
        r"timed out|No route to host|[Nn]etwork is unreachable|[Nn]ame resolution|Name or service not known|"
        r"certificate|SSL|TLS|gnutls|error: (?:407|5\d\d)\b|CONNECT tunnel failed|from proxy|"
        r"Unable to connect|unable to connect|early EOF|hung up unexpectedly",
        "NET010",
        _UNHEARD,
        "curl's libcurl-errors(3), ssh(1), svn E170013",
    ),
    Answer(
        r"[Rr]epository (?:'.*' )?not found|error: 404\b",
        "REQ025",
        "check its URL, and its login: a server says the same of what is secret and of what is not there",
        "GitHub, GitLab",
    ),
    Answer(
        r"pathspec|[Rr]emote (?:branch|ref)|not our ref|unknown revision|reference is not a tree",
        "REQ025",
        _REVISION,
        "git-checkout(1), git-fetch(1)",
    ),
    Answer(
        r"does not appear to be a git repository|not a git repository|does not exist",
        "REQ025",
        "check its path: on this machine it is git+file:///PATH",
        "git-clone(1)",
    ),
)
_FRAME = re.compile(r"\[(?:\d+ lines of output|end of output)\]")  # pip's own, about what a program said
_POLITE = re.compile(
    r"make sure you have the correct access rights|^and the repository exists|^Cloning into "
)
_WORD = re.compile(r"^(?:fatal|error|abort|remote|svn|bzr|ERROR|ssh): *(?:E\d+: )?")


@contextlib.contextmanager
def made(link: Any) -> Iterator[tuple[Path, str]]:
    """A working copy for the length of the block, and its URL with the commit that it is of. Raises
    Refused."""
    known = reach("pip._internal.vcs", "vcs").get_backend_for_scheme(link.scheme)
    hide = reach("pip._internal.utils.misc", "hide_url")
    wrong = reach("pip._internal.exceptions", "PipError")
    with leftovers.scratch() as name, _environment(quiet(os.environ)):
        tree = Path(name) / "tree"
        try:
            known.unpack(str(tree), url=hide(link.url), verbosity=0)
            commit = str(known.get_revision(str(tree)))
        except (wrong, OSError) as error:
            said = getattr(getattr(error, "context", None), "plain", None)
            lines = str(said or getattr(error, "output_lines", None) or error).splitlines()
            raise refused(str(known.name), lines) from error
        url, _, _ = known.get_url_rev_and_auth(link.url)  # of them, only the first is nobody's secret
        yield tree, without_secrets(f"{known.name}+{url}@{commit}")


def refused(program: str, lines: Sequence[str]) -> Refused:
    """The refusal for what a program of that name said, or pip where there is none."""
    told = [line.strip() for line in lines if line.strip() and not _FRAME.fullmatch(line.strip())]
    if any("Cannot find command" in line or "No permission to execute" in line for line in told):
        why = f"its repository cannot be checked out: there is no program {program} here"
        return Refused(why, fix=f"install {program}; or give a wheel of it, or an archive of its sources")
    for row in _ANSWERS:
        line = next((one for one in told if re.search(row.said, one)), "")
        if line:
            why = f"its repository cannot be checked out: {_WORD.sub('', line)}"
            rest = [one for one in told if one != line and not _POLITE.search(one)]
            return Refused(why, rest, fix=row.fix.format(program=program), code=row.code)
    return Refused("its repository cannot be checked out", told)


def quiet(environment: Mapping[str, str]) -> dict[str, str]:
    """What makes git, and the ssh that it or svn starts, ask nobody for a password (git(1), ssh_config(5):
    BatchMode) and speak English, which ``refused`` reads. An ssh of the user's own stays that one."""
    found = {"GIT_TERMINAL_PROMPT": "0", "LANGUAGE": "en"}
    if "GIT_SSH" not in environment:
        ours = environment.get("GIT_SSH_COMMAND") or _configured() or "ssh"
        if PurePath(shlex.split(ours)[0]).name == "ssh":
            found["GIT_SSH_COMMAND"] = ours + " -o BatchMode=yes"
    found.setdefault("SVN_SSH", environment.get("SVN_SSH") or "ssh -q -o BatchMode=yes")
    return found


def _configured() -> str:
    """core.sshCommand of git's own configuration (git-config(1)), which the variable goes before."""
    return run(["git", "config", "core.sshCommand"]).stdout.strip() if shutil.which("git") else ""


@contextlib.contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    """For the length of the block, ours with that: pip gives its programs no other."""
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value

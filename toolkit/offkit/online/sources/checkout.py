"""A repository, checked out by the program of its kind: git, hg, svn or bzr, as pip calls them."""

from __future__ import annotations

import contextlib
import csv
import functools
import io
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, NamedTuple
from urllib.parse import quote

from offkit.edges import data, leftovers
from offkit.edges.run import run
from offkit.model.url import without_secrets
from offkit.online.index.upstream import reach
from offkit.online.sources.refusal import Refused

ANSWERS = "repo-config/checkouts.csv"
# How each is asked about a repository without getting it.
_LOOKS = {"git": "git ls-remote", "hg": "hg identify", "svn": "svn info", "bzr": "bzr info"}
# What is no word of a program: names and places, which may be called anything.
_NAMES = re.compile(r"'[^']*'|\"[^\"]*\"|\S+://\S+|\S+@\S+:\S*")
_FRAME = re.compile(r"\[(?:\d+ lines of output|end of output)\]")  # pip's own, about what a program said
_POLITE = re.compile(
    r"make sure you have the correct access rights|^and the repository exists|^Cloning into "
)
_WORD = re.compile(r"^(?:fatal|error|abort|remote|svn|bzr|ERROR|ssh): *(?:E\d+: )?")


class Answer(NamedTuple):
    """A row: what a program says that gets no repository, what it means, and what helps."""

    code: str
    words: str  # a pattern, in any line
    fix: str
    source: str


@functools.cache
def _answers() -> list[Answer]:
    """The first that fits counts."""
    return [Answer(**row) for row in csv.DictReader(io.StringIO(data.read_text(ANSWERS)))]


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
        url = quote(url, safe="/:") if url.startswith("file:") else url  # pip makes a path of that, for git
        yield tree, without_secrets(f"{known.name}+{url}@{commit}")


def refused(program: str, lines: Sequence[str]) -> Refused:
    """The refusal for what a program of that name said, or pip where there is none."""
    told = [line.strip() for line in lines if line.strip() and not _FRAME.fullmatch(line.strip())]
    if any("Cannot find command" in line or "No permission to execute" in line for line in told):
        why = f"its repository cannot be checked out: there is no program {program} here"
        return Refused(why, fix=f"install {program}; or give a wheel of it, or an archive of its sources")
    for row in _answers():
        line = next((one for one in told if re.search(row.words, _NAMES.sub("''", one))), "")
        if line:
            why = f"its repository cannot be checked out: {_WORD.sub('', line)}"
            rest = [one for one in told if one != line and not _POLITE.search(one)]
            fix = row.fix.format(program=program, look=_LOOKS.get(program, program))
            return Refused(why, rest, fix=fix, code=row.code)
    return Refused("its repository cannot be checked out", told)


def quiet(environment: Mapping[str, str]) -> dict[str, str]:
    """What makes git, and the ssh that it or svn starts, ask nobody for a password (git(1), ssh_config(5):
    BatchMode) and speak English, which ``refused`` reads. An ssh of the user's own stays that one."""
    found = {"GIT_TERMINAL_PROMPT": "0", "LANGUAGE": "en"}
    if "GIT_SSH" not in environment:
        ours = environment.get("GIT_SSH_COMMAND") or _configured() or "ssh"
        if _program(ours) == "ssh":
            found["GIT_SSH_COMMAND"] = ours + " -o BatchMode=yes"
    found.setdefault("SVN_SSH", environment.get("SVN_SSH") or "ssh -q -o BatchMode=yes")
    return found


def _program(command: str) -> str:
    """The name of what a shell would start; "" where that is not plain."""
    try:
        return PurePath((shlex.split(command) or [""])[0]).name
    except ValueError:  # a quote that is not closed
        return ""


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

"""Why sources do not become a wheel that another machine could use: from what the build itself said."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence

from packaging.version import Version

from offkit.edges import data
from offkit.model import builds
from offkit.model.built import Built
from offkit.model.url import without_secrets

_MOST = 6  # lines that are shown
_NO_WORD = re.compile(r"[\s^~]*|\s*File \".*|\s{4,}.*")  # of a traceback: frames, their code and marks
_ERROR = re.compile(r"\s*[\w.]*(?:Error|Exception)\b|\s*error: ")
_FRAME = re.compile(r"\s*File \".*")
_RULE = re.compile(r"\s*([^\w\s^~])\1{2,}\s*")  # that a banner stands between
_STEP = re.compile(
    r"(?:running|creating|copying|writing|reading|adding|removing|building) .*|.*warning: .*", re.I
)
_URL = re.compile(r"https?://")
_READS_PROJECT = Version("61")
_SAY_IT_TWICE = (
    "say name, version, packages and requirements in setup.cfg, which every setuptools reads; "
    "or make its wheel with a newer Python, and ask for that"
)
_MODULE = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")


class Refused(Exception):
    """``why`` it cannot be built, the ``lines`` that were said, what it ``needs``, what helps, the
    ``code`` of the finding that it is, and the ``pythons`` that may do where the server's does not. ``log``:
    the lines are the output of a program, of which the last that tells something is shown."""

    def __init__(
        self,
        why: str,
        lines: Sequence[str] = (),
        needs: str = "",
        fix: str = "",
        code: str = "REQ025",
        pythons: str = "",
        log: bool = False,
    ) -> None:
        super().__init__(why)
        self.code, self.pythons, self.log = code, pythons, log
        self.why = without_secrets(why)
        self.lines = tuple(map(without_secrets, lines))
        self.needs, self.fix = needs, fix
        self.rejected = False  # by a compiler, which is here
        self.lacking = ""  # what it says it requires, and cannot be had
        self.subject = ""  # the file that it is about, of several that an index has

    @property
    def tail(self) -> tuple[str, ...]:
        if not self.log:
            return tuple(line.strip() for line in self.lines[-_MOST:])
        last = _last(self.lines)
        return (last,) if last and last not in self.why else ()


@functools.cache
def _rows() -> list[builds.Row]:
    return builds.parse(data.read_text(builds.WORDS))


def needed(lines: Sequence[str]) -> str:
    """What a build that failed would have needed, where it said so; else ""."""
    need = builds.need(_rows(), lines)
    if need is None or (need.kind == builds.COMPILED and builds.rejected(lines)):
        return ""
    return need.words


def failed(step: str, lines: Sequence[str]) -> Refused:
    """The refusal of a step that ended badly, with the true reason where one can be seen."""
    needs, wrong = needed(lines), builds.rejected(lines)
    if needs:
        return Refused(f"{step} failed: it needs {needs}", lines, needs, log=True)
    if wrong:
        error = Refused(f"{step} failed: {wrong}", lines, log=True)
        error.rejected = True
        return error
    missing = next((found[1] for found in map(_MODULE.search, reversed(lines)) if found), "")
    if missing:
        why = f"{step} failed: it imports {missing}, which its build requirements do not have"
        return Refused(why, lines, log=True)
    last = _last(lines)
    return Refused(f"{step} failed" + (f": {last}" if last else ""), lines, log=True)


def another_name(stated: str, made: Built) -> Refused:
    """The refusal of a wheel that is not what its sources say they are: mostly an empty one."""
    why = f"it calls itself {stated}, and what was built of it is {made.name} {made.version}"
    for pin in made.requires:
        if pin.name == "setuptools" and Version(pin.version) < _READS_PROJECT:
            why += f": setuptools {pin.version} does not read [project] of pyproject.toml, 61 and newer do"
            return Refused(why, fix=_SAY_IT_TWICE, pythons=">=3.7")  # which setuptools 61 wants
    return Refused(why)


def _last(lines: Sequence[str]) -> str:
    """The last error of some output; of one that names none, the last line that is a word, or the first one
    of a banner."""
    errors = [n for n, line in enumerate(lines) if _ERROR.match(line) and not _NO_WORD.fullmatch(line)]
    if not errors:
        return _ending(lines)
    said, after = lines[errors[-1]].strip(), lines[errors[-1] + 1 :]
    return f"{said} {next(_words(after), '')}".rstrip() if said.endswith(":") else said


def _ending(lines: Sequence[str]) -> str:
    """Of what follows the last frame of a traceback or the last step of setuptools: a banner ends with a
    rule, or with where to read more."""
    frames = [n for n, line in enumerate(lines) if _FRAME.fullmatch(line)]
    rest = list(lines[frames[-1] + 1 :] if frames else lines)
    while frames and rest and _NO_WORD.fullmatch(rest[0]):
        rest = rest[1:]  # code, and marks below it
    steps = [n for n, line in enumerate(rest) if _STEP.fullmatch(line.strip())]
    rest = [line for line in rest[steps[-1] + 1 if steps else 0 :] if line.strip()] or rest
    rules = [n for n, line in enumerate(rest) if _RULE.fullmatch(line)]
    framed = bool(rules) and rules[-1] == len(rest) - 1
    if len(rules) > 1 and framed:
        rest = rest[rules[-2] :]
    words = list(_words(rest))
    if not words:
        return ""
    return words[0] if framed or _URL.search(words[-1]) else words[-1]


def _words(lines: Iterable[str]) -> Iterator[str]:
    return (line.strip() for line in lines if re.search(r"\w", line))

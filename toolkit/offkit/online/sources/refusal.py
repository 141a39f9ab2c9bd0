"""Why sources do not become a wheel that another machine could use: from what the build itself said."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from offkit.edges import data
from offkit.model import builds
from offkit.model.url import without_secrets

_MOST = 6  # lines that are shown
_NO_WORD = re.compile(r"[\s^~]*|\s*File \".*|\s{4,}.*")  # of a traceback: frames, their code and marks
_ERROR = re.compile(r"\s*[\w.]*(?:Error|Exception)\b|\s*error: ")
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
    return need.words if need is not None else ""


def failed(step: str, lines: Sequence[str]) -> Refused:
    """The refusal of a step that ended badly, with the true reason where one can be seen."""
    needs = needed(lines)
    if needs:
        return Refused(f"{step} failed: it needs {needs}", lines, needs, log=True)
    missing = next((found[1] for found in map(_MODULE.search, reversed(lines)) if found), "")
    if missing:
        why = f"{step} failed: it imports {missing}, which its build requirements do not have"
        return Refused(why, lines, log=True)
    last = _last(lines)
    return Refused(f"{step} failed" + (f": {last}" if last else ""), lines, log=True)


def _last(lines: Sequence[str]) -> str:
    """The last error of some output; of one that names none, the last line that is a word."""
    backwards = [line.strip() for line in reversed(lines) if not _NO_WORD.fullmatch(line)]
    return next((line for line in backwards if _ERROR.match(line)), next(iter(backwards), ""))

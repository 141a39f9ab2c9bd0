"""Why sources do not become a wheel that another machine could use: from what the build itself said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from offkit.model.url import without_secrets

_LAST = 6  # lines of a build's output that are shown
_ERROR = re.compile(r"\s*[\w.]*(?:Error|Exception)\b|\s*error: ")
_MODULE = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")


class Refused(Exception):
    """``why`` it cannot be built, the ``lines`` that were said, what it ``needs``, and what helps."""

    def __init__(self, why: str, lines: Sequence[str] = (), needs: str = "", fix: str = "") -> None:
        super().__init__(why)
        self.why = without_secrets(why)
        self.lines = tuple(map(without_secrets, lines))
        self.needs, self.fix = needs, fix
        self.subject = ""  # the file that it is about, of several that an index has

    @property
    def tail(self) -> tuple[str, ...]:
        return tuple(line.strip() for line in self.lines[-_LAST:])


class Need(NamedTuple):
    """A row: what a build says that lacks something, and what that is."""

    said: str  # a pattern, in any line
    needs: str
    source: str


_C = "a C compiler and the headers of Python (gcc, python3-devel)"
_NEEDS = (
    Need(r"command '?\S*(?:gcc|cc|clang)'? failed|unable to execute '?\S*(?:gcc|cc|clang)", _C, "distutils"),
    Need(r"(?:gcc|cc|clang|c\+\+|g\+\+): (?:command )?not found", _C, "sh(1)"),
    Need(r"Python\.h: No such file", _C, "gcc"),
    Need(r"fatal error: (\S+\.h): No such file", "the header {0}, of a -devel package", "gcc"),
    Need(r"ERROR: Unknown compiler|Unable to detect compiler", _C, "Meson"),
    Need(r"No CMAKE_\w+_COMPILER could be found", _C, "CMake"),
    Need(r"(?:cargo|rustc)\S*:? (?:command )?not found|[Cc]an't find Rust", "Rust", "setuptools-rust"),
    Need(r"\bpg_config executable not found", "pg_config, of postgresql-devel", "psycopg2"),
    Need(r"(\w+[-_]config): (?:command )?not found", "the program {0}, of a -devel package", "sh(1)"),
)  # fmt: skip


def needed(lines: Sequence[str]) -> str:
    """What a build that failed would have needed, where it said so; else ""."""
    for row in _NEEDS:
        for line in lines:
            found = re.search(row.said, line)
            if found:
                return row.needs.format(*found.groups())
    return ""


def failed(step: str, lines: Sequence[str]) -> Refused:
    """The refusal of a step that ended badly, with the true reason where one can be seen."""
    needs = needed(lines)
    if needs:
        return Refused(f"{step} failed: it needs {needs}", lines, needs)
    missing = next((found[1] for found in map(_MODULE.search, reversed(lines)) if found), "")
    if missing:
        why = f"{step} failed: it imports {missing}, which its build requirements do not have"
        return Refused(why, lines)
    last = next((line.strip() for line in reversed(lines) if _ERROR.match(line)), "")
    return Refused(f"{step} failed" + (f": {last}" if last else ""), lines)

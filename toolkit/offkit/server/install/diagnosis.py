"""Why a source was not compiled: in the compiler's words, with what is missing where it says so."""

import functools
import re
from typing import List, Tuple

from offkit.edges import data
from offkit.edges.run import Result
from offkit.model import builds
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from offkit.model.release import Release
from offkit.model.sources import GXX, PROGRAMS, Source
from offkit.server.install import compiler
from offkit.server.install.plan import last_lines

_LINES = 8
_THERE = (builds.COMPILER, builds.COMPILED)  # gcc has answered before anything was compiled
_ERROR = re.compile(r"error\b|not found", re.IGNORECASE)
_FRAME = re.compile(r"^\s*(?:│|╰─>)?\s*")
# pip's own lines around what a build backend said.
_OF_PIP = re.compile(
    r"^(ERROR: |error: (subprocess-exited|metadata-generation|legacy-install|failed-wheel)|note: |hint: |"
    r"Failed to build|exit code: \d+$|WARNING: |\[end of output\]|\[\d+ lines of output\]|Building wheel|×)"
)


def failed(one: Source, result: Result, release: Release, devel: str) -> EnvironmentProblem:
    """ENV035, or ENV024 for want of space. ``devel`` is the package with Python's own headers."""
    text = result.stdout + "\n" + result.stderr
    if "No space left on device" in text:
        fix = "free some space, or choose another place: --prefix DIR"
        message = "no space left while {} was compiled".format(one.describe())
        return EnvironmentProblem(message, [Finding("ENV024", ERROR, one.describe(), message, (), fix)])
    message, fix = _cause(text, release, devel)
    said = [(message, fix)] + [(line, "") for line in told(result)]
    findings = [Finding("ENV035", ERROR, one.describe(), words, (), cure) for words, cure in said]
    headline = "{} could not be compiled; nothing was installed".format(one.describe())
    return EnvironmentProblem(headline, findings)


def _cause(text: str, release: Release, devel: str) -> Tuple[str, str]:
    """What is wrong, and what brings it."""
    need = builds.need(_rows(), text.splitlines())
    if need is None or need.kind in _THERE:
        return "does not compile here", ""
    if need.kind == builds.HEADER:
        rpm = devel if need.name == compiler.PYTHON_H else release.headers.get(need.name, "")
        return "needs the header {}".format(need.name), _install(rpm)
    if need.kind == builds.CXX:
        return "needs a C++ compiler", _install(PROGRAMS[GXX])
    return "needs {}".format(need.words), ""


@functools.lru_cache(maxsize=None)
def _rows() -> List[builds.Row]:
    return builds.parse(data.read_text(builds.WORDS))


def _install(rpm: str) -> str:
    return "as root: yum install {}; then run this again".format(rpm) if rpm else ""


def told(result: Result) -> List[str]:
    """The last lines of a build until its last error, without pip's frame around them."""
    for text in (result.stderr, result.stdout):
        lines = [_FRAME.sub("", line).rstrip() for line in text.splitlines()]
        lines = [line for line in lines if line and not _OF_PIP.match(line)]
        wrong = [number for number, line in enumerate(lines) if _ERROR.search(line)]
        if wrong:
            return lines[max(0, wrong[-1] + 1 - _LINES) : wrong[-1] + 1]
    return last_lines(result.stderr or result.stdout, _LINES)

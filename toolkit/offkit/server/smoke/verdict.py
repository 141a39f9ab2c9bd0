"""What is said of a module that was imported, and of the user's own check."""

import json
import re
import signal
from typing import FrozenSet, Iterable, List, NamedTuple, Optional, Tuple

from offkit.edges.run import Result, Watched
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.words import size
from offkit.server.smoke.importable import Module

IMPORTED, RAISED, ENDED, LATE = "imported", "raised", "ended", "late"
_LINES = 8  # that are kept of what it said
_CHATTY = 1 << 20  # bytes that a module may print before that is worth a word
_ABSENT = re.compile(r"^No module named '([^']+)'", re.MULTILINE)
_LIBRARY = re.compile(r"\.so\S*: cannot open shared object file|version `\w+' not found")
_NETWORK = re.compile(
    r"^(?:gaierror|URLError|NewConnectionError|ConnectTimeout)\b|\[Errno (?:101|-2|-3|-5)\]"
    r"|Network is unreachable|Name or service not known|failure in name resolution"
)
_DISPLAY = re.compile(
    r"\$?\bDISPLAY\b|no display name|(?:open|connect to) (?:the )?(?:X )?(?:display|server)", re.IGNORECASE
)
_DUMPED = re.compile(r"^(?:Timeout \([\d:.]+\)!|Fatal Python error: )", re.MULTILINE)  # faulthandler's
_FRAME = re.compile(r'^  File "([^"<][^"]*)", line (\d+)', re.MULTILINE)  # the same, innermost first
_TIMED_OUT = 124  # timeout(1)

Raised = Tuple[str, str, List[Tuple[str, int]]]  # type, text, files and lines, the innermost last


class Outcome(NamedTuple):
    """What came of a module, or of a check."""

    name: str
    package: str  # "" of a check
    how: str  # IMPORTED (a check: it ended with 0), RAISED, ENDED or LATE
    raised: Tuple[Tuple[str, str], ...]  # type and text, the cause last
    said: Tuple[str, ...]  # the last lines
    findings: Tuple[Finding, ...]


class Judge(NamedTuple):
    limit: float  # seconds
    doctor: str = "offkit doctor"
    needed: FrozenSet[str] = frozenset()  # packages that others require
    there: FrozenSet[str] = frozenset()  # all that can be imported, but for the standard library
    names: Tuple[Tuple[str, str], ...] = ()  # of directories, and what they are called

    def module(self, module: Module, done: Watched) -> Outcome:
        """An error where it cannot be imported."""
        raised, left = _told(done.result.stdout)
        said = self._said(done.result)
        how = LATE if self._late(done) else ENDED if raised is None or not done.result.ok else RAISED
        if how == RAISED and not raised:
            how = IMPORTED
        found = self._imported(module, left, done.written)
        if how != IMPORTED:
            found = [self._fault(module, how, done.result, raised or [])]
        told = tuple((kind, self._plain(text)) for kind, text, _ in raised or ())
        return Outcome(module.name, module.package, how, told, said, tuple(found))

    def check(self, name: str, done: Watched) -> Outcome:
        """SMOKE007 of a check that failed."""
        said = self._said(done.result)
        if self._late(done):
            how, why = LATE, "was not done within {:g} s".format(self.limit)
        elif done.result.ok:
            return Outcome(name, "", IMPORTED, (), said, ())
        else:
            how, why = ENDED, _ended(done.result.returncode)
        message = why + (": " + said[-1] if said else "")
        return Outcome(name, "", how, (), said, (Finding("SMOKE007", ERROR, name, message),))

    def _late(self, done: Watched) -> bool:
        """As told by who waited for it, by timeout(1), or by faulthandler."""
        told = done.result.returncode == 1 and re.search(r"^Timeout \(", done.result.stderr, re.MULTILINE)
        return done.late or done.result.returncode == _TIMED_OUT or bool(told)

    def _imported(self, module: Module, left: bool, written: int) -> List[Finding]:
        """What is worth knowing of one that was."""
        does = ["left processes running, which were ended"] * left
        if written > _CHATTY:
            does.append("printed {}".format(size(written)))
        said = "was imported, but " + " and ".join(does)
        return [Finding("SMOKE006", INFO, module.name, said)] if does else []

    def _fault(self, module: Module, how: str, done: Result, raised: List[Raised]) -> Finding:
        name = module.name
        if how == LATE:
            where = self._where(_dumped(done.stderr))
            message = "was not imported within {:g} s{}".format(self.limit, where)
            return Finding("SMOKE003", ERROR, name, message)
        if how == ENDED:
            return Finding("SMOKE002", ERROR, name, self._why_ended(done))
        wanted = self._absent(raised)
        if wanted and (module.part or module.package in self.needed):
            # What requires it is imported, or that is an error of its own; a part may be for an extra.
            message = "cannot be imported without {}, which nothing installed requires".format(wanted)
            return Finding("SMOKE001", WARNING, name, message)
        why, text = self._why(raised), "\n".join([done.stderr, *(each for _, each, _ in raised)])
        kinds = {kind for kind, _, _ in raised}
        if any(_NETWORK.search("{}: {}".format(kind, each)) for kind, each, _ in raised):
            return Finding("SMOKE004", ERROR, name, "cannot be imported without a network: " + why)
        if "EOFError" in kinds and "reading a line" in text:
            return Finding("SMOKE005", ERROR, name, "cannot be imported without an answer on stdin: " + why)
        if _DISPLAY.search(text):
            return Finding("SMOKE005", ERROR, name, "cannot be imported without a display: " + why)
        if "SystemExit" in kinds:
            return Finding("SMOKE002", ERROR, name, "cannot be imported: " + why)
        cure = "{} names the package".format(self.doctor) if _LIBRARY.search(text) else ""
        return Finding("SMOKE001", ERROR, name, "cannot be imported: " + why, (), cure)

    def _why(self, raised: List[Raised]) -> str:
        kind, text, frames = raised[0]
        said = _one(kind, text)
        if len(raised) > 1:
            kind, text, frames = raised[-1]
            said += ", because of {}".format(_one(kind, text))
        return self._plain(said if kind == "SyntaxError" else said + self._where(reversed(frames)))

    def _why_ended(self, done: Result) -> str:
        said = "".join(": " + line for line in self._said(done)[-1:])
        where = self._where(_dumped(done.stderr))
        return "ends the interpreter that imports it: {}{}{}".format(_ended(done.returncode), said, where)

    def _where(self, frames: Iterable[Tuple[str, int]]) -> str:
        """The first of them in what was installed; others are of the interpreter."""
        tops = tuple(top for top, called in self.names if not called)
        inside = ((path, line) for path, line in frames if path.startswith(tops))
        return next((" ({}, line {})".format(self._plain(path), line) for path, line in inside), "")

    def _absent(self, raised: List[Raised]) -> str:
        """The module that was looked for in vain, where no package has it."""
        kind, text, _ = raised[-1] if raised else ("", "", [])
        found = _ABSENT.search(text) if kind == "ModuleNotFoundError" else None
        top = found.group(1).partition(".")[0] if found else ""
        return "" if top in self.there else top

    def _said(self, done: Result) -> Tuple[str, ...]:
        own = _DUMPED.split(done.stderr, 1)[0]  # the rest is in the message
        lines = [line.strip() for line in own.splitlines() if line.strip()]
        return tuple(self._plain(line[:500]) for line in lines[-_LINES:])

    def _plain(self, text: str) -> str:
        """Without the names of directories that are nobody's concern, or will be gone."""
        for top, called in self.names:
            text = text.replace(top, called)
        return text


def _told(text: str) -> Tuple[Optional[List[Raised]], bool]:
    """What was raised, and its causes; nothing where it was imported; None where nobody came to say so. And
    whether processes are left."""
    try:
        told = json.loads(text)
        raised = [
            (str(kind), str(said), [(str(path), int(line)) for path, line in frames])
            for kind, said, frames in told["raised"]
        ]
        return raised, told["left"] is True
    except (ValueError, TypeError, KeyError):
        return None, False


def _dumped(text: str) -> Iterable[Tuple[str, int]]:
    """Where it was, as faulthandler has it."""
    found = _DUMPED.search(text)
    return [(path, int(line)) for path, line in _FRAME.findall(text[found.start() :] if found else "")]


def _one(kind: str, text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return "{}: {}".format(kind, first) if first else kind


def _ended(code: int) -> str:
    """As timeout(1) tells it: of a signal with 128 and its number, where it is the first of its processes."""
    number = -code if code < 0 else code - 128
    try:
        return "killed by {}".format(signal.Signals(number).name)
    except ValueError:
        return "ended with {}".format(code)

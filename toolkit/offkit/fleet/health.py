"""Whether a host is well: each check by itself, and what is too old to say so. Pure."""

import math
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from offkit.fleet.host import FAILED, Host, Result, moment
from offkit.model import words
from offkit.model.finding import ERROR, WARNING, Finding, has_errors

# States of a host, worst first, and those of a check.
PROBLEMS, UNREACHED, HEALTHY = "problems", "unreached", "healthy"
BAD, DOUBT, FINE, UNKNOWN, NOTHING = "error", "warning", "ok", "unknown", "none"

INSTALLED, MODULES, FILM = "installation", "modules", "film"
# Those of the doctor by the first letters of its codes (server.doctor.checks).
_BY_CODE = (
    ("interpreter", ("PY",)),
    ("libraries", ("LIB",)),
    ("packages", ("PKG",)),
    ("machine", ("ENV", "NEED")),  # what its packages want of it, when they run
    ("repositories", ("REPO", "RPM")),
)
DOCTORS = tuple(name for name, _ in _BY_CODE)
CHECKS = (INSTALLED, *DOCTORS, FILM, MODULES)

DOCTOR, RUN, SMOKE = "offkit/doctor-1", "offkit/run-badapple-1", "offkit/smoke-1"
KNOWN = (FAILED, DOCTOR, RUN, SMOKE, "offkit/install-1", "offkit/rollback-1", "offkit/verify-1")
_CHANGES = ("deploy", "rollback")  # results after which the others may not be true any more
_A_DAY = 24 * 3600


class Cell(NamedTuple):
    """What one check came to on one host."""

    state: str  # BAD, DOUBT, FINE, UNKNOWN (it could not be made), NOTHING (it was not)
    errors: int = 0
    warnings: int = 0
    stale: bool = False


class Health(NamedTuple):
    host: Host
    state: str  # PROBLEMS, UNREACHED or HEALTHY
    cells: Dict[str, Cell]  # of every name in CHECKS
    why: str  # one line, "" for a host that is well
    silent: Tuple[str, ...]  # a line for each result that ended badly and has no finding that says why
    stale: Dict[str, str]  # result's name: why it may not be true any more
    counted: Tuple[Result, ...]  # the results that say how the host is now
    findings: Tuple[Finding, ...]  # theirs, as far as they are not overtaken
    rate: Optional[float]  # frames a second of run-badapple
    workers: int  # processes it took, 0 where nobody said

    @property
    def errors(self) -> int:
        return _count(self.findings, ERROR)

    @property
    def warnings(self) -> int:
        return _count(self.findings, WARNING)


def judge(host: Host, newest: str) -> Health:
    """The health of ``host``; ``newest`` is the time of the newest result of the whole fleet.

    Of a deployment and a rollback the later one counts: what the other did is over. What it
    warned of is for the doctor to say, once that has looked. No clock is asked: a result is old
    beside other results.
    """
    change = next((one for one in reversed(host.results) if one.name in _CHANGES), None)
    counted = tuple(one for one in host.results if one.name not in _CHANGES or one is change)
    stale = {one.name: _staleness(host, one, change, newest) for one in counted}
    stale = {name: why for name, why in stale.items() if why}
    cells = {name: Cell(NOTHING) for name in CHECKS}
    findings: List[Finding] = []
    for result in counted:
        current = _current(result, counted)
        findings.extend(current)
        for name, cell in _cells(result, current, result.name in stale).items():
            if _weight(cell) >= _weight(cells[name]):
                cells[name] = cell
    film = next((one for one in reversed(counted) if one.schema == RUN), None)
    why = _why(host, counted)
    state = UNREACHED if not host.reachable else PROBLEMS if why else HEALTHY
    silent = _silent(host, counted, why) if state == PROBLEMS else ()
    return Health(
        host, state, cells, why, silent, stale, counted, tuple(findings), _rate(film), _workers(film)
    )


def shown(hosts: Sequence[Health]) -> Tuple[str, ...]:
    """The checks that tables have: of modules only where somebody asked for that."""
    asked = any(one.cells[MODULES].state != NOTHING for one in hosts)
    return tuple(name for name in CHECKS if asked or name != MODULES)


def worst(cells: Sequence[Cell]) -> Cell:
    """Several checks as one."""
    state = max(cells, key=_weight).state
    errors, warnings = sum(one.errors for one in cells), sum(one.warnings for one in cells)
    return Cell(state, errors, warnings, any(one.stale for one in cells))


def failed(result: Result) -> bool:
    """Whether the command ended badly, or said something that cannot be taken for well."""
    bad = result.rc != 0 or bool(result.unclear) or result.schema == FAILED
    return bad or unproven(result) or any(finding.severity == ERROR for finding in result.findings)


def unproven(result: Result) -> bool:
    """Whether it ended well without a document that says so, or with one that denies it."""
    if result.schema == RUN and result.document.get("verified") is not True:
        return True
    return result.rc == 0 and result.schema not in KNOWN


def headline(result: Result) -> str:
    """One line about a result that failed, "" for one that did not."""
    if not failed(result):
        return ""
    errors = [finding for finding in result.findings if finding.severity == ERROR]
    if result.error and not (len(errors) == 1 and errors[0].message == result.error):
        return "{}: {}".format(result.name, first_line(result.error))
    if errors:
        said = [first_line(": ".join(filter(None, (each.subject, each.message)))) for each in errors]
        return "{}: {} {}".format(result.name, errors[0].code, words.listed(said, 1))
    if result.unclear:
        return "{}: {}".format(result.name, result.unclear)
    last = result.stderr.strip().splitlines()[-1:]
    if last:
        return "{} exited with {}: {}".format(result.name, result.rc, last[0].strip())
    if result.rc:
        return "{} exited with {}".format(result.name, result.rc)
    what = "a document unknown to this offkit" if result.document else "no document"
    return "{}: {}".format(result.name, "not verified" if result.schema == RUN else what)


def first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _why(host: Host, counted: Tuple[Result, ...]) -> str:
    if not host.reachable:
        return host.message or "not reached"
    told = next((headline(one) for one in counted if failed(one)), "")
    if told:
        return host.message or told
    if host.message:
        return host.message
    return "" if counted else "nothing has been checked there"


def _silent(host: Host, counted: Tuple[Result, ...], why: str) -> Tuple[str, ...]:
    """What the playbook said last is about the newest result, and better than a command's last words."""
    mute = [one for one in counted if failed(one) and not has_errors(one.findings)]
    lines = []
    for result in mute:
        about = host.message if result is host.results[-1] else ""
        lines.append("{}: {}".format(result.name, about) if about else headline(result))
    told = any(has_errors(one.findings) for one in counted)
    return tuple(lines) if lines or told else (why,)


def _staleness(host: Host, result: Result, change: Optional[Result], newest: str) -> str:
    if not host.reachable:
        return "from before the host was lost"
    if change is not None and result is not change and result.time < change.time and _changed(change):
        return "from before the {} of {}".format(
            "deployment" if change.name == "deploy" else "rollback", change.time
        )
    days = int((moment(newest) - moment(result.time)).total_seconds() // _A_DAY)
    if days > 0 and result.name not in _CHANGES:
        return "{} {} older than the newest result".format(days, "day" if days == 1 else "days")
    return ""


def _changed(result: Result) -> bool:
    """Whether another environment may be there since: a refusal leaves all as it was, but of a
    command that ended without a word nobody knows."""
    document = result.document
    same = document.get("outcome") == "nothing" or document.get("dry_run") is True
    return not same and result.schema != FAILED


def _current(result: Result, counted: Tuple[Result, ...]) -> List[Finding]:
    """Its findings, without the warnings of a deployment that the doctor has looked at since."""
    since = any(one.schema == DOCTOR and one.time >= result.time for one in counted)
    if result.name not in _CHANGES or not since:
        return list(result.findings)
    return [finding for finding in result.findings if finding.severity == ERROR]


def _cells(result: Result, findings: List[Finding], stale: bool) -> Dict[str, Cell]:
    """The checks that a result has something to say about."""
    if result.schema == DOCTOR or (result.name == "doctor" and result.schema != RUN):
        return _doctors(result, stale)
    name = FILM if result.schema == RUN or result.name == "verify" else INSTALLED
    if result.schema == SMOKE or result.name == "smoke":
        name = MODULES
    elif result.name not in (*_CHANGES, "verify") and result.schema != RUN:
        return {}
    return {name: _cell(findings, failed(result), stale)}


def _doctors(result: Result, stale: bool) -> Dict[str, Cell]:
    if result.schema != DOCTOR or result.unclear:
        return {name: Cell(UNKNOWN, stale=stale) for name in DOCTORS}
    made = result.document.get("checks", DOCTORS)  # absent in older documents, which made all of them
    sorted_in: Dict[str, List[Finding]] = {name: [] for name in DOCTORS}
    for finding in result.findings:
        known = [name for name, codes in _BY_CODE if finding.code.startswith(codes)]
        sorted_in[known[0] if known else "machine"].append(finding)
    made = made if isinstance(made, (list, tuple)) else ()
    return {name: _cell(found, False, stale) for name, found in sorted_in.items() if found or name in made}


def _cell(findings: List[Finding], bad: bool, stale: bool) -> Cell:
    errors, warnings = _count(findings, ERROR), _count(findings, WARNING)
    state = BAD if errors or bad else DOUBT if warnings else FINE
    return Cell(state, max(errors, 1) if state == BAD else 0, warnings, stale)


def _count(findings: Sequence[Finding], severity: str) -> int:
    return sum(1 for one in findings if one.severity == severity)


def _weight(cell: Cell) -> int:
    return (NOTHING, FINE, DOUBT, UNKNOWN, BAD).index(cell.state)


def _rate(film: Optional[Result]) -> Optional[float]:
    value: Any = film.document.get("frames_per_second") if film else None
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if number and math.isfinite(value) and 0 < value < 1e9 else None


def _workers(film: Optional[Result]) -> int:
    value: Any = film.document.get("workers") if film else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1e6 else 0

"""The fleet as a whole: what is wrong where, and what cures which hosts at once. Pure."""

import re
from typing import Any, Dict, List, NamedTuple, Sequence, Set, Tuple

from offkit.fleet import health
from offkit.fleet.health import DOCTOR, HEALTHY, PROBLEMS, UNREACHED, Health
from offkit.fleet.host import Host, Result, clean
from offkit.model.finding import ERROR, INFO, Finding, rank

_ORDER = (PROBLEMS, UNREACHED, HEALTHY)


class Problem(NamedTuple):
    """The same finding on one host or many."""

    finding: Finding  # as the first of them has it
    hosts: Tuple[str, ...]
    messages: int  # how many different ones: paths and versions differ
    cured: bool  # one of the cures is for it, on every one of these hosts


class Cure(NamedTuple):
    """One line for all hosts that lack the same RPMs."""

    system: str  # "el7 x86_64"
    line: str  # the doctor's own
    rpms: Tuple[str, ...]
    libraries: Tuple[str, ...]  # sonames that it brings
    hosts: Tuple[str, ...]
    stale: Tuple[str, ...]  # those of the hosts where something was installed since


class Fleet(NamedTuple):
    hosts: Tuple[Health, ...]  # what needs somebody first
    problems: Tuple[Problem, ...]  # errors and warnings, then the rest; the widespread ones first
    cures: Tuple[Cure, ...]  # the one for most hosts first
    findings: Tuple[Finding, ...]  # about the report's own files
    newest: str  # time of the newest result, "" without any

    def of_state(self, state: str) -> List[Health]:
        return [one for one in self.hosts if one.state == state]

    @property
    def rates(self) -> List[Health]:
        """The hosts with a rate of run-badapple, the slowest first."""
        found = [one for one in self.hosts if one.rate is not None]
        return sorted(found, key=lambda one: (one.rate or 0.0, natural(one.host.name)))

    @property
    def healthy(self) -> bool:
        whole = not any(finding.severity == ERROR for finding in self.findings)
        return whole and all(one.state == HEALTHY for one in self.hosts)


def survey(hosts: Sequence[Host], findings: Sequence[Finding] = ()) -> Fleet:
    """All hosts together."""
    newest = max((result.time for host in hosts for result in host.results), default="")
    judged = sorted((health.judge(host, newest) for host in hosts), key=_matters)
    cures, covered = _cures(judged)
    return Fleet(tuple(judged), _problems(judged, covered), cures, tuple(findings), newest)


def natural(name: str) -> List[Tuple[int, int, str]]:
    """A key by which web9 comes before web10."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", name)
    return [(0, int(part), "") if "0" <= part[0] <= "9" else (1, 0, part) for part in parts]


def _matters(one: Health) -> Tuple[Any, ...]:
    return (_ORDER.index(one.state), -one.errors, -one.warnings, not one.stale, natural(one.host.name))


def _problems(judged: Sequence[Health], covered: Set[Tuple[str, str]]) -> Tuple[Problem, ...]:
    where: Dict[Tuple[str, ...], Dict[str, Finding]] = {}
    said: Dict[Tuple[str, ...], Dict[str, Finding]] = {}
    for one in judged:
        for each in one.findings:
            where.setdefault(each.identity, {}).setdefault(one.host.name, each)
            said.setdefault(each.identity, {}).setdefault(each.message, each)
    found = []
    for key, hosts in sorted(where.items()):
        first = next(iter(hosts.values()))
        cured = first.severity != INFO and all((host, first.subject) in covered for host in hosts)
        names = tuple(sorted(hosts, key=natural))
        found.append(Problem(first, names, len(said[key]), cured))
    return tuple(sorted(found, key=_widespread))


def _widespread(problem: Problem) -> Tuple[Any, ...]:
    finding = problem.finding
    return (rank(finding.severity), -len(problem.hosts), finding.code, natural(finding.subject))


def _cures(judged: Sequence[Health]) -> Tuple[Tuple[Cure, ...], Set[Tuple[str, str]]]:
    """(the cures, (host, library) of all that they cure)"""
    groups: Dict[Tuple[str, str], List[Tuple[Health, Result]]] = {}
    for one in judged:
        for result in one.counted:
            line = _install_line(result)
            if line:
                groups.setdefault((_system(one, result), line), []).append((one, result))
    cures = []
    covered = set()
    for (system, line), members in groups.items():
        rpms, libraries = set(), set()
        for one, result in members:
            for soname, providers in _provided(result):
                rpms.update(providers)
                libraries.add(soname)
                covered.add((one.host.name, soname))
        names = tuple(sorted((one.host.name for one, _ in members), key=natural))
        stale = {one.host.name for one, result in members if result.name in one.stale}
        cures.append(
            Cure(
                system,
                line,
                tuple(sorted(rpms)),
                tuple(sorted(libraries)),
                names,
                tuple(name for name in names if name in stale),
            )
        )
    return tuple(sorted(cures, key=lambda cure: (-len(cure.hosts), cure.system, cure.line))), covered


def _install_line(result: Result) -> str:
    line = result.document.get("install_line") if result.schema == DOCTOR else None
    return clean(line).strip() if isinstance(line, str) else ""


def _provided(result: Result) -> List[Tuple[str, List[str]]]:
    """(soname, RPMs) as the doctor's document has them, without what is none."""
    listed = result.document.get("providers", [])
    found = []
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(each.get("soname"), str):
            rpms = each.get("rpms")
            names = [clean(rpm) for rpm in rpms if isinstance(rpm, str)] if isinstance(rpms, list) else []
            if names:
                found.append((clean(each["soname"]), names))
    return found


def _system(one: Health, result: Result) -> str:
    """By what was told of the server, else by the doctor."""
    server, summary = one.host.server, result.document.get("summary")
    el = server.el if server else 0
    if not el and isinstance(summary, dict) and isinstance(summary.get("el"), int):
        el = summary["el"]
    arch = server.arch if server else ""
    words = ["el{}".format(el) if el else server.system if server and server.system else "an unknown system"]
    return " ".join(words + ([arch] if arch else []))

"""LIB014 to LIB018, LIB028: libraries that are found and that the loader refuses all the same."""

import posixpath
from typing import Dict, List, NamedTuple, Sequence, Tuple

from offkit.elf.objects import PROGRAM
from offkit.elf.resolution import Refusal, Report
from offkit.elf.search import Loader, Program
from offkit.model import words
from offkit.model.finding import INFO, WARNING, Finding, rank
from offkit.server.doctor import refusal_words
from offkit.server.doctor.shared_objects import SharedObjects
from offkit.server.environment.environment import Environment
from offkit.server.loader.view import PRELOAD


class _Harm(NamedTuple):
    refusal: Refusal
    severity: str
    root: str  # of those that load it the first


def findings(
    env: Environment,
    objects: SharedObjects,
    program: Program,
    loader: Loader,
    reports: Sequence[Tuple[Report, str]],
) -> List[Finding]:
    """One for each file that the loader gives up at, whoever loads it; the worst severity counts."""
    harms: Dict[Tuple[str, str, bool], _Harm] = {}
    for report, severity in reports:
        for refusal in report.refusals:
            key = posixpath.normpath(refusal.path), refusal.kind, refusal.certain
            worst = severity if refusal.certain else max(severity, WARNING, key=rank)
            if key not in harms or rank(worst) < rank(harms[key].severity):
                harms[key] = _Harm(refusal, worst, report.root)
    tunable = program.process is not None and program.process.tunable
    found = [_finding(env, objects, loader, each, tunable) for each in harms.values()]
    return found + _static_tls(program, loader, reports)


def _finding(env: Environment, objects: SharedObjects, loader: Loader, harm: _Harm, tunable: bool) -> Finding:
    refusal = harm.refusal
    having = _having(objects, loader, refusal.symbols) if refusal.symbols else ""
    return refusal_words.finding(
        refusal._replace(path=posixpath.normpath(refusal.path)),
        harm.severity,
        env.shorten(posixpath.normpath(refusal.path)),
        env.shorten(having) if having else "",
        _own(env, refusal.path),
        "{}.{}".format(*env.series),
        env.shorten(harm.root) if harm.root != refusal.path else "",
        tunable,
    )


def _having(objects: SharedObjects, loader: Loader, names: Sequence[str]) -> str:
    """What in the environment defines the first of them: Python can open it before, for all to see
    (RTLD_GLOBAL)."""
    for path in (each.path for each in objects.objects if each.kind != PROGRAM):
        symbols = loader.view.symbols(loader.view.open(path).identity)
        if symbols is not None and symbols.having({names[0].encode("utf-8")}):
            return path
    return ""


def _own(env: Environment, path: str) -> bool:
    return any(
        path.startswith(top.rstrip("/") + "/") for top in (env.where, *env.site_packages, *env.outside)
    )


def preloads(program: Program, variable: Sequence[str]) -> List[Finding]:
    """LIB019: what the loader passes over, and says so on stderr each time that a program starts.
    ``variable`` is LD_PRELOAD."""
    found = []
    for place, each in enumerate(program.preloads):
        if each.found:
            continue
        where = "LD_PRELOAD" if place < len(variable) else PRELOAD
        reason = each.looked[-1].reason if each.looked else "it is nowhere"
        message = "{} names it, and it cannot be loaded ({}): every program says so on stderr when it starts"
        fix = "take it out of {}, or install what it belongs to".format(where)
        looked = tuple(posixpath.normpath(look.place) for look in each.looked)
        found.append(Finding("LIB019", WARNING, each.name, message.format(where, reason), looked, fix))
    return found


def _static_tls(program: Program, loader: Loader, reports: Sequence[Tuple[Report, str]]) -> List[Finding]:
    """LIB015 where modules fit alone and not all together in one process."""
    process = program.process
    if process is None:
        return []
    kept, started = process.kept(), set(program.report.loaded)
    sizes: Dict[str, int] = {}
    certain = 0  # bytes of those that fail without
    for report, severity in reports:
        for identity in report.loaded if severity != INFO else ():
            elf = loader.view.open(identity).elf
            if elf is not None and identity not in started and process.room(elf):
                certain += elf.tls[0] if elf.static_tls and identity not in sizes else 0
                sizes[identity] = process.room(elf)
    whole = sum(sizes.values())
    if not (kept and certain) or whole <= kept or max(sizes.values()) > kept:
        return []
    largest = sorted(sizes, key=lambda path: -sizes[path])
    message = (
        "{} want {} bytes of it together, and the loader keeps {} for what is opened: imported in one "
        "process, the last fails with 'cannot allocate memory in static TLS block'"
    ).format(words.several(len(sizes), "library", "libraries"), whole, kept)
    fix = refusal_words.static_tls(largest[0], whole, process.tunable, False)
    looked = tuple("{} bytes in {}".format(sizes[path], path) for path in largest)
    return [Finding("LIB015", WARNING, "static TLS", message, looked, fix)]

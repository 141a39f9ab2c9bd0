"""Breaks lines of offkit, one at a time, and sees whether the suite notices.

    python tests/mutants [--seed N] [--count N] [-j N] [--even] [--coverage | --lines FILE[:A-B]] FOLDER...

Lines are drawn from every room, in proportion to its size but for a minimum. Each mutant meets only
the tests that run its line, quickest first. Mutants that change nothing anybody could see are
named in equivalent.csv, each with the reason; they count neither for the suite nor against it.
"""

import argparse
import csv
import difflib
import itertools
import json
import os
import queue
import random
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from trace import SOURCES, Trace, branches_per_room, outcomes, pytest_argv, traced
from typing import NamedTuple

from cell import ROOT, Cell, files
from kinds import KINDS, Mutant, applied, mutants_of

ENOUGH = 93  # per cent
PER_ROOM = 12
AT_MOST = 60  # seconds of tests against one mutant: those beyond count as if they had not noticed


class Place(NamedTuple):
    room: str
    file: str
    mutant: Mutant


class Verdict(NamedTuple):
    place: Place
    what: str  # caught, survived, equivalent
    why: str


def places() -> list[Place]:
    """Every mutant of every room; a room is a folder of offkit with modules in it."""
    found = []
    for path in sorted((ROOT / SOURCES).glob("*/**/*.py")):
        room = path.relative_to(ROOT / SOURCES).parts[0]
        found += [Place(room, str(path.relative_to(ROOT)), one) for one in mutants_of(path.read_bytes())]
    return found


def _source(place: Place) -> bytes:
    return (ROOT / place.file).read_bytes()


def _compiles(place: Place) -> bool:
    try:
        compile(applied(_source(place), place.mutant), place.file, "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def draw(found: list[Place], seed: int, count: int, even: bool) -> list[Place]:
    """Lines from every room, and of each one of its mutants; with ``even`` the kinds in turn, so that
    those of which there are few are tried as often as the others."""
    chance = random.Random(seed)
    rooms: dict[str, list[Place]] = {}
    for one in found:
        rooms.setdefault(one.room, []).append(one)
    sizes = {room: len({_line(one) for one in here}) for room, here in rooms.items()}
    rest = max(0, count - PER_ROOM * len(rooms))
    drawn: dict[tuple[str, int], Place] = {}
    for room, here in sorted(rooms.items()):
        share = min(sizes[room], PER_ROOM + -(-rest * sizes[room] // sum(sizes.values())))
        end = len(drawn) + share
        for one in (_by_kind if even else _by_line)(here, chance):
            if len(drawn) < end and _line(one) not in drawn and _compiles(one):
                drawn[_line(one)] = one
    return list(drawn.values())


def _line(place: Place) -> tuple[str, int]:
    return place.file, place.mutant.line


def _by_line(here: list[Place], chance: random.Random) -> Iterator[Place]:
    lines: dict[tuple[str, int], list[Place]] = {}
    for one in here:
        lines.setdefault(_line(one), []).append(one)
    for line in chance.sample(sorted(lines), len(lines)):
        kind = chance.choice(sorted({one.mutant.kind for one in lines[line]}))
        some = chance.sample(lines[line], len(lines[line]))
        yield from sorted(some, key=lambda one: one.mutant.kind != kind)


def _by_kind(here: list[Place], chance: random.Random) -> Iterator[Place]:
    mixed = chance.sample(here, len(here))
    piles = [[one for one in mixed if one.mutant.kind == kind] for kind in chance.sample(KINDS, len(KINDS))]
    for row in itertools.zip_longest(*piles):
        yield from filter(None, row)


def tests_for(place: Place, trace: Trace, importers: dict[str, list[str]]) -> list[str]:
    """Those that run the line, quickest first; behind them those whose neighbours in the file do.

    What runs at import runs once and is used by all that come after: there it is every test of the
    module, and of the modules that import it.
    """
    lines = trace.lines.get(place.file, {})
    at = range(place.mutant.first, place.mutant.last + 1)
    names = {name for line in at for name in lines.get(str(line), ())}
    if not names:
        return []
    order = [names, {f"{one}::" for one in names if "::" not in one}]
    if place.mutant.imported or names <= {""}:
        order = [{name for every in lines.values() for name in every}]
        order.append({name for one in importers.get(place.file, ()) for every in trace.lines.get(one, {}).values()
                      for name in every})  # fmt: skip
    chosen: dict[str, None] = {}
    for group in order:
        starts = tuple(one for one in group if one.endswith("::"))
        some = [test for test in trace.tests if test in group or (starts and test.startswith(starts))]
        chosen.update(dict.fromkeys(sorted(some, key=lambda test: trace.tests[test])))
    spent = itertools.accumulate(trace.tests[test] for test in chosen)
    return [test for test, end in zip(chosen, spent, strict=True) if end - trace.tests[test] < AT_MOST]


def imports() -> dict[str, list[str]]:
    """{module: modules that name it where they import}."""
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / SOURCES).rglob("*.py")}
    found: dict[str, list[str]] = {}
    for name in texts:
        package, _, module = name[len("toolkit/") : -len(".py")].replace("/", ".").rpartition(".")
        for other, text in texts.items():
            whole = f"from {package}.{module} import" in text
            part = f"from {package} import" in text and module in text
            if other != name and (whole or part):
                found.setdefault(name, []).append(other)
    return found


def tried(place: Place, tests: list[str], trace: Trace, cell: Cell, number: int) -> Verdict:
    """What the suite says with the mutant in the copy's module."""
    if not tests:
        return Verdict(place, "survived", "not executed")
    path = cell.tree / place.file
    stamp = path.stat()
    path.write_bytes(applied(_source(place), place.mutant))
    os.utime(path, (stamp.st_atime, stamp.st_mtime + number + 1))  # or bytecode of another would do
    try:
        code, failed, hung, out = run_chosen(tests, trace, cell)
    finally:
        path.write_bytes(_source(place))
        os.utime(path, (stamp.st_atime, stamp.st_mtime))
    if code == 0:
        return Verdict(place, "survived", f"{len(tests)} tests")
    # A slow one may have failed for want of time.
    doubtful = hung or (failed if trace.tests.get(failed, 0) > 1 else "")
    if doubtful and run_chosen([doubtful], trace, cell)[0] != 0:
        return Verdict(place, "survived", f"{doubtful} fails without a mutant too")
    return Verdict(place, "caught", failed or (hung and f"timeout: {hung}") or out.strip().splitlines()[-1])


def run_chosen(tests: list[str], trace: Trace, cell: Cell) -> tuple[int, str, str, str]:
    """(exit code, the test that failed, the one that took too long, what pytest said)."""
    chosen, told = cell.top / "chosen", cell.top / "told"
    told.write_text("")
    limits = {name: 20 + 10 * trace.tests[name] for name in tests}
    chosen.write_text(json.dumps(limits))
    where = list(dict.fromkeys(name.partition("::")[0] for name in tests))
    argv = [*pytest_argv(cell.tree, where), "-x", "-p", "no:xdist"]
    code, out = cell.run(argv, 300 + sum(limits.values()), MUTANTS_CHOSEN=str(chosen), MUTANTS_TOLD=str(told))
    spent, failed, hung = outcomes(told)
    if code == 0 and len(spent) < len(tests):
        print(f"{len(spent)} of {len(tests)} tests ran: with the mutant there are fewer", flush=True)
    return code, min(failed, default=""), min(hung, default=""), out


def difference(place: Place) -> str:
    """The changed lines, as diff shows them."""
    before = _source(place).decode().splitlines()
    after = applied(_source(place), place.mutant).decode().splitlines()
    return "\n".join(f"    {one}" for one in list(difflib.unified_diff(before, after, n=0, lineterm=""))[3:])


def equivalent() -> dict[tuple[str, str], str]:
    with open(Path(__file__).with_name("equivalent.csv"), encoding="utf-8", newline="") as source:
        return {(row["file"], row["change"]): row["reason"] for row in csv.DictReader(source)}


def change(place: Place) -> str:
    """How equivalent.csv names it: the line without its blanks, before and after."""
    return " => ".join(line[5:].strip() for line in difference(place).splitlines())


def judged(drawn: list[Place], trace: Trace, jobs: int) -> list[Verdict]:
    """A verdict for each, in order; up to ``jobs`` at a time, each in a copy of its own."""
    names, importers, known = files(), imports(), equivalent()
    cells: queue.Queue[Cell] = queue.Queue()
    done = 0

    def judge(item: tuple[int, Place]) -> Verdict:
        nonlocal done
        number, place = item
        if (place.file, change(place)) in known:
            verdict = Verdict(place, "equivalent", known[place.file, change(place)])
        else:
            cell = cells.get()
            try:
                verdict = tried(place, tests_for(place, trace, importers), trace, cell, number)
            finally:
                cells.put(cell)
        done += 1
        where = f"{place.file[len(SOURCES) + 1 :]}:{place.mutant.line}"
        print(
            f"[{done:3}/{len(drawn)}] {verdict.what:10} {where}  {place.mutant.kind}  ({verdict.why})",
            flush=True,
        )
        return verdict

    with ThreadPoolExecutor(jobs) as pool:
        for _ in range(jobs):
            cells.put(Cell(names).__enter__())
        try:
            return list(pool.map(judge, enumerate(drawn)))
        finally:
            for _ in range(jobs):
                cells.get().__exit__()


def report(verdicts: list[Verdict]) -> float:
    """Prints the survivors and the table; per cent caught of those that could be."""
    for one in verdicts:
        if one.what == "survived":
            print(
                f"\nsurvived: {one.place.file}:{one.place.mutant.line}  {one.place.mutant.kind}  ({one.why})"
            )
            print(difference(one.place))
    print(f"\n{'room':10}{'drawn':>8}{'caught':>8}{'survived':>10}{'equivalent':>12}")
    rooms = sorted({one.place.room for one in verdicts})
    for room in [*rooms, "all"]:
        here = [one.what for one in verdicts if room in (one.place.room, "all")]
        caught, survived = here.count("caught"), here.count("survived")
        print(f"{room:10}{len(here):8}{caught:8}{survived:10}{here.count('equivalent'):12}")
    return 100 * caught / max(1, caught + survived)


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=160)
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1, dest="jobs")
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--even", action="store_true")
    parser.add_argument("--lines")
    asked = parser.parse_args()
    trace = traced(asked.folders, asked.jobs)
    found = places()
    for room, taken, there in branches_per_room(sorted({one.room for one in found})):
        print(f"branches of {room:10} {taken:5} of {there:5}  {100 * taken / max(1, there):.1f} %")
    if asked.coverage:
        return 0
    if asked.lines:
        file, _, span = asked.lines.partition(":")
        first, _, last = (span or "1-999999").partition("-")
        at = range(int(first), int(last or first) + 1)
        drawn = [one for one in found if one.file.endswith(file) and one.mutant.line in at]
    else:
        drawn = draw(found, asked.seed, asked.count, asked.even)
        print(f"seed {asked.seed}: {len(drawn)} mutants of {len(found)}", flush=True)
    rate = report(judged(drawn, trace, asked.jobs))
    print(f"\ncaught: {rate:.1f} % (at least {ENOUGH} %)")
    return 0 if rate >= ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())

"""Which tests run which line of offkit, and how long they take: the suite once, under coverage."""

import hashlib
import json
import os
import re
import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import coverage

from cell import ROOT, Cell, files

CACHE = ROOT / ".cache" / "mutants"
SOURCES = "toolkit/offkit"
_AT_ONCE = 20  # test files
_CONFIG = """
[run]
branch = true
parallel = true
core = ctrace
data_file = {data}
source = {source}
context = ${{MUTANTS_TEST-}}
patch = _exit, execv, fork
disable_warnings = no-data-collected, module-not-imported, module-not-measured, already-imported, couldnt-parse
"""


class Trace:
    """``lines``: {file: {line: [test or test file]}}, ``tests``: {test that passes: seconds}."""

    def __init__(self, lines: dict[str, dict[str, list[str]]], tests: dict[str, float]) -> None:
        self.lines, self.tests = lines, tests


def traced(folders: list[str], jobs: int) -> Trace:
    """From the cache where nothing has changed; test files that have changed are run again alone."""
    known = json.loads((CACHE / "trace.json").read_text()) if (CACHE / "trace.json").exists() else {}
    names = files()
    digests, key = _digests(names, folders)
    own = set(digests)
    old = known.get("digests", {}) if known.get("key") == key else {}
    changed = sorted(name for name in own if old.get(name) != digests[name])
    if not old:
        shutil.rmtree(CACHE, ignore_errors=True)
        known = {"lines": {}, "tests": {}}
    CACHE.mkdir(parents=True, exist_ok=True)
    gone = tuple(f"{name}::" for name in {*changed, *(set(old) - own)})
    tests = {name: taken for name, taken in known["tests"].items() if not name.startswith(gone)}
    lines = known["lines"]
    for per_line in lines.values():
        for line, contexts in per_line.items():
            per_line[line] = [one for one in contexts if not f"{one}::".startswith(gone)]
    kept = {name: digest for name, digest in old.items() if name in own and name not in changed}
    for start in range(0, len(changed), _AT_ONCE):  # what is done is kept when this is interrupted
        some = changed[start : start + _AT_ONCE]
        print(f"the suite under coverage: {start} of {len(changed)} test files", flush=True)
        _record(names, some, jobs, lines, tests)
        kept.update((name, digests[name]) for name in some)
        document = {"key": key, "digests": kept, "lines": lines, "tests": tests}
        (CACHE / "trace.json").write_text(json.dumps(document))
    return Trace(lines, tests)


def _digests(names: list[str], folders: list[str]) -> tuple[dict[str, str], str]:
    """({test file: its digest}, digest of what all of them share: offkit, its data, the tests' helpers)."""
    hashed = {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in names}
    here = [name for name in names if f"{name}/".startswith(tuple(f"{one}/" for one in folders))]
    own = [name for name in here if re.fullmatch(r"test_\w+\.py", Path(name).name)]
    shared = {name for name in names if not name.startswith(("tests/", "docs/"))} | {*here} - {*own}
    lines = [f"{name} {hashed[name]}" for name in sorted(shared) if not name.endswith(("Makefile", ".md"))]
    text = "\n".join([*lines, version("coverage"), version("pytest"), sys.version])
    return {name: hashed[name] for name in own}, hashlib.sha256(text.encode()).hexdigest()


def _record(
    names: list[str], where: list[str], jobs: int, lines: dict[str, Any], tests: dict[str, Any]
) -> None:
    with Cell(names) as cell:
        config, told = cell.top / "coverage.ini", cell.top / "told"
        (cell.top / "data").mkdir()
        config.write_text(_CONFIG.format(data=cell.top / "data" / "c", source=cell.tree / SOURCES))
        argv = [*pytest_argv(cell.tree, where), "-n", str(jobs), "--dist", "loadfile"]
        more = {"COVERAGE_PROCESS_START": str(config), "MUTANTS_TEST": "", "MUTANTS_TOLD": str(told)}
        code, out = cell.run(argv, **more)
        if code not in (0, 1):
            raise SystemExit(f"{out}\nthe suite does not run")
        spent, failed, _ = outcomes(told)
        tests.update({name: taken for name, taken in spent.items() if name not in failed})
        if failed:
            print(out[-3000:])
            print("failed under coverage, and not used against mutants:", *sorted(failed), sep="\n    ")
        data = coverage.CoverageData(str(CACHE / "data"))
        data.read()
        both = coverage.CoverageData(str(cell.top / "all"))
        for path in sorted((cell.top / "data").iterdir()):
            one = coverage.CoverageData(str(path))
            try:
                one.read()
                both.update(one)
            except coverage.exceptions.DataError:
                pass  # of a process that was killed while it wrote this
        data.update(both, map_path=lambda name: str(ROOT / Path(name).relative_to(cell.tree)))
        data.close()
        for name in both.measured_files():
            per_line = lines.setdefault(str(Path(name).relative_to(cell.tree)), {})
            for line, contexts in both.contexts_by_lineno(name).items():
                if line > 0:
                    found = {*per_line.get(str(line), ()), *contexts}
                    per_line[str(line)] = sorted(found)


def pytest_argv(root: Path, where: list[str]) -> list[str]:
    """As the suite is run, with what is drawn in property tests drawn from the same seed."""
    found = [path for name in where for path in (root / name).rglob("*.py")] + [root / name for name in where]
    drawing = any("hypothesis" in path.read_text() for path in found if path.is_file())
    # Its plugin takes longer to load than most tests.
    plugins = ["--hypothesis-seed=0"] if drawing else ["-p", "no:hypothesispytest"]
    return [sys.executable, "-m", "pytest", "-q", "-p", "plugin", "-p", "no:cacheprovider", "-p", "no:randomly", *plugins,
            "-m", "not network", *where]  # fmt: skip


def outcomes(told: Path) -> tuple[dict[str, float], set[str], set[str]]:
    """({test that ran: seconds}, those that failed or were skipped, those that began and never ended)."""
    spent: dict[str, float] = {}
    failed, begun = set(), set()
    for line in told.read_text().splitlines():
        outcome, name, *rest = json.loads(line)
        if outcome == "began":
            begun.add(name)
            continue
        seconds, when = rest
        spent[name] = spent.get(name, 0) + seconds
        if outcome != "passed":
            failed.add(name)
        if when == "teardown":
            begun.discard(name)
    return spent, failed, begun - failed


def branches_per_room(rooms: list[str]) -> list[tuple[str, int, int]]:
    """(room, branches taken, branches) of what the trace has seen since the sources last changed."""
    reader = coverage.Coverage(
        data_file=str(CACHE / "data"), source=[str(ROOT / SOURCES)], branch=True, config_file=False
    )
    reader.load()
    out = CACHE / "report.json"
    reader.json_report(outfile=str(out), ignore_errors=True)
    found = {room: [0, 0] for room in rooms}
    for name, one in json.loads(out.read_text())["files"].items():
        room = Path(os.path.relpath(ROOT / name, ROOT / SOURCES)).parts[0]
        if room in found:
            found[room][0] += one["summary"]["covered_branches"]
            found[room][1] += one["summary"]["num_branches"]
    return [(room, *found[room]) for room in rooms]

"""A bundle is tried before it leaves: resolved out of itself, really installed, every module imported.

What its modules print goes nowhere.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from packaging.utils import canonicalize_name

from offkit.edges import leftovers
from offkit.model import layout, manifest, proof
from offkit.model.checklist import Checklist
from offkit.model.errors import OffkitError
from offkit.model.finding import ERROR, INFO, Finding
from offkit.model.proof import Proof
from offkit.model.report import Reporter
from offkit.model.words import several
from offkit.online.index.pool import pool
from offkit.online.proof import importable
from offkit.online.proof.stage import PATIENCE, Run, Stage
from offkit.online.proof.verdicts import Judge, Module
from offkit.online.request.locked import Lock, Request

_PARALLEL = min(4, os.cpu_count() or 1)
_MARGIN = 10  # seconds that a module has to say where it is before it is ended

# A request, pip's index options: resolved for the bundle's target.
Resolve = Callable[[Request, Sequence[str]], Lock]


class Rehearsed(NamedTuple):
    proofs: tuple[Proof, ...]
    findings: tuple[Finding, ...]


def rehearse(
    bundle: Path,
    lock: Lock,
    resolve: Resolve,
    libraries: Checklist,
    where: Stage,
    smoke: Path | None,
    reporter: Reporter,
    part: str = "",
) -> Rehearsed:
    """Try the finished bundle, of one for several targets the one called
    ``part``. What fails is a finding (REQ022) and a proof that did not pass."""
    with leftovers.scratch() as name:
        top = Path(name)
        filenames = {wheel.filename for wheel in lock.wheels}
        (top / "home").mkdir()
        _unpack(bundle, top / "bundle", part, filenames)
        reporter.step("rehearsing: resolving from the bundle alone")
        trials = [_again(top / "bundle", lock, resolve)]
        reporter.step(f"rehearsing: installing for {where.describe()}")
        trials += _installed(
            bundle.absolute(), top, _judge(lock, libraries, where), where, smoke, reporter, part
        )
    return Rehearsed(
        tuple(one for one, _ in trials), tuple(finding for _, found in trials for finding in found)
    )


def _judge(lock: Lock, libraries: Checklist, where: Stage) -> Judge:
    names = {wheel.name for wheel in lock.wheels}
    needed = frozenset(wheel.name for wheel in lock.wheels if names.intersection(wheel.via))
    return Judge(where.place, lock.target, libraries, needed)


def untried(where: Stage, why: str) -> Rehearsed:
    """Where it could not be held: a proof that says so, and did not pass."""
    finding = Finding("REQ022", INFO, "the rehearsal", why)
    when = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Rehearsed((Proof("rehearsal", when, where.describe(), False, why),), (finding,))


_Trial = tuple[Proof, list[Finding]]


def _trial(kind: str, on: str, findings: list[Finding], done: str) -> _Trial:
    when = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return proof.ended(kind, on, findings, done, when), findings


def _unpack(bundle: Path, into: Path, part: str, filenames: set[str]) -> None:
    """install.sh, the requirements and the wheels of the tar itself. Of a ``part`` only
    those that it has: what is its own comes first in the tar."""
    into.mkdir()
    top = manifest.folder(part) if part else ""
    with tarfile.open(bundle, "r:") as tar:
        for member in tar:
            if member.name in (layout.INSTALL_SH, top + layout.REQUIREMENTS) or member.name.startswith(
                (layout.WHEELS, top + layout.WHEELS)
            ):
                source = tar.extractfile(member)
                path = into / PurePosixPath(member.name).name
                if (
                    source is None
                    or path.exists()
                    or (part and path.suffix == ".whl" and path.name not in filenames)
                ):
                    continue
                with source, path.open("wb") as copy:
                    while chunk := source.read(1 << 20):
                        copy.write(chunk)


def _again(bundle: Path, lock: Lock, resolve: Resolve) -> _Trial:
    """The requirements of the bundle, resolved with no index but its own wheels, give the same pins."""
    request = Request((), (bundle / PurePosixPath(layout.REQUIREMENTS).name,))
    wanted = {(wheel.name, wheel.version) for wheel in lock.wheels}
    findings = []
    try:
        again = resolve(request, ["--no-index", "--find-links", str(bundle)])
        found = {(wheel.name, wheel.version) for wheel in again.wheels}
        findings = [
            Finding("REQ022", ERROR, name, f"{version} is not what the bundle resolves to by itself")
            for name, version in sorted(found ^ wanted)
        ]
    except OffkitError as error:
        findings = [Finding("REQ022", ERROR, "the bundle", f"is not complete: {error.message}")]
    return _trial("resolution", f"as {lock.target.describe()}", findings, several(len(wanted), "pin"))


def _installed(
    bundle: Path,
    top: Path,
    judge: Judge,
    where: Stage,
    smoke: Path | None,
    reporter: Reporter,
    part: str,
) -> Iterator[_Trial]:
    """Installed by its own install.sh; then each module in a process of its own, then the user's check."""
    prefix, script = top / "prefix", top / "bundle" / layout.INSTALL_SH
    words = ["sh", str(script), str(bundle), "--prefix", str(prefix), *where.options]
    words += ["--allow-missing", "--quiet", *([f"--part={part}"] if part else [])]
    check = smoke and smoke.absolute()
    with where.opened(top, [script, bundle, *([check] if check else [])]) as run:
        done = run(words)
        python = str(prefix / "current/bin/python")
        told = run([python, "-I", "-c", importable.LIST])
        if not told.ok:
            said = tuple(line for line in (done.stdout + done.stderr).splitlines() if line.strip())[-8:]
            finding = Finding("REQ022", ERROR, "the bundle", f"install.sh ended with {done.returncode}", said)
            yield _trial("rehearsal", where.describe(), [finding], "")
            return
        version, libc, installed = json.loads(told.stdout)
        on = ", ".join((f"CPython {version}", libc, where.system))
        modules = [one for package, files in installed for one in _modules(canonicalize_name(package), files)]
        reporter.step(f"rehearsing: importing {several(len(modules), 'module')}")
        there = frozenset(one.name.partition(".")[0] for one in modules)
        judge = judge._replace(top=str(top), prefix=str(prefix), there=there)
        findings = _imported(run, python, modules, judge)
        yield _trial("rehearsal", on, findings, f"installed, {_number(len(modules), findings)} imported")
        if smoke is not None:
            reporter.step(f"rehearsing: running {smoke}")
            done = run([python, str(check)])
            found = [] if done.ok else [judge.check(str(smoke), done)]
            yield _trial("smoke", on, found, f"{smoke.name} ended with 0")


def _modules(package: str, files: Sequence[str]) -> list[Module]:
    whole = [Module(name, package) for name in importable.modules(files)]
    return whole or [Module(name, package, True) for name in importable.parts(files)]


def _imported(run: Run, python: str, modules: Sequence[Module], judge: Judge) -> list[Finding]:
    words = [python, "-I", "-c", importable.TRY]
    with pool(_PARALLEL, programs=True) as threads:
        results = threads.map(lambda one: run([*words, one.name, str(PATIENCE - _MARGIN)]), modules)
        return [found for found in map(judge.module, modules, results) if found is not None]


def _number(modules: int, findings: Sequence[Finding]) -> str:
    number = several(modules, "module")
    return f"{modules - len(findings)} of {number}" if findings else number

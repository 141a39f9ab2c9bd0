"""A bundle is tried before it leaves: resolved out of itself, really installed, every module imported.

The last is what 'offkit smoke' of the bundle itself does on the server as well.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from offkit.edges import leftovers
from offkit.model import layout, manifest, proof
from offkit.model.checklist import Checklist
from offkit.model.errors import OffkitError
from offkit.model.finding import ERROR, INFO, Finding
from offkit.model.proof import Proof
from offkit.model.report import Reporter
from offkit.model.words import several
from offkit.online.proof.stage import PATIENCE, Stage
from offkit.online.proof.verdicts import Judge
from offkit.online.request.locked import Lock, Request

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
    cure: Callable[[str, Finding, str], str],
    reporter: Reporter,
    part: str = "",
) -> Rehearsed:
    """Try the finished bundle, of one for several targets the one called
    ``part``; ``cure`` as of Judge. What fails is a finding (REQ022) and a proof that did not pass."""
    with leftovers.scratch() as name:
        top = Path(name)
        filenames = {wheel.filename for wheel in lock.wheels}
        (top / "home").mkdir()
        _unpack(bundle, top / "bundle", part, filenames)
        reporter.step("rehearsing: resolving from the bundle alone")
        trials = [_again(top / "bundle", lock, resolve)]
        reporter.step(f"rehearsing: installing for {where.describe()}")
        judge = Judge(where.place, lock.target, libraries, cure=cure)
        trials += _installed(bundle.absolute(), top, judge, where, smoke, reporter, part)
    return Rehearsed(
        tuple(one for one, _ in trials), tuple(finding for _, found in trials for finding in found)
    )


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
    """Installed by its own install.sh; then its own offkit imports each module and runs the user's check."""
    prefix, script = top / "prefix", top / "bundle" / layout.INSTALL_SH
    words = ["sh", str(script), str(bundle), "--prefix", str(prefix), *where.options]
    words += ["--allow-missing", "--quiet", *([f"--part={part}"] if part else [])]
    with where.opened(top, [script, bundle]) as run:
        installed = run(words)  # it may end with 1 for a library that is missing here
        reporter.step("rehearsing: importing every module" + f", running {smoke}" * (smoke is not None))
        offkit = str(prefix / "current/bin/offkit")
        done = run([offkit, "smoke", "--json", "--timeout", str(PATIENCE)], apart=True)
        told = _document(done.stdout)
        if told is None:
            program, done = ("offkit smoke", done) if installed.ok else ("install.sh", installed)
            said = tuple(line for line in (done.stdout + done.stderr).splitlines() if line.strip())[-8:]
            found = Finding("REQ022", ERROR, "the bundle", f"{program} ended with {done.returncode}", said)
            yield _trial("rehearsal", where.describe(), [found], "")
            return
        on = ", ".join((f"CPython {told['python']}", told["libc"], where.system))
        judge = judge._replace(top=str(top), prefix=str(prefix))
        findings = [found for one in told["modules"] for found in judge.findings(one)]
        number = _number(len(told["modules"]), len(told["modules"]) - told["imported"])
        yield _trial("rehearsal", on, findings, f"installed, {number} imported")
        for check in told["checks"]:
            yield _trial("smoke", on, judge.findings(check), f"{check['name']} ended with 0")


def _document(text: str) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = json.loads(text)
        return told if told["schema"] == "offkit/smoke-1" else None
    except (ValueError, KeyError, TypeError):
        return None


def _number(modules: int, without: int) -> str:
    number = several(modules, "module")
    return f"{modules - without} of {number}" if without else number

"""A bundle is tried before it leaves: resolved out of itself, really installed, every module imported.

All of it runs where there is no network, in namespaces of its own (unshare(1)), by an interpreter of the
target's series that is on this machine. What its modules print goes nowhere.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from packaging.utils import canonicalize_name

from offkit.edges import leftovers
from offkit.edges.run import Result, clean_environment, run
from offkit.model import layout, manifest, proof
from offkit.model.checklist import Checklist
from offkit.model.errors import EnvironmentProblem, OffkitError
from offkit.model.finding import ERROR, INFO, Finding
from offkit.model.proof import Proof
from offkit.model.report import Reporter
from offkit.model.target import Target
from offkit.model.words import several
from offkit.online.index.pool import pool
from offkit.online.request.locked import Lock, Request
from offkit.online.sources import interpreters
from offkit.online.sources.interpreters import Interpreter

_PATIENCE = "300"  # seconds that a module or the user's own check may take
_NOBODYS = {"tests", "test", "testing", "docs", "doc", "examples", "example", "setup"}  # packed by mistake
_PARALLEL = min(4, os.cpu_count() or 1)
_MISSING = re.compile(r"(\S+\.so\S*): cannot open shared object file")
_EXTENSION = re.compile(r"^([A-Za-z_]\w*)\.(?:cpython-\S+\.|abi3\.)?so$")
# Without a network: as root, as the same user, as a root of one's own (older util-linux has no -c).
_WALLS = (("unshare", "-n"), ("unshare", "-c", "-n"), ("unshare", "-r", "-n"))

# They end with this program, however that ends (prctl(2), PR_SET_PDEATHSIG; setpriv of util-linux 2.33).
_LEASH = ("setpriv", "--pdeathsig", "TERM")


class Stage(NamedTuple):
    """Where it is tried."""

    python: Interpreter
    walls: tuple[str, ...]  # the words before a command

    def describe(self) -> str:
        system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
        return f"CPython {self.python.version}, {' '.join(platform.libc_ver())}, {system}"


# A request, pip's index options: resolved for the bundle's target.
Resolve = Callable[[Request, Sequence[str]], Lock]


class Rehearsed(NamedTuple):
    proofs: tuple[Proof, ...]
    findings: tuple[Finding, ...]


def stage(target: Target) -> Stage:
    """Raises EnvironmentProblem where nothing can be tried, before anything is downloaded."""
    python = interpreters.of(target)
    if python is None:
        raise EnvironmentProblem(
            f"--rehearse needs a CPython {target.python_minor} for {target.arch} here; there is none",
            fix=f"put one on PATH (pyenv install {target.python_minor}; uv python install has 3.8 and newer)",
        )
    leash = _LEASH if run([*_LEASH, "true"]).ok else ()
    for walls in _WALLS:
        if run([*walls, "true"]).ok:
            return Stage(python, (*leash, *walls))
    raise EnvironmentProblem(
        "--rehearse needs a namespace without a network; this system gives none",
        fix="run it as root, or where user namespaces are allowed (sysctl user.max_user_namespaces)",
    )


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
        members = _unpack(bundle, top / "bundle", part, filenames)
        reporter.step("rehearsing: resolving from the bundle alone")
        trials = [_again(top / "bundle", lock, resolve, where)]
        wheels = [path for path in members if path.name in filenames]
        reporter.step(f"rehearsing: installing for {where.describe()}")
        trials += _installed(bundle, top, wheels, libraries, where, smoke, reporter, part)
    return Rehearsed(
        tuple(one for one, _ in trials), tuple(finding for _, found in trials for finding in found)
    )


def untried(where: Stage, why: str) -> Rehearsed:
    """Where it could not be held: a proof that says so, and did not pass."""
    finding = Finding("REQ022", INFO, "the rehearsal", why)
    when = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Rehearsed((Proof("rehearsal", when, where.describe(), False, why),), (finding,))


_Trial = tuple[Proof, list[Finding]]


def _trial(kind: str, where: Stage, findings: list[Finding], done: str) -> _Trial:
    when = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return proof.ended(kind, where.describe(), findings, done, when), findings


def _unpack(bundle: Path, into: Path, part: str, filenames: set[str]) -> list[Path]:
    """install.sh, the requirements and the wheels of the tar itself; gives the wheels. Of a ``part`` only
    those that it has: what is its own comes first in the tar."""
    wheels = []
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
                if path.suffix == ".whl":
                    wheels.append(path)
    return wheels


def _again(bundle: Path, lock: Lock, resolve: Resolve, where: Stage) -> _Trial:
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
    return _trial("resolution", where, findings, several(len(wanted), "pin"))


def _installed(
    bundle: Path,
    top: Path,
    wheels: Sequence[Path],
    libraries: Checklist,
    where: Stage,
    smoke: Path | None,
    reporter: Reporter,
    part: str,
) -> Iterator[_Trial]:
    """Installed by its own install.sh; then each module in a process of its own, then the user's check."""
    prefix = top / "prefix"
    words = [str(top / "bundle" / layout.INSTALL_SH), str(bundle.absolute()), "--prefix", str(prefix)]
    options = ["--python", where.python.path, "--no-root", "--allow-missing", "--quiet"]
    options += [f"--part={part}"] if part else []
    done = _behind(where, top, ["sh", *words, *options])
    environment = prefix / "current"
    if not (environment / "bin/python").exists():
        said = tuple(line for line in (done.stdout + done.stderr).splitlines() if line.strip())[-8:]
        finding = Finding("REQ022", ERROR, "the bundle", f"install.sh ended with {done.returncode}", said)
        yield _trial("rehearsal", where, [finding], "")
        return
    inside = [modules(wheel) for wheel in wheels] + [_modules(each) for each in _compiled(environment)]
    names = sorted({module for found in inside for module in found})
    reporter.step(f"rehearsing: importing {several(len(names), 'module')}")
    python = [
        str(environment / "bin/python"),
        "-I",
        "-c",
        "import importlib, sys; importlib.import_module(sys.argv[1])",
    ]
    with pool(_PARALLEL, programs=True) as threads:
        results = threads.map(lambda module: _behind(where, top, [*python, module]), names)
        judged = map(partial(_judge, libraries=libraries), names, results)
        findings = [finding for finding in judged if finding is not None]
    yield _trial("rehearsal", where, findings, f"installed, {several(len(names), 'module')} imported")
    if smoke is not None:
        reporter.step(f"rehearsing: running {smoke}")
        done = _behind(where, top, [python[0], str(smoke.absolute())])
        found = [] if done.ok else [_failed(str(smoke), done, "ended with")]
        yield _trial("smoke", where, found, f"{smoke.name} ended with 0")


def _behind(where: Stage, top: Path, argv: Sequence[str]) -> Result:
    """Run it without a network, with a home that is empty."""
    home = top / "home"
    home.mkdir(exist_ok=True)
    env = clean_environment({"HOME": str(home), "TMPDIR": str(top), "MPLBACKEND": "Agg"})
    return run([*where.walls, "timeout", "-k", "5", _PATIENCE, *argv], env, str(home), gently=True)


def _judge(module: str, done: Result, libraries: Checklist) -> Finding | None:
    if done.ok:
        return None
    missing = _MISSING.search(done.stderr)
    known = {library.soname: library for library in libraries.libraries}
    if missing and missing[1] in known:
        rpm = known[missing[1]].rpm
        there = f"; the server gets it from {rpm}" if rpm else ""
        message = f"could not be tried: this machine has no {missing[1]}{there}"
        return Finding("REQ022", INFO, module, message)
    return _failed(module, done, "cannot be imported, exit")


def _failed(subject: str, done: Result, how: str) -> Finding:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    said = f": {lines[-1]}" if lines else ""
    return Finding("REQ022", ERROR, subject, f"{how} {done.returncode}{said}")


def modules(wheel: Path) -> list[str]:
    """What a wheel has to import: its top-level modules and packages, and those right below a namespace."""
    with zipfile.ZipFile(wheel) as archive:
        return _modules([_installed_as(name) for name in archive.namelist()])


def _compiled(environment: Path) -> Iterator[list[str]]:
    """The files of each package that was compiled there, below site-packages."""
    told = environment / layout.GENERATION_COMPILED
    packages = json.loads(told.read_bytes())["packages"] if told.exists() else []
    wanted = {canonicalize_name(one["name"]) for one in packages}
    for record in environment.glob("lib/python3*/site-packages/*.dist-info/RECORD"):
        if canonicalize_name(record.parent.name.partition("-")[0]) in wanted:
            with record.open(encoding="utf-8", newline="") as rows:
                yield [_installed_as(row[0]) for row in csv.reader(rows) if row]


def _modules(names: Iterable[str]) -> list[str]:
    """What there is to import among files below site-packages."""
    paths = [PurePosixPath(name) for name in names if name]
    packages = {path.parent for path in paths if _makes_package(path.name) and path.parent.parts}
    found = {path.parts for path in packages if packages.isdisjoint(path.parents)}
    for path in paths:
        if len(path.parts) == 1:
            extension = _EXTENSION.match(path.name)
            found.update([(extension[1],)] if extension else [(path.stem,)] if path.suffix == ".py" else [])
    return sorted(
        ".".join(parts)
        for parts in found
        if parts[0] not in _NOBODYS and all(part.isidentifier() for part in parts)
    )


def _makes_package(name: str) -> bool:
    return name == "__init__.py" or (name.startswith("__init__.") and name.endswith(".so"))


def _installed_as(name: str) -> str:
    """Where a member lies below site-packages; "" for what does not lie there (PEP 427)."""
    top, _, rest = name.partition("/")
    if top.endswith(".dist-info"):
        return ""
    if not top.endswith(".data"):
        return name
    scheme, _, rest = rest.partition("/")
    return rest if scheme in ("purelib", "platlib") else ""

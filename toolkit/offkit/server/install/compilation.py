"""The step of an installation that compiles the sources in a bundle, each in an environment of its own.

What builds a source comes from the bundle too, with hashes. pip does the building; what comes of it is a
wheel among the others, with its hash, so that the packages are installed as from any bundle.

A build backend changes its working directory, so /proc/self/cwd is no alias here as it is in
server.install.plan: a directory that this process holds open is one, whatever its path has in it.
"""

import hashlib
import io
import json
import os
import zipfile
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Sequence

from offkit.edges import files, host, releases
from offkit.model import layout, words
from offkit.model.errors import EnvironmentProblem, damaged
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Reporter
from offkit.model.requirement import normalize, version
from offkit.model.sources import GCC, GXX, Source
from offkit.model.tags import split_wheel
from offkit.server.bundle import requirements
from offkit.server.bundle.bundle_file import BundleFile
from offkit.server.install import compiler, diagnosis
from offkit.server.install.build import Run
from offkit.server.install.plan import (
    AHEAD,
    PIP,
    SCRATCH,
    Addition,
    Step,
    child_environment,
    index_page,
    pip_wheel,
)
from offkit.server.python.interpreter import Interpreter

SCHEMA = "offkit/compiled-1"
_LOCALE = "C.UTF-8"  # where the release says no other; without UTF-8 many a setup.py cannot read its README


def prepare(
    bundle: BundleFile,
    carried: Sequence[Source],
    python: Interpreter,
    strict: bool,
    run: Run,
    environment: Dict[str, str],
    reporter: Reporter,
) -> Addition:
    """The step. Raises IntegrityError (BUN014) where a lock of what builds a source has more than pins.

    ``strict``: without a header that is known to be needed nothing is tried; ``environment`` is that of
    edges.run.clean_environment. The step raises EnvironmentProblem (ENV034, ENV035, ENV024).
    """
    there = {member.path for member in bundle.manifest.members}
    for one in carried:
        lost = [path for path in (one.member, one.lock) if path not in there]
        if lost:
            message = "{} is not among the members, though a source is built of it".format(lost[0])
            raise damaged("BUN002", layout.MANIFEST, message)
        requirements.pins(bundle.read(one.lock), one.lock)
    names = words.listed([one.describe() for one in carried], 3)
    step = Step("compile", "compile {} with gcc, in environments of their own".format(names))
    work = _Work(bundle, python, run, environment, reporter)

    def do(root: str, argv: Sequence[str]) -> None:
        lacks = compiler.lacking(carried, python, lambda words: run(words, environment, "/"))
        lacks = [each for each in lacks if strict or each.fatal]
        if lacks:
            raise compiler.refusal(lacks, alone=False, media=True)
        work.go(root, carried)

    return Addition(AHEAD, step, do)


class _Work:
    """The compilations of one installation."""

    def __init__(
        self,
        bundle: BundleFile,
        python: Interpreter,
        run: Run,
        environment: Dict[str, str],
        reporter: Reporter,
    ) -> None:
        self._bundle, self._python, self._run, self._reporter = bundle, python, run, reporter
        self._environment = environment
        self._release = releases.of(host.here().el, host.here().release)

    def go(self, root: str, carried: Sequence[Source]) -> None:
        scratch = os.path.join(root, SCRATCH)
        place = os.path.join(scratch, "build")
        pip = os.path.join(place, "pip")
        os.mkdir(place, 0o700)
        self._unpack_pip(pip)
        compiled = []
        for one in carried:
            self._reporter.step("compiling {}".format(one.describe()))
            with _alias(place) as alias:
                os.mkdir(os.path.join(place, "one"))
                wheel = self._compile(one, os.path.join(place, "one"), alias + "/one", alias + "/pip/pip")
                compiled.append(self._take(one, wheel, scratch))
            files.remove_tree(os.path.join(place, "one"))
        files.remove_tree(place)
        names = [layout.WHEELS + name for name in os.listdir(os.path.join(scratch, layout.WHEELS))]
        files.replace(os.path.join(scratch, "index.html"), index_page(sorted(names)))
        files.write_below(root, layout.GENERATION_COMPILED, [self._record(compiled)])

    def _unpack_pip(self, place: str) -> None:
        """Not in its wheel: what it lets the build backend's process run must be a file (on CPython 3.6)."""
        member = pip_wheel([one.path for one in self._bundle.manifest.wheels()])
        with zipfile.ZipFile(io.BytesIO(self._bundle.read(member))) as archive:
            for name in archive.namelist():
                if not name.endswith(("/", ".pyc")):
                    files.write_below(place, name, [archive.read(name)])

    def _compile(self, one: Source, place: str, alias: str, pip: str) -> str:
        """The path of the wheel. ``alias`` is ``place`` for the programs that are run."""
        pins = requirements.pins(self._bundle.read(one.lock), one.lock)
        members = [member.path for member in self._bundle.manifest.below(layout.BUILD_WHEELS)]
        for path in (*members, one.member):
            files.write_below(place, path, self._bundle.chunks(path))
        files.write_below(place, "index.html", [index_page(members)])
        files.write_below(place, "lock.txt", self._bundle.chunks(one.lock))
        os.mkdir(os.path.join(place, "tmp"))
        env = self._variables(alias)
        python = (alias + "/env/bin/python", "-I", pip, *PIP)
        offline = ("--no-index", "--find-links=" + alias + "/index.html")
        locked = ("--only-binary=:all:", "--require-hashes", "--requirement=" + alias + "/lock.txt")
        own = ("--no-deps", "--no-build-isolation", "--use-pep517", "--wheel-dir=" + alias + "/out")
        self._program(one, (self._python.path, "-I", "-m", "venv", "--without-pip", alias + "/env"), env)
        if pins:
            quiet = ("--no-warn-script-location", "--progress-bar=off")
            self._program(one, (*python, "install", *offline, *locked, *quiet), env)
        self._program(one, (*python, "wheel", *offline, *own, alias + "/" + one.member), env)
        made = os.listdir(os.path.join(place, "out"))
        if [self._is_of(name, one) for name in made] != [True]:
            raise _unexpected(one, made)
        return os.path.join(place, "out", made[0])

    def _variables(self, alias: str) -> Dict[str, str]:
        """What the compiler is told: nothing of the caller's but PATH, behind the build environment's own
        programs. gcc's own default is the processor that every server of its release has."""
        base = {"PATH": "{}/env/bin:{}".format(alias, self._environment.get("PATH", os.defpath))}
        base.update(CC=GCC, CXX=GXX, LC_ALL=self._release.locale or _LOCALE)
        return child_environment(alias + "/tmp", base)

    def _program(self, one: Source, argv: Sequence[str], env: Dict[str, str]) -> None:
        self._reporter.note("$ " + " ".join(argv))
        result = self._run(argv, env, "/")
        for line in result.stdout.splitlines() + result.stderr.splitlines():
            self._reporter.note(line)
        if not result.ok:
            raise diagnosis.failed(one, result, self._release, compiler.devel(self._python, self._release))

    def _is_of(self, filename: str, one: Source) -> bool:
        try:
            name, made = split_wheel(filename)[:2]
            return normalize(name) == normalize(one.name) and version(made) == version(one.version)
        except ValueError:
            return False

    def _take(self, one: Source, wheel: str, scratch: str) -> Dict[str, Any]:
        """Put it among the bundle's wheels, and its hash in the place of the sdist's."""
        with open(wheel, "rb") as source:
            data = source.read()
        sha256 = hashlib.sha256(data).hexdigest()
        origin = next(member.sha256 for member in self._bundle.manifest.members if member.path == one.member)
        files.write_below(scratch, layout.WHEELS + os.path.basename(wheel), [data])
        path = os.path.join(scratch, layout.REQUIREMENTS)
        with open(path, "rb") as lock:
            text = lock.read()
        files.replace(path, text.replace(origin.encode("ascii"), sha256.encode("ascii")))
        pins = requirements.pins(self._bundle.read(one.lock), one.lock)
        return {
            "name": one.name,
            "version": one.version,
            "source": {"file": os.path.basename(one.member), "sha256": origin},
            "wheel": {"file": os.path.basename(wheel), "sha256": sha256},
            "built_with": [dict(pin._asdict()) for pin in pins],
        }

    def _record(self, compiled: List[Dict[str, Any]]) -> bytes:
        """offkit/compiled.json"""
        said = self._run([GCC, "--version"], dict(self._environment, LC_ALL="C"), "/").stdout
        data = {
            "schema": SCHEMA,
            "compiler": said.partition("\n")[0],
            "python": {"path": files.text(self._python.path), "version": self._python.version},
            "packages": compiled,
        }
        return (json.dumps(data, indent=1) + "\n").encode("ascii")


@contextmanager
def _alias(directory: str) -> Iterator[str]:
    """An absolute path of a directory in ASCII and without spaces, for children wherever they work."""
    held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield "/proc/{}/fd/{}".format(os.getpid(), held)
    finally:
        os.close(held)


def _unexpected(one: Source, made: Sequence[str]) -> EnvironmentProblem:
    message = "{} gave {} instead of one wheel of its own".format(
        os.path.basename(one.member), ", ".join(sorted(made)) or "nothing"
    )
    return EnvironmentProblem(message, [Finding("ENV035", ERROR, one.describe(), message)])

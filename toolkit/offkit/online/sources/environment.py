"""An isolated environment that a backend runs in: a venv of some interpreter, with build requirements whose
hashes are known, and nothing else that could steer it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from offkit.edges.run import Result, clean_environment, run
from offkit.model.built import Pin
from offkit.online.sources.refusal import Refused

# What a backend may read that would make other bytes of the same source. The time is the earliest that a
# zip archive can say (reproducible-builds.org/docs/source-date-epoch).
_FIXED = {
    "SOURCE_DATE_EPOCH": "315532800",
    "PYTHONHASHSEED": "0",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONDONTWRITEBYTECODE": "1",  # in a directory of the user's
}
# pip itself, should a backend call it: everything that goes in is known beforehand.
_NO_INDEX = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
# A wheel has the modes of its files, and those are the umask's.
_UMASK = "import os, sys; os.umask(0o22); os.execv(sys.argv[1], sys.argv[1:])"


class Provided(NamedTuple):
    """Wheels of build requirements, all that they need included."""

    pins: tuple[Pin, ...]  # sorted
    wheels: tuple[Path, ...]
    pip: Path  # a wheel of it, which runs on that Python


Provide = Callable[[Sequence[str]], Provided]  # of requirement lines, for the Python that builds


class Environment:
    """A ``build.env.IsolatedEnv`` in a directory that does not exist yet."""

    def __init__(self, python: str, directory: Path, provide: Provide) -> None:
        """``python`` is the path of an interpreter. Raises Refused where it makes no venv."""
        self._directory, self._provide = directory, provide
        self.pins: tuple[Pin, ...] = ()
        done = run([python, "-I", "-m", "venv", "--without-pip", str(directory)])
        if not done.ok:
            raise Refused(f"{python} makes no venv", lines(done), "", "install its module venv", log=True)

    @property
    def python_executable(self) -> str:
        names = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
        return str(self._directory.joinpath(*names))

    def make_extra_environ(self) -> Mapping[str, str]:
        """Programs of build requirements (cmake, ninja) are found first."""
        there = os.path.dirname(self.python_executable)
        return {"PATH": os.pathsep.join([there, os.environ.get("PATH", os.defpath)])}

    def resolve(self, requirements: Sequence[str]) -> Provided:
        """What these requirements are for this environment. Raises Refused where they cannot be had."""
        return self._provide(sorted(requirements))

    def install(self, requirements: Sequence[str]) -> None:
        """Raises Refused."""
        if not requirements:
            return
        self.pins, wheels, pip = self.resolve(requirements)
        words = ["install", "--no-deps", "--no-index", "--no-compile", "--no-warn-script-location"]
        done = self._run(
            [
                self.python_executable,
                str(pip / "pip"),
                *words,
                "--disable-pip-version-check",
                *map(str, wheels),
            ]
        )
        if not done.ok:
            raise Refused("its build requirements cannot be installed", lines(done), log=True)

    def runner(
        self, cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None
    ) -> None:
        """How a hook of a backend is called (``build.ProjectBuilder``). Raises Ended."""
        done = self._run([self.python_executable, "-c", _UMASK, *cmd], cwd, extra_environ)
        if not done.ok:
            raise Ended(done)

    def _run(
        self, argv: Sequence[str], cwd: str | None = None, more: Mapping[str, str] | None = None
    ) -> Result:
        # No .pydistutils.cfg of this user; and what is killed leaves nothing where nobody sweeps, as pip does
        # with the certificates that it takes out of its wheel.
        home = {"HOME": str(self._directory), "TMPDIR": str(self._directory)}
        return run(argv, clean_environment({**_FIXED, **_NO_INDEX, **home, **(more or {})}), cwd, alone=True)


class Ended(Exception):
    """A hook that did not end well."""

    def __init__(self, done: Result) -> None:
        super().__init__(f"exit {done.returncode}")
        self.lines = lines(done)


def lines(done: Result) -> list[str]:
    """What a program said, without what is empty."""
    return [line.rstrip() for line in (done.stdout + "\n" + done.stderr).splitlines() if line.strip()]

"""Where a bundle is tried: behind walls on this machine, by an interpreter of the target's series."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from offkit.edges import walls
from offkit.edges.run import Result, clean_environment, run
from offkit.model.errors import EnvironmentProblem
from offkit.model.target import Target
from offkit.online.sources import interpreters
from offkit.online.sources.interpreters import Interpreter

PATIENCE = 300  # seconds that a module or the user's own check may take
# Ends what it starts after that; -k: what does not listen, too (timeout(1)).
LIMIT = ("timeout", "-k", "5", str(PATIENCE))


class Run(Protocol):
    """What runs a command."""

    def __call__(self, argv: Sequence[str], apart: bool = False) -> Result:
        """``apart``: it sees itself to how long something may take, and to the network."""


class Stage(Protocol):
    """Where it is tried."""

    @property
    def place(self) -> str:
        """As in "this machine has no libGL.so.1"."""

    @property
    def system(self) -> str:
        """What is there, but for the Python."""

    @property
    def options(self) -> tuple[str, ...]:
        """Of install.sh."""

    def describe(self) -> str:
        """One line for people."""

    def opened(self, top: Path, shown: Sequence[Path]) -> AbstractContextManager[Run]:
        """What runs commands there. They see the files ``shown`` below their own names, and may write below
        ``top``, which is TMPDIR; HOME is home in it."""


class Here(NamedTuple):
    """This machine."""

    python: Interpreter
    behind: tuple[str, ...]  # the words before a command

    @property
    def place(self) -> str:
        return "this machine"

    @property
    def system(self) -> str:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")

    @property
    def options(self) -> tuple[str, ...]:
        return ("--python", self.python.path, "--no-root")

    def describe(self) -> str:
        return f"CPython {self.python.version}, {' '.join(platform.libc_ver())}, {self.system}"

    @contextmanager
    def opened(self, top: Path, shown: Sequence[Path]) -> Iterator[Run]:
        home = top / "home"
        env = clean_environment({"HOME": str(home), "TMPDIR": str(top), "MPLBACKEND": "Agg"})
        yield partial(self._run, env, str(home))

    def _run(self, env: dict[str, str], home: str, argv: Sequence[str], apart: bool = False) -> Result:
        if apart:
            return run([*walls.leash(), *argv], env, home, gently=True)
        return run([*self.behind, *LIMIT, *argv], env, home)


def here(target: Target) -> Here:
    """Raises EnvironmentProblem where nothing can be tried, before anything is downloaded."""
    python = interpreters.of(target)
    machine = platform.machine()
    if python is None and machine != target.arch:
        raise EnvironmentProblem(
            f"--rehearse needs a machine of the server's architecture, {target.arch}; this one is {machine}",
            fix=f"rehearse it on such a machine; or where podman runs programs of {target.arch} "
            "(qemu-user-static), give an image: --image",
        )
    if python is None:
        raise EnvironmentProblem(
            f"--rehearse needs a CPython {target.python_minor} for {target.arch} here; there is none",
            fix=f"put one on PATH (pyenv install {target.python_minor}; uv python install has 3.8 and newer)"
            ", or give an image that has one: --image",
        )
    behind = walls.words()
    if not behind:
        raise EnvironmentProblem(
            "--rehearse needs namespaces of network and processes (util-linux 2.32); this system gives none",
            fix="run it as root, or where user namespaces are allowed (sysctl user.max_user_namespaces)",
        )
    return Here(python, behind)

"""Where a bundle is tried: behind walls on this machine, by an interpreter of the target's series.

Behind them is no network but a loopback of its own, and no process but those that were started there: what a
module leaves behind ends with it, and what it kills is its own (unshare(1), pid_namespaces(7)).
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from offkit.edges.run import Result, clean_environment, run
from offkit.model.errors import EnvironmentProblem
from offkit.model.target import Target
from offkit.online.sources import interpreters
from offkit.online.sources.interpreters import Interpreter

PATIENCE = 300  # seconds that a module or the user's own check may take
# Ends what it starts after that; -k: what does not listen, too (timeout(1)).
LIMIT = ("timeout", "-k", "5", str(PATIENCE))

# As whom: as root, as the same user, as a root of one's own (older util-linux has no -c, or keeps nothing
# that starts the loopback).
_WHO = ((), ("-c", "--keep-caps"), ("-c",), ("-r",))
_ALONE = ("-n", "-p", "-f", "--kill-child")
# A container's /proc may be such that no other can be mounted (mount_namespaces(7), "locked").
_PROC = (("--mount-proc",), ())
# They end with this program, however that ends (prctl(2), PR_SET_PDEATHSIG; setpriv of util-linux 2.33).
_LEASH = ("setpriv", "--pdeathsig", "KILL")
# Starts the loopback, which on every server is up (netdevice(7), SIOCSIFFLAGS); gives away what --keep-caps
# kept (prctl(2), PR_CAP_AMBIENT_CLEAR_ALL), and becomes the command.
_LOOPBACK = """\
import ctypes, fcntl, os, socket, struct, sys
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh22x", b"lo", 0x41))
except OSError:
    pass
ctypes.CDLL(None).prctl(47, 4, 0, 0, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""

Run = Callable[[Sequence[str]], Result]


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
    walls: tuple[str, ...]  # the words before a command

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

    def _run(self, env: dict[str, str], home: str, argv: Sequence[str]) -> Result:
        return run([*self.walls, *LIMIT, *argv], env, home)


def here(target: Target) -> Here:
    """Raises EnvironmentProblem where nothing can be tried, before anything is downloaded."""
    python = interpreters.of(target)
    if python is None:
        raise EnvironmentProblem(
            f"--rehearse needs a CPython {target.python_minor} for {target.arch} here; there is none",
            fix=f"put one on PATH (pyenv install {target.python_minor}; uv python install has 3.8 and newer)"
            ", or give an image that has one: --image",
        )
    behind = walls()
    if not behind:
        raise EnvironmentProblem(
            "--rehearse needs namespaces of network and processes (util-linux 2.32); this system gives none",
            fix="run it as root, or where user namespaces are allowed (sysctl user.max_user_namespaces)",
        )
    return Here(python, behind)


def walls() -> tuple[str, ...]:
    """The words before a command that put it behind them; none where this system does not."""
    leash = _LEASH if run([*_LEASH, "true"]).ok else ()
    loopback = (sys.executable, "-I", "-S", "-c", _LOOPBACK)
    for who in _WHO:
        for proc in _PROC:
            words = (*leash, "unshare", *who, *_ALONE, *proc, *loopback)
            if run([*words, "true"]).ok:
                return words
    return ()

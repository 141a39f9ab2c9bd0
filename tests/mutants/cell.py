"""A copy of the working tree, and processes that can do harm nowhere else.

A mutant may remove the wrong directory or mount something over /. For root, who could, everything
but the copy is read-only, what is written to /var and to root's home goes with the command, and so
does every process: in namespaces of its own.
"""

import functools
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# $1: where it may write. In /proc/self/mountinfo the fifth field is a mount point, octal for blanks.
_CONTAINED = """
mount --bind "$1" "$1"
while read -r _ _ _ _ at _; do
    at=$(printf '%b' "$at")
    case $at in "$1"|/proc|/proc/*|/sys|/sys/*|/dev|/dev/*) ;; *) mount -o remount,bind,ro "$at" ;; esac
done < /proc/self/mountinfo
for place in /var "$HOME"; do
    layers=$1/t/.layers$place
    mkdir -p "$layers/upper" "$layers/work"
    mount -t overlay overlay -o "lowerdir=$place,upperdir=$layers/upper,workdir=$layers/work" "$place"
done
shift
"$@"
exit $?
"""
_UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


def files() -> list[str]:
    """Paths of everything that git has, or would take."""
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    return sorted({name for name in os.fsdecode(listed).split("\0") if name and (ROOT / name).is_file()})


class Cell:
    """``with Cell(names) as cell``: ``cell.tree`` is the copy, and is gone afterwards."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def __enter__(self) -> "Cell":
        self.top = Path(tempfile.mkdtemp(prefix="mutants-"))
        self.tree = self.top / "tree"
        for name in self.names:
            (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, self.tree / name, follow_symlinks=False)
        self.top.chmod(0o755)  # tests become another user, too
        self._clear()
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.top, ignore_errors=True)

    def run(self, argv: list[str], limit: float | None = None, **env: str) -> tuple[int, str]:
        """Exit code and output in the copy; 124 after ``limit`` seconds."""
        here = Path(__file__).parent
        environment = dict(
            os.environ,
            TMPDIR=str(self.top / "t"),
            PYTHONPATH=os.pathsep.join((str(self.tree / "toolkit"), str(here))),
            **env,
        )
        if _contained():
            argv = [*_UNSHARE, "sh", "-ec", _CONTAINED, "sh", str(self.top), *argv]
        started = subprocess.Popen(
            argv, cwd=self.tree, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            out, _ = started.communicate(timeout=limit)
        except BaseException as error:
            os.killpg(started.pid, signal.SIGKILL)
            out, _ = started.communicate()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            return 124, out.decode("utf-8", "replace") + "\ntimeout"
        finally:
            self._clear()
        return started.returncode, out.decode("utf-8", "replace")

    def _clear(self) -> None:
        shutil.rmtree(self.top / "t", ignore_errors=True)
        (self.top / "t").mkdir(exist_ok=True)
        (self.top / "t").chmod(0o1777)


@functools.cache
def _contained() -> bool:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    return subprocess.run([*_UNSHARE, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0

"""A CPython on this machine that is of the target's series and architecture, whoever has put it there."""

from __future__ import annotations

import glob
import json
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from offkit.edges.run import run
from offkit.model.target import THIS_MACHINE, Target

_ASK = (
    "import json, platform, sys; v = sys.version_info; print(json.dumps("
    "[sys.implementation.name, platform.system(), platform.machine(), list(v[:3])]))"
)


class Interpreter(NamedTuple):
    path: str
    version: str  # 3.6.15


def of(target: Target) -> Interpreter | None:
    """The first that starts: on PATH, of pyenv, of uv, of conda."""
    for path in _places(target.python_minor):
        done = run([path, "-I", "-S", "-c", _ASK])
        if not done.ok:
            continue
        try:
            name, system, machine, version = json.loads(done.stdout)
        except ValueError:  # something else that is called so
            continue
        if (name, system, machine, tuple(version[:2])) == (
            "cpython",
            "Linux",
            target.arch,
            target.python_series,
        ):
            return Interpreter(path, ".".join(map(str, version)))
    return None


def traces(target: Target) -> str:
    """What tells, without starting any, whether ``of`` would find the same as before."""
    found = []
    for path in _places(target.python_minor):
        about = os.stat(path)
        found.append((path, os.path.realpath(path), about.st_size, about.st_mtime_ns))
    return repr(found)


def to_build(target: Target) -> Interpreter:
    """One of the target's series if it is at hand, else the one that runs this."""
    this = Interpreter(sys.executable, platform.python_version())
    if sys.version_info[:2] == target.python_series:
        return this
    return of(target) or this


def is_like(python: Interpreter, target: Target) -> bool:
    """Whether it evaluates what the target's Python would."""
    return python.version.split(".")[:2] == target.python_minor.split(".")


def as_target(python: Interpreter, target: Target) -> Target:
    """This machine with that interpreter, as build requirements are resolved for it."""
    libc, version = platform.libc_ver()
    major, minor = version.split(".")[:2] if libc == "glibc" else map(str, target.glibc)
    return target._replace(
        name=THIS_MACHINE,
        arch=platform.machine() or target.arch,
        python=re.match(r"[0-9.]*[0-9]", python.version)[0],  # type: ignore[index]
        glibc=(int(major), int(minor)),
    )


def _places(series: str) -> Iterator[str]:
    program = "python" + series
    on_path = shutil.which(program)
    if on_path:
        yield on_path
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python")
    conda = [home / name / "envs" for name in ("miniconda3", "miniforge3", "anaconda3", ".conda")]
    for top, pattern in ((pyenv, series + ".*"), (uv, f"cpython-{series}.*"), *((one, "*") for one in conda)):
        # glob.glob passes over what may not be read, and Path.glob does not.
        found = glob.glob(f"{glob.escape(str(top))}/{pattern}/bin/{program}")
        there = filter(os.path.isfile, found)  # of links it lists those that lead nowhere too
        yield from sorted(there, key=_numbers, reverse=True)


def _numbers(path: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path)]

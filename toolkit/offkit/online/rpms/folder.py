"""A folder of RPMs without metadata, as 'dnf download' leaves one: createrepo_c makes them, elsewhere."""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import sys
from pathlib import Path
from typing import BinaryIO

from offkit.edges.run import clean_environment, run
from offkit.edges.tree import Tree
from offkit.media.medium import Directory
from offkit.media.repodata import REPOMD
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from offkit.model.words import several
from offkit.online.rpms import engine

_METADATA = posixpath.dirname(REPOMD)
_UNREADABLE = re.compile(r"Cannot read package: (.*\.rpm): ")
_SHOWN = 5


def is_bare(path: str) -> bool:
    """Whether there are RPMs below, and no metadata of a repository."""
    below = list(os.walk(path))
    whole = any(_METADATA in folders for _, folders, _ in below)
    return not whole and any(name.endswith(".rpm") for _, _, names in below for name in names)


class Folder(Directory):
    """Its files, and metadata that lie in a scratch directory."""

    def __init__(self, path: str, scratch: str) -> None:
        """Raises EnvironmentProblem where nothing can make metadata, or something is no RPM."""
        super().__init__(Tree("/"), path)
        self._made = Directory(Tree("/"), scratch)
        program = _program()
        argv = [program, "--general-compress-type=gz", "--outputdir", scratch, path]
        done = run(argv, clean_environment({"LC_ALL": "C"}))
        bad = sorted(set(_UNREADABLE.findall(done.stderr)))  # some versions leave them out, and exit with 0
        if bad:
            names = ", ".join(os.path.relpath(each, path) for each in bad[:_SHOWN])
            raise _unusable(path, f"{several(len(bad), 'RPM')} of it cannot be read: {names}")
        if not done.ok or not self._made.has(REPOMD):
            lines = done.stderr.strip().splitlines() or [f"createrepo_c exited with {done.returncode}"]
            raise _unusable(path, f"its RPMs cannot be read: {lines[-1]}")

    def open(self, path: str) -> BinaryIO:
        return self._made.open(path) if path.startswith(_METADATA + "/") else super().open(path)

    def has(self, path: str) -> bool:
        return self._made.has(path) if path.startswith(_METADATA + "/") else super().has(path)


def _program() -> str:
    beside = Path(sys.executable).with_name("createrepo_c")  # of the extra
    found = str(beside) if beside.is_file() else shutil.which("createrepo_c")
    if found is None:
        raise EnvironmentProblem(
            "a folder of RPMs cannot be read here",
            [
                Finding(
                    "RPM011",
                    ERROR,
                    "createrepo_c",
                    "is neither in PATH nor beside this Python",
                    (),
                    engine.PIP,
                )
            ],
        )
    return found


def _unusable(path: str, message: str) -> EnvironmentProblem:
    fix = "copy these RPMs again (rpm -K FILE says which are whole)"
    return EnvironmentProblem(
        f"{path} cannot be used", [Finding("REPO010", ERROR, path, message, (path,), fix)]
    )

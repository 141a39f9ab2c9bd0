"""What stands in for packages that cannot be had, while it is found out what else cannot."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name


class Stubs:
    """Empty stand-in wheels for packages that do not exist, so that resolving can go on and
    find out what else is missing. They never leave their directories.

    Each round adds a new directory, because pip lists a ``--find-links`` directory only once.
    """

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._known: set[str] = set()
        self._versions: dict[str, list[str]] = {}
        self.doubtful = False  # whether one stands where what the sources require was not heeded
        self.directories: list[Path] = []
        self._new_round()

    def _new_round(self) -> None:
        self._current = self._parent / str(len(self.directories))
        self._fresh = False

    def grew(self) -> bool:
        """Whether any were added since this was last asked."""
        if not self._fresh:
            return False
        self.directories.append(self._current)
        self._new_round()
        return True

    def add(self, project: str, version: str, requires: Sequence[str] = ()) -> None:
        """``requires``: lines that its metadata says, which packaging can read."""
        name = canonicalize_name(project).replace("-", "_")
        filename = f"{name}-{version}-py3-none-any.whl"
        if filename in self._known:
            return
        self._known.add(filename)
        self._versions.setdefault(project, []).append(version)
        self._current.mkdir(parents=True, exist_ok=True)
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(self._current / filename, "w") as archive:
            lines = ["Metadata-Version: 2.1", f"Name: {project}", f"Version: {version}"]
            lines += [f"Requires-Dist: {one}" for one in requires]
            archive.writestr(f"{info}/METADATA", "\n".join(lines) + "\n")
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/RECORD", "")
        self._fresh = True

    def __contains__(self, filename: object) -> bool:
        return filename in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def has(self, project: str) -> bool:
        return project in self._versions

    def stand_in(self, project: str, specifier: SpecifierSet) -> bool:
        """Whether a stand-in meets the requirement already."""
        return any(True for _ in specifier.filter(self._versions.get(project, [])))

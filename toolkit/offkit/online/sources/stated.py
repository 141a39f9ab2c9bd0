"""What a source tree says it requires, and whether a compiler is for some of it: read, and none of it run."""

from __future__ import annotations

import contextlib
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from offkit.model import requirement
from offkit.online.request import toml
from offkit.online.sources import metadata

# Files that only a compiler reads, and what a project says that has one read them.
_COMPILED = re.compile(r"\.(?:c|cc|cpp|cxx|pyx|f|f90|rs)$", re.IGNORECASE)
_COMPILES = re.compile(
    rb"ext_modules|Extension\(|build_ext|cffi_modules|rust_extensions|skbuild|scikit_build|mesonpy|maturin|cmake",
    re.IGNORECASE,
)
_SAYS_SO = ("setup.py", "setup.cfg", "pyproject.toml")
_NOTED = ".egg-info/requires.txt"
_ASIDE = {"test", "tests", "testing", "doc", "docs", "example", "examples", "benchmarks"}


class Stated(NamedTuple):
    requires: tuple[str, ...]  # Requires-Dist, those of extras too
    told: bool  # whether that is all, as far as it is known
    compiles: str  # a file that is compiled, below the tree; "" where none is known to be


def of_archive(sdist: Path) -> Stated | None:
    """Of what an sdist of setuptools, or of a backend that follows PEP 621 or 643, has in it; None where it
    cannot be read."""
    try:
        return _of(dict(_members(sdist)))
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError, zipfile.BadZipFile):
        return None


def of(tree: Path) -> Stated:
    """The same of a tree."""
    names = (path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())
    return _of({name: (tree / name).read_bytes() if _tells(name) else b"" for name in names})


def _members(sdist: Path) -> Iterator[tuple[str, bytes]]:
    """By their names below the tree; the contents of those that tell something."""
    if zipfile.is_zipfile(sdist):
        with zipfile.ZipFile(sdist) as packed:
            for one in packed.namelist():
                name = one.partition("/")[2]
                yield name, packed.read(one) if _tells(name) else b""
        return
    with tarfile.open(sdist) as archive:
        for member in archive:
            name = member.name.removeprefix("./").partition("/")[2]
            file = archive.extractfile(member) if member.isfile() and _tells(name) else None
            yield name, file.read() if file is not None else b""


def _tells(name: str) -> bool:
    return name == "PKG-INFO" or name in _SAYS_SO or name.endswith(_NOTED)


def _of(files: Mapping[str, bytes]) -> Stated:
    requires = _requires(files)
    return Stated(tuple(requires or ()), requires is not None, _compiles(files))


def _requires(files: Mapping[str, bytes]) -> list[str] | None:
    """None where only what is run could tell."""
    said = metadata.read(files.get("PKG-INFO", b"")).requires_dist
    noted = min((name for name in files if name.endswith(_NOTED)), key=lambda one: one.count("/"), default="")
    if said or noted:
        return list(said) or requirement.of_setuptools(files[noted].decode("utf-8", "replace"))
    with contextlib.suppress(ValueError, AttributeError, TypeError, KeyError):
        table = toml.loads(files.get("pyproject.toml", b""))["project"]
        if "dependencies" not in table.get("dynamic", ()):
            return [str(one) for one in table.get("dependencies", ())]
    # Setuptools writes no requires.txt of nothing; distutils knows of none.
    asks = any(b"requires" in files.get(name, b"") for name in ("setup.py", "setup.cfg"))
    setuptools = any(".egg-info/" in name for name in files)
    return [] if setuptools or ("setup.py" in files and not asks) else None


def _compiles(files: Mapping[str, bytes]) -> str:
    if not any(_COMPILES.search(files.get(name, b"")) for name in _SAYS_SO):
        return ""
    found = (name for name in files if _COMPILED.search(name))
    return min((name for name in found if not _ASIDE.intersection(PurePosixPath(name).parts)), default="")

"""offkit.pyz: what runs on the server, one file, the same bytes wherever it is made.

It holds the zone that runs on CPython 3.6 and the locked, pure-Python packages it needs. The
archive is stored, not compressed: a Python compiled without zlib can still start it and be told
what it lacks. What no command needs stays at home:
modules, comments and docstrings. Every line keeps its number, so a traceback fits the sources.
"""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from offkit.edges import capi, data, plugins, releases
from offkit.elf import refusals
from offkit.model import builds, clashes, nowhere, packages, release, surroundings, things, yum
from offkit.online.wheels import memo, store, stored

# The tables that are read beyond the gap.
TABLES = (
    packages.MODULES,
    yum.WORDS,
    builds.WORDS,
    release.LIBC,
    release.SONAMES,
    nowhere.TABLE,
    things.TABLE,
    clashes.TABLE,
    plugins.TABLE,
    refusals.TABLE,
    capi.TABLE,
    surroundings.TABLE,
    releases.LAYOUTS,
)
ZONE = ("model", "elf", "edges", "media", "server", "badapple", "theatre", "fleet", "cli")
# Of the runtime's wheels. click asks importlib.metadata for its own version option alone, and typer for rich
# and completion with click 7 only where they are installed.
UNUSED = (
    "importlib_metadata",
    "zipp",
    "click/_winconsole.py",
    "click/testing.py",
    "typer/__main__.py",
    "typer/_completion_click7.py",
    "typer/rich_utils.py",
    "typer/testing.py",
)
# Comments and strings (Python 3.6, "Lexical analysis"): what is neither may have no quote and no #. Without
# the letters ahead of a string, so that each begins with one of three characters: such are found fast.
_PIECES = re.compile(
    r"""\#[^\n]*
    |\"{3}[^\\"]*(?:(?:\\.|\"(?!\"\"))[^\\"]*)*\"{3} | \'{3}[^\\']*(?:(?:\\.|\'(?!\'\'))[^\\']*)*\'{3}
    | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*'""",
    re.VERBOSE | re.DOTALL,
)
_LETTERS = re.compile(r"\b[bfru]{1,2}\Z", re.IGNORECASE)
_LINE_ENDS = re.compile(r"[ \t]*(?:#[^\n]*)?(?=\n|\Z)")
_STATEMENT = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*([ \t]*)[^\s#]")  # the next one, and how far in
_HELP = "offkit/cli/"  # the docstring of a command is its --help

# Readable by Python 2 as well: that is what "python" is on an EL 7.
MAIN = b"""\
# The packages in here lack comments, docstrings and the modules that offkit does not use;
# nothing else of them was changed.
import sys

if sys.version_info < (3, 6):
    sys.exit("offkit needs Python 3.6 or newer; this is %s (%s)" % (sys.version.split()[0], sys.executable))

from offkit.cli.start import main

if __name__ == "__main__":
    main()
"""


def build(wheels: Iterable[Path], cache: Path | None = None) -> bytes:
    """The archive, from offkit's own files and the runtime's wheels; the one in the ``cache``, if there is
    one of the same."""
    own, wheels = {"__main__.py": MAIN, **dict(_own_files())}, list(wheels)
    rules = (Path(each).read_bytes() for each in (__file__, stored.__file__))
    key = (part for name in sorted(own) for part in (name.encode("utf-8"), own[name]))
    told = (store.sha256(wheel).encode("utf-8") for wheel in wheels) if cache else ()

    def make() -> bytes:
        modules = (member for wheel in wheels for member in _modules(wheel))
        return _archive({**own, **dict(modules)})

    return memo.recalled(cache, "pyz", (*rules, sys.version.encode("utf-8"), *told, *key), make)


def _archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    buffer.write(b"#!/usr/bin/env python3\n")
    stored.write(buffer, ((name, _lean(name, members[name])) for name in sorted(members)))
    return buffer.getvalue()


def _lean(name: str, contents: bytes) -> bytes:
    """A module without its comments and docstrings, each line in its place; other files as they are."""
    if not name.endswith(".py") or name == "__main__.py":
        return contents
    text = contents.decode("utf-8")
    kept: list[str] = []
    at, depth, last = 0, 0, ""  # of brackets; the last character that means something
    for piece in _PIECES.finditer(text):
        start, end = piece.span()
        if start < at:
            continue  # the comment behind a docstring
        letters = _LETTERS.search(text, start - 2, start) if text[start] != "#" else None
        start = letters.start() if letters else start
        between = text[at:start]
        depth += sum(map(between.count, "([{")) - sum(map(between.count, ")]}"))
        last = between.strip()[-1:] or last
        kept.append(between)
        at = end
        if text[start] == "#":
            kept[-1] = between.rstrip(" \t")
            continue
        begins = depth == 0 and last != "\\" and not text[text.rfind("\n", 0, start) + 1 : start].strip(" \t")
        ends = _LINE_ENDS.match(text, end)
        if not (begins and ends) or name.startswith(_HELP):
            kept.append(text[start:end])
            last = "'"
            continue
        at = ends.end()
        indentation = len(between) - len(between.rstrip(" \t"))
        kept[-1] = between[: len(between) - indentation]
        following = _STATEMENT.match(text, at)
        if last == ":" and (following is None or len(following[1]) < indentation):
            kept.append(" " * indentation + "pass")  # the body has nothing else
        kept.append("\n" * text.count("\n", start, end))
        last = "'"
    return "".join([*kept, text[at:]]).encode("utf-8")


def _own_files() -> Iterator[tuple[str, bytes]]:
    package = resources.files("offkit")
    yield "offkit/__init__.py", stored.unix(package.joinpath("__init__.py").read_bytes())
    for zone in ZONE:
        yield from _tree(package.joinpath(zone), f"offkit/{zone}")
    for path in TABLES:
        yield f"offkit/data/{path}", stored.unix(data.read(path))
    for name in data.names(release.FOLDER):
        path = f"{release.FOLDER}/{name}"
        facts = json.loads(data.read_text(path))
        del facts["sources"]  # for those who look after the files
        yield f"offkit/data/{path}", json.dumps(facts, separators=(",", ":")).encode("ascii")


def _tree(directory: Any, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(directory.iterdir(), key=lambda item: item.name):
        name = f"{prefix}/{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _tree(entry, name)
        elif entry.name.endswith((".py", ".json", ".csv", ".html", "probe.sh")):
            yield name, stored.unix(entry.read_bytes())


def _modules(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """The importable files of a pure-Python wheel, and its licence texts."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            top, _, rest = name.partition("/")
            if name.startswith(UNUSED):
                continue
            licence = top.endswith(".dist-info") and "LICEN" in rest.upper()
            if licence or (not top.endswith((".dist-info", ".data")) and not name.endswith("/")):
                yield name, archive.read(name)

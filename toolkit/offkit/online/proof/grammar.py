"""Packages whose code is newer than their Requires-Python says: the target's grammar on all their sources.

An interpreter of the target's version parses them, where one is on PATH; otherwise this one does so as that
version, if it is newer. ``ast.parse`` promises "best effort" for that: of 4302 sources in 54 wheels that
CPython 3.6 refuses, 3.11 missed 6 and 3.13 missed 21, and neither refused another. They do not see ``x[*y]``
of 3.11, nor from 3.12 on the f-strings of PEP 701.

What was built for that very Python is left out, since it was there when it was built; so is the pip that
offkit has chosen for it, which is the largest wheel of most bundles; and tests are.
"""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import sys
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from packaging.utils import canonicalize_name

from offkit.edges import sources
from offkit.elf import importers
from offkit.model.finding import ERROR, WARNING, Finding, from_json
from offkit.model.target import Target
from offkit.model.words import several
from offkit.online.index.pool import pool
from offkit.online.proof.parsers import Parsers
from offkit.online.resolve import standing
from offkit.online.sources import interpreters
from offkit.online.wheels import memo, store

_KIND = "syntax"  # of what is kept
_SHOWN = 6  # of a package's files
_PARALLEL = min(8, os.cpu_count() or 1)
# Named for the Python that they are for, and imported there alone: _compat_py310.py, _py3_14.py
_FOR_OTHERS = re.compile(r"(?:^|_)(?:c?py|python)_?3_?\d+(?:_|$)")


class Failure(NamedTuple):
    """A source that the target's Python cannot compile."""

    member: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.member}, line {self.line}: {self.reason}"


def findings(
    wheels: Sequence[Path], target: Target, cache: Path | None = None, parsers: Parsers | None = None
) -> list[Finding] | None:
    """REQ020 for each package with such sources, an error where importing it is certain to fail; None
    when no interpreter here can tell.

    With the ``cache`` that the wheels are in, none is read a second time by the same interpreters; with
    ``parsers``, those are started once.
    """
    wheels = [path for path in wheels if not was_there(path, target)]
    rules = _rules(target) if cache else []
    found = {path: memo.recall(cache, _KIND, [_key(path), *rules]) for path in wheels}
    new = [path for path in wheels if found[path] is None]
    failures = _failures(new, target, parsers) if new or not wheels else {}
    if failures is None:
        return None
    for path in new:
        finding = _finding(path, failures[str(path)], target) if failures.get(str(path)) else None
        made = json.dumps(finding.to_json() if finding else None).encode("ascii")
        memo.keep(cache, _KIND, [_key(path), *rules], made)
        found[path] = made
    told = [json.loads(found[path] or b"null") for path in wheels]
    return [from_json(one) for one in told if one is not None]


def _key(path: Path) -> bytes:
    return os.fsencode(store.sha256(path))


def _rules(target: Target) -> list[bytes]:
    """What a finding depends on, its wheel aside."""
    exact = "" if sys.version_info[1] == target.python_series[1] else interpreters.traces(target)
    who = json.dumps([target.python_minor, target.arch, sys.version, exact])
    return [who.encode("ascii"), *(Path(each).read_bytes() for each in (__file__, sources.__file__))]


def was_there(path: Path, target: Target) -> bool:
    """Whether that very Python has read the sources of a wheel before: it was built for it, or is the pip for
    it (wheelhouse/pip.txt)."""
    python, abi = path.stem.split("-")[-3:-1]
    built = python == "cp{}{}".format(*target.python_series) and abi not in ("none", "abi3")
    return built or (path.name.startswith("pip-") and store.sha256(path) in _own_pip(target))


def _own_pip(target: Target) -> set[str]:
    pins = standing.applying(standing.own_pins("pip"), target)
    return {sha256 for pin in pins for sha256 in pin.hashes}


def _failures(
    wheels: Sequence[Path], target: Target, parsers: Parsers | None
) -> dict[str, list[Failure]] | None:
    """By path, from the first interpreter that answers."""
    if parsers is None:
        with Parsers() as parsers:
            return _failures(wheels, target, parsers)
    minor = target.python_series[1]
    own = [sys.executable] if sys.version_info[1] >= minor else []
    exact = parsers.exact(target) if sys.version_info[1] != minor else None
    large_first = sorted(wheels, key=lambda path: -path.stat().st_size)
    for python in [exact.path, *own] if exact else own:
        with pool(_PARALLEL, programs=True) as threads:
            answers = list(threads.map(functools.partial(parsers.ask, python, minor), large_first))
        if None not in answers:
            told = zip(large_first, answers, strict=True)
            return {str(path): [Failure(*one) for one in found or ()] for path, found in told}
    return None


def _finding(path: Path, failures: Sequence[Failure], target: Target) -> Finding | None:
    name, version = path.name.split("-")[:2]
    with zipfile.ZipFile(path) as archive:
        package = _Package(archive)
        certain = package.reached({one.member for one in failures})
        told = [one for one in failures if one.member in certain] or [
            one for one in failures if _counts(one.member) and package.parsed(one.member) is not None
        ]
        minor = target.python_series[1]
        told = [package.named(one, minor) for one in told]
    if not told:
        return None
    if certain:
        severity, message = ERROR, f"{version} cannot be imported by Python {target.python_minor}: {told[0]}"
    else:
        some = several(len(told), "file has", "files have")
        severity = WARNING
        message = f"{version}: {some} a syntax that Python {target.python_minor} does not know: {told[0]}"
    return Finding("REQ020", severity, canonicalize_name(name), message, tuple(map(str, told[1:_SHOWN])))


def _counts(member: str) -> bool:
    """Whether somebody may import it there."""
    path = PurePosixPath(member)
    return not (sources.TESTS & set(path.parts)) and not any(
        _FOR_OTHERS.search(part) for part in (*path.parts[:-1], path.stem)
    )


class _Package:
    """The modules of a wheel, and which of them are imported whenever it is."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {importers.dotted(name): name for name in archive.namelist() if name.endswith(".py")}

    def reached(self, members: set[str]) -> set[str]:
        """Those that are imported, by statements under no condition, with what the wheel has at its top."""
        found: set[str] = set()
        seen: set[str] = set()
        waiting = [name for name in self._members if self._is_top(name)]
        while waiting:
            name = waiting.pop()
            member = self._members.get(name)
            if name in seen or member is None:
                continue
            seen.add(name)
            if member in members:
                found.add(member)
                continue
            waiting += self._imports(name, member)
        return found

    def named(self, failure: Failure, minor: int) -> Failure:
        """In this interpreter's words, where it can tell: an old one says "invalid syntax" of everything."""
        if sys.version_info[1] <= minor:
            return failure
        why = sources.failure(self._archive.read(failure.member), minor)
        return failure if why is None else Failure(failure.member, *why)

    def parsed(self, member: str) -> ast.Module | None:
        """By this interpreter's grammar; None for templates, Python 2 and what is newer still."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(self._archive.read(member))
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None

    def _is_top(self, name: str) -> bool:
        member = self._members[name]
        if "/" in member and not member.endswith("/__init__.py"):
            return False  # of a package, or of a directory that is none
        above = [one for one in importers.upwards(name) if one != name]
        return not any(one in self._members for one in above) and name[0] != "_" and _counts(member)

    def _imports(self, name: str, member: str) -> Iterator[str]:
        tree = self.parsed(member)
        here = name.split(".") if member.endswith("__init__.py") else name.split(".")[:-1]
        for node in tree.body if tree else ():
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield from importers.upwards(alias.name)
            elif isinstance(node, ast.ImportFrom):
                base = here[: len(here) - node.level + 1] if node.level else []
                start = [*base, *(node.module.split(".") if node.module else ())]
                for alias in node.names:
                    yield from importers.upwards(".".join([*start, alias.name]))

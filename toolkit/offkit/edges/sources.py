"""Which Python sources of wheels have a syntax that a Python does not know. Nothing of them is run.

Its text is also given to interpreters of other versions, so it uses nothing but the standard library of 3.6.
"""

import __future__

import ast
import functools
import json
import os
import symtable
import sys
import warnings
import zipfile
from typing import Any, Iterable, Iterator, List, Optional, Tuple

# future.c of the series knows the names; they are no matter of the grammar, but of compile().
_FUTURES = {"annotations": 7, "generator_stop": 5}
_WHOLE = 10  # the first minor release whose symtable() takes bytes and looks at future features
TESTS = {"tests", "test"}  # directories that nobody imports from


def answers(lines: Iterable[str], minor: int) -> Iterator[str]:
    """What ``failures`` says of a wheel for each line, which is its path in hex, as the file system has it;
    with the interpreter's own minor release."""
    for line in lines:
        found = failures(os.fsdecode(bytes.fromhex(line.strip())), minor)
        yield json.dumps({"minor": sys.version_info[1], "failures": found})


def failures(path: str, minor: int) -> List[Tuple[str, int, str]]:
    """(member, line, reason) for each source in a wheel that CPython 3.``minor`` cannot compile, tests aside.

    Raises what zipfile raises.
    """
    found = []
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".py") and ".data/" not in name and not TESTS & set(name.split("/")):
                why = failure(archive.read(name), minor)
                if why is not None:
                    found.append((name,) + why)
    return found


def failure(source: bytes, minor: int) -> Optional[Tuple[int, str]]:
    """(line, reason), or None. With another interpreter than that: as far as ``ast.parse`` can tell."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if sys.version_info[1] == minor >= _WHOLE:
                # What compile() does before it generates code, and no tree is made of it for Python.
                symtable.symtable(source, "<source>", "exec")  # type: ignore[arg-type]
                return None
            tree = ast.parse(source) if sys.version_info[1] == minor else _as_another(source, minor)
    except SyntaxError as error:
        return error.lineno or 0, str(error.msg)
    except (ValueError, MemoryError, RecursionError) as error:
        return 0, type(error).__name__
    if b"__future__" in source:
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                for alias in node.names:
                    since = _FUTURES.get(alias.name, 0)
                    if since > minor or not hasattr(__future__, alias.name):
                        return node.lineno, "future feature {} is not defined".format(alias.name)
    return None


def _as_another(source: bytes, minor: int) -> Any:
    """The tree, as a newer Python makes it for an older one. Raises SyntaxError."""
    versioned: Any = functools.partial(ast.parse, source)
    try:
        return versioned(feature_version=(3, minor))
    except SyntaxError as error:
        # Said of 'with (one):' too, which is as old as 'with'.
        if "Parenthesized context managers" not in str(error.msg):
            raise
        tree = versioned(feature_version=(3, 9))
        for node in ast.walk(tree):
            if isinstance(node, (ast.With, ast.AsyncWith)):
                here = node.lineno <= (error.lineno or 0) <= node.body[0].lineno
                if here and (node.items[1:] or node.items[0].optional_vars):
                    raise
        return tree

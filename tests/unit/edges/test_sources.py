"""Which sources a Python cannot compile: the very interpreter, and one that is newer."""

import json
import os
import sys

import pytest

import bundle_maker
from offkit.edges import sources

OWN = sys.version_info[1]


def test_what_this_python_cannot_compile(tmp_path):
    """With the line and what it says; templates of scripts and data are no modules."""
    files = {
        "one/__init__.py": b"from __future__ import annotations_of_2050\n",
        "one/good.py": b"# -*- coding: latin-1 -*-\nx = '\xe9'\n",
        "one/bad.py": b"x = 1\nx = = 2\n",
        "one/zero.py": b"x = 1\0",
        "one-1.0.data/scripts/bad.py": b"x = = 2\n",
        "one/data.txt": b"x = = 2\n",
        "one/tests/test_bad.py": b"x = = 2\n",
    }
    filename, body = bundle_maker.wheel("one", files=files)
    path = tmp_path / filename
    path.write_bytes(body)
    found = {member: (line, why) for member, line, why in sources.failures(str(path), OWN)}
    assert set(found) == {"one/__init__.py", "one/bad.py", "one/zero.py"}
    assert found["one/bad.py"][0] == 2
    assert found["one/__init__.py"] == (1, "future feature annotations_of_2050 is not defined")
    told = [json.loads(line) for line in sources.answers([os.fsencode(str(path)).hex() + "\n"] * 2, OWN)]
    assert [one["minor"] for one in told] == [OWN, OWN]
    assert [len(one["failures"]) for one in told] == [3, 3]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"def f(x, x): pass\n", "duplicate argument 'x' in function definition"),
        (b"def f():\n    from os import *\n", "import * only allowed at module level"),
        (b"def f():\n    x = 1\n    global x\n", "name 'x' is assigned to before global declaration"),
    ],
)
def test_what_the_grammar_allows_and_no_python_compiles(source, words):
    """A Python before 3.10 is asked for the grammar alone."""
    found = sources.failure(source, OWN)
    assert (found and found[1]) == (words if OWN >= 10 else None)


@pytest.mark.parametrize(
    ("source", "since"),
    [
        (b"x = (y := 1)\n", 8),
        (b"def f(x, /): pass\n", 8),
        (b"match x:\n    case 1: pass\n", 10),
        (b"with (a as b, c as d): pass\n", 9),
        (b"with (a as b): pass\n", 9),
        (b"with (\n    a\n): pass\n", 0),
        (b"with (a) as b: pass\n", 0),
        (b"with (a): x = (y := 1)\n", 8),
        (b"from __future__ import annotations\n", 7),
        (b"async = 1\n", None),
        (b"x: int = 1_000\n", 6),
    ],
)
def test_as_another_python(source, since):
    """As far as ast.parse tells, which is not far for everything; an older Python tells of itself alone."""
    for minor in range(6 if OWN >= 10 else OWN, OWN + 1):
        refused = sources.failure(source, minor) is not None
        assert refused == (minor < since if since is not None else minor >= 7)

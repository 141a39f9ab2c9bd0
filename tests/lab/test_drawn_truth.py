"""A sample of the drawn truth table, and its document: what loads, starts and can be imported in a root, and what
the doctor and the forecast say of it."""

import io
import random
import re

import pytest

import bare
import compiler
import donated
import donated_roots
import drawn_table
import drawn_truth
import truth
from offkit.elf import reader

_REASON = truth.obstacle() or compiler.obstacle()
pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(_REASON), reason=_REASON or "roots can be entered"),
]
SMALL = [each for each in drawn_truth.pool() if each.pins.count("==") <= 2]
SAMPLE = random.Random(drawn_truth.SEED).sample(SMALL, 5)


@pytest.mark.parametrize("environment", SAMPLE, ids=lambda each: each.title)
def test_a_sample(environment):
    """In a root with everything and in two that are drawn."""
    donated.folder()
    rows = drawn_truth.judge(environment, 3, drawn_truth.SEED, bare.cache())
    assert [(row.root, row.wrong) for row in rows if row.wrong] == []


def test_the_pool():
    """At least 150 distributions, for every CPython from 3.6 to 3.13."""
    pool = drawn_truth.pool()
    assert len({name for each in pool for name in each.names}) >= 150
    assert {each.series for each in pool} == {"3.{}".format(minor) for minor in range(6, 14)}
    drawn = drawn_truth.draw(drawn_truth.ENVIRONMENTS)
    assert len(drawn) * drawn_truth.ROOTS >= 550  # what wants nothing of a server has two
    assert drawn == drawn_truth.draw(drawn_truth.ENVIRONMENTS)


def test_the_document():
    """It counts its own rows; each is one that is drawn, and all are equal."""
    with open(drawn_table.TABLE, encoding="utf-8") as document:
        text = document.read()
    equal, pairs = re.search(r"\*\*(\d+) of (\d+) pairs are equal", text).groups()
    titles = {each.title for each in drawn_truth.draw(drawn_truth.ENVIRONMENTS)}
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ") and " on 3." in line]
    assert len(rows) == int(pairs)
    assert sum(row[-1] == "equal |" for row in rows) == int(equal) == int(pairs) >= 500
    assert {row[0][2:] for row in rows} <= titles


def test_a_library_without_its_newer_versions():
    """They are defined no more, and the older ones are."""
    with open(donated.folder() + "/libstdc++.so.6", "rb") as source:
        content = source.read()
    before, after = (
        set(reader.read(io.BytesIO(each)).defines)
        for each in (content, donated_roots.without_newest(content))
    )
    assert {"GLIBCXX_3.4", "GLIBCXX_3.4.9", "CXXABI_1.3"} <= after
    assert {"GLIBCXX_3.4.29", "CXXABI_1.3.13"} <= before - after


def test_what_is_counted():
    """The states of the code that judged, and what an error is told for where every import went through."""
    fields = dict.fromkeys(drawn_truth.Row._fields, ())
    fields.update(environment="p on 3.9", root="everything", counts=(1, 0, 0, 1), errors=1, foreseen=1)
    rows = [
        drawn_truth.Row(**dict(fields, code="a", parts=("p.q",))),
        drawn_truth.Row(**dict(fields, code="b", overdone=("LIB001 libz.so.1",))),
    ]
    text = drawn_table.table(rows, [], 1)
    assert "**2 of 2 pairs are equal.**" in text
    assert "They were judged by 2 states of the code." in text
    assert "In 1 pairs with an error every\ntop-level module" in text
    assert "\n- p.q (1)\n" in text
    assert "In 1 pairs an error is told and nothing failed:\n\n- LIB001 libz.so.1 (1)\n" in text
    assert "All were judged by one state of the code." in drawn_table.table(rows[:1], [], 1)
    assert "In 0 pairs an error is told and nothing failed.\n" in drawn_table.table(rows[:1], [], 1)

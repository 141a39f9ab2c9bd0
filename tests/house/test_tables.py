"""The tables in repo-config/: each row has its form, and says where it is from."""

import csv
import os
import re

import pytest

from offkit.edges import data
from offkit.model import builds, packages, release, sources, yum
from offkit.model.finding import SEVERITIES

WORDS = r"[A-Za-z_][\w.]*( [A-Za-z_][\w.]*)*"
SERIES = r"3\.\d{1,2}"
TEXT = r"\S(.*\S)?"
# The columns of each table in their order, and what a value looks like from end to end.
TABLES = {
    packages.MODULES: {
        "modules": WORDS,
        "extensions": WORDS,
        "since": SERIES,
        "until": "({})?".format(SERIES),
        "severity": "|".join(SEVERITIES),
        "needed_for": TEXT,
        "source": r"CPython Doc/library/\w+\.rst(, Doc/library/\w+\.rst)* and Modules/Setup\.stdlib\.in(; .+)?",
    },
    sources.HEADERS: {
        "project": r"[a-z0-9]+(-[a-z0-9]+)*",
        "headers": r"(\S+\.h( \S+\.h)*)?",
        "compilers": r"(gcc( g\+\+)?)?",
        "source": TEXT,
    },
    release.LIBC: {"soname": r"(lib|ld-)[\w-]+\.so\.\d+", "since": r"(2\.\d+)?", "source": TEXT},
    builds.WORDS: {
        "kind": "|".join(map(re.escape, builds.KINDS)),
        "words": TEXT,
        "needs": TEXT,
        "source": TEXT,
    },
    "repo-config/checkouts.csv": {
        "code": "NET010|NET011|REQ025",
        "words": TEXT,
        "fix": r"[^{}]*(\{(program|look)\}[^{}]*)*",
        "source": TEXT,
    },
    "repo-config/index-pages.csv": {"words": TEXT, "source": TEXT},
    "repo-config/network.csv": {"words": TEXT, "says": r"[a-z][^{}]*(\{[01]\}[^{}]*)*", "source": TEXT},
    "repo-config/plugins.csv": {"symbol": r"[A-Za-z]\w+", "host": TEXT, "source": TEXT},
    yum.WORDS: {
        "code": r"(RPM|REPO|ENV)\d{3}",
        "words": TEXT,
        "message": TEXT,
        "fix": TEXT,
        "source": TEXT,
    },
}


def rows(path):
    return list(csv.DictReader(data.read_text(path).splitlines()))


def wrong(path, row):
    """Names of columns that are not there, too many, or not as they must be."""
    form = TABLES[path]
    return sorted(set(row) ^ set(form), key=str) or [
        name for name in form if not re.fullmatch(form[name], row[name] or "")
    ]


@pytest.mark.parametrize("path", TABLES)
def test_every_row_has_its_form(path):
    """In this order of columns, and no row twice."""
    found = rows(path)
    assert list(found[0]) == list(TABLES[path])
    assert [(row, wrong(path, row)) for row in found if wrong(path, row)] == []
    first = [next(iter(row.values())) for row in found]
    assert len(first) == len(set(first)) or path in (
        yum.WORDS,
        builds.WORDS,
        "repo-config/checkouts.csv",
    )  # that are said in many ways


def test_every_table_is_known():
    """No table without a form."""
    top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "repo-config")
    assert {"repo-config/" + name for name in os.listdir(top) if name.endswith(".csv")} == set(TABLES)


@pytest.mark.parametrize("path", TABLES)
@pytest.mark.parametrize("change", [{"source": ""}, {"source": " x"}, {"more": "x"}, {None: ["x"]}])
def test_what_is_refused(path, change):
    """A row without a source, and one with too much."""
    assert wrong(path, {**rows(path)[0], **change})


def test_regular_expressions_of_yum_words():
    """They are for Python and for grep -E alike."""
    for row in rows(yum.WORDS):
        re.compile(row["words"])


def test_words_of_builds_fill_what_they_need():
    """A row that names something has a group for it."""
    for row in builds.parse(data.read_text(builds.WORDS)):
        assert re.compile(row.words).groups >= row.needs.count("{0}")


def test_words_of_libraries_fill_what_they_say():
    """As many groups as are named."""
    for row in rows("repo-config/network.csv"):
        assert re.compile(row["words"]).groups == row["says"].count("{")


def test_a_module_and_its_extensions():
    """The first Python that has them is not after the last."""
    for row in packages.parse_modules(data.read_text(packages.MODULES)):
        assert row.since <= row.until

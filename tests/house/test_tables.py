"""The tables in repo-config/: each row has its form, and says where it is from."""

import csv
import json
import os
import re

import pytest

from offkit.edges import capi, data, releases
from offkit.elf import refusals
from offkit.model import builds, nowhere, packages, release, sources, surroundings, yum
from offkit.model.finding import SEVERITIES

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORDS = r"[A-Za-z_][\w.]*( [A-Za-z_][\w.]*)*"
SERIES = r"3\.\d{1,2}"
TEXT = r"\S(.*\S)?"
OTHERS = ("openeuler20.03", "openeuler22.03", "openeuler24.03", "kylin10")
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
    release.SONAMES: {
        "soname": r"lib[A-Za-z][\w.+-]*\.so(\.\d+)*",
        **dict.fromkeys(("el7", "el8", "el9", "el10", *OTHERS), r"(-|(epel/)?[A-Za-z][\w.+-]*)?"),
        "source": TEXT,
    },
    nowhere.TABLE: {
        "soname": TEXT,
        "why": r"(it (is|belongs)|no ISO has) .+",
        "fix": r"[a-z].+",
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
    refusals.TABLE: {
        "rule": r"[a-z-]+",
        "since": r"(2\.\d+)?",
        "until": r"(2\.\d+)?",
        "value": r"\d*",
        "source": TEXT,
    },
    capi.TABLE: {
        "series": r"{0}( {0})*".format(SERIES),
        "names": r"_?Py\w+( _?Py\w+)*",
        "source": TEXT,
    },
    surroundings.TABLE: {
        "name": TEXT,
        "kind": "{0.OWN_CRYPTO}|{0.CRYPTO_POLICY}".format(surroundings),
        "says": TEXT,
        "source": TEXT,
    },
    "repo-config/names.csv": {
        "name": r"[a-z0-9_-]+",
        "kind": "renamed|backport|module",
        "instead": r"[\w.-]+(<\d+)?",
        "since": r"([23]\.\d+)?",
        "module": r"\w*",
        "source": TEXT,
    },
    "repo-config/everywhere.csv": {
        "names": r"\w+( \w+)*",
        "suffixes": r"([a-z]( [a-z])*)?",
        "library": r"lib[a-z]+\.so\.\d",
        "source": TEXT,
    },
    "repo-config/index-pages.csv": {"words": TEXT, "source": TEXT},
    "repo-config/layouts.csv": {"folder": r"[\w{}]+(/[\w{}]+)+", "source": TEXT},
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
    top = os.path.join(TOP, "repo-config")
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


def test_a_library_and_its_packages():
    """Each library has one on some release; none is for 32 bits; what a release's own file has is not said
    again, and what no disc has is in none."""
    known = releases.known()
    no_disc = nowhere.parse(data.read_text(nowhere.TABLE))
    own = {soname for soname, _ in release.parse_libc(data.read_text(release.LIBC))}
    own.update(*(json.loads(data.read_text(release.FOLDER + "/" + name)).get("sonames", ()) for name in
                 data.names(release.FOLDER)))  # fmt: skip
    for row in rows(release.SONAMES):
        said = {name: rpm for name, rpm in row.items() if name not in ("soname", "source") and rpm}
        assert [known.named(name).name for name in said or ("",)] == list(said), row
        assert not any(rpm.endswith(("i686", "32bit")) for rpm in said.values()), row
        assert row["soname"] not in own, row
        assert not nowhere.told(no_disc, row["soname"]), row


def test_what_wheels_want():
    """The libraries that tests/wanted_sonames.csv has, the most wanted first: what more than two distributions
    want has a package on some Enterprise Linux or a reason why none has it; of all, nine in ten."""
    with open(os.path.join(TOP, "tests", "wanted_sonames.csv"), encoding="utf-8") as source:
        wanted = list(csv.DictReader(source))
    counts = [int(row["distributions"]) for row in wanted]
    assert counts == sorted(counts, reverse=True)
    el = [each for each in releases.known().all if each.el]
    told = {soname for each in el for soname, rpm in each.sonames.items() if rpm or soname in each.elsewhere}
    assert len(told) >= 400
    lost = [row for row in wanted if row["soname"] not in told and not releases.on_no_disc(row["soname"])]
    assert [row["soname"] for row in lost if int(row["distributions"]) > 2 and not own_to_a_family(row)] == []
    assert len(lost) <= len(wanted) / 10


def own_to_a_family(row):
    """Whether the distributions that want it are of one family, whose wheels bring it to each other."""
    return all(
        re.match("cmeel|coal|eigenpy|lib(coal|pinocchio)|pin$", each) for each in row["wanted_by"].split()
    )


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

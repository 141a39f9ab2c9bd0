"""Sources in the manifest: there and back."""

import pytest

from offkit.edges import data, releases
from offkit.model import sources
from offkit.model.sources import Source

ONE = Source("psycopg2", "2.9.9", "sources/psycopg2-2.9.9.tar.gz", "sources/psycopg2-2.9.9.build.txt")
TOLD = ONE._replace(headers=("libpq-fe.h",), rpms=("gcc", "libpq-devel"))
OPTION = dict(TOLD._asdict(), programs=["gcc"], headers=["libpq-fe.h"], rpms=["gcc", "libpq-devel"])


def test_there_and_back():
    """As JSON has it, and nothing where nothing is carried: such a manifest is as it was."""
    assert sources.to_options([ONE, TOLD])["sources"][1] == OPTION
    assert sources.from_options(sources.to_options([ONE, TOLD])) == [ONE, TOLD]
    assert sources.to_options([]) == {}
    assert sources.from_options({}) == []
    assert TOLD.describe() == "psycopg2 2.9.9"


@pytest.mark.parametrize(
    "wrong",
    [
        3,
        [3],
        [dict(OPTION, name=1)],
        [dict(OPTION, headers="x")],
        [dict(OPTION, rpms=[1])],
        [dict(OPTION, more="")],
    ],
)
def test_what_has_another_form_is_none(wrong):
    assert sources.from_options({"sources": wrong}) == []


def test_compilers_of_projects():
    """Of those alone that have sources which nobody compiles; none of them has headers for that."""
    text = data.read_text(sources.HEADERS)
    assert sources.parse_compilers(text)["uwsgi"] == (sources.GCC,)
    assert "uwsgi" not in sources.parse_headers(text)


def test_headers_of_projects():
    """Each is in a package of every Enterprise Linux; of others some are not known."""
    found = sources.parse_headers(data.read_text(sources.HEADERS))
    assert found["psycopg2"] == ("libpq-fe.h",)
    needed = {header for each in found.values() for header in each}
    for release in releases.known().all:
        if not release.el:
            continue
        assert needed <= set(release.headers), release.name
        assert release.headers["libpq-fe.h"] in ("postgresql-devel", "libpq-devel")
    assert {each.el for each in releases.known().all if each.headers} == {0, 7, 8, 9, 10}

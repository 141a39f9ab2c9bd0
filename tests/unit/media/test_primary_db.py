"""primary.sqlite: what is asked of it, and what is not believed."""

import sys

import pytest

from offkit.media import primary_db
from offkit.media.repodata import BadRepodata
from repo_maker import database, package

ROWS = [
    package(
        "libSM", ["libSM.so.6()(64bit)", "libSM"], ["libc.so.6", "a", "a"], epoch="1", checksum="sha256:ab"
    ),
    package("tool", ["tool", "b.so.1"]),
    package("other", ["other"]),
]


def asked(tmp_path, capabilities, names=(), rows=ROWS):
    return primary_db.read(iter([database(str(tmp_path / "made"), rows)]), capabilities, names)


def test_packages_of_a_database(tmp_path):
    """Those with what is asked for, by what they give or what they are called, with all their fields."""
    found = asked(tmp_path, ["libSM.so.6()(64bit)", "libSM", "none"], ["other", "nobody", "libSM"])
    first, second = found.packages
    assert (first.name, first.arch, first.epoch, first.version, first.release) == (
        "libSM",
        "x86_64",
        "1",
        "1.0",
        "1.el7",
    )
    assert first.location == "Packages/libSM-1.0-1.el7.x86_64.rpm"
    assert first.provides == ("libSM", "libSM.so.6()(64bit)")
    assert first.requires == ("libc.so.6", "a", "a")
    assert first.checksum == "sha256:ab"
    assert (second.name, second.provides, second.requires, second.checksum) == ("other", (), (), "")
    assert found.names == {"libSM", "tool", "other"}
    assert found.libraries == {"libSM.so.6()(64bit)", "b.so.1"}
    assert found.total == 3
    assert [one.name for one in asked(tmp_path / "x", None).packages] == ["libSM", "tool"]


@pytest.fixture(autouse=True)
def _below(tmp_path):
    (tmp_path / "x").mkdir(exist_ok=True)


def test_many_names_at_once(tmp_path, monkeypatch):
    """In as many queries as SQLite needs."""
    monkeypatch.setattr(primary_db, "_BATCH", 2)
    names = ["libSM", "tool", "other", "none", "nobody"]
    found = asked(tmp_path, (), names)
    assert [one.name for one in found.packages] == ["libSM", "tool", "other"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("DELETE FROM packages WHERE name = 'libSM'", "package 0 is missing"),
        ("UPDATE packages SET name = '-rf' WHERE name = 'libSM'", "invalid package name '-rf'"),
        (
            "UPDATE packages SET name = '-{}'".format("x" * 200),
            "invalid package name '-{}'".format("x" * 79),
        ),
        ("DROP TABLE requires", "no such table: requires"),
    ],
)
def test_a_database_that_contradicts_itself(tmp_path, change, words):
    """Named, and not believed."""
    import sqlite3

    database(str(tmp_path / "made"), ROWS)
    connection = sqlite3.connect(str(tmp_path / "made"))
    connection.execute(change)
    connection.commit()
    connection.close()
    with open(str(tmp_path / "made"), "rb") as source:
        data = source.read()
    with pytest.raises(BadRepodata) as caught:
        primary_db.read(iter([data]), ["libSM"], [])
    assert str(caught.value) == "is not a primary database: " + words


def test_a_python_without_sqlite(monkeypatch):
    """Said so; nothing is read."""
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    with pytest.raises(BadRepodata) as caught:
        primary_db.read(iter(()), [], [])
    assert str(caught.value) == "this Python was built without sqlite3"


def test_rows_up_to_a_number(tmp_path, monkeypatch):
    monkeypatch.setattr(primary_db, "_MAX_ROWS", 3)
    assert asked(tmp_path, []).total == 3
    monkeypatch.setattr(primary_db, "_MAX_ROWS", 2)
    with pytest.raises(BadRepodata, match="more than 2 rows"):
        asked(tmp_path / "x", [])

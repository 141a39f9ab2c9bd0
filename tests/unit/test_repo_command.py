"""offkit repo as a user types it, on the played server of test_repo."""

import json
import os

import pytest

from offkit.cli import render, repo
from offkit.edges.tree import Tree
from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.target.repo import machine, medium, state
from test_repo import Server

OPTIONS = {"json": False, "quiet": False, "verbose": False}


@pytest.fixture
def server(tmp_path, monkeypatch):
    (tmp_path / "server").mkdir()
    made = Server(tmp_path / "server")
    here = medium.server(Tree(made.root))
    monkeypatch.setattr(state, "Places", lambda: made.places)
    monkeypatch.setattr(machine, "Kernel", lambda: made.kernel)
    monkeypatch.setattr(medium, "server", lambda: here)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("NO_COLOR", "1")
    yield made
    render.console()


@pytest.fixture
def said(capsys):
    """What was said since: (stdout, stderr)."""
    return lambda: tuple(capsys.readouterr())


def add(**how):
    asked = {"iso": None, "mount": None, "directory": None, "only": False, "persist": False, "at": ""}
    asked.update(OPTIONS, dry_run=False)
    asked.update(how)
    repo.add(**asked)


def test_the_whole_way(server, said, monkeypatch):
    """add, status, remove: what is ready, what to type next, and that nothing is left."""
    iso = server.iso()
    monkeypatch.chdir(os.path.dirname(iso))
    add(iso=[os.path.basename(iso)])
    out, err = said()
    assert "these repositories are ready\n    offkit-el7" in out
    assert "yum --disablerepo='*' --enablerepo='offkit-*' install PACKAGE ..." in out
    assert "mount {} on ".format(iso) in err
    add(iso=[iso])
    assert "nothing to do: these repositories are ready" in said()[0]
    repo.status(**OPTIONS)
    out = said()[0]
    assert out.splitlines()[0].split() == ["repository", "packages", "key", "mounted", "medium"]
    assert out.splitlines()[1].split()[:4] == ["offkit-el7", "1", "missing", "yes"]
    server.unmount(server.path("mnt/offkit-iso"))
    assert repo.status(**OPTIONS) == 1
    out = said()[0]
    assert "REPO003" in out
    assert out.splitlines()[1].split()[3] == "no"
    repo.remove(dry_run=False, **OPTIONS)
    assert "removed; yum is as it was before 'offkit repo add'" in said()[0]
    repo.remove(dry_run=False, **OPTIONS)
    assert "nothing to do" in said()[0]
    assert repo.status(**OPTIONS) == 0
    assert "has added nothing here" in said()[0]


def test_what_is_not_as_it_was(server, said):
    """That is not called success."""
    add(iso=[server.iso()], only=True)
    server.write("etc/yum.repos.d/CentOS-Base.repo", b"[mine]\nbaseurl=file:///m\n")
    said()
    repo.remove(dry_run=False, **OPTIONS)
    out = said()[0]
    assert "removed, but for what follows\n" in out
    assert "REPO016" in out


def test_what_is_off(server, said):
    """With --only the other .repo files are counted, in words and as data; else nothing is said of them."""
    iso = server.iso()
    add(iso=[iso])
    said()
    repo.status(**OPTIONS)
    assert "--only" not in said()[0]
    repo.status(json=True, quiet=False, verbose=False)
    assert json.loads(said()[0])["only"] is False
    repo.remove(dry_run=False, **OPTIONS)
    add(iso=[iso], only=True)
    said()
    repo.status(**OPTIONS)
    assert "all other repositories are off (--only): 1 file\n" in said()[0]
    repo.status(json=True, quiet=False, verbose=False)
    document = json.loads(said()[0])
    assert document["only"] is True
    assert [one["code"] for one in document["findings"]] == ["REPO014"]
    (row,) = document["repositories"]
    assert (row["id"], row["medium"], row["mounted"]) == ("offkit-el7", iso, True)
    assert row["directory"].startswith(server.path("mnt/offkit-iso"))
    assert row["key"]["there"] is False
    server.unmount(server.path("mnt/offkit-iso"))
    said()
    assert repo.status(json=True, quiet=False, verbose=False) == 1
    document = json.loads(said()[0])
    assert document["repositories"][0]["mounted"] is False
    assert document["repositories"][0]["packages"] is None
    assert "REPO003" in [one["code"] for one in document["findings"]]
    repo.remove(dry_run=False, **OPTIONS)
    said()
    assert repo.status(json=True, quiet=False, verbose=False) == 0
    document = json.loads(said()[0])
    assert (document["only"], document["repositories"], document["findings"]) == (False, [], [])


def test_dry_run(server, said):
    """Every step, and none of them done; an ordinary user may ask too."""
    iso = server.iso()
    before = server.picture()
    add(iso=[iso], only=True, persist=True, dry_run=True)
    out = said()[0]
    assert "would do, as root:" in out
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["mount", "add", "write", "switch"]
    assert server.picture() == before
    add(iso=[iso], only=True)
    said()
    before = server.picture()
    repo.remove(dry_run=True, **OPTIONS)
    assert said()[0].count("\n") == 6
    assert server.picture() == before


def test_json(server, said):
    """One document each."""
    iso = server.iso()
    add(iso=[iso], json=True)
    document = json.loads(said()[0])
    assert (document["schema"], document["outcome"]) == ("offkit/repo-add-1", "changed")
    assert [one["id"] for one in document["repositories"]] == ["offkit-el7"]
    repo.status(json=True, quiet=False, verbose=False)
    document = json.loads(said()[0])
    assert document["schema"] == "offkit/repo-status-1"
    assert document["repositories"][0]["packages"] == 1
    repo.remove(dry_run=False, json=True, quiet=False, verbose=False)
    document = json.loads(said()[0])
    assert (document["schema"], len(document["steps"])) == ("offkit/repo-remove-1", 4)


@pytest.mark.parametrize(
    "act", [lambda iso: add(iso=[iso]), lambda iso: repo.remove(dry_run=False, **OPTIONS)]
)
def test_only_root(server, monkeypatch, act):
    """RPM006, with what needs no root."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(EnvironmentProblem) as caught:
        act(server.iso())
    assert caught.value.findings[0].code == "RPM006"
    assert "offkit install" in caught.value.findings[0].fix


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "no medium is named"),
        ({"iso": [""]}, "--iso is given, but empty"),
        ({"mount": [""]}, "--mount is given, but empty"),
        ({"directory": [""]}, "--dir is given, but empty"),
        (
            {"directory": ["/x"], "persist": True},
            "--persist and --at are about an ISO, and no --iso is given",
        ),
        ({"directory": ["/x"], "at": "/mnt/x"}, "--persist and --at are about an ISO, and no --iso is given"),
    ],
)
def test_usage(server, asked, message):
    """No medium, an empty one, and options that are an ISO's."""
    with pytest.raises(UsageError) as caught:
        add(**asked)
    assert caught.value.message == message

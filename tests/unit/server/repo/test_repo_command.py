"""offkit repo as a user types it, on the played server of test_repo."""

import json
import os

import pytest

from offkit.cli import render, repo
from offkit.edges.tree import Tree
from offkit.media import keys
from offkit.model.errors import EnvironmentProblem, UsageError
from offkit.server.repo import change, machine, state
from test_repo import Server

OPTIONS = {"json": False, "quiet": False, "verbose": False}


@pytest.fixture
def server(tmp_path, monkeypatch):
    (tmp_path / "server").mkdir()
    made = Server(tmp_path / "server")
    here = keys.server(Tree(made.root))
    monkeypatch.setattr(state, "Places", lambda: made.places)
    monkeypatch.setattr(machine, "Kernel", lambda: made.kernel)
    monkeypatch.setattr(keys, "server", lambda: here)
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
    assert "removed, except for the following\n" in out
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
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["mount", "add", "write", "disable"]
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
        ({}, "no medium is given"),
        ({"iso": [""]}, "--iso is given, but empty"),
        ({"mount": [""]}, "--mount is given, but empty"),
        ({"directory": [""]}, "--dir is given, but empty"),
        (
            {"directory": ["/x"], "persist": True},
            "--persist and --at need --iso",
        ),
        ({"directory": ["/x"], "at": "/mnt/x"}, "--persist and --at need --iso"),
    ],
)
def test_usage(server, asked, message):
    """No medium, an empty one, and options that are an ISO's."""
    with pytest.raises(UsageError) as caught:
        add(**asked)
    assert caught.value.message == message


def test_whole_documents(server, said):
    """Every field of each; what would be done is what is done."""
    iso = server.iso()
    add(iso=[iso], json=True, dry_run=True)
    planned = json.loads(said()[0])
    add(iso=[iso], json=True)
    document = json.loads(said()[0])
    assert list(document) == ["schema", "findings", "outcome", "dry_run", "steps", "repositories"]
    assert document == dict(planned, dry_run=False)
    assert planned["dry_run"] is True
    assert [step.split()[0] for step in document["steps"]] == ["mount", "write"]
    (base,) = document["repositories"]
    assert (base["id"], base["directory"]) == ("offkit-el7", server.path("mnt/offkit-iso"))
    add(iso=[iso], json=True)
    again = json.loads(said()[0])
    assert (again["outcome"], again["steps"]) == ("nothing", [])
    repo.status(json=True, quiet=False, verbose=False)
    (row,) = json.loads(said()[0])["repositories"]
    assert row == {
        "id": "offkit-el7",
        "medium": iso,
        "directory": base["directory"],
        "mounted": True,
        "packages": 1,
        "key": {"path": row["key"]["path"], "there": False},
    }
    assert row["key"]["path"].endswith(base["key"])
    repo.remove(dry_run=True, json=True, quiet=False, verbose=False)
    removing = json.loads(said()[0])
    repo.remove(dry_run=False, json=True, quiet=False, verbose=False)
    document = json.loads(said()[0])
    assert list(document) == ["schema", "findings", "outcome", "dry_run", "steps"]
    assert document == dict(removing, dry_run=False)
    repo.remove(dry_run=True, **OPTIONS)
    assert said()[0][2:] == "nothing to do\n"
    repo.remove(dry_run=False, **OPTIONS)
    assert said()[0][2:] == "'offkit repo add' has added nothing here; nothing to do\n"


def test_what_to_type_next(server, said):
    """Where others are off yum needs no options."""
    iso = server.iso()
    add(iso=[iso], only=True)
    lines = said()[0].splitlines()
    assert lines[0][2:] == "these repositories are ready"
    assert lines[2:4] == ["next:", "    yum install PACKAGE ..."]
    repo.remove(dry_run=False, **OPTIONS)
    said()
    add(iso=[iso])
    lines = said()[0].splitlines()
    assert lines[2:4] == ["next:", "    yum --disablerepo='*' --enablerepo='offkit-*' install PACKAGE ..."]
    add(iso=[iso], dry_run=True)
    assert said()[0][2:] == "nothing to do\n"


def test_what_is_asked_for(server, monkeypatch):
    """Every option in its place, paths from where the command was typed."""
    asked = []

    class Planned(Exception):
        pass

    def plan(wish, places, kernel, here):
        asked.append(wish)
        raise Planned

    monkeypatch.setattr(change, "plan_add", plan)
    monkeypatch.chdir(server.root)
    here = os.getcwd()
    for more in (
        {"iso": ["a", "/b"], "mount": ["c"], "directory": ["d"], "only": True, "persist": True, "at": "e"},
        {"mount": ["c"]},
    ):
        with pytest.raises(Planned):
            add(**more)
    assert asked == [
        change.Wish((here + "/a", "/b"), (here + "/c",), (here + "/d",), here + "/e", True, True),
        change.Wish((), (here + "/c",), (), "", False, False),
    ]


def test_fixes_of_usage(server):
    """What is missing is named."""
    with pytest.raises(UsageError) as caught:
        add()
    assert caught.value.fix == "add --iso FILE, --mount DIR or --dir DIR"

"""report, verdict, canary: what all hosts came to, and each in its own words."""

import json
import os
import re
import stat

import pytest
from ansible.errors import AnsibleConnectionFailure

import actions

FINE = {
    "host": "web01",
    "healthy": True,
    "failed": False,
    "changed": True,
    "rc": 0,
    "msg": "installed 0001-ab (idna 3.4)",
    "document": {"schema": "offkit/install-1"},
    "server": {
        "system": "CentOS Linux 7 (Core)",
        "el": 7,
        "arch": "x86_64",
        "glibc": "2.17",
        "python": "3.6.8",
    },
    "generation": "0001-ab",
    "time": "2026-01-02T03:04:05Z",
}
BAD = dict(FINE, healthy=False, rc=4, msg="ENV024 no room\nanywhere", document={"schema": "offkit/error-1"})
AWAY = {"unreachable": True, "changed": False, "msg": "Task failed: Failed to connect to the host via ssh"}
SKIPPED = {"skipped": True, "changed": False}


@pytest.fixture
def said(monkeypatch):
    """What is shown on the terminal."""
    from ansible.utils.display import Display

    rows = []
    monkeypatch.setattr(Display, "display", lambda self, text, *words, **more: rows.extend(text.splitlines()))
    return rows


def report(directory, told, results=None, **how):
    """The action over {host: its variables}."""
    variables = {host: dict({"group_names": ["web", "el7"]}, **mine) for host, mine in told.items()}
    args = {
        "results": results or {"deploy": ["surveyed", "result"]},
        "hosts": list(told),
        "directory": str(directory),
    }
    args.update(how.pop("args", {}))
    return actions.run("report", args, {"hostvars": variables}, **how)


def written(directory, host):
    with open(os.path.join(str(directory), "hosts", host + ".json"), encoding="utf-8") as text:
        return json.load(text)


def test_a_line_and_a_document_for_each_host(tmp_path, said):
    """Those that are well, those that are not, and those that nobody reached."""
    told = {"web01": {"result": FINE}, "db01": {"surveyed": FINE, "result": BAD}, "old": {"surveyed": AWAY}}
    result = report(tmp_path, told)
    assert said == [
        "web01  installed 0001-ab (idna 3.4)",
        "db01   ENV024 no room anywhere",
        "old    Failed to connect to the host via ssh",
    ]
    assert not result["changed"]
    assert written(tmp_path, "web01") == {
        "schema": "offkit/host-1",
        "host": "web01",
        "groups": ["el7", "web"],
        "time": "2026-01-02T03:04:05Z",
        "reachable": True,
        "message": "",
        "server": FINE["server"],
        "generation": "0001-ab",
        "results": {
            "deploy": {
                "time": "2026-01-02T03:04:05Z",
                "rc": 0,
                "document": {"schema": "offkit/install-1"},
                "stderr": "",
            }
        },
    }
    assert written(tmp_path, "db01")["message"] == "ENV024 no room anywhere"
    away = written(tmp_path, "old")
    assert (away["reachable"], away["results"], away["server"]) == (False, {}, None)
    assert stat.S_IMODE(os.stat(str(tmp_path / "hosts" / "old.json")).st_mode) == 0o644
    assert sorted(os.listdir(str(tmp_path / "hosts"))) == ["db01.json", "old.json", "web01.json"]


def test_later_plays_add_to_it(tmp_path, said):
    """The results of each command stay until they are replaced; so does what is known of who is away."""
    report(tmp_path, {"web01": {"result": FINE}})
    doctor = dict(FINE, document={"schema": "offkit/doctor-1"}, generation="0002-cd")
    report(tmp_path, {"web01": {"result": doctor}}, {"doctor": "result"})
    report(tmp_path, {"web01": {"result": AWAY}}, {"verify": "result"})
    known = written(tmp_path, "web01")
    assert sorted(known["results"]) == ["deploy", "doctor"]
    assert (known["reachable"], known["generation"]) == (False, "0002-cd")
    assert known["server"] == FINE["server"]


def test_the_first_problem_counts(tmp_path, said):
    """A carry that failed, and an installation that was therefore skipped."""
    carried = {"failed": True, "changed": False, "msg": "no room for it"}
    told = {"web01": {"surveyed": carried, "result": SKIPPED}}
    report(tmp_path, told)
    assert said == ["web01  no room for it"]
    done = written(tmp_path, "web01")["results"]["deploy"]
    assert (done["rc"], done["document"], done["stderr"]) == (4, None, "no room for it")


def test_a_damaged_document_is_begun_anew(tmp_path, said):
    """What somebody else wrote there is no reason to fail."""
    (tmp_path / "hosts").mkdir()
    (tmp_path / "hosts" / "web01.json").write_text('{"schema": "offkit/host-1", "res')
    report(tmp_path, {"web01": {"result": FINE}})
    assert written(tmp_path, "web01")["generation"] == "0001-ab"


def test_names_that_files_cannot_have(tmp_path, said):
    """An inventory name is no path, no file is hidden or too long, and no two hosts share one."""
    names = ["../../etc/passwd", "..", ".hidden", "a/b", "a_b", "w" * 300, "\u00fc" * 150, "db-1.example:22"]
    report(tmp_path, {name: {"result": FINE} for name in names})
    files = sorted(os.listdir(str(tmp_path / "hosts")))
    assert [re.sub("-[0-9a-f]{8}[.]json$", "-DIGEST.json", name) for name in files] == sorted(
        [
            "_._.._etc_passwd-DIGEST.json",
            "_.-DIGEST.json",
            "_hidden-DIGEST.json",
            "a_b-DIGEST.json",
            "a_b.json",
            "db-1.example:22.json",
            "w" * 200 + "-DIGEST.json",
            "\u00fc" * 100 + "-DIGEST.json",
        ]
    )
    found = [json.loads((tmp_path / "hosts" / name).read_text("utf-8"))["host"] for name in files]
    assert sorted(found) == sorted(names)


def test_check_mode_leaves_nothing(tmp_path, said):
    """Not even the directory."""
    report(
        tmp_path / "report",
        {"web01": {"result": FINE}},
        check=True,
        args={"table": True, "offkit": "/bin/true"},
    )
    assert said == ["web01  installed 0001-ab (idna 3.4)"]
    assert os.listdir(str(tmp_path)) == []


def test_the_table_is_offkits(tmp_path, said):
    """Its standard output as it is, a page beside it; an exit code of 1 is its way to say who is ill."""
    offkit = tmp_path / "offkit"
    offkit.write_text('#!/bin/sh\necho "$1 ${2##*/} $3 ${4##*/}"\necho two\nexit 1\n')
    offkit.chmod(0o755)
    args = {"table": True, "offkit": str(offkit)}
    result = report(tmp_path / "report", {"web01": {"result": FINE}}, {"doctor": "result"}, args=args)
    assert said == ["report report --html index.html", "two"]
    assert result["page"] == str(tmp_path / "report" / "index.html")
    offkit.write_text("#!/bin/sh\necho no such command >&2\nexit 2\n")
    said.clear()
    result = report(tmp_path / "report", {"web01": {"result": FINE}}, {"doctor": "result"}, args=args)
    assert said == ["web01  installed 0001-ab (idna 3.4)"]
    assert result["warnings"] == ["{} report: exit 2: no such command".format(offkit)]


def test_other_callbacks_get_it_as_a_document(tmp_path, said, monkeypatch):
    """Their standard output is theirs alone."""
    from ansible import constants

    monkeypatch.setattr(constants, "DEFAULT_STDOUT_CALLBACK", "json")
    result = report(tmp_path, {"web01": {"result": FINE}})
    assert said == []
    assert result["msg"] == ["web01  installed 0001-ab (idna 3.4)"]


def test_a_place_that_cannot_be_written(tmp_path, said):
    """Named with what to set, once it is said what was done on the hosts."""
    (tmp_path / "file").write_text("")
    result = report(tmp_path / "file" / "report", {"web01": {"result": FINE}})
    assert said == ["web01  installed 0001-ab (idna 3.4)"]
    assert result["failed"]
    assert "choose another place with offkit_report_dir" in result["msg"]


def test_targets(tmp_path, said):
    """Equal ones are named together; writing the same again is no change."""
    target = {
        "schema": "offkit/target-1",
        "name": "el7",
        "arch": "x86_64",
        "python": "3.6.8",
        "glibc": "2.17",
    }
    planned = dict(target, python_planned=True)
    told = {
        "a": {"result": {"document": target, "healthy": True}},
        "b": {"result": {"document": planned, "healthy": True}},
        "c": {"result": {"document": target, "healthy": True}},
        "d": {"result": AWAY},
    }
    foreseen = report(tmp_path / "r", told, {"probe": "result"}, check=True)
    assert (foreseen["changed"], os.path.exists(str(tmp_path / "r"))) == (True, False)
    said.clear()
    assert report(tmp_path / "r", told, {"probe": "result"})["changed"]
    assert said == [
        "2 targets among 3 hosts",
        "  el7 x86_64, CPython 3.6.8, glibc 2.17: a, c",
        "    offkit bundle --target {}/r/targets/a.json".format(tmp_path),
        "  el7 x86_64, CPython 3.6.8, glibc 2.17, not yet installed: b",
        "    offkit bundle --target {}/r/targets/b.json".format(tmp_path),
        "  no target: d  Failed to connect to the host via ssh",
    ]
    assert not report(tmp_path / "r", told, {"probe": "result"})["changed"]
    assert sorted(os.listdir(str(tmp_path / "r" / "targets"))) == ["a.json", "b.json", "c.json"]


def test_a_command_that_there_is_not(tmp_path):
    """Refused by name."""
    assert "results: dance" in report(tmp_path, {"web01": {}}, {"dance": "result"})["msg"]


@pytest.mark.parametrize("bad", [BAD, {"failed": True, "msg": "ENV024 no room anywhere"}])
def test_verdict(bad):
    """One that failed fails, in one line; one that is well does not."""
    assert actions.run("verdict", {"results": [{}, FINE, SKIPPED]})["msg"] == "installed 0001-ab (idna 3.4)"
    result = actions.run("verdict", {"results": [FINE, bad]})
    assert (result["failed"], result["msg"]) == (True, "ENV024 no room anywhere")
    assert set(result) == {"changed", "failed", "msg"}


def test_verdict_of_who_was_not_reached():
    """Unreachable, as it was, and without trying again."""
    with pytest.raises(AnsibleConnectionFailure, match=r"^Failed to connect"):
        actions.run("verdict", {"results": [AWAY, SKIPPED]})


def test_canary():
    """One host for each bundle, and none that has a problem already."""

    def host(digest, **carried):
        return {"offkit_surveyed": {"bundle": {"digest": digest}}, "offkit_carried": carried}

    variables = {
        "a": {"offkit_surveyed": AWAY},
        "b": host("one", failed=True),
        "c": host("one"),
        "d": host("two", unreachable=True),
        "e": host("one"),
        "f": host("two"),
    }
    chosen = actions.run("canary", {"hosts": list(variables)}, {"hostvars": variables})
    assert (chosen["first"], chosen["hosts"]) == ({"one": "c", "two": "f"}, ["c", "f"])
    nobody = actions.run("canary", {"hosts": ["a"]}, {"hostvars": variables})
    assert (nobody["first"], nobody["hosts"]) == ({}, [])

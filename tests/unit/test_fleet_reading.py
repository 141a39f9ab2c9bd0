"""The files of a report: what is read, and what is named because it cannot be."""

import json
import os

import pytest

import fleet_maker as made
from offkit.fleet import reading
from offkit.fleet.host import LONGEST
from offkit.model.errors import EXIT_USAGE, UsageError


def told(gathered):
    """(code, file, message) of each finding."""
    return [(each.code, os.path.basename(each.subject), each.message) for each in gathered.findings]


def test_hosts_as_they_reported(tmp_path):
    """Everything of a host-1 document, results oldest first."""
    gathered = reading.gather(made.write(tmp_path, made.sick("web07", "libSM.so.6"), made.host("web01")))
    assert gathered.findings == ()
    assert [one.name for one in gathered.hosts] == ["web01", "web07"]
    sick = gathered.hosts[1]
    assert [(each.name, each.rc, each.schema) for each in sick.results] == [
        ("deploy", 0, "offkit/install-1"),
        ("doctor", 1, "offkit/doctor-1"),
        ("verify", 4, "offkit/error-1"),
    ]
    assert sick.results[1].findings[0].looked_in == ("/lib64", "/usr/lib64")
    assert sick.results[2].error == "this Python cannot run the workload"
    assert sick.server.python == "3.6.8"
    assert sick.groups == ("web",)


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        ("", "FLEET002", "is empty"),
        (b" \n", "FLEET002", "is empty"),
        ('{"schema": "offkit/host-1", "ho', "FLEET002", "is cut off, or no JSON: "),
        ("no json", "FLEET002", "is no JSON: "),
        (b'{"host": "\xff"}', "FLEET002", "is cut off, or no JSON: 'utf-8' codec"),
        ('{"a": NaN}', "FLEET002", "is cut off, or no JSON: NaN is no number"),
        ('{"a": ' + "9" * 50000 + "}", "FLEET002", "is cut off, or no JSON: a number of 50000 digits"),
        ("[" * 200000, "FLEET002", "nested too deeply"),
        ("[]", "FLEET003", "is no offkit/host-1: not an object, but a list"),
        ('{"schema": "offkit/host-2"}', "FLEET003", "schema is 'offkit/host-2', not offkit/host-1"),
        ('{"schema": null}', "FLEET003", "schema is None"),
        ('{"schema": "offkit/doctor-1", "findings": []}', "FLEET003", "schema is 'offkit/doctor-1'"),
    ],
    ids=range(12),
)
def test_a_file_that_is_none(tmp_path, content, code, message):
    """Named with what is wrong; the others are there all the same."""
    made.write(tmp_path, made.host("web01"))
    made.put(tmp_path, "bad.json", content)
    gathered = reading.gather(str(tmp_path))
    assert [one.name for one in gathered.hosts] == ["web01"]
    ((found, name, said),) = told(gathered)
    assert (found, name) == (code, "bad.json")
    assert message in said
    assert "run the playbook again" in gathered.findings[0].fix


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"host": ""}, "host is empty"),
        ({"host": 7}, "host is a number, not a text"),
        ({"groups": "web"}, "groups is a text, not a list"),
        ({"time": "yesterday"}, "time is 'yesterday', not like"),
        ({"time": "2026-02-30T00:00:00Z"}, "time is '2026-02-30T00:00:00Z', not like"),
        ({"reachable": "yes"}, "reachable is a text, not true or false"),
        ({"message": None}, "message is null, not a text"),
        ({"server": []}, "server is a list, not an object or null"),
        ({"results": []}, "results is a list, not an object"),
        ({"results": {"doctor": 1}}, "results['doctor']: not an object, but a number"),
        ({"results": {"doctor": {"time": "x", "rc": 0}}}, "results['doctor']: time is 'x'"),
        ({"results": {"doctor": made.ended([])}}, "results['doctor']: document is a list"),
        ({"results": {"doctor": made.ended({}, rc=True)}}, "results['doctor']: rc is True, not a number"),
        ({"results": {"doctor": made.ended({}, rc="1")}}, "results['doctor']: rc is '1', not a number"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_frame_that_is_wrong(tmp_path, change, message):
    """Which field, and what it has to be."""
    made.write(tmp_path, dict(made.host("web01"), **change))
    gathered = reading.gather(str(tmp_path))
    ((code, _, said),) = told(gathered)
    assert code == "FLEET003"
    assert message in said
    assert gathered.hosts == ()


@pytest.mark.parametrize(
    ("document", "unclear"),
    [
        ({"findings": []}, "its document has no schema"),
        ({"schema": "offkit/doctor-1", "findings": {}}, "findings is an object, not a list"),
        (
            {"schema": "offkit/doctor-1", "findings": [1, made.lacks("libSM.so.6", "libSM")]},
            "1 of 2 findings",
        ),
        ({"schema": "offkit/doctor-1", "findings": [{"code": "LIB001"}]}, "1 of 1 findings cannot be read"),
        ({"schema": "offkit/doctor-1", "findings": [made.found("X", "x", "fatal")]}, "1 of 1 findings"),
    ],
)
def test_an_answer_that_is_unclear(tmp_path, document, unclear):
    """It is marked, and what can be understood of it is kept."""
    made.write(tmp_path, made.host("web01", {"doctor": made.ended(document, 1)}))
    (one,) = reading.gather(str(tmp_path)).hosts
    assert unclear in one.results[0].unclear
    assert [each.code for each in one.results[0].findings] == ["LIB001"] * ("of 2" in unclear)


def test_two_files_about_one_host(tmp_path):
    """The newer one is shown, whichever is read first."""
    old = dict(made.host("web01"), time="2025-01-01T00:00:00Z", message="old")
    made.write(tmp_path, made.host("web01"))
    made.put(tmp_path, "a.json", json.dumps(old))
    made.put(tmp_path, "z.json", json.dumps(old))
    gathered = reading.gather(str(tmp_path))
    assert [one.message for one in gathered.hosts] == [""]
    assert told(gathered) == [
        ("FLEET004", "a.json", "is about web01 as well, and older than web01.json; not shown"),
        ("FLEET004", "z.json", "is about web01 as well, and older than web01.json; not shown"),
    ]


def test_what_is_no_file(tmp_path):
    """A directory, a link to nowhere, a FIFO that nobody writes to: named, and not waited for."""
    made.write(tmp_path, made.host("web01"))
    folder = os.path.join(str(tmp_path), "hosts")
    os.mkdir(os.path.join(folder, "a.json"))
    os.symlink("nowhere", os.path.join(folder, "b.json"))
    os.mkfifo(os.path.join(folder, "c.json"))
    gathered = reading.gather(str(tmp_path))
    assert told(gathered) == [
        ("FLEET001", "a.json", "is no file"),
        ("FLEET001", "b.json", "cannot be read: No such file or directory"),
        ("FLEET001", "c.json", "is no file"),
    ]
    assert len(gathered.hosts) == 1


def test_a_file_that_is_too_large(tmp_path, monkeypatch):
    """Not read to its end."""
    monkeypatch.setattr(reading, "LARGEST", 1 << 20)
    made.write(tmp_path, made.host("web01"))
    made.put(tmp_path, "big.json", b" " * ((1 << 20) + 1))
    assert told(reading.gather(str(tmp_path))) == [
        ("FLEET001", "big.json", "is larger than 1 MiB, and was not read")
    ]


def test_what_is_being_written_is_left_alone(tmp_path):
    """Hidden files and other endings are none of ours."""
    made.write(tmp_path, made.host("web01"))
    made.put(tmp_path, ".web02.json", "half")
    made.put(tmp_path, "web02.json.new", "half")
    assert told(reading.gather(str(tmp_path))) == []


def test_texts_without_end_and_without_encoding(tmp_path):
    """A long one is cut, half a surrogate pair is replaced: both can be written anywhere."""
    made.write(tmp_path, made.host("web01", message="x" * 10000))
    made.put(tmp_path, "b.json", json.dumps(made.host("b\udc9b\ud800")))
    web, other = sorted(reading.gather(str(tmp_path)).hosts, key=lambda one: -len(one.message))
    assert len(web.message) == LONGEST
    assert web.message.endswith("x…")
    assert other.name == "b\ufffd\ufffd"


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "there is no directory"),
        (["report"], "is no report: it has no directory hosts"),
        (["report", "report/hosts"], "no host has reported to"),
    ],
)
def test_nothing_was_reported(tmp_path, names, message):
    """A usage error that says what to name, or to run."""
    for name in names:
        os.mkdir(os.path.join(str(tmp_path), name))
    with pytest.raises(UsageError) as caught:
        reading.gather(os.path.join(str(tmp_path), "report"))
    assert caught.value.exit_code == EXIT_USAGE
    assert message in caught.value.message
    assert "offkit_report_dir" in caught.value.fix or "offkit.fleet.doctor" in caught.value.fix

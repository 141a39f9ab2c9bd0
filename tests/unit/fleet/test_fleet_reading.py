"""The files of a report: what is read, and what is named because it cannot be."""

import json
import os
import re
from datetime import datetime

import pytest

import fleet_maker as made
from offkit.fleet import host, reading
from offkit.fleet.host import LONGEST
from offkit.model.errors import EXIT_USAGE, UsageError
from offkit.model.finding import Finding


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
        ('{"schema": "offkit/host-1", "ho', "FLEET002", "is truncated, or not JSON: "),
        ("no json", "FLEET002", "is not JSON: "),
        (b'{"host": "\xff"}', "FLEET002", "is truncated, or not JSON: 'utf-8' codec"),
        ('{"a": NaN}', "FLEET002", "is truncated, or not JSON: NaN is not a JSON number"),
        ('{"a": ' + "9" * 50000 + "}", "FLEET002", "is truncated, or not JSON: a number of 50000 digits"),
        ("[" * 200000, "FLEET002", "nested too deeply"),
        ("[]", "FLEET003", "is not a valid offkit/host-1 document: not an object, but a list"),
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
        ({"time": "2026-02-20T00:00:00Z\n"}, "time is '2026-02-20T00:00:00Z\\n', not like"),
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
        ("FLEET004", "a.json", "is also about web01, but older than web01.json; not shown"),
        ("FLEET004", "z.json", "is also about web01, but older than web01.json; not shown"),
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
        ("FLEET001", "a.json", "is not a regular file"),
        ("FLEET001", "b.json", "cannot be read: No such file or directory"),
        ("FLEET001", "c.json", "is not a regular file"),
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
        ([], "does not exist"),
        (["report"], "is not a report: it has no directory hosts"),
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


def host_of(**changed):
    return host.from_json(dict(made.host("web01"), **changed))


def result_of(document, **more):
    """The one result of a host."""
    (found,) = host_of(results={"doctor": dict(made.ended(document), **more)}).results
    return found


def test_everything_of_a_host(tmp_path):
    """Field by field, with the results oldest first, and by name where they are of one time."""
    refusal = dict(made.refused("no room\nhere", made.found("ENV024", "/opt")), fix="free some space")
    results = {
        "verify": made.ended(None, 137, "2026-01-02T03:04:00Z", "Killed"),
        "deploy": made.ended(refusal, 4, "2026-01-02T03:04:00Z", "not checked"),
        "doctor": made.ended(made.doctor(), 0, "2026-01-02T03:03:59Z"),
    }
    one = host_of(results=results, message="5 missing", groups=["web", 7, "db"], time="2026-01-02T03:09:00Z")
    assert one[:4] == ("web01", ("web", "db"), "2026-01-02T03:09:00Z", True)
    assert (one.message, one.generation) == ("5 missing", "0001-6be1b615")
    assert one.server == host.Server("CentOS Linux 7 (Core)", 7, "x86_64", "2.17", "3.6.8")
    finding = Finding("ENV024", "error", "/opt", "is missing", (), "")
    assert one.results == (
        host.Result("doctor", "2026-01-02T03:03:59Z", 0, "offkit/doctor-1", made.doctor(), (), "", "", "", ""),
        host.Result(
            "deploy", "2026-01-02T03:04:00Z", 4, "offkit/error-1", refusal, (finding,), "no room\nhere",
            "free some space", "not checked", "",
        ),
        host.Result("verify", "2026-01-02T03:04:00Z", 137, "", {}, (), "", "", "Killed", ""),
    )  # fmt: skip
    assert host_of(server=None).server is None


@pytest.mark.parametrize(
    ("server", "found"),
    [
        ({}, ("", 0, "", "", "")),
        ({"system": 1, "el": "7", "arch": None, "glibc": [], "python": 3.6}, ("", 0, "", "", "")),
        ({"el": True}, ("", 0, "", "", "")),
        ({"el": -1}, ("", 0, "", "", "")),
        ({"el": 100}, ("", 0, "", "", "")),
        ({"el": 99, "arch": "a\ud800"}, ("", 99, "a\ufffd", "", "")),
        ({"el": 0, "system": "x"}, ("x", 0, "", "", "")),
    ],
)
def test_a_server_of_which_little_is_known(server, found):
    """What is no text is none, and what is no release is zero."""
    assert host_of(server=server).server == host.Server(*found)


@pytest.mark.parametrize("word", ["host", "groups", "time", "reachable", "message", "generation", "results"])
def test_a_field_that_is_not_there(word):
    """It is named."""
    document = made.host("web01")
    del document[word]
    with pytest.raises(ValueError, match="^{} is missing$".format(word)):
        host.from_json(document)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "not an object, but null"),
        ("x", "not an object, but a text"),
        (True, "not an object, but true or false"),
        (1.5, "not an object, but a number"),
        ({}, "schema is None, not offkit/host-1"),
        ({"schema": "x" * 58}, "schema is '{}', not offkit/host-1".format("x" * 58)),
        ({"schema": "x" * 59}, "schema is '{}..., not offkit/host-1".format("x" * 56)),
        (dict(made.host(), host=" \t"), "host is empty"),
        (dict(made.host(), reachable=1), "reachable is a number, not true or false"),
        (dict(made.host(), generation={}), "generation is an object, not a text"),
        (dict(made.host(), time="2026-01-31T12:00:00Z "), "time is '2026-01-31T12:00:00Z ', not like 2026-01-31T12:00:00Z"),
        (dict(made.host(), time="x2026-01-31T12:00:00Z"), "time is 'x2026-01-31T12:00:00Z', not like 2026-01-31T12:00:00Z"),
        (dict(made.host(), results={"a": {}}), "results['a']: time is missing"),
        (dict(made.host(), results={"a": dict(made.ended({}), rc=None)}), "results['a']: rc is None, not a number"),
        (dict(made.host(), results={"a": made.ended("x")}), "results['a']: document is a text, not an object or null"),
    ],
    ids=range(15),
)  # fmt: skip
def test_what_is_wrong_with_a_frame(value, message):
    """In one line, which is not longer for what somebody else wrote."""
    with pytest.raises(ValueError, match="^{}$".format(re.escape(message))):
        host.from_json(value)


@pytest.mark.parametrize(
    ("document", "schema", "error", "fix", "unclear"),
    [
        (None, "", "", "", ""),
        ({}, "", "", "", ""),
        ({"schema": 7}, "", "", "", "its document has no schema"),
        ({"schema": "offkit/error-1"}, "offkit/error-1", "", "", ""),
        ({"schema": "offkit/error-1", "error": 7, "fix": []}, "offkit/error-1", "", "", ""),
        ({"schema": "offkit/error-1", "error": "e\ud800", "fix": "f"}, "offkit/error-1", "e\ufffd", "f", ""),
        ({"schema": "offkit/doctor-1", "error": "e", "fix": "f"}, "offkit/doctor-1", "", "", ""),
        ({"schema": "x\ud800"}, "x\ufffd", "", "", ""),
        ({"schema": "x", "findings": None}, "x", "", "", "findings is null, not a list"),
        ({"schema": "x", "findings": [7, 8]}, "x", "", "", "2 of 2 findings cannot be read"),
    ],
)
def test_what_is_understood_of_a_document(document, schema, error, fix, unclear):
    """Its schema, the headline and cure of a refusal, and what is wrong with it."""
    found = result_of(document)
    assert (found.schema, found.error, found.fix, found.unclear) == (schema, error, fix, unclear)
    assert (found.document, found.findings) == (document or {}, ())


@pytest.mark.parametrize("field", ["code", "severity", "subject", "message", "looked_in", "fix"])
def test_a_finding_that_is_none(field):
    """A field is not there, or of another kind; the others are read."""
    fine = made.found("X001", "x", "info", "m", "f", ["/a"])
    lacking = {name: value for name, value in fine.items() if name != field}
    found = result_of({"schema": "x", "findings": [lacking, fine, dict(fine, **{field: 7})]})
    assert found.findings == (Finding("X001", "info", "x", "m", ("/a",), "f"),)
    assert found.unclear == "2 of 3 findings cannot be read"
    odd = dict(made.found("X\ud800", "s\ud800", "warning", "m\ud800", "f\ud800"), looked_in=["p\ud800", 7])
    (one,) = result_of({"schema": "x", "findings": [odd]}).findings
    assert one == Finding("X\ufffd", "warning", "s\ufffd", "m\ufffd", ("p\ufffd",), "f\ufffd")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (None, ""),
        (7, ""),
        ("a\nb\n", "a\nb\n"),
        ("x" * LONGEST, "x" * LONGEST),
        ("y" + "x" * LONGEST, "…" + "x" * (LONGEST - 1)),
        ("gone\nShared connection to web01 closed.\r\n", "gone\n"),
        ("Connection to web01 closed.", ""),
        ("Connection to web01 closed.\nand then", "Connection to web01 closed.\nand then"),
        ("\ud800", "\ufffd"),
    ],
    ids=range(9),
)
def test_the_last_words_of_a_command(said, kept):
    """The end of them, without ssh's farewell."""
    assert result_of(None, stderr=said).stderr == kept


def test_a_text_of_the_greatest_length():
    """It is kept; of a longer one the beginning."""
    assert host.clean("x" * LONGEST) == "x" * LONGEST
    assert host.clean("x" * (LONGEST + 1)) == "x" * (LONGEST - 1) + "…"


def test_a_moment():
    """As a value, to the second."""
    assert host.moment("2026-01-31T12:34:56Z") == datetime(2026, 1, 31, 12, 34, 56)
    with pytest.raises(ValueError, match="day is out of range"):
        host.moment("2026-02-30T00:00:00Z")


def test_of_two_files_of_one_time_the_first_is_shown(tmp_path):
    """And of a newer one that is read later the older is named; both can be removed."""
    made.write(tmp_path, made.host("m"))
    for name, message in [("a.json", "first"), ("z.json", "last")]:
        made.put(tmp_path, name, json.dumps(dict(made.host("m"), message=message)))
    late = dict(made.host("m"), time="2027-01-01T00:00:00Z", message="late")
    made.put(tmp_path, "n.json", json.dumps(late))
    gathered = reading.gather(str(tmp_path))
    assert [one.message for one in gathered.hosts] == ["late"]
    assert told(gathered) == [
        ("FLEET004", "m.json", "is also about m, but older than a.json; not shown"),
        ("FLEET004", "a.json", "is also about m, but older than n.json; not shown"),
        ("FLEET004", "z.json", "is also about m, but older than n.json; not shown"),
    ]
    folder = os.path.join(str(tmp_path), "hosts")
    assert [each[1:] for each in gathered.findings] == [
        ("warning", os.path.join(folder, name), message, (), "remove it")
        for (_, name, message) in told(gathered)
    ]


def test_a_file_that_cannot_be_read_is_an_error_with_a_cure(tmp_path):
    """A file of the largest size can; nothing stays open."""
    made.write(tmp_path)
    path = made.put(tmp_path, "a.json", "x")
    made.put(tmp_path, "b.json", b"\xef\xbb\xbf" + json.dumps(made.host("bom")).encode("ascii"))
    os.mkdir(os.path.join(str(tmp_path), "hosts", "c.json"))
    before = os.listdir("/proc/self/fd")
    gathered = reading.gather(str(tmp_path))
    assert os.listdir("/proc/self/fd") == before
    assert [one.name for one in gathered.hosts] == ["bom"]
    assert gathered.findings[0][:3] == ("FLEET002", "error", path)
    assert gathered.findings[0].looked_in == ()
    assert gathered.findings[0].fix == (
        "remove it, or run the playbook again for that host: it rewrites the file"
    )


@pytest.mark.parametrize(("size", "read"), [(0, True), (1, False)])
def test_a_file_of_the_largest_size(tmp_path, monkeypatch, size, read):
    """It is read, and one that is larger by a byte is not."""
    text = json.dumps(made.host("web01"))
    monkeypatch.setattr(reading, "LARGEST", len(text))
    made.write(tmp_path)
    made.put(tmp_path, "a.json", text + " " * size)
    assert len(reading.gather(str(tmp_path)).hosts) == read
    assert reading.LARGEST < 16 << 20


@pytest.mark.parametrize(("digits", "read"), [(20, True), (21, False)])
def test_long_numbers(digits, read):
    """Twenty digits are a number."""
    text = ('{"a": ' + "9" * digits + "}").encode("ascii")
    if read:
        assert reading._parsed(text) == {"a": int("9" * 20)}
    else:
        with pytest.raises(reading._Unreadable, match="a number of 21 digits"):
            reading._parsed(text)


def test_what_to_name_and_what_to_run(tmp_path):
    """Where nothing was reported: the directory, and the playbooks."""
    fix = "give the directory that the playbooks report to (offkit_report_dir, by default ./offkit-report)"
    top = os.path.join(str(tmp_path), "report")
    wanted = [
        ("the directory {} does not exist".format(top), fix),
        ("{} is not a report: it has no directory hosts".format(top), fix),
        (
            "no host has reported to {} yet".format(top),
            "run the playbook offkit.fleet.doctor or offkit.fleet.verify",
        ),
    ]
    for message, cure in wanted:
        with pytest.raises(UsageError) as caught:
            reading.gather(top)
        assert (caught.value.message, caught.value.fix) == (message, cure)
        os.mkdir(
            top if not os.path.isdir(top) else os.path.join(top, "hosts" if "has no" in message else "x")
        )

"""All hosts together: what is wrong where, which line cures which of them, and the JSON document."""

import json

import fleet_maker as made
from offkit.fleet import document, overview
from offkit.fleet.host import from_json
from offkit.model.finding import ERROR, Finding


def surveyed(*documents):
    return overview.survey([from_json(each) for each in documents])


def test_what_needs_somebody_comes_first():
    """Problems by their number, then the lost, then the healthy; web9 before web10."""
    fleet = surveyed(
        made.host("web10"),
        made.host("web9"),
        made.lost("db01"),
        made.sick("app1", "libSM.so.6"),
        made.sick("app2", "libSM.so.6", "libICE.so.6"),
    )
    assert [one.host.name for one in fleet.hosts] == ["app2", "app1", "db01", "web9", "web10"]
    assert not fleet.healthy
    assert fleet.newest == "2026-01-02T03:06:00Z"


def test_hosts_that_lack_the_same_have_one_line():
    """The doctor's own; another set of RPMs, or another system, is another line."""
    other = made.sick("app9", "libSM.so.6")
    other["server"] = made.EL9
    fleet = surveyed(
        made.sick("web2", "libSM.so.6", "libICE.so.6"),
        made.sick("web10", "libSM.so.6", "libICE.so.6"),
        made.sick("web1", "libSM.so.6"),
        other,
        made.host("fine"),
    )
    assert [(cure.system, cure.line, cure.hosts) for cure in fleet.cures] == [
        ("el7 x86_64", made.YUM + "libICE libSM", ("web2", "web10")),
        ("el7 x86_64", made.YUM + "libSM", ("web1",)),
        ("el9 x86_64", made.YUM + "libSM", ("app9",)),
    ]
    assert fleet.cures[0].rpms == ("libICE", "libSM")
    assert fleet.cures[0].libraries == ("libICE.so.6", "libSM.so.6")


def test_the_system_is_the_doctors_where_nobody_asked():
    """el7 stands in its summary."""
    unknown = made.sick("web1", "libSM.so.6")
    unknown["server"] = None
    assert surveyed(unknown).cures[0].system == "el7"


def test_a_line_from_before_a_change_says_so():
    """Something may have brought the library since."""
    sick = made.sick("web1", "libSM.so.6")
    sick["results"]["deploy"]["time"] = "2026-01-02T09:00:00Z"
    assert surveyed(sick, made.sick("web2", "libSM.so.6")).cures[0].stale == ("web1",)


def test_the_same_finding_on_many_hosts_is_one_problem():
    """The widespread ones first; different words for it are counted."""
    other = made.sick("web3", "libSM.so.6")
    other["results"]["doctor"]["document"]["findings"][0]["message"] = "is missing; needed by Qt"
    fleet = surveyed(made.sick("web1", "libSM.so.6", "libICE.so.6"), made.sick("web2", "libSM.so.6"), other)
    told = [(each.finding.code, each.finding.subject, each.hosts, each.messages) for each in fleet.problems]
    assert told == [
        ("LIB001", "libSM.so.6", ("web1", "web2", "web3"), 2),
        ("VID001", "cv2", ("web1", "web2", "web3"), 1),
        ("LIB001", "libICE.so.6", ("web1",), 1),
    ]
    assert [each.cured for each in fleet.problems] == [True, False, True]


def test_what_doctors_document_has_besides():
    """Providers and lines that are none are left out, and break nothing."""
    sick = made.sick("web1", "libSM.so.6")
    answer = sick["results"]["doctor"]["document"]
    answer["providers"] = [
        None,
        {"soname": 1},
        {"soname": "x.so", "rpms": "x"},
        {"soname": "y.so", "rpms": [1]},
    ]
    assert surveyed(sick).cures[0].rpms == ()
    for wrong in ([], {}, 7, None, ""):
        answer["install_line"] = wrong
        assert surveyed(sick).cures == ()
    answer["providers"] = {"soname": "x"}
    answer["summary"] = "el7"
    answer["checks"] = 3
    answer["install_line"] = made.YUM + "libSM"
    assert surveyed(sick).cures[0].hosts == ("web1",)


def test_healthy_means_all_hosts_and_all_files():
    """A warning is no error; a file that cannot be read is one."""
    whole = [from_json(made.host("web1"))]
    assert overview.survey(whole).healthy
    assert overview.survey(whole, [Finding("FLEET004", "warning", "a", "b")]).healthy
    assert not overview.survey(whole, [Finding("FLEET002", ERROR, "a", "b")]).healthy
    assert not surveyed(made.host("web1"), made.lost("web2")).healthy


def test_the_document():
    """What a program is told of a fleet."""
    content = document.content(surveyed(made.sick("web07", "libSM.so.6"), made.host("web01")))
    json.dumps(content, allow_nan=False)
    assert content["counts"] == {"hosts": 2, "healthy": 1, "problems": 1, "unreached": 0}
    sick, fine = content["hosts"]
    assert (sick["host"], sick["state"], sick["errors"]) == ("web07", "problems", 2)
    assert sick["checks"]["libraries"] == {"state": "error", "errors": 1, "warnings": 0, "stale": False}
    assert (fine["frames_per_second"], fine["workers"]) == (1661.8, 2)
    assert content["cures"] == [
        {
            "system": "el7 x86_64",
            "install_line": made.YUM + "libSM",
            "rpms": ["libSM"],
            "libraries": ["libSM.so.6"],
            "hosts": ["web07"],
            "stale": [],
        }
    ]
    assert sick["results"][1] == {
        "name": "doctor",
        "time": "2026-01-02T03:05:00Z",
        "rc": 1,
        "schema": "offkit/doctor-1",
        "counts": True,
        "failed": True,
        "message": "doctor: LIB001 libSM.so.6: is missing; needed by cv2",
        "stale": "",
    }


def test_names_in_their_natural_order():
    """Numbers as numbers, before words; one that is too long to be one is a word."""
    assert overview.natural("web10b") == [(1, 0, "web"), (0, 10, ""), (1, 0, "b")]
    assert overview.natural("9" * 18) == [(0, int("9" * 18), "")]
    assert overview.natural("1" + "9" * 18) == [(0, int("1" + "9" * 17), ""), (0, 9, "")]
    assert overview.natural("") == []
    assert overview.natural("1²") == [(0, 1, ""), (1, 0, "²")]
    assert overview.natural("x٣") == [(1, 0, "x٣")]
    names = ["web10", "web9", "10", "9", "web", "web9a"]
    assert sorted(names, key=overview.natural) == ["9", "10", "web", "web9", "web9a", "web10"]


def noted(name, *findings):
    """A host of which the doctor has found these."""
    rc = 1 if any(each["severity"] == "error" for each in findings) else 0
    return made.host(name, dict(made.well(), doctor=made.ended(made.doctor(*findings), rc)))


def test_the_order_of_hosts():
    """State, errors, warnings, whether something is old, name."""
    error, warning = made.found("E1", "x"), made.found("W1", "x", "warning")
    old = made.host("z-old", dict(made.well(), doctor=made.ended(made.doctor(), time="2025-01-02T03:04:00Z")))
    fleet = surveyed(
        made.host("a"), made.lost("b"), noted("c", error), noted("d", error, warning), noted("e", error, error),
        noted("f", warning), old, made.lost("a2", "x", made.well()),
    )  # fmt: skip
    assert [one.host.name for one in fleet.hosts] == ["e", "d", "c", "a2", "b", "f", "z-old", "a"]
    assert [one.host.name for one in fleet.of_state("healthy")] == ["f", "z-old", "a"]
    assert [one.host.name for one in fleet.of_state("problems")] == ["e", "d", "c"]
    assert fleet.findings == ()


def test_the_order_of_problems():
    """By weight, by the number of hosts, by code, by subject; the first host's own words are shown."""
    fleet = surveyed(
        noted("h2", made.found("A1", "s10", "warning"), made.found("B1", "s", "error", "second")),
        noted("h10", made.found("A1", "s9", "warning"), made.found("B1", "s", "error", "first"),
              made.found("C1", "s"), made.found("A2", "s"), made.found("N1", "s", "info")),
        noted("h1", made.found("N1", "s", "info"), made.found("N1", "s", "info", fix="other")),
    )  # fmt: skip
    assert [(each.finding[:4], each.finding.fix, each.hosts, each.messages) for each in fleet.problems] == [
        (("B1", "error", "s", "first"), "", ("h2", "h10"), 2),
        (("A2", "error", "s", "is missing"), "", ("h10",), 1),
        (("C1", "error", "s", "is missing"), "", ("h10",), 1),
        (("A1", "warning", "s9", "is missing"), "", ("h10",), 1),
        (("A1", "warning", "s10", "is missing"), "", ("h2",), 1),
        (("N1", "info", "s", "is missing"), "", ("h1", "h10"), 1),
        (("N1", "info", "s", "is missing"), "other", ("h1",), 1),
    ]
    assert {each.cured for each in fleet.problems} == {False}


def test_a_cure_is_one_where_it_is_for_all():
    """Of a note it is none, and where one of the hosts has no line it is none either."""
    whole, bare = made.sick("a", "libSM.so.6"), made.sick("b", "libSM.so.6")
    whole["results"]["doctor"]["document"]["findings"].append(made.found("N1", "libSM.so.6", "info"))
    cured = {each.finding.code: each.cured for each in surveyed(whole).problems}
    assert cured == {"LIB001": True, "VID001": False, "N1": False}
    bare["results"]["doctor"]["document"]["install_line"] = ""
    cured = {each.finding.code: each.cured for each in surveyed(whole, bare).problems}
    assert cured["LIB001"] is False


def test_rates_slowest_first():
    """Of equal ones by name; a host without one is left out."""
    fleet = surveyed(
        made.host("web10", made.well(100)), made.host("web9", made.well(100)), made.host("a", made.well(300)),
        made.host("b", made.well(None)), made.lost("c", "x", made.well(50)),
    )  # fmt: skip
    assert [one.host.name for one in fleet.rates] == ["c", "web9", "web10", "a"]


def test_an_empty_fleet():
    """It is as healthy as can be, and has no newest result."""
    fleet = surveyed()
    assert (fleet.hosts, fleet.problems, fleet.cures, fleet.newest, fleet.healthy) == ((), (), (), "", True)


def sick_of(name, server, summary=None, line="yum install x"):
    """A host whose doctor has a line; of what system is told by ``server`` or its ``summary``."""
    found = dict(made.sick(name, "libSM.so.6"), server=server)
    answer = found["results"]["doctor"]["document"]
    answer["summary"], answer["install_line"] = summary, line
    return found


def test_what_system_a_cure_is_for():
    """As told of the server, else by the doctor, else unknown."""
    odd = dict(made.EL7, el=0, system="Other Linux")
    for server, summary, system in [
        (made.EL7, {"el": 9}, "el7 x86_64"),
        (odd, {"el": 9}, "el9 x86_64"),
        (odd, {"el": "9"}, "Other Linux x86_64"),
        (odd, None, "Other Linux x86_64"),
        (dict(odd, system="", arch=""), {}, "an unknown system"),
        (dict(odd, system=""), {}, "an unknown system x86_64"),
        (None, {"el": 8}, "el8"),
        (None, None, "an unknown system"),
    ]:
        assert [cure.system for cure in surveyed(sick_of("a", server, summary)).cures] == [system]


def test_the_order_of_cures():
    """For most hosts first, then by system and line."""
    fleet = surveyed(
        sick_of("a", made.EL9), sick_of("b", made.EL7, line=" yum install z\n"), sick_of("c", made.EL7),
        sick_of("d", made.EL9, line="yum install w"), sick_of("e", made.EL9, line="yum install w"),
    )  # fmt: skip
    assert [(cure.system, cure.line, cure.hosts) for cure in fleet.cures] == [
        ("el9 x86_64", "yum install w", ("d", "e")),
        ("el7 x86_64", "yum install x", ("c",)),
        ("el7 x86_64", "yum install z", ("b",)),
        ("el9 x86_64", "yum install x", ("a",)),
    ]


def test_what_a_cure_brings():
    """All that its hosts were told, once each, in order; texts that cannot be written are mended."""
    first, second = sick_of("a", made.EL7), sick_of("b", made.EL7)
    first["results"]["doctor"]["document"]["providers"] = [
        {"soname": "b.so", "rpms": ["libb", 7, "liba"]}, {"soname": "a\ud800.so", "rpms": ["liba\ud800"]},
        {"soname": "none.so", "rpms": []}, {"rpms": ["x"]}, {"soname": "odd.so"},
    ]  # fmt: skip
    second["results"]["doctor"]["document"]["providers"] = [{"soname": "c.so", "rpms": ["libc"]}]
    (cure,) = surveyed(first, second).cures
    assert cure.rpms == ("liba", "liba\ufffd", "libb", "libc")
    assert cure.libraries == ("a\ufffd.so", "b.so", "c.so")
    other = made.host("c", dict(made.well(), deploy=made.ended(dict(made.installed(), install_line="yum"))))
    assert surveyed(other).cures == ()


def test_the_whole_document():
    """Every field of every part."""
    lost = made.lost("db1", "gone", {"doctor": made.ended(made.doctor(), time="2026-01-02T03:05:00Z")})
    lost.update(server=None, generation="")
    bad = Finding("FLEET002", ERROR, "x.json", "is empty", (), "remove it")
    hosts = [from_json(each) for each in (made.sick("web07", "libSM.so.6"), lost, made.host("web01"))]
    content = document.content(overview.survey(hosts, [bad]))
    assert sorted(content) == ["counts", "cures", "findings", "hosts", "newest", "problems"]
    assert document.SCHEMA == "offkit/fleet-1"
    assert content["newest"] == "2026-01-02T03:06:00Z"
    assert content["counts"] == {"hosts": 3, "healthy": 1, "problems": 1, "unreached": 1}
    assert content["findings"] == [bad.to_json()]
    assert content["problems"] == [
        dict(made.lacks("libSM.so.6", "libSM"), hosts=["web07"], messages=1),
        dict(
            made.found("VID001", "cv2", message="import cv2 fails: libSM.so.6"), hosts=["web07"], messages=1
        ),
    ]
    nothing = {"state": "none", "errors": 0, "warnings": 0, "stale": False}
    fine = {"state": "ok", "errors": 0, "warnings": 0, "stale": True}
    checks = [
        "installation",
        "interpreter",
        "libraries",
        "packages",
        "machine",
        "repositories",
        "film",
        "modules",
    ]
    assert content["hosts"][1] == {
        "host": "db1",
        "groups": ["web"],
        "state": "unreached",
        "message": "gone",
        "time": "2026-01-02T03:05:00Z",
        "server": None,
        "generation": "",
        "errors": 0,
        "warnings": 0,
        "checks": {name: nothing if name in ("installation", "film", "modules") else fine for name in checks},
        "frames_per_second": None,
        "workers": 0,
        "results": [
            {
                "name": "doctor",
                "time": "2026-01-02T03:05:00Z",
                "rc": 0,
                "schema": "offkit/doctor-1",
                "counts": True,
                "failed": False,
                "message": "",
                "stale": "from before the host was lost",
            }
        ],
    }
    sick, _, well = content["hosts"]
    assert (well["server"], well["generation"], well["groups"]) == (made.EL7, "0001-6be1b615", ["web"])
    assert (sick["errors"], sick["warnings"], well["errors"]) == (2, 0, 0)
    assert sick["message"] == "doctor: LIB001 libSM.so.6: is missing; needed by cv2"

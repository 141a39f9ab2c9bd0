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

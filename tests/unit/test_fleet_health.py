"""Whether a host is well: what counts, what is too old to count, and the line that says why not."""

import pytest

import fleet_maker as made
from offkit.fleet import health
from offkit.fleet.health import HEALTHY, PROBLEMS, UNREACHED
from offkit.fleet.host import from_json

SM = made.lacks("libSM.so.6", "libSM")
HASHES = made.found("PY001", "hashlib", "warning", "this Python was built without it")
NOTE = made.found("REPO002", "base", "info", "needs a network")


def judged(document, newest="2026-01-02T03:06:00Z"):
    return health.judge(from_json(document), newest)


def states(one):
    """The checks' states; * marks what is out of date."""
    return [one.cells[name].state + "*" * one.cells[name].stale for name in health.CHECKS]


def results(**changed):
    """Those of a host that is in order, but for some."""
    found = made.well()
    found.update(changed)
    return {name: value for name, value in found.items() if value}


def test_a_host_in_order():
    """Every check is ok, and the rate is there."""
    one = judged(made.host())
    assert (one.state, one.why, one.stale) == (HEALTHY, "", {})
    assert states(one) == ["ok"] * 7
    assert (one.rate, one.workers) == (1661.8, 2)


def test_each_finding_belongs_to_a_check():
    """By the letters of its code; of one that nobody knows the machine has the blame."""
    codes = [("PY001", "warning"), ("LIB002", "error"), ("PKG001", "error"), ("REPO003", "warning")]
    findings = [made.found(code, "x", severity) for code, severity in codes]
    findings += [made.found("NEW001", "x", "error"), made.found("ENV003", "x", "info")]
    one = judged(made.host(results=results(doctor=made.ended(made.doctor(*findings), 1))))
    assert states(one) == ["ok", "warning", "error", "error", "error", "warning", "ok"]
    assert one.cells["libraries"] == health.Cell("error", 1, 0)
    assert (one.errors, one.warnings) == (3, 2)


def test_a_check_that_was_not_made():
    """The doctor was asked for one thing only."""
    part = dict(made.doctor(), checks=["libraries"])
    assert states(judged(made.host(results={"doctor": made.ended(part)}))) == [
        "none",
        "none",
        "ok",
        "none",
        "none",
        "none",
        "none",
    ]


def test_an_older_document_made_all_checks():
    """Before it named them."""
    old = made.doctor()
    del old["checks"]
    assert states(judged(made.host(results={"doctor": made.ended(old)})))[1:6] == ["ok"] * 5


@pytest.mark.parametrize(
    ("changed", "why", "seen"),
    [
        (
            {"doctor": made.ended(made.doctor(SM), 1)},
            "doctor: LIB001 libSM.so.6: is missing; needed by cv2",
            2,
        ),
        (
            {"doctor": made.ended(made.doctor(SM, made.lacks("libICE.so.6", "libICE")), 1)},
            "doctor: LIB001 libSM.so.6: is missing; needed by cv2 and 1 more",
            2,
        ),
        (
            {"verify": made.ended(made.film(900.0, 2, made.found("VID002", "film", message="is wrong")), 1)},
            "verify: VID002 film: is wrong",
            6,
        ),
        (
            {"verify": made.ended(made.refused("this Python cannot run it", made.found("VID001", "cv2")), 4)},
            "verify: this Python cannot run it",
            6,
        ),
        (
            {"deploy": made.ended(made.refused("no room\nlooked in /opt", made.found("ENV024", "")), 4)},
            "deploy: no room",
            0,
        ),
        ({"verify": made.ended(None, 137, stderr="\nKilled\n")}, "verify ended with 137: Killed", 6),
        ({"verify": made.ended(None, 70)}, "verify ended with 70", 6),
        (
            {"verify": made.ended(None, 77, stderr="no room\r\nShared connection to 192.0.2.1 closed.\r\n")},
            "verify ended with 77: no room",
            6,
        ),
        (
            {"verify": made.ended(None, 77, stderr="Connection to web01.example closed.\r\n")},
            "verify ended with 77",
            6,
        ),
        ({"verify": made.ended(None)}, "verify: no document", 6),
        ({"verify": made.ended({"schema": "x/1"})}, "verify: a document that this offkit does not know", 6),
        ({"verify": made.ended(dict(made.film(), verified=False))}, "verify: not verified", 6),
        (
            {"verify": made.ended(dict(made.film(), findings=7))},
            "verify: findings is a number, not a list",
            6,
        ),
        (
            {"rollback": made.ended(made.refused("there is none before"), 1)},
            "rollback: there is none before",
            0,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_host_with_problems(changed, why, seen):
    """One line says why, and the check that failed shows it."""
    one = judged(made.host(results=results(**changed)))
    assert (one.state, one.why) == (PROBLEMS, why)
    assert states(one)[seen] == "error"
    assert states(one).count("error") == 1


def test_what_the_playbook_said_comes_first():
    """Its message is shorter, and knows the connection."""
    one = judged(made.host(results=results(doctor=made.ended(made.doctor(SM), 1)), message="5 are missing"))
    assert one.why == "5 are missing"
    assert judged(made.host(message="refused before offkit was asked")).state == PROBLEMS


def test_the_doctor_could_not_look():
    """None of its checks is known, and none is ok."""
    gone = made.refused("no Python environment at /opt/offkit")
    one = judged(made.host(results=results(doctor=made.ended(gone, 4))))
    assert states(one)[1:6] == ["unknown"] * 5
    assert one.why == "doctor: no Python environment at /opt/offkit"


def test_nothing_was_asked():
    """A host of which nothing is known is not called healthy."""
    one = judged(made.host(results={}))
    assert (one.state, one.why) == (PROBLEMS, "nothing has been examined there")


def test_a_host_that_was_lost():
    """Not reached, whatever it said before; that is out of date."""
    one = judged(made.lost("db01", "No route to host", made.well()))
    assert (one.state, one.why) == (UNREACHED, "No route to host")
    assert states(one) == ["ok*"] * 7
    assert set(one.stale.values()) == {"from before the host was lost"}
    assert judged(made.lost("db01", "")).why == "not reached"


def test_results_from_before_a_change():
    """After a deployment or rollback the doctor and the film have to look again."""
    back = made.ended(made.switched(), time="2026-01-02T04:00:00Z")
    one = judged(made.host(results=results(rollback=back)))
    assert states(one) == ["ok", *["ok*"] * 6]
    assert one.stale["doctor"] == "from before the rollback of 2026-01-02T04:00:00Z"
    again = made.ended(made.installed(), time="2026-01-02T04:00:00Z")
    stale = judged(made.host(results=results(deploy=again))).stale
    assert stale["verify"] == "from before the deployment of 2026-01-02T04:00:00Z"


@pytest.mark.parametrize(
    "document",
    [made.installed("nothing"), dict(made.installed(), dry_run=True), made.refused("no room")],
    ids=["nothing to do", "dry run", "refused"],
)
def test_a_deployment_that_changed_nothing(document):
    """What was found before it is as true as it was."""
    late = made.ended(document, time="2026-01-02T04:00:00Z")
    assert judged(made.host(results=results(deploy=late))).stale == {}


def test_results_older_than_those_of_the_others():
    """By whole days beside the newest of the fleet; no clock is asked."""
    assert judged(made.host(), "2026-01-03T03:04:59Z").stale == {}
    stale = judged(made.host(), "2026-01-05T03:05:30Z").stale
    assert stale == {
        "doctor": "3 days older than the newest result",
        "verify": "2 days older than the newest result",
    }


def test_the_later_of_deployment_and_rollback_counts():
    """A deployment that failed last week is over once another went well."""
    bad = made.ended(made.refused("no room", made.found("ENV024", "/opt")), 4, "2026-01-01T03:04:00Z")
    one = judged(made.host(results=results(rollback=bad)))
    assert (one.state, states(one)[0]) == (HEALTHY, "ok")
    assert "rollback" not in {each.name for each in one.counted}


def test_warnings_of_a_deployment_are_the_doctors_to_repeat():
    """It looked afterwards; before that they count."""
    warned = made.ended(made.installed("install", dict(SM, severity="warning")), time="2026-01-02T03:04:00Z")
    assert judged(made.host(results=results(deploy=warned))).warnings == 0
    alone = judged(made.host(results={"deploy": warned}))
    assert (states(alone)[0], alone.warnings) == ("warning", 1)


@pytest.mark.parametrize("rate", [None, "fast", True, 0, -3, float("inf"), float("nan"), 1e12, [1]])
def test_a_rate_that_is_none(rate):
    """No bar is drawn for it."""
    one = judged(made.host(results=results(verify=made.ended(made.film(rate, "many")))))
    assert (one.rate, one.workers) == (None, 0)


def test_notes_are_no_problems():
    """Neither errors nor warnings."""
    one = judged(made.host(results=results(doctor=made.ended(made.doctor(NOTE, HASHES)))))
    assert (one.state, one.errors, one.warnings) == (HEALTHY, 0, 1)
    assert states(one)[5] == "ok"


def test_several_checks_as_one():
    """The worst of them, with the findings of all."""
    cells = [health.Cell("ok"), health.Cell("warning", 0, 2, True), health.Cell("error", 1, 1)]
    assert health.worst(cells) == health.Cell("error", 1, 3, True)


def test_a_doctor_that_said_nothing_and_is_overtaken():
    """Nothing is known of its checks, and that is old."""
    failed = made.ended({}, 4, stderr="killed", time="2026-01-02T03:03:00Z")
    (result,) = from_json(made.host("a", {"doctor": failed})).results
    for stale in (True, False):
        cells = health._doctors(result, stale)
        assert {(cell.state, cell.stale) for cell in cells.values()} == {(health.UNKNOWN, stale)}

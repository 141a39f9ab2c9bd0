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
    return [one.cells[name].state + "*" * one.cells[name].stale for name in health.shown([one])]


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
        ({"verify": made.ended(None, 137, stderr="\nKilled\n")}, "verify exited with 137: Killed", 6),
        ({"verify": made.ended(None, 70)}, "verify exited with 70", 6),
        (
            {"verify": made.ended(None, 77, stderr="no room\r\nShared connection to 192.0.2.1 closed.\r\n")},
            "verify exited with 77: no room",
            6,
        ),
        (
            {"verify": made.ended(None, 77, stderr="Connection to web01.example closed.\r\n")},
            "verify exited with 77",
            6,
        ),
        ({"verify": made.ended(None)}, "verify: no document", 6),
        ({"verify": made.ended({"schema": "x/1"})}, "verify: a document unknown to this offkit", 6),
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
    assert (one.state, one.why) == (PROBLEMS, "nothing has been checked there")


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


def result_of(name, *given, **more):
    """One result as it is read."""
    (found,) = from_json(made.host("a", {name: made.ended(*given, **more)})).results
    return found


ERROR, OTHER = made.found("E001", "x", message="one\nmore"), made.found("E002", "", message="two")


@pytest.mark.parametrize(
    ("name", "document", "rc", "stderr", "line"),
    [
        ("doctor", made.doctor(), 0, "noise", ""),
        ("doctor", made.doctor(HASHES, NOTE), 0, "", ""),
        ("doctor", made.doctor(HASHES), 3, "", "doctor exited with 3"),
        ("doctor", made.doctor(HASHES, ERROR), 0, "", "doctor: E001 x: one"),
        ("doctor", made.doctor(OTHER, ERROR, SM), 1, "", "doctor: E002 two and 2 more"),
        ("deploy", made.refused("no\nroom"), 0, "", "deploy: no"),
        ("deploy", made.refused("one\nmore", ERROR), 4, "", "deploy: E001 x: one"),
        ("deploy", made.refused("one\nmore", ERROR, OTHER), 4, "", "deploy: one"),
        ("deploy", made.refused("else", ERROR), 4, "", "deploy: else"),
        ("deploy", made.refused(""), 4, "", "deploy exited with 4"),
        ("deploy", made.refused(""), 0, "", "deploy: a document unknown to this offkit"),
        ("deploy", {"schema": "offkit/install-1", "findings": 7}, 0, "x", "deploy: findings is a number, not a list"),
        ("verify", made.film(), 0, "", ""),
        ("verify", dict(made.film(), verified=1), 0, "", "verify: not verified"),
        ("verify", {"schema": "offkit/run-badapple-1"}, 0, "", "verify: not verified"),
        ("verify", dict(made.film(), verified=False), 0, " a\n b \n\n", "verify exited with 0: b"),
        ("verify", None, 0, "", "verify: no document"),
        ("verify", {"schema": "offkit/verify-1"}, 0, "", ""),
        ("rollback", made.switched(), 0, "", ""),
        ("rollback", {"schema": "offkit/rollback-2"}, 0, "", "rollback: a document unknown to this offkit"),
        ("rollback", {"schema": "offkit/rollback-2"}, 1, "", "rollback exited with 1"),
    ],
    ids=range(21),
)  # fmt: skip
def test_the_line_of_a_result(name, document, rc, stderr, line):
    """What says most: the error, the first finding, what is unclear, the last words, the number."""
    found = result_of(name, document, rc, stderr=stderr)
    assert health.headline(found) == line
    assert health.failed(found) is (line != "")


@pytest.mark.parametrize(
    ("name", "document", "rc", "unproven"),
    [
        ("verify", made.film(), 0, False),
        ("verify", dict(made.film(), verified=False), 1, True),
        ("verify", dict(made.film(), verified="yes"), 0, True),
        ("deploy", {"schema": "offkit/install-1"}, 0, False),
        ("deploy", {"schema": "offkit/install-2"}, 0, True),
        ("deploy", {"schema": "offkit/install-2"}, 1, False),
        ("deploy", None, 0, True),
        *((name, {"schema": "offkit/" + name}, 0, False) for name in ("error-1", "doctor-1", "rollback-1", "verify-1")),
    ],
)  # fmt: skip
def test_an_end_that_proves_nothing(name, document, rc, unproven):
    """Well by its number, and no document that says so."""
    assert health.unproven(result_of(name, document, rc)) is unproven


def test_everything_that_is_judged():
    """The findings in the order of the results, those that count, and the numbers of the last film."""
    found = {
        "deploy": made.ended(made.installed("install", NOTE), time="2026-01-02T03:04:00Z"),
        "rollback": made.ended(made.switched(), time="2026-01-02T03:03:00Z"),
        "doctor": made.ended(made.doctor(SM, HASHES), 1, "2026-01-02T03:05:00Z"),
        "film": made.ended(made.film(10.0, 1), time="2026-01-02T03:05:30Z"),
        "verify": made.ended(made.film(20.5, 4), time="2026-01-02T03:06:00Z"),
    }
    one = judged(made.host("a", found))
    assert [each.name for each in one.counted] == ["deploy", "doctor", "film", "verify"]
    assert [each.code for each in one.findings] == ["LIB001", "PY001"]
    assert (one.errors, one.warnings, one.rate, one.workers, one.silent) == (1, 1, 20.5, 4, ())
    assert one.host.name == "a"
    cells = {name: tuple(cell) for name, cell in one.cells.items()}
    assert cells == dict(
        dict.fromkeys(health.CHECKS, ("ok", 0, 0, False)),
        libraries=("error", 1, 0, False), interpreter=("warning", 0, 1, False), modules=("none", 0, 0, False),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "message", "silent"),
    [
        ({"verify": made.ended(None, 9, stderr="Killed")}, "", ("verify exited with 9: Killed",)),
        ({"verify": made.ended(None, 9, time="2026-01-02T03:06:00Z")}, "timed out", ("verify: timed out",)),
        ({"deploy": made.ended(None, 9, time="2026-01-02T03:04:00Z")}, "timed out", ("deploy exited with 9",)),
        ({"doctor": made.ended(made.doctor(SM), 1)}, "x", ()),
        ({"doctor": made.ended(made.doctor(SM), 1), "verify": made.ended(None, 9, stderr="y")}, "",
         ("verify exited with 9: y",)),
        ({"doctor": made.ended(made.doctor(HASHES), 1)}, "", ("doctor exited with 1",)),
        ({}, "refused before", ("refused before",)),
    ],
    ids=range(7),
)  # fmt: skip
def test_what_no_finding_says(changed, message, silent):
    """A line for each result that failed without one; the playbook's word where it is about the last."""
    assert judged(made.host(results=results(**changed), message=message)).silent == silent


SMOKED = {"schema": "offkit/smoke-1", "imported": 3, "findings": []}
CRASH = {
    "code": "SMOKE002",
    "severity": "error",
    "subject": "x",
    "message": "ends it",
    "looked_in": [],
    "fix": "",
}


@pytest.mark.parametrize(
    ("found", "rc", "cell", "why"),
    [
        (SMOKED, 0, ("ok", 0, 0, False), ""),
        (dict(SMOKED, findings=[CRASH]), 1, ("error", 1, 0, False), "smoke: SMOKE002 x: ends it"),
        (dict(SMOKED, findings=[dict(CRASH, severity="warning")]), 0, ("warning", 0, 1, False), ""),
        (made.refused("no such command"), 2, ("error", 1, 0, False), "smoke: no such command"),
    ],
    ids=["well", "crash", "warning", "older"],
)
def test_modules(found, rc, cell, why):
    """What 'offkit smoke' said; the tables have it only where somebody asked."""
    other, one = judged(made.host()), judged(made.host(results=results(smoke=made.ended(found, rc))))
    assert (tuple(one.cells["modules"]), one.why) == (cell, why)
    assert "modules" not in health.shown([other])
    assert health.shown([other, one]) == health.CHECKS


def test_hosts_in_order_and_lost_ones_have_no_such_line():
    """Only what has problems does."""
    assert judged(made.host()).silent == ()
    assert judged(made.lost("a", "gone", results(verify=made.ended(None, 9)))).silent == ()
    assert judged(made.host("a", {})).silent == ("nothing has been checked there",)


@pytest.mark.parametrize(
    ("time", "newest", "stale"),
    [
        ("2026-01-02T03:04:00Z", "2026-01-03T03:03:59Z", ""),
        ("2026-01-02T03:04:00Z", "2026-01-03T03:04:00Z", "1 day older than the newest result"),
        ("2026-01-02T03:04:00Z", "2026-01-04T03:04:00Z", "2 days older than the newest result"),
        (
            "2026-01-02T03:03:59Z",
            "2026-01-02T03:04:00Z",
            "from before the deployment of 2026-01-02T03:04:00Z",
        ),
    ],
)
def test_when_a_result_is_old(time, newest, stale):
    """After a whole day, or because something was installed since; at the same second it is not."""
    found = {
        "deploy": made.ended(made.installed(), time="2026-01-02T03:04:00Z"),
        "doctor": made.ended(made.doctor(), time=time),
    }
    one = judged(made.host("a", found), newest)
    assert one.stale == ({"doctor": stale} if stale else {})
    assert one.cells["machine"].stale is bool(stale)
    assert not one.cells["installation"].stale


@pytest.mark.parametrize(("document", "changed"), [
    (made.installed(), True), (made.installed("nothing"), False), (dict(made.installed(), dry_run=True), False),
    (dict(made.installed(), dry_run=1), True), (made.refused("x"), False), (None, True), (made.switched("nothing"), False),
])  # fmt: skip
def test_what_changes_an_environment(document, changed):
    """Of a command that ended without a word nobody knows, so it may have."""
    assert health._changed(result_of("deploy", document)) is changed


def test_a_doctor_of_the_same_second_has_looked_since():
    """And one of a second before has not: the warnings of the deployment count then."""
    warned = made.ended(made.installed("install", HASHES, SM), 1, "2026-01-02T03:04:00Z")
    for second, codes in [("03:04:00", ["LIB001"]), ("03:03:59", ["PY001", "LIB001"])]:
        doctor = made.ended(made.doctor(), time="2026-01-02T{}Z".format(second))
        one = judged(made.host("a", {"deploy": warned, "doctor": doctor}))
        assert [each.code for each in one.findings] == codes
        assert one.cells["installation"] == health.Cell("error", 1, len(codes) - 1)


@pytest.mark.parametrize(
    ("name", "document", "rc", "cells"),
    [
        ("deploy", made.installed("install", HASHES, HASHES), 0, {"installation": ("warning", 0, 2)}),
        ("deploy", None, 1, {"installation": ("error", 1, 0)}),
        ("rollback", made.switched(), 0, {"installation": ("ok", 0, 0)}),
        ("verify", {"schema": "offkit/verify-1"}, 0, {"film": ("ok", 0, 0)}),
        ("verify", made.film(1.0, 1, SM, SM), 1, {"film": ("error", 2, 0)}),
        ("other", made.film(), 0, {"film": ("ok", 0, 0)}),
        ("doctor", made.film(), 0, {"film": ("ok", 0, 0)}),
        ("other", made.installed(), 0, {}),
        ("other", dict(made.doctor(HASHES), checks=["packages"]), 0,
         {"packages": ("ok", 0, 0), "interpreter": ("warning", 0, 1)}),
        ("doctor", dict(made.doctor(), checks=7), 0, {}),
        ("doctor", None, 1, dict.fromkeys(health.DOCTORS, ("unknown", 0, 0))),
        ("doctor", dict(made.doctor(), findings=7), 1, dict.fromkeys(health.DOCTORS, ("unknown", 0, 0))),
    ],
    ids=range(12),
)  # fmt: skip
def test_checks_that_a_result_is_about(name, document, rc, cells):
    """By its schema, else by its name; the others were not made."""
    one = judged(made.host("a", {name: made.ended(document, rc)}))
    assert {check: cell[:3] for check, cell in one.cells.items() if cell.state != "none"} == cells


@pytest.mark.parametrize(("code", "check"), [
    ("PY1", "interpreter"), ("LIB1", "libraries"), ("PKG1", "packages"), ("ENV1", "machine"),
    ("REPO1", "repositories"), ("RPM1", "repositories"), ("P1", "machine"),
])  # fmt: skip
def test_the_check_of_a_code(code, check):
    """By its first letters."""
    one = judged(made.host("a", {"doctor": made.ended(made.doctor(made.found(code, "x", "warning")))}))
    assert [name for name, cell in one.cells.items() if cell.state == "warning"] == [check]


def test_of_two_results_about_one_check_the_worse_counts():
    """Of equals the later one."""
    first = made.ended(made.film(), time="2026-01-01T03:00:00Z")
    for later, cell in [
        (made.ended(made.film(), time="2026-01-02T03:06:00Z"), health.Cell("ok")),
        (made.ended(made.film(1.0, 1, HASHES), time="2025-01-01T03:00:00Z"), health.Cell("warning", 0, 1, True)),
    ]:  # fmt: skip
        assert judged(made.host("a", {"film": first, "verify": later})).cells["film"] == cell


def test_the_worst_of_several():
    """In their order: not made, ok, warnings, unknown, errors."""
    order = ["none", "ok", "warning", "unknown", "error"]
    for number, state in enumerate(order):
        cells = [health.Cell(each) for each in order[: number + 1]]
        assert health.worst(cells) == health.worst(cells[::-1]) == health.Cell(state)


@pytest.mark.parametrize(
    ("rate", "workers", "found"),
    [
        (1, 1, (1.0, 1)),
        (0.5, 999999, (0.5, 999999)),
        (999999999.5, 1000000, (999999999.5, 0)),
        (1e9, 0, (None, 0)),
        (2.5, True, (2.5, 0)),
        (2.5, 2.0, (2.5, 0)),
        (2.5, -1, (2.5, 0)),
    ],
)
def test_limits_of_a_rate(rate, workers, found):
    """What no machine reaches is no rate, and no number of processes."""
    one = judged(made.host(results=results(verify=made.ended(made.film(rate, workers)))))
    assert (one.rate, one.workers) == found


def test_words_of_the_playbook_about_a_host_in_doubt():
    """They are why, whether a command failed or not."""
    assert judged(made.host(message="refused")).why == "refused"
    assert judged(made.lost("a", "gone", results(verify=made.ended(None, 9)))).why == "gone"
    assert judged(made.host("a", {}, "no space")).why == "no space"

"""What may help is tried, and said only when it does."""

from offkit.model.errors import RequestError
from offkit.model.finding import ERROR, Finding
from offkit.online.reasons import cures
from offkit.online.reasons.causes import Problem
from target_maker import preset

EL7 = preset("3.6")


def problem(name, fix="", **hints):
    return Problem(Finding("REQ001", ERROR, name, "not to be had", (), fix), name, **hints)


def fixes(problems, answers):
    """The fix of each, and what was tried; ``answers``: (what to look for in an attempt, pins)."""
    tried = []

    def attempt(what):
        tried.append(what)
        for wanted, pins in answers:
            if all(getattr(what, name) == value for name, value in wanted.items()):
                return pins
        return None

    found = cures.find(problems, EL7, attempt)
    return [one.fix for one in found], tried


def test_nothing_helps():
    """Then there is only what needs no trial."""
    (fix, other), _ = fixes([problem("alpha", "build it"), problem("beta", minors=(8,))], [])
    assert (fix, other) == ("build it", "")


def test_other_versions():
    """All that change, but no long list."""
    (fix,), tried = fixes([problem("alpha", "build it")], [({"loose": True}, {"alpha": "1", "beta": "2"})])
    assert fix == "use alpha==1, beta==2: the whole request resolves with them\nor build it"
    assert tried == [cures.Try(EL7, loose=True)]
    many = {f"p{number}": "1" for number in range(6)}
    (fix,), _ = fixes([problem("alpha")], [({"loose": True}, many)])
    some = "p0==1, p1==1, p2==1, p3==1 and 2 more"
    assert fix == f"drop the versions: the whole request resolves without them ({some})"
    # No direct requirement changes: what was tried is no cure.
    assert fixes([problem("alpha")], [({"loose": True}, {})])[0] == [""]


def test_another_python():
    """One that all problems speak for, the next newer first; at most three are tried."""
    eight = EL7._replace(python="3.8.20")
    both = [problem("alpha", minors=(7, 8, 9)), problem("beta", minors=(8, 9))]
    found, tried = fixes(both, [({"target": eight}, {})])
    assert found == ["deploy another Python: the whole request resolves with --python 3.8 --target el7"] * 2
    assert [one.target.python_minor for one in tried] == ["3.6", "3.8"]
    _, tried = fixes([problem("alpha", minors=(7, 8, 9, 10, 11))], [])
    assert [one.target.python_minor for one in tried] == ["3.6", "3.7", "3.8", "3.9"]
    _, tried = fixes([problem("alpha", minors=(6,)), problem("beta")], [])
    assert {one.target for one in tried} == {EL7}


def test_older_pythons_come_last():
    target = EL7._replace(python="3.9.23")
    tried = []
    cures.find([problem("alpha", minors=(6, 7, 9, 11))], target, lambda what: tried.append(what))
    assert [one.target.python_minor for one in tried] == ["3.9", "3.11", "3.7", "3.6"]


def test_options_that_mean_the_same_whatever_was_given():
    """A Python alone means a release that ships it, and a release alone its own Python."""
    (fix,), _ = fixes([problem("alpha", minors=(7,))], [({"target": EL7._replace(python="3.7.17")}, {})])
    assert fix.endswith("resolves with --python 3.7")
    (fix,), _ = fixes([problem("alpha", system=True)], [({"target": preset("3.6.8", "el9")}, {})])
    assert fix.endswith("resolves with --target el9 --python 3.6")
    server = EL7._replace(name="web01")
    found = cures.find(
        [problem("alpha", minors=(8,))], server, lambda what: {} if what.target != server else None
    )
    assert found[0].fix.endswith("resolves with --python 3.8")


def test_a_newer_system_and_pre_releases():
    """Where somebody speaks for them."""
    newer = ({"target": preset("3.6", "el8")}, {})
    pre = ({"pre": True}, {})
    (fix,), _ = fixes([problem("alpha", system=True, pre=True)], [newer, pre])
    assert fix.splitlines() == [
        "allow pre-releases: the whole request resolves with --pre",
        "or target a newer system: the whole request resolves with --target el8",
    ]
    _, tried = fixes([problem("alpha")], [newer, pre])
    assert tried == [cures.Try(EL7, loose=True)]


def test_what_nobody_has_is_left_out():
    """And named, since what holds then holds for the rest."""
    gone = problem("nobody", "check the spelling", hopeless=True)
    without = frozenset(["nobody"])
    found, tried = fixes([problem("alpha"), gone], [({"loose": True, "without": without}, {"alpha": "1"})])
    assert found == ["use alpha==1: everything but nobody resolves with it", "check the spelling"]
    assert tried[0].without == without
    assert fixes([gone], [])[1] == []


def test_each_for_itself():
    """Where nothing helps all: what helps one is tried without the others, or without who wants them."""
    problems = [problem("alpha"), problem("beta", parent="gamma")]
    without = frozenset(["gamma"])
    found, _ = fixes(problems, [({"loose": True, "without": without}, {"alpha": "1"})])
    assert found == ["use alpha==1: everything but gamma resolves with it", ""]


def test_an_attempt_is_made_once():
    """And one that ends in an error of ours does not hold."""
    asked = []

    def resolve(what):
        asked.append(what)
        if what.pre:
            raise RequestError("no")
        return {}

    attempt = cures.attempts(resolve)
    assert [attempt(cures.Try(EL7)), attempt(cures.Try(EL7))] == [{}, {}]
    assert attempt(cures.Try(EL7, pre=True)) is None
    assert asked == [cures.Try(EL7), cures.Try(EL7, pre=True)]

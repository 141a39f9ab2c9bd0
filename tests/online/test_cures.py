"""What may help is tried, and said only when it does."""

from offkit.model.errors import EnvironmentProblem, RequestError
from offkit.model.finding import ERROR, Finding
from offkit.online.index.troubles import TooDeep
from offkit.online.reasons import cures
from offkit.online.reasons.causes import Problem
from offkit.online.reasons.trial import Held
from target_maker import preset

EL7 = preset("3.6")
NOTHING = Held({}, {})  # has to change for it to resolve


def problem(name, fix="", **hints):
    return Problem(Finding("REQ001", ERROR, name, "not to be had", (), fix), name, **hints)


def fixes(problems, answers):
    """The fix of each, and what was tried; ``answers``: (what to look for in an attempt, pins)."""
    tried = []

    def attempt(what):
        tried.append(what)
        for wanted, pins in answers:
            if all(getattr(what, name) == value for name, value in wanted.items()):
                return Held(pins, {})
        return None

    found = cures.find(problems, EL7, attempt)
    return [one.fix for one in found], tried


def test_nothing_helps():
    """Then there is only what needs no trial."""
    (fix, other), _ = fixes([problem("alpha", "build it"), problem("beta", minors=(8,))], [])
    assert (fix, other) == ("build it", "")


def test_other_versions():
    """With their numbers, but no long list."""
    (fix,), tried = fixes([problem("alpha", "build it")], [({"loose": True}, {"alpha": "1"})])
    assert fix == "use alpha==1: the whole request resolves with it\nor build it"
    assert tried == [cures.Try(EL7, loose=True, near=2, only=frozenset(["alpha"]))]
    many = {f"p{number}": "1" for number in range(6)}
    (fix,), _ = fixes([problem("alpha")], [({"loose": True, "only": frozenset()}, many)])
    assert fix == "drop the versions of p0, p1, p2, p3, p4, p5: the whole request resolves without them"
    # Near versions before others, in few numbers: of many, those that come by themselves are other ones.
    for near, version in ((2, "1.2.3"), (1, "1.9"), (0, "7")):
        (fix,), tried = fixes([problem("alpha")], [({"loose": True, "near": near}, {"alpha": version})])
        assert fix == f"use alpha=={version}: the whole request resolves with it"
        assert [one.near for one in tried] == [one for one in (2, 1, 0) if one >= near]
    assert fixes([problem("alpha")], [({"near": 2}, many)])[0] == [""]
    # No direct requirement changes: what was tried is no cure.
    assert fixes([problem("alpha")], [({"loose": True}, {})])[0] == [""]


def test_the_version_that_a_local_one_is_a_build_of():
    """Before any other version, also where the rest has to change; that one where it does not help."""
    same, other = {"alpha": "1.13.1"}, {"alpha": "2", "beta": "3"}
    local = problem("alpha", local=True)
    (fix,), tried = fixes([local], [({"public": True}, same)])
    assert (fix, tried) == (
        "use alpha==1.13.1: the whole request resolves with it", [cures.Try(EL7, public=True)]
    )  # fmt: skip
    found, _ = fixes([local, problem("beta")], [({"public": True, "loose": True}, {**same, "beta": "3"})])
    assert found == ["use alpha==1.13.1, beta==3: the whole request resolves with them"] * 2
    (fix,), _ = fixes([local], [({"public": False, "loose": True}, other)])
    assert fix == "use alpha==2, beta==3: the whole request resolves with them"


def needing(names, *, of=12):
    """An attempt that holds if these may change: then all that may, do."""
    every, tried = {f"p{number:02}" for number in range(of)}, []

    def attempt(what):
        tried.append(what)
        free = (what.only or every) if what.loose else set()
        return Held(dict.fromkeys(free, "1"), {}) if set(names) <= set(free) else None

    return attempt, tried


def test_as_few_versions_as_will_do():
    """What is near the problem first; the rest by halves, a few times."""
    for names, near, most in (
        (["p03"], problem("p03"), 3),
        (["p03"], problem("beta", parent="p03"), 3),
        (["p03"], Problem(problem("x").finding, among=("p03", "p05")), 4),
        (["p09"], problem("elsewhere"), 9),
    ):
        attempt, tried = needing(names)
        (found,) = cures.find([near], EL7, attempt)
        assert found.fix == f"use {names[0]}==1: the whole request resolves with it"
        assert sum(one.loose for one in tried) <= most, tried
    attempt, _ = needing(["p00", "p01"], of=2)
    (found,) = cures.find([problem("p00")], EL7, attempt)
    assert found.fix == "use p00==1, p01==1: the whole request resolves with them"


def pythons_of(tried):
    """Each once, in the order of the attempts."""
    return list(dict.fromkeys(one.target.python_minor for one in tried))


def test_another_python():
    """One that all problems speak for, the next newer first; at most three are tried."""
    eight = EL7._replace(python="3.8.20")
    both = [problem("alpha", minors=(7, 8, 9)), problem("beta", minors=(8, 9))]
    found, tried = fixes(both, [({"target": eight}, {})])
    assert found == ["deploy another Python: the whole request resolves with --python 3.8 --target el7"] * 2
    assert pythons_of(tried) == ["3.6", "3.8"]
    _, tried = fixes([problem("alpha", minors=(7, 8, 9, 10, 11))], [])
    assert pythons_of(tried) == ["3.6", "3.7", "3.8", "3.9"]
    _, tried = fixes([problem("alpha", minors=(6,)), problem("beta")], [])
    assert {one.target for one in tried} == {EL7}


def test_older_pythons_come_last():
    target = EL7._replace(python="3.9.23")
    tried = []
    cures.find([problem("alpha", minors=(6, 7, 9, 11))], target, lambda what: tried.append(what))
    assert pythons_of(tried) == ["3.9", "3.11", "3.7", "3.6"]


def test_options_that_mean_the_same_whatever_was_given():
    """A Python alone means a release that ships it, and a release alone its own Python."""
    (fix,), _ = fixes([problem("alpha", minors=(7,))], [({"target": EL7._replace(python="3.7.17")}, {})])
    assert fix.endswith("resolves with --python 3.7")
    (fix,), _ = fixes([problem("alpha", system=True)], [({"target": preset("3.6.8", "el9")}, {})])
    assert fix.endswith("resolves with --target el9 --python 3.6")
    server = EL7._replace(name="web01")
    found = cures.find(
        [problem("alpha", minors=(8,))], server, lambda what: NOTHING if what.target != server else None
    )
    assert found[0].fix.endswith("resolves with --python 3.8")


def test_a_description_stays_the_target():
    """What a probe wrote takes another Python; another release stands in its place."""
    server = EL7._replace(name="web01", arch="aarch64", spelled="--target 'my web.json':{0}")
    (found,) = cures.find(
        [problem("alpha", minors=(8,))], server, lambda what: NOTHING if not what.loose else None
    )
    assert found.fix == "deploy another Python: the whole request resolves with --target 'my web.json':3.8"
    newer = preset("3.6", "el8", "aarch64")._replace(spelled=server.spelled)
    (found,) = cures.find(
        [problem("alpha", system=True)], server, lambda what: NOTHING if what.target == newer else None
    )
    assert found.fix.endswith("resolves with --target el8 --arch aarch64 in the place of the file")
    (found,) = cures.find(
        [problem("alpha", minors=(8,))],
        server._replace(spelled='"python": "{1}" in web.json'),
        lambda what: NOTHING if not what.loose else None,
    )
    assert found.fix.endswith('resolves with "python": "3.8.20" in web.json')


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
    assert all(one.loose and one.target == EL7 for one in tried)


def test_what_nobody_has_is_left_out():
    """And named, since what holds then holds for the rest."""
    gone = problem("nobody", "check the spelling", hopeless=True)
    without = frozenset(["nobody"])
    found, tried = fixes([problem("alpha"), gone], [({"loose": True, "without": without}, {"alpha": "1"})])
    assert found == ["use alpha==1: everything but nobody resolves with it", "check the spelling"]
    assert tried[0].without == without
    assert fixes([gone], [])[1] == []


def test_what_has_to_be_added():
    """For what would fail otherwise when it is imported: it is in the words of each."""
    added = {"setuptools": "81.0.0"}

    def attempt(what):
        return Held({"alpha": "1"} if what.loose else {}, added)

    (fix,) = [
        one.fix for one in cures.find([problem("alpha", minors=(8,), system=True, pre=True)], EL7, attempt)
    ]
    assert fix.splitlines() == [
        "use alpha==1, setuptools==81.0.0: the whole request resolves with them",
        "or allow pre-releases: the whole request with setuptools==81.0.0 resolves with --pre",
        "or deploy another Python: the whole request with setuptools==81.0.0 resolves with --python 3.8 --target el7",
        "or target a newer system: the whole request with setuptools==81.0.0 resolves with --target el8",
    ]
    many = {f"p{number}": "1" for number in range(6)}
    (found,) = cures.find(
        [problem("alpha")], EL7, lambda what: Held(many, added) if what.loose and not what.only else None
    )
    assert found.fix == (
        "drop the versions of p0, p1, p2, p3, p4, p5: "
        "the whole request with setuptools==81.0.0 resolves without them"
    )


def test_each_for_itself():
    """Where nothing helps all: what helps one is tried without the others, or without who wants them."""
    problems = [problem("alpha"), problem("beta", parent="gamma")]
    without = frozenset(["gamma"])
    found, _ = fixes(problems, [({"loose": True, "without": without}, {"alpha": "1"})])
    assert found == ["use alpha==1: everything but gamma resolves with it", ""]


def test_an_attempt_is_made_once():
    """And one that ends in an error of ours does not hold."""
    asked, told = [], []

    def resolve(what):
        asked.append(what)
        if what.pre:
            raise RequestError("no")
        return NOTHING

    attempt = cures.Attempts(resolve, EL7, told.append)
    assert [attempt(cures.Try(EL7)), attempt(cures.Try(EL7))] == [NOTHING, NOTHING]
    assert attempt(cures.Try(EL7, pre=True)) is None
    assert asked == [cures.Try(EL7), cures.Try(EL7, pre=True)]
    some = cures.Try(preset("3.9"), True, True, frozenset(["alpha"]), without=frozenset(["x", "y", "z"]))
    attempt(some)
    assert told[1:] == [
        "trial 2: pre-releases",
        "trial 3: Python 3.9 on el8, without local versions, other versions of alpha, without x, y and 1 more",
    ]


def test_what_was_not_tried_to_the_end():
    """It is said of the problem that it may have helped, and how to ask; not of what nothing helps, nor where
    only fewer changes were looked for."""

    def resolve(what):
        if what.loose or what.target != EL7:
            raise TooDeep("too many")
        return

    problems = [problem("alpha", "build it", minors=(8,)), problem("beta", parent="gamma")]
    problems.append(problem("nobody", hopeless=True))
    fixes = [one.fix for one in cures.find(problems, EL7, resolve)]
    end = "alone, or bound what has many versions (name>=1.2): with"
    assert fixes == [
        f"build it\nor find out what else would do: ask for alpha {end} other versions, Python 3.8"
        " there were too many combinations to try",
        f"find out what else would do: ask for gamma {end} other versions there were too many combinations to try",
        "",
    ]

    def silent(what):
        raise EnvironmentProblem("the package index cannot be read")

    (found,) = cures.find([problem("alpha")], EL7, silent)
    assert found.fix.endswith("(name>=1.2): with other versions the package index cannot be read")
    attempt, _ = needing(["p03"])

    def fewer(what):
        if what.only:
            raise TooDeep("too many")
        return attempt(what)

    (found,) = cures.find([problem("p03")], EL7, fewer)
    assert "find out" not in found.fix


def test_a_conflict_has_no_name_that_could_be_left_out():
    """Of what is left out, no empty name is told."""
    clash = Problem(Finding("REQ005", ERROR, "beta", "these requirements conflict"), among=("beta", "tool"))
    answers = [({"loose": True, "without": frozenset({"gamma"})}, {"alpha": "1"})]
    (fix, *_), _ = fixes([problem("alpha"), clash, problem("gamma")], answers)
    assert fix == "use alpha==1: everything but gamma resolves with it"


def test_of_two_numbers_the_versions_below_them_are_the_nearest(typed, mirror):
    """There is no 2.16, and 2.16.1 comes before the newest 2.x."""
    server = mirror()
    for version in ("2.15.1", "2.16.1", "2.20.0", "3.0"):
        server.add("alpha", version)
    code, _, err = typed("lock", "alpha==2.16", "--target", "el9", *server.args)
    assert code == 1
    assert "fix        use alpha==2.16.1: the whole request resolves with it\n" in err
    code, _, err = typed("lock", "alpha==2.14", "--target", "el9", *server.args)
    assert "fix        use alpha==2.20.0: the whole request resolves with it\n" in err

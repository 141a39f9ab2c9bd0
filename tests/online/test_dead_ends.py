"""What the resolver learns of dead ends: made worlds of packages, and whatever hypothesis thinks of, beside
all their combinations tried one by one."""

import contextlib
import itertools
import random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._vendor.resolvelib import AbstractProvider, BaseReporter, ResolutionImpossible, Resolver
from pip._vendor.resolvelib.structs import RequirementInformation

from offkit.online.resolve import dead_ends
from online_fuzz import tried

PRE, YANKED, FILE = 8, 9, "file"  # versions that are only taken where somebody asks for them


class Version(NamedTuple):
    name: str
    number: object

    @property
    def project_name(self):
        return self.name


class Wanted(NamedTuple):
    name: str
    versions: frozenset
    opens: frozenset = frozenset()  # of PRE and YANKED

    def __str__(self):
        return f"{self.name} {sorted(map(str, self.versions))} {sorted(self.opens)}"

    def get_candidate_lookup(self):
        return (Version(self.name, FILE) if self.versions == {FILE} else None), self


class Index(AbstractProvider):
    """Of a world {name: {number: [Wanted...]}}; the newest first."""

    def __init__(self, world):
        self.world, self.asked = world, 0

    def identify(self, requirement_or_candidate):
        return requirement_or_candidate.name

    def get_preference(self, identifier, resolutions, candidates, information, backtrack_causes):
        return identifier

    def find_matches(self, identifier, requirements, incompatibilities):
        bad = {one.number for one in incompatibilities[identifier]}
        wanted = list(requirements[identifier])
        if any(one.versions == {FILE} for one in wanted):
            return [Version(identifier, FILE)] if FILE not in bad else []
        opened = set().union(*(one.opens for one in wanted))
        return [one for one in self.fit(identifier, wanted) if one.number not in bad
                and (one.number < PRE or one.number in opened)]  # fmt: skip

    def fit(self, name, wanted):
        numbers = sorted((one for one in self.world.get(name, {}) if one != FILE), reverse=True)
        return [Version(name, one) for one in numbers if all(one in each.versions for each in wanted)]

    def unasked(self, name, wanted):
        files = any(one.versions == {FILE} for one in wanted)
        return [] if files else [one for one in self.fit(name, wanted) if one.number >= PRE]

    def is_satisfied_by(self, requirement, candidate):
        return candidate.number in requirement.versions or candidate.number == FILE

    def get_dependencies(self, candidate):
        self.asked += 1
        return self.world[candidate.name][candidate.number] if candidate.number != FILE else []


def resolve(world, asked):
    """(pins or None, the causes), as the resolver is asked."""
    index = Index(world)

    def ask(provider, reporter):
        return Resolver(provider, reporter).resolve(asked, max_rounds=10000)

    try:
        found = dead_ends.resolve(index, BaseReporter(), asked, index.unasked, ask).mapping
    except ResolutionImpossible as error:
        return None, error.causes
    return {name: one.number for name, one in found.items()}, []


def learned(world, asked):
    """What one search of them learns."""
    index = Index(world)
    known = dead_ends.DeadEnds(index, asked, index.unasked)
    resolver = Resolver(dead_ends.Provider(index, known), dead_ends.Reporter(BaseReporter(), known))
    with contextlib.suppress(ResolutionImpossible):
        resolver.resolve(asked, max_rounds=10000)
    return known


def allows(wanted, number):
    """Whether a candidate meets all that is wanted of its project."""
    if number == FILE or any(one.versions == {FILE} for one in wanted):
        return number == FILE and any(one.versions == {FILE} for one in wanted)
    return all(number in one.versions for one in wanted) and (
        number < PRE or any(number in one.opens for one in wanted)
    )


def solutions(world, asked):
    """All of them, tried one by one: {name: number} of the whole world, None for what nobody needs."""
    every = [*asked, *(one for versions in world.values() for needs in versions.values() for one in needs)]
    files = {one.name for one in every if one.versions == {FILE}}
    names = sorted({*world, *(one.name for one in every)})
    choices = ([None, *([FILE] if name in files else []), *world.get(name, {})] for name in names)
    for numbers in itertools.product(*choices):
        here = dict(zip(names, numbers, strict=True))
        needed, wanted = set(), list(asked)
        for one in wanted:  # which grows
            if one.name not in needed:
                needed.add(one.name)
                wanted += world.get(one.name, {}).get(here.get(one.name), ())
        of = {name: [each for each in wanted if each.name == name] for name in needed}
        if all((here[name] is not None) == (name in needed) for name in names) and all(
            here.get(name) is not None and allows(own, here[name]) for name, own in of.items()
        ):
            yield here


def any_of(name, *numbers):
    return Wanted(name, frozenset(numbers or range(1, 4)))


NAMES = "abcd"
NUMBERS = st.frozensets(st.sampled_from([1, 2, 3, PRE, YANKED]), min_size=1)
WANTED = st.builds(
    lambda name, versions, opens: Wanted(name, versions, versions & opens),
    st.sampled_from(NAMES + "z"),
    st.frozensets(st.sampled_from([1, 2, PRE, YANKED]), min_size=1) | st.just(frozenset({1, 2, PRE, YANKED})),
    st.just(frozenset()) | NUMBERS,
)


def worlds(*more):
    """Of versions that may need what ``more`` are; no file needs anything."""
    number = st.sampled_from([1, 2, PRE, YANKED])
    one = st.dictionaries(number, st.lists(st.one_of(WANTED, *more), max_size=2), min_size=1)
    return st.dictionaries(st.sampled_from(NAMES), one).filter(_sane)


def _sane(world):
    """Where nothing needs itself; of such resolvelib makes an endless recursion."""
    return not any(
        one.name == name for name, versions in world.items() for needs in versions.values() for one in needs
    )


FILES = st.builds(lambda name: Wanted(name, frozenset({FILE})), st.sampled_from(NAMES))


@tried(100)
@given(worlds(), st.lists(WANTED, min_size=1, max_size=3))
def test_a_solution_is_found_where_there_is_one_and_no_dead_end_is_in_any(world, asked):
    pins, causes = resolve(world, asked)
    every = list(solutions(world, asked))
    if pins is None:
        assert not every
        assert causes
    else:
        assert any(all(one[name] == number for name, number in pins.items()) for one in every)
    for dead in learned(world, asked).dead:
        assert all(one[dead.name] != dead.number for one in every)


@tried(100)
@given(worlds(FILES), st.lists(WANTED | FILES, min_size=1, max_size=3))
def test_a_file_that_is_named_for_a_project_given_up_ends_what_was_learned(world, asked):
    """But for one that has not been read before the search ends."""
    pins, _ = resolve(world, asked)
    if pins is not None:
        every = list(solutions(world, asked))
        assert any(all(one[name] == number for name, number in pins.items()) for one in every)


@tried(100)
@given(worlds(), st.lists(WANTED, min_size=1, max_size=3))
def test_what_it_ends_with_could_not_be_had_together_indeed(world, asked):
    pins, causes = resolve(world, asked)
    if pins is None:
        # The user's words, and those of the candidates that are named: no solution has them all.
        parents = {one.parent for one in causes if one.parent is not None}
        assert all(one.requirement in world[one.parent.name][one.parent.number]
                   for one in causes if one.parent is not None)  # fmt: skip
        assert not [
            one for one in solutions(world, asked) if all(one[each.name] == each.number for each in parents)
        ]


def test_a_pre_release_that_somebody_asks_for_later_is_no_dead_end():
    """All final versions of net are; b, of which nothing is known yet, wants one that is none."""
    world = {
        "a": {1: [Wanted("net", frozenset({1, 2, PRE}))]},
        "b": {1: [Wanted("net", frozenset({PRE}), frozenset({PRE}))]},
        "net": {1: [any_of("gone")], 2: [any_of("gone")], PRE: []},
    }
    pins, _ = resolve(world, [any_of("a"), any_of("b")])
    assert pins == {"a": 1, "b": 1, "net": PRE}
    world["net"][PRE] = [any_of("gone")]
    pins, causes = resolve(world, [any_of("a"), any_of("b")])
    assert pins is None
    assert {one.requirement.name for one in causes} == {"gone"}


def test_a_cause_that_was_learned_by_nobody_is_its_own_reason():
    """pip's resolver alone may have read a candidate that is in no other search."""
    cause = RequirementInformation(any_of("b"), Version("x", 1))
    world = {"a": {1: []}, "b": {1: []}}
    assert learned(world, [any_of("a")]).reasons([cause]) == [cause]


def test_a_file_for_what_was_given_up():
    world = {
        "a": {2: [any_of("net", 2)], 1: []},
        "z": {1: [Wanted("net", frozenset({FILE}))]},
        "net": {2: [any_of("gone")], 1: []},
    }
    asked = [any_of("a"), any_of("z")]
    with pytest.raises(dead_ends.Disproved):
        learned(world, asked)
    assert resolve(world, asked)[0]["net"] == FILE


def test_what_goes_while_the_resolver_looks_costs_no_solution():
    """resolvelib, which comes to e last, would jump back over c: nothing that c needs is in its conflict."""
    world = {
        "a": {2: []},
        "c": {3: [any_of("d", 3)], 2: []},
        "d": {3: [any_of("e", 3)]},
        "e": {3: [any_of("gone")]},
    }
    assert resolve(world, [any_of("c"), any_of("a")]) == ({"a": 2, "c": 2}, [])


def test_asked_again_it_finds_what_resolvelib_alone_does_not():
    """f 3 and f 1 are no use, and a leads back to f 1: that is seen in the second search, without f 1."""
    world = {
        "a": {4: [any_of("f", 1)]},
        "c": {4: []},
        "f": {3: [any_of("a", 4)], 2: [], 1: [any_of("gone")]},
    }
    asked = [any_of("c", 4), any_of("f")]
    with pytest.raises(ResolutionImpossible):
        Resolver(Index(world), BaseReporter()).resolve(asked, max_rounds=100)
    assert resolve(world, asked) == ({"c": 4, "f": 2}, [])


def test_what_others_may_open_is_no_dead_end():
    """c 2 is tried first, with final versions of net alone, which are no use; c 1 asks for the pre-release."""
    world = {
        "a": {1: [Wanted("net", frozenset({1, 2, PRE}))]},
        "c": {2: [any_of("net", 1, 2)], 1: [Wanted("net", frozenset({PRE}), frozenset({PRE}))]},
        "net": {1: [any_of("gone")], 2: [any_of("gone")], PRE: []},
    }
    asked = [any_of("a"), any_of("c")]
    assert Version("a", 1) not in learned(world, asked).dead
    assert resolve(world, asked) == ({"a": 1, "c": 1, "net": PRE}, [])


@pytest.mark.parametrize("seed", range(8))
def test_a_solution_of_a_larger_world_is_found(seed):
    """Wherever resolvelib alone finds one: drawn worlds of seven projects, some of them without versions."""
    drawn = random.Random(seed)
    names = "abcdefg"
    for _ in range(40):
        world = {
            name: {
                number: [
                    Wanted(other, frozenset(drawn.sample([1, 2, 3, 4], drawn.randint(1, 4))))
                    for other in drawn.sample(
                        [one for one in names + "zz" if one != name], drawn.choice([0, 0, 1, 2])
                    )
                ]
                for number in drawn.sample([1, 2, 3, 4], drawn.randint(1, 4))
            }
            for name in names
        }
        asked = [any_of(name, 1, 2, 3, 4) for name in drawn.sample(names, drawn.randint(2, 4))]
        try:
            Resolver(Index(world), BaseReporter()).resolve(asked, max_rounds=10000)
        except (ResolutionImpossible, RecursionError):
            continue
        assert resolve(world, asked)[0], (world, asked)


def test_the_newest_is_what_is_explained_and_not_the_oldest():
    world = {
        "app": {3: [any_of("net", 3)], 2: [any_of("net", 2)], 1: [any_of("old")]},
        "net": {3: [any_of("gone")], 2: [any_of("gone")]},
    }
    pins, causes = resolve(world, [any_of("app")])
    assert pins is None
    assert [(one.requirement.name, one.parent) for one in causes] == [("gone", Version("net", 3))]


def test_all_of_the_request_that_cannot_be_had_is_explained():
    world = {
        "app": {1: [any_of("gone")]},
        "tool": {2: [any_of("lost")], 1: [any_of("lost")]},
        "fine": {1: []},
    }
    _, causes = resolve(world, [any_of("fine"), any_of("tool")])
    assert [(one.requirement.name, one.parent) for one in causes] == [("lost", Version("tool", 2))]


@pytest.mark.parametrize("width", [3, 6])
def test_what_is_dead_is_not_tried_with_every_combination_of_the_rest(width):
    """Each of the others has three versions; what cannot be had is the last to be looked at."""
    others = {f"b{number}": {1: [], 2: [], 3: []} for number in range(width)}
    world = {
        "a": {1: [any_of("z1")], 2: [any_of("z1")]},
        "z1": {1: [any_of("z2")]},
        "z2": {1: [any_of("zz")]},
    }
    index = Index({**world, **others})
    asked = [*map(any_of, [*others, "a"])]
    known = dead_ends.DeadEnds(index, asked, index.unasked)
    resolver = Resolver(dead_ends.Provider(index, known), dead_ends.Reporter(BaseReporter(), known))
    with pytest.raises(ResolutionImpossible):
        resolver.resolve(asked, max_rounds=10000)
    assert index.asked < 40 * width

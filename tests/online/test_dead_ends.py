"""What the resolver learns of dead ends: made worlds of packages, and whatever hypothesis thinks of, beside
all their combinations tried one by one."""

import itertools
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._vendor.resolvelib import AbstractProvider, BaseReporter, ResolutionImpossible, Resolver

from offkit.online.resolve import dead_ends
from online_fuzz import tried


class Wanted(NamedTuple):
    name: str
    versions: frozenset

    def __str__(self):
        return f"{self.name} {sorted(self.versions)}"


class Version(NamedTuple):
    name: str
    number: int


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
        allowed = [one.versions for one in requirements[identifier]]
        return [
            Version(identifier, number)
            for number in sorted(self.world.get(identifier, {}), reverse=True)
            if number not in bad and all(number in one for one in allowed)
        ]

    def is_satisfied_by(self, requirement, candidate):
        return candidate.number in requirement.versions

    def get_dependencies(self, candidate):
        self.asked += 1
        return self.world[candidate.name][candidate.number]


def resolve(world, asked):
    """(pins or None, the causes, what was learned)."""
    index = Index(world)
    known = dead_ends.DeadEnds(index, asked)
    resolver = Resolver(dead_ends.Provider(index, known), dead_ends.Reporter(BaseReporter(), known))
    try:
        found = resolver.resolve(asked, max_rounds=10000).mapping
    except ResolutionImpossible as error:
        return None, known.reasons(error.causes), known
    return {name: one.number for name, one in found.items()}, [], known


def solutions(world, asked):
    """All of them, tried one by one: {name: number} of the whole world, None for what is not there."""
    names = sorted(world)
    for numbers in itertools.product(*([None, *world[name]] for name in names)):
        here = dict(zip(names, numbers, strict=True))
        wanted = [
            *asked,
            *(one for name in names if here[name] is not None for one in world[name][here[name]]),
        ]
        if all(here.get(one.name) in one.versions for one in wanted):
            yield here


def any_of(name, *numbers):
    return Wanted(name, frozenset(numbers or range(1, 4)))


NAMES = "abcd"
WANTED = st.builds(Wanted, st.sampled_from(NAMES + "z"), st.frozensets(st.integers(1, 3), min_size=1))
WORLDS = st.dictionaries(
    st.sampled_from(NAMES), st.dictionaries(st.integers(1, 3), st.lists(WANTED, max_size=2), min_size=1)
)


@tried(60)
@given(WORLDS, st.lists(WANTED, min_size=1, max_size=3))
def test_a_solution_is_found_where_there_is_one_and_no_dead_end_is_in_any(world, asked):
    pins, causes, known = resolve(world, asked)
    every = list(solutions(world, asked))
    if pins is None:
        assert not every
        assert causes
    else:
        assert any(all(one[name] == number for name, number in pins.items()) for one in every)
    for dead in known.dead:
        assert all(one[dead.name] != dead.number for one in every)


@tried(60)
@given(WORLDS, st.lists(WANTED, min_size=1, max_size=3))
def test_what_it_ends_with_could_not_be_had_together_indeed(world, asked):
    pins, causes, _ = resolve(world, asked)
    if pins is None:
        # The user's words, and those of the candidates that are named: no solution has them all.
        parents = {one.parent for one in causes if one.parent is not None}
        assert all(one.requirement in world[one.parent.name][one.parent.number]
                   for one in causes if one.parent is not None)  # fmt: skip
        assert not [
            one for one in solutions(world, asked) if all(one[each.name] == each.number for each in parents)
        ]


def test_the_newest_is_what_is_explained_and_not_the_oldest():
    world = {
        "app": {3: [any_of("net", 3)], 2: [any_of("net", 2)], 1: [any_of("old")]},
        "net": {3: [any_of("gone")], 2: [any_of("gone")]},
    }
    pins, causes, _ = resolve(world, [any_of("app")])
    assert pins is None
    assert [(one.requirement.name, one.parent) for one in causes] == [("gone", Version("net", 3))]


def test_all_of_the_request_that_cannot_be_had_is_explained():
    world = {
        "app": {1: [any_of("gone")]},
        "tool": {2: [any_of("lost")], 1: [any_of("lost")]},
        "fine": {1: []},
    }
    _, causes, _ = resolve(world, [any_of("fine"), any_of("tool")])
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
    known = dead_ends.DeadEnds(index, asked)
    resolver = Resolver(dead_ends.Provider(index, known), dead_ends.Reporter(BaseReporter(), known))
    with pytest.raises(ResolutionImpossible):
        resolver.resolve(asked, max_rounds=10000)
    assert index.asked < 40 * width

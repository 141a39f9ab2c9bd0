"""Repairs of requirements against the tools that read them as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offkit.model import legacy

specifiers = pytest.importorskip("packaging.specifiers")
requirements = pytest.importorskip("packaging.requirements")

numbers = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
clauses = st.one_of(
    st.builds(
        "{}{}{}".format,
        st.sampled_from([">=", "<=", ">", "<", "==", "!="]),
        numbers,
        st.sampled_from(["", "", "rc1", ".post2", ".dev3", "a0"]),
    ),
    st.builds("{}{}.*".format, st.sampled_from(["==", "!="]), numbers),
    st.builds("~={}.{}".format, numbers, st.integers(0, 9)),
)
lists = st.lists(clauses, max_size=4)


@given(lists, st.sampled_from([",", ", ", " , "]))
def test_valid_is_valid(parts, comma):
    """No row matches what PEP 440 knows."""
    text = comma.join(parts)
    specifiers.SpecifierSet(text)
    assert legacy.specifier(text) == legacy.Repaired(text, ())


@given(lists, st.text("'\",.*~<>=! 019dev()", max_size=4), st.integers(0, 60), st.sampled_from(["a", "a[b]"]))
def test_a_repair_is_the_last(parts, noise, at, name):
    """Whatever stands there: what was repaired once needs no other repair."""
    text = ",".join(parts)
    text = name + text[:at] + noise + text[at:]
    once = legacy.requirement(text).text
    assert legacy.requirement(once).text == once


@given(lists, st.sampled_from([">=", "<", ">"]), numbers)
def test_a_star_more_is_a_bound(parts, operator, number):
    """``>=5.1.*`` is >=5.1, in whatever company."""
    wrong = ",".join([*parts, operator + number + ".*"])
    right = ",".join([*parts, operator + number])
    assert legacy.specifier(wrong).text == right
    specifiers.SpecifierSet(legacy.specifier(wrong).text)

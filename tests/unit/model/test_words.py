"""Words for people."""

import pytest

from offkit.model import words


def test_numbers_and_nouns():
    """One is one."""
    assert [words.several(count, "wheel") for count in (0, 1, 2)] == ["0 wheels", "1 wheel", "2 wheels"]


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ((), ""),
        (("a",), "a"),
        (("a", "b"), "a, b"),
        (("a", "b", "c"), "a, b and 1 more"),
        ("abcd", "a, b and 2 more"),
    ],
)
def test_some_of_many(names, text):
    """Two are named here, the rest is counted."""
    assert words.listed(names, 2) == text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("wheels/a.whl", "wheels/a.whl"),
        ("wheels/ü 文.whl", "wheels/ü 文.whl"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\u202eb\udcff", "a\\u202eb\\udcff"),
        ("it's", "it's"),
    ],
)
def test_names(name, shown):
    """One printable line, whatever the name."""
    assert words.shown(name) == shown
    assert words.shown(name).isprintable()

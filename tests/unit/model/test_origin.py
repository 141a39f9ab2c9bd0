"""Where wheels come from, in words that a lock and a manifest keep."""

import pytest

from offkit.model import origin

WHEEL = "alpha-1-py3-none-any.whl"


def test_what_is_said():
    """No user and no token; of this machine only that it is one."""
    assert origin.of_index("https://user:word@host/simple/") == "https://host/simple"
    assert origin.of_index("https://host/simple", "corp") == "corp=https://host/simple"
    assert origin.of_index("file:///home/alice/mirror") == origin.LOCAL
    assert origin.of_page("https://u:w@host/wheels/?token=x") == "--find-links https://host/wheels/?..."
    assert origin.of_page("/home/alice/wheels") == origin.LOCAL
    assert origin.of_file("https://token@host/" + WHEEL) == "https://host/" + WHEEL
    assert origin.of_file("file:///home/alice/" + WHEEL) == origin.LOCAL


@pytest.mark.parametrize(
    "text", ["https://host/simple", "corp=https://host/simple", "--find-links https://host/", origin.LOCAL, origin.OURS]
)  # fmt: skip
def test_read_again(text):
    """What was written is read; other comments are not."""
    assert origin.read(text) == text
    assert origin.read("the " + text) == ""


def test_no_secret_is_read():
    """Though somebody wrote one down."""
    assert origin.read("https://user:word@host/simple") == "https://host/simple"


def test_which_is_an_index():
    """As pylock.toml wants to know."""
    assert origin.index("https://host/simple", WHEEL) == "https://host/simple"
    assert origin.index("corp=https://host/simple", WHEEL) == "https://host/simple"
    for other in ("", origin.LOCAL, origin.OURS, "--find-links https://host/", "https://host/" + WHEEL):
        assert origin.index(other, WHEEL) == ""


def test_there_and_back():
    """In a manifest, by origin; whatever else somebody writes there is nothing."""
    given = [("b", "2"), ("a", "3"), ("b", "1"), ("", "4")]
    options = origin.to_options(given)
    assert options == {"from": [{"from": "a", "wheels": ["3"]}, {"from": "b", "wheels": ["1", "2"]}]}
    assert origin.from_options(options) == {"3": "a", "1": "b", "2": "b"}
    assert origin.to_options([("", "4")]) == {}
    for wrong in ({}, {"from": "x"}, {"from": [1, {"from": 1, "wheels": []}, {"from": "a", "wheels": [2]}]}):
        assert origin.from_options(wrong) == {}

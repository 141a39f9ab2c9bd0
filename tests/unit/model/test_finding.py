"""Findings, written down and read."""

import json

import pytest

from offkit.model import finding
from offkit.model.finding import ERROR, INFO, Finding, together


def test_there_and_back():
    """As JSON has it, and nothing that is another thing."""
    one = Finding("PKG001", "error", "alpha", "is damaged", ("/a", "/b"), "install it again")
    assert finding.from_json(json.loads(json.dumps(one.to_json()))) == one
    for other in ({}, {"code": "PKG001", "looked_in": []}, dict(one.to_json(), more=1), None):
        with pytest.raises((TypeError, KeyError)):
            finding.from_json(other)


def test_what_is_the_same_of_several_is_said_once():
    """In the order of the first; what differs in anything but the subject stays apart."""
    same = [Finding("RPM003", ERROR, name, "is signed with key 1", ("disc",), "import it") for name in "abb"]
    other = same[0]._replace(subject="c", message="is signed with key 2")
    wants = [Finding("RPM014", INFO, name, "requires the file /x") for name in "de"]
    assert together([same[0], other, *same[1:], *wants]) == [
        Finding("RPM003", ERROR, "a, b", "are signed with key 1", ("disc",), "import it"),
        other,
        Finding("RPM014", INFO, "d, e", "require the file /x"),
    ]
    assert together(()) == []

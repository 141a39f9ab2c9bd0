"""Findings, written down and read."""

import json

import pytest

from offkit.model import finding
from offkit.model.finding import Finding


def test_there_and_back():
    """As JSON has it, and nothing that is another thing."""
    one = Finding("PKG001", "error", "alpha", "is damaged", ("/a", "/b"), "install it again")
    assert finding.from_json(json.loads(json.dumps(one.to_json()))) == one
    for other in ({}, {"code": "PKG001", "looked_in": []}, dict(one.to_json(), more=1), None):
        with pytest.raises((TypeError, KeyError)):
            finding.from_json(other)

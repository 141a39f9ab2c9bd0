"""What was tried of a bundle, as its manifest tells it."""

import pytest

from offkit.model import proof
from offkit.model.proof import Proof

PASSED = Proof("closure", "2026-01-31T12:00:00Z", "CPython 3.6.15, glibc 2.17, CentOS", True, "3 pins")


def test_there_and_back():
    options = proof.to_options([PASSED, PASSED._replace(passed=False)])
    assert proof.from_options(options) == [PASSED, PASSED._replace(passed=False)]
    assert proof.to_options([]) == {}
    assert proof.from_options({}) == []


def test_for_people():
    assert PASSED.describe() == "closure passed on 2026-01-31 (CPython 3.6.15, glibc 2.17, CentOS): 3 pins"
    assert PASSED._replace(passed=False).describe().startswith("closure FAILED on")


@pytest.mark.parametrize("wrong", [
    None, {}, "passed", [None], [{}], [dict(PASSED._asdict(), passed="yes")],
    [dict(PASSED._asdict(), said=7)], [dict(PASSED._asdict(), more="")],
])  # fmt: skip
def test_what_has_another_form_is_no_proof(wrong):
    assert proof.from_options({"proofs": wrong}) == []

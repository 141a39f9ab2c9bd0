"""RECORD: what a distribution says of its files."""

import hashlib

import pytest

from offkit.model import record
from offkit.model.record import RecordedFile

DIGEST = record.encode(hashlib.sha256(b"data").digest())


def test_entries():
    """Paths in normal form, quoted commas, entries without hash or size, blank lines."""
    text = 'a/./b.py,sha256={},4\r\n"a,b.py",,\n\n../../../bin/x,sha256=abc,0\n'.format(DIGEST)
    assert record.entries(text) == [
        RecordedFile("a/b.py", "sha256", DIGEST, 4),
        RecordedFile("a,b.py", "", "", None),
        RecordedFile("../../../bin/x", "sha256", "abc", 0),
    ]


@pytest.mark.parametrize("text", ["a.py\n", "a.py,,x\n", ",,\n", "a\0b,,\n", "a,b,1,2\n"])
def test_what_is_no_record(text):
    """A line that is none is said, not skipped."""
    with pytest.raises(ValueError, match=r"is not a line of a RECORD|NUL"):
        record.entries(text)


@pytest.mark.parametrize(
    ("entry", "data", "same"),
    [
        (RecordedFile("a", "sha256", DIGEST, 4), b"data", True),
        (RecordedFile("a", "sha256", DIGEST + "=", 4), b"data", True),
        (RecordedFile("a", "sha256", DIGEST, 5), b"data", False),
        (RecordedFile("a", "sha256", DIGEST, None), b"dada", False),
        (RecordedFile("a", "", "", 4), b"dada", True),
        (RecordedFile("a", "", "", None), b"", True),
    ],
)
def test_contents(entry, data, same):
    """Size and hash, as far as they are recorded."""
    assert entry.matches([data[:2], data[2:]]) is same


def test_a_field_that_csv_refuses():
    """Is an error of ours."""
    with pytest.raises(ValueError, match="field larger than field limit"):
        record.entries('"' + "x" * 200000 + '",,\n')


def test_a_long_line_is_cut():
    """In what is said of it."""
    with pytest.raises(ValueError, match=r".") as caught:
        record.entries("x" * 200 + ",a\n")
    assert str(caught.value) == "{!r} is not a line of a RECORD".format("x" * 100)


def test_hashes_of_other_kinds_vouch_for_nothing():
    """Nor does a size that is right for a hash that is wrong."""
    assert RecordedFile("a", "md5", "x", 4).matches([b"data"])
    assert not RecordedFile("a", "md5", "x", 3).matches([b"data"])
    assert not RecordedFile("a", "sha256", "x", 4).matches([b"data"])
    assert not RecordedFile("a", "sha256", DIGEST, 0).matches([b"data"])
    assert record.entries("a.py,,\n") == [RecordedFile("a.py", "", "", None)]
    assert record.encode(b"\xff\xfe") == "__4"

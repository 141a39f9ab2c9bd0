"""RECORD: what a distribution says of its files."""

import hashlib
import re

import pytest

from offkit.model import record
from offkit.model.record import RecordedFile

DIGEST = record.encode(hashlib.sha256(b"data").digest())


def test_the_files():
    """Paths in normal form, quoted commas, entries without hash or size, blank lines."""
    text = 'a/./b.py,sha256={},4\r\n"a,b.py",,\n\n../../../bin/x,sha256=abc,0\n'.format(DIGEST)
    assert record.read(text) == (
        [
            RecordedFile("a/b.py", "sha256", DIGEST, 4),
            RecordedFile("a,b.py", "", "", None),
            RecordedFile("../../../bin/x", "sha256", "abc", 0),
        ],
        [],
    )


@pytest.mark.parametrize(
    "text",
    ["a.py\n", "a.py,,x\n", "a.py,,\u00b2\n", "a.py,," + "9" * 5000 + "\n"]
    + [",,\n", "a\0b,,\n", "a,b,1,2\n", "a,sha256=,\n"],
)
def test_what_is_no_record(text):
    """A line that is none is said, with its number, and not skipped."""
    found, wrong = record.read("b.py,,\n" + text)
    assert found == [RecordedFile("b.py", "", "", None)]
    assert [each.line for each in wrong] == [2]
    assert re.search(r"is not a RECORD line|NUL", str(wrong[0]))


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
    """Is an error of ours; nothing after it can be read."""
    found, wrong = record.read('a.py,,\n"' + "x" * 200000 + '",,\nb.py,,\n')
    assert [each.path for each in found] == ["a.py"]
    assert [(each.line, each.row) for each in wrong] == [(2, "")]
    assert "field larger than field limit" in str(wrong[0])


def test_a_long_line_is_cut():
    """In what is said of it."""
    _, wrong = record.read("x" * 200 + ",a\n")
    assert [str(each) for each in wrong] == ["{!r} is not a RECORD line".format("x" * 100)]


def test_a_name_with_a_line_break():
    """Is quoted, and one field."""
    found, wrong = record.read('"a\nb.py",,1\n\u2028.py,,2\n')
    assert ([each.path for each in found], wrong) == (["a\nb.py", "\u2028.py"], [])


@pytest.mark.parametrize("algorithm", record.HASHES)
def test_every_hash_that_is_allowed(algorithm):
    digest = record.encode(hashlib.new(algorithm, b"data").digest())
    assert RecordedFile("a", algorithm, digest, 4).matches([b"da", b"ta"])
    assert not RecordedFile("a", algorithm, digest, 4).matches([b"dada"])


def test_it_vouches_for_a_new_text():
    """Only the rows of changed files change; names with commas stay quoted."""
    data = b"#!/new\n"
    digest = record.encode(hashlib.sha256(data).digest())
    text = '../../../bin/tool,sha256=old,9\n"a,b.py",sha256=xyz,3\nx.dist-info/RECORD,,\n'
    amended = record.amended(text, "lib/python3.6/site-packages", {"bin/tool": data})
    assert amended == '../../../bin/tool,sha256={},7\n"a,b.py",sha256=xyz,3\nx.dist-info/RECORD,,\n'.format(
        digest
    )
    assert record.amended(text, "lib/python3.6/site-packages", {"bin/other": data}) == text


def test_hashes_of_other_kinds_vouch_for_nothing():
    """Nor does a size that is right for a hash that is wrong."""
    assert RecordedFile("a", "md5", "x", 4).matches([b"data"])
    assert not RecordedFile("a", "md5", "x", 3).matches([b"data"])
    assert not RecordedFile("a", "sha256", "x", 4).matches([b"data"])
    assert not RecordedFile("a", "sha256", DIGEST, 0).matches([b"data"])
    assert record.read("a.py,,\n") == ([RecordedFile("a.py", "", "", None)], [])
    assert record.encode(b"\xff\xfe") == "__4"

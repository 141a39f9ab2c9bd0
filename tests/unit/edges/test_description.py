"""Reading the file that --target names."""

import os

import pytest

from offkit.edges import description
from offkit.model.errors import UsageError

FIX = "give the file that 'offkit probe' wrote"


def refused(path):
    with pytest.raises(UsageError) as caught:
        description.read(str(path))
    return caught.value.message, caught.value.fix


def test_what_has_no_end(tmp_path):
    """A device would fill the memory, a pipe would be waited for: neither is opened."""
    os.mkfifo(str(tmp_path / "pipe"))
    for path in ("/dev/null", str(tmp_path / "pipe")):
        message = "--target: {} is a device or a pipe, not a file".format(path)
        assert refused(path) == (message, FIX)


def test_a_file_too_large(tmp_path):
    """A byte more than the limit, and no file grows for it: it is one hole."""
    path = tmp_path / "t.json"
    with open(str(path), "wb") as sink:
        sink.truncate(description.LIMIT + 1)
    message = "--target: {} has more than 64 MiB: that is no description of a server".format(path)
    assert refused(path) == (message, FIX)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_that_was_on_windows(tmp_path, encoding):
    """An editor has put a mark before it, or PowerShell has written it in its own encoding, with a mark."""
    mark = "\ufeff" if encoding.endswith("e") else ""
    (tmp_path / "t.json").write_bytes((mark + '{"system": "S\xfcd"}').encode(encoding))
    assert description.read(str(tmp_path / "t.json")) == {"system": "S\xfcd"}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is not JSON, or not all of it (Expecting value: line 1 column 1 (char 0))"),
        (b"[" * 100000, "it is nested too deeply"),
        (b'{"a": "\xff"}', "it is no text in UTF-8"),
        (b"\xff\xfe{", "it is no text in UTF-8"),
    ],
)
def test_what_is_no_document(tmp_path, content, why):
    """What it is instead, and what to do."""
    (tmp_path / "t.json").write_bytes(content)
    message = "{} cannot be read as a target: {}".format(tmp_path / "t.json", why)
    assert refused(tmp_path / "t.json") == (message, description.AGAIN)

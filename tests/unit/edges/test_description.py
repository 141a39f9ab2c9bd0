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

"""Finding what is still being made."""

import os

from offkit.badapple import unfinished
from offkit.edges import leftovers


def test_it_is_found_by_the_name_of_the_output(tmp_path, monkeypatch):
    """Its own output's part only, by a running process; a sweep knows the name, too."""
    output = str(tmp_path / "a b-1.txt")
    part = unfinished.path(output)
    assert os.path.dirname(part) == str(tmp_path)
    assert unfinished.of(output) == []
    for path in (part, part + ".0", unfinished.path(str(tmp_path / "other.txt"))):
        with open(path, "w"):
            pass
    assert unfinished.of(output) == [(part, os.getpid())]
    assert leftovers.sweep(str(tmp_path)) == []
    monkeypatch.setattr(leftovers, "is_running", lambda pid: False)
    assert unfinished.of(output) == []
    assert part in leftovers.sweep(str(tmp_path))


def test_a_long_name_still_fits():
    """255 bytes is what a file system takes."""
    part = unfinished.path("é" * 125 + ".txt")
    assert len(os.fsencode(os.path.basename(part))) < 240


def test_no_directory(tmp_path):
    """Nothing is made there."""
    assert unfinished.of(str(tmp_path / "none" / "a.txt")) == []

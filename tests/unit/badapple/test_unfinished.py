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


def test_of_several_processes(tmp_path, monkeypatch):
    """The newest last; one that has just been given its name is not among them."""
    output = str(tmp_path / "a.txt")
    mine = unfinished.path(output)
    parts = {pid: mine.replace("-{}.".format(os.getpid()), "-{}.".format(pid)) for pid in (11, 22, 33)}
    for pid, seconds in ((11, 2000), (22, 1000)):
        with open(parts[pid], "w"):
            pass
        os.utime(parts[pid], (seconds, seconds))
    names = [os.path.basename(parts[pid]) for pid in (33, 11, 22)]
    monkeypatch.setattr(os, "listdir", lambda directory: names)
    monkeypatch.setattr(leftovers, "is_running", lambda pid: True)
    assert unfinished.of(output) == [(parts[22], 22), (parts[11], 11)]


def test_a_host_that_is_called_as_a_process(tmp_path, monkeypatch):
    """Its number in the host's name, or in the output's, is not that of who makes it."""
    host = "web-{}".format(os.getpid())
    monkeypatch.setattr(leftovers, "_host", lambda: host)
    output = str(tmp_path / "a-{}.txt".format(os.getpid()))
    mine = unfinished.path(output)
    other = mine.replace("{}-{}.".format(host, os.getpid()), "{}-{}.".format(host, 1))
    for each in (mine, other, mine.replace(host, "web")):
        with open(each, "w"):
            pass
    monkeypatch.setattr(leftovers, "is_running", lambda pid: True)
    assert sorted(pid for _, pid in unfinished.of(output)) == [1, os.getpid()]


def test_a_long_name_still_fits():
    """255 bytes is what a file system takes."""
    part = unfinished.path("é" * 125 + ".txt")
    assert len(os.fsencode(os.path.basename(part))) < 240


def test_no_directory(tmp_path):
    """Nothing is made there."""
    assert unfinished.of(str(tmp_path / "none" / "a.txt")) == []

"""Where the player has its frames from: a file that is complete, and one that is being made."""

import os

import pytest

from offkit.badapple import unfinished
from offkit.model.errors import RequestError
from offkit.model.finding import Finding
from offkit.theatre.player import source as sources
from offkit.theatre.player.source import Source

HEAD = "total frame: {} / FPS: 25.0 / resolution: 8x6\n"


def frames(start, stop):
    return "".join("{}\n{:04d}\nefgh\nijkl\n".format(n, n) for n in range(start, stop))


def write(path, text, mode="w"):
    with open(path, mode) as target:
        target.write(text)


def first(source, number=0):
    """The first row of a frame, None where it is not there."""
    cells = source.cells(number)
    return None if cells is None else "".join(map(chr, cells.glyphs[0]))


@pytest.fixture
def names(tmp_path):
    output = str(tmp_path / "a.txt")
    return output, unfinished.path(output)


def test_a_complete_one(names):
    """All is known of it at once, and it does not change; what is damaged is an error."""
    output, _ = names
    write(output, HEAD.format(3) + frames(0, 3))
    with open(output, "r+b") as target:
        target.seek(-10, os.SEEK_END)
        target.write(b"\xff\n" * 4)
    source = Source(output)
    assert (source.complete, source.frames, source.facts.fps) == (True, 3, 25.0)
    assert source.look.grid == (3, 4)
    assert first(source, 1) == "0001"
    source.refresh()
    assert first(source) == "0000"
    with pytest.raises(RequestError):
        source.cells(2)
    source.close()
    with pytest.raises(RequestError):
        Source(output + ".none")


def test_one_that_is_being_made(names):
    """Nothing is known before there is something; then its frames as they come; then it is complete."""
    output, part = names
    source = Source(output, part, os.getpid())
    source.refresh()
    assert (source.complete, source.look, source.facts, source.frames, first(source)) == (
        False,
        None,
        None,
        0,
        None,
    )
    write(part, "total")
    source.refresh()
    assert source.look is None
    write(part, HEAD.format(4) + frames(0, 2))
    source.refresh()
    reader = source._reader
    assert (source.complete, source.frames, first(source, 1), first(source, 2)) == (False, 4, "0001", None)
    write(part, "2\n\xff\xff\n", "a")
    source.refresh()
    assert source._reader is reader
    assert first(source, 2) is None  # it is being written at this moment
    write(part, HEAD.format(4) + frames(0, 4))
    closed = []
    real = reader.close
    reader.close = lambda: closed.append(real())
    os.rename(part, output)
    source.refresh()
    assert (source.complete, first(source, 3), closed) == (True, "0003", [None])
    source.refresh()
    source.close()
    Source(output, part, os.getpid()).close()  # there is nothing to close yet


def test_one_of_that_name_that_was_there_before(names):
    """Not taken for the new one, until that takes its place."""
    output, part = names
    write(output, HEAD.format(1) + "0\nold.\nefgh\nijkl\n")
    source = Source(output, part, os.getpid())
    source.refresh()
    assert (source.complete, source.look) == (False, None)
    write(part, HEAD.format(1) + frames(0, 1))
    os.rename(part, output)
    source.refresh()
    assert (source.complete, first(source)) == (True, "0000")
    source.close()


@pytest.mark.parametrize("begun", [False, True])
def test_whoever_made_it_is_gone(names, begun):
    """Told with the output's name, whether or not there was something; but a complete one is taken."""
    output, part = names
    source = Source(output, part, os.getpid())
    if begun:
        write(part, HEAD.format(4) + frames(0, 2))
        source.refresh()
    source._maker = 1 << 30  # nobody has that number
    with pytest.raises(RequestError) as caught:
        source.refresh()
    text = "the process that was making this conversion ended before it was complete"
    fix = "run again what was making it, with the same video and options"
    assert caught.value.message == text
    assert caught.value.findings == (Finding("VID022", "error", output, text, (), fix),)
    write(output, HEAD.format(1) + frames(0, 1))
    source.refresh()
    assert source.complete
    source.close()


def test_a_part_that_is_gone(names, monkeypatch):
    """Its maker runs, and has given up; or it has renamed it between our two looks."""
    output, part = names
    source = Source(output, part, os.getpid())
    source.refresh()  # not yet there is no sign of that
    write(part, HEAD.format(4) + frames(0, 2))
    source.refresh()
    os.unlink(part)
    with pytest.raises(RequestError, match="ended before it was complete"):
        source.refresh()
    looks = [None, (1, 2, 3)]
    monkeypatch.setattr(sources, "_identity", lambda path: looks.pop(0))
    source.refresh()
    assert (looks, source.complete) == ([], False)
    source.close()


def test_the_same_file_written_anew_is_another(names):
    """By its place, its number and its time."""
    output, _ = names
    assert sources._identity(output) is None
    write(output, "x")
    status = os.stat(output)
    assert sources._identity(output) == (status.st_dev, status.st_ino, status.st_mtime_ns)
    os.utime(output, (1, 1))
    assert sources._identity(output) == (status.st_dev, status.st_ino, 10**9)

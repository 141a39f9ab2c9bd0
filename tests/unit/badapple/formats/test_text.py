"""The text file: its bytes, its reader, and reading it while it is being made."""

import re

import numpy as np
import pytest

import films
from offkit.badapple.formats import catalogue
from offkit.badapple.formats.base import Facts
from offkit.badapple.formats.cells import CHARACTERS, HALF, MONO, SIXTEEN, Cells, Grid, Look
from offkit.badapple.formats.damage import TooEarly
from offkit.badapple.formats.text import Text
from offkit.model.errors import RequestError

PLAIN = Look(Grid(2, 3))


def plain(frames, dots="."):
    return [Cells(np.full((2, 3), ord(dots[number % len(dots)]), np.uint16)) for number in range(frames)]


def slow(frames, fps="30.0"):
    """The whole file of ``plain``, written the slow way."""
    lines = ["total frame: {} / FPS: {} / resolution: 64x48\n".format(frames, fps)]
    for number in range(frames):
        lines.append("{}\n".format(number))
        lines += ["...\n"] * 2
    return "".join(lines).encode("ascii")


def test_the_first_line_is_the_known_one():
    """What players of this form look for, to the letter."""
    assert Text(PLAIN, Facts(30, 512, 384)).head(6572) == (
        b"total frame: 6572 / FPS: 30.0 / resolution: 512x384\n"
    )


@pytest.mark.parametrize("frames", [1, 9, 10, 11, 99, 100, 101, 1000, 1234])
def test_every_frame_is_where_the_layout_says(tmp_path, frames):
    """Also where the number grows by a digit."""
    form = films.write(tmp_path / "a.txt", "text", PLAIN, plain(frames))
    text = (tmp_path / "a.txt").read_bytes()
    assert text == slow(frames)
    assert len(form.head(frames)) + form.offset(frames) == len(text)
    for number in range(frames):
        assert text[len(form.head(frames)) + form.offset(number) :].startswith(b"%d\n..." % number)


@pytest.mark.parametrize(
    ("look", "size"),
    [
        (PLAIN, 1),
        (PLAIN._replace(ramp="àéî"), 2),
        (PLAIN._replace(ramp="░▒▓█"), 3),
        (PLAIN._replace(ramp=" ░▒▓█"), 0),
        (PLAIN._replace(mode=HALF), 3),
        (PLAIN._replace(colour=SIXTEEN), 0),
    ],
)
def test_where_offsets_are_known(look, size):
    """Where every character has as many bytes."""
    form = Text(look, films.FACTS)
    assert form.cell_size == size
    assert (form.offset(11) is None) == (size == 0)
    if size:
        assert form.offset(11) == 11 * (1 + 2 * (3 * size + 1)) + 12


def test_colours_as_terminals_show_them():
    """Runs share a sequence, and every row ends as it found the terminal."""
    ink = np.array([[1, 1, 12], [12, 0, 0]], np.uint8)
    glyphs = np.array([[35, 35, 35], [46, 46, 46]], np.uint16)
    data = Text(PLAIN._replace(colour=SIXTEEN), films.FACTS).frame(7, Cells(glyphs, ink), None)
    assert data == b"7\n\033[31m##\033[94m#\033[0m\n\033[94m.\033[30m..\033[0m\n"
    indexed = Text(PLAIN._replace(colour="256"), films.FACTS).frame(7, Cells(glyphs, ink), None)
    assert indexed.startswith(b"7\n\033[38;5;1m##\033[38;5;12m#\033[0m\n")
    rgb = np.repeat(ink[..., None], 3, axis=2) * np.array([1, 10, 20], np.uint8)
    true = Text(PLAIN._replace(colour="true", mode=HALF), films.FACTS)
    data = true.frame(7, Cells(np.full((2, 3), 0x2580, np.uint16), rgb, rgb), None)
    assert data.startswith("7\n\033[38;2;1;10;20m\033[48;2;1;10;20m▀▀\033[38;2;12;120;240m".encode())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: b"", "does not begin like one"),
        (lambda text: b"Dear diary\n", "does not begin like one"),
        (lambda text: text[:-1], "frame"),
        (lambda text: text + b"\n", "frames"),
        (lambda text: text.replace(b"\n0\n", b"\n1\n", 1), "frame 0 does not follow"),
        (lambda text: text.split(b"\n")[0] + b"\n", "frame 0 does not follow"),
        (lambda text: text.replace(b"frame: 12", b"frame: 0"), "holds no frames"),
        (lambda text: text.replace(b"frame: 12", b"frame: 13"), "12 of 13 frames"),
        (lambda text: text.replace(b"\n7\n", b"\n8\n"), "frame 7 is damaged"),
        (lambda text: text[:100] + b"\0" + text[101:], "damaged"),
        (lambda text: re.sub(rb"\n1\n.*", b"\n", text, flags=re.DOTALL), "frame 1 is missing"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, change, why):
    """Cut, extended, empty, changed, or somebody else's."""
    path = tmp_path / "a.txt"
    path.write_bytes(change(slow(12)))
    with pytest.raises(RequestError) as caught:
        films.read(path)
    assert why in caught.value.message
    assert caught.value.findings[0].code == "VID010"


def test_a_missing_file_is_named(tmp_path):
    """No traceback for a name that is not there."""
    with pytest.raises(RequestError, match=r"cannot read .*: No such file"):
        catalogue.open_reader(str(tmp_path / "none.txt"))


def test_reading_with_holes(tmp_path):
    """Several workers write into it, and the first line may claim too much."""
    path = tmp_path / "a.txt"
    whole = slow(12)
    form = Text(PLAIN, films.FACTS)
    start = len(form.head(12))
    path.write_bytes(b"")
    with pytest.raises(RequestError):
        catalogue.open_reader(str(path), growing=True)
    for early in (form.head(12), whole[: start + 2], whole[: start + form.offset(1)]):
        path.write_bytes(early)
        with pytest.raises(TooEarly):
            catalogue.open_reader(str(path), growing=True)
    first, six, seven = (start + form.offset(number) for number in (2, 6, 7))
    path.write_bytes(whole[:first])
    reader = catalogue.open_reader(str(path), growing=True)
    assert not reader.complete
    films.assert_same(reader.cells(1), plain(1)[0])
    assert reader.cells(2) is None
    with path.open("r+b") as part:
        part.seek(six)
        part.write(whole[six:seven])
    films.assert_same(reader.cells(6), plain(1)[0])
    assert [reader.cells(number) for number in (2, 5, 7, 11, 12)] == [None] * 5
    path.write_bytes(whole)
    films.assert_same(reader.cells(11), plain(1)[0])
    reader.close()


def test_reading_parts(tmp_path):
    """Where sizes are not known every worker writes a file of its own."""
    look = Look(films.GRID, CHARACTERS, "256")
    film = films.cells(look, 20)
    form = Text(look, films.FACTS)
    frames = films.records(form, film)
    path = tmp_path / "a.part"
    path.write_bytes(form.head(20))
    with pytest.raises(TooEarly):
        catalogue.open_reader(str(path), growing=True)
    part = [tmp_path / "a.part.0", tmp_path / "a.part.1"]
    part[0].write_bytes(frames[0] + frames[1] + frames[2][:50])
    reader = catalogue.open_reader(str(path), growing=True)
    assert reader.look == look._replace(ramp="")
    films.assert_same(reader.cells(1), film[1])
    assert reader.cells(2) is None
    part[1].write_bytes(frames[10])
    films.assert_same(reader.cells(10), film[10])
    part[0].write_bytes(b"".join(frames[:10]))
    part[1].write_bytes(b"".join(frames[10:]))
    for number in (2, 9, 11, 19):
        films.assert_same(reader.cells(number), film[number])
    reader.close()


def test_the_rate_survives(tmp_path):
    """To the last digit."""
    facts = Facts(30000 / 1001, 640, 360)
    films.write(tmp_path / "a.txt", "text", PLAIN, plain(3), facts)
    reader = catalogue.open_reader(str(tmp_path / "a.txt"))
    assert (reader.facts, reader.look, reader.frames) == (facts, PLAIN._replace(ramp=""), 3)
    assert reader.look.colour == MONO
    reader.close()

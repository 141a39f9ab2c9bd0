"""What every format of a conversion can do."""

import hashlib
import json
import pickle

import numpy as np
import pytest

import films
from offkit.badapple.formats import catalogue
from offkit.badapple.formats import look as looks
from offkit.badapple.formats.about import glyphs, inks
from offkit.badapple.formats.cells import CHARACTERS, HALF, SIXTEEN, Cells, Grid, Look
from offkit.badapple.formats.damage import TooEarly
from offkit.model.errors import UsageError
from offkit.theatre import page as html
from offkit.theatre.asciicast import ENTER, LEAVE, Cast

LOOKS = [Look(films.GRID, mode, colour) for mode in films.MODES for colour in films.COLOURS]
LOOKS += [
    Look(films.GRID, CHARACTERS, "256", " ░▒▓█"),
    Look(films.GRID, ramp="\"\\<&'>~ "),
    Look(films.GRID, ramp=looks.RAMPS["long"], invert=True),
    Look(Grid(1, 1), ramp="01"),
    Look(Grid(1, 1), HALF, SIXTEEN),
    Look(Grid(3, 300), HALF, "true"),
]


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("name", sorted(catalogue.formats()))
def test_what_is_written_is_read(tmp_path, name, look):
    """Every cell of every frame, in order and out of it."""
    film = films.cells(look, 5)
    films.write(tmp_path / "film", name, look, film)
    reader = catalogue.open_reader(str(tmp_path / "film"))
    assert (reader.frames, reader.complete, reader.facts) == (5, True, films.FACTS)
    assert reader.look._replace(ramp="", invert=False) == look._replace(ramp="", invert=False)
    for number in (0, 1, 2, 4, 3, 3, 0):
        films.assert_same(reader.cells(number), film[number])
    assert reader.cells(5) is None
    assert reader.cells(-1) is None
    reader.close()


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[6]], ids=str)
@pytest.mark.parametrize("name", ["cast", "html"])
def test_whole_frames_now_and_then(tmp_path, name, look):
    """They do not depend on the frame before, and seeking begins at them."""
    film = films.cells(look, 20) * 16
    form = films.write(tmp_path / "film", name, look, film)
    assert form.frame(300, film[300], film[299]) == form.frame(300, film[300], film[0])
    assert form.frame(301, film[301], film[301]) != form.frame(300, film[301], film[301])
    reader = catalogue.open_reader(str(tmp_path / "film"))
    for number in (319, 150, 149, 300, 299):
        films.assert_same(reader.cells(number), film[number])
    reader.close()


@pytest.mark.parametrize(
    ("name", "digest"),
    [("text", "3d357a9671f0dc3c"), ("cast", "2ba0cd6e2e309e73"), ("html", "2d40ea532fe38896")],
)
def test_bytes_are_the_same_on_every_python(name, digest):
    """And with every numpy: nothing of a version, a hash seed or a locale is in a file."""
    found, random = hashlib.sha256(), np.random.RandomState(1)
    for look in LOOKS:
        codes = np.array(glyphs(look), np.uint16)
        shape = look.grid + ((3,) if look.colour == "true" else ())
        film = []
        for _ in range(2):
            planes = [(random.randint(0, 16, shape) * 3 % 16).astype(np.uint8) for _ in range(inks(look))]
            film.append(Cells(codes[random.randint(0, len(codes), look.grid)], *planes))
        form = catalogue.make(name, look, films.FACTS._replace(fps=30000 / 1001))
        for data in films.records(form, film):
            found.update(data)
    assert found.hexdigest()[:16] == digest


@pytest.mark.parametrize("name", sorted(catalogue.formats()))
def test_a_format_goes_to_a_worker(name):
    """And comes out of it the same; its name and suffix are known."""
    look = Look(films.GRID, colour="256")
    film = films.cells(look, 3)
    form = catalogue.make(name, look, films.FACTS)
    sent = pickle.loads(pickle.dumps(form))
    assert films.records(sent, film) == films.records(form, film)
    assert catalogue.by_suffix("a/B" + form.suffix.upper()) == name
    assert catalogue.by_suffix("a/b") == "text"


@pytest.mark.parametrize("name", sorted(catalogue.formats()))
@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[7]], ids=str)
def test_a_cut_file_is_found(tmp_path, name, look):
    """Wherever it ends: VID010, and no traceback."""
    films.write(tmp_path / "film", name, look, films.cells(look, 4))
    whole = (tmp_path / "film").read_bytes()
    assert catalogue.is_ours(str(tmp_path / "film"))
    for cut in np.random.RandomState(5).randint(0, len(whole), 60):
        (tmp_path / "film").write_bytes(whole[:cut])
        assert films.problems(tmp_path / "film") == ["VID010"]


@pytest.mark.parametrize("name", sorted(catalogue.formats()))
@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[7]], ids=str)
def test_a_changed_file_is_found(tmp_path, name, look):
    """Whatever bit of it is another: VID010, unless it is another film by now."""
    form = films.write(tmp_path / "film", name, look, films.cells(look, 4))
    whole = (tmp_path / "film").read_bytes()
    end = len(whole) - (len(form.foot(4)) if name == "html" else 0)
    random = np.random.RandomState(5)
    count = 0
    for place in random.randint(0, end, 200):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << random.randint(8)
        (tmp_path / "film").write_bytes(flipped)
        found = films.problems(tmp_path / "film")
        assert found in ([], ["VID010"])
        count += len(found)
    assert count > 20


def test_other_files_are_not_ours(tmp_path):
    """They are never overwritten."""
    for content in (b"", b'{"version": 2}\n', b"<!DOCTYPE html>\n<p>", b"\0\0\0\x14ftypqt  ", b"total frame"):
        (tmp_path / "a").write_bytes(content)
        assert not catalogue.is_ours(str(tmp_path / "a"))


def test_a_page_is_read_when_it_is_complete(tmp_path):
    """The player waits for its end."""
    films.write(tmp_path / "film", "html", LOOKS[0], films.cells(LOOKS[0], 2))
    with pytest.raises(TooEarly):
        catalogue.open_reader(str(tmp_path / "film"), growing=True)


def test_an_unknown_format():
    """The ones there are are named."""
    with pytest.raises(UsageError, match="unknown format gif") as caught:
        catalogue.make("gif", LOOKS[0], films.FACTS)
    assert "text, cast, html" in caught.value.fix


def test_a_cast_is_what_asciinema_wants(tmp_path):
    """asciicast v2: a header, then events in order of time; the terminal is left as it was."""
    look = Look(films.GRID, colour="256", ramp=' "\\#')
    film = films.cells(look, 4)
    films.write(tmp_path / "a.cast", "cast", look, film)
    head, *events = map(json.loads, (tmp_path / "a.cast").read_text(encoding="utf-8").splitlines())
    assert (head["version"], head["width"], head["height"]) == (2, 16, 6)
    assert "timestamp" not in head
    assert [event[0] for event in events] == [0, 0.033333, 0.066667, 0.1, 0.133333]
    assert {event[1] for event in events} == {"o"}
    assert events[0][2].startswith(ENTER.decode() + "\033[1;1H\033[38;5;")
    assert all(event[2].endswith("\033[0m") for event in events[:-1])
    assert events[-1][2] == LEAVE.decode()


def test_a_still_picture_costs_nothing():
    """Nothing changed: nothing is sent."""
    film = films.cells(LOOKS[2], 2)
    assert Cast(LOOKS[2], films.FACTS).frame(1, film[1], film[1]) == b'[0.033333, "o", ""]\n'
    assert len(html.Html(LOOKS[2], films.FACTS).frame(1, film[1], film[1])) == 13


def test_a_cast_while_it_is_being_made(tmp_path):
    """In parts, the second of which begins in the middle."""
    film = films.cells(LOOKS[2], 20)
    form = Cast(LOOKS[2], films.FACTS)
    frames = films.records(form, film)
    (tmp_path / "a").write_bytes(form.head(20))
    reader = catalogue.open_reader(str(tmp_path / "a"), growing=True)
    assert (reader.frames, reader.complete, reader.cells(0)) == (0, False, None)
    (tmp_path / "a.0").write_bytes(b"".join(frames[:2]) + frames[2][:9])
    (tmp_path / "a.1").write_bytes(b"".join(frames[10:12]))
    films.assert_same(reader.cells(1), film[1])
    assert [reader.cells(number) for number in (2, 9, 10, 12)] == [None] * 4
    (tmp_path / "a.0").write_bytes(b"".join(frames[:10]))
    films.assert_same(reader.cells(11), film[11])
    assert reader.frames == 12
    reader.close()


def test_a_page_asks_nobody(tmp_path):
    """No address but its own, no script that a ramp could end."""
    look = Look(films.GRID, ramp=" </script>"[:9])
    films.write(tmp_path / "a.html", "html", look, films.cells(look, 2))
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert text.count("</script>") == 3
    assert "//" not in text.replace("// ", "")
    assert "@ABOUT@" not in text


def test_rows_of_two_sizes_that_add_up(tmp_path):
    """3 + 5 + 7 bytes, newlines included, are as many as five rows of 3."""
    shown = Look(Grid(3, 2), ramp=" ░▒▓█")
    form = catalogue.make("text", shown, films.FACTS)
    rows = [[0x20, 0x20], [0x20, 0x2591], [0x2591, 0x2591]]
    frames = [Cells(np.array(one, np.uint16)) for one in (rows, rows)]
    path = tmp_path / "a.txt"
    path.write_bytes(form.head(2) + b"".join(form.frame(n, cells, None) for n, cells in enumerate(frames)))
    reader = catalogue.open_reader(str(path))
    assert reader.look.grid == shown.grid
    for number, cells in enumerate(frames):
        assert np.array_equal(reader.cells(number).glyphs, cells.glyphs)
    reader.close()

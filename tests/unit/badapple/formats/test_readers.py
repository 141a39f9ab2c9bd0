"""Formats to the byte, and their readers where a file is odd: what is said of it, and that nothing stays open."""

import binascii
import json
import os

import numpy as np
import pytest

import films
from offkit.badapple.formats import base, catalogue, growing, palette, sgr, text, textreader
from offkit.badapple.formats.about import describe
from offkit.badapple.formats.base import Facts
from offkit.badapple.formats.cells import (
    BRAILLE,
    CHARACTERS,
    HALF,
    INDEXED,
    MONO,
    SIXTEEN,
    TRUE,
    Cells,
    Grid,
    Look,
)
from offkit.badapple.formats.damage import TooEarly
from offkit.model.errors import RequestError
from offkit.theatre import asciicast_reader as castreader
from offkit.theatre import page as html
from offkit.theatre import page_reader as htmlreader
from offkit.theatre import spans
from offkit.theatre.asciicast import ENTER, LEAVE, Cast, changed

NUMBERS = Facts(30.0, 64, 48)


def line(letters, *inks):
    """One row of cells."""
    glyphs = np.array([[ord(letter) for letter in letters]], np.uint16)
    return Cells(glyphs, *(np.array([ink], np.uint8) for ink in inks))


def handles():
    return len(os.listdir("/proc/self/fd"))


# What a format is unless it says otherwise.


def test_a_format_of_nothing():
    """No head, no foot, no known place; frames stand alone."""
    form = base.Format(Look(Grid(1, 1)), NUMBERS)
    assert (form.name, form.suffix, form.delta) == ("", "", False)
    assert (form.head(3), form.foot(3), form.offset(3)) == (b"", b"", None)
    assert (form.look, form.facts) == (Look(Grid(1, 1)), NUMBERS)
    base.Reader().close()


def test_formats_and_what_they_want():
    """Their names and suffixes, and which want the frame before."""
    made = [(name, form.name, form.suffix, form.delta) for name, form in catalogue.formats().items()]
    assert made == [
        ("text", "text", ".txt", False),
        ("cast", "cast", ".cast", True),
        ("html", "html", ".html", True),
    ]
    assert tuple(suffix for _, _, suffix, _ in made) == catalogue.suffixes()
    assert [catalogue.by_suffix("a" + suffix) for suffix in catalogue.suffixes()] == list(catalogue.formats())


def test_what_tells_a_file(tmp_path):
    """Its first 512 bytes; and the system says why they cannot be read."""
    path = tmp_path / "a"
    path.write_bytes(bytes(1000))
    assert catalogue.start(str(path)) == bytes(512)
    with pytest.raises(RequestError) as caught:
        catalogue.start(str(tmp_path))
    assert caught.value.message == "cannot read {}: Is a directory".format(tmp_path)
    with pytest.raises(RequestError) as caught:
        catalogue.open_reader(str(path))
    assert caught.value.message == "not a complete conversion: it does not begin like one"


@pytest.mark.parametrize("kind", [growing.Part, growing.Parts])
def test_a_file_that_is_not_there(tmp_path, kind):
    """No traceback, the system's reason."""
    path = str(tmp_path / "none")
    with pytest.raises(RequestError) as caught:
        growing.existing(kind, path, *([False] if kind is growing.Parts else []))
    assert caught.value.message == "cannot read {}: No such file or directory".format(path)


# asciicast.


def cast(look, fps=30.0):
    return Cast(look, Facts(fps, 64, 48))


def sent(record):
    moment, kind, data = json.loads(record.decode("utf-8"))
    assert kind == "o"
    return moment, data


def test_how_a_cast_begins_and_ends():
    """With what asciinema wants and what our reader wants; it leaves the terminal as it was."""
    look = Look(Grid(2, 3), HALF, SIXTEEN)
    form = cast(look)
    assert json.loads(form.head(9).decode("ascii")) == {
        "version": 2,
        "width": 3,
        "height": 2,
        "env": {"TERM": "xterm-256color"},
        "offkit": describe(look, NUMBERS),
    }
    assert form.head(9).endswith(b"}\n")
    assert sent(form.foot(60)) == (2.0, LEAVE.decode())
    assert ENTER == b"\033[?1049h\033[?25l\033[2J"
    assert LEAVE == b"\033[0m\033[?25h\033[?1049l"
    first = form.frame(0, Cells(np.full((2, 3), 0x2580, np.uint16), *[np.zeros((2, 3), np.uint8)] * 2), None)
    assert sent(first)[1].startswith(ENTER.decode() + "\033[1;1H")


@pytest.mark.parametrize(
    ("fps", "number", "moment"),
    [
        (30.0, 1, b"0.033333"),
        (30.0, 2, b"0.066667"),
        (24000 / 1001.0, 24000, b"1001.000000"),
        (0.5, 3, b"6.000000"),
    ],
)
def test_when_a_frame_is_sent(fps, number, moment):
    """To the microsecond."""
    assert cast(Look(Grid(1, 1)), fps).foot(number).startswith(b"[" + moment + b', "o", ')


def test_what_is_sent_of_a_change():
    """The cells that differ, and up to six between them that do not; each row by itself."""
    form = cast(Look(Grid(2, 12)))
    old = Cells(np.full((2, 12), 46, np.uint16))

    def change(*places):
        glyphs = old.glyphs.copy()
        for row, column in places:
            glyphs[row, column] = 35
        return sent(form.frame(1, Cells(glyphs), old))[1]

    assert change() == ""
    assert change((0, 0)) == "\033[1;1H#"
    assert change((1, 11)) == "\033[2;12H#"
    assert change((0, 2), (0, 9)) == "\033[1;3H#......#"
    assert change((0, 2), (0, 10)) == "\033[1;3H#\033[1;11H#"
    assert change((0, 11), (1, 0)) == "\033[1;12H#\033[2;1H#"
    assert change((0, 5), (1, 5)) == "\033[1;6H#\033[2;6H#"


def test_colours_of_a_change():
    """Of ink and paper; what was set is unset at the end."""
    look = Look(Grid(1, 3), HALF, INDEXED)
    old, new = line("▀▀▀", [1, 1, 1], [2, 2, 2]), line("▀▀▀", [1, 7, 1], [2, 2, 9])
    assert changed(new, old).tolist() == [[False, True, True]]
    assert changed(new, None).tolist() == [[True] * 3]
    assert sent(cast(look).frame(1, new, old))[1] == (
        "\033[1;2H\033[38;5;7m\033[48;5;2m▀\033[38;5;1m\033[48;5;9m▀\033[0m"
    )
    old, new = (line("▀", [[1, 2, 3]], [[1, 2, end]]) for end in (3, 4))
    assert changed(new, old).tolist() == [[True]]
    assert changed(new, new).tolist() == [[False]]
    one, other = (Cells(np.array([[35]], np.uint16), np.array([[number]], np.uint8)) for number in (1, 2))
    assert changed(one, other).tolist() == [[True]]


def test_characters_that_json_escapes():
    """Quote, backslash and escape; others as UTF-8."""
    data = cast(Look(Grid(1, 3), ramp='"\\é')).frame(1, line('"\\é'), None)
    assert data == b'[0.033333, "o", "\\u001b[1;1H\\"\\\\\xc3\xa9"]\n'


def test_far_rows_and_columns():
    """Up to four digits."""
    form = cast(Look(Grid(1, 4000)))
    old = Cells(np.full((1, 4000), 46, np.uint16))
    new = Cells(old.glyphs.copy())
    new.glyphs[0, 3999] = 35
    assert sent(form.frame(1, new, old))[1] == "\033[1;4000H#"


CAST = Look(Grid(2, 4), CHARACTERS, INDEXED)


def cast_file(tmp_path, change=lambda lines: lines):
    path = tmp_path / "a.cast"
    films.write(path, "cast", CAST, films.cells(CAST, 3))
    lines = path.read_bytes().split(b"\n")[:-1]
    path.write_bytes(b"".join(one + b"\n" for one in change(lines)))
    return path


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda lines: lines[:-1], "its end is missing"),
        (lambda lines: lines[:1], "its end is missing"),
        (lambda lines: [*lines, lines[-1]], "its end is missing"),
        (
            lambda lines: [lines[0].replace(b'"fps"', b'"fpx"'), *lines[1:]],
            "its first line does not say what it is",
        ),
        (lambda lines: [lines[0] + b"}", *lines[1:]], "its first line does not say what it is"),
        (lambda lines: [*lines[:2], lines[2].replace(b'"]', b'x"]'), *lines[3:]], "frame 1 is damaged"),
        (lambda lines: [*lines[:2], b"[0.033333]", *lines[3:]], "frame 1 is damaged"),
        (lambda lines: [*lines[:2], b'[0.033333, "o", 5]', *lines[3:]], "frame 1 is damaged"),
        (lambda lines: [*lines[:2], b'[0.033333, "o", "#"]', *lines[3:]], "frame 1 is damaged"),
        (lambda lines: [*lines[:2], b'[0.033333, "o", "\\u001b[9;9H#"]', *lines[3:]], "frame 1 is damaged"),
        (lambda lines: [*lines[:2], b'[0.033333, "o", "\\u001b[0;1H#"]', *lines[3:]], "frame 1 is damaged"),
        (lambda lines: [*lines[:2], b'[0.033333, "o", "\\u001b[1;1H"]', *lines[3:]], "frame 1 is damaged"),
        (lambda lines: [*lines[:2], b'[0.033333, "o", "\\u001b["]', *lines[3:]], "frame 1 is damaged"),
        (lambda lines: [*lines[:2], b"\xff", *lines[3:]], "frame 1 is damaged"),
    ],
)
def test_a_cast_that_is_odd(tmp_path, change, why):
    """Said with what is wrong, and it does not stay open."""
    path, before = cast_file(tmp_path, change), handles()
    with pytest.raises(RequestError) as caught:
        films.read(path)
    assert caught.value.message == "not a complete conversion: " + why
    assert handles() == before


def test_a_cast_that_has_just_begun(tmp_path):
    """Its first line is not there yet; a line that is no frame is not counted."""
    path = tmp_path / "a"
    head = Cast(CAST, films.FACTS).head(3)
    path.write_bytes(head[:-1])
    before = handles()
    with pytest.raises(TooEarly, match="the first line is not there yet"):
        catalogue.open_reader(str(path), growing=True)
    assert handles() == before
    path.write_bytes(head + b"nonsense\n")
    reader = catalogue.open_reader(str(path), growing=True)
    assert reader.cells(0) is None
    reader.close()
    assert handles() == before


def test_a_cast_begins_where_it_must(tmp_path):
    """A frame that was read is not read again; going on costs one, going back costs all from the whole one."""
    path = tmp_path / "a.cast"
    film = films.cells(CAST, 4) * 40
    films.write(path, "cast", CAST, film)
    reader = catalogue.open_reader(str(path))
    asked = []
    record = reader._parts.record
    reader._parts.record = lambda number: asked.append(number) or record(number)
    for number, read in (
        (2, [0, 1, 2]),
        (2, []),
        (3, [3]),
        (5, [4, 5]),
        (4, [0, 1, 2, 3, 4]),
        (151, [150, 151]),
    ):
        del asked[:]
        films.assert_same(reader.cells(number), film[number])
        assert asked == read
    reader.close()


def test_which_casts_are_ours():
    """By their first bytes."""
    assert castreader.is_ours(Cast(CAST, films.FACTS).head(1)[:512])
    assert not castreader.is_ours(b'{"env": {"TERM": "xterm-256color"}, "height": 5}')
    assert not castreader.is_ours(b'{"version": 2, "offkit": {')


# HTML.


def test_what_a_page_says():
    """Its look, what characters there are, and which colours their places mean."""

    def about(look):
        data = html.Html(look, NUMBERS).head(9).decode("utf-8")
        begin = data.index('id="about">\n') + len('id="about">\n')
        return json.loads(data[begin : data.index("\n</script>", begin)])

    found = about(Look(Grid(2, 3), HALF, INDEXED))
    colours = found.pop("palette")
    assert found == dict(
        describe(Look(Grid(2, 3), HALF, INDEXED), NUMBERS), inks=2, whole=150, glyphs="\u2007▀▄█"
    )
    assert colours == ["%02x%02x%02x" % tuple(rgb) for rgb in palette.colours().tolist()]
    assert colours[9] == "ff0000"
    assert len(about(Look(Grid(2, 3), colour=SIXTEEN))["palette"]) == 256
    assert [about(Look(Grid(2, 3), colour=colour))["palette"] for colour in (MONO, TRUE)] == [[], []]


def test_what_a_page_says_is_in_order():
    """So that the same film is the same file; and no ramp can end the script that it stands in."""
    data = html.Html(Look(Grid(1, 2), ramp=" <"), NUMBERS).head(1).decode("utf-8")
    text_ = data[data.index('id="about">') + 12 :].partition("</script>")[0]
    said = json.loads(text_)
    assert list(said) == sorted(said)
    assert (said["ramp"], "<" in text_, text_.count("\\u003c")) == (" <", False, 2)


def test_a_frame_of_a_page():
    """Base64 of what changed in each plane, characters by their place; every 150th is whole."""
    form = html.Html(Look(Grid(1, 3), HALF, SIXTEEN), NUMBERS)
    old, new = line("▀▄█", [1, 2, 3], [4, 5, 6]), line("▀▄\u2007", [1, 2, 9], [4, 5, 6])

    def planes(cells):
        codes = [[0x2007, 0x2580, 0x2584, 0x2588].index(code) for code in cells.glyphs[0]]
        return [np.array(one, np.uint8) for one in (codes, cells.ink[0], cells.paper[0])]

    change = b"".join(spans.pack(one, other) for one, other in zip(planes(new), planes(old)))
    whole = b"".join(spans.pack(one, np.zeros(3, np.uint8)) for one in planes(new))
    assert form.frame(1, new, old) == form.frame(149, new, old) == binascii.b2a_base64(change)
    assert form.frame(0, new, old) == form.frame(150, new, old) == binascii.b2a_base64(whole)
    assert form.frame(7, new, None) == binascii.b2a_base64(whole)


PAGE = Look(Grid(2, 4))


def page_file(tmp_path, change):
    path = tmp_path / "a.html"
    films.write(path, "html", PAGE, films.cells(PAGE, 3))
    path.write_bytes(change(path.read_bytes()))
    return path


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data[:-1], "the film in it is incomplete"),
        (lambda data: data.replace(b'id="about">', b'id="abyss">'), "the film in it is incomplete"),
        (lambda data: data.replace(b'id="frames">', b'id="frumes">'), "the film in it is incomplete"),
        (lambda data: data.replace(b'"rows": 2', b'"rows": 0'), "the film in it is incomplete"),
        (lambda data: data.replace(b'"rows": 2', b'"rows" 2'), "the film in it is incomplete"),
        (
            lambda data: data.replace(b"\n</script>\n<script>\n", b"\n</script>\n<scrapt>\n"),
            "the film in it is incomplete",
        ),
    ],
)
def test_a_page_that_is_odd(tmp_path, change, why):
    """Said, and it does not stay open."""
    path, before = page_file(tmp_path, change), handles()
    with pytest.raises(RequestError) as caught:
        films.read(path)
    assert caught.value.message == "not a complete conversion: " + why
    assert handles() == before


def records(tmp_path, change):
    """The page of three frames with its lines of frames changed."""
    path = tmp_path / "a.html"
    film = films.cells(PAGE, 3)
    form = films.write(path, "html", PAGE, film)
    path.write_bytes(form.head(3) + b"".join(change(films.records(form, film))) + form.foot(3))
    return path


def packed(*values):
    return binascii.b2a_base64(spans.pack(np.array(values, np.uint8), np.zeros(len(values), np.uint8)))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda lines: [], "it holds no frames"),
        (lambda lines: [lines[0], b"A\n", lines[2]], "frame 1 is damaged"),
        (lambda lines: [lines[0], b"AAAA\n", lines[2]], "frame 1 is damaged"),
        (lambda lines: [lines[0], lines[1].replace(b"\n", b" \n"), lines[2]], "frame 1 is damaged"),
        (lambda lines: [packed(0, 1, 2, 3, 4, 5, 6, 10)], "frame 0 is damaged"),
        (lambda lines: [packed(0, 1, 2, 3, 4, 5, 6, 7, 8)], "frame 0 is damaged"),
    ],
)
def test_frames_of_a_page_that_are_odd(tmp_path, change, why):
    """Each by its number."""
    with pytest.raises(RequestError) as caught:
        films.read(records(tmp_path, change))
    assert caught.value.message == "not a complete conversion: " + why


def test_the_last_character_there_is(tmp_path):
    """Of ten."""
    (cells,) = films.read(records(tmp_path, lambda lines: [packed(0, 1, 2, 3, 4, 5, 6, 9)]))
    assert "".join(map(chr, cells.glyphs.ravel())) == " .:-=+*@"


def test_a_page_begins_where_it_must(tmp_path):
    """As a cast does."""
    path = tmp_path / "a.html"
    film = films.cells(PAGE, 4) * 40
    films.write(path, "html", PAGE, film)
    reader = catalogue.open_reader(str(path))
    assert (reader.frames, reader.complete) == (160, True)
    asked = []
    record = reader._file.record
    reader._file.record = lambda number: asked.append(number) or record(number)
    for number, read in (
        (2, [0, 1, 2]),
        (2, []),
        (3, [3]),
        (5, [4, 5]),
        (4, [0, 1, 2, 3, 4]),
        (151, [150, 151]),
    ):
        del asked[:]
        films.assert_same(reader.cells(number), film[number])
        assert asked == read
    assert reader.cells(160) is None
    reader.close()


def test_what_is_read_when_it_is_complete(tmp_path):
    """Until then nothing of it is opened."""
    path = tmp_path / "a"
    films.write(path, "html", PAGE, films.cells(PAGE, 1))
    before = handles()
    with pytest.raises(TooEarly, match="can be read when it is complete"):
        catalogue.open_reader(str(path), True)
    assert handles() == before
    reader = catalogue.open_reader(str(path))
    reader.close()
    assert handles() == before


def test_which_pages_are_ours():
    """By their generator."""
    assert htmlreader.is_ours(html.Html(PAGE, NUMBERS).head(1)[:512])
    assert not htmlreader.is_ours(b'<meta name="generator" content="offkit">')


# Spans, to the byte.


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ([1, 2], [1, 2], b"\0\0\0\0"),
        ([1, 2], [1, 3], b"\1\0\0\0" + b"\1" + b"\1" + b"\1"),
        ([0] * 5, [7, 0, 0, 0, 8], b"\2\0\0\0" + b"\0\3" + b"\1\1" + b"\7\x08"),
        ([0] * 4, [7, 0, 0, 8], b"\1\0\0\0" + b"\0" + b"\4" + b"\7\0\0\x08"),
        ([0] * 257, [0] * 255 + [1, 1], b"\2\0\0\0" + b"\xff\0" + b"\0\2" + b"\1\1"),
        ([0] * 256, [1] * 256, b"\2\0\0\0" + b"\0\0" + b"\xff\1" + b"\1" * 256),
        ([0] * 255, [1] * 255, b"\1\0\0\0" + b"\0" + b"\xff" + b"\1" * 255),
    ],
)
def test_spans_to_the_byte(old, new, change):
    """How far away and how long, then the differences; two like bytes are not worth another span."""
    old, new = np.array(old, np.uint8), np.array(new, np.uint8)
    assert spans.pack(new, old) == change
    found, end = spans.unpack(change, 0, old)
    assert (found.tolist(), end) == (new.tolist(), len(change))
    for cut in range(4, len(change)):
        assert spans.unpack(change[:cut], 0, old) is None
    assert not len(old) or change == bytes(4) or spans.unpack(change, 0, old[:-1]) is None


# Files that grow.


def test_a_file_of_records(tmp_path):
    """Runs of lines; what is not complete waits, and what was added is found."""
    path = tmp_path / "a"
    path.write_bytes(b"head\n5\nx\n6\ny\n7\n")
    part = growing.Part(str(path))
    assert (part.size, part.read(0, 4), part.read(11, 99)) == (15, b"head", b"y\n7\n")
    assert part.lines(0, 2) == [b"head", b"5"]
    assert part.lines(0, 99) == [b"head", b"5", b"x", b"6", b"y", b"7"]
    part.follow(2, 5, int)
    assert (part.records, part.rest, part.stop) == (2, 2, 7)
    assert [part.record(number) for number in (4, 5, 6, 7)] == [None, b"5\nx\n", b"6\ny\n", None]
    with path.open("ab") as out:
        out.write(b"z\n8\nq")
    part.refresh()
    assert (part.records, part.rest, part.stop, part.record(7)) == (3, 3, 8, b"7\nz\n")
    with path.open("ab") as out:
        out.write(b"\n")
    part.refresh()
    assert (part.records, part.rest, part.record(8)) == (4, 0, b"8\nq\n")
    part.close()
    with pytest.raises(OSError, match="Bad file"):
        part.close()


def test_records_that_begin_nowhere(tmp_path):
    """None complete, or one without a number."""
    path = tmp_path / "a"
    path.write_bytes(b"5\n")
    part = growing.Part(str(path))
    assert part.record(0) is None
    part.follow(2, 0, int)
    assert (part.records, part.stop, part.record(5), part.rest) == (0, 0, None, 2)
    part.follow(1, 0, lambda one: -1)
    assert (part.records, part.record(-1), part.record(0)) == (1, None, None)
    part.close()


def test_a_file_is_looked_through_in_pieces(tmp_path, monkeypatch):
    """And its records are the same."""
    monkeypatch.setattr(growing, "_PIECE", 3)
    path = tmp_path / "a"
    path.write_bytes(b"".join(b"%d\nabc\n\n" % number for number in range(8, 13)))
    part = growing.Part(str(path))
    part.follow(3, 0, int)
    assert (part.records, part.stop, part.record(10)) == (5, 13, b"10\nabc\n\n")
    part.close()


def test_long_lines(tmp_path):
    """As far as they go."""
    path = tmp_path / "a"
    path.write_bytes(b"x" * 300000 + b"\nyy\nzz")
    part = growing.Part(str(path))
    assert [len(one) for one in part.lines(0, 1)] == [300000]
    assert [len(one) for one in part.lines(0, 5)] == [300000, 2]
    part.close()


def test_a_byte_that_is_no_character(tmp_path):
    """Where every character has one byte, none of them is beyond ASCII: a text is UTF-8."""
    shown = Look(Grid(2, 2), ramp=" .")
    path = tmp_path / "a.txt"
    films.write(path, "text", shown, [Cells(np.full((2, 2), ord("."), np.uint16))])
    whole = path.read_bytes()
    for byte, problems in ((b".", []), (b"~", []), (b"\x7f", ["VID010"]), (b"\xff", ["VID010"])):
        path.write_bytes(whole[:-2] + byte + b"\n")
        assert films.problems(path) == problems


def test_parts_of_a_conversion(tmp_path):
    """Its own, then .0, .1 and on, as far as they follow each other; of a complete one there are none."""
    for name, data in (("a", b"head\n"), ("a.0", b"0\n1\n"), ("a.1", b"2\n"), ("a.3", b"9\n")):
        (tmp_path / name).write_bytes(data)
    before = handles()
    whole = growing.Parts(str(tmp_path / "a"), False)
    assert len(whole.all) == 1
    whole.close()
    parts = growing.Parts(str(tmp_path / "a"), True)
    assert [os.path.basename(part.path) for part in parts.all] == ["a", "a.0", "a.1"]
    parts.follow(1, 5, int)
    assert [parts.record(number) for number in range(4)] == [b"0\n", b"1\n", b"2\n", None]
    (tmp_path / "a.2").write_bytes(b"3\n")
    assert parts.record(3) == b"3\n"
    assert parts.record(9) == b"9\n"
    assert handles() == before + 5
    parts.close()
    assert (parts.all, handles()) == ([], before)


# Text.


@pytest.mark.parametrize(
    ("start", "ours"),
    [
        (b"total frame: 1 / FPS: 30.0 / resolution: 4x3\n", True),
        (b"total frame: 1 / FPS: 30 / resolution: 4x3\n", True),
        (b"total frame: 1 / FPS: 1e-05 / resolution: 4x3\n", True),
        (b" total frame: 1 / FPS: 30.0 / resolution: 4x3\n", False),
        (b"total frame: 1 / FPS: 30.0 / resolution: 4x3", False),
        (b"total frame: x / FPS: 30.0 / resolution: 4x3\n", False),
    ],
)
def test_which_texts_are_ours(start, ours):
    """By the first line, to its end."""
    assert textreader.is_ours(start) is ours


def text_file(tmp_path, frames, rows, head=None):
    path = tmp_path / "a.txt"
    first = "total frame: {} / FPS: 30.0 / resolution: 64x48\n".format(frames if head is None else head)
    body = "".join("{}\n{}".format(number, "".join(row + "\n" for row in rows)) for number in range(frames))
    path.write_bytes((first + body).encode("utf-8"))
    return path


@pytest.mark.parametrize(
    ("rows", "mode", "grid"),
    [
        (["..", ".."], CHARACTERS, (2, 2)),
        (["▀▄", "█▀"], HALF, (2, 2)),
        (["⠁⠂⠃"], BRAILLE, (1, 3)),
        (["██"], CHARACTERS, (1, 2)),
        (["é.", ".é"], CHARACTERS, (2, 2)),
        (["éé"], CHARACTERS, (1, 2)),
        (["\033[31m#\033[0m", "\033[32m#\033[0m"], CHARACTERS, (2, 1)),
        (["\033[38;5;9m█▀\033[0m"], CHARACTERS, (1, 2)),
        (["\033[38;5;9m\033[48;5;2m▀▀\033[0m"], HALF, (1, 2)),
        ([". .", "  ."], CHARACTERS, (2, 3)),
    ],
)
@pytest.mark.parametrize("frames", [1, 2, 12])
def test_what_a_text_is(tmp_path, rows, mode, grid, frames):
    """Its grid and mode follow from its first frame, in whole files and in growing ones."""
    path = text_file(tmp_path, frames, rows)
    reader = catalogue.open_reader(str(path))
    assert (reader.look.grid, reader.look.mode, reader.frames) == (grid, mode, frames)
    assert (reader.look.ramp, reader.look.invert) == ("", False)
    for number in range(frames):
        assert reader.cells(number).glyphs.shape == grid
    assert reader.cells(frames) is None
    reader.close()
    if frames > 1:
        reader = catalogue.open_reader(str(path), True)
        assert (reader.look.grid, reader.look.mode, reader.complete) == (grid, mode, False)
        assert reader.cells(frames - 2).glyphs.shape == grid
        reader.close()


@pytest.mark.parametrize(
    ("rows", "colour"),
    [
        (["##"], MONO),
        (["\033[31m##\033[0m"], SIXTEEN),
        (["\033[97m##\033[0m"], SIXTEEN),
        (["\033[38;5;9m##\033[0m"], INDEXED),
        (["\033[38;2;9;8;7m##\033[0m"], TRUE),
    ],
)
def test_which_colours_a_text_has(tmp_path, rows, colour):
    """By what its first row begins with."""
    reader = catalogue.open_reader(str(text_file(tmp_path, 2, rows)))
    assert reader.look.colour == colour
    reader.close()


@pytest.mark.parametrize(
    ("rows", "frames", "head", "why"),
    [
        (["..", "..."], 12, None, "the rows of frame 0 differ in length"),
        ([""], 12, None, "the rows of frame 0 differ in length"),
        (["é.", "."], 12, None, "the rows of frame 0 differ in length"),
        (["é.", ".."], 12, 13, "it has 12 of 13 frames, and 0 bytes after them"),
        (["é.", ".."], 12, 11, "it has 12 of 11 frames, and 0 bytes after them"),
        (["é.", ".."], 2, 0, "it holds no frames"),
        (["\033[31m#\033[0m"], 1, 2, "frame 1 is missing"),
    ],
)
def test_a_text_that_is_odd(tmp_path, rows, frames, head, why):
    """Said with what is wrong, and it does not stay open."""
    path, before = text_file(tmp_path, frames, rows, head), handles()
    with pytest.raises(RequestError) as caught:
        films.read(path)
    assert caught.value.message == "not a complete conversion: " + why
    assert handles() == before


@pytest.mark.parametrize(("more", "says"), [(b"x", "1 byte"), (b"xy", "2 bytes")])
def test_what_lies_behind_a_text(tmp_path, more, says):
    """Is counted."""
    path = text_file(tmp_path, 3, ["é.", ".."])
    path.write_bytes(path.read_bytes() + more)
    with pytest.raises(RequestError, match="it has 3 of 3 frames, and {} after them".format(says)):
        films.read(path)


def test_a_row_without_an_end(tmp_path):
    """Of a whole file; a growing one waits for it."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"total frame: 2 / FPS: 30.0 / resolution: 64x48\n0\n...")
    with pytest.raises(RequestError, match="its first row has no end"):
        catalogue.open_reader(str(path))
    with pytest.raises(TooEarly, match="frame 1 is not there yet"):
        catalogue.open_reader(str(path), True)


@pytest.mark.parametrize("damage", [b"\x1f", b"\xff", b"\t"])
def test_characters_that_no_text_has(tmp_path, damage):
    """Control characters, and what is no UTF-8: of one size and of several."""
    for rows in (["..", ".."], ["é.", ".."])[damage == b"\xff" :]:
        path = text_file(tmp_path, 3, rows)
        data = path.read_bytes()
        path.write_bytes(data[:-2] + damage + data[-1:])
        with pytest.raises(RequestError, match="frame 2 is damaged"):
            films.read(path)


@pytest.mark.parametrize(
    ("line_", "number"),
    [(b"0", 0), (b"999999999999", 999999999999), (b"1234567890123", -1), (b"", -1), (b"-1", -1), (b"1x", -1)],
)
def test_the_number_of_a_record(line_, number):
    """Up to twelve digits."""
    assert textreader._number(line_) == number


# Sequences.


@pytest.mark.parametrize(("colour", "words"), [(MONO, 0), (SIXTEEN, 2), (INDEXED, 3), (TRUE, 5)])
def test_words_that_set_a_colour(colour, words):
    """None in one colour."""
    assert sgr.width(colour) == words


@pytest.mark.parametrize(
    ("layer", "place", "code"), [(sgr.INK, 0, 30), (sgr.INK, 7, 37), (sgr.INK, 8, 90), (sgr.PAPER, 15, 107)]
)
def test_the_sixteen(layer, place, code):
    """ECMA-48's eight, and the bright ones."""
    out = np.zeros((1, 2), sgr.WORD)
    sgr.put(out, np.array([place], np.uint8), np.array([True]), layer, SIXTEEN)
    assert sgr.text(out) == b"\033[%dm" % code
    parsed = sgr.parse(b"a\033[%dmb" % code)
    values, found = sgr.filled(parsed, layer, SIXTEEN, 2)
    assert (values.tolist(), found) == ([0, place], True)
    other = sgr.PAPER if layer == sgr.INK else sgr.INK
    assert not sgr.filled(parsed, other, SIXTEEN, 2)[1]


def test_sequences_are_taken_apart():
    """Characters, where sequences are among them, what they end with and their numbers."""
    parsed = sgr.parse("a\033[38;2;1;20;255mé█\033[12;4000H\n".encode())
    assert parsed.glyphs.tolist() == [97, 0xE9, 0x2588, 10]
    assert parsed.at.tolist() == [1, 3]
    assert parsed.final.tolist() == [ord("m"), ord("H")]
    assert parsed.parameters.tolist() == [[38, 2, 1, 20, 255], [12, 4000, 0, 0, 0]]
    values, found = sgr.filled(parsed, sgr.INK, TRUE, 4)
    assert (values.tolist(), found) == ([[0, 0, 0]] + [[1, 20, 255]] * 3, True)
    assert not sgr.filled(parsed, sgr.PAPER, TRUE, 4)[1]
    assert sgr.parse(b"\033[1;2") is None
    assert sgr.parse(b"\xff") is None
    assert sgr.parse(b"ab").parameters.shape == (0, 5)


def test_characters_as_words():
    """UTF-8 of one, two and three bytes."""
    codes = np.array([[0x41, 0x7F], [0x80, 0x7FF], [0x800, 0xFFFF]], np.uint16)
    found = sgr.characters(codes)
    assert (found.shape, found.dtype) == ((3, 2), sgr.WORD)
    assert sgr.text(found) == "A\x7f\x80\u07ff\u0800\uffff".encode()


def test_a_colour_is_set_where_it_changes():
    """Or where nobody knows what it was."""
    values, out = np.array([5, 5, 6, 6], np.uint8), np.zeros((4, 3), sgr.WORD)
    sgr.put(out, values, np.array([True, False, False, True]), sgr.PAPER, INDEXED)
    assert [sgr.text(row) for row in out] == [b"\033[48;5;5m", b"", b"\033[48;5;6m", b"\033[48;5;6m"]
    rgb, out = np.array([[1, 2, 3], [1, 2, 3], [1, 2, 4]], np.uint8), np.zeros((3, 5), sgr.WORD)
    sgr.put(out, rgb, np.zeros(3, bool), sgr.INK, TRUE)
    assert [sgr.text(row) for row in out] == [b"", b"", b"\033[38;2;1;2;4m"]


@pytest.mark.parametrize(("ramp", "size"), [(" .", 1), ("éà", 2), ("░█", 3), ("a█", 0)])
def test_bytes_of_a_character(ramp, size):
    """Where they are all alike."""
    assert text.character_size(ramp) == size


# While it is still being made.


@pytest.mark.parametrize("ramp", [" .#", "░▒▓", "é.à"])
def test_a_text_that_grows(tmp_path, ramp):
    """Of letters of one size it is one file with holes; else in parts, the first of which has the first frame."""
    look = Look(Grid(2, 3), ramp=ramp)
    film = films.cells(look, 6)
    form = catalogue.make("text", look, films.FACTS)
    frames, path = films.records(form, film), tmp_path / "a"
    head = form.head(6)
    if form.offset(1):
        path.write_bytes(head + frames[0] + frames[1] + frames[2][:5] + bytes(len(frames[2]) - 5) + frames[3])
    else:
        path.write_bytes(head)
        (tmp_path / "a.0").write_bytes(frames[0] + frames[1] + frames[2][:5])
        (tmp_path / "a.1").write_bytes(frames[3])
    reader = catalogue.open_reader(str(path), True)
    assert (reader.complete, reader.frames, reader.look.grid) == (False, 6, look.grid)
    for number in (0, 1, 3):
        films.assert_same(reader.cells(number), film[number])
    assert [reader.cells(number) for number in (2, 4, 5)] == [None] * 3
    reader.close()


def test_a_cast_that_grows(tmp_path):
    """As many frames as the last one says that is there; each line says when, and so which it is."""
    film = films.cells(CAST, 8)
    form = Cast(CAST, films.FACTS)
    frames = films.records(form, film)
    (tmp_path / "a").write_bytes(form.head(8))
    (tmp_path / "a.0").write_bytes(frames[0] + frames[1])
    (tmp_path / "a.1").write_bytes(frames[5] + frames[6][:9])
    reader = catalogue.open_reader(str(tmp_path / "a"), True)
    assert (reader.frames, reader.complete) == (6, False)
    films.assert_same(reader.cells(1), film[1])
    assert [reader.cells(number) for number in (-1, 2, 5, 6)] == [None] * 4
    moments = (b"[0.033333, 1]", b"[0.233333,", b"[99999.0,", b"[x,", b"[inf,", b"")
    assert [reader._number_of(line_) for line_ in moments] == [1, 7, 2999970, -1, -1, -1]
    reader.close()

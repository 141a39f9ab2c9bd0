"""Characters as pictures, and the file that they are put in."""

import binascii
import hashlib
import json
import struct

import cv2
import numpy as np
import pytest

import films
from offkit.badapple.formats import quicktime, video, videoreader
from offkit.badapple.formats.about import aspect, described, glyphs, inks, unshowable
from offkit.badapple.formats.atlas import Atlas, undrawable
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
from offkit.model.errors import RequestError, UsageError


def sheet(ramp, high=16, mode=CHARACTERS, colour="mono"):
    """An atlas of one row of cells, as many as the ramp has, each 8 × ``high`` pixels."""
    facts = Facts(30.0, 8 * len(ramp), high)
    return Atlas(Look(Grid(1, len(ramp)), mode, colour, ramp), facts)


def drawn(character, high=16):
    """The cell of one character: (high, 8) uint8."""
    atlas = sheet(character + " ", high)
    return atlas.draw(Cells(np.array([[ord(character), 32]], np.uint16)))[:, :8]


@pytest.mark.parametrize(
    ("character", "box", "mean"),
    [
        ("I", (2, 12, 1, 6), (48, 61)),
        ("l", (3, 12, 3, 4), (28, 36)),
        ("A", (2, 12, 0, 7), (57, 67)),
        ("M", (2, 12, 0, 7), (83, 89)),
        ("g", (5, 15, 0, 7), (73, 89)),
        ("_", (11, 12, 0, 7), (18, 25)),
        ("|", (0, 15, 3, 4), (41, 47)),
        (".", (10, 12, 3, 4), (6, 9)),
        (" ", None, (0, 0)),
    ],
)
def test_letters(character, box, mean):
    """They fill their cells, stand on one line, in the middle, and are as thick as they shall be.
    OpenCV 5 has other letters than the ones before: a pixel more or less."""
    shown = drawn(character)
    assert mean[0] <= shown.mean() <= mean[1]
    if box:
        rows, columns = (np.flatnonzero((shown > 64).any(axis=axis)) for axis in (1, 0))
        found = (rows[0], rows[-1], columns[0], columns[-1])
        assert np.abs(np.subtract(found, box)).max() <= 1
    else:
        assert not shown.any()


def test_serifs():
    """I is no l: at both ends it is wider."""
    capital, small = drawn("I") > 64, drawn("l") > 64
    wide = [int(capital[row].sum()) for row in (3, 7, 11)]
    assert min(wide[0], wide[2]) >= 4 > wide[1] == 2
    assert {int(small[row].sum()) for row in (4, 7, 11)} == {2}


@pytest.mark.parametrize(("character", "level"), [("░", 64), ("▒", 128), ("▓", 192), ("█", 255)])
def test_shades(character, level):
    """One level all over."""
    assert (drawn(character) == level).all()


def test_blocks_and_dots():
    """To the pixel: halves of a cell, and dots with a gap between them where there is room."""
    for character, upper, lower in (("▀", 255, 0), ("▄", 0, 255), ("\u2007", 0, 0)):
        atlas = Atlas(Look(Grid(1, 1), HALF), Facts(30.0, 8, 12))
        shown = atlas.draw(Cells(np.array([[ord(character)]], np.uint16)))
        assert shown.shape == (12, 8)
        assert (shown[:6] == upper).all()
        assert (shown[6:] == lower).all()
    for high, edge in ((16, 1), (12, 0)):
        atlas = Atlas(Look(Grid(1, 1), BRAILLE), Facts(30.0, 8, high))
        tall = high // 4
        for code, row, column in ((0x01, 0, 0), (0x10, 1, 1), (0x04, 2, 0), (0x80, 3, 1)):
            wanted = np.zeros((high, 8), np.uint8)
            wanted[row * tall : (row + 1) * tall - edge, column * 4 : (column + 1) * 4 - edge] = 255
            assert np.array_equal(atlas.draw(Cells(np.array([[0x2800 + code]], np.uint16))), wanted)


@pytest.mark.parametrize(
    ("width", "height", "high"),
    [(16, 16, 16), (16, 17, 16), (16, 19, 20), (16, 1, 4), (16, 64, 64), (16, 200, 64), (32, 16, 8)],
)
def test_how_high_a_cell_is(width, height, high):
    """As the grid was made for, in fours; no less than a dot's row and no more than 64."""
    atlas = Atlas(Look(Grid(2, 4), ramp=" #"), Facts(30.0, 2 * width, 2 * height))
    assert atlas.high == high
    assert atlas.size == (2 * high, 32)


def test_colours_are_drawn():
    """BGR: what a glyph covers has its ink, and of two colours each has its half."""
    ink, paper = (
        np.array([[[255, 100, 0], [0, 0, 255]]], np.uint8),
        np.array([[[1, 2, 3], [9, 9, 9]]], np.uint8),
    )
    facts = Facts(30.0, 16, 8)
    shown = Atlas(Look(Grid(1, 2), HALF, TRUE), facts).draw(
        Cells(np.full((1, 2), 0x2580, np.uint16), ink, paper)
    )
    assert shown.shape == (8, 16, 3)
    for rows, columns, bgr in (
        (slice(0, 4), slice(0, 8), (0, 100, 255)),
        (slice(0, 4), slice(8, 16), (255, 0, 0)),
        (slice(4, 8), slice(0, 8), (3, 2, 1)),
        (slice(4, 8), slice(8, 16), (9, 9, 9)),
    ):
        assert (shown[rows, columns] == bgr).all()
    look = Look(Grid(1, 2), CHARACTERS, SIXTEEN, "▒█")
    shown = Atlas(look, facts).draw(
        Cells(np.array([[0x2592, 0x2588]], np.uint16), np.array([[9, 4]], np.uint8))
    )
    assert (shown[:, :8] == (0, 0, 128)).all()
    assert (shown[:, 8:] == (238, 0, 0)).all()


@pytest.mark.parametrize("mode", films.MODES)
@pytest.mark.parametrize("colour", films.COLOURS)
def test_a_darker_picture_is_read_all_the_same(mode, colour):
    """As codecs and screens make them: a little darker, and not quite clean."""
    look = Look(films.GRID, mode, colour, " .:+#")
    atlas = Atlas(look, films.FACTS)
    dice = np.random.RandomState(3)
    for cells in films.cells(look, 2):
        picture = atlas.draw(cells)
        worn = np.clip(picture * 0.9 + dice.randint(0, 6, picture.shape), 0, 255).astype(np.uint8)
        found = atlas.read(worn)
        assert np.array_equal(found.glyphs, cells.glyphs)
        assert (found.ink is None, found.paper is None) == (cells.ink is None, cells.paper is None)
        if colour in (MONO, TRUE) and mode == HALF:
            films.assert_same(atlas.read(picture), cells)


@pytest.mark.parametrize(("level", "glyph"), [(127, 0x2007), (128, 0x2588)])
def test_when_a_block_counts_as_lit(level, glyph):
    """From half on."""
    atlas = Atlas(Look(Grid(1, 1), HALF), Facts(30.0, 8, 8))
    assert atlas.read(np.full((8, 8), level, np.uint8)).glyphs.tolist() == [[glyph]]


@pytest.mark.parametrize(
    ("levels", "code"),
    [
        ((200, 110), 0x09),
        ((200, 90), 0x01),
        ((200, 190), 0x09),
        ((30, 10), 0x01),
        ((20, 20), 0),
        ((26, 26), 0x09),
    ],
)
def test_when_a_dot_counts_as_lit(levels, code):
    """By more than half of the lightest in its cell, and by more than nearly nothing."""
    atlas = Atlas(Look(Grid(1, 1), BRAILLE), Facts(30.0, 8, 8))
    picture = np.zeros((8, 8), np.uint8)
    picture[:2, :4], picture[:2, 4:] = levels
    assert atlas.read(picture).glyphs.tolist() == [[0x2800 + code]]


def test_what_has_no_bitmap():
    """ASCII, blocks and shades have; what is not of a ramp is not asked."""
    assert undrawable(Look(films.GRID, ramp=" ~▀▄█\u2007░▒▓")) == []
    assert undrawable(Look(films.GRID, ramp="\x1f \x7fé")) == ["\x1f", "\x7f", "é"]
    assert undrawable(Look(films.GRID, HALF, ramp=" é")) == []
    with pytest.raises(UsageError) as caught:
        Atlas(Look(films.GRID, ramp="".join(map(chr, range(0x430, 0x440)))), films.FACTS)
    assert caught.value.message == (
        "a video can be drawn with ASCII, blocks and braille, and not with а б в г д е ж з и й"
    )
    (finding,) = caught.value.findings
    assert (finding.code, finding.severity, finding.subject) == ("VID017", "error", "--ramp")
    assert finding.message == caught.value.message
    assert finding.fix.startswith("another --ramp, or --format html")


def test_the_largest_picture():
    """65000 pixels a side."""
    assert Atlas(Look(Grid(1, 8125), HALF), Facts(30.0, 8125, 1)).size.columns == 65000
    with pytest.raises(UsageError, match="8126 × 1 characters are too many") as caught:
        Atlas(Look(Grid(1, 8126), HALF), Facts(30.0, 8126, 1))
    assert caught.value.fix == "give a smaller --width or --height"


def test_characters_of_a_look():
    """And how many colours a cell has, and what its height is in widths."""
    assert glyphs(Look(films.GRID, ramp=" #")) == [32, 35]
    assert glyphs(Look(films.GRID, HALF)) == [0x2007, 0x2580, 0x2584, 0x2588]
    assert glyphs(Look(films.GRID, BRAILLE)) == list(range(0x2800, 0x2900))
    assert [inks(Look(films.GRID, HALF, colour)) for colour in films.COLOURS] == [0, 2, 2, 2]
    assert [inks(Look(films.GRID, BRAILLE, colour)) for colour in films.COLOURS] == [0, 1, 1, 1]
    assert aspect(Look(Grid(44, 117)), Facts(30.0, 512, 384)) == 384 * 117 / (512.0 * 44)


@pytest.mark.parametrize(
    ("encoding", "missing"),
    [("ascii", "é█"), ("latin-1", "█"), ("cp437", ""), ("utf-8", ""), ("no-such-codec", " #é█")],
)
def test_what_a_terminal_does_not_show(encoding, missing):
    """By its encoding; one that nobody knows shows nothing."""
    assert unshowable(Look(films.GRID, ramp=" #é█"), encoding) == list(missing)


ABOUT = {
    "fps": 30.0,
    "width": 64,
    "height": 48,
    "rows": 2,
    "columns": 3,
    "mode": "half",
    "colour": "16",
    "ramp": " #",
    "invert": 1,
}


@pytest.mark.parametrize(
    ("change", "taken"),
    [
        ({}, True),
        ({"ramp": "#"}, False),
        ({"ramp": "#" * 256}, True),
        ({"ramp": "#" * 257}, False),
        ({"ramp": "a\uffff"}, True),
        ({"ramp": "a\U00010000"}, False),
        ({"rows": 4000, "columns": 1}, True),
        ({"rows": 4001}, False),
        ({"columns": 0}, False),
        ({"height": 0}, False),
        ({"width": 1, "height": 1}, True),
        ({"fps": 1e6}, True),
        ({"fps": 1000001.0}, False),
        ({"fps": -1.0}, False),
        ({"fps": 10**400}, False),
        ({"rows": None}, False),
        ({"colour": "mono"}, True),
        ({"colour": "256"}, True),
        ({"colour": "true"}, True),
        ({"colour": "17"}, False),
        ({"mode": "braille"}, True),
        ({"mode": "characters"}, True),
    ],
)
def test_what_a_file_may_say_of_itself(change, taken):
    """Sizes that can be, ramps and colours that there are."""
    found = described(dict(ABOUT, **change))
    assert (found is not None) == taken
    if not change:
        assert found == (Look(Grid(2, 3), HALF, SIXTEEN, " #", True), Facts(30.0, 64, 48))
        assert found[0].invert is True
    for lost in ABOUT:
        assert described({key: value for key, value in ABOUT.items() if key != lost}) is None


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (30.0, (30, 1)),
        (29.97, (2997, 100)),
        (30000 / 1001.0, (30000, 1001)),
        (24000 / 1001.0, (24000, 1001)),
        (0.5, (1, 2)),
        (1e-9, (30, 1)),
        (2.0**20 - 1, (2**20 - 1, 1)),
        (2.0**20, (30, 1)),
    ],
)
def test_a_rate_as_a_fraction(fps, rate):
    """Exact for those that there are; 30 for what no film has."""
    assert quicktime.rate(fps) == rate


def test_the_index_to_the_byte():
    """ISO/IEC 14496-12 and the QuickTime File Format: a change of one number is another file."""
    places, sizes = np.array([100, 5000000000], np.int64), np.array([70, 80], np.int64)
    made = quicktime.index(quicktime.PNG, 30000 / 1001.0, 936, 704, places, sizes)
    assert struct.unpack(">I4s", made[:8]) == (len(made), b"moov")
    assert hashlib.sha256(made).hexdigest()[:16] == "dea9e872f9a73b47"
    other = quicktime.index(quicktime.JPEG, 30.0, 936, 704, places, sizes)
    assert other.count(b"\x0cPhoto - JPEG") == other.count(b"jpeg") == 1
    assert made.count(b"\x03PNG" + bytes(28)) == made.count(b"png ") == 1
    for kind, data in (
        (b"stts", struct.pack(">5I", 0, 1, 2, 1001, 24)[:-4]),
        (b"stsz", struct.pack(">5I", 0, 0, 2, 70, 80)),
        (b"co64", struct.pack(">2I2Q", 0, 2, 100, 5000000000)),
        (b"mdhd", struct.pack(">I2QIQ2H", 1 << 24, 0, 0, 30000, 2002, 0x55C4, 0)),
        (b"vmhd", struct.pack(">I8x", 1)),
    ):
        assert made.count(quicktime.box(kind, data)) == 1


def test_a_film_to_the_byte(tmp_path):
    """What begins it, what holds a picture, and where its index says that pictures are."""
    look, facts = Look(Grid(2, 3), ramp=" #"), Facts(30.0, 24, 32)
    form = video.Video(look, facts)
    assert (form.name, form.suffix, form.exact, form.delta) == ("video", ".mov", True, False)
    assert not video.Video(look._replace(colour=INDEXED), facts).exact
    head = form.head(0)
    assert head == form.head(77)
    assert head[:20] == b"\0\0\0\x14ftypqt  \0\0\0\0qt  "
    size, kind = struct.unpack(">I4s", head[20:28])
    assert (size, kind, head[28:48]) == (len(head) - 20, b"free", b"offkit run-badapple ")
    assert described(json.loads(head[48:].decode("ascii"))) == (look, facts)
    cells = Cells(np.array([[32, 35, 32], [35, 32, 35]], np.uint16))
    frame = form.frame(5, cells, None)
    picture = frame[8:-4]
    assert struct.unpack(">I4s", frame[:8]) == (len(frame), b"mdat")
    assert frame[-4:] == struct.pack(">I", binascii.crc32(picture))
    assert picture.startswith(b"\x89PNG")
    decoded = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(decoded, form.atlas.draw(cells))
    sizes = np.array([100, 200, 7], np.uint32)
    wanted = quicktime.index(
        b"png ", 30.0, 24, 32, len(head) + 8 + np.array([0, 100]), np.array([100, 200]) - 12
    )
    assert form.foot(2, sizes) == wanted
    coloured = video.Video(look._replace(colour=TRUE), facts)
    shown = Cells(cells.glyphs, np.zeros((2, 3, 3), np.uint8))
    assert coloured.frame(0, shown, None)[8:10] == b"\xff\xd8"
    assert b"jpeg" in coloured.foot(1, sizes)


def test_a_picture_that_is_not_encoded(monkeypatch):
    """A bug of somebody's, with the kind of picture."""
    form = video.Video(Look(Grid(1, 1)), films.FACTS)
    monkeypatch.setattr(video.cv2, "imencode", lambda *given: (False, None))
    with pytest.raises(RuntimeError, match=r"OpenCV did not encode a \.png"):
        form.frame(0, Cells(np.array([[32]], np.uint16)), None)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data.replace(b'"fps"', b'"fpx"'), "it does not say what it shows"),
        (lambda data: data.replace(b'"ramp"', b'"ramp '), "it does not say what it shows"),
        (lambda data: data.replace(b'": " .:', b'": " .\\u00e9:'), "it does not say"),
        (lambda data: data[: data.index(b"mdat") - 4], "its index is not that of the pictures in it"),
        (lambda data: data[: data.index(b"moov") - 4], "its index is not that of the pictures in it"),
        (lambda data: data + b"x", "its index is not that of the pictures in it"),
        (lambda data: data.replace(b"stts", b"sttz"), "its index is not that of the pictures in it"),
        (lambda data: data.replace(b"IDAT", b"IDAX", 1), "frame 0 is damaged"),
    ],
)
def test_a_film_that_is_not_whole(tmp_path, change, why):
    """Said with what is wrong."""
    path = tmp_path / "a.mov"
    look = Look(Grid(2, 3))
    films.write(path, "video", look, films.cells(look, 3))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(RequestError) as caught:
        films.read(path)
    assert why in caught.value.message
    assert caught.value.message.startswith("this is no whole conversion: ")
    (finding,) = caught.value.findings
    assert (finding.code, finding.severity, finding.subject) == ("VID010", "error", str(path))
    assert finding.fix == "convert again: offkit run-badapple -o {}".format(path)


def test_a_film_of_characters_that_cannot_be_drawn(tmp_path):
    """It says that it has them, and nobody can have made it."""
    look = Look(Grid(1, 2), ramp=" #")
    path = tmp_path / "a.mov"
    films.write(path, "video", look, films.cells(look, 1))
    data = path.read_bytes()
    text = data[48 : data.index(b"mdat") - 4].replace(b'" #"', b'" \\u00e9"')
    path.write_bytes(data[:20] + quicktime.box(b"free", video.ABOUT, text) + data[data.index(b"mdat") - 4 :])
    with pytest.raises(RequestError, match="this is no whole conversion: a video can be drawn with ASCII"):
        films.read(path)


def test_which_films_are_ours():
    """By both of their first boxes."""
    start = b"\0\0\0\x14ftypqt  \0\0\0\0qt  "
    assert videoreader.is_ours(start + b"\0\0\1\0free" + video.ABOUT)
    assert not videoreader.is_ours(start + b"\0\0\1\0freeoffkit")
    assert not videoreader.is_ours(start.replace(b"qt", b"mp") + b"\0\0\1\0free" + video.ABOUT)

"""Conversions where people look at them: a browser, asciinema, and what ffmpeg makes of the film."""

import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

import films
from browser import browse, needs
from offkit.badapple.formats import levels, palette
from offkit.badapple.formats.cells import BRAILLE, CHARACTERS, HALF, INDEXED, MONO, TRUE, Look

pytestmark = pytest.mark.skipif(
    os.environ.get("OFFKIT_LAB") == "0", reason="OFFKIT_LAB=0: the lab is not wanted"
)


def attribute(dom, name):
    return dom.split(name + '="', 1)[1].split('"', 1)[0]


@pytest.mark.parametrize(
    "look",
    [
        Look(films.GRID, HALF, TRUE),
        Look(films.GRID, HALF, INDEXED),
        Look(films.GRID, BRAILLE, MONO),
        Look(films.GRID, CHARACTERS, TRUE),
        Look(films.GRID, CHARACTERS, MONO, " ░▒▓█"),
    ],
    ids=str,
)
def test_a_page_shows_the_right_cells(tmp_path, look):
    """Frame 157, which is seven after a whole one, cell by cell in a picture of the page."""
    film = films.cells(look, 40) * 4
    films.write(tmp_path / "film.html", "html", look, film)
    page = "file://{}#frame=157".format(tmp_path / "film.html")
    browse(tmp_path, page, "--screenshot={}".format(tmp_path / "page.png"))
    shot = cv2.imread(str(tmp_path / "page.png"))[16:736, 20:980]  # the canvas in it: 960 × 720
    rows, columns = look.grid
    tiles = shot.reshape(rows, 120, columns, 60, 3).astype(int)
    expected = film[157]
    if look.mode == HALF:
        for half, colours in ((slice(20, 40), expected.ink), (slice(80, 100), expected.paper)):
            rgb = colours if look.colour == TRUE else palette.colours()[colours]
            seen = tiles[:, half, :, 20:40].mean(axis=(1, 3))[..., ::-1]
            assert np.abs(seen - rgb).max() < 6
    elif look.mode == BRAILLE:
        centres = tiles.mean(axis=4)[:, 15::30, :, 15::30].reshape(rows * 4, columns * 2)
        assert np.array_equal(centres > 100, levels.gray(expected, look) > 0)
    else:
        wanted = levels.ramp_levels(look.ramp)[expected.glyphs].astype(float)
        seen = tiles.max(axis=4).mean(axis=(1, 3)) if look.colour == TRUE else tiles.mean(axis=(1, 3, 4))
        assert np.corrcoef(seen.ravel(), wanted.ravel())[0, 1] > 0.8
        assert seen[expected.glyphs == 32].max(initial=0) < 30


def test_a_page_plays_by_itself_and_stands_still_where_motion_is_unwanted(tmp_path):
    """And it can be asked for a frame."""
    look = Look(films.GRID)
    films.write(tmp_path / "film.html", "html", look, films.cells(look, 40) * 4)
    page = "file://{}".format(tmp_path / "film.html")
    dom = browse(tmp_path, page, "--virtual-time-budget=2000", "--dump-dom")
    assert (
        30 <= int(attribute(dom, "aria-valuetext").rpartition(" ")[2]) <= 70
    )  # a rate of 30, a clock of 2 s
    assert '<button id="play" type="button" aria-label="Pause">' in dom
    dom = browse(tmp_path, page, "--force-prefers-reduced-motion", "--dump-dom")
    assert '<button id="play" type="button" aria-label="Play">' in dom
    assert '<span id="time">0:00 / 0:05</span>' in dom
    dom = browse(tmp_path, page + "#frame=123", "--dump-dom")
    assert attribute(dom, "aria-valuetext") == "0:04 / 0:05, frame 123"


@pytest.mark.parametrize(
    ("keys", "frame", "mark"),
    [
        ([".", ".", ","], 101, 'aria-label="Play"'),
        (["ArrowRight", "ArrowLeft", "ArrowLeft"], 0, 'aria-label="Play"'),
        (["End", "ArrowRight"], 159, 'aria-label="Play"'),
        (["Home", "f"], 0, 'id="player" class="wide"'),
        ([" "], 100, 'aria-label="Pause"'),
        (["x", "+", "End"], 159, 'id="seek"'),
    ],
)
def test_a_page_hears_keys(tmp_path, keys, frame, mark):
    """From frame 100 on, pressed as soon as the page is there."""
    look = Look(films.GRID)
    films.write(tmp_path / "film.html", "html", look, films.cells(look, 40) * 4)
    press = "for (const key of {}) document.dispatchEvent(new KeyboardEvent('keydown', {{ key: key }}));"
    with (tmp_path / "film.html").open("a", encoding="utf-8") as page:
        page.write("<script>" + press.format(json.dumps(keys)) + "</script>\n")
    dom = browse(tmp_path, "file://{}#frame=100".format(tmp_path / "film.html"), "--dump-dom")
    assert abs(int(attribute(dom, "aria-valuetext").rpartition(" ")[2]) - frame) <= (
        5 if keys == [" "] else 0
    )
    assert mark in dom


def test_asciinema_takes_it(tmp_path):
    """``asciinema cat`` on a terminal writes what the events say."""
    needs("asciinema")
    look = Look(films.GRID, colour="256")
    films.write(tmp_path / "a.cast", "cast", look, films.cells(look, 12))
    script = "import pty, sys; sys.exit(pty.spawn(['asciinema', 'cat', sys.argv[1]]) >> 8)"
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a.cast")],
        env=dict(os.environ, HOME=str(tmp_path), LC_ALL="C.UTF-8"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (tmp_path / "a.cast").read_text(encoding="utf-8").splitlines()[1:]
    written = "".join(json.loads(line)[2] for line in lines).encode("utf-8")
    assert written in done.stdout

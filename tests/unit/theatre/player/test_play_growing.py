"""Playing what is still being made: by another program, and by this one."""

import os
import random
import re
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

import offkit
from offkit.badapple import unfinished
from offkit.badapple.formats import catalogue
from offkit.model.errors import RequestError
from offkit.model.report import Reporter
from offkit.theatre.player.deferred import Deferred
from offkit.theatre.player.player_process import Film
from offkit.theatre.player.source import Source
from terminal_session import FINISHED, LEFT, Session, show

TOOLKIT = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))
HEAD = "total frame: {} / FPS: 50.0 / resolution: 8x6\n"


def frames(start, stop):
    """Frames of 3 rows, 4 columns."""
    return "".join("{}\n{:04d}\nefgh\nijkl\n".format(n, n) for n in range(start, stop))


@pytest.fixture
def growing(tmp_path):
    """(the output, the file that it is made in, a function that adds to that at once)."""
    output = str(tmp_path / "a.txt")
    part = unfinished.path(output)

    def add(text):
        with open(part, "a") as target:
            target.write(text)

    return output, part, add


def test_it_waits_for_what_is_not_there(growing):
    """For the first frame, for one in the middle, and for its name; then it goes on to the end."""
    output, part, add = growing
    with Session(lambda: show(Film(output, part, os.getppid())), 10, 40) as tty:
        tty.shows("waiting for frame 0")
        add(HEAD.format(40))
        tty.shows("waiting for frame 0")
        add(frames(0, 10))
        tty.shows("waiting for frame 1")
        assert "000" in tty.screen().text()  # the last one that is there
        add(frames(10, 40))
        tty.shows("waiting for frame 4")
        os.rename(part, output)
        assert tty.end() == (FINISHED, True)


def test_whoever_makes_it_ends_without_it(growing):
    """The film ends with words, and the terminal is as it was."""
    output, part, add = growing
    add(HEAD.format(4000) + frames(0, 30))
    maker = subprocess.Popen(["sleep", "600"])
    with Session(lambda: show(Film(output, part, maker.pid)), 10, 40) as tty:
        tty.shows("waiting for frame 3")
        maker.kill()
        maker.wait()
        assert tty.end() == (1, True)
        assert b"ended before it was complete" in tty.output
    source = Source(output, part, maker.pid)
    with pytest.raises(RequestError) as caught:
        source.refresh()
    assert caught.value.findings[0].fix == "run again what was making it, with the same video and options"


def test_the_one_of_before_is_not_taken_for_it(growing):
    """A file under the same name that was there already is not what is being made."""
    output, part, add = growing
    with open(output, "w") as old:
        old.write(HEAD.format(1) + frames(7, 8))
    with Session(lambda: show(Film(output, part, os.getppid())), 10, 40) as tty:
        tty.shows("waiting for frame 0")
        add(HEAD.format(5) + frames(0, 5))
        tty.until(b"efgh")
        os.rename(part, output)
        assert tty.end() == (FINISHED, True)
    assert b"0000" in tty.output
    assert b"0007" not in tty.output


def test_what_is_done_is_said_with_its_share():
    """A film on the screen hears of what so many percent are done."""

    class Screen:
        plays, heard = True, []

        def say(self, text):
            self.heard.append(text)

    with Deferred(Reporter(), Screen()).watch("frames converted", 200, lambda done: []) as bar:
        bar.advance(142)
    assert Screen.heard == ["frames converted: 71 %"]


# Python is up, and offkit begins: what an interrupt does before is not offkit's to say.
BEGUN = b"begun\r\n"
START = """\
import os, sys
class Teller:
    def find_spec(self, name, path=None, target=None):
        if name == "offkit.cli.app":
            os.write(1, b"begun\\n")
sys.meta_path.insert(0, Teller())
from offkit.cli.start import main
main()
"""


def command(tmp_path, *args):
    """A job for Session: the command itself, in a process that is nobody else's."""

    def run():
        os.environ.update(PYTHONPATH=TOOLKIT, XDG_CACHE_HOME=str(tmp_path / "cache"))
        os.chdir(str(tmp_path))
        words = [sys.executable, "-c", START, "run-badapple"]
        os.execv(sys.executable, words + list(args))

    return run


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Long enough to be at it for a while."""
    path = str(tmp_path_factory.mktemp("video") / "clip.avi")
    writer = cv2.VideoWriter(
        path, sum(ord(one) << 8 * place for place, one in enumerate("MJPG")), 30.0, (96, 64)
    )
    picture = np.zeros((64, 96, 3), np.uint8)
    for number in range(3000):
        picture[:, number % 96] = number % 256
        writer.write(picture)
    writer.release()
    return path


def test_another_program_makes_it(tmp_path, growing):
    """--play OUT finds what is being made by OUT's name."""
    output, _, add = growing
    add(HEAD.format(3000) + frames(0, 2000))
    with Session(command(tmp_path, "--play", output), 10, 40) as tty:
        tty.until(b"efgh")
        tty.press(b"q")
        code, same = tty.end()
        assert (code, same) == (0, True), tty.output
        # How many it can show in time is the machine's affair; that it says so is the player's.
        assert re.search(rb"\d+ frames? shown, \d+ dropped", tty.output)


def test_a_video_is_shown_while_it_is_converted(tmp_path, video):
    """Quitting the film lets the conversion finish; then comes the report."""
    with Session(command(tmp_path, "--play", video, "-o", "a.txt", "-j", "1"), 20, 80) as tty:
        at = tty.until(b"\033[?1049h")
        tty.until("\u25b8".encode(), at)
        tty.press(b"q")
        code, _ = tty.end()
        assert code == 0, tty.output
        said = tty.output[tty.output.rindex(LEFT) :]
        assert b"3000 frames, each with its number" in said
        assert b"shown" in said
    assert os.listdir(str(tmp_path)) in (["a.txt"], ["a.txt", "cache"], ["cache", "a.txt"])


@pytest.mark.parametrize("seed", range(4))
def test_ctrl_c_ends_both(tmp_path, video, seed):
    """At any moment: 130, nothing left of the conversion, no process, the terminal as it was."""
    with Session(command(tmp_path, "--play", video, "-o", "a.txt", "-j", "2"), 20, 80) as tty:
        tty.until(b"\033[?1049h" if seed else BEGUN)
        time.sleep(random.Random(seed).random() * 0.5)
        tty.press(b"\x03")
        code, _ = tty.end()
        assert code == 130, tty.output
        assert tty.output.count(b"\033[?1049h") <= tty.output.count(LEFT)
        assert b"Traceback" not in tty.output
        with pytest.raises(ProcessLookupError):
            os.killpg(tty.job, 0)
    left = set(os.listdir(str(tmp_path))) - {"cache"}
    if left:  # it was complete by then
        assert left == {"a.txt"}
        assert catalogue.open_reader(str(tmp_path / "a.txt")).frames == 3000

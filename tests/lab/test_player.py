"""The player in tmux, which is a real terminal: what stands on it, at several sizes and in several kinds."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time

import pytest

import offkit.theatre  # noqa: F401 (its formats)
from offkit.badapple.formats import catalogue
from offkit.badapple.formats.base import Facts
from offkit.badapple.formats.cells import CHARACTERS, HALF, MONO, TRUE, Look
from offkit.badapple.formats.look import grid
from offkit.badapple.formats.painter import Painter
from offkit.badapple.shadowplay import film

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
OLD = os.path.join(ROOT, ".venv36", "bin", "python")

pytestmark = pytest.mark.skipif(
    os.environ.get("OFFKIT_LAB") == "0", reason="OFFKIT_LAB=0: the lab is not wanted"
)


@pytest.fixture(autouse=True, scope="module")
def tmux():
    """Skip where there is none."""
    if shutil.which("tmux") is None:
        if os.environ.get("OFFKIT_REQUIRE_ALL"):
            pytest.fail("tmux is not installed, and OFFKIT_REQUIRE_ALL is set")
        pytest.skip("tmux is not installed: tests/lab/setup.sh")


@pytest.fixture(scope="module")
def conversions(tmp_path_factory):
    """Ten seconds of the shadow play: {name: path}."""
    folder = tmp_path_factory.mktemp("conversions")
    shown = film.Film(film.SHORT)
    size = grid(film.WIDTH, film.HEIGHT)
    looks = {"mono.txt": Look(size), "mono.cast": Look(size), "page.html": Look(size, CHARACTERS, MONO)}
    looks["half.txt"] = Look(size, HALF, TRUE)
    pictures = [shown.picture(number % film.SHORT) for number in range(0, 300, 10)]
    made = {}
    for name, look in looks.items():
        made[name] = str(folder / name)
        painter = Painter(look)
        form = catalogue.make(catalogue.by_suffix(name), look, Facts(30.0, film.WIDTH, film.HEIGHT))
        frames, before = [], None
        for number in range(300):
            cells = painter.cells(pictures[number // 10])
            cells = type(cells)(*(None if part is None else part.copy() for part in cells))
            frames.append(form.frame(number, cells, before if form.delta else None))
            before = cells
        with open(made[name], "wb") as target:
            target.write(form.head(300) + b"".join(frames) + form.foot(300))
    return made


class Tmux:
    """One window with the player in it. Use as a context manager."""

    def __init__(self, path, columns=80, rows=24, python=sys.executable, **environ):
        self._socket = "offkit-lab-{}-{}".format(os.getpid(), id(self))
        settings = dict({"LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "COLORTERM": ""}, **environ)
        words = ["env", *("{}={}".format(*pair) for pair in settings.items())]
        words += ["PYTHONPATH=" + os.path.join(ROOT, "toolkit"), python, "-m", "offkit.cli.app"]
        words += ["run-badapple", "--play", path]
        line = "trap : INT; {}; echo ended $?; stty -a; exec sleep 600".format(" ".join(words))
        size = ["-x", str(columns), "-y", str(rows)]
        self.call("-u", "-f", os.devnull, "new-session", "-d", *size, "sh", "-c", line)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        path = self.call("display-message", "-p", "#{socket_path}").strip()
        self.call("kill-server")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    def call(self, *args):
        done = subprocess.run(
            ["tmux", "-L", self._socket, *args],
            capture_output=True,
            check=True,
            timeout=20,
            env=dict(os.environ, LC_ALL="C.UTF-8"),
        )
        return done.stdout.decode("utf-8")

    def press(self, *keys):
        self.call("send-keys", *keys)

    def screen(self, *options):
        return self.call("capture-pane", "-p", *options)

    def until(self, pattern):
        """Wait until it stands on the screen; the match."""
        give_up = time.time() + 30
        while True:
            matched = re.search(pattern, self.screen())
            if matched:
                return matched
            assert time.time() < give_up, self.screen()
            time.sleep(0.05)


@pytest.mark.parametrize("name", ["mono.txt", "mono.cast", "page.html", "half.txt"])
def test_play_pause_seek_resize_quit(conversions, name):
    """All of it, with every format there is; the terminal is a shell's again afterwards."""
    with Tmux(conversions[name]) as window:
        window.until(r"[@#▀%]{5}")
        window.press("i", "Space")
        frame = int(window.until(r"frame (\d+) of 300").group(1))
        window.until("‖ 0:")
        window.press("8", ".")
        window.until(r"frame 241 of 300 .*\n")
        window.press("Left", "Right", "PPage", "NPage", ",", ",")
        window.until(r"frame 0 of 300")
        window.press("End")
        window.until(r"frame 299 of 300")
        window.press("5")
        window.until(r"frame 150 of 300")
        assert frame < 300
        for columns, rows in ((200, 60), (40, 10), (2, 2), (1, 1), (100, 50)):
            window.call("resize-window", "-x", str(columns), "-y", str(rows))
            time.sleep(0.2)
        window.until(r"frame 150 of 300 .*1x")
        window.press("+", "+", "?")
        window.until(r"l +loop")
        window.press("Escape")
        window.until("1.5x")
        window.press("q")
        window.until(r"frames shown, \d+ dropped\nended 0")
        said = window.screen()
        assert "-echo " not in said
        assert "-icanon" not in said
        assert (
            window.call("display-message", "-p", "#{cursor_flag} #{alternate_on} #{wrap_flag}") == "1 0 1\n"
        )


@pytest.mark.parametrize(
    ("environ", "shows", "codes"),
    [
        ({"COLORTERM": "truecolor"}, "▀", r"\[38;2;|;2;"),
        ({}, "▀", r"38;5;\d|48;5;\d"),
        ({"TERM": "xterm"}, "▀", r"\[[34][0-7]"),
        ({"TERM": "linux"}, "▀", r"\[[34][0-7]"),
        ({"TERM": "vt100"}, "[#*+]{4}", ""),
        ({"NO_COLOR": "1"}, "[#*+]{4}", ""),
        ({"LC_ALL": "C", "TERM": "xterm"}, "[#*+@]{4}", r"\[3[0-7]"),
    ],
    ids=["true colour", "256", "8", "console", "vt100", "NO_COLOR", "ASCII"],
)
def test_half_blocks_in_true_colour_on_any_terminal(conversions, environ, shows, codes):
    """Fewer colours, or none, or characters: something like the picture each time."""
    with Tmux(conversions["half.txt"], **environ) as window:
        window.until(shows)
        screen = window.screen("-e")
        if codes:
            assert re.search(codes, screen)
        else:
            assert "\033[3" not in screen.replace("\033[39m", "")
        if environ.get("LC_ALL") == "C":
            assert window.screen().isascii()
        window.press("q")
        window.until("ended 0")


@pytest.mark.parametrize("key", ["C-c", "C-\\"])
def test_the_keys_that_end_programs(conversions, key):
    """130, or an ordinary end; nothing is left in another mode."""
    with Tmux(conversions["mono.txt"]) as window:
        window.until("[@#%]{5}")
        window.press(key)
        window.until("ended {}".format(130 if key == "C-c" else 0))
        assert "-icanon" not in window.screen()


def test_a_terminal_without_a_cursor(conversions):
    """It is told what to do."""
    with Tmux(conversions["mono.txt"], TERM="dumb") as window:
        window.until("(?s)TERM is dumb.*fix: .*ended 2")


def test_on_the_oldest_python(conversions):
    """What the player is for: CPython 3.6."""
    if not os.path.exists(OLD):
        pytest.skip("no .venv36: make setup makes it where there is a CPython 3.6")
    with Tmux(conversions["half.txt"], 117, 45, OLD, COLORTERM="truecolor") as window:
        window.until("▀{20}")
        window.press("q")
        window.until("ended 0")

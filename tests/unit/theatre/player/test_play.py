"""Playing a conversion in a terminal, and giving the terminal back."""

import os
import random
import re
import signal
import time

import pytest

from offkit.model.errors import UsageError
from offkit.theatre.player.player_process import Film, PlayerProcess
from terminal_session import FINISHED, INTERRUPTED, LEFT, QUIT, Session, show

ROWS = "abcd\nefgh\nijkl\n"


def conversion(path, frames, fps=50.0):
    """A text whose frames begin with their number's last digit."""
    head = "total frame: {} / FPS: {!r} / resolution: 8x6\n".format(frames, fps)
    with open(str(path), "w") as text:
        text.write(head)
        text.writelines("{}\n{}".format(n, ROWS.replace("a", str(n % 10))) for n in range(frames))
    return str(path)


@pytest.fixture
def film(tmp_path):
    """Longer than any test."""
    return Film(conversion(tmp_path / "a.txt", 9000))


def session(film, *args, **more):
    return Session(lambda: show(film), *args, **more)


def test_no_terminal():
    """A pipe is told so, before anything is done."""
    ends = os.pipe()
    pid = os.fork()
    if not pid:
        os.dup2(ends[1], 1)
        try:
            PlayerProcess(Film("none"))
        except UsageError as problem:
            os._exit(problem.exit_code)
        os._exit(9)
    assert os.WEXITSTATUS(os.waitpid(pid, 0)[1]) == 2
    for end in ends:
        os.close(end)


def test_ctrl_c_while_it_begins(film):
    """The player runs already, and its caller is not ready: the terminal is given back."""

    def job():
        real, mine = signal.signal, os.getpid()

        def interrupted(number, handler):
            if number == signal.SIGTSTP and os.getpid() == mine:
                signal.signal = real
                raise KeyboardInterrupt
            return real(number, handler)

        signal.signal = interrupted
        try:
            PlayerProcess(film)
        except KeyboardInterrupt:
            return INTERRUPTED
        return FINISHED

    with Session(job) as tty:
        assert tty.end() == (INTERRUPTED, True)


def test_it_plays_to_the_end(tmp_path):
    """Every frame, on the alternate screen, with the line below."""
    film = Film(conversion(tmp_path / "a.txt", 40))
    # One that answers late is not shown the last frame; one that never answers is.
    with session(film, 10, 40, answers=False) as tty:
        assert tty.end() == (FINISHED, True)
        before, _, _ = tty.output.partition(LEFT)
        tty.output = before
        screen = tty.screen()
    assert "9bcd" in screen.text()
    assert "0:00" in screen.text()
    assert screen.glyphs[4, 18:22].tolist() == [ord(one) for one in "efgh"]
    assert before.startswith(b"\033[?1049h\033[?25l\033[?7l")


@pytest.mark.parametrize("key", [b"q", b"Q", b"\033"])
def test_a_key_leaves(film, key):
    """q and Esc, long before the end."""
    with session(film) as tty:
        tty.until(b"bcd")
        tty.press(key)
        assert tty.end() == (QUIT, True)


def test_a_pause_holds_the_picture(film):
    """After space it is the same frame until the next one, also when it is drawn again."""

    def held():
        tty.shows("\u2016")
        return re.search("frame ([0-9]+) of", tty.screen().text()).group(1)

    with session(film) as tty:
        tty.press(b"i")
        tty.shows("frame 1")
        tty.press(b" ")
        frame = held()
        at = len(tty.read(0.2))  # time of which a film that is on shows ten frames
        tty.press(b"\x0c")
        tty.until(b"\033[2J", at)
        assert held() == frame
        tty.press(b" ")
        tty.shows("\u25b8")
        tty.press(b"q")
        assert tty.end() == (QUIT, True)


def test_seeking_and_one_frame(film):
    """Many keys at once."""
    with session(film, 20, 100) as tty:
        tty.until(b"bcd")
        tty.press(b" i")
        tty.press(b"5\033[C..,")
        tty.shows("frame 4751 of 9000")
        tty.press(b"\033[F")
        tty.shows("frame 8999")
        tty.press(b"\033[1~")
        tty.shows("frame 0 of")
        tty.press(b"q")
        assert tty.end() == (QUIT, True)


def test_any_size_at_any_time(film):
    """Down to one cell, and back."""
    with session(film) as tty:
        for rows, columns in ((1, 1), (3, 200), (50, 2), (2, 2), (30, 90)):
            at = len(tty.read())
            tty.resize(rows, columns)
            tty.until(b"\033[2J", at)
        tty.until(b"efgh", at)
        tty.press(b"q")
        assert tty.end() == (QUIT, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_to_the_player_gives_the_terminal_back(film, number):
    """And ends all of it like Ctrl-C."""
    with session(film) as tty:
        tty.until(b"bcd")
        os.kill(tty.children()[0], number)
        assert tty.end() == (INTERRUPTED, True)


@pytest.mark.parametrize("key", [b"\x03", b"\x1c"])
def test_the_keys_that_end_programs(film, key):
    """Ctrl-C interrupts; Ctrl-backslash only quits, with no core dumped onto the film."""
    with session(film) as tty:
        tty.until(b"bcd")
        tty.press(key)
        assert tty.end() == ({b"\x03": INTERRUPTED, b"\x1c": QUIT}[key], True)


def test_a_player_that_is_killed(film):
    """Whoever stands beside it gives the terminal back and says so."""
    with session(film) as tty:
        tty.until(b"bcd")
        os.kill(tty.children()[0], signal.SIGKILL)
        assert tty.end() == (4, True)
        assert b"was killed by signal 9" in tty.output


def test_the_one_beside_is_killed(film):
    """Then the player sees it, and leaves the screen."""
    with session(film) as tty:
        tty.until(b"bcd")
        os.kill(tty.job, signal.SIGKILL)
        assert tty.told()[0] == signal.SIGKILL
        tty.until(LEFT)


@pytest.mark.parametrize("way", ["key", "signal"])
def test_stopped_and_continued(film, way):
    """The shell gets its terminal back; afterwards the film goes on."""
    with session(film) as tty:
        at = tty.until(b"bcd")
        if way == "key":
            tty.press(b"\x1a")
        else:
            os.kill(tty.job, signal.SIGTSTP)
        status, same = tty.told()
        assert os.WIFSTOPPED(status)
        assert same
        tty.read()
        assert tty.is_left()
        tty.go_on()
        at = tty.until(b"\033[?1049h", at)
        tty.until(b"bcd", at)
        tty.press(b"q")
        assert tty.end() == (QUIT, True)


def test_a_damaged_file_after_the_first_frame(tmp_path):
    """The error comes when the terminal is back. All others are damaged: a slow machine passes over many."""
    path = conversion(tmp_path / "a.txt", 200)
    size = os.path.getsize(path)
    with open(path, "r+b") as text:
        text.seek(size // 20)
        text.write(b"\xff\n" * (size * 9 // 20))
    with session(Film(path, speed=8.0)) as tty:
        assert tty.end() == (1, True)
        assert tty.output.count(LEFT) <= 1


@pytest.mark.parametrize("seed", range(10))
def test_ctrl_c_at_any_moment(film, seed):
    """Entering, playing, leaving; once or twice."""
    rng = random.Random(seed)
    with session(film) as tty:
        time.sleep(rng.random() * 0.25)
        for _ in range(rng.choice((1, 1, 2))):
            tty.press(b"\x03")
            time.sleep(rng.random() * 0.01)
        assert tty.end() == (INTERRUPTED, True)

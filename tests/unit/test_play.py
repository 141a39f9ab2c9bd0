"""Playing a conversion in a terminal."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

import pytest

from offkit.badapple.formats.script import Grid, Script
from offkit.badapple.player import play
from offkit.badapple.player.play import Clock, cropped
from offkit.model.errors import UsageError

TEXT = b"abcd\nefgh\nijkl\n"


def test_the_clock_says_which_frame_is_due():
    """Frames follow the time, not each other."""
    clock = Clock(25.0, 100.0)
    assert [clock.frame(now) for now in (100.0, 100.039, 100.04, 101.0, 160.0)] == [0, 0, 1, 25, 1500]
    assert clock.until(2, 100.04) == pytest.approx(0.04)
    assert clock.until(2, 200.0) == 0


def test_a_pause_stops_the_clock():
    """What was paused goes on from there."""
    clock = Clock(10.0, 0.0)
    clock.toggle(1.0)
    assert clock.paused
    assert clock.frame(50.0) == 10
    clock.toggle(51.0)
    assert clock.frame(51.0) == 10
    assert clock.frame(52.0) == 20


@pytest.mark.parametrize("fps", [0.0, -1.0, 1e9])
def test_a_rate_that_is_none(fps):
    """Thirty, then."""
    assert Clock(fps, 0.0).frame(1.0) == 30


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (4, 3, b"\033[1;1Habcd\033[2;1Hefgh\033[3;1Hijkl"),
        (8, 5, b"\033[2;3Habcd\033[3;3Hefgh\033[4;3Hijkl"),
        (2, 3, b"\033[1;1Hbc\033[2;1Hfg\033[3;1Hjk"),
        (4, 1, b"\033[1;1Hefgh"),
        (1, 1, b"\033[1;1Hf"),
        (0, 0, b""),
    ],
)
def test_a_frame_is_centred_or_cropped(width, height, expected):
    """The middle is shown when the terminal is too small, down to nothing."""
    assert cropped(TEXT, 3, 4, width, height) == expected


def test_no_terminal(monkeypatch, tmp_path):
    """A pipe is told so, before anything is done."""
    with open(str(tmp_path / "out"), "w") as out:
        monkeypatch.setattr(play.sys, "stdout", out)
        with pytest.raises(UsageError, match="--play needs a terminal"):
            play.descriptors()


class Screen:
    """A pseudo-terminal with a player in it."""

    def __init__(self, tmp_path, frames=4, fps=50.0, size=(10, 5)):
        shown = Script(frames, fps, 8, 6, Grid(3, 4))
        path = tmp_path / "a.txt"
        path.write_bytes(
            shown.header()
            + b"".join(b"%d\n" % n + TEXT.replace(b"a", b"%d" % (n % 10)) for n in range(frames))
        )
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if not self.pid:
            code = 9
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            try:
                played = play.play(str(path), shown, self.slave, self.slave)
                code = 10 + played.finished
            except KeyboardInterrupt:
                code = 12
            finally:
                os._exit(code)
        self.output = b""

    def until(self, text):
        """Read what the player writes until ``text`` comes."""
        give_up = time.time() + 20
        while text not in self.output:
            assert time.time() < give_up, self.output
            if select.select([self.master], [], [], 0.1)[0]:
                self.output += os.read(self.master, 65536)

    def end(self):
        """(status of the player, whether the terminal is as it was)."""
        status = os.waitpid(self.pid, 0)[1]
        while select.select([self.master], [], [], 0)[0]:
            self.output += os.read(self.master, 65536)
        same = termios.tcgetattr(self.slave) == self.before
        os.close(self.master)
        os.close(self.slave)
        return status, same


LEFT = b"\033[?25h\033[?1049l"


def test_it_plays_to_the_end(tmp_path):
    """The alternate screen is entered and left, the cursor hidden and shown again."""
    screen = Screen(tmp_path)
    screen.until(LEFT)
    status, same = screen.end()
    assert (os.WEXITSTATUS(status), same) == (11, True)
    assert screen.output.startswith(b"\033[?1049h\033[?25l\033[2J")
    assert b"\033[2;4H0bcd" in screen.output
    assert screen.output.endswith(LEFT)


@pytest.mark.parametrize(("key", "code"), [(b"q", 10), (b"\033", 10)])
def test_a_key_leaves(tmp_path, key, code):
    """q and Esc, long before the end."""
    screen = Screen(tmp_path, frames=9000)
    screen.until(b"bcd")
    os.write(screen.master, key)
    status, same = screen.end()
    assert (os.WEXITSTATUS(status), same) == (code, True)
    assert screen.output.endswith(LEFT)


def test_a_pause_holds_the_picture(tmp_path):
    """After space nothing is drawn until the next one."""
    screen = Screen(tmp_path, frames=9000)
    screen.until(b"bcd")
    os.write(screen.master, b" ")
    time.sleep(0.2)
    while select.select([screen.master], [], [], 0)[0]:
        screen.output += os.read(screen.master, 65536)
    assert not select.select([screen.master], [], [], 0.3)[0]
    os.write(screen.master, b" ")
    screen.output = b""
    screen.until(b"bcd")
    os.write(screen.master, b"q")
    assert screen.end()[1]


@pytest.mark.parametrize("number", [2, 15, 1])
def test_a_signal_leaves_the_terminal_as_it_was(tmp_path, number):
    """SIGINT, SIGTERM, SIGHUP: restored first, and then what the signal means."""
    screen = Screen(tmp_path, frames=9000)
    screen.until(b"bcd")
    os.kill(screen.pid, number)
    status, same = screen.end()
    assert same
    assert screen.output.endswith(LEFT)
    if number == 2:
        assert os.WEXITSTATUS(status) == 12
    else:
        assert os.WTERMSIG(status) == number


def test_a_tiny_terminal(tmp_path):
    """One character is enough to crop to."""
    screen = Screen(tmp_path, size=(1, 1))
    screen.until(LEFT)
    status, same = screen.end()
    assert (os.WEXITSTATUS(status), same) == (11, True)
    assert b"\033[1;1Hf" in screen.output

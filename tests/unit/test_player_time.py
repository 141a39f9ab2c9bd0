"""The player's clock, its keys, and what a line that is behind does. No time passes here."""

import random

import pytest

from offkit.badapple.player import controls
from offkit.badapple.player.clock import SPEEDS, Clock
from offkit.badapple.player.controls import Controls
from offkit.badapple.player.keys import Keys
from offkit.badapple.player.line import Line


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
    assert clock.until(11, 50.0) is None
    clock.toggle(51.0)
    assert clock.frame(51.0) == 10
    assert clock.frame(52.0) == 20


def test_waiting_for_a_frame_is_no_pause():
    """The clock stands, and goes on by itself; a pause meanwhile outlasts the waiting."""
    clock = Clock(10.0, 0.0)
    clock.wait(True, 1.0)
    assert (clock.frame(9.0), clock.paused) == (10, False)
    clock.wait(False, 9.0)
    assert clock.frame(9.5) == 15
    clock.wait(True, 10.0)
    clock.toggle(11.0)
    clock.wait(False, 12.0)
    assert clock.frame(20.0) == 20


def test_speed_changes_nothing_of_what_was():
    """The place is kept, the way on is faster or slower; the last speeds are the bounds."""
    clock = Clock(10.0, 0.0, 2.0)
    assert clock.frame(1.0) == 20
    clock.run_at(0.5, 1.0)
    assert clock.frame(3.0) == 30
    assert clock.until(31, 3.0) == pytest.approx(0.2)
    for _ in range(20):
        clock.faster(3.0)
    assert clock.speed == SPEEDS[-1] == 8
    for _ in range(20):
        clock.slower(3.0)
    assert clock.speed == SPEEDS[0] == 0.25
    assert clock.frame(3.0) == 30


@pytest.mark.parametrize("fps", [0.0, -1.0, 1e9, float("nan"), float("inf")])
def test_a_rate_that_is_none(fps):
    """Thirty, then."""
    assert Clock(fps, 0.0).frame(1.0) == 30


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        (b"q", ["q"]),
        (b" +-.,l?i0", ["space", "+", "-", ".", ",", "l", "?", "i", "0"]),
        (b"\033[C\033[D\033OA\033OB", ["right", "left", "up", "down"]),
        (
            b"\033[5~\033[6~\033[1~\033[4~\033[7~\033[8~\033[H\033[F\033OH",
            ["pgup", "pgdn", "home", "end", "home", "end", "home", "end", "home"],
        ),
        (b"\033[1;5C\033[5;2~", ["right", "pgup"]),
        (b"\033[0nq\033[3n\033[12;40R", ["alive", "q", "alive"]),
        (b"\033[[A\033[11~\033[200~\033OP", []),
        (b"\033\033[C", ["esc", "right"]),
        (b"\033x", ["esc", "x"]),
        ("é✓".encode(), []),
        (b"\x03\x1a\x0c\x1c\r\0", ["interrupt", "suspend", "redraw", "q"]),
    ],
)
def test_keys_by_name(sent, names):
    """Also when they come byte by byte; a lone Esc is known by the silence after it."""
    assert Keys().feed(sent) == names
    slow = Keys()
    assert [name for byte in sent for name in slow.feed(bytes([byte]))] == names
    assert not slow.pending


def test_a_lone_escape():
    """It is one when nothing follows; what is cut off is none."""
    keys = Keys()
    assert keys.feed(b"\033") == []
    assert keys.pending
    assert keys.settle() == ["esc"]
    assert keys.feed(b"\033[1;") == []
    assert keys.settle() == []
    assert keys.feed(b"q") == ["q"]
    assert keys.feed(b"\033[" + b"1" * 5000) == []
    assert keys.feed(b"q") == ["q"]


def test_any_bytes_are_survived():
    """Whatever comes, in whatever pieces: names of keys, and no end of memory."""
    rng = random.Random(5)
    keys = Keys()
    for _ in range(3000):
        data = bytes(rng.choice(b"\033[O0;~nAq\xff ") for _ in range(rng.randint(0, 9)))
        assert all(isinstance(name, str) and name for name in keys.feed(data))


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("left", 950),
        ("right", 1050),
        ("up", 1300),
        ("pgup", 1300),
        ("down", 700),
        ("pgdn", 700),
        ("home", 0),
        ("end", 1999),
        ("0", 0),
        ("7", 1400),
        (".", 1001),
        (",", 999),
    ],
)
def test_keys_that_move(name, frame):
    """By seconds, to places, by a frame; a frame and the end pause there."""
    clock = Clock(10.0, 0.0)
    viewer = Controls(clock)
    assert viewer.press(name, 100.0, 2000)
    assert clock.frame(100.0) == frame
    assert clock.paused == (name in ("end", ".", ","))


def test_nobody_leaves_the_film_by_moving():
    """Beyond both ends is its end; a film without frames, too."""
    clock = Clock(10.0, 0.0)
    viewer = Controls(clock)
    for name, frames, frame in (("left", 50, 0), ("pgup", 50, 49), (".", 50, 49), (",", 1, 0), ("end", 0, 0)):
        viewer.press(name, 0.0, frames)
        assert clock.frame(0.0) == frame


def test_keys_that_switch():
    """Each one once more is as before; Esc closes the help first."""
    viewer = Controls(Clock(10.0, 0.0))
    for name in ("l", "i", "?"):
        assert not viewer.press(name, 0.0, 9)
    assert (viewer.loop, viewer.info, viewer.help) == (True, True, True)
    viewer.press("esc", 0.0, 9)
    assert (viewer.help, viewer.quit) == (False, False)
    for name in ("l", "i", "+", "+", "-", "space", "x"):
        viewer.press(name, 0.0, 9)
    assert (viewer.loop, viewer.info, viewer.clock.speed, viewer.clock.paused) == (False, False, 1.25, True)
    viewer.press("esc", 0.0, 9)
    assert viewer.quit
    assert len(controls.HELP) == 10


class Far:
    """A terminal behind a line: so many bytes a second, an answer after so many seconds."""

    def __init__(self, rate, delay):
        self.rate, self.delay = rate, delay
        self.line, self.free, self.answers = Line(), 0.0, []
        self.ask(0, 0.0)

    def ask(self, size, now):
        self.free = max(self.free, now) + size / float(self.rate)
        if self.line.asks(size, now):
            self.answers.append(self.free + self.delay)

    def film(self, size, seconds):
        """Thirty frames a second of ``size`` bytes: (how many were sent, the longest backlog)."""
        sent, worst = 0, 0.0
        for step in range(int(seconds * 1000)):
            now = step / 1000.0
            while self.answers and self.answers[0] <= now:
                self.answers.pop(0)
                self.line.answered(now)
            if step % 33 == 0 and not self.line.behind(now):
                self.ask(size, now)
                sent += 1
                if now > 3:
                    worst = max(worst, self.free - now)
        return sent, worst


@pytest.mark.parametrize("delay", [0.001, 0.05, 0.3])
@pytest.mark.parametrize("size", [300, 5000, 80000])
def test_a_line_that_keeps_up(size, delay):
    """Every frame is sent."""
    sent, worst = Far(100 * 30 * size, delay).film(size, 8)
    assert sent >= 8 * 30 * 0.75
    assert worst < 0.1


@pytest.mark.parametrize("delay", [0.001, 0.05, 0.3])
@pytest.mark.parametrize("size", [5000, 80000])
@pytest.mark.parametrize("share", [2, 10, 50])
def test_a_line_that_is_behind(size, delay, share):
    """It carries a part of the frames; they come as late as one or two of them take, and a moment."""
    rate = 30.0 * size / share
    sent, worst = Far(rate, delay).film(size, 20)
    assert worst < 2 * size / rate + 0.6
    assert sent > 20 * 30 / share * 0.3


def test_an_answer_that_is_lost():
    """It is waited for, but not for ever."""
    line = Line()
    line.asks(0, 0.0)
    line.answered(0.05)
    line.asks(1 << 20, 1.0)
    assert line.waits
    assert line.behind(9.9)
    assert not line.behind(11.1)
    line.answered(12.0)
    assert not line.behind(12.0)


def test_a_terminal_that_never_answers():
    """It is waited for only at the beginning, and soon no longer asked."""
    line = Line()
    assert line.asks(0, 0.0)
    assert [line.behind(now) for now in (0.0, 0.6, 0.8, 2.9, 3.1, 4.0)] == [True, True] + [False] * 4
    assert not line.asks(10, 4.0)
    assert not line.waits
    line.answered(9.0)
    assert not line.behind(9.1)

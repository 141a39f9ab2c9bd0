"""The player's clock, its keys, and what a line that is behind does. No time passes here."""

import random

import pytest

from offkit.theatre.player import controls
from offkit.theatre.player.clock import SPEEDS, Clock
from offkit.theatre.player.controls import Controls
from offkit.theatre.player.keys import Keys
from offkit.theatre.player.line import Line


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
    assert keys.flush() == ["esc"]
    assert keys.feed(b"\033[1;") == []
    assert keys.flush() == []
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


def test_how_many_bytes_are_on_the_way():
    """4096 before anything is known, and as many as the line takes in a fifth of a second and the way."""
    line = Line()
    assert not line.behind(0.0)
    assert not line.waits
    assert line.asks(100, 0.0)
    assert not line.waits
    assert [line.behind(now) for now in (0.69, 0.71)] == [True, False]
    line.answered(0.1)
    assert not line.waits
    assert not line.behind(0.1)
    line.asks(8191, 1.0)  # the window has been doubled
    assert line.waits
    assert not line.behind(1.0)
    line.asks(1, 1.0)
    assert line.behind(1.0)
    line.answered(1.1)
    assert not line.behind(1.1)
    line.answered(1.1)
    line.answered(5.0)  # to nothing
    assert not line.waits


def test_a_window_is_never_too_small():
    """A line that takes a thousand bytes a second has 1024 on the way; more when it takes more."""
    line = Line()
    line.asks(0, 0.0)
    line.answered(0.1)
    line.asks(1000, 1.0)
    line.answered(2.1)  # one second longer than the shortest
    line.asks(1023, 3.0)
    assert not line.behind(3.0)
    line.asks(1, 3.0)
    assert line.behind(3.0)
    faster = Line()
    faster.asks(0, 0.0)
    faster.answered(0.1)
    faster.asks(10000, 1.0)
    faster.answered(2.1)  # 10000 bytes a second: 3000 in what the way and the moment take
    faster.asks(2990, 3.0)
    assert not faster.behind(3.0)
    faster.asks(20, 3.0)
    assert faster.behind(3.0)


def test_an_answer_tells_of_all_that_was_ahead():
    """Not only of what was sent with its question."""
    line = Line()
    line.asks(0, 0.0)
    line.answered(0.1)
    for _ in range(2):
        line.asks(5000, 1.0)
    line.answered(1.6)  # 5000 in half a second
    line.answered(2.1)  # 10000 in one: 3000 is what the window is now
    line.asks(2990, 3.0)
    assert not line.behind(3.0)
    line.asks(20, 3.0)
    assert line.behind(3.0)
    line.answered(3.5)  # 2990 in 0.4 seconds: 2242
    line.asks(2210, 4.0)
    assert not line.behind(4.0)
    line.asks(30, 4.0)
    assert line.behind(4.0)


def test_what_is_lost_is_forgotten():
    """After ten seconds, with all that was on the way."""
    line = Line()
    line.asks(0, 0.0)
    line.answered(0.1)
    line.asks(1 << 20, 1.0)
    line.asks(1 << 20, 2.0)
    assert line.behind(10.5)
    assert not line.behind(11.5)
    assert not line.waits
    assert line.asks(5, 12.0)
    assert not line.behind(12.0)


def test_a_clock_and_its_rate():
    """A thousand frames a second are one, more are none; the speed multiplies."""
    assert Clock(1000.0, 0.0).fps == 1000.0
    assert Clock(1000.5, 0.0).fps == 30.0
    assert Clock(0.001, 0.0).fps == 0.001
    clock = Clock(10.0, 5.0, 2.0)
    assert (clock.position(5.0), clock.position(4.0), clock.position(5.25)) == (0.0, 0.0, 5.0)
    assert clock.until(10, 5.0) == 0.5
    clock.go(-3.0, 6.0)
    assert clock.position(6.0) == 0.0
    assert clock.moves
    clock.wait(True, 6.5)
    clock.wait(True, 9.0)
    assert not clock.moves
    assert (clock.position(20.0), clock.until(11, 20.0)) == (10.0, None)
    clock.wait(False, 20.0)
    clock.wait(False, 20.5)
    assert clock.position(20.5) == 20.0
    assert clock.frame(20.5 - 1e-9) == 20


def test_every_speed():
    """One after the other, both ways; from one between them to its neighbours."""
    clock = Clock(10.0, 0.0, 0.25)
    found = []
    for _ in range(11):
        found.append(clock.speed)
        clock.faster(0.0)
    assert found == [0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0] == list(SPEEDS)
    for speed in reversed(found):
        assert clock.speed == speed
        clock.slower(0.0)
    for speed, slower, faster in ((5.0, 4.0, 6.0), (0.1, 0.25, 0.25), (16.0, 8.0, 8.0)):
        clock.run_at(speed, 0.0)
        clock.slower(0.0)
        assert clock.speed == slower
        clock.run_at(speed, 0.0)
        clock.faster(0.0)
        assert clock.speed == faster


SWITCHES = ["loop", "info", "help", "quit", "interrupted", "suspend", "redraw"]


@pytest.mark.parametrize(
    ("name", "switch"),
    [
        ("l", "loop"), ("L", "loop"), ("i", "info"), ("I", "info"), ("?", "help"), ("q", "quit"), ("Q", "quit"),
        ("esc", "quit"), ("interrupt", "interrupted"), ("suspend", "suspend"), ("redraw", "redraw"), ("x", None),
        ("space", None), ("+", None),
    ],
)  # fmt: skip
def test_what_a_key_switches(name, switch):
    """That, and nothing else; no film moves by it."""
    viewer = Controls(Clock(10.0, 0.0))
    assert not any(getattr(viewer, one) for one in SWITCHES)
    assert viewer.press(name, 1.0, 50) is False
    assert [one for one in SWITCHES if getattr(viewer, one)] == ([switch] if switch else [])
    assert viewer.clock.paused is (name == "space")
    assert viewer.clock.position(1.0) == 10.0


@pytest.mark.parametrize(("names", "speed"), [
    (["+"], 1.25), (["="], 1.25), (["-"], 0.75), (["_"], 0.75), (["+", "_", "-"], 0.75),
])  # fmt: skip
def test_keys_of_the_speed(names, speed):
    """With or without the shift key."""
    viewer = Controls(Clock(10.0, 0.0))
    for name in names:
        viewer.press(name, 0.0, 50)
    assert viewer.clock.speed == speed


def test_keys_that_stand():
    """A paused film stays paused; a frame on and back; tenths of the film, the last of which is not its end."""
    clock = Clock(10.0, 0.0)
    viewer = Controls(clock)
    for name, frame in (
        (".", 1),
        (".", 2),
        (",", 1),
        ("end", 1004),
        (".", 1004),
        ("9", 904),
        ("1", 100),
        ("home", 0),
    ):
        assert viewer.press(name, 0.0, 1005) is True
        assert (clock.frame(0.0), clock.paused) == (frame, True)
    viewer.press(",", 0.0, 1005)
    assert clock.position(0.0) == 0.0


def test_what_the_help_says():
    """Every key that does something."""
    assert controls.HELP == (
        ("space", "pause"), ("left right", "5 seconds"), ("up down", "30 seconds"), ("home end", "begin, end"),
        ("0 ... 9", "tenths of the film"), (", .", "one frame"), ("- +", "slower, faster"), ("l", "loop"),
        ("i", "statistics"), ("q", "quit"),
    )  # fmt: skip


@pytest.mark.parametrize("length", [64, 65])
def test_the_longest_sequence(length):
    """What is longer is none, and what comes behind it is a key again."""
    keys = Keys()
    assert keys.feed(b"\033[" + b"1" * (length - 2)) == []
    assert keys.pending is (length == 64)
    assert keys.feed(b"~q") == (["q"] if length == 64 else ["~", "q"])


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        (b"\033OC\033OD\033OF\033Oq", ["right", "left", "end"]),
        (b"\033[1n\033[n\033[0n", ["alive"]),
        (b"\033[9~\033[~\033[6;5~", ["pgdn"]),
        (b"\033[A\033[B\033[Z\033[?1c\033[1 q", ["up", "down"]),
        (b"!~\x7f\x80 \x1b[[Bq", ["!", "~", "space", "q"]),
        (b"\033\033q", ["esc", "esc", "q"]),
    ],
)
def test_more_keys_by_name(sent, names):
    """Those of application mode, reports, and what has no name."""
    assert Keys().feed(sent) == names


def test_an_esc_that_waits():
    """It is told once; a sequence that was cut off is dropped."""
    keys = Keys()
    assert (keys.feed(b"a\033"), keys.pending) == (["a"], True)
    assert (keys.flush(), keys.flush(), keys.pending) == (["esc"], [], False)
    keys.feed(b"\033[")
    assert (keys.flush(), keys.pending) == ([], False)
    keys.feed(b"\033")
    assert keys.feed(b"[A") == ["up"]

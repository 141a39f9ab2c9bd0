"""The player itself, on a terminal and with a time that are the test's: what is shown, when, and what it waits for."""

import multiprocessing
import os
import signal

import pytest

from offkit.badapple import unfinished
from offkit.model.errors import RequestError
from offkit.theatre.player import play
from offkit.theatre.player.ability import ALL, ASCII, TRUE_COLOUR, Ability
from offkit.theatre.player.keys import QUESTION
from offkit.theatre.player.play import Played, Player
from offkit.theatre.player.source import Source
from offkit.theatre.player.terminal import Lost
from terminal_model import Model

HEAD = "total frame: {} / FPS: {!r} / resolution: 8x6\n"
ALIVE = b"\033[0n"
COMMON = Ability(8, ALL)


def frames(start, stop):
    """Frames of 3 rows, 4 columns, which begin with their number."""
    return "".join("{}\n{:04d}\nefgh\nijkl\n".format(n, n) for n in range(start, stop))


def made(path, count, fps=10.0):
    with open(str(path), "w") as text:
        text.write(HEAD.format(count, fps) + frames(0, count))
    return str(path)


class Stage:
    """A terminal, and the time that passes while it is listened to.

    ``script`` is a generator: each time the player listens, it gives what is typed meanwhile and
    how many seconds that takes. At its end q is typed.
    """

    def __init__(self, rows=10, columns=60, answers=True):
        self.now, self.rows, self.columns, self.answers = 100.0, rows, columns, answers
        self.busy = False
        self.sent, self.waits, self.done, self.signals = [], [], [], []
        self.script = iter(())
        self.open = 0
        self.model = Model(rows, columns)

    def monotonic(self):
        return self.now

    def size(self):
        return self.rows, self.columns

    def send(self, data):
        self.sent.append(data)
        self.open += data.count(QUESTION)
        if b"\033[2J" in data:
            self.model = Model(self.rows, self.columns)
        self.model.feed(data)

    def listen(self, wait, other):
        self.waits.append(wait)
        typed, seconds = next(self.script, (b"q", 0.0))
        self.now += seconds
        if self.answers:
            typed, self.open = ALIVE * self.open + typed, 0
        return typed, [one for one in other if one.poll()]

    def noted(self):
        noted, self.signals = self.signals, []
        return noted

    def take_over(self):
        self.done.append("take over")

    def suspend(self):
        self.done.append("suspend")
        self.now += 50.0

    def enter(self):
        self.done.append("enter")

    def leave(self):
        self.done.append("leave")

    def row(self, number):
        return "".join(map(chr, self.model.glyphs[number])).rstrip()

    def film(self):
        """The number of the frame on the screen, or None."""
        found = self.model.text().partition("efgh")[0].split()
        return int(found[-1]) if found and found[-1].isdigit() else None


@pytest.fixture
def stage(monkeypatch, tmp_path):
    """stage(script, ...) plays a film of so many frames while the script runs: (Played, Stage)."""
    ends = multiprocessing.Pipe()

    def run(script=None, count=1000, fps=10.0, speed=1.0, ability=COMMON, source=None, **more):
        there = Stage(**more)
        monkeypatch.setattr(play, "time", there)
        if source is None:
            source = Source(made(tmp_path / "film.txt", count, fps))
        there.player = Player(there, source, ability, speed)
        there.parent = ends[1]
        if script:
            there.script = script(there)
        return there.player.run(ends[0]), there

    yield run
    for end in ends:
        end.close()


def test_every_frame_at_its_time(stage):
    """The question first; then each frame, with another question behind what is sent."""

    def script(tty):
        assert tty.sent == [QUESTION]
        yield b"", 0.0
        for number in range(4):
            assert tty.film() == number
            yield b"", 0.1
        assert tty.film() == 4
        assert tty.row(3) == " " * 28 + "0004"
        yield b"", 0.1
        raise AssertionError("the film is over")

    played, tty = stage(script, count=5)
    assert played == Played(5, 0, True, False)
    assert [round(wait, 6) for wait in tty.waits] == [0.0] + [0.1] * 5
    assert all(data.endswith(QUESTION) for data in tty.sent)
    assert len(tty.sent) == 6


def test_what_it_waits_for(stage):
    """The next frame, but the size is looked at four times a second, also while nothing moves."""

    def script(tty):
        yield b"", 0.0
        yield b" ", 0.1
        yield b"", 0.25
        yield b"\033", 0.0

    played, tty = stage(script, fps=1.0)
    assert played == Played(1, 0, False, False)
    assert [round(wait, 6) for wait in tty.waits] == [0.0, 0.25, 0.25, 0.25, 0.05]


def test_frames_that_come_too_late(stage):
    """They are dropped; those that a key jumped over are not counted as that."""

    def script(tty):
        yield b"", 0.0
        yield b"", 0.3
        assert tty.film() == 3
        yield b"\033[C", 0.1
        assert tty.film() == 54
        yield b"\033[D", 0.1
        assert tty.film() == 5
        yield b"", 0.2
        assert tty.film() == 7

    played, tty = stage(script)
    assert played == Played(5, 3, False, False)
    assert "|" not in tty.row(9)


def test_a_program_that_was_stopped(stage):
    """Two seconds later than it wanted: the film goes on from where it was."""

    def script(tty):
        yield b"", 0.0
        yield b"", 0.1
        yield b"", 60.0
        assert tty.film() == 1
        yield b"", 0.1
        assert tty.film() == 2
        yield b"", 2.0
        assert tty.film() == 22

    assert stage(script)[0] == Played(4, 19, False, False)


def test_whoever_waits_is_told(stage):
    """Texts come by the connection; its end is that of the film."""

    def script(tty):
        yield b"", 0.0
        tty.parent.send("frames converted: 7 %")
        yield b"", 0.1
        assert tty.player._said == "frames converted: 7 %"
        tty.parent.close()
        yield b"", 0.1
        raise AssertionError("it is over")

    assert stage(script)[0] == Played(2, 0, False, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_signals_that_end_it(stage, number):
    """At once, and as interrupted."""

    def script(tty):
        yield b"", 0.0
        tty.signals.append(number)
        yield b"", 0.1
        raise AssertionError("it is over")

    assert stage(script)[0] == Played(1, 0, False, True)


def test_other_signals(stage):
    """A new size is looked at anyway; after a stop by somebody else the terminal is taken again."""

    def script(tty):
        yield b" ", 0.0
        yield b"", 0.1
        at = len(tty.sent)
        tty.signals.append(signal.SIGWINCH)
        yield b"", 0.1
        assert (tty.done, tty.sent[at:]) == ([], [])
        tty.signals.append(signal.SIGCONT)
        yield b"", 0.1
        assert tty.done == ["take over"]
        assert b"\033[2J" in tty.sent[-1]
        assert tty.film() == 0

    stage(script)


@pytest.mark.parametrize("way", ["key", "signal"])
def test_a_stop(stage, way):
    """The terminal answers before it is given back; afterwards the film is where it was, drawn anew."""

    def script(tty):
        yield b"", 0.0
        if way == "signal":
            tty.signals.append(signal.SIGTSTP)
        at = len(tty.sent)
        tty.open = 0  # the answer is on its way
        yield b"\x1a" if way == "key" else b"", 0.2
        assert tty.done == []
        yield b"x" + ALIVE, 0.04
        assert tty.done == ["suspend"]
        assert tty.waits[-2] == 0.05
        assert b"\033[2J" in tty.sent[at]
        assert tty.film() == 2
        yield b"", 0.1
        assert tty.film() == 3
        assert tty.done == ["suspend"]
        assert b"\033[2J" not in tty.sent[-1]

    played, _ = stage(script)
    assert played == Played(3, 1, False, False)


@pytest.mark.parametrize(("typed", "played"), [
    (b"q", Played(1, 0, False, False)), (b"\x03", Played(1, 0, False, True)), (b"\x1c", Played(1, 0, False, False)),
])  # fmt: skip
def test_keys_that_leave(stage, typed, played):
    """At once; only Ctrl-C ends all of it."""

    def script(tty):
        yield b"", 0.0
        yield typed, 0.1
        raise AssertionError("it is over")

    assert stage(script)[0] == played


def test_a_lone_escape_is_known_by_the_silence(stage):
    """A twentieth of a second of it; what follows sooner belongs to it."""

    def script(tty):
        yield b" ", 0.0
        yield b"", 0.1
        yield b"\033", 0.1
        yield b"[C", 0.04
        assert tty.film() == 50
        yield b"", 0.1
        yield b"\033", 0.1
        yield b"", 0.04
        yield b"", 0.02
        raise AssertionError("it is over")

    played, tty = stage(script)
    assert not played.finished
    assert tty.film() == 50


def test_words_over_the_film(stage):
    """Numbers and help are drawn when they are switched on, also while the film stands."""

    def script(tty):
        yield b" ", 0.0
        yield b"i", 0.1
        assert tty.row(0) == " frame 0 of 1000  1x  0.0 of 10 fps  0 dropped  4 x 3 charact"[:59]
        yield b"i?", 0.1
        assert tty.row(0).startswith(" " * 14 + "space")
        yield b"?", 0.1
        assert tty.row(0) == ""
        assert tty.row(9).startswith(" \u2016 0:00 ")
        yield b"l", 0.1
        assert tty.row(9).endswith(" 1:40 \u21bb")
        yield b"l+ ", 0.1
        assert tty.row(9).endswith(" 1:40 1.25x")
        assert tty.row(9).startswith(" \u25b8 0:00 ")

    stage(script)


@pytest.mark.parametrize(
    ("colours", "words"), [(0, "no colours"), (8, "8 colours"), (TRUE_COLOUR, "true colour")]
)
def test_the_numbers_say_what_is_shown_where(stage, colours, words):
    """The conversion, the terminal, and the rate of the last second."""

    def script(tty):
        yield b"i", 0.0
        for _ in range(15):
            yield b"", 0.2
        assert tty.row(0) == (
            " frame 30 of 1000  1x  5.0 of 10 fps  15 dropped  4 x 3 characters, terminal: " + words
        )

    stage(script, columns=120, ability=Ability(colours, ASCII))


def test_again_and_again(stage):
    """From the first frame, and nothing is dropped by that."""

    def script(tty):
        yield b"l", 0.0
        for number in (1, 2, 0, 1, 2, 0):
            yield b"", 0.1
            assert tty.film() == number

    assert stage(script, count=3)[0] == Played(7, 0, False, False)


def test_a_pause_beyond_the_end(stage):
    """Space came too late to stop it before: the last frame stands, and then it is over."""

    def script(tty):
        yield b"", 0.0
        yield b" ", 1.0
        assert tty.film() == 4
        yield b"", 1.0
        assert tty.film() == 4
        yield b" ", 0.1
        yield b"", 0.1
        raise AssertionError("it is over")

    assert stage(script, count=5)[0].finished


@pytest.mark.parametrize("busy", [False, True])
def test_the_last_frame(stage, busy):
    """Whoever was busy when it was due shows it all the same, but for a terminal that takes nothing."""

    def script(tty):
        yield b"", 0.0
        tty.busy = busy
        yield b"", 1.0

    played, tty = stage(script, count=5)
    assert played == (Played(1, 0, True, False) if busy else Played(2, 3, True, False))
    assert tty.film() == (0 if busy else 4)


def test_a_terminal_that_takes_nothing(stage):
    """Nothing is drawn meanwhile; then what is due."""

    def script(tty):
        tty.busy = True
        yield b"", 0.0
        yield b"", 0.5
        assert tty.sent == [QUESTION]
        tty.busy = False
        yield b"", 0.5
        assert tty.film() == 0  # the film begins when it can be seen
        yield b"", 0.1
        tty.busy = True
        yield b"", 0.1
        assert tty.film() == 1
        tty.busy = False
        yield b"", 0.1
        assert tty.film() == 3

    assert stage(script)[0] == Played(3, 1, False, False)


def test_a_terminal_that_does_not_answer(stage):
    """The first frame waits for it, 0.7 seconds; the question is put no more when it never does."""

    def script(tty):
        yield b"", 0.0
        yield b"", 0.6
        assert tty.film() is None
        yield b"", 0.2
        assert tty.film() == 0
        assert tty.sent[-1].endswith(QUESTION)
        yield b"", 1.0
        yield b"", 1.5
        assert QUESTION not in tty.sent[-1]

    stage(script, answers=False)


def test_another_size(stage):
    """All is drawn anew, and the frame fits."""

    def script(tty):
        yield b" ", 0.0
        yield b"", 0.1
        assert tty.row(4).strip() == "efgh"
        tty.rows, tty.columns = 3, 4
        yield b"", 0.1
        assert tty.model.text() == "0000\nefgh\nijkl"
        tty.rows, tty.columns = 20, 60
        yield b"", 0.1
        assert tty.row(8) == " " * 28 + "0000"
        assert tty.row(19).startswith(" \u2016")

    stage(script)


def test_a_film_that_is_being_made(stage, tmp_path):
    """It is looked for ten times a second, at its own rate once that is known; the last picture stays."""
    output = str(tmp_path / "new.txt")
    part = unfinished.path(output)

    def add(text):
        with open(part, "a") as target:
            target.write(text)

    def script(tty):
        yield b"i", 0.0
        assert tty.row(9) == " waiting for frame 0"
        assert tty.row(0) == " frame 0 of 0  1x  0.0 of 30 fps  0 dropped  8 colours"
        tty.parent.send("decoding")
        yield b"", 0.05
        assert tty.row(9) == " waiting for frame 0 (decoding)"
        add(HEAD.format(30, 10.0) + frames(0, 3))
        yield b"", 0.04
        assert tty.row(9) == " waiting for frame 0 (decoding)"
        yield b"", 0.02
        assert tty.film() == 0
        assert "of 10 fps" in tty.row(0)
        yield b"i", 0.1
        assert tty.film() == 1
        yield b"", 0.1
        assert tty.film() == 2
        yield b"", 0.1
        assert (tty.row(9), tty.film()) == (" waiting for frame 3 (decoding)", 2)
        yield b"", 5.0
        assert (tty.row(9), tty.film()) == (" waiting for frame 3 (decoding)", 2)
        tty.rows = 12  # what was drawn for another size is not to be seen
        yield b"", 0.01
        assert tty.row(11) == " waiting for frame 3 (decoding)"
        add(frames(3, 30))
        yield b"", 0.01
        assert tty.film() == 3
        assert max(tty.waits) == 0.1
        os.rename(part, output)
        yield b"", 0.1
        assert tty.film() == 4
        yield b"\033[F", 0.1
        assert tty.film() == 29
        yield b" ", 0.1
        yield b"", 0.2
        raise AssertionError("it is over")

    played, _ = stage(script, source=Source(output, part, os.getppid()))
    assert played == Played(6, 0, True, False)


def test_a_film_that_nobody_makes_any_more(stage, tmp_path):
    """It ends with what the source says."""
    output = str(tmp_path / "new.txt")

    def script(tty):
        yield b"", 0.0
        yield b"", 0.2

    with pytest.raises(RequestError, match="ended before it was complete"):
        stage(script, source=Source(output, unfinished.path(output), 1 << 30))


@pytest.mark.parametrize("answers", [True, False])
def test_the_last_answer_is_waited_for(stage, answers):
    """A tenth of half a second at a time, and no longer than that; what else is typed goes nowhere."""

    def script(tty):
        yield b"", 0.0
        yield b"q", 0.1

    _, tty = stage(script)
    tty.answers, tty.open = False, 0
    del tty.waits[:]
    tty.player._line.asks(7, tty.now)
    tty.script = iter([(b"x", 0.05), (ALIVE if answers else b"", 0.05)] + [(b"", 0.05)] * 30)
    before = tty.now
    tty.player.await_answer()
    assert tty.waits == [0.05] * (2 if answers else len(tty.waits))
    assert tty.player._line.waits is (not answers)
    assert 0.49 <= tty.now - before < 0.56 or answers


@pytest.mark.parametrize("way", ["finished", "lost", "damaged"])
def test_the_terminal_is_given_back(monkeypatch, tmp_path, way):
    """Whatever happens; one that is gone interrupts."""
    there = Stage()
    monkeypatch.setattr(play, "time", there)
    monkeypatch.setattr(play, "Terminal", lambda handle: there.done.append(handle) or there)
    ends = multiprocessing.Pipe()

    def script():
        yield b"", 0.0
        if way == "lost":
            raise Lost
        if way == "damaged":
            raise KeyError("x")
        while True:
            yield b"", 0.1

    there.script = script()
    source = Source(made(tmp_path / "film.txt", 3))
    try:
        if way == "damaged":
            with pytest.raises(KeyError):
                play.play(7, source, Ability(8, ALL), 2.0, ends[0])
        else:
            played = play.play(7, source, Ability(8, ALL), 2.0, ends[0])
            assert played == (Played(0, 0, False, True) if way == "lost" else Played(2, 1, True, False))
    finally:
        for end in ends:
            end.close()
    assert there.done == [7, "enter", "leave"]


def test_another_size_beyond_what_can_be_pointed_at(stage):
    """The picture has as many cells as before, and is drawn anew all the same: the terminal moved it."""

    def script(tty):
        yield b" ", 0.0
        yield b"", 0.1
        at = len(tty.sent)
        tty.columns = 1300
        yield b"", 0.1
        assert b"\033[2J" in tty.sent[at]

    stage(script, rows=4, columns=1200)

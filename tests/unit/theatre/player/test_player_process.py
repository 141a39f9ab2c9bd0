"""The process beside the player: what it takes for an answer, and that it gives everything back."""

import multiprocessing
import os
import pty
import signal

import pytest

import waiting
from offkit.model.errors import EnvironmentProblem, OffkitError, UsageError
from offkit.model.finding import Finding
from offkit.model.report import Bar, Reporter
from offkit.theatre.player import play, player_process, terminal
from offkit.theatre.player.ability import ALL, Ability
from offkit.theatre.player.deferred import Deferred
from offkit.theatre.player.play import Played
from offkit.theatre.player.player_process import Film, PlayerProcess

FILM = Film("film.txt")


@pytest.fixture
def tty(monkeypatch):
    """The far end of a terminal that stands where stdout is for the player."""
    ends = pty.openpty()
    monkeypatch.setattr(player_process, "_SCREEN", ends[1])
    monkeypatch.setattr(player_process.pool, "start_method", lambda: "fork")
    monkeypatch.setenv("TERM", "xterm")
    yield ends[0]
    for end in ends:
        os.close(end)


def sent(tty):
    """What has been written to it so far; the end is known by a mark, since it comes in any number of pieces."""
    os.write(player_process._SCREEN, b"<mark>")
    found = b""
    while not found.endswith(b"<mark>"):
        found += waiting.typed(tty)
    return found[: -len(b"<mark>")]


@pytest.fixture
def playing(tty, monkeypatch):
    """playing(life): a player that lives like that: life(pipe), then it ends."""

    def start(life):
        def body(film, can, pipe, foreign):
            foreign.close()
            try:
                life(pipe)
            finally:
                os._exit(7)

        monkeypatch.setattr(player_process, "_body", body)
        return PlayerProcess(FILM)

    before = signal.getsignal(signal.SIGTSTP), signal.pthread_sigmask(signal.SIG_BLOCK, [])
    yield start
    assert (signal.getsignal(signal.SIGTSTP), signal.pthread_sigmask(signal.SIG_BLOCK, [])) == before
    assert multiprocessing.active_children() == []


def test_a_film_that_was_played(playing, tty):
    """What the player says of it; the terminal is its own to give back."""
    answer = Played(3, 1, True)
    with playing(lambda pipe: pipe.send(answer)) as film:
        assert film.played() == answer
        assert not film.plays
        film.wait()
        assert film.played() == answer
        film.say("too late")
        assert os.ttyname(film._handle) == os.ttyname(player_process._SCREEN)
    assert sent(tty) == b""
    assert film._pipe.closed
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(film._handle)


def test_a_viewer_who_wants_all_of_it_to_end(playing):
    """Ctrl-C, then."""
    with playing(lambda pipe: pipe.send(Played(3, 1, False, True))) as film, pytest.raises(KeyboardInterrupt):
        film.played()


def test_a_film_that_cannot_go_on(playing):
    """The player's own error."""
    with playing(lambda pipe: pipe.send(UsageError("no", fix="yes"))) as film:
        with pytest.raises(UsageError) as caught:
            film.played()
        assert (caught.value.message, caught.value.fix) == ("no", "yes")


def test_a_slip_in_the_player(playing, tty):
    """Its traceback, after the terminal was given back."""
    with playing(lambda pipe: pipe.send("Traceback: x")) as film:
        with pytest.raises(RuntimeError) as caught:
            film.played()
        assert str(caught.value) == "in the player:\nTraceback: x"
    assert sent(tty) == b""


@pytest.mark.parametrize("how", ["exit", "kill"])
def test_a_player_that_ends_without_a_word(playing, tty, how):
    """The terminal is given back here, and it is said."""

    def life(pipe):
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)

    with playing(life) as film:
        with pytest.raises(EnvironmentProblem) as caught:
            film.played()
        assert not film.plays
    word = {"exit": "ended with exit status 7", "kill": "was killed by signal 9"}[how]
    text = "the player {}; the terminal was given back".format(word)
    fix = "play it again; 'reset' helps a terminal that still looks strange"
    assert caught.value.message == text
    assert caught.value.findings == (Finding("VID021", "error", "player", text, (), fix),)
    assert sent(tty) == terminal.LEAVE


def test_a_player_that_does_not_end(playing, tty, monkeypatch):
    """It is asked to, and killed when it has had its time; it begins with its signals blocked."""
    monkeypatch.setattr(player_process, "_PATIENCE", 0.05)

    def life(pipe):
        pipe.send(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))
        while True:
            signal.pause()

    with playing(life) as film:
        assert film._pipe.poll(60)
        blocked = film._pipe.recv()
        assert film.plays
    assert blocked == sorted([signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP])
    assert film._process.exitcode == -signal.SIGKILL
    assert sent(tty) == terminal.LEAVE
    with pytest.raises(EnvironmentProblem, match="was killed by signal 9"):
        film.played()


def test_words_for_whoever_waits(playing):
    """They come to the player; and it is seen that a film is over without asking for its answer."""
    with playing(lambda pipe: pipe.send(Played(int(pipe.recv()), 0, True))) as film:
        assert film.plays
        film.say("42")
        assert film._pipe.poll(60)
        assert not film.plays
        assert film.played().shown == 42


def test_a_stop_is_passed_on(playing):
    """To the player, which stops all of us; afterwards the signal is what it was."""

    def life(pipe):
        pipe.send(signal.sigwait([signal.SIGTSTP]))

    before = signal.getsignal(signal.SIGTSTP)
    with playing(life) as film:
        assert signal.getsignal(signal.SIGTSTP) == film._pass_on
        os.kill(os.getpid(), signal.SIGTSTP)
        film.wait()
        assert film._answer == signal.SIGTSTP
        film._pass_on(signal.SIGTSTP, None)  # nobody is there any more
    assert signal.getsignal(signal.SIGTSTP) == before


def test_a_stdout_that_is_no_terminal(tty, monkeypatch):
    """And a terminal that cannot be opened again: each with a way out, and nothing is started."""
    monkeypatch.setattr(
        player_process.multiprocessing, "get_context", lambda method: pytest.fail("it was started")
    )
    monkeypatch.setattr(terminal, "opened", lambda descriptor: None)
    with pytest.raises(EnvironmentProblem) as caught:
        PlayerProcess(FILM)
    assert caught.value.message == "the terminal cannot be opened a second time, which --play needs"
    assert caught.value.fix == "/dev/pts or /proc is not mounted here: mount it, or leave --play out"
    with open(os.devnull) as nothing:
        monkeypatch.setattr(player_process, "_SCREEN", nothing.fileno())
        with pytest.raises(UsageError) as refused:
            PlayerProcess(FILM)
    assert refused.value.message == "--play needs a terminal, and stdout is not one"
    assert refused.value.fix == "leave --play out, or do not redirect stdout"


@pytest.fixture
def lived(tty, monkeypatch):
    """lived(film): what the player's process answers, and that it ends; it is this one here."""
    ended, handles, real = [], [], terminal.opened

    def opened(descriptor):
        handles.append(real(descriptor))
        return handles[-1]

    monkeypatch.setattr(terminal, "opened", opened)

    def run(film):
        ours, theirs = multiprocessing.Pipe()
        foreign, other = multiprocessing.Pipe()
        with monkeypatch.context() as patch, ours, other:
            patch.setattr(os, "_exit", ended.append)
            player_process._body(film, Ability(8, ALL), theirs, foreign)
            assert (theirs.closed, foreign.closed, ended.pop()) == (True, True, 0)
            return ours.recv()

    yield run
    for handle in handles:
        os.close(handle)


def test_what_a_player_answers(lived, monkeypatch, tmp_path):
    """What was played; an error of ours as it is, any other with its traceback."""
    path = tmp_path / "film.txt"
    path.write_text("total frame: 1 / FPS: 5.0 / resolution: 8x6\n0\nabcd\nefgh\nijkl\n")
    given = []

    def playing(handle, source, can, speed, pipe):
        given.append((os.isatty(handle), source.frames, source.complete, can, speed))
        pipe.send("before")
        return Played(1, 0, True)

    monkeypatch.setattr(play, "play", playing)
    assert lived(Film(str(path), speed=2.5)) == "before"
    assert given == [(True, 1, True, Ability(8, ALL), 2.5)]
    monkeypatch.setattr(play, "play", lambda *given: Played(1, 0, True))
    assert lived(Film(str(path))) == Played(1, 0, True)
    part = str(tmp_path / "part")
    monkeypatch.setattr(play, "play", lambda handle, source, *more: (source._part, source._maker))
    assert lived(Film(str(path), part, 7)) == (part, 7)
    assert isinstance(lived(Film(str(tmp_path / "nowhere.txt"))), OffkitError)
    monkeypatch.setattr(play, "play", lambda *given: 1 // 0)
    assert lived(Film(str(path))).splitlines()[-1].startswith("ZeroDivisionError: ")
    monkeypatch.setattr(terminal, "opened", lambda descriptor: None)
    assert lived(Film(str(path))).splitlines()[-1] == "OSError: the terminal is gone"


class Told(Reporter):
    """Keeps what it is told."""

    def __init__(self):
        self.told = []

    def step(self, text):
        self.told.append(("step", text))

    def note(self, text):
        self.told.append(("note", text))

    def warn(self, text):
        self.told.append(("warn", text))

    def bar(self, label, total, unit=""):
        self.told.append(("bar", label, total, unit))
        told = self.told

        class Kept(Bar):
            def __enter__(self):
                told.append("enter")
                return self

            def advance(self, amount=1):
                told.append(amount)

            def __exit__(self, *exc):
                told.append(exc)

        return Kept()


class Screened:
    """A film that is on the screen."""

    def __init__(self):
        self.plays, self.heard = True, []

    def say(self, text):
        self.heard.append(text)


def test_what_is_told_while_a_film_is_on(tmp_path):
    """To the film at once, but for notes; to the terminal afterwards, in order, and from then on at once."""
    told, film = Told(), Screened()
    deferred = Deferred(told, film)
    deferred.step("decoding")
    deferred.note("a detail")
    deferred.warn("odd")
    assert (film.heard, told.told, deferred.is_alone()) == (["decoding", "odd"], [], False)
    film.plays = False
    deferred.note("another")
    assert told.told == [("step", "decoding"), ("note", "a detail"), ("warn", "odd"), ("note", "another")]
    assert deferred.is_alone()
    deferred.warn("last")
    assert told.told[4:] == [("warn", "last")]
    assert film.heard == ["decoding", "odd"]


def test_a_bar_behind_a_film():
    """Its percents while the film is on, each once; then a bar that goes on from there."""
    told, film = Told(), Screened()
    with Deferred(told, film).bar("frames", 200, "B") as bar:
        for amount in (1, 1, 1, 60):
            bar.advance(amount)
        bar.advance()
        assert (film.heard, told.told) == (["frames: 1 %", "frames: 31 %", "frames: 32 %"], [])
        film.plays = False
        bar.advance(6)
        bar.advance(5)
        assert told.told == [("bar", "frames", 200, "B"), "enter", 70, 5]
    assert told.told[4:] == [(None, None, None)]
    with Deferred(told, film).bar("more", 2):
        pass
    assert told.told[5:] == []
    film.plays = True
    with Deferred(told, film).bar("none", 0) as bar:
        bar.advance(1)
    assert film.heard[3:] == ["none: 100 %"]

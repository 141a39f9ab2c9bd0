"""Wheels are read while others come; what asks of them later reads none again."""

import os
import signal
import subprocess
import sys
import threading

import pytest

import bundle_maker
from offkit.model.report import Reporter
from offkit.online.proof import by_reading, forecast, grammar, parsers, reading
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from offkit.online.wheels import store
from offkit.online.wheels.kept import Kept
from target_maker import preset

EL7 = preset("3.6")
HERE = preset("{}.{}".format(*sys.version_info[:2]))
WALRUS = b"if (y := 1):\n    pass\n"


@pytest.fixture
def unread(monkeypatch):
    """Whoever reads a wheel after this fails."""

    def close():
        monkeypatch.setattr(forecast, "_read", lambda path: pytest.fail(f"{path} is read again"))
        monkeypatch.setattr(parsers, "answering", None)

    return close


def test_nothing_is_read_again(tmp_path, monkeypatch, unread):
    """And one that is damaged is told of by whoever asks."""
    monkeypatch.setattr(grammar.interpreters, "of", lambda target: None)
    paths = [
        store.keep(*bundle_maker.wheel(name, "1", files={f"{name}.py": text}), tmp_path)
        for name, text in (("wrong", WALRUS), ("right", b"x = 1\n"))
    ]
    with reading.beside(EL7, tmp_path) as read:
        for path in paths:
            read.add(path)
        read.add(store.keep("broken-1-py3-none-any.whl", b"PK", tmp_path))
        read.settle()
    unread()
    assert [one.subject for one in grammar.findings(paths, EL7, tmp_path)] == ["wrong"]
    assert forecast.survey(paths, EL7, tmp_path).installed_size > 0


def test_a_program_that_parses_is_started_once(tmp_path, monkeypatch):
    """For each that is at work at a time, and again when it has ended; they are gone with the block."""
    monkeypatch.setattr(reading.os, "cpu_count", lambda: 1)
    began, real = [], subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *given, **named: began.append(real(*given, **named)) or began[-1]
    )
    paths = [
        store.keep(*bundle_maker.wheel(f"p{number}", "1", files={f"p{number}.py": b"x = 1\n"}), tmp_path)
        for number in range(5)
    ]
    with reading.beside(HERE, tmp_path) as read:
        for path in paths[:3]:
            read.add(path)
        read.settle()
        assert len(began) == 1
        began[0].kill()
        read.add(paths[3])
        read.add(paths[4])
        read.settle()
        assert len(began) == 2
    assert [one.returncode for one in began] == [-signal.SIGKILL] * 2
    assert grammar.findings(paths, HERE, tmp_path) == []


def test_when_something_else_failed_nothing_begins(tmp_path):
    held, done = threading.Event(), []

    def wait():
        done.append("began")
        held.wait()

    def fail():
        with reading.beside(EL7, tmp_path) as read:
            for _ in range(100):
                read.beside(wait)
            read.stop()
            held.set()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(done) < 100


def test_what_is_parsed_does_not_hold_up_what_is_looked_at(tmp_path, monkeypatch, unread):
    """Whichever came first: as many wheels are parsed at a time as there are processors."""
    monkeypatch.setattr(reading.os, "cpu_count", lambda: 1)
    parsing, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(grammar, "findings", lambda *given: parsing.set() or go_on.wait())
    paths = [store.keep(*bundle_maker.wheel(name, "1"), tmp_path) for name in ("first", "second")]
    with reading.beside(EL7, tmp_path) as read:
        for path in paths:
            read.add(path)
        parsing.wait()
        read.looked()
        unread()
        assert forecast.survey(paths, EL7, tmp_path).installed_size > 0
        go_on.set()


def test_the_largest_that_is_there_is_next(tmp_path, monkeypatch):
    """It would be waited for alone in the end."""
    monkeypatch.setattr(reading.os, "cpu_count", lambda: 1)
    looked, parsed, go_on = [], [], threading.Event()
    began = threading.Barrier(3)

    def do(path, done):
        if not done:
            began.wait()
            go_on.wait()
        done.append(path)

    monkeypatch.setattr(forecast, "look", lambda path, cache: do(path, looked))
    monkeypatch.setattr(grammar, "findings", lambda paths, *given: do(*paths, parsed))
    first, *others = (
        store.keep(*bundle_maker.wheel(f"p{size}", "1", files={f"p{size}.bin": os.urandom(size)}), tmp_path)
        for size in (1, 100, 300, 200)
    )
    with reading.beside(EL7, tmp_path) as read:
        read.add(first)
        began.wait()
        for path in others:
            read.add(path)
        go_on.set()
        read.settle()
    assert looked == parsed == [first, others[1], others[2], others[0]]


@pytest.mark.parametrize("metadata", [True, False])
def test_wheels_of_a_lock_come_at_once(mirror, tmp_path, metadata):
    """With metadata beside them too: it would be one more request for each; not where they are not wanted."""
    server = mirror("alpha", metadata=metadata)
    with Session(EL7, server.args, Reporter()) as session:
        text = session.lock(Request(("alpha",), (), ())).text()
    path = tmp_path / "lock.txt"
    path.write_text(text)
    came = []
    for arrived in (None, came.append):
        kept = Kept(tmp_path / str(arrived is None), arrived)
        with Session(EL7, server.args, Reporter(), kept) as session:
            assert session.lock(Request((), (path,), ())).text() == text
        assert bool(kept.came) is (arrived is not None or not metadata)
    assert came == [one.path for one in kept.came]


def test_what_a_wheel_says_is_read_once(mirror, tmp_path, monkeypatch):
    """By whoever has fetched it; the proof of the closure asks again."""
    server, cache = mirror("alpha"), tmp_path / "cache"
    with Session(EL7, server.args, Reporter()) as session:
        text = session.lock(Request(("alpha",), (), ())).text()
    path = tmp_path / "lock.txt"
    path.write_text(text)
    with Session(EL7, server.args, Reporter(), Kept(cache, str)) as session:
        lock = session.lock(Request((), (path,), ()))
    monkeypatch.setattr(store, "metadata", lambda path: pytest.fail(f"{path} is read again"))
    assert by_reading.closure(lock, cache).findings == ()

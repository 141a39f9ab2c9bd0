"""How a command line becomes a call and an exit code; the commands that only install.sh calls."""

import contextlib
import os
import signal
import sys

import pytest
import typer

from offkit import __version__
from offkit.cli import adopt_python, app, render, start, verify
from offkit.edges import signals
from offkit.edges.run import run
from offkit.server.python import adopt


@pytest.fixture(autouse=True)
def _streams(monkeypatch):
    """The printer makes streams of its own."""
    monkeypatch.setenv("NO_COLOR", "1")
    before = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP)]
    yield
    render.console()
    for one, handler in zip((signal.SIGTERM, signal.SIGHUP), before):
        signal.signal(one, handler)


@pytest.fixture
def ending(monkeypatch):
    """A command 'offkit verify' that ends in some way."""

    def set_up(result):
        def body(name: str) -> None:
            if isinstance(result, BaseException):
                raise result
            return result

        monkeypatch.setattr(verify, "verify", body)

    return set_up


@pytest.mark.parametrize(
    ("result", "code"),
    [(None, 0), (0, 0), (1, 1), (7, 7), ("x", 0), (typer.Exit(5), 5), (typer.Exit(), 0)],
)
def test_what_a_command_returns(ending, result, code):
    """A number is the exit code; everything else is success."""
    ending(result)
    assert app._run(["verify", "x"]) == code


@pytest.mark.parametrize("result", [130, typer.Abort(), KeyboardInterrupt()])
def test_an_interruption(ending, result):
    """Whatever typer makes of it."""
    ending(result)
    with pytest.raises(KeyboardInterrupt):
        app._run(["verify", "x"])


def test_a_reader_that_has_gone(ending):
    """Typer makes an exit of it; another exit stays one."""
    gone = BrokenPipeError(32, "Broken pipe")
    left = SystemExit(1)
    left.__context__ = gone
    ending(left)
    with pytest.raises(BrokenPipeError) as caught:
        app._run(["verify", "x"])
    assert caught.value is gone
    ending(SystemExit(3))
    with pytest.raises(SystemExit):
        app._run(["verify", "x"])


@pytest.mark.parametrize(
    ("args", "where"),
    [
        (["nonsense"], "offkit"),
        (["verify"], "offkit verify"),
        (["verify", "--nonsense"], "offkit verify"),
        (["--nonsense"], "offkit"),
        (["repo", "add", "--nonsense"], "offkit repo add"),
    ],
)
def test_where_the_help_is(capsys, args, where):
    """Of the command that does not understand."""
    assert app._run(args) == 2
    err = capsys.readouterr().err
    assert err.splitlines()[0].startswith("error: ")
    assert err.splitlines()[1] == "fix: see '{} --help'".format(where)


def test_an_option_that_is_cut_off(capsys):
    """Nobody says where that was: it is the command that was called."""
    assert app._run(["rollback", "--prefix"]) == 2
    assert "fix: see 'offkit rollback --help'" in capsys.readouterr().err


def test_version_and_help(capsys):
    """Each ends well; no word at all is a wish for help."""
    assert app._run(["--version"]) == 0
    assert capsys.readouterr().out == "offkit {}\n".format(__version__)
    assert app._run(["--help"]) == 0
    told = capsys.readouterr().out
    assert "Usage: offkit [OPTIONS]" in told
    assert app._run([]) == 0
    assert capsys.readouterr().out == told
    assert app._run(["repo", "-h"]) == 0
    assert "status" in capsys.readouterr().out


def test_main(monkeypatch):
    """Signals first, then the streams, then the command; its code is the program's."""
    calls = []
    monkeypatch.setattr(signals, "interrupt", lambda: calls.append("signals"))
    monkeypatch.setattr(render, "prepare", lambda args: calls.append(("streams", args)))
    monkeypatch.setattr(app, "_guarded", lambda args: calls.append(("command", args)) or 5)
    monkeypatch.setattr(sys, "argv", ["offkit", "probe"])
    for argv, args in ((None, ["probe"]), (["x", "y"], ["x", "y"]), ([], [])):
        with pytest.raises(SystemExit) as left:
            app.main(argv)
        assert left.value.code == 5
        assert calls == ["signals", ("streams", args), ("command", args)]
        del calls[:]


@pytest.mark.parametrize("ignored", [True, False])
def test_signals_that_end_it(ignored):
    """As Ctrl-C does; what somebody else handles, or nohup ignores, stays."""
    mine = signal.SIG_IGN if ignored else signal.SIG_DFL
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, mine)
    signals.interrupt()
    assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    expected = signal.SIG_IGN if ignored else signal.default_int_handler
    assert signal.getsignal(signal.SIGHUP) == expected


@pytest.mark.parametrize("ignored", [True, False])
def test_signals_that_end_it_once(ignored):
    """Each ends it like Ctrl-C, but only once; a hang-up that nohup ignores stays ignored."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(one) for one in numbers]
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
        signals.interrupt_once()
        ours = signal.getsignal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGINT) is ours
        assert (signal.getsignal(signal.SIGHUP) is ours) is not ignored
        with pytest.raises(KeyboardInterrupt):
            ours(signal.SIGTERM, None)
        ours(signal.SIGINT, None)
    finally:
        for one, handler in zip(numbers, before):
            signal.signal(one, handler)


def test_an_interruption_of_the_first_lines(monkeypatch):
    """Exit 130, before anything could say so."""

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "main", interrupted)
    with pytest.raises(SystemExit) as left:
        start.main()
    assert left.value.code == 130
    done = []
    monkeypatch.setattr(app, "main", lambda: done.append(1))
    start.main()
    assert done == [1]


def test_signals_wait_while_something_is_imported(monkeypatch):
    """All three that end programs; afterwards it is as it was, also when the import fails."""
    ours = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with contextlib.suppress(ImportError), signals.held():
        inside = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        raise ImportError
    assert inside == before | ours
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
    monkeypatch.delattr(signal, "pthread_sigmask")
    with signals.held():
        pass


def test_adopting_a_python(monkeypatch, tmp_path, capsys):
    """By the absolute path of where it was unpacked; nothing is said."""
    calls = []
    monkeypatch.setattr(adopt, "adopt", lambda *args: calls.append(args))
    monkeypatch.chdir(tmp_path)
    adopt_python.adopt_python("d")
    assert calls == [(os.path.join(os.getcwd(), "d"), run)]
    render.console().step("heard")
    modes = []
    monkeypatch.setattr(render, "console", lambda *args: modes.append(args))
    adopt_python.adopt_python("d")
    assert modes == [(False, True, False)]

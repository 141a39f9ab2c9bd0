"""A pseudo-terminal with a shell of a few lines: it runs one job in the foreground, as a real one does."""

import contextlib
import fcntl
import gc
import os
import pickle
import pty
import select
import signal
import struct
import termios
import time

import waiting
from offkit.model.errors import OffkitError
from offkit.theatre.player import player_process
from offkit.theatre.player.keys import QUESTION
from terminal_model import Model

LEFT = b"\033[0m\033[?7h\033[?25h\033[?1049l"
_NEWS = 64  # bytes of what the shell tells at a time
FINISHED, QUIT, INTERRUPTED = 10, 11, 12  # exit codes of ``show``


def show(film):
    """The foreground job that plays; its exit code says how it ended."""
    try:
        with player_process.PlayerProcess(film) as screen:
            screen.wait()
        return FINISHED if screen.played().finished else QUIT
    except KeyboardInterrupt:
        return INTERRUPTED
    except OffkitError as problem:
        os.write(2, problem.message.encode())
        return problem.exit_code


class Session:
    """``job()`` gives an exit code; it runs on a terminal of its own. Use as a context manager.

    ``answers``: whether the terminal gives any. How long something may take here is ``waiting.LIMIT``.
    """

    def __init__(self, job, rows=24, columns=80, answers=True, **environ):
        self.output, self._answers, self._answered = b"", answers, 0
        self._master, slave = pty.openpty()
        self.resize(rows, columns)
        self._told, tells = os.pipe()
        hears, self._tell = os.pipe()
        self._shell = os.fork()
        if not self._shell:
            try:
                for handle in (self._master, self._told, self._tell):
                    os.close(handle)
                os.environ.update({"TERM": "xterm", "LC_ALL": "C.UTF-8"}, **environ)
                _shell(job, slave, hears, tells)
            finally:
                os._exit(0)
        for handle in (slave, tells, hears):
            os.close(handle)
        self.job = self.told()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        os.kill(self._shell, signal.SIGKILL)
        os.waitpid(self._shell, 0)
        for handle in (self._master, self._told, self._tell):
            os.close(handle)

    def resize(self, rows, columns):
        self._size = rows, columns
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys):
        os.write(self._master, keys)

    def go_on(self):
        """What fg does."""
        os.write(self._tell, b"f")

    def children(self):
        """Processes of the job's first process."""
        with open("/proc/{0}/task/{0}/children".format(self.job)) as source:
            return [int(one) for one in source.read().split()]

    def read(self, seconds=0.0):
        """What came until nothing more did for so long, or for a second."""
        until = time.monotonic() + 1
        while time.monotonic() < until and self._take(seconds):
            pass
        return self.output

    def _take(self, seconds):
        """What comes within so many seconds; whether something did. Questions are answered."""
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        data = waiting.typed(self._master)
        self.output += data
        questions = self.output.count(QUESTION)
        if self._answers and questions > self._answered:
            with contextlib.suppress(OSError):  # whoever asked has left meanwhile
                os.write(self._master, b"\033[0n" * (questions - self._answered))
        self._answered = questions
        return bool(data)

    def _go_on(self, what):
        """Read until ``what()`` is so. An end, or nothing at all for long, is a failure."""
        while not what():
            ready = select.select([self._master, self._told], [], [], waiting.LIMIT)[0]
            # A job that has ended may have left something on its way.
            assert ready, self.output[-400:]
            assert self._take(1.0), self.output[-400:]

    def until(self, text, since=0):
        """Read until ``text`` has come behind the byte ``since``; where it ends."""
        self._go_on(lambda: text in self.output[since:])
        return self.output.index(text, since) + len(text)

    def told(self):
        """What the shell says next: the job's number, then for each stop or end (status, whether
        the modes are as before); the terminal is read meanwhile."""
        while True:
            ready = select.select([self._told, self._master], [], [], waiting.LIMIT)[0]
            assert ready, self.output[-400:]
            if self._told in ready:
                return pickle.loads(os.read(self._told, _NEWS))
            assert self._take(0), self.output[-400:]

    def end(self):
        """(exit code, negative for a signal; whether the terminal is as it was in every respect)."""
        status, same = self.told()
        self.read()
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        return code, same and self.is_left()

    def is_left(self):
        """By what was sent: nothing, or at last the way back, and nothing but words behind it."""
        if b"\033[?1049h" not in self.output:
            return b"\033" not in self.output
        return b"\033" not in self.output[self.output.rindex(LEFT) + len(LEFT) :]

    def screen(self):
        """The model of the terminal after all that was sent since it was last cleared."""
        model = Model(*self._size)
        model.feed(self.output[self.output.rindex(b"\033[2J") :])
        return model

    def shows(self, text):
        """Read until ``text`` stands on the screen."""
        self._go_on(lambda: b"\033[2J" in self.output and text in self.screen().text())


def _once():
    """A handler for which only the first Ctrl-C counts, as in edges/signals.py: a second one on the way out
    would end the job by another way than its own."""
    begun = []

    def end(number, frame):
        if not begun:
            begun.append(number)
            raise KeyboardInterrupt

    return end


def _shell(job, slave, hears, tells):
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for handle in (0, 1, 2):
        os.dup2(slave, handle)
    for number in (signal.SIGTTOU, signal.SIGINT, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    before = termios.tcgetattr(0)
    ready, go = os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        code = 99
        try:
            for number in (signal.SIGTTOU, signal.SIGTSTP, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
                signal.signal(number, signal.SIG_DFL)
            # An interruption in a callback of the collector is lost, and hypothesis has one.
            gc.disable()
            signal.signal(signal.SIGINT, _once())
            os.write(ready[1], b".")
            os.read(go[0], 1)
            code = job()
        except KeyboardInterrupt:
            code = INTERRUPTED
        finally:
            os._exit(code)
    os.setpgid(pid, pid)
    os.read(ready[0], 1)
    os.tcsetpgrp(0, pid)
    os.write(tells, pickle.dumps(pid).ljust(_NEWS))
    os.write(go[1], b".")
    while True:
        status = os.waitpid(pid, os.WUNTRACED)[1]
        os.tcsetpgrp(0, os.getpgrp())
        news = status, termios.tcgetattr(0) == before
        os.write(tells, pickle.dumps(news).ljust(_NEWS))
        if not os.WIFSTOPPED(status):
            break
        os.read(hears, 1)
        os.tcsetpgrp(0, pid)
        os.killpg(pid, signal.SIGCONT)
    os.read(hears, 1)

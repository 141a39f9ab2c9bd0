"""Waiting for an event. There is a limit only so that a run ends in which it never comes."""

import errno
import os
import select
import time

LIMIT = 300.0  # seconds; no machine is too slow for what is waited for here


def until(done, running=None):
    """What ``done()`` gives, once it is something; for what nothing tells of. ``running``: a process
    whose end before is a failure."""
    give_up = time.monotonic() + LIMIT
    while True:
        ended = running is not None and running.poll() is not None
        found = done()
        if found:
            return found
        assert not ended, "it has ended with {}".format(running.returncode)
        assert time.monotonic() < give_up, "it did not come"
        time.sleep(0.01)


def heard(handle):
    """What is written into the pipe next; b"" once every process that held its other end is gone."""
    assert select.select([handle], [], [], LIMIT)[0], "nothing came"
    return os.read(handle, 4096)


def typed(terminal):
    """The same of a terminal, by its controller: who has it last leaves not an end but EIO (pty(7))."""
    try:
        return heard(terminal)
    except OSError as problem:
        if problem.errno != errno.EIO:
            raise
        return b""

"""Waiting for threads, as whoever may be interrupted does it."""

import _thread
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import waiting
from offkit.online.index import pool


@pytest.mark.parametrize("what", ["a job", "an event"])
def test_an_interrupt_that_wakes_nobody(what):
    """As one that comes when the main thread is about to wait: the flag is set, and no call is broken off."""
    release, begun = threading.Event(), threading.Event()
    last = threading.Timer(waiting.LIMIT, release.set)  # for code that would wait for ever
    last.daemon = True
    last.start()

    def interrupt():
        begun.wait()
        _thread.interrupt_main()
        return release.wait()

    with ThreadPoolExecutor(1) as threads:
        job = threads.submit(interrupt)
        begun.set()
        with pytest.raises(KeyboardInterrupt):
            pool.outcome(job) if what == "a job" else pool.until(release)
        assert not release.is_set()
        release.set()
    last.cancel()


def test_what_threads_gave():
    """In order; what one raises is raised."""
    with pool.pool(2) as threads:
        assert list(threads.map(lambda one, two: one + two, [1, 2], [10, 20])) == [11, 22]
        with pytest.raises(ZeroDivisionError):
            list(threads.map(lambda one: 1 // one, [1, 0]))

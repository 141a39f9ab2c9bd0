"""Worker processes and the one that waits for them."""

import faulthandler
import multiprocessing
import os
import signal
import sys
import time

import pytest

import waiting
from offkit.badapple.processes import pool
from offkit.model.errors import EnvironmentProblem, RequestError
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Bar

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

METHODS = ["fork", "spawn"]


class CountingBar(Bar):
    def __init__(self):
        self.done = 0

    def advance(self, amount=1):
        self.done += amount


def square(job, tell):
    tell(job)
    return job * job


def fail(job, tell):
    raise RequestError("no " + job, [Finding("VID002", ERROR, job, "no")], "do this")


def stumble(job, tell):
    raise ZeroDivisionError("job " + job)


def die(job, tell):
    faulthandler.disable()  # pytest's would report the signal at length
    if job:
        os.kill(os.getpid(), job)
    time.sleep(60)


def leave(job, tell):
    os._exit(job)


@pytest.mark.parametrize("method", METHODS)
def test_results_come_in_the_order_of_jobs(method):
    """And progress is counted."""
    bar = CountingBar()
    assert pool.run(square, [3, 1, 2], bar, method) == [9, 1, 4]
    assert bar.done == 6


@pytest.mark.parametrize("method", METHODS)
def test_a_known_problem_arrives_whole(method):
    """Message, findings, fix and exit code cross the pipe."""
    with pytest.raises(RequestError) as caught:
        pool.run(fail, ["luck"], Bar(), method)
    assert caught.value.message == "no luck"
    assert caught.value.findings == (Finding("VID002", ERROR, "luck", "no"),)
    assert (caught.value.fix, caught.value.exit_code) == ("do this", 1)


def test_a_bug_arrives_with_its_traceback():
    """For the log of an internal error."""
    with pytest.raises(RuntimeError, match=r"(?s)in a worker process.*stumble.*ZeroDivisionError: job 7"):
        pool.run(stumble, ["7"], Bar())


@pytest.mark.parametrize(
    ("number", "text", "fix"),
    [
        (signal.SIGKILL, "worker 2 of 3 was killed by SIGKILL", "out-of-memory"),
        (signal.SIGILL, "worker 2 of 3 was killed by SIGILL", "instruction"),
    ],
)
def test_a_killed_worker_ends_the_others(number, text, fix):
    """One is killed; nobody is left, and the finding says who and why."""
    with pytest.raises(EnvironmentProblem) as caught:
        pool.run(die, [0, number, 0], Bar())
    assert caught.value.message == text
    assert caught.value.findings[0].code == "VID004"
    assert fix in caught.value.findings[0].fix
    assert multiprocessing.active_children() == []


def test_a_worker_that_just_leaves():
    """No signal, no result."""
    with pytest.raises(EnvironmentProblem, match="worker 1 of 1 ended with exit status 3 and no result"):
        pool.run(leave, [3], Bar())


def test_interrupted_workers_are_ended():
    """Ctrl-C while waiting: the exception passes, no process stays."""

    class Impatient(Bar):
        def advance(self, amount=1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pool.run(wait_after_telling, [1, 1], Impatient())
    assert multiprocessing.active_children() == []


def wait_after_telling(job, tell):
    tell(job)
    time.sleep(60)


def chatter(job, tell):
    while True:
        tell(1)
        time.sleep(0.01)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_no_worker_outlives_its_coordinator(tmp_path):
    """The coordinator is killed outright; its workers find nobody listening and end."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:  # the coordinator
        os.close(reader)
        try:
            pool.run(chatter, [1, 2], Bar(), "fork")
        finally:
            os._exit(1)
    os.close(writer)  # the workers have it still
    children = waiting.until(lambda: two_children(pid))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    try:
        assert waiting.heard(reader) == b""
    except AssertionError:
        for child in children:  # they would hold the test run's own output open
            os.kill(int(child), signal.SIGKILL)
        raise
    finally:
        os.close(reader)


def two_children(pid):
    with open("/proc/{0}/task/{0}/children".format(pid)) as source:
        found = source.read().split()
    return found if len(found) == 2 else []


def test_a_process_with_threads_is_not_forked(monkeypatch):
    """fork copies one thread and the locks of all."""
    monkeypatch.setattr(pool.os, "listdir", lambda path: ["1", "2"])
    assert pool.start_method() == "spawn"

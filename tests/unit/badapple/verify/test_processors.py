"""Whether every processor computes: what holds on a healthy server, and what is found on others."""

import multiprocessing
import os

import numpy as np
import pytest

from offkit.badapple.verify import processors
from offkit.edges import leftovers

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture
def memory(tmp_path):
    """A directory that stands for /dev/shm."""
    return tmp_path


def test_few_at_a_time(memory):
    """Every processor all the same, one after the other."""
    found = processors.prove(1, "fork", str(memory))
    assert [one.processor for one in found.worked] == sorted(os.sched_getaffinity(0))
    assert len(found.holds) == 1


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_healthy_server(memory, method):
    """Every processor that may be used, each on its own; nothing is left."""
    found = processors.prove(64, method, str(memory))
    assert found.findings == []
    assert [one.processor for one in found.worked] == sorted(os.sched_getaffinity(0))[:64]
    assert all(one.cpu_seconds > 0 for one in found.worked)
    (line,) = found.holds
    assert line.endswith("the same, through shared memory and a semaphore")
    assert os.listdir(str(memory)) == []


def test_in_the_real_place():
    """Where this machine has shared memory, it is used and left as it was."""
    before = set(os.listdir(processors.SHARED))
    assert processors.prove(1, "fork").worked[0].trouble == ""
    mine = leftovers.name("shared", "memory")
    assert mine not in set(os.listdir(processors.SHARED)) - before


def test_no_shared_memory(memory):
    """No such directory: a warning, and the work goes on."""
    found = processors.prove(2, "fork", str(memory / "none"))
    (finding,) = found.findings
    assert (finding.code, finding.severity) == ("VID011", "warning")
    assert "No such file or directory" in finding.message
    assert all(one.trouble == "" for one in found.worked)
    assert found.holds[0].endswith("the same")


def test_no_room_in_shared_memory(memory, monkeypatch):
    """Said before it would be a SIGBUS."""

    def full(handle, start, size):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(processors.os, "posix_fallocate", full)
    (finding,) = processors.prove(2, "fork", str(memory)).findings
    assert "No space left on device" in finding.message
    assert os.listdir(str(memory)) == []


@pytest.mark.parametrize(
    "error", [OSError(38, "Function not implemented"), ImportError("cannot import name 'SemLock'")]
)
def test_semaphores_that_do_not_work(memory, monkeypatch, error):
    """/dev/shm absent, or a Python compiled without it: a warning, for others' sake."""

    class Context:
        real = multiprocessing.get_context("fork")

        def __getattr__(self, name):
            return getattr(self.real, name)

        def Semaphore(self, value):
            raise error

    monkeypatch.setattr(multiprocessing, "get_context", lambda method: Context())
    found = processors.prove(1, "fork", str(memory))
    (finding,) = found.findings
    assert (finding.code, finding.severity, finding.subject) == ("VID011", "warning", "/dev/shm")
    assert str(error) in finding.message
    assert found.worked[0].trouble == ""


def test_a_processor_that_computes_wrong(memory, monkeypatch):
    """What one of them wrote is not what it must be."""
    right = processors.work

    def wrong(task, tell):
        done = right(task, tell)
        if task.number == 0:
            np.memmap(task.path, np.uint8, "r+")[8:10] ^= 1
        return done

    monkeypatch.setattr(processors, "work", wrong)
    found = processors.prove(64, "fork", str(memory))
    (finding,) = found.findings
    assert (finding.code, finding.severity) == ("VID020", "error")
    assert finding.message.endswith("processor {}".format(found.worked[0].processor))
    assert found.holds == []


def test_a_semaphore_that_does_not_exclude(memory, monkeypatch):
    """The count tells."""
    right = processors.work

    def wrong(task, tell):
        done = right(task, tell)
        np.memmap(task.path, np.uint8, "r+")[0] += 1
        return done

    monkeypatch.setattr(processors, "work", wrong)
    monkeypatch.setattr(processors.limits, "processors", lambda: sorted(os.sched_getaffinity(0))[:1])
    (finding,) = processors.prove(1, "fork", str(memory)).findings
    assert (finding.code, finding.subject) == ("VID020", "/dev/shm")
    assert "200 counts became 201" in finding.message


def test_a_processor_that_is_gone(memory, monkeypatch):
    """A warning that names it; the others work."""
    monkeypatch.setattr(processors.limits, "processors", lambda: [min(os.sched_getaffinity(0)), 1 << 12])
    found = processors.prove(64, "fork", str(memory))
    (finding,) = found.findings
    assert (finding.code, finding.severity) == ("VID016", "warning")
    assert "processor 4096 cannot be used" in finding.message
    assert len(found.holds) == 1


def test_the_same_everywhere():
    """Whole numbers only: no library and no processor may give another result."""
    assert processors.computed().hex() == "5496f12f64120ac97dc41f60424452a2eee16d4aa87fe9348f0aa300b5704b27"

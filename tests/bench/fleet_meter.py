"""What a playbook costs: processor seconds of hosts and of the control node, bytes on the wires, memory.

All of a simulated fleet shares this machine's processors, so its time says little; but each host is
a process namespace of its own, and the kernel keeps the accounts of every process apart.
"""

import contextlib
import os
import resource
import threading
import time
from typing import Dict, NamedTuple

_TICK = os.sysconf("SC_CLK_TCK")
_PAUSE = 0.5  # seconds between two looks at the memory


class Cost(NamedTuple):
    seconds: float  # by the clock
    hosts: float  # processor seconds, all hosts together, their sshd included
    control: float  # processor seconds of ansible-playbook and of its ssh
    main: float  # those of ansible-playbook's first process: it works alone, on one processor
    received: int  # bytes that hosts received
    sent: int  # bytes that hosts sent
    memory: int  # bytes, the most that the control node's processes held at once (PSS)


class Meter:
    """Accounts of ``fleet``, a fleet.Fleet that is on."""

    def __init__(self, fleet):
        self._fleet = fleet
        self._control = _namespace(fleet.pid)
        self._most = 0
        self._main = 0.0

    def measure(self, play):
        """(what ``play()`` returned, Cost)"""
        before, wires = self._spent(), self._wires()
        stop = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(stop,))
        self._most, self._main = 0, 0.0
        watcher.start()
        begun = time.monotonic()
        try:
            answer = play()
        finally:
            seconds = time.monotonic() - begun
            stop.set()
            watcher.join()
        after, later = self._spent(), self._wires()
        return answer, Cost(
            seconds,
            after["hosts"] - before["hosts"],
            after["control"] - before["control"],
            self._main,
            later[0] - wires[0],
            later[1] - wires[1],
            self._most,
        )

    def _spent(self) -> Dict[str, float]:
        """Processor seconds so far. The living know what their dead children took; ansible-playbook
        itself is a child of this process, and the masters of ssh's connections are left in the network's
        namespace."""
        inside = {_namespace(host.pid) for host in self._fleet.hosts.values()}
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = {"hosts": 0.0, "control": usage.ru_utime + usage.ru_stime}
        for pid in _processes():
            with contextlib.suppress(OSError):
                namespace = _namespace(pid)
                if namespace in inside:
                    spent["hosts"] += _processor(pid)
                elif namespace == self._control:
                    spent["control"] += _processor(pid)
        return spent

    def _wires(self):
        """Bytes that the hosts received and sent since they are on."""
        received = sent = 0
        for host in self._fleet.hosts.values():
            with open("/proc/{}/net/dev".format(host.pid), encoding="ascii") as text:
                for line in text:
                    name, _, numbers = line.partition(":")
                    if name.strip() == "eth0":
                        received += int(numbers.split()[0])
                        sent += int(numbers.split()[8])
        return received, sent

    def _watch(self, stop):
        while not stop.wait(_PAUSE):
            held, playing = 0, []
            for pid in _processes():
                with contextlib.suppress(OSError):
                    if _namespace(pid) == self._control:
                        held += _memory(pid)
                        if _command(pid).startswith("ansible-playbo"):
                            playing.append((_started(pid), pid))
            self._most = max(self._most, held)
            with contextlib.suppress(OSError, ValueError):  # nothing plays, or not any more
                self._main = max(self._main, _processor(min(playing)[1], 2))


def _processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _namespace(pid):
    return os.readlink("/proc/{}/ns/pid".format(pid))


def _command(pid):
    with open("/proc/{}/comm".format(pid), encoding="utf-8", errors="replace") as text:
        return text.read()


def _processor(pid, count=4):
    """utime, stime, cutime and cstime of proc(5), in seconds; the first ``count`` of them."""
    return sum(int(field) for field in _fields(pid)[11 : 11 + count]) / _TICK


def _started(pid):
    """When, in ticks: numbers of processes say nothing of their order once they begin anew."""
    return int(_fields(pid)[19])


def _fields(pid):
    """proc(5)'s stat from the third field on."""
    with open("/proc/{}/stat".format(pid), encoding="utf-8", errors="replace") as text:
        return text.read().rpartition(")")[2].split()


def _memory(pid):
    """PSS in bytes: what is shared counts once."""
    with open("/proc/{}/smaps_rollup".format(pid), encoding="ascii") as text:
        for line in text:
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0

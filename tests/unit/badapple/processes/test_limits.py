"""What the server allows, and how many workers that makes."""

import os
import resource
import subprocess
import sys
from types import SimpleNamespace

import pytest

from offkit.badapple.processes import cgroups, limits
from offkit.badapple.processes.limits import Limits

FREE = Limits(8, 8, None, None, None, None, None)
MEGABYTE = 1 << 20


def server(root, files):
    """A directory with /proc and /sys as given."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


@pytest.mark.parametrize(
    ("files", "granted"),
    [
        ({}, (None, None, None)),
        ({"proc/self/cgroup": "0::/\n"}, (None, None, None)),
        (
            {
                "proc/self/cgroup": "0::/system.slice/a.service\n",
                "sys/fs/cgroup/system.slice/a.service/cpu.max": "max 100000\n",
                "sys/fs/cgroup/system.slice/cpu.max": "150000 100000\n",
                "sys/fs/cgroup/system.slice/a.service/pids.max": "100\n",
                "sys/fs/cgroup/system.slice/a.service/pids.current": "40\n",
                "sys/fs/cgroup/system.slice/pids.max": "max\n",
                "sys/fs/cgroup/system.slice/memory.max": "1000000\n",
                "sys/fs/cgroup/system.slice/memory.current": "900000\n",
                "sys/fs/cgroup/system.slice/memory.stat": "anon 100\nfile 500000\n",
            },
            (1.5, 60, 600000),
        ),
        (
            {
                "proc/self/cgroup": "4:memory:/a\n3:cpuacct,cpu:/a/b\n2:pids:/a\n1:name=systemd:/a\n0::/\n",
                "sys/fs/cgroup/cpuacct,cpu/a/b/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpuacct,cpu/a/b/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/cpuacct,cpu/a/cpu.cfs_quota_us": "50000\n",
                "sys/fs/cgroup/cpuacct,cpu/a/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
                "sys/fs/cgroup/memory/a/memory.usage_in_bytes": "1000\n",
                "sys/fs/cgroup/pids/a/pids.max": "20\n",
                "sys/fs/cgroup/pids/a/pids.current": "30\n",
            },
            (0.5, 0, None),
        ),
        (  # in a container: the path told is the host's, the top of what is mounted is the container's
            {
                "proc/self/cgroup": "1:cpu:/docker/0123\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            (2.0, None, None),
        ),
        ({"proc/self/cgroup": "0::/../..\n", "sys/fs/cgroup/cpu.max": "nonsense\n"}, (None, None, None)),
    ],
    ids=["no proc", "none", "version 2", "version 1", "container", "nonsense"],
)
def test_control_groups(tmp_path, files, granted):
    """The least on the way up holds; what caches files counts as free."""
    assert cgroups.measure(server(tmp_path, files)) == granted


def test_this_server():
    """Whatever it is, the numbers fit each other."""
    found = limits.measure()
    assert 1 <= found.mask <= found.online
    assert found.files is None or found.files > 0
    assert limits.cores(found) <= found.mask


def test_memory_of_the_machine(tmp_path):
    """MemAvailable is in kB."""
    root = server(tmp_path, {"proc/meminfo": "MemTotal: 9 kB\nMemAvailable:     2048 kB\n"})
    assert limits.measure(root).memory == 2 * MEGABYTE


OPEN_FILES = """
import errno, os, resource
from offkit.badapple.processes import limits

first = os.open(os.devnull, os.O_RDONLY)
limit = first + 20  # which is above all that are open
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
before = limits.measure().files
assert 0 < before < limit, before
for _ in range(before + 1):
    os.dup(first)
try:
    os.dup(first)
except OSError as error:
    assert error.errno == errno.EMFILE, error
else:
    raise AssertionError("one more can be opened")
assert limits.measure().files == 0
"""


def test_open_files():
    """The soft limit, less what is open, and one that counting takes; when there is none left, that is so.

    In a process of its own: nobody else opens or closes a file there."""
    subprocess.check_call(
        [sys.executable, "-c", OPEN_FILES], env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    )


def test_processes_of_a_user(tmp_path, monkeypatch):
    """The soft limit, less the threads of this user's processes; others', and one that ends just now,
    do not count. Root's limit is none (setrlimit(2))."""
    owners = {"1": 0, "20": 1000, "21": 1000, "33": 1001, "self": 1000}
    for name, threads in (("1", 1), ("20", 3), ("21", 1), ("33", 5), ("self", 3)):
        for thread in range(threads):
            (tmp_path / "proc" / name / "task" / str(thread)).mkdir(parents=True)
    (tmp_path / "proc" / "44").mkdir()

    def stat(path):
        if os.path.basename(path) not in owners:
            raise ProcessLookupError(path)
        return SimpleNamespace(st_uid=owners[os.path.basename(path)])

    with monkeypatch.context() as machine:
        machine.setattr(os, "stat", stat)
        machine.setattr(limits, "_soft", lambda kind: {resource.RLIMIT_NPROC: 10}[kind])
        machine.setattr(os, "geteuid", lambda: 1000)
        assert limits._processes(str(tmp_path)) == 10 - 4
        machine.setattr(limits, "_soft", lambda kind: 3)
        assert limits._processes(str(tmp_path)) == 0
        machine.setattr(limits, "_soft", lambda kind: None)
        assert limits._processes(str(tmp_path)) is None
        machine.setattr(limits, "_soft", lambda kind: 10)
        machine.setattr(os, "geteuid", lambda: 0)
        assert limits._processes(str(tmp_path)) is None


def test_the_least_of_all_holds(tmp_path, monkeypatch):
    """What the user may start and what the control group leaves; likewise memory."""
    root = server(
        tmp_path,
        {
            "proc/self/cgroup": "0::/a\n",
            "proc/meminfo": "MemAvailable: 3072 kB\n",
            "sys/fs/cgroup/a/pids.max": "100\n",
            "sys/fs/cgroup/a/pids.current": "40\n",
            "sys/fs/cgroup/a/memory.max": str(2 * MEGABYTE),
            "sys/fs/cgroup/a/memory.current": "0",
        },
    )
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for soft, processes in ((50, 50), (500, 60), (None, 60)):
        monkeypatch.setattr(limits, "_soft", lambda kind, soft=soft: soft)
        found = limits.measure(root)
        assert (found.processes, found.memory) == (processes, 2 * MEGABYTE)


def test_address_space(tmp_path, monkeypatch):
    """The soft limit, less what is mapped."""
    root = server(tmp_path, {"proc/self/statm": "1000 9 9 9 9 9 9\n"})
    monkeypatch.setattr(limits, "_soft", lambda kind: 100 << 20)
    assert limits._address_space(root) == (100 << 20) - 1000 * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("asked", [0, 3, 64])
def test_a_server_without_limits(asked):
    """As many as there are processors, or as were asked for."""
    assert limits.allowed(FREE, asked, 1, 80 * MEGABYTE) == (asked or 8, [])


@pytest.mark.parametrize(
    ("change", "asked", "threads", "workers", "subject", "message"),
    [
        ({"mask": 2}, 0, 1, 2, "processors", "2 of 8 processors may be used (affinity mask)"),
        ({"mask": 2}, 5, 1, 5, "processors", "2 of 8 processors may be used (affinity mask)"),
        ({"quota": 1.5}, 0, 1, 2, "processors", "a control group grants the time of 1.5 of 8 processors"),
        ({"processes": 11}, 0, 1, 4, "processes", "asked for: 8 processes with 2 threads each; used: 4"),
        ({"processes": 11}, 0, 8, 1, "processes", "asked for: 8 processes with 9 threads each; used: 1"),
        (
            {"processes": 0},
            32,
            1,
            1,
            "processes",
            "0 more processes or threads can be started; asked for: 32 processes with",
        ),
        ({"files": 40}, 0, 1, 4, "open files", "40 more files can be opened; asked for: 8 processes"),
        (
            {"memory": 250 * MEGABYTE},
            0,
            1,
            3,
            "memory",
            "250 MB are left; asked for: 8 processes of about 80 MB",
        ),
        (
            {"memory": 0},
            2,
            1,
            1,
            "memory",
            "0 MB are left; asked for: 2 processes of about 80 MB each; used: 1",
        ),
        (
            {"files": 0},
            1,
            1,
            1,
            "open files",
            "0 more files can be opened; asked for: 1 process; used: 1",
        ),
        (
            {"memory": 0},
            1,
            1,
            1,
            "memory",
            "0 MB are left; asked for: 1 process of about 80 MB each; used: 1",
        ),
        ({"address_space": 200 * MEGABYTE}, 0, 4, 8, "address space", "a worker needs about 624"),
        ({"address_space": MEGABYTE}, 0, 1, 8, "address space", "can map 1 MB more, a worker needs about 80"),
    ],
)
def test_what_limits(change, asked, threads, workers, subject, message):
    """Fewer workers where more would fail, and one finding that says why and what to do."""
    given, findings = limits.allowed(FREE._replace(**change), asked, threads, 80 * MEGABYTE)
    (finding,) = findings
    assert (given, finding.code, finding.severity, finding.subject) == (workers, "VID016", "warning", subject)
    assert message in finding.message
    assert finding.fix
    assert finding.looked_in


def test_enough_is_enough():
    """No finding where a limit does not bite."""
    plenty = Limits(8, 8, 8.0, 500, 500, 1 << 40, 1 << 40)
    assert limits.allowed(plenty, 0, 2, 80 * MEGABYTE) == (8, [])


def test_memory_of_a_worker():
    """A bigger picture and more decoder threads want more."""
    small = limits.worker_memory(512, 384, 1)
    assert small <= 80 * MEGABYTE < limits.worker_memory(1920, 1080, 1) < limits.worker_memory(1920, 1080, 9)


@pytest.mark.parametrize(
    ("change", "threads", "looked"),
    [
        ({"mask": 2}, 1, ("sched_getaffinity(2)", "/proc/self/status: Cpus_allowed_list")),
        ({"quota": 1.5}, 1, ("/proc/self/cgroup", "/sys/fs/cgroup: cpu.max, cpu.cfs_quota_us")),
        ({"processes": 11}, 1, ("getrlimit(2): RLIMIT_NPROC", "/sys/fs/cgroup: pids.max")),
        ({"files": 40}, 1, ("getrlimit(2): RLIMIT_NOFILE",)),
        (
            {"memory": 250 * MEGABYTE},
            1,
            ("/proc/meminfo: MemAvailable", "/sys/fs/cgroup: memory.max, memory.limit_in_bytes"),
        ),
        ({"address_space": 200 * MEGABYTE}, 4, ("getrlimit(2): RLIMIT_AS",)),
    ],
)
def test_where_a_limit_is_to_be_looked_for(change, threads, looked):
    """In the system's own words."""
    (finding,) = limits.allowed(FREE._replace(**change), 0, threads, 80 * MEGABYTE).findings
    assert finding.looked_in == looked


@pytest.mark.parametrize(
    ("change", "asked", "threads", "workers", "findings"),
    [
        ({"processes": 18}, 0, 1, 8, 0),  # two each, and two to spare
        ({"processes": 17}, 0, 1, 7, 1),
        ({"processes": 26}, 0, 2, 8, 0),  # a thread more than the decoder's
        ({"processes": 25}, 0, 2, 7, 1),
        ({"files": 48}, 0, 1, 8, 0),
        ({"files": 47}, 0, 1, 7, 1),
        ({"memory": 640 * MEGABYTE}, 0, 1, 8, 0),
        ({"memory": 640 * MEGABYTE - 1}, 0, 1, 7, 1),
        ({"address_space": 80 * MEGABYTE}, 0, 1, 8, 0),
        ({"address_space": 80 * MEGABYTE - 1}, 0, 1, 8, 1),
        ({"address_space": (80 + 272) * MEGABYTE}, 0, 2, 8, 0),
        ({"address_space": (80 + 272) * MEGABYTE - 1}, 0, 2, 8, 1),
        ({"quota": 8.0}, 0, 1, 8, 0),
        ({"quota": 0.2}, 0, 1, 1, 1),
        ({"quota": 20.0}, 0, 1, 8, 0),
        ({"processes": 7, "files": 36}, 0, 1, 2, 1),  # the second does not bite any more
        ({"processes": 11, "files": 36, "memory": 80 * MEGABYTE}, 0, 1, 1, 3),
        ({}, 1 << 21, 1, 1 << 20, 0),
    ],
)
def test_the_last_one_that_fits(change, asked, threads, workers, findings):
    """A limit that just suffices is none; of several each says what it leaves."""
    found = limits.allowed(FREE._replace(**change), asked, threads, 80 * MEGABYTE)
    assert (found.workers, len(found.findings)) == (workers, findings)


def test_no_more_than_there_is_work_for():
    """Whoever asked, and whether or not."""
    assert limits.allowed(FREE, 0, 1, MEGABYTE, 3).workers == 3
    assert limits.allowed(FREE, 5, 1, MEGABYTE, 3).workers == 3


def test_what_a_worker_takes():
    """Its own 70 MB, 30 pictures of 12 bits a pixel, and two more for every further thread."""
    for threads, pictures in ((1, 30), (2, 32), (9, 46)):
        assert limits.worker_memory(100, 40, threads) == 70 * MEGABYTE + pictures * 6000


def test_processors_where_nobody_tells(monkeypatch):
    """A system without affinity masks: all there are, and one where that is not known either."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0: {1, 2, 7}}[pid], raising=False)
    assert limits.processors() == [1, 2, 7]
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert limits.processors() == [None] * 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert limits.processors() == [None]


def test_processors_that_are_online(tmp_path, monkeypatch):
    """Of the machine, not of this process; never fewer than it may use."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 5})
    for online, expected in ((16, 16), (2, 3)):
        monkeypatch.setattr(os, "sysconf", lambda name, n=online: {"SC_NPROCESSORS_ONLN": n}.get(name, 4096))
        assert limits.measure(str(tmp_path))[:2] == (expected, 3)


@pytest.mark.parametrize("soft", [resource.RLIM_INFINITY, -1])
def test_no_limit_at_all(tmp_path, monkeypatch, soft):
    """As getrlimit(2) says it; and nothing is left where more is in use than is allowed now."""
    asked = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: asked.append(kind) or (soft, soft))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = limits.measure(str(tmp_path))
    assert (found.processes, found.files, found.address_space, found.memory) == (None,) * 4
    assert set(asked) == {resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE, resource.RLIMIT_AS}
    root = server(tmp_path, {"proc/self/statm": "1000 9\n", "proc/self/fd/0": "", "proc/self/fd/1": ""})
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1, -1))
    found = limits.measure(root)
    assert (found.files, found.address_space) == (0, 0)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (5000000, -1))
    assert limits.measure(root).files == 4999998


def test_nothing_to_look_at(tmp_path):
    """No /proc: nothing is in use as far as anybody knows."""
    assert limits._listed(str(tmp_path / "none")) == []
    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    assert limits._address_space(str(tmp_path)) == (None if soft == resource.RLIM_INFINITY else soft)
    assert limits._available(server(tmp_path, {"proc/meminfo": "MemFree: 7 kB\n"})) is None


@pytest.mark.parametrize(
    ("files", "granted"),
    [
        (  # version 2 beside version 1, in a directory of its own
            {
                "proc/self/cgroup": "0::/a\n",
                "sys/fs/cgroup/unified/a/pids.max": "9\n",
                "sys/fs/cgroup/unified/a/pids.current": "2\n",
            },
            (None, 7, None),
        ),
        (  # what caches files can be had, by its name in version 1
            {
                "proc/self/cgroup": "3:cpu,memory:/a\n",
                "sys/fs/cgroup/cpu,memory/a/memory.limit_in_bytes": "1000\n",
                "sys/fs/cgroup/cpu,memory/a/memory.usage_in_bytes": "900\n",
                "sys/fs/cgroup/cpu,memory/a/memory.stat": "cache 7\ntotal_cache 50\nfile 3\ntotal_rss x\n",
            },
            (None, None, 150),
        ),
        (  # the first number that stands for no limit, and the last that does not
            {
                "proc/self/cgroup": "1:memory:/a/b\n",
                "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": str(1 << 60),
                "sys/fs/cgroup/memory/a/memory.limit_in_bytes": str((1 << 60) - 1),
            },
            (None, None, (1 << 60) - 1),
        ),
        (  # a controller's files count only where it is
            {
                "proc/self/cgroup": "2:pids:/\n1:cpuset:/\n",
                "sys/fs/cgroup/pids/cpu.cfs_quota_us": "5\n",
                "sys/fs/cgroup/pids/cpu.cfs_period_us": "10\n",
                "sys/fs/cgroup/pids/memory.limit_in_bytes": "5\n",
                "sys/fs/cgroup/pids/memory.max": "5\n",
                "sys/fs/cgroup/cpuset/pids.max": "5\n",
                "sys/fs/cgroup/cpuset/cpu.max": "5 10\n",
            },
            (None, None, None),
        ),
        (  # no time at all is not what anybody meant; half a limit is none
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/b/cpu.max": "0 100000\n",
                "sys/fs/cgroup/a/cpu.max": "100000\n",
                "sys/fs/cgroup/cpu.max": "100000 0\n",
            },
            (None, None, None),
        ),
        ({"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/pids.max": "5\n"}, (None, 5, None)),
        (
            {
                "proc/self/cgroup": "0::/\n",
                "sys/fs/cgroup/memory.max": "100\n",
                "sys/fs/cgroup/memory.current": "150\n",
                "sys/fs/cgroup/memory.stat": "file many\n",
            },
            (None, None, 0),
        ),
    ],
    ids=["unified", "cache", "greatest", "others", "no time", "above", "overdrawn"],
)
def test_odd_control_groups(tmp_path, files, granted):
    """Hybrid ones, limits that are none, files of other controllers."""
    assert cgroups.measure(server(tmp_path, files)) == granted

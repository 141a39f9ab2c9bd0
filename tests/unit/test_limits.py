"""What the server allows, and how many workers that makes."""

import os
import resource
from types import SimpleNamespace

import pytest

from offkit.badapple import cgroups, limits
from offkit.badapple.limits import Limits

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


def test_open_files(monkeypatch):
    """The soft limit, less what is open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
        assert 0 < limits.measure().files < 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


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
        ({"quota": 1.5}, 0, 1, 2, "processors", "the time of 1.5 of 8 processors is granted (control group)"),
        ({"processes": 11}, 0, 1, 4, "processes", "8 with 2 threads each were wanted: there are 4"),
        ({"processes": 11}, 0, 8, 1, "processes", "8 with 9 threads each were wanted: there are 1"),
        ({"processes": 0}, 32, 1, 1, "processes", "0 more processes or threads can be started, 32 with"),
        ({"files": 40}, 0, 1, 4, "open files", "40 more files can be opened, 8 processes were wanted"),
        ({"memory": 250 * MEGABYTE}, 0, 1, 3, "memory", "250 MB are left, 8 processes want about 80 MB"),
        ({"memory": 0}, 2, 1, 1, "memory", "0 MB are left, 2 processes want about 80 MB each: there are 1"),
        ({"address_space": 200 * MEGABYTE}, 0, 4, 8, "address space", "a worker wants about 624"),
        ({"address_space": MEGABYTE}, 0, 1, 8, "address space", "may map 1 MB more, a worker wants about 80"),
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

"""The bench's arithmetic: medians, what is noise and from where on, and what is said under its table."""

import os
from types import SimpleNamespace

import pytest

from offkit.badapple.bench import machine, model, noise, table
from offkit.badapple.bench.numbers import Sample, ratio, sample
from offkit.badapple.bench.outcome import PROCESSES, THREADS, Row

HERE = machine.Machine("cpu", 8, 4, None, 1, True, 0, None)


@pytest.mark.parametrize(
    ("values", "median", "spread"),
    [
        ((), 0.0, 0.0),
        ((2.0,), 2.0, 0.0),
        ((4.0, 2.0), 3.0, 2 / 3.0),
        ((9.0, 1.0, 2.0), 2.0, 4.0),
        ((4.0, 1.0, 3.0, 2.0), 2.5, 1.2),
        ((0.0, 0.0), 0.0, 0.0),
    ],
)
def test_measured_several_times(values, median, spread):
    """The one in the middle, or between the two; and how far they lie apart."""
    found = sample(list(values))
    assert (found, found.median, found.spread) == (Sample(values), median, spread)
    assert Sample() == Sample(())


def test_one_of_another():
    """Nothing of nothing."""
    assert (ratio(3.0, 2.0), ratio(0.0, 2.0), ratio(3.0, 0.0)) == (1.5, 0.0, 0.0)


def test_what_others_did():
    """Busy without us, and what a hypervisor took; in processors."""
    before, after = machine.Ticks(10.0, 1.0), machine.Ticks(40.0, 3.0)
    assert noise.others(before, after, 20.0, 5.0) == (2.0, 0.4)
    assert noise.others(before, after, 50.0, 5.0) == (0.0, 0.4)
    assert noise.others(None, after, 1.0, 5.0) == noise.others(before, None, 1.0, 5.0) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("here", "others", "words"),
    [
        (HERE, (0.2, 0.08), []),
        (HERE._replace(load=0.6), (0.0, 0.0), []),
        (HERE._replace(load=0.7), (0.0, 0.0), ["the load average was 0.7 before"]),
        (HERE, (0.21, 0.0), ["other programs kept 0.2 of 8 processors busy"]),
        (HERE, (0.0, 0.09), ["the hypervisor took 0.1 processors away"]),
    ],
)
def test_from_where_on_others_are_noise(here, others, words):
    """By the processors that may be used."""
    assert noise.reasons(here, [], others) == words


def test_times_that_speak_against_themselves():
    """More than a tenth apart, the worst of them; or less for the whole than for a part."""
    rows = [
        Row(PROCESSES, 2, offkit=sample([1.0, 1.11]), floor=sample([0.5])),
        Row(PROCESSES, 4, offkit=sample([1.0]), floor=sample([1.2, 1.5])),
        Row("linear", 1, floor=sample([9.0])),
    ]
    assert noise.reasons(HERE, rows, (0.0, 0.0)) == [
        "decoding alone took longer than the conversion with 4 processes",
        "times of 4 processes differ by 22%",
    ]
    assert noise.reasons(HERE, [Row(PROCESSES, 2, offkit=sample([0.96, 1.05]))], (0.0, 0.0)) == []
    assert noise.reasons(HERE, [Row("linear", 1, offkit=sample([1.0, 1.2]))], (0.0, 0.0)) == [
        "times of the linear conversion differ by 18%"
    ]
    for kind, count, whose in ((PROCESSES, 1, "1 process"), (THREADS, 4, "4 threads")):
        found = noise.reasons(HERE, [Row(kind, count, offkit=sample([1.0, 1.2]))], (0.0, 0.0))
        assert found == ["times of {} differ by 18%".format(whose)]
    (finding,) = noise.findings(["a", "b"])
    assert finding[:4] == ("VID019", "warning", "measurements", "unreliable: a; b")
    assert finding.looked_in == ("/proc/loadavg", "/proc/stat")
    assert finding.fix.startswith("measure again when the machine is idle")
    assert noise.findings([]) == []


def test_fewer_processes_than_asked_for():
    """Which rows had them, and what is measured is divided by."""
    rows = [
        Row(PROCESSES, 2, offkit=sample([1.0, 1.2]), used=2),
        Row(PROCESSES, 4, floor=sample([1.0, 1.1]), used=3),
        Row(PROCESSES, 8, used=5),
        Row(PROCESSES, 16),
    ]
    assert table.fewer(SimpleNamespace(rows=rows[:1])) == ""
    assert table.fewer(SimpleNamespace(rows=rows)) == (
        "fewer processes had work: 3 of 4, 5 of 8 (12 frames each at least)."
    )
    assert [(row.fewer, row.active) for row in rows] == [(False, 2), (True, 3), (True, 5), (False, 16)]


@pytest.mark.parametrize(
    ("mask", "quota", "siblings", "cores"),
    [(8, 0.0, 1, 8.0), (8, 0.0, 2, 5.2), (8, 3.5, 2, 3.5), (8, 7.0, 2, 5.2), (4, 0.0, 0, 4.0)],
)
def test_what_processors_are_worth(mask, quota, siblings, cores):
    """A core's second thread adds three tenths; no more than is granted."""
    assert round(model.capacity(mask, quota, siblings), 9) == cores
    here = HERE._replace(mask=mask, quota=quota or None, siblings=siblings)
    assert round(here.cores, 9) == cores


def kernel(root, **files):
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


@pytest.mark.parametrize(
    ("stat", "expected"),
    [
        ("cpu  100 20 50 1000 5 7 10 40 0 0\n", (187, 40)),
        ("cpu 100 20 50 1000 5 7 10\n", (187, 0)),
        ("cpu 100 20 50 1000 5 7\n", None),
        ("intr 5\n", None),
    ],
)
def test_time_of_processors(tmp_path, stat, expected):
    """Of user, nice, system, and both interrupts; stolen where the kernel says it."""
    hertz = os.sysconf("SC_CLK_TCK")
    found = machine.ticks(kernel(tmp_path, proc__stat=stat))
    assert found == (None if expected is None else tuple(value / hertz for value in expected))


@pytest.mark.parametrize(("text", "load"), [("0.52 1 2", 0.52), ("1 2", None), ("x", None), ("", None)])
def test_the_load(tmp_path, monkeypatch, text, load):
    """Of the last minute; and the processor's name, or the architecture."""
    root = kernel(tmp_path, proc__loadavg=text, proc__cpuinfo="processor: 0\nmodel name : A  CPU \nx: y\n")
    found = machine.look(root)
    assert (found.load, found.name) == (load, "A  CPU")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set())
    found = machine.look(kernel(tmp_path, proc__cpuinfo="model: 5\n"))
    assert (found.name, found.siblings, found.known) == (os.uname().machine, 1, False)


def test_caches_of_the_last_level(tmp_path):
    """The highest there is, once for each group that shares it; what is no size is none."""
    files = {}
    for cpu, shared in ((0, "0-1"), (1, "0-1"), (2, "2")):
        for index, level, size in (
            (0, "1", "32K"),
            (7, "3", "4096K"),
            (8, "9", "1K"),
            (2, "2", "big"),
            (1, "", "8K"),
        ):
            folder = "sys__devices__system__cpu__cpu{}__cache__index{}__".format(cpu, index)
            files.update(
                {folder + "level": level, folder + "size": size, folder + "shared_cpu_list": shared + "\n"}
            )
    root = kernel(tmp_path, **files)
    assert machine.cache([0, 1], root) == 4096 << 10
    assert machine.cache([0, 1, 2], root) == 8192 << 10
    assert machine.cache([5], root) == 0


@pytest.mark.parametrize(
    ("lists", "usable", "each"),
    [
        ({0: "0-1", 1: "0-1"}, [0, 1], 2),
        ({0: "0-1", 1: "0-1"}, [0], 1),
        ({0: "0,2", 1: "1,3", 2: "0,2"}, [0, 1, 2], 2),
        ({0: "0-1"}, [0, 1], 0),
        ({}, [], 0),
    ],
)
def test_threads_of_a_core(tmp_path, lists, usable, each):
    """Of those that may be used; unknown where one does not tell."""
    name = "sys__devices__system__cpu__cpu{}__topology__thread_siblings_list"
    root = kernel(tmp_path, **{name.format(cpu): text for cpu, text in lists.items()})
    assert machine.siblings(usable, root) == each

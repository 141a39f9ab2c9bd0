"""A bundle that is interrupted ends, whatever it waits for, and leaves nothing; what a killed one left, the
next one removes."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import bundle_maker
import elf_maker
import waiting
import web_maker
from library_maker import Shelf
from offkit.edges import walls
from offkit.media import rpm

pytestmark = pytest.mark.skipif(shutil.which("setpriv") is None, reason="there is no setpriv(1) here")

RUN = Path(__file__).with_name("interrupted_run.py")
# What an index is silent about, and after how many bytes.
SILENT = {
    "a page": {"/simple/alpha/": 0},
    "metadata": {".metadata": 0},
    "wheels": {".whl": 0},
    "wheels, midway": {".whl": 100},
}
# The phases of interrupted_run.py, and how many are at work then.
WORKING = {"hashing": 1, "syntax": 1, "packing": 1, "rehearsing": 2}


class World:
    """An index with two packages, and a process that makes a bundle of them."""

    def __init__(self, server, top):
        self.server, self.top = server, top
        server.add("alpha", "1", requires=["beta"])
        server.add("beta", "2")
        server.add("pip", "21.3.1")
        for name in ("temporary", "cache", "out", "fifos"):
            (top / name).mkdir()
        self.handle = None
        self.more = ()  # words of the command

    def start(self, phase=""):
        fifo = self.top / "fifos" / f"fifo{len(os.listdir(self.top / 'fifos'))}"
        os.mkfifo(fifo)
        self.handle = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        words = ["alpha", "--python", "3.6", *self.server.args, "--cache-dir", self.top / "cache"]
        words += [
            *self.more,
            "-o",
            self.top / "out" / "b.tar",
            *(["--rehearse"] if phase == "rehearsing" else []),
        ]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        env = {
            **kept,
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_RETRIES": "0",
            "TMPDIR": str(self.top / "temporary"),
        }
        return subprocess.Popen(
            [sys.executable, RUN, fifo, phase or "none", *words],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def until(self, phase):
        """Start it, and wait until it is where it would stay for ever."""
        if phase == "hashing":  # what an earlier one has brought
            self.whole()
        self.server.silent = SILENT.get(phase, {})
        running = self.start(phase)
        if phase in SILENT:
            waiting.until(self.server.reached.is_set, running)
        else:
            told = b""
            while len(told) < WORKING[phase]:
                told += waiting.heard(self.handle) or pytest.fail(running.communicate()[0])
        return running

    def whole(self):
        """One that is not interrupted."""
        self.server.silent = {}
        running = self.start()
        out, _ = running.communicate(timeout=waiting.LIMIT)
        assert running.returncode == 0, out
        self.all_gone()

    def all_gone(self):
        """Once every process of it is."""
        while waiting.heard(self.handle):
            pass
        os.close(self.handle)

    def left(self):
        """Unfinished files, of whatever kind."""
        places = [self.top / name for name in ("temporary", "cache", "out")]
        return sorted(
            str(path.relative_to(self.top))
            for place in places
            for path in place.rglob("*")
            if path.name.startswith(".") or path.parent == self.top / "temporary"
        )


@pytest.fixture
def world(mirror, tmp_path):
    return World(mirror(metadata=True), tmp_path)


@pytest.mark.parametrize(
    ("phase", "number"),
    [
        *((phase, signal.SIGINT) for phase in (*SILENT, *WORKING)),
        ("a page", signal.SIGTERM),
        ("rehearsing", signal.SIGTERM),
    ],
)
def test_it_ends(world, phase, number):
    """With 130 and one word; nothing is left but the beginning of a wheel, which the next run goes on with."""
    running = world.until(phase)
    running.send_signal(number)
    out, _ = running.communicate(timeout=waiting.LIMIT)
    assert (running.returncode, out.decode().splitlines()[-1]) == (130, "interrupted")
    said = "b.tar is written, and complete; it was not rehearsed to its end"
    assert (said in out.decode()) == (phase == "rehearsing")
    world.all_gone()
    assert [one for one in world.left() if not one.startswith("cache/wheels/.part-")] == []
    assert all((world.top / one).stat().st_size for one in world.left())
    assert os.listdir(world.top / "out") == (["b.tar"] if phase in ("hashing", "rehearsing") else [])


@pytest.mark.parametrize("phase", [*SILENT, "hashing", "packing", "rehearsing"])
def test_what_a_killed_one_left(world, phase):
    """The next run removes it; the programs of a rehearsal end with it."""
    if phase == "rehearsing" and not walls.words():
        pytest.skip("this system gives no namespaces")
    running = world.until(phase)
    running.kill()
    running.communicate(timeout=waiting.LIMIT)
    world.all_gone()
    world.whole()
    assert world.left() == []


@pytest.mark.skipif(not importlib.util.find_spec("solv"), reason="no offkit[rpm] here")
@pytest.mark.parametrize("silent", ["repomd.xml", "primary.xml.gz", ".rpm"])
def test_while_rpms_come(world, tmp_path, silent):
    """A mirror that says nothing more, whatever it was asked for: nobody waits, and the next run goes on."""
    soname = "libofftest-a.so.1"
    elf = elf_maker.build(needed=[soname])
    name, body = bundle_maker.wheel("alpha", "1", files={"alpha.so": elf}, tag="cp36-cp36m-manylinux1_x86_64")
    world.server.files.clear()
    world.server.put(name, body)
    world.server.add("pip", "21.3.1")
    shelf = Shelf(tmp_path / "shelf")
    shelf.put("a", b"\xed" + os.urandom(1 << 20), [rpm.capability(soname)])
    with web_maker.site() as site:
        site.add(shelf.done())
        world.more = ("--rpm-repo", site.url)
        (path,) = [each for each in site.files if each.endswith(silent)]
        reached, over = threading.Event(), threading.Event()

        def stall(handler, data):
            handler.whole(data, only=len(data) // 2)
            handler.wfile.flush()
            reached.set()
            over.wait()

        site.does[path] = stall
        running = world.start()
        waiting.until(reached.is_set, running)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=waiting.LIMIT)
        over.set()
        assert (running.returncode, out.decode().splitlines()[-1]) == (130, "interrupted")
        world.all_gone()
        assert [one for one in world.left() if not one.startswith("cache/wheels/.part-")] == []
        site.does.clear()
        world.whole()
        assert world.left() == []


def test_wheels_without_a_known_hash(mirror, tmp_path):
    """There is no name that a later run would find the beginning by: it goes, too."""
    world = World(mirror(metadata=True, hashes=False), tmp_path)
    running = world.until("wheels, midway")
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=waiting.LIMIT)
    assert running.returncode == 130
    world.all_gone()
    assert world.left() == []

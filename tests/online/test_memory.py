"""However large a wheel is, no more of it is in memory than a few pieces."""

import io
import os
import subprocess
import sys
import tracemalloc
import zipfile

import pytest

import bundle_maker
import elf_maker
from offkit.model.report import Reporter
from offkit.online.carry import pack
from offkit.online.proof import forecast
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from offkit.online.wheels import fetch
from offkit.online.wheels.kept import Kept
from target_maker import preset

LARGE = 64 << 20  # bytes of each of its two large files
MOST = 24 << 20
NAME = "alpha-1-cp36-cp36m-manylinux2014_x86_64.whl"


@pytest.fixture(scope="module")
def wheel():
    """A library that is mostly zeros, another that is stored, and data that are."""
    elf = elf_maker.build(needed=["libfar.so.1"])
    data = os.urandom(1 << 20) * (LARGE >> 20)
    _, body = bundle_maker.wheel(
        "alpha", "1", {"alpha.so": elf + b"\0" * LARGE}, tag="cp36-cp36m-manylinux2014_x86_64"
    )
    sink = io.BytesIO(body)
    with zipfile.ZipFile(sink, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("alpha.bin", data)
        archive.writestr("beta.so", elf_maker.build(needed=["libnear.so.1"]) + b"\0" * LARGE)
    return sink.getvalue()


@pytest.mark.parametrize("place", ["index", "index with metadata", "directory"])
def test_a_bundle_of_a_large_wheel(mirror, wheel, tmp_path, place):
    """From where it is to the tar: resolved, fetched, read, packed, and all of it again."""
    server = mirror(metadata=place == "index with metadata")
    args = server.args
    if place == "directory":
        (tmp_path / "links").mkdir()
        (tmp_path / "links" / NAME).write_bytes(wheel)
        args = ["--no-index", "--find-links", str(tmp_path / "links")]
    else:
        server.put(NAME, wheel)
    target = preset("3.6")
    cache = tmp_path / "cache"
    tracemalloc.start()
    try:
        for _ in range(2):
            with Session(target, args, Reporter(), Kept(cache)) as session:
                lock = session.lock(Request(("alpha",), (), ()))
                ((_, path),) = fetch.fetch(lock.wheels, session.repository.session, cache, Reporter()).files
            survey = forecast.survey([path], target)
            sources = [pack.Source("install.sh", b""), pack.Source("wheels/" + NAME, path)]
            packed = pack.pack(tmp_path / "x.tar", sources, target, {}, 0, Reporter())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [one.soname for one in survey.checklist.libraries] == ["libfar.so.1", "libnear.so.1"]
    assert packed.size > len(wheel) > LARGE
    assert peak < MOST
    assert sorted(entry.name for entry in path.parent.iterdir()) == [NAME]


# VmHWM counts what is mapped as well, which no tracing of allocations sees (proc_pid_status(5)).
SURVEY = """
import sys
from pathlib import Path
from offkit.online.proof import forecast, grammar
from target_maker import preset

def most():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

path, target = Path(sys.argv[1]), preset("3.6")
before = most()
survey = forecast.survey([path], target)
grammar.findings([path], target)
print(len(survey.checklist.libraries), (most() - before) << 10)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs the /proc of Linux")
def test_what_is_mapped_counts_as_well(wheel, tmp_path):
    path = tmp_path / NAME
    path.write_bytes(wheel)
    makers = os.path.dirname(bundle_maker.__file__)
    done = subprocess.run(
        [sys.executable, "-c", SURVEY, str(path)],
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([makers, *sys.path])},
    )
    libraries, peak = map(int, done.stdout.split())
    assert libraries == 2
    assert peak < MOST

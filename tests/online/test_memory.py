"""However large a wheel is, no more of it is in memory than a few pieces."""

import io
import os
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
    """A library that is mostly zeros, and data that are stored."""
    elf = elf_maker.build(needed=["libfar.so.1"])
    data = os.urandom(1 << 20) * (LARGE >> 20)
    _, body = bundle_maker.wheel(
        "alpha", "1", {"alpha.so": elf + b"\0" * LARGE}, tag="cp36-cp36m-manylinux2014_x86_64"
    )
    sink = io.BytesIO(body)
    with zipfile.ZipFile(sink, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("alpha.bin", data)
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
    assert [one.soname for one in survey.checklist.libraries] == ["libfar.so.1"]
    assert packed.size > len(wheel) > LARGE
    assert peak < MOST
    assert sorted(entry.name for entry in path.parent.iterdir()) == [NAME]

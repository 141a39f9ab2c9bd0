"""What has come of a wheel is not asked for again: in the next attempt, and in the next run."""

import hashlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from offkit.model.errors import EnvironmentProblem
from offkit.model.report import Reporter
from offkit.online.request.locked import LockedWheel
from offkit.online.resolve.lock import Session
from offkit.online.wheels import fetch, store
from target_maker import preset

NAME = "alpha-1-py3-none-any.whl"
BODY = b"PK" + os.urandom((1 << 20) - 2)  # no page begins so
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def pull(mirror, tmp_path):
    """pull(server) fetches the one wheel of it, and is where it came to."""

    def go(server, sha256=SHA256):
        wheel = LockedWheel("alpha", "1", NAME, f"{server.url}/files/{NAME}", sha256, ())
        with Session(preset("3.6"), server.args, Reporter()) as session:
            got = fetch.fetch([wheel], session.repository.session, tmp_path, Reporter())
        return got.files[0].path

    return go


@pytest.fixture
def server(mirror):
    """A mirror that gives ranges; make another of it by ``server.ranges = False``."""
    made = mirror(ranges=True)
    made.put(NAME, BODY)
    return made


def part(cache):
    return cache / "wheels" / (".part-" + SHA256)


def left(cache):
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_the_next_attempt_goes_on(server, pull, tmp_path):
    """Broken twice: half, then a quarter, then what is left; of the same file, as its ETag says."""
    server.spoil[NAME] = ("broken", 2)
    assert pull(server).read_bytes() == BODY
    assert server.sent[NAME] == len(BODY)
    half = len(BODY) // 2
    assert [one.get("Range") for one in server.headers] == [
        None,
        f"bytes={half}-",
        f"bytes={half + half // 2}-",
    ]
    assert [one.get("If-Range") for one in server.headers] == [None] + [f'"{SHA256}"'] * 2
    assert left(tmp_path) == [NAME]


def test_the_next_run_goes_on(server, pull, tmp_path):
    """What three attempts brought is kept under the hash, and completed."""
    server.spoil[NAME] = ("broken", 3)
    with pytest.raises(EnvironmentProblem) as caught:
        pull(server)
    assert caught.value.findings[0].fix == "run the same command again: finished downloads are kept"
    size = part(tmp_path).stat().st_size
    assert size == len(BODY) * 7 // 8
    assert pull(server).read_bytes() == BODY
    assert (server.sent[NAME], left(tmp_path)) == (len(BODY), [NAME])


def test_a_server_without_ranges(server, pull, tmp_path):
    """It starts anew, and so does the file."""
    server.ranges = False
    server.spoil[NAME] = ("broken", 2)
    assert pull(server).read_bytes() == BODY
    assert server.sent[NAME] == 2 * len(BODY)
    assert left(tmp_path) == [NAME]


def test_a_file_that_was_changed_meanwhile(server, pull, tmp_path):
    """The hash is over the whole: what is of another file is thrown away."""
    (tmp_path / "wheels").mkdir()
    part(tmp_path).write_bytes(b"of another file")
    assert pull(server).read_bytes() == BODY
    assert [one.get("Range") for one in server.headers] == ["bytes=15-", None]
    server.headers.clear()
    part(tmp_path).write_bytes(BODY + b"more")  # longer than the file: 416
    (tmp_path / "wheels" / SHA256 / NAME).unlink()
    assert pull(server).read_bytes() == BODY
    assert len(server.headers) == 2


def test_all_of_it_had_come(server, pull, tmp_path):
    """Killed before it was moved to its place: nothing is asked for."""
    (tmp_path / "wheels").mkdir()
    part(tmp_path).write_bytes(BODY)
    assert pull(server).read_bytes() == BODY
    assert server.headers == []


def test_an_error_of_the_server_costs_nothing(server, pull, tmp_path):
    """What has come is kept while the server is out of order."""
    (tmp_path / "wheels").mkdir()
    part(tmp_path).write_bytes(BODY[:1000])
    server.spoil[NAME] = ("404", 3)
    with pytest.raises(EnvironmentProblem):
        pull(server)
    assert part(tmp_path).read_bytes() == BODY[:1000]


def test_two_runs_at_a_time(server, pull, tmp_path):
    """The second does not touch the part of the first, and leaves none of its own."""
    with store.part(tmp_path, SHA256) as first:
        first.write(BODY[:10])
        assert pull(server).read_bytes() == BODY
        assert server.headers[0].get("Range") is None
        first.write(BODY[10:])
        assert first.place(NAME).read_bytes() == BODY
    assert left(tmp_path) == [NAME]


def test_without_a_hash_there_is_nothing_to_find_it_by(server, pull, tmp_path):
    """Within a run it goes on all the same."""
    server.spoil[NAME] = ("broken", 2)
    assert pull(server, sha256="").read_bytes() == BODY
    assert server.sent[NAME] == len(BODY)
    server.spoil[NAME] = ("broken", 9)
    with pytest.raises(EnvironmentProblem):
        pull(server, sha256="")
    assert left(tmp_path) == [NAME]


def test_stale_parts_are_swept(server, pull, tmp_path):
    """After a week; a younger one may still be gone on with."""
    (tmp_path / "wheels").mkdir()
    old, young = tmp_path / "wheels" / ".part-old", tmp_path / "wheels" / ".part-young"
    for path, days in ((old, 8), (young, 6)):
        path.write_bytes(b"x")
        os.utime(path, (time.time() - days * 86400,) * 2)
    pull(server)
    assert left(tmp_path) == [".part-young", NAME]


def test_pip_keeps_no_second_copy(server, pull, tmp_path, monkeypatch):
    """Neither in its cache nor, while it comes, in TMPDIR."""
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip"))
    pull(server)
    assert [path for path in (tmp_path / "pip").rglob("*") if path.is_file()] == []
    assert left(tmp_path) == [NAME]


def test_a_hash_is_no_path(tmp_path):
    """Whoever says it may be anybody: nothing outside the cache is removed, nor written."""
    victim = tmp_path / "victim" / "x.whl"
    victim.parent.mkdir()
    victim.write_bytes(b"mine")
    cache = tmp_path / "cache"
    for named in (str(victim.parent), "../../victim", "", "0" * 63, "g" * 64):
        assert store.find(cache, named, "x.whl") is None
        with store.part(cache, named) as part:
            part.write(b"1")
            assert os.path.dirname(part.name) == str(cache / "wheels")
        assert list((cache / "wheels").iterdir()) == []
    assert victim.read_bytes() == b"mine"


def test_whoever_is_interrupted_leaves_nothing(tmp_path):
    """What others have begun is left as ever; who would only begin does not, and somebody else may again."""
    begun, over = threading.Event(), threading.Event()

    def late():
        begun.set()
        over.wait()
        with store.part(tmp_path):
            pass

    with (
        ThreadPoolExecutor(1) as threads,
        store.part(tmp_path) as coming,
        store.part(tmp_path, SHA256) as kept,
    ):
        kept.write(b"x")
        coming.write(b"x")
        job = threads.submit(late)
        begun.wait()
        with pytest.raises(KeyboardInterrupt), store.letting_go():
            raise KeyboardInterrupt
        assert left(tmp_path) == [part(tmp_path).name]
        over.set()
        with pytest.raises(InterruptedError):
            job.result()
    assert left(tmp_path) == [part(tmp_path).name]
    assert store.keep(NAME, BODY, tmp_path).read_bytes() == BODY
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(store.keep, "beta-1-py3-none-any.whl", BODY, tmp_path).result().exists()

"""Fetching from a real HTTP server on this machine that behaves as mirrors do: well, and badly."""

import hashlib
import os

import pytest

from offkit.model.errors import EnvironmentProblem, IntegrityError, RequestError
from offkit.model.report import Bar, Reporter
from offkit.model.target import preset
from offkit.online import fetch
from offkit.online.lock import Request, Session


def fetched(mirror, cache, *names, reporter=None):
    """Lock and fetch by name."""
    with Session(preset("3.6"), mirror.args, Reporter()) as session:
        lock = session.lock(Request(names, (), ()))
        return fetch.fetch(lock.wheels, session.repository.session, cache, reporter or Reporter())


def test_all_arrive_and_are_hashed(mirror, tmp_path):
    """Placed by content; the second time nothing is asked for."""
    server = mirror("alpha", "beta", "gamma")
    first = fetched(server, tmp_path, "alpha", "beta", "gamma")
    assert first.downloaded == 3
    for wheel_, path in zip(first.wheels, first.paths, strict=True):
        assert path == tmp_path / "wheels" / wheel_.sha256 / wheel_.filename
        assert hashlib.sha256(path.read_bytes()).hexdigest() == wheel_.sha256
    again = fetched(server, tmp_path, "alpha", "beta", "gamma")
    assert (again.downloaded, again.paths) == (0, first.paths)


def test_a_body_that_breaks_off_is_asked_for_again(mirror, tmp_path):
    """Twice broken, then whole."""
    server = mirror("alpha")
    with Session(preset("3.6"), server.args, Reporter()) as session:
        lock = session.lock(Request(("alpha",), (), ()))
        server.spoil["alpha-1-py3-none-any.whl"] = ("broken", 2)
        got = fetch.fetch(lock.wheels, session.repository.session, tmp_path, Reporter())
    assert got.paths[0].read_bytes() == server.files["alpha-1-py3-none-any.whl"]


def test_an_altered_body_is_asked_for_again(mirror, tmp_path):
    """A proxy may have kept a bad one: three times, no more."""
    server = mirror("alpha")
    name = "alpha-1-py3-none-any.whl"
    with Session(preset("3.6"), server.args, Reporter()) as session:
        lock = session.lock(Request(("alpha",), (), ()))
        server.spoil[name] = ("altered", 2)
        got = fetch.fetch(lock.wheels, session.repository.session, tmp_path / "one", Reporter())
        assert got.paths[0].read_bytes() == server.files[name]
        server.spoil[name] = ("altered", 9)
        with pytest.raises(IntegrityError):
            fetch.fetch(lock.wheels, session.repository.session, tmp_path / "two", Reporter())
    assert server.spoil[name] == ("altered", 6)


@pytest.mark.parametrize(("how", "error", "word"), [
    ("broken", EnvironmentProblem, "could not be downloaded"),
    ("404", EnvironmentProblem, "404"),
    ("altered", IntegrityError, "promised"),
])  # fmt: skip
def test_all_failures_in_one_go(mirror, tmp_path, how, error, word):
    """Two of three keep failing: both are named, the good one is kept, no half file stays."""
    server = mirror("alpha", "beta", "gamma")
    with Session(preset("3.6"), server.args, Reporter()) as session:
        lock = session.lock(Request(("alpha", "beta", "gamma"), (), ()))
        for name in ("alpha", "gamma"):
            server.spoil[f"{name}-1-py3-none-any.whl"] = (how, 99)
        with pytest.raises(error) as caught:
            fetch.fetch(lock.wheels, session.repository.session, tmp_path, Reporter())
    assert [finding.subject for finding in caught.value.findings] == ["alpha", "gamma"]
    assert word in caught.value.findings[0].message
    files = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert files == ["beta-1-py3-none-any.whl"]


def test_a_full_disk(mirror, tmp_path, monkeypatch):
    """Whoever says it: where room is needed, and how another place is named."""
    server = mirror("alpha")
    with Session(preset("3.6"), server.args, Reporter()) as session:
        lock = session.lock(Request(("alpha",), (), ()))

        def full(before, after):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as disk:
            disk.setattr(os, "replace", full)
            with pytest.raises(EnvironmentProblem) as caught:
                fetch.fetch(lock.wheels, session.repository.session, tmp_path, Reporter())
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject) == ("NET003", "alpha")
    assert finding.fix == f"make room in {tmp_path / 'wheels'}, or name another place with --cache-dir DIR"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_index_without_hashes(mirror, tmp_path):
    """The hash is then that of what came, and the lock has it."""
    server = mirror("alpha", hashes=False)
    with Session(preset("3.6"), server.args, Reporter()) as session:
        lock = session.lock(Request(("alpha",), (), ()))
        assert lock.wheels[0].sha256 == ""
        known = fetch.with_hashes(lock, session.repository.session, tmp_path, Reporter())
    assert known.wheels[0].sha256 == hashlib.sha256(server.files["alpha-1-py3-none-any.whl"]).hexdigest()


def test_credentials_of_the_index_are_used_for_files(mirror, tmp_path):
    """As pip does it, for pages and wheels alike; the password is in no lock."""
    server = mirror("alpha", password="secret")
    with Session(preset("3.6"), server.args, Reporter()) as session:
        lock = session.lock(Request(("alpha",), (), ()))
        got = fetch.fetch(lock.wheels, session.repository.session, tmp_path, Reporter())
    assert got.downloaded == 1
    assert "secret" not in lock.text(why=True)


def test_a_refusing_index_is_not_an_absent_project(mirror, tmp_path):
    """401 is said to be 401, without the password."""
    server = mirror("alpha", password="secret")
    args = ["--index-url", f"http://user:wrong@127.0.0.1:{server.server_port}/simple"]
    with Session(preset("3.6"), args, Reporter()) as session, pytest.raises(EnvironmentProblem) as caught:
        session.lock(Request(("alpha",), (), ()))
    assert "401" in caught.value.findings[0].message
    assert "wrong" not in caught.value.findings[0].subject


def test_progress_is_told_in_bytes(mirror, tmp_path):
    """The bar's total is what the server promises, and what comes adds up to it."""
    told = []

    class Counting(Reporter):
        def bar(self, label, total, unit=""):
            told.append((total, unit))

            class Counter(Bar):
                def advance(self, amount=1):
                    told.append(amount)

            return Counter()

    server = mirror("alpha", "beta")
    fetched(server, tmp_path, "alpha", "beta", reporter=Counting())
    size = sum(len(body) for body in server.files.values())
    assert told[0] == (size, "B")
    assert sum(told[1:]) == size


def test_a_mirror_without_the_project_and_a_server_that_is_no_mirror(mirror):
    """The first says there is no such project, the second that there is no index."""
    server = mirror("alpha")
    with Session(preset("3.6"), server.args, Reporter()) as session, pytest.raises(RequestError) as caught:
        session.lock(Request(("beta",), (), ()))
    assert caught.value.findings[0].code == "REQ003"
    args = ["--index-url", f"http://127.0.0.1:{server.server_port}/files"]
    server.put("", b"")  # /files/beta/ is then a page, but of no index
    with Session(preset("3.6"), args, Reporter()) as session, pytest.raises(RequestError):
        session.lock(Request(("beta",), (), ()))

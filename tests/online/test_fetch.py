"""Fetching from a real HTTP server on this machine that behaves as mirrors do: well, and badly."""

import hashlib
import os

import pytest
from pip._internal.exceptions import NetworkConnectionError

from offkit.model import checksum
from offkit.model.errors import EnvironmentProblem, IntegrityError, RequestError
from offkit.model.finding import Finding
from offkit.model.report import Bar, Reporter
from offkit.online.request.locked import Lock, Request
from offkit.online.resolve.lock import Session
from offkit.online.wheels import fetch, store
from target_maker import preset


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
    for wheel_, path in first.files:
        assert path == tmp_path / "wheels" / wheel_.sha256 / wheel_.filename
        assert hashlib.sha256(path.read_bytes()).hexdigest() == wheel_.sha256
    again = fetched(server, tmp_path, "alpha", "beta", "gamma")
    assert (again.downloaded, again.files) == (0, first.files)


def test_a_body_that_breaks_off_is_asked_for_again(mirror, tmp_path):
    """Twice broken, then whole."""
    server = mirror("alpha")
    with Session(preset("3.6"), server.args, Reporter()) as session:
        lock = session.lock(Request(("alpha",), (), ()))
        server.spoil["alpha-1-py3-none-any.whl"] = ("broken", 2)
        got = fetch.fetch(lock.wheels, session.repository.session, tmp_path, Reporter())
    assert got.files[0].path.read_bytes() == server.files["alpha-1-py3-none-any.whl"]


def test_an_altered_body_is_asked_for_again(mirror, tmp_path):
    """A proxy may have kept a bad one: three times, no more."""
    server = mirror("alpha")
    name = "alpha-1-py3-none-any.whl"
    with Session(preset("3.6"), server.args, Reporter()) as session:
        lock = session.lock(Request(("alpha",), (), ()))
        server.spoil[name] = ("altered", 2)
        got = fetch.fetch(lock.wheels, session.repository.session, tmp_path / "one", Reporter())
        assert got.files[0].path.read_bytes() == server.files[name]
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
    assert (
        finding.fix
        == f"free some space in {tmp_path / 'wheels'}, or choose another place with --cache-dir DIR"
    )
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
    with Session(preset("3.6"), args, Reporter()) as session, pytest.raises(EnvironmentProblem) as caught:
        session.lock(Request(("beta",), (), ()))
    assert [(one.code, one.subject) for one in caught.value.findings] == [("NET008", args[1])]


class Telling(Reporter):
    """Keeps what it is told of bars: (label, total, unit), then what they advance by."""

    def __init__(self):
        self.told = []

    def bar(self, label, total, unit=""):
        self.told.append((label, total, unit))
        told = self.told

        class Counter(Bar):
            def advance(self, amount=1):
                told.append(amount)

        return Counter()


ALPHA = "alpha-1-py3-none-any.whl"


def sha256(body):
    return hashlib.sha256(body).hexdigest()


@pytest.fixture
def shop(mirror):
    """shop("alpha", "beta") is the server, pip's session and the wheels of a lock of those."""
    opened = []

    def open_(*names, **options):
        server = mirror(*names, **options)
        opened.append(Session(preset("3.6"), server.args, Reporter()))
        wheels = opened[-1].lock(Request(names, (), ())).wheels
        return server, opened[-1].repository.session, wheels

    yield open_
    for one in opened:
        one.__exit__()


def test_only_what_the_cache_has_not_is_downloaded(shop, tmp_path):
    """In the order asked for, whichever comes from where; anybody may read what came."""
    server, session, wheels = shop("alpha", "beta", "gamma")
    fetch.fetch(wheels[1:2], session, tmp_path, Reporter())
    telling = Telling()
    got = fetch.fetch(wheels[::-1], session, tmp_path, telling)
    assert tuple(one.wheel for one in got.files) == wheels[::-1]
    assert [path.name for _, path in got.files] == [wheel.filename for wheel in wheels[::-1]]
    size = sum(len(server.files[wheels[index].filename]) for index in (0, 2))
    assert (got.downloaded, got.downloaded_size) == (2, size)
    assert telling.told[0] == ("downloading 2 wheels", size, "B")
    assert {path.stat().st_mode & 0o777 for _, path in got.files} == {0o644}
    telling.told.clear()
    assert fetch.fetch(wheels, session, tmp_path, telling)[1:] == (0, 0)
    assert telling.told == []


def test_a_cached_file_that_has_rotted(shop, tmp_path):
    """It is not believed, is replaced, and is gone where nothing can replace it."""
    server, session, wheels = shop("alpha")
    ((_, path),) = fetch.fetch(wheels, session, tmp_path, Reporter()).files
    path.write_bytes(b"rotten")
    assert fetch.fetch(wheels, session, tmp_path, Reporter()).downloaded == 1
    assert path.read_bytes() == server.files[ALPHA]
    path.write_bytes(b"rotten")
    server.spoil[ALPHA] = ("404", 99)
    with pytest.raises(EnvironmentProblem):
        fetch.fetch(wheels, session, tmp_path, Reporter())
    assert not path.exists()


def test_a_cache_that_cannot_be_made(shop, tmp_path):
    """Before anything is asked for: the place, the reason, and the way out."""
    server, session, wheels = shop("alpha")
    (tmp_path / "file").write_text("")
    server.asked.clear()
    with pytest.raises(EnvironmentProblem) as caught:
        fetch.fetch(wheels, session, tmp_path / "file", Reporter())
    assert caught.value.message == f"the cache {tmp_path}/file/wheels cannot be written: Not a directory"
    assert caught.value.fix == "choose another with --cache-dir DIR"
    assert server.asked == []


def test_how_a_mirror_is_asked(shop, tmp_path, monkeypatch):
    """As it is, past the cache of pip's session, and in pieces; the size first, behind redirects too."""
    server, session, wheels = shop("alpha")
    server.moved["/files/" + ALPHA] = "/elsewhere/" + ALPHA
    given = []

    def spy(real):
        def ask(*args, **more):
            given.append((args, more))
            return real(*args, **more)

        return ask

    monkeypatch.setattr(session, "head", spy(session.head))
    monkeypatch.setattr(session, "get", spy(session.get))
    telling = Telling()
    fetch.fetch(wheels, session, tmp_path, telling)
    headers = {"Accept-Encoding": "identity"}
    assert given == [
        ((wheels[0].url,), {"headers": headers, "allow_redirects": True, "stream": True}),
        ((wheels[0].url,), {"headers": headers, "stream": True}),
    ]
    assert [telling.told[0][1], *telling.told[1:]] == [len(server.files[ALPHA])] * 2


def test_a_wheel_of_many_pieces(shop, tmp_path):
    """None is larger than 64 KiB, so that the bar moves; the file and its hash are of them all."""
    server, session, wheels = shop("alpha")
    body = b"PK" + os.urandom(1 << 21) + b"end"  # no page begins so
    server.files[ALPHA] = body
    telling = Telling()
    wheel = wheels[0]._replace(sha256=sha256(body))
    ((_, path),) = fetch.fetch([wheel], session, tmp_path, telling).files
    assert path.read_bytes() == body
    assert (max(telling.told[1:]), sum(telling.told[1:])) == (1 << 16, len(body))
    with path.open("rb") as source:
        assert checksum.sha256(source) == sha256(body)
    assert fetch.fetch([wheel], session, tmp_path, telling).downloaded == 0


@pytest.mark.parametrize("how", ["no answer", "no length"])
def test_a_size_that_nobody_tells(shop, tmp_path, monkeypatch, how):
    """Only the bar would like to know it."""
    server, session, wheels = shop("alpha")

    def head(*args, **more):
        if how == "no answer":
            raise ConnectionError(how)
        response = session.request("HEAD", *args, **more)
        del response.headers["Content-Length"]
        return response

    monkeypatch.setattr(session, "head", head)
    telling = Telling()
    fetch.fetch(wheels, session, tmp_path, telling)
    assert [telling.told[0][1], *telling.told[1:]] == [0, len(server.files[ALPHA])]


class _Odd(NetworkConnectionError):
    """An error of pip that says nothing."""

    __module__ = "pip._internal.nowhere"

    def __str__(self):
        return ""


@pytest.mark.parametrize(("error", "reason"), [
    (NetworkConnectionError("cut off"), "cut off"),
    (_Odd("x"), "_Odd"),
    (OSError(5, "Input/output error", "x"), "Input/output error"),
    (OSError("of a library"), "of a library"),
    (OSError(), "OSError"),
])  # fmt: skip
def test_what_is_said_of_a_wheel_that_does_not_come(shop, tmp_path, monkeypatch, error, reason):
    """After three attempts at each: code, reason, address and the way out."""
    _, session, wheels = shop("alpha", "beta")
    calls = []

    def get(*args, **more):
        calls.append(args)
        raise error

    monkeypatch.setattr(session, "get", get)
    with pytest.raises(EnvironmentProblem) as caught:
        fetch.fetch(wheels, session, tmp_path, Reporter())
    assert caught.value.message == "2 wheels could not be downloaded"
    message = "{} could not be downloaded: " + reason
    fix = "run the same command again: finished downloads are kept"
    assert caught.value.findings == tuple(
        Finding("NET003", "error", wheel.name, message.format(wheel.filename), (wheel.url,), fix)
        for wheel in wheels
    )
    assert sorted(calls) == sorted([(wheel.url,) for wheel in wheels] * 3)
    assert list((tmp_path / "wheels").iterdir()) == []


def test_an_error_that_is_nobodys_is_not_swallowed(shop, tmp_path, monkeypatch):
    """A slip of ours is not the network's fault, and leaves nothing behind either."""
    _, session, wheels = shop("alpha")

    def get(*args, **more):
        raise KeyError("ours")

    monkeypatch.setattr(session, "get", get)
    with pytest.raises(KeyError, match="ours"):
        fetch.fetch(wheels, session, tmp_path, Reporter())
    assert list((tmp_path / "wheels").iterdir()) == []


def test_an_altered_wheel_outweighs_a_lost_one(shop, tmp_path):
    """Both are named; what is altered decides the exit code, and another index may have it unaltered."""
    server, session, wheels = shop("alpha", "beta")
    server.spoil = {ALPHA: ("broken", 99), wheels[1].filename: ("altered", 99)}
    with pytest.raises(IntegrityError) as caught:
        fetch.fetch(wheels, session, tmp_path, Reporter())
    assert caught.value.message == "downloaded files do not match the hashes of the index"
    lost, altered = caught.value.findings
    assert [(one.code, one.severity, one.subject) for one in (lost, altered)] == [
        ("NET003", "error", "alpha"), ("NET004", "error", "beta"),
    ]  # fmt: skip
    body = server.files[wheels[1].filename]
    assert altered.message == (
        f"{wheels[1].filename} could not be downloaded: its sha256 is {sha256(body[:-1] + b'!')}, "
        f"the index promised {sha256(body)}"
    )
    assert altered.looked_in == (wheels[1].url,)
    assert altered.fix == "a proxy or mirror alters files: use another --index-url"


def test_only_hashes_that_are_not_known_cost_a_download(shop, tmp_path):
    """A lock that has them all is handed back as it is, without a cache."""
    _, session, wheels = shop("alpha", "beta")
    lock = Lock(preset("3.6"), wheels)
    assert fetch.with_hashes(lock, session, tmp_path / "cache", Reporter()) is lock
    assert not (tmp_path / "cache").exists()
    telling = Telling()
    half = lock._replace(wheels=(wheels[0], wheels[1]._replace(sha256="")))
    assert fetch.with_hashes(half, session, tmp_path / "cache", telling) == lock
    assert len(telling.told) == 2
    assert [path.name for path in (tmp_path / "cache").rglob("*.whl")] == [wheels[1].filename]


def test_a_wheel_that_was_made_here(tmp_path, monkeypatch):
    """Where a downloaded one would be, as often as one likes; a disk that refuses is named."""
    path = store.keep(ALPHA, b"made", tmp_path)
    assert path == tmp_path / "wheels" / sha256(b"made") / ALPHA
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"made", 0o644)
    assert store.keep(ALPHA, b"made", tmp_path) == path
    assert os.listdir(path.parent) == [ALPHA]

    def full(before, after):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "replace", full)
        with pytest.raises(EnvironmentProblem) as caught:
            store.keep(ALPHA, b"other", tmp_path)
    assert caught.value.message == f"the cache {tmp_path} cannot be written: No space left on device"
    assert caught.value.fix == "choose another with --cache-dir DIR"
    assert [one.name for one in tmp_path.rglob("*") if one.is_file()] == [ALPHA]


def test_a_result_file(tmp_path):
    """UTF-8 with line feeds in any locale; where it cannot be, that is said."""
    fetch.write_text(tmp_path / "lock.txt", "# für\nx\n")
    assert (tmp_path / "lock.txt").read_bytes() == b"# f\xc3\xbcr\nx\n"
    with pytest.raises(EnvironmentProblem) as caught:
        fetch.write_text(tmp_path, "x")
    assert caught.value.message == f"{tmp_path} cannot be written: Is a directory"
    assert caught.value.fix == "choose another with -o"

"""Wheels that pip fetches for their metadata."""

import hashlib
import io
import os
import zipfile

import pytest

import bundle_maker
from offkit.model.errors import EnvironmentProblem, IntegrityError
from offkit.model.report import Reporter
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from offkit.online.wheels import dist_info, ends, fetch
from offkit.online.wheels import kept as kept_wheels
from offkit.online.wheels.kept import Kept
from target_maker import preset


@pytest.mark.parametrize("hashes", [True, False])
def test_the_wheel_that_was_read_is_the_wheel_that_is_packed(mirror, tmp_path, hashes):
    """Without metadata beside them, no byte of them comes twice."""
    server = mirror(hashes=hashes)
    server.add("alpha", "1", requires=["beta"], files={"a.py": os.urandom(20000)})
    server.add("beta", "2", files={"b.py": os.urandom(20000)})
    kept = Kept(tmp_path)
    with Session(preset("3.6"), server.args, Reporter(), kept) as session:
        lock = session.lock(Request(("alpha",), (), ()))
        assert [wheel.sha256 for wheel in lock.wheels] == [
            hashlib.sha256(body).hexdigest() for body in server.files.values()
        ]
        got = fetch.fetch(lock.wheels, session.repository.session, tmp_path, Reporter())
    assert (got.downloaded, len(kept.came)) == (0, 2)
    assert [one.path.read_bytes() for one in got.files] == list(server.files.values())
    assert sum(server.sent.values()) == sum(map(len, server.files.values()))


def test_with_metadata_beside_it_a_wheel_is_not_fetched(mirror, tmp_path):
    """PEP 658: resolving takes the small file only."""
    server = mirror("alpha", metadata=True)
    kept = Kept(tmp_path)
    with Session(preset("3.6"), server.args, Reporter(), kept) as session:
        assert len(session.lock(Request(("alpha",), (), ())).wheels) == 1
    assert (kept.came, server.sent.total()) == ([], 0)


PAGE = b"<!DOCTYPE html><html><h1>Sign in</h1></html>"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'\n<form><input name=p type="password"></form>', "a login page"),
        (b"\xef\xbb\xbf" + PAGE, "a page for people"),
        (b'{"error": "no login"}', "JSON"),
    ],
)
@pytest.mark.parametrize("hashes", [True, False])
@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("how", ["by name", "by URL", "in a lock"])
def test_a_page_where_a_wheel_should_be(mirror, tmp_path, body, said, hashes, ranges, how):
    """Whatever the index promises: it is no damaged wheel, is asked for once, and is not kept as one."""
    server = mirror(hashes=hashes, ranges=ranges)
    name = server.put("alpha-1-py3-none-any.whl", body)
    url = f"{server.url}/files/{name}"
    asked = {"by name": "alpha", "by URL": f"alpha @ {url}", "in a lock": "alpha==1"}[how]
    if how == "in a lock":
        asked += f" --hash=sha256:{hashlib.sha256(body).hexdigest()}"
    with Session(preset("3.6"), server.args, Reporter(), Kept(tmp_path)) as session:
        with pytest.raises(EnvironmentProblem) as caught:
            session.lock(Request((asked,), (), ()))
    (finding,) = caught.value.findings
    assert (finding.code, finding.looked_in) == ("NET003", (url,))
    end = f"{name} could not be downloaded: the server answers with {said}, and not with the file"
    assert finding.message == end
    assert "login" in finding.fix
    assert [path for path in tmp_path.rglob(name + "*") if path.read_bytes()] == []
    assert [path for path in tmp_path.rglob(".part-*") if path.read_bytes()] == []
    assert server.asked.count(("GET", f"/files/{name}")) <= 2  # once for its end


def test_a_page_in_ranges_is_forgotten(mirror, tmp_path):
    """A server that gives ranges of its login page too: with the login the wheel comes, in another run."""
    server = mirror("alpha")
    path = "/files/alpha-1-py3-none-any.whl"
    server.pages[path] = (206, PAGE, {"Content-Range": f"bytes 0-{len(PAGE) - 1}/{len(PAGE)}"})

    def lock():
        with Session(preset("3.6"), server.args, Reporter(), Kept(tmp_path)) as session:
            return session.lock(Request(("alpha",), (), ()))

    with pytest.raises(EnvironmentProblem) as caught:
        lock()
    assert "a page for people" in caught.value.findings[0].message
    del server.pages[path]
    assert [wheel.version for wheel in lock().wheels] == ["1"]


def turned(name, version, **more):
    """A wheel that has its files behind its METADATA, as nobody has to do it."""
    filename, body = bundle_maker.wheel(name, version, **more)
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(sink, "w") as new:
        for member in sorted(old.infolist(), key=lambda member: not member.filename.endswith("METADATA")):
            new.writestr(member, old.read(member))
    return filename, sink.getvalue()


@pytest.mark.parametrize("maker", [bundle_maker.wheel, turned])
def test_the_end_of_a_wheel_tells(mirror, tmp_path, maker):
    """Where the server gives ranges: of those that are passed over nothing else is fetched, and of the
    others no byte twice."""
    server = mirror(ranges=True)
    for version in ("1", "2", "3"):
        requires = [f"beta=={version}"]
        files = {"a.py": os.urandom(300000), **{f"{number}.py": b"" for number in range(2000)}}
        server.put(*maker("alpha", version, requires=requires, files=files))
    server.put(*maker("beta", "1", files={"b.py": os.urandom(100)}))
    kept = Kept(tmp_path)
    with Session(preset("3.6"), server.args, Reporter(), kept) as session:
        lock = session.lock(Request(("alpha",), (), ()))
        assert kept.came == []
        got = fetch.fetch(lock.wheels, session.repository.session, tmp_path, Reporter())
    chosen = [one.wheel.filename for one in got.files]
    assert chosen == ["alpha-1-py3-none-any.whl", "beta-1-py3-none-any.whl"]
    assert [one.path.read_bytes() for one in got.files] == [server.files[name] for name in chosen]
    assert [server.sent[name] for name in chosen] == [len(server.files[name]) for name in chosen]
    if maker is bundle_maker.wheel:
        assert 0 < server.sent["alpha-3-py3-none-any.whl"] < 200000


def test_metadata_far_from_the_end(mirror, tmp_path):
    """It is asked for alone, and of what is passed over no more than that and its directory is fetched."""
    server = mirror(ranges=True)
    for version in ("1", "2"):
        files = {"a.bin": os.urandom(ends.MOST + (1 << 20))}
        server.put(*turned("alpha", version, requires=[f"beta=={version}"], files=files))
    server.add("beta", "1")
    kept = Kept(tmp_path)
    with Session(preset("3.6"), server.args, Reporter(), kept) as session:
        lock = session.lock(Request(("alpha",), (), ()))
        assert [(one.name, one.version) for one in lock.wheels] == [("alpha", "1"), ("beta", "1")]
        assert (kept.came, max(server.sent.values()) < 2 * ends.FIRST) == ([], True)
        got = fetch.fetch(lock.wheels, session.repository.session, tmp_path, Reporter())
    assert [one.path.read_bytes() for one in got.files] == [
        server.files[one.wheel.filename] for one in got.files
    ]


def test_what_is_no_metadata_inside():
    """Other bytes than were asked for, or none."""
    _, body = turned("alpha", "1", files={"a.bin": os.urandom(100000)})
    end = ends.End(len(body), body[-ends.FIRST :])
    first, last = ends.inside(end)
    said = dist_info.metadata(zipfile.ZipFile(io.BytesIO(body)))
    assert ends.metadata_inside(end, first, body[first : last + 1]) == said
    for data in (b"", bytes(last - first + 1), body[first + 1 : last + 2], body[first : last - 5]):
        with pytest.raises((zipfile.BadZipFile, ValueError)):
            ends.metadata_inside(end, first, data)
    assert ends.inside(ends.End(100, b"PK")) is None


def test_an_end_of_another_file(mirror, tmp_path):
    """The hash tells, and the wheel comes once more, whole."""
    server = mirror(ranges=True)
    filename = server.add("alpha", "1", files={"a.py": os.urandom(100000)})
    kept = Kept(tmp_path)
    with Session(preset("3.6"), server.args, Reporter(), kept) as session:
        (wheel,) = session.lock(Request(("alpha",), (), ())).wheels
        end = ends.recall(tmp_path, wheel.sha256, wheel.url)
        ends.keep(tmp_path, wheel.sha256, wheel.url, end._replace(data=bytes(len(end.data))))
        got = fetch.fetch([wheel], session.repository.session, tmp_path, Reporter())
    assert got.files[0].path.read_bytes() == server.files[filename]
    assert ends.recall(tmp_path, wheel.sha256, wheel.url) is None


class Answer:
    def __init__(self, status, said, content):
        self.status_code, self.headers, self.content = status, {"Content-Range": said}, content


@pytest.mark.parametrize(("answer", "had", "end"), [
    (Answer(206, "bytes 6-9/10", b"6789"), None, ends.End(10, b"6789")),
    (Answer(200, "bytes 6-9/10", b"6789"), None, None),
    (Answer(206, "bytes 6-8/10", b"678"), None, None),
    (Answer(206, "bytes 6-9/10", b"78"), None, None),
    (Answer(206, "bytes 6-9/*", b"6789"), None, None),
    (Answer(206, "", b"6789"), None, None),
    (Answer(206, "bytes 2-5/10", b"2345"), ends.End(10, b"6789"), ends.End(10, b"23456789")),
    (Answer(206, "bytes 2-5/11", b"2345"), ends.End(10, b"6789"), None),
    (Answer(206, "bytes 2-4/10", b"234"), ends.End(10, b"6789"), None),
])  # fmt: skip
def test_what_is_an_end(answer, had, end):
    """What says so, and is as long as it says."""
    assert ends.of(answer, had) == end


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"PK\x05\x06" + b"\0" * 18, b"x" * 1000, b"PK\x05\x06" + b"\xff" * 18]
)
def test_an_end_that_does_not_tell(data):
    """It is none of a wheel, or too far from its beginning."""
    found = ends.metadata(ends.End(10**9, data))
    assert found == 0 or found > ends.MOST


def test_what_metadata_says_is_read_once():
    """From memory, with the ends of lines that a file would have; what is not UTF-8 is refused."""
    said = kept_wheels._Said(b"Name: alpha\r\nVersion: 1\rRequires-Dist: beta\n\nText\n")
    assert said.metadata is said.metadata
    assert (said.name, said.version, said.requires) == ("alpha", "1", ["beta"])
    assert said.read_text("METADATA").count("\r") == 0
    assert said.read_text("entry_points.txt") is None
    with pytest.raises(NotImplementedError):
        said.locate_file("METADATA")
    with pytest.raises(UnicodeDecodeError):
        kept_wheels._Said(b"Name: alph\xe9\n")


def test_the_hash_in_a_url_is_held_to(mirror, tmp_path):
    """That it is whoever gives the URL who says it: compared when the file is first fetched, also where its
    end would tell all that resolving needs; of sources too, and where a package gives the URL."""
    server = mirror(ranges=True)
    name = server.add("alpha", files={"a.py": os.urandom(20000)})
    url, digest = f"{server.url}/files/{name}", hashlib.sha256(server.files[name]).hexdigest()
    source = server.put("beta-1.tar.gz", b"no archive")
    server.add("gamma", requires=[f"alpha @ {url}#sha256={'0' * 64}"])

    def lock(word, cache):
        with Session(preset("3.6"), server.args, Reporter(), Kept(tmp_path / cache)) as session:
            return session.lock(Request((word,), (), ()))

    for right in (digest, digest.upper()):
        (wheel,) = lock(f"alpha @ {url}#sha256={right}", "right").wheels
        assert wheel.sha256 == digest
    for word, file, other in (
        (f"alpha @ {url}#sha256={'0' * 64}", name, "0" * 64),
        (f"alpha @ {url}#sha256=abc", name, "abc"),
        (f"beta @ {server.url}/files/{source}#sha256=abc", source, "abc"),
        ("gamma", name, "0" * 64),
    ):
        with pytest.raises(IntegrityError, match="a file is not the one that the request means") as caught:
            lock(word, word.partition(" ")[0])
        (finding,) = caught.value.findings
        is_ = hashlib.sha256(server.files[file]).hexdigest()
        assert finding.code == "REQ006", word
        assert (
            finding.message == f"{server.url}/files/{file}: its sha256 is {is_}, the requirement says {other}"
        )
    (tmp_path / name).write_bytes(server.files[name])
    for word, place, other in (
        (f"alpha @ {url}#md5=abc", url, "Expected md5 abc"),
        (
            f"alpha @ {(tmp_path / name).as_uri()}#sha256=abc",
            (tmp_path / name).as_uri(),
            "Expected sha256 abc",
        ),
    ):
        with pytest.raises(IntegrityError, match="a file is not the one that the request means") as caught:
            lock(word, "local")
        (finding,) = caught.value.findings
        assert (finding.code, finding.looked_in[0]) == ("REQ006", other)
        assert finding.message == f"{place}: it is not the file that the requirement means"

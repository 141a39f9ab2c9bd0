"""The server that a media host runs for a fleet: what it gives out, to whom, and when it ends."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection

import pytest

import repo_maker
import waiting

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
SERVE = os.path.join(ROOT, "ansible", "roles", "offkit", "files", "serve.py")
OFFKIT = os.path.join(ROOT, "toolkit")
REPOMD = "repodata/repomd.xml"
BIG = bytes(bytearray(range(256))) * 3000


def make_disc(place):
    """A directory with a repository and a file of some size; beside it, in the open, a secret."""
    top = place / "disc"
    repo_maker.repository(top, repo_maker.library_packages("libSM.so.6"))
    repo_maker.write(top, "Packages/big", BIG)
    (place / "secret").write_bytes(b"secret")
    os.symlink("../secret", str(top / "out"))
    os.symlink("Packages/big", str(top / "in"))
    os.mkfifo(str(top / "pipe"))
    return top


def serve(state, *words, piped=False, clean=False):
    """(exit code, its one line) of serve.py; ``piped``: read from stdin, as the role does; ``clean``: by a
    Python without site-packages."""
    argv = [
        sys.executable,
        "-I",
        *(["-S"] if clean else []),
        "-" if piped else SERVE,
        "--state",
        str(state),
        *map(str, words),
    ]
    with open(SERVE, "rb") as script:
        done = subprocess.Popen(
            argv,
            stdin=script if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = done.communicate()
    assert b"Traceback" not in err, err
    return done.returncode, json.loads(out.decode()) if out else err.decode()


def start(state, *words, **more):
    return serve(state, "--address", "127.0.0.1", "--port", "0", "--offkit", OFFKIT, *words, **more)


@pytest.fixture
def state(tmp_path):
    """A place for its state; what was started there ends."""
    yield tmp_path / "state"
    serve(tmp_path / "state", "--stop", "--forget")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def served(place):
    """The URL of a disc that is served to many tests, below ``place``."""
    code, said = start(place / "state", make_disc(place))
    assert code == 0, said
    yield said["url"]
    serve(place / "state", "--stop", "--forget")


@pytest.fixture
def disc(tmp_path):
    return make_disc(tmp_path)


def ask(url, path, method="GET", **headers):
    """(status, headers in lower case, body)"""
    with contextlib.closing(HTTPConnection(url.partition("//")[2], timeout=waiting.LIMIT)) as connection:
        connection.request(
            method, path, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read()


def ended(pid, seconds=waiting.LIMIT):
    """Whether it is gone, waited for; one that nobody reaps is."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        try:
            with open("/proc/{}/stat".format(pid), encoding="ascii") as facts:
                if facts.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


def test_files(served, place):
    """Whole, with their size; HEAD without the bytes; a link within the directory is followed."""
    assert ask(served, "/" + REPOMD)[2] == (place / "disc" / REPOMD).read_bytes()
    for path in ("/Packages/big", "/in", "//Packages/./big", "/Packages/b%69g"):
        assert ask(served, path)[2] == BIG
    code, headers, body = ask(served, "/Packages/big", "HEAD")
    assert (code, headers["content-length"], body) == (200, str(len(BIG)), b"")
    assert headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ("bytes=0-9", (206, BIG[:10])),
        ("bytes=767990-", (206, BIG[-10:])),
        ("bytes=-5", (206, BIG[-5:])),
        ("bytes=767999-999999999", (206, BIG[-1:])),
        ("bytes=768000-", (416, b"")),
        ("bytes=9-2", (416, b"")),
        ("bytes=1-2,5-6", (200, BIG)),
        ("lines=1-2", (200, BIG)),
        ("bytes=-", (200, BIG)),
    ],
)
def test_ranges(served, span, expected):
    """RFC 9110, 14.2: one range; of several, or what is none, the whole file."""
    code, headers, body = ask(served, "/Packages/big", Range=span)
    assert (code, body) == expected
    if code == 416:
        assert headers["content-range"] == "bytes */768000"


def test_a_range_of_a_file_that_was_another(served):
    """If-Range with an older tag: all of the new one."""
    tag = ask(served, "/Packages/big", "HEAD")[1]["etag"]
    assert ask(served, "/Packages/big", Range="bytes=5-", If_Range=tag)[0] == 206
    assert ask(served, "/Packages/big", Range="bytes=5-", If_Range='"1-1"')[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/out",
        "/../secret",
        "/%2e%2e/secret",
        "/Packages/../../secret",
        "/..%2fsecret",
        "/pipe",
        "/none",
        "/a%00b",
        "/etc/passwd",
    ],
)
def test_what_is_outside_is_not_there(served, path):
    code, _, body = ask(served, path)
    assert (code, body) == (404, b"Not Found\n")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "PROPFIND"])
def test_nothing_is_written(served, place, method):
    before = sorted(os.listdir(str(place / "disc")))
    assert ask(served, "/new", method)[0] == 501
    assert sorted(os.listdir(str(place / "disc"))) == before


def test_a_listing(served, place):
    """For people; names are quoted."""
    repo_maker.write(place / "disc", "a<b>.txt", b"x")
    code, headers, body = ask(served, "/")
    assert (code, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b'<a href="/a%3Cb%3E.txt">a&lt;b&gt;.txt</a>' in body
    assert b'<a href="/Packages/big">big</a>' in ask(served, "/Packages/")[2]


def test_an_image(state, disc, tmp_path):
    """Nobody mounts it: offkit reads it. Several media have a name each."""
    files = {REPOMD: (disc / REPOMD).read_bytes(), "Packages/big": BIG}
    (tmp_path / "x.iso").write_bytes(repo_maker.image(files))
    code, said = start(state, "el7={}".format(tmp_path / "x.iso"), "el8={}".format(disc), piped=True)
    assert (code, said["repositories"]) == (0, {"el7": [""], "el8": [""]})
    for name in ("el7", "el8"):
        assert ask(said["url"], "/{}/Packages/big".format(name))[2] == BIG
    assert ask(said["url"], "/el7/Packages/big", Range="bytes=700000-700009")[2] == BIG[700000:700010]
    assert b'href="/el7/Packages"' in ask(said["url"], "/el7")[2]
    assert ask(said["url"], "/el9/Packages/big")[0] == 404


def test_started_again_it_is_the_same(state, disc):
    """Nothing has changed; another wish makes another server, and the old one ends."""
    first = start(state, disc)[1]
    pid = first["pid"]
    assert start(state, disc) == (0, dict(first, changed=False))
    code, said = start(state, "x={}".format(disc))
    assert (code, said["changed"]) == (0, True)
    assert ended(pid)
    assert ask(said["url"], "/x/" + REPOMD)[0] == 200


def test_stopped(state, disc):
    """Twice: the second time there is nothing to do; with --forget nothing is left."""
    pid = start(state, disc)[1]["pid"]
    assert serve(state, "--stop") == (0, {"changed": True})
    assert ended(pid)
    assert serve(state, "--stop") == (0, {"changed": False})
    assert sorted(os.listdir(str(state))) == ["lock", "serve.log"]
    assert serve(state, "--stop", "--forget") == (0, {"changed": False})
    assert not state.exists()
    assert serve(state, "--stop") == (0, {"changed": False})


def test_it_ends_when_nobody_asks(state, disc):
    """And when its state file goes; it is no service."""
    assert ended(start(state, disc, "--idle", "1")[1]["pid"])
    pid = start(state, disc)[1]["pid"]
    (state / "serve.json").unlink()
    assert ended(pid)


def test_it_does_not_end_while_somebody_is_served(state, disc):
    """A slow reader is no silence: it sees its file to the end."""
    repo_maker.write(disc, "Packages/huge", BIG * 20)
    said = start(state, disc, "--idle", "1")[1]
    host, _, port = said["url"].partition("//")[2].partition(":")
    with contextlib.closing(socket.create_connection((host, int(port)))) as slow:
        slow.sendall(b"GET /Packages/huge HTTP/1.0\r\n\r\n")
        got = len(slow.recv(1000))
        assert not ended(said["pid"], 3)
        while True:
            data = slow.recv(1 << 20)
            if not data:
                break
            got += len(data)
    assert got > len(BIG) * 20
    assert ended(said["pid"])


def test_one_line_for_each_request(state, disc):
    """Who, what, the answer and the range; nothing that could pass for another line."""
    said = start(state, disc)[1]
    ask(said["url"], "/" + REPOMD)
    ask(said["url"], "/none%0Aforged", Range="bytes=5-")
    lines = (state / "serve.log").read_text().splitlines()
    assert lines[0].endswith("serving at " + said["url"])
    assert [line.partition(" ")[2] for line in lines[1:]] == [
        "127.0.0.1 GET '/{}' 200 -".format(REPOMD),
        "127.0.0.1 GET '/none%0Aforged' 404 bytes=5-",
    ]


def test_only_at_the_address_that_was_named(served):
    """Not at every address of the host."""
    port = int(served.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5).close()


REFUSALS = [
    (["/nowhere"], "/nowhere does not exist on "),
    (["EMPTY"], "EMPTY has no repodata/repomd.xml in its top directory, AppStream or BaseOS"),
    (["FILE"], "FILE is not an ISO image: "),
    (["CUT"], "CUT is truncated: "),
    (["DISC", "x=DISC"], "each of several media needs a name"),
    (["DISC", "--address", "192.0.2.77"], "cannot serve at 192.0.2.77 port 0: "),
    (["DISC", "--address", ""], "no address to serve at was given"),
    ([], "nothing to serve was given"),
]


@pytest.mark.parametrize(("words", "expected"), REFUSALS, ids=[each[1][:20] for each in REFUSALS])
def test_refusals(state, disc, tmp_path, words, expected):
    """Exit 1, what is wrong and what to do; no server is left running."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.iso").write_bytes(b"no image\n" * 9000)
    whole = repo_maker.image({REPOMD: b"<repomd/>", "Packages/big": BIG})
    (tmp_path / "cut.iso").write_bytes(whole[:-5000])
    places = {
        "EMPTY": str(tmp_path / "empty"),
        "FILE": str(tmp_path / "file.iso"),
        "CUT": str(tmp_path / "cut.iso"),
        "DISC": str(disc),
    }
    for name, path in places.items():
        words = [word.replace(name, path) for word in words]
        expected = expected.replace(name, path)
    code, said = start(state, *words)
    assert (code, said["error"][: len(expected)]) == (1, expected)
    assert said["fix"]
    assert not (state / "serve.json").exists()


def test_an_image_without_an_offkit_to_read_it(state, tmp_path):
    (tmp_path / "x.iso").write_bytes(repo_maker.image({REPOMD: b"<repomd/>"}))
    argv = ["--address", "127.0.0.1", "--port", "0", "--offkit", str(tmp_path), tmp_path / "x.iso"]
    code, said = serve(state, *argv, clean=True)
    assert (code, "no offkit here can read it" in said["error"]) == (1, True)
    assert "deploy to this host first" in said["fix"]


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's directory is made by root")
def test_a_state_of_somebody_else(disc, tmp_path):
    """It could lead the log and the state anywhere."""
    (tmp_path / "theirs").mkdir(mode=0o755)
    os.chown(str(tmp_path / "theirs"), 12345, 12345)
    code, said = start(tmp_path / "theirs", disc)
    assert (code, "is not this user's alone" in said["error"]) == (1, True)

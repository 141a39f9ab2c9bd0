"""carry: one big file, once, from where it was cut."""

import hashlib
import os
import shutil
import stat
import subprocess
import sys

import pytest

import actions

PIECE = 64 * 1024
HERE = os.path.dirname(os.path.abspath(__file__))
SHELLS = {"dash": ["dash"], "bash": ["bash"], "busybox": ["busybox"]}


@pytest.fixture
def source(tmp_path):
    """A file of five pieces and a half, no two of them alike."""
    path = tmp_path / "bundle.tar"
    path.write_bytes(b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(11 * PIECE // 64)))
    return path


@pytest.fixture
def dest(tmp_path):
    return tmp_path / "server" / "cache of it's" / "bundle.tar"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Where pieces are put down on their way."""
    place = tmp_path / "home"
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    return place


@pytest.fixture(params=sorted(SHELLS))
def shell(request, tmp_path, monkeypatch):
    """This shell is the server's sh."""
    found = shutil.which(request.param)
    if not found:
        pytest.skip("there is no {} here".format(request.param))
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sh").symlink_to(found)
    monkeypatch.setenv("PATH", str(folder) + os.pathsep + os.environ["PATH"])
    return request.param


def carry(source, dest, **how):
    args = {"src": str(source), "dest": str(dest), "part_size": str(PIECE)}
    args.update(how.pop("args", {}))
    return actions.run("carry", args, **how)


def interrupted(source, dest, pieces):
    """Carry until the line is cut; answers the bytes that are there then."""
    begun = actions.action("carry", {"src": str(source), "dest": str(dest), "part_size": str(PIECE)})
    original, left = begun._connection.put_file, [pieces]

    def put_file(here, there):
        if not left[0]:
            raise ConnectionResetError("the line is cut")
        left[0] -= 1
        original(here, there)

    begun._connection.put_file = put_file
    with pytest.raises(ConnectionResetError):
        begun.run(task_vars={})
    part = str(dest) + ".part"
    return os.path.getsize(part) if os.path.exists(part) else 0


def test_carries_once(source, dest, home, shell):
    """The first time it is sent, the second time it is there; nothing else is left anywhere."""
    first = carry(source, dest)
    assert (first.get("msg"), first["changed"]) == ("carried 360.4 kB to {}".format(dest), True)
    assert dest.read_bytes() == source.read_bytes()
    assert stat.S_IMODE(dest.stat().st_mode) == 0o644
    second = carry(source, dest)
    assert (second["msg"], second["changed"], second["sent"]) == (
        "{} is already there".format(dest),
        False,
        0,
    )
    assert os.listdir(dest.parent) == ["bundle.tar"]
    assert [files for _, _, files in os.walk(home) if files] == []


@pytest.mark.parametrize("pieces", range(6))
def test_resumes_after_each_piece(source, dest, home, pieces):
    """Wherever it is cut, it goes on there, and the whole is right."""
    there = interrupted(source, dest, pieces)
    assert there == pieces * PIECE
    assert not dest.exists()
    result = carry(source, dest)
    assert (result["resumed_at"], result["sent"]) == (there, source.stat().st_size - there)
    assert dest.read_bytes() == source.read_bytes()
    assert os.listdir(dest.parent) == ["bundle.tar"]


def test_a_damaged_part_begins_anew(source, dest, home, shell):
    """A .part whose bytes are not the file's own is no beginning of it."""
    interrupted(source, dest, 3)
    part = dest.with_name("bundle.tar.part")
    damaged = bytearray(part.read_bytes())
    damaged[17] ^= 1
    part.write_bytes(bytes(damaged))
    result = carry(source, dest)
    assert (result["resumed_at"], result["sent"]) == (0, source.stat().st_size)
    assert dest.read_bytes() == source.read_bytes()


def test_another_file_stays_until_the_new_one_is_whole(source, dest, home):
    """What was there under this name is replaced by one rename."""
    dest.parent.mkdir(parents=True)
    dest.write_bytes(b"the one before")
    interrupted(source, dest, 2)
    assert dest.read_bytes() == b"the one before"
    carry(source, dest)
    assert dest.read_bytes() == source.read_bytes()


def test_a_complete_part_is_only_put_in_its_place(source, dest, home):
    """Cut between the last piece and the rename: nothing is sent again."""
    dest.parent.mkdir(parents=True)
    dest.with_name("bundle.tar.part").write_bytes(source.read_bytes())
    result = carry(source, dest)
    assert (result["sent"], result["changed"]) == (0, True)
    assert dest.read_bytes() == source.read_bytes()


def test_what_arrives_damaged_is_not_taken(source, dest, home):
    """A SHA-256 that is not the one that was asked for ends it, and nothing is left to be continued."""
    result = carry(source, dest, args={"sha256": "0" * 64})
    assert result["failed"]
    assert "arrived damaged" in result["msg"]
    assert os.listdir(dest.parent) == []


def test_two_at_once_are_noticed(source, dest, home):
    """A .part that grew meanwhile is not appended to."""
    begun = actions.action("carry", {"src": str(source), "dest": str(dest), "part_size": str(PIECE)})
    original = begun._connection.put_file

    def put_file(here, there):
        original(here, there)
        with open(str(dest) + ".part", "ab") as part:
            part.write(b"somebody else's")

    dest.parent.mkdir(parents=True)
    begun._connection.put_file = put_file
    result = begun.run(task_vars={})
    assert result["failed"]
    assert "bundle.tar.part has {} bytes and not {}".format(PIECE + 15, PIECE) in result["msg"]


def test_check_mode_writes_nothing(source, dest, home):
    """It says how much, and makes not even a directory."""
    result = carry(source, dest, check=True, diff=True)
    assert result["changed"]
    assert result["msg"] == "would carry 360.4 kB to {}".format(dest)
    assert not dest.parent.exists()
    assert os.listdir(home) == []
    assert result["diff"]["after"]["size"] == source.stat().st_size
    carry(source, dest)
    assert not carry(source, dest, check=True)["changed"]


def test_mode(source, dest, home):
    """A mode that differs is a change of its own."""
    carry(source, dest)
    args = {"mode": "0600"}
    foreseen = carry(source, dest, args=args, check=True)
    assert (foreseen["changed"], stat.S_IMODE(dest.stat().st_mode)) == (True, 0o644)
    assert carry(source, dest, args=args)["changed"]
    assert stat.S_IMODE(dest.stat().st_mode) == 0o600
    assert not carry(source, dest, args=args)["changed"]


def test_wrong_arguments_are_all_named(source, tmp_path):
    """At once, and before anything is asked of the server."""
    result = actions.run(
        "carry",
        {"src": str(tmp_path / "none"), "dest": "/here/", "sha256": "xy", "part_size": "1K", "mode": "rw"},
    )
    assert result["failed"]
    for word in (
        "none does not exist on the control node",
        "dest: /here/ is not",
        "sha256: xy",
        "part_size:",
        "mode: rw",
    ):
        assert word in result["msg"]


def test_a_directory_is_refused(source, dest):
    """A name that is taken by a directory."""
    dest.mkdir(parents=True)
    assert "is a directory there" in carry(source, dest)["msg"]


FULL = """
import sys
sys.path[:0] = {path!r}
import actions
print(actions.run("carry", {args!r})["msg"])
"""


def mounting(place):
    """The prefix of a command that may mount there, and nobody else sees it."""
    for prefix in (["unshare", "-m"], ["unshare", "-rm"]):
        tried = [*prefix, "mount", "-t", "tmpfs", "none", str(place)]
        if subprocess.run(tried, stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return prefix
    pytest.skip("no mount namespace can be made here")


def test_a_full_disk(source, tmp_path, home):
    """No room is said with numbers before anything is sent, on a file system of 128 kB."""
    place = tmp_path / "small"
    place.mkdir()
    args = {"src": str(source), "dest": str(place / "x" / "bundle.tar"), "part_size": str(PIECE)}
    script = FULL.format(
        path=[HERE, *sys.path[:1], *[p for p in sys.path if "offkit-collections" in p]], args=args
    )
    words = ["sh", "-c", 'mount -t tmpfs -o size=128k none "$1" && exec "$2" -c "$3"']
    done = subprocess.run(
        [*mounting(place), *words, "sh", str(place), sys.executable, script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "not enough space for" in done.stdout, done.stderr
    assert "360.4 kB are needed" in done.stdout
    assert "131.1 kB are free" in done.stdout

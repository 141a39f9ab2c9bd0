"""The drive: discs mounted for one command."""

import os
import shlex
import subprocess
import sys

import pytest

import offkit
from offkit.edges import mounts
from offkit.edges.mounts import Drive, MountProblem
from offkit.edges.run import Result

TOOLKIT = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))


@pytest.fixture
def visible(monkeypatch, tmp_path):
    """A machine without private mounts; scratch directories below tmp_path."""
    monkeypatch.setattr(mounts, "go_private", lambda: False)
    monkeypatch.setattr(mounts.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_visible_mounts_are_undone(visible, monkeypatch):
    """Each image gets a directory; at the end they are unmounted and gone, the last first."""
    calls = []
    monkeypatch.setattr(mounts, "at", lambda point: mounts.Mount(point, "iso9660", "/dev/loop0", True))

    def run(argv):
        calls.append(list(argv))
        return Result(argv, 0, "", "")

    with Drive(run) as drive:
        points = [drive.insert("/a.iso"), drive.insert("/b.iso")]
        assert all(os.path.isdir(point) for point in points)
        assert not drive.private
    assert calls == [
        ["mount", "-t", "iso9660", "-o", "loop,ro", "/a.iso", points[0]],
        ["mount", "-t", "iso9660", "-o", "loop,ro", "/b.iso", points[1]],
        ["umount", points[1]],
        ["umount", points[0]],
    ]
    assert os.listdir(str(visible)) == []


@pytest.mark.parametrize(
    ("keep", "chosen"),
    [((), "mnt"), (("mnt/app",), "media"), (("mnt", "media/x/y"), None), (("mnt2",), "mnt")],
)
def test_private_mounts_hide_nothing(tmp_path, monkeypatch, keep, chosen):
    """An empty directory that stays empty: what is about to be made there would be lost with the mount."""
    calls = []
    places = [str(tmp_path / name) for name in ("full", "mnt", "media")]
    for place in places:
        os.makedirs(place)
    (tmp_path / "full" / "file").write_text("")
    monkeypatch.setattr(mounts, "_EMPTY", places)
    monkeypatch.setattr(mounts, "go_private", lambda: True)
    monkeypatch.setattr(mounts.tempfile, "tempdir", str(tmp_path))

    def run(argv):
        calls.append(list(argv))
        return Result(argv, 0, "", "")

    with Drive(run, [str(tmp_path / name) for name in keep]) as drive:
        point = drive.insert("/a.iso")
        above = os.path.dirname(point)
        if chosen is None:
            assert os.path.basename(above).startswith("offkit-")
        else:
            assert above == str(tmp_path / chosen)
            assert calls[0] == ["mount", "-t", "tmpfs", "tmpfs", above]
        assert calls[-1][-2:] == ["/a.iso", point]


def test_a_kernel_that_refuses(visible):
    """mount's own words; the scratch goes."""
    with Drive(lambda argv: Result(argv, 32, "", "mount: unknown filesystem type 'iso9660'\n")) as drive:
        with pytest.raises(MountProblem, match="unknown filesystem type"):
            drive.insert("/a.iso")
    assert os.listdir(str(visible)) == []


def test_nothing_is_done_before_it_is_needed(visible):
    """An empty drive neither mounts nor makes anything."""
    with Drive(lambda argv: pytest.fail(str(argv))):
        pass
    assert os.listdir(str(visible)) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has mount namespaces of its own")
def test_private_mounts(tmp_path):
    """Others do not see what is mounted; with the process it is gone, however that ends."""
    code = (
        "import os, sys; from offkit.edges import mounts, run\n"
        "if not mounts.go_private(): sys.exit(9)\n"
        "assert run.run(['mount', '-t', 'tmpfs', 'tmpfs', sys.argv[1]]).ok\n"
        "assert mounts.at(sys.argv[1]).kind == 'tmpfs'\n"
        "open(os.path.join(sys.argv[1], 'x'), 'w').close()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    possible = "mount --make-rprivate / && mount -t tmpfs tmpfs {}".format(shlex.quote(str(tmp_path)))
    if subprocess.call(["unshare", "-m", "sh", "-c", possible], stderr=subprocess.DEVNULL):
        pytest.skip("this container allows no mount namespaces")
    # Under systemd "/" is shared: what is mounted in a namespace that still is its peer, all see.
    outside = 'mount --make-rshared / || exit 9; "$1" -c "$2" "$3"; code=$?; ls -A "$3"; exit $code'
    child = subprocess.run(
        ["unshare", "-m", "sh", "-c", outside, "sh", sys.executable, code, str(tmp_path)],
        env=dict(os.environ, PYTHONPATH=TOOLKIT),
        stdout=subprocess.PIPE,
        check=False,
    )
    assert child.returncode == 128 + 9
    assert child.stdout == b""
    assert os.listdir(str(tmp_path)) == []
    assert mounts.at(str(tmp_path)) is None


def test_lines_of_mountinfo():
    """Optional fields end at a hyphen; octal is read; what is cut off is passed over."""
    whole = "36 35 98:0 / /mnt/a\\040b rw,noatime shared:1 - iso9660 /dev/loop0 ro"
    found = mounts.parse(
        "\n".join([whole, whole.replace(" - ", " "), "36 35 - a b c", "1 2 3 4 5 6 - a b", ""])
    )
    assert found == [mounts.Mount("/mnt/a b", "iso9660", "/dev/loop0", True)]
    (other,) = mounts.parse("36 35 98:0 / /mnt rw - ext4 /dev/vda rw")
    assert other == mounts.Mount("/mnt", "ext4", "/dev/vda", False)


def answering(code, out="", err=""):
    return lambda argv: Result(argv, code, out, err)


def test_the_words_of_mount_and_umount(monkeypatch):
    """Theirs, or the exit code; where nothing is mounted there is nothing to do."""
    for out, err, words in (("", "", "mount ended with 32"), ("a\nb", "", "a"), ("a", " c\nd\n", "c")):
        with pytest.raises(MountProblem) as caught:
            mounts.mount_iso("/a.iso", "/mnt", answering(32, out, err))
        assert str(caught.value) == words
    mounts.mount_iso("/a.iso", "/mnt", answering(0, "a", "b"))
    monkeypatch.setattr(mounts, "at", lambda point: None)
    assert mounts.unmount("/mnt", answering(32, "", "not reached")) == ""
    monkeypatch.setattr(mounts, "at", lambda point: mounts.Mount(point, "iso9660", "/dev/loop0", True))
    assert mounts.unmount("/mnt", answering(32, "", " busy\n")) == "busy"
    assert mounts.unmount("/mnt", answering(32)) == "umount ended with 32"
    assert mounts.unmount("/mnt", answering(0, "", "a warning")) == ""

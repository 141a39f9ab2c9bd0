"""The drive: discs mounted for one command."""

import io
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
    for out, err, words in (("", "", "mount exited with 32"), ("a\nb", "", "a"), ("a", " c\nd\n", "c")):
        with pytest.raises(MountProblem) as caught:
            mounts.mount_iso("/a.iso", "/mnt", answering(32, out, err))
        assert str(caught.value) == words
    mounts.mount_iso("/a.iso", "/mnt", answering(0, "a", "b"))
    monkeypatch.setattr(mounts, "at", lambda point: None)
    assert mounts.unmount("/mnt", answering(32, "", "not reached")) == ""
    monkeypatch.setattr(mounts, "at", lambda point: mounts.Mount(point, "iso9660", "/dev/loop0", True))
    assert mounts.unmount("/mnt", answering(32, "", " busy\n")) == "busy"
    assert mounts.unmount("/mnt", answering(32)) == "umount exited with 32"
    assert mounts.unmount("/mnt", answering(0, "", "a warning")) == ""


def test_what_is_mounted_here(monkeypatch, tmp_path):
    """The kernel's table in its own order, names that are no UTF-8 too; nothing without /proc."""
    raw = b"1 0 0:1 / / rw - ext4 /dev/vda rw\n2 1 0:2 / /\xff rw - tmpfs tmpfs ro\n"
    asked = []

    def opened(path, mode):
        asked.append((path, mode))
        if raw is None:
            raise FileNotFoundError(path)
        return io.BytesIO(raw)

    monkeypatch.setattr(mounts, "open", opened, raising=False)
    assert mounts.table() == [
        mounts.Mount("/", "ext4", "/dev/vda", False),
        mounts.Mount("/\udcff", "tmpfs", "tmpfs", True),
    ]
    raw = None
    assert mounts.table() == []
    assert asked == [("/proc/self/mountinfo", "rb")] * 2


def test_names_in_the_table():
    """Blanks, tabs, new lines and backslashes of places and of sources."""
    (found,) = mounts.parse(r"1 0 0:1 / /a\040b\011c\012d\134e rw - ext4 /dev/x\040y rw")
    assert found == mounts.Mount("/a b\tc\nd\\e", "ext4", "/dev/x y", False)


def test_what_is_mounted_at_a_place(monkeypatch, tmp_path):
    """The last of those that are there hides the others; links are followed."""
    (tmp_path / "link").symlink_to("point")
    point = os.path.join(os.path.realpath(str(tmp_path)), "point")
    first, second = (mounts.Mount(point, kind, "x", False) for kind in ("ext4", "tmpfs"))
    monkeypatch.setattr(mounts, "table", lambda: [first, second, mounts.Mount("/other", "proc", "x", False)])
    assert mounts.at(str(tmp_path / "link")) == second
    assert mounts.at(str(tmp_path)) is None


class Libc:
    """unshare(2) and mount(2), which answer what they are told to."""

    def __init__(self, unshared, mounted):
        self.calls = []
        self._unshared, self._mounted = unshared, mounted

    def unshare(self, flags):
        self.calls.append(("unshare", flags))
        return self._unshared

    def mount(self, *args):
        self.calls.append(("mount", *args))
        return self._mounted


@pytest.mark.parametrize(
    ("unshared", "mounted", "private", "calls"), [(0, 0, True, 2), (-1, 0, False, 1), (0, -1, False, 2)]
)
def test_mounts_of_its_own(monkeypatch, unshared, mounted, private, calls):
    """A namespace of mounts, and none of them shared, whatever is below the root."""
    libc = Libc(unshared, mounted)
    loaded = []

    def load(name, **how):
        loaded.append((name, how))
        return libc

    monkeypatch.setattr("ctypes.CDLL", load)
    assert mounts.go_private() is private
    assert loaded == [(None, {"use_errno": True})]
    assert libc.calls == [("unshare", 0x20000), ("mount", None, b"/", None, 0x44000, None)][:calls]


def test_a_python_without_ctypes(monkeypatch):
    """Such a one has no mounts of its own."""
    monkeypatch.setitem(sys.modules, "ctypes", None)
    assert mounts.go_private() is False


def test_a_place_that_cannot_be_made(visible):
    """What the system says of it, and the drive goes on with the next."""
    with Drive(answering(0)) as drive:
        first = drive.insert("/a.iso")
        second = os.path.join(os.path.dirname(first), "2")
        os.mkdir(second)
        with pytest.raises(MountProblem) as caught:
            drive.insert("/b.iso")
        assert str(caught.value) == "{}: File exists".format(second)
        os.rmdir(second)
        assert drive.insert("/b.iso") == second


def test_a_drive_that_is_used_again(tmp_path, monkeypatch):
    """What was mounted for it is unmounted, discs first, and the next command begins from nothing."""
    place = tmp_path / "mnt"
    place.mkdir()
    calls = []
    monkeypatch.setattr(mounts, "_EMPTY", (str(place),))
    monkeypatch.setattr(mounts, "go_private", lambda: True)
    monkeypatch.setattr(mounts, "at", lambda point: mounts.Mount(point, "tmpfs", "tmpfs", False))

    def run(argv):
        calls.append((argv[0], argv[-1]))
        if argv[0] == "umount" and argv[-1] != str(place):
            os.rmdir(argv[-1])
        return Result(argv, 0, "", "")

    drive = Drive(run)
    assert not drive.private
    with drive:
        pass
    assert calls == []
    for _ in range(2):
        with drive:
            point = drive.insert("/a.iso")
            assert point == str(place / "1")
            assert drive.private
        assert calls == [("mount", str(place)), ("mount", point), ("umount", point), ("umount", str(place))]
        del calls[:]


def test_places_that_are_passed_over(tmp_path, monkeypatch):
    """Links, mounts, what is not there or lies above what is kept, by whatever name, and where no
    tmpfs can be mounted."""
    for name in ("mounted", "kept", "refused", "good", "behind"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("good")
    (tmp_path / "other").symlink_to("kept")
    names = ("none", "link", "mounted", "kept", "refused", "good", "behind")
    top = os.path.realpath(str(tmp_path))
    monkeypatch.setattr(mounts, "_EMPTY", [os.path.join(top, name) for name in names])
    monkeypatch.setattr(mounts, "go_private", lambda: True)
    monkeypatch.setattr(os.path, "ismount", lambda path: path.endswith("/mounted"))
    tried = []

    def run(argv):
        if "tmpfs" in argv:
            tried.append(os.path.basename(argv[-1]))
        return Result(argv, int(argv[-1].endswith("/refused")), "", "")

    with Drive(run, [str(tmp_path / "other" / "x")]) as drive:
        assert drive.insert("/a.iso") == os.path.join(top, "good", "1")
    assert tried == ["refused", "good"]

"""Files that are whole or absent."""

import errno
import os
import stat
import subprocess
import sys

import pytest

from offkit.edges import files


def test_new_files_only(tmp_path):
    """An existing file, or a link to one, is never written through."""
    path = str(tmp_path / "a")
    files.write_new(path, [b"one", b"two"])
    with open(path, "rb") as source:
        assert source.read() == b"onetwo"
    os.symlink(path, str(tmp_path / "b"))
    for name in ("a", "b"):
        with pytest.raises(FileExistsError):
            files.write_new(str(tmp_path / name), [b""])


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "", "a//b", ".", "a/./b", "a\0b"])
def test_nothing_escapes(tmp_path, name):
    """The last writer refuses what leads out of its directory."""
    root = tmp_path / "root"
    root.mkdir()
    with pytest.raises(ValueError, match="unsafe"):
        files.write_below(str(root), name, [b"x"])
    assert os.listdir(str(tmp_path)) == ["root"]
    assert os.listdir(str(root)) == []


def test_replacing_keeps_the_mode(tmp_path):
    """New contents, old permissions, no temporary file left."""
    path = tmp_path / "script"
    path.write_bytes(b"old")
    path.chmod(0o755)
    files.replace(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert os.listdir(str(tmp_path)) == ["script"]


def test_links_are_replaced_and_files_are_not(tmp_path):
    """A symlink changes its target in one step; anything else stays."""
    link = str(tmp_path / "current")
    files.replace_link(link, "one")
    files.replace_link(link, "two")
    assert os.readlink(link) == "two"
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        files.replace_link(str(tmp_path / "file"), "two")
    assert sorted(os.listdir(str(tmp_path))) == ["current", "file"]


def test_a_link_that_cannot_be_replaced(tmp_path, monkeypatch):
    """The old one stays, and nothing beside it; what a killed run left is no obstacle."""
    link = str(tmp_path / "current")
    files.replace_link(link, "one")

    def refuse(before, after):
        raise PermissionError(after)

    with monkeypatch.context() as system:
        system.setattr(os, "replace", refuse)
        with pytest.raises(PermissionError):
            files.replace_link(link, "two")
    assert (os.readlink(link), os.listdir(str(tmp_path))) == ("one", ["current"])
    os.symlink("half", "{}.{}.tmp".format(link, os.getpid()))
    files.replace_link(link, "two")
    assert (os.readlink(link), os.listdir(str(tmp_path))) == ("two", ["current"])


def test_the_mode_of_a_new_file(tmp_path):
    """rw-r--r-- unless another is asked for, less the umask."""
    before = os.umask(0)
    try:
        files.write_new(str(tmp_path / "a"), [b"x"])
        files.write_new(str(tmp_path / "b"), [b"x"], 0o755)
    finally:
        os.umask(before)
    assert [os.stat(str(tmp_path / name)).st_mode & 0o7777 for name in "ab"] == [0o644, 0o755]


def test_a_lock_is_held_once(tmp_path):
    """Another process is refused at once, and admitted afterwards."""
    name = str(tmp_path / ".lock")
    code = (
        "import fcntl, sys; handle = open(sys.argv[1], 'r+')\n"
        "try:\n    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except BlockingIOError:\n    sys.exit(9)\n"
    )
    with files.lock(name):
        with pytest.raises(BlockingIOError), files.lock(name):
            pass
        assert subprocess.call([sys.executable, "-c", code, name]) == 9
    assert subprocess.call([sys.executable, "-c", code, name]) == 0


def test_a_lock_that_was_removed_is_made_again(tmp_path, monkeypatch):
    """Whoever opened it before an uninstallation removed it does not hold the nameless file."""
    name = str(tmp_path / ".lock")
    opened = []
    real = os.open

    def slow(path, *args):
        handle = real(path, *args)
        opened.append(path)
        if len(opened) == 1:
            os.unlink(path)
        return handle

    monkeypatch.setattr(os, "open", slow)
    with files.lock(name):
        assert opened == [name, name]
        with pytest.raises(BlockingIOError), files.lock(name):
            pass


def test_trees_go_whatever_their_modes(tmp_path):
    """Read-only directories too; what a link in the tree points to stays."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"")
    tree = tmp_path / "tree"
    (tree / "closed").mkdir(parents=True)
    (tree / "closed" / "file").write_bytes(b"")
    (tree / "link").symlink_to(outside)
    (tree / "closed").chmod(0o500)
    assert files.remove_tree(str(tree))
    assert files.remove_tree(str(tree))
    assert os.listdir(str(tmp_path)) == ["outside"]
    assert os.listdir(str(outside)) == ["kept"]


def test_the_umask_comes_back():
    """Made inside: readable by all. Outside: as before."""
    before = os.umask(0o077)
    try:
        with files.umask():
            assert os.umask(0o022) == 0o022
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)


@pytest.mark.parametrize("raw", [b"/plain", "/ü/文".encode(), b"/\xff\xfe"])
def test_paths_as_text_and_back(raw):
    """A name survives the way through JSON, whatever the locale made of it."""
    name = os.fsdecode(raw)
    assert os.fsencode(files.path(files.text(name))) == raw
    assert files.text(name) == raw.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("mode", [None, 0o600])
def test_replacing_what_is_not_there(tmp_path, monkeypatch, mode):
    """rw-r--r-- whatever the umask, or as asked for; on disk, the name too, when it returns."""
    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino) or real(handle))
    path = tmp_path / "new"
    before = os.umask(0o077)
    try:
        files.replace(str(path), b"x", mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == (mode or 0o644)
    assert synced == [path.stat().st_ino, tmp_path.stat().st_ino]
    files.replace_link(str(tmp_path / "link"), "new")
    assert synced[2:] == [tmp_path.stat().st_ino]


def test_names_without_a_directory(tmp_path, monkeypatch):
    """Are of the one where this process works."""
    monkeypatch.chdir(tmp_path)
    files.replace("a", b"x")
    files.replace_link("b", "a")
    assert (tmp_path / "b").read_bytes() == b"x"


def test_what_cannot_be_replaced(tmp_path, monkeypatch):
    """The old contents stay, and nothing beside them, wherever it fails."""
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    for name in ("fsync", "replace"):
        with monkeypatch.context() as system:
            system.setattr(os, name, refuse)
            with pytest.raises(PermissionError):
                files.replace(str(path), b"new")
        assert (os.listdir(str(tmp_path)), path.read_bytes()) == (["a"], b"old")


def test_a_file_where_a_link_should_be(tmp_path):
    """Said with its name, and as the system's own error."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError) as caught:
        files.replace_link(str(tmp_path / "file"), "x")
    found = caught.value
    assert (found.errno, found.strerror, found.filename) == (
        errno.EEXIST,
        "is not a symbolic link",
        str(tmp_path / "file"),
    )


def test_below_a_directory(tmp_path):
    """Directories are made where they lack; the path comes back; modes are what is asked for."""
    before = os.umask(0)
    try:
        made = [
            files.write_below(str(tmp_path), "a/b/c", [b"x", b"y"]),
            files.write_below(str(tmp_path), "a/b/d", [], 0o755),
        ]
    finally:
        os.umask(before)
    assert made == [str(tmp_path / "a" / "b" / name) for name in "cd"]
    assert [os.stat(path).st_mode & 0o7777 for path in made] == [0o644, 0o755]
    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"xy"
    with pytest.raises(FileExistsError):
        files.write_below(str(tmp_path), "a/b/c", [])


def test_the_mode_of_a_lock(tmp_path):
    """Everybody may read it; it is made where it lacks, left where it is, and no child has it open."""
    name = str(tmp_path / ".lock")
    before = os.umask(0)
    try:
        with files.lock(name):
            held = [one for one in os.listdir("/proc/self/fd") if _leads(one) == name]
            assert [os.get_inheritable(int(one)) for one in held] == [False]
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(name).st_mode) == 0o644
    assert [one for one in os.listdir("/proc/self/fd") if _leads(one) == name] == []


def _leads(number):
    try:
        return os.readlink("/proc/self/fd/" + number)
    except OSError:
        return ""


def test_what_is_no_tree(tmp_path):
    """A file, and a link to a directory, which stays."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to("kept")
    assert files.remove_tree(str(tmp_path / "file")) is True
    assert files.remove_tree(str(tmp_path / "link")) is True
    assert os.listdir(str(tmp_path)) == ["kept"]


def test_a_tree_that_somebody_still_writes_to(tmp_path, monkeypatch):
    """It is tried three times; what is there then is said, and no error."""
    tree = tmp_path / "tree"
    tree.mkdir()
    real = files.shutil.rmtree
    left = [2]

    def busy(path, ignore_errors):
        assert ignore_errors
        left[0] -= 1
        real(path)
        if left[0] >= 0:
            tree.mkdir()

    monkeypatch.setattr(files.shutil, "rmtree", busy)
    assert files.remove_tree(str(tree)) is True
    tree.mkdir()
    left = [3]
    assert files.remove_tree(str(tree)) is False
    assert left == [0]


def test_a_directory_that_may_not_be_opened_up(tmp_path, monkeypatch):
    """The rest goes all the same."""
    (tmp_path / "tree" / "a").mkdir(parents=True)

    def refuse(path, mode):
        raise PermissionError(path)

    with monkeypatch.context() as system:
        system.setattr(os, "chmod", refuse)
        assert files.remove_tree(str(tmp_path / "tree"))

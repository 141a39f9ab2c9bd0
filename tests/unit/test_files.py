"""Files that are whole or absent."""

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

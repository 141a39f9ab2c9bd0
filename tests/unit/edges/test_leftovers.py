"""Unfinished files of runs that were killed."""

import os
from types import SimpleNamespace

import pytest

from offkit.edges import leftovers

GONE = 2**22 + 1  # beyond the greatest pid_max of Linux


def name_of(monkeypatch, pid, host=None):
    with monkeypatch.context() as patch:
        patch.setattr(leftovers.os, "getpid", lambda: pid)
        if host:
            patch.setattr(leftovers, "_host", lambda: host)
        return leftovers.name("clip", "mp4")


def test_only_what_is_ours_is_swept(tmp_path, monkeypatch):
    """Of a process that is gone, on this host; nothing else, whatever it looks like."""
    gone = name_of(monkeypatch, GONE)
    others = [
        name_of(monkeypatch, os.getpid()),
        name_of(monkeypatch, 1),
        name_of(monkeypatch, GONE, "elsewhere"),
        gone[1:],
        "my" + gone,
        ".offkit-notes",
        "badapple.txt",
    ]
    for name in [gone, gone + ".moved"] + others:
        (tmp_path / name).write_text("half")
    swept = leftovers.sweep(str(tmp_path))
    assert swept == [str(tmp_path / gone), str(tmp_path / (gone + ".moved"))]
    assert sorted(os.listdir(str(tmp_path))) == sorted(others)


def test_what_another_user_left(tmp_path, monkeypatch):
    """It is that user's to sweep, and so is what cannot be removed; what comes behind goes all the same."""
    gone = name_of(monkeypatch, GONE)
    for name in (gone + ".1", gone + ".2", gone + ".3", gone + ".4"):
        (tmp_path / name).write_text("half")
    real = os.unlink

    def unlink(path, **more):
        if path.endswith(".3"):
            raise PermissionError(path)
        real(path, **more)

    with monkeypatch.context() as machine:
        machine.setattr(os, "unlink", unlink)
        owners = iter([os.geteuid() + 1, *[os.geteuid()] * 3])
        machine.setattr(os, "geteuid", lambda: next(owners))
        swept = leftovers.sweep(str(tmp_path))
    assert swept == [str(tmp_path / (gone + end)) for end in (".2", ".4")]
    assert sorted(os.listdir(str(tmp_path))) == [gone + ".1", gone + ".3"]


def test_processes_that_run(monkeypatch):
    """This one; one that may not be signalled; neither one that is gone nor a number that is none."""
    assert leftovers.is_running(os.getpid())
    assert not leftovers.is_running(GONE)
    assert not leftovers.is_running(10**30)

    def forbidden(pid, number):
        raise PermissionError(pid)

    monkeypatch.setattr(os, "kill", forbidden)
    assert leftovers.is_running(1)


def test_a_link_is_not_followed(tmp_path, monkeypatch):
    """The link goes, what it points to stays."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    (tmp_path / name_of(monkeypatch, GONE)).symlink_to(tmp_path / "precious")
    leftovers.sweep(str(tmp_path))
    assert os.listdir(str(tmp_path)) == ["precious"]
    assert os.listdir(str(tmp_path / "precious")) == ["file"]


def test_temporary_directories(tmp_path, monkeypatch):
    """Those of killed runs go with what is in them."""
    monkeypatch.setattr(leftovers.tempfile, "tempdir", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(leftovers.os, "getpid", lambda: GONE)
        left = leftovers.temporary_directory()
    (tmp_path / os.path.basename(left) / "clip.mp4").write_text("half")
    mine = leftovers.temporary_directory()
    assert leftovers.sweep() == [left]
    assert os.listdir(str(tmp_path)) == [os.path.basename(mine)]


def test_what_belongs_to_another_user_stays(tmp_path, monkeypatch):
    """Whoever runs this, root included, sweeps only their own."""
    path = tmp_path / name_of(monkeypatch, GONE)
    path.write_text("half")
    monkeypatch.setattr(leftovers.os, "geteuid", lambda: path.stat().st_uid + 1)
    assert leftovers.sweep(str(tmp_path)) == []
    assert path.exists()


def test_what_another_container_made_stays(tmp_path, monkeypatch):
    """Its processes have other numbers, on a host of the same name."""
    mine = name_of(monkeypatch, GONE)
    monkeypatch.setattr(leftovers.os, "readlink", lambda path: "pid:[1]")
    theirs = name_of(monkeypatch, GONE)
    for name in (mine, theirs):
        (tmp_path / name).write_text("half")
    assert leftovers.sweep(str(tmp_path)) == [str(tmp_path / theirs)]
    monkeypatch.undo()
    (tmp_path / theirs).write_text("half")
    assert leftovers.sweep(str(tmp_path)) == [str(tmp_path / mine)]


def test_no_directory(tmp_path):
    """Nothing to sweep where there is nothing."""
    assert leftovers.sweep(str(tmp_path / "none")) == []


def test_no_temporary_directory(monkeypatch):
    """A server where none can be written has none to sweep."""

    def nowhere():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(leftovers.tempfile, "gettempdir", nowhere)
    assert leftovers.sweep() == []


def test_scratch_is_gone_afterwards_and_sweeps(tmp_path, monkeypatch):
    """Also when what is done in it fails."""
    monkeypatch.setattr(leftovers.tempfile, "tempdir", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(leftovers.os, "getpid", lambda: GONE)
        left = leftovers.temporary_directory()

    def fail():
        with leftovers.scratch() as folder:
            assert not os.path.exists(left)
            assert os.path.isdir(folder)
            raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        fail()
    assert os.listdir(str(tmp_path)) == []


def test_what_they_are_called(tmp_path, monkeypatch):
    """By their kind, the host and the process: whatever a name of a host may hold, and how much of it."""
    node = "a.b-C_9 " + "x" * 50
    monkeypatch.setattr(leftovers.os, "uname", lambda: SimpleNamespace(nodename=node))
    monkeypatch.setattr(leftovers.os, "getpid", lambda: 42)
    monkeypatch.setattr(leftovers.tempfile, "tempdir", str(tmp_path))
    host = "a_b-C_9_" + "x" * 32
    asked = []
    for space, more in (("pid:[4026531836]", ""), ("pid:[4026532001]", "-4026532001"), (None, "")):

        def readlink(path, space=space):
            asked.append(path)
            if space is None:
                raise FileNotFoundError(path)
            return space

        monkeypatch.setattr(leftovers.os, "readlink", readlink)
        assert leftovers.name("clip", "mp4") == ".offkit-clip-{}{}-42.mp4".format(host, more)
        made = leftovers.temporary_directory()
        assert os.path.dirname(made) == str(tmp_path)
        assert os.path.basename(made).startswith(".offkit-tmp-{}{}-42.".format(host, more))
    assert set(asked) == {"/proc/self/ns/pid"}


def test_how_a_process_is_asked_for(monkeypatch):
    """With signal 0, which does nothing to it."""
    sent = []
    monkeypatch.setattr(os, "kill", lambda *args: sent.append(args))
    assert leftovers.is_running(7) is True
    assert sent == [(7, 0)]


def test_scratch_that_holds_what_cannot_be_removed(tmp_path, monkeypatch):
    """No error: what was done in it stands."""
    monkeypatch.setattr(leftovers.tempfile, "tempdir", str(tmp_path))
    with leftovers.scratch() as folder:
        os.rmdir(folder)
    assert os.listdir(str(tmp_path)) == []


def test_a_file_that_takes_its_place_when_it_is_whole(tmp_path, monkeypatch):
    """On the disk first, for everybody to read, whatever the mask; what a killed run left goes."""
    place = tmp_path / "b.tar"
    place.write_bytes(b"old")
    left = tmp_path / name_of(monkeypatch, GONE)
    left.write_bytes(b"")
    done = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, name=name, real=real: (done.append(name), real(*args)))
    before = os.umask(0o077)
    try:
        with leftovers.unfinished(str(place), "bundle") as file:
            assert not left.exists()
            file.write(b"new")
            assert place.read_bytes() == b"old"
    finally:
        os.umask(before)
    assert done == ["fsync", "replace"]
    assert place.read_bytes() == b"new"
    assert place.stat().st_mode & 0o777 == 0o644
    assert os.listdir(str(tmp_path)) == ["b.tar"]


def test_a_file_that_does_not_become_whole(tmp_path):
    """What was there stays, and nothing else."""
    (tmp_path / "b.tar").write_bytes(b"old")
    with pytest.raises(ZeroDivisionError):
        with leftovers.unfinished(str(tmp_path / "b.tar"), "bundle") as file:
            file.write(b"%d" % (1 // 0))
    assert (tmp_path / "b.tar").read_bytes() == b"old"
    assert os.listdir(str(tmp_path)) == ["b.tar"]

"""What follows from files alone is made once."""

import os

import bundle_maker
import elf_maker
from offkit.online.carry import runtime
from offkit.online.proof import forecast
from offkit.online.wheels import memo, store
from target_maker import preset


def kept(cache):
    return sorted(path for path in (cache / "made").rglob("*") if path.is_file())


def never(*words):
    raise AssertionError("made again")


def test_made_once(tmp_path):
    """By its key; what was damaged, or another key, is made again."""
    made = []

    def make():
        made.append(len(made))
        return b"made %d" % len(made)

    for key in ([b"a", b"b"], [b"a", b"b"], [b"ab", b""]):
        memo.recalled(tmp_path, "kind", key, make)
    assert len(made) == 2
    for path in kept(tmp_path):
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert memo.recalled(tmp_path, "kind", [b"a", b"b"], make) == b"made 3"
    assert memo.recalled(tmp_path, "kind", [b"a", b"b"], make) == b"made 3"
    assert memo.recalled(None, "kind", [b"a", b"b"], make) == b"made 4"
    assert len(kept(tmp_path)) == 2


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    """Then it is made each time, and nothing is left of it."""

    def full(before, after):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "replace", full)
        assert memo.recalled(tmp_path, "kind", [b"a"], lambda: b"x") == b"x"
    assert kept(tmp_path) == []
    (tmp_path / "made").rename(tmp_path / "other")
    (tmp_path / "made").write_bytes(b"")
    assert memo.recalled(tmp_path, "kind", [b"a"], lambda: b"x") == b"x"


def test_the_libraries_of_a_wheel(tmp_path, monkeypatch):
    """The same the second time, and it is not unpacked for it; for another target too.

    What stays is one entry for the wheel, and one for what the set loads on either release.
    """
    elf = elf_maker.build(needed=["libc.so.6", "libfar.so.1"], needs={"libc.so.6": ["GLIBC_2.28"]})
    path = store.keep(*bundle_maker.wheel("alpha", "1", {"a.so": elf, "b.so": b"text"}), tmp_path)
    first = forecast.survey([path], preset("3.6"), tmp_path)
    assert [one.soname for one in first.checklist.libraries] == ["libc.so.6", "libfar.so.1"]
    monkeypatch.setattr(forecast, "_read", never)
    assert forecast.survey([path], preset("3.6"), tmp_path) == first
    assert forecast.survey([path], preset("3.9", "el9"), tmp_path).findings == []
    assert [entry.parent.name for entry in kept(tmp_path)] == ["libraries", "sets", "sets"]


def test_the_runtime(tmp_path, monkeypatch):
    """The same bytes; other files are another one."""
    first = runtime.build([], tmp_path)
    assert first == runtime.build([])
    with monkeypatch.context() as broken:
        broken.setattr(runtime, "_archive", never)
        assert runtime.build([], tmp_path) == first
    monkeypatch.setattr(runtime, "MAIN", runtime.MAIN + b"\n")
    assert runtime.build([], tmp_path) != first
    assert len(os.listdir(tmp_path / "made" / "pyz")) == 2

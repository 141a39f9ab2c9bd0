"""What stands under a prefix, told from its files."""

import json
import os
import shutil

import pytest

import prefix_maker
from offkit.model.errors import EnvironmentProblem
from offkit.server.prefix import generations, inventory


def found(prefix):
    return [
        (one.code, one.severity, one.subject, one.message) for one in inventory.read(str(prefix)).findings
    ]


def test_a_healthy_prefix(tmp_path):
    """Every generation with its size; nothing to complain about."""
    first = prefix_maker.generation(tmp_path, 1)
    second = prefix_maker.generation(tmp_path, 2, "cd")
    taken = inventory.read(str(tmp_path))
    assert taken.current == second
    assert [(one.generation.id, one.problems) for one in taken.entries] == [(first, ()), (second, ())]
    assert all(one.size > 0 for one in taken.entries)
    assert (taken.leftovers, taken.findings) == ((), ())


@pytest.mark.parametrize("made", [[], ["p"], ["p", "p/current"]])
def test_no_prefix(tmp_path, made):
    """Where nothing was ever installed, that is said, with the place that was looked at."""
    for name in made:
        (tmp_path / name).mkdir()
    with pytest.raises(EnvironmentProblem) as caught:
        inventory.read(str(tmp_path / "p"))
    assert caught.value.exit_code == 4
    (one,) = caught.value.findings
    assert (one.code, one.message) == ("ENV040", "there is no installation in {}".format(tmp_path / "p"))
    assert one.looked_in == ("{}/p/generations (No such file or directory)".format(tmp_path),)


def test_a_prefix_that_may_not_be_read(tmp_path, monkeypatch):
    """Another error than that there is none: it may be full of generations."""

    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(EnvironmentProblem, match="cannot be read") as caught:
        inventory.require(str(tmp_path))
    (one,) = caught.value.findings
    assert (one.code, one.message) == ("ENV031", "Permission denied")
    assert one.subject == str(tmp_path / "generations")


def test_an_empty_prefix(tmp_path):
    """What the first installation leaves when it fails is no error."""
    (tmp_path / "generations").mkdir()
    assert inventory.read(str(tmp_path)) == inventory.Inventory(str(tmp_path), None, (), (), ())


def without_interpreter(root):
    (root / "bin" / prefix_maker.SERIES).unlink()
    (root / "bin" / prefix_maker.SERIES).symlink_to("/nowhere/python3")


def without_library(root):
    (root / "pyvenv.cfg").write_bytes(b"home = /nowhere/bin\n")
    for name in ("python", prefix_maker.SERIES):
        (root / "bin" / name).unlink()
    (root / "bin" / "python").write_bytes(b"")
    (root / "bin" / "python").chmod(0o755)
    # A series that no machine has, or it might be found where the search ends, in /lib.
    (root / "lib" / prefix_maker.SERIES).rename(root / "lib" / "python3.99")


def without_permission(root):
    (root / "bin" / prefix_maker.SERIES).unlink()
    (root / "bin" / prefix_maker.SERIES).write_bytes(b"")


def without_a_link(root):
    (root / "bin" / "python").unlink()


def without_receipt(root):
    (root / "offkit" / "receipt.json").write_bytes(b"{}")


def without_anything(root):
    shutil.rmtree(str(root))
    root.mkdir()


@pytest.mark.parametrize(
    ("damage", "messages"),
    [
        (without_interpreter, ["the environment's interpreter is missing"]),
        (without_library, ["lib/python3.99/os.py was not found"]),
        (without_permission, ["its bin/python cannot be executed"]),
        (without_a_link, ["its bin/python is missing"]),
        (without_receipt, ["has no readable receipt"]),
        (without_anything, ["has no readable receipt", "is no longer an environment: no Python"]),
    ],
)
def test_what_would_not_start(tmp_path, damage, messages):
    """An error of the current generation, a warning of an old one; each says what to do."""
    old = prefix_maker.generation(tmp_path, 1)
    current = prefix_maker.generation(tmp_path, 2)
    for name in (old, current):
        damage(tmp_path / "generations" / name)
    told = inventory.read(str(tmp_path)).findings
    assert [(one.code, one.severity, one.subject) for one in told] == [
        ("ENV041", severity, name)
        for severity, name in (("warning", old), ("error", current))
        for _ in messages
    ]
    for one, message in zip(told, messages * 2):
        assert one.message.startswith(message)
        assert one.looked_in
        assert "install" in one.fix


def test_current_leads_nowhere(tmp_path):
    """A link to what is not there, and no link at all."""
    prefix_maker.generation(tmp_path, 1)
    generations.switch(str(tmp_path), "0007-00000000")
    link = str(tmp_path / "current")
    words = "points to generations/0007-00000000, which is not a generation"
    assert found(tmp_path) == [("ENV042", "error", link, words)]
    os.unlink(link)
    assert found(tmp_path) == [("ENV042", "error", link, "is missing: no generation is current")]
    os.mkdir(link)
    assert found(tmp_path) == [("ENV042", "error", link, "is not a symbolic link")]


def test_leftovers(tmp_path):
    """Listed with their size; a hint, not a problem."""
    prefix_maker.generation(tmp_path, 1)
    left = tmp_path / "generations" / ".building-0002-x-y"
    left.mkdir()
    (left / "part").write_bytes(b"x" * 100000)
    ((path, size),) = inventory.read(str(tmp_path)).leftovers
    assert path == str(left)
    assert size >= 100000
    assert found(tmp_path) == [
        ("ENV043", "info", str(left), "left by an interrupted installation or removal")
    ]


def test_size_counts_blocks_once(tmp_path):
    """A hard link takes no room, a hole neither, and a link leads nowhere."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "big").write_bytes(b"x" * 1000000)
    (tmp_path / "tree" / "one").write_bytes(b"x" * 100000)
    once = inventory.size(str(tmp_path / "tree"))
    os.link(str(tmp_path / "tree" / "one"), str(tmp_path / "tree" / "two"))
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "big")
    (tmp_path / "tree" / "folder").symlink_to(tmp_path)
    with open(str(tmp_path / "tree" / "hole"), "wb") as sink:
        sink.truncate(50000000)
    assert 100000 <= once < 200000
    assert once <= inventory.size(str(tmp_path / "tree")) < 200000
    assert inventory.size(str(tmp_path / "nowhere")) == 0


def test_interpreters_that_nothing_uses(tmp_path):
    """ENV047 for one that offkit brought; not for the one of a generation, nor for what is none."""
    used = tmp_path / "python" / "3.6.15" / "bin"
    unused = tmp_path / "python" / "3.6.8-rpm" / "usr" / "bin"
    for place in (used, unused, tmp_path / "python" / "notes" / "bin"):
        place.mkdir(parents=True)
        (place / "python3.6").write_text("")
    name = prefix_maker.generation(tmp_path, 1)
    path = tmp_path / "generations" / name / "offkit" / "receipt.json"
    receipt = json.loads(path.read_text())
    receipt["python"] = str(used / "python3.6")
    path.write_text(json.dumps(receipt))
    found = [one for one in inventory.read(str(tmp_path)).findings if one.code == "ENV047"]
    assert [(one.severity, one.subject) for one in found] == [
        ("info", str(tmp_path / "python" / "3.6.8-rpm"))
    ]

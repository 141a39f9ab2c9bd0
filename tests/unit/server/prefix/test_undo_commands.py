"""generations, rollback, uninstall and install --keep, as a user runs them."""

import contextlib
import json
import os
import pty
import subprocess
import sys

import pytest

import bundle_maker
import offkit
import prefix_maker
from offkit.cli import uninstall
from offkit.edges import files
from offkit.model.errors import EnvironmentProblem
from offkit.server.prefix import generations
from offkit.server.prefix import uninstall as removing
from offkit.server.system import ledger, takeback

TOOLKIT = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))


def offkit_command(*args, **more):
    """(exit code, stdout, stderr); without a terminal."""
    stdin = more.pop("stdin", subprocess.DEVNULL)
    stderr = more.pop("stderr", subprocess.PIPE)
    environment = dict(os.environ, PYTHONPATH=TOOLKIT, NO_COLOR="1", LC_ALL="C", PYTHONUTF8="0")
    environment.update(more)
    done = subprocess.Popen(
        [sys.executable, "-m", "offkit.cli.app"] + [str(arg) for arg in args],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environment,
    )
    out, err = done.communicate()
    return done.returncode, out.decode("utf-8", "replace"), (err or b"").decode("utf-8", "replace")


def document(*args):
    """(exit code, the one JSON document on stdout)"""
    code, out, _ = offkit_command(*(args + ("--json",)))
    return code, json.loads(out)


@pytest.fixture
def prefix(tmp_path):
    """Two generations, the second current."""
    prefix = tmp_path / "p"
    prefix.mkdir()
    prefix_maker.generation(prefix, 1, "ab" * 32)
    prefix_maker.generation(prefix, 2, "cd" * 32, [("numpy", "1.19.5"), ("six", "1.16.0")])
    return prefix


def test_generations(prefix):
    """A line each, in columns, with the current one marked."""
    code, out, err = offkit_command("generations", "--prefix", prefix)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "2 generations in {}".format(prefix)
    assert lines[1].split() == ["generation", "created", "Python", "packages", "size", "bundle"]
    words = [line.split() for line in lines[2:]]
    assert [one[:4] for one in words] == [
        ["0001-abababab", "2026-01-01T12:00:00Z", prefix_maker.VERSION, "1"],
        ["0002-cdcdcdcd", "2026-01-02T12:00:00Z", prefix_maker.VERSION, "2"],
    ]
    assert [one[-1] for one in words] == ["ab" * 6, "current"]


def test_generations_as_data(prefix):
    """The same, with the whole receipts; nothing is written, as before and after show."""
    (prefix / "generations" / ".building-0003-x-y").mkdir()
    before = bundle_maker.listing(str(prefix))
    code, found = document("generations", "--prefix", prefix)
    assert (code, found["schema"], found["current"]) == (0, "offkit/generations-1", "0002-cdcdcdcd")
    first, second = found["generations"]
    assert (first["number"], first["current"], first["starts"]) == (1, False, True)
    assert (second["number"], second["current"], second["starts"]) == (2, True, True)
    assert first["receipt"]["manifest"] == "ab" * 32
    assert second["receipt"]["packages"][1] == {"name": "six", "version": "1.16.0"}
    assert second["path"] == str(prefix / "generations" / "0002-cdcdcdcd")
    assert [one["path"] for one in found["leftovers"]] == [str(prefix / "generations" / ".building-0003-x-y")]
    assert [one["code"] for one in found["findings"]] == ["ENV043"]
    assert bundle_maker.listing(str(prefix)) == before


def test_a_broken_generation_is_told(prefix):
    """An old one is a warning; the current one makes the exit code 1."""
    (prefix / "generations" / "0001-abababab" / "bin" / prefix_maker.SERIES).unlink()
    code, out, _ = offkit_command("generations", "--prefix", prefix)
    assert code == 0
    assert "does not start" in out.splitlines()[2]
    assert "! ENV041  0001-abababab: the environment's interpreter is missing" in out
    assert "looked in" not in out
    assert "looked in" in offkit_command("generations", "--prefix", prefix, "-v")[1]
    (prefix / "generations" / "0002-cdcdcdcd" / "offkit" / "receipt.json").unlink()
    code, out, _ = offkit_command("generations", "--prefix", prefix)
    assert code == 1
    assert out.splitlines()[3].split()[:4] == ["0002-cdcdcdcd", "?", "?", "?"]
    assert out.splitlines()[3].endswith("current, does not start")
    assert "x ENV041  0002-cdcdcdcd: has no readable receipt" in out


@pytest.mark.parametrize("command", ["generations", "rollback"])
def test_no_prefix(command, tmp_path):
    """Exit code 4: where was looked, and which option there is."""
    code, out, err = offkit_command(command, "--prefix", tmp_path / "p")
    assert (code, out) == (4, "")
    assert "ENV040" in err
    assert "{}/p/generations".format(tmp_path) in err
    assert "--prefix DIR" in err


def test_rollback_there_and_back(prefix):
    """Says what changes; a dry run changes nothing."""
    before = bundle_maker.listing(str(prefix))
    code, out, _ = offkit_command("rollback", "--prefix", prefix, "--dry-run")
    assert (code, out.splitlines()) == (
        0,
        [
            "would make 0001-abababab current in {} (was 0002-cdcdcdcd)".format(prefix),
            "    six  1.16.0  ->  (none)",
        ],
    )
    assert bundle_maker.listing(str(prefix)) == before
    code, out, err = offkit_command("rollback", "--prefix", prefix)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "+ 0001-abababab is current in {} (was 0002-cdcdcdcd)".format(prefix)
    assert generations.current_id(str(prefix)) == "0001-abababab"
    code, out, _ = offkit_command("rollback", "1", "--prefix", prefix)
    assert (code, out) == (0, "+ 0001-abababab is already current in {}; nothing to do\n".format(prefix))
    code, found = document("rollback", "cdcd", "--prefix", prefix)
    assert (code, found["outcome"], found["left"]) == (0, "switch", "0001-abababab")
    assert found["changes"] == [{"name": "six", "old": "", "new": "1.16.0"}]
    assert bundle_maker.listing(str(prefix)) == before


def test_rollback_to_what_is_not_there(prefix):
    """Exit code 1, and what there is."""
    code, out, err = offkit_command("rollback", "9", "--prefix", prefix)
    assert (code, out) == (1, "")
    assert "no such generation: 9" in err
    assert "0001-abababab" in err
    assert "0002-cdcdcdcd  (current)" in err


def test_rollback_to_what_does_not_start(prefix):
    """Exit code 4, and why."""
    (prefix / "generations" / "0001-abababab" / "bin" / prefix_maker.SERIES).unlink()
    code, found = document("rollback", "--prefix", prefix)
    assert (code, found["exit_code"]) == (4, 4)
    assert found["error"] == "0001-abababab cannot become current: its Python would not start"
    assert [one["code"] for one in found["findings"]] == ["ENV041"]
    assert generations.current_id(str(prefix)) == "0002-cdcdcdcd"


def test_uninstall_needs_a_word(prefix):
    """Exit code 2 where nobody can be asked; a dry run needs none and names everything."""
    (prefix / "notes").write_bytes(b"mine")
    before = bundle_maker.listing(str(prefix))
    code, out, err = offkit_command("uninstall", "--prefix", prefix)
    assert (code, out) == (2, "")
    assert "-y" in err
    code, out, _ = offkit_command("uninstall", "--prefix", prefix, "--dry-run")
    assert code == 0
    assert out.startswith("would remove from {}, ".format(prefix))
    rows = [line.split(None, 1) for line in out.splitlines()[1:6]]
    assert [[kind, rest.partition("  ")[0]] for kind, rest in rows] == [
        ["generation", "{}/generations/0001-abababab".format(prefix)],
        ["link", "{}/current".format(prefix)],
        ["generation", "{}/generations/0002-cdcdcdcd".format(prefix)],
        ["directory", "{}/generations".format(prefix)],
        ["lock", "{}/.lock".format(prefix)],
    ]
    assert out.splitlines()[6:] == ["kept, not made by offkit:", "  {}/notes".format(prefix)]
    assert bundle_maker.listing(str(prefix)) == before


def test_uninstall(prefix):
    """What was there before is what is there after; a second run finds nothing to do."""
    code, out, _ = offkit_command("uninstall", "--prefix", prefix, "-y")
    assert code == 0
    assert out.startswith("+ removed 2 generations from {}, ".format(prefix))
    assert os.listdir(str(prefix.parent)) == []
    code, out, _ = offkit_command("uninstall", "--prefix", prefix, "-y")
    assert (code, out) == (0, "+ {} does not exist; nothing to do\n".format(prefix))
    assert os.listdir(str(prefix.parent)) == []


def test_uninstall_as_data(prefix):
    """Every path with its kind."""
    code, found = document("uninstall", "--prefix", prefix, "--yes")
    assert (code, found["schema"], found["outcome"]) == (0, "offkit/uninstall-1", "remove")
    assert [one["kind"] for one in found["items"]] == [
        "generation",
        "link",
        "generation",
        "directory",
        "lock",
        "directory",
    ]
    assert found["foreign"] == []


def test_uninstall_refuses_other_directories(tmp_path):
    """Exit code 4; the home directory of somebody stays what it is."""
    (tmp_path / ".profile").write_bytes(b"")
    code, out, err = offkit_command("uninstall", "--prefix", tmp_path, "-y")
    assert (code, out) == (4, "")
    assert "is not an offkit prefix; nothing was removed" in err
    assert os.listdir(str(tmp_path)) == [".profile"]


@pytest.mark.parametrize("command", ["generations", "rollback", "uninstall"])
def test_an_empty_prefix_is_no_wish_for_the_default(command, tmp_path):
    """A variable that is not set must not cost anybody the installation at the default place."""
    place = tmp_path / ".local" / "share" / "offkit"
    place.mkdir(parents=True)
    prefix_maker.generation(place, 1)
    before = bundle_maker.listing(str(tmp_path))
    words = (command, "--prefix", "") + (("-y", "--dry-run") if command == "uninstall" else ())
    code, out, err = offkit_command(*words, HOME=str(tmp_path))
    assert (code, out) == (2, "")
    assert "--prefix is given, but empty" in err
    assert bundle_maker.listing(str(tmp_path)) == before


def test_uninstall_waits_for_nobody(prefix):
    """While another offkit is at work: exit code 4, nothing gone."""
    before = bundle_maker.listing(str(prefix))
    with files.lock(str(prefix / ".lock")):
        code, _, err = offkit_command("uninstall", "--prefix", prefix, "-y")
    assert code == 4
    assert "another offkit is running" in err
    assert bundle_maker.listing(str(prefix)) == before


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("Yes", 0), ("n", 1), ("", 1), ("\x04", 1)])
def test_uninstall_asks(prefix, answer, code):
    """On a terminal, after saying what would go; only yes is yes."""
    master, slave = pty.openpty()
    os.write(master, answer.encode("ascii") + (b"" if answer == "\x04" else b"\n"))
    found, out, _ = offkit_command("uninstall", "--prefix", prefix, stdin=slave, stderr=slave)
    os.close(slave)
    seen = b""
    with contextlib.suppress(OSError):  # EIO: it has all been read
        for piece in iter(lambda: os.read(master, 10000), b""):
            seen += piece
    os.close(master)
    seen = seen.decode("ascii", "replace")
    assert found == code
    assert "Remove all this? [y/N]" in seen
    assert out.startswith("would remove from {}, ".format(prefix))
    assert out.splitlines()[-1].startswith("+ removed 2" if code == 0 else "nothing was removed")
    assert prefix.exists() == (code == 1)


def test_from_the_generation_that_goes(prefix):
    """offkit removes itself: prefix by its own place, working directory inside."""
    runtime = prefix / "generations" / "0002-cdcdcdcd" / "offkit" / "runtime"
    runtime.mkdir()
    copied = subprocess.Popen(["cp", "-r", os.path.join(TOOLKIT, "offkit"), str(runtime)])
    assert copied.wait() == 0
    script = 'cd "$0" && exec "$1" -m offkit.cli.app "$2" "$3"'
    environment = dict(os.environ, PYTHONPATH=str(runtime), NO_COLOR="1", LC_ALL="C", PYTHONUTF8="0")
    for words, expected in (
        (("generations", "-q"), "2 generations in {}\n".format(prefix)),
        (("rollback", "--dry-run"), "would make 0001-abababab current in {} ".format(prefix)),
        (("uninstall", "-y"), "+ removed 2 generations from {}, ".format(prefix)),
    ):
        done = subprocess.Popen(
            ("sh", "-c", script, str(runtime), sys.executable) + words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        out, err = done.communicate()
        assert (done.returncode, b"Traceback" in err) == (0, False), err
        assert out.decode("ascii").startswith(expected)
    assert os.listdir(str(prefix.parent)) == []


def test_install_keeps_the_last(prefix, tmp_path):
    """The plan and the result name what goes; a dry run removes nothing."""
    wheels = dict([bundle_maker.wheel("alpha"), bundle_maker.pip_wheel()])
    bundle = tmp_path / "bundle.tar"
    bundle.write_bytes(bundle_maker.make(wheels, bundle_maker.this_machine()).data)
    words = ("install", bundle, "--prefix", prefix, "--keep", "2")
    code, out, err = offkit_command(*(words + ("--dry-run",)))
    assert code == 0, err
    assert "  9  remove 0001-abababab: the last 2 are kept" in out.splitlines()
    assert len(generations.found(str(prefix))) == 2
    assert document(*(words[:-2] + ("--dry-run",)))[1]["removed"] == []
    assert document(*(words[:-1] + ("all", "--dry-run")))[1]["removed"] == []
    code, out, err = offkit_command(*words)
    assert code == 0, err
    assert "removed 0001-abababab: the last 2 are kept (--keep)" in out.splitlines()
    assert [one.id[:4] for one in generations.found(str(prefix))] == ["0002", "0003"]


@pytest.mark.parametrize("word", ["0", "-1", "some", "1.5", ""])
def test_keep_takes_a_number(word, tmp_path):
    """Exit code 2, before the bundle is even looked at."""
    code, _, err = offkit_command("install", tmp_path / "b.tar", "--keep", word, "--prefix", tmp_path / "p")
    assert code == 2
    assert "--keep takes a number from 1, or 'all', not {!r}".format(word) in err


@pytest.mark.parametrize("user", [0, 1000])
def test_uninstall_of_what_root_installed(prefix, monkeypatch, user):
    """RPM006 for an ordinary user, before anything goes; --keep-rpms asks nobody. For root they go too."""
    rpm = ledger.Rpm("libSM", "(none)", "1.2.2", "2.el7", "x86_64")
    asked, removed = [], []

    def plan(where, run, root):
        asked.append((where, root))
        return takeback.TakeBack(rpms=(rpm,))

    def apply(planned, *more):
        removed.append(planned.system)
        return planned

    monkeypatch.setattr(takeback, "plan", plan)
    monkeypatch.setattr(removing, "apply", apply)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    before = bundle_maker.listing(str(prefix))
    words = {"prefix": str(prefix), "yes": True, "dry_run": False, "quiet": True, "verbose": False}
    if user:
        with pytest.raises(EnvironmentProblem) as caught:
            uninstall.uninstall(keep_rpms=False, json=False, **words)
        assert [one.code for one in caught.value.findings] == ["RPM006"]
        assert removed == []
    else:
        assert uninstall.uninstall(keep_rpms=False, json=False, **words) == 0
        assert [system.rpms for system in removed] == [(rpm,)]
    assert asked == [(str(prefix), user == 0)]
    assert uninstall.uninstall(keep_rpms=True, json=False, **words) == 0
    assert removed[-1] == takeback.TakeBack()
    assert len(asked) == 1
    assert bundle_maker.listing(str(prefix)) == before


def test_uninstall_of_what_may_not_be_removed(prefix, monkeypatch):
    """It is asked for first: nothing goes, and nobody is asked a question."""

    def refuse(planned):
        assert planned.items
        raise EnvironmentProblem("no permission")

    monkeypatch.setattr(removing, "require_permission", refuse)
    before = bundle_maker.listing(str(prefix))
    with pytest.raises(EnvironmentProblem, match="no permission"):
        uninstall.uninstall(str(prefix), True, True, False, False, True, False)
    assert bundle_maker.listing(str(prefix)) == before

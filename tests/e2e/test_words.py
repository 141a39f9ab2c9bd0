"""Every command's help and the errors around them read well, on both sides of the gap."""

import pytest

import world
from conftest import run

COMMANDS = ["lock", "bundle", "inspect", "verify", "probe", "install", "doctor", "run-badapple",
            "generations", "rollback", "uninstall"]  # fmt: skip


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help(command):
    """A usage line, what it does, its options; nothing longer than a terminal."""
    done = run([world.OFFKIT, *command, "--help"])
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: offkit" + "".join(" " + name for name in command))
    assert "--help" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 100
    assert done.stderr == ""


def test_the_list_of_commands():
    """All of them, in the order of the journey."""
    words = [
        line.split()[0] for line in run([world.OFFKIT, "--help"]).stdout.splitlines() if line.startswith("  ")
    ]
    assert [word for word in words if word in COMMANDS] == COMMANDS


@pytest.mark.parametrize(
    "argv", [["nonsense"], ["install"], ["install", "x", "--nonsense"], ["verify"], ["doctor", "--root"]]
)
def test_usage(argv):
    """Exit 2, one line of what is wrong and one of where the help is."""
    done = run([world.OFFKIT, *argv])
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "--help" in done.stderr


@pytest.mark.parametrize("argv", [["install", "/nowhere.tar"], ["verify", "/nowhere.tar"], ["inspect", "/nowhere.tar"],
                                  ["doctor", "/nowhere"], ["run-badapple", "/nowhere.mp4"],
                                  ["generations", "--prefix", "/nowhere"], ["rollback", "--prefix", "/nowhere"]])  # fmt: skip
def test_files_that_are_not_there(argv):
    """The name is in the message, and no traceback."""
    done = run([world.OFFKIT, *argv])
    assert done.returncode in (1, 2, 4)
    assert "/nowhere" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr

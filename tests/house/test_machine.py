"""tests/machine.sh: what a machine lacks for 'make demo' and 'make test' is said first, all of it."""

import os
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, "..", "machine.sh")
TOOLS = ("sh", "awk", "df", "dirname", "id", "pwd", "uname", "git", "make", "tar")
# What os-release(5) holds there
SYSTEMS = {
    "debian12": 'ID=debian\nVERSION_ID="12"\n',
    "debian13": 'ID=debian\nVERSION_ID="13"\n',
    "debian11": 'ID=debian\nVERSION_ID="11"\n',
    "ubuntu22": 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\n',
    "mint": 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\n',
    "fedora": "ID=fedora\nVERSION_ID=42\n",
    "rocky9": 'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.6"\n',
    "alma10": 'ID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="10.0"\n',
    "rhel8": 'ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="8.10"\n',
    "centos7": 'ID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="7"\n',
    "arch": "ID=arch\n",
}


@pytest.fixture
def machine(tmp_path):
    """A directory with a bin; commands are put there one by one."""
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or "/usr/bin/" + tool)
    (tmp_path / "os-release").write_text(SYSTEMS["debian12"])
    return tmp_path


def put(machine, name, text):
    path = machine / "bin" / name
    if path.is_symlink() or path.exists():
        path.unlink()
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


def python(machine, name, version="3.11.2", absent="-", path="/usr/bin/python3.11"):
    """A command that answers as such a Python would."""
    put(machine, name, "printf 'machine: %s %s %s\\n' '{}' '{}' '{}'\n".format(version, absent, path))


def check(machine, *args, script=SCRIPT, temporary=None, **more):
    done = subprocess.run(
        [str(machine / "bin" / "sh"), script, *args],
        env={
            "PATH": str(machine / "bin"),
            "OS_RELEASE": str(machine / "os-release"),
            "TMPDIR": temporary or str(machine),
            **more,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_running_python_will_do():
    """This machine passes its own check, and the Python is named by a path that exists."""
    done = subprocess.run(["sh", SCRIPT, "demo", sys.executable], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert os.access(done.stdout.strip(), os.X_OK)


def test_what_else_is_said_is_no_answer(tmp_path):
    """By a shim without the locale that is asked for, by Python of a variable, by a sitecustomize."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nprint('hello')\nprint('well', file=sys.stderr)\n")
    shim = tmp_path / "python3"
    shim.write_text('#!/bin/sh\necho "bash: warning: setlocale" >&2\nexec "{}" "$@"\n'.format(sys.executable))
    shim.chmod(0o755)
    environment = dict(os.environ, PYTHONPATH=str(tmp_path), PYTHONWARNINGS="nonsense", PYTHONVERBOSE="1")
    done = subprocess.run(
        ["sh", SCRIPT, "demo", str(shim)], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert os.access(done.stdout.strip(), os.X_OK)
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("name", ["it's", 'a"b', "a$HOME", "a`b", "a\\b", "a\nb"])
def test_a_clone_where_no_script_can_be(machine, name):
    """Said before anything is set up in it."""
    python(machine, "python3")
    clone = machine / name
    (clone / "tests").mkdir(parents=True)
    shutil.copy(SCRIPT, str(clone / "tests"))
    code, out, err = check(machine, "demo", script=str(clone / "tests" / "machine.sh"))
    assert (code, out) == (1, "")
    assert "another place: quotes, $ and line breaks in its path are not for scripts" in err


def test_a_home_that_cannot_be_written(machine):
    """What is downloaded has no place then; only root may write anywhere."""
    python(machine, "python3")
    code, _, err = check(machine, "demo", HOME="/proc/nobody")
    if os.geteuid() == 0:
        assert (code, err) == (0, "")
    else:
        assert code == 1
        assert "permission to write in /proc, where downloads are kept: set HOME or XDG_CACHE_HOME" in err
    assert check(machine, "demo", HOME="/proc/nobody", XDG_CACHE_HOME=str(machine / "x" / "y"))[0] == 0
    assert check(machine, "demo", HOME=str(machine))[0] == 0


def test_a_directory_for_temporary_files_that_is_none(machine):
    """As a setting of another machine may name one."""
    python(machine, "python3")
    code, _, err = check(machine, "demo", temporary=str(machine / "gone"))
    assert code == 1
    assert "TMPDIR is {}, which is none".format(machine / "gone") in err


@pytest.mark.parametrize(
    ("stamp", "python", "again"),
    [
        ("{here}\n", sys.executable, False),
        ("/elsewhere\n", sys.executable, True),
        ("{here}\n", "/gone/python", True),
    ],
    ids=["as it was", "moved or copied", "without its Python"],
)
def test_an_environment_that_is_not_this_clones(tmp_path, stamp, python, again):
    """It is made again."""
    top = os.path.join(HERE, "..", "..")
    (tmp_path / "tests").mkdir()
    for name in ("Makefile", "pyproject.toml", "tests/machine.sh"):
        shutil.copy(os.path.join(top, name), str(tmp_path / name))
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(python)
    (tmp_path / ".venv" / ".offkit").write_text(stamp.format(here=os.path.realpath(str(tmp_path))))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    argv = ["make", "-n", ".venv/.offkit", "PYTHON=" + sys.executable]
    done = subprocess.run(
        argv, cwd=str(tmp_path), env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert ("-m venv --clear" in done.stdout) == again


def test_nothing_is_missing(machine):
    """Then the Python is printed, and nothing else."""
    python(machine, "python3")
    assert check(machine, "test") == (0, "/usr/bin/python3.11\n", "")


def test_a_path_with_blanks(machine):
    """PYTHON may be one."""
    place = machine / "my pythons"
    place.mkdir()
    python(machine, "python3", path="/here")
    (machine / "bin" / "python3").rename(place / "python3")
    assert check(machine, "demo", str(place / "python3")) == (0, "/here\n", "")


def test_one_that_does_not_start(machine):
    """Its own last words say why."""
    put(machine, "python3", "echo 'libpython3.11.so.1.0: cannot open shared object file' >&2; exit 127\n")
    (machine / "bin" / "tail").symlink_to(shutil.which("tail"))
    code, _, err = check(machine, "demo")
    assert code == 1
    assert "(python3 does not start: libpython3.11.so.1.0: cannot open shared object file)" in err


def test_the_first_that_will_do(machine):
    """python3 too old, python3.13 without venv, python3.12 complete."""
    python(machine, "python3", "3.9.2")
    python(machine, "python3.13", "3.13.5", "ensurepip")
    python(machine, "python3.12", "3.12.1", path="/opt/python3.12")
    assert check(machine, "demo") == (0, "/opt/python3.12\n", "")
    code, _, err = check(machine, "demo", "python3.13")
    assert code == 1
    assert "python3.13 (3.13.5) lacks ensurepip" in err


def test_all_at_once(machine):
    """Debian 12 with python3 and without python3-venv and git: one message, one command."""
    python(machine, "python3", absent="ensurepip")
    (machine / "bin" / "git").unlink()
    put(machine, "df", "printf 'Filesystem 1024-blocks Used Available\\nx 9 9 102400\\n'\n")
    code, out, err = check(machine, "test")
    assert (code, out) == (1, "")
    assert err.splitlines()[:3] == [
        "make test: this machine lacks",
        "  Python 3.10 or newer with venv and ensurepip (python3 (3.11.2) lacks ensurepip)",
        "  git",
    ]
    assert err.count("(free: 100 MB)") == 2
    sudo = "" if os.geteuid() == 0 else "sudo "
    assert "install it:  {}apt-get install git make python3 python3-venv\n".format(sudo) in err
    assert err.rstrip().endswith("set TMPDIR (for what is temporary) and clone elsewhere")


def test_room_alone_is_no_matter_of_packages(machine):
    """Nothing to install is named for it."""
    python(machine, "python3")
    put(machine, "df", "printf 'Filesystem 1024-blocks Used Available\\nx 9 9 102400\\n'\n")
    code, _, err = check(machine, "demo")
    assert code == 1
    assert "install" not in err
    assert "room: 600 MB in " in err


@pytest.mark.parametrize(
    ("system", "packages"),
    [
        ("debian12", "apt-get install git make python3 python3-venv"),
        ("debian13", "apt-get install git make python3 python3-venv"),
        ("debian11", ""),
        ("ubuntu22", "apt-get install git make python3 python3-venv"),
        ("mint", "apt-get install git make python3 python3-venv"),
        ("fedora", "dnf install git make tar python3"),
        ("rocky9", "dnf install git make tar python3.11"),
        ("rhel8", "dnf install git make tar python3.11"),
        ("alma10", "dnf install git make tar python3"),
        ("centos7", ""),
        ("arch", ""),
    ],
)
def test_packages_by_the_names_of_the_system(machine, system, packages):
    """A command where that release has such a Python; else where to name one."""
    (machine / "os-release").write_text(SYSTEMS[system])
    code, _, err = check(machine, "demo")
    assert code == 1
    assert "there is no python3" in err
    if packages:
        assert packages + "\n" in err
    else:
        assert "make demo PYTHON=/path/to/python3.12" in err
        assert "dnf" not in err
        assert "apt-get" not in err


def test_macos(machine):
    """Its own Python is 3.9; git and make come with the command line tools."""
    put(machine, "uname", "echo Darwin\n")
    python(machine, "python3", "3.9.6", path="/usr/bin/python3")
    code, _, err = check(machine, "demo")
    assert code == 1
    assert "python3 is 3.9.6" in err
    assert "install it:  xcode-select --install; brew install python\n" in err


def test_a_link_from_another_prefix(machine):
    """venv is run by the real name: the link's own prefix may have another standard library."""
    real = os.path.realpath(sys.executable)
    (machine / "bin" / "python3").symlink_to(real)
    assert check(machine, "demo") == (0, real + "\n", "")

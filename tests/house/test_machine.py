"""tests/machine.sh: what a machine lacks for 'make demo' and 'make test' is said first, all of it."""

import os
import re
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
SCRIPT = os.path.join(HERE, "..", "machine.sh")
TOOLS = (
    *("sh", "chmod", "dirname", "mktemp", "rm", "sudo", "uname"),
    *("git", "make", "tar", "sed", "grep", "awk", "df", "id"),
)
# What os-release(5) holds there
SYSTEMS = {
    "debian12": 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
    "debian13": 'ID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n',
    "debian11": 'ID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\n',
    "sid": "ID=debian\nVERSION_CODENAME=sid\n",
    "ubuntu22": 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\nVERSION_CODENAME=jammy\nUBUNTU_CODENAME=jammy\n',
    "ubuntu20": 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="20.04"\nVERSION_CODENAME=focal\nUBUNTU_CODENAME=focal\n',
    "mint": 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\n',
    "mint21": 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="21.3"\nVERSION_CODENAME=virginia\nUBUNTU_CODENAME=jammy\n',
    "mint20": 'ID=linuxmint\nID_LIKE=ubuntu\nVERSION_ID="20.3"\nVERSION_CODENAME=una\nUBUNTU_CODENAME=focal\n',
    "lmde6": 'ID=linuxmint\nID_LIKE=debian\nVERSION_ID="6"\nVERSION_CODENAME=faye\nDEBIAN_CODENAME=bookworm\n',
    "lmde5": 'ID=linuxmint\nID_LIKE=debian\nVERSION_ID="5"\nVERSION_CODENAME=elsie\nDEBIAN_CODENAME=bullseye\n',
    "elementary8": 'ID=elementary\nID_LIKE=ubuntu\nVERSION_ID="8"\nVERSION_CODENAME=circe\nUBUNTU_CODENAME=noble\n',
    "pop22": 'ID=pop\nID_LIKE="ubuntu debian"\nVERSION_ID="22.04"\nVERSION_CODENAME=jammy\nUBUNTU_CODENAME=jammy\n',
    "fedora": "ID=fedora\nVERSION_ID=42\n",
    "nobara": 'ID=nobara\nID_LIKE="rhel centos fedora"\nVERSION_ID="41"\n',
    "rocky9": 'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.6"\n',
    "alma10": 'ID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="10.0"\n',
    "rhel8": 'ID="rhel"\nID_LIKE="fedora"\nVERSION_ID="8.10"\n',
    "oracle9": 'ID="ol"\nID_LIKE="fedora"\nVERSION_ID="9.4"\n',
    "oracle7": 'ID="ol"\nID_LIKE="fedora"\nVERSION_ID="7.9"\n',
    "centos7": 'ID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="7"\n',
    "amazon2023": 'ID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\n',
    "amazon2": 'ID="amzn"\nID_LIKE="centos rhel fedora"\nVERSION_ID="2"\n',
    "leap15": 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\n',
    "leap16": 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="16.0"\n',
    "tumbleweed": 'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\nVERSION_ID="20260901"\n',
    "sles15": 'ID="sles"\nID_LIKE="suse"\nVERSION_ID="15.6"\n',
    "arch": "ID=arch\n",
    "manjaro": "ID=manjaro\nID_LIKE=arch\n",
    "alpine": 'ID=alpine\nVERSION_ID="3.22.1"\n',
    "none": "",
}
APT = "apt-get install git make python3 python3-venv"
FULL = "Filesystem 1024-blocks Used Available Capacity Mounted on\n{} 9000000 8897600 {} 99% {}\n"


@pytest.fixture
def machine(tmp_path):
    """A directory with a bin; commands are put there one by one."""
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or "/bin/sh")
    (tmp_path / "os-release").write_text(SYSTEMS["debian12"])
    return tmp_path


def put(machine, name, text):
    path = machine / "bin" / name
    if path.is_symlink() or path.exists():
        path.unlink()
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)


def df(machine, free, name="/dev/sda1", place="/"):
    put(
        machine,
        "df",
        "printf '{}'\n".format(FULL.format(name, free, place).replace("%", "%%").replace("\n", "\\n")),
    )


def python(machine, name, version="3.11.2", absent="-", path="/usr/bin/python3.11"):
    """A command that answers as such a Python would."""
    put(machine, name, "printf 'machine: %s %s %s\\n' '{}' '{}' '{}'\n".format(version, absent, path))


def check(machine, *args, script=SCRIPT, temporary=None, begin=(), **more):
    done = subprocess.run(
        [*begin, str(machine / "bin" / "sh"), script, *args],
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


def clone(folder, python, stamp="{here}\n"):
    """The folder becomes a clone with an environment of that Python."""
    (folder / "tests").mkdir()
    for name in ("Makefile", "pyproject.toml", "tests/machine.sh"):
        shutil.copy(os.path.join(TOP, name), str(folder / name))
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(python)
    (folder / ".venv" / ".offkit").write_text(stamp.format(here=os.path.realpath(str(folder))))


def make(folder, *args, program="make", **variables):
    """What it says, started from a shell and not from the make that these tests may run under."""
    inherited = re.compile(r"MAKE|MFLAGS|PYTHON$|OFFKIT_CHOSEN")
    environment = {name: value for name, value in os.environ.items() if not inherited.match(name)}
    environment.update(variables)
    argv = [program, *args]
    return subprocess.run(argv, cwd=str(folder), env=environment, capture_output=True, text=True, check=False)


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
    clone(tmp_path, python, stamp)
    done = make(tmp_path, "-n", ".venv/.offkit", "PYTHON=" + sys.executable)
    assert done.returncode == 0, done.stderr
    assert ("-m venv --clear" in done.stdout) == again
    assert (tmp_path / ".venv" / ".offkit").exists()  # -n changes nothing


def other_python(folder):
    """A command that answers as another Python does."""
    (folder / "bin").mkdir(parents=True)
    python(folder, "python3", "3.12.1", path="/opt/python3.12")
    return str(folder / "bin" / "python3")


@pytest.mark.parametrize("by", ["the command line", "a variable", "a make above"])
def test_another_python_is_chosen(tmp_path, by):
    """The environment is made again for it; a make that this one starts does not ask again."""
    clone(tmp_path, sys.executable)
    other = other_python(tmp_path / "other")
    args = ["PYTHON=" + other] if by == "the command line" else []
    variables = {} if args else {"PYTHON": other}
    if by == "a make above":
        variables["OFFKIT_CHOSEN"] = other
    done = make(tmp_path, "-n", ".venv/.offkit", *args, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert ("-m venv --clear" in done.stdout) == (by != "a make above")


@pytest.mark.parametrize("named", [(), ["PYTHON="], ["PYTHON={real}"], ["PYTHON={link}"], ["PYTHON={own}"]])
def test_the_python_it_was_made_from(tmp_path, named):
    """By no name or by every name of its own the environment stays."""
    clone(tmp_path, sys.executable)
    names = {"real": os.path.realpath(sys.executable), "own": str(tmp_path / ".venv" / "bin" / "python")}
    names["link"] = str(tmp_path / "link")
    os.symlink(names["real"], names["link"])
    done = make(tmp_path, "-n", ".venv/.offkit", *(each.format(**names) for each in named))
    assert (done.returncode, done.stderr) == (0, "")
    assert "-m venv --clear" not in done.stdout


def test_a_python_that_is_chosen_and_will_not_do(tmp_path):
    """The environment that stands is no answer to it."""
    clone(tmp_path, sys.executable)
    done = make(tmp_path, "demo", "PYTHON=/gone/python")
    assert done.returncode != 0
    assert "make demo: this machine lacks\n  Python 3.10 or newer" in done.stderr
    assert "(there is no /gone/python)" in done.stderr


@pytest.mark.parametrize("goals", [["check"], ["unit"], ["demo"], ["lint", "unit"]])
def test_it_calls_itself_what_was_typed(tmp_path, goals):
    """Also in what to type instead."""
    clone(tmp_path, sys.executable)
    (tmp_path / "os-release").write_text(SYSTEMS["alpine"])
    done = make(tmp_path, *goals, "PYTHON=/gone/python", OS_RELEASE=str(tmp_path / "os-release"))
    assert "make {}: this machine lacks\n".format(" ".join(goals)) in done.stderr
    assert "make {} PYTHON=/path/to/".format(" ".join(goals)) in done.stderr


@pytest.mark.parametrize(
    ("goal", "args", "variables", "lanes"),
    [
        ("test", ["-n"], {}, "-j2 "),
        ("test", ["-n", "-j8"], {}, ""),
        ("check", [], {"MAKEFLAGS": "n"}, ""),
        ("test", ["-n"], {"MAKEFLAGS": "-j8"}, ""),
        ("demo", ["-n"], {"CDPATH": "/:/usr"}, ""),
    ],
)
def test_as_make_may_be_called(tmp_path, goal, args, variables, lanes):
    """From another directory, dry, with jobs of its own: no warning, and a dry run runs nothing."""
    folder = tmp_path / "a clone"
    folder.mkdir()
    clone(folder, sys.executable)
    for name in ("requirements-py36.txt", "requirements-ansible.txt"):
        shutil.copy(os.path.join(TOP, "tests", name), str(folder / "tests"))
    for name in (".venv/.tools", ".venv36/.ready", ".venv-ansible/.ready"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    done = make(tmp_path, "--no-print-directory", "-C", "a clone", goal, "MAKE=echo MAKE", *args, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert 'sh tests/machine.sh "{}" "" >/dev/null\n'.format(goal) in done.stdout
    assert "venv --clear" not in done.stdout
    assert re.findall(r"^MAKE.*(-j\d+ )", done.stdout, re.MULTILINE) == [lanes] * bool(lanes)


def test_a_make_that_is_not_gnus(tmp_path):
    """One line says so, in place of a hundred about its syntax."""
    if not shutil.which("bmake"):
        pytest.skip("no bmake, which is BSD's make")
    clone(tmp_path, sys.executable)
    done = make(tmp_path, "demo", program="bmake")
    assert done.returncode != 0
    (line,) = (done.stdout + done.stderr).splitlines()
    assert line.endswith(": this Makefile is for GNU make (gmake)")


def test_a_relative_directory_for_temporary_files(machine):
    """Every command would mean another one by it."""
    python(machine, "python3")
    code, _, err = check(machine, "demo", temporary="tests")
    assert code == 1
    assert err.splitlines()[1:] == [
        "  a directory for temporary files: TMPDIR is tests, which is another one in each directory; name it from / on"
    ]


@pytest.fixture
def noexec(tmp_path):
    """How a command is begun that sees tmp_path/noexec mounted so, with what tmp_path/held has."""
    (tmp_path / "noexec").mkdir()
    (tmp_path / "held").mkdir()
    begin = [
        *(shutil.which("unshare") or "false", "-m", shutil.which("sh"), "-c"),
        'own=$PATH PATH=$1; mount -t tmpfs -o noexec tmpfs "$2" && cp -R "$3/." "$2" && PATH=$own && shift 3 && "$@"',
        *("sh", os.environ["PATH"], str(tmp_path / "noexec"), str(tmp_path / "held")),
    ]
    if (
        os.geteuid() != 0
        or subprocess.run([*begin, "true"], capture_output=True, check=False).returncode != 0
    ):
        pytest.skip("mounting needs root and a namespace of one's own")
    return begin


def test_where_no_program_can_be_run(machine, noexec):
    """In a clone nothing would work, in TMPDIR the tests would not; the demo puts no program there."""
    place = machine / "noexec"
    (machine / "held" / "tests").mkdir()
    shutil.copy(SCRIPT, str(machine / "held" / "tests"))
    python(machine, "python3")
    there = str(place / "tests" / "machine.sh")
    code, _, err = check(machine, "demo", script=there, begin=noexec)
    assert code == 1
    assert (
        "  permission to run programs in {} (is it mounted noexec?): clone elsewhere\n".format(place) in err
    )
    code, _, err = check(machine, "check", temporary=str(place), begin=noexec)
    assert code == 1
    assert "programs in {} (is it mounted noexec?): set TMPDIR to another directory\n".format(place) in err
    assert check(machine, "demo", temporary=str(place), begin=noexec)[0] == 0


def test_nothing_is_left_behind(machine):
    """Neither in the clone nor where temporary files are."""
    python(machine, "python3")
    clone = machine / "clone"
    (clone / "tests").mkdir(parents=True)
    shutil.copy(SCRIPT, str(clone / "tests"))
    (machine / "temporary").mkdir()
    script, temporary = str(clone / "tests" / "machine.sh"), machine / "temporary"
    assert check(machine, "test", script=script, temporary=str(temporary))[0] == 0
    assert (os.listdir(str(clone)), os.listdir(str(temporary))) == (["tests"], [])


@pytest.mark.parametrize(
    ("tool", "package"),
    [
        ("tar", "tar"),
        ("awk", "gawk"),
        ("df", "coreutils"),
        ("id", "coreutils"),
        ("sed", "sed"),
        ("grep", "grep"),
    ],
)
def test_a_tool_that_is_missing(machine, tool, package):
    """It is named, and its package; nothing else is said, whatever this script would do with it."""
    python(machine, "python3")
    (machine / "bin" / tool).unlink()
    code, out, err = check(machine, "demo")
    named = tool if tool == package else "{} ({})".format(tool, package)
    sudo = "sudo " if tool == "id" or os.geteuid() != 0 else ""
    assert (code, out) == (1, "")
    assert err == "make demo: this machine lacks\n  {}\ninstall it:  {}{} {}\n".format(
        named, sudo, APT, package
    )
    (machine / "os-release").write_text(SYSTEMS["alpine"])
    err = check(machine, "demo")[2]
    assert err.endswith("  {}\ninstall it with the package manager of this system\n".format(named))


def test_without_sudo(machine):
    """As Debian is installed where root has a password."""
    put(machine, "id", "echo 1000\n")
    assert "install it:  sudo " + APT in check(machine, "demo")[2]
    (machine / "bin" / "sudo").unlink()
    assert "install it, as root:  " + APT in check(machine, "demo")[2]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("//server/my share 50% 7", "/"),
        ("/dev/sda1", "/mnt/a disk 1 2 3"),
        ("//a b/c d", "/Volumes/e f"),
        ("/dev/a\xe4", "/"),
    ],
)
def test_names_of_file_systems_with_blanks(machine, name, place):
    """What is free is told from what is around it."""
    python(machine, "python3")
    df(machine, 102400, name, place)
    assert check(machine, "demo")[2].count("(free: 100 MB)") == 2
    df(machine, 1024000, name, place)
    assert check(machine, "demo")[0] == 0


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
    df(machine, 102400)
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
    df(machine, 102400)
    code, _, err = check(machine, "demo")
    assert code == 1
    assert "install" not in err
    assert "room: 600 MB in " in err


@pytest.mark.parametrize(
    ("system", "packages"),
    [
        *((system, APT) for system in ("debian12", "debian13", "sid", "ubuntu22")),
        *((system, APT) for system in ("mint", "mint21", "lmde6", "elementary8", "pop22")),
        *((system, "") for system in ("debian11", "ubuntu20", "mint20", "lmde5")),
        *((system, "dnf install git make tar python3") for system in ("fedora", "nobara", "alma10")),
        *(
            (system, "dnf install git make tar python3.11")
            for system in ("rocky9", "rhel8", "oracle9", "amazon2023")
        ),
        *((system, "") for system in ("centos7", "oracle7", "amazon2")),
        ("leap15", "zypper install git make tar python311"),
        ("leap16", "zypper install git make tar python313"),
        ("tumbleweed", "zypper install git make tar python3"),
        *((system, "pacman -S --needed git make tar python") for system in ("arch", "manjaro")),
        *((system, "") for system in ("sles15", "alpine", "none")),
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
        assert not re.search("dnf|apt-get|zypper|pacman|apk", err)


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

"""install.sh: finding a Python with nothing but sh, and handing over."""

import glob
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys

import pytest

import bundle_maker
import install_sh
import offkit
from install_sh import REAL, SERIES, SHELLS, every_shell, program, real, script, sh, write_bundle


@pytest.fixture
def server(tmp_path):
    return install_sh.make_server(tmp_path)


@every_shell
def test_hands_over(server, shell):
    """The bundle and every option reach offkit as they were given; nothing stays behind."""
    real(server)
    bundle = str(server / "medium" / "bundle.tar")
    code, out, err = sh(server, bundle, "--prefix", os.fsdecode("/a b/ü".encode()), "--dry-run", shell=shell)
    assert (code, err) == (0, "")
    assert out.startswith("runtime True ['install', {!r}, '--prefix', '/a b/".format(bundle))
    assert out.endswith("'--dry-run']\n")
    assert os.listdir(str(server / "tmp")) == []


@every_shell
def test_describes_the_server(server, shell):
    """Without a bundle, a Python or anything on the medium; the rest of install.sh does not run."""
    code, out, err = sh(server, "--probe", shell=shell)
    assert (code, err) == (0, "")
    assert json.loads(out)["schema"] == "offkit/target-2"
    code, out, err = sh(server, "--probe", "--prefix", "/x", shell=shell)
    assert (code, out, err) == (2, "", "usage: probe [--python PATH] [--root DIR]\n")


@pytest.mark.parametrize(
    ("args", "passed"),
    [
        ([], ["BUNDLE"]),
        (["--dry-run"], ["BUNDLE", "--dry-run"]),
        (["--prefix", "bundle2.tar"], ["BUNDLE", "--prefix", "bundle2.tar"]),
        (["--keep", "3"], ["BUNDLE", "--keep", "3"]),
        (["-q", "medium/bundle.tar"], ["-q", "medium/bundle.tar"]),
        (["--prefix=/x", "medium/bundle.tar", "-v"], ["--prefix=/x", "medium/bundle.tar", "-v"]),
    ],
)
def test_where_the_bundle_is(server, args, passed):
    """Named anywhere among the options, or the only one beside install.sh."""
    real(server)
    code, out, _ = sh(server, *args, cwd=str(server))
    bundle = str(server / "medium" / "bundle.tar")
    assert (code, out) == (
        0,
        "runtime True {!r}\n".format(["install"] + [bundle if p == "BUNDLE" else p for p in passed]),
    )


def test_a_medium_that_is_read_only_with_spaces(server):
    """Nothing is written beside the bundle; names with spaces and leading dashes work."""
    real(server)
    place = server / "-my medium"
    (server / "medium").rename(place)
    (place / "bundle.tar").rename(place / "a b:c.tar")
    place.chmod(0o555)
    try:
        for cwd, script, args in (
            ("/", place / "install.sh", [place / "a b:c.tar"]),
            (place, "install.sh", []),
            (place, "install.sh", ["a b:c.tar"]),
        ):
            code, out, err = sh(server, *args, script=str(script), cwd=str(cwd))
            assert (code, err) == (0, "")
            bundle = str(args[0]) if args else str(place / "a b:c.tar")
            assert out == "runtime True {!r}\n".format(["install", bundle])
    finally:
        place.chmod(0o755)


def test_help(server):
    """-h says how, wherever it stands."""
    for args in (["-h"], ["bundle.tar", "--help"]):
        code, out, err = sh(server, *args)
        assert (code, err) == (0, "")
        assert out.startswith("usage: sh install.sh [BUNDLE]")


def test_every_option_of_offkit_install_is_known():
    """Where no Python is there yet, install.sh itself refuses what is none."""
    toolkit = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))
    environment = dict(os.environ, PYTHONPATH=toolkit, NO_COLOR="1", LC_ALL="C", COLUMNS="200")
    argv = [sys.executable, "-m", "offkit.cli.app", "install", "--help"]
    said = subprocess.check_output(argv, env=environment).decode("utf-8", "replace")
    options = set(re.findall(r"^[^-]*(--[a-z-]+)", said, re.MULTILINE)) - {"--help"}
    assert {"--iso", "--prefix", "--allow-missing"} <= options
    known = install_sh.part("arguments")
    for option in sorted(options):
        assert (
            "1{})".format(option) in known
            or "1{} |".format(option) in known
            or "| 1{})".format(option) in known
        )
        assert "[" + option in known or option in ("--quiet", "--verbose"), option


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["nowhere.tar"], 2, "nowhere.tar does not exist"),
        (["."], 2, ". is a directory\nfix: give the bundle.tar"),
        (["/dev/null"], 2, "/dev/null is not a regular file\nfix: give the bundle.tar"),
        ([""], 2, "BUNDLE is given, but empty"),
        (["medium/bundle.tar", "--prefix", ""], 2, "--prefix is given, but empty"),
        (["medium/bundle.tar", "--prefix="], 2, "--prefix is given, but empty"),
        (["medium/bundle.tar", "--python", ""], 2, "--python is given, but empty"),
        (["--python=", "medium/bundle.tar"], 2, "--python is given, but empty"),
        (
            ["--python", "/nowhere/python3", "medium/bundle.tar"],
            4,
            "--python: /nowhere/python3 does not exist",
        ),
    ],
)
def test_wrong_arguments(server, args, code, words):
    """Said in one line, with the exit code of its kind."""
    found, out, err = sh(server, *args, cwd=str(server))
    assert (found, out) == (code, "")
    assert words in err


def test_no_function_takes_the_place_of_another():
    """The parts are one script."""
    names = re.findall(rb"^([a-z_]+)\(\)", script(), re.MULTILINE)
    assert len(names) > 100
    assert [name for name in sorted(set(names)) if names.count(name) > 1] == []


def test_two_bundles_beside_it(server):
    """No guessing."""
    (server / "medium" / "other.tar").write_bytes(b"")
    code, out, err = sh(server)
    assert (code, out) == (2, "")
    assert "2 bundles (*.tar, *.parts) beside install.sh" in err


def test_every_candidate_is_refused_with_a_reason(server):
    """Wrong version, a shim that does not run, one without zlib, one of the system."""
    write_bundle(server / "medium", series="3.99")
    bin_directory = server / "bin"
    shim = program(
        bin_directory / "python3.99", "echo 'pyenv: python3.99: command not found' >&2\nexit 127\n"
    )
    other = program(bin_directory / "python3", "echo 3.4\n")
    lacking = program(bin_directory / "python", "case $* in *zlib*) exit 1 ;; esac\necho 3.99\n")
    code, out, err = sh(server)
    assert (code, out) == (4, "")
    assert "{}: does not run (exit 127): pyenv: python3.99: command not found".format(shim) in err
    assert "{}: is Python 3.4, not 3.99".format(other) in err
    assert (
        "{}: was compiled without zlib and cannot read wheels: yum install zlib-devel".format(lacking) in err
    )
    assert "no ISO of the bundle's target has Python 3.99; or bundle again" in err


@every_shell
def test_a_python_that_does_not_answer(server, shell):
    """Where timeout(1) is: it is refused in the end, and a probe goes on without it."""
    os.symlink(shutil.which("timeout"), str(server / "bin" / "timeout"))
    hanging = program(server / "bin" / "python3.99", "exec sleep 60\n")
    os.symlink(shutil.which("sleep"), str(server / "bin" / "sleep"))
    write_bundle(server / "medium", series="3.99")
    place = server / "medium" / "install.sh"
    text = place.read_bytes()
    assert text.count(b"'timeout 20'") == 2
    body = text.replace(b"'timeout 20'", b"'timeout 0.2'").rpartition(b"# sha256 ")[0]
    place.write_bytes(body + b"# sha256 " + hashlib.sha256(body).hexdigest().encode() + b"\n")
    code, _, err = sh(server, shell=shell)
    assert code == 4
    assert "{}: does not answer".format(hanging) in err
    code, out, _ = sh(server, "--probe", shell=shell)
    assert code == 0
    assert str(hanging) not in out


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [(0, 0, "python3.99"), (1, 0, "python3"), (0, 1, "python3.99"), (1, 1, "python3.99")],
)
def test_a_debug_build_is_taken_only_where_there_is_no_other(server, first, second, taken):
    """Wheels are for ordinary builds; which of several is handed over to."""
    write_bundle(server / "medium", series="3.99")
    for name, other in (("python3.99", first), ("python3", second)):
        answers = "*.pyz*) echo $0 ;; *abiflags*) exit {} ;; *print*) echo 3.99 ;;".format(other)
        program(server / "bin" / name, "case $* in {} esac\n".format(answers))
    code, out, err = sh(server)
    assert (code, out.strip()) == (0, str(server / "bin" / taken)), err


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("", 0),
        ("sys.abiflags += 'd'", 1),  # --with-pydebug
        ("sys.abiflags = 't'", 1),  # --disable-gil
        ("sys.abiflags, sys.version_info = '', (3, 6, 8)", 1),  # --without-pymalloc
        ("sys.abiflags, sys.version_info = 'm', (3, 6, 8)", 0),
        ("sys.maxsize = 2**31 - 1", 1),
        ("sys.implementation.name = 'pypy'", 1),
    ],
)
def test_what_an_ordinary_build_is(server, change, expected):
    """Asked of a real one, which says that it is another."""
    asked = "import sys; {}; exec(sys.argv[1])".format(change or "pass")
    path = program(
        server / "bin" / "one", 'exec {} -c "{}" "$4"\n'.format(shlex.quote(sys.executable), asked)
    )
    text = install_sh.part("find") + 'ordinary "$1"'
    assert subprocess.call(["/bin/sh", "-c", text, "sh", path]) == expected


@pytest.mark.parametrize(
    ("el", "series", "package"),
    [(7, "3.6", "python3"), (8, "3.6", "python36"), (8, "3.9", "python39"), (9, "3.9", "python3"),
     (9, "3.12", "python3.12")],
)  # fmt: skip
def test_the_advice_names_the_package_and_the_bundles_own_repo_file(server, el, series, package):
    """As that EL calls it; gpgcheck is never switched off on the way."""
    write_bundle(server / "medium", series=series, el=el)
    code, _, err = sh(server, "--python", program(server / "bin" / "old", "echo 3.4\n"))
    assert code == 4
    assert "mount -o loop,ro /path/to/the.iso /mnt/offkit-iso" in err
    assert "repo-config/offkit-el{}.repo >/etc/yum.repos.d/offkit.repo".format(el) in err
    assert "yum --disablerepo='*' --enablerepo='offkit-*' install {}\n".format(package) in err
    assert "nogpgcheck" not in err


def test_the_systems_python_is_refused(server):
    """platform-python by its own name is for dnf only."""
    place = server / "libexec"
    place.mkdir()
    system = program(place / "platform-python", "echo {}\n".format(SERIES))
    code, _, err = sh(server, "--python", system)
    assert code == 4
    assert "belongs to the system" in err


def test_a_named_python_is_the_only_candidate(server):
    """--python wins over PATH, and is passed on."""
    program(server / "bin" / ("python" + SERIES), "exit 1\n")
    other = real(server, "mine")
    for args in (["--python", str(other)], ["--python={}".format(other)]):
        code, out, _ = sh(server, "medium/bundle.tar", *args, cwd=str(server))
        assert (code, out) == (0, "runtime True {!r}\n".format(["install", "medium/bundle.tar"] + args))


@pytest.mark.parametrize("tool", ["sha256sum", "python"])
def test_a_damaged_runtime_is_not_run(server, tool):
    """With and without sha256sum, the checksum comes first."""
    real(server)
    if tool == "python":
        (server / "bin" / "sha256sum").unlink()
    assert sh(server)[0] == 0
    bundle = server / "medium" / "bundle.tar"
    data = bytearray(bundle.read_bytes())
    data[data.index(bundle_maker.runtime()) + 40] ^= 1
    bundle.write_bytes(bytes(data))
    code, out, err = sh(server)
    assert (code, out) == (3, "")
    assert "bundle.tar: offkit.pyz is missing or damaged" in err
    assert os.listdir(str(server / "tmp")) == []


@pytest.mark.parametrize("data", [b"", b"x" * 3000, bundle_maker.tar([("a", b"b")])[0]])
def test_not_a_bundle(server, data):
    """Anything else ends with 3 and the file's name."""
    real(server)
    (server / "medium" / "bundle.tar").write_bytes(data)
    code, out, err = sh(server)
    assert (code, out) == (3, "")
    assert str(server / "medium" / "bundle.tar") in err


def test_a_bundle_truncated_behind_the_runtime(server):
    """offkit is run, and will say which members are cut."""
    real(server)
    made = bundle_maker.make(install_sh=(server / "medium" / "install.sh").read_bytes())
    (server / "medium" / "bundle.tar").write_bytes(made.data[: made.offsets["checklist.json"][1]])
    assert sh(server)[:1] == (0,)


def test_exit_codes_pass_through(server):
    """What offkit says is what the shell gets."""
    pyz = bundle_maker.zipped({"__main__.py": b"import sys\nsys.exit(70)\n"})
    write_bundle(server / "medium", pyz=pyz)
    real(server)
    assert sh(server)[0] == 70


def test_no_room_for_temporary_files(server):
    """An unusable TMPDIR is an environment problem."""
    real(server)
    code, _, err = sh(server, env={"TMPDIR": str(server / "nowhere")})
    assert code == 4
    assert "set TMPDIR" in err


@pytest.mark.parametrize("words", ["tar: -: Wrote only 4096 of 10240 bytes", "plein"])
def test_a_full_disk_is_no_damage(server, words):
    """Whatever tar says, in whichever language: no room is an environment problem."""
    real(server)
    (server / "bin" / "tar").unlink()
    (server / "bin" / "head").unlink()
    program(server / "bin" / "tar", "echo '{}' >&2\nexit 2\n".format(words))
    program(server / "bin" / "head", "exit 1\n")
    code, out, err = sh(server)
    assert (code, out) == (4, "")
    assert err.startswith("error: ENV024 not enough space in {}".format(server / "tmp"))
    assert "set TMPDIR to another directory" in err
    assert os.listdir(str(server / "tmp")) == []


def test_pythonhome_does_not_hide_a_python(server):
    """Nothing of the caller's environment steers the interpreters that are tried."""
    real(server)
    for name in ("PYTHONHOME", "PYTHONPATH"):
        code, out, err = sh(server, env={name: "/nope"})
        assert (code, err) == (0, "")
        assert out.startswith("runtime True")


def test_pyenv_elsewhere(server):
    """PYENV_ROOT says where its versions are; a shim that does not run is called one."""
    (server / "shims").mkdir()
    words = "echo 'pyenv: python{}: command not found' >&2\nexit 127\n".format(SERIES)
    shim = program(server / "shims" / ("python" + SERIES), words)
    place = server / "py env" / "versions" / "x" / "bin"
    place.mkdir(parents=True)
    used = server / "used"
    program(place / ("python" + SERIES), 'echo >"{}"\nexec "{}" "$@"\n'.format(used, REAL))
    path = "{}:{}".format(server / "shims", server / "bin")
    environment = {"PATH": path, "PYENV_ROOT": str(server / "py env")}
    code, out, err = sh(server, env=environment)
    before = (
        "/usr/bin/python",
        "/usr/local/bin/python",
        "/opt/python*/bin/python",
        "/opt/rh/*/root/usr/bin/python",
    )
    if not any(glob.glob(place + SERIES) for place in before):
        assert (code, out[:12]) == (0, "runtime True")
        assert used.exists()
    code, _, err = sh(server, "medium/bundle.tar", "--python", shim, env=environment, cwd=str(server))
    assert code == 4
    assert "command not found (a pyenv shim; use --python {}/versions/".format(server / "py env") in err


@every_shell
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_reaches_offkit(server, shell, name):
    """install.sh passes it on, waits for the cleaning up, and ends with offkit's exit code."""
    main = (
        b"import os, signal, sys, time\n"
        b"def end(*args):\n    time.sleep(0.2)\n    os.write(1, b'cleaned\\n')\n    sys.exit(130)\n"
        b"signal.signal(signal.SIGTERM, end)\n"
        b"os.write(1, b'ready\\n')\n"
        b"for _ in range(1200):\n    time.sleep(0.05)\n"
    )
    pyz = bundle_maker.zipped({"__main__.py": main})
    write_bundle(server / "medium", pyz=pyz)
    real(server)
    argv = [shutil.which(SHELLS[shell][0])] + SHELLS[shell][1:]
    child = subprocess.Popen(
        argv + [str(server / "medium" / "install.sh")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={"PATH": str(server / "bin"), "TMPDIR": str(server / "tmp"), "HOME": str(server)},
    )
    assert child.stdout.readline() == b"ready\n"
    child.send_signal(getattr(signal, name))
    assert child.communicate()[0] == b"cleaned\n"
    assert child.returncode == 130
    assert os.listdir(str(server / "tmp")) == []


@every_shell
def test_damage_of_install_sh_itself(server, shell):
    """A flipped bit anywhere behind the check, and any cut, is named; nothing else is done."""
    real(server)
    whole = script()
    start = whole.index(b"# Nothing that the environment")
    step = (len(whole) - start) // 23
    damaged = [whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :] for at in range(start, len(whole), step)]
    damaged += [whole[:at] for at in range(start, len(whole) - 1, step)]  # a newline at the end says nothing
    place = server / "medium" / "install.sh"
    for text in damaged:
        place.write_bytes(text)
        code, out, err = sh(server, shell=shell)
        assert (code, out) == (3, "")
        assert err.startswith("error: {} itself is damaged\n".format(place))
        assert "fix: extract it from the bundle again" in err


@every_shell
def test_cut_off_before_the_check(server, shell):
    """A syntax error at any length: what a shell reads of it is no program. Of a first line alone nothing can be
    expected."""
    real(server)
    whole = script()
    begin, end = whole.index(b"\n") + 1, whole.index(b"\n}\n") + 1
    for at in [begin + 1, begin + 2, *range(begin + 3, end, 41), end - 1, end]:
        (server / "medium" / "install.sh").write_bytes(whole[:at])
        code, out, err = sh(server, shell=shell)
        assert code not in (0, 1), at
        assert out == "", at
        assert err, at


def test_a_cut_install_sh_does_nothing_without_sha256sum(server):
    """Everything is in functions that the last lines call."""
    real(server)
    (server / "bin" / "sha256sum").unlink()
    whole = script()
    last = whole.index(b'main "$@"\n')
    # also behind the first word of each command that is not in a function: "set" alone would list variables
    words = [found.end() for found in re.finditer(rb"(?m)^[a-z]+(?=[ \n])", whole[:last])]
    for at in [*range(0, last, 397), *words]:
        (server / "medium" / "install.sh").write_bytes(whole[:at])
        assert sh(server)[1] == ""
        assert os.listdir(str(server / "tmp")) == []

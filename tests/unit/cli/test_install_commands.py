"""The commands beyond the gap, as a user runs them."""

import hashlib
import json
import os
import signal
import subprocess
import sys

import pytest

import bundle_maker
import offkit
import waiting

TOOLKIT = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))
PIP = bundle_maker.pip_wheel()
WHEELS = dict([bundle_maker.wheel("alpha"), PIP])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A bundle that fits this machine."""
    path = tmp_path_factory.mktemp("medium") / "bundle.tar"
    path.write_bytes(bundle_maker.make(WHEELS, bundle_maker.this_machine()).data)
    return str(path)


def offkit_command(*args, **more):
    """(exit code, stdout, stderr)"""
    environment = dict(os.environ, PYTHONPATH=TOOLKIT, NO_COLOR="1", LC_ALL="C")
    environment.update(more)
    done = subprocess.Popen(
        [sys.executable, "-m", "offkit.cli.app"] + [str(arg) for arg in args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    out, err = done.communicate()
    return done.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def document(*args):
    """(exit code, the one JSON document on stdout)"""
    code, out, _ = offkit_command(*(args + ("--json",)))
    return code, json.loads(out)


def test_verify(bundle):
    """Counts, size and digest; the same as data."""
    code, out, err = offkit_command("verify", bundle)
    code_json, found = document("verify", bundle)
    assert (code, code_json, err) == (0, 0, "")
    assert out.splitlines()[0].endswith(
        "8 members (2 wheels), {}, all as the manifest says".format(size(bundle))
    )
    with open(bundle, "rb") as source:
        whole = hashlib.sha256(source.read()).hexdigest()
    assert [line.split(None, 2) for line in out.splitlines()[1:]] == [
        ["sha256", whole, "of the file"],
        ["digest", found["digest"], "of its manifest"],
    ]
    assert found["sha256"] == whole
    assert (found["schema"], found["members"], found["wheels"], found["findings"]) == (
        "offkit/verify-1",
        8,
        2,
        [],
    )


def size(path):
    return "{:.1f} MB".format(os.path.getsize(path) / 1000000.0)


def test_verify_names_the_damage(bundle, tmp_path):
    """Exit code 3, the member, and what to do."""
    made = bundle_maker.make(WHEELS, bundle_maker.this_machine())
    data = bytearray(made.data)
    data[made.offsets["wheels/alpha-1.0-py3-none-any.whl"][1]] ^= 1
    path = tmp_path / "damaged.tar"
    path.write_bytes(bytes(data))
    code, out, err = offkit_command("verify", path)
    assert (code, out) == (3, "")
    assert "wheels/alpha-1.0-py3-none-any.whl is damaged" in err
    assert "copy the bundle again" in err
    code, found = document("verify", path)
    assert (code, found["schema"], found["exit_code"]) == (3, "offkit/error-1", 3)
    assert [(one["code"], one["subject"]) for one in found["findings"]] == [
        ("BUN001", "wheels/alpha-1.0-py3-none-any.whl")
    ]


def test_inspect(bundle):
    """Target, wheels, requirements and libraries, for people and for programs."""
    code, out, _ = offkit_command("inspect", bundle)
    assert code == 0
    for words in (
        "for        el7",
        "alpha  1.0",
        "libraries the server must have",
        "none besides the C library",
    ):
        assert words in out
    _, found = document("inspect", bundle)
    assert found["schema"] == "offkit/inspect-1"
    assert found["target"] == bundle_maker.this_machine().to_json()
    assert found["requirements"] == [{"name": "alpha", "version": "1.0"}]
    assert [one["name"] for one in found["wheels"]] == ["alpha", "pip"]
    assert found["libraries"] == []


def test_inspect_says_the_sha256_when_asked(bundle):
    """With -v the whole file is read."""
    whole = document("verify", bundle)[1]["sha256"]
    assert "sha256     {}  of the file".format(whole) in offkit_command("inspect", bundle, "-v")[1]
    assert document("inspect", bundle, "-v")[1]["sha256"] == whole
    assert "sha256" not in offkit_command("inspect", bundle)[1]


def test_inspect_shows_libraries(tmp_path):
    """Which the server must have, and the RPM of each."""
    from offkit.model import checklist
    from offkit.model.checklist import Checklist, Library

    text = checklist.dump(Checklist((Library("libSM.so.6", (), ("cv2: cv2.so",), "libSM", False),)))
    path = tmp_path / "bundle.tar"
    path.write_bytes(bundle_maker.make(extra={"checklist.json": text}).data)
    assert "  libSM.so.6  libSM" in offkit_command("inspect", path)[1].splitlines()
    assert document("inspect", path)[1]["libraries"][0]["rpm"] == "libSM"


def test_probe_is_a_target(tmp_path):
    """What it writes, --target reads."""
    from offkit.cli import options
    from offkit.model import target

    def steady(found):
        return {key: value for key, value in found.items() if key not in ("space", "mounts")}

    path = tmp_path / "target.json"
    code, out, _ = offkit_command("probe", "-o", path)
    assert code == 0
    assert str(path) in out
    written = json.loads(path.read_bytes().decode("ascii"))
    found = options.target_of(None, str(path), "x86_64")
    # As an older offkit reads it; what a probe wrote takes a --python.
    assert target.from_json(written) == found._replace(spelled="")
    assert found.spelled.endswith("target.json:{0}")
    assert found.python == "{}.{}.{}".format(*sys.version_info[:3])
    assert found.arch == os.uname().machine
    assert steady(document("probe")[1]) == steady(written)
    assert steady(json.loads(offkit_command("probe")[1])) == steady(written)


def test_a_dry_run_with_a_python_that_is_still_to_come(bundle, tmp_path):
    """install.sh's steps come first; the Python that tells the plan is not the one that it names."""
    version = bundle_maker.this_machine().python
    planned = ["--planned-step", "install python3 with yum (root)", "--planned-step", "look at it"]
    planned += ["--planned-python", version + "=/nowhere/bin/python3"]
    args = ["install", bundle, "--prefix", str(tmp_path / "p"), "--dry-run"]
    code, out, _ = offkit_command(*(args + planned))
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "would do, with /nowhere/bin/python3:"
    assert lines[1:3] == ["1 install python3 with yum (root)", "2 look at it"]
    assert lines[3] == "3 create a virtual environment with /nowhere/bin/python3"
    assert sys.executable not in out
    _, found = document(*(args + planned))
    steps = [(step["action"], step["text"], step["root"]) for step in found["steps"][:2]]
    assert steps == [("python", "install python3 with yum", True), ("python", "look at it", False)]
    assert found["python"] == {"path": "/nowhere/bin/python3", "version": version}
    assert "--planned" not in offkit_command("install", "--help")[1]
    assert not (tmp_path / "p").exists()


def test_what_install_sh_hands_on(bundle, tmp_path):
    """Its own options come along, and mean nothing here; a way to a Python that it has not is refused."""
    words = ("install", bundle, "--prefix", tmp_path / "p", "--dry-run", "--ld-so-conf", "--get-python")
    code, out, _ = offkit_command(*words, "source")
    assert (code, "virtual environment" in out) == (0, True)
    assert os.listdir(str(tmp_path)) == []
    code, out, err = offkit_command(*words, "magic")
    assert (code, out) == (2, "")
    assert "--get-python takes one of build, source, packages, not 'magic'" in err


def test_a_dry_run_writes_nothing(bundle, tmp_path):
    """All checks, all steps, no trace."""
    before = bundle_maker.listing(str(tmp_path))
    code, out, _ = offkit_command("install", bundle, "--prefix", tmp_path / "p", "--dry-run")
    assert code == 0
    assert "virtual environment" in out
    assert "point {}/p/current to generations/0001-".format(tmp_path) in out
    _, found = document("install", bundle, "--prefix", str(tmp_path / "p"), "--dry-run")
    assert (found["outcome"], found["dry_run"], len(found["steps"])) == ("install", True, 8)
    assert found["packages"] == [{"name": "alpha", "version": "1.0"}]
    assert bundle_maker.listing(str(tmp_path)) == before


def test_install_twice(bundle, tmp_path):
    """Installed, with what to do next; then nothing to do; under a C locale and an odd path."""
    prefix = str(tmp_path / os.fsdecode("ä b".encode()))
    readable = os.fsencode(prefix).decode()
    code, out, err = offkit_command("install", bundle, "--prefix", prefix, "-q")
    assert code == 0, err
    assert "installed 0001-" in out
    assert "    alpha  1.0" in out
    assert "'{}/current/bin/offkit' doctor".format(readable) in out or sys.version_info >= (3, 7)
    code, found = document("install", bundle, "--prefix", prefix)
    assert (code, found["outcome"], found["prefix"]) == (0, "nothing", readable)
    assert found["packages"] == [{"name": "alpha", "version": "1.0"}]


@pytest.mark.parametrize("where", ["header", "contents", "padding", "end", "manifest", "appended", "cut"])
def test_a_damaged_bundle_touches_nothing(bundle, tmp_path, where):
    """Before the first byte is written, the last byte has been checked."""
    made = bundle_maker.make(WHEELS, bundle_maker.this_machine())
    header, contents, end = made.offsets["wheels/alpha-1.0-py3-none-any.whl"]
    position = {"header": header + 3, "contents": contents, "padding": end, "end": len(made.data) - 1}.get(
        where, made.offsets["MANIFEST.json"][1]
    )
    data = bytearray(made.data)
    if where == "appended":
        data += b"x"
    elif where == "cut":
        del data[-600:]
    else:
        data[position] ^= 4
    path = tmp_path / "bundle.tar"
    path.write_bytes(bytes(data))
    before = bundle_maker.listing(str(tmp_path))
    code, out, _ = offkit_command("install", path, "--prefix", tmp_path / "p", TMPDIR=str(tmp_path))
    assert (code, out) == (3, "")
    assert bundle_maker.listing(str(tmp_path)) == before


def test_the_wrong_machine_is_told_everything(tmp_path):
    """Exit code 4: version, architecture and glibc in one go; nothing written."""
    target = bundle_maker.this_machine()._replace(python="3.5.2", arch="s390x", glibc=(9, 9))
    path = tmp_path / "bundle.tar"
    path.write_bytes(bundle_maker.make(WHEELS, target).data)
    code, found = document("install", str(path), "--prefix", str(tmp_path / "p"))
    errors = [one["code"] for one in found["findings"] if one["severity"] == "error"]
    assert (code, errors) == (4, ["PY012", "ENV021", "ENV022"])
    assert os.listdir(str(tmp_path)) == ["bundle.tar"]


@pytest.mark.parametrize("command", ["verify", "inspect", "install"])
def test_what_is_no_file_at_all(command, tmp_path):
    """A directory is a usage error, in words."""
    code, out, err = offkit_command(command, tmp_path)
    assert (code, out) == (2, "")
    assert "{} is a directory".format(tmp_path) in err
    assert "give the bundle.tar" in err


def test_a_damaged_installation_is_made_again(bundle, tmp_path):
    """Said, with the reason, on stderr and as a finding; not again once the new one is current."""
    prefix = tmp_path / "p"
    assert offkit_command("install", bundle, "--prefix", prefix)[0] == 0
    (core,) = (prefix / "current" / "lib").glob("python*/site-packages/alpha.py")
    core.unlink()
    code, found = document("install", bundle, "--prefix", str(prefix), "--dry-run")
    assert (code, found["outcome"]) == (0, "install")
    assert "ENV033" in [one["code"] for one in found["findings"]]
    code, out, err = offkit_command("install", bundle, "--prefix", prefix)
    assert code == 0
    assert "alpha.py is missing; a new one is built beside it\n" in err
    assert "installed 0002-" in out
    code, out, err = offkit_command("install", bundle, "--prefix", prefix)
    assert "nothing to do" in out
    assert "damaged" not in err


def test_an_option_without_its_value(bundle):
    """The help that is named is the command's own."""
    code, _, err = offkit_command("install", bundle, "--prefix")
    assert code == 2
    assert "see 'offkit install --help'" in err


@pytest.mark.parametrize("option", ["--prefix", "--python"])
def test_an_empty_option_is_no_default(bundle, option):
    """An unset variable does not install to /opt/offkit."""
    for args in ([option, ""], [option + "="]):
        code, out, err = offkit_command("install", bundle, "--dry-run", *args)
        assert (code, out) == (2, "")
        assert "{} is given, but empty".format(option) in err


def test_verbose_says_what_was_checked_and_run(bundle, tmp_path):
    """The interpreter, the machine, the space, and each program with its own words."""
    _, _, err = offkit_command("install", bundle, "--prefix", tmp_path / "p", "-v")
    for words in (
        "  interpreter  /",
        ", Python {}.{}.{}, cp".format(*sys.version_info[:3]),
        "  machine      ",
        "  space        ",
        " MB are needed (wheels ",
        "  $ /",
        "Successfully installed alpha-1.0",
    ):
        assert words in err


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_leaves_nothing(bundle, tmp_path, name):
    """While pip works, and twice, as a terminal and install.sh would: 130, and no leftovers."""
    place = tmp_path / "p" / "generations"
    argv = [sys.executable, "-m", "offkit.cli.app", "install", bundle, "--prefix", str(tmp_path / "p")]
    child = subprocess.Popen(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(os.environ, PYTHONPATH=TOOLKIT, LC_ALL="C"),
    )
    waiting.until(lambda: list(place.glob(".building-*/tmp")), child)
    child.send_signal(getattr(signal, name))
    child.send_signal(signal.SIGTERM)
    said = child.communicate()[0].decode()
    assert child.returncode == 130, said
    assert "Traceback" not in said
    assert "error" not in said
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("command", ["verify", "inspect", "install"])
def test_a_bundle_that_is_not_there(command, tmp_path):
    """A usage error, in one line."""
    code, out, err = offkit_command(command, tmp_path / "none.tar")
    assert (code, out) == (2, "")
    assert "does not exist" in err

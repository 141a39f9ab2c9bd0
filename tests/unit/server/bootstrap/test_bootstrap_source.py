"""install.sh compiling a Python from the bundle's source: what is asked of configure and make, what
is left when that fails, and how it goes on. Source tree and Python are stand-ins (source_maker)."""

import json
import os
import re
import shutil
import signal
import subprocess

import pytest

import install_sh
import source_maker
import waiting
from install_sh import SHELLS, every_shell, sh

TOOLS = [*install_sh.TOOLS, "flock", "gcc", "make", "nproc", "sleep", "xz", "sync"]
HOME = "python/3.6.15"

pytestmark = [install_sh.without_python36, install_sh.with_compiler]


def make_server(path, data=None, tools=TOOLS):
    data = source_maker.source() if data is None else data
    return install_sh.make_server(path, tools, **source_maker.carry(data))


@pytest.fixture
def server(tmp_path):
    return make_server(tmp_path)


def install(server, *args, **more):
    return sh(server, server / "medium" / "bundle.tar", "--prefix", server / "prefix", *args, **more)


def below(server):
    return sorted(os.listdir(str(server / "prefix" / "python")))


@every_shell
def test_a_python_is_compiled(server, shell):
    """Into its place, with a log and a receipt, and offkit runs on it; the second time it is there."""
    install_sh.tools_of(server, shell)
    code, out, err = install(server, shell=shell)
    assert (code, out[:12]) == (0, "runtime True"), err
    assert below(server) == ["3.6.15", "3.6.15.log"]
    home = server / "prefix" / HOME
    receipt = json.loads((home / "offkit-python.json").read_text())
    assert (receipt["origin"], receipt["archive"]) == ("source", "Python-3.6.15.tgz")
    assert receipt["sha256"] in (server / "medium" / "install.sh").read_text()
    assert "--enable-shared" in receipt["configure"]
    calls = source_maker.calls(server)
    assert [line.split()[0] for line in calls] == ["configure", "make", "make"]  # altinstall asks again
    assert calls[0].split()[1:] == ["--prefix={}".format(home), "--enable-shared", "--with-ensurepip=no"]
    assert "configuring Python 3.6.15" in err
    assert os.listdir(str(server / "tmp")) == []
    assert install(server, shell=shell) == (0, out, "")
    assert source_maker.calls(server) == calls


def test_flags_that_are_safe_and_nothing_of_the_caller(server):
    """-O2 without the vectorizer, a DT_RPATH, no profile-guided optimization; CFLAGS and PYTHONPATH stay out."""
    install(server, env={"CFLAGS": "-O9", "PYTHONPATH": "/nowhere", "MAKEFLAGS": "-n", "CC": "nocc"})
    lines = (server / "environment").read_text().splitlines()
    seen = dict(line.partition("=")[::2] for line in lines)
    lib = str(server / "prefix" / HOME / "lib")
    assert seen["LDFLAGS"] == "-Wl,-rpath,{} -Wl,--disable-new-dtags".format(lib)
    assert seen["CFLAGS"] == "-O2 -fno-tree-vectorize"
    assert not {"PYTHONPATH", "MAKEFLAGS", "CC"} & set(seen)
    assert (server / "prefix" / HOME / "bin" / "python3.6").exists()


@every_shell
@pytest.mark.parametrize("step", ["configure", "make"])
def test_a_failure_is_named_and_goes_on(server, shell, step):
    """PY022 with the end of the log; what was done before it is not done again."""
    install_sh.tools_of(server, shell)
    (server / ("fail-" + step)).write_text("")
    code, out, err = install(server, shell=shell)
    assert (code, out) == (4, "")
    log = str(server / "prefix" / "python" / "3.6.15.log")
    words = {"configure": "cannot create executables", "make": "internal compiler error: Killed"}[step]
    assert "error: PY022" in err
    assert words in err
    assert log in err
    assert "run the same command again: it continues where it stopped" in err
    assert below(server) == [".building-3.6.15", "3.6.15.log"]
    (server / ("fail-" + step)).unlink()
    code, out, err = install(server, shell=shell)
    assert code == 0, err
    assert "the interrupted compilation" in err
    configured = [line for line in source_maker.calls(server) if line.startswith("configure")]
    assert len(configured) == (2 if step == "configure" else 1)
    assert below(server) == ["3.6.15", "3.6.15.log"]


def test_another_source_begins_anew(server):
    """What is left of one build is of no use for another."""
    (server / "fail-make").write_text("")
    assert install(server)[0] == 4
    (server / "fail-make").unlink()
    install_sh.write_bundle(server / "medium", **source_maker.carry(source_maker.source(more="other")))
    code, _, err = install(server)
    assert code == 0
    assert "interrupted" not in err
    assert len([line for line in source_maker.calls(server) if line.startswith("configure")]) == 2


def test_half_an_object_file(server):
    """make takes what a kill left for whole: a resumed build that fails is cleaned and made again, once."""
    (server / "fail-make").write_text("")
    assert install(server)[0] == 4
    (server / "fail-make").unlink()
    tree = server / "prefix" / "python" / ".building-3.6.15" / "source" / "Python-3.6.15"
    (tree / "half.o").write_text("x")
    code, _, err = install(server)
    assert code == 0, err
    assert "make clean" in source_maker.calls(server)


def start(server, shell):
    """install.sh, as soon as its make is at work."""
    (server / "wait-make").write_text("")
    argv = list(SHELLS[shell])
    argv[0] = shutil.which(argv[0])
    arguments = [
        server / "medium" / "install.sh",
        server / "medium" / "bundle.tar",
        "--prefix",
        server / "prefix",
    ]
    environment = {"PATH": str(server / "bin"), "HOME": str(server), "TMPDIR": str(server / "tmp")}
    child = subprocess.Popen(
        argv + [str(one) for one in arguments], env=environment, stderr=subprocess.DEVNULL
    )
    waiting.until((server / "waiting").exists, child)
    (server / "wait-make").unlink()
    (server / "waiting").unlink()
    return child


def at_work(server):
    """Processes whose working directory is in the building directory."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and "/.building-" in os.readlink("/proc/{}/cwd".format(name)):
                found += [name] if str(server) in os.readlink("/proc/{}/cwd".format(name)) else []
        except OSError:
            continue
    return found


@every_shell
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_compiler_too(server, shell, number):
    """At once, not after an hour of make; then the same command goes on."""
    install_sh.tools_of(server, shell)
    child = start(server, shell)
    child.send_signal(number)
    assert child.wait() == {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGHUP: 129}[number]
    waiting.until(lambda: at_work(server) == [])
    assert os.listdir(str(server / "tmp")) == []
    code, _, err = install(server, shell=shell)
    assert code == 0, err
    assert below(server) == ["3.6.15", "3.6.15.log"]


@every_shell
def test_killed_outright(server, shell):
    """A make that outlived its install.sh is ended by the next one."""
    install_sh.tools_of(server, shell)
    child = start(server, shell)
    child.kill()
    child.wait()
    assert at_work(server) != []
    code, _, err = install(server, shell=shell)
    assert code == 0, err
    waiting.until(lambda: at_work(server) == [])
    assert below(server) == ["3.6.15", "3.6.15.log"]


def test_what_is_left_of_a_python_that_is_complete(server):
    """Killed between the renaming and the cleaning up: the next run cleans up, a dry run does not."""
    assert install(server)[0] == 0
    left = server / "prefix" / "python" / ".building-3.6.15"
    left.mkdir()
    assert install(server, "--dry-run")[0] == 0
    assert left.exists()
    assert install(server)[0] == 0
    assert below(server) == ["3.6.15", "3.6.15.log"]


def test_one_at_a_time(server):
    """The second finds the first at work, and leaves it alone."""
    child = start(server, "dash" if "dash" in SHELLS else "sh")
    try:
        code, _, err = install(server)
        assert code == 4
        assert "ENV030 another install.sh is providing a Python" in err
        assert child.poll() is None
    finally:
        child.terminate()
        child.wait()


@every_shell
def test_without_an_essential_module_nothing_is_installed(tmp_path, shell):
    """PY023 for each, with the -devel package, before offkit or pip are run; only the log is left."""
    server = make_server(tmp_path, source_maker.source(absent="ssl ctypes bz2"))
    install_sh.tools_of(server, shell)
    code, out, err = install(server, shell=shell)
    assert (code, out) == (4, "")
    for module, devel in (("ssl", "openssl-devel"), ("ctypes", "libffi-devel")):
        assert "error: PY023 {}: the new Python lacks it: compiled without {}".format(module, devel) in err
    assert "fix: install openssl-devel libffi-devel (give the distribution's ISO" in err
    assert below(server) == ["3.6.15.log"]


def test_what_else_is_missing_is_in_the_receipt(tmp_path):
    """It is installed; offkit says the rest."""
    server = make_server(tmp_path, source_maker.source(absent="bz2 tkinter"))
    code, _, err = install(server)
    assert code == 0, err
    receipt = json.loads((server / "prefix" / HOME / "offkit-python.json").read_text())
    assert {"bz2", "tkinter"} <= set(receipt["missing"].split())
    assert not {"ssl", "zlib", "ctypes"} & set(receipt["missing"].split())


@pytest.mark.parametrize("lacks", [("gcc",), ("make",), ("gcc", "make")])
@pytest.mark.parametrize("options", [(), ("--no-root",)])
def test_no_compiler(tmp_path, lacks, options):
    """Said before anything is written, with what helps whoever asks."""
    server = make_server(tmp_path, tools=[tool for tool in TOOLS if tool not in lacks])
    code, out, err = install(server, *options)
    assert (code, out) == (4, "")
    assert "error: PY022 Python 3.6.15 cannot be compiled here: missing " + ", ".join(lacks) in err
    assert "--iso" in err
    assert not (server / "prefix").exists()
    assert os.listdir(str(server / "tmp")) == []


@pytest.mark.parametrize("name", ["a b", "a$b", "ü", "a:b"])
def test_a_path_that_make_cannot_take(server, name):
    """Said before an hour of compiling."""
    code, _, err = sh(server, "medium/bundle.tar", "--prefix", server / name, cwd=str(server))
    assert code == 4
    refused_by_all = "error: ENV028 " in err and name in (
        "a$b",
        "a:b",
    )  # offkit itself does not take that either
    assert refused_by_all or "error: PY022 no Python can be compiled into" in err
    assert "choose another" in err
    assert not (server / name).exists()


@every_shell
def test_a_dry_run_writes_nothing(server, shell):
    """Every step, and what needs root, whoever makes this test."""
    install_sh.tools_of(server, shell)
    (server / "bin" / "id").unlink()
    install_sh.program(server / "bin" / "id", "echo 0\n")
    code, out, err = install(server, "--dry-run", "--ld-so-conf", shell=shell)
    assert code == 0, err
    assert "1. would compile Python 3.6.15" in out
    assert "would write /etc/ld.so.conf.d/offkit-3.6.15.conf and run ldconfig (root)" in out
    assert not (server / "prefix").exists()
    assert source_maker.calls(server) == []


def test_ld_so_conf_needs_root(server):
    """It writes to /etc."""
    code, _, err = install(server, "--ld-so-conf", "--no-root")
    assert code == 4
    assert "error: RPM006 --ld-so-conf writes to /etc, which needs root" in err
    assert not (server / "prefix").exists()


@pytest.mark.parametrize("mode", ["w:xz", "w"])
def test_other_archives(tmp_path, mode):
    """xz, and none at all; told by the first bytes."""
    code, _, err = install(make_server(tmp_path, source_maker.source(mode=mode)))
    assert code == 0, err


def test_xz_that_is_not_there(tmp_path):
    """A server without xz says so."""
    tools = [tool for tool in TOOLS if tool != "xz"]
    server = make_server(tmp_path, source_maker.source(mode="w:xz"), tools)
    code, _, err = install(server)
    assert code == 4
    assert "error: PY024 xz is not installed, which is needed to unpack Python-3.6.15.tgz" in err


def test_a_damaged_bundle_is_not_compiled(server):
    """The bytes behind the manifest are vouched for before anything of them is used."""
    path = server / "medium" / "bundle.tar"
    data = bytearray(path.read_bytes())
    data[data.index(b"\x1f\x8b") + 30] ^= 1
    path.write_bytes(bytes(data))
    assert install(server)[0] == 3
    assert not (server / "prefix").exists()


def test_a_terminal_is_shown_how_it_goes(server):
    """Seconds and lines of log; elsewhere plain lines only."""
    controller, terminal = os.openpty()
    (server / "wait-make").write_text("")
    argv = ["sh", str(server / "medium" / "install.sh"), "--prefix", str(server / "prefix")]
    environment = {"PATH": str(server / "bin"), "HOME": str(server), "TMPDIR": str(server / "tmp")}
    child = subprocess.Popen(argv, env=environment, stderr=terminal, stdout=subprocess.DEVNULL)
    os.close(terminal)
    seen = b""
    try:
        while not re.search(rb"  compiling: [1-9]\d* s, \d+ lines of log", seen):
            more = waiting.typed(controller)
            assert more, seen
            seen += more
    finally:
        child.terminate()
        child.wait()
        os.close(controller)

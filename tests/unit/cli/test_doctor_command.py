"""offkit doctor, as it is typed and as it is read."""

import json
import os
import shutil
import subprocess
import sys
import types

import pytest
import typer

import bundle_maker
import offkit.server.doctor.examine as doctor_package
from offkit.cli import doctor, options, render
from offkit.edges import host
from offkit.edges import run as run_module
from offkit.elf.resolution import Resolution
from offkit.model import checklist, yum
from offkit.model.errors import EXIT_ENVIRONMENT, EnvironmentProblem, IntegrityError, RequestError, UsageError
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.server.doctor import checks, forecast, needs, repair
from offkit.server.doctor.examine import Examination, Provider, Summary, examine
from offkit.server.environment import environment
from offkit.server.install import beforehand, fetching, session
from offkit.server.system import description, ledger
from repo_maker import library_packages, repository, write
from server_maker import DYNLOAD, Server

YUM = "yum --disablerepo='*' --enablerepo='offkit-*' install "


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "root")
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    return made


@pytest.fixture
def offkit(capsys):
    """Run the command; (exit code, stdout, stderr)."""

    def run(*args):
        app = typer.Typer(add_completion=False)
        app.command()(doctor.doctor)
        try:
            code = typer.main.get_command(app).main(list(args), standalone_mode=False)
        except typer.Exit as leave:
            code = leave.exit_code
        out = capsys.readouterr()
        return code or 0, out.out, out.err

    yield run
    render.console()


def test_it_starts_without_what_it_does_not_do(server):
    """A client of HTTP, a bundle and a repair take a quarter of the time in which everything is imported."""
    code = "import sys; sys.argv[0] = 'offkit'; from offkit.cli.app import main\ntry:\n    main()\n"
    code += "except SystemExit:\n    print([name for name in {!r} if name in sys.modules])\n".format(
        [
            "http.client",
            "email.parser",
            "offkit.server.bundle.bundle_file",
            "offkit.server.doctor.repair",
            "offkit.server.install",
        ]
    )
    words = ["doctor", "/opt/env", "libraries", "-q", "--root", str(server.root)]
    toolkit = os.path.dirname(os.path.dirname(os.path.dirname(doctor.__file__)))
    env = dict(os.environ, PYTHONPATH=toolkit)
    said = subprocess.check_output([sys.executable, "-c", code, *words], env=env)
    assert said.decode().splitlines()[-1] == "[]"


def test_healthy(server, offkit):
    """A line for each group, exit code 0."""
    code, out, err = offkit("/opt/env", "--root", server.root)
    assert code == 0
    assert [line[2:] for line in out.splitlines()] == [
        "interpreter: CPython 3.6.8 at /usr/local/bin/python3.6",
        "libraries: 16 extension modules find every library (19 ELF files read)",
        "needs: nothing is missing that packages are known to want when they run",
        "packages: none installed here",
        "machine: CentOS Linux 7 (Core)",
        "repositories: nothing blocks yum",
    ]
    assert "looking for libraries" in err


def test_one_of_each(server, offkit):
    """A package, with its two files."""
    server.distribution("fast", files={"fast.py": ""})
    out = offkit("/opt/env", "packages", "--root", server.root)[1]
    assert out[2:] == "packages: 1 package complete, 2 files as recorded\n"


def test_the_prefix_of_a_python_is_called_so(server, offkit):
    """/usr is no virtual environment."""
    server.link("/usr/bin/python3.6", "/usr/local/bin/python3.6")
    out = offkit("/usr", "interpreter", "packages", "--root", server.root)[1]
    assert [line[2:] for line in out.splitlines()] == [
        "interpreter: CPython 3.6 at /usr/local/bin/python3.6; /usr is its own prefix, not a virtual environment",
        "packages: none installed here",
    ]


def test_quiet_and_healthy_says_nothing(server, offkit):
    """Neither on stdout nor on stderr."""
    assert offkit("/opt/env", "--root", server.root, "-q") == (0, "", "")


def test_problems(server, offkit, monkeypatch):
    """In a line, the other groups ticked, how many there are, the one line last, exit code 1."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    server.module("cv2/cv2", needed=["libSM.so.6", "libXext.so.6"])
    code, out, _ = offkit("/opt/env", "--root", server.root)
    assert code == 1
    lost = "LIB001  2 libraries are missing: libSM.so.6, libXext.so.6; needed by cv2"
    assert [line[2:] for line in out.splitlines() if "LIB001" in line] == [lost]
    assert "looked in" not in out
    assert "libraries: " not in out
    assert "packages: " in out
    doubt = (
        "these packages are by offkit's table of el7; no repository was read, so whether the ISO has them "
        "and all they require is not known (--iso FILE reads yours)"
    )
    yum = "  " + YUM + "libSM libXext"
    said = ["", "2 errors, 1 warning", "", doubt]
    assert out.splitlines()[-6:] == [*said, "to install everything at once:", yum]
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    out = offkit("/opt/env", "--root", server.root)[1]
    assert out.splitlines()[-4:] == [
        "without root, for your own installation only:",
        "  sh install.sh bundle.tar --iso FILE",
        "as root, to install everything at once:",
        yum,
    ]


def test_d11_nine_libraries_are_one_line(server, offkit):
    """D11: not a screenful of places before the line that matters. Where was looked is told with -v, and
    the count is that of what was told."""
    names = ["libSM.so.6", "libICE.so.6", "libXext.so.6", "libX11.so.6", "libXrender.so.1"]
    names += ["libGL.so.1", "libgthread-2.0.so.0", "libglib-2.0.so.0", "libstdc++.so.6"]
    server.module("cv2/cv2", needed=names)
    code, out, _ = offkit("/opt/env", "libraries", "--root", server.root)
    lines = out.splitlines()
    assert code == 1
    assert lines[0][2:] == "LIB001  9 libraries are missing: {}; needed by cv2".format(", ".join(names))
    assert lines[1:3] == ["", "9 errors"]
    assert lines[-1].startswith("  " + YUM + "glib2 libICE libSM ")
    assert "looked in" not in out
    verbose = offkit("/opt/env", "libraries", "--root", server.root, "-v")[1]
    assert verbose.count(": is missing; needed by cv2/cv2.cpython-36m-x86_64-linux-gnu.so\n") == 9
    assert verbose.count("      looked in  /usr/lib64 (default directory)\n") == 9
    assert verbose.splitlines()[-1] == lines[-1]
    data = json.loads(offkit("/opt/env", "libraries", "--root", server.root, "--json")[1])
    assert [each["subject"] for each in data["findings"]] == names
    assert all(each["looked_in"] for each in data["findings"])
    assert "  " + data["install_line"] == lines[-1]


def test_warnings_alone_are_healthy(server, offkit):
    """Shown, but the exit code is 0."""
    server.remove(DYNLOAD + "/_bz2.cpython-36m-x86_64-linux-gnu.so")
    code, out, _ = offkit("/opt/env", "--root", server.root)
    assert (code, "PY001" in out) == (0, True)


def test_what_is_for_information_is_shown_with_v(server, offkit):
    """Also each library with how it was found."""
    server.remove(DYNLOAD + "/_tkinter.cpython-36m-x86_64-linux-gnu.so")
    assert "tkinter" not in offkit("/opt/env", "--root", server.root)[1]
    out = offkit("/opt/env", "--root", server.root, "-v")[1]
    assert "tkinter" in out
    assert "  libc.so.6  /usr/lib64/libc.so.6  default directory" in out


def test_json(server, offkit):
    """One document on stdout, nothing else there."""
    server.module("cv2/cv2", needed=["libSM.so.6"])
    code, out, _ = offkit("/opt/env", "--root", server.root, "--json")
    data = json.loads(out)
    assert code == 1
    assert list(data) == [
        "schema",
        "environment",
        "checks",
        "summary",
        "findings",
        "providers",
        "repositories",
        "install_line",
        "fix",
    ]
    assert (data["schema"], data["environment"]) == ("offkit/doctor-1", "/opt/env")
    assert data["install_line"] == YUM + "libSM"
    assert data["summary"]["python"] == "3.6.8"
    finding = data["findings"][0]
    assert [each["code"] for each in data["findings"]] == ["LIB001", "REPO001"]
    assert finding["subject"] == "libSM.so.6"
    assert data["providers"] == [{"soname": "libSM.so.6", "rpms": ["libSM"], "source": "table"}]
    assert finding["looked_in"][0] == "/etc/ld.so.cache (ld.so.cache)"


def test_a_path_may_be_written_from_outside(server, offkit):
    """/mnt/root/opt/env with --root /mnt/root is /opt/env."""
    out = offkit(server.host("/opt/env"), "--root", server.root, "--json")[1]
    assert json.loads(out)["environment"] == "/opt/env"


def test_no_environment(server, offkit):
    """The error boundary makes exit code 4 of it."""
    with pytest.raises(EnvironmentProblem) as caught:
        offkit("/nowhere", "--root", server.root)
    assert caught.value.exit_code == EXIT_ENVIRONMENT


def test_prefix(server, offkit):
    """--prefix names the place whose current generation is meant."""
    server.link("/srv/offkit/current", "/opt/env")
    out = offkit("--prefix", "/srv/offkit", "--root", server.root, "--json")[1]
    assert json.loads(out)["environment"] == "/srv/offkit/current"


def test_list_checks(offkit):
    """Their names, the codes they give, and what they look at; also as JSON."""
    code, out, _ = offkit("--list-checks")
    assert code == 0
    names = [line.replace(", RPM", ",RPM").split()[:2] for line in out.splitlines()]
    assert names == [
        ["interpreter", "PY"],
        ["libraries", "LIB"],
        ["needs", "NEED"],
        ["packages", "PKG"],
        ["machine", "ENV"],
        ["repositories", "REPO,RPM"],
    ]
    data = json.loads(offkit("--list-checks", "--json")[1])
    assert (data["schema"], data["checks"][0]["name"]) == ("offkit/doctor-checks-1", "interpreter")


@pytest.mark.parametrize(
    "asked",
    [("packages", "/opt/env"), ("/opt/env", "packages"), ("/opt/env", "--check", "packages")],
)
def test_some_checks_only(server, offkit, asked):
    """Named beside the place, before or behind it, or with --check."""
    server.module("cv2/cv2", needed=["libSM.so.6"])
    code, out, _ = offkit(*asked, "--root", server.root)
    assert (code, out[2:]) == (0, "packages: none installed here\n")


def test_several_checks(server, offkit):
    """In their own order."""
    out = offkit("repositories", "interpreter", "/opt/env", "--root", server.root)[1]
    assert [line[2:].partition(":")[0] for line in out.splitlines()] == ["interpreter", "repositories"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("/a", "/b"), "only one WHERE can be given, not /a and /b; checks are interpreter, libraries"),
        (("/opt/env", "librarys"), "only one WHERE can be given, not /opt/env and librarys"),
        (("/opt/env", "--prefix", "/srv"), "give either /opt/env or --prefix /srv, not both"),
        (("",), "WHERE is empty"),
        (("--prefix", ""), "--prefix is given, but empty"),
        (("--rpm-repo", ""), "--rpm-repo is given, but empty"),
        (("--root", "/none"), "--root /none is not a directory"),
        (("--check", "librarys"), "unknown check: librarys; checks are interpreter, libraries"),
        (
            ("--fix", "--root", "/usr"),
            "--fix installs on the running system and cannot be combined with --root",
        ),
        (("--fix",), "--fix asks before it installs: use a terminal, or add -y"),
        (("-y",), "-y is for --fix, which is not given"),
        (("--fix", "--json"), "--fix asks before it installs: use a terminal, or add -y"),
    ],
)
def test_usage(offkit, asked, words):
    """Said before anything is looked at."""
    with pytest.raises(UsageError) as caught:
        offkit(*asked)
    assert caught.value.message.startswith(words)


def test_a_check_that_is_misspelt(server, offkit):
    """A word that is neither a place nor a check: the checks are named."""
    with pytest.raises(EnvironmentProblem) as caught:
        offkit("libs", "--root", server.root)
    assert caught.value.message == "libs is neither a directory nor a check"
    assert caught.value.fix.startswith(
        "checks are interpreter, libraries, needs, packages, machine, repositories;"
    )


def test_a_file_that_is_no_bundle(offkit, tmp_path):
    """Said with what WHERE can be; the environment around it is named."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ninja").write_bytes(b"\x7fELF" + b"\0" * 600)
    with pytest.raises(UsageError) as caught:
        offkit(str(tmp_path / "bin" / "ninja"))
    assert caught.value.message == "{}/bin/ninja is a file, but not a bundle (not a tar archive)".format(
        tmp_path
    )
    assert caught.value.fix == (
        "WHERE is a virtual environment, the prefix of an 'offkit install', a generation or a bundle.tar"
    )
    (tmp_path / "pyvenv.cfg").write_bytes(b"")
    with pytest.raises(UsageError) as caught:
        offkit(str(tmp_path / "bin" / "ninja"))
    assert caught.value.fix.endswith("; this file is part of one: offkit doctor {}".format(tmp_path))


def test_an_interpreter_stands_for_its_environment(offkit, tmp_path):
    """It is what people have in hand: /usr/bin/python3."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").write_bytes(b"\x7fELF" + b"\0" * 600)
    with pytest.raises(EnvironmentProblem) as caught:
        offkit(str(tmp_path / "bin" / "python3"))
    assert caught.value.message.startswith("no Python environment at {}: it has neither".format(tmp_path))


@pytest.mark.parametrize(
    ("name", "contents"),
    [("bundle.tar", b"junk"), ("x", b"\0" * 257 + b"ustar\0"), ("b.tar.gz", b"\x1f\x8b")],
)
def test_a_damaged_bundle_is_one(offkit, tmp_path, name, contents):
    """By its name or its header: that is an integrity error, with what is wrong."""
    (tmp_path / name).write_bytes(contents)
    with pytest.raises(IntegrityError):
        offkit(str(tmp_path / name))


def test_an_iso_that_is_none(server, offkit, tmp_path):
    """A finding and exit code 1, not a traceback."""
    (tmp_path / "c7.iso").write_bytes(b"<html>404</html>" * 5000)
    code, out, _ = offkit("/opt/env", "--root", server.root, "--iso", str(tmp_path / "c7.iso"))
    assert code == 1
    assert "REPO004" in out
    assert "cannot be read as an ISO image: no ISO 9660 volume descriptor" in out


def test_the_iso_in_json(server, offkit, tmp_path):
    """Which repository answered, and what."""
    place = repository(tmp_path / "repo", library_packages("libSM.so.6"))
    server.module("cv2/cv2", needed=["libSM.so.6"])
    out = offkit("/opt/env", "libraries", "--root", server.root, "--rpm-repo", place, "--json")[1]
    data = json.loads(out)
    assert data["repositories"] == [{"place": place, "packages": 1}]
    assert data["providers"] == [{"soname": "libSM.so.6", "rpms": ["libSM"], "source": place}]
    assert (data["checks"], data["fix"]) == (["libraries"], None)


OWN = "[offkit-base]\nname=x\nbaseurl=file:///mnt/c7\ngpgcheck=0\n"


class Repairable:
    """The running system as the doctor would see it, and a yum that cures it."""

    def __init__(self, monkeypatch, server, code=0):
        self.argv, self.fetched = [], []
        self._server, self._code = server, code
        server.module("cv2/cv2", needed=["libSM.so.6"])
        server.put("/etc/yum.repos.d/offkit.repo", OWN)
        repository(server.host("/mnt/c7"), library_packages("libSM.so.6", "libXext.so.6"))
        monkeypatch.setattr(doctor_package, "examine", self.examine)
        monkeypatch.setattr(run_module, "run", self.run)
        monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/" + name)

    def examine(self, where, root="/", **asked):
        """--fix is for the running system, so the fake one takes its place."""
        return examine(where, self._server.root, **asked)

    def run(self, argv, env, gently):
        if "--version" in argv or "--downloadonly" in argv:
            self.fetched.append(list(argv))
            return run_module.Result(argv, 0, "4.14.0\n", "")
        if argv[0] == "rpm":
            return run_module.Result(argv, 1, "", "")
        self.argv.append(list(argv))
        if not self._code:
            self._server.library("libSM.so.6")
        return run_module.Result(argv, self._code, "Installed:\n  libSM\n", "No package libSM available.\n")


YUM_ARGV = ["yum", "-y", *yum.OPTIONS, "install", "libSM"]


def test_fix(server, offkit, monkeypatch):
    """The printed line is run once, then everything is looked at again."""
    fake = Repairable(monkeypatch, server)
    code, out, err = offkit("/opt/env", "--fix", "-y")
    assert (code, fake.argv) == (0, [YUM_ARGV])
    assert [argv[-2:] for argv in fake.fetched] == [["yum", "--version"], ["install", "libSM"]]
    assert "--nogpgcheck" in fake.fetched[1]
    assert "LIB001" not in out
    assert YUM + "libSM -y" in err


def test_fix_in_json(server, offkit, monkeypatch):
    """What was run is part of the document."""
    Repairable(monkeypatch, server)
    data = json.loads(offkit("/opt/env", "--fix", "-y", "--json")[1])
    assert data["fix"] == {"argv": YUM_ARGV, "returncode": 0}
    assert [each["code"] for each in data["findings"] if each["severity"] == "error"] == []


def test_fix_says_what_could_not_be_verified(server, offkit, monkeypatch):
    """A yum 3 that fetches nothing although told to."""
    fake = Repairable(monkeypatch, server)
    said = 'exiting because "Download Only" specified\n'
    run = fake.run

    def three(argv, env, gently):
        done = run(argv, env, gently)
        return done._replace(stdout="3.4.3\n" + said) if argv in fake.fetched else done

    monkeypatch.setattr(run_module, "run", three)
    code, _, err = offkit("/opt/env", "--fix", "-y")
    assert (code, fake.argv) == (0, [YUM_ARGV])
    assert "RPM025 yum says that it has fetched the RPMs, and has not" in err


def test_nothing_to_fix(server, offkit, monkeypatch):
    """A healthy environment needs no yum."""
    fake = Repairable(monkeypatch, server)
    server.library("libSM.so.6")
    assert (offkit("/opt/env", "--fix", "-y")[0], fake.argv) == (0, [])


def test_yum_fails(server, offkit, monkeypatch):
    """By its name, with yum's own words and the line to run again."""
    Repairable(monkeypatch, server, code=1)
    with pytest.raises(RequestError) as caught:
        offkit("/opt/env", "--fix", "-y")
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject) == ("RPM004", "libSM")
    assert finding.looked_in == ("No package libSM available.",)
    assert caught.value.fix == "then, as root: yum --disablerepo='*' --enablerepo='offkit-*' install libSM"


def test_fix_installs_again_what_is_damaged(server, offkit, monkeypatch):
    """To yum it is installed; what is missing is installed first."""
    fake = Repairable(monkeypatch, server)
    server.put("/usr/lib64/libSM.so.6", b"")
    assert (offkit("/opt/env", "--fix", "-y")[0], fake.argv) == (0, [[*YUM_ARGV[:-2], "reinstall", "libSM"]])
    server.put("/usr/lib64/libSM.so.6", b"")
    server.module("y", needed=["libXext.so.6"])
    del fake.argv[:]
    data = json.loads(offkit("/opt/env", "--fix", "-y", "--json")[1])
    assert [argv[-2:] for argv in fake.argv] == [["install", "libXext"], ["reinstall", "libSM"]]
    assert (data["fix"]["argv"][-2], data["fix"]["then"]["argv"][-2]) == ("install", "reinstall")


def test_fix_that_does_not_help(server, offkit, monkeypatch):
    """yum has nothing to do and ends well; that is no cure, and it is said."""
    fake = Repairable(monkeypatch, server)
    monkeypatch.setattr(
        run_module, "run", lambda argv, *_, **__: run_module.Result(argv, 0, "Nothing to do\n", "")
    )
    code, out, _ = offkit("/opt/env", "--fix", "-y", "--json")
    found = json.loads(out)["findings"]
    (futile,) = [each for each in found if each["code"] == "REPO009"]
    assert (code, futile["severity"], fake.argv) == (1, "error", [])
    assert futile["message"] == "yum ran without an error, but the problem remains: libSM.so.6"
    assert futile["fix"] == "'rpm -V libSM' shows which of their files are damaged or missing"


def test_fix_while_the_iso_is_not_mounted(server, offkit, monkeypatch):
    """yum would only fail, so it is not run; what has to come first is said."""
    fake = Repairable(monkeypatch, server)
    shutil.rmtree(server.host("/mnt/c7"))
    with pytest.raises(EnvironmentProblem) as caught:
        offkit("/opt/env", "--fix", "-y")
    assert fake.argv == []
    assert [(each.code, each.fix) for each in caught.value.findings] == [
        ("REPO003", "mount -o loop,ro FILE.iso /mnt/c7")
    ]
    assert caught.value.message == "yum was not run: it cannot read offkit-base"
    assert caught.value.fix == "as root: mount -o loop,ro FILE.iso /mnt/c7; then {}libSM".format(YUM)


@pytest.mark.parametrize("checks", [(), ("libraries",)])
def test_fix_without_a_repository(server, offkit, monkeypatch, checks):
    """ "Unknown repo": yum is not run, and it is said how it comes to one."""
    fake = Repairable(monkeypatch, server)
    server.remove("/etc/yum.repos.d/offkit.repo")
    with pytest.raises(EnvironmentProblem) as caught:
        offkit("/opt/env", *checks, "--fix", "-y")
    assert (fake.argv, fake.fetched) == ([], [])
    assert caught.value.message == "yum was not run: there is no repository to install from"
    assert caught.value.fix == "as root: offkit repo add --iso FILE.iso; or run this with --iso FILE.iso"
    assert [each.code for each in caught.value.findings] == ([] if checks else ["REPO001"])


def test_fix_without_a_repository_and_with_a_medium(server, offkit, monkeypatch, tmp_path):
    """It is installed from there, as an installation does it; nothing of the server's is asked or changed."""
    fake = Repairable(monkeypatch, server)
    server.remove("/etc/yum.repos.d/offkit.repo")
    place = repository(tmp_path / "medium", library_packages("libSM.so.6"))
    write(place, "RPM-GPG-KEY-Lab", b"key")
    before = sorted(os.listdir(server.host("/etc/yum.repos.d")))
    asked, done = [], []
    monkeypatch.setattr(
        fetching, "fetch", lambda wish, *more: done.append(wish) or fetching.Fetched((), (), ())
    )
    monkeypatch.setattr(fetching, "arrived", lambda wish, run: None)
    monkeypatch.setattr(ledger, "installed", lambda run: [])
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(render, "ask", lambda text: asked.append(text) or True)
    code, out, _ = offkit("/opt/env", "--rpm-repo", place, "--fix")
    assert code == 0, out
    assert asked == ["run  install libSM with yum from {}  ?".format(place)]
    assert [(wish.rpms, [base.directory for base in wish.bases]) for wish in done] == [(("libSM",), [place])]
    argv, after = fake.argv
    (folder,) = [word.partition("reposdir=")[2] for word in argv if "reposdir=" in word]
    assert after == list(ledger.LDCONFIG)
    assert argv[-2:] == ["install", "libSM"]
    assert not os.path.exists(folder)
    assert sorted(os.listdir(server.host("/etc/yum.repos.d"))) == before


@pytest.mark.parametrize(("answer", "runs"), [(True, 1), (False, 0)])
def test_fix_asks(server, offkit, monkeypatch, answer, runs):
    """On a terminal, with the line that it would run."""
    fake = Repairable(monkeypatch, server)
    asked = []
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(render, "ask", lambda text: asked.append(text) or answer)
    code, out, _ = offkit("/opt/env", "--fix")
    assert (code, len(fake.argv)) == (0 if answer else 1, runs)
    assert asked == ["run  {}libSM  ?".format(YUM)]
    assert ("LIB001" in out) is not answer


class Terminal:
    """stdin with somebody behind it."""

    def isatty(self):
        return True

    def readline(self):
        return "\n"


def test_without_fix_nothing_is_run(server, offkit, monkeypatch):
    """The doctor alone changes nothing: not a byte, not a time stamp, and starts nothing."""
    fake = Repairable(monkeypatch, server)
    before = snapshot(server.root)
    assert offkit("/opt/env")[0] == 1
    assert fake.argv == []
    assert snapshot(server.root) == before


def snapshot(top):
    return sorted(
        (folder, name, os.lstat(os.path.join(folder, name)).st_mtime_ns)
        for folder, folders, names in os.walk(top)
        for name in folders + names
    )


def examination(system="CentOS 7", el=7, findings=(), **more):
    """What examining found, of an environment that was not there."""
    summary = Summary(
        "/e", "3.6.8", "/p", system, el, 1, 2, 3, 4, more.pop("line", ""), "virtual environment"
    )
    found = Examination(
        checks=("packages",),
        summary=summary,
        findings=list(findings),
        resolutions=[],
        providers=[],
        repositories={},
        rpms=(),
        again=(),
    )
    return found._replace(**more)


@pytest.fixture
def examined(monkeypatch):
    """How examine was asked; ``found`` is what it answers."""
    made = types.SimpleNamespace(asked=[], found=examination())

    def examine(where, root, **how):
        made.asked.append((where, root, how))
        return made.found

    monkeypatch.setattr(doctor_package, "examine", examine)
    return made


def test_what_is_looked_at(offkit, examined, monkeypatch, tmp_path):
    """Where nobody says: what this offkit belongs to, or the prefix that is named; all checks, or some."""
    monkeypatch.setattr(options, "default_prefix", lambda: "/default")
    monkeypatch.chdir(tmp_path)
    here = os.getcwd()
    asked = []
    real = environment.default_where
    monkeypatch.setattr(environment, "default_where", lambda *args: asked.append(args) or real(*args))
    offkit()
    offkit("--prefix", "p", "packages", "--check", "machine")
    offkit("./x", "--root", ".", "--iso", "a.iso", "--rpm-repo", "r", "--rpm-repo", "/s")
    assert [one[:2] for one in examined.asked] == [
        ("/default/current", "/"),
        (here + "/p/current", "/"),
        ("/x", here),
    ]
    assert asked == [("/default", doctor.__file__), ("p", "")]
    hows = [one[2] for one in examined.asked]
    assert [how["checks"] for how in hows] == [checks.NAMES, ("packages", "machine"), checks.NAMES]
    assert [(how["isos"], how["rpm_repos"]) for how in hows] == [([], [])] * 2 + [
        ([here + "/a.iso"], [here + "/r", "/s"])
    ]
    assert all(isinstance(how["reporter"], render.Console) for how in hows)


def test_places_inside(offkit, examined, tmp_path):
    """A path of the mounted system may be written from outside; its top is /."""
    top = str(tmp_path)
    for where in (top + "/opt/env", "/opt/env", top, top + "x/env"):
        offkit(where, "--root", top + "/")
    assert [one[0] for one in examined.asked] == ["/opt/env", "/opt/env", "/", top + "x/env"]


def test_the_whole_document(offkit, examined):
    """Every field, in its order."""
    finding = Finding("PKG001", WARNING, "x", "is old", ("/l",), "renew it")
    found = examination(findings=[finding], line="yum install x", repositories={"/r": 2, "/s": 1})
    examined.found = found._replace(providers=[Provider("a.so", ("x", "y"), "table")])
    code, out, _ = offkit("/e", "--json")
    assert code == 0
    assert json.loads(out) == {
        "schema": "offkit/doctor-1",
        "environment": "/e",
        "checks": ["packages"],
        "summary": dict(found.summary._asdict()),
        "findings": [finding.to_json()],
        "providers": [{"soname": "a.so", "rpms": ["x", "y"], "source": "table"}],
        "repositories": [{"place": "/r", "packages": 2}, {"place": "/s", "packages": 1}],
        "install_line": "yum install x",
        "fix": None,
    }


def test_words_for_each_check(offkit, examined):
    """Those that were made and found nothing; with -v the repositories, and libraries by their first find."""
    info = Finding("LIB012", INFO, "offkit/lib64", "2 libraries are carried")
    examined.found = examination(findings=[info], repositories={"/r": 2, "/s": 1})._replace(
        checks=checks.NAMES,
        resolutions=[
            Resolution("b.so", "m.so", "RPATH", "/lib/../lib64/b.so", ()),
            Resolution("b.so", "m.so", "cache", "/other/b.so", ()),
            Resolution("a.so", "m.so", "not found", "", ()),
            Resolution("c.so", "m.so", "already loaded", "/c.so", ()),
        ],
    )
    told = [line[2:] for line in offkit("/e")[1].splitlines()]
    assert told == [
        "interpreter: CPython 3.6.8 at /p",
        "libraries: 2 extension modules find every library (1 ELF file read)",
        "libraries: 2 libraries are carried",
        "needs: nothing is missing that packages are known to want when they run",
        "packages: 3 packages complete, 4 files as recorded",
        "machine: CentOS 7",
        "repositories: nothing blocks yum",
    ]
    lines = offkit("/e", "-v")[1].splitlines()
    assert [line[2:] for line in lines[:2]] == told[:2]
    assert lines[2].endswith("LIB012  offkit/lib64: 2 libraries are carried")
    assert [line[2:] for line in lines[3:7]] == told[3:]
    assert lines[7:] == [
        "libraries",
        "  a.so  -            not found",
        "  b.so  /lib64/b.so  RPATH",
        "repositories read",
        "  /r  2 packages",
        "  /s  1 package",
    ]
    assert offkit("/e", "-q")[1] == ""


def test_one_module_finds_what_it_needs(offkit, examined):
    examined.found = examination()._replace(checks=("libraries",))
    examined.found = examined.found._replace(summary=examined.found.summary._replace(modules=1, elf_files=2))
    assert offkit("/e")[1][2:] == "libraries: 1 extension module finds every library (2 ELF files read)\n"


def test_fix_where_no_package_is_known(offkit, examined):
    """Nothing is run, and that is said; not where all is well."""
    examined.found = examination(findings=[Finding("LIB001", ERROR, "libno.so", "is missing")])
    code, _, err = offkit("/e", "--fix", "-y")
    assert code == 1
    assert "--fix has installed nothing: no package is known that mends what is found here" in err
    examined.found = examination()
    assert "--fix" not in offkit("/e", "--fix", "-y")[2]


def test_fix_where_there_is_no_yum(offkit, examined):
    """Another distribution."""
    examined.found = examination("Debian 12", 0, rpms=("libSM",))
    with pytest.raises(EnvironmentProblem) as caught:
        offkit("/e", "--fix", "-y")
    assert caught.value.message == "Debian 12 has no yum, which --fix needs"


def test_fix_on_a_system_beside_enterprise_linux(monkeypatch):
    """One that offkit has a file about has yum, and its packages' names are its own."""
    here = host.Host("x86_64", (2, 34), {"ID": "openEuler", "VERSION_ID": "22.03"}, "5.10", False)
    monkeypatch.setattr(host, "here", lambda: here)
    repair.refuse(examination("openEuler", 0, rpms=("libSM",)))
    monkeypatch.setattr(host, "here", lambda: here._replace(os_release={"ID": "debian"}))
    with pytest.raises(EnvironmentProblem, match="has no yum"):
        repair.refuse(examination("openEuler", 0, rpms=("libSM",)))


def test_a_bundle(offkit, monkeypatch, tmp_path):
    """Compared with the server whose root is named: what is missing, and the line for it; or that nothing is."""
    path = tmp_path / "b.tar"
    made = bundle_maker.make()
    path.write_bytes(made.data)
    asked = []
    lost = Finding("LIB001", ERROR, "a.so", "is missing")
    found = [lost]

    def examine(*args):
        asked.append(args)
        catalog = types.SimpleNamespace(read={"/r": 3})
        return forecast.Forecast(found, 2, "CentOS 7", "yum install a", ("a",), (), catalog)

    monkeypatch.setattr(forecast, "examine", examine)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(beforehand, "judge", lambda *about: [])
    monkeypatch.chdir(tmp_path)
    code, out, _ = offkit("b.tar", "--root", ".", "--iso", "c.iso", "--rpm-repo", "r")
    here = os.getcwd()
    wanted, target = checklist.load(bundle_maker.CHECKLIST), made.manifest.target
    bundled = needs.Bundled({"alpha": "1.0", "beta": "2.1"}, ())
    assert asked == [(wanted, target, here, [here + "/c.iso"], [here + "/r"], bundled)]
    assert code == 1
    assert out.splitlines()[0].endswith("LIB001  a.so: is missing")
    assert out.splitlines()[1:] == ["", "1 error", "", "to install everything at once:", "  yum install a"]
    data = json.loads(offkit("b.tar", "--json")[1])
    assert data == {
        "schema": "offkit/doctor-1",
        "bundle": here + "/b.tar",
        "summary": {"system": "CentOS 7", "libraries": 2},
        "findings": [lost.to_json()],
        "repositories": [{"place": "/r", "packages": 3}],
        "install_line": "yum install a",
    }
    found[:] = []
    code, out, _ = offkit("b.tar")
    assert code == 0
    assert out.splitlines()[0][2:] == "libraries: CentOS 7 has the 2 libraries that the bundle needs"
    assert "libraries:" not in offkit("b.tar", "-q")[1]
    found[:] = [lost._replace(severity=INFO, fix="nothing: a comes with the bundle")]
    words = "libraries: CentOS 7 and the bundle have the 2 libraries that the bundle needs"
    assert offkit("b.tar")[1].splitlines()[0][2:] == words
    for words in (("packages",), ("--fix", "-y")):
        with pytest.raises(UsageError) as caught:
            offkit("b.tar", *words)
        assert caught.value.message == "a bundle is checked as a whole, without CHECK or --fix"


def test_a_bundle_that_would_be_refused_here(offkit, monkeypatch, tmp_path):
    """By this machine's C library and release; nothing of another root, whose C library nobody can ask."""
    made = bundle_maker.make()
    (tmp_path / "b.tar").write_bytes(made.data)
    (tmp_path / "root").mkdir()
    arch = made.manifest.target.arch
    here = host.Host(arch, (2, 12), {"ID": "centos", "VERSION_ID": "7", "NAME": "CentOS"}, "3.10", True)
    monkeypatch.setattr(host, "here", lambda: here)
    monkeypatch.setattr(forecast, "_other_machine", lambda *_: [])

    def codes(*words):
        code, out, _ = offkit(str(tmp_path / "b.tar"), "--json", *words)
        return code, [
            each["code"] for each in json.loads(out)["findings"] if each["code"].startswith("ENV02")
        ]

    assert codes() == (1, ["ENV022"])
    assert codes("--root", str(tmp_path / "root"))[1] == []
    here = here._replace(glibc=(2, 34), os_release={"ID": "rocky", "VERSION_ID": "9.4", "ID_LIKE": "rhel"})
    python = {"path": "/usr/bin/python3.6", "version": "3.6.8", "implementation": "cpython", "bits": 64}
    monkeypatch.setattr(description, "describe", lambda run, path: {"pythons": [python]})
    assert codes() == (0, ["ENV023"])
    refused = Finding("RPM003", ERROR, "a-1.0-1.el9.x86_64", "is signed with key 1, which is not here")
    monkeypatch.setattr(session, "refused", lambda *about: [refused])
    code, out, _ = offkit(str(tmp_path / "b.tar"))
    assert code == 1
    assert "RPM003  a-1.0-1.el9.x86_64: is signed with key 1, which is not here" in out


def test_the_question_before_a_repair(offkit, examined, monkeypatch):
    """Goes to stderr: stdout is for what was found."""
    examined.found = examination(findings=[], rpms=("libSM",))
    monkeypatch.setattr(sys, "stdin", Terminal())
    code, out, err = offkit("/e", "--fix")
    assert code == 0
    assert "run  {}libSM  ? [y/N] ".format(YUM) in err
    assert "[y/N]" not in out
    assert len(examined.asked) == 1

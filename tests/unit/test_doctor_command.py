"""offkit doctor, as it is typed and as it is read."""

import json

import pytest
import typer

from offkit.cli import doctor, render
from offkit.model.errors import EXIT_ENVIRONMENT, EnvironmentProblem
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


def test_healthy(server, offkit):
    """A line for each group, exit code 0."""
    code, out, err = offkit("/opt/env", "--root", server.root)
    assert code == 0
    assert [line[2:] for line in out.splitlines()] == [
        "interpreter: CPython 3.6.8 at /usr/local/bin/python3.6",
        "libraries: 16 extension modules find every library (19 ELF files read)",
        "packages: 0 packages complete, 0 files as recorded",
        "machine: CentOS Linux 7 (Core)",
        "repositories: nothing in yum's way",
    ]
    assert "looking for libraries" in err


def test_quiet_and_healthy_says_nothing(server, offkit):
    """Neither on stdout nor on stderr."""
    assert offkit("/opt/env", "--root", server.root, "-q") == (0, "", "")


def test_problems(server, offkit):
    """Findings with their cures, the other groups ticked, the one line last, exit code 1."""
    server.module("cv2/cv2", needed=["libSM.so.6", "libXext.so.6"])
    code, out, _ = offkit("/opt/env", "--root", server.root)
    assert code == 1
    assert out.count("LIB001") == 2
    assert "libSM.so.6: is missing; needed by cv2/cv2.cpython-36m" in out
    assert "looked in  /usr/lib64 (default directory)" in out
    assert "libraries: " not in out
    assert "packages: " in out
    assert out.splitlines()[-2:] == ["everything to install, in one go:", "  " + YUM + "libSM libXext"]


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

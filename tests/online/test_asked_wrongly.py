"""What is asked wrongly: a usage error that names it, never an error of ours."""

import shutil
from pathlib import Path

import pytest

from offkit.cli import app
from offkit.model.errors import EnvironmentProblem, RequestError, UsageError
from offkit.model.report import Reporter
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from offkit.online.wheels.kept import Kept
from target_maker import preset

EL7 = preset("3.6")
FILE = "give -r a file with one requirement per line"
SYNTAX = "write it as for pip: name, name==1.2, name>=1,<2, name[extra], or a path to a wheel"


def refused(args, *requirements, files=()):
    with pytest.raises(UsageError) as caught, Session(EL7, args, Reporter()) as session:
        session.lock(Request(requirements, tuple(map(Path, files)), ()))
    return caught.value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Invalid requirement: ''"),
        ("./nosuch-1-py3-none-any.whl", "./nosuch-1-py3-none-any.whl: no such file or directory"),
        ("./nosuch.whl", "./nosuch.whl: no such file or directory"),
        ("../nosuch[extra]; python_version > '3'", "../nosuch[extra]: no such file or directory"),
        ("six @ file:///nosuch-1-py3-none-any.whl", "file:///nosuch-1-py3-none-any.whl: no such file or directory"),
        ("x @ http://host:port/x-1-py3-none-any.whl", "x: http://host:port/x-1-py3-none-any.whl is not a URL"),
        ("x @ http://u:p/w@host/x-1-py3-none-any.whl", "x: http://host/x-1-py3-none-any.whl is not a URL"),
        ("x @ ssh://git@h/x", "x: ssh://git@h/x: pip knows no URL that begins with ssh:; a repository is git+ssh://git@h/x"),
        ("x @ ftp://u:p@h/x-1.zip", "x: ftp://h/x-1.zip: pip knows no URL that begins with ftp:"),
        ("x @ http://[::1/x-1-py3-none-any.whl", "Invalid"),
        ("alpha; os_name ~= 'posix'", 'alpha: its marker (os_name ~= "posix") means nothing'),
        ("alpha; 'a' == 'b'", 'alpha: its marker ("a" == "b") means nothing'),
        ("http://[::1]:9/beta-1-py3-none-any.whl#egg=beta[x]", "what follows #egg= in a URL is no project's name"),
        ("a" * 129, "a" * 40 + "... is no name: it has 129 characters"),
        ("distro-info===0.23ubuntu1", "distro-info===0.23ubuntu1: no index has a version that PEP 440 does not know"),
    ],
)  # fmt: skip
def test_a_requirement(mirror, tmp_path, monkeypatch, text, said):
    """As a word and in a file."""
    monkeypatch.chdir(tmp_path)
    args = mirror("alpha").args
    assert said in refused(args, "alpha", text).message
    if text:
        (tmp_path / "requirements.txt").write_text(f"alpha\n{text}\n")
        assert said in refused(args, files=["requirements.txt"]).message


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://host]/x", "http://bob:a[b@h/x", "http://h:port/r.txt"]
)
def test_a_file_by_what_is_no_url(capsys, monkeypatch, tmp_path, url):
    """As -r or -c, in a file, in a variable."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.txt").write_text(f"-r {url}\n")
    (tmp_path / "c.txt").write_text(f"-c {url}\nalpha\n")
    ways = [["-r", url], ["alpha", "-c", url], ["-r", "r.txt"], ["-r", "c.txt"], ["-r", url, "--group", "x"]]
    for words in ways:
        assert app._guarded(["lock", "--python", "3.6", "--no-index", *words]) == 2
        said = capsys.readouterr().err
        assert "is not a URL" in said
        assert "bob" not in said
    monkeypatch.setenv("PIP_CONSTRAINT", url)
    assert app._guarded(["lock", "--python", "3.6", "--no-index", "alpha"]) == 2
    assert "is not a URL" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["file://[x/y", "file://host/r.txt"])
def test_a_file_of_another_host(capsys, url):
    assert app._guarded(["lock", "--python", "3.6", "--no-index", "-r", url]) == 2
    assert f"{url} is no file of this machine" in capsys.readouterr().err


def test_a_constraints_file_that_is_not_there(capsys, monkeypatch, tmp_path):
    """It is said who names it: a variable or pip.conf; another cure than for a requirements file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pip.conf").write_text("[global]\nconstraint = none.txt\n")
    (tmp_path / "r.txt").write_text("-c none.txt\nalpha\n")

    def said(*words):
        assert app._guarded(["lock", "--python", "3.6", "--no-index", *words]) == 2
        found = capsys.readouterr().err
        assert "fix: name a constraints file that is there, or delete what names it\n" in found
        return found

    assert "error: Could not open constraint file: " in said("-r", "r.txt")
    assert "error: Could not open constraint file: " in said("alpha", "-c", "none.txt")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    assert f"error: {tmp_path}/pip.conf, line 2: Could not open constraint file: " in said("alpha")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_CONSTRAINT", "none.txt")
    assert "error: PIP_CONSTRAINT: Could not open constraint file: " in said("alpha")


def test_a_marker_of_a_pin(mirror, tmp_path):
    """A lock with hashes is read by other means, and refused in the same words."""
    (tmp_path / "lock.txt").write_text(f"alpha==1; os_name ~= 'posix' --hash=sha256:{'0' * 64}\n")
    with Session(EL7, mirror("alpha").args, Reporter(), Kept(tmp_path)) as session:
        with pytest.raises(UsageError, match=r'alpha: its marker \(os_name ~= "posix"\) means nothing'):
            session.lock(Request((), (tmp_path / "lock.txt",)))


def test_a_marker_of_a_package(mirror):
    """No pip can install it: said, and no bug of ours."""
    server = mirror()
    server.add("alpha", requires=["beta; os_name ~= 'posix'"])
    with pytest.raises(RequestError) as caught, Session(EL7, server.args, Reporter()) as session:
        session.lock(Request(("alpha",), ()))
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject) == ("REQ012", "alpha")
    assert "a marker in its metadata means nothing" in finding.message


def test_a_name_that_no_file_can_have(capsys):
    """Neither as a word nor as a file."""
    name = "a" * 5000
    for words, said in ((["-r", name], "File name too long"), ([name], "is no name: it has 5000 characters")):
        assert app._guarded(["lock", "--python", "3.6", "--no-index", *words]) == 2
        assert said in capsys.readouterr().err


def test_a_nul(mirror, tmp_path, monkeypatch):
    """In a word, and in a file, which is no UTF-16 for that."""
    args = mirror("alpha").args
    assert "Invalid requirement: 'a\\x00b'" in refused(args, "a\0b").message
    for word in ("x @ file:///srv/a%00b/x-1-py3-none-any.whl", "x @ file:///srv/\0x-1-py3-none-any.whl"):
        assert refused(args, word).message == "x: a path has no NUL byte"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "requirements.txt").write_bytes(b"alpha\nbeta==1\0\n")
    said = "requirements.txt, line 2: has a NUL byte; it is damaged, or no text"
    assert refused(args, files=["requirements.txt"]).message == said


def test_all_at_once(mirror):
    """What 'pip freeze' lists on Ubuntu."""
    args = mirror("alpha").args
    error = refused(
        args, "distro-info===0.23ubuntu1", "alpha", "x @ http://h:p/", "command-not-found===0.3+b"
    )
    assert [line.split(":")[0] for line in error.message.splitlines()] == ["distro-info===0.23ubuntu1", "x"]
    assert error.fix == "correct or delete 2 requirements"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("git+file:///srv/x", "REQ025"),
        ("git+file:/srv/x", "REQ025"),
        pytest.param(
            "git+ssh://git@host.invalid/x",
            "NET010",
            marks=pytest.mark.skipif(not shutil.which("ssh"), reason="no ssh here"),
        ),
        ("bzr+lp:x", "REQ025"),
        ("git+https://[::1]:80/x", "NET010"),
    ],
)
def test_checkouts_that_may_be_there(mirror, url, code):
    """Are no usage errors: they cannot be had, or nobody can be asked for them."""
    kind = EnvironmentProblem if code == "NET010" else RequestError
    with Session(EL7, mirror("alpha").args, Reporter()) as session, pytest.raises(kind) as caught:
        session.lock(Request((f"x @ {url}",), (), ()))
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject, type(caught.value)) == (code, "x", kind)
    assert "its repository cannot be checked out: " in finding.message
    assert finding.message.startswith(url.replace("file:/srv", "file:///srv"))
    assert finding.fix
    assert "-v shows" not in finding.fix
    assert not any("output]" in line for line in finding.looked_in)


def test_a_file_is_told_by_the_name_that_asks_for_it(mirror):
    """Not by its own, which may be another."""
    server = mirror("alpha")
    url = f"{server.url}/files/main.zip"
    with Session(EL7, server.args, Reporter()) as session, pytest.raises(EnvironmentProblem) as caught:
        session.lock(Request((f"corp-lib @ {url}",), (), ()))
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject, finding.looked_in) == ("NET003", "corp-lib", (url,))
    assert finding.message.startswith("main.zip could not be downloaded: ")


def test_a_version_by_its_very_text(mirror):
    """Is one of PEP 440 as a rule."""
    server = mirror("alpha")
    with Session(EL7, server.args, Reporter()) as session:
        assert session.lock(Request(("alpha===1",), (), ())).wheels[0].version == "1"


@pytest.mark.parametrize(
    ("content", "said", "fix"),
    [
        (None, "Could not open requirements file: [Errno 2] No such file or directory", FILE),
        (b"", "no requirements: the requirements file is empty", "add requirements to it"),
        (b"# -*- coding: none -*-\n", "requirements.txt: unknown encoding: none", None),
        (b"--index-url http://[\nalpha\n", "http://[ is not a package index", None),
        (b"--trusted-host /nowhere\nalpha\n", "cannot be read as requirements: ", SYNTAX),
        (
            b"--no-such\n",
            "requirements.txt (line 1): pip has no option --no-such",
            "delete it, or correct it",
        ),
        (
            b"alpha\n--extra-index-url\n",
            "requirements.txt (line 2): --extra-index-url stands there without its value",
            "delete it, or correct it",
        ),
        (b"-r\n", "requirements.txt (line 1): -r stands there without its value", None),
        (b"alpha --hash\n", "requirements.txt (line 1): --hash stands there without its value", None),
        (b"--no-index=yes\n", "requirements.txt (line 1): --no-index takes no value", None),
        (b"alpha --hash=md5:1\n", "requirements.txt (line 1): --hash: only sha256, sha384, sha512", None),
        (b"--use-feature x\n", "requirements.txt (line 1): --use-feature: invalid choice: 'x'", None),
        (b"-f 'x\n", "requirements.txt (line 1): -f: a quotation mark is not closed", None),
        (b"-r .\n", "Could not open requirements file: [Errno 21] Is a directory", FILE),
        (b"-r requirements.txt\n", "recursi", "delete the line in which it does"),
        (b"a" * 100000, "is no name: it has 100000 characters", "correct or delete 1 requirement"),
    ],
    ids=range(16),
)
def test_a_file(mirror, tmp_path, monkeypatch, content, said, fix):
    """Which cannot be read, or not as one of requirements."""
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "requirements.txt").write_bytes(content)
    error = refused(mirror("alpha").args, files=["requirements.txt"])
    assert said in error.message
    assert fix in (None, error.fix)


@pytest.mark.parametrize("option", ["--cert", "--client-cert"])
def test_certificates(mirror, tmp_path, option):
    """Not there, a file without one, a name that no file has; a directory of them is one."""
    args, other = mirror("alpha").args, tmp_path / "other.pem"
    other.write_text("none")
    for path, said in (
        ("/nope.pem", "No such file or directory"),
        (other, "no certificate in PEM is in it"),
        ("a\0", "null"),
    ):
        error = refused([*args, option, str(path)], "alpha")
        assert said in error.message
        assert error.fix == f"check {option}, PIP_* and pip.conf"
    with Session(EL7, [*args, "--cert", str(tmp_path)], Reporter()) as session:
        assert session.lock(Request(("alpha",), (), ())).wheels


def test_a_link_that_is_no_address(mirror):
    """Of --find-links."""
    error = refused([*mirror("alpha").args, "--find-links", "http://u:p@h:x/"], "alpha")
    assert error.message == "--find-links: http://h:... is not a URL"


def test_lines_that_no_pip_takes(mirror, tmp_path, monkeypatch):
    """Options that pip does not have, by file and line, also where another file names it; a file that names
    itself."""
    monkeypatch.chdir(tmp_path)
    args = mirror("alpha").args
    (tmp_path / "old.txt").write_text("alpha\n--no-such=1\n")
    (tmp_path / "outer.txt").write_text("-r old.txt\n")
    for name in ("old.txt", "outer.txt"):
        error = refused(args, files=[name])
        assert error.message.endswith("old.txt (line 2): pip has no option --no-such in a requirements file")
        assert error.fix == "delete it, or correct it"
    (tmp_path / "self.txt").write_text("-r self.txt\nalpha\n")
    assert refused(args, files=["self.txt"]).fix == "delete the line in which it does"


def test_all_lines_that_nobody_else_has(mirror, tmp_path, monkeypatch):
    """What pip freeze lists on Debian and Ubuntu, and of a tree that was installed with -e: all in one run."""
    monkeypatch.chdir(tmp_path)
    lines = [
        "alpha",
        "distro-info==1.1build1",
        "-e /gone/app",
        "cloud-init==23.1ubuntu2",
        "gpg===1.16-unknown",
    ]
    (tmp_path / "system.txt").write_text("\n".join(lines))
    error = refused(mirror("alpha").args, "ufw==0.36ubuntu1", files=["system.txt"])
    assert error.message.splitlines() == [
        "the request: ufw==0.36ubuntu1 is a package of a distribution's own, and no index has that version",
        "system.txt (line 2): distro-info==1.1build1 is a package of a distribution's own, "
        "and no index has that version",
        "system.txt (line 3): -e /gone/app is a source tree of another machine",
        "system.txt (line 4): cloud-init==23.1ubuntu2 is a package of a distribution's own, "
        "and no index has that version",
        "system.txt (line 5): gpg===1.16-unknown: no index has a version that PEP 440 does not know; "
        "'pip freeze' lists such ones for a distribution's own packages",
    ]
    assert error.fix == (
        "delete such a line; where the package is needed, ask for it by its name alone\n"
        "delete the line, or copy the tree to here\ncorrect or delete 1 requirement"
    )

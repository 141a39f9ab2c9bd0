"""What pip list prints, given as a requirements file: its rows are read as --format=freeze writes them."""

import io
import json
import subprocess
import sys
import zipfile

import pytest

import bundle_maker
from offkit.model.errors import UsageError
from offkit.model.report import Reporter
from offkit.online.request import tables
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from target_maker import preset


@pytest.fixture
def installed(tmp_path):
    """A directory with two packages."""
    for name, version in (("alpha", "1.0"), ("beta.parts", "2.0.post1")):
        zipfile.ZipFile(io.BytesIO(bundle_maker.wheel(name, version)[1])).extractall(tmp_path / "site")
    return tmp_path / "site"


def pip_list(site, *options):
    command = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "list",
        "--path",
        str(site),
        *options,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "options", [(), ("--format=columns", "-v"), ("--format=json",), ("--format=json", "-v")]
)
def test_what_pip_writes(installed, options):
    """Is read as what it writes with --format=freeze."""
    table = tables.read(pip_list(installed, *options))
    freeze = pip_list(installed, "--format=freeze")
    assert table.text.split() == freeze.split() == ["alpha==1.0", "beta.parts==2.0.post1"]
    assert table.rows == 2
    assert tables.read(freeze) is None


PLACE = '{"url": "file:///srv/my%20app", "dir_info": {"editable": true}}'


@pytest.mark.parametrize("options", [(), ("-v",), ("--format=json",)])
def test_what_was_installed_with_e(installed, options):
    """Is the project in that place."""
    (installed / "alpha-1.0.dist-info/direct_url.json").write_text(PLACE)
    assert tables.read(pip_list(installed, *options)).text.split("\n")[-3:-1] == [
        "-e '/srv/my app'",
        "beta.parts==2.0.post1",
    ]


@pytest.mark.parametrize(("text", "lines"), [
    ("\ufeffPackage Version Location\r\n------- ------- --------\r\nalpha   1.0     /x\r\nbeta    2.0\r\n",
     ["-e /x", "beta==2.0"]),  # pip 18
    ("\nPackage Version Latest Type\n------- ------- ------ -----\nalpha   1.0     2.0    wheel\n", ["alpha==1.0"]),
    ("Package Version\n------- -------\nalpha 1.0\n\n[notice] A new release of pip is available: 23 -> 24\n",
     ["alpha==1.0"]),
    ("alpha (1.0)\nmine (0.1, /x y)\nYou are using pip version 9.0.1, however\n", ["alpha==1.0", "-e '/x y'"]),
    ("Package Version\n------- -------\nalpha one\n", ["alpha one"]),  # for whoever reads it to refuse
])  # fmt: skip
def test_other_forms(text, lines):
    assert [line for line in tables.read(text).text.split("\n") if line] == lines


@pytest.mark.parametrize("text", [
    "", "\n", "Package\n", "Package Version\n", "alpha==1.0\n", "alpha (1.0)\nbeta\n", "alpha (>=1.0)\n", "# alpha (1.0)\n",
    "[]", '[{"name": "alpha"}]', '[{"name"', '[{"name": "alpha", "version": "1"}, 1]', "[{" * 100000 + '"name"',
])  # fmt: skip
def test_what_is_none(text):
    assert tables.read(text) is None


def test_it_is_said(mirror, tmp_path):
    """With its rows, where it was given; and what is wrong with a row is told of its line."""
    server, path = mirror("alpha"), tmp_path / "list.txt"
    path.write_text("Package    Version\n---------- -------\nalpha      1.0\n")
    (tmp_path / "list.json").write_text(json.dumps([{"name": "alpha", "version": "1.0"}]))
    (tmp_path / "r.txt").write_text("-r list.txt\n")
    for name, told, what in (
        ("list.txt", "list.txt", "a table of pip list"),
        ("r.txt", "list.txt", "a table of pip list"),
        ("list.json", "list.json", "what pip list writes as JSON"),
    ):
        with Session(preset("3.6"), server.args, Reporter()) as session:
            lock = session.lock(Request((), (tmp_path / name,), ()))
        assert [(one.name, one.version) for one in lock.wheels] == [("alpha", "1")]
        (finding,) = lock.findings
        assert (finding.code, finding.severity, finding.subject) == ("REQ018", "info", str(tmp_path / told))
        assert finding.message == f"it is {what}, with 1 row: read as pip list --format=freeze would write it"
    path.write_text("Package    Version\n---------- -------\nalpha      1.0\nbeta one\n")
    with Session(preset("3.6"), server.args, Reporter()) as session, pytest.raises(UsageError) as caught:
        session.lock(Request((), (path,), ()))
    assert caught.value.message.startswith(f"{path} (line 4): Invalid requirement: 'beta one'")

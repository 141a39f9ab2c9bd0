"""yum's failures by name: its words are those of dnf 4.14 as seen, of yum 3.4.3's source, and of dnf 5's."""

import os
import re
import tempfile

import pytest

import cases
from offkit.edges import data
from offkit.edges.run import Result
from offkit.model import errors
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, RequestError
from offkit.model.yum import OPTIONS, WORDS, is_plain, parse
from offkit.server.system import yum

SAID = [("\n".join(cases.text(case.given)), case.expected[0].decode()) for case in cases.read("yum-words")]
# A line that names a package; else a failure is yum's own.
SUBJECTS = [
    ("Problem opening package libSM-1.2.3-1.el7.x86_64.rpm", "libSM-1.2.3-1.el7.x86_64"),
    (
        'Package "libSM-1.2.3-1.el7.x86_64" from local repository "offkit-el7" has incorrect checksum',
        "libSM-1.2.3-1.el7.x86_64",
    ),
    ("Package libSM-1.2.3-1.el7.x86_64.rpm is not signed", "libSM-1.2.3-1.el7.x86_64"),
    (
        "Public key for libSM-1.2.3-1.el7.x86_64.rpm is not installed. Failing package is: libSM-1.2.3-1",
        "libSM-1.2.3-1.el7.x86_64",
    ),
    ("No match for argument: libSM", "libSM"),
    (" Problem: The operation would result in removing the following protected packages: dnf", "dnf"),
    ("Problem: The operation would result in removing the following protected packages: dnf5", "dnf5"),
    ('Error: Trying to remove "systemd", which is protected', "systemd"),
    ("All matches were filtered out by modular filtering for argument: python36", "python36"),
    (
        "file:///mnt/Packages/libSM-1.2.2-2.el7.x86_64.rpm: [Errno -1] Package does not match intended download. Suggestion: run yum --enablerepo=offkit-el7 clean metadata",
        "libSM-1.2.2-2.el7.x86_64",
    ),
    ("Package libSM-1.2.2-2.el7.x86_64.rpm is not signed", "libSM-1.2.2-2.el7.x86_64"),
    (
        "file:///mnt/Packages/libICE-1.0.9-9.el7.x86_64.rpm: [Errno -1] Package does not match intended download. Suggestion: run yum --enablerepo=offkit-el7 clean metadata",
        "libICE-1.0.9-9.el7.x86_64",
    ),
    ("Error unpacking rpm package libSM-1.2.2-2.el7.x86_64", "libSM-1.2.2-2.el7.x86_64"),
    ("Error: Package: libSM-1.2.2-2.el7.x86_64 (offkit-el7)", "libSM-1.2.2-2.el7.x86_64"),
    ("Public key for libSM-1.2.2-2.el7.x86_64.rpm is not installed", "libSM-1.2.2-2.el7.x86_64"),
    ("No package libSM available.", "libSM"),
    (
        "\tfile /usr/lib64/libXrender.so.1.3.0 from install of libXrender-0.9.10-1.el8.x86_64 conflicts with file from package mylibs-1-1.el8.x86_64",
        "libXrender-0.9.10-1.el8.x86_64",
    ),
    (
        "  file /usr/lib64/libSM.so.6 from install of libSM-1.2.2-2.el7.x86_64 conflicts with file from package mine-1-1.x86_64",
        "libSM-1.2.2-2.el7.x86_64",
    ),
    ("Argument 'libSM' matches only excluded packages.", "libSM"),
    ("Argument 'libSM' matches only packages excluded by versionlock.", "libSM"),
    (
        'http://10.0.0.5:8017/a.rpm: [Errno 14] curl#18 - "transfer closed with 5 bytes remaining to read"',
        "a",
    ),
    # In a line of dnf 5 each package has its file and the reason beside it.
    *[
        (line, "libSM-1.2.3-1.fc42.x86_64")
        for said, _ in SAID
        for line in said.split("\n")
        if 'PGP check for package "libSM-' in line
    ],
]


@pytest.mark.parametrize(("words", "code"), SAID)
def test_words(words, code):
    """Each has its code (tests/shared says which), the package it is about, yum's own words, and a fix."""
    subjects = [subject for line, subject in SUBJECTS if line in words.split("\n")]
    problem = yum.failure(Result(["yum"], 1, "", words), "nothing was installed")
    (finding,) = problem.findings
    assert (finding.code, finding.subject) == (code, subjects[0] if subjects else "yum")
    assert type(problem) is errors.of(code)
    assert finding.fix
    assert set(finding.looked_in) <= {line.strip() for line in words.splitlines()}
    assert finding.looked_in
    assert problem.fix == "nothing was installed"


def test_the_table_is_checked():
    """Each row has everything; an expression is one."""
    text = data.read_text(WORDS)
    assert {kind.code for kind in parse(text)} <= {code for _, code in SAID} | {"RPM007"}
    for kind in parse(text):
        assert re.compile(kind.words)
        assert "\\b" not in kind.words  # grep -E has it only with GNU
    with pytest.raises(ValueError, match="not a row of this table"):
        parse("code,words,message,fix,source\nRPM001,x,y,z,\n")


def test_what_is_shown_of_an_unknown_failure():
    """Its errors, not the table of packages before them; the end of all that it said where it has none."""
    table = "".join("Installing: {}\n".format(number) for number in range(20)) + "Running transaction check\n"
    wrong = "error: a riddle\nError: Transaction test error:\n  file /x from a conflicts with file from b\n"
    (finding,) = yum.failure(Result(["yum"], 1, table, wrong)).findings
    assert finding.code == "RPM007"
    assert finding.looked_in == tuple(line.strip() for line in wrong.splitlines())
    (finding,) = yum.failure(Result(["yum"], 1, table, "")).findings
    assert finding.looked_in == tuple(line.strip() for line in table.splitlines()[-12:])


def test_kinds():
    """Integrity, the request and the environment are different errors."""
    kinds = {code: type(yum.failure(Result([], 1, words, ""))) for words, code in SAID}
    assert kinds["RPM002"] is IntegrityError
    assert kinds["RPM004"] is RequestError
    assert kinds["RPM005"] is kinds["RPM007"] is EnvironmentProblem


def test_no_yum_at_all():
    """RPM009, and the way without it."""
    problem = yum.failure(Result(["yum"], 127, "", "yum: No such file or directory"))
    assert [one.code for one in problem.findings] == ["RPM009"]
    assert "--no-root" in problem.findings[0].fix


def test_the_command():
    """Signatures stay checked, no other repository takes part, nothing waits."""
    argv = yum.command(["install", "libSM.x86_64"], "/s/repos", "/s/cache")
    assert argv[:2] == ["yum", "-y"]
    assert argv[-2:] == ["install", "libSM.x86_64"]
    assert {"--disablerepo=*", "--enablerepo=offkit-*", "--noplugins", "--setopt=exit_on_lock=1"} < set(argv)
    assert {"--setopt=reposdir=/s/repos", "--setopt=cachedir=/s/cache"} < set(argv)
    assert not any("gpgcheck" in word for word in argv)
    assert yum.command(["install", "x"])[2:] == [*OPTIONS, "install", "x"]


def test_yum_3_holds_its_lock(tmp_path):
    """Its pid file with a living process is refused before yum is called; a stale one is not."""
    path = tmp_path / "yum.pid"
    for text in ("", "none", "99999999999999999999", "2147483646\n"):
        path.write_text(text)
        yum.refuse_locked(str(path))
    yum.refuse_locked(str(tmp_path / "absent"))
    path.write_text("{}\n".format(os.getpid()))
    with pytest.raises(EnvironmentProblem) as caught:
        yum.refuse_locked(str(path))
    assert caught.value.findings[0].code == "RPM005"


def test_a_locked_yum_is_not_called(monkeypatch, tmp_path):
    """It would wait for the other one, for ever."""
    path = tmp_path / "yum.pid"
    path.write_text("{}\n".format(os.getpid()))
    monkeypatch.setattr("offkit.model.yum.PID", str(path))
    with pytest.raises(EnvironmentProblem):
        yum.call(yum.command(["install", "x"]), lambda argv: pytest.fail("yum was called"))


def test_a_failed_call_says_what_it_did():
    """The caller's look at what has changed comes after the failure."""
    with pytest.raises(OffkitError) as caught:
        yum.call(["yum"], lambda argv: Result(argv, 1, "", "is not signed"), lambda: "two of three are there")
    assert caught.value.fix == "two of three are there"


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (["a-0:1-1.x"], "nothing was installed; correct this and run the command again"),
        (
            ["a-0:1-1.x", "gpg-pubkey-0:1-1.(none)"],
            "nothing was installed, only the key was imported; correct",
        ),
        (["a-0:1-1.x", "b-0:1-1.x"], "b-0:1-1.x has been installed; correct this"),
        (["b-0:1-1.x", "c-0:1-1.x"], "b-0:1-1.x, c-0:1-1.x have been installed; correct"),
    ],
)
def test_what_was_done_all_the_same(after, said):
    """In a sentence."""
    assert yum.changed_since(["a-0:1-1.x"], after).startswith(said)


@pytest.mark.parametrize("name", ["plain", "with a space", "with,comma"])
def test_a_scratch_directory_that_an_option_can_name(monkeypatch, tmp_path, name):
    """yum splits what it is given; /tmp is plain everywhere."""
    place = tmp_path / name
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with yum.scratch() as scratch:
        assert os.path.dirname(scratch) == (str(place) if is_plain(str(place)) else "/tmp")
    assert not os.path.exists(scratch)

"""yum's failures by name: its words are those of dnf 4.14 as seen, and of yum 3.4.3's source."""

import os

import pytest

from offkit.edges.run import Result
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, RequestError
from offkit.model.yum import OPTIONS
from offkit.server.system import yum

SAID = [
    # dnf 4
    ("Problem opening package libSM-1.2.3-1.el7.x86_64.rpm\nError: GPG check FAILED", "RPM001", "libSM-1.2.3-1.el7.x86_64"),
    (
        'Package "libSM-1.2.3-1.el7.x86_64" from local repository "offkit-el7" has incorrect checksum\n'
        "Error: Some packages from local repository have incorrect checksum",
        "RPM001",
        "libSM-1.2.3-1.el7.x86_64",
    ),
    ("Package libSM-1.2.3-1.el7.x86_64.rpm is not signed\nError: GPG check FAILED", "RPM002", "libSM-1.2.3-1.el7.x86_64"),
    (
        "Public key for libSM-1.2.3-1.el7.x86_64.rpm is not installed. Failing package is: libSM-1.2.3-1\n"
        "Error: GPG check FAILED",
        "RPM003",
        "libSM-1.2.3-1.el7.x86_64",
    ),
    ("Curl error (37): Couldn't read a file:// file for file:///mnt/RPM-GPG-KEY-CentOS-7", "RPM003", "yum"),
    ("No match for argument: libSM\nError: Unable to find a match: libSM", "RPM004", "libSM"),
    ("Error: \n Problem: conflicting requests\n  - nothing provides libX.so.1 needed by a-1.x86_64", "RPM004", "yum"),
    ("RPMDB already locked by 36", "RPM005", "yum"),
    ("Error: This command has to be run with superuser privileges (under the root user).", "RPM006", "yum"),
    ("Error: Failed to download metadata for repo 'offkit-el7': Cannot download repomd.xml", "REPO011", "yum"),
    ("Error: Transaction test error:\n  installing package x needs 3MB on the / filesystem", "ENV024", "yum"),
    ("Error: a riddle", "RPM007", "yum"),
    # yum 3.4.3
    (
        "file:///mnt/Packages/libSM-1.2.2-2.el7.x86_64.rpm: [Errno -1] Package does not match intended "
        "download. Suggestion: run yum --enablerepo=offkit-el7 clean metadata\nError downloading packages:",
        "RPM001",
        "libSM-1.2.2-2.el7.x86_64",
    ),
    ("\n\nPackage libSM-1.2.2-2.el7.x86_64.rpm is not signed", "RPM002", "libSM-1.2.2-2.el7.x86_64"),
    (
        'The GPG keys listed for the "x" repository are already installed but they are not correct for this '
        "package.\nCheck that the correct key URLs are configured for this repository.",
        "RPM003",
        "yum",
    ),
    ("No package libSM available.\nError: Nothing to do", "RPM004", "libSM"),
    (
        "Existing lock /var/run/yum.pid: another copy is running as pid 7.\n"
        "Another app is currently holding the yum lock; exiting as configured by exit_on_lock",
        "RPM005",
        "yum",
    ),
    ("You need to be root to perform this command.", "RPM006", "yum"),
    ("failure: repodata/repomd.xml from offkit-el7: [Errno 256] No more mirrors to try.", "REPO011", "yum"),
    # of a repository on another server
    (
        "[MIRROR] libSM-1.2.3-1.el8.x86_64.rpm: Curl error (7): Couldn't connect to server for http://10.0.0.5:8017/x\n"
        "Error: Error downloading packages:\n  Cannot download Packages/libSM-1.2.3-1.el8.x86_64.rpm: All mirrors were tried",
        "REPO017",
        "yum",
    ),
    (
        'http://10.0.0.5:8017/repodata/repomd.xml: [Errno 14] curl#7 - "Failed connect to 10.0.0.5:8017; Connection refused"\n'
        "Trying other mirror.\nError: failure: repodata/repomd.xml from offkit-el7: [Errno 256] No more mirrors to try.",
        "REPO017",
        "yum",
    ),
    (
        'http://10.0.0.5:8017/a.rpm: [Errno 14] curl#18 - "transfer closed with 5 bytes remaining to read"\n'
        "Error downloading packages:\n  libSM-1.2.2-2.el7.x86_64: [Errno 256] No more mirrors to try.",
        "REPO017",
        "a",
    ),
    (
        "[MIRROR] python3-libs-3.6.15-1.el7.x86_64.rpm: Downloading successful, but checksum doesn't match. "
        "Calculated: 00(sha256)  Expected: 11(sha256)\nError: Error downloading packages:\n  Cannot download Packages/"
        "python3-libs-3.6.15-1.el7.x86_64.rpm: All mirrors were already tried without success",
        "RPM001",
        "yum",
    ),
    (
        "[MIRROR] python3-libs-3.6.15-1.el7.x86_64.rpm: Interrupted by header callback: Inconsistent server data, "
        "reported file Content-Length: 13215789, repository metadata states file length: 13220789\n"
        "python3-libs-3.6.15-1.el7.x86_64: Cannot download, all mirrors were already tried without success",
        "RPM001",
        "yum",
    ),
    ("Cannot download Packages/a.rpm: Status code: 404 for http://10.0.0.5:8017/Packages/a.rpm", "REPO011", "yum"),
    # rpm
    ("error: can't create transaction lock on /var/lib/rpm/.rpm.lock (Resource temporarily unavailable)", "RPM005", "yum"),
]  # fmt: skip
EXITS = {
    "ENV024": 4,
    "RPM001": 3,
    "RPM002": 3,
    "RPM003": 3,
    "RPM004": 1,
    "RPM005": 4,
    "RPM006": 4,
    "RPM007": 4,
    "REPO011": 3,
    "REPO017": 4,
}


@pytest.mark.parametrize(("words", "code", "subject"), SAID)
def test_words(words, code, subject):
    """Each has its code, its exit code, the package it is about, and yum's own words."""
    problem = yum.failure(Result(["yum"], 1, "", words), "nothing was installed")
    (finding,) = problem.findings
    assert (finding.code, finding.subject) == (code, subject)
    assert problem.exit_code == EXITS[code]
    assert finding.fix
    assert set(finding.looked_in) <= {line.strip() for line in words.splitlines()}
    assert finding.looked_in
    assert problem.fix == "nothing was installed"


def test_kinds():
    """Integrity, the request and the environment are different errors."""
    kinds = {code: type(yum.failure(Result([], 1, words, ""))) for words, code, _ in SAID}
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
        (["a-0:1-1.x"], "nothing was installed; put that right and run the command again"),
        (["a-0:1-1.x", "gpg-pubkey-0:1-1.(none)"], "nothing was installed, only the key was imported; put"),
        (["a-0:1-1.x", "b-0:1-1.x"], "b-0:1-1.x has been installed; put that right"),
        (["b-0:1-1.x", "c-0:1-1.x"], "b-0:1-1.x, c-0:1-1.x have been installed; put"),
    ],
)
def test_what_was_done_all_the_same(after, said):
    """In a sentence."""
    assert yum.changed_since(["a-0:1-1.x"], after).startswith(said)

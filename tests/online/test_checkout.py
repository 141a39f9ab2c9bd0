"""Repositories that cannot be checked out: what their programs say, and what is said of it here."""

import os

import pytest

from offkit.model.errors import UsageError
from offkit.model.report import Reporter
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from offkit.online.sources import checkout
from target_maker import preset

# As git 2.39 to 2.43 with OpenSSH 9.2, svn 1.14 and Mercurial 6.3 say it.
SAID = [
    ("fatal: unable to access 'https://h/x/': Could not resolve host: h", "NET010"),
    ("fatal: unable to access 'https://h/x/': Failed to connect to h port 443 after 9 ms: Couldn't connect to server",
     "NET010"),
    ("fatal: unable to access 'https://h/x/': server certificate verification failed. CAfile: none CRLfile: none",
     "NET010"),
    ("fatal: unable to access 'https://h/x/': Received HTTP code 407 from proxy after CONNECT", "NET010"),
    ("fatal: unable to access 'https://h/x/': The requested URL returned error: 502", "NET010"),
    ("fatal: unable to access 'https://h/x/': The requested URL returned error: 403", "NET011"),
    ("ssh: connect to host h port 22: Connection timed out", "NET010"),
    ("ssh: Could not resolve hostname h: Name or service not known", "NET010"),
    ("kex_exchange_identification: Connection closed by remote host", "NET010"),
    ("Host key verification failed.", "NET011"),
    ("git@h: Permission denied (publickey,password).", "NET011"),
    ("fatal: could not read Username for 'https://h': terminal prompts disabled", "NET011"),
    ("fatal: Authentication failed for 'https://h/x/'", "NET011"),
    ("remote: Repository not found.", "REQ025"),
    ("error: pathspec 'v9' did not match any file(s) known to git", "REQ025"),
    ("fatal: couldn't find remote ref refs/pull/9/head", "REQ025"),
    ("fatal: '/srv/x' does not appear to be a git repository", "REQ025"),
    ("svn: E170013: Unable to connect to a repository at URL 'https://h/x'", "NET010"),
    ("svn: E170001: Authentication failed", "NET011"),
    ("abort: error: Connection refused", "NET010"),
    # what things are called is no word of a program
    ("fatal: couldn't find remote ref refs/heads/SSL-certificate", "REQ025"),
    ("remote: Repository 'https://h/timed out/TLS' not found", "REQ025"),
    ("fatal: '/srv/certificate' does not appear to be a git repository", "REQ025"),
    ("git@gnutls: Permission denied (publickey).", "NET011"),
    ("svn: E170000: URL 'https://h/SSL/x' doesn't exist", "REQ025"),
    ("abort: unknown revision 'TLS'", "REQ025"),
    ("Cannot find command 'hg' - do you have 'hg' installed and in your PATH?", "REQ025"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "code"), SAID)
def test_what_programs_say(line, code):
    """Whether anybody could be asked at all decides the code; each has a way out."""
    frame = [
        "[2 lines of output]",
        line,
        "",
        "Please make sure you have the correct access rights",
        "[end of output]",
    ]
    found = checkout.refused("git", frame)
    assert (found.code, bool(found.fix)) == (code, True)
    assert found.why.startswith("its repository cannot be checked out: ")
    assert not any("output]" in each for each in found.lines)


def test_what_nobody_has_heard_yet():
    """Is told as it was said."""
    found = checkout.refused("git", ["fatal: something new"])
    assert (found.code, found.lines, found.fix) == ("REQ025", ("fatal: something new",), "")
    found = checkout.refused("git", ["fatal: repository 'https://certificate/SSL.git' is odd"])
    assert (found.code, found.fix) == ("REQ025", "")


def test_how_each_program_is_asked():
    """With its own command."""
    for program, look in [("git", "git ls-remote URL"), ("svn", "svn info URL"), ("hg", "hg identify URL")]:
        assert checkout.refused(program, ["Authentication failed"]).fix.endswith(look)
    assert "git ls-remote URL shows" in checkout.refused("git", ["pathspec 'x' did not match"]).fix


def test_nobody_is_asked_for_a_password(monkeypatch, tmp_path):
    """ssh of git and of svn ends instead; an ssh that somebody has chosen stays."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.chdir(tmp_path)
    found = checkout.quiet({})
    assert found["GIT_SSH_COMMAND"] == "ssh -o BatchMode=yes"
    assert found["GIT_TERMINAL_PROMPT"] == "0"
    assert "BatchMode=yes" in found["SVN_SSH"]
    assert checkout.quiet({"GIT_SSH_COMMAND": "ssh -i 'my key'"})["GIT_SSH_COMMAND"] == (
        "ssh -i 'my key' -o BatchMode=yes"
    )
    assert "GIT_SSH_COMMAND" not in checkout.quiet({"GIT_SSH_COMMAND": "plink -batch"})
    assert "GIT_SSH_COMMAND" not in checkout.quiet({"GIT_SSH": "/opt/ssh"})
    for odd in ("ssh -i 'my key", " ", "''"):
        assert "GIT_SSH_COMMAND" not in checkout.quiet({"GIT_SSH_COMMAND": odd})
    (tmp_path / ".gitconfig").write_text("[core]\n\tsshCommand = ssh -p 2222\n")
    assert checkout.quiet({})["GIT_SSH_COMMAND"] == "ssh -p 2222 -o BatchMode=yes"


def test_the_environment_is_as_before(monkeypatch):
    """Once the program has ended."""
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "1")
    before = dict(os.environ)
    with checkout._environment({"GIT_TERMINAL_PROMPT": "0", "OFFKIT_X": "1"}):
        assert (os.environ["GIT_TERMINAL_PROMPT"], os.environ["OFFKIT_X"]) == ("0", "1")
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    "line", ["x @ git+git@host:me/x.git@v1", "git+git@host:me/x.git", "-e git+git@host:/me/x.git"]
)
def test_an_address_of_scp(mirror, tmp_path, line):
    """As forges show it: pip wants a URL, and this is the one."""
    path = tmp_path / "r.txt"
    path.write_text(line + "\n")
    for words, files in (((line,), ()), ((), (path,))):
        with (
            Session(preset("3.6"), mirror().args, Reporter()) as session,
            pytest.raises(UsageError) as caught,
        ):
            session.lock(Request(words, files, ()))
        assert "is how scp writes it, and no URL" in caught.value.message
        assert caught.value.fix.startswith("write git+ssh://git@host/me/x.git")

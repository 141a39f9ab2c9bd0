"""PREFIX/system: what was changed of the system, and whose it is."""

import os

import pytest

from offkit.edges.run import Result
from offkit.model.errors import EnvironmentProblem
from offkit.server.system import ledger

GLIBC, SM, SM_NEW = "glibc-0:2.17-1.el7.x86_64", "libSM-0:1.2.2-2.el7.x86_64", "libSM-0:1.2.3-1.el7.x86_64"
ICE, KEY = "libICE-0:1.0.9-9.el7.x86_64", "gpg-pubkey-0:f4a80eb5-53a7ff4b.(none)"


def names(prefix, now):
    return [rpm.line for rpm in ledger.added(ledger.read(str(prefix)), now)]


def test_lines():
    """The form is that of rpm's query; a key's architecture is (none), an epoch stays out of rpm -e."""
    one = ledger.parse("perl-4:5.16.3-299.el7_9.x86_64")
    assert one == ("perl", "4", "5.16.3", "299.el7_9", "x86_64")
    assert (one.line, one.word) == ("perl-4:5.16.3-299.el7_9.x86_64", "perl-5.16.3-299.el7_9.x86_64")
    assert ledger.parse(KEY).word == "gpg-pubkey-f4a80eb5-53a7ff4b"
    assert ledger.parse("nonsense") is None


def test_a_transaction(tmp_path):
    """Its numbers count up; what is new by name and architecture, and the key, are offkit's."""
    number = ledger.begin(str(tmp_path), "yum install libSM", [GLIBC])
    ledger.end(str(tmp_path), number, [GLIBC], [GLIBC, KEY, SM])
    assert sorted(os.listdir(str(tmp_path / "system"))) == ["0001.after", "0001.before", "0001.text"]
    assert ledger.begin(str(tmp_path), "more", [GLIBC, KEY, SM]) == 2
    assert [entry.text for entry in ledger.read(str(tmp_path))] == ["yum install libSM", "more"]
    assert names(tmp_path, [GLIBC, KEY, SM]) == [KEY, SM]


def test_nothing_changed_nothing_noted(tmp_path):
    """A refused transaction leaves no number: uninstalling then needs no root."""
    ledger.end(str(tmp_path), ledger.begin(str(tmp_path), "x", [GLIBC]), [GLIBC], [GLIBC])
    assert os.listdir(str(tmp_path / "system")) == []


def test_an_update_is_not_ours(tmp_path):
    """An older libSM was here before: removing the new one would not give it back."""
    number = ledger.begin(str(tmp_path), "x", [GLIBC, SM])
    ledger.end(str(tmp_path), number, [GLIBC, SM], [GLIBC, ICE, SM_NEW])
    assert names(tmp_path, [GLIBC, ICE, SM_NEW]) == [ICE]


def test_our_own_updated_by_us_stays_ours(tmp_path):
    """And is named as it is now."""
    ledger.end(str(tmp_path), ledger.begin(str(tmp_path), "x", [GLIBC]), [GLIBC], [GLIBC, SM])
    ledger.end(str(tmp_path), ledger.begin(str(tmp_path), "y", [GLIBC, SM]), [GLIBC, SM], [GLIBC, SM_NEW])
    assert names(tmp_path, [GLIBC, SM_NEW]) == [SM_NEW]


@pytest.mark.parametrize("now", [[GLIBC, SM_NEW], [GLIBC]])
def test_what_others_updated_or_removed_is_theirs(tmp_path, now):
    """Whoever did that decided about it."""
    ledger.end(str(tmp_path), ledger.begin(str(tmp_path), "x", [GLIBC]), [GLIBC], [GLIBC, SM])
    assert names(tmp_path, now) == []


def test_an_interrupted_one(tmp_path):
    """Without .after counts what is new now; once another has begun, what was new then."""
    ledger.begin(str(tmp_path), "killed", [GLIBC])
    assert names(tmp_path, [GLIBC, ICE]) == [ICE]
    number = ledger.begin(str(tmp_path), "again", [GLIBC, ICE])
    ledger.end(str(tmp_path), number, [GLIBC, ICE], [GLIBC, ICE, SM])
    assert names(tmp_path, [GLIBC, ICE, SM, "vim-2:7.4-1.el7.x86_64"]) == [ICE, SM]


def test_files_and_strangers(tmp_path):
    """Paths of NNNN.files are read; other names in the directory are nobody's number."""
    place = tmp_path / "system"
    place.mkdir()
    (place / "0003.files").write_text("/etc/ld.so.conf.d/offkit-3.6.15.conf\n")
    (place / ".scratch-x").mkdir()
    (place / "0004.before.77.tmp").write_text("")
    (entry,) = ledger.read(str(tmp_path))
    assert (entry.number, entry.files) == (3, ("/etc/ld.so.conf.d/offkit-3.6.15.conf",))
    assert names(tmp_path, [GLIBC]) == []


def test_rpm_that_does_not_answer():
    """RPM009, with its last words."""

    def broken(argv):
        return Result(argv, 1, "", "error: cannot open Packages database in /var/lib/rpm\n")

    with pytest.raises(EnvironmentProblem) as caught:
        ledger.installed(broken)
    assert caught.value.findings[0].code == "RPM009"
    assert "cannot open Packages database" in caught.value.message

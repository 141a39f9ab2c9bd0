"""What offkit added to the system goes with it; rpm is played, in the words of rpm 4.11 and 4.18."""

import os
import re

import pytest

from offkit.edges.run import Result
from offkit.model.errors import EnvironmentProblem
from offkit.model.report import Reporter
from offkit.server.prefix import uninstall
from offkit.server.system import ledger, takeback
from prefix_maker import generation

GLIBC, SM, X11 = "glibc-0:2.17-1.el7.x86_64", "libSM-0:1.2.2-2.el7.x86_64", "libX11-0:1.6.7-4.el7_9.x86_64"
KEY = "gpg-pubkey-0:f4a80eb5-53a7ff4b.(none)"
WORDS = {
    SM: "libSM-1.2.2-2.el7.x86_64",
    X11: "libX11-1.6.7-4.el7_9.x86_64",
    KEY: "gpg-pubkey-f4a80eb5-53a7ff4b",
}


class Rpm:
    """An rpm database. ``users``: package that is needed → (capability, who needs it)."""

    def __init__(self, lines, users=None, error=""):
        self.lines, self.users, self.error = set(lines), users or {}, error
        self.removed = []

    def run(self, argv):
        if argv[:2] == ["rpm", "-qa"]:
            return Result(argv, 0, "".join(line + "\n" for line in sorted(self.lines)), "")
        if argv[:3] == ["rpm", "-q", "--whatprovides"]:
            lines = [line for line, (name, _) in self.users.items() if name.split(" ")[0] == argv[3]]
            return Result(
                argv, 0 if lines else 1, "".join(line + "\n" for line in lines) or "no package\n", ""
            )
        if tuple(argv) == ledger.LDCONFIG:
            return Result(argv, 0, "", "")
        assert argv[:2] == ["rpm", "-e"], argv
        words = [word for word in argv[2:] if word != "--test"]
        gone = [line for line in self.lines if WORDS.get(line) in words]
        assert len(gone) == len(words)
        bad = [
            "\t{} is needed by (installed) {}".format(*self.users[line])
            for line in gone
            if line in self.users
        ]
        if bad or self.error:
            return Result(
                argv, 1, "", "\n".join(["error: Failed dependencies:", *bad] if bad else [self.error])
            )
        if "--test" not in argv:
            self.lines -= set(gone)
            self.removed.append(words)
        return Result(argv, 0, "", "")


@pytest.fixture
def prefix(tmp_path):
    """With a generation, and two libraries and a key in the ledger."""
    place = tmp_path / "p"
    generation(place, 1)
    (place / ".lock").write_text("")
    number = ledger.begin(str(place), "yum install libSM libX11", [GLIBC])
    ledger.end(str(place), number, [GLIBC], [GLIBC, KEY, SM, X11])
    return place


def remove(prefix, rpm):
    system = takeback.plan(str(prefix), rpm.run)
    return uninstall.apply(uninstall.plan(str(prefix), system), "t0", Reporter(), rpm.run)


def test_everything_in_one_transaction(prefix):
    """RPMs and keys, and nothing is left of the prefix."""
    rpm = Rpm([GLIBC, KEY, SM, X11])
    made = remove(prefix, rpm)
    assert rpm.lines == {GLIBC}
    assert rpm.removed == [[WORDS[KEY], WORDS[SM], WORDS[X11]]]
    assert [item.kind for item in made.items] == [
        "link",
        "generation",
        "directory",
        "rpm",
        "rpm",
        "rpm",
        "ledger",
        "lock",
        "directory",
    ]
    assert not prefix.exists()


@pytest.mark.parametrize("capability", ["libX11.so.6()(64bit)", "libX11 >= 1.6", "/usr/lib64/libX11.so.6"])
def test_what_others_need_by_now_stays(prefix, capability):
    """And is named, with who needs it."""
    rpm = Rpm([GLIBC, KEY, SM, X11, "xterm-0:1-1.x86_64"], {X11: (capability, "xterm-1-1.x86_64")})
    made = remove(prefix, rpm)
    assert rpm.lines == {GLIBC, X11, "xterm-0:1-1.x86_64"}
    (kept,) = made.system.kept
    assert (kept.code, kept.severity, kept.subject) == ("RPM010", "info", WORDS[X11])
    assert "xterm-1-1.x86_64" in kept.message


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("error: can't create transaction lock on /var/lib/rpm/.rpm.lock", "RPM005"),
        ("error: rpmdb: BDB0113 Thread/process failed", "RPM007"),
    ],
)
def test_rpm_refuses_for_another_reason(prefix, error, code):
    """Its words are told, and nothing at all is removed: the ledger is still needed."""
    rpm = Rpm([GLIBC, KEY, SM, X11], error=error)
    with pytest.raises(EnvironmentProblem) as caught:
        remove(prefix, rpm)
    (finding,) = caught.value.findings
    assert (finding.code, finding.looked_in) == (code, (error,))
    assert "--keep-rpms" in caught.value.fix
    assert (prefix / "current").is_symlink()


def test_an_ordinary_user_learns_that_root_is_needed(prefix):
    """rpm would not even try for them; all of it is shown."""
    rpm = Rpm([GLIBC, KEY, SM, X11], error="error: can't create transaction lock")
    system = takeback.plan(str(prefix), rpm.run, root=False)
    problem = takeback.need_root(system)
    assert [one.code for one in problem.findings] == ["RPM006"]
    assert problem.findings[0].looked_in == (WORDS[KEY], WORDS[SM], WORDS[X11])
    assert "--keep-rpms" in problem.findings[0].fix


def test_a_locked_database_can_be_tried_again(prefix):
    """The error has its name; the ledger is still there, and the next run ends it."""
    rpm = Rpm([GLIBC, KEY, SM, X11])
    system = takeback.plan(str(prefix), rpm.run)
    rpm.error = "error: can't create transaction lock on /var/lib/rpm/.rpm.lock"
    with pytest.raises(EnvironmentProblem) as caught:
        uninstall.apply(uninstall.plan(str(prefix), system), "t0", Reporter(), rpm.run)
    assert caught.value.findings[0].code == "RPM005"
    assert not (prefix / "generations").exists()
    rpm.error = ""
    remove(prefix, rpm)
    assert rpm.lines == {GLIBC}
    assert not prefix.exists()


def test_what_is_gone_already_is_not_missed(prefix):
    """Somebody removed libSM, or the last run was killed after rpm had done its work."""
    remove(prefix, Rpm([GLIBC]))
    assert not prefix.exists()


def test_files_outside_the_prefix(prefix, tmp_path, monkeypatch):
    """Those of NNNN.files go; what offkit never makes is nobody's."""
    conf, other = tmp_path / "offkit-3.6.15.conf", tmp_path / "fstab"
    monkeypatch.setattr(takeback, "_OURS", re.compile("^{}/offkit-[^/]+[.]conf$".format(tmp_path)))
    conf.write_text("/opt/offkit/python/3.6.15/lib\n")
    other.write_text("")
    (prefix / "system" / "0001.files").write_text(
        "{}\n{}\n{}\netc/passwd\n".format(conf, other, tmp_path / "offkit-gone.conf")
    )
    rpm = Rpm([GLIBC])
    assert takeback.plan(str(prefix), rpm.run).files == (str(conf),)
    remove(prefix, rpm)
    assert not conf.exists()
    assert other.exists()
    assert not prefix.exists()


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("/etc/ld.so.conf.d/offkit-3.6.15.conf", True),
        ("/etc/dnf/modules.d/python36.module", True),
        ("/etc/fstab", False),
        ("/etc/ld.so.conf.d/../fstab", False),
        ("/etc/ld.so.conf.d/offkit-/../../x.conf", False),
        ("/etc/ld.so.conf.d/libc.conf", False),
        ("/etc/dnf/modules.d/x/y.module", False),
    ],
)
def test_which_files_can_be_ours(path, ours):
    """ld.so.conf.d entries of compiled Pythons, and dnf's notes of enabled modules."""
    assert bool(takeback._OURS.match(path)) == ours


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can give files away, and only root is told what to do"
)
@pytest.mark.parametrize("what", ["owner", "directory", "others", "group", "link"])
def test_a_ledger_that_somebody_else_can_write(prefix, what):
    """Root would remove whatever it says: it is not believed, and that is said."""
    system = prefix / "system"
    if what == "owner":
        os.chown(str(system / "0001.after"), 4711, 0)
    elif what == "directory":
        os.chown(str(system), 4711, 4711)
    elif what == "others":
        (system / "0001.after").chmod(0o666)
    elif what == "group":
        os.chown(str(system / "0001.after"), 0, 4711)
        (system / "0001.after").chmod(0o664)
    else:
        (system / "0001.after").rename(system / "x")
        (system / "0001.after").symlink_to("x")
    rpm = Rpm([GLIBC, KEY, SM, X11])
    made = remove(prefix, rpm)
    assert rpm.lines == {GLIBC, KEY, SM, X11}
    assert [(one.code, one.severity) for one in made.system.kept] == [("RPM010", "warning")]
    assert not prefix.exists()


def test_without_a_ledger_rpm_is_not_asked(tmp_path):
    """A server without rpm uninstalls too; so does one where nothing was changed."""

    def never(argv):
        raise AssertionError(argv)

    assert takeback.plan(str(tmp_path), never).nothing
    (tmp_path / "system").mkdir()
    (tmp_path / "system" / "0001.text").write_text("x\n")
    assert takeback.plan(str(tmp_path), never).nothing


def test_a_prefix_with_nothing_but_a_python(tmp_path):
    """install.sh got one, and the installation never came to be: it is known as offkit's all the same."""
    place = tmp_path / "p"
    for name in ("python/3.6.15/bin", "python/3.6.8-rpm/usr/bin", "python/.building-3.9.1-build"):
        (place / name).mkdir(parents=True)
    (place / "python/3.6.15/bin/python3.6").write_text("")
    (place / "python/3.6.8-rpm/usr/bin/python3.6").write_text("")
    (place / "python/3.6.15.log").write_text("")
    (place / ".lock").write_text("")
    made = uninstall.plan(str(place))
    kinds = sorted(item.kind for item in made.items)
    assert kinds == ["directory", "directory", "leftover", "lock", "log", "python", "python"]
    uninstall.apply(made, "t0", Reporter())
    assert not place.exists()


@pytest.mark.parametrize("name", ["3.6.15/lib/x", "tools/bin/python3.6", "3.6.15/bin/perl"])
def test_a_python_directory_that_is_not_ours(tmp_path, name):
    """By its name alone nothing is removed."""
    path = tmp_path / "p" / "python" / name
    path.parent.mkdir(parents=True)
    path.write_text("")
    with pytest.raises(EnvironmentProblem) as caught:
        uninstall.plan(str(tmp_path / "p"))
    assert caught.value.findings[0].code == "ENV045"
    assert os.path.exists(str(path))

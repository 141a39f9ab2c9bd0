"""What --fix would install from the server's own repositories is verified first; yum and rpm are played."""

import os
import shutil
from pathlib import Path

import pytest

import rpm_tools
from offkit.edges.run import Result
from offkit.edges.tree import Tree
from offkit.media import keys, rpm_keys
from offkit.media.rpm_keys import Verdict
from offkit.model.errors import EnvironmentProblem, IntegrityError, RequestError
from offkit.server.system import verified
from offkit.server.system.verified import Sources
from rpm_maker import rpm

SOURCES = Sources(("c7-media",), ("/etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7",), False)
STEPS = [("install", ["libSM"]), ("reinstall", ["libICE"])]


VERSIONS = {3: "3.4.3\n", 4: "4.7.0\n", 5: "dnf5 version 5.2.6\n"}
DOWNLOADED = 'exiting because "Download Only" specified\n'


class Played:
    """A yum that fetches the packages ``there``, unless excludes hold and ``hidden`` names them."""

    def __init__(self, kind=4, there=("libSM", "libICE"), hidden=(), said="", code=0):
        self.kind, self.there, self.hidden, self.said, self.code = kind, there, hidden, said, code
        self.calls = []

    def __call__(self, argv):
        self.calls.append(argv)
        if argv == ["yum", "--version"]:
            return Result(argv, 0, VERSIONS[self.kind], "")
        if argv[0] == "rpm":
            return Result(argv, 1, "", "")
        against = {"--disableexcludes=all", "--setopt=disable_excludes=*"} & set(argv)
        hidden = () if against else self.hidden
        heads = ("--downloaddir=", "--setopt=destdir=")
        into = next(word[len(head) :] for word in argv for head in heads if word.startswith(head))
        if argv[-1] in self.there and argv[-1] not in hidden:
            with open(os.path.join(into, argv[-1] + ".rpm"), "wb") as sink:
                sink.write(rpm(argv[-1]))
        return Result(argv, self.code, self.said, "")

    @property
    def yums(self):
        return [argv for argv in self.calls if argv[0] == "yum" and len(argv) > 2]


@pytest.fixture
def verify(monkeypatch, tmp_path):
    """(the calls of yum, what the ring was given, what is warned of) of one verification, whose packages
    have a verdict."""

    def call(verdict, sources=SOURCES, run=None):
        known = []

        class Ring:
            def __init__(self, folder):
                assert os.listdir(folder) == []

            def add(self, paths):
                known.extend(paths)

            def add_imported(self, text):
                known.append(text)

            def check(self, path):
                return verdict

        here = keys.Server(7, "centos", Tree(str(tmp_path)), "", (), "imported")
        monkeypatch.setattr(rpm_keys, "KeyRing", Ring)
        monkeypatch.setattr(keys, "server", lambda: here)
        monkeypatch.setattr(keys.Server, "keys", ("/own",))
        run = run or Played()
        warned = verified.verify(STEPS, ["c7-media"], sources, run)
        return run.yums, known, warned

    return call


def put(tmp_path, path, text):
    place = tmp_path / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def test_in_order(verify):
    """Both verbs are fetched from these repositories alone; the keys are theirs, the vendor's, rpm's, and once
    more without the vendor's, as yum has them."""
    calls, known, warned = verify(Verdict(rpm_keys.SIGNED, "f4a80eb5"))
    assert [argv[-2:] for argv in calls] == [["install", "libSM"], ["reinstall", "libICE"]]
    for argv in calls:
        assert {"--downloadonly", "--nogpgcheck", "--disablerepo=*", "--enablerepo=c7-media"} <= set(argv)
        assert not any("reposdir" in word for word in argv)
    named = "/etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7"
    assert known == [named, "/own", "imported", named, "imported"]
    assert warned == []


def test_not_in_order(verify):
    """All of it, by name, what is the same once; where somebody does without signatures, damage alone."""
    with pytest.raises(IntegrityError) as caught:
        verify(Verdict(rpm_keys.UNSIGNED, ""))
    assert [(each.code, each.subject) for each in caught.value.findings] == [
        ("RPM002", "libICE, libSM"),
    ]
    verify(Verdict(rpm_keys.UNSIGNED, ""), SOURCES._replace(lax=True))
    with pytest.raises(IntegrityError):
        verify(Verdict(rpm_keys.DAMAGED, "MD5 digest"), SOURCES._replace(lax=True))


def test_nothing_was_fetched(verify):
    """It is there by now, or comes with a package of another name: yum says so when it is to install."""
    assert verify(Verdict(rpm_keys.DAMAGED, ""), run=Played(there=()))[1:] == ([], [])


def test_a_fetch_that_fails_installs_nothing(verify):
    """What was not fetched was not verified; yum's own words are told."""
    run = Played(said="Error: Unable to find a match: libSM\n", code=1)
    with pytest.raises(RequestError) as caught:
        verify(Verdict(rpm_keys.SIGNED, ""), run=run)
    assert [each.code for each in caught.value.findings] == ["RPM004"]
    assert caught.value.fix == "nothing was installed; correct this and run the command again"
    assert ["--setopt=c7-media.module_hotfixes=1" in argv for argv in run.yums] == [False, True]


def test_a_yum_3_that_copies_nothing(verify):
    """It is said that nothing was verified."""
    warned = verify(Verdict(rpm_keys.DAMAGED, ""), run=Played(3, there=(), said=DOWNLOADED))[2]
    assert [(each.code, each.severity, each.looked_in) for each in warned] == [
        ("RPM025", "warning", ("c7-media",))
    ]


def test_another_yum_at_work(verify, tmp_path, monkeypatch):
    """An older yum 3 would wait for ever: it is not even asked to fetch."""
    put(tmp_path, "/yum.pid", str(os.getpid()))
    monkeypatch.setattr(verified, "PID", str(tmp_path / "yum.pid"))
    run = Played(3)
    with pytest.raises(EnvironmentProblem) as caught:
        verify(Verdict(rpm_keys.SIGNED, ""), run=run)
    assert ([each.code for each in caught.value.findings], run.calls) == (["RPM005"], [])


@pytest.mark.parametrize(("kind", "code"), [(3, 0), (4, 1), (5, 1)])
def test_what_the_administrator_excludes(verify, tmp_path, kind, code):
    """It is tried without, and said by which line, and how --fix works then."""
    put(tmp_path, "/etc/yum.conf", "[main]\nexclude=libSM*\n")
    said = "No package libSM available.\n"
    run = Played(kind, hidden=("libSM",), said=said)
    if code:  # dnf ends with the first verb that it cannot do
        run = type("Failing", (Played,), {"__call__": _failing})(kind, hidden=("libSM",), said=said)
    with pytest.raises(EnvironmentProblem) as caught:
        verify(Verdict(rpm_keys.SIGNED, ""), run=run)
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject, finding.looked_in) == ("RPM020", "libSM", ("/etc/yum.conf",))
    assert finding.message == "kept from yum by /etc/yum.conf: exclude=libSM*"
    assert finding.fix == ("change that line while this runs (without it yum finds everything: it was tried)")


@pytest.mark.parametrize("option", ["excludepkgs=libS*", "exclude=libSM", "includepkgs=libI*"])
def test_what_a_repository_of_his_excludes(verify, tmp_path, option):
    """In its own section; the sections of others have no part in it."""
    put(tmp_path, "/etc/yum.repos.d/his.repo", "[c7-media]\n{}\n[b]\nexclude=libSM\n".format(option))
    with pytest.raises(EnvironmentProblem) as caught:
        verify(Verdict(rpm_keys.SIGNED, ""), run=Played(hidden=("libSM",)))
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject) == ("RPM020", "libSM")
    assert finding.message == "kept from yum by /etc/yum.repos.d/his.repo: " + option


def _failing(self, argv):
    done = Played.__call__(self, argv)
    against = {"--disableexcludes=all", "--setopt=disable_excludes=*"} & set(argv)
    return done._replace(returncode=int(argv[-1] in self.hidden and not against))


def test_versions_that_are_locked(verify, tmp_path):
    """The yum that --fix runs has no plugins: the list is kept to all the same."""
    put(tmp_path, "/etc/dnf/plugins/versionlock.conf", "[main]\nenabled=1\n")
    put(tmp_path, "/etc/dnf/plugins/versionlock.list", "libSM-0:0.9-1.el7.*\n")
    with pytest.raises(EnvironmentProblem) as caught:
        verify(Verdict(rpm_keys.SIGNED, ""))
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject) == ("RPM021", "libSM-1.0-1.el7.x86_64")
    assert finding.fix == "take that out of the list ('yum versionlock delete')"


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """(an RPM, the key that signed it, the key's file)"""
    rpm_tools.need()
    folder = tmp_path_factory.mktemp("signed")
    key = rpm_tools.Key(folder / "key")
    path = rpm_tools.build(folder, "libSM", {"/opt/x": b"x"})
    key.sign(path)
    return path, key.public


@pytest.mark.parametrize("vendors", [True, False], ids=["vendor", "stranger"])
@pytest.mark.parametrize("state", ["none", "missing", "another", "named", "imported"])
def test_a_key_that_yum_will_not_find(signed, tmp_path, monkeypatch, vendors, state):
    """Told with what is wrong in the section, and with the vendor's file where that signed it. rpm is real."""
    path, key = signed
    other = rpm_tools.Key(tmp_path / "other").public if state == "another" else ""
    named = {"missing": ("/none/KEY",), "another": (other,), "named": (key,)}.get(state, ())
    imported = Path(key).read_text() if state == "imported" else ""
    here = keys.Server(7, "centos", Tree(str(tmp_path)), "", (), imported)
    monkeypatch.setattr(keys, "server", lambda: here)
    monkeypatch.setattr(keys.Server, "keys", (key,) if vendors else ())

    def run(argv):
        if argv == ["yum", "--version"]:
            return Result(argv, 0, VERSIONS[4], "")
        if argv[0] == "yum":
            into = next(word.partition("destdir=")[2] for word in argv if "destdir=" in word)
            shutil.copy(path, into)
        return Result(argv, 0, "", "")

    sources = Sources(("mine",), named, False, ("/etc/yum.repos.d/x.repo",))
    if state in ("named", "imported"):
        assert verified.verify([("install", ["libSM"])], ["mine"], sources, run) == []
        return
    with pytest.raises((EnvironmentProblem, IntegrityError)) as caught:
        verified.verify([("install", ["libSM"])], ["mine"], sources, run)
    (found,) = caught.value.findings
    if state == "another" and not vendors:
        assert found.code == "RPM003"
        return
    why = {"none": "is not there", "missing": "names /none/KEY, which is missing", "another": "names another"}
    assert (found.code, found.subject) == ("REPO007", "mine")
    assert found.message.startswith("gpgkey= of mine {}, and rpm does not have the key ".format(why[state]))
    assert found.message.endswith(" that signed {}: yum refuses it".format(os.path.basename(path)[:-4]))
    way = "rpm --import {0}, or gpgkey=file://{0} in /etc/yum.repos.d/x.repo".format(key)
    assert (found.fix == way) == vendors

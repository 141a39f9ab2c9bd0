"""What --fix would install from the server's own repositories is verified first; yum and rpm are played."""

import os

import pytest

from offkit.edges.run import Result
from offkit.media import keys, rpm_keys
from offkit.media.rpm_keys import Verdict
from offkit.model.errors import IntegrityError
from offkit.server.system import verified
from offkit.server.system.verified import Sources

SOURCES = Sources(("c7-media",), ("/etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7",), False)
STEPS = [("install", ["libSM"]), ("reinstall", ["libICE"])]


@pytest.fixture
def verify(monkeypatch):
    """(the calls of yum, what the ring was given) of one verification, whose packages have a verdict."""

    def call(verdict, sources=SOURCES, fetches=True, temporary=None):
        calls, known = [], []

        class Ring:
            def __init__(self, folder):
                assert os.listdir(folder) == []

            def add(self, paths):
                known.extend(paths)

            def add_imported(self, text):
                known.append(text)

            def check(self, path):
                return verdict

        def run(argv):
            calls.append(argv)
            if fetches and "--downloadonly" in argv:
                into = next(word for word in argv if "destdir=" in word).partition("destdir=")[2]
                with open(os.path.join(into, argv[-1] + "-1.0-1.el7.x86_64.rpm"), "w"):
                    pass
            return Result(argv, 0, "4.7.0\n", "")

        monkeypatch.setattr(rpm_keys, "KeyRing", Ring)
        monkeypatch.setattr(keys, "server", lambda: keys.Server(7, "centos", None, "", (), "imported"))
        monkeypatch.setattr(keys.Server, "keys", ("/own",))
        verified.verify(STEPS, ["c7-media"], sources, run)
        return calls, known

    return call


def test_in_order(verify):
    """Both verbs are fetched from these repositories alone; the keys are theirs, the vendor's, rpm's."""
    calls, known = verify(Verdict(rpm_keys.SIGNED, "f4a80eb5"))
    assert [argv[-2:] for argv in calls[1:]] == [["install", "libSM"], ["reinstall", "libICE"]]
    for argv in calls[1:]:
        assert {"--downloadonly", "--nogpgcheck", "--disablerepo=*", "--enablerepo=c7-media"} <= set(argv)
        assert not any("reposdir" in word for word in argv)
    assert known == ["/etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7", "/own", "imported"]


def test_not_in_order(verify):
    """All of it, by name; where somebody does without signatures, damage alone."""
    with pytest.raises(IntegrityError) as caught:
        verify(Verdict(rpm_keys.UNSIGNED, ""))
    assert [(each.code, each.subject) for each in caught.value.findings] == [
        ("RPM002", "libICE-1.0-1.el7.x86_64"),
        ("RPM002", "libSM-1.0-1.el7.x86_64"),
    ]
    verify(Verdict(rpm_keys.UNSIGNED, ""), SOURCES._replace(lax=True))
    with pytest.raises(IntegrityError):
        verify(Verdict(rpm_keys.DAMAGED, "MD5 digest"), SOURCES._replace(lax=True))


def test_nothing_was_fetched(verify):
    """What keeps yum from it, it says when it is to install."""
    assert verify(Verdict(rpm_keys.DAMAGED, ""), fetches=False)[1] == []

"""A library that is missing though rpm has its package: what yum can do about it. rpm and its database are real."""

import os
import subprocess

import pytest

import rpm_tools
from offkit.media.answers import Installed
from offkit.model.checklist import Checklist, Library
from offkit.model.target import Target
from offkit.server.doctor import forecast
from offkit.server.doctor.examine import examine
from offkit.server.system import installed
from repo_maker import package, repository
from server_maker import Server

YUM = "yum --disablerepo='*' --enablerepo='offkit-*' "
ABI = "libSM.so.6()(64bit)"
EL7 = Target("el7", 7, "x86_64", "3.6.8", (2, 17))


@pytest.fixture
def server(tmp_path):
    """A module of its environment needs libSM.so.6, which is not there."""
    rpm_tools.need()
    made = Server(tmp_path / "root")
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    made.module("cv2/cv2", needed=["libSM.so.6"])
    return made


def install(server, tmp_path, name, version, provides=(ABI,), arch="x86_64"):
    """rpm has it; its files are gone."""
    place = server.host("/var/lib/rpm")
    os.makedirs(place, exist_ok=True)
    path = rpm_tools.build(
        tmp_path, name, {"/opt/" + name: b"x"}, version=version, provides=provides, arch=arch
    )
    argv = ["rpm", "--dbpath", place, "--justdb", "--nodeps", "--nosignature", "--force", "-i", path]
    subprocess.check_call(argv, stderr=subprocess.DEVNULL)


def medium(tmp_path, version="1.2", more=()):
    found = package("libSM", [ABI], version=version)
    return repository(tmp_path / "medium", [found, *more])


def both(server, place=""):
    """What the doctor says, and before an installation the forecast: (to install, again, cure) of either."""
    media = [place] if place else []
    after = examine("/opt/env", server.root, checks=["libraries"], rpm_repos=media)
    needed = Checklist((Library("libSM.so.6", (), ("a.whl: x.so",), "", False),))
    before = forecast.examine(needed, EL7, server.root, rpm_repos=media)
    (first,) = [each.fix for each in after.findings if each.subject == "libSM.so.6"]
    (second,) = [each.fix for each in before.findings if each.subject == "libSM.so.6"]
    (provider,) = after.providers
    assert set(provider.rpms) == {*after.rpms, *after.again}
    assert (after.rpms, after.again, first) == (before.rpms, before.again, second)
    assert after.summary.install_line == before.install_line
    return after.rpms, after.again, first


def test_its_file_is_gone(server, tmp_path):
    """To yum install it is there: that very version is installed again."""
    install(server, tmp_path, "libSM", "1.2")
    place = medium(tmp_path)
    fix = (
        "{}reinstall libSM\nby repodata: libSM-1.2-1.el7.x86_64 on {}; it is installed, and its file is gone"
    )
    assert both(server, place) == ((), ("libSM",), fix.format(YUM, place))


def test_its_file_is_gone_and_no_medium_is_at_hand(server, tmp_path):
    install(server, tmp_path, "libSM", "1.2")
    rpms, again, fix = both(server)
    assert (rpms, again) == ((), ("libSM",))
    assert fix.startswith(YUM + "reinstall libSM\nby offkit's table")
    assert fix.endswith("; it is installed, and its file is gone")


def test_the_medium_is_newer(server, tmp_path):
    """yum install updates."""
    install(server, tmp_path, "libSM", "1.1")
    assert both(server, medium(tmp_path))[:2] == (("libSM",), ())


def test_the_medium_is_older(server, tmp_path):
    """Neither verb would bring that file back."""
    install(server, tmp_path, "libSM", "2.0")
    place = medium(tmp_path)
    fix = (
        "libSM-2.0-1.el7.x86_64 is installed, and its file is gone: yum needs that very RPM, "
        "and {} has libSM-1.2-1.el7.x86_64"
    )
    assert both(server, place) == ((), (), fix.format(place))


def test_a_newer_one_without_it(server, tmp_path):
    """yum does not go back; unpacked it serves."""
    install(server, tmp_path, "libSM", "2.0", [])
    place = medium(tmp_path)
    rpms, again, fix = both(server, place)
    assert (rpms, again) == ((), ())
    assert fix.startswith(
        "libSM-2.0-1.el7.x86_64 is installed and does not have it, and yum does not go back to "
        "libSM-1.2-1.el7.x86_64 on {}; ".format(place)
    )
    assert "--no-root" in fix
    assert both(server)[2].startswith("libSM-2.0-1.el7.x86_64 is installed and does not have it; ")


def test_a_newer_one_without_it_and_another_package_that_has_it(server, tmp_path):
    """As with compat-packages: that is taken, though its name would not be the first choice."""
    install(server, tmp_path, "libSM", "2.0", [])
    place = medium(tmp_path, more=[package("compat-libSM1", [ABI])])
    assert both(server, place)[:2] == (("compat-libSM1",), ())


def test_what_is_installed_for_another_architecture_says_nothing(server, tmp_path):
    install(server, tmp_path, "libSM", "1.2")
    place = repository(tmp_path / "medium", [package("libSM", [ABI], version="1.2", arch="noarch")])
    assert both(server, place)[:2] == (("libSM",), ())


def test_only_that_of_32_bit_is_installed(server, tmp_path):
    """To "install libSM" yum says that it is there, and does nothing: by its architecture it is another."""
    install(server, tmp_path, "libSM", "1.2", ["libSM.so.6"], "i686")
    assert both(server, medium(tmp_path))[:2] == (("libSM.x86_64",), ())
    assert both(server)[:2] == (("libSM.x86_64",), ())
    install(server, tmp_path, "libSM", "1.1")
    assert both(server, medium(tmp_path))[:2] == (("libSM",), ())


def test_several_versions_are_installed(server, tmp_path):
    """As kernels are: the newest counts."""
    for version in ("1.10", "1.9"):
        install(server, tmp_path, "libSM", version)
    assert both(server, medium(tmp_path, "1.10"))[:2] == ((), ("libSM",))


def test_rpm_is_asked_once_for_each_name(monkeypatch):
    asked = []

    def of(tree, names, run):
        asked.append(sorted(names))
        return {("a", "x86_64"): Installed("a-1-1.x86_64", ("0", "1", "1"))} if "a" in names else {}

    monkeypatch.setattr(installed, "of", of)
    ask = installed.asked(None)
    assert set(ask({"a", "b"})) == set(ask({"a"})) == {("a", "x86_64")}
    assert ask({"b"}) == {}
    assert [each for each in asked if each] == [["a", "b"]]


def test_a_repository_for_which_there_is_no_key(server, tmp_path):
    """Its section asks for signatures and names no key, and rpm has none: yum would fetch all, and refuse it."""
    text = "[mine]\nname=x\nbaseurl=file:///srv/disc\nenabled=1\ngpgcheck=1\n"
    server.put("/etc/yum.repos.d/x.repo", text)
    repository(server.host("/srv/disc"), [package("libSM", [ABI])])

    def told():
        found = examine("/opt/env", server.root, checks=["libraries", "repositories"]).findings
        return [(one.subject, one.fix) for one in found if one.code == "REPO007"]

    assert told() == []  # rpm cannot be asked
    install(server, tmp_path, "rpm", "4.11")
    either = "gpgkey=file://KEY in /etc/yum.repos.d/x.repo, or rpm --import KEY; "
    assert told() == [("mine", either + "the keys of this system are in /etc/pki/rpm-gpg")]
    server.put("/etc/os-release", "ID=centos\nVERSION_ID=7\n")
    server.put("/etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7", "key")
    own = "rpm --import {0}, or gpgkey=file://{0} in /etc/yum.repos.d/x.repo"
    assert told() == [("mine", own.format("/etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7"))]
    key = rpm_tools.Key(tmp_path / "key")
    subprocess.check_call(["rpm", "--dbpath", server.host("/var/lib/rpm"), "--import", key.public])
    assert told() == []

"""The administrator's own repositories: one that works is what the line names, and what --fix uses."""

import pytest

import target_maker
from offkit.edges.tree import Tree
from offkit.media import rpm
from offkit.media.repository import Repository
from offkit.model.checklist import Checklist, Library
from offkit.model.finding import Finding
from offkit.server.doctor import forecast, repair
from offkit.server.doctor.examine import examine
from repo_maker import library_packages, package, repomd, repository
from server_maker import DYNLOAD, Server

# As CentOS 7 ships CentOS-Media.repo, but for enabled=1.
MEDIA = """
[c7-media]
name=CentOS-$releasever - Media
baseurl=file:///media/CentOS/
        file:///media/cdrom/
        file:///media/cdrecorder/
gpgcheck=1
enabled=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7
"""
OFFKIT = "[offkit-el7]\nname=x\nbaseurl=file:///mnt/c7\nenabled=0\ngpgcheck=1\n"
THEIRS = "yum --disablerepo='*' --enablerepo=c7-media install "
OURS = "yum --disablerepo='*' --enablerepo='offkit-*' install "
BOTH = "yum --disablerepo='*' --enablerepo=c7-media --enablerepo='offkit-*' install "


@pytest.fixture
def server(tmp_path):
    """libSM is missing, and a repository of the administrator's is enabled."""
    made = Server(tmp_path / "root")
    made.put("/etc/yum.repos.d/CentOS-Media.repo", MEDIA)
    made.put("/etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7", "key")
    made.module("x", needed=["libSM.so.6"])
    return made


def disc(server, place, *sonames):
    repository(server.host(place), library_packages(*(sonames or ("libSM.so.6",))))


def told(server):
    result = examine("/opt/env", server.root)
    codes = [(each.code, each.severity, each.subject) for each in result.findings if each.code[:4] == "REPO"]
    return result.summary.install_line, codes


def test_one_of_several_directories_is_enough(server):
    """They are mirrors of each other: the disc in the drive serves, and nothing is wrong."""
    disc(server, "/media/cdrom")
    assert told(server) == (THEIRS + "libSM", [])
    (missing,) = [each for each in examine("/opt/env", server.root).findings if each.code == "LIB001"]
    assert missing.fix.startswith(THEIRS + "libSM\nby repodata: libSM-1.0-1.el7.x86_64 on /media/cdrom")


def test_dnf_takes_packages_from_the_first_alone(server):
    """Of several directories: "has incorrect checksum" otherwise. The option makes it the one that serves."""
    disc(server, "/media/cdrom")
    server.put("/usr/bin/dnf", "#!/usr/bin/python3\n")
    server.link("/usr/bin/yum", "dnf")
    line = "yum --disablerepo='*' --enablerepo=c7-media --setopt=c7-media.baseurl=file:///media/cdrom install libSM"
    assert told(server) == (line, [])
    disc(server, "/media/CentOS")
    assert told(server) == (THEIRS + "libSM", [])


def test_dnf_that_has_no_other_name(server):
    """As on minimal servers of later releases: what is printed to be copied is a command that is there."""
    disc(server, "/media/CentOS")
    server.put("/usr/bin/dnf", "#!/usr/bin/python3\n")
    assert told(server) == (THEIRS.replace("yum", "dnf", 1) + "libSM", [])
    server.put("/etc/yum.repos.d/x.repo", "[x]\nbaseurl=http://x/\n")
    (network,) = [each for each in examine("/opt/env", server.root).findings if each.code == "REPO002"]
    assert network.fix.startswith("disable it: dnf --disablerepo='*'")


def test_broken_only_when_all_are(server):
    """Once, with every place where a disc would do."""
    line, codes = told(server)
    assert line == OURS + "libSM"
    assert codes == [("REPO003", "warning", "c7-media"), ("REPO001", "warning", "offkit-*")]
    (one,) = [each for each in examine("/opt/env", server.root).findings if each.code == "REPO003"]
    assert one.message == (
        "has several directories, and none has a disc mounted: /media/CentOS, /media/cdrom, /media/cdrecorder"
    )
    assert one.fix == "mount -o loop,ro FILE.iso /media/CentOS, or another of them"
    assert "/media/cdrecorder/repodata/repomd.xml" in one.looked_in


def test_nothing_is_read_where_nothing_is_missing(server, monkeypatch):
    """The metadata of a whole disc take seconds: they are for a finding that names a package."""
    disc(server, "/media/cdrom")
    server.library("libSM.so.6")
    read = []
    real = Repository.search
    monkeypatch.setattr(Repository, "search", lambda self, *a, **k: read.append(1) or real(self, *a, **k))
    result = examine("/opt/env", server.root)
    assert ([each.code for each in result.findings if each.severity == "error"], read) == ([], [])
    assert result.repositories == {}
    server.module("y", needed=["libmissing.so.1"])
    assert examine("/opt/env", server.root).repositories == {"/media/cdrom": 1}
    assert read == [1]


def test_what_is_wrong_with_the_one_that_serves(server):
    """Its key, for one, is the repository's."""
    disc(server, "/media/cdrom")
    server.remove("/etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7")
    assert told(server)[1] == [("REPO007", "warning", "c7-media")]


def test_offkits_own_for_what_it_does_not_have(server):
    """A small repository of one's own decides nothing."""
    disc(server, "/media/cdrom", "libvendor.so.1")
    assert told(server) == (OURS + "libSM", [("REPO001", "warning", "offkit-*")])
    result = examine("/opt/env", server.root)
    (missing,) = [each for each in result.findings if each.code == "LIB001"]
    assert "by offkit's table: libSM on el7; it is not on /media/cdrom" in missing.fix
    assert result.doubt == (
        "these packages are by offkit's table of el7; libSM is not on /media/cdrom (--iso FILE reads yours)"
    )
    server.put("/etc/yum.repos.d/offkit.repo", OFFKIT)
    disc(server, "/mnt/c7")
    assert told(server) == (OURS + "libSM", [])


def test_both_where_each_has_a_part(server):
    """yum solves over all that a command enables."""
    server.module("y", needed=["libvendor.so.1"])
    disc(server, "/media/cdrom", "libvendor.so.1")
    server.put("/etc/yum.repos.d/offkit.repo", OFFKIT)
    disc(server, "/mnt/c7")
    assert told(server)[0] == BOTH + "libSM libvendor"


def test_theirs_before_offkits(server):
    """Where both have it."""
    disc(server, "/media/cdrom")
    server.put("/etc/yum.repos.d/offkit.repo", OFFKIT)
    disc(server, "/mnt/c7")
    assert told(server) == (THEIRS + "libSM", [])


def test_disabled_ones_do_not_count(server):
    """Nobody wants them used."""
    disc(server, "/media/cdrom")
    server.put("/etc/yum.repos.d/CentOS-Media.repo", MEDIA.replace("enabled=1", "enabled=0"))
    assert told(server) == (OURS + "libSM", [("REPO001", "warning", "offkit-*")])


def test_packages_that_only_their_names_tell(server):
    """A -devel package is no library's: the names in the metadata count."""
    server.remove(DYNLOAD + "/zlib.cpython-36m-x86_64-linux-gnu.so")
    repository(server.host("/media/cdrom"), library_packages("libSM.so.6", "zlib-devel.so.1"))
    assert told(server)[0] == THEIRS + "libSM zlib-devel"


def test_a_server_on_this_machine_needs_no_network(server):
    """A mirror at 127.0.0.1 is reached without one; whether it serves, nobody tries."""
    disc(server, "/media/cdrom")
    server.put("/etc/yum.repos.d/m.repo", "[mirror]\nname=m\nbaseurl=http://127.0.0.1:8080/c7/\n")
    assert told(server)[1] == []
    server.put("/etc/yum.repos.d/m.repo", "[mirror]\nname=m\nbaseurl=http://127.example/c7/\n")
    assert told(server)[1] == [("REPO002", "info", "mirror")]


def test_what_fix_runs(server):
    """The same repositories as in the line."""
    disc(server, "/media/cdrom")
    result = examine("/opt/env", server.root)
    argv = repair.command(result.rpms, "install", result.enabled)
    assert [word for word in argv if "repo" in word] == ["--disablerepo=*", "--enablerepo=c7-media"]
    assert argv[-2:] == ["install", "libSM"]


@pytest.mark.parametrize(
    ("main", "own", "lax"),
    [
        ("", "", True),
        ("gpgcheck=1", "", False),
        ("gpgcheck=1", "gpgcheck=0", True),
        ("", "gpgcheck=1", False),
    ],
)
@pytest.mark.parametrize("other", ["gpgcheck=0", "gpgcheck=1"])
def test_whose_signatures_nobody_wants(server, main, own, lax, other):
    """Only where all that take part do without them; what a section does not say, [main] does."""
    server.put("/etc/yum.conf", "[main]\n{}\n".format(main))
    text = "[{}]\nname=x\nbaseurl=file:///mnt/{}\ngpgkey=file:///{}.key\n{}\n"
    server.put("/etc/yum.repos.d/a.repo", text.format("a", "a", "a", own) + text.format("b", "b", "b", other))
    tree = Tree(server.root)
    assert repair._sources(["a"], tree)[:3] == (("a",), ("/a.key",), lax)
    found = repair._sources(["a", "b"], tree)
    assert found[:3] == (("a", "b"), ("/a.key", "/b.key"), lax and other == "gpgcheck=0")


def withheld(server):
    result = examine("/opt/env", server.root)
    found = [each for each in result.findings if each.code.startswith("RPM")]
    return result.summary.install_line, [tuple(each) for each in found]


@pytest.mark.parametrize(
    ("file", "option", "hides"),
    [
        ("/etc/yum.conf", "exclude=libSM* kernel", True),
        ("/etc/yum.conf", "exclude=libSM-1.0-1.el7.*", True),
        ("/etc/dnf/dnf.conf", "excludepkgs=libSM", True),
        ("/etc/dnf/dnf.conf", "includepkgs=libSM-0.9*", True),
        ("/etc/yum.conf", "includepkgs=libSM-1.0*", False),
        ("/etc/yum.conf", "exclude=libSM-0.9*", False),
    ],
)
def test_what_the_administrator_excludes(server, file, option, hides):
    """By the files alone, with the line and the way that works: nothing is run or tried."""
    disc(server, "/media/cdrom")
    server.put(file, "[main]\n{}\n".format(option))
    fix = "as the command has it: --disableexcludes=all; or change that line while it runs"
    message = "kept from yum by {}: {}".format(file, option)
    told = [("RPM020", "warning", "libSM", message, (file,), fix)] if hides else []
    line = THEIRS.replace("install", "--disableexcludes=all install") if hides else THEIRS
    assert withheld(server) == (line + "libSM", told)
    result = examine("/opt/env", server.root)
    assert [each.fix.split("\n")[0] for each in result.findings if each.code == "LIB001"] == [line + "libSM"]
    assert repair.line(result) == THEIRS + "libSM"  # what somebody excludes, --fix does not install
    server.put("/usr/bin/dnf5", "")
    five = "--setopt='disable_excludes=*'"
    assert withheld(server)[0] == line.replace("--disableexcludes=all", five) + "libSM"
    assert all(five in row[5] for row in withheld(server)[1])


def test_what_a_section_excludes(server):
    """Of a repository that takes part, and of no other."""
    disc(server, "/media/cdrom")
    server.put("/etc/yum.repos.d/b.repo", "[b]\nname=b\nbaseurl=http://h/\nenabled=1\nexclude=libSM\n")
    assert withheld(server)[1] == []
    server.put("/etc/yum.repos.d/CentOS-Media.repo", MEDIA + "exclude=libSM\n")
    ((code, _, subject, message, _, _),) = withheld(server)[1]
    assert (code, subject) == ("RPM020", "libSM")
    assert message == "kept from yum by /etc/yum.repos.d/CentOS-Media.repo: exclude=libSM"


def test_a_package_of_no_repository_at_hand(server):
    """Its name is known by offkit's table, and no version: an include of a version is not held against it."""
    server.put("/etc/yum.conf", "[main]\nincludepkgs=libSM-1.2*\n")
    assert withheld(server) == (OURS + "libSM", [])
    server.put("/etc/yum.conf", "[main]\nexclude=lib*\n")
    assert [row[:3] for row in withheld(server)[1]] == [("RPM020", "warning", "libSM")]


def test_a_version_that_is_locked(server):
    disc(server, "/media/cdrom")
    server.put("/etc/yum/pluginconf.d/versionlock.conf", "[main]\nenabled=1\n")
    server.put("/etc/yum/pluginconf.d/versionlock.list", "0:libSM-0.9-1.el7.*\n")
    ((code, severity, subject, message, _, fix),) = withheld(server)[1]
    assert (code, severity, subject) == ("RPM021", "warning", "libSM-1.0-1.el7.x86_64")
    assert message == "is not the version that is locked on this server: 0:libSM-0.9-1.el7.*"
    assert fix == "take that out of the list ('yum versionlock delete')"


def test_a_module_that_its_repository_does_not_describe(server):
    """dnf hides it: the line has the option with which it does not, and that is said."""
    row = package("libSM", [rpm.capability("libSM.so.6")], release="1.module_el8.1")
    repository(server.host("/media/CentOS"), [row])
    line = "yum --disablerepo='*' --enablerepo=c7-media --setopt=c7-media.module_hotfixes=1 install libSM"
    message = "is of a module, and /media/CentOS describes no modules: dnf's modular filtering hides it"
    fix = "as the command has it: --setopt=c7-media.module_hotfixes=1"
    title = "libSM-1.0-1.module_el8.1.x86_64"
    assert withheld(server) == (line, [("RPM022", "warning", title, message, ("/media/CentOS",), fix)])
    enabled = examine("/opt/env", server.root).enabled
    assert enabled == ("c7-media", "--setopt=c7-media.module_hotfixes=1")
    path = server.host("/media/CentOS/repodata/repomd.xml")
    with open(path, "rb") as source:
        told = source.read()
    described = repomd(("modules", "repodata/m", b"", 0)).partition(b"</revision>")[2]
    server.put("/media/CentOS/repodata/repomd.xml", told.replace(b"</repomd>", described))
    assert withheld(server) == (THEIRS + "libSM", [])


def test_nothing_is_to_be_installed(server):
    server.put("/etc/yum.conf", "[main]\nexclude=*\n")
    server.library("libSM.so.6")
    assert withheld(server) == ("", [])


PRIORITY = "[{0}]\nname={0}\nbaseurl=file:///srv/{0}\nenabled=1\ngpgcheck=0\npriority={1}\n"


@pytest.fixture
def ranked(server):
    """Two repositories of the administrator's, of which one comes first."""
    server.remove("/etc/yum.repos.d/CentOS-Media.repo")
    server.put("/usr/bin/dnf", "#!/usr/bin/python3\n")
    server.link("/usr/bin/yum", "dnf")
    server.put("/etc/yum.repos.d/x.repo", PRIORITY.format("base", 1) + PRIORITY.format("extra", 50))
    return server


def copies(server, place, version, *provides):
    repository(server.host("/srv/" + place), [package("libSM", provides, version=version)])


def chosen(server):
    result = examine("/opt/env", server.root)
    (missing,) = [each for each in result.findings if each.code == "LIB001"]
    (said,) = [line for line in missing.fix.split("\n") if line.startswith("by repodata: ")]
    found = [each for each in result.findings if each.code[:3] == "RPM"]
    return result.summary.install_line, said[len("by repodata: ") :], found


RANKED = "yum --disablerepo='*' --enablerepo=base --enablerepo=extra install libSM"


def test_the_repository_that_comes_first(ranked):
    """By priority=, whatever the versions; with equal ones the newest."""
    copies(ranked, "base", "1.0", "libSM.so.6()(64bit)")
    copies(ranked, "extra", "2.0", "libSM.so.6()(64bit)")
    assert chosen(ranked) == (RANKED, "libSM-1.0-1.el7.x86_64 on /srv/base", [])
    copies(ranked, "extra", "1.0", "libSM.so.6()(64bit)")
    assert chosen(ranked) == (RANKED, "libSM-1.0-1.el7.x86_64 on /srv/base", [])
    ranked.put("/etc/yum.repos.d/x.repo", PRIORITY.format("base", 99) + PRIORITY.format("extra", "many"))
    copies(ranked, "extra", "2.0", "libSM.so.6()(64bit)")
    assert chosen(ranked) == (RANKED, "libSM-2.0-1.el7.x86_64 on /srv/extra", [])


def test_what_the_first_does_not_have(ranked):
    """yum would take a package without the library, and be content: the command has the way."""
    copies(ranked, "base", "1.0")
    copies(ranked, "extra", "2.0", "libSM.so.6()(64bit)")
    option = "--setopt=extra.priority=0"
    message = (
        "is on /srv/extra, and yum takes libSM from /srv/base, where priority=1 comes before 50, whatever its "
        "version: that one does not have all that is wanted"
    )
    title = "libSM-2.0-1.el7.x86_64"
    line, said, found = chosen(ranked)
    assert line == RANKED.replace("install", option + " install")
    assert said == title + " on /srv/extra"
    fix = "as the command has it: " + option
    assert found == [Finding("RPM028", "warning", title, message, ("/srv/base", "/srv/extra"), fix)]
    assert repair.line(examine("/opt/env", ranked.root)) == line
    wanted = Checklist((Library("libSM.so.6", (), ("x",), "libSM", False),))
    assert forecast.examine(wanted, target_maker.preset("3.6"), ranked.root).install_line == line


def test_what_only_offkits_have_in_time(ranked):
    """The administrator's disc has an older one without the library: those alone take part."""
    copies(ranked, "base", "1.0")
    ranked.put("/etc/yum.repos.d/offkit.repo", OFFKIT)
    disc(ranked, "/mnt/c7")
    assert chosen(ranked) == (OURS + "libSM", "libSM-1.0-1.el7.x86_64 on /mnt/c7", [])


def test_priorities_of_yum_3(ranked):
    """It has them from a plugin, where that is enabled."""
    ranked.remove("/usr/bin/yum")
    ranked.remove("/usr/bin/dnf")
    copies(ranked, "base", "1.0")
    copies(ranked, "extra", "2.0", "libSM.so.6()(64bit)")
    assert chosen(ranked) == (RANKED, "libSM-2.0-1.el7.x86_64 on /srv/extra", [])
    ranked.put("/etc/yum/pluginconf.d/priorities.conf", "[main]\nenabled = 1\n")
    assert chosen(ranked)[0] == RANKED
    ranked.put("/etc/yum.conf", "[main]\nplugins=1\n")
    line, _, (found,) = chosen(ranked)
    assert line == RANKED.replace("install", "--disableplugin=priorities install")
    assert (found.code, found.fix) == ("RPM028", "as the command has it: --disableplugin=priorities")


TREEINFO = "[general]\nfamily = Rocky Linux\nversion = 8.10\narch = x86_64\n"
LOCAL = "[local]\nname=x\nbaseurl=file:///mnt/cdrom/{}\ngpgcheck=0\nenabled=1\n"


@pytest.mark.parametrize("base", ["BaseOS", ""])
def test_a_disc_of_another_release_in_the_administrators_own_repository(server, base):
    """It is named, and nothing is taken from it: neither by the line nor by --fix."""
    server.put("/etc/yum.repos.d/CentOS-Media.repo", LOCAL.format(base))
    server.put("/mnt/cdrom/.treeinfo", TREEINFO)
    disc(server, ("/mnt/cdrom/" + base).rstrip("/"))
    result = examine("/opt/env", server.root)
    first = result.findings[0]
    assert (first.code, first.severity, first.subject) == ("ENV049", "warning", "local")
    assert first.message == (
        ("/mnt/cdrom/" + base).rstrip("/")
        + " is Rocky Linux 8.10 (el8), and this server is el7: nothing is taken from it"
    )
    assert first.fix == (
        "use a disc of el7 there, or disable it: enabled=0 in /etc/yum.repos.d/CentOS-Media.repo"
    )
    assert result.summary.install_line == OURS + "libSM"
    assert not result.known  # --fix has nothing to install from
    assert result.repositories == {}
    wanted = Checklist((Library("libSM.so.6", (), ("x: x.so",), "libSM", False),))
    told = forecast.examine(wanted, target_maker.preset("3.6", "el7"), server.root)
    assert (told.findings[0], told.install_line) == (first, OURS + "libSM")


def test_one_whose_packages_are_all_for_another_release(server):
    """A copy without the files of a disc's top: it is named, as a medium is, and somebody may want it."""
    rows = [package("libSM", ["libSM.so.6()(64bit)"], release="1.el8")]
    repository(server.host("/media/cdrom"), rows)
    result = examine("/opt/env", server.root)
    told = [(one.code, one.severity, one.subject, one.message) for one in result.findings[:1]]
    why = "is full of packages for Enterprise Linux 8 (el8), and this server is el7"
    assert told == [("ENV049", "warning", "/media/cdrom", why)]


def test_one_of_a_system_that_is_no_enterprise_linux(server):
    """Its packages may fit, so it is named and taken."""
    server.put("/etc/yum.repos.d/CentOS-Media.repo", LOCAL.format(""))
    server.put("/mnt/cdrom/.treeinfo", TREEINFO.replace("Rocky Linux", "openEuler").replace("8.10", "22.03"))
    disc(server, "/mnt/cdrom")
    result = examine("/opt/env", server.root)
    assert [(one.code, one.severity) for one in result.findings[:1]] == [("ENV049", "warning")]
    assert result.summary.install_line == OURS.replace("'offkit-*'", "local") + "libSM"

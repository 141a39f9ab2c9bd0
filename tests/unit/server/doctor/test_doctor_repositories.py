"""What yum would do on a server, told from its files."""

import hashlib
import os
import shutil
import subprocess
from urllib.parse import quote

import pytest

import rpm_tools
from offkit.edges.tree import Tree
from offkit.media import repofile
from offkit.server.doctor import repositories
from offkit.server.doctor.examine import examine
from repo_maker import library_packages, repository
from server_maker import Server

OWN = "[offkit-base]\nname=x\nbaseurl=file:///mnt/c7\nenabled=0\ngpgcheck=1\ngpgkey=file:///mnt/c7/KEY\n"
STOCK = """
[base]
name=CentOS-$releasever - Base
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os
gpgcheck=1
[updates]
baseurl=http://mirror.centos.org/centos/$releasever/updates/$basearch/
        http://elsewhere.example/
[extras]
baseurl=http://x/
enabled=0
"""


@pytest.fixture
def server(tmp_path):
    return Server(tmp_path / "root")


def findings(server, needed=False):
    """Of the repositories alone; with ``needed`` a library is missing."""
    if needed:
        server.module("x", needed=["libSM.so.6"])
    result = examine("/opt/env", server.root)
    return [each for each in result.findings if each.code.startswith("REPO")]


def codes(server, needed=False):
    return [(each.code, each.severity, each.subject) for each in findings(server, needed)]


def mounted(server, place="/mnt/c7"):
    repository(server.host(place), library_packages("libSM.so.6"))
    server.put(place + "/KEY", "key")


def test_no_yum_at_all(server):
    """Nothing to say while nothing has to be installed."""
    assert codes(server) == []


def test_nothing_configured(server):
    """The line needs a repository."""
    (finding,) = findings(server, needed=True)
    assert (finding.code, finding.severity, finding.subject) == ("REPO001", "warning", "offkit-*")
    assert finding.fix == "as root: offkit repo add --iso FILE.iso"


def test_a_generation_has_the_command(server):
    """It is named with its path: nothing puts it on root's."""
    server.put("/opt/env/offkit/receipt.json", "{}")
    (finding,) = findings(server, needed=True)
    assert finding.fix == "as root: /opt/env/bin/offkit repo add --iso FILE.iso"


def test_repositories_that_need_a_network(server):
    """Known from their URLs; disabled ones do not count. A warning where yum is wanted and has no other."""
    server.put("/etc/yum.repos.d/CentOS-Base.repo", STOCK)
    (finding,) = findings(server)
    assert (finding.code, finding.severity, finding.subject) == ("REPO002", "info", "base, updates")
    assert "without one yum waits for them, then fails" in finding.message
    assert "yum --disablerepo='*'" in finding.fix
    assert ("REPO002", "warning", "base, updates") in codes(server, needed=True)
    server.put("/etc/yum.repos.d/offkit.repo", OWN)
    mounted(server)
    assert codes(server, needed=True) == [("REPO002", "info", "base, updates")]


def test_everything_in_order(server):
    """The ISO is mounted where the repository says."""
    server.put("/etc/yum.repos.d/offkit.repo", OWN)
    mounted(server)
    assert codes(server, needed=True) == []


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda server: None, "/mnt/c7 is missing: no disc is mounted there"),
        (lambda server: server.directory("/mnt/c7"), "/mnt/c7 is empty: no disc is mounted there"),
        (lambda server: server.put("/mnt/c7/EULA", ""), "/mnt/c7 has no repodata/repomd.xml"),
    ],
)
def test_not_mounted(server, make, words):
    """Said how; for information while nothing is needed. Its metadata are not asked."""
    server.put("/etc/yum.repos.d/offkit.repo", OWN)
    make(server)
    assert [(each.code, each.severity, each.message) for each in findings(server)] == [
        ("REPO003", "info", words)
    ]
    found = [each for each in findings(server, needed=True) if each.code == "REPO003"]
    assert found[0].severity == "warning"
    assert found[0].fix == "mount -o loop,ro FILE.iso /mnt/c7"


def test_metadata_that_cannot_be_read(server):
    """Not XML."""
    server.put("/etc/yum.repos.d/offkit.repo", OWN)
    mounted(server)
    server.put("/mnt/c7/repodata/repomd.xml", "It works!")
    (finding,) = findings(server)
    assert (finding.code, finding.severity) == ("REPO004", "info")
    assert (
        finding.message
        == "/mnt/c7/repodata/repomd.xml cannot be read: not XML: syntax error: line 1, column 0"
    )


@pytest.mark.parametrize(
    "cache",
    [
        "/var/cache/yum/x86_64/7/offkit-base/repomd.xml",
        "/var/cache/dnf/offkit-base-0115284a1e1247f2/repodata/repomd.xml",
    ],
)
def test_stale_metadata(server, cache):
    """Another ISO was mounted there before; the same one is no news."""
    server.put("/etc/yum.repos.d/offkit.repo", OWN)
    mounted(server)
    with open(server.host("/mnt/c7/repodata/repomd.xml"), "rb") as source:
        server.put(cache, source.read())
    assert codes(server) == []
    server.put(cache, "<repomd>of another</repomd>")
    (finding,) = findings(server, needed=True)
    assert (finding.code, finding.severity) == ("REPO005", "warning")
    assert finding.fix == "yum --disablerepo='*' --enablerepo='offkit-base' clean metadata"
    server.put("/etc/yum.repos.d/offkit.repo", OWN + "metadata_expire=0\n")
    assert codes(server, needed=True) == []


def test_the_cache_of_an_earlier_url(server):
    """dnf keeps it, and reads it no more."""
    server.put("/etc/yum.repos.d/offkit.repo", OWN.replace("/mnt/c7\nenabled", "/mnt/$releasever\nenabled"))
    repository(server.host("/mnt/7"), library_packages("libSM.so.6"))
    server.put("/mnt/c7/KEY", "x")
    server.put("/var/cache/dnf/offkit-base-0115284a1e1247f2/repodata/repomd.xml", "of file:///mnt/c7")
    assert codes(server, needed=True) == []
    own = hashlib.sha256(b"file:///mnt/7").hexdigest()[:16]
    server.put("/var/cache/dnf/offkit-base-{}/repodata/repomd.xml".format(own), "of file:///mnt/7")
    assert codes(server, needed=True) == [("REPO005", "warning", "offkit-base")]


@pytest.mark.skipif(shutil.which("dnf") is None or os.geteuid() != 0, reason="no dnf here, or not root")
@pytest.mark.parametrize("url", ["file://{}/c$releasever/", "/proc/self/cwd/c7 file:///none"])
def test_how_dnf_calls_its_cache(tmp_path, url):
    """The real one."""
    rpm_tools.need()
    made = rpm_tools.build(tmp_path, "libSM", {"/usr/share/x": b"x"})
    rpm_tools.repository(tmp_path / "c7", [made])
    place = quote(str(tmp_path))
    (tmp_path / "etc/yum.repos.d").mkdir(parents=True)
    (tmp_path / "etc/os-release").write_text('VERSION_ID="7"\n')
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/dnf").write_text("")
    text = "[own]\nname=x\ngpgcheck=0\nbaseurl={}\n".format(url.format(place))
    (tmp_path / "etc/yum.repos.d/own.repo").write_text(text)
    argv = ["dnf", "-q", "--installroot", str(tmp_path / "root"), "--releasever", "7"]
    argv += [
        "--setopt=reposdir=/proc/self/cwd/etc/yum.repos.d",
        "--setopt=cachedir=" + str(tmp_path / "cache"),
    ]
    done = subprocess.run(
        [*argv, "makecache"], cwd=str(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, done.stdout
    (there,) = [name for name in os.listdir(str(tmp_path / "cache")) if (tmp_path / "cache" / name).is_dir()]
    tree = Tree(str(tmp_path))
    known = repositories.configured(tree)
    (section,) = known.repositories
    assert "/var/cache/dnf/{}/repodata/repomd.xml".format(there) in repositories._caches(tree, known, section)


def test_a_key_that_is_not_there(server):
    """Only where it is checked."""
    server.put("/etc/yum.repos.d/offkit.repo", OWN)
    mounted(server)
    server.remove("/mnt/c7/KEY")
    (finding,) = findings(server, needed=True)
    assert (finding.code, finding.looked_in) == ("REPO007", ("/mnt/c7/KEY",))
    server.put("/etc/yum.repos.d/offkit.repo", OWN.replace("gpgcheck=1", "gpgcheck=0"))
    assert codes(server) == []


def test_a_section_that_inherits_gpgcheck(server):
    """yum.conf(5), dnf.conf(5): what a repository does not say, [main] says for it."""
    server.put("/etc/yum.repos.d/offkit.repo", OWN.replace("gpgcheck=1\n", ""))
    mounted(server)
    server.remove("/mnt/c7/KEY")
    assert codes(server) == []
    server.put("/etc/yum.conf", "[main]\nexclude =\ngpgcheck = 1\n")
    assert [each.code for each in findings(server)] == ["REPO007"]
    server.put("/etc/yum.repos.d/offkit.repo", OWN.replace("gpgcheck=1", "gpgcheck=0"))
    assert codes(server) == []


WAYS = [
    ("baseurl=/mnt/c7", True),
    ("baseurl=file:/mnt/c7", True),
    ('baseurl="file:///mnt/c7"', True),
    ("baseurl=file:///mnt/a%20disc", True),
    ("baseurl=file:///mnt/a disc", False),
    ("mirrorlist=file:///etc/list", True),
    ("mirrorlist=/etc/list", True),
]


@pytest.mark.parametrize(("option", "right"), WAYS)
def test_ways_to_name_a_directory(server, option, right):
    """As dnf takes them (4.14, seen): a path, quotes around it, a list of mirrors that is a file here; a blank
    parts two URLs. To yum 3 a path is no URL."""
    server.put("/usr/bin/dnf", "")
    server.put("/etc/yum.repos.d/own.repo", "[own]\nname=x\n{}\n".format(option))
    server.put("/etc/list", "# one\nfile:///mnt/none\nfile:///mnt/c7\n")
    for place in ("/mnt/c7", "/mnt/a disc"):
        mounted(server, place)
    assert (codes(server) == []) is right
    if "=/" in option:
        os.unlink(server.host("/usr/bin/dnf"))
        assert codes(server) != []


@pytest.mark.skipif(shutil.which("dnf") is None or os.geteuid() != 0, reason="no dnf here, or not root")
@pytest.mark.parametrize(("option", "right"), WAYS)
def test_dnf_takes_them_so(tmp_path, option, right):
    """The real one, of directories that are there."""
    rpm_tools.need()
    with rpm_tools.without_blanks(tmp_path) as place:
        assert dnf_sees(place, option) is right


def dnf_sees(tmp_path, option):
    """Whether it finds a package by that option."""
    (tmp_path / "mnt").mkdir()
    made = rpm_tools.build(tmp_path, "libSM", {"/usr/share/x": b"x"})
    for name in ("c7", "a disc"):
        rpm_tools.repository(tmp_path / "mnt" / name, [made])
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/list").write_text("# one\nfile://{0}/mnt/none\nfile://{0}/mnt/c7\n".format(tmp_path))
    for word in ("/mnt", "/etc"):
        option = option.replace(word, str(tmp_path) + word)
    (tmp_path / "rd").mkdir()
    (tmp_path / "rd/own.repo").write_text("[own]\nname=x\ngpgcheck=0\n{}\n".format(option))
    settings = {"reposdir": "rd", "cachedir": "cache"}
    argv = ["dnf", "-q", "--installroot", str(tmp_path / "root"), "--releasever", "7"]
    argv += ["--setopt={}={}".format(name, tmp_path / place) for name, place in settings.items()]
    said = subprocess.run([*argv, "repoquery", "libSM"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return b"libSM" in said.stdout


def test_a_file_that_is_no_repository(server):
    """yum stops at it, for all repositories."""
    server.put("/etc/yum.repos.d/bad.repo", "baseurl=http://x/\n")
    server.put("/etc/yum.repos.d/notes.txt", "anything")
    (finding,) = findings(server)
    assert (finding.code, finding.severity, finding.subject) == (
        "REPO006",
        "warning",
        "/etc/yum.repos.d/bad.repo",
    )
    assert "no section headers" in finding.message


@pytest.mark.parametrize("path", ["/etc/yum.conf", "/etc/dnf/dnf.conf"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[main]\ngpgcheck=1\nproxy_password secret\n", "line 3: is no option, nor a section"),
        ("gpgcheck=1\n", "line 1: there are no section headers before it"),
        ("[main\ngpgcheck=1\n", "line 1: there are no section headers before it"),
        ("[main]\nexclude\n", "line 2: is no option, nor a section"),
        ("[main]\n=x\n", "line 2: is no option, nor a section"),
    ],
)
def test_a_configuration_at_which_yum_stops(server, path, text, why):
    """By its line, not by what stands there, which may be a password; each was seen to stop dnf 4.14."""
    server.put(path, text)
    (finding,) = findings(server)
    assert (finding.code, finding.severity, finding.subject) == ("REPO006", "warning", path)
    assert finding.message == "is not a valid configuration file, and yum stops at it: " + why
    server.put(path, "[main]\ngpgcheck=1\n# none\nexclude=a\n  b\n")
    assert findings(server) == []


def test_one_configuration_by_two_names_is_told_of_once(server):
    """EL 8 links yum.conf to dnf.conf."""
    server.put("/etc/dnf/dnf.conf", "rubbish\n")
    server.link("/etc/yum.conf", "dnf/dnf.conf")
    assert [each.subject for each in findings(server)] == ["/etc/dnf/dnf.conf"]


def test_variables_of_yum(server):
    """$basearch, $releasever and what /etc/yum/vars says."""
    server.put("/etc/yum/vars/site", "berlin\n")
    server.put(
        "/etc/yum.repos.d/x.repo",
        "[x]\nbaseurl=file:///mnt/$site/${releasever}/$basearch/\nenabled=1\n",
    )
    assert findings(server)[0].message.startswith("/mnt/berlin/7/x86_64 is missing")


def test_an_unknown_release_is_not_guessed(server):
    """No number in its place: what depends on it is said not to be known, and the rest is judged."""
    mounted(server)
    server.put("/etc/os-release", 'ID="own"\n')
    server.put(
        "/etc/yum.repos.d/x.repo",
        "[x]\nbaseurl=file:///mnt/$releasever\n"
        "[y]\nbaseurl=file:///mnt/c7\ngpgcheck=1\ngpgkey=file:///keys/${releasever} file:///keys/none\n",
    )
    server.put("/var/cache/yum/x86_64/7/y/repomd.xml", "of another")
    vague, key = findings(server)
    assert (vague.code, vague.subject) == ("REPO003", "x")
    assert vague.message == (
        "/mnt/$releasever cannot be looked for: os-release has no VERSION_ID to put in the place of $releasever"
    )
    assert (key.code, key.message) == ("REPO007", "its key is missing: /keys/none")
    server.put("/etc/yum/vars/releasever", "c7\n")
    assert [each.code for each in findings(server)] == ["REPO007"]


def test_parse():
    """Lists, continuation lines, defaults of yum.conf(5)."""
    text = "[main]\nx=1\n[a]\nBaseURL = http://a/,\n  http://b/\n[b]\nmetalink=http://m/\nenabled=No\ngpgkey=k1 k2\n"
    first, second = repofile.parse(text, "f")
    assert (first.id, first.enabled, first.urls, first.checked) == (
        "a",
        True,
        ("http://a/", "http://b/"),
        False,
    )
    assert (second.id, second.enabled, second.urls, second.keys) == ("b", False, ("http://m/",), ("k1", "k2"))


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///mnt/c7/", "/mnt/c7"),
        ("file:/mnt/c7", "/mnt/c7"),
        ("file://localhost/mnt", "/mnt"),
        ("file:///mnt/a%20b", "/mnt/a b"),
        ("file:///", "/"),
        ("file://server/mnt", ""),
        ("http://x/", ""),
        ("/mnt", ""),
    ],
)
def test_directory_of_a_url(url, path):
    """Only what lies on this machine."""
    assert repofile.directory(url) == path


def test_names_in_the_yum_directory_that_cannot_be_read(server, monkeypatch):
    """A .repo file without permission is a finding."""
    text = Tree.text

    def guarded(self, path, *limit):
        if path.endswith(".repo"):
            raise PermissionError(13, "Permission denied", path)
        return text(self, path, *limit)

    server.put("/etc/yum.repos.d/x.repo", OWN)
    monkeypatch.setattr(Tree, "text", guarded)
    (finding,) = findings(server)
    assert (finding.code, finding.message) == (
        "REPO006",
        "is not a valid repository file, and yum stops at it: Permission denied",
    )


@pytest.mark.parametrize("checks", [["repositories"], ["libraries", "repositories"]])
def test_a_named_repository_is_read_though_nothing_is_missing(server, tmp_path, checks):
    """--rpm-repo with damaged metadata: an error also when no library is asked for."""
    place = repository(tmp_path / "broken", library_packages("libSM.so.6"))
    (primary,) = (tmp_path / "broken" / "repodata").glob("*primary*")
    primary.write_bytes(b"no metadata")
    result = examine("/opt/env", server.root, checks=checks, rpm_repos=[place])
    found = [(each.code, each.severity) for each in result.findings if each.code.startswith("REPO")]
    assert found == [("REPO004", "error")]
    assert result.repositories == {}


def test_a_named_repository_that_is_whole(server, tmp_path):
    """It is read, and counted."""
    place = repository(tmp_path / "repo", library_packages("libSM.so.6"))
    result = examine("/opt/env", server.root, checks=["repositories"], rpm_repos=[place])
    assert (result.findings, result.repositories) == ([], {place: 1})


@pytest.mark.parametrize(
    ("path", "made", "fstab", "point"),
    [
        ("/mnt/cdrom/BaseOS", "", "", "/mnt/cdrom"),
        ("/mnt/BaseOS", "/mnt", "", "/mnt"),
        ("/mnt/cdrom/Server", "/mnt/cdrom", "", "/mnt/cdrom"),
        ("/mnt/cdrom/a/b", "", "# x\n/dev/sr0 /mnt/cdrom/ iso9660 ro 0 0\n/dev/sda / xfs ro 0 0\n", "/mnt/cdrom"),
        ("/media/CentOS", "/media", "", "/media/CentOS"),
        ("/mnt/c7", "/mnt/c7", "/dev/sda /mnt xfs defaults 0 0\nbroken", "/mnt/c7"),
        ("/srv/disc", "", "", "/srv/disc"),
    ],
)  # fmt: skip
def test_where_its_disc_belongs(tmp_path, path, made, fstab, point):
    """At the mount point, of which the repository may be a directory; not at a directory that is for several."""
    server = Server(tmp_path / "root")
    server.put("/etc/yum.repos.d/x.repo", "[x]\nname=x\nbaseurl=file://{}\nenabled=1\n".format(path))
    server.put("/etc/fstab", fstab)
    os.makedirs(server.host(made or "/"), exist_ok=True)
    found = [one for one in examine("/opt/env", server.root).findings if one.code == "REPO003"]
    assert [one.fix for one in found] == ["mount -o loop,ro FILE.iso " + point]

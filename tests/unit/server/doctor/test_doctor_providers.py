"""Who provides what is missing: the doctor on fake servers, with an ISO or a repository at hand."""

import gzip
import os
from contextlib import ExitStack

import pytest

import target_maker
import web_maker
from elf_maker import build
from offkit.media import web
from offkit.model.checklist import Checklist, Library
from offkit.server.doctor import cures, forecast
from offkit.server.doctor.examine import examine
from repo_maker import image, package, primary, repomd, repository, write
from server_maker import DYNLOAD, SITE, Server

YUM = "yum --disablerepo='*' --enablerepo='offkit-*' install "
OWN = "[offkit-base]\nname=x\nbaseurl=file:///mnt/c7\nenabled=0\ngpgcheck=0\n"


def library(name, soname, **fields):
    return package(name, [soname + "()(64bit)"], **fields)


XLIBS = [
    library("libSM", "libSM.so.6", version="1.2.2", requires=["libICE.so.6()(64bit)", "libc.so.6()(64bit)"]),
    package("libSM", ["libSM.so.6"], version="1.2.2", arch="i686"),
    library("libICE", "libICE.so.6"),
    library("libXrender", "libXrender.so.1"),
    library("libXext", "libXext.so.6"),
]


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "root")
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    return made


def doctor(server, **asked):
    return examine("/opt/env", server.root, **asked)


def codes(result):
    return [(each.code, each.severity, each.subject) for each in result.findings]


def iso_of(folder, packages, base="", name="c7.iso", xml=None):
    packed = gzip.compress(primary(packages) if xml is None else xml)
    row = ("primary", "repodata/primary.xml.gz", packed, None)
    files = {
        base + "repodata/primary.xml.gz": packed,
        base + "repodata/repomd.xml": repomd(row),
        "zzz": b"x" * 60000,
    }
    path = str(folder / name)
    with open(path, "wb") as sink:
        sink.write(image(files))
    return path


def test_an_iso_that_is_not_mounted(server, tmp_path):
    """All that is missing in one line; each cure says which package on which ISO."""
    iso = iso_of(tmp_path, XLIBS)
    server.module("cv2/cv2", needed=["libSM.so.6", "libXrender.so.1", "libXext.so.6"])
    result = doctor(server, isos=[iso])
    assert result.summary.install_line == YUM + "libSM libXext libXrender"
    assert result.findings[0].fix == YUM + "libSM\nby repodata: libSM-1.2.2-1.el7.x86_64 on " + iso
    assert result.repositories == {iso: 5}
    assert [(each.soname, each.rpms, each.source) for each in result.providers] == [
        ("libSM.so.6", ("libSM",), iso),
        ("libXext.so.6", ("libXext",), iso),
        ("libXrender.so.1", ("libXrender",), iso),
    ]


@pytest.mark.parametrize("asked", ["rpm_repo", "own"])
def test_a_directory(server, tmp_path, asked):
    """Named on the command line; or that of the server's own offkit-* repository."""
    server.module("cv2/cv2", needed=["libSM.so.6"])
    place = repository(tmp_path / "there" if asked == "rpm_repo" else server.host("/mnt/c7"), XLIBS)
    server.put("/etc/yum.repos.d/offkit.repo", OWN)
    result = doctor(server, rpm_repos=[place]) if asked == "rpm_repo" else doctor(server)
    shown = place if asked == "rpm_repo" else "/mnt/c7"
    assert result.findings[0].fix == YUM + "libSM\nby repodata: libSM-1.2.2-1.el7.x86_64 on " + shown
    if asked == "own":
        assert codes(result) == [("LIB001", "error", "libSM.so.6")]


@web_maker.needs_curl
def test_a_url(server, tmp_path):
    """The answer has its name; the cure is one that takes URLs."""
    server.module("cv2/cv2", needed=["libSM.so.6"])
    with web_maker.site() as site, ExitStack() as stack:
        site.add(repository(tmp_path / "there", XLIBS))
        result = doctor(server, rpm_repos=web.opened([site.url], stack))
    assert result.findings[0].fix == YUM + "libSM\nby repodata: libSM-1.2.2-1.el7.x86_64 on " + site.url
    assert result.repositories == {site.url: len(XLIBS)}
    (cure,) = [each.fix for each in result.findings if each.code == "REPO001"]
    assert cure == "install the bundle again, as root: sh install.sh bundle.tar --rpm-repo " + site.url


@web_maker.needs_curl
def test_a_url_that_nobody_serves(server, monkeypatch):
    """REPO017, and the table answers."""
    monkeypatch.setattr(web, "_PAUSE", 0)
    server.module("cv2/cv2", needed=["libSM.so.6"])
    with ExitStack() as stack:
        result = doctor(server, rpm_repos=web.opened([web_maker.nobody()], stack))
    assert ("REPO017", "error") in [(each.code, each.severity) for each in result.findings]
    assert result.summary.install_line == YUM + "libSM"


def test_several_repositories_on_one_medium(server, tmp_path):
    """BaseOS and AppStream of el8: the newest of all, and where it is."""
    for name, version in (("BaseOS", "1.0"), ("AppStream", "1.1")):
        repository(tmp_path / "dvd" / name, [library("libSM", "libSM.so.6", version=version)])
    server.module("x", needed=["libSM.so.6"])
    result = doctor(server, rpm_repos=[str(tmp_path / "dvd")])
    assert "libSM-1.1-1.el7.x86_64 on {} (AppStream)".format(tmp_path / "dvd") in result.findings[0].fix
    assert len(result.repositories) == 2


def test_what_the_iso_does_not_have(server, tmp_path):
    """A minimal ISO: the line has nothing that yum would not find, and says which ISO is wanted."""
    iso = iso_of(tmp_path, XLIBS[2:])
    server.module("x", needed=["libSM.so.6", "libXext.so.6", "libunheard.so.1"])
    result = doctor(server, isos=[iso])
    fixes = {each.subject: each.fix for each in result.findings}
    assert fixes["libSM.so.6"] == (
        "no package has it on {}; el7 has it in libSM, which is on a fuller ISO (Everything, DVD)".format(iso)
    )
    assert fixes["libunheard.so.1"].endswith("use a build of the package that does not need it")
    assert result.summary.install_line == YUM + "libXext"


def test_a_dependency_that_is_nowhere(server, tmp_path):
    """libSM wants libICE, which this ISO lacks; libc is here already and not spoken of."""
    iso = iso_of(tmp_path, XLIBS[:1])
    server.module("x", needed=["libSM.so.6"])
    found = [each for each in doctor(server, isos=[iso]).findings if each.code == "REPO008"]
    assert [(each.subject, each.severity) for each in found] == [("libSM", "error")]
    assert "libSM-1.2.2-1.el7.x86_64 requires libICE.so.6()(64bit), which" in found[0].message
    server.library("libICE.so.6")
    assert "REPO008" not in [each.code for each in doctor(server, isos=[iso]).findings]


def test_a_newer_libstdcxx_on_the_iso(server, tmp_path):
    """A library that is too old is cured by its package where that has the version, else not."""
    wanted = ["GLIBCXX_3.4.19", "GLIBCXX_3.4.21"]
    server.library("libstdc++.so.6", defines=["GLIBCXX_3.4.18"])
    server.module("x", needed=["libstdc++.so.6"], needs={"libstdc++.so.6": wanted})
    names = ["libstdc++.so.6(" + version + ")(64bit)" for version in wanted]
    base = "libstdc++.so.6()(64bit)"
    new = doctor(server, isos=[iso_of(tmp_path, [package("libstdc++", [base, *names])])])
    assert new.findings[0].fix.startswith(YUM + "libstdc++\n")
    assert new.summary.install_line == YUM + "libstdc++"
    old = doctor(server, isos=[iso_of(tmp_path, [package("libstdc++", [base, names[0]])])])
    assert "bundle again with --target el7" in old.findings[0].fix
    assert old.summary.install_line == ""


def test_a_missing_library_without_the_version_wanted(server, tmp_path):
    """The package is named all the same, with what it lacks."""
    iso = iso_of(tmp_path, [package("libx", ["libx.so.1()(64bit)", "libx.so.1(X_1)(64bit)"])])
    server.module("x", needed=["libx.so.1"], needs={"libx.so.1": ["X_1", "X_2"]})
    assert doctor(server, isos=[iso]).findings[0].fix.endswith("\nbut none has version X_2")


def test_devel_packages_that_are_not_on_the_iso(server, tmp_path):
    """To build Python again: said before yum says it."""
    server.remove(DYNLOAD + "/_bz2.cpython-36m-x86_64-linux-gnu.so")
    finding = doctor(server, isos=[iso_of(tmp_path, XLIBS)]).findings[0]
    assert (finding.code, finding.subject) == ("PY001", "bz2")
    assert "bzip2-devel is not on " in finding.fix
    fuller = iso_of(tmp_path, [*XLIBS, package("bzip2-devel")])
    assert "is not on" not in doctor(server, isos=[fuller]).findings[0].fix


def test_a_32_bit_python(server, tmp_path):
    """Its libraries are those of i686."""
    iso = iso_of(tmp_path, XLIBS)
    for path, kind in (("/usr/local/bin/python3.6", 2), (SITE + "/x.so", 3)):
        needed = ["libSM.so.6"] if kind == 3 else []
        server.put(path, build(needed=needed, kind=kind, bits=32, machine=3, exports=["PyInit_x"]))
    assert YUM + "libSM.i686\n" in "".join(each.fix for each in doctor(server, isos=[iso]).findings)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda data: data[: len(data) // 2], "is truncated"),
        (lambda data: b"x" * len(data), "no ISO 9660 volume descriptor"),
        (lambda data: b"", "truncated"),
    ],
)
def test_a_damaged_iso(server, tmp_path, make, words):
    """A finding with exit code 1, and the table answers."""
    path = iso_of(tmp_path, XLIBS)
    with open(path, "rb") as source:
        data = make(source.read())
    with open(path, "wb") as sink:
        sink.write(data)
    server.module("x", needed=["libSM.so.6"])
    result = doctor(server, isos=[path])
    found = [each for each in result.findings if each.code == "REPO004"]
    assert found[0].severity == "error"
    assert any(words in each.message for each in found)
    assert result.summary.install_line == YUM + "libSM"


def test_an_iso_whose_metadata_is_no_xml(server, tmp_path):
    """Read only because something is missing."""
    path = iso_of(tmp_path, [], xml=b"It works!")
    server.module("x", needed=["libSM.so.6"])
    found = [each for each in doctor(server, isos=[path]).findings if each.code == "REPO004"]
    assert [each.message for each in found] == [
        "cannot be read: primary.xml.gz: not XML: syntax error: line 1, column 0"
    ]


def test_things_that_are_no_medium(server, tmp_path):
    """A directory without repodata, nothing at all, a FIFO: findings, nothing hangs."""
    os.mkfifo(str(tmp_path / "fifo"))
    (tmp_path / "empty").mkdir()
    asked = [
        {"rpm_repos": "empty"},
        {"rpm_repos": "gone"},
        {"isos": "gone.iso"},
        {"isos": "fifo"},
        {"isos": "empty"},
    ]
    messages = []
    for each in asked:
        ((key, name),) = each.items()
        (finding,) = doctor(server, **{key: [str(tmp_path / name)]}).findings
        assert (finding.code, finding.severity) == ("REPO004", "error")
        messages.append(finding.message)
    assert [message.rpartition(": ")[2] for message in messages] == [
        "no repodata/repomd.xml in its top directory, one level below, or where mirrors have it",
        "No such file or directory",
        "No such file or directory",
        "not a regular file but a FIFO",
        "not a regular file but a directory",
    ]


def test_repomd_is_a_fifo(server, tmp_path):
    """It is never opened."""
    (tmp_path / "repo" / "repodata").mkdir(parents=True)
    os.mkfifo(str(tmp_path / "repo" / "repodata" / "repomd.xml"))
    (finding,) = doctor(server, rpm_repos=[str(tmp_path / "repo")]).findings
    assert finding.code == "REPO004"
    write(tmp_path / "repo", "repodata/x", b"")


def test_a_bundle_is_compared_with_an_iso(server, tmp_path):
    """Before anything is installed the same question gets the same answer."""
    wheel = "opencv_python-4.2.0.34-cp36-cp36m-manylinux1_x86_64.whl: cv2/.libs/libQtGui.so"
    wanted = Checklist((Library("libSM.so.6", (), (wheel,), "libSM", False),))
    iso = iso_of(tmp_path, XLIBS)
    result = forecast.examine(wanted, target_maker.preset("3.6"), server.root, isos=[iso])
    assert result.install_line == YUM + "libSM"
    assert "libSM-1.2.2-1.el7.x86_64 on " + iso in result.findings[0].fix
    assert result.catalog.read == {iso: 5}


def test_a_package_named_with_its_architecture_counts_once():
    """libSM.x86_64 is what a 32-bit twin calls for; libSM beside it adds nothing."""
    assert cures.union(["libXext", "libSM", "libSM.x86_64", "libSM", "libX11.i686"]) == (
        "libSM.x86_64",
        "libX11.i686",
        "libXext",
    )


def test_a_medium_of_another_release_is_told_first(server, tmp_path):
    """Before the libraries that it cannot have."""
    server.put("/etc/os-release", b'ID="rocky"\nVERSION_ID="9.3"\n')
    place = repository(str(tmp_path / "disc"), XLIBS)
    write(place, ".treeinfo", b"[general]\nfamily = CentOS\nversion = 7\n")
    server.module("cv2/cv2", needed=["libSM.so.6"])
    found = codes(doctor(server, rpm_repos=[place]))
    assert found[0] == ("ENV049", "error", place)
    assert found[1][0] == "LIB001"

"""A folder of RPMs without repodata is read as it is."""

import os
import shutil

import pytest

import rpm_maker
import rpm_tools
from offkit.edges.tree import Tree
from offkit.media import loose, medium, offer
from offkit.media.medium import Directory
from offkit.model.errors import IntegrityError

EQUAL, LESS_OR_EQUAL, RPMLIB, PRE = 8, 10, 1 << 24 | 10, 64


def sm(**more):
    """A package with a dependency of each kind."""
    tags = [
        (1009, 77),
        *((1047, ["libSM.so.6()(64bit)", "libSM"]), (1112, [0, EQUAL]), (1113, ["", "1:1.2-3.el7"])),
        (1049, ["libICE.so.6()(64bit)", "rpmlib(PayloadIsXz)", "/bin/sh", "(a if b)", "/opt/x"]),
        (1048, [0, RPMLIB, PRE, 0, 0]),
        (1050, ["", "5.2-1", "", "", ""]),
        *((1054, ["old"]), (1053, [LESS_OR_EQUAL]), (1055, ["2.0"])),
        *(
            (1117, ["libSM.so.6", "sm", "a&b"]),
            (1116, [0, 1, 2]),
            (1118, ["/usr/lib64/", "/usr/bin/", "/etc/"]),
        ),
    ]
    more = dict({"version": "1.2", "release": "3.el7"}, **more)
    return rpm_maker.rpm("libSM", {"./x": b"1"}, epoch=1, tags=tags, **more)


def put(folder, path, data):
    place = os.path.join(str(folder), path)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as sink:
        sink.write(data)


def opened(folder):
    return Directory(Tree("/"), str(folder))


@pytest.mark.parametrize("place", ["libSM.rpm", "Packages/libSM-1.2.rpm", "AppStream/Packages/l/a b.rpm"])
def test_what_a_folder_has(tmp_path, place):
    """By capability and by name, wherever below it the files lie and whatever they are called."""
    put(tmp_path, place, sm())
    (repository,) = opened(tmp_path).repositories()
    (package,) = repository.ask(["libSM.so.6()(64bit)"])
    assert package.title == "libSM-1:1.2-3.el7.x86_64"
    assert package.location == "libSM-1.2-3.el7.x86_64.rpm"
    assert b"".join(repository.fetch(package)) == sm()
    (package,) = repository.search((), ["libSM"]).packages
    assert package.requires == ("libICE.so.6()(64bit)", "/bin/sh", "(a if b)", "/opt/x")


def test_the_metadata_in_full(tmp_path):
    """As createrepo_c has it: without what rpm itself can do, versions in their parts, some files."""
    put(tmp_path, "a.rpm", sm())
    put(tmp_path, "b.rpm", rpm_maker.rpm("x", tags=[(1117, ["x"]), (1116, [0]), (1118, ["/opt/"])]))
    top = opened(tmp_path)
    (repository,) = top.repositories()
    xml = b"".join(repository.unpacked(repository.files()[0])).decode()
    assert '<rpm:entry name="libSM" flags="EQ" epoch="1" ver="1.2" rel="3.el7"/>' in xml
    assert '<rpm:entry name="/bin/sh" pre="1"/>' in xml
    assert '<rpm:entry name="old" flags="LE" epoch="0" ver="2.0"/>' in xml
    assert "rpmlib" not in xml
    assert "<file>/usr/bin/sm</file>\n<file>/etc/a&amp;b</file>" in xml
    assert "libSM.so.6</file>" not in xml
    assert "<file>/opt/x</file>" in xml
    assert 'installed="77"' in xml


def test_a_repository_is_one(tmp_path):
    """What has repodata is not described again, nor is a folder with nothing in it, or sources."""
    put(tmp_path, "x.src.rpm", sm())
    assert opened(tmp_path).repositories() == []
    put(tmp_path, "AppStream/repodata/repomd.xml", b"x")
    put(tmp_path, "x.rpm", sm())
    assert [each.base for each in opened(tmp_path).repositories()] == ["AppStream"]
    assert opened(tmp_path).loose() is None


@pytest.mark.parametrize("junk", [b"", b"<html>Please log in</html>", b"PK" + bytes(300)])
def test_what_is_called_like_one(tmp_path, junk):
    """One file that is no RPM stops nothing: it is left out, and that is told; alone it is no medium."""
    put(tmp_path, "a/junk.rpm", junk)
    with pytest.raises(IntegrityError) as caught:
        offer.look((), [str(tmp_path)])
    assert "a/junk.rpm is not an RPM file" in caught.value.findings[0].message
    put(tmp_path, "x/libSM.rpm", sm())
    (found,) = offer.look((), [str(tmp_path)])
    (package,) = found.opened.repositories()[0].ask(["libSM.so.6()(64bit)"])
    assert package.name == "libSM"
    (told,) = found.opened.left_out()
    assert (told.code, told.severity, told.subject) == ("REPO011", "warning", str(tmp_path / "a/junk.rpm"))


def test_one_that_is_damaged(tmp_path):
    """REPO011 with its name: what is on the medium cannot be told."""
    put(tmp_path, "x/libSM.rpm", sm()[:300])
    with pytest.raises(IntegrityError) as caught:
        offer.look((), [str(tmp_path)])
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject) == ("REPO011", str(tmp_path))
    assert "x/libSM.rpm is truncated" in finding.message
    put(tmp_path, "x/libSM.rpm", sm()[:200])
    with pytest.raises(IntegrityError) as caught:
        offer.look((), [str(tmp_path)])
    assert f"x/libSM.rpm is truncated: 200 of {len(sm())} bytes present" in caught.value.findings[0].message


@pytest.mark.parametrize(
    "more", [{"version": "1/../../x"}, {"release": "1%2f"}, {"release": "1 2"}, {"version": "1#"}]
)
def test_a_version_that_is_none(tmp_path, more):
    """Of it the name of a link is made, and a URL: what leads elsewhere, or has to be quoted, is no version."""
    put(tmp_path, "x/libSM.rpm", sm(**more))
    with pytest.raises(IntegrityError) as caught:
        offer.look((), [str(tmp_path)])
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject) == ("REPO011", str(tmp_path))
    assert "x/libSM.rpm is damaged: its header does not identify the package" in finding.message


def test_what_versions_have(tmp_path):
    """A tilde, a caret, a plus sign: no file's name has them quoted."""
    put(tmp_path, "x/libSM.rpm", sm(version="1.2~rc1^git+1", release="3.module+el8.4.0"))
    assert list(opened(tmp_path).loose().packages) == ["libSM-1.2~rc1^git+1-3.module+el8.4.0.x86_64.rpm"]


def test_for_yum(tmp_path):
    """A directory of its own, with links to the files and keys."""
    put(tmp_path / "given", "p/libSM.rpm", sm())
    put(tmp_path / "given", "RPM-GPG-KEY-x", b"key")
    made = opened(tmp_path / "given").loose()
    (tmp_path / "for yum").mkdir()
    loose.lay_out(str(tmp_path / "for yum"), str(tmp_path / "given"), made, ["RPM-GPG-KEY-x"])
    names = ["RPM-GPG-KEY-x", "libSM-1.2-3.el7.x86_64.rpm", "repodata"]
    assert sorted(os.listdir(str(tmp_path / "for yum"))) == names
    shutil.rmtree(str(tmp_path / "for yum" / "repodata"))
    assert (tmp_path / "for yum" / names[1]).read_bytes() == sm()


def test_the_same_as_createrepo_says(tmp_path):
    """Of a real RPM, made by rpmbuild."""
    rpm_tools.need()
    (tmp_path / "loose").mkdir()
    path = rpm_tools.build(tmp_path / "loose", "libx", {"/usr/bin/x": b"#!/bin/sh\n", "/opt/y": b"1"})
    rpm_tools.repository(tmp_path / "made", [path])
    ours, theirs = (
        medium.of(str(tmp_path / name)).repositories()[0].search((), ["libx"]).packages[0]
        for name in ("loose", "made")
    )
    assert ours._replace(location="") == theirs._replace(location="")

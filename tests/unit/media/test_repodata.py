"""The metadata of yum repositories, good and bad, on directories and in ISO images."""

import glob
import gzip
import lzma
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
import zlib

import pytest

import repo_maker
from offkit.edges.tree import Tree
from offkit.media import primary_db, repodata, rpm
from offkit.media import repository as reader
from offkit.media.iso9660 import BadIso
from offkit.media.medium import Directory, Image
from offkit.media.rpm import BadRepodata
from repo_maker import image, package, primary, repomd, repository, write

SM = "libSM.so.6()(64bit)"
PACKAGES = [
    package("libSM", [SM, "libSM = 1"], ["libICE.so.6()(64bit)", "libc.so.6()(64bit)"], "1.2.2", epoch="1"),
    package("libICE", ["libICE.so.6()(64bit)"]),
    package("zlib-devel", ["zlib-devel"]),
]


def read(top, capabilities=(SM,), names=()):
    return Directory(Tree("/"), str(top)).repository("").search(capabilities, names)


def reason(top):
    with pytest.raises(BadRepodata) as caught:
        read(top)
    return str(caught.value)


def check(index):
    (found,) = index.packages
    assert (found.title, found.provides) == ("libSM-1:1.2.2-1.el7.x86_64", (SM,))
    assert found.requires == ("libICE.so.6()(64bit)", "libc.so.6()(64bit)")
    assert found.location == "Packages/libSM-1.2.2-1.el7.x86_64.rpm"
    assert index.names == {"libSM", "libICE", "zlib-devel"}
    assert index.libraries == {SM, "libICE.so.6()(64bit)"}
    assert index.total == 3


@pytest.mark.parametrize("squeeze", ["", ".gz", ".bz2", ".xz"])
def test_primary_xml(tmp_path, squeeze):
    """However it is packed: what was asked for, the names of all, the libraries of all."""
    check(read(repository(tmp_path, PACKAGES, squeeze)))


@pytest.mark.parametrize("squeeze", ["", ".bz2", ".xz"])
def test_only_the_database(tmp_path, squeeze):
    """The same answers from SQLite where primary.xml is packed with zstd."""
    packed = repo_maker.SQUEEZE[squeeze](repo_maker.database(str(tmp_path / "db"), PACKAGES))
    write(tmp_path, "repodata/primary.sqlite" + squeeze, packed)
    zstd = b"\x28\xb5\x2f\xfd etc"
    write(tmp_path, "repodata/primary.xml.zst", zstd)
    rows = [
        ("primary", "repodata/primary.xml.zst", zstd, None),
        ("primary_db", "repodata/primary.sqlite" + squeeze, packed, None),
    ]
    write(tmp_path, "repodata/repomd.xml", repomd(*rows))
    check(read(tmp_path))


@pytest.mark.parametrize("kind", ["primary", "primary_db"])
def test_all_packages_with_a_library(tmp_path, kind):
    """With all their libraries, and those among what they require."""
    rows = [
        repo_maker.package("libSM", [SM, "libSM", "libSM(x86-64)"], ["libICE.so.6()(64bit)", "/bin/sh"]),
        repo_maker.package("tool", ["tool"], [SM]),
        repo_maker.package("both", ["liba.so.1()(64bit)", "liba.so.1(A_1)(64bit)"], checksum="sha256:00"),
    ]
    if kind == "primary":
        repo_maker.repository(tmp_path, rows)
    else:
        packed = repo_maker.SQUEEZE[".bz2"](repo_maker.database(str(tmp_path / "db"), rows))
        repo_maker.write(tmp_path, "repodata/x.sqlite.bz2", packed)
        text = repo_maker.repomd((kind, "repodata/x.sqlite.bz2", packed, None))
        repo_maker.write(tmp_path, "repodata/repomd.xml", text)
    found = {each.name: each for each in read(tmp_path, None).packages}
    assert sorted(found) == ["both", "libSM"]
    assert found["libSM"].provides == (SM,)
    assert "libICE.so.6()(64bit)" in found["libSM"].requires
    assert found["both"].provides == ("liba.so.1()(64bit)", "liba.so.1(A_1)(64bit)")
    assert found["both"].checksum == "sha256:00"


def test_by_name(tmp_path):
    """A package can be asked for by its own name, from both kinds of metadata."""
    index = read(repository(tmp_path / "xml", PACKAGES), (), ("zlib-devel",))
    assert [each.name for each in index.packages] == ["zlib-devel"]


@pytest.mark.parametrize("rock_ridge", [True, False])
def test_an_image_that_is_not_mounted(tmp_path, rock_ridge):
    """CentOS 7 has its metadata at the top, el8 and newer in BaseOS and AppStream."""
    packed = gzip.compress(primary(PACKAGES))
    row = ("primary", "repodata/p.gz", packed, None)
    for top, expected in (("", [""]), ("BaseOS/", ["BaseOS"])):
        files = {top + "repodata/p.gz": packed, top + "repodata/repomd.xml": repomd(row), "EULA": b""}
        (tmp_path / "x.iso").write_bytes(image(files, rock_ridge))
        with Image(str(tmp_path / "x.iso")) as iso:
            names = [name if rock_ridge else name.lower() for name in expected]
            assert iso.bases() == names
            assert iso.lacking == 0
            check(iso.repository(names[0]).search([SM]))


def test_not_xml(tmp_path):
    """Both files."""
    repository(tmp_path, PACKAGES)
    write(tmp_path, "repodata/repomd.xml", b"It works!")
    assert reason(tmp_path) == "repomd.xml: not XML: syntax error: line 1, column 0"
    repository(tmp_path, PACKAGES, xml=b"<html><body>404</body></html>")
    assert reason(tmp_path) == "primary.xml.gz: it is XML, but not primary metadata"
    repository(tmp_path, PACKAGES, xml=b"<metadata><package>")
    assert reason(tmp_path).startswith("primary.xml.gz: not XML: no element found")


def test_an_unknown_encoding(tmp_path):
    """Not a LookupError."""
    repository(tmp_path, [], xml=b'<?xml version="1.0" encoding="klingon"?><metadata/>')
    assert "not XML: unknown encoding" in reason(tmp_path)


@pytest.mark.parametrize("squeeze", [".gz", ".bz2", ".xz"])
def test_truncated_and_damaged(tmp_path, squeeze):
    """Said of the file that is wrong, whatever its format."""
    packed = repo_maker.SQUEEZE[squeeze](primary(PACKAGES * 500))
    href = "repodata/primary.xml" + squeeze
    for data, words in (
        (packed[: len(packed) // 2], "is truncated"),
        (packed[:100] + b"\xff" * 50 + packed[150:], "is damaged"),
    ):
        write(tmp_path, href, data)
        write(tmp_path, "repodata/repomd.xml", repomd(("primary", href, data, None)))
        assert words in reason(tmp_path)


def test_another_file_than_repomd_says(tmp_path):
    """The checksum is compared: a mixture of two ISOs is none."""
    repository(tmp_path, PACKAGES)
    write(tmp_path, "repodata/primary.xml.gz", gzip.compress(primary(PACKAGES[:1])))
    assert reason(tmp_path).endswith("does not match its checksum in repomd.xml")


@pytest.mark.parametrize(
    "told", ["", '<checksum type="sha256"></checksum>', '<checksum type="x9">0</checksum>']
)
def test_a_repomd_that_tells_no_checksum(tmp_path, told):
    """None, an empty one, or one of a kind that nobody knows: there is nothing to compare."""
    repository(tmp_path, PACKAGES)
    path = tmp_path / "repodata" / "repomd.xml"
    text, changed = re.subn("<checksum [^<]*</checksum>", told, path.read_text())
    assert changed
    path.write_text(text)
    check(read(tmp_path))


def test_files_that_are_not_there(tmp_path):
    """Missing, and outside the repository."""
    write(tmp_path, "repodata/repomd.xml", repomd(("primary", "repodata/gone.xml", b"", None)))
    assert reason(tmp_path) == "gone.xml: No such file or directory"
    for href in ("../../etc/passwd", "/etc/passwd", "http://x/primary.xml"):
        write(tmp_path, "repodata/repomd.xml", repomd(("primary", href, b"", None)))
        assert "is outside its repository" in reason(tmp_path)
    write(tmp_path, "repodata/repomd.xml", repomd(("filelists", "repodata/f", b"", None)))
    assert reason(tmp_path) == "repomd.xml lists no primary metadata"
    write(tmp_path, "repodata/repomd.xml", b"<repomd/>")
    assert reason(tmp_path) == "repomd.xml: it lists no files"


MB = 1024 * 1024
# (beginning, megabytes of one byte, what repomd.xml says it unpacks to, the finding)
BOMBS = {
    "more than repomd.xml says": (b"<metadata>", 100, b" ", 1000, "more than the expected 1000 bytes"),
    "more than any repository has": (
        b"<metadata>",
        300,
        b" ",
        None,
        "to more than the expected 268435456 bytes",
    ),
    "a tag without end": (b"<metadata ", 100, b"a", None, "a tag of more than 4194304 bytes"),
    "an attribute without end": (b'<metadata a="', 100, b"a", None, "a tag of more than"),
    "a text without end": (b"<metadata><package><name>", 100, b"a", None, "a text of more than"),
    "a document type": (b'<!DOCTYPE x [<!ENTITY a "aa">]><metadata>&a;', 0, b"", None, "document type"),
}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_bombs(tmp_path, name):
    """A finding after some megabytes, not after all the memory."""
    start, size, filling, said, words = BOMBS[name]
    worker = zlib.compressobj(1, zlib.DEFLATED, 31)
    packed = (
        worker.compress(start) + b"".join(worker.compress(filling * MB) for _ in range(size)) + worker.flush()
    )
    write(tmp_path, "repodata/p.gz", packed)
    write(tmp_path, "repodata/repomd.xml", repomd(("primary", "repodata/p.gz", packed, said)))
    tracemalloc.start()
    try:
        assert words in reason(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 32 * MB
    finally:
        tracemalloc.stop()


def test_an_lzma_bomb(tmp_path):
    """xz packs a hundred megabytes into some kilobytes; they are never held at once."""
    packed = lzma.compress(b"<metadata>" + b" " * 10**8, preset=1)
    write(tmp_path, "repodata/p.xz", packed)
    write(tmp_path, "repodata/repomd.xml", repomd(("primary", "repodata/p.xz", packed, 5000)))
    assert "unpacks to more than the expected 5000 bytes" in reason(tmp_path)


def test_a_hostile_database(tmp_path, monkeypatch):
    """No database; one without tables; one whose table is a query without end."""
    import sqlite3

    def put(data):
        write(tmp_path, "repodata/x.sqlite", data)
        write(tmp_path, "repodata/repomd.xml", repomd(("primary_db", "repodata/x.sqlite", data, None)))

    put(b"no database at all" * 1000)
    assert reason(tmp_path) == "x.sqlite: is not a primary database: file is not a database"
    path = str(tmp_path / "db")
    connection = sqlite3.connect(path)
    endless = "WITH RECURSIVE n(name) AS (SELECT 1 UNION ALL SELECT name + 1 FROM n) SELECT name, 1 AS pkgKey FROM n"
    monkeypatch.setattr(primary_db, "_MAX_ROWS", 10**9)
    monkeypatch.setattr(primary_db, "_MAX_LOOKS", 20)
    connection.execute("CREATE VIEW packages AS " + endless)
    connection.execute("CREATE VIEW provides AS " + endless)
    connection.commit()
    connection.close()
    with open(path, "rb") as source:
        put(source.read())
    assert reason(tmp_path) == "x.sqlite: is not a primary database: interrupted"
    monkeypatch.setattr(primary_db, "_MAX_ROWS", 1000)
    assert reason(tmp_path) == "x.sqlite: is not a primary database: more than 1000 rows"


def test_a_repomd_of_gigabytes(tmp_path):
    """Four megabytes are read."""
    write(tmp_path, "repodata/repomd.xml", b" " * (repodata.REPOMD_SIZE + 1))
    assert reason(tmp_path) == "repomd.xml has more than 4194304 bytes"


def test_things_that_are_no_image(tmp_path):
    """A directory, and a file that is none."""
    with pytest.raises(OSError, match="not a regular file but a directory"):
        Image(str(tmp_path))
    (tmp_path / "x.iso").write_bytes(b"x" * 10**5)
    with pytest.raises(BadIso):
        Image(str(tmp_path / "x.iso"))


SPEC = """
Name: libtoy
Version: 1.2
Release: 3.el7
Summary: A toy
License: MIT
%description
A toy.
%install
mkdir -p %{buildroot}/usr/lib64
cp {library} %{buildroot}/usr/lib64/
%files
/usr/lib64/*
"""


@pytest.mark.parametrize("kind", ["primary", "primary_db"])
def test_as_rpm_and_createrepo_write_it(tmp_path, monkeypatch, kind):
    """A real library in a real RPM in a real repository: both forms of its metadata, capabilities as rpm's own."""
    for tool in ("rpmbuild", "createrepo_c"):
        if shutil.which(tool) is None:
            pytest.skip(tool + " is not installed")
    (library,) = (
        glob.glob("/usr/lib*/x86_64-linux-gnu/libz.so.1") or glob.glob("/usr/lib64/libz.so.1") or [None]
    )
    if library is None:
        pytest.skip("no libz.so.1 to pack")
    repo = str(tmp_path / "repo")
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with tempfile.TemporaryDirectory(prefix="rpm-", dir="/tmp") as work:  # rpmbuild takes no blanks in a path
        spec, top = os.path.join(work, "toy.spec"), os.path.join(work, "top")
        with open(spec, "w", encoding="utf-8") as sink:
            sink.write(SPEC.replace("{library}", library))
        define = ["--define", "_topdir " + top, "--define", "_tmppath " + work]
        subprocess.run(["rpmbuild", "-bb", *define, spec], **quiet)
        shutil.move(os.path.join(top, "RPMS"), repo)
    subprocess.run(["createrepo_c", "-q", "--compatibility", repo], **quiet)
    monkeypatch.setattr(reader, "_PREFERRED", (kind,))
    names = [rpm.capability("libz.so.1", version) for version in ("", "ZLIB_1.2.0", "ZLIB_9")]
    index = read(repo, names)
    (found,) = index.packages
    assert found.title == "libtoy-1.2-3.el7.x86_64"
    assert found.provides == tuple(sorted(names[:2]))
    assert "rtld(GNU_HASH)" in found.requires
    assert index.total == 1
    assert "libz.so.1(ZLIB_1.2.0)(64bit)" in index.libraries


def test_tags_in_tags_without_end(tmp_path):
    """A few kilobytes packed, millions of nested tags unpacked: refused at the 33rd."""
    bomb = b"<metadata>" + b"<a>" * 2000000
    repository(tmp_path, [], xml=bomb)
    tracemalloc.start()
    try:
        assert "tags nested more than 32 deep" in reason(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 40 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["libgf; rm -rf ~ #", "$(touch x)", "--installroot=/x", "a\nb", "", "ü"])
def test_a_name_that_would_do_harm_in_a_command_line(tmp_path, name):
    """No package can be called that, so the whole metadata is not believed."""
    repository(tmp_path, [package(name, [SM])])
    assert "invalid package name" in reason(tmp_path)


def keep(packages, capabilities=(), names=(), xml=None):
    data = primary(packages) if xml is None else xml
    return repodata.read_primary(
        iter([data[at : at + 100] for at in range(0, len(data), 100)]), capabilities, names
    )


def test_every_field_of_a_package():
    """What is not said is empty, but an epoch, which is 0; and nothing is left of the package before."""
    rows = [
        package("a", ["x", "liba.so.1"], ["r", "r"], "1", "i686", "3", "4", "sha1:ab"),
        package("b", ["x"]),
    ]
    first, second = keep(rows, ["x"]).packages
    assert first[:6] == ("a", "i686", "3", "1", "4", "Packages/a-1-4.i686.rpm")
    assert first[6:] == (("x",), ("r", "r"), "sha1:ab")
    assert second[6:] == (("x",), (), "")
    bare = b"<metadata><package><name>a</name></package><package><name>b</name></package></metadata>"
    found = keep([], (), ["a"], bare)
    assert found.packages == [rpm.Package("a", "", "0", "", "", "", (), (), "")]
    assert (found.names, found.libraries, found.total) == ({"a", "b"}, set(), 2)
    entries = (
        b"<metadata><package><name>a</name><rpm:conflicts xmlns:rpm='r'><rpm:entry name='x'/></rpm:conflicts>"
    )
    assert keep([], ["x"], (), entries + b"</package></metadata>").packages == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("_MAX_ENTRIES", 2, "a package with more than 2 capabilities"),
        ("_MAX_NAMES", 4, "more than 4 capabilities"),
        ("_MAX_TEXT", 4, "a text of more than 4 characters"),
        ("_MAX_DEPTH", 4, "tags nested more than 4 deep"),
    ],
)
def test_limits_of_metadata(monkeypatch, name, value, words):
    """Each one more is too much, and as much is not."""
    rows = [package("aaaaa", ["liba.so.1", "libb.so.1", "libc.so.1"]), package("bbbbb")]
    most = {"_MAX_ENTRIES": 3, "_MAX_NAMES": 5, "_MAX_TEXT": 6, "_MAX_DEPTH": 5}[name]
    monkeypatch.setattr(repodata, name, most)
    assert keep(rows).total == 2
    monkeypatch.setattr(repodata, name, most - 1 if name != "_MAX_TEXT" else value)
    with pytest.raises(BadRepodata) as caught:
        keep(rows)
    assert str(caught.value) == words


def test_a_python_without_expat(monkeypatch):
    """Reads no XML, and says so."""
    import xml.parsers

    monkeypatch.setitem(sys.modules, "xml.parsers.expat", None)
    monkeypatch.delattr(xml.parsers, "expat", raising=False)
    with pytest.raises(BadRepodata, match=r"^this Python was built without pyexpat and cannot read XML$"):
        repodata.parse_repomd(b"<repomd/>")


def test_every_field_of_repomd():
    """Blanks around a value do not count; sizes that are none are not there; what names no file is none."""
    text = b"""<repomd><data type="a"><location href="x"/><checksum type="md5"> 12 </checksum>
    <open-size>7</open-size></data><data type="b"><location href="y"/><open-size>-1</open-size></data>
    <data><location href="z"/><open-size>9999999999999999</open-size></data>
    <data type="c"><location href=""/></data><data type="d"/></repomd>"""
    assert repodata.parse_repomd(text) == [
        repodata.Data("a", "x", "md5", "12", 7),
        repodata.Data("b", "y", "", "", 0),
        repodata.Data("", "z", "", "", 0),
    ]
    odd = text.replace(b">7<", "> \u00b2 <".encode("utf-8"))  # a digit to Unicode, and no number to int()
    assert repodata.parse_repomd(odd)[0].open_size == 0
    large = text.replace(b"9999999999999999", b"999999999999999")
    assert repodata.parse_repomd(large)[2].open_size == 999999999999999
    with pytest.raises(BadRepodata, match=r"^it lists no files$"):
        repodata.parse_repomd(b"<repomd><data type='a'/></repomd>")
    with pytest.raises(BadRepodata, match=r"^it declares a document type$"):
        repodata.parse_repomd(b"<!DOCTYPE x><repomd/>")


def test_names_of_packages_that_are_none():
    """At most eighty characters of one are said."""
    with pytest.raises(BadRepodata) as caught:
        keep([package("-" + "x" * 100)])
    assert str(caught.value) == "invalid package name {!r}".format("-" + "x" * 79)
    with pytest.raises(BadRepodata, match=r"^invalid package name ''$"):
        keep([], xml=b"<metadata><package></package></metadata>")


def test_what_has_a_library(tmp_path):
    """Asked again and again and read once; a name without .so in it is asked of the metadata anew."""
    rows = [*PACKAGES, package("odd", ["odd()(64bit)", "libodd.so.1()(64bit)"], ["r"])]
    here = Directory(Tree("/"), repository(tmp_path, rows)).repository("")
    (found,) = here.ask([SM, "libnone.so.1()(64bit)"])
    assert (found.name, found.provides) == ("libSM", (SM,))
    (odd,) = here.ask(["odd()(64bit)", "libodd.so.1()(64bit)"])
    assert odd.provides == ("libodd.so.1()(64bit)", "odd()(64bit)")
    write(tmp_path, "repodata/primary.xml.gz", b"")
    assert here.ask([SM]) == [found]
    assert here.ask(()) == []
    with pytest.raises(BadRepodata):
        here.ask(["odd()(64bit)"])

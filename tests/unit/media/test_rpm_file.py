"""RPM files and their payloads, read without rpm."""

import io
import os
import posixpath
import shutil
import stat
import struct
import subprocess

import pytest

import rpm_maker
from elf_maker import build
from offkit.edges import unpacking
from offkit.media import cpio, rpm_payload, rpmfile
from offkit.server.libraries.pick import pick

X86_64 = (64, True, 62)


def contents(tmp_path, **how):
    path = tmp_path / "x.rpm"
    path.write_bytes(rpm_maker.rpm(**how))
    scratch = tmp_path / "scratch"
    if not scratch.exists():
        scratch.mkdir()
    return rpm_payload.libraries(str(path), str(scratch))


def test_the_front_says_which_package_it_is():
    """Name, epoch, version, release, architecture, and where the payload begins."""
    data = rpm_maker.rpm("libSM", {"./usr/lib64/libSM.so.6": b"x"}, "1.2.2", "2.el7", epoch=3)
    front = rpmfile.read(io.BytesIO(data))
    assert front.title == "libSM-3:1.2.2-2.el7.x86_64"
    assert data[front.payload :].startswith(b"\xfd7zXZ")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: b"PK\3\4" + data[4:], "is not an RPM file"),
        (lambda data: data[:50], "is truncated"),
        (lambda data: data[:120], "is truncated"),
        (lambda data: data[:96] + b"\0" + data[97:], "has no valid magic"),
        (lambda data: data[:104] + b"\xff\xff\xff\xff" + data[108:], "entries"),
        (lambda data: data.replace(b"libtest\0", b"../test\0"), "identify the package"),
        (lambda data: data.replace(b"cpio\0", b"star\0"), "unknown format"),
    ],
)
def test_what_is_no_rpm_is_said(change, why):
    with pytest.raises(rpmfile.BadRpm, match=why):
        rpmfile.read(io.BytesIO(change(rpm_maker.rpm())))


@pytest.mark.parametrize("compressor", ["gzip", "bzip2", "xz", "lzma", ""])
def test_every_compressor_of_the_standard_library(tmp_path, compressor):
    """Whatever the header calls it, the payload says itself how it is packed."""
    files = {"./usr/lib64/libz.so.1.2.7": b"\x7fELF...", "./usr/lib64/libz.so.1": "libz.so.1.2.7"}
    front, found = contents(tmp_path, name="zlib", files=files, compressor=compressor)
    assert front.name == "zlib"
    assert found.files == {"usr/lib64/libz.so.1.2.7": b"\x7fELF..."}
    assert found.called("libz.so.1") == ["usr/lib64/libz.so.1.2.7"]


def test_only_libraries_count_and_nothing_leaves_the_package(tmp_path):
    """Programs, documents, devices and paths with .. are passed over."""
    files = {
        "./usr/bin/tool": b"x",
        "./usr/share/doc/libz.so.1": b"x",
        "./usr/lib64/../../etc/libevil.so.1": b"x",
        "/usr/lib64/libabsolute.so.1": b"x",
        "./usr/lib64/libout.so.1": "../../../../etc/passwd",
        "./usr/lib64/liboutside.so.1": "/etc/libevil.so.1",
        "./usr/lib64/libin.so.1": "/usr/lib64/libabsolute.so.1",
        "./usr/lib64/libloop.so.1": "libloop.so.1",
    }
    _, found = contents(tmp_path, files=files)
    assert sorted(found.files) == ["etc/libevil.so.1"] or sorted(found.files) == [
        "usr/lib64/libabsolute.so.1"
    ]
    assert "etc/libevil.so.1" not in found.files
    assert found.called("libin.so.1") == ["usr/lib64/libabsolute.so.1"]
    for name in ("libout.so.1", "liboutside.so.1", "libloop.so.1", "passwd"):
        assert found.called(name) == []


def test_names_of_one_file_share_its_contents(tmp_path):
    """rpm writes them with the last name (hard links), whichever that is."""
    payload = rpm_maker.entry("./usr/lib64/liba.so.1", b"", links=2, inode=7)
    payload += rpm_maker.entry("./usr/lib64/libb.so.1", b"\x7fELF", links=2, inode=7)
    payload += rpm_maker.entry("TRAILER!!!", mode=0)
    _, found = contents(tmp_path, payload=payload)
    assert found.files == {"usr/lib64/liba.so.1": b"\x7fELF", "usr/lib64/libb.so.1": b"\x7fELF"}


def test_a_file_with_one_name_has_its_own_contents(tmp_path):
    """Even none, and whatever number it has: other packers count from the start in each archive."""
    payload = rpm_maker.entry("./usr/lib64/liba.so.1", b"", links=1, inode=7)
    payload += rpm_maker.entry("./usr/lib64/libb.so.1", b"\x7fELF", links=1, inode=7)
    payload += rpm_maker.entry("TRAILER!!!", mode=0)
    _, found = contents(tmp_path, payload=payload)
    assert found.files == {"usr/lib64/liba.so.1": b"", "usr/lib64/libb.so.1": b"\x7fELF"}


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (rpm_maker.entry("./usr/lib64/liba.so.1", b"abc"), "is truncated"),
        (rpm_maker.entry("./a", b"abc")[:-3], "is truncated"),
        (rpm_maker.entry("./a", magic=b"07070X"), "an entry header is missing"),
        (b"070701" + b"z" * 104, "invalid numbers"),
        (b"070701" + b"f" * 104, "a name has"),
        (b"", "is truncated"),
    ],
)
def test_damaged_payloads(tmp_path, payload, why):
    with pytest.raises(cpio.BadCpio, match=why):
        contents(tmp_path, payload=payload)


def test_a_payload_cut_short_while_packed(tmp_path):
    path = tmp_path / "x.rpm"
    path.write_bytes(rpm_maker.rpm(files={"./usr/lib64/liba.so.1": os.urandom(100000)})[:-50000])
    with pytest.raises(unpacking.Damaged, match="truncated"):
        rpm_payload.libraries(str(path), str(tmp_path))


def with_tool(tmp_path, monkeypatch, script):
    """An rpm2cpio of that text; "" for none."""
    folder = tmp_path / "bin"
    folder.mkdir()
    if script:
        tool = folder / "rpm2cpio"
        tool.write_text("#!/bin/sh\n" + script)
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder) + (":/usr/bin:/bin" if script else ""))


def test_zstd_by_rpm2cpio(tmp_path, monkeypatch):
    """What that writes is read, and removed."""
    data = tmp_path / "archive"
    data.write_bytes(rpm_maker.archive({"./usr/lib64/liba.so.1": b"\x7fELF"}))
    with_tool(tmp_path, monkeypatch, "exec cat '{}'".format(data))
    _, found = contents(tmp_path, compressor="zstd")
    assert found.files == {"usr/lib64/liba.so.1": b"\x7fELF"}
    assert os.listdir(str(tmp_path / "scratch")) == []


@pytest.mark.parametrize(
    ("script", "why"),
    [("", "No such file"), ("echo 'argument is not an RPM package' >&2; exit 1", "is not an")],
)
def test_zstd_without_rpm2cpio(tmp_path, monkeypatch, script, why):
    """Said in its own words, or that it is not there."""
    with_tool(tmp_path, monkeypatch, script)
    with pytest.raises(unpacking.Unsupported, match=why):
        contents(tmp_path, compressor="zstd")


@pytest.mark.skipif(not shutil.which("cpio"), reason="no cpio")
def test_cpio_agrees_about_what_the_maker_writes(tmp_path):
    """The archives that these tests are made of are archives to cpio(1) too."""
    data = rpm_maker.archive({"./usr/lib64/liba.so.1.0": b"\x7fELF", "./usr/lib64/liba.so.1": "liba.so.1.0"})
    (tmp_path / "archive").write_bytes(data)
    with open(str(tmp_path / "archive"), "rb") as source:
        done = subprocess.run(["cpio", "--quiet", "-itv"], stdin=source, stdout=subprocess.PIPE)
    lines = [line.split() for line in done.stdout.decode().splitlines()]
    names = [posixpath.normpath(line[8]) for line in lines]
    assert names == ["usr/lib64/liba.so.1.0", "usr/lib64/liba.so.1"]


def test_the_library_that_the_loader_would_take(tmp_path):
    """Of the right architecture, by its name, else by its DT_SONAME; not the one for special processors."""
    plain, fast = build(soname="liba.so.1", exports=["plain"]), build(soname="liba.so.1", exports=["fast"])
    other, small = build(soname="libb.so.2"), build(soname="liba.so.1", bits=32, machine=3)
    files = {
        "./usr/lib64/glibc-hwcaps/x86-64-v3/liba.so.1.0": fast,
        "./usr/lib64/glibc-hwcaps/x86-64-v3/liba.so.1": "liba.so.1.0",
        "./usr/lib64/liba.so.1.0": plain,
        "./usr/lib64/liba.so.1": "liba.so.1.0",
        "./usr/lib64/sub/libodd.so": other,
        "./usr/lib/libc32.so.1": small,
        "./usr/lib64/libtext.so.1": b"GROUP ( libtext.so.1.0 )",
    }
    _, found = contents(tmp_path, files=files)
    assert pick(found, "liba.so.1", X86_64).data == plain
    assert pick(found, "libb.so.2", X86_64).path == "usr/lib64/sub/libodd.so"
    assert pick(found, "libc32.so.1", X86_64) is None
    assert pick(found, "libtext.so.1", X86_64) is None


def seen(data, wanted=lambda entry: True, size=7):
    chunks = iter([data[at : at + size] for at in range(0, len(data), size)])
    return list(cpio.walk(chunks, wanted))


def test_every_field_of_an_entry():
    """In chunks of any size; what is not wanted is passed over, to the byte."""
    data = rpm_maker.entry("./a", b"abcde", inode=7, links=2)
    data += rpm_maker.entry("./li", b"to", rpm_maker.LINK) + rpm_maker.entry("./d", b"", rpm_maker.DIRECTORY)
    data += rpm_maker.entry("./caf\xe9", b"x" * 9) + rpm_maker.entry("TRAILER!!!") + b"behind"
    for size in (1, 7, 1000):
        found = seen(data, size=size)
        entries = [entry for entry, _ in found]
        assert entries[0] == cpio.Member("./a", 0o100755, 5, (8, 1, 7), 2)
        assert [entry.kind for entry in entries] == [cpio.REGULAR, cpio.LINK, cpio.DIRECTORY, cpio.REGULAR]
        assert [contents for _, contents in found] == [b"abcde", b"to", b"", b"x" * 9]
        assert entries[3].path == "./caf\xe9"
        only = seen(data, lambda entry: entry.kind == cpio.LINK, size)
        assert [(entry.path, contents) for entry, contents in only] == [("./li", b"to")]


@pytest.mark.parametrize(("length", "good"), [(4095, True), (4096, False)])
def test_the_longest_name_of_a_payload(length, good):
    """PATH_MAX, with the zero behind it."""
    data = rpm_maker.entry("n" * length) + rpm_maker.entry("TRAILER!!!")
    if good:
        assert seen(data)[0][0].path == "n" * length
    else:
        with pytest.raises(cpio.BadCpio, match=r"^is damaged: a name has 4097 bytes$"):
            seen(data)


def test_entries_that_are_none():
    """What is said of them."""
    whole = rpm_maker.entry("./a", b"abc")
    nameless = whole[:94] + b"00000000" + whole[102:]
    for data, words in (
        (whole[:-1], "is truncated"),
        (whole, "is truncated"),
        (b"0" + whole, "is damaged: an entry header is missing"),
        (whole.replace(b"070701", b"070702"), "is damaged: an entry header is missing"),
        (whole[:6] + b"xxxxxxxx" + whole[14:], "is damaged: an entry has invalid numbers"),
        (nameless, "is damaged: a name has 0 bytes"),
    ):
        with pytest.raises(cpio.BadCpio) as caught:
            seen(data)
        assert str(caught.value) == words


def front(data):
    return rpmfile.read(io.BytesIO(data))


def test_every_field_of_the_front():
    """Without an epoch it is 0; without a compressor it is gzip; afterwards the file stands at its payload."""
    data = rpm_maker.rpm("a+b", {}, "1.0~x", "2", "noarch", 0, "bzip2")
    source = io.BytesIO(data)
    found = rpmfile.read(source)
    assert found[:6] == ("a+b", "0", "1.0~x", "2", "noarch", "bzip2")
    assert source.tell() == found.payload
    assert data[found.payload :].startswith(b"BZh")
    assert (found.title, found._replace(epoch="4").title) == ("a+b-1.0~x-2.noarch", "a+b-4:1.0~x-2.noarch")
    assert front(rpm_maker.rpm(epoch=7)).epoch == "7"
    assert front(rpm_maker.rpm(compressor="")).compressor == "gzip"
    assert front(rpm_maker.rpm().replace(b"cpio\0", b"\0pio\0")).name == "libtest"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: b"", "is not an RPM file"),
        (lambda data: b"PK" + data[2:], "is not an RPM file"),
        (lambda data: data[:111], "is truncated"),
        (lambda data: data[:96] + b"\0" + data[97:], "is damaged: a header has no valid magic"),
        (
            lambda data: data[:104] + b"\0\1\0\0" + data[108:],
            "is damaged: a header has 65536 entries in {} bytes",
        ),
        (
            lambda data: data[:108] + b"\4\0\0\1" + data[112:],
            "is damaged: a header has {} entries in 67108865 bytes",
        ),
        (
            lambda data: data.replace(b"libtest\0", b"-ibtest\0"),
            "is damaged: its header does not identify the package",
        ),
        (
            lambda data: data.replace(b"x86_64\0", b"-86_64\0"),
            "is damaged: its header does not identify the package",
        ),
        (
            lambda data: data.replace(b"1.el7\0", b"\0.el7\0"),
            "is damaged: its header does not identify the package",
        ),
        (
            lambda data: data.replace(b"1.0\0", b"\0.0\0"),
            "is damaged: its header does not identify the package",
        ),
        (lambda data: data.replace(b"cpio\0", b"star\0"), "has a payload of unknown format 'star'"),
    ],
)
def test_words_for_what_is_no_rpm(change, why):
    data = rpm_maker.rpm()
    count, size = struct.unpack_from(">II", data, 104)
    with pytest.raises(rpmfile.BadRpm) as caught:
        front(change(data))
    expected = why.format(size if "65536" in why else count)
    assert str(caught.value) == expected


def test_links_in_a_package():
    """Followed a few times, and only to what is there; the least deep file is the first."""
    files = {
        "./usr/lib64/deep/er/liba.so.1": b"2",
        "./usr/lib64/liba.so.1": "liba.so.1.0",
        "./usr/lib64/liba.so.1.0": b"1",
        "./lib64/liba.so.1": "/usr/lib64/liba.so.1",
        "./usr/lib64/libloop.so.1": "libloop.so.1",
        "./usr/lib64/liblost.so.1": "libnone.so.1",
    }
    names = ["libl{}.so.1".format(number) for number in range(10)]
    for one, other in zip(names, names[1:]):
        files["./usr/lib64/" + one] = other
    files["./usr/lib64/" + names[-1]] = b"3"
    links = {path[2:]: target for path, target in files.items() if isinstance(target, str)}
    data = {path[2:]: target for path, target in files.items() if not isinstance(target, str)}
    found = rpm_payload.Contents(data, links)
    assert found.called("liba.so.1") == ["usr/lib64/liba.so.1.0", "usr/lib64/deep/er/liba.so.1"]
    assert found.called("libloop.so.1") == found.called("liblost.so.1") == found.called("other") == []
    assert found.called(names[1]) == ["usr/lib64/" + names[-1]]
    assert found.called(names[0]) == []
    assert rpm_payload.depth("a/b/c") == (2, "a/b/c")


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("./usr/lib64/liba.so", True),
        ("./usr/lib/liba.so.1", True),
        ("./lib64/x/liba.so.1.2", True),
        ("./lib/liba.so", True),
        ("/usr/lib64/liba.so", True),
        ("./usr/lib64/liba.sox", False),
        ("./usr/lib64/liba.a", False),
        ("./opt/lib64/liba.so", False),
        ("./usr/lib32/liba.so", False),
        ("./x/usr/lib64/liba.so", False),
        ("./usr/lib64/../../etc/liba.so", False),
    ],
)
def test_which_paths_are_libraries(path, taken):
    """Of the directories of libraries only, and of no larger size than any has."""
    entry = cpio.Member(path, cpio.REGULAR, 5, (0, 0, 0), 1)
    assert rpm_payload._wanted(entry) is taken
    most = 512 * 1024 * 1024
    assert rpm_payload._wanted(entry._replace(size=most)) is taken
    assert not rpm_payload._wanted(entry._replace(size=most + 1))
    assert rpm_payload._wanted(entry._replace(mode=cpio.LINK)) is taken
    assert not rpm_payload._wanted(entry._replace(mode=cpio.DIRECTORY))

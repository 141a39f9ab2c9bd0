"""ISO images read without mounting them: hand-made ones, and those of mkisofs where it is installed."""

import bz2
import gzip
import io
import lzma
import os
import shutil
import struct
import subprocess

import pytest

from offkit.media import offer
from offkit.media.iso9660 import BadIso, Iso
from offkit.media.medium import CUT, UNCUT
from offkit.model.errors import EnvironmentProblem
from repo_maker import SECTOR, _record, image, library_packages, repository

FILES = {
    "repodata/repomd.xml": b"<repomd/>",
    "Packages/libSM-1.2.2-2.el7.x86_64.rpm": b"rpm" * 3000,
    "Packages/ünïcode.rpm": b"",
    "EULA": b"e" * SECTOR,
}


def opened(data):
    return Iso(io.BytesIO(data))


@pytest.mark.parametrize("long_names", [False, True])
def test_rock_ridge(long_names):
    """Names as they were, in the record or in a continuation area; every byte of every file."""
    iso = opened(image(FILES, long_names=long_names))
    assert iso.label == "CentOS 7 x86_64"
    assert iso.names("") == ["EULA", "Packages", "repodata"]
    assert iso.names("/Packages") == ["libSM-1.2.2-2.el7.x86_64.rpm", "ünïcode.rpm"]
    for path, data in FILES.items():
        with iso.open(path) as source:
            assert source.read() == data


def test_plain_names():
    """Without Rock Ridge and Joliet: lower case, without version."""
    iso = opened(image({"BOOT/KERNEL.IMG": b"k"}, rock_ridge=False))
    assert (iso.names(""), iso.names("boot")) == (["boot"], ["kernel.img"])


def test_the_size_it_should_have():
    """What the header promises is what a whole image has."""
    data = image(FILES)
    assert opened(data).size == len(data)


def test_seeking():
    """A file in an image is a file."""
    with opened(image(FILES)).open("Packages/libSM-1.2.2-2.el7.x86_64.rpm") as source:
        source.seek(8999)
        assert source.read(5) == b"m"
        source.seek(-4, os.SEEK_END)
        assert source.read(2) == b"mr"


def test_what_is_not_there():
    """The errors of a file system."""
    iso = opened(image(FILES))
    with pytest.raises(FileNotFoundError):
        iso.open("repodata/primary.xml")
    with pytest.raises(NotADirectoryError):
        iso.find("EULA/x")
    with pytest.raises(NotADirectoryError):
        iso.names("EULA")
    with pytest.raises(IsADirectoryError):
        iso.open("Packages")
    assert [iso.is_dir(path) for path in ("Packages", "EULA", "nothing")] == [True, False, False]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "truncated"),
        (b"\0" * 40000, "no ISO 9660 volume descriptor"),
        (b"\x1f\x8b" * 50000, "it is packed with gzip"),
        (image(FILES)[: 17 * SECTOR], "truncated"),
    ],
)
def test_no_image(data, words):
    """Said in words."""
    with pytest.raises(BadIso, match=words):
        opened(data)


def test_cut_within_a_file():
    """The header can be read; reading the file says that the image ends."""
    data = image(FILES)
    iso = opened(data[: len(data) - SECTOR])  # repodata/repomd.xml is last
    assert iso.size == len(data)
    with pytest.raises(BadIso, match="ends within a file"):
        iso.open("repodata/repomd.xml").read()


def test_a_directory_of_gigabytes():
    """Not read into memory."""
    data = bytearray(image(FILES))
    root = 16 * SECTOR + 156
    data[root + 10 : root + 14] = b"\xff\xff\xff\x7f"
    with pytest.raises(BadIso, match="implausible directory size of 2147483647 bytes"):
        opened(bytes(data)).names("")


def test_a_continuation_that_leads_to_itself():
    """Names end after 32 areas."""
    data = bytearray(image({"a": b""}, long_names=True))
    start = data.find(b"CE\x1c")
    loop = bytes(data[start : start + 28])
    area = 19 * SECTOR  # both of this maker's
    data[area : area + 28] = loop
    data[start + 20 : start + 24] = b"\x1c\0\0\0"
    assert opened(bytes(data)).names("") == ["a"]


@pytest.mark.parametrize("tool", ["xorriso", "genisoimage"])
@pytest.mark.parametrize("joliet", [False, True])
def test_real_images(tmp_path, tool, joliet):
    """Made as distributions make them: hundreds of long names, Rock Ridge or Joliet only."""
    if shutil.which(tool) is None:
        pytest.skip(tool + " is not installed")
    top = tmp_path / "top" / "Packages"
    top.mkdir(parents=True)
    names = ["a-package-with-a-name-{}-1.2.3-4.el7.centos.x86_64.rpm".format(n) for n in range(300)]
    for name in names:
        (top / name).write_bytes(name.encode())
    (tmp_path / "top" / "big").write_bytes(os.urandom(100000))
    out = str(tmp_path / "c7.iso")
    argv = [tool, *(["-as", "mkisofs"] if tool == "xorriso" else []), "-quiet", "-J", "-joliet-long"]
    argv += ["-V", "CentOS 7 x86_64", *([] if joliet else ["-R"]), "-o", out, str(tmp_path / "top")]
    subprocess.run(argv, check=True, stderr=subprocess.DEVNULL)
    with open(out, "rb") as source:
        iso = Iso(source)
        assert iso.label == "CentOS 7 x86_64"
        assert iso.size <= os.path.getsize(out)
        assert iso.names("Packages") == sorted(names)
        assert iso.open("Packages/" + names[7]).read() == names[7].encode()
        assert iso.open("big").read() == (tmp_path / "top" / "big").read_bytes()


def test_a_packed_image():
    """What it is packed with is said, and not that it is damaged."""
    for name, pack in (("gzip", gzip.compress), ("xz", lzma.compress), ("bzip2", bz2.compress)):
        with pytest.raises(BadIso, match="it is packed with {}: unpack it first".format(name)):
            Iso(io.BytesIO(pack(image({"a": b"x"}))))


@pytest.mark.skipif(shutil.which("genisoimage") is None, reason="genisoimage is not installed")
@pytest.mark.parametrize(("flags", "whole"), [([], False), (["-J"], True), (["-R"], True)])
def test_names_that_are_cut_short(tmp_path, flags, whole):
    """Of an image that somebody made without Rock Ridge or Joliet: it is said, and what to do."""
    top = repository(str(tmp_path / "top"), library_packages("libnowhere.so.1"))
    iso = str(tmp_path / "x.iso")
    argv = ["genisoimage", "-quiet", *flags, "-V", "X", "-o", iso, top]
    subprocess.run(argv, check=True, stderr=subprocess.DEVNULL)
    if whole:
        (found,) = offer.look([iso], ())
        assert [each.base for each in found.repositories] == [""]
        return
    with pytest.raises(EnvironmentProblem) as caught:
        offer.look([iso], ())
    (finding,) = caught.value.findings
    assert (finding.code, finding.fix) == ("REPO010", UNCUT)
    assert finding.message == CUT.format("repodata/primary.xml.gz")


def changed(data, at, new):
    return data[:at] + new + data[at + len(new) :]


PRIMARY = 16 * SECTOR


@pytest.mark.parametrize("block", [512, 1024, 2048])
def test_sizes_of_blocks(block):
    """All that ECMA-119 knows; the image's size is counted in them."""
    data = changed(image({}), PRIMARY + 128, struct.pack("<H", block))
    root = struct.unpack_from("<I", data, PRIMARY + 158)[0]
    data = changed(data, PRIMARY + 158, struct.pack("<I", root * SECTOR // block))
    iso = opened(data)
    assert iso.names("") == []
    assert iso.size == struct.unpack_from("<I", data, PRIMARY + 80)[0] * block


@pytest.mark.parametrize("block", [0, 1, 4096])
def test_blocks_of_no_size(block):
    with pytest.raises(BadIso, match=r"^unsupported block size {}$".format(block)):
        opened(changed(image({}), PRIMARY + 128, struct.pack("<H", block)))


def test_descriptors():
    """The first primary one counts, others are passed over; there must be one, and an end to them."""
    data = image(FILES)
    other = changed(data[PRIMARY : PRIMARY + SECTOR], 40, b"ANOTHER")
    # As a second one stands where the terminator was, everything behind it must be where it is.
    with pytest.raises(BadIso, match="no ISO 9660 volume descriptor in sector 18"):
        opened(changed(data, PRIMARY + SECTOR, other))
    boot = changed(data, PRIMARY, b"\0")
    with pytest.raises(BadIso, match=r"^no primary volume descriptor$"):
        opened(boot)
    with pytest.raises(BadIso, match=r"^no primary volume descriptor$"):
        opened(b"\0" * PRIMARY + (b"\0CD001\1".ljust(SECTOR, b"\0")) * 40)
    with pytest.raises(BadIso, match=r"^truncated: 2048 bytes expected at 32768, 5 present$"):
        opened(data[: PRIMARY + 5])


def test_the_errors_of_a_file_system():
    """With their numbers and the path."""
    iso = opened(image(FILES))
    for call, path, number, words in (
        (iso.find, "repodata/x", 2, "No such file in the image"),
        (iso.find, "EULA/x", 20, "Not a directory"),
        (iso.names, "EULA", 20, "Not a directory"),
        (iso.open, "Packages", 21, "Is a directory"),
    ):
        with pytest.raises(OSError, match=r".") as caught:
            call(path)
        found = caught.value
        assert (found.errno, found.strerror, found.filename) == (number, words, path)
    assert not iso.is_dir("EULA/x")
    assert iso.find("./Packages//") == iso.find("Packages")
    assert (iso.find("EULA").size, iso.find("EULA").directory) == (SECTOR, False)
    assert iso.find("EULA").name == "EULA"


def test_seeking_from_everywhere():
    """Never before the beginning; behind the end there is nothing."""
    with opened(image({"a": b"0123456789"})).open("a") as source:
        assert source.seekable()
        assert source.readable()
        raw = source.raw
        assert (raw.seek(4), raw.seek(2, 1), raw.seek(-3, 2), raw.seek(-99, 1), raw.seek(99)) == (
            4,
            6,
            7,
            0,
            99,
        )
        assert raw.read(5) == b""
        raw.seek(8)
        assert (raw.read(5), raw.read(5)) == (b"89", b"")


def record_at(data, name):
    """Where the record of a file is, by its own name."""
    return data.index(bytes([len(name)]) + name) - 32


def test_files_in_several_pieces():
    """As files of more than four gigabytes are; the pieces in their order."""
    data = image({"A.;1": b"one", "B.;1": b"twotwo", "C.;1": b"3"}, rock_ridge=False)
    first, second = record_at(data, b"A.;1;1"), record_at(data, b"B.;1;1")
    data = changed(data, first + 25, b"\x80")
    iso = opened(data)
    assert iso.names("") == ["b", "c"]
    assert iso.find("b").size == 9
    assert len(iso.find("b").extents) == 2
    with iso.open("b") as source:
        assert source.read() == b"onetwotwo"
        source.seek(2)
        assert source.read(3) == b"etw"
    assert len(iso.find("c").extents) == 1
    assert second > first


def test_damaged_records():
    """Too short, longer than what is there, or with a name longer than they are."""
    data = image({"A": b"x"}, rock_ridge=False)
    at = record_at(data, b"A;1")
    length = data[at]
    for change in (changed(data, at, b"\x21"), changed(data, at + 32, bytes([length - 32]))):
        with pytest.raises(BadIso, match=r"^damaged directory record$"):
            opened(change).names("")
    last = changed(data, PRIMARY + 156 + 10, struct.pack("<I", at - data.index(b"\x22\0", 18 * SECTOR) + 10))
    with pytest.raises(BadIso, match=r"^damaged directory record$"):
        opened(last).names("")


def test_a_directory_is_read_once(monkeypatch):
    """However many of its files are asked for."""
    iso = opened(image(FILES))
    read = []
    real = iso._at
    monkeypatch.setattr(iso, "_at", lambda *args: read.append(args) or real(*args))
    for _ in range(3):
        iso.find("Packages/libSM-1.2.2-2.el7.x86_64.rpm")
        iso.find("EULA")
    assert len(read) == 2


def test_many_files_in_one_directory():
    """Over several sectors, between which there is a gap."""
    names = ["file-{:03}".format(number) for number in range(100)]
    assert opened(image(dict.fromkeys(names, b""))).names("") == names


def joliet(order=b"%/E"):
    """An image with a second descriptor, in which names are UCS-2."""
    data = bytearray(image({"LONG": b"x"}, rock_ridge=False))
    second = bytearray(data[PRIMARY : PRIMARY + SECTOR])
    second[0] = 2
    second[88:91] = order
    at = len(data) // SECTOR
    name = "a long name;1".encode("utf-16-be")
    start, size = struct.unpack_from("<I4xI", data, record_at(bytes(data), b"LONG;1") + 2)
    records = b"".join(
        _record(identifier, (place, length), folder)
        for identifier, place, length, folder in (
            (b"\0", at + 1, SECTOR, True),
            (b"\1", at + 1, SECTOR, True),
            (name, start + 1, size, False),
        )
    )
    second[158:162] = struct.pack("<I", at + 1)
    # One more descriptor: everything moves by a sector.
    head, rest = data[: PRIMARY + SECTOR], data[PRIMARY + SECTOR :]
    head[PRIMARY + 158 : PRIMARY + 162] = struct.pack(
        "<I", struct.unpack_from("<I", data, PRIMARY + 158)[0] + 1
    )
    return bytes(head + second + rest + records.ljust(SECTOR, b"\0"))


@pytest.mark.parametrize("order", [b"%/@", b"%/C", b"%/E"])
def test_names_by_joliet(order):
    """Where there is no Rock Ridge, in each of its levels."""
    iso = opened(joliet(order))
    assert iso.names("") == ["a long name"]
    with iso.open("a long name") as source:
        assert source.read() == b"x"
    assert opened(joliet(b"%/X")).names("") == ["long"]


def test_names_of_pieces_of_rock_ridge():
    """Joined in their order, up to the end that ST says; what is cut off ends them."""
    iso = opened(image({"x": b""}))

    def name(*entries):
        return iso._rock_ridge_name(b"".join(entries))

    def entry(kind, body):
        return kind + bytes([len(body) + 4, 1]) + body

    first, second = entry(b"NM", b"\1ab"), entry(b"NM", b"\0c\xff")
    assert name(first, second) == "abc\udcff"
    assert name(entry(b"PX", b"x" * 32), first) == "ab"
    assert name(first, entry(b"ST", b""), second) == "ab"
    assert name(first, second[:-1]) == "ab"
    assert name(first, b"NM\3\1", second) == "ab"
    assert name(entry(b"NM", b""), first) == "ab"
    assert name(entry(b"CE", b"x" * 23), first) == "ab"

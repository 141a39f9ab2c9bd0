"""ISO images read without mounting them: hand-made ones, and those of mkisofs where it is installed."""

import io
import os
import shutil
import subprocess

import pytest

from offkit.model.iso9660 import BadIso, Iso
from repo_maker import SECTOR, image

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
        (b"", "cut off"),
        (b"\0" * 40000, "no ISO 9660 volume descriptor"),
        (b"\x1f\x8b" * 50000, "no ISO 9660 volume descriptor"),
        (image(FILES)[: 17 * SECTOR], "cut off"),
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
    with pytest.raises(BadIso, match="a directory of 2147483647 bytes"):
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

"""The tar container: right for every reader, one form only."""

import io
import tarfile

import pytest

from offkit.model import archive


def tar_of(*members):
    parts = []
    for name, contents in members:
        parts += [archive.header(name, len(contents)), contents, b"\0" * archive.padding(len(contents))]
    return b"".join([*parts, archive.END])


LONG = "wheels/SQLAlchemy-1.4.54-cp36-cp36m-manylinux_2_5_x86_64.manylinux1_x86_64.manylinux_2_17_x86_64.manylinux2014_x86_64.whl"


@pytest.mark.parametrize(
    "name", ["install.sh", "wheels/" + "a" * 93, "wheels/" + "a" * 94, LONG, "x/" * 300 + "y"]
)
@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 5000])
def test_python_reads_it(name, size):
    """Names of every length, sizes around a block."""
    contents = b"x" * size
    with tarfile.open(fileobj=io.BytesIO(tar_of(("first", b"1"), (name, contents), ("last", b"2")))) as tar:
        assert tar.getnames() == ["first", name, "last"]
        member = tar.getmember(name)
        assert (member.mode, member.uid, member.mtime, member.uname, member.isreg()) == (
            0o644,
            0,
            1,
            "",
            True,
        )
        assert tar.extractfile(member).read() == contents


def test_footprint_is_where_things_are():
    """Offsets computed from name and size alone."""
    data = tar_of((LONG, b"abc"), ("next", b"d"))
    start, following = archive.footprint(LONG, 3)
    assert data[start : start + 3] == b"abc"
    assert data[following:].startswith(archive.header("next", 1))


@pytest.mark.parametrize(("name", "size"), [("ü", 1), ("x", -1), ("x", 8**11)])
def test_what_does_not_fit(name, size):
    """Refused when packing, not discovered when unpacking."""
    with pytest.raises(ValueError):  # noqa: PT011
        archive.header(name, size)


def test_every_byte_of_a_header():
    """POSIX ustar: no owner, one time, no names; bundles of format 1 had no time either."""
    block = archive.header("a/b", 8)
    assert archive.header("a/b", 8, 0)[136:148] == b"00000000000\0"
    assert len(block) == 512
    fields = [block[:100], block[100:108], block[108:116], block[116:124], block[124:136], block[136:148]]
    assert fields == [
        b"a/b".ljust(100, b"\0"),
        b"0000644\0",
        b"0000000\0",
        b"0000000\0",
        b"00000000010\0",
        b"00000000001\0",
    ]
    total = sum(block[:148] + b" " * 8 + block[156:])
    assert block[148:156] == b"%06o\0 " % total
    assert block[156:157] == b"0"
    assert block[157:257] == b"\0" * 100
    assert block[257:265] == b"ustar\00000"
    assert block[265:329] == b"\0" * 64
    assert block[329:345] == b"0000000\0" * 2
    assert block[345:] == b"\0" * 167


@pytest.mark.parametrize("length", [101, 103, 104, 990, 992, 993, 1000])
def test_a_header_before_the_header(length):
    """For a long name: a record that counts itself, in a member called after the end of the name."""
    name = "x" * (length - 3) + "end"
    data = archive.header(name, 5)
    record = b" path=" + name.encode() + b"\n"
    size = next(n for n in range(len(record), len(record) + 9) if len(str(n)) + len(record) == n)
    assert data[:100] == (b"PaxHeaders/" + name.encode()[-80:]).ljust(100, b"\0")
    assert (data[124:136], data[156:157]) == (b"%011o\0" % size, b"x")
    assert data[512 : 512 + size] == b"%d" % size + record
    padded = 512 + size + archive.padding(size)
    assert data[512 + size : padded] == b"\0" * archive.padding(size)
    assert data[padded:] == archive.header(name[:100], 5)
    assert archive.footprint(name, 5) == (len(data), len(data) + 512)


def test_limits_of_a_member():
    """Eleven octal digits, and the words for more."""
    assert b"77777777777\0" in archive.header("x", 8**11 - 1)
    with pytest.raises(ValueError, match=r"^x: 8589934592 bytes do not fit into a tar member$"):
        archive.header("x", 8**11)
    assert [archive.padding(size) for size in (0, 1, 511, 512, 513)] == [0, 511, 1, 0, 511]
    assert bytes(1024) == archive.END

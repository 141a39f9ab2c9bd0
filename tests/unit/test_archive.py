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
            0,
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

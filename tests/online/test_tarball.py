"""Reading a tarball that is carried: what leaves it, what is damaged, and what a server cannot unpack."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import tarfile

import pytest

from offkit.model.errors import IntegrityError, OffkitError, RequestError, UsageError
from offkit.model.finding import Finding
from offkit.online.carry import tarball


def made(*members):
    """A tar archive of (name, contents) and (name, type, target)."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as tar:
        for name, what, *target in members:
            info = tarfile.TarInfo(name)
            if target:
                info.type, info.linkname = what, target[0]
                tar.addfile(info)
            else:
                info.size = len(what)
                tar.addfile(info, io.BytesIO(what))
    return sink.getvalue()


SMALL = made(("top/a.txt", b"abcdef"), ("top/sub/b", b"12"))


def read(path):
    """[(path below the top, contents)] and the entries."""
    with tarball.reading(path, "PY021", "a thing") as entries:
        return [(name, take() if one.isfile() else b"") for name, one, take in entries], entries


@pytest.mark.parametrize("kind", ["", "gz", "xz"])
def test_entries(tmp_path, kind):
    """Told by the first bytes; each with what reads it, up to a limit; sizes and tops are added up."""
    packed = {"": SMALL, "gz": gzip.compress(SMALL), "xz": lzma.compress(SMALL)}[kind]
    path = tmp_path / "name-without-meaning"
    path.write_bytes(packed)
    found, entries = read(path)
    assert found == [("a.txt", b"abcdef"), ("sub/b", b"12")]
    assert (entries.tops, entries.unsafe, entries.unpacked) == ({"top"}, [], 8)
    with tarball.reading(path, "PY021", "a thing") as again:
        assert [(member.name, take(3)) for _, member, take in again] == [
            ("top/a.txt", b"abc"),
            ("top/sub/b", b"12"),
        ]
    assert tarball.sha256(path) == hashlib.sha256(packed).hexdigest()


SYM, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize(
    ("member", "safe"),
    [
        (("top/a", b""), True),
        (("/top/a", b""), False),
        (("top/../a", b""), False),
        (("../a", b""), False),
        (("top/l", SYM, "a"), True),
        (("top/l", SYM, "sub/a"), True),
        (("top/l", SYM, "/a"), False),
        (("top/l", SYM, "../a"), False),
        (("top/l", SYM, ".."), False),
        (("top/sub/l", SYM, "../a"), True),
        (("top/sub/l", SYM, "../../a"), False),
        (("top/sub/l", SYM, "../x/../../b"), False),
        (("l", SYM, "a"), True),
        (("top/l", HARD, "top/a"), True),
        (("top/l", HARD, "../a"), False),
        (("top/l", HARD, "/a"), False),
        (("top/l", HARD, "top/../../a"), False),
        (("top/l", HARD, "top/../a"), True),
    ],
)
def test_what_leaves_the_archive(tmp_path, member, safe):
    """By its name, or as a link; it is kept apart, and what comes behind it is read all the same."""
    path = tmp_path / "x.tar"
    path.write_bytes(made(("./", b""), member, ("top/last", b"x")))
    found, entries = read(path)
    assert entries.unsafe == ([] if safe else [member[0]])
    assert found[-1] == ("last", b"x")
    assert len(found) == 1 + safe


def test_what_has_no_contents(tmp_path):
    """A directory and the archive's own dot."""
    path = tmp_path / "x.tar"
    path.write_bytes(
        made((".", tarfile.DIRTYPE, ""), ("top", tarfile.DIRTYPE, ""), ("top/l", SYM, "nowhere/x"))
    )
    with tarball.reading(path, "PY021", "a thing") as entries:
        found = [(name, member.name) for name, member, _ in entries]
    assert found == [("", "top"), ("l", "top/l")]
    assert entries.tops == {"top"}


def failed(path, error):
    with pytest.raises(error) as caught:
        read(path)
    return caught.value


@pytest.mark.parametrize(
    ("kind", "packed", "tool"),
    [("bz2", bz2.compress(SMALL), "bzip2"), ("zst", b"\x28\xb5\x2f\xfd" + SMALL, "zstd")],
)
def test_compressions_that_a_server_has_not(tmp_path, kind, packed, tool):
    """They are named, and how to make another of it."""
    path = tmp_path / f"python-3.tar.{kind}"
    path.write_bytes(packed)
    error = failed(path, RequestError)
    assert error.message == f"{path.name} cannot be used"
    message = f"it is compressed with {tool}, which a minimal server lacks"
    fix = f"{tool} -dc {path.name} | gzip -9n >python-3.tar.gz, and give that"
    assert error.findings == (Finding("PY021", "error", path.name, message, (str(path),), fix),)


@pytest.mark.parametrize(("name", "becomes"), [
    ("a.tar.bz2", "a.tar.gz"), ("a.tbz2", "a.tar.gz"), ("a.bz2", "a.tar.gz"), ("a", "a.tar.gz"), ("a.tar", "a.tar.tar.gz"),
])  # fmt: skip
def test_how_it_is_packed_again(tmp_path, name, becomes):
    """By a name without the old ending."""
    assert tarball.repack(tmp_path / name, "bz2") == f"bzip2 -dc {name} | gzip -9n >{becomes}, and give that"
    assert tarball.repack(tmp_path / "a.tzst", "zst").endswith(">a.tar.gz, and give that")


def test_what_is_no_archive(tmp_path):
    """Not compressed, and not a tar: it is something else, not damaged."""
    path = tmp_path / "x.tar.gz"
    path.write_bytes(b"something else" * 100)
    error = failed(path, RequestError)
    assert error.findings == (
        Finding("PY021", "error", "x.tar.gz", "is not a thing: it is not a tar archive", (str(path),), ""),
    )


@pytest.mark.parametrize("kind", ["gz", "xz"])
@pytest.mark.parametrize("how", ["cut", "checksum", "inside"])
def test_what_is_damaged(tmp_path, kind, how):
    """Cut off, wrong by its checksum behind all members, or no tar inside."""
    compress = {"gz": gzip.compress, "xz": lzma.compress}[kind]
    packed = compress(b"no tar" * 200 if how == "inside" else SMALL + os.urandom(1 << 12))
    if how == "cut":
        packed = packed[:-2000]
    if how == "checksum":
        packed = packed[:-6] + bytes([packed[-6] ^ 1]) + packed[-5:]
    path = tmp_path / "x.tar"
    path.write_bytes(packed)
    error = failed(path, IntegrityError)
    assert error.message.startswith(f"{path} is damaged: ")
    fix = "download it again, and compare its checksum with the published one"
    assert error.findings == (Finding("PY021", "error", "x.tar", error.message, (str(path),), fix),)


def test_an_end_without_words(tmp_path):
    """What was read says nothing of what is wrong with it."""
    path = tmp_path / "x.tar"
    path.write_bytes(SMALL)
    with pytest.raises(IntegrityError) as caught, tarball.reading(path, "PY021", "a thing"):
        raise EOFError
    assert caught.value.message == f"{path} is damaged: it is truncated"


def test_an_error_of_ours_is_no_damage(tmp_path):
    """It passes through as it is; so does one that is nobody's."""
    path = tmp_path / "x.tar"
    path.write_bytes(SMALL)
    for error in (OffkitError("ours"), KeyError("nobody's")):
        with pytest.raises(type(error)) as caught, tarball.reading(path, "PY021", "a thing"):
            raise error
        assert caught.value is error


def test_files_that_can_be_members(tmp_path):
    """Regular ones, of a name that a bundle can hold."""
    path = tmp_path / "a-1.tar.gz"
    for message in ("does not exist", "is not a regular file"):
        with pytest.raises(UsageError) as caught:
            tarball.usable(path, "--python-source")
        assert caught.value.message == f"--python-source: {path} {message}"
        path.mkdir(exist_ok=True)
    path.rmdir()
    path.write_bytes(b"")
    tarball.usable(path, "--x")
    odd = tmp_path / "a b.tar.gz"
    odd.write_bytes(b"")
    with pytest.raises(UsageError) as caught:
        tarball.usable(odd, "--x")
    assert caught.value.message == "--x: a bundle cannot hold a file named 'a b.tar.gz'"
    assert caught.value.fix == "rename it, using only letters, digits and . _ + ! -"

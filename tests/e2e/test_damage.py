"""A bundle that is not whole is refused with exit 3, by name, and nothing on disk has changed."""

import io
import tarfile

import pytest

import world
from conftest import listing, run
from offkit.model import archive


@pytest.fixture
def refuse(server, isolated, install_sh, tmp_path):
    """Install a bundle through both doors; return what they said after checking the rest."""

    def attempt(contents):
        path = tmp_path / "bundle.tar"
        path.write_bytes(contents)
        before = listing(tmp_path)
        said = []
        for argv in (["sh", install_sh, path, "--python", server[0]], [world.OFFKIT, "install", path]):
            done = run([*isolated, *argv, "--prefix", tmp_path / "prefix"])
            assert done.returncode == 3, done.stdout + done.stderr
            assert "Traceback" not in done.stderr
            assert listing(tmp_path) == before
            said.append(done.stderr)
        return said

    return attempt


@pytest.fixture(scope="module")
def members(small_bundle):
    """[(name, offset of its header, offset of its contents, size)] and the bytes of the good bundle."""
    found = []
    with tarfile.open(small_bundle) as tar:
        for member in tar:
            found.append((member.name, member.offset, member.offset_data, member.size))
    return found, small_bundle.read_bytes()


def flipped(contents, position):
    damaged = bytearray(contents)
    damaged[position] ^= 0x20
    return bytes(damaged)


@pytest.mark.parametrize("index", range(7))
@pytest.mark.parametrize("where", ["header name", "header mode", "header time", "first", "middle", "last"])
def test_one_flipped_byte(refuse, members, index, where):
    """In every member's header and contents."""
    (name, header, start, size), contents = members[0][index], members[1]
    position = {"header name": header, "header mode": header + 103, "header time": header + 140, "first": start,
                "middle": start + size // 2, "last": start + size - 1}[where]  # fmt: skip
    for said in refuse(flipped(contents, position)):
        assert name in said or "bundle" in said


def test_flipped_padding_and_end(refuse, members):
    """The zeros between members and behind the last count too."""
    (name, _, start, size), contents = members[0][0], members[1]
    assert archive.padding(size) > 0
    for said in refuse(flipped(contents, start + size)):
        assert name in said
    refuse(flipped(contents, len(contents) - 1))


@pytest.mark.parametrize("keep", [0, 1, 511, 512, 5000, -1, -1024, -2000])
def test_truncated(refuse, members, keep):
    """Cut anywhere, by one byte or by nearly everything."""
    refuse(members[1][:keep])


def test_appended(refuse, members):
    """Bytes behind the end."""
    refuse(members[1] + b"x")


def with_member(contents, name, kind=tarfile.REGTYPE, link=""):
    """The bundle with one more member before its end."""
    extra = io.BytesIO()
    with tarfile.open(fileobj=extra, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, 4 if kind == tarfile.REGTYPE else 0
        tar.addfile(info, io.BytesIO(b"evil"))
    return contents[: -len(archive.END)] + extra.getvalue()


@pytest.mark.parametrize("name", ["../x", "/x", "wheels/../../x", "extra", "wheels/extra-1-py3-none-any.whl"])
def test_one_more_member(refuse, members, name):
    """Named, and never written anywhere."""
    for said in refuse(with_member(members[1], name)):
        assert name in said


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE]
)
def test_something_that_is_no_file(refuse, members, kind):
    """A link, a pipe, a device, a directory."""
    for said in refuse(with_member(members[1], "wheels/thing", kind, "/etc/passwd")):
        assert "wheels/thing" in said


def test_a_missing_member(refuse, members):
    """One wheel taken out cleanly."""
    name, header, start, size = members[0][-2]
    contents = members[1]
    for said in refuse(contents[:header] + contents[start + size + archive.padding(size) :]):
        assert name in said


@pytest.mark.parametrize("contents", [b"", b"not a tar", b"\0" * 20480, b"PK\x03\x04" * 1000])
def test_no_bundle_at_all(refuse, contents):
    """Said in words, not as a tar error."""
    refuse(contents)


def test_verify_says_the_same(members, tmp_path):
    """offkit verify: 0 for the good one, 3 for the damaged one, and both as JSON."""
    good, bad = tmp_path / "good.tar", tmp_path / "bad.tar"
    good.write_bytes(members[1])
    bad.write_bytes(flipped(members[1], members[0][-1][2]))
    assert run([world.OFFKIT, "verify", good]).returncode == 0
    done = run([world.OFFKIT, "verify", bad])
    assert done.returncode == 3
    assert members[0][-1][0] in done.stderr

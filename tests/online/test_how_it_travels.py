"""How a bundle travels: as what is new in it (--since), and in parts (--part-size)."""

import errno
import hashlib
import json
import os
import tarfile

import pytest

from offkit.edges import data
from offkit.model.errors import UsageError
from offkit.online.carry import parting
from offkit.server.bundle import bundle_file, difference_file

FOR = {"one": ["--target", "el7"], "several": ["--target", "el7", "--target", "el9"]}


@pytest.fixture
def offkit(mirror, monkeypatch, typed):
    """Run a command with an index that has alpha 1.0 and beta, and may get more: (run, index)."""
    server = mirror("tool", "beta")
    server.add("pip", "21.3.1")
    server.add("alpha", "1.0", requires=["beta"])
    real = data.read_text
    name = "tool-1-py3-none-any.whl"
    runtime = "tool==1 --hash=sha256:{}\n".format(hashlib.sha256(server.files[name]).hexdigest())
    monkeypatch.setattr(
        data, "read_text", lambda path: runtime if path == "wheelhouse/runtime.txt" else real(path)
    )
    return lambda *words: typed(*words, *(server.args if words[0] == "bundle" else ())), server


@pytest.mark.parametrize("targets", FOR.values(), ids=FOR)
def test_what_is_new(offkit, tmp_path, monkeypatch, targets):
    """In the place of the bundle; merged, it is the bytes of the whole one; twice over, of the third."""
    run, index = offkit
    monkeypatch.chdir(tmp_path)
    assert run("bundle", "alpha", *targets, "-o", "1.tar")[0] == 0
    index.add("alpha", "1.1", requires=["beta"])
    assert run("bundle", "alpha", *targets, "-o", "2.tar")[0] == 0
    code, said, err = run("bundle", "alpha", *targets, "-o", "2.diff", "--since", "1.tar")
    assert code == 0, err
    whole = hashlib.sha256((tmp_path / "2.tar").read_bytes()).hexdigest()
    assert f"  sha256 {whole} of the whole bundle" in said.splitlines()
    assert "  it is to the bundle with the digest " + bundle_file.read_manifest("1.tar").digest in said
    assert "offkit merge OLD.tar 2.diff -o NEW.tar" in said
    assert "sh install.sh 2.diff" not in said
    with tarfile.open("2.diff") as tar:
        names = tar.getnames()
    assert [one for one in names if one.endswith(".whl")] == ["new/wheels/alpha-1.1-py3-none-any.whl"]
    assert "new/offkit.pyz" not in names
    assert run("merge", "1.tar", "2.diff", "-o", "made.tar")[0] == 0
    assert (tmp_path / "made.tar").read_bytes() == (tmp_path / "2.tar").read_bytes()
    index.add("beta", "3")
    assert run("bundle", "alpha", *targets, "-o", "3.tar")[0] == 0
    code, said, err = run("bundle", "alpha", *targets, "-o", "3.diff", "--since", "2.diff", "--json")
    told = json.loads(said)
    assert (code, told["sha256"]) == (0, hashlib.sha256((tmp_path / "3.tar").read_bytes()).hexdigest())
    assert told["difference"]["sha256"] == hashlib.sha256((tmp_path / "3.diff").read_bytes()).hexdigest()
    assert told["difference"]["base"] == bundle_file.read_manifest("2.tar").digest
    assert run("merge", "1.tar", "2.diff", "3.diff", "-o", "made.tar")[0] == 0
    assert (tmp_path / "made.tar").read_bytes() == (tmp_path / "3.tar").read_bytes()


def test_nothing_new(offkit, tmp_path, monkeypatch):
    """Is a manifest, and what says so."""
    run, _ = offkit
    monkeypatch.chdir(tmp_path)
    run("bundle", "alpha", "--target", "el7", "-o", "1.tar")
    assert run("bundle", "alpha", "--target", "el7", "-o", "2.diff", "--since", "1.tar")[0] == 0
    assert [one.path for one in difference_file.read("2.diff").segments] == [
        "DIFFERENCE.json",
        "install.sh",
        "new/MANIFEST.json",
    ]


@pytest.mark.parametrize(
    ("old", "code", "said"),
    [
        (None, 2, "old does not exist"),
        (b"", 3, "old is empty"),
        (b"{}", 3, "MANIFEST.json is damaged"),
        (b"PK\3\4" + b"x" * 600, 3, "old is a zip file, not a bundle"),
    ],
)
def test_what_is_no_bundle(offkit, tmp_path, monkeypatch, old, code, said):
    """Before anything is asked or written."""
    run, index = offkit
    monkeypatch.chdir(tmp_path)
    if old is not None:
        (tmp_path / "old").write_bytes(old)
    found, _, err = run("bundle", "alpha", "--target", "el7", "-o", "new.tar", "--since", "old")
    assert (found, said in err) == (code, True), err
    assert not (tmp_path / "new.tar").exists()
    assert index.asked == []


def test_parts(offkit, tmp_path, monkeypatch):
    """In the place of the bundle: joined they are its bytes; install.sh is beside them, and the same."""
    run, _ = offkit
    monkeypatch.chdir(tmp_path)
    words = ("bundle", "alpha", "--target", "el7", "-o")
    assert run(*words, "whole.tar")[0] == 0
    monkeypatch.setattr(parting, "SMALLEST", 1)
    real, left = parting._copied, []

    def copied(source, sink, size):
        left.append((os.fstat(source.fileno()).st_size - source.tell(), size))
        return real(source, sink, size)

    monkeypatch.setattr(parting, "_copied", copied)
    before = os.umask(0o077)
    try:
        code, said, err = run(*words, "b.tar", "--part-size", "100K")
    finally:
        os.umask(before)
    assert code == 0, err
    assert all(ahead == size for ahead, size in left)  # what is parted already takes no room twice
    modes = {one.name: one.stat().st_mode & 0o777 for one in (tmp_path / "b.tar-parts").iterdir()}
    assert set(modes.values()) == {0o644}
    assert (tmp_path / "b.tar-parts").stat().st_mode & 0o777 == 0o755
    whole = (tmp_path / "whole.tar").read_bytes()
    number = -(-len(whole) // 102400)
    assert f"in {number} parts" in said.splitlines()[0]
    assert "sh install.sh b.tar.parts" in said
    assert sorted(os.listdir(".")) == ["b.tar-parts", "cache", "whole.tar"]
    names = [f"b.tar.{one:03d}" for one in range(1, number + 1)]
    assert sorted(os.listdir("b.tar-parts")) == [*names, "b.tar.parts", "install.sh"]
    pieces = [(tmp_path / "b.tar-parts" / name).read_bytes() for name in names]
    assert {len(one) for one in pieces[:-1]} == {102400}
    assert b"".join(pieces) == whole
    with tarfile.open("whole.tar") as tar:
        assert tar.extractfile("install.sh").read() == (tmp_path / "b.tar-parts" / "install.sh").read_bytes()
    opened = bundle_file.verify(bundle_file.read_manifest("b.tar-parts"))
    assert opened.digest == bundle_file.read_manifest("whole.tar").digest
    # Once more, with other parts: those that were there go.
    code, said, err = run(*words, "b.tar", "--part-size", "4M", "--json")
    assert json.loads(said)["parts"]["names"] == ["b.tar.001"]
    assert sorted(os.listdir("b.tar-parts")) == ["b.tar.001", "b.tar.parts", "install.sh"]


def test_names_that_no_index_has(offkit, tmp_path, monkeypatch):
    """A blank, letters beyond ASCII: the parts have others. The document names what is there."""
    run, _ = offkit
    monkeypatch.chdir(tmp_path)
    words = ("bundle", "alpha", "--target", "el7", "-o", "my b\xfcndel.tar", "--part-size", "1M", "--json")
    code, said, err = run(*words)
    assert code == 0, err
    told = json.loads(said)
    assert told["path"] == str(tmp_path / "my b\xfcndel.tar-parts" / "my_b_ndel.tar.parts")
    opened = bundle_file.verify(bundle_file.read_manifest(told["path"]))
    assert opened.digest == told["digest"]
    assert run(*words)[0] == 0  # in the place of those


def test_too_many(offkit, tmp_path, monkeypatch):
    """The whole bundle stays."""
    run, _ = offkit
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parting, "SMALLEST", 1)
    code, _, err = run("bundle", "alpha", "--target", "el7", "-o", "b.tar", "--part-size", "1K")
    assert code == 2
    assert "parts; 500 are the most" in err
    bundle_file.verify(bundle_file.read_manifest("b.tar"))
    assert sorted(os.listdir(".")) == ["b.tar", "cache"]


def test_a_disk_that_refuses_parts(offkit, tmp_path, monkeypatch):
    """There is neither then, and nothing half done; the parts that were there before stay."""
    run, _ = offkit
    monkeypatch.chdir(tmp_path)
    words = ("bundle", "alpha", "--target", "el7", "-o", "b.tar", "--part-size", "1M")
    assert run(*words)[0] == 0
    before = sorted(os.listdir("b.tar-parts"))

    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(parting, "_copied", refuse)
    code, _, err = run(*words)
    assert code == 4
    assert "b.tar cannot be parted: No space left on device" in err
    assert sorted(os.listdir(".")) == ["b.tar-parts", "cache"]
    assert sorted(os.listdir("b.tar-parts")) == before


def test_a_difference_in_parts(offkit, tmp_path, monkeypatch):
    run, index = offkit
    monkeypatch.chdir(tmp_path)
    words = ("bundle", "alpha", "--target", "el7", "-o")
    run(*words, "1.tar")
    index.add("alpha", "1.1", requires=["beta"])
    run(*words, "2.tar")
    monkeypatch.setattr(parting, "SMALLEST", 1)
    code, said, err = run(*words, "2.diff", "--since", "1.tar", "--part-size", "50K")
    assert code == 0, err
    assert "offkit merge OLD.tar 2.diff.parts -o NEW.tar" in said
    assert run("merge", "1.tar", "2.diff-parts/2.diff.parts", "-o", "made.tar")[0] == 0
    assert (tmp_path / "made.tar").read_bytes() == (tmp_path / "2.tar").read_bytes()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("fat32", 4293918720),
        ("DVD", 4697620480),
        ("4000M", 4194304000),
        ("2g", 2 << 30),
        ("1048576", 1 << 20),
    ],
)
def test_sizes(text, size):
    """The file system's own limit, and the disc's."""
    assert parting.size_of(text) == size
    assert parting.size_of("fat32") < 1 << 32
    assert parting.size_of("dvd") < 4700372992


@pytest.mark.parametrize("text", ["", "x", "-1M", "1.5G", "1T", "0", "1M2", "10K", "\u0661M"])
def test_what_is_no_size(text):
    with pytest.raises(UsageError, match="--part-size"):
        parting.size_of(text)


def test_a_place_that_is_taken(offkit, tmp_path, monkeypatch):
    """Nothing of somebody else's is removed; refused before anything is asked."""
    run, index = offkit
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.tar-parts").mkdir()
    (tmp_path / "b.tar-parts" / "mine").write_bytes(b"")
    code, _, err = run("bundle", "alpha", "--target", "el7", "-o", "b.tar", "--part-size", "1M")
    assert code == 2
    assert "b.tar-parts, where the parts belong, has something else in it" in err
    assert index.asked == []
    assert os.listdir("b.tar-parts") == ["mine"]

"""offkit bundle --since: what leaves is what is new, and with the old bundle it is the whole one."""

import hashlib
import json
import tarfile

import pytest

from offkit.edges import data
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

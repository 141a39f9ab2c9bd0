"""offkit merge, and what other commands say of a difference."""

import hashlib
import json
import os
import subprocess
import sys

import bundle_maker
import offkit
from offkit.model import manifest

TOOLKIT = os.path.dirname(os.path.dirname(os.path.abspath(offkit.__file__)))
OLD = bundle_maker.make(dict([bundle_maker.wheel("alpha"), bundle_maker.wheel("beta")]))
NEW = bundle_maker.make(dict([bundle_maker.wheel("alpha"), bundle_maker.wheel("beta", "2.0")]))
BETWEEN = bundle_maker.difference(OLD, NEW)


def command(folder, *words):
    """(exit code, stdout, stderr)"""
    done = subprocess.Popen(
        [sys.executable, "-m", "offkit.cli.app", *words],
        cwd=str(folder),
        env=dict(os.environ, PYTHONPATH=TOOLKIT, NO_COLOR="1", LC_ALL="C"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = done.communicate()
    return done.returncode, out.decode(), err.decode()


def document(folder, *words):
    code, out, _ = command(folder, *words, "--json")
    return dict(json.loads(out), code=code)


def test_merge_and_verify(tmp_path):
    """The hash is that of the whole bundle; a difference names the two that it is between."""
    (tmp_path / "old.tar").write_bytes(OLD.data)
    (tmp_path / "between.tar").write_bytes(BETWEEN)
    code, out, err = command(tmp_path, "merge", "old.tar", "between.tar", "-o", "made.tar")
    assert (code, err) == (0, "")
    assert hashlib.sha256(NEW.data).hexdigest() in out
    assert (tmp_path / "made.tar").read_bytes() == NEW.data
    base, digest = manifest.digest(OLD.text), manifest.digest(NEW.text)
    assert document(tmp_path, "merge", "old.tar", "between.tar", "-o", "made.tar") == {
        "schema": "offkit/merge-1",
        "code": 0,
        "bundle": "made.tar",
        "size": len(NEW.data),
        "sha256": hashlib.sha256(NEW.data).hexdigest(),
        "digest": digest,
        "base": base,
    }
    code, out, err = command(tmp_path, "verify", "between.tar")
    assert (code, err) == (0, "")
    assert "between.tar: a difference with 3 of 8 members" in out
    told = document(tmp_path, "verify", "between.tar")
    assert (told["code"], told["base"], told["digest"]) == (0, base, digest)
    assert told["sha256"] == hashlib.sha256(BETWEEN).hexdigest()


def test_what_wants_a_whole_bundle(tmp_path):
    """Says what this is, and what makes one of it."""
    (tmp_path / "my between.tar").write_bytes(BETWEEN)
    for name in ("inspect", "install", "doctor"):
        code, _, err = command(tmp_path, name, "my between.tar")
        assert code == 2, name
        assert "is a difference to an earlier bundle" in err
        assert "offkit merge OLD.tar 'my between.tar' -o bundle.tar" in " ".join(err.split()), name


def test_another_base(tmp_path):
    (tmp_path / "new.tar").write_bytes(NEW.data)
    (tmp_path / "between.tar").write_bytes(BETWEEN)
    code, _, err = command(tmp_path, "merge", "new.tar", "between.tar", "-o", "made.tar")
    assert code == 4
    assert "BUN021" in err
    assert not (tmp_path / "made.tar").exists()

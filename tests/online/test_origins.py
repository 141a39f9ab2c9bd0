"""Where each wheel was found: in the lock, in pylock.toml, in the manifest, and in what inspect says."""

import hashlib
import json
import re
import sys
import tarfile

import pytest

from offkit.edges import data
from offkit.model import layout

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOOL = "tool-1-py3-none-any.whl"


def pin(server, name):
    """A line of a lock."""
    contents = server.files[f"{name}-1-py3-none-any.whl"]
    return f"{name}==1 --hash=sha256:{hashlib.sha256(contents).hexdigest()}\n"


@pytest.fixture
def public(mirror, monkeypatch):
    """An index with alpha, and what every bundle needs."""
    server = mirror("alpha", "tool", "pip")
    real = data.read_text
    texts = {
        "wheelhouse/runtime.txt": pin(server, "tool"),
        "wheelhouse/pip.txt": pin(server, "pip"),
    }
    monkeypatch.setattr(data, "read_text", lambda path: texts.get(path) or real(path))
    return server


def simple(server):
    return f"http://127.0.0.1:{server.server_port}/simple"


def comments(text):
    return [line for line in text.splitlines() if "# from " in line]


@pytest.fixture
def shelf(mirror, tmp_path):
    """A directory of wheels, whose name nobody is to learn: beta."""
    server = mirror()
    name = server.add("beta")
    place = tmp_path / "alice"
    place.mkdir()
    (place / name).write_bytes(server.files[name])
    return place


def test_in_a_lock(typed, public, shelf, tmp_path):
    """Once where it is the same of all; no login, no directory. It is read again."""
    code, out, _ = typed("lock", "alpha", *public.args)
    assert (code, comments(out)) == (0, ["# from " + simple(public)])
    code, out, _ = typed("lock", "alpha", "beta", *public.args, "--find-links", shelf)
    assert (code, comments(out)) == (0, [f"    # from {simple(public)}", "    # from a local directory"])
    assert "alice" not in out
    lock = tmp_path / "lock.txt"
    lock.write_text(out)
    code, out, _ = typed("lock", "-r", lock, *public.args, "--find-links", shelf, "--json")
    assert [one["from"] for one in json.loads(out)["wheels"]] == [simple(public), "a local directory"]


def test_in_a_pylock(typed, public, shelf, tmp_path):
    """PEP 751 has the index of a package, which a directory has none of."""
    out = tmp_path / "pylock.toml"
    assert typed("lock", "alpha", "beta", *public.args, "--find-links", shelf, "-o", out)[0] == 0
    packages = tomllib.loads(out.read_text())["packages"]
    assert [one.get("index") for one in packages] == [simple(public), None]


def test_in_a_bundle(typed, public, shelf, tmp_path):
    """By origin; the same bytes when the cache has the wheels, whoever locked; a direct URL is its own."""
    args = [*public.args, "--find-links", shelf]
    url = f"http://127.0.0.1:{public.server_port}/files/{TOOL}"
    lock, first, second = (tmp_path / name for name in ("lock.txt", "1.tar", "2.tar"))
    assert typed("lock", "alpha", "beta", *args, "-o", lock)[0] == 0
    code, said, _ = typed("bundle", "-r", lock, *args, "-o", first, "--json")
    assert code == 0
    origins = {one["name"]: one["from"] for one in json.loads(said)["wheels"]}
    assert origins == {"alpha": simple(public), "beta": "a local directory"}
    public.asked.clear()
    assert typed("bundle", "-r", lock, *args, "-o", second)[0] == 0
    assert (public.asked, first.read_bytes()) == ([], second.read_bytes())
    code, said, _ = typed("bundle", "alpha", "beta", f"tool @ {url}", *args, "-o", first, "--json")
    assert [one["from"] for one in json.loads(said)["wheels"]] == [simple(public), "a local directory", url]
    with tarfile.open(first) as tar:
        text = tar.extractfile(layout.MANIFEST).read().decode()
    assert json.loads(text)["options"]["from"][0] == {
        "from": "a local directory",
        "wheels": ["beta-1-py3-none-any.whl"],
    }
    assert "alice" not in text


def test_a_lock_that_does_not_say_it(typed, public, tmp_path):
    """Of another tool: what the index said the first time holds when none is asked."""
    lock, first, second = (tmp_path / name for name in ("lock.txt", "1.tar", "2.tar"))
    lock.write_text(pin(public, "alpha"))
    for out in (first, second):
        public.asked.clear()
        code, said, _ = typed("bundle", "-r", lock, *public.args, "-o", out, "--json")
        assert (code, [one["from"] for one in json.loads(said)["wheels"]]) == (0, [simple(public)])
    assert (public.asked, first.read_bytes()) == ([], second.read_bytes())


def test_what_inspect_says(typed, public, shelf, tmp_path):
    """A line for each origin; which wheel it is where there are several."""
    out = tmp_path / "1.tar"
    assert typed("bundle", "alpha", "beta", *public.args, "--find-links", shelf, "-o", out)[0] == 0

    def inspect(*words):
        return typed("inspect", out, *words)[1].splitlines()

    said = inspect()
    assert f"  from       {simple(public)}: 1 wheel" in said
    assert "  from       a local directory: 1 wheel" in said
    assert any(
        line.split()[:2] == ["beta", "1"] and line.endswith("  from a local directory") for line in said
    )
    wheels = json.loads("\n".join(inspect("--json")))["wheels"]
    assert {one["name"]: one["from"] for one in wheels} == {
        "alpha": simple(public), "beta": "a local directory", "pip": None,
    }  # fmt: skip
    assert typed("bundle", "alpha", *public.args, "-o", out)[0] == 0
    said = inspect()
    assert [line for line in said if "from" in line] == [f"  from       {simple(public)}: 1 wheel"]


def test_what_was_said_is_said_again(typed, mirror, tmp_path):
    """Of a lock whose wheels are in the cache: with its date, for it may be otherwise by now."""
    server = mirror()
    server.put(server.add("alpha"), server.files["alpha-1-py3-none-any.whl"], yanked="broken")
    lock = tmp_path / "lock.txt"
    code, said, _ = typed("lock", "alpha==1", *server.args, "-o", lock, "--json")
    (first,) = json.loads(said)["findings"]
    assert (code, first["code"], first["message"]) == (0, "REQ013", "1 was yanked by its authors: broken")
    assert "/cache/wheels/" in str(next((tmp_path / "cache").glob("wheels/*/alpha-1-*.whl")))
    server.asked.clear()
    code, said, _ = typed("lock", "-r", lock, *server.args, "--json", "-v")
    (again,) = json.loads(said)["findings"]
    assert (code, server.asked) == (0, [])
    assert re.fullmatch(r"1 was yanked by its authors: broken \(as of \d{4}-\d\d-\d\d\)", again["message"])
    assert {**again, "message": ""} == {**first, "message": ""}

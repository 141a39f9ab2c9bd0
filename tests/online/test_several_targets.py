"""Several targets in one call: the spelling, the locks, and one bundle with what is shared once."""

import hashlib
import io
import json
import sys
import tarfile

import pytest

import bundle_maker
from offkit.cli import app, options, render
from offkit.edges import data
from offkit.model import layout, manifest
from offkit.model.errors import UsageError
from offkit.model.finding import Finding
from offkit.online import several
from offkit.server.bundle import bundle_file, requirements
from target_maker import preset

TOOL = "tool-1-py3-none-any.whl"
BETA = "beta-1-py3-none-any.whl"
OLD, NEW = "alpha-1.0-cp36-cp36m-manylinux2014_x86_64.whl", "alpha-1.0-cp39-cp39-manylinux2014_x86_64.whl"


@pytest.fixture
def index(mirror, monkeypatch):
    """alpha, which has a wheel for each Python and needs beta; "late" has one for 3.9 only."""
    server = mirror("tool", "beta")
    server.add("pip", "21.3.1")
    for tag in ("cp36-cp36m", "cp39-cp39"):
        server.add("alpha", "1.0", tag=tag + "-manylinux2014_x86_64", requires=["beta"])
    server.add("late", "1.0", tag="cp39-cp39-manylinux2014_x86_64")
    real = data.read_text
    runtime = "tool==1 --hash=sha256:{}\n".format(hashlib.sha256(server.files[TOOL]).hexdigest())
    monkeypatch.setattr(
        data, "read_text", lambda path: runtime if path == "wheelhouse/runtime.txt" else real(path)
    )
    return server


@pytest.fixture
def offkit(index, monkeypatch, tmp_path):
    """Run a command; (exit code, stdout, stderr)."""
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*words):
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as left:
            app.main([*map(str, words), *index.args, "--cache-dir", str(tmp_path / "cache")])
        said = [stream.buffer.getvalue().decode() for stream in (sys.stdout, sys.stderr)]
        return (left.value.code, *said)

    yield run
    render.console()


@pytest.fixture
def probe(tmp_path):
    """A file that describes a server."""
    path = tmp_path / "a:1.json"
    path.write_text(json.dumps(preset("3.11", "el8").to_json()))
    return str(path)


@pytest.mark.parametrize(
    ("pythons", "names", "meant"),
    [
        ([], [], [("el7", "3.6.8", False)]),
        (["3.6", "3.9"], [], [("el7", "3.6.8", False), ("el8", "3.9.2", False)]),
        ([], ["el7", "el9"], [("el7", "3.6.8", False), ("el9", "3.9.10", False)]),
        ([], ["el7", "rocky8:3.12"], [("el7", "3.6.8", False), ("el8", "3.12.1", False)]),
        ([], ["el7", "el8:3.12.4"], [("el7", "3.6.8", False), ("el8", "3.12.4", True)]),
        (["3.9"], ["el8", "el9"], [("el8", "3.9.2", False), ("el9", "3.9.10", False)]),
        (["3.6", "3.9"], ["el8"], [("el8", "3.6.8", False), ("el8", "3.9.2", False)]),
        (["3.9"], ["el8:3.9"], [("el8", "3.9.2", False)]),
    ],
)
def test_the_spelling(pythons, names, meant):
    """A --target may be repeated and have its Python behind it; one --python is for all of them."""
    found = options.targets_of(pythons, names, "x86_64")
    assert [(one.name, one.python_minor, exact) for one, exact in found] == [
        (name, ".".join(python.split(".")[:2]), exact) for name, python, exact in meant
    ]


def test_files_of_probe(probe):
    """Mixed with releases, a colon in the path or not."""
    found = options.targets_of([], ["el7", probe], "x86_64")
    assert [(one.name, one.python_minor, exact) for one, exact in found] == [("el7", "3.6", False), ("el8", "3.11", True)]  # fmt: skip


@pytest.mark.parametrize(
    ("pythons", "names", "message", "fix"),
    [
        (["3.6", "3.9"], ["el7", "el9"], "which --python is for which",
         "say it with each: --target el7:3.6 --target el9:3.9 …"),
        (["3.9"], ["el8:3.6"], "--target el8:3.6 and --python 3.9 contradict each other", "say it once"),
        ([], ["el8:three"], "--python 'three' is not a CPython 3 version", "write it like 3.6 or 3.6.8"),
    ],
)  # fmt: skip
def test_what_is_not_clear(pythons, names, message, fix):
    """Is refused, with the spelling that is."""
    with pytest.raises(UsageError) as caught:
        options.targets_of(pythons, names, "x86_64")
    assert message in caught.value.message
    assert caught.value.fix == fix


def test_a_lock_for_each(offkit, tmp_path):
    """A file for each, called after -o; nothing on stdout; pylock.toml as its specification names them."""
    code, out, err = offkit("lock", "alpha", "--target", "el7", "--target", "el9", "-o", tmp_path / "r.lock")
    assert code == 0, err
    assert out.splitlines() == ["✓ {}: 2 wheels".format(tmp_path / name) for name in ("r-el7.lock", "r-el9.lock")]  # fmt: skip
    assert OLD not in (tmp_path / "r-el9.lock").read_text()
    code, out, _ = offkit("lock", "alpha", "--python", "3.6", "--python", "3.9", "-o", tmp_path / "pylock.toml", "--json")  # fmt: skip
    found = json.loads(out)
    assert (code, found["schema"]) == (0, "offkit/lock-several-1")
    assert [one["wheels"][0]["filename"] for one in found["targets"]] == [OLD, NEW]
    assert [one["path"] for one in found["targets"]] == [
        str(tmp_path / name) for name in ("pylock.el7.toml", "pylock.el8.toml")
    ]
    assert OLD in (tmp_path / "pylock.el7.toml").read_text()
    code, _, err = offkit("lock", "alpha", "--target", "el7", "--target", "el9")
    assert (code, "locks for several targets do not go to stdout" in err) == (2, True)


@pytest.mark.parametrize(("name", "option"), [("two.lock", "-r"), ("pylock.toml", "-r"), ("two.lock", "-c")])
def test_the_locks_of_all_targets_together(offkit, index, tmp_path, name, option):
    """Each is taken for its own target, and other files for all; also where no index may be asked."""
    index.add("gamma", "1")
    index.add("gamma", "2", tag="cp39-cp39-manylinux2014_x86_64")
    both = ["--target", "el7", "--target", "el9"]
    assert offkit("lock", "alpha", "gamma", *both, "-o", tmp_path / name)[0] == 0
    locks = sorted(path for path in tmp_path.iterdir() if path.is_file())
    more = tmp_path / "more.txt"
    more.write_text("beta\n" if option == "-r" else "alpha\ngamma\n")
    given = ["-r", more, *(word for lock in locks for word in (option, lock))]
    out = tmp_path / "b.tar"
    code, said, err = offkit("bundle", *given, *both, "-o", out)
    assert (code, "REQ026" in err + said) == (0, False), err
    opened = bundle_file.verify(bundle_file.read_manifest(str(out)))
    assert [requirements.pins(part.read(layout.REQUIREMENTS)) for part in opened.parts] == [
        [("alpha", "1.0"), ("beta", "1"), ("gamma", version)] for version in ("1", "2")
    ]
    again = [word for lock in locks for word in ("-r", lock)]
    code, _, err = offkit("lock", *again, *both, "-o", tmp_path / "again.lock", "--offline")
    assert code == 0, err
    assert "gamma==2" in (tmp_path / "again-el9.lock").read_text()


def test_a_lock_for_another_of_the_targets(offkit, tmp_path):
    """Where a target has none of its own, it is taken as before: said, with what does not hold."""
    assert offkit("lock", "alpha", "--target", "el7", "-o", tmp_path / "el7.lock")[0] == 0
    words = ["-r", tmp_path / "el7.lock", "--target", "el7", "--target", "el9", "-o", tmp_path / "b.tar"]
    code, _, err = offkit("bundle", *words)
    assert (code, "REQ026" in err, "was locked for el7" in err) == (1, True, True)


def test_all_problems_of_all_targets(offkit, tmp_path):
    """In one run, each with its target; what is wrong for all of them is said once. Nothing is written."""
    for words in (["lock"], ["bundle"], ["bundle", "--dry-run"]):
        code, out, err = offkit(
            *words, "late", "nobody", "--target", "el7", "--target", "el9", "-o", tmp_path / "x.lock"
        )
        assert (code, out) == (1, "")
        assert "el7, el9: nobody: nobody: no such project" in err
        assert "el7: late: late: " in err
        assert "everything but nobody resolves with --target el7:3.9" in err
        assert "el9: late" not in err
        assert [one.name for one in tmp_path.iterdir() if one.name != "cache"] == []


def test_a_cure_that_changes_the_request_is_tried_for_all_targets(offkit, index, tmp_path):
    """Where one of them does not resolve with it, it is said for whom it holds, and how to keep it to that;
    another Python is meant for the target that has the problem."""
    index.add("common", "1")
    index.add("apart", "1", tag="cp36-cp36m-manylinux2014_x86_64")
    for name in ("common", "apart"):
        index.add(name, "2", tag="cp39-cp39-manylinux2014_x86_64")
    both = ["--target", "el7", "--target", "el9", "-o", tmp_path / "x.lock"]
    code, _, err = offkit("lock", "common==2", *both)
    python = "or deploy another Python: the whole request resolves with --target el7:3.9 in the place of el7"
    assert code == 1
    assert "use common==1: the whole request resolves with it\n" in err
    assert python in err
    code, _, err = offkit("lock", "apart==2", *both)
    assert code == 1
    assert (
        "for el7 alone: use apart==1: the whole request resolves with it (in one file for all: "
        '; python_version == "3.6" behind the new lines, ; python_version != "3.6" behind the present ones)\n'
        in err
    )
    own = ["apart==1 ; python_version == '3.6'", "apart==2 ; python_version != '3.6'"]
    for words in (["common==1", *both], [*own, *both], ["apart==2", "--target", "el7:3.9", *both[2:]]):
        code, _, err = offkit("lock", *words)
        assert (code, err.count("✗")) == (0, 0), err


@pytest.mark.parametrize(
    ("said", "names", "meant"),
    [
        ("--python 3.9", ["el7"], "--target el7:3.9 in the place of el7"),
        ("--python 3.9 --target el9", ["el9-3.12"], "--target el9:3.9 in the place of el9-3.12"),
        ("--python 3.9", ["el7", "el8"], "--target el7:3.9 --target el8:3.9 in the place of el7, el8"),
        ("--target el9", ["el7"], "--target el9 in the place of el7"),
        ("--target el9 --python 3.6", ["el7"], "--target el9:3.6 in the place of el7"),
        ("--target el9 in the place of the file", ["el7"], "--target el9 in the place of the file"),
        ("--target el9 --python 3.6 in the place of the file", ["el7"], "--target el9:3.6 in the place of the file"),
        ("--target a.json:3.9", ["el7"], "--target a.json:3.9"),
        ("--python 3.9", ["mine"], "--python 3.9"),
    ],
)  # fmt: skip
def test_options_of_a_cure_for_one_of_the_targets(said, names, meant):
    """They are its own, and take its place."""
    found = Finding(
        "REQ001", "error", "alpha", "not to be had", (), f"x: the whole request resolves with {said}\nor y"
    )
    fix = f"x: the whole request resolves with {meant}\nor y"
    assert {one.fix for one in several.findings([(name, [found]) for name in names])} == {fix}


def test_one_target_twice(offkit, tmp_path):
    """Two targets that no server could tell apart."""
    code, _, err = offkit(
        "bundle", "alpha", "--target", "el7", "--target", "centos7:3.6", "-o", tmp_path / "b.tar"
    )
    assert code == 2
    assert "are one target for every server" in err


def test_a_bundle(offkit, index, tmp_path):
    """What each needs, with the manifest that it would have alone; shared wheels once."""
    out = tmp_path / "b.tar"
    code, said, err = offkit("bundle", "alpha", "--target", "el7", "--target", "el9", "-o", out)
    assert code == 0, err
    lines = said.splitlines()
    assert lines[0].startswith("✓ {}  ".format(out))
    assert lines[0].endswith("  for 2 targets")
    assert "  shared by targets: 1 wheel, {} B".format(len(index.files[BETA])) in lines
    assert "  downloaded 5 files, " in said
    assert ", from the cache 0" in said
    with tarfile.open(out) as tar:
        names = tar.getnames()
    assert names[:3] == ["install.sh", "MANIFEST.json", "offkit.pyz"]
    assert [name for name in names if name.startswith("wheels/")] == sorted(
        "wheels/" + name for name in (OLD, NEW, BETA, "pip-21.3.1-py3-none-any.whl")
    )
    opened = bundle_file.verify(bundle_file.read_manifest(str(out)))
    for part, target, wheel in zip(
        opened.parts, (preset(name="el7"), preset(name="el9")), (OLD, NEW), strict=True
    ):
        alone = tmp_path / (target.name + ".tar")
        assert offkit("bundle", "alpha", "--target", target.name, "-o", alone)[0] == 0
        single = bundle_file.read_manifest(str(alone))
        assert part.manifest == single.manifest._replace(
            members=tuple(one for one in single.manifest.members if one.path != layout.INSTALL_SH)
        )
        assert requirements.pins(part.read(layout.REQUIREMENTS)) == [("alpha", "1.0"), ("beta", "1")]
        assert part.read("wheels/" + wheel) == index.files[wheel]
    code, said, err = offkit("bundle", "alpha", "--target", "el7", "--target", "el9", "-o", out, "--json")
    found = json.loads(said)
    assert (found["schema"], found["digest"]) == ("offkit/bundle-report-several-1", opened.digest)
    assert (found["downloaded"], [one["name"] for one in found["targets"]]) == (0, ["el7", "el9"])
    code, said, _ = offkit("bundle", "alpha", "--target", "el7", "--target", "el9", "--dry-run")
    assert [line for line in said.splitlines() if "would pack" in line] == [
        "would pack for " + preset(name=name).describe() for name in ("el7", "el9")
    ]
    rows = said[said.index("together, with what they share once") :]
    code, said, _ = offkit("bundle", "alpha", "--target", "el7", "--target", "el9", "--dry-run", "--json")
    found = json.loads(said)
    sizes = {file["filename"]: file["size"] for one in found["targets"] for file in one["files"]}
    made = out.stat().st_size
    assert made - 100000 < found["bundle_size"] <= made  # offkit's own files too, and once
    assert found["bundle_size"] < sum(one["bundle_size"] for one in found["targets"])
    assert f"in the cache  {len(sizes)} files" in rows


def test_for_one_target_it_is_what_it_was(offkit, tmp_path):
    """However it is said: the same bytes, and nothing in them that one target does not need."""
    files = [tmp_path / name for name in ("1.tar", "2.tar", "3.tar")]
    for out, words in zip(
        files, (["--target", "el7"], ["--python", "3.6"], ["--target", "el7:3.6"]), strict=True
    ):
        assert offkit("bundle", "alpha", *words, "-o", out)[0] == 0
    first = files[0].read_bytes()
    assert [out.read_bytes() == first for out in files] == [True] * 3
    with tarfile.open(files[0]) as tar:
        text = tar.extractfile(layout.MANIFEST).read()
        script = tar.extractfile(layout.INSTALL_SH).read()
        assert not any(name.startswith(layout.TARGETS) for name in tar.getnames())
    assert isinstance(manifest.load(text), manifest.Manifest)
    assert "targets" not in json.loads(text.decode())
    assert b"find_target" not in script


def test_a_control_node_is_one(offkit):
    """Refused before anything is asked."""
    code, _, err = offkit("bundle", "--control-node", "--target", "el8", "--target", "el9")
    assert code == 2
    assert "a control node's bundle is for one target" in err


def test_a_python_that_no_target_has(offkit, tmp_path):
    """A carried Python goes to the targets of its series; of none it is an error."""
    from offkit.model.carried import SOURCE, Carried
    from offkit.online.carry import pythons

    file = tmp_path / "Python-3.9.18.tgz"
    file.write_bytes(b"x")
    carried = Carried(SOURCE, SOURCE + "/" + file.name, "3.9.18", "0" * 64, 1)
    given = pythons.Pythons(carried, None, (file,))
    found = pythons.fit_all([(preset(name="el7"), False), (preset(name="el9"), False)], given)
    assert [own.carried for _, own, _ in found] == [(), (carried,)]
    with pytest.raises(UsageError) as caught:
        pythons.fit_all([(preset(name="el7"), False), (preset("3.12", "el9"), False)], given)
    assert caught.value.message == "Python-3.9.18.tgz is Python 3.9, which none of the targets has"


def test_wheels_of_one_name_and_other_contents():
    """Where two targets got different files, each has its own."""
    from offkit.online.carry.pack import Source

    body, other = (bundle_maker.wheel("a", files={"a.py": text})[1] for text in (b"1", b"2"))
    parts = [
        (name, several.Part(preset(name=name), {}, 1, [Source("wheels/a-1-py3-none-any.whl", each)]))
        for name, each in (("el7", body), ("el8", body), ("el9", other))
    ]
    found = several.members(parts, Source(layout.RUNTIME, b"pyz"))
    assert {one.path: one.contents for one in found if one.path.endswith(".whl")} == {
        "wheels/a-1-py3-none-any.whl": body,
        "targets/el9/wheels/a-1-py3-none-any.whl": other,
    }

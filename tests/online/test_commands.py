"""offkit lock and offkit bundle, as they are typed, against an index of a few files on this machine."""

import hashlib
import io
import json
import socket
import sys
import tarfile
from pathlib import Path

import pytest

import described_maker
import elf_maker
import repo_maker
import web_maker
from library_maker import Shelf
from offkit.cli import app, render
from offkit.edges import data, releases
from offkit.media import rpm
from offkit.model import checklist, layout, manifest, proof
from offkit.model.control_node import Collection
from offkit.online.carry import collection, galaxy
from offkit.online.wheels import fetch
from target_maker import preset

A = "libofftest-a.so.1"
TOOL = "tool-1-py3-none-any.whl"


@pytest.fixture
def index(mirror, monkeypatch, tmp_path):
    """alpha, which has a module and needs beta, and what every bundle needs: a pip, and a runtime here
    called tool."""
    server = mirror("tool", "beta")
    server.add("pip", "21.3.1")
    server.add("pip", "22.0", tag="py38-none-any")
    needs = {"libc.so.6": ["GLIBC_2.14"]}
    elf = elf_maker.build(needed=[A, "libc.so.6"], needs=needs, exports=["PyInit_alpha_native"])
    server.add("alpha", "1.0", tag="cp36-cp36m-manylinux2014_x86_64", requires=["beta"],
               files={"alpha.py": b"", "alpha_native.so": elf})  # fmt: skip
    real = data.read_text
    runtime = "tool==1 --hash=sha256:{}\n".format(hashlib.sha256(server.files[TOOL]).hexdigest())
    texts = {"wheelhouse/runtime.txt": runtime, "wheelhouse/requirements.in": "beta  # of course\n\n# no\n"}
    monkeypatch.setattr(data, "read_text", lambda path: texts.get(path) or real(path))
    server.texts = texts
    return server


@pytest.fixture
def offkit(index, monkeypatch, tmp_path):
    """Run a command; (exit code, stdout, stderr)."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(render, "width", lambda: 0)

    def run(*words, where=index.args):
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as left:
            app.main([*map(str, words), *where, "--cache-dir", str(tmp_path / "cache")])
        said = [stream.buffer.getvalue().decode() for stream in (sys.stdout, sys.stderr)]
        return (left.value.code, *said)

    yield run
    render.console()


def test_lock(offkit, index, tmp_path):
    """Pins and hashes on stdout, in a file, as data; all the same."""
    code, out, err = offkit("lock", "alpha", "--python", "3.6")
    assert (code, err) == (0, "→ resolving for el7 x86_64, CPython 3.6.8 (cp36m), glibc 2.17\n")
    lines = out.splitlines()
    digest = hashlib.sha256(index.files["alpha-1.0-cp36-cp36m-manylinux2014_x86_64.whl"]).hexdigest()
    where = "# from http://127.0.0.1:{}/simple".format(index.server_port)
    assert lines[1:5] == [where, "alpha==1.0 \\", "    --hash=sha256:" + digest, "    # via the request"]
    assert lines[-1] == "    # via alpha"
    code, said, _ = offkit("lock", "alpha", "-o", tmp_path / "lock.txt")
    assert (code, said) == (0, "✓ {}: 2 wheels\n".format(tmp_path / "lock.txt"))
    assert (tmp_path / "lock.txt").read_text() == out
    code, said, _ = offkit("lock", "-r", tmp_path / "lock.txt", "--json")
    found = json.loads(said)
    assert (code, found["schema"], found["target"]) == (0, "offkit/lock-1", preset("3.6").to_json())
    assert found["wheels"][0] == {
        "name": "alpha",
        "version": "1.0",
        "filename": "alpha-1.0-cp36-cp36m-manylinux2014_x86_64.whl",
        "sha256": digest,
        "via": ["the request"],
        "from": where[len("# from ") :],
    }
    assert [wheel["name"] for wheel in found["wheels"]] == ["alpha", "beta"]
    code, out, _ = offkit("lock", "--json")  # what every server should have
    assert [wheel["name"] for wheel in json.loads(out)["wheels"]] == ["beta"]


def test_lock_of_an_index_without_hashes(offkit, index):
    """They are those of what comes."""
    index.hashes = False
    _, out, _ = offkit("lock", "beta", "--json")
    (wheel,) = json.loads(out)["wheels"]
    assert wheel["sha256"] == hashlib.sha256(index.files["beta-1-py3-none-any.whl"]).hexdigest()


@pytest.mark.parametrize("name", ["rocky10", "openeuler2203", "kylin", "anolis8", "amazon2023", "fedora"])
def test_a_bundle_for_a_server_as_its_probe_describes_it(offkit, tmp_path, name):
    """Of every release that offkit has a file about, and of one that it has none about; with a Python or without."""
    os_release, glibc = described_maker.RELEASES.get(name, ({"ID": "fedora", "VERSION_ID": "40"}, "2.39"))
    server = described_maker.Described(tmp_path / "server").system(os_release, "aarch64", glibc)
    if name in ("fedora", "kylin"):
        server.python("/usr/bin/python3")
    (tmp_path / "server.json").write_text(json.dumps(server.document()))
    out = tmp_path / "bundle.tar"
    code, _, err = offkit("bundle", "beta", "--target", tmp_path / "server.json", "-o", out)
    assert code == 0, err
    with tarfile.open(out) as tar:
        target = manifest.load(tar.extractfile(layout.MANIFEST).read()).target
        install_sh = tar.extractfile(layout.INSTALL_SH).read().decode()
    assert (target.arch, target.glibc_text) == ("aarch64", glibc)
    release = releases.of(target.el, target.name)
    own = release.keys.get(os_release["ID"].strip('"'), ())
    assert all(f"{key}:" in install_sh for key in own)
    unknown = "offkit knows nothing of fedora-40: names of its packages, its keys and its discs"
    assert (unknown in err) == (name == "fedora")
    both = ("--target", tmp_path / "server.json", "--target", "el9", "--dry-run")
    code, _, err = offkit("bundle", "beta", *both)
    assert (code, err.count(unknown)) == (0, name == "fedora"), err
    assert bool(release.name) == (name != "fedora")


def test_a_lock_that_cannot_be_written(offkit, tmp_path):
    """Exit 4, with the place."""
    code, _, err = offkit("lock", "beta", "-o", tmp_path / "nowhere" / "lock.txt")
    assert code == 4
    assert "nowhere/lock.txt cannot be written: No such file or directory" in err
    assert "choose another with -o" in err


def test_every_problem_at_once(offkit):
    """Exit 1, a line for each, and the way out."""
    code, out, err = offkit("lock", "nobody", "beta==7")
    assert (code, out) == (1, "")
    assert "nobody: no such project" in err
    assert "beta==7: no such version; the nearest for Python 3.6 there is 1" in err
    assert "use beta==1: everything but nobody resolves with it" in err


def test_bundle(offkit, index, tmp_path):
    """What is in it is what the manifest says, and what was asked for; the second time out of the cache."""
    out = tmp_path / "bundle.tar"
    code, said, err = offkit("bundle", "alpha", "--target", "el7", "-o", out)
    assert code == 0, err
    lines = said.splitlines()
    assert lines[0].startswith("✓ {}  ".format(out))
    assert lines[0].endswith("  for el7 x86_64, CPython 3.6.8 (cp36m), glibc 2.17")
    assert [line.split()[:2] for line in lines[1:3]] == [["alpha", "1.0"], ["beta", "1"]]
    assert "  downloaded 4 files, " in said
    assert ", from the cache 0" in said
    assert "  sha256 " + hashlib.sha256(out.read_bytes()).hexdigest() in lines
    assert "  needs from the server: glibc, {} (package unknown)".format(A) in lines
    assert "Carry it to the server, then:  tar -xf bundle.tar install.sh && sh install.sh bundle.tar" in lines
    steps = [line[2:].split()[0] for line in err.splitlines()]
    assert steps == ["resolving", "fetching", "reading", "packing"]
    assert "fetching 3 wheels" in err
    with tarfile.open(out) as tar:
        members = {name: tar.extractfile(name).read() for name in tar.getnames()}
    listing = manifest.load(members[layout.MANIFEST])
    assert {one.path for one in listing.members} == set(members) - {layout.MANIFEST}
    assert listing.target == preset("3.6")
    assert [one.describe() for one in proof.from_options(listing.options)] == [
        "closure passed (METADATA of 2 wheels): each requirement of each wheel is met",
        "forecast passed (ELF files of the wheels): needs 1 library of the server beside the C library",
        "syntax passed (sources of the wheels, grammar of Python 3.6): all of them compile",
    ]
    assert set(listing.options) == {"from", "depends", "proofs"}
    names = ["alpha-1.0-cp36-cp36m-manylinux2014_x86_64.whl", "beta-1-py3-none-any.whl"]
    where = "http://127.0.0.1:{}/simple".format(index.server_port)
    assert listing.options["from"] == [{"from": where, "wheels": names}]
    assert [name for name in members if name.startswith(layout.WHEELS)] == [
        layout.WHEELS + name
        for name in ("alpha-1.0-cp36-cp36m-manylinux2014_x86_64.whl", "beta-1-py3-none-any.whl",
                     "pip-21.3.1-py3-none-any.whl")
    ]  # fmt: skip
    text = members[layout.REQUIREMENTS].decode()
    assert [line.split()[0] for line in text.splitlines() if "==" in line] == ["alpha==1.0", "beta==1"]
    (library, _) = sorted(
        checklist.load(members[layout.CHECKLIST]).libraries, key=lambda one: one.soname != A
    )
    assert (library.soname, library.in_bundle) == (A, False)
    repo = members[layout.REPO_CONFIG + "offkit-el7.repo"].decode()
    assert layout.ISO_MOUNT in repo
    assert "{mount}" not in repo
    assert b"tool.py" in members[layout.RUNTIME]
    again = tmp_path / "again.tar"
    code, said, _ = offkit("bundle", "alpha", "-o", again, "--json")
    found = json.loads(said)
    assert again.read_bytes() == out.read_bytes()
    assert (found["downloaded"], found["downloaded_size"]) == (0, 0)
    assert (found["schema"], found["path"], found["size"]) == (
        "offkit/bundle-report-1", str(again), out.stat().st_size,
    )  # fmt: skip
    assert found["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert {one["soname"] for one in found["libraries"]} == {A, "libc.so.6"}
    assert (found["rpms"], found["pythons"], found["findings"]) == ([], [], [])
    _, said, _ = offkit("bundle", "alpha", "-o", again)
    assert "  downloaded nothing, from the cache 4" in said


def test_what_will_clash(offkit, index, tmp_path):
    """All of it in one run, read from the wheels: exit 1 for what cannot be imported, and a bundle."""
    native = (
        b"module compiled against ABI version 0x%x but this version of numpy is 0x%x\0numpy.core.multiarray\0"
    )
    index.add("numpy", "1.26")
    index.add("numpy", "2.0")
    index.add("older", "1", requires=["numpy"], files={"older.so": native})
    index.add("newer", "1", files={"newer.py": b"if (x := 1):\n    pass\n", "cv/__init__.py": b"1"})
    index.add("other", "1", files={"cv/__init__.py": b"2"})
    out = tmp_path / "bundle.tar"
    code, said, _ = offkit("bundle", "newer", "older", "other", "-o", out, "--json")
    found = {one["code"]: one for one in json.loads(said)["findings"]}
    assert (code, out.is_file()) == (1, True)
    assert {name: (one["severity"], one["subject"]) for name, one in found.items()} == {
        "REQ019": ("warning", "newer / other"),
        "REQ020": ("error", "newer"),
        "REQ021": ("error", "older"),
    }
    assert found["REQ020"]["message"].startswith("1 cannot be imported by Python 3.6: newer.py, line 1: ")
    assert found["REQ021"]["fix"] == "add 'numpy<2': the whole request resolves with it"
    code, said, _ = offkit("bundle", "older", "numpy==2.0", "-o", out)
    assert code == 1
    assert said.startswith(f"✗ {out}  ")
    assert ": written, but not to be carried" in said.splitlines()[0]
    assert "use numpy==1.26: the whole request resolves with it" in said
    assert "Carry it" not in said
    code, said, _ = offkit("bundle", "older", "numpy<2", "-o", out, "--json")
    assert (code, json.loads(said)["findings"]) == (0, [])


def test_a_lock_that_fails_exits_as_it_is_said(offkit, index, tmp_path):
    """An error is one for the exit code too, for one target and for several; the lock is there, to be looked
    at."""
    index.add("markupsafe", "2.0")
    index.add("markupsafe", "2.1")
    index.add("jinja2", "2.11.3", requires=["markupsafe"])
    out = tmp_path / "requirements.lock"
    wrong = ": 2 wheels: written, but not to be deployed; what is wrong is said below\n"
    code, said, _ = offkit("lock", "jinja2", "-o", out)
    assert (code, said.startswith(f"✗ {out}{wrong}✗ REQ021  ")) == (1, True)
    assert "markupsafe==2.1 " in out.read_text()
    code, said, told = offkit("lock", "jinja2")
    assert (code, "✗ REQ021" in told, "markupsafe==2.1 " in said) == (1, True, True)
    code, said, _ = offkit("lock", "jinja2", "--target", "el8", "--target", "el9", "-o", out)
    assert (code, said.count(wrong)) == (1, 2)
    code, said, _ = offkit("lock", "jinja2", "markupsafe<2.1", "-o", out)
    assert (code, said) == (0, f"✓ {out}: 2 wheels\n")


def test_what_a_lock_knows_of_the_wheels(offkit, index, monkeypatch, tmp_path):
    """That they clash, once the cache has them; the same again without a socket, and a bundle of them."""
    native = b"but this version of numpy is 0x%x\0numpy.core.multiarray\0"
    index.add("numpy", "1.26")
    index.add("numpy", "2.0")
    older = index.add("older", "1", requires=["numpy"], files={"older.so": native})
    contents = index.files["pip-21.3.1-py3-none-any.whl"]
    index.texts["wheelhouse/pip.txt"] = f"pip==21.3.1 --hash=sha256:{hashlib.sha256(contents).hexdigest()}\n"
    path, out = tmp_path / "lock.txt", tmp_path / "bundle.tar"
    index.metadata = True  # so that no wheel comes for it
    code, said, _ = offkit("lock", "older", "-o", path, "--json")
    assert (code, json.loads(said)["findings"], index.sent[older]) == (0, [], 0)
    code, said, _ = offkit("bundle", "-r", path, "-o", out, "--json")
    (clash,) = json.loads(said)["findings"]
    assert (code, clash["code"], clash["subject"], clash["fix"]) == (1, "REQ021", "older", "")
    index.asked.clear()
    for more in ([], ["--offline"]):
        code, said, _ = offkit("lock", "-r", path, "--json", *more)
        assert (code, json.loads(said)["findings"]) == (1, [clash])
        code, said, _ = offkit("bundle", "-r", path, "-o", out, "--json", *more)
        assert (code, json.loads(said)["findings"]) == (1, [clash])
    assert index.asked == []
    code, said, _ = offkit("lock", "older", "--json")
    (cured,) = json.loads(said)["findings"]
    assert cured == {**clash, "fix": "add 'numpy<2': the whole request resolves with it"}


def test_a_pip_that_was_asked_for(offkit, tmp_path):
    """It is among the requirements then, and carried once."""
    code, said, err = offkit("bundle", "pip", "-o", tmp_path / "bundle.tar", "--json")
    assert code == 0, err
    assert [one["name"] for one in json.loads(said)["wheels"]] == ["pip"]
    with tarfile.open(tmp_path / "bundle.tar") as tar:
        assert [name for name in tar.getnames() if name.startswith(layout.WHEELS)] == [
            layout.WHEELS + "pip-21.3.1-py3-none-any.whl"
        ]


def test_what_offkit_needs_itself_is_not_constrained(offkit, monkeypatch, tmp_path):
    """Neither its pip over there nor its runtime; what was asked for is."""
    (tmp_path / "c.txt").write_text("tool==9\npip==9\nbeta==1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP_CONSTRAINT", "c.txt")  # several are separated by spaces there
    code, said, err = offkit("bundle", "alpha", "--dry-run", "--json", "-c", tmp_path / "c.txt")
    assert code == 0, err
    found = json.loads(said)
    assert (found["pip"], found["runtime"]) == ("pip-21.3.1-py3-none-any.whl", [TOOL])
    code, said, err = offkit("bundle", "pip", "--dry-run")
    assert (code, "pip==9, needed by -c" in err) == (1, True)


def test_a_lock_of_another_tool_in_a_bundle(offkit, index, tmp_path):
    """The pins of a pylock.toml, and no newer ones."""
    path = tmp_path / "pylock.toml"
    assert offkit("lock", "beta", "-o", path)[0] == 0
    index.add("beta", "2")
    code, said, err = offkit("bundle", "-r", path, "-o", tmp_path / "bundle.tar", "--json")
    assert code == 0, err
    assert [one["filename"] for one in json.loads(said)["wheels"]] == ["beta-1-py3-none-any.whl"]


def test_a_dry_run(offkit, index, tmp_path):
    """Says what would be packed, and downloads nothing but what resolving takes."""
    code, said, _ = offkit("bundle", "alpha", "--dry-run", "-o", tmp_path / "nowhere" / "bundle.tar")
    assert code == 0
    lines = [line.split() for line in said.splitlines()]
    assert " ".join(lines[0]) == "would pack for el7 x86_64, CPython 3.6.8 (cp36m), glibc 2.17"
    assert lines[1:3] == [["alpha", "1.0", "alpha-1.0-cp36-cp36m-manylinux2014_x86_64.whl"],
                          ["beta", "1", "beta-1-py3-none-any.whl"]]  # fmt: skip
    assert lines[3][:2] == ["pip", "21.3.1"]
    offkit("bundle", "alpha", "-o", tmp_path / "bundle.tar")
    wheels = [path for way, path in index.asked if way == "GET" and path.endswith(".whl")]
    assert len(wheels) == len(set(wheels)) == 4  # this index has no metadata beside its wheels
    _, said, _ = offkit("bundle", "--dry-run", "--json")
    told = json.loads(said)
    sizes = {
        name: len(index.files[name])
        for name in ("beta-1-py3-none-any.whl", "pip-21.3.1-py3-none-any.whl", TOOL)
    }
    assert [(one["filename"], one["size"], one["cached"]) for one in told["files"]] == [
        (name, size, True) for name, size in sizes.items()
    ]
    assert told["to_download"] == 0
    assert offkit("bundle", "-o", tmp_path / "default.tar")[0] == 0
    made = (tmp_path / "default.tar").stat().st_size
    assert made - 100000 < told["bundle_size"] <= made  # all but the manifest and what tar adds
    assert told["installed_size"] == sum(one["installed"] for one in told.pop("files"))
    for name in ("to_download", "bundle_size", "installed_size"):
        del told[name]
    assert told == {
        "schema": "offkit/plan-1",
        "target": preset("3.6").to_json(),
        "wheels": ["beta-1-py3-none-any.whl"],
        "pip": "pip-21.3.1-py3-none-any.whl",
        "runtime": [TOOL],
        "pythons": [],
        "findings": [],
    }


@pytest.mark.parametrize("name", ["lock.txt", "pylock.toml"])
def test_a_second_bundle_opens_no_socket(offkit, index, tmp_path, monkeypatch, name):
    """Of a lock with hashes, nor does one with --offline, which names everything that is missing: exit 4."""
    pip = "pip-21.3.1-py3-none-any.whl"
    index.texts["wheelhouse/pip.txt"] = (
        f"pip==21.3.1 --hash=sha256:{hashlib.sha256(index.files[pip]).hexdigest()}\n"
    )
    lock, out = tmp_path / name, tmp_path / "bundle.tar"
    plain = offkit("lock", "alpha")[1]
    assert offkit("lock", "alpha", "-o", lock)[0] == 0
    code, said, _ = offkit("bundle", "-r", lock, "-o", out, "--json")
    assert (code, json.loads(said)["downloaded"]) == (0, 2)  # the runtime and pip
    first = out.read_bytes()

    def refuse(*words, **more):
        raise AssertionError("a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    asked = len(index.asked)
    for more in ([], ["--offline"]):
        code, said, err = offkit("bundle", "-r", lock, "-o", out, "--json", *more)
        assert (code, json.loads(said)["downloaded"], err.count("\n")) == (0, 0, 4)
        assert out.read_bytes() == first
    code, said, _ = offkit("lock", "-r", lock, "--offline")
    assert (code, said.replace(", the request", "")) == (0, plain)  # all were asked for by now
    for name in (pip, "beta-1-py3-none-any.whl", TOOL):
        next((tmp_path / "cache" / "wheels").glob("*/" + name)).unlink()
    code, said, err = offkit("bundle", "-r", lock, "-o", out, "--offline")
    assert (code, said, len(index.asked)) == (4, "", asked)
    assert "does not have everything" in err
    assert [line.split()[2] for line in err.splitlines() if "NET003" in line] == ["beta:", "pip:", "tool:"]
    code, _, err = offkit("lock", "alpha", "--offline")
    assert code == 4
    assert "the request is no lock with hashes" in err
    (tmp_path / "links").mkdir()
    for name in (pip, "beta-1-py3-none-any.whl", TOOL):
        (tmp_path / "links" / name).write_bytes(index.files[name])
    local = ["--no-index", "--find-links", str(tmp_path / "links")]
    code, _, err = offkit("bundle", "beta", "-o", out, "--offline", where=local)
    assert code == 0, err


def test_an_index_without_the_pip_that_is_known(offkit, index, tmp_path):
    """Its newest for that Python is taken, as any other would be."""
    code, said, _ = offkit("bundle", "beta", "--dry-run", "--json", "--target", "el8", "--python", "3.8")
    assert (code, json.loads(said)["pip"]) == (0, "pip-22.0-py38-none-any.whl")


def test_a_place_that_cannot_be_written(offkit, tmp_path):
    """Known before anything is downloaded."""
    code, _, err = offkit("bundle", "alpha", "-o", tmp_path / "nowhere" / "bundle.tar")
    assert code == 4
    assert "resolving" not in err
    (tmp_path / "file").write_text("")
    code, _, err = offkit("lock", "beta", "--cache-dir", tmp_path / "file")
    assert code == 0  # the index told the hash: the cache is not wanted


def test_libraries_out_of_an_iso(offkit, tmp_path):
    """They come along as RPMs, and the checklist says so; one the ISO has not stops it, exit 1."""
    pytest.importorskip("solv", reason="no offkit[rpm] here")
    shelf = Shelf(tmp_path / "disc")
    shelf.add("a", A)
    shelf.done()
    image = tmp_path / "el7.iso"

    def burn(top):
        paths = [path for path in Path(top).rglob("*") if path.is_file()]
        files = {str(path.relative_to(top)): path.read_bytes() for path in paths}
        image.write_bytes(repo_maker.image(files))

    burn(tmp_path / "disc")
    out = tmp_path / "bundle.tar"
    code, said, err = offkit("bundle", "alpha", "--iso", image, "-o", out)
    assert code == 0, err
    assert "→ taking RPMs from el7.iso" in err.splitlines()
    assert "  carries 1 RPM from el7.iso, " in said
    assert "    a-1.0-1.el7.x86_64" in said.splitlines()
    assert "  needs from the server: glibc" in said.splitlines()
    with tarfile.open(out) as tar:
        listed = checklist.load(tar.extractfile(layout.CHECKLIST).read()).libraries
        assert any(name.startswith(layout.RPMS) and name.endswith(".rpm") for name in tar.getnames())
    assert {one.soname: one.in_bundle for one in listed} == {A: True, "libc.so.6": False}
    other = Shelf(tmp_path / "other")
    other.add("b", "libofftest-b.so.1")
    other.done()
    burn(tmp_path / "other")
    code, _, err = offkit("bundle", "alpha", "--iso", image, "-o", out)
    assert code == 1, err
    assert "RPM004" in err


def test_rpms_of_a_mirror(offkit, index, tmp_path):
    """For two targets; what the URL says of a user is nowhere to be seen, and the bundle has what it carries."""
    pytest.importorskip("solv", reason="no offkit[rpm] here")
    shelf = Shelf(tmp_path / "shelf")
    shelf.put("a", b"not looked at", [rpm.capability(A)])
    shelf._rows[-1]["release"] = "1"
    out = tmp_path / "bundle.tar"
    with web_maker.site() as site:
        site.add(shelf.done())
        url = site.url.replace("://", "://me:hush-hush@")
        both = ["--target", "el7:3.6", "--target", "el8:3.6"]
        code, said, err = offkit("bundle", "alpha", *both, "--rpm-repo", url, "-v", "-o", out)
        assert code == 0, err
        with tarfile.open(out) as tar:
            assert len([name for name in tar.getnames() if name.endswith(".rpm")]) in (1, 2)
        code, more, told = offkit("bundle", "alpha", "--rpm-repo", url, "--json", "-o", out)
    assert json.loads(more)["rpms"] == ["a-1.0-1.x86_64"]
    assert f"→ taking RPMs from {site.url}" in told.splitlines()
    code, gone, failed = offkit("bundle", "alpha", "--rpm-repo", url, "-o", out)
    assert code == 4
    assert "RPM016" in failed
    assert "hush" not in said + err + more + told + gone + failed


def test_sections_that_are_disabled(offkit, index, tmp_path):
    """Each is named, and the rest goes on."""
    pytest.importorskip("solv", reason="no offkit[rpm] here")
    shelf = Shelf(tmp_path / "shelf")
    shelf.put("a", b"not looked at", [rpm.capability(A)])
    place = Path(shelf.done()).as_uri()
    path = tmp_path / "x.repo"
    path.write_text(
        f"[on]\nbaseurl={place}\n[off]\nbaseurl={place}\nenabled=0\n[never]\nbaseurl={place}\nenabled=no\n"
    )
    code, _, err = offkit("bundle", "alpha", "--rpm-repo", path, "--dry-run")
    assert code == 0, err
    assert (
        f"! --rpm-repo {path}: [off], [never] are disabled there (enabled=0), and left out"
        in err.splitlines()
    )


def test_a_wheel_that_lies(offkit, index, tmp_path):
    """It is packed, and the exit code says that something is wrong with it."""
    elf = elf_maker.build(needed=["libc.so.6"], needs={"libc.so.6": ["GLIBC_2.28"]})
    index.add("liar", "1", tag="cp36-cp36m-manylinux2014_x86_64", files={"liar.so": elf})
    code, said, err = offkit("bundle", "liar", "-o", tmp_path / "bundle.tar")
    assert code == 1
    assert "LIB002" in said + err
    assert (tmp_path / "bundle.tar").exists()


def test_a_wheel_and_the_packages_of_a_described_server(offkit, index, tmp_path):
    """Its packages are asked: this el7 has a libstdc++ that knows 3.4.21."""
    elf = elf_maker.build(needed=["libstdc++.so.6"], needs={"libstdc++.so.6": ["GLIBCXX_3.4.21"]})
    index.add("liar", "1", tag="cp36-cp36m-manylinux2014_x86_64", files={"liar.so": elf})
    server = described_maker.Described(tmp_path / "server").system(described_maker.RELEASES["centos7"][0])
    for newest, expected in (("GLIBCXX_3.4.19", 1), ("GLIBCXX_3.4.21", 0)):
        given = [(f"libstdc++.so.6({each})(64bit)", "", "") for each in ("GLIBCXX_3.4.19", newest)]
        server.packages({"libstdc++-9-1.el7.x86_64": [("libstdc++.so.6()(64bit)", "", ""), *given]})
        (tmp_path / "server.json").write_text(json.dumps(server.document()))
        code, said, err = offkit(
            "bundle", "liar", "--target", tmp_path / "server.json", "-o", tmp_path / "b.tar"
        )
        assert (code, "GLIBCXX_3.4.21, which libstdc++.so.6 on the server" in said + err) == (
            expected,
            expected == 1,
        )


def test_a_wheel_and_the_processor_of_a_described_server(offkit, index, tmp_path):
    """It has x86-64-v2, and a file of the wheel wants the next."""
    fast = elf_maker.noted(0xC0008002, 4)
    index.add("fast", "1", tag="cp36-cp36m-manylinux2014_x86_64", files={"fast.so": fast})
    server = described_maker.Described(tmp_path / "server").system(described_maker.RELEASES["centos7"][0])
    (tmp_path / "server.json").write_text(json.dumps(server.document()))
    code, said, err = offkit("bundle", "fast", "--target", tmp_path / "server.json", "-o", tmp_path / "b.tar")
    assert (code, "fast.so needs x86-64-v3, the server's processor is x86-64-v2" in said + err) == (1, True)


def test_a_control_node(offkit, index, tmp_path):
    """Ansible, what was asked for beside it, and the collection, which no index has."""
    index.add("ansible-core".replace("-", "_"), "2.16.14", tag="py3-none-any")
    index.add("ansible_core", "2.17.1")
    code, said, err = offkit("bundle", "--control-node", "beta", "--target", "el9", "-o", tmp_path / "c.tar")
    assert code == 0, err
    assert "PREFIX/current/bin/" in said
    code, said, _ = offkit("bundle", "--control-node", "--dry-run", "--json")
    found = json.loads(said)
    assert found["target"]["python"].startswith("3.11")
    assert [name.split("-")[0] for name in found["wheels"]] == ["ansible_core", "offkit_fleet"]
    with tarfile.open(tmp_path / "c.tar") as tar:
        listing = manifest.load(tar.extractfile(layout.MANIFEST).read())
        text = tar.extractfile(layout.REQUIREMENTS).read().decode()
    assert [line.split("==")[0].replace("_", "-") for line in text.splitlines() if "==" in line] == [
        "ansible-core", "beta", "offkit-fleet",
    ]  # fmt: skip
    assert "2.16.14" in json.dumps(listing.options)
    code, _, err = offkit("bundle", "--control-node", "--python", "3.6", "--dry-run")
    assert (code, "ansible-core 2.16 runs on Python 3.10 to 3.12" in err) == (2, True)


def test_a_control_node_with_collections(offkit, index, tmp_path, monkeypatch):
    """What ansible-galaxy took is packed, pinned with its hash, and listed; asked for wrongly it is refused."""
    listed = Collection("acme", "base", "1.2.0", "5" * 64, "acme-base-1.2.0.tar.gz")
    wheel = collection.of_others(
        {"acme/base/MANIFEST.json": b"{}", "acme/base/x.sh": b""}, ["acme/base/x.sh"]
    )
    monkeypatch.setattr(galaxy, "look", lambda asked: None)
    monkeypatch.setattr(
        galaxy, "take", lambda asked, _: galaxy.Taken((listed,), wheel, {"acme.base": ">=" + asked[0]})
    )
    index.add("ansible_core", "2.16.14")
    words = ("bundle", "--control-node", "--collection")
    code, said, err = offkit(*words, "2.15", "--json", "-o", tmp_path / "c.tar")
    assert code == 0, err
    assert json.loads(said)["collections"] == [listed._asdict()]
    with tarfile.open(tmp_path / "c.tar") as tar:
        options = manifest.load(tar.extractfile(layout.MANIFEST).read()).options
        text = tar.extractfile(layout.REQUIREMENTS).read().decode()
    assert options["control_node"] == {"ansible-core": "2.16.14", "collections": [listed._asdict()]}
    assert f"offkit-collections=={wheel.version} \\\n    --hash=sha256:{wheel.sha256}" in text
    assert (
        "  carries acme.base 1.2.0 from acme-base-1.2.0.tar.gz"
        in offkit(*words, "2", "-o", tmp_path / "c.tar")[1]
    )
    code, _, err = offkit(*words, "2.17", "-o", tmp_path / "d.tar")
    assert (code, (tmp_path / "d.tar").exists()) == (1, False)
    assert "the bundle has ansible-core 2.16.14, and another is needed by acme.base (>=2.17)" in err
    for wrong, why in (
        ([*words, "a.b", "--offline"], "leave out --offline"),
        (["bundle", "--collection", "a.b"], "add --control-node"),
    ):
        code, _, err = offkit(*wrong)
        assert (code, why in err) == (2, True)


def test_a_target_in_a_file(offkit, tmp_path):
    """What probe wrote; --python beside it contradicts it."""
    path = tmp_path / "target.json"
    path.write_text(json.dumps(preset("3.6").to_json()))
    code, said, _ = offkit("lock", "alpha", "--target", path, "--json")
    assert (code, json.loads(said)["target"]) == (0, preset("3.6").to_json())
    code, _, err = offkit("lock", "alpha", "--target", path, "--python", "3.6")
    assert code == 2
    assert "--python and a target file contradict each other" in err
    path.write_text("{")
    code, _, err = offkit("lock", "alpha", "--target", path)
    assert (code, "cannot be read as a target" in err) == (2, True)


def test_options_are_pips(offkit, index, mirror, tmp_path):
    """Another index, a directory, none, pre-releases."""
    other = mirror("gamma")
    other.add("gamma", "2rc1")
    code, out, _ = offkit("lock", "gamma", "--extra-index-url", other.url + "/simple")
    assert (code, "gamma==1 " in out) == (0, True)
    _, out, _ = offkit("lock", "gamma", "--pre", "--extra-index-url", other.url + "/simple")
    assert "gamma==2rc1 " in out
    (tmp_path / "beta-1-py3-none-any.whl").write_bytes(index.files["beta-1-py3-none-any.whl"])
    code, out, _ = offkit("lock", "beta", "--no-index", "--find-links", tmp_path, where=[])
    assert (code, "beta==1 " in out) == (0, True)
    code, _, err = offkit("lock", "beta", "--proxy", "http://127.0.0.1:9")
    assert (code, "NET001" in err) == (4, True)


def test_the_cache_of_a_user():
    """Where this system keeps such things."""
    assert fetch.default_cache().name == "offkit"
    assert fetch.default_cache().is_absolute()

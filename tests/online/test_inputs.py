"""What people give 'offkit lock' and 'offkit bundle', as they type it, against an index on this machine."""

import hashlib
import io
import json
import shlex
import sys

import pytest
from packaging.pylock import Pylock

from offkit.cli import app, render
from offkit.online.request import inputs, toml


@pytest.fixture
def index(mirror):
    server = mirror("beta")
    server.add("beta", "2")
    server.add("alpha", "1.0", requires=["beta"])
    return server


@pytest.fixture
def offkit(index, monkeypatch, tmp_path):
    """Run a command in a directory of its own; (exit code, stdout, stderr)."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(render, "width", lambda: 0)
    monkeypatch.chdir(tmp_path)

    def run(*words):
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as left:
            app.main([*map(str, words), *index.args, "--cache-dir", str(tmp_path / "cache")])
        return (left.value.code, *(stream.buffer.getvalue().decode() for stream in (sys.stdout, sys.stderr)))

    yield run
    render.console()


@pytest.fixture
def pins(offkit):
    """{name: version} of a lock, and the (code, subject) of its findings."""

    def found(*words):
        code, out, err = offkit("lock", *words, "--json")
        assert code == 0, err
        said = json.loads(out)
        return {one["name"]: one["version"] for one in said["wheels"]}, [
            (one["code"], one["subject"]) for one in said["findings"] if one["code"] == "REQ018"
        ]

    return found


def refused(offkit, *words):
    code, out, err = offkit("lock", *words)
    assert (code, out) == (2, "")
    return " ".join(err.split())


@pytest.mark.parametrize(
    "word", ["requirements.txt", "dev.in", "pyproject.toml", "pylock.toml", "x.yml", "./x.lock"]
)
def test_a_file_without_its_option(offkit, tmp_path, word):
    """Whether it is there or not; all of them in one run."""
    said = refused(offkit, word, "beta", "other.txt")
    assert f"{word} is the name of a file, not of a package" in said
    assert f"did you mean -r {word}?" in said
    assert "did you mean -r other.txt?" in said
    (tmp_path / word).write_text("")
    assert f"did you mean -r {word}?" in refused(offkit, word)
    code, _, err = offkit("bundle", word)
    assert (code, f"did you mean -r {word}?" in err) == (2, True)


def test_a_file_with_any_name(offkit, pins, tmp_path):
    """Where it can mean nothing else; a project is a project, whatever files there are."""
    (tmp_path / "needs").mkdir()
    for name in ("requirements", "needs/prod", "beta"):
        (tmp_path / name).write_text("alpha\n")
    assert "did you mean -r requirements?" in refused(offkit, "requirements")
    assert "did you mean -r needs/prod?" in refused(offkit, "needs/prod")
    assert pins("beta")[0] == {"beta": "2"}
    assert inputs._misplaced("ruamel.yaml") is None
    assert inputs._misplaced("zope.interface==5.0") is None
    assert inputs._misplaced("x @ https://host/x.txt") is None
    assert inputs._misplaced("./beta-1-py3-none-any.whl") is None


def test_files_of_other_tools(offkit, tmp_path):
    """With -r and without: what it is, and the command."""
    (tmp_path / "spec.txt").write_text("@EXPLICIT\n")
    for words in (["-r", "poetry.lock"], ["poetry.lock"], ["alpha", "-r", "poetry.lock"]):
        (tmp_path / "poetry.lock").write_text("")
        said = refused(offkit, *words)
        assert "poetry.lock is a lock of Poetry, and no requirements file" in said
        assert "run: poetry export -f requirements.txt -o requirements.txt" in said
    said = refused(offkit, "-r", "spec.txt", "-r", "uv.lock")
    assert "pip list --format=freeze" in said
    assert "uv export --frozen" in said
    (tmp_path / "Pipfile").write_text("")
    assert "pipenv requirements" in refused(offkit, "Pipfile")


def test_files_that_are_not_utf8(offkit, pins, tmp_path):
    """What pip reads is read; another is named, also where a file names it, with the way out."""
    path = tmp_path / "requirements.txt"
    for data in (
        b"\xef\xbb\xbfbeta==1\n",
        "beta==1  # ä\r\n".encode("utf-16"),
        "# -*- coding: gbk -*-\nbeta==1  # 视频\n".encode("gbk"),
        b"beta \\\r\n  ==1\r\n\r\n# nothing\r\n",
    ):
        path.write_bytes(data)
        assert pins("-r", path)[0] == {"beta": "1"}
    (tmp_path / "inner.txt").write_bytes("beta==1  # 视频处理\n".encode("gbk"))
    path.write_text("-r inner.txt\n")
    said = refused(offkit, "-r", path)
    assert f"{tmp_path}/inner.txt is not UTF-8; it seems to be GBK" in said
    here, there = (shlex.quote(str(tmp_path / name)) for name in ("inner.txt", "inner.utf8.txt"))
    assert f"iconv -f GB18030 -t UTF-8 {here} > {there}" in said
    path.write_bytes("beta==1\n".encode("utf-16-le"))
    assert "it seems to be UTF-16; " not in refused(offkit, "-r", path)
    assert "iconv -f UTF-16LE -t UTF-8" in refused(offkit, "-r", path)
    path.write_bytes(b"# coding: nosuch\nbeta\n")
    assert "requirements.txt: unknown encoding: nosuch" in refused(offkit, "-r", path)


def test_standard_output(offkit, tmp_path):
    """A lock goes there, a bundle does not."""
    code, out, _ = offkit("lock", "beta", "-o", "-")
    assert (code, out) == (0, offkit("lock", "beta")[1])
    code, _, err = offkit("bundle", "beta", "-o", "-")
    assert (code, "a bundle cannot be written to stdout" in err) == (2, True)
    assert not (tmp_path / "-").exists()


def test_a_pylock(offkit, pins, index, tmp_path):
    """Written by its name, valid, and read again as the same pins."""
    code, out, _ = offkit("lock", "alpha", "-o", "pylock.el7.toml")
    assert (code, out) == (0, "✓ pylock.el7.toml: 2 wheels\n")
    found = Pylock.from_dict(toml.loads((tmp_path / "pylock.el7.toml").read_bytes()))
    assert [(one.name, str(one.version)) for one in found.packages] == [("alpha", "1.0"), ("beta", "2")]
    digest = hashlib.sha256(index.files["beta-2-py3-none-any.whl"]).hexdigest()
    assert found.packages[1].wheels[0].hashes == {"sha256": digest}
    text = (tmp_path / "pylock.el7.toml").read_text()
    (tmp_path / "pylock.toml").write_text(text[: text.rindex("[[packages]]")])
    index.add("beta", "3")
    assert pins("-r", "pylock.toml") == ({"alpha": "1.0", "beta": "3"}, [("REQ018", "beta")])
    assert pins("-r", "pylock.toml", "alpha") == ({"alpha": "1.0", "beta": "3"}, [])
    assert pins("-r", "pylock.el7.toml")[0] == {"alpha": "1.0", "beta": "2"}
    code, _, err = offkit("lock", "-r", "pylock.el7.toml", "--python", "3.9")
    assert (code, "REQ008" in err, "is for Python ==3.6.*; the server has 3.9" in err) == (1, True, True)
    offkit("lock", "alpha", "-o", "lock.toml")
    assert (tmp_path / "lock.toml").read_text().startswith("# locked by offkit")


def test_a_project(offkit, pins, tmp_path):
    """Its dependencies, a group and an extra of it; without a project they mean nothing."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "app"\ndependencies = ["beta<2"]\n'
        '[project.optional-dependencies]\nx = ["alpha"]\n[dependency-groups]\ng = ["alpha", "beta!=1"]\n'
    )
    assert pins("-r", "pyproject.toml")[0] == {"beta": "1"}
    assert pins("-r", "pyproject.toml", "--extra", "x")[0] == {"alpha": "1.0", "beta": "1"}
    code, _, err = offkit("lock", "-r", "pyproject.toml", "--group", "g")
    assert (code, "REQ005" in err) == (1, True)
    assert "has no extra 'y'" in refused(offkit, "-r", "pyproject.toml", "--extra", "y")
    assert "--group is about a project" in refused(offkit, "beta", "--group", "g")
    (tmp_path / "other.toml").write_text("[x")
    assert "other.toml is no TOML" in refused(offkit, "-r", "other.toml")
    assert "gone.toml: No such file or directory" in refused(offkit, "-r", "gone.toml")


def test_constraints(offkit, pins, monkeypatch, tmp_path):
    """Of -c and of PIP_CONSTRAINT, by the markers of the server; they ask for nothing themselves."""
    (tmp_path / "c.txt").write_text(
        "beta==1; python_version < '3.7'\nbeta==2; python_version > '3.6'\nnobody==1\n"
    )
    assert pins("alpha", "-c", "c.txt")[0] == {"alpha": "1.0", "beta": "1"}
    _, out, err = offkit("lock", "beta", "-c", "c.txt")  # what a constraint holds back is not passed over
    assert ("beta==1 " in out, "REQ011" in err) == (True, False)
    monkeypatch.setenv("PIP_CONSTRAINT", "c.txt")  # several are separated by spaces there
    assert pins("alpha")[0] == {"alpha": "1.0", "beta": "1"}
    (tmp_path / "d.txt").write_text("beta>1\n")
    code, _, err = offkit("lock", "alpha", "-c", "d.txt")
    assert (code, "REQ005" in err) == (1, True)
    assert "-c d.txt (line 1) needs beta>1" in err
    assert "-c c.txt (line 1) needs beta==1" in err
    monkeypatch.delenv("PIP_CONSTRAINT")
    (tmp_path / "e.txt").write_text("beta==7\n")
    code, _, err = offkit("lock", "alpha", "-c", "e.txt")
    assert (code, "beta==7, needed by -c e.txt (line 1): no such version" in err) == (1, True)


def test_constraints_with_hashes_and_places(offkit, pins, index, tmp_path):
    """A hash holds, a wheel's URL is taken; what would have to be built counts where it is needed."""
    path = tmp_path / "c.txt"
    one = index.files["beta-1-py3-none-any.whl"]
    digest = hashlib.sha256(one).hexdigest()
    path.write_text(f"beta==1 --hash=sha256:{digest}\n")
    assert pins("alpha", "-c", path)[0] == {"alpha": "1.0", "beta": "1"}
    path.write_text(f"beta==1 --hash=sha256:{digest[::-1]}\n")
    code, _, err = offkit("lock", "alpha", "-c", path)
    assert code in (1, 3), err
    path.write_text(f"beta @ {index.url}/files/beta-1-py3-none-any.whl\n")
    assert pins("alpha", "-c", path)[0] == {"alpha": "1.0", "beta": "1"}
    path.write_text("beta @ git+https://host/beta\n")
    code, _, err = offkit("lock", "alpha", "-c", path)
    assert (code, "REQ007" in err) == (1, True)
    path.write_text("gamma @ git+https://host/gamma\n")
    assert pins("alpha", "-c", path)[0] == {"alpha": "1.0", "beta": "2"}
    for line in (
        "-e git+https://host/beta#egg=beta",
        "https://host/beta-1.tar.gz",
    ):
        path.write_text(line + "\n")
        code, _, err = offkit("lock", "alpha", "-c", path)
        assert (code, f"c.txt (line 1): {line.removeprefix('-e ')} is no constraint" in err) == (2, True)
    path.write_text("https://user:secret@host/beta-1.tar.gz\n")
    assert "https://host/beta-1.tar.gz is no constraint" in refused(offkit, "alpha", "-c", path)
    path.write_text("not a line\n")
    assert "Invalid requirement: 'not a line'" in refused(offkit, "alpha", "-c", path)
    assert "No such file" in refused(offkit, "alpha", "-c", "gone.txt")


def test_what_conda_lists(offkit, pins, tmp_path):
    """The name is taken, and said, with the line; another line pins it."""
    (tmp_path / "r.txt").write_text("# conda\nbeta @ file:///croot/beta_1/work\nalpha==1.0\n")
    assert pins("-r", "r.txt") == ({"alpha": "1.0", "beta": "2"}, [("REQ018", "beta")])
    assert pins("-r", "r.txt", "beta<2")[0] == {"alpha": "1.0", "beta": "1"}
    _, _, err = offkit("lock", "-r", "r.txt")
    assert "r.txt (line 2): file:///croot/beta_1/work is no file of this machine" in err
    assert pins("beta @ file:///src/beta-1.0")[0] == {"beta": "1"}
    (tmp_path / "g.txt").write_text(
        "-e git+https://host.invalid/x@abc#egg=x\ny @ git+https://host.invalid/y\n"
    )
    _, _, err = offkit("lock", "-r", "g.txt")
    assert "x: git+https://host.invalid/x@abc: its repository cannot be checked out" in err
    assert "y: git+https://host.invalid/y: its repository cannot be checked out" in err
    assert "x: -e is taken as a normal build" in err
    (tmp_path / "e.txt").write_text("beta\n-e /gone/app\n")
    assert "e.txt (line 2): -e /gone/app is a source tree of another machine" in refused(
        offkit, "-r", "e.txt"
    )
    code, _, err = offkit("lock", "-r", "r.txt", "nobody")
    assert (code, "REQ003" in err, "REQ018" in err) == (1, True, True)

"""pylock.toml (PEP 751): read for a target, and written for one so that uv and pip install from it."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.pylock import Pylock

import project_maker
from offkit.model.errors import OffkitError, RequestError, UsageError
from offkit.model.report import Reporter
from offkit.online.request import inputs, toml
from offkit.online.request.locked import Lock, LockedWheel, Parts, Request
from offkit.online.resolve import pylock_text
from offkit.online.resolve.lock import Session
from offkit.online.wheels import fetch
from offkit.online.wheels.kept import Kept
from target_maker import preset

EL7 = preset("3.6")
HERE = preset("{}.{}".format(*sys.version_info[:2]))
A, B, C = ("{:064x}".format(number) for number in (10, 11, 12))
HEAD = 'lock-version = "1.0"\ncreated-by = "somebody"\n'


def package(name, version, *files, more=""):
    wheels = ", ".join(f'{{ {place}, hashes = {{ sha256 = "{sha256}" }} }}' for place, sha256 in files)
    return f'[[packages]]\nname = "{name}"\nversion = "{version}"\n{more}\nwheels = [{wheels}]\n'


def wheel(filename, sha256=A):
    return f'url = "https://host/{filename}"', sha256


ALPHA = package(
    "alpha",
    "1.0",
    wheel("alpha-1.0-cp36-cp36m-manylinux1_x86_64.whl"),
    wheel("alpha-1.0-cp39-cp39-win32.whl", B),
)


@pytest.fixture
def read(tmp_path):
    def lines(text, target=EL7, groups=(), extras=()):
        path = tmp_path / "pylock.toml"
        path.write_text(text)
        return inputs.read(Request((), (path,), parts=Parts(tuple(groups), tuple(extras))), target).lines

    return lines


def test_a_time_that_is_text(read):
    """As pipenv writes it, where the specification has a date: nothing depends on it."""
    text = HEAD + ALPHA.replace("hashes =", 'upload-time = "2024-01-02T03:04:05.678Z", hashes =')
    assert "upload-time" in text
    assert read(text) == read(HEAD + ALPHA)


def test_what_the_target_needs(read):
    """By its markers; each a pin with the hashes of all its files, its sources among them."""
    text = (
        HEAD
        + ALPHA
        + package("beta", "2", wheel("beta-2-py3-none-any.whl"), more='marker = "python_version < \'3.7\'"')
        + package("gamma", "2", wheel("gamma-2-py3-none-any.whl"), more='marker = "sys_platform == \'win32\'"')
        + package("delta", "3", wheel("delta-3-py3-none-any.whl", C), more=f'sdist = {{ url = "https://host/delta-3.tar.gz", hashes = {{ sha256 = "{B}" }} }}')
    )  # fmt: skip
    assert read(text) == [
        f"alpha==1.0 --hash=sha256:{A} --hash=sha256:{B}",
        f"beta==2 --hash=sha256:{A}",
        f"delta==3 --hash=sha256:{B} --hash=sha256:{C}",
    ]
    assert [line.split("==")[0] for line in read(text, preset("3.9"))] == ["alpha", "delta"]


def test_extras_and_groups(read):
    """As the lock offers them; its default groups always."""
    text = HEAD + 'extras = ["gui"]\ndependency-groups = ["dev", "main"]\ndefault-groups = ["main"]\n'
    for name, marker in (
        ("a", "'gui' in extras"),
        ("b", "'dev' in dependency_groups"),
        ("c", "'main' in dependency_groups"),
    ):
        text += package(name, "1", wheel(f"{name}-1-py3-none-any.whl"), more=f'marker = "{marker}"')
    names = lambda **parts: [line[0] for line in read(text, **parts)]  # noqa: E731
    assert names() == ["c"]
    assert names(extras=["GUI"]) == ["a", "c"]
    assert names(groups=["dev"]) == ["b", "c"]
    with pytest.raises(UsageError) as caught:
        read(text, extras=["tui"])
    assert caught.value.message.endswith("pylock.toml was not made with --extra tui")
    assert caught.value.fix == "--extra is one of: gui"


def test_where_else_packages_are_from(read, tmp_path):
    """Repositories, directories and archives by their place; a wheel beside the lock by its path."""
    text = HEAD + "\n".join(
        f'[[packages]]\nname = "{name}"\n{place}'
        for name, place in {
            "vcs": '[packages.vcs]\ntype = "git"\nurl = "https://host/x"\ncommit-id = "abc"',
            "tree": '[packages.directory]\npath = "./tree"',
            "file": f'[packages.archive]\nurl = "https://host/file-1-py3-none-any.whl"\nhashes = {{ sha256 = "{A}" }}',
            "beside": 'wheels = [{ path = "w/beside-1-py2-none-any.whl", hashes = { sha512 = "x" } },'
            f'{{ path = "w/beside-1-py3-none-any.whl", hashes = {{ sha256 = "{B}" }} }}]',
            "nameless": 'wheels = [{ url = "https://host/nameless-4-py3-none-any.whl", hashes = { sha512 = "x" } }]',
            "source": 'sdist = { url = "https://host/source-5.tar.gz", hashes = { sha512 = "x" } }',
        }.items()
    )
    assert read(text) == [
        "vcs @ git+https://host/x@abc",
        f"tree @ {tmp_path.as_uri()}/tree",
        f"file @ https://host/file-1-py3-none-any.whl#sha256={A}",
        f"beside @ {tmp_path.as_uri()}/w/beside-1-py3-none-any.whl#sha256={B}",
        "nameless==4",
        "source==5",
    ]


@pytest.mark.parametrize(("text", "said"), [
    ('lock-version = "1.0"\npackages = []\n', "is no valid pylock.toml: Missing required value in 'created-by'"),
    ('lock-version = "2.0"\ncreated-by = "x"\npackages = []\n', "is no valid pylock.toml: pylock version 2.0 is not supported"),
    (HEAD + ALPHA + ALPHA, "has several versions of alpha for el7"),
    ("lock-version", "is no TOML: "),
    (HEAD + package("a", "1", wheel("a-1-py3-none-any.whl"), more="marker = \"extra == 'x'\""), "extra == \"x\": 'extra'"),
    (HEAD + 'environments = ["extra == \'x\'"]\n' + ALPHA, "extra == \"x\": 'extra'"),
])  # fmt: skip
def test_what_is_no_lock(read, text, said):
    """A usage error says what is wrong with it."""
    with pytest.raises(UsageError) as caught:
        read(text)
    assert said in caught.value.message


def test_a_lock_for_somebody_else(read):
    """Another Python, another system: both are said."""
    text = HEAD + 'requires-python = ">=3.12"\nenvironments = ["sys_platform == \'darwin\'"]\n' + ALPHA
    with pytest.raises(RequestError) as caught:
        read(text)
    assert [(one.code, one.message) for one in caught.value.findings] == [
        ("REQ008", "is for Python >=3.12; the server has 3.6.8"),
        ("REQ009", 'is for sys_platform == "darwin"'),
    ]


def test_what_is_written():
    """Valid, the same for the same lock; an address without who may fetch from it."""
    wheels = (
        LockedWheel("Alpha.x", "1.0", "alpha_x-1.0-py3-none-any.whl", "https://u:secret@host/f/alpha_x-1.0-py3-none-any.whl?a=b#sha256=c", A, ()),
        LockedWheel("beta", "2", "beta-2-py3-none-any.whl", "file:///gone/a%20b/beta-2-py3-none-any.whl", B, ()),
    )  # fmt: skip
    text = pylock_text.dump(Lock(EL7, wheels), Path("pylock.toml"))
    found = Pylock.from_dict(toml.loads(text.encode()))
    assert (str(found.lock_version), found.created_by, str(found.requires_python)) == (
        "1.0",
        "offkit",
        "==3.6.*",
    )
    (environment,) = found.environments
    assert environment.evaluate(dict(EL7.markers()))
    assert not environment.evaluate(dict(preset("3.9").markers()))
    alpha, beta = found.packages
    assert (alpha.name, str(alpha.version), alpha.wheels[0].url) == (
        "alpha-x", "1.0", "https://host/f/alpha_x-1.0-py3-none-any.whl",
    )  # fmt: skip
    assert (alpha.wheels[0].name, alpha.wheels[0].hashes) == ("alpha_x-1.0-py3-none-any.whl", {"sha256": A})
    assert (beta.wheels[0].path, beta.wheels[0].url, beta.wheels[0].size) == ("/gone/a b/beta-2-py3-none-any.whl", None, None)  # fmt: skip
    assert "secret" not in text


def test_what_was_built_here(mirror, tmp_path):
    """By what it was built from, never by a file of the cache; read again, it is the same wheel."""
    server = mirror("beta")
    server.put(*project_maker.sdist("alpha", "1.0"))
    server.put(*project_maker.sdist("gamma", "1.0"))
    project_maker.tree(tmp_path / "own", name="app")
    name, body = project_maker.sdist("delta", "1.0")
    (tmp_path / name).write_bytes(body)
    repository = project_maker.tree(tmp_path / "repo" / "below", name="lower").parent
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.invalid"]
        subprocess.run(["git", *who, *words], cwd=repository, check=True)
    path, cache = tmp_path / "locks" / "pylock.toml", tmp_path / "cache"
    path.parent.mkdir()
    lines = (
        "alpha",
        str(tmp_path / "own"),
        str(tmp_path / name),
        f"gamma @ {server.url}/files/gamma-1.0.tar.gz",
        f"lower @ git+{repository.as_uri()}#subdirectory=below",
    )

    def locked(*given, build=("alpha",)):
        with Session(HERE, server.args, Reporter(), Kept(cache)) as session:
            return session.lock(Request(*given, build=build))

    lock = locked(lines, ())
    path.write_text(pylock_text.dump(lock, path))
    assert str(cache) not in path.read_text()
    assert "built from own, a project directory" in path.read_text()
    packages = {one.name: one for one in Pylock.from_dict(toml.loads(path.read_bytes())).packages}
    assert (packages["app"].directory.path, packages["app"].version) == ("../own", None)
    assert packages["delta"].archive.path == f"../{name}"
    assert packages["gamma"].archive.url.endswith("/files/gamma-1.0.tar.gz")
    assert packages["alpha"].archive.url.endswith("/files/alpha-1.0.tar.gz")
    assert (packages["lower"].vcs.path, packages["lower"].vcs.subdirectory) == ("../repo", "below")
    pins = {(one.name, one.sha256) for one in lock.wheels}
    assert pins == {(one.name, one.sha256) for one in locked((), (path,)).wheels}
    text = path.with_name("requirements.txt")
    text.write_text(lock.text())
    again = pylock_text.dump(locked((), (text,), build=()), path)  # nothing is built
    assert packages == {one.name: one for one in Pylock.from_dict(toml.loads(again.encode())).packages}


@pytest.fixture
def there(mirror, tmp_path):
    """(a lock for this very Python in a file, the same as a value)."""
    server = mirror("beta")
    server.add("alpha", "1.5", requires=["beta"])
    here = preset("{}.{}.{}".format(*sys.version_info), "el9")
    with Session(here, server.args, Reporter()) as session:
        lock = session.lock(Request(("alpha",), ()))
        path = tmp_path / "pylock.el9.toml"
        path.write_text(pylock_text.dump(lock, path))
        again = session.lock(Request((), (path,)))
    assert [each[:5] for each in again.wheels] == [each[:5] for each in lock.wheels]
    return path, lock


def test_uv_installs_from_it(there, tmp_path):
    """And names the same versions."""
    path, _ = there
    uv = Path(sys.executable).parent / "uv"
    command = [uv, "pip", "install", "--dry-run", "--no-config", "--no-cache", "-r", path, "--target", tmp_path / "t", "--python", sys.executable]  # fmt: skip
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith(" + ")] == [" + alpha==1.5", " + beta==1"]  # fmt: skip


def test_pip_installs_from_it(there, tmp_path):
    """Where it is new enough to (26.1)."""
    path, _ = there
    command = [sys.executable, "-m", "pip", "install", "--isolated", "--disable-pip-version-check", "--ignore-installed", "--dry-run", "--report", tmp_path / "report.json", "-r", path]  # fmt: skip
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if "Invalid requirement" in done.stderr:
        pytest.skip("this pip does not read pylock.toml")
    assert done.returncode == 0, done.stderr
    assert "Would install alpha-1.5 beta-1" in done.stdout


def test_a_file_that_the_index_has_changed(mirror, tmp_path):
    """The hashes of the lock hold."""
    server = mirror("beta")
    text = HEAD + package("beta", "1", wheel("beta-1-py3-none-any.whl", "{:064x}".format(7)))
    (tmp_path / "pylock.toml").write_text(text)
    with Session(EL7, server.args, Reporter()) as session:
        with pytest.raises(OffkitError) as caught:
            session.lock(Request((), (tmp_path / "pylock.toml",)))
    assert caught.value.exit_code in (1, 3)
    digest = hashlib.sha256(server.files["beta-1-py3-none-any.whl"]).hexdigest()
    (tmp_path / "pylock.toml").write_text(text.replace("{:064x}".format(7), digest))
    with Session(EL7, server.args, Reporter()) as session:
        assert session.lock(Request((), (tmp_path / "pylock.toml",))).wheels[0].sha256 == digest


def test_pins_that_the_cache_has_are_asked_for_where_they_are(mirror, tmp_path):
    """No index is asked for a lock that holds, and the cache keeps no addresses."""
    server, cache, path = mirror("beta"), tmp_path / "cache", tmp_path / "pylock.toml"
    digest = hashlib.sha256(server.files["beta-1-py3-none-any.whl"]).hexdigest()
    pins = tmp_path / "beta.lock"
    pins.write_text(f"beta==1 --hash=sha256:{digest}\n")

    def locked(**named):
        with Session(EL7, server.args, Reporter(), Kept(cache), **named) as session:
            lock = session.lock(Request((), (pins,)), addresses=True)
            return fetch.with_hashes(lock, session.repository.session, cache, Reporter())

    with Session(EL7, server.args, Reporter(), Kept(cache)) as session:
        lock = session.lock(Request((), (pins,)))
        fetch.fetch(lock.wheels, session.repository.session, cache, Reporter())
    path.write_text(pylock_text.dump(locked(), path))
    assert f'url = "{server.url}/files/beta-1-py3-none-any.whl"' in path.read_text()
    with pytest.raises(UsageError, match=r"nobody was asked: beta-1-py3-none-any\.whl"):
        pylock_text.dump(locked(offline=True), path)

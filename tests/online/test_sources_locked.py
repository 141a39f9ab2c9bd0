"""Locks and bundles of sources: built where the user said so, refused with the reason, never by themselves."""

import hashlib
import json
import platform
import subprocess
import sys

import pytest

import bundle_maker
import project_maker
from offkit.model import built
from offkit.model.errors import EnvironmentProblem, IntegrityError, RequestError, UsageError
from offkit.model.report import Reporter
from offkit.online.reasons import cures, unbuilt
from offkit.online.request import inputs
from offkit.online.request.locked import Request
from offkit.online.resolve import pylock_text, standing
from offkit.online.resolve.lock import Session
from offkit.online.sources import interpreters
from offkit.online.wheels.kept import Kept
from target_maker import preset

SERIES = "{}.{}".format(*sys.version_info[:2])
HERE = preset(SERIES)


class Telling(Reporter):
    def __init__(self):
        self.steps, self.notes = [], []

    def step(self, text):
        self.steps.append(text)

    def note(self, text):
        self.notes.append(text)

    @property
    def builds(self):
        return [one for one in self.steps if one.startswith("building")]


@pytest.fixture
def locked(tmp_path):
    """locked(args, *requirements, build=…): a lock; what was told is its attribute ``told``."""

    def lock(args, *requirements, build=(), files=(), target=HERE, offline=False, limits=None):
        lock.told = Telling()
        with Session(target, args, lock.told, Kept(tmp_path / "cache"), offline) as session:
            return session.lock(Request(requirements, tuple(files), (), limits, build=build))

    return lock


def pins(lock):
    return {wheel.name: wheel.version for wheel in lock.wheels}


def refused(locked, *given, error=RequestError, **more):
    with pytest.raises(error) as caught:
        locked(*given, **more)
    assert type(caught.value) is error
    return caught.value


@pytest.fixture
def index(mirror):
    """alpha is there as source only, newer than its wheel; it needs six."""
    server = mirror("six")
    server.put(*project_maker.sdist("alpha", "2.0", requires=["six"]))
    return server


def test_only_what_is_named_is_built(locked, index):
    """And what it needs is resolved; without --build its code does not run, and the option is named."""
    (finding,) = refused(locked, index.args, "alpha").findings
    assert finding.code == "REQ002"
    assert finding.fix.startswith(
        "--build alpha builds it here, if it is pure Python\nor offkit bundle --carry-source alpha carries"
    )
    lock = locked(index.args, "alpha", build=("alpha",))
    assert pins(lock) == {"alpha": "2.0", "six": "1"}
    assert locked.told.builds == [f"building alpha-2.0.tar.gz with CPython {lock.built[0].python}"]
    assert pins(locked(index.args, "alpha", build=(":all:",))) == {"alpha": "2.0", "six": "1"}
    assert refused(locked, index.args, "alpha", build=("six",)).findings[0].code == "REQ002"


def test_the_newest_of_who_is_named(locked, index):
    """:all: prefers an older wheel; who is named is wanted as new as can be. A wheel that fits is taken."""
    index.add("alpha", "1.0")
    assert pins(locked(index.args, "alpha")) == {"alpha": "1.0"}
    assert pins(locked(index.args, "alpha", build=(":all:",))) == {"alpha": "1.0"}
    assert pins(locked(index.args, "alpha", build=("alpha",)))["alpha"] == "2.0"
    index.add("alpha", "2.0")
    assert locked(index.args, "alpha", build=("alpha",)).built == ()
    assert locked.told.builds == []


def test_what_was_passed_over_names_the_option(locked, index):
    index.add("alpha", "1.0")
    (finding,) = locked(index.args, "alpha").findings
    assert (finding.code, finding.severity) == ("REQ011", "info")
    assert finding.fix.startswith(
        "--build alpha builds it here, if it is pure Python\nor offkit bundle --carry-source alpha carries"
    )


def test_what_another_was_passed_over_for(locked, index):
    """What the newest needs exists as source only: the option is named, and brings it."""
    index.add("gamma", "1.0")
    index.add("gamma", "2.0", requires=["alpha"])
    (finding,) = locked(index.args, "gamma").findings
    assert (finding.code, finding.severity, finding.subject) == ("REQ011", "warning", "gamma")
    assert finding.fix.startswith(
        "--build alpha builds it here, if it is pure Python\nor offkit bundle --carry-"
    )
    assert pins(locked(index.args, "gamma", build=("alpha",))) == {"gamma": "2.0", "alpha": "2.0", "six": "1"}


def test_hashes_of_sources_hold_for_whoever_asks_first(locked, index, tmp_path):
    """One line has none, and that of another one is wrong: it is an error all the same."""
    line = f"alpha @ {index.url}/files/alpha-2.0.tar.gz"
    digest = hashlib.sha256(index.files["alpha-2.0.tar.gz"]).hexdigest()
    for number, hashes in enumerate((digest[::-1], digest)):
        path = tmp_path / f"{number}.txt"
        path.write_text(f"{line} --hash=sha256:{hashes}\n")
        if hashes == digest:
            assert pins(locked(index.args, line, files=[path])) == {"alpha": "2.0", "six": "1"}
            continue
        with pytest.raises(IntegrityError) as caught:
            locked(index.args, line, files=[path])
        (finding,) = caught.value.findings
        assert finding.code == "REQ006"
        assert f"its sha256 is {digest}, the requirement says {hashes}" in finding.message


def test_a_constraint_to_sources(locked, index, tmp_path):
    """Builds nothing, and says what does."""
    limits = tmp_path / "limits.txt"
    limits.write_text(f"alpha @ {index.url}/files/alpha-2.0.tar.gz\n")
    index.add("alpha", "1.0")
    with Session(HERE, index.args, Telling(), Kept(tmp_path / "cache")) as session:
        with pytest.raises(RequestError) as caught:
            session.lock(Request(("alpha",), (), (), (limits,)))
    (finding,) = caught.value.findings
    before, _, line = finding.fix.partition(": ")
    assert (finding.code, before) == ("REQ007", "delete the constraint, and ask for it")
    assert pins(locked(index.args, line.strip("'"))) == {"alpha": "2.0", "six": "1"}


def test_what_was_built_is_known(locked, index):
    """Of what, by what and with what; in the text of the lock too, which is a requirements file."""
    lock = locked(index.args, "alpha", build=("alpha",))
    (one,) = lock.built
    body = index.files["alpha-2.0.tar.gz"]
    assert one.source == "alpha-2.0.tar.gz"
    assert one.source_sha256 == hashlib.sha256(body).hexdigest()
    assert one.sha256 == next(wheel.sha256 for wheel in lock.wheels if wheel.name == "alpha")
    assert built.from_options(json.loads(json.dumps(built.to_options(lock.built)))) == [one]
    rows = lock.text(why=True).splitlines()
    assert f"    # built from alpha-2.0.tar.gz sha256:{one.source_sha256}" in rows
    assert f"    # by CPython {one.python}, build {one.build}" in rows
    assert "built from" not in lock.text()


def test_a_second_lock_builds_nothing(locked, index, tmp_path):
    """Nor does a bundle of the lock; when the wheel has gone, it is built again, to the same bytes."""
    first = locked(index.args, "alpha", build=("alpha",))
    again = locked(index.args, "alpha", build=("alpha",))
    assert (again, locked.told.builds) == (first, [])
    path = tmp_path / "lock.txt"
    path.write_text(first.text(why=True))
    standing = locked(index.args, files=[path], offline=True)
    assert (pins(standing), standing.built) == (pins(first), first.built)
    wheel = next(one for one in first.wheels if one.name == "alpha")
    (tmp_path / "cache" / "wheels" / wheel.sha256 / wheel.filename).unlink()
    (finding,) = refused(locked, index.args, files=[path]).findings
    assert finding.code == "REQ002"
    assert "--build alpha" in finding.fix
    third = locked(index.args, files=[path], build=("alpha",))
    assert (pins(third), len(locked.told.builds)) == (pins(first), 1)
    assert third.built == first.built


def test_a_pylock_without_an_index(locked, index, tmp_path):
    """Its wheel was built when it was made: where the cache has that, nothing else is needed, and where it
    has not, it is built of the archive once more. Of a directory there is no such wheel, and that is said."""
    made, path = locked(index.args, "alpha", build=("alpha",)), tmp_path / "pylock.toml"
    path.write_text(pylock_text.dump(made, path))
    request = Request((), (path,))
    own = inputs.pinned(request, HERE)
    standing.require(request, own, HERE, tmp_path / "cache")
    again = locked(index.args, files=[path], offline=True)
    assert {wheel.sha256 for wheel in again.wheels} == {wheel.sha256 for wheel in made.wheels}
    (wheel,) = (tmp_path / "cache").rglob("alpha-2.0*.whl")
    wheel.unlink()
    assert pins(locked(index.args, files=[path])) == {"alpha": "2.0", "six": "1"}
    path.write_text(path.read_text().replace("offkit = {", "other = {"))
    assert inputs.pinned(request, HERE) == []
    with pytest.raises(EnvironmentProblem, match="does not say of each package which wheel it is"):
        standing.require(request, [], HERE, tmp_path / "cache")


def test_build_requirements_come_from_the_indexes(locked, mirror):
    """Of the session, those of a requirements file too; they are hashed, and nothing else may be had."""
    server = mirror("tool")
    server.put(*bundle_maker.pip_wheel())
    server.put(*project_maker.sdist("alpha", build_requires=["tool"], first="import tool"))
    lock = locked(server.args, "alpha", build=("alpha",))
    digest = hashlib.sha256(server.files["tool-1-py3-none-any.whl"]).hexdigest()
    assert lock.built[0].requires == (("tool", "1", digest),)
    assert f"    # with tool==1 sha256:{digest}" in lock.text(why=True).splitlines()
    server.put(*project_maker.sdist("beta", build_requires=["nobody"]))
    (finding,) = refused(locked, server.args, "beta", build=("beta",)).findings
    assert finding.code == "REQ025"
    assert "its build requirements cannot be had for this machine" in finding.message
    assert finding.looked_in == ("nobody: nobody: no such project",)
    assert finding.fix == "give an index that has them, or --find-links DIR with their wheels in DIR"
    server.put("late-1-py3-none-any.whl", requires_python=">=3.99")
    server.put("tall-1-py3-none-manylinux_2_99_x86_64.whl")
    server.put(*project_maker.sdist("gamma", build_requires=["late", "tall"]))
    (finding,) = refused(locked, server.args, "gamma", build=("gamma",)).findings
    said = " ".join(finding.looked_in)
    assert f"needs Python >=3.99; this machine has {platform.python_version()}" in said
    assert "need glibc 2.99; this machine has 2." in said


def test_what_needs_a_compiler(locked, mirror):
    """Is refused with the reason, and what it needs; all that the build said is for -v."""
    server = mirror()
    said = "sys.exit('one\\ntwo\\nerror: command \\'gcc\\' failed: No such file or directory')"
    server.put(*project_maker.sdist("alpha", first=said))
    (finding,) = refused(locked, server.args, "alpha", build=("alpha",)).findings
    assert (finding.code, finding.subject) == ("REQ025", "alpha")
    assert finding.message == (
        "alpha-1.0.tar.gz cannot be built here: its build failed: it needs a C compiler and the headers "
        "of Python (gcc, python3-devel)"
    )
    assert finding.looked_in == ("error: command 'gcc' failed: No such file or directory",)
    carried, elsewhere = finding.fix.splitlines()
    assert carried.startswith("offkit bundle --carry-source alpha carries it as source")
    assert elsewhere.startswith("or build a wheel on a machine like the server")
    assert "one" in locked.told.notes
    server.put(*project_maker.sdist("beta", tag="cp36-cp36m-linux_x86_64", pure="false"))
    (finding,) = refused(locked, server.args, "beta", build=("beta",)).findings
    assert "what was built holds compiled code (beta-1.0-cp36-cp36m-linux_x86_64.whl)" in finding.message


def test_what_a_build_said_last(locked, mirror, tmp_path):
    """Of a traceback the error alone, said once; of what names no error, the last word. The rest is for -v."""
    server = mirror()
    for number, (first, last) in enumerate([
        ("raise ValueError('never\\nat all')", "ValueError: never"),
        ("sys.exit('one\\nlast\\n    ^^^^')", "last"),
        ("import os; os._exit(3)", ""),
    ]):  # fmt: skip
        name = f"alpha{number}"
        server.put(*project_maker.sdist(name, first=first))
        (finding,) = refused(locked, server.args, f"{name}>0", build=(name,)).findings
        assert finding.message == (
            f"{name}>0: {name}-1.0.tar.gz cannot be built here: its build failed" + (last and f": {last}")
        )
        assert finding.looked_in == ()
        assert any("Traceback" in note for note in locked.told.notes) == last.startswith("ValueError")


def test_what_is_no_project_says_what_to_do(locked, mirror, tmp_path):
    """The place is named once."""
    args = mirror().args
    (tmp_path / "pyproject.toml").write_text("[build-system")
    (finding,) = refused(locked, args, str(tmp_path)).findings
    assert (finding.code, finding.subject) == ("REQ025", tmp_path.as_uri())
    assert finding.message.startswith("is no Python project: Failed to parse ")
    assert finding.fix.startswith("correct its pyproject.toml, or give the directory of the project")
    (finding,) = refused(locked, args, f"app @ {tmp_path.as_uri()}#subdirectory=x").findings
    assert finding.message == f"{tmp_path.as_uri()}: has no directory x"
    assert finding.fix == "correct #subdirectory= in its URL"
    (tmp_path / "pyproject.toml").unlink()
    error = refused(locked, args, str(tmp_path), error=UsageError)
    assert error.fix == "give the directory that has pyproject.toml or setup.py"


def test_what_fails_is_tried_once(locked, mirror):
    """Of a project with many releases; an older wheel is taken, and everything else is found out too."""
    server = mirror("gamma")
    for version in ("1.0", "2.0", "3.0"):
        server.put(*project_maker.sdist("alpha", version, first="raise ValueError('never')"))
    error = refused(locked, server.args, "alpha", "gamma==7", build=("alpha",))
    assert [one.code for one in error.findings] == ["REQ025", "REQ004"]
    assert locked.told.builds == [
        "building alpha-3.0.tar.gz with CPython " + interpreters.to_build(HERE).version
    ]
    server.add("alpha", "0.5")
    lock = locked(server.args, "alpha", build=("alpha",))
    assert pins(lock) == {"alpha": "0.5"}
    (finding,) = lock.findings
    assert "passed over: alpha-3.0.tar.gz cannot be built here: its build failed" in finding.message
    assert "--build" not in finding.fix


def test_a_conflict_stays_one(locked, index):
    """What can be built is not the reason."""
    (finding,) = refused(locked, index.args, "alpha", "six==3", build=("alpha",)).findings
    assert finding.code == "REQ004"
    index.add("six", "3")
    index.put(*project_maker.sdist("beta", requires=["six<3"]))
    index.put(*project_maker.sdist("delta", requires=["six>=3"]))
    (finding,) = refused(locked, index.args, "beta", "delta", build=(":all:",)).findings
    assert finding.code == "REQ005"


def test_another_python_than_the_server_has(locked, mirror, monkeypatch):
    """Only what is static is believed then."""
    monkeypatch.setattr(interpreters, "of", lambda target: None)
    other = preset("3.7")
    assert other.python_minor != SERIES
    server = mirror("six")
    server.put(*project_maker.sdist("alpha", requires=["six"]))
    (finding,) = refused(locked, server.args, "alpha", build=("alpha",), target=other).findings
    assert (
        "what it requires is computed when it is built, and there is no CPython 3.7 here" in finding.message
    )
    assert finding.fix.startswith("put a CPython 3.7 on PATH")
    info = "Metadata-Version: 2.2\nName: alpha\nVersion: 2.0\nRequires-Dist: six\n"
    server.put(*project_maker.sdist("alpha", "2.0", requires=["six"], info=info))
    lock = locked(server.args, "alpha", build=("alpha",), target=other)
    assert (pins(lock), lock.built[0].python.startswith(SERIES)) == ({"alpha": "2.0", "six": "1"}, True)


def test_a_project_for_another_python(locked, mirror, tmp_path):
    """What it says, or what builds it: with the Python that it was tried for, by building it for that."""
    server = mirror("six")
    old = preset("3.{}".format(sys.version_info[1] - 1))
    fix = "deploy another Python: the whole request resolves with " + cures._python(
        old._replace(python=HERE.python)
    )
    tree = project_maker.tree(tmp_path / "app", requires=["six"], more=["tool"])
    filename = server.add("tool")
    server.put(filename, server.files[filename], requires_python=f">={SERIES}")
    server.put(*bundle_maker.pip_wheel())
    (finding,) = refused(locked, server.args, str(tree), target=old).findings
    if finding.fix.startswith("put a CPython"):
        pytest.skip("no CPython {} here".format(old.python_minor))
    assert (finding.code, finding.fix.splitlines()[0]) == ("REQ025", fix)
    text = (tree / "pyproject.toml").read_text()
    (tree / "pyproject.toml").write_text(
        f'[project]\nname = "app"\nversion = "1.0"\nrequires-python = ">={SERIES}"\n{text}'
    )
    found = refused(locked, server.args, str(tree), "nobody", target=old).findings
    assert [one.code for one in found] == ["REQ008", "REQ003"]
    assert found[0].message.endswith(f"needs Python >={SERIES}; the server has {old.python}")
    assert found[0].fix == fix.replace("the whole request", "everything but nobody")
    found = refused(locked, server.args, "nobody", files=[tree / "pyproject.toml"], target=old).findings
    assert [(one.code, one.subject) for one in found] == [("REQ008", "app"), ("REQ003", "nobody")]
    assert found[0].fix == fix.replace("the whole request", "everything but nobody")


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("1.2.dev3+gabc1234.d20260131", True),
        ("1.2+d20260131", True),
        ("0+untagged.1.gabc1234.dirty", True),
        ("1.2.dev3+gabc1234", False),
        ("1.2+cu118", False),
        ("2.0", False),
    ],
)
def test_a_tree_with_changes(version, told):
    """Has a version of its own by which nobody finds it again."""
    one = built.Built("app", version, "x.whl", "0" * 64, "app, a project directory", "", "3.9.2", "1", ())
    assert [each.code for each in unbuilt.of_changed([one])] == ["REQ027"] * told


def test_ones_own_project(locked, mirror, tmp_path, monkeypatch):
    """A directory in any spelling, with extras; nothing is left in it, and it is read anew each time."""
    args = mirror("six").args
    tree = project_maker.tree(tmp_path / "a b é" / "app", requires=["six"])
    before = sorted(path.name for path in tree.iterdir())
    monkeypatch.chdir(tree)
    for word in (".", "./", str(tree), tree.as_uri(), f"app @ {tree.as_uri()}", "-e .", f"-e {tree}"):
        lock = locked(args, word)
        assert pins(lock) == {"app": "1.0", "six": "1"}, word
        assert [one.code for one in lock.findings] == ["REQ018"] * word.startswith("-e")
    assert sorted(path.name for path in tree.iterdir()) == before
    (one,) = lock.built
    assert one.source == "app, a project directory"
    (tmp_path / "r.txt").write_text('six\n-e "./a b é/app"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    again = locked(args, files=[tmp_path / "r.txt"])
    assert (pins(again), again.built) == (pins(lock), lock.built)
    assert locked.told.builds == ["building app, a project directory"]
    (tree / "code.py").write_text("VALUE = 2\n")
    assert locked(args, str(tree)).built[0].sha256 != one.sha256


def test_a_project_that_reads_what_its_sdist_lacks(locked, mirror, tmp_path):
    """As setup.py reads requirements.txt, where no MANIFEST.in names that; pip builds in the directory."""
    args = mirror("six", "other").args
    reads = "[one.strip() for one in open('requirements.txt')]"
    tree = project_maker.tree(tmp_path / "app", requires=reads, left_out=["requirements.txt"])
    (tree / "setup.py").write_text("install_requires = open('requirements.txt').read().splitlines()\n")
    for name in ("six", "other"):
        (tree / "requirements.txt").write_text(name + "\n")
        assert pins(locked(args, str(tree))) == {"app": "1.0", name: "1"}


def test_a_lock_whose_wheels_are_nowhere(locked, mirror, tmp_path):
    """Says what they were built from."""
    args = mirror("six").args
    tree = project_maker.tree(tmp_path / "app", requires=["six"])
    lock = locked(args, str(tree))
    wheel = next(one for one in lock.wheels if one.name == "app")
    (tmp_path / "lock.txt").write_text(lock.text(why=True))
    (tmp_path / "cache" / "wheels" / wheel.sha256 / wheel.filename).unlink()
    (finding,) = refused(locked, args, files=[tmp_path / "lock.txt"]).findings
    assert (finding.code, finding.subject) == ("REQ003", "app")
    assert "for the lock it was built from app, a project directory sha256:" in finding.message
    assert finding.fix.startswith("give that again in the place of the lock")


def test_a_project_that_cannot_be_built(locked, mirror, tmp_path):
    """Each is named, with what is wrong."""
    args = mirror("alpha").args
    one = project_maker.tree(tmp_path / "one", name="one", first="raise ValueError('never')")
    two = project_maker.tree(tmp_path / "two", name="two", tag="cp36-cp36m-linux_x86_64")
    error = refused(locked, args, "alpha", str(one), str(two))
    assert [one.code for one in error.findings] == ["REQ025", "REQ025"]
    assert "its build failed: ValueError: never" in error.findings[0].message
    assert "holds compiled code" in error.findings[1].message
    assert f"pip wheel --no-deps {two.as_uri()} -w DIR" in error.findings[1].fix


def git(*words, cwd):
    name = ["-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *name, *words], cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """(directory, commit) of a repository with a project in it, and one in a subdirectory."""
    tree = project_maker.tree(tmp_path / "repo")
    project_maker.tree(tree / "below", name="lower")
    git("init", "-q", cwd=tree)
    git("add", ".", cwd=tree)
    git("commit", "-qm", "one", cwd=tree)
    git("tag", "v1", cwd=tree)
    return tree, git("rev-parse", "HEAD", cwd=tree)


def test_a_repository(locked, mirror, repository, tmp_path):
    """By branch, tag or none; the commit is told, and means the same wheel the next time."""
    tree, commit = repository
    args = mirror().args
    url = "git+" + tree.as_uri()
    for word in (f"app @ {url}", f"{url}@v1", f"app @ {url}@main", f"-e {url}#egg=app"):
        lock = locked(args, word)
        assert pins(lock) == {"app": "1.0"}, word
        assert lock.built[0].source == f"{url}@{commit}", word
    assert locked.told.builds == []
    assert f"    # built from {url}@{commit}" in lock.text(why=True).splitlines()
    lock = locked(args, f"lower @ {url}#subdirectory=below")
    assert (pins(lock), lock.built[0].source) == ({"lower": "1.0"}, f"{url}@{commit}#subdirectory=below")
    (finding,) = refused(locked, args, f"x @ {url}#subdirectory=../..").findings
    assert (finding.code, "has no directory" in finding.message) == ("REQ025", True)
    (finding,) = refused(locked, args, f"x @ {url}@nothing").findings
    assert "its repository cannot be checked out" in finding.message


def test_an_archive(locked, mirror, tmp_path):
    """Of this machine, and by its URL; a hash that is given is held to."""
    server = mirror()
    filename, body = project_maker.sdist()
    server.put(filename, body)
    (tmp_path / filename).write_bytes(body)
    digest = hashlib.sha256(body).hexdigest()
    for word in (
        str(tmp_path / filename),
        f"app @ {server.url}/files/{filename}",
        f"{server.url}/files/{filename}#sha256={digest}",
        f"app @ {server.url}/files/{filename} --hash=sha256:{digest}",
    ):
        lock = locked(server.args, word)
        assert (pins(lock), lock.built[0].source_sha256) == ({"app": "1.0"}, digest), word
    word = f"{server.url}/files/{filename}#sha256={'0' * 64}"
    assert refused(locked, server.args, word, error=IntegrityError).findings[0].code == "REQ006"
    (tmp_path / "r.txt").write_text(f"app @ {server.url}/files/{filename} --hash=sha256:{'0' * 64}\n")
    (finding,) = refused(locked, server.args, files=[tmp_path / "r.txt"], error=IntegrityError).findings
    place = f"{server.url}/files/{filename}"
    assert (finding.code, finding.subject) == ("REQ006", filename)
    assert finding.message == f"{place}: its sha256 is {digest}, the requirement says {'0' * 64}"
    gone = refused(locked, server.args, f"{server.url}/files/x-1.tar.gz", error=EnvironmentProblem)
    assert gone.findings[0].code == "NET003"


def test_the_hash_of_sources_of_an_index(locked, mirror, tmp_path):
    """It is compared with what is built from, and what comes of that is allowed then; that of the wheel, as a
    lock has it, is too. Nothing else is."""
    server = mirror("beta")
    name, body = project_maker.sdist("alpha")
    server.put(name, body)
    path, source = tmp_path / "r.txt", hashlib.sha256(body).hexdigest()
    other = hashlib.sha256(server.files["beta-1-py3-none-any.whl"]).hexdigest()

    def line(*hashes):
        allowed = "".join(f" --hash=sha256:{one}" for one in hashes)
        path.write_text(f"alpha==1.0{allowed}\nbeta==1 --hash=sha256:{other}\n")
        return {"files": [path], "build": ("alpha",)}

    lock = locked(server.args, **line(source))
    (built,) = lock.built
    assert (pins(lock), built.source_sha256) == ({"alpha": "1.0", "beta": "1"}, source)
    for hashes in ([built.sha256], ["0" * 64, source], ["0" * 64, built.sha256]):
        assert pins(locked(server.args, **line(*hashes))) == {"alpha": "1.0", "beta": "1"}
    (finding,) = refused(locked, server.args, error=IntegrityError, **line("0" * 64)).findings
    assert (finding.code, finding.subject, finding.looked_in) == ("REQ006", "alpha", ("sha256:" + "0" * 64,))
    assert finding.message == (
        f"{name} has sha256 {source}, the wheel that it gives {built.sha256}; the request allows neither"
    )


def test_names_of_projects():
    """As --build takes them."""
    assert inputs.built(["Idna_SSL", ":all:", "idna-ssl"]) == ("idna-ssl", ":all:")
    for word in ("a==1", "", "./app", "all:"):
        with pytest.raises(UsageError, match="is no name of a project"):
            inputs.built([word])


@pytest.mark.network
@pytest.mark.skipif(interpreters.of(preset("3.6")) is None, reason="there is no CPython 3.6 here")
def test_real_sources(lock_real):
    """A package that exists as source only, whose wheel aiohttp needs on 3.6."""
    assert {"aiohttp": "3.8.6", "idna-ssl": "1.1.0"}.items() <= lock_real(
        "aiohttp==3.8.6", "idna-ssl"
    ).items()


@pytest.fixture
def lock_real(wheel_cache):
    def lock(requirement, name):
        with Session(preset("3.6"), [], Reporter(), Kept(wheel_cache)) as session:
            return pins(session.lock(Request((requirement,), (), (), None, build=(name,))))

    return lock


def test_a_project_by_another_name(locked, mirror, tmp_path):
    """Is not taken for what was asked for, as with pip."""
    tree = project_maker.tree(tmp_path / "app")
    (finding,) = refused(locked, mirror("six").args, f"other @ {tree.as_uri()}").findings
    assert (finding.code, finding.subject) == ("REQ025", "other")
    assert finding.message.endswith(": it is app, not other")
    assert finding.fix == "ask for it as app"


def test_a_project_that_its_build_does_not_know(locked, mirror, tmp_path):
    """setuptools before 61, as all for Python 3.6, makes an empty "unknown" of what stands in [project] alone;
    no other build may make something else of a project either."""
    server = mirror("six")
    server.add("setuptools", "59.6.0")
    server.put(*bundle_maker.pip_wheel())
    table = "[project]\nname = 'app'\nversion = '1.0'\n"
    empty = {"name": "unknown", "version": "0.0.0", "table": table}
    tree = project_maker.tree(tmp_path / "app", build_requires=["setuptools"], **empty)
    (finding,) = refused(locked, server.args, str(tree)).findings
    assert finding.code == "REQ025"
    assert finding.message == (
        "it calls itself app, and what was built of it is unknown 0.0.0: "
        "setuptools 59.6.0 does not read [project] of pyproject.toml, 61 and newer do"
    )
    assert finding.fix.startswith("say name, version, packages and requirements in setup.cfg")
    tree = project_maker.tree(tmp_path / "other", **empty)
    (finding,) = refused(locked, server.args, str(tree)).findings
    assert finding.message == "it calls itself app, and what was built of it is unknown 0.0.0"


def test_a_project_and_another_version_of_it(locked, mirror, tmp_path):
    """Contradict each other, and nobody says that there is no such project."""
    tree = project_maker.tree(tmp_path / "app")
    (finding,) = refused(locked, mirror("six").args, str(tree), "app>=5").findings
    assert finding.code == "REQ005"
    assert "app" in finding.subject
    (tmp_path / "limits.txt").write_text("app==0.8\n")
    (finding,) = refused(locked, mirror("six").args, str(tree), limits=(tmp_path / "limits.txt",)).findings
    assert finding.code == "REQ005"


def test_a_path_in_a_projects_metadata(locked, mirror, tmp_path):
    """It leads nowhere from here, so nobody is told to ask for it as it stands; what is told helps."""
    args = mirror("six").args
    beta = project_maker.tree(tmp_path / "beta", name="beta", requires=["app @ file:../app"])
    app = project_maker.tree(tmp_path / "app")
    found = refused(locked, args, str(beta)).findings[0]
    assert (found.code, found.subject) == ("REQ007", "app")
    assert found.fix == "let the package ask for app by its name alone; then give its directory here too"
    again = project_maker.tree(tmp_path / "again", name="beta", requires=["app"])
    assert set(pins(locked(args, str(again), str(app)))) == {"app", "beta"}


def test_the_same_tree_from_two_places(locked, mirror, tmp_path):
    """The lock tells the one that was asked for, whichever was built first."""
    args = mirror("six").args
    tree = project_maker.tree(tmp_path / "app")
    assert locked(args, str(tree)).built[0].source == "app, a project directory"
    name, data = project_maker.sdist("app")
    (tmp_path / name).write_bytes(data)
    again = locked(args, str(tmp_path / name)).built[0]
    assert again.source == name
    assert locked(args, str(tree)).built[0] == again._replace(
        source="app, a project directory", source_sha256=locked(args, str(tree)).built[0].source_sha256
    )


def test_what_is_built_to_find_a_cure(locked, mirror):
    """A few sources and no more: what was not tried for that is said."""
    server = mirror()
    for version in ("1", "2"):
        server.add("six", version)
    server.add("beta", requires=["six>=2"])
    for minor in range(5, 10):
        server.put(*project_maker.sdist("alpha", f"2.{minor}", requires=["six<2"]))
    server.put(*project_maker.sdist("alpha", "2.4", requires=["six"]))
    (finding,) = refused(locked, server.args, "alpha==2.9", "beta", build=("alpha",)).findings
    assert finding.code == "REQ005"
    assert finding.fix.startswith("find out what else would do: ask for alpha and beta and six alone, ")
    assert finding.fix.endswith(": with other versions there were too many sources to build")
    assert len(locked.told.builds) == 1 + 4
    server = mirror()
    for version in ("1", "2"):
        server.add("six", version)
    server.add("beta", requires=["six>=2"])
    server.put(*project_maker.sdist("alpha", "2.5", requires=["six<2"]))
    server.put(*project_maker.sdist("alpha", "2.4", requires=["six"]))
    (finding,) = refused(locked, server.args, "alpha==2.5", "beta", build=("alpha",)).findings
    assert finding.fix == "use alpha==2.4: the whole request resolves with it"

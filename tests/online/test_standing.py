"""A lock with hashes is not resolved again, and needs no index once its wheels are here."""

import hashlib
import re
import socket

import pytest

from offkit.model.errors import EnvironmentProblem, IntegrityError, RequestError
from offkit.model.report import Reporter
from offkit.online.request import inputs, pins
from offkit.online.request.locked import Lock, Request
from offkit.online.resolve import standing
from offkit.online.resolve.lock import Session
from offkit.online.wheels import fetch
from offkit.online.wheels.kept import Kept
from target_maker import preset

EL7 = preset("3.6")


def sha256(body):
    return hashlib.sha256(body).hexdigest()


def required(request, cache):
    standing.require(request, inputs.pinned(request, EL7), EL7, cache)


class Notes(Reporter):
    def __init__(self):
        self.told = []

    def note(self, text):
        self.told.append(text)


@pytest.fixture
def world(mirror, tmp_path, monkeypatch):
    """alpha needs beta, and gamma for its extra; all of it is in the cache. ``lock(text)`` locks a file
    of that text, by an index that may be gone."""
    server = mirror(metadata=True)
    server.add("alpha", "1", requires=["beta>=1,<3", 'gamma; extra == "more"', 'never; python_version < "3"'])
    server.put(*_extra(server, "alpha-1-py3-none-any.whl", "more"))
    server.add("beta", "2")
    server.add("gamma", "1.0", requires=["beta (>1.*)"])

    class World:
        cache = tmp_path / "cache"
        target = EL7
        offline = False

        def __init__(self):
            self.notes = []

        def pin(self, name, extras="", more=""):
            file = next(one for one in server.files if one.startswith(name + "-"))
            return f"{name}{extras}=={file.split('-')[1]}{more} --hash=sha256:{sha256(server.files[file])}\n"

        def lock(self, text, args=server.args):
            file = tmp_path / "lock.txt"
            file.write_text(text)
            notes = Notes()
            with Session(self.target, args, notes, Kept(self.cache), self.offline) as session:
                lock = session.lock(Request((), (file,), ()))
                if args:
                    fetch.fetch(lock.wheels, session.repository.session, self.cache, Reporter())
            self.notes = notes.told
            return lock

        def alone(self, text):
            """The lock, without an index; the notes where it would be asked."""
            asked = len(server.asked)
            with monkeypatch.context() as cut:
                cut.setattr(socket, "socket", refuse)
                lock = self.lock(text, [])
            assert len(server.asked) == asked
            return lock

        def why(self, text):
            """What is noted when the index is asked all the same."""
            self.lock(text)
            return self.notes

    def refuse(*words, **more):
        raise AssertionError("a socket")

    made = World()
    made.server = server
    made.everything = made.pin("alpha", "[more]") + made.pin("beta") + made.pin("gamma")
    made.lock(made.everything)
    return made


def _extra(server, filename, extra):
    """The wheel again, which provides that extra."""
    import io
    import zipfile

    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(server.files[filename])) as old, zipfile.ZipFile(sink, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            if name.endswith("/METADATA"):
                body += f"Provides-Extra: {extra}\n".encode()
            new.writestr(name, body)
    return filename, sink.getvalue()


def test_without_a_socket(world):
    """The same lock that the resolver found, but for the addresses, and what was repaired of it."""
    resolved = world.lock(world.everything + "delta==1; python_version > '3.7' --hash=sha256:" + "0" * 64)
    assert "the lock holds, and the cache has its wheels: no index is asked" in world.notes
    (world.cache / "wheels" / resolved.wheels[1].sha256 / resolved.wheels[1].filename).unlink()
    resolved = world.lock(world.everything)
    assert [bool(wheel.url) for wheel in resolved.wheels] == [True] * 3
    alone = world.alone(world.everything)
    assert [wheel._replace(url="") for wheel in resolved.wheels] == list(alone.wheels)
    assert alone.wheels[1].via == ("alpha", "gamma", "the request")
    assert [(one.name, one.wrong, one.right) for one in alone.repairs] == [
        ("gamma", "beta (>1.*)", "beta (>1)")
    ]
    assert alone.text(why=True) == resolved.text(why=True)


def test_as_other_tools_write_it(world):
    """Comments, continued lines, options that say where files come from, hashes of all files of a release."""
    text = re.sub(" --hash", f" \\\\\n    --hash=sha256:{'0' * 64} \\\\\n    --hash", world.everything)
    where = f"--index-url {world.server.url}/simple"
    text = f"#\n# by pip-compile\n#\n{where}\n\n{text}    # via alpha\n"
    asked = len(world.server.asked)
    first = world.lock(text)
    assert len(world.server.asked) > asked  # which of the files is meant, the index alone knows
    assert [wheel._replace(url="") for wheel in first.wheels] == list(world.alone(text).wheels)
    world.target = preset("3.8", "el8")  # and knows it for each target
    (said, *_) = standing.look(pins.parse(text), world.target, world.cache)
    assert said.message == "1: which of its 2 files is meant is not known here"
    assert world.lock(text).wheels == first.wheels


@pytest.mark.parametrize(
    "line", ["alpha", "alpha>=1 --hash=sha256:" + "0" * 64, "alpha==1", "alpha==1.* --hash=sha256:" + "0" * 64,
             "-c other.txt", "-r other.txt", "-e .", "./alpha-1-py3-none-any.whl", "alpha @ https://index.test/a.whl",
             "alpha==1 --hash=sha512:00", "--pre", "alpha===1 --hash=sha256:" + "0" * 64, "alpha==x --hash=sha256:00"],
)  # fmt: skip
def test_what_is_no_lock(line):
    """One line of another kind, and the whole file is the resolver's."""
    lock = "beta==1 --hash=sha256:" + "0" * 64 + "\n"
    assert len(pins.parse(lock)) == 1
    assert pins.parse(lock + line + "\n") is None


def test_files_that_cannot_be_read(tmp_path):
    """Whoever reads them next says why."""
    (tmp_path / "latin").write_bytes(b"\xe9")
    assert pins.read([tmp_path / "latin"]) is None
    assert pins.read([tmp_path / "nowhere"]) is None
    assert inputs.pinned(Request(("alpha",), (), ()), EL7) == []


def test_a_lock_that_is_not_closed(world):
    """What is missing is said, and the resolver finds it."""
    notes = world.why(world.pin("alpha"))
    assert "beta: is needed by alpha 1 (beta>=1,<3) and not in the lock" in notes
    world.server.add("beta", "3")
    beta = world.pin("beta").replace("==2", "==3")
    three = beta.replace(beta.split(":")[1].strip(), sha256(world.server.files["beta-3-py3-none-any.whl"]))
    with pytest.raises(RequestError):  # a contradiction, which is the resolver's to explain
        world.lock(world.pin("alpha") + three)
    world.lock(three)
    assert world.alone(three).wheels[0].version == "3"
    with pytest.raises(RequestError):
        world.lock(world.pin("alpha") + three)
    assert isinstance(standing.look(pins.parse(three), EL7, world.cache), Lock)
    (said,) = standing.look(pins.parse(world.pin("alpha") + three), EL7, world.cache)
    assert said.message == "is needed by alpha 1 (beta>=1,<3); the lock has 3"


def test_wheels_that_do_not_stand(world):
    """Not for that target, with an extra that is none, not a wheel at all, not there."""

    def said(text, target=EL7):
        return [one.message for one in standing.look(pins.parse(text), target, world.cache)]

    server = world.server
    for name, tag, more in (
        ("old", "cp35-cp35m-linux_x86_64", ""),
        ("new", "py3-none-any", "Requires-Python: >=3.8\n"),
    ):
        server.add(name, "1", tag=tag)
        file = next(one for one in server.files if one.startswith(name))
        if more:
            server.put(*_extra(server, file, "x\n" + more.strip()))
        place = world.cache / "wheels" / sha256(server.files[file])
        place.mkdir()
        (place / file).write_bytes(server.files[file])
    assert said(world.pin("old")) == [f"old-1-cp35-cp35m-linux_x86_64.whl is not for {EL7.describe()}"]
    assert said(world.pin("new")) == ["new-1-py3-none-any.whl is not for CPython 3.6.8"]
    assert isinstance(standing.look(pins.parse(world.pin("new")), preset("3.8", "el8"), world.cache), Lock)
    assert said(world.pin("beta", "[odd]")) == ["beta-2-py3-none-any.whl has no extra odd"]
    absent = "beta==2 --hash=sha256:" + "0" * 64
    assert said(absent) == [f"2 with sha256 {'0' * 64} is not in the cache"]
    junk = world.cache / "wheels" / sha256(b"junk")
    junk.mkdir()
    (junk / "beta-2-py3-none-any.whl").write_bytes(b"junk")
    assert said("beta==2 --hash=sha256:" + sha256(b"junk")) == [
        "beta-2-py3-none-any.whl cannot be read: File is not a zip file"
    ]
    assert said(world.pin("beta") + "beta==2 --hash=sha256:" + sha256(b"junk"))[0].endswith("not a zip file")
    beta = world.pin("beta")
    (world.cache / "wheels" / beta.split(":")[1].strip() / "beta-2-py3-none-any.whl").write_bytes(b"rotten")
    assert said(beta)[0].endswith("is not in the cache")


def test_offline(world):
    """A lock that stands is taken; of another everything that is missing is named, exit 4."""
    world.offline = True
    assert len(world.alone(world.everything).wheels) == 3
    absent = "".join(f"{name}==1 --hash=sha256:{digit * 64}\n" for name, digit in (("x", "1"), ("y", "2")))
    with pytest.raises(EnvironmentProblem, match=r"/simple/x/ would be asked, and --offline forbids it"):
        world.lock(absent)
    file = world.cache / "lock.txt"
    file.write_text(world.pin("alpha") + absent)
    with pytest.raises(EnvironmentProblem) as caught:
        required(Request((), (file,), ()), world.cache)
    assert caught.value.exit_code == 4
    assert [one.subject for one in caught.value.findings] == ["x", "y", "beta"]
    with pytest.raises(EnvironmentProblem, match="the request is no lock with hashes"):
        required(Request(("alpha",), (), ()), world.cache)


def test_an_empty_cache(world, tmp_path):
    """The index is asked for each project once, several at a time, and not for what a resolver would
    try; what it says of the files that are meant is passed on."""
    server = world.server
    server.put("beta-2-py3-none-any.whl", server.files["beta-2-py3-none-any.whl"], yanked="wrong")
    server.add("beta", "1")
    server.asked.clear()
    world.cache = tmp_path / "other"
    lock = world.lock(world.everything)
    assert [(one.code, one.subject) for one in lock.findings] == [("REQ013", "beta")]
    pages = [path for _, path in server.asked if path.startswith("/simple/")]
    beside = [path for _, path in server.asked if path.endswith(".metadata")]
    assert sorted(pages) == ["/simple/alpha/", "/simple/beta/", "/simple/gamma/"]
    assert len(beside) == 3
    assert [wheel.via for wheel in lock.wheels][1] == ("alpha", "gamma", "the request")


def test_metadata_that_is_not_what_the_index_says(world, tmp_path, monkeypatch):
    """Then the resolver is to have a look, which says what is wrong."""
    import index_maker

    real = index_maker.metadata
    told = iter(range(100))
    monkeypatch.setattr(index_maker, "metadata", lambda body: real(body) + b"X: %d\n" % next(told))
    world.cache = tmp_path / "other"
    with pytest.raises(IntegrityError, match="files on the index do not match the lock"):
        world.lock(world.everything)


def test_what_clashes_is_told_of_a_lock_too(world, mirror):
    """Of one that the index answers for, and of one that the cache has."""
    server = world.server
    for name in ("opencv_python", "opencv_contrib_python"):
        server.add(name, "1", files={f"{name}.py": b""})
    text = world.pin("opencv_python") + world.pin("opencv_contrib_python")
    for lock in (world.lock, world.alone):
        assert [one.code for one in lock(text).findings] == ["REQ019"]


def test_a_constraint_is_the_resolvers_business(world, tmp_path):
    """It may forbid what a lock pins; then the lock does not stand."""
    lock = world.pin("beta") + world.pin("gamma")
    world.lock(lock)
    file, limits = tmp_path / "lock.txt", tmp_path / "c.txt"
    limits.write_text("beta==9\n")
    request = Request((), (file,), (), (limits,))
    assert inputs.pinned(Request((), (file,)), EL7)
    assert inputs.pinned(request, EL7) == []
    with (
        Session(EL7, world.server.args, Reporter(), Kept(world.cache)) as session,
        pytest.raises(RequestError),
    ):
        session.lock(request)


@pytest.mark.parametrize("form", ["pylock.toml", "lock.txt"])
def test_wheels_given_by_their_place(world, tmp_path, form):
    """With their hashes, in either form of a lock: no index is asked of them, nor is one wanted offline."""
    folder = tmp_path / "a b \u00e9"
    folder.mkdir()
    name = "alpha-1-py3-none-any.whl"
    (folder / name).write_bytes(world.server.files[name])
    digest = sha256(world.server.files[name])
    beta = world.pin("beta").split(":")[1].strip()
    lock = folder / form
    if form == "lock.txt":
        text = f"alpha @ {(folder / name).as_uri()}#sha256={digest}\n" + world.pin("beta")
    else:
        text = 'lock-version = "1.0"\ncreated-by = "somebody"\n' + "".join(
            f'[[packages]]\nname = "{name}"\nversion = "{version}"\nwheels = [{{ {place}, hashes = {{ sha256 = "{known}" }} }}]\n'
            for name, version, place, known in (
                ("alpha", "1", f'path = "{name}"', digest),
                ("beta", "2", 'url = "https://index.test/beta-2-py3-none-any.whl"', beta),
            )
        )  # fmt: skip
    lock.write_text(text, encoding="utf-8")
    request = Request((), (lock,), ())

    def locked(args, cache, offline=False):
        with Session(EL7, args, Reporter(), Kept(cache), offline) as session:
            return session.lock(request)

    (world.cache / "wheels" / digest / name).unlink()
    required(request, world.cache)
    alone = locked([], world.cache, offline=True)
    assert (alone.wheels[0].name, alone.wheels[0].origin) == ("alpha", "a local directory")
    world.server.asked.clear()
    asked = locked(world.server.args, tmp_path / "other")
    assert [path for _, path in world.server.asked if path.startswith("/simple/")] == ["/simple/beta/"]
    assert [one.sha256 for one in asked.wheels] == [one.sha256 for one in alone.wheels]
    (folder / name).write_bytes(b"other")
    with pytest.raises(EnvironmentProblem) as caught:
        required(request, world.cache)
    (said,) = (one.message for one in caught.value.findings if one.subject == "alpha")
    assert said == f"{folder / name} has sha256 {sha256(b'other')}, and the lock says {digest}"
    (folder / name).unlink()
    (said,) = (one.message for one in standing.look(inputs.pinned(request, EL7), EL7, world.cache))
    assert said == f"1 is not in the cache, and {folder / name} cannot be read: No such file or directory"

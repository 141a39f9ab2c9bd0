"""What sources say they require: read, with nothing of them run, so that all that is missing is met at once."""

import gzip
import io
import sys
import tarfile
import zipfile

import pytest

import bundle_maker
import project_maker
from offkit.model.errors import RequestError
from offkit.model.report import Reporter
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from offkit.online.sources import stated
from offkit.online.sources.stated import Stated
from offkit.online.wheels.kept import Kept
from target_maker import preset

HERE = preset("{}.{}".format(*sys.version_info[:2]))
EXTENSION = {"setup.py": "setup(ext_modules=[Extension('fast', ['src/fast.c'])])", "src/fast.c": ""}


def packed(stem, files):
    """(file name, bytes) of a source distribution."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{stem}/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return stem + ".tar.gz", gzip.compress(sink.getvalue(), mtime=0)


def says(name, *requires, version="1.0"):
    """PKG-INFO."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    return "\n".join([*lines, *(f"Requires-Dist: {one}" for one in requires)]) + "\n"


class Told(Reporter):
    def __init__(self):
        self.builds = []

    def step(self, text):
        self.builds += [text] if text.startswith("building") else []


@pytest.fixture
def lock(tmp_path):
    def run(server, *requirements, build=()):
        run.told = Told()
        with Session(HERE, server.args, run.told, Kept(tmp_path / "cache")) as session:
            return session.lock(Request(requirements, (), (), build=build))

    return run


def refused(lock, server, *requirements, **more):
    with pytest.raises(RequestError) as caught:
        lock(server, *requirements, **more)
    found = {one.subject: one for one in caught.value.findings}
    assert len(found) == len(caught.value.findings)
    return found


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"PKG-INFO": says("a", "b>1", "c; extra == 'x'")}, Stated(("b>1", "c; extra == 'x'"), True, "")),
        (
            {
                "PKG-INFO": says("a"),
                "setup.py": "",
                "src/a.egg-info/requires.txt": "b\n\n[:python_version<'3']\nc\n\n[x]\nd\n\n[x:os_name=='nt']\ne\n",
            },
            Stated(
                (
                    "b",
                    "c ; (python_version<'3')",
                    "d ; extra == 'x'",
                    "e ; (os_name=='nt') and extra == 'x'",
                ),
                True,
                "",
            ),
        ),
        ({"setup.py": "setup(install_requires=[])", "a.egg-info/PKG-INFO": says("a")}, Stated((), True, "")),
        ({"setup.py": "from distutils.core import setup", "a.c": ""}, Stated((), True, "")),
        ({"setup.py": "setup(install_requires=read())"}, Stated((), False, "")),
        ({"pyproject.toml": "[project]\nname = 'a'\ndependencies = ['b']\n"}, Stated(("b",), True, "")),
        ({"pyproject.toml": "[project]\ndynamic = ['dependencies']\n"}, Stated((), False, "")),
        ({"pyproject.toml": "[broken"}, Stated((), False, "")),
        (EXTENSION, Stated((), True, "src/fast.c")),
        ({"setup.py": "class B(build_ext): pass", "tests/x.c": ""}, Stated((), True, "")),
        ({}, Stated((), False, "")),
    ],
)
def test_what_they_say(tmp_path, files, expected):
    """In an archive of either kind, as in its tree."""
    name, data = packed("a-1.0", files)
    (tmp_path / name).write_bytes(data)
    with zipfile.ZipFile(tmp_path / "a-1.0.zip", "w") as archive:
        for path, text in files.items():
            archive.writestr(f"a-1.0/{path}", text)
    for path, text in files.items():
        (tmp_path / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / path).write_text(text)
    found = [stated.of_archive(tmp_path / one) for one in (name, "a-1.0.zip")]
    assert [*found, stated.of(tmp_path / "tree")] == [expected] * 3


def test_what_cannot_be_read(tmp_path):
    """Says nothing."""
    for data in (b"", b"no archive", packed("a-1", {"setup.py": "x" * 9000})[1][:40]):
        (tmp_path / "a-1.tar.gz").write_bytes(data)
        assert stated.of_archive(tmp_path / "a-1.tar.gz") is None
    assert stated.of_archive(tmp_path / "none.tar.gz") is None


@pytest.fixture
def server(mirror):
    """alpha is source only, as beta that it needs, and gamma that this needs."""
    server = mirror("delta")
    server.put(*bundle_maker.pip_wheel())
    server.put(*project_maker.sdist("alpha", requires=["beta>=1"], info=says("alpha", "beta>=1")))
    server.put(
        *project_maker.sdist("beta", requires=["gamma"], info=says("beta", "gamma", "zeta; extra == 'z'"))
    )
    server.put(*project_maker.sdist("gamma", requires=["delta"], info=says("gamma", "delta")))
    return server


def test_all_of_them_at_once(lock, server):
    """Every name that --build needs is in the cure, and with those it works."""
    found = refused(lock, server, "alpha")
    assert {name: one.code for name, one in found.items()} == dict.fromkeys(
        ["alpha", "beta", "gamma"], "REQ002"
    )
    assert found["beta"].message.startswith("beta>=1, needed by alpha 1.0: only source distributions exist")
    assert {one.fix.splitlines()[0] for one in found.values()} == {
        "--build alpha --build beta --build gamma builds them here, those that are pure Python: "
        "the whole request resolves with them"
    }
    assert lock.told.builds == []
    done = lock(server, "alpha", build=("alpha", "beta", "gamma"))
    assert [one.name for one in done.wheels] == ["alpha", "beta", "delta", "gamma"]


def test_one_alone_is_not_built_in_vain(lock, server):
    """Nor an older release of it after the other."""
    for version in ("0.8", "0.9"):
        server.put(
            *project_maker.sdist(
                "alpha", version, requires=["beta"], info=says("alpha", "beta", version=version)
            )
        )
    found = refused(lock, server, "alpha", build=("alpha",))
    assert {name: one.code for name, one in found.items()} == {
        "alpha": "REQ025", "beta": "REQ002", "gamma": "REQ002",
    }  # fmt: skip
    message = "alpha-1.0.tar.gz cannot be built here: it requires beta>=1, which cannot be had"
    assert found["alpha"].message == message
    assert found["beta"].fix.startswith("--build beta --build gamma builds them here")
    assert lock.told.builds == []


def test_what_is_compiled_is_carried(lock, server):
    """Where its source says so; and the rest is built."""
    server.put(*packed("gamma-2.0", EXTENSION))
    found = refused(lock, server, "alpha")
    first, second, _ = found["alpha"].fix.splitlines()
    tried = "the whole request resolves with them"
    assert first == (
        "offkit bundle --build alpha --build beta --carry-source gamma builds here what is pure Python: "
        + tried
    )
    assert second == (
        "or offkit bundle --carry-source alpha --carry-source beta --carry-source gamma carries them as sources, "
        "to be compiled on the server: " + tried
    )
    (alone,) = refused(lock, server, "gamma").values()
    assert alone.fix.splitlines()[0].startswith("offkit bundle --carry-source gamma carries it as source")


def test_what_a_newer_one_was_passed_over_for(lock, server):
    """All of it, in one run."""
    server.add("omega", "1")
    server.add("omega", "2", requires=["alpha", "sigma"])
    server.put(*project_maker.sdist("sigma", info=says("sigma"), requires=[]))
    (found,) = lock(server, "omega").findings
    assert (found.code, found.subject) == ("REQ011", "omega")
    assert "; nor can sigma, beta, gamma be had" in found.message
    options = "--build alpha --build sigma --build beta --build gamma"
    assert found.fix.splitlines()[0].startswith(f"{options} builds them here")
    build = tuple(options.replace("--build ", "").split())
    assert (
        next(one.version for one in lock(server, "omega", build=build).wheels if one.name == "omega") == "2"
    )


def test_other_sources_may_do(lock, server):
    """What the newest of them requires speaks against these alone: it is no conflict, and nothing is promised."""
    server.add("delta", "3")
    server.put(*project_maker.sdist("gamma", "2.0", info=says("gamma", "delta>=3", version="2.0")))
    found = refused(lock, server, "gamma", "delta<3")
    assert [(name, one.code) for name, one in found.items()] == [("gamma", "REQ002")]
    assert found["gamma"].fix.splitlines()[0] == "--build gamma builds it here, if it is pure Python"

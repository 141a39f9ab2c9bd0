"""Resolving against an index of a few files on this machine: what fits, and what is said of what does not."""

import hashlib
import pkgutil

import pytest

import bundle_maker
from offkit.model.errors import EnvironmentProblem, IntegrityError, OffkitError, RequestError, UsageError
from offkit.model.report import Reporter
from offkit.online.carry import bootstrap
from offkit.online.index import indexes, upstream
from offkit.online.reasons import absence
from offkit.online.reasons.causes import Cause
from offkit.online.reasons.stubs import Stubs
from offkit.online.request.locked import Request
from offkit.online.resolve import foreign
from offkit.online.resolve.lock import Session
from target_maker import preset

EL7 = preset("3.6")


def locked(args, *requirements, files=(), reporter=None):
    with Session(EL7, args, reporter or Reporter()) as session:
        return session.lock(Request(requirements, tuple(files), ()))


def refused(args, *requirements, error=RequestError, files=()):
    with pytest.raises(error) as caught:
        locked(args, *requirements, files=files)
    return caught.value


def pins(lock):
    return {wheel.name: wheel.version for wheel in lock.wheels}


def test_the_target_decides(mirror):
    """Its tags, its markers, its Python; whatever this interpreter is, and only for the call."""
    from pip._vendor.packaging.markers import default_environment

    before = default_environment()
    server = mirror("former", "later")
    server.add("alpha", "1", requires=['former; python_version < "3.7"', 'later; python_version >= "3.7"'])
    server.add("beta", "1", tag="cp36-cp36m-manylinux2010_x86_64")
    server.add("beta", "2", tag="cp311-cp311-manylinux_2_17_x86_64")
    server.add("beta", "3", tag="cp36-cp36m-manylinux_2_28_x86_64")
    server.add("gamma", "1")
    filename = server.add("gamma", "2")
    server.put(filename, server.files[filename], requires_python=">=3.7")
    server.put("gamma-3.tar.gz")
    found = locked(server.args, "alpha", "beta", "gamma")
    assert pins(found) == {"alpha": "1", "beta": "1", "former": "1", "gamma": "1"}
    assert [wheel.name for wheel in found.wheels] == ["alpha", "beta", "former", "gamma"]
    assert default_environment() == before


def test_it_is_resolved_once(mirror, monkeypatch):
    """Where everything can be had, and once more for each round of what cannot."""
    calls, real = [], foreign.resolve

    def resolve(*given):
        calls.append(given)
        return real(*given)

    monkeypatch.setattr(foreign, "resolve", resolve)
    args = mirror("alpha").args
    locked(args, "alpha")
    assert len(calls) == 1
    refused(args, "alpha==2")
    assert len(calls) == 5  # the last two try cures: the nearest version, and any


def test_what_a_lock_says_of_a_wheel(mirror, tmp_path):
    """Name, version, file, where it is, its hash, and who wants it."""
    server = mirror("beta")
    server.add("alpha", "1.5", requires=["beta"])
    path = tmp_path / "requirements.txt"
    path.write_text("alpha>=1\n")
    alpha, beta = locked(server.args, files=[path]).wheels
    digest = hashlib.sha256(server.files[alpha.filename]).hexdigest()
    assert alpha[:4] == (
        "alpha",
        "1.5",
        "alpha-1.5-py3-none-any.whl",
        server.url + "/files/" + alpha.filename,
    )
    assert (alpha.sha256, alpha.via, beta.via) == (digest, ("the request",), ("alpha",))
    lock = locked(server.args, "alpha", "beta")
    assert [wheel.via for wheel in lock.wheels] == [("the request",), ("alpha", "the request")]
    lines = lock.text(why=True).splitlines()
    assert lines[1] == f"# from {server.url}/simple"
    assert lines[2:5] == ["alpha==1.5 \\", "    --hash=sha256:" + digest, "    # via the request"]
    assert "#" not in lock.text()[1:]


def test_all_that_cannot_be_had_in_one_run(mirror):
    """For other Pythons, as source only, no such version, no such project, and one that a dependency wants."""
    server = mirror("fine")
    server.add("others", "2.0", tag="cp38-cp38-manylinux2014_x86_64")
    server.add("others", "2.1", tag="cp39-cp39-manylinux2014_x86_64")
    server.add("others", "1.1", tag="cp36-cp36m-manylinux2014_x86_64")
    server.put("others-2.1.tar.gz")
    server.put("sources-1.4.tar.gz")
    server.add("wanting", "1", requires=["hidden>=2"])
    server.put("hidden-2.0.tar.gz")
    server.add("versions", "1.0")
    server.add("versions", "1.1")
    error = refused(server.args, "others>=2", "sources", "versions==7", "nobody", "fine", "wanting")
    found = {one.subject: one for one in error.findings}
    assert {name: one.code for name, one in found.items()} == {
        "others": "REQ001",
        "sources": "REQ002",
        "hidden": "REQ002",
        "nobody": "REQ003",
        "versions": "REQ004",
    }
    assert error.message.startswith("cannot be resolved for el7 x86_64, CPython 3.6.8 (cp36m), glibc 2.17: ")
    assert {one.severity for one in error.findings} == {"error"}
    assert (
        found["others"].message
        == "others>=2: its wheels for this system are for cp38, cp39, not for cp36m; there is its source (others-2.1.tar.gz)"
    )
    assert found["others"].looked_in == ("4 files of others on the index",)
    sources = [
        "offkit bundle --build sources --build hidden --carry-source others builds here what is pure Python",
        "or offkit bundle --carry-source others --carry-source sources --carry-source hidden carries them as "
        "sources, to be compiled on the server",
        "or build wheels on a machine like the server: python3.6 -m pip install -U setuptools wheel && "
        "python3.6 -m pip wheel --no-deps others==2.1 sources==1.4 hidden==2.0 -w DIR; "
        "then add --find-links DIR here",
    ]
    assert found["others"].fix.splitlines() == [
        "use others==1.1: everything but nobody, sources, versions, wanting resolves with it",
        "or deploy another Python: everything but nobody, sources, versions, wanting resolves with --python 3.8 --target el7",
        "or " + sources[0],
        *sources[1:],
    ]
    assert found["sources"].message == "sources: only source distributions exist (sources-1.4.tar.gz)"
    assert found["sources"].fix.splitlines() == sources
    assert found["hidden"].fix == found["sources"].fix  # so it is told once
    assert found["hidden"].message.startswith("hidden>=2, needed by wanting 1: only source")
    assert found["nobody"].message == "nobody: no such project"
    assert "--extra-index-url" in found["nobody"].fix
    assert (
        found["versions"].message
        == "versions==7: no such version; the nearest for Python 3.6 there are 1.0, 1.1"
    )
    assert (
        found["versions"].fix
        == "use versions==1.1: everything but nobody, others, sources, wanting resolves with it"
    )


def test_what_else_there_is(mirror):
    """Sources with an older wheel; a wheel for a newer glibc or another architecture; none at all."""
    server = mirror()
    server.put("older-2.0.tar.gz")
    server.add("older", "1.0")
    server.add("newer", "1.0", tag="cp36-cp36m-manylinux_2_28_x86_64.manylinux_2_28_aarch64")
    server.add("apple", "1.0", tag="cp36-cp36m-macosx_10_9_x86_64")
    server.add("never", "1.0", tag="pp36-pypy36_pp73-win32")
    found = {
        one.subject: one for one in refused(server.args, "older==2.0", "newer", "apple", "never").findings
    }
    build = "build a wheel on a machine like the server: python3.6 -m pip install -U setuptools wheel && python3.6 -m pip wheel --no-deps older==2.0 -w DIR"
    first, option, carried, second = found["older"].fix.splitlines()
    assert option == "or --build older builds it here, if it is pure Python"
    assert (
        carried == "or offkit bundle --carry-source older carries it as source, to be compiled on the server"
    )
    assert first == "use older==1.0: everything but apple, never, newer resolves with it"
    assert second == f"or {build}; then add --find-links DIR here"
    newer = "target a newer system: everything but apple, never, older resolves with --target el8"
    assert found["newer"].fix == newer
    assert found["newer"].message.endswith("its wheels need glibc 2.28; the server has 2.17")
    no_other = "it is for {0} alone: no version has a source, or a wheel for another system"
    for name, system in (("apple", "macOS"), ("never", "Windows")):
        message = f"{name}: it has no wheel for Linux on x86_64, only for {system}; {no_other}"
        assert found[name].message == message.format(system)
        assert found[name].fix == ""  # nothing is left without both, and what else is not to be had
    (finding,) = refused(server.args, "never==3").findings
    assert (finding.code, finding.fix) == ("REQ004", "")


def test_a_local_version_of_another_index(mirror):
    """As pip freeze writes it: the version that it is a build of is proposed, not the newest."""
    server = mirror()
    for version in ("1.13.1", "2.0"):
        server.add("alpha", version)
        server.add("beta", version)
    (finding,) = refused(server.args, "alpha==1.13.1+cu117 --hash=sha256:" + "0" * 64).findings
    first = "use alpha==1.13.1: the whole request resolves with it"
    assert finding.fix.splitlines() == [first, "or name the index that has +cu117: --extra-index-url URL"]
    found = refused(server.args, "alpha[x]===1.13.1+cu117", "beta==9; python_version > '3'").findings
    for one in found:
        assert one.fix.startswith("use alpha==1.13.1, beta==2.0: the whole request resolves with them")
    assert pins(locked(server.args, "alpha==1.13.1", "beta==2.0")) == {"alpha": "1.13.1", "beta": "2.0"}


def test_a_wheel_that_was_withdrawn(mirror):
    """It is taken when it is pinned, and never proposed."""
    server = mirror()
    filename = server.add("alpha", "2")
    server.put(filename, server.files[filename], yanked="broken")
    server.add("alpha", "1")
    assert pins(locked(server.args, "alpha==2")) == {"alpha": "2"}
    assert pins(locked(server.args, "alpha")) == {"alpha": "1"}
    (finding,) = refused(server.args, "alpha==3").findings
    assert finding.fix == "use alpha==1: the whole request resolves with it"


def test_what_is_listed_and_is_no_package(mirror):
    """Eggs, installers and signatures are passed over."""
    server = mirror()
    for name in ("alpha-1-py3.6.egg", "alpha-1.win32.exe", "alpha-1.tar.gz.asc", "alpha-x-y.whl"):
        server.put(name)
    server.put("alpha-2.tar.gz")
    (finding,) = refused(server.args, "alpha").findings
    assert (finding.code, finding.looked_in) == ("REQ002", ("1 file of alpha on the index",))


def test_a_contradiction(mirror):
    """Each could be had alone: both sides are named."""
    server = mirror()
    server.add("beta", "1")
    server.add("beta", "3")
    server.add("alpha", "1", requires=["beta>=2"])
    (finding,) = refused(server.args, "alpha", "beta<2").findings
    assert (finding.code, finding.subject) == ("REQ005", "beta")
    assert sorted(finding.looked_in) == ["alpha 1 needs beta>=2", "you asked for beta<2"]


def test_what_is_explained_already(mirror, tmp_path):
    """A stand-in takes its place, or it wants another Python; what comes behind is explained all the same."""
    stubs = Stubs(tmp_path)
    stubs.add("former", "2")
    causes = [
        Cause("", ">=3.9", "Python >=3.9", "alpha 1"),
        Cause("former", ">=2", "former>=2", ""),
        Cause("nobody", "", "nobody", ""),
    ]
    with Session(EL7, mirror("alpha").args, Reporter()) as session:
        found = [one.finding for one in absence.explain(causes, session._asked()._replace(stubs=stubs))]
    assert [(one.code, one.subject) for one in found] == [("REQ008", "alpha"), ("REQ003", "nobody")]
    assert (stubs.grew(), stubs.grew()) == (True, False)
    assert "nobody-0-py3-none-any.whl" in stubs


def test_a_package_for_another_python(mirror):
    """The index did not say so, its metadata does."""
    server = mirror()
    name, info = "alpha-1-py3-none-any.whl", "alpha-1.dist-info/"
    server.put(
        name,
        bundle_maker.zipped(
            {
                "alpha.py": b"",
                info
                + "METADATA": b"Metadata-Version: 2.1\nName: alpha\nVersion: 1\nRequires-Python: >=3.9\n",
                info + "WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
                info + "RECORD": b"",
            }
        ),
    )
    (finding,) = refused(server.args, "alpha").findings
    assert (finding.code, finding.subject) == ("REQ008", "alpha")
    assert finding.message == "alpha: needs Python >=3.9; the server has 3.6.8"
    assert finding.fix == "deploy another Python: the whole request resolves with --python 3.9 --target el7"


def test_sources_that_nobody_asked_for_are_refused_unbuilt(mirror, tmp_path):
    """A package may name a directory or an archive; pip would build it, with whatever it does."""
    (tmp_path / "setup.py").write_text("raise SystemExit('must not run')")
    for place in (tmp_path.as_uri(), "https://host.invalid/x-1.tar.gz", "git+https://me:word@host.invalid/x"):
        server = mirror()
        server.add("alpha", requires=[f"x @ {place}"])
        (finding,) = refused(server.args, "alpha").findings
        assert (finding.code, finding.subject) == ("REQ007", "x")
        assert finding.message.endswith("which is no wheel and was not asked for")
        assert "word" not in repr(finding)


def test_another_hash_than_the_lock_has(mirror, tmp_path):
    """What the index says, and what the lock allows."""
    server = mirror("alpha")
    path = tmp_path / "lock.txt"
    path.write_text("alpha==1 --hash=sha256:" + "0" * 64)
    error = refused(server.args, files=[path], error=IntegrityError)
    (finding,) = error.findings
    assert (finding.code, finding.subject) == ("REQ006", "alpha")
    right = hashlib.sha256(server.files["alpha-1-py3-none-any.whl"]).hexdigest()
    path.write_text("alpha==1 --hash=sha256:{} --hash=sha256:{}".format("0" * 64, right))
    assert locked(server.args, files=[path]).wheels[0].sha256 == right


@pytest.mark.parametrize("word", ["a&b", "alpha=8", "==1", "-x"])
def test_nonsense(mirror, word):
    """It is named, with how it is written."""
    error = refused(mirror("alpha").args, word, error=UsageError)
    assert word in error.message
    assert error.fix.startswith("write alpha==8 " if word == "alpha=8" else "write it as for pip")


def test_files_that_are_not_there(mirror, tmp_path):
    """A wheel in place of a name, and a file of requirements."""
    wheel = str(tmp_path / "nowhere-1-py3-none-any.whl")
    error = refused(mirror().args, wheel, error=UsageError)
    assert error.message == f"the request: {wheel}: no such file or directory on this machine"
    assert error.fix == "check the path, or ask for the package by its name"
    error = refused(mirror().args, files=[tmp_path / "nowhere.txt"], error=UsageError)
    assert "nowhere.txt" in error.message


@pytest.mark.parametrize(
    ("contents", "word"), [(b"", "empty"), (b"\xff\xfe\0", "damaged"), (b"--bogus\n", "--bogus")]
)
def test_requirements_files_that_are_none(mirror, tmp_path, capfd, contents, word):
    """Empty, binary, or with an option nobody has; nothing is printed behind our back."""
    path = tmp_path / "requirements.txt"
    path.write_bytes(contents)
    error = refused(mirror().args, files=[path], error=UsageError)
    assert word in error.message
    assert capfd.readouterr() == ("", "")


def test_wheels_only_whatever_a_file_says(mirror, tmp_path):
    """--no-binary of a requirements file does not let sources in; its index options do act."""
    server, other = mirror("alpha"), mirror("beta")
    server.put("alpha-2.tar.gz")
    path = tmp_path / "requirements.txt"
    path.write_text(f"--no-binary :all:\n--extra-index-url {other.url}/simple\nalpha\nbeta\n")
    assert pins(locked(server.args, files=[path])) == {"alpha": "1", "beta": "1"}


def test_nothing_is_for_the_target(mirror):
    """An empty bundle would be a lie."""
    error = refused(mirror("alpha").args, 'alpha; python_version > "3.8"')
    (finding,) = error.findings
    assert (finding.code, finding.subject) == ("REQ009", "alpha")
    assert finding.message == 'is only required where python_version > "3.8"'


@pytest.mark.parametrize(
    ("args", "error", "code", "word"),
    [
        (["--index-url", "not_a_url"], UsageError, None, "not_a_url is not a package index"),
        (["--index-url", "ftp://user:word@x/y"], UsageError, None, "ftp://x/y is not a package index"),
        (["--no-index", "--find-links", "/nowhere"], EnvironmentProblem, "NET005", "/nowhere"),
        (["--index-url", "file:///nowhere/simple"], EnvironmentProblem, "NET005", "file:///nowhere/simple"),
        (
            ["--index-url", "http://127.0.0.1:9/simple"],
            EnvironmentProblem,
            "NET001",
            "http://127.0.0.1:9/simple",
        ),
    ],
)
def test_an_index_that_is_none_is_named(mirror, args, error, code, word):
    """Not blamed on the spelling of the project, and without the password."""
    mirror()
    found = refused(args, "click", error=error)
    if code is None:
        assert found.message == word
    else:
        assert [(one.code, one.subject) for one in found.findings] == [(code, word)]
        assert found.fix == ("check --find-links /nowhere" if word == "/nowhere" else indexes.CHECK_INDEX)
    if code == "NET001":
        assert found.findings[0].message == "does not answer: Connection refused"


def test_packages_in_a_directory(mirror, tmp_path):
    """Without any index: --no-index --find-links."""
    server = mirror("alpha")
    (tmp_path / "alpha-1-py3-none-any.whl").write_bytes(server.files["alpha-1-py3-none-any.whl"])
    args = ["--no-index", "--find-links", str(tmp_path)]
    assert pins(locked(args, "alpha")) == {"alpha": "1"}
    assert [one.code for one in refused(args, "beta").findings] == ["REQ003"]


def test_a_second_index(mirror):
    """What one has not, the other may; one that refuses stops it, and is named alone."""
    server, other = mirror("alpha"), mirror("beta", password="secret")
    args = [*server.args, "--extra-index-url", other.url + "/simple"]
    assert pins(locked(args, "alpha", "beta")) == {"alpha": "1", "beta": "1"}
    args[-1] = args[-1].replace("secret", "wrong")
    error = refused(args, "gamma", error=EnvironmentProblem)
    (finding,) = error.findings
    assert finding.code == "NET002"
    assert finding.subject == other.url.replace("user:secret@", "") + "/simple"
    assert finding.message == "answers 401 Unauthorized"


def test_a_server_that_is_no_index(mirror):
    """404 for the project and for the list of projects: it answers, and is none."""
    server = mirror("alpha")
    error = refused(["--index-url", server.url + "/elsewhere"], "alpha", error=EnvironmentProblem)
    (finding,) = error.findings
    assert (finding.code, finding.subject) == ("NET006", server.url + "/elsewhere")


def test_an_index_that_has_moved(mirror):
    """A redirect of the list of projects is followed before it is judged: to an index or to nothing."""
    server = mirror("alpha")
    server.moved = {"/old/": "/simple/", "/older/": "/elsewhere/"}
    (finding,) = refused(["--index-url", server.url + "/old"], "beta").findings
    assert finding.code == "REQ003"
    error = refused(["--index-url", server.url + "/older"], "beta", error=EnvironmentProblem)
    assert [one.code for one in error.findings] == ["NET006"]


def test_a_project_that_has_moved(mirror):
    """Its page and its file are found behind redirects."""
    server = mirror("alpha")
    name = "alpha-1-py3-none-any.whl"
    server.moved = {"/old/alpha/": "/simple/alpha/"}
    lock = locked(["--index-url", server.url + "/old"], "alpha")
    assert [wheel.url for wheel in lock.wheels] == [server.url + "/files/" + name]


def test_an_upstream_function_that_has_moved():
    """The module or the name is not there: which, and what to install."""
    for module, name in (("pip._internal.nowhere", "thing"), ("pip", "nowhere")):
        with pytest.raises(OffkitError, match=f"{module}.{name} is missing") as caught:
            upstream.reach(module, name)
        assert "pip-tools" in caught.value.message
        assert "newer offkit" in caught.value.fix


@pytest.mark.parametrize("kind", [None, OSError("not in the archive")])
def test_an_offkit_without_a_part_of_install_sh(monkeypatch, kind):
    """Named, instead of a bundle whose install.sh ends in the middle."""
    real = pkgutil.get_data

    def get_data(package, path):
        if path == "server/bootstrap/media.sh":
            if kind is not None:
                raise kind
            return None
        return real(package, path)

    monkeypatch.setattr(pkgutil, "get_data", get_data)
    with pytest.raises(OffkitError) as caught:
        bootstrap.script(EL7, b"pyz")
    assert caught.value.message == "this offkit is incomplete: server/bootstrap/media.sh is missing"


def test_parts_of_install_sh_that_windows_checked_out(monkeypatch):
    """Its line ends do not cross the gap."""
    real, before = pkgutil.get_data, bootstrap.script(EL7, b"pyz")

    def get_data(package, path):
        text = real(package, path)
        return text.replace(b"\n", b"\r\n") if path.endswith(".sh") else text

    monkeypatch.setattr(pkgutil, "get_data", get_data)
    assert bootstrap.script(EL7, b"pyz") == before

"""Whatever is wrong with one part of a request, what is wrong with the others is said in the same run."""

import io
import re
import zipfile

import pytest

import bundle_maker
import project_maker
from offkit.model.errors import EnvironmentProblem, RequestError
from offkit.model.report import Reporter
from offkit.online.request.locked import Request
from offkit.online.resolve import lock
from offkit.online.resolve.lock import Session
from offkit.online.wheels.kept import Kept
from target_maker import preset

EL7 = preset("3.6")


@pytest.fixture
def refused(tmp_path):
    """refused(server, *requirements): what is wrong, by code and subject, and the error itself."""

    def lock(server, *requirements, files=(), error=RequestError):
        kept = Kept(tmp_path / "cache")
        with Session(EL7, server.args, Reporter(), kept) as session, pytest.raises(error) as caught:
            session.lock(Request(requirements, tuple(files), ()))
        assert type(caught.value) is error
        refused.findings = {(one.code, one.subject): one for one in caught.value.findings}
        return refused.findings

    return lock


def edited(server, name, edit):
    """A wheel whose METADATA is edited; None: it has none."""
    filename, body = bundle_maker.wheel(name)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w") as new:
        for path in old.namelist():
            data = edit(old.read(path)) if path.endswith("METADATA") else old.read(path)
            if data is not None:
                new.writestr(path, data)
    return server.put(filename, out.getvalue())


WRONG = {
    "no zip": (lambda server: server.put("alpha-1.0-py3-none-any.whl", b"nothing"), "not a zip file"),
    "cut": (
        lambda server: server.put("alpha-1.0-py3-none-any.whl", bundle_maker.wheel("alpha")[1][:200]),
        "not a zip file",
    ),
    "no METADATA": (lambda server: edited(server, "alpha", lambda text: None), "its metadata cannot be read"),
    "no version": (
        lambda server: edited(server, "alpha", lambda text: re.sub(b"(Version:) 1.0", rb"\1 one", text)),
        "Invalid version: 'one'",
    ),
    "a marker": (
        lambda server: server.add("alpha", "1.0", requires=["six; os_name ~= 'x'"]),
        "a marker in its metadata means nothing",
    ),
}


@pytest.mark.parametrize("how", WRONG)
@pytest.mark.parametrize("line", ["alpha", "alpha==1.0", "alpha>=1", "beta"])
def test_a_wheel_that_cannot_be_read(mirror, refused, how, line):
    """However it is asked for, and whoever wants it."""
    server = mirror()
    make, reason = WRONG[how]
    make(server)
    server.add("beta", requires=["alpha"])
    server.add("gamma", requires=["nobody2>=3"])
    found = refused(server, line, "nobody1", "gamma")
    assert set(found) == {("REQ012", "alpha"), ("REQ003", "nobody1"), ("REQ003", "nobody2")}
    assert found["REQ012", "alpha"].message.startswith("alpha-1.0-py3-none-any.whl is no wheel that can be")
    assert reason in found["REQ012", "alpha"].message


def test_a_wheel_by_its_path(mirror, refused, tmp_path):
    """It is not looked for elsewhere: what the index has is another one."""
    server = mirror("alpha")
    path = tmp_path / "alpha-2.0-py3-none-any.whl"
    path.write_bytes(b"nothing")
    server.add("beta", requires=["alpha>=2"])
    assert set(refused(server, str(path), "beta", "nobody")) == {("REQ012", "alpha"), ("REQ003", "nobody")}


def test_damage_is_not_passed_over(mirror, refused):
    """An older one that can be read is no answer: nobody would know."""
    server = mirror("alpha")
    server.put("alpha-2.0-py3-none-any.whl", b"nothing")
    assert set(refused(server, "alpha")) == {("REQ012", "alpha")}


def test_a_wheel_of_another_name(mirror, refused):
    """pip passes over it; where there is no other, that is the reason, and no conflict."""
    server = mirror()
    edited(server, "alpha", lambda text: text.replace(b"Name: alpha", b"Name: omega"))
    found = refused(server, "alpha", "nobody")
    assert set(found) == {("REQ012", "alpha"), ("REQ003", "nobody")}
    assert found["REQ012", "alpha"].looked_in == (
        "inconsistent name: expected 'alpha', but metadata has 'omega'",
    )


def test_sources_that_cannot_be_built(mirror, refused, tmp_path):
    """Of a project, of a repository: who needs it is not refused for it, and the cures of the others do
    without it."""
    server = mirror("gamma")
    project_maker.tree(tmp_path / "alpha", name="alpha", first="raise SystemError('no')")
    server.add("beta", requires=["alpha>=7"])
    server.put("delta-2.tar.gz")
    server.add("delta")
    found = refused(server, str(tmp_path / "alpha"), "nobody", "delta==2")
    assert [code for code, _ in found] == ["REQ025", "REQ003", "REQ002"]
    found = refused(server, f"alpha @ {(tmp_path / 'alpha').as_uri()}", "beta", "delta==2")
    assert set(found) == {("REQ025", "alpha"), ("REQ002", "delta")}
    found = refused(server, f"alpha @ {(tmp_path / 'alpha').as_uri()}", "delta==2")
    assert "use delta==1: everything but alpha resolves with it" in found["REQ002", "delta"].fix


def test_sources_that_nobody_asked_for(mirror, refused):
    """What a package wants from a URL: so do the others."""
    server = mirror()
    server.add("alpha", requires=["omega @ git+https://host.invalid/omega"])
    server.add("beta", requires=["omega>=3"])
    found = refused(server, "alpha", "beta", "nobody")
    assert set(found) == {("REQ007", "omega"), ("REQ003", "nobody")}


def test_a_server_that_cannot_be_asked(mirror, refused):
    """The rest is said, and that another run may find more: it is the network's exit code."""
    closed = "127.0.0.1:1"
    found = refused(
        mirror(),
        f"alpha @ git+https://{closed}/alpha.git",
        f"beta @ https://{closed}/beta-1.tar.gz",
        "nobody",
        error=EnvironmentProblem,
    )
    assert set(found) == {("NET010", "alpha"), ("NET003", "beta"), ("REQ003", "nobody")}
    message = found["NET003", "beta"].message
    assert message == "beta-1.tar.gz could not be downloaded: the server does not answer: Connection refused"
    found = refused(
        mirror(),
        f"alpha @ git+https://{closed}/alpha.git",
        f"omega @ https://{closed}/omega-1-py3-none-any.whl",
        error=EnvironmentProblem,
    )
    assert set(found) == {("NET010", "alpha"), ("NET003", "omega")}


def test_a_server_is_waited_for_once(mirror, refused, monkeypatch):
    """However often the request is tried for cures of the others."""
    opened, asked = lock.retrieval.opened, []

    def noted(link, session, kept):
        asked.append(link.url)
        return opened(link, session, kept)

    monkeypatch.setattr(lock.retrieval, "opened", noted)
    alpha, beta = "alpha @ git+https://127.0.0.1:1/alpha.git", "beta @ https://127.0.0.1:1/beta-1.tar.gz"
    found = refused(mirror("delta", "gamma"), alpha, beta, "delta==2", "gamma==2", error=EnvironmentProblem)
    assert {code for code, _ in found} == {"NET010", "NET003", "REQ004"}
    assert sorted(asked) == ["git+https://127.0.0.1:1/alpha.git", "https://127.0.0.1:1/beta-1.tar.gz"]


@pytest.mark.parametrize("where", ["a file", "PIP_USE_FEATURE"])
def test_how_pip_would_read_wheels(mirror, refused, monkeypatch, tmp_path, where):
    """Nobody's fast-deps takes the place of what says which wheel could not be had, in this run and the next."""
    (tmp_path / "r.txt").write_text("--use-feature=fast-deps\n" if where == "a file" else "")
    if where != "a file":
        monkeypatch.setenv("PIP_USE_FEATURE", "fast-deps")
    omega = "omega @ https://127.0.0.1:1/omega-1-py3-none-any.whl"
    found = refused(mirror(), omega, files=[tmp_path / "r.txt"], error=EnvironmentProblem)
    assert set(found) == {("NET003", "omega")}
    assert set(refused(mirror(), omega, error=EnvironmentProblem)) == {("NET003", "omega")}


WINDOWS = "alpha-2.0-cp37-none-win_amd64.whl"


@pytest.mark.parametrize("given", ["a URL", "a name and a URL", "a path"])
def test_a_wheel_that_does_not_fit(mirror, refused, tmp_path, given):
    """By its URL or path: why, and where it stands, together with the rest; and that the index has the very
    version for the target was tried."""
    server = mirror("gamma")
    server.add("alpha", "2.0")
    server.add("beta", requires=["alpha>=3"])
    (tmp_path / WINDOWS).write_bytes(b"not looked at")
    place = {"a path": str(tmp_path / WINDOWS)}.get(given, f"{server.url}/files/{WINDOWS}")
    path = tmp_path / "r.txt"
    path.write_text(f"gamma\n{'alpha @ ' if 'name' in given else ''}{place}\n")
    found = refused(server, "nobody", files=[path])
    assert set(found) == {("REQ003", "nobody"), ("REQ001", "alpha")}
    finding = found["REQ001", "alpha"]
    where = (tmp_path / WINDOWS).as_uri() if given == "a path" else place
    assert finding.message == f"{path} (line 2): {where}: it is for Windows, not for Linux on x86_64"
    assert finding.fix.splitlines() == [
        "use alpha==2.0: everything but nobody resolves with it",
        f"or give a wheel of it for {EL7.describe()}",
    ]
    with Session(EL7, server.args, Reporter(), Kept(tmp_path / "cache")) as session:
        assert [wheel.version for wheel in session.lock(Request(("gamma", "alpha==2.0"), ())).wheels]


@pytest.mark.parametrize(("tags", "why"), [
    ("cp38-cp38-linux_x86_64", "it is for cp38, not for cp36m"),
    ("cp36-cp36m-manylinux_2_28_x86_64", "it needs glibc 2.28; the server has 2.17"),
    ("cp310-cp310-manylinux_2_28_x86_64", "it is for cp310 and needs glibc 2.28; the server has cp36m and glibc 2.17"),
    ("cp36-cp36m-manylinux2014_aarch64", "it is for Linux on aarch64, not for Linux on x86_64"),
    ("py3-none-macosx_11_0_arm64", "it is for macOS, not for Linux on x86_64"),
])  # fmt: skip
def test_why_a_wheel_does_not_fit(mirror, refused, tags, why):
    server = mirror()
    found = refused(server, f"alpha[x] @ {server.url}/files/alpha-2.0%2Blocal.1-{tags}.whl", "nobody")
    assert found["REQ001", "alpha"].message.endswith(f"-{tags}.whl: {why}")
    assert "resolves" not in found["REQ001", "alpha"].fix.partition("deploy")[0]


def test_a_wheel_for_another_python(mirror, refused):
    """That one is a cure, where the wheel is there."""
    server = mirror()
    body = bundle_maker.wheel("alpha")[1]
    server.put("alpha-1.0-cp38-cp38-linux_x86_64.whl", body)
    found = refused(server, f"{server.url}/files/alpha-1.0-cp38-cp38-linux_x86_64.whl")
    fix = found["REQ001", "alpha"].fix
    assert fix.startswith(
        "deploy another Python: the whole request resolves with --python 3.8 --target el7\nor give"
    )


def test_a_wheel_that_does_not_fit_and_is_not_for_this_server(mirror, tmp_path):
    """A marker says so."""
    server = mirror("gamma")
    line = f"alpha @ {server.url}/files/{WINDOWS} ; sys_platform == 'win32'"
    with Session(EL7, server.args, Reporter(), Kept(tmp_path / "cache")) as session:
        assert [wheel.name for wheel in session.lock(Request(("gamma", line), ())).wheels] == ["gamma"]


def test_a_package_that_wants_a_wheel_which_does_not_fit(mirror, refused):
    server = mirror()
    server.add("beta", "1.5", requires=[f"alpha @ {server.url}/files/{WINDOWS}"])
    found = refused(server, "beta", "nobody")
    assert set(found) == {("REQ003", "nobody"), ("REQ001", "alpha")}
    assert found["REQ001", "alpha"].message == (
        f"beta 1.5 wants {server.url}/files/{WINDOWS}: it is for Windows, not for Linux on x86_64"
    )


def test_a_constraint_to_a_wheel_that_does_not_fit(mirror, refused, tmp_path):
    """Is a problem where the project is needed, and nothing elsewhere."""
    server, limits = mirror("alpha", "gamma"), tmp_path / "limits.txt"
    limits.write_text(f"alpha @ {server.url}/files/{WINDOWS}\n")
    with Session(EL7, server.args, Reporter(), Kept(tmp_path / "cache")) as session:
        assert session.lock(Request(("gamma",), (), (), (limits,))).wheels
        with pytest.raises(RequestError) as caught:
            session.lock(Request(("alpha", "nobody"), (), (), (limits,)))
    found = {(one.code, one.subject) for one in caught.value.findings}
    assert found == {("REQ001", "alpha"), ("REQ003", "nobody")}


def four(server):
    """Two contradictions, of two packages each, that have nothing to do with each other."""
    for name, requires in (("a", "x<2"), ("b", "x>=2"), ("c", "y<1"), ("d", "y>=1")):
        server.add(name, "2", requires=[requires])
    for name in "xy":
        for version in ("0.5", "1", "2"):
            server.add(name, version)
    return server


def test_two_contradictions(mirror, refused):
    """Both are told, with what else is wrong; and each with a cure of its own, where one holds."""
    server = four(mirror("gamma"))
    found = refused(server, "a", "b", "c", "d", "gamma")
    assert set(found) == {("REQ005", "x"), ("REQ005", "y")}
    assert set(found["REQ005", "x"].looked_in) == {"a 2 needs x<2", "b 2 needs x>=2"}
    assert set(found["REQ005", "y"].looked_in) == {"c 2 needs y<1", "d 2 needs y>=1"}
    assert [one.fix for one in found.values()] == ["", ""]
    server.add("p", requires=["d"])
    found = refused(server, "a", "b", "c", "p", "nobody1", "gamma")
    assert set(found) == {("REQ003", "nobody1"), ("REQ005", "x"), ("REQ005", "y")}
    server.add("b", "1")
    found = refused(server, "a==2", "b==2", "c==2", "d==2", "gamma")
    assert {one.subject: one.fix for one in found.values()} == {
        "x": "use b==1: everything but c, d resolves with it",
        "y": "",
    }
    server.add("d", "1")
    found = refused(server, "a==2", "b==2", "c==2", "d==2", "gamma")
    assert {one.fix for one in found.values()} == {"use b==1, d==1: the whole request resolves with them"}

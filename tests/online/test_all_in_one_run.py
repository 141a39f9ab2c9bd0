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

"""What is asked for ahead of the resolver: the same once, several at a time, and nothing that fails there."""

import collections
import threading

import pytest

import index_maker
from offkit.model.errors import EnvironmentProblem
from offkit.model.report import Reporter
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from offkit.online.wheels.kept import Kept
from target_maker import preset

HTML = {"Content-Type": "text/html"}


@pytest.fixture
def pins(tmp_path):
    """{name: version} of a lock by a server, whose requests are looked at afterwards."""

    def lock(server, *requirements):
        with Session(preset("3.6"), server.args, Reporter(), Kept(tmp_path)) as session:
            return {one.name: one.version for one in session.lock(Request(requirements, ())).wheels}

    return lock


@pytest.mark.parametrize("how", [{"metadata": True}, {"ranges": True}, {}])
def test_nothing_is_asked_twice(mirror, pins, how):
    """By whomever; and only what the lock has, where no guess was wrong."""
    server = mirror(**how)
    server.add("alpha", requires=["beta>=1", "delta; python_version < '3'"])
    server.add("beta", "1")
    server.add("beta", "2", requires=["gamma", "epsilon; extra == 'less'"])
    for name in ("gamma", "delta", "epsilon", "zeta"):
        server.add(name)
    assert pins(server, "alpha", "zeta") == {"alpha": "1", "beta": "2", "gamma": "1", "zeta": "1"}
    asked = collections.Counter(server.asked)
    assert set(asked.values()) == {1}
    pages = {path for _, path in asked if path.startswith("/simple/")}
    assert pages == {f"/simple/{name}/" for name in ("alpha", "beta", "gamma", "zeta")}


def test_several_are_asked_at_a_time(mirror, pins):
    """None of these answers before all of them have been asked."""
    server = mirror("alpha", "beta", "gamma", "delta", metadata=True)
    together = threading.Barrier(3)

    def answer(name):
        def said():
            together.wait(60)
            return (
                200,
                f'<a href="/files/{name}-1-py3-none-any.whl">{name}-1-py3-none-any.whl</a>'.encode(),
                HTML,
            )

        return said

    for name in ("beta", "gamma", "delta"):
        server.pages[f"/simple/{name}/"] = answer(name)
    assert len(pins(server, "alpha", "beta", "gamma", "delta")) == 4


def test_a_guess_that_fails_is_no_problem(mirror, pins):
    """The resolver never comes to what the newest requires; where it does, the index is named, beside what
    else is wrong."""
    server = mirror(metadata=True)
    server.add("alpha", "1")
    server.add("alpha", "2", requires=["beta<1", "gamma"])
    server.add("beta", "1")
    asked = threading.Event()

    def refuse():
        asked.set()
        return 500, b"", {}

    def late():
        asked.wait(60)
        return 200, b'<a href="/files/omega-1-py3-none-any.whl">omega-1-py3-none-any.whl</a>', HTML

    server.add("omega", "1")
    server.pages["/simple/gamma/"] = refuse
    server.pages["/simple/omega/"] = late
    assert pins(server, "alpha", "beta>=1", "omega") == {"alpha": "1", "beta": "1", "omega": "1"}
    with pytest.raises(EnvironmentProblem, match="cannot be read") as refused:
        pins(server, "alpha==2", "omega")
    assert [one.subject for one in refused.value.findings] == ["beta", server.url + "/simple"]


def test_an_index_that_does_not_answer_is_asked_once(mirror, pins):
    """And nobody is asked ahead of it."""
    server = mirror()
    for name in ("alpha", "beta", "gamma"):
        server.pages[f"/simple/{name}/"] = (503, b"", {})
    with pytest.raises(EnvironmentProblem):
        pins(server, "alpha", "beta", "gamma")
    assert {path for _, path in server.asked} == {"/simple/alpha/"}


def test_a_guess_that_lasts(mirror, pins, tmp_path):
    """Nobody waits for it."""
    server = mirror(metadata=True)
    # Of alpha nobody is told why 2 was not taken: it was not asked for.
    server.add("top", "1", requires=["alpha"])
    server.add("alpha", "1")
    server.add("alpha", "2", requires=["beta<1", "gamma"])
    server.add("beta", "1")
    begun, ended = threading.Event(), threading.Event()
    in_time = []

    def last():
        begun.set()
        in_time.append(ended.wait(60))
        return 404, b"", {}

    def late():
        begun.wait(60)
        return 200, b'<a href="/files/omega-1-py3-none-any.whl">omega-1-py3-none-any.whl</a>', HTML

    server.add("omega", "1")
    server.pages["/simple/gamma/"] = last
    server.pages["/simple/omega/"] = late
    assert len(pins(server, "top", "beta>=1", "omega")) == 4
    assert begun.is_set()
    assert in_time == []
    ended.set()


def test_from_version_to_version(mirror, pins):
    """Of which the resolver takes the last: the ones that it has not come to are asked for together, and each
    once."""
    server = mirror(metadata=True)
    server.add("beta", "1")
    for number in range(1, 21):
        server.add("alpha", f"{number}", requires=["beta<2" if number == 1 else "beta>=2"])
    together = threading.Barrier(3)
    server.add("beta", "2")

    def late(path, body):
        def said():
            together.wait(60)
            return 200, body, {}

        return said

    for number in (16, 15, 14):
        path = f"/files/alpha-{number}-py3-none-any.whl.metadata"
        server.pages[path] = late(path, index_maker.metadata(server.files[path[7:-9]]))
    assert pins(server, "alpha", "beta==1") == {"alpha": "1", "beta": "1"}
    asked = collections.Counter(path for _, path in server.asked if path.endswith(".metadata"))
    assert set(asked.values()) == {1}

"""A lock that is given for another target than it was made for: what lock it is, and whether it holds."""

import pytest

from offkit.model.errors import RequestError
from offkit.model.report import Reporter
from offkit.online.request import pins
from offkit.online.request.locked import Request
from offkit.online.resolve import pylock_text
from offkit.online.resolve.lock import Session
from offkit.online.wheels.kept import Kept
from target_maker import preset

EL7, EL9 = preset("3.6"), preset(None, "el9")


@pytest.fixture
def locked(tmp_path):
    def lock(server, target, *requirements, files=()):
        with Session(target, server.args, Reporter(), Kept(tmp_path / "cache")) as session:
            return session.lock(Request(requirements, tuple(files), ()))

    return lock


@pytest.fixture
def old(mirror, locked, tmp_path):
    """(index, a lock of it for el7): alpha, which needs beta there and so gamma, and delta everywhere."""
    server = mirror("delta", "gamma")
    server.add("beta", requires=["gamma"])
    server.add("alpha", requires=["beta; python_version < '3.8'", "delta"])
    path = tmp_path / "old.lock"
    path.write_text(locked(server, EL7, "alpha").text(why=True))
    return server, path


def test_what_is_needed_there_only(old, locked):
    """Is named, with what only that needs; whichever way the lock is read."""
    server, path = old
    for target in (EL9, preset("3.12", "el8")):
        (found,) = locked(server, target, files=[path]).findings
        assert (found.code, found.severity, found.subject) == ("REQ026", "warning", str(path))
        assert found.message == (
            f"was locked for {EL7.describe()}; its 4 pins hold for {target.describe()} too, "
            "but nobody needs beta, gamma"
        )
    assert found.fix == "lock the requirements again, for this target"
    (found,) = locked(server, EL9, "delta", files=[path]).findings  # by the resolver
    assert found.code == "REQ026"


def test_what_means_the_same(old, locked):
    """The target of the lock, by whatever name and with any patch of its Python."""
    server, path = old
    assert locked(server, EL7, files=[path]).findings == ()
    assert locked(server, EL7._replace(name="web01", python="3.6.15"), files=[path]).findings == ()


def test_a_lock_that_holds(old, locked, tmp_path):
    """Is worth a word."""
    server, _ = old
    path = tmp_path / "new.lock"
    path.write_text(locked(server, EL7, "delta").text(why=True))
    (found,) = locked(server, EL9, files=[path]).findings
    assert (found.code, found.severity, found.fix) == ("REQ026", "info", "")


def test_a_lock_that_does_not(mirror, locked, tmp_path):
    """For its files are the other target's: no damage, and nobody has changed them."""
    server = mirror()
    for tag in ("cp36-cp36m-manylinux1_x86_64", "cp39-cp39-manylinux1_x86_64"):
        server.add("alpha", tag=tag)
    path = tmp_path / "old.lock"
    path.write_text(locked(server, EL7, "alpha").text(why=True))
    with pytest.raises(RequestError) as caught:
        locked(server, EL9, files=[path])
    assert type(caught.value) is RequestError
    assert [(one.code, one.subject) for one in caught.value.findings] == [
        ("REQ026", str(path)), ("REQ001", "alpha"),
    ]  # fmt: skip
    path.write_text(path.read_text() + "nobody==3 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(RequestError) as caught:
        locked(server, EL9, files=[path])
    assert ("REQ026", str(path)) in [(one.code, one.subject) for one in caught.value.findings]


def test_what_a_lock_says_of_itself(old, locked, tmp_path):
    """In both forms; nothing else says anything."""
    server, path = old
    asked = {"alpha": True, "beta": False, "delta": False, "gamma": False}
    assert pins.head(path) == (EL7.describe(), asked)
    toml = tmp_path / "pylock.toml"
    toml.write_text(pylock_text.dump(locked(server, EL7, "alpha"), toml))
    assert pins.head(toml) == (EL7.describe(), dict.fromkeys(asked, True))
    for text in ("", "alpha\n", "# locked by hand\nalpha==1\n"):
        path.write_text(text)
        assert pins.head(path) is None
    assert pins.head(tmp_path / "nothing") is None

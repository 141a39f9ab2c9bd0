"""How large a bundle would be, before it is made."""

import hashlib

import pytest

from offkit.model.report import Reporter
from offkit.online.request.locked import LockedWheel, Request
from offkit.online.resolve.lock import Session
from offkit.online.wheels import fetch, store, weights
from offkit.online.wheels.kept import Kept
from target_maker import preset

EL7 = preset("3.6")


@pytest.fixture
def weighed(mirror, tmp_path):
    """The files of an index, and what is known of alpha and beta; ``first`` fetches some of them."""
    server = mirror(metadata=True)
    server.add("alpha", "1", requires=["beta"])
    server.add("beta", "2", files={"beta.py": b"x" * 5000})

    def weigh(first=(), gone=()):
        with Session(EL7, server.args, Reporter(), Kept(tmp_path)) as session:
            wheels = session.lock(Request(("alpha",), (), ())).wheels
            http = session.repository.session
            fetch.fetch([one for one in wheels if one.name in first], http, tmp_path, Reporter())
            asked = len(server.asked)
            bodies = dict(server.files)
            for name in gone:
                del server.files[name]
            found = weights.of([*wheels, wheels[0]], http, tmp_path)
            return bodies, found, server.asked[asked:]

    return weigh


def test_nothing_is_here(weighed):
    """The index says it, and nothing is downloaded."""
    bodies, found, asked = weighed()
    assert {one.filename: one.size for one in found.to_come()} == {
        name: len(body) for name, body in bodies.items()
    }
    assert {way for way, _ in asked} == {"HEAD"}
    assert (found.cached(), found.unknown(), found.installed()) == ([], 0, None)
    assert found._replace(beside=7).size() == 7 + sum(map(len, bodies.values()))


def test_all_is_here(weighed):
    """No index is asked; what it takes on the server is known."""
    bodies, found, asked = weighed(first=("alpha", "beta"))
    assert (asked, found.to_come()) == ([], [])
    assert found.size() == sum(map(len, bodies.values()))
    assert found.installed() > 5000


def test_what_nobody_says(weighed):
    """Is not guessed."""
    bodies, found, _ = weighed(first=("alpha",), gone=("beta-2-py3-none-any.whl",))
    assert found.unknown() == 1
    assert found.size() == len(bodies["alpha-1-py3-none-any.whl"])


def test_what_is_no_wheel(tmp_path):
    """A file of the cache that nobody can unpack has a size, and it is not known what it would take."""
    data = b"PK and nothing more"
    path = store.keep("alpha-1-py3-none-any.whl", data, tmp_path)
    wheel = LockedWheel("alpha", "1", path.name, "", hashlib.sha256(data).hexdigest(), ())
    found = weights.of([wheel], None, tmp_path)
    assert (found.size(), found.to_come(), found.installed()) == (len(data), [], None)


def test_what_targets_share():
    """offkit's own files are in a bundle once, as a wheel that two targets take."""
    one = weights.Weight("alpha-1-py3-none-any.whl", 5, True, 9)
    parts = [weights.Weights((one,), 10, 100), weights.Weights((one,), 20, 101)]
    assert (parts[0].size(), weights.together(parts).size()) == (115, 136)

"""Wheels that pip fetches for their metadata."""

import hashlib
import os

import pytest

from offkit.model.report import Reporter
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from offkit.online.wheels import fetch
from offkit.online.wheels.kept import Kept
from target_maker import preset


@pytest.mark.parametrize("hashes", [True, False])
def test_the_wheel_that_was_read_is_the_wheel_that_is_packed(mirror, tmp_path, hashes):
    """Without metadata beside them, no byte of them comes twice."""
    server = mirror(hashes=hashes)
    server.add("alpha", "1", requires=["beta"], files={"a.py": os.urandom(20000)})
    server.add("beta", "2", files={"b.py": os.urandom(20000)})
    kept = Kept(tmp_path)
    with Session(preset("3.6"), server.args, Reporter(), kept) as session:
        lock = session.lock(Request(("alpha",), (), ()))
        assert [wheel.sha256 for wheel in lock.wheels] == [
            hashlib.sha256(body).hexdigest() for body in server.files.values()
        ]
        got = fetch.fetch(lock.wheels, session.repository.session, tmp_path, Reporter())
    assert (got.downloaded, len(kept.came)) == (0, 2)
    assert [one.path.read_bytes() for one in got.files] == list(server.files.values())
    assert sum(server.sent.values()) == sum(map(len, server.files.values()))


def test_with_metadata_beside_it_a_wheel_is_not_fetched(mirror, tmp_path):
    """PEP 658: resolving takes the small file only."""
    server = mirror("alpha", metadata=True)
    kept = Kept(tmp_path)
    with Session(preset("3.6"), server.args, Reporter(), kept) as session:
        assert len(session.lock(Request(("alpha",), (), ())).wheels) == 1
    assert (kept.came, server.sent.total()) == ([], 0)

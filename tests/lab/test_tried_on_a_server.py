"""offkit smoke on a server: as root, who becomes nobody, and as an ordinary user."""

import json

import pytest

import disc
import journey
import needs
import targets
from bundles import STORY

pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(needs.reason()), reason=needs.reason() or "the lab is ready"),
]


@pytest.mark.parametrize("user", [False, True], ids=["root", "user"])
def test_installed_and_tried(carried, user):
    """With the libraries of the medium everything is imported before it becomes current, and again afterwards;
    nothing is left in /tmp, and nothing written beside what was installed."""
    with targets.target(7) as target:
        journey.carry(target, carried.get(STORY[7]), disc.iso(7), user=user)
        done = journey.install(target, "--iso", journey.ISO, "--smoke", user=user)
        assert done.returncode == 0, journey.failed(done)
        assert "importing" in done.stderr
        tried = journey.offkit(target, "smoke", "--json", user=user)
        assert tried.returncode == 0, tried.stdout + tried.stderr
        told = json.loads(tried.stdout)
        assert told["imported"] == len(told["modules"]) > 1
        assert not told["network"]
        assert (told["user"] == "nobody") is not user, told
        assert "SMOKE009" not in tried.stdout
        left = target.run(["find", "/tmp", "-name", ".offkit*"]).stdout
        assert left == ""
        code, said = journey.doctor(target, user)
        assert (code, said - journey.HASHLIB) == (0, set())

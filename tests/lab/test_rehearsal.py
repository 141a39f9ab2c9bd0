"""--dry-run on a server with nothing: the whole plan, told by a Python that is not there yet."""

import json

import pytest

import changes
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

NEEDED = ("libSM", "libICE", "libXrender", "libXext", "libX11")


@pytest.fixture(scope="module", params=[False, True], ids=["root", "user"])
def rehearsed(request, carried):
    """(user?, the server, the JSON document of the dry run, what people see)."""
    user = request.param
    with targets.target(7) as nothing:
        journey.carry(nothing, carried.get(STORY[7]), disc.iso(7), user=user)
        with targets.target(above=nothing) as target:
            dry = ("--iso", journey.ISO, "--dry-run")
            told = journey.install(target, *dry, user=user)
            assert told.returncode == 0, journey.failed(told)
            document = journey.install(target, *dry, "--json", user=user)
            assert document.returncode == 0, journey.failed(document)
            yield user, target, json.loads(document.stdout), told.stdout


def test_nothing_is_written(rehearsed):
    """But install.sh, which was taken out of the bundle by hand."""
    target = rehearsed[1]
    assert changes.outside(changes.changes(target), *journey.LEFT) == []


def test_what_needs_root_is_marked(rehearsed):
    """yum's steps and no others; a user has none."""
    user, _, document, told = rehearsed
    rooted = [step["text"] for step in document["steps"] if step["root"]]
    assert [text.split()[0] for text in rooted] == ([] if user else ["install", "install"])
    assert told.count("(root)") == len(rooted)


def test_every_library_that_is_missing_is_in_the_plan(rehearsed):
    """As root by the names of packages; for a user those, and what they need in their turn, from RPMs."""
    user, _, document, _ = rehearsed
    (step,) = [one["text"] for one in document["steps"] if "libICE" in one["text"]]
    if user:
        assert "from 9 RPMs on " + journey.ISO in step
    else:
        assert sorted(NEEDED) == sorted(step.partition(" with ")[0].partition(" ")[2].split(", "))


def test_then_it_is_done(rehearsed):
    """The steps of offkit are those that were told; the Python is the one that was named."""
    user, rehearsing, document, _ = rehearsed
    with targets.target(above=rehearsing) as target:
        done = journey.install(target, "--iso", journey.ISO, "--json", user=user)
    assert done.returncode == 0, journey.failed(done)
    real = json.loads(done.stdout)
    assert real["python"] == document["python"]
    assert real["generation"] == document["generation"]
    before = [one["text"] for one in document["steps"] if one["action"] == "python"]
    assert before
    assert [one["text"] for one in real["steps"]] == [one["text"] for one in document["steps"]][len(before) :]
    for text in before:
        assert text in done.stderr

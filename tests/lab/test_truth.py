"""The doctor against the real loader, in roots that really lack the libraries."""

import os

import pairs
import pytest
import truth

_REASON = truth.obstacle()
pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(_REASON), reason=_REASON or "roots can be entered"),
]


@pytest.fixture(scope="module")
def rows():
    """All pairs, judged once and side by side: {(environment, root): Row}."""
    return dict(zip(pairs.PAIRS, truth.judge_all(pairs.PAIRS)))


@pytest.mark.parametrize("pair", pairs.PAIRS, ids=": ".join)
def test_the_doctor_says_what_the_loader_says(rows, pair):
    """The same missing libraries, the same files for all others, the same libraries too old."""
    row = rows[pair]
    assert row.doctor == row.loader
    assert row.elsewhere == ()
    assert row.odd == ()
    assert row.too_old_doctor == row.too_old


def test_the_table_in_docs_is_this_one(rows):
    """docs/truth-table.md is what `make truth` would write now."""
    with open(truth.TABLE, encoding="utf-8") as document:
        assert document.read() == truth.table([rows[pair] for pair in pairs.PAIRS])


def test_the_story_is_among_them(rows):
    """opencv-python 4.2.0.34 on a bare server: what the fourth trip would still not have known."""
    story = rows["cv2-42", "bare"]
    assert {"libSM.so.6", "libICE.so.6", "libXrender.so.1", "libXext.so.6", "libX11.so.6"} < set(story.loader)
    ladder = [len(rows[pair].loader) for pair in pairs.LADDER]
    assert ladder[0] > ladder[-1] == 0


def test_enough_to_believe_it(rows):
    """At least 60 pairs, on five Pythons or more, most with something missing, none judged blindly."""
    assert len(rows) >= 60
    assert len({truth.environments.SETS[name][0] for name, _ in rows}) >= 5
    assert sum(bool(row.loader) for row in rows.values()) > len(rows) / 2
    assert all(row.modules >= 8 for row in rows.values())


def test_nothing_is_left_behind(rows):
    """No mount and no root of the pairs is there afterwards."""
    with open("/proc/mounts", encoding="utf-8") as mounts:
        assert [line for line in mounts if "offkit-truth-" in line] == []
    assert [name for name in os.listdir(truth.bare.cache()) if name.startswith("offkit-truth-")] == []

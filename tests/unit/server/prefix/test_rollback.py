"""Going back: which generation is meant, what differs, and one rename."""

import os

import pytest

import bundle_maker
import prefix_maker
from offkit.edges import files
from offkit.model.errors import EnvironmentProblem, RequestError
from offkit.server.prefix import generations, rollback
from offkit.server.prefix.rollback import Change

FIRST, SECOND, THIRD, TWIN = "0001-abc12300", "0002-abcd0000", "0003-12340000", "0012-abcd0000"


@pytest.fixture
def prefix(tmp_path):
    """Four generations, the third of them current; two are of the same bundle."""
    for name in (FIRST, SECOND, THIRD, TWIN):
        number, _, digest = name.partition("-")
        assert prefix_maker.generation(tmp_path, int(number), digest) == name
    generations.switch(str(tmp_path), THIRD)
    return tmp_path


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (None, SECOND),
        ("1", FIRST),
        ("0001", FIRST),
        ("12", TWIN),
        ("3", THIRD),
        (FIRST, FIRST),
        (TWIN, TWIN),
        ("abc1", FIRST),
        ("ABC123", FIRST),
        ("abc12300" + "0" * 56, FIRST),
        ("1234", THIRD),
    ],
)
def test_which_is_meant(prefix, word, expected):
    """The one before; a number; an identity; the beginning of a digest."""
    assert rollback.plan(str(prefix), word).chosen.id == expected


@pytest.mark.parametrize(
    ("word", "message", "listed"),
    [
        ("7", "no such generation: 7", [FIRST, SECOND, THIRD + "  (current)", TWIN]),
        ("abc", "no such generation: abc", [FIRST, SECOND, THIRD + "  (current)", TWIN]),
        ("", "no such generation: ", [FIRST, SECOND, THIRD + "  (current)", TWIN]),
        ("../x", "no such generation: ../x", [FIRST, SECOND, THIRD + "  (current)", TWIN]),
        ("²", "no such generation: ²", [FIRST, SECOND, THIRD + "  (current)", TWIN]),
        ("abcd", "abcd matches several generations", [SECOND, TWIN]),
    ],
)
def test_none_or_several(prefix, word, message, listed):
    """Those that exist are listed, or those that it could be."""
    with pytest.raises(RequestError) as caught:
        rollback.plan(str(prefix), word)
    assert caught.value.exit_code == 1
    assert caught.value.message == message
    (one,) = caught.value.findings
    assert one.fix.splitlines() == ["choose one of these:"] + ["  " + line for line in listed]


def test_a_number_goes_before_a_digest(tmp_path):
    """1234 is generation 1234 as soon as there is one."""
    prefix_maker.generation(tmp_path, 1, "1234")
    assert rollback.plan(str(tmp_path), "1234").chosen.id == "0001-12340000"
    prefix_maker.generation(tmp_path, 1234 - 1233 + 1, "00")
    (tmp_path / "generations" / "0002-00000000").rename(tmp_path / "generations" / "1234-00000000")
    assert rollback.plan(str(tmp_path), "1234").chosen.id == "1234-00000000"


def test_nothing_before_the_first(prefix):
    """Without an older one, and without a current one, the rest is named."""
    generations.switch(str(prefix), FIRST)
    with pytest.raises(RequestError, match="there is no generation before " + FIRST):
        rollback.plan(str(prefix), None)
    os.unlink(str(prefix / "current"))
    with pytest.raises(RequestError, match="no generation is current: choose one"):
        rollback.plan(str(prefix), None)


def test_back_and_forth(prefix):
    """One link changes, nothing else; the newer one can be had again."""
    before = bundle_maker.listing(str(prefix))
    made = rollback.plan(str(prefix), None)
    rollback.apply(made)
    assert os.readlink(str(prefix / "current")) == "generations/" + SECOND
    assert not made.nothing
    rollback.apply(rollback.plan(str(prefix), "3"))
    assert bundle_maker.listing(str(prefix)) == before
    assert rollback.plan(str(prefix), "3").nothing


def test_without_a_current_one(prefix):
    """A prefix whose link is gone or leads nowhere is put right by naming a generation."""
    os.unlink(str(prefix / "current"))
    rollback.apply(rollback.plan(str(prefix), "2"))
    generations.switch(str(prefix), "0009-00000000")
    made = rollback.plan(str(prefix), "2")
    assert (made.left, made.changes) == (None, ())
    rollback.apply(made)
    assert generations.current_id(str(prefix)) == SECOND


def test_what_differs(tmp_path):
    """Python first, packages by name, spelled as PyPI does not mind; equal ones are left out."""
    old = [("Pillow", "8.0"), ("numpy", "1.19.5"), ("idna", "3.4"), ("ruamel.yaml", "0.17")]
    new = [("pillow", "8.4"), ("numpy", "1.19.5"), ("six", "1.16.0"), ("ruamel-yaml", "0.17")]
    prefix_maker.generation(tmp_path, 1, packages=new)
    prefix_maker.generation(tmp_path, 2, packages=old, version="3.6.8")
    assert rollback.plan(str(tmp_path), None).changes == (
        Change("Python", "3.6.8", prefix_maker.VERSION),
        Change("idna", "3.4", ""),
        Change("pillow", "8.0", "8.4"),
        Change("six", "", "1.16.0"),
    )


def test_one_that_would_not_start_is_refused(prefix):
    """By name and by default, before anything changes."""
    python = prefix / "generations" / SECOND / "bin" / prefix_maker.SERIES
    python.unlink()
    python.symlink_to("/nowhere/python3.6")
    for word in (None, "2"):
        with pytest.raises(EnvironmentProblem, match=SECOND + " cannot become current") as caught:
            rollback.plan(str(prefix), word)
        assert [(one.code, one.subject) for one in caught.value.findings] == [("ENV041", SECOND)]
        assert "{} -> /nowhere/python3.6".format(python) in " ".join(caught.value.findings[0].looked_in)
    assert generations.current_id(str(prefix)) == THIRD


def test_another_is_at_work(prefix):
    """The lock is that of the installation."""
    made = rollback.plan(str(prefix), None)
    with files.lock(str(prefix / ".lock")), pytest.raises(
        EnvironmentProblem, match="another offkit is running"
    ):
        rollback.apply(made)
    assert generations.current_id(str(prefix)) == THIRD


def test_another_was_faster(prefix):
    """What was planned is not done when the prefix has changed since."""
    made = rollback.plan(str(prefix), "1")
    generations.switch(str(prefix), TWIN)
    with pytest.raises(EnvironmentProblem, match="has just changed"):
        rollback.apply(made)
    assert generations.current_id(str(prefix)) == TWIN


def test_a_file_in_the_place_of_the_link(prefix):
    """A refusal by the system is a finding, not a traceback."""
    os.unlink(str(prefix / "current"))
    (prefix / "current").write_bytes(b"mine")
    with pytest.raises(EnvironmentProblem, match="the rollback failed") as caught:
        rollback.apply(rollback.plan(str(prefix), "1"))
    (one,) = caught.value.findings
    assert (one.subject, one.message) == (str(prefix / "current"), "is not a symbolic link")
    assert (prefix / "current").read_bytes() == b"mine"

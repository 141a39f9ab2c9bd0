"""What a lock depends on, asked of another patch level and another kernel."""

import pytest

from offkit.model import question
from offkit.model.question import Question
from offkit.server.python import answers
from offkit.server.python.interpreter import Interpreter
from target_maker import preset

EL7 = preset("3.6")
GOOD = Interpreter("/usr/bin/python3.6", "3.6.8", "cpython", "cp36m", 64, ())
TAKEN = Question("flake8 3.9", "", ">=3.6.2", ("",), True, True)
PASSED_OVER = Question("flake8 4", "", ">=3.6.9", ("",), False, False)
SPARE = Question("a 1", "b>=1", 'python_full_version < "3.6.9"', ("",), True, False)
MISSED = Question("a 1", "c>=1", 'python_full_version >= "3.6.9"', ("",), False, True)
KERNEL = Question("a 1", "d", '"el7" in platform_release', ("",), True, False)


@pytest.mark.parametrize(
    ("version", "asked", "expected"),
    [
        ("3.6.1", [], []),
        ("3.6.8", [TAKEN, PASSED_OVER, SPARE, MISSED, KERNEL], []),
        ("3.6.2", [TAKEN, PASSED_OVER, SPARE, MISSED, KERNEL], []),
        (
            "3.6.1",
            [TAKEN, PASSED_OVER],
            [
                "error: is Python 3.6.1, and flake8 3.9, which was chosen for 3.6.8, wants >=3.6.2; use another Python "
                "3.6, or bundle again on the other side: offkit bundle --python 3.6.1"
            ],
        ),
        (
            "3.6.15",
            [TAKEN, PASSED_OVER, SPARE, MISSED],
            [
                "warning: with Python 3.6.15 flake8 4 would have been considered (>=3.6.9): "
                "what was chosen for 3.6.8 holds as well; ",
                'warning: with Python 3.6.15 a 1 does not need b>=1 (python_full_version < "3.6.9"): '
                "what was chosen for 3.6.8 holds as well; ",
                "error: is Python 3.6.15, with kernel 3.10.0-957.el7: there a 1 needs c>=1 (python_full_version >= "
                '"3.6.9"), and the bundle was made without; bundle again on the other side: offkit bundle '
                "--python 3.6.15",
            ],
        ),
    ],
)
def test_another_patch_level_is_asked_what_the_lock_depends_on(version, asked, expected):
    """Equal answers are no finding, whichever is newer."""
    options = question.to_options(asked)
    found = answers.misfits(GOOD._replace(version=version), EL7, options, "3.10.0-957.el7")
    assert {one.code for one in found} <= {"PY013"}
    assert ["{}: {}; {}".format(one.severity, one.message, one.fix) for one in found] == expected


def test_the_kernel_is_asked():
    """uname -r, as platform.release() has it."""
    (found,) = answers.misfits(GOOD, EL7, question.to_options([KERNEL]), "6.1.0-amd64")
    assert found.message.startswith('with Python 3.6.8 a 1 does not need d ("el7" in platform_release): ')


def test_what_another_kernel_needs_is_asked_for_by_name():
    """No --python would bring it, whatever its number; but for what is needed by this Python it does."""
    asked = Question("a 1", "d", '"amd64" in platform_release', ("",), False, True)
    for one, cure in ((asked, "bundle again on the other side, with 'd' in the request"),
                      (MISSED, "bundle again on the other side: offkit bundle --python 3.6.15")):  # fmt: skip
        options = question.to_options([one])
        (found,) = answers.misfits(GOOD._replace(version="3.6.15"), EL7, options, "6.1.0-amd64")
        assert (found.severity, found.fix) == ("error", cure)


def test_a_bundle_that_does_not_say_depends_on_the_patch_level():
    """As those of an earlier offkit."""
    codes = [one.code for one in answers.misfits(GOOD._replace(version="3.6.7"), EL7, {}, "")]
    assert codes == ["PY013"]
    assert answers.misfits(GOOD._replace(version="3.6.9"), EL7, {}, "") == []


def test_another_series_is_told_alone():
    """Its answers would say nothing."""
    other = GOOD._replace(version="3.7.3", abi="cp37m")
    found = answers.misfits(other, EL7, question.to_options([TAKEN, MISSED]), "")
    assert [one.code for one in found] == ["PY012"]

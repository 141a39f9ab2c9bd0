"""Questions that a lock depends on: which of them Pythons of one series answer differently."""

import json

import pytest

from offkit.model import question
from offkit.model.question import Question


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        (">=3.6", False),
        (">=3.8", False),
        (">=3.9", False),
        ("<4,>=3.7.2", False),
        ("!=3.8.*", False),
        ("not one", False),
        (">=3.8.1", True),
        ("~=3.8.5", True),
        ("<3.8.20", True),
        ("<=3.8", True),
        (">3.8", True),
        ("==3.8", True),
        ("===3.8.18", True),
        (">=3.6,!=3.8.0", True),
        ("<3.8.1000000", False),
    ],
)
def test_clauses_that_patch_levels_tell_apart(text, expected):
    assert question.open_clauses(text, "3.8") is expected


@pytest.mark.parametrize(
    ("marker", "extras", "expected"),
    [
        ('python_version < "3.9"', ("",), False),
        ('python_full_version < "3.9.2"', ("",), False),
        ('python_full_version < "3.8.3"', ("",), True),
        ('"3.8.3" > python_full_version', ("",), True),
        ('implementation_version >= "3.8.12"', ("",), True),
        ('python_full_version in "3.8.10 3.8.12"', ("",), True),
        ('python_full_version < "3.8.3" and sys_platform == "win32"', ("",), False),
        ('python_full_version < "3.8.3" or python_version >= "3.8"', ("",), False),
        ('python_full_version < "3.8.3" and extra == "more"', ("",), False),
        ('python_full_version < "3.8.3" and extra == "more"', ("", "more"), True),
        ('platform_release >= "4"', ("",), True),
        ('"el7" in platform_release', ("",), True),
        ('"Microsoft" not in platform_version', ("",), True),
        ('platform_release >= "4" and os_name == "nt"', ("",), False),
        ('(platform_release >= "4" or platform_release == "") and python_version == "2.7"', ("",), False),
        (" or ".join(['platform_release == "1"'] * 40), ("",), True),
        ('platform_machine == "x86_64"', ("",), False),
    ],
)
def test_markers_that_servers_tell_apart(marker, extras, expected):
    """By patch level and kernel: series, architecture and system are the bundle's own."""
    assert question.open_marker(marker, extras, "3.8", "x86_64") is expected


def test_an_answer():
    here = question.environment("3.8.18", "x86_64", "3.10.0-1160.el7.x86_64", "#1 SMP")
    assert Question("a 1", "", ">=3.8.18", ("",), True, True).ask(here)
    assert not Question("a 1", "", ">=3.8.19", ("",), True, True).ask(here)
    assert Question("a 1", "b", '"el7" in platform_release', ("",), True, True).ask(here)
    with_extra = 'python_full_version < "3.8.19" and extra == "more"'
    assert not Question("a 1", "b", with_extra, ("",), True, True).ask(here)
    assert Question("a 1", "b", with_extra, ("", "more"), True, True).ask(here)


ALL = [
    Question("flake8 7.1.2", "", ">=3.8.1", ("",), True, True),
    Question("redis 5.0.1", "async-timeout>=4.0.3", 'python_full_version < "3.11.3"', ("",), True, False),
    Question("a 1", "b", 'python_full_version < "3.8.3" and extra == "more"', ("", "more"), False, True),
]


def test_a_manifest_keeps_them():
    options = json.loads(json.dumps(question.to_options(ALL)))
    assert question.from_options(options) == ALL
    assert question.from_options(question.to_options(())) == []
    assert options["depends"][:2] == [
        {"who": "flake8 7.1.2", "python": ">=3.8.1", "answer": True, "vital": True},
        {
            "who": "redis 5.0.1",
            "needs": "async-timeout>=4.0.3",
            "marker": 'python_full_version < "3.11.3"',
            "answer": True,
            "vital": False,
        },
    ]


@pytest.mark.parametrize(
    "told",
    [
        None,
        {},
        "x",
        [1],
        [{}],
        [{"who": 1, "python": "", "answer": True, "vital": True}],
        [{"who": "a", "python": ">=3", "answer": True}],
        [{"who": "a", "needs": "b", "marker": "what?", "answer": True, "vital": True}],
        [{"who": "a", "needs": "b", "marker": "os_name", "answer": True, "vital": True, "extras": "x"}],
    ],
)
def test_what_is_none_of_ours_is_not_known(told):
    """A bundle of an earlier offkit says nothing of it."""
    assert question.from_options({"depends": told} if told is not None else {}) is None

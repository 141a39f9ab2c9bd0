"""Requirements as they were written before anybody checked them."""

import re

import pytest

from offkit.model import legacy, requirement

ROWS = [(row, legacy.specifier) for row in legacy.SPECIFIERS]
ROWS += [(row, lambda text: _of_marker(text)) for row in legacy.MARKERS]


def _of_marker(text):
    repaired = legacy.requirement("alpha;" + text)
    return repaired._replace(text=repaired.text[len("alpha;") :])


@pytest.mark.parametrize(("row", "read"), ROWS, ids=[row.wrong for row, _ in ROWS])
def test_each_row_does_what_it_says(row, read):
    """And no other row is needed, before or after; what is right is left alone."""
    assert read(row.wrong) == legacy.Repaired(row.right, (row,))
    assert read(row.right) == legacy.Repaired(row.right, ())
    assert row.source


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("pytz (>dev)", "pytz (>=0)"),
        ("PyYAML (>=5.1.*)", "PyYAML (>=5.1)"),
        ("elasticsearch-dsl (>=7.2.0<8.0.0)", "elasticsearch-dsl (>=7.2.0,<8.0.0)"),
        ("jupyter-core (!=~5.0,>=4.12)", "jupyter-core (!=5.0.*,>=4.12)"),
        ("alpha>=2.7,!=3.0*,!=3.1*", "alpha>=2.7,!=3.0.*,!=3.1.*"),
        ("alpha[x,y] >= 1.0 <2", "alpha[x,y] >= 1.0,<2"),
        ("alpha[x]>=1.9,; python_version<3.8 and os_name=='nt'",
         "alpha[x]>=1.9; python_version<\"3.8\" and os_name=='nt'"),
        ("alpha>=2.0.0.*<3; extra == 'q'", "alpha>=2.0.0,<3; extra == 'q'"),
        ("alpha (>=2.7.*, !=3.0.*)", "alpha (>=2.7, !=3.0.*)"),
        ("alpha>='1.0'", "alpha>=1.0"),
        ("alpha; python_version<\"3.8", "alpha; python_version<\"3.8\""),
        ("h5py2>dev", "h5py2>=0"),
    ],
)  # fmt: skip
def test_whole_requirements(wrong, right):
    """Parentheses, extras and markers stay where they are."""
    assert legacy.requirement(wrong).text == right
    assert legacy.requirement(wrong).rows


@pytest.mark.parametrize(
    "text",
    [
        "alpha",
        "h5py2",
        "alpha==1.0.post1",
        "alpha>=1!2.0",
        "alpha==1.0+local.1;extra=='x'",
        "alpha @ https://host.invalid/alpha-1<2.zip",
        "alpha===0.23ubuntu1",
        "alpha>1.0dev",
        "alpha>=1.0.dev0,<2",
        "alpha (>=0.dev)",
        "alpha!=1.0,!=1.0rc1",
        "alpha~=1.4.2 ; python_version < \"3.9\" and python_version>='3.6'",
        "alpha;python_version=='2.7' or python_version in '2.6 2.7'",
        "./alpha-1.whl",
        "alpha>=1.*" + "," * 5000,
    ],
)
def test_what_is_left_alone(text):
    """What is valid, what is meant as it stands, and what nobody has written by hand."""
    assert legacy.requirement(text) == legacy.Repaired(text, ())


def test_the_doctor_reads_them_too():
    """What is installed is judged by what was meant."""
    assert requirement.parse("pytz (>dev)").accepts("2022.1")
    assert requirement.parse("PyYAML (>=5.1.*)").clauses == ((">=", "5.1"),)
    assert not requirement.parse("PyYAML (>=5.1.*)").accepts("5.0")
    assert not requirement.parse("alpha; python_version<3.0").applies(requirement.environment("3.6.8"))
    with pytest.raises(ValueError, match=r"x\.y"):
        requirement.parse("alpha>=x.y")


def test_no_pattern_takes_long():
    """On the longest line that is looked at, of whatever it is best at."""
    for row in (*legacy.SPECIFIERS, *legacy.MARKERS):
        for part in (" ", ",", "1", "1.", "'", "*", "=~", ", ", "python_version "):
            re.sub(row.pattern, row.becomes, part * (4096 // len(part)))

"""What cures several findings is told once."""

from offkit.model import shared_cure
from offkit.model.finding import ERROR, INFO, WARNING, Finding


def finding(subject, fix="", severity=ERROR):
    return Finding("REQ001", severity, subject, "is missing", (), fix)


def told(*findings):
    return [(one.finding.subject, one.own, *one.shared) for one in shared_cure.gather(findings)]


def test_each_its_own():
    """One finding, others, and those without a fix stay as they are."""
    assert told() == []
    assert told(finding("a", "x"), finding("b"), finding("c"), finding("d", "y")) == [
        ("a", ("x",)),
        ("b", ()),
        ("c", ()),
        ("d", ("y",)),
    ]


def test_the_same():
    """Below the last of those that it cures, which follow each other."""
    assert told(finding("a", "x"), finding("b", "y"), finding("c", "x"), finding("d", "x")) == [
        ("a", ()),
        ("c", ()),
        ("d", (), (("x",), ("a", "c", "d"))),
        ("b", ("y",)),
    ]


def test_severities_stay_apart():
    """Errors come first, whatever cures them."""
    assert told(finding("a", "x", INFO), finding("b", "x"), finding("c", "x", WARNING)) == [
        ("b", ("x",)),
        ("c", ("x",)),
        ("a", ("x",)),
    ]


def test_alternatives():
    """Those that both have are told once, and the others where they belong."""
    assert told(finding("a", "x\nor y\nor build a"), finding("b", "x\nor y\nor build b")) == [
        ("a", ("build a",)),
        ("b", ("build b",), (("x", "y"), ("a", "b"))),
    ]
    assert told(finding("a", "x\nor y"), finding("b", "x")) == [
        ("a", ("y",)),
        ("b", (), (("x",), ("a", "b"))),
    ]


def test_what_only_some_of_them_have_in_common():
    """Wherever it stands in their fixes, it is told once too, and of whom."""
    found = told(finding("a", "h\nor s"), finding("b", "h"), finding("c", "h\nor use c\nor s"))
    assert found == [
        ("a", ()),
        ("b", ()),
        ("c", ("use c",), (("h",), ("a", "b", "c")), (("s",), ("a", "c"))),
    ]
    assert told(finding("a", "use a\nor s"), finding("b", "s")) == [
        ("a", ("use a",)),
        ("b", (), (("s",), ("a", "b"))),
    ]


def test_steps_are_one_cure():
    """Lines that are no alternatives belong together."""
    assert told(finding("a", "x\nthen y"), finding("b", "x\nthen z")) == [
        ("a", ("x\nthen y",)),
        ("b", ("x\nthen z",)),
    ]
    assert told(finding("a", "x\nthen y"), finding("b", "x\nthen y"))[1] == (
        "b",
        (),
        (("x\nthen y",), ("a", "b")),
    )


def test_as_a_fix_has_them():
    """There and back."""
    for fix in ("", "x", "x\nor y\nor z", "x\nthen y"):
        assert shared_cure.text(shared_cure.alternatives(fix)) == fix

"""What is wrong has something to do about it, or says that there is nothing."""

import ast
import pathlib

TOOLKIT = pathlib.Path(__file__).parents[2] / "toolkit" / "offkit"
PARTS = ("server/doctor", "server/libraries", "model")
LATER = {"interpreter.py": 1}  # findings that get theirs from who knows the package


def without_cure(source):
    """Lines where a finding that is more than information is made without any fix."""
    calls = [each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.Call)]
    found = []
    for call in calls:
        if getattr(call.func, "id", "") != "Finding" or len(call.args) < 4:
            continue
        severity, fix = ast.unparse(call.args[1]), call.args[5:] or [ast.Constant("")]
        if severity != "INFO" and isinstance(fix[0], ast.Constant) and not fix[0].value:
            found.append(call.lineno)
    return found


def test_what_is_seen():
    """Of the ways to leave it out."""
    made = 'Finding("X", {}, "a", "b"{})\n'
    for severity, rest, there in (
        ("ERROR", "", [1]),
        ("worst", ', (), ""', [1]),
        ("INFO", ', (), ""', []),
        ("WARNING", ', (), "nothing: no disc has it"', []),
        ("ERROR", ", (), fix", []),
    ):
        assert without_cure(made.format(severity, rest)) == there


def test_findings_of_the_doctor():
    read = {
        path: without_cure(path.read_text("utf-8")) for top in PARTS for path in (TOOLKIT / top).rglob("*.py")
    }
    assert len(read) > 70
    assert {path.name: len(lines) for path, lines in read.items() if lines} == LATER

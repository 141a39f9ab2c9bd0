"""Lines of a requirements file that nobody can read: all of them in one run, each with its place and its cure."""

import pytest
from packaging.requirements import Requirement

from offkit.model.errors import UsageError
from offkit.model.report import Reporter
from offkit.online.index.troubles import SYNTAX
from offkit.online.request import lines
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from target_maker import preset

EL7 = preset("3.6")
CURES = {
    "six requests": "one requirement is one line: six, requests",
    "six 1.0": "write six==1.0 for six 1.0",
    "flask=1.0": "write flask==1.0 for flask=1.0",
    "flask = 1.0 ; python_version < '3'": "write flask == 1.0 ; python_version < '3' for flask = 1.0 ; "
    "python_version < '3'",
    "numpy>>1.0": "the comparisons are ==, !=, >=, <=, >, < and ~=, and no >>",
    "requests=>2.0": "write requests>=2.0 for requests=>2.0",
    "[dev]": "an extra follows its package: name[dev]",
    "pywin32==300; sys_platform == win32": 'write pywin32==300; sys_platform == "win32" for pywin32==300; '
    "sys_platform == win32",
    "pip install six": "delete 'pip install': a line is what follows it",
    "python3 -m pip install six": "delete 'python3 -m pip install': a line is what follows it",
    "!!!": "",
}


@pytest.fixture
def locked(mirror, tmp_path, monkeypatch):
    """locked(text): the lock of a requirements file."""
    monkeypatch.chdir(tmp_path)
    server = mirror("alpha", "beta")

    def lock(text, *more):
        (tmp_path / "r.txt").write_text(text)
        with Session(EL7, server.args, Reporter()) as session:
            return session.lock(Request(more, (tmp_path / "r.txt",), ()))

    return lock


def refused(locked, text, *more):
    with pytest.raises(UsageError) as caught:
        locked(text, *more)
    return caught.value


@pytest.mark.parametrize("line", CURES)
def test_a_cure(line):
    """What is to be written can be read."""
    cure = lines.cure(line)
    assert cure == CURES[line]
    if " for " in cure:
        Requirement(cure[len("write ") :].partition(" for ")[0])


def test_all_of_them_at_once(locked):
    """With the line of each, also options, and what else is wrong with the request."""
    bad = [*CURES, "--no-such", "alpha --hash", "-e ../nothere", "--index-url", "-r gone.txt"]
    error = refused(locked, "\n".join(["alpha", *bad, "nobody>=3"]), "beta=1")
    said = error.message.splitlines()
    assert said[0].startswith("the request: Invalid requirement: 'beta=1': ")
    assert [int(line.partition("r.txt (line ")[2].partition(")")[0]) for line in said[1:-1]] == [
        *range(2, len(bad) + 1)
    ]
    assert "Could not open requirements file" in said[-1]
    for cure in {SYNTAX, *CURES.values(), "write beta==1 for beta=1"}:
        assert cure in error.fix


def test_the_rest_of_the_request(locked):
    """Is asked for, and what is wrong with it said too; not of what is called like a directory that is not
    there."""
    error = refused(locked, "-e ../omega\nalpha\nnobody>=3\nalpha=1\nomega>=2")
    assert [(one.code, one.subject) for one in error.findings] == [("REQ003", "nobody")]
    assert "r.txt (line 4): Invalid requirement: 'alpha=1'" in error.message
    error = refused(locked, "alpha; os_name ~= 'x'\nbeta==1===2\nnobody")
    assert "r.txt (line 1): alpha: its marker" in error.message
    assert "r.txt (line 2): " in error.message
    assert [one.subject for one in error.findings] == ["nobody"]


def test_a_file_that_cannot_be_opened(locked, tmp_path):
    """Ends it: what the rest cannot have may follow from what is not there. Other lines are still told."""
    error = refused(locked, "nobody>=3\nalpha=1\n-r gone.txt")
    assert list(error.findings) == []
    said = error.message.splitlines()
    assert [one.partition("directory: ")[2] for one in said] == ["", f"'{tmp_path}/gone.txt'"]


def test_all_files_that_cannot_be_opened(typed, mirror, tmp_path):
    """By their names, and nothing that only follows from them."""
    args = mirror("alpha").args
    code, _, err = typed("lock", "nobody", "-r", tmp_path / "a.lock", "-r", tmp_path / "b.lock", *args)
    assert (code, "REQ" in err) == (2, False), err
    assert [f"'{tmp_path / name}'" in err for name in ("a.lock", "b.lock")] == [True, True]


@pytest.mark.parametrize("words", ["-e ../nothere", "-e nothere", "-e ../nothere[dev]", "../nothere"])
def test_a_directory_that_is_not_there(locked, tmp_path, words):
    """Where it was looked for, and no word of the systems that pip can check out."""
    error = refused(locked, f"alpha\n{words}\n")
    said = f"no such file or directory on this machine, where a path starts at {tmp_path}"
    assert error.message == f"{tmp_path}/r.txt (line 2): {words}: {said}"
    assert error.fix == (
        "check the path, or ask for the package by its name, "
        "or run the command in the directory where its path starts"
    )
    assert refused(locked, "alpha", words).message == f"the request: {words}: {said}"


@pytest.mark.parametrize(
    "line", ["python==3.6", "python>=3.6", "python=3.6", "Python ~= 3.6", "python 3", "python"]
)
def test_the_interpreter(locked, tmp_path, line):
    """As conda has it among its packages."""
    error = refused(locked, f"alpha\n{line}\n")
    said = f"r.txt (line 2): {line} is about the interpreter, and no package of an index"
    assert error.message == f"{tmp_path}/{said}"
    assert error.fix == "delete the line: the server's Python is --python or --target"
    assert not any(
        map(lines.is_python, ("python-dateutil==2", "python @ https://host/python-1.zip", "pythonx"))
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--use-feature=2020-resolver", "--use-feature=2020-resolver has no effect here: pip does so anyway"),
        ("--use-feature in-tree-build", "--use-feature in-tree-build has no effect here: pip does so anyway"),
        (
            "beta --install-option=\"--prefix=/opt/a b\" --global-option='build_ext'",
            "--install-option has no effect here: it is for setup.py, and wheels are installed",
        ),
        (
            "--process-dependency-links",
            "--process-dependency-links has no effect here: pip 19.0 has dropped it; what such a link led to "
            "is asked of the index",
        ),
        ("--use-wheel", "--use-wheel has no effect here: pip does so anyway"),
        ("--allow-external beta", "--allow-external has no effect here: pip 10 has dropped it; an index has "
         "its own files alone"),
    ],
)  # fmt: skip
def test_options_of_older_pips(locked, tmp_path, line, said):
    """Are passed over, and said; the rest of the line holds."""
    lock = locked(f"alpha\n{line}\n")
    assert [one.name for one in lock.wheels] == (["alpha", "beta"] if line.startswith("beta") else ["alpha"])
    (finding,) = [one for one in lock.findings if one.code == "REQ018"]
    assert (finding.subject, finding.message) == (f"{tmp_path}/r.txt (line 2)", said)
    assert finding.fix == "delete it: that changes nothing here"


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("beta --index-url http://127.0.0.1:9/simple", "--index-url"),
        ("beta==1 --extra-index-url=http://127.0.0.1:9/simple", "--extra-index-url"),
        ("beta -f /nowhere", "-f"),
        ("beta --pre --global-option=x", "--pre"),
    ],
)
def test_an_option_of_the_file_in_the_line_of_a_requirement(locked, line, option):
    """pip passes over it in silence."""
    lock = locked(f"--prefer-binary\nalpha\n{line}\n")
    said = [(one.message, one.fix) for one in lock.findings if option in one.message.split()[0]]
    assert said == [(f"{option} has no effect in the line of a requirement", "write it in a line of its own")]
    (subject,) = [one.subject for one in lock.findings if "in the line" in one.message]
    assert subject.endswith("r.txt (line 3)")

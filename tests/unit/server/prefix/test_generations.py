"""Generations under a prefix: names, receipts, and which is current."""

import os

import pytest

from offkit.edges import exclusive, files
from offkit.model.errors import EnvironmentProblem
from offkit.server.prefix import generations
from offkit.server.prefix.generations import Generation, Package, Receipt

RECEIPT = Receipt(
    "0001-abcdef01",
    "abcdef01" * 8,
    {"name": "el7"},
    "/usr/bin/python3.6",
    "3.6.8",
    "2026-01-31T12:00:00Z",
    "offkit 0.1.0",
    (Package("numpy", "1.19.5"),),
)


def place(prefix, name, receipt=None):
    folder = prefix / "generations" / name / "offkit"
    folder.mkdir(parents=True)
    if receipt is not None:
        (folder / "receipt.json").write_bytes(receipt)


def test_a_receipt_comes_back():
    """What is written is what is read."""
    import json

    assert generations.from_json(json.loads(generations.dump(RECEIPT).decode("ascii"))) == RECEIPT


@pytest.mark.parametrize(
    "data", [[], None, {}, {"schema": "offkit/receipt-9"}, {"schema": "offkit/receipt-1"}]
)
def test_other_documents_are_no_receipts(data):
    """A ValueError, whatever it is instead."""
    with pytest.raises(ValueError):  # noqa: PT011
        generations.from_json(data)


def test_a_receipt_of_another_schema():
    """Whole in everything else: a later offkit's may mean something else by the same words."""
    import json

    data = dict(json.loads(generations.dump(RECEIPT).decode("ascii")), schema="offkit/receipt-2")
    with pytest.raises(ValueError, match="offkit/receipt-2"):
        generations.from_json(data)


def test_nothing_is_installed(tmp_path):
    """A prefix that is not there has no generations."""
    assert generations.found(str(tmp_path / "nowhere")) == []
    assert generations.current_id(str(tmp_path)) is None
    assert generations.leftovers(str(tmp_path)) == []


def test_found_in_order(tmp_path):
    """By number, not by name; builds and strangers are not among them."""
    place(tmp_path, "10000-00000002", b"rubbish")
    place(tmp_path, "0002-00000001")
    place(tmp_path, "0001-abcdef01", generations.dump(RECEIPT))
    place(tmp_path, ".building-0003-x")
    place(tmp_path, "notes")
    generations.switch(str(tmp_path), "0002-00000001")
    found = generations.found(str(tmp_path))
    assert [(one.id, one.current, one.receipt) for one in found] == [
        ("0001-abcdef01", False, RECEIPT),
        ("0002-00000001", True, None),
        ("10000-00000002", False, None),
    ]
    assert [os.path.basename(path) for path in generations.leftovers(str(tmp_path))] == [".building-0003-x"]


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ([], "0001-abcdef01"),
        (["0001-00000000"], "0002-abcdef01"),
        (["0001-00000000", "0009-00000000", "0003-00000000"], "0010-abcdef01"),
        (["9999-00000000"], "10000-abcdef01"),
    ],
)
def test_the_next_number(existing, expected):
    """One more than the highest, so that a removed one's number is not used again by a newer."""
    assert generations.next_id(existing, "abcdef0123") == expected


def test_numbers_of_generations():
    """Of what is called like one; other names have none."""
    assert generations.number("0012-89abcdef") == 12
    for name in ("current", "12", "0012-xyz", ""):
        with pytest.raises(ValueError, match="^{}$".format(name)):
            generations.number(name)


def test_switching_is_a_relative_link(tmp_path):
    """The prefix can be mounted elsewhere; a foreign file is left alone."""
    place(tmp_path, "0001-abcdef01")
    place(tmp_path, "0002-abcdef01")
    generations.switch(str(tmp_path), "0001-abcdef01")
    generations.switch(str(tmp_path), "0002-abcdef01")
    assert os.readlink(str(tmp_path / "current")) == "generations/0002-abcdef01"
    assert generations.current_id(str(tmp_path)) == "0002-abcdef01"
    assert sorted(os.listdir(str(tmp_path))) == ["current", "generations"]
    (tmp_path / "current").unlink()
    (tmp_path / "current").mkdir()
    with pytest.raises(FileExistsError):
        generations.switch(str(tmp_path), "0001-abcdef01")


def test_packages_from_metadata():
    """Only the header counts: a description may say Name: too."""
    text = b"Metadata-Version: 2.1\nName: opencv-python-headless\nVersion: 4.6.0.66\n\nName: other\n"
    assert generations.package(text) == Package("opencv-python-headless", "4.6.0.66")
    assert generations.package(b"Name: a\n\nVersion: 9, it says behind the header\n") == Package("a", "")


@pytest.mark.parametrize(
    ("runtime_file", "prefix"),
    [
        ("/opt/offkit/generations/0001-abcdef01/offkit/runtime/offkit/cli/options.py", "/opt/offkit"),
        ("/a/generations/b/generations/0001-abcdef01/offkit/runtime/x.py", "/a/generations/b"),
        ("/opt/offkit/generations/.building-0001-abcdef01/offkit/runtime/x.py", None),
        ("/opt/other/0001-abcdef01/offkit/runtime/x.py", None),
        ("/work/offkit.pyz/offkit/cli/options.py", None),
        ("/src/toolkit/offkit/cli/options.py", None),
    ],
)
def test_the_prefix_that_offkit_runs_from(runtime_file, prefix):
    """Known when it lies in a generation, and only then."""
    assert generations.home(runtime_file) == prefix


def listed(current, *numbers):
    return [Generation("{:04d}-00000000".format(n), "", None, n == current) for n in numbers]


@pytest.mark.parametrize(
    ("existing", "keep", "gone"),
    [
        ([], 1, []),
        (listed(1, 1), 1, []),
        (listed(3, 1, 2, 3), None, []),
        (listed(3, 1, 2, 3), 4, []),
        (listed(3, 1, 2, 3), 3, [1]),
        (listed(3, 1, 2, 3), 1, [1, 2]),
        (listed(1, 1, 2, 3), 2, [2]),
        (listed(1, 1, 2, 3), 1, [2, 3]),
        (listed(None, 2, 1), 2, [1]),
        (listed(9, 10, 9, 2), 3, [2]),
    ],
)
def test_beyond_the_last(existing, keep, gone):
    """The new one counts; the one that was current stays even when it is an old one."""
    assert [generations.number(name) for name in generations.beyond(existing, keep)] == gone


def test_removal_takes_the_name_first(tmp_path, monkeypatch):
    """What interrupts it leaves the leftover of a build, not half a generation."""
    place(tmp_path, "0001-abcdef01", generations.dump(RECEIPT))
    monkeypatch.setattr(files, "remove_tree", lambda name: False)
    assert generations.remove(str(tmp_path), "0001-abcdef01", "t0") is False
    assert generations.found(str(tmp_path)) == []
    left = generations.leftovers(str(tmp_path))
    assert [os.path.basename(path) for path in left] == [".building-0001-abcdef01-t0"]
    monkeypatch.undo()
    place(tmp_path, "0001-abcdef01")
    assert generations.remove(str(tmp_path), "0001-abcdef01", "t1") is True


def test_refusals_of_the_system_are_findings(tmp_path):
    """With the path, the reason and what to do; a held lock has its own code."""
    with pytest.raises(EnvironmentProblem, match="the rollback failed") as caught:
        with exclusive.exclusive(str(tmp_path), "the rollback failed"):
            raise PermissionError(13, "Permission denied", "/opt/offkit/current")
    (one,) = caught.value.findings
    assert (one.code, one.subject) == ("ENV031", "/opt/offkit/current")
    assert one.message == "Permission denied"
    assert one.fix == "run it as the user who installed"
    with files.lock(str(tmp_path / ".lock")), pytest.raises(EnvironmentProblem) as caught:
        with exclusive.exclusive(str(tmp_path), "the rollback failed"):
            pass
    assert [one.code for one in caught.value.findings] == ["ENV030"]


def test_what_current_leads_to(tmp_path):
    """The last part of the link counts, where there is such a generation."""
    place(tmp_path, "0001-abcdef01")
    for target, found in (
        ("generations/0001-abcdef01", "0001-abcdef01"),
        ("/elsewhere/generations/0001-abcdef01", "0001-abcdef01"),
        ("generations/0002-abcdef01", None),
    ):
        (tmp_path / "current").symlink_to(target)
        assert generations.current_id(str(tmp_path)) == found
        assert [one.current for one in generations.found(str(tmp_path))] == [found is not None]
        (tmp_path / "current").unlink()
    (tmp_path / "current").mkdir()
    assert generations.current_id(str(tmp_path)) is None


@pytest.mark.parametrize(
    ("error", "subject", "message", "fix"),
    [
        (
            OSError(28, "No space left on device", "/opt/a"),
            "/opt/a",
            "No space left on device",
            "correct this",
        ),
        (
            OSError(28, "No space left on device", b"/opt/b"),
            "/opt/b",
            "No space left on device",
            "correct this",
        ),
        (OSError(5, "Input/output error"), "/p", "Input/output error", "correct this"),
        (OSError("a riddle"), "/p", "a riddle", "correct this"),
        (
            PermissionError(1, "Operation not permitted"),
            "/p",
            "Operation not permitted",
            "run it as the user",
        ),
        (OSError(9, "Bad file descriptor", 3), "/p", "Bad file descriptor", "correct this"),
    ],
)
def test_a_refusal_in_words(error, subject, message, fix):
    """Of the path that the system names, else of the prefix."""
    problem = exclusive.refused(error, "/p", "it failed")
    (finding,) = problem.findings
    assert (problem.message, finding.code, finding.severity) == ("it failed", "ENV031", "error")
    assert (finding.subject, finding.message) == (subject, message)
    assert finding.fix.startswith(fix)


def test_only_one_at_a_time(tmp_path):
    """The lock is in the prefix, it is named, and it is free again afterwards; what is made inside is ours."""
    prefix = str(tmp_path)
    before = os.umask(0o077)
    try:
        with exclusive.exclusive(prefix, "the rollback failed"):
            (tmp_path / "made").write_bytes(b"")
            with pytest.raises(EnvironmentProblem, match="another offkit is running in ") as caught:
                with exclusive.exclusive(prefix, "the rollback failed"):
                    raise AssertionError("never")
    finally:
        os.umask(before)
    (finding,) = caught.value.findings
    assert (finding.code, finding.subject) == ("ENV030", prefix)
    assert finding.looked_in == (str(tmp_path / ".lock"),)
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o644
    with exclusive.exclusive(prefix, "the rollback failed"):
        pass


@pytest.mark.parametrize(("name", "found"), [("0012-89abcdef", 12), ("12345-89abcdef", 12345)])
def test_numbers_in_names(name, found):
    """As many digits as it takes."""
    assert generations.is_id(name)
    assert generations.number(name) == found


@pytest.mark.parametrize(
    "name", ["012-89abcdef", "0012-89ABCDEF", "0012-89abcde", "0012-89abcdef0", "x0012-89abcdef", ""]
)
def test_other_names_have_none(name):
    """Four digits at least, and eight of the digest."""
    assert not generations.is_id(name)
    with pytest.raises(ValueError):  # noqa: PT011
        generations.number(name)


def test_metadata_with_the_same_field_twice():
    """The first counts; lines without a colon are none, nor do bytes matter that are no text."""
    text = b"nonsense\nAuthor: \xff\nName: a\nName: b\nVersion:  1.0 \n"
    assert generations.package(text) == Package("a", "1.0")
    assert generations.package(b"") == Package("", "")


def test_the_order_goes_on_beyond_four_digits(tmp_path):
    """By number: 10000 comes after 9999."""
    for name in ("10000-00000002", "9999-00000001"):
        place(tmp_path, name)
    assert [one.id for one in generations.found(str(tmp_path))] == ["9999-00000001", "10000-00000002"]

"""What cannot be had is named: every package, what exists instead, and what to do."""

import pytest

from offkit.model.errors import EnvironmentProblem, IntegrityError, RequestError, UsageError

pytestmark = pytest.mark.network


def refused(lock, *requirements, **more):
    with pytest.raises(RequestError) as caught:
        lock("3.6", *requirements, **more)
    assert caught.value.exit_code == 1
    return caught.value.findings


def test_all_of_them_in_one_run(lock):
    """A wheel for other Pythons only, sources only, no such project, no such version; a good one is not named."""
    found = refused(
        lock, "pandas==2.0.0", "odfpy==1.4.1", "numpy==1.19.5", "no-such-thing-at-all-xyz", "rich==99"
    )
    assert {finding.subject: finding.code for finding in found} == {
        "pandas": "REQ008",
        "odfpy": "REQ002",
        "no-such-thing-at-all-xyz": "REQ003",
        "rich": "REQ004",
    }


def test_what_exists_instead(lock):
    """The newest that fits, and the Python that it takes, each tried."""
    (finding,) = refused(lock, "pandas==2.0.0")
    assert finding.message == "pandas==2.0.0: needs Python >=3.8; the server has 3.6.8"
    assert finding.fix.splitlines() == [
        "use pandas==1.1.5: the whole request resolves with it",
        "or deploy another Python: the whole request resolves with --python 3.8 --target el7",
    ]


def test_sources_only(lock):
    """Names the archive and the machine to build on."""
    (finding,) = refused(lock, "odfpy==1.4.1")
    assert "odfpy-1.4.1.tar.gz" in finding.message
    assert "python3.6 -m pip wheel" in finding.fix


def test_of_a_dependency_it_says_who_needs_it(lock):
    """sgmllib3k has no wheel, and only feedparser asked for it."""
    (finding,) = refused(lock, "feedparser==6.0.10")
    assert finding.subject == "sgmllib3k"
    assert "needed by feedparser 6.0.10" in finding.message


def test_a_contradiction_names_both_sides(lock):
    """Each package could be had alone."""
    (finding,) = refused(lock, "rich==12.6.0", "pygments==2.0")
    assert finding.code == "REQ005"
    assert sorted(finding.looked_in) == [
        "rich 12.6.0 needs pygments<3.0.0,>=2.6.0",
        "you asked for pygments==2.0",
    ]


def test_sources_that_cannot_be_built_are_refused(lock, tmp_path):
    """With the reason that the build gives; its build requirements come from the index."""
    (tmp_path / "setup.py").write_text("raise SystemExit('must not run')")
    (finding,) = refused(lock, str(tmp_path))
    assert finding.code == "REQ025"
    assert finding.message.endswith("asking for its build requirements failed: must not run")


def test_a_silent_index_is_not_an_absent_project(lock, monkeypatch):
    """Nobody listens on port 9; that is this side's trouble, and says so."""
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(EnvironmentProblem) as caught:
        lock("3.6", "click", args=["--index-url", "http://127.0.0.1:9/simple"])
    assert caught.value.findings[0].subject == "http://127.0.0.1:9/simple"
    assert caught.value.findings[0].message == "does not answer: Connection refused"


def test_a_lock_with_another_hash_is_refused(lock, tmp_path):
    """The index has another file than the lock was made from."""
    path = tmp_path / "lock.txt"
    path.write_text("zipp==3.6.0 --hash=sha256:" + "0" * 64)
    with pytest.raises(IntegrityError) as caught:
        lock("3.6", files=[path])
    assert caught.value.findings[0].subject == "zipp"


@pytest.mark.parametrize("word", ["a&b", "click=8", "==1", "-x"])
def test_nonsense_is_a_usage_error(lock, word):
    """One line, not a traceback."""
    with pytest.raises(UsageError):
        lock("3.6", word)


def test_a_requirements_file_that_is_not_there(lock, tmp_path):
    """Names the file."""
    with pytest.raises(UsageError, match=r"nowhere\.txt"):
        lock("3.6", files=[tmp_path / "nowhere.txt"])


def test_requirements_that_are_not_for_the_target(lock):
    """An empty bundle would be a lie."""
    (finding,) = refused(lock, 'click; python_version > "3.8"')
    assert finding.code == "REQ009"
    assert "python_version" in finding.message


def test_a_wheel_that_is_not_there(lock, tmp_path):
    """A path in place of a name."""
    with pytest.raises(UsageError, match="nowhere-1-py3-none-any"):
        lock("3.6", str(tmp_path / "nowhere-1-py3-none-any.whl"))


@pytest.mark.parametrize(
    ("args", "error", "word"),
    [
        (["--index-url", "not_a_url"], UsageError, "not_a_url"),
        (["--index-url", "ftp://x/y"], UsageError, "ftp://x/y"),
        (["--no-index", "--find-links", "/nowhere"], EnvironmentProblem, "/nowhere"),
        (["--index-url", "file:///nowhere/simple"], EnvironmentProblem, "file:///nowhere/simple"),
    ],
)
def test_an_index_that_is_none_is_named(lock, args, error, word):
    """Not blamed on the spelling of the project."""
    with pytest.raises(error) as caught:
        lock("3.6", "click", args=args)
    assert word in caught.value.message + "".join(f.subject for f in caught.value.findings)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("contents", "word"), [(b"", "empty"), (b"\xff\xfe\0", "damaged"), (b"--bogus\n", "--bogus")]
)
def test_requirements_files_that_are_none(lock, tmp_path, capfd, contents, word):
    """Empty, binary, or with an option nobody has; nothing is printed behind our back."""
    path = tmp_path / "requirements.txt"
    path.write_bytes(contents)
    with pytest.raises(UsageError, match=word) as caught:
        lock("3.6", files=[path])
    assert caught.value.fix
    assert capfd.readouterr() == ("", "")

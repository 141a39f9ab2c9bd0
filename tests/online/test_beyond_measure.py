"""Numbers, names and nestings on which Python or pip gives up: an answer, or an error of ours that says so."""

import json

import pytest

from online_fuzz import command, variable

HUGE = "9" * 5000  # sys.set_int_max_str_digits(): 4300
DEEP = "(" * 3000 + "os_name == 'x'" + ")" * 3000
WHEEL = "alpha-1-py3-none-any.whl"
JSON = "application/vnd.pypi.simple.v1+json"
GROUPS = "".join(f"g{at} = [{{include-group = 'g{at + 1}'}}]\n" for at in range(3000))


@pytest.fixture
def index(mirror, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return mirror("alpha", "beta")


@pytest.mark.parametrize(
    ("name", "text", "code", "said"),
    [
        ("r.txt", f"alpha=={HUGE}", 2, "alpha==99999999999999999999... is no version: it has 5000 characters"),
        ("r.txt", f"alpha=={HUGE} --hash=sha256:{'0' * 64}", 2, "is no version: it has 5000 characters"),
        ("r.txt", "alpha==" + "1." * 200 + "1", 2, "is no version: it has 401 characters"),
        ("r.txt", f"alpha; python_version > '{HUGE}'", 2, "means nothing"),
        ("r.txt", f"alpha==1 ; {DEEP} --hash=sha256:{'0' * 64}", 2, "cannot be read as requirements"),
        ("r.txt", "alpha @ INDEX/files/beta-1-py3-none-any.whl", 2, "beta-1-py3-none-any.whl is a wheel of beta"),
        ("r.txt", "--require-hashes\nalpha", 1, "fix: delete --require-hashes"),
        ("pyproject.toml", "x = " + "[" * 5000, 2, "pyproject.toml is no TOML: "),
        ("pyproject.toml", "[dependency-groups]\n" + GROUPS + "g3000 = []", 2, "error: pyproject.toml: "),
    ],
    ids=range(9),
)  # fmt: skip
def test_in_a_file(index, monkeypatch, tmp_path, name, text, code, said):
    (tmp_path / name).write_text(text.replace("INDEX", index.url))
    group = ["--group", "g0"] if "include-group" in text else []
    ended, told = command(monkeypatch, "-r", name, *group, *index.args)
    assert ended == code
    assert said in told
    assert len(told) < 5000


def test_a_name_of_a_file_with_a_nul(index, monkeypatch):
    code, told = command(monkeypatch, "-r", "a\0b", *index.args)
    assert (code, told.splitlines()[0]) == (2, r"error: 'a\x00b' is no path: it has a NUL byte")


def test_retries_that_pip_only_asserts(index, monkeypatch):
    with variable("PIP_RESUME_RETRIES", "-1"):
        code, told = command(monkeypatch, "alpha", *index.args)
    assert (code, "--resume-retries is less than nothing" in told) in ((2, True), (0, False))  # pip < 25.1


@pytest.mark.parametrize(
    "name",
    [
        f"alpha-{HUGE}-py3-none-any.whl",
        f"alpha-{HUGE}.tar.gz",
        "alpha-1-{}-{}-{}.whl".format(*(".".join(f"{word}{at}" for at in range(300)) for word in "abc")),
    ],
    ids=["wheel", "sources", "27 million tags"],
)
def test_a_name_that_no_file_can_have(index, monkeypatch, name):
    """Is passed over, whatever it says; the others of the page count."""
    files = [{"filename": one, "url": "/files/" + one, "hashes": {}} for one in (name, WHEEL)]
    pages = [
        ("".join(f'<a href="/files/{one}">{one}</a>' for one in (name, WHEEL)), "text/html"),
        (json.dumps({"meta": {"api-version": "1.1"}, "name": "alpha", "files": files}), JSON),
    ]
    for page, kind in pages:
        index.pages["/simple/alpha/"] = (200, page.encode(), {"Content-Type": kind})
        code, told = command(monkeypatch, "alpha", *index.args)
        assert (code, "alpha==1" in told) == (0, True)


@pytest.mark.parametrize(
    "line",
    [
        f"beta (>={HUGE})",
        f"beta=={'1.' * 200}1",
        f"beta; {DEEP}",
        f"beta; python_version > '{HUGE}'",
        "beta @ http://[",
        "b" * 300,
    ],
    ids=range(6),
)
def test_metadata_that_nobody_can_mean(index, monkeypatch, line):
    """The package is refused for it, and the line is shown, as far as anybody would read it."""
    index.pages["/simple/alpha/"] = (
        200,
        f'<a href="/files/{WHEEL}" data-core-metadata="true">{WHEEL}</a>'.encode(),
        {"Content-Type": "text/html"},
    )
    text = f"Metadata-Version: 2.1\nName: alpha\nVersion: 1\nRequires-Dist: {line}\n"
    index.pages[f"/files/{WHEEL}.metadata"] = (200, text.encode(), {})
    code, told = command(monkeypatch, "alpha", *index.args)
    assert code == 1
    assert f"REQ012  alpha: alpha: the metadata of {WHEEL} cannot be read" in told
    assert f"Requires-Dist: {line[:20]}" in told
    assert len(told) < 1000


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"Version: {HUGE}\n", 1),
        (
            f"Version: 1\nRequires-Python: >={HUGE}\n",
            0,
        ),  # which nobody can read, and so pip takes it for none
        ("Version: 1\n" + "Requires-Dist: beta\n" * 5000, 0),
        ("Version: 1\nRequires-Dist: beta @ INDEX/files/alpha-1-py3-none-any.whl\n", 1),
    ],
    ids=range(4),
)
def test_other_metadata(index, monkeypatch, text, code):
    text = "Metadata-Version: 2.1\nName: alpha\n" + text.replace("INDEX", index.url + "/other")
    page = f'<a href="/files/{WHEEL}" data-core-metadata="true">{WHEEL}</a>'
    index.pages["/simple/alpha/"] = (200, page.encode(), {"Content-Type": "text/html"})
    index.pages[f"/files/{WHEEL}.metadata"] = (200, text.encode(), {})
    assert command(monkeypatch, "alpha", *index.args)[0] == code


@pytest.mark.parametrize(
    "headers",
    [{"Content-Encoding": ", ".join(["gzip"] * 50)}, {"Content-Length": "3, 4", "Connection": "close"}],
    ids=["codings", "lengths"],
)
def test_a_wheel_that_is_sent_wrongly(index, monkeypatch, headers):
    """Its server is named, as for whatever else it does wrong."""
    index.hashes = False
    index.pages["/files/" + WHEEL] = (200, index.files[WHEEL], headers)
    code, told = command(monkeypatch, "alpha", *index.args)
    assert (code, index.url in told) == (4, True)


def test_many_that_are_nowhere(index, monkeypatch):
    """Those of the request are told at once, and those of a package: none of them has a resolution of its own,
    of which there are forty."""
    own = [f"no-own-{at}" for at in range(45)]
    index.add("gamma", requires=[f"no-part-{at}" for at in range(5)] + ["no-extra; extra == 'x'"])
    code, told = command(monkeypatch, "alpha", "gamma", *own, *index.args)
    assert code == 1
    for name in [*own, *(f"no-part-{at}" for at in range(5))]:
        assert f"x REQ003  {name}: {name}" in told
    assert "no-extra" not in told
    assert sum(path == "/simple/alpha/" for _, path in index.asked) < 10

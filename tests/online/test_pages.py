"""What pip is to look at of a project's page in JSON, and what only its row tells."""

import json
from types import SimpleNamespace

import pytest
from packaging.tags import Tag
from packaging.version import Version
from pip._internal.models.link import Link

from offkit.model.report import Reporter
from offkit.online.index import pages
from offkit.online.index.listing import Listed
from offkit.online.request import pins
from offkit.online.resolve.lock import Session
from offkit.online.wheels import lookup
from target_maker import preset

JSON = "application/vnd.pypi.simple.v1+json"
EL7 = preset("3.6")
FITS = pages.fitting(
    frozenset([Tag("py3", "none", "any"), Tag("cp36", "abi3", "linux_x86_64")]), sources=False
)


def row(filename, **more):
    return {
        "filename": filename,
        "url": f"https://files.example/p/{filename}",
        "hashes": {"sha256": "0"},
        **more,
    }


def read(*rows, fits=FITS, meant=None):
    content = json.dumps({"files": list(rows)}).encode()
    page = SimpleNamespace(content=content, content_type=JSON, url="https://index.example/simple/alpha/")
    return pages.read(page, fits, Link.from_json, meant=meant)


def test_what_is_meant_by_its_hash():
    """Others are left out; a row that tells none may be it."""
    one, two, three, four = (f"alpha-{number}-py3-none-any.whl" for number in range(4))
    page = read(
        row(one),
        row(two, hashes={"sha256": "1"}),
        row(three, hashes={"md5": "0"}),
        row(four, hashes=None),
        meant={"1", "2"},
    )
    assert list(page.rows) == [two, three, four]
    assert [link.filename for link in page.links] == [two, three, four]


def test_pins_whose_other_files_matter():
    """Those of pre-releases, in whichever file one is pinned."""
    given = [("alpha", "1", "a"), ("beta", "2", "b"), ("beta", "2rc1", "c"), ("alpha", "1", "d")]
    lines = [f"{name}=={version} --hash=sha256:{sha256 * 64}" for name, version, sha256 in given]
    assert lookup.meant(pins.parse("\n".join(lines))) == {"alpha": {"a" * 64, "d" * 64}}


@pytest.mark.parametrize(("name", "fits"), [
    ("alpha-1-py3-none-any.whl", True),
    ("alpha-1-py2.py3-none-any.whl", True),
    ("alpha-1-1-PY3-none-any.whl", True),
    ("alpha-1-cp36-abi3-linux_x86_64.macosx_10_9_x86_64.whl", True),
    ("alpha-1-cp36-abi3-win_amd64.whl", False),
    ("alpha-1-cp36-cp36m-linux_x86_64.whl", False),
    ("any.whl", True),
    ("alpha-1-py+3-none-any.whl", True),
    ("alpha-1.tar.gz", False),
])  # fmt: skip
def test_what_a_name_rules_out(name, fits):
    """A wheel of which no tag is of the target, and sources; what nobody can read is left to pip."""
    assert FITS(name) is fits


def test_sources_where_they_are_wanted():
    assert pages.fitting(frozenset(), sources=True)("alpha-1.tar.gz")


def test_links_are_made_of_what_fits():
    """As pip makes them; the others are rows."""
    other = row("alpha-1-cp37-cp37m-linux_x86_64.whl", yanked="why")
    found = read(
        other, row("alpha-2-py3-none-any.whl", **{"requires-python": ">=3.6"}), row("alpha-2.tar.gz")
    )
    assert list(found.rows) == [other["filename"], "alpha-2-py3-none-any.whl", "alpha-2.tar.gz"]
    assert found.rows[other["filename"]] == (other["filename"], "", "why", "")
    (link,) = found.links
    assert (link.filename, link.requires_python) == ("alpha-2-py3-none-any.whl", ">=3.6")


@pytest.mark.parametrize("more", [
    {"url": "https://files.example/p/another-1-py3-none-any.whl"},
    {"url": "https://files.example/p/alpha-1.tar.gz?alpha-1.tar.gz"},
    {"url": "https://files.example/p%2Falpha-1.tar.gz#/alpha-1.tar.gz"},
    {"requires-python": None, "hashes": {}, "yanked": 1},
    {"core-metadata": True, "hashes": {"sha256": "0"}, "upload-time": ""},
])  # fmt: skip
def test_a_row_that_is_unusual(more):
    """Is read by pip, whatever it makes of it."""
    assert len(read({**row("alpha-1.tar.gz"), **more}).links) == 1


def test_a_row_without_a_file():
    """As pip has it: it is none."""
    assert read({"filename": "alpha-1.tar.gz"}).rows == {}


@pytest.mark.parametrize(("content", "error"), [
    (b"{", ValueError), (b"[]", AttributeError), (b'{"files": [1]}', AttributeError),
    (b'{"files": [{"url": 1}]}', AttributeError),
])  # fmt: skip
def test_a_damaged_page(content, error):
    """Fails as pip does."""
    page = SimpleNamespace(content=content, content_type=JSON, url="https://index.example/simple/alpha/")
    with pytest.raises(error):
        pages.read(page, FITS, Link.from_json)


def test_one_in_html():
    assert (
        pages.read(SimpleNamespace(content=b"", content_type="text/html; charset=utf-8"), FITS, None) is None
    )


def test_everything_is_listed(mirror):
    """What has a link and what has not, with what the index says of it; newer ones alone where they are
    asked for."""
    server = mirror()
    names = [
        "alpha-1-py3-none-any.whl",
        "alpha-2.tar.gz",
        "alpha-3-cp39-cp39-win_amd64.whl",
        "alpha-4rc1.zip",
        "alpha-x.tar.gz",
    ]
    said = {"requires-python": ">=3.*,", "yanked": True, "upload-time": "2024-05-06T07:08:09Z"}
    rows = [row(name, **(said if "win" in name else {})) for name in names]
    page = json.dumps({"meta": {"api-version": "1.1"}, "name": "alpha", "files": rows}).encode()
    server.pages["/simple/alpha/"] = (200, page, {"Content-Type": JSON})
    with Session(EL7, server.args, Reporter()) as session:
        candidates = session.repository.find_all_candidates("alpha")
        found = session.listing.of("alpha")
        newer = session.listing.since("alpha", names[2])
        finals = session.listing.has_finals("alpha")
    assert [one.link.filename for one in candidates] == names[:1]
    assert [one.filename for one in found] == names[:-1]
    windows = frozenset([Tag("cp39", "cp39", "win_amd64")])
    assert found[2] == Listed(Version("3"), names[2], windows, ">=3", "", 2024)
    assert newer == found[2:]
    assert finals


def test_without_a_final_release(mirror):
    """Of which files, in whatever form, tell."""
    server = mirror()
    page = json.dumps(
        {"files": [row("alpha-1rc1.tar.gz"), row("alpha-x.tar.gz"), row("beta-1.tar.gz")]}
    ).encode()
    server.pages["/simple/alpha/"] = (200, page, {"Content-Type": JSON})
    with Session(EL7, server.args, Reporter()) as session:
        assert not session.listing.has_finals("alpha")


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize(
    "odd",
    ["", " ", "%20", "?x", "#x", "@", "\\", "\x7f", "\0", "\t", "\xe9", "\u2028", "\U0001f600", "\xad"],
)
def test_a_page_that_is_looked_at_as_a_whole(odd, ascii_only, monkeypatch):
    """Is read as its rows one by one."""
    one = "alpha-1-py3-none-any.whl"
    files = [row(one, url=f"https://files.example/{odd}/{one}"), row("alpha-2-py2-none-any.whl", yanked=odd)]

    def found():
        page = SimpleNamespace(
            content=json.dumps({"files": files}, ensure_ascii=ascii_only).encode(),
            content_type=JSON,
            url="https://index.example/simple/alpha/",
        )
        read = pages.read(page, FITS, Link.from_json, lambda name: Version("1"))
        return repr(read.rows), repr(read.links), [str(link) for link in read.rest], len(read.wheels)

    as_it_is = found()
    monkeypatch.setattr(pages, "_is_even", lambda content: False)
    assert found() == as_it_is


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32-be", "utf-8-sig"])
def test_a_page_in_another_encoding_is_looked_at_row_by_row(encoding):
    assert pages._is_even(json.dumps({"files": [row("alpha-1.zip")]}).encode())
    assert not pages._is_even(json.dumps({"files": [row("alpha-1.zip")]}).encode(encoding))

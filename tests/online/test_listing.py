"""What an index lists of a project, and what of it fits a server."""

import json

import pytest
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from offkit.model.report import Reporter
from offkit.online.index import listing
from offkit.online.index.listing import Listed, Status
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from target_maker import preset

EL7 = preset("3.6")
ANY = frozenset([Tag("py3", "none", "any")])


def wheel(version, tags="py3-none-any", requires_python="", yanked=None):
    filename = f"alpha-{version}-{tags}.whl"
    return Listed(
        Version(version), filename, parse_wheel_filename(filename)[3], requires_python, yanked, None
    )


def source(version):
    return Listed(Version(version), f"alpha-{version}.tar.gz", frozenset(), "", None, None)


@pytest.mark.parametrize(("filename", "project", "version"), [
    ("pycups-1.9.73.tar.bz2", "pycups", "1.9.73"),
    ("Some.Thing-1.tgz", "some-thing", "1"),
    ("some-thing-1.0-2.tar.xz", "some-thing", "1.0-2"),
    ("alpha-2.zip", "alpha", "2"),
    ("alpha-2.tar", "alpha", "2"),
    ("alpha-2.tbz", "alpha", "2"),
    ("alpha-2.tar.gz.asc", "alpha", None),
    ("alpha-2.exe", "alpha", None),
    ("alpha-2.linux-x86_64.tar.gz", "alpha", None),
    ("alphabet-2.tar.gz", "alpha", None),
    ("alpha.tar.gz", "alpha", None),
])  # fmt: skip
def test_sources_as_the_finder_of_pip_has_them(mirror, filename, project, version):
    """In each form, and with the version that it reads."""
    server = mirror("alpha")
    server.pages[f"/simple/{project}/"] = (
        200, f'<a href="/files/{filename}">{filename}</a>'.encode(), {"Content-Type": "text/html"},
    )  # fmt: skip
    with Session(EL7, server.args, Reporter()) as session:
        (found,) = session.listing.of(project) or (None,)
        assert found == (version and Listed(Version(version), filename, frozenset(), "", None, None))
    with Session(EL7, server.args, Reporter()) as session:
        finder = session.repository.finder
        finder.format_control.only_binary.clear()
        candidates = finder.find_all_candidates(project)
        assert [str(one.version) for one in candidates] == ([str(Version(version))] if version else [])


@pytest.mark.parametrize(("file", "specifier", "usable"), [
    (wheel("1"), "", True),
    (wheel("1"), ">=2", False),
    (wheel("1", "cp36-cp36m-manylinux2014_x86_64"), "", True),
    (wheel("1", "cp37-cp37m-manylinux2014_x86_64"), "", False),
    (wheel("1", "py2.py3-none-any"), "", True),
    (wheel("1", requires_python=">=3.6"), "", True),
    (wheel("1", requires_python=">=3.7"), "", False),
    (wheel("1", requires_python="whatever"), "", True),
    (wheel("1", yanked=""), ">=1", False),
    (wheel("1", yanked=""), "==1.*", False),
    (wheel("1", yanked=""), "==1", True),
    (wheel("1", yanked="why"), "===1", True),
    (source("1"), "", False),
])  # fmt: skip
def test_what_is_usable(file, specifier, usable):
    """A wheel with a tag of the target, for its Python, of a version asked for, and not withdrawn."""
    assert listing.usable([file], SpecifierSet(specifier), EL7) == ([file] if usable else [])


@pytest.mark.parametrize(("versions", "specifier", "pre", "meant"), [
    (["1", "2rc1"], "", False, ["1"]),
    (["1", "2rc1"], "", True, ["1", "2rc1"]),
    (["1", "2rc1"], ">1", False, []),
    (["1", "2rc1"], ">=2rc1", False, ["2rc1"]),
    (["1", "2rc1"], "==2rc1", False, ["2rc1"]),
    (["1rc1", "2rc1"], "", False, ["1rc1", "2rc1"]),
])  # fmt: skip
def test_pre_releases(versions, specifier, pre, meant):
    """Where they are wanted, named, or all there is (PEP 440)."""
    found = listing.versions([source(one) for one in versions], SpecifierSet(specifier), pre)
    assert sorted(map(str, found)) == meant


def test_what_an_index_lists(mirror, tmp_path):
    """Sorted by version, with what decides whether it is usable; nothing of other projects, and no
    stand-in."""
    server = mirror()
    server.put("alpha-10.tar.gz", requires_python=">=3.7")
    server.put("alpha-9-py3-none-any.whl", yanked="")
    server.put("alpha-2-py3-none-any.whl", yanked="why", requires_python=">=3.*,")
    server.put("alpha-1.zip")
    for name in ("alpha-3.egg", "alpha-3.exe", "alpha-x.tar.gz", "alpha-3.whl", "alpha-3-py3.whl"):
        server.put(name)
    (tmp_path / "alpha_beta-1.tar.gz").write_bytes(b"")
    (tmp_path / "alpha-6-py3-none-any.whl").write_bytes(b"")
    with Session(EL7, [*server.args, "--find-links", str(tmp_path)], Reporter()) as session:
        session._stubs.add("alpha", "5")
        session._stubs.grew()
        session._open()
        found = session.listing.of("Alpha")
        assert session.listing.of("alpha") is found
    assert found == [
        Listed(Version("1"), "alpha-1.zip", frozenset(), "", None, None),
        Listed(Version("2"), "alpha-2-py3-none-any.whl", ANY, ">=3", "why", None),
        Listed(Version("6"), "alpha-6-py3-none-any.whl", ANY, "", None, None),
        Listed(Version("9"), "alpha-9-py3-none-any.whl", ANY, "", "", None),
        Listed(Version("10"), "alpha-10.tar.gz", frozenset(), ">=3.7", None, None),
    ]


def test_a_final_release_is_meant(mirror):
    """Not a pre-release because only that one is a wheel; but where there is nothing else, or it is said."""
    server = mirror()
    for version in ("1", "3rc1"):
        server.add("alpha", version)
    server.put("alpha-2.tar.gz")
    server.add("beta", "1b2")
    server.add("gamma", "1", requires=["delta>=2.0.dev0"])
    server.add("delta", "1")
    server.add("delta", "2rc1")
    request = Request(("alpha", "beta", "gamma"), ())
    with Session(EL7, server.args, Reporter()) as session:
        pins = {one.name: one.version for one in session.lock(request).wheels}
    assert pins == {"alpha": "1", "beta": "1b2", "gamma": "1", "delta": "2rc1"}
    with Session(EL7, [*server.args, "--pre"], Reporter()) as session:
        assert session.lock(request).wheels[0].version == "3rc1"


@pytest.mark.parametrize(("page", "statuses"), [
    ({"name": "Alpha", "project-status": {"status": "archived", "reason": "done"}}, {"alpha": ("archived", "done")}),
    ({"name": "alpha", "project-status": {"status": "quarantined"}}, {"alpha": ("quarantined", "")}),
    ({"name": "alpha", "project-status": {"status": "active"}}, {}),
    ({"name": "alpha", "project-status": "archived"}, {}),
    ({"project-status": {"status": "archived"}}, {}),
    ([], {}),
])  # fmt: skip
def test_the_status_of_a_project(mirror, page, statuses):
    """PEP 792, in JSON; what is not understood is no status."""
    with Session(EL7, mirror().args, Reporter()) as session:
        session.listing._note_status(json.dumps(page).encode())
        session.listing._note_status(b"<html>project-status</html>")
        assert session.listing.statuses == {name: Status(*one) for name, one in statuses.items()}


@pytest.mark.parametrize("filename", [
    "Alpha-1.0-py3-none-any.whl", "alpha_beta-1.0+cu118-1b-cp36.cp37-abi3-manylinux1_x86_64.whl", "a-1-py3-none.whl",
    "a-1-x-py3-none-any.whl", "a-one-py3-none-any.whl", "-1-py3-none-any.whl", "a-1-1-1-py3-none-any.whl", "a-1-PY3-None-ANY.whl",
    "a-1-py36+-none-any.whl",
])  # fmt: skip
def test_names_are_read_as_packaging_reads_them(filename):
    """The same parts, or the same refusal."""
    try:
        name, version, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        with pytest.raises(InvalidWheelFilename):
            listing._parts(filename)
    else:
        assert listing._parts(filename) == (name, version, tags)

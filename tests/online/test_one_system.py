"""Packages of which no version is for another system than Windows or macOS: what is said of them."""

import pytest

import project_maker
from offkit.model.errors import RequestError
from offkit.model.report import Reporter
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from target_maker import preset

EL9 = preset("3.9", "el9")
WINDOWS, APPLE = "cp39-cp39-win_amd64", "cp39-cp39-macosx_10_9_universal2"


def locked(server, *requirements, files=()):
    with Session(EL9, list(server.args), Reporter()) as session:
        return {wheel.name for wheel in session.lock(Request(requirements, tuple(files), ())).wheels}


def refused(server, *requirements, **more):
    with pytest.raises(RequestError) as caught:
        locked(server, *requirements, **more)
    return {one.subject: one for one in caught.value.findings}


def written(fix):
    """The line that a cure says is to be written."""
    return fix.splitlines()[0].partition("or write: ")[2]


@pytest.fixture
def server(mirror):
    made = mirror("fine")
    made.add("pywin", "305", tag=WINDOWS)
    made.add("pywin", "306", tag="cp39-cp39-win32")
    return made


def test_the_rest_resolves_without_it(server):
    """The cure does what it says, and the line goes on to mean something elsewhere."""
    one = refused(server, "pywin==305", "fine")["pywin"]
    assert one.message == (
        "pywin==305: it has no wheel for Linux on x86_64, only for Windows; "
        "it is for Windows alone: no version has a source, or a wheel for another system"
    )
    line = 'pywin==305; sys_platform == "win32"'
    assert one.fix == f"the rest resolves without it: delete pywin, or write: {line}"
    assert locked(server, line, "fine") == {"fine"}


def test_nothing_is_left_without_it(server):
    """Then to leave it out is no cure."""
    assert refused(server, "pywin==305")["pywin"].fix == ""


def test_it_is_required_all_the_same(server):
    """By another package, which is what has to go then."""
    server.add("wanting", "1", requires=["pywin"])
    found = refused(server, "pywin==305", "wanting", "fine")
    assert found["pywin"].fix == ""
    one = refused(server, "wanting", "fine")["pywin"]
    line = 'wanting==1; sys_platform == "win32"'
    assert one.fix == f"the rest resolves without it: delete wanting, or write: {line}"
    assert locked(server, line, "fine") == {"fine"}


def test_other_problems_are_left_out_too(server):
    """And named; what helps them is said as if it was gone."""
    server.add("apple", tag=APPLE)
    found = refused(server, "pywin==305", "apple", "fine==9", "nobody")
    assert found["fine"].fix == "use fine==1: everything but apple, nobody, pywin resolves with it"
    assert [found[name].fix for name in ("apple", "pywin")] == ["", ""]
    server.add("good")
    found = refused(server, "pywin==305", "apple", "fine==9", "good")
    rest = "everything but apple, fine, pywin resolves: "
    for name, line in (
        ("apple", 'apple; sys_platform == "darwin"'),
        ("pywin", 'pywin==305; sys_platform == "win32"'),
    ):
        assert found[name].fix == f"{rest}delete {name}, or write: {line}"


def test_where_there_is_a_source(server):
    """Nobody can tell what it is for: mysqlclient has wheels for Windows alone, and is for Linux. It is compiled."""
    server.put("pywin-305.tar.gz")
    one = refused(server, "pywin==305", "fine")["pywin"]
    assert one.message.endswith(
        "only for Windows; there is its source (pywin-305.tar.gz); no version has a wheel for another system than Windows"
    )
    first, *others = one.fix.splitlines()
    line = 'pywin==305; sys_platform == "win32"'
    assert first == f"the rest resolves without it: if only Windows needs it, delete pywin, or write: {line}"
    assert [other.split(" ")[1] for other in others] == ["offkit", "build"]


def test_what_is_for_others_in_another_version(server):
    """Is not for one system alone."""
    server.add("pywin", "400")
    one = refused(server, "pywin==305", "fine")["pywin"]
    assert one.message.endswith("only for Windows")
    assert one.fix == "use pywin==400: the whole request resolves with it"


def test_a_python_that_it_is_not_for_either(server):
    """The system is said beside it."""
    server.put("late-1-cp312-cp312-win_amd64.whl", requires_python=">=3.12")
    one = refused(server, "late", "fine")["late"]
    assert (one.code, written(one.fix)) == ("REQ008", 'late; sys_platform == "win32"')
    assert "; it is for Windows alone: " in one.message


def test_many_of_one_parent(server):
    """Are one problem, under its name; a few, and those of the user's, are told each."""
    names = [f"frame{number}" for number in range(6)]
    for name in names:
        server.add(name, tag=APPLE)
        server.put(f"{name}-1.tar.gz")
    server.add("objc", requires=names)
    server.add("few", requires=names[:4])
    found = refused(server, "objc", "fine")
    assert list(found) == ["objc"]
    assert found["objc"].message == (
        "needs 6 packages that have wheels for macOS alone: frame0, frame1, frame2, frame3 and 2 more"
    )
    line = 'objc==1; sys_platform == "darwin"'
    assert found["objc"].fix.splitlines() == [
        f"the rest resolves without it: if only macOS needs it, delete objc, or write: {line}",
    ]
    assert locked(server, line, "fine") == {"fine"}
    assert list(refused(server, "few", "fine")) == names[:4]
    assert sorted(refused(server, *names, "fine")) == names


def test_what_goes_with_many(server):
    """Of another package of theirs older versions were for any system; this one is as they are, and so is what
    it wants in turn. To compile them is no cure. What is for another system, or of the user's, is told."""
    names = [f"frame{number}" for number in range(5)]
    for name in [*names, "inner", "outer"]:
        server.add(name, tag=APPLE)
        server.put(f"{name}-1.tar.gz")
    server.add("outer", "0.5")
    server.add("inner", "0.5")
    info = "Metadata-Version: 2.2\nName: outer\nVersion: 2\nRequires-Dist: inner>=1\n"
    server.put(*project_maker.sdist("outer", "2", info=info))
    server.add("outer", "2", tag=APPLE)
    server.add("objc", requires=[*names, "outer==2", "pywin"])
    found = refused(server, "objc", "fine")
    assert list(found) == ["objc", "pywin"]
    assert found["objc"].message.endswith(": frame0, frame1, frame2, frame3 and 3 more")
    assert found["objc"].fix == (
        "the rest resolves without it: if only macOS needs it, delete objc, "
        'or write: objc==1; sys_platform == "darwin"'
    )
    assert locked(server, written(found["objc"].fix), "fine") == {"fine"}
    assert "outer" in refused(server, "objc", "fine", "outer==2")


def test_a_lock_with_hashes(server, tmp_path):
    """The line that is written has none, and what does not apply needs none."""
    path = tmp_path / "lock.txt"
    path.write_text("pywin==305 --hash=sha256:" + "0" * 64 + "\nfine==1\n")
    one = refused(server, files=[path])["pywin"]
    path.write_text(written(one.fix) + "\nfine==1\n")
    assert locked(server, files=[path]) == {"fine"}

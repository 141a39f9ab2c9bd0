"""What is told of packages that cannot be had, from what an index lists; no index is asked."""

import zipfile

import pytest
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from offkit.model.finding import Finding
from offkit.model.report import Reporter
from offkit.online import absence, foreign
from offkit.online.absence import Listed
from offkit.online.foreign import Cause
from offkit.online.lock import Session
from target_maker import preset

EL7 = preset("3.6")
ANY = frozenset([Tag("py3", "none", "any")])
BUILD = (
    "build a wheel on a machine like the server: python3.6 -m pip wheel --no-deps {} -w DIR; "
    "then add --find-links DIR here"
)


def wheel(version, tags="py3-none-any", requires_python="", yanked=False):
    filename = f"alpha-{version}-{tags}.whl"
    return Listed(Version(version), filename, parse_wheel_filename(filename)[3], requires_python, yanked)


def source(version, requires_python=""):
    return Listed(Version(version), f"alpha-{version}.tar.gz", frozenset(), requires_python, False)


def absent(*files, asked="alpha", parent=""):
    specifier = asked[len("alpha") :]
    return absence._absent(Cause("alpha", specifier, asked, parent), files, SpecifierSet(specifier), EL7)


@pytest.mark.parametrize(("specifier", "listed", "versions"), [
    ("", [], ["0"]),
    (">=2", [], ["2"]),
    ("<2", [], ["0"]),
    ("~=1.4.2", [], ["1.4.2"]),
    ("==1.*", [], ["0"]),
    ("==2rc1", [], ["2rc1"]),
    ("==1.0-1", [], ["1.0.post1"]),
    ("!=3", [], ["0"]),
    (">=1", ["1", "10", "2", "0.9"], ["10", "2", "1"]),
    (">=3", ["1", "2"], ["3"]),
    ("", [str(number) for number in range(25)], [str(number) for number in range(24, 4, -1)]),
])  # fmt: skip
def test_versions_that_stand_in(specifier, listed, versions):
    """Those that exist, newest first and not too many; else what is asked for, if that is a version."""
    files = [one for version in listed for one in (source(version), source(version))]
    assert absence._stand_in_versions(files, SpecifierSet(specifier)) == versions


def test_stand_ins(tmp_path):
    """A wheel that pip takes, once; each round has a directory of its own."""
    stubs = absence.Stubs(tmp_path / "stubs")
    assert (stubs.grew(), stubs.directories) == (False, [])
    assert not tmp_path.joinpath("stubs").exists()
    stubs.add("Some-Thing", "1.5")
    stubs.add("Some-Thing", "1.5")
    stubs.add("Some-Thing", "2")
    assert stubs.grew()
    stubs.add("Some-Thing", "2")
    assert not stubs.grew()
    stubs.add("other", "0")
    assert stubs.grew()
    assert stubs.directories == [tmp_path / "stubs" / "0", tmp_path / "stubs" / "1"]
    names = [sorted(path.name for path in directory.iterdir()) for directory in stubs.directories]
    assert names == [
        ["some_thing-1.5-py3-none-any.whl", "some_thing-2-py3-none-any.whl"], ["other-0-py3-none-any.whl"],
    ]  # fmt: skip
    with zipfile.ZipFile(tmp_path / "stubs/0/some_thing-1.5-py3-none-any.whl") as made:
        info = "some_thing-1.5.dist-info/"
        assert {name: made.read(name) for name in made.namelist()} == {
            info + "METADATA": b"Metadata-Version: 2.1\nName: Some-Thing\nVersion: 1.5\n",
            info + "WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            info + "RECORD": b"",
        }
    assert stubs.contains("other-0-py3-none-any.whl")
    assert not stubs.contains("other-1-py3-none-any.whl")
    assert stubs.stand_in("Some-Thing", SpecifierSet(">=2"))
    assert stubs.stand_in("other", SpecifierSet(""))
    assert not stubs.stand_in("Some-Thing", SpecifierSet(">2"))
    assert not stubs.stand_in("nobody", SpecifierSet(""))


@pytest.mark.parametrize(("file", "specifier", "usable"), [
    (wheel("1"), "", True),
    (wheel("1"), ">=2", False),
    (wheel("1", "cp36-cp36m-manylinux2014_x86_64"), "", True),
    (wheel("1", "cp37-cp37m-manylinux2014_x86_64"), "", False),
    (wheel("1", "py2.py3-none-any"), "", True),
    (wheel("1", requires_python=">=3.6"), "", True),
    (wheel("1", requires_python=">=3.7"), "", False),
    (wheel("1", yanked=True), ">=1", False),
    (wheel("1", yanked=True), "==1", True),
    (wheel("1", yanked=True), "===1", True),
    (source("1"), "", False),
])  # fmt: skip
def test_what_is_usable(file, specifier, usable):
    """A wheel with a tag of the target, for its Python, of a version asked for, and not withdrawn."""
    assert absence._usable([file], SpecifierSet(specifier), EL7) == ([file] if usable else [])


@pytest.mark.parametrize(("tags", "words"), [
    (["cp310-cp310-manylinux_2_28_x86_64", "cp39-cp39-manylinux2014_aarch64"],
     "cp39, cp310 (manylinux2014, manylinux_2_28)"),
    (["py2.py3-none-any"], "py2, py3 (any)"),
    (["pp36-pypy36_pp73-linux_armv7l", "cp36-cp36m-win32"], "cp36 (linux)"),
    (["cp36-cp36m-win_amd64", "cp36-cp36m-win32", "cp36-cp36m-macosx_11_0_arm64"],
     "cp36 (macosx_11_0, win32, win_amd64)"),
    (["pp37-pypy37_pp73-win32"], "pp37 (win32)"),
    (["cp36-cp36m-manylinux1_i686.manylinux2010_i686"], "cp36 (manylinux1, manylinux2010)"),
    ([f"cp36-cp36m-manylinux_2_{number}_x86_64" for number in range(10, 18)],
     "cp36 (manylinux_2_10, manylinux_2_11, manylinux_2_12, manylinux_2_13, manylinux_2_14, manylinux_2_15)"),
])  # fmt: skip
def test_what_wheels_are_for(tags, words):
    """Pythons by their number, systems without the processor; others than CPython and Linux if it is all."""
    files = [wheel("1", one) for one in tags]
    assert absence._kinds([*files, source("1")]) == words
    message = absent(*files, source("1"), asked="alpha>=1", parent="beta 2").message
    if not absence._usable(files, SpecifierSet(), EL7):
        assert message == (
            f"alpha>=1, needed by beta 2: no wheel fits cp36m on el7 x86_64; it has wheels for {words}"
        )


NEWER = "or target a newer system: the wheels need a newer glibc or another architecture"


@pytest.mark.parametrize(("files", "asked", "code", "fix"), [
    ([wheel("2", "cp38-cp38-any"), wheel("2", "cp310-cp310-any"), wheel("2", "cp3x-none-any")], "alpha",
     "REQ001", "or deploy another Python: --python 3.8 (wheels exist up to 3.10)"),
    ([wheel("2", "cp37.cp39-none-any")], "alpha",
     "REQ001", "or deploy another Python: --python 3.7 (wheels exist up to 3.9)"),
    ([wheel("2", "cp36-cp36m-win32"), wheel("2", "cp39-cp39-win32")], "alpha", "REQ001", NEWER),
    ([wheel("1"), wheel("1.5"), wheel("2", "cp36-cp36m-win32")], "alpha==2",
     "REQ001", "use alpha==1.5, the newest version that fits\n" + NEWER),
    ([wheel("2", "pp36-none-win32"), source("2"), source("3")], "alpha>=2",
     "REQ001", "or " + BUILD.format("alpha==3")),
    ([wheel("2", "cp27-cp27m-any")], "alpha", "REQ001", "no version of alpha has a wheel for this target"),
    ([source("1"), source("2")], "alpha", "REQ002", BUILD.format("alpha==2")),
    ([wheel("1"), source("2")], "alpha>1",
     "REQ002", "use alpha==1, which has a wheel\nor " + BUILD.format("alpha==2")),
    ([wheel("1", yanked=True), source("2")], "alpha>1", "REQ002", BUILD.format("alpha==2")),
    ([wheel("1"), wheel("2")], "alpha>2", "REQ004", "the newest version that fits this target is alpha==2"),
    ([wheel("1"), wheel("2", "cp39-none-any")], "alpha>2",
     "REQ004", "the newest version that fits this target is alpha==1"),
    ([source("1")], "alpha>2", "REQ004", "no version of alpha has a wheel for it"),
])  # fmt: skip
def test_what_to_do(files, asked, code, fix):
    """The newest that fits, another Python, another system, a build: whichever there is."""
    finding = absent(*files, asked=asked)
    assert (finding.code, finding.severity, finding.subject, finding.fix) == (code, "error", "alpha", fix)
    number = "1 file" if len(files) == 1 else f"{len(files)} files"
    assert finding.looked_in == (number + " of alpha on the index",)


def test_what_there_is_not():
    """No project, no version (the last six, once each), no wheel (the archive)."""
    assert absent(asked="alpha>=2", parent="beta 1") == Finding(
        "REQ003", "error", "alpha", "alpha>=2, needed by beta 1: no such project",
        ("the index and --find-links",),
        "check the spelling; a private package needs --extra-index-url URL or --find-links DIR",
    )  # fmt: skip
    files = [one for number in range(9) for one in (wheel(str(number)), source(str(number)))]
    assert (
        absent(*files, asked="alpha==99").message
        == "alpha==99: no such version; the latest are 3, 4, 5, 6, 7, 8"
    )
    files = [source("1"), source("2"), wheel("3")]
    assert (
        absent(*files, asked="alpha<3").message == "alpha<3: only source distributions exist (alpha-2.tar.gz)"
    )


def test_another_python_is_needed():
    """By a package, or by nobody that is known."""
    cause = Cause("", ">=3.9", "Python >=3.9", "alpha 1")
    assert absence._wrong_python(cause, EL7) == Finding(
        "REQ008", "error", "alpha 1", "alpha 1 needs Python >=3.9, the target has 3.6.8", (),
        "use an older version of it, or another --python",
    )  # fmt: skip
    assert absence._wrong_python(cause._replace(parent=""), EL7).subject == "the request"


def test_a_contradiction():
    """Both names in order and each line once, with what is no requirement left out of the names."""
    causes = [
        Cause("beta", "<2", "beta[x]<2", ""),
        Cause("alpha", ">=2", "alpha>=2", "gamma 1"),
        Cause("alpha", ">=2", "alpha>=2", "gamma 1"),
        Cause("", ">=3", "Python", "delta 4"),
        Cause("odd", "", "/tmp/odd-1.whl", ""),
    ]
    assert absence._conflict(causes, EL7) == Finding(
        "REQ005", "error", "Python / alpha / beta", "these requirements conflict for " + EL7.describe(),
        ("you asked for beta[x]<2", "gamma 1 needs alpha>=2", "delta 4 needs Python", "you asked for /tmp/odd-1.whl"),
        "loosen or drop one of them",
    )  # fmt: skip
    assert absence._conflict(causes[-1:], EL7).subject == "the request"


def test_what_an_index_lists(mirror, tmp_path):
    """Sorted by version, with what decides whether it is usable; nothing of other projects, and no
    stand-in."""
    server = mirror()
    server.put("alpha-10.tar.gz", requires_python=">=3.7")
    server.put("alpha-9-py3-none-any.whl", yanked="")
    server.put("alpha-2-py3-none-any.whl", yanked="why", requires_python="<4")
    server.put("alpha-1.zip")
    for name in ("alpha-3.egg", "alpha-3.exe", "alpha-x.tar.gz", "alpha-3.whl", "alpha-3-py3.whl"):
        server.put(name)
    (tmp_path / "alpha_beta-1.tar.gz").write_bytes(b"")
    (tmp_path / "alpha-5-py3-none-any.whl").write_bytes(b"")
    (tmp_path / "alpha-6-py3-none-any.whl").write_bytes(b"")
    stubs = absence.Stubs(tmp_path / "stubs")
    stubs.add("alpha", "5")
    with Session(EL7, [*server.args, "--find-links", str(tmp_path)], Reporter()) as session:
        found = absence._listed(session.repository, "alpha", stubs)
    assert found == [
        Listed(Version("1"), "alpha-1.zip", frozenset(), "", False),
        Listed(Version("2"), "alpha-2-py3-none-any.whl", ANY, "<4", True),
        Listed(Version("6"), "alpha-6-py3-none-any.whl", ANY, "", False),
        Listed(Version("9"), "alpha-9-py3-none-any.whl", ANY, "", True),
        Listed(Version("10"), "alpha-10.tar.gz", frozenset(), ">=3.7", False),
    ]


def test_who_is_asked_whether_an_index_answers(mirror, tmp_path, monkeypatch):
    """Every project that is judged, and the one whose Python is another; what a stand-in explains is not."""
    asked = []
    monkeypatch.setattr(foreign, "check_reachable", lambda repo, project: asked.append((repo, project)))
    stubs = absence.Stubs(tmp_path)
    stubs.add("former", "2")
    causes = [
        Cause("", ">=3.9", "Python >=3.9", "alpha 1"),
        Cause("former", ">=2", "former>=2", ""),
        Cause("former", ">=3", "former>=3", "beta 1"),
        Cause("former", "<1", "former<1", ""),
    ]
    with Session(EL7, mirror("beta").args, Reporter()) as session:
        found = absence.explain(causes, session.repository, EL7, stubs)
        assert asked == [(session.repository, name) for name in ("alpha", "former", "former")]
        (conflict,) = absence.explain([Cause("beta", "", "beta", "")], session.repository, EL7, stubs)
    assert [one.message for one in found] == [
        "alpha 1 needs Python >=3.9, the target has 3.6.8", "former>=3, needed by beta 1: no such project",
    ]  # fmt: skip
    assert stubs.contains("former-3-py3-none-any.whl")
    assert stubs.contains("former-0-py3-none-any.whl")
    assert (conflict.code, conflict.looked_in) == ("REQ005", ("you asked for beta",))


def test_what_is_no_wheel(mirror, tmp_path):
    """Each is a finding, with how it is built; a wheel and a name are none."""
    (tmp_path / "setup.py").write_text("raise SystemExit('must not run')")
    path = tmp_path / "beta-1-py3-none-any.whl"
    path.write_bytes(b"")
    with Session(EL7, mirror().args, Reporter()) as session:
        words = ["alpha @ https://host.invalid/alpha-1.tar.gz#sha256=00", "beta", str(path), str(tmp_path)]
        asked = foreign.parse_requirements(session.repository, words, [])
        named, tree = absence.not_wheels(asked)
    fix = (
        "build it on a machine like the server: pip wheel --no-deps {} -w DIR; "
        "then add --find-links DIR and request it by name"
    )
    text = "is a source tree or archive; a bundle holds only wheels"
    address = "https://host.invalid/alpha-1.tar.gz"
    assert named == Finding("REQ007", "error", "alpha", text, (), fix.format(address))
    assert tree == Finding("REQ007", "error", tmp_path.as_uri(), text, (), fix.format(tmp_path.as_uri()))


def test_what_could_be_had_hides_nothing_behind_it(mirror, tmp_path):
    """A cause that could be met alone is no finding, and the next one is looked at; of one project the
    first is told."""
    causes = [
        Cause("beta", "", "beta", ""),
        Cause("nobody", ">=2", "nobody>=2", ""),
        Cause("nobody", "<1", "nobody<1", ""),
    ]
    stubs = absence.Stubs(tmp_path)
    with Session(EL7, mirror("beta").args, Reporter()) as session:
        (found,) = absence.explain(causes, session.repository, EL7, stubs)
    assert (found.code, found.message) == ("REQ003", "nobody>=2: no such project")
    assert stubs.contains("nobody-2-py3-none-any.whl")
    assert stubs.contains("nobody-0-py3-none-any.whl")
    assert not stubs.contains("beta-0-py3-none-any.whl")

"""What is told of packages that cannot be had, from what an index lists; no index is asked."""

import types
import zipfile

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from offkit.model.finding import Finding
from offkit.model.report import Reporter
from offkit.online.index import indexes, named
from offkit.online.index.listing import Listed
from offkit.online.index.metadata import Seen
from offkit.online.reasons import absence
from offkit.online.reasons.absence import Asked
from offkit.online.reasons.causes import Cause
from offkit.online.reasons.stubs import Stubs
from offkit.online.resolve import foreign
from offkit.online.resolve.lock import Session
from target_maker import preset

EL7 = preset("3.6")


def wheel(version, tags="py3-none-any", requires_python="", yanked=None):
    filename = f"alpha-{version}-{tags}.whl"
    return Listed(
        Version(version), filename, parse_wheel_filename(filename)[3], requires_python, yanked, None
    )


def source(version, requires_python=""):
    return Listed(Version(version), f"alpha-{version}.tar.gz", frozenset(), requires_python, None, None)


def asked_of(files=(), seen=None, pre=False):
    """The server, and an index that lists these of whatever is asked for."""
    index = types.SimpleNamespace(of=lambda project: list(files), target=EL7, pre=pre)
    finder = types.SimpleNamespace(index_urls=["https://index.test/simple"], find_links=[])
    repo = types.SimpleNamespace(named=named.Named({}, {}), finder=finder)
    return Asked(repo, index, seen or Seen(), None)


def absent(*files, asked="alpha", parent="", pre=False):
    specifier = asked[len("alpha") :]
    cause = Cause("alpha", specifier, asked, parent)
    return absence._absent(cause, list(files), SpecifierSet(specifier), asked_of(files, pre=pre))


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
    stubs = Stubs(tmp_path / "stubs")
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
    assert "other-0-py3-none-any.whl" in stubs
    assert "other-1-py3-none-any.whl" not in stubs
    assert len(list(stubs)) == 3
    assert stubs.stand_in("Some-Thing", SpecifierSet(">=2"))
    assert stubs.stand_in("other", SpecifierSet(""))
    assert not stubs.stand_in("Some-Thing", SpecifierSet(">2"))
    assert not stubs.stand_in("nobody", SpecifierSet(""))


@pytest.mark.parametrize(("files", "asked", "code", "message", "source", "fix"), [
    # Requires-Python of everything that is meant
    ([wheel("1"), wheel("2", requires_python=">=3.8"), source("2", ">=3.8")], "alpha==2",
     "REQ008", "needs Python >=3.8; the server has 3.6.8", None, ""),
    ([wheel("2", "cp39-cp39-win32", ">=3.9")], "alpha",
     "REQ008", "needs Python >=3.9; the server has 3.6.8", None, ""),
    # wheels for later Pythons, and for this one no more than the source
    ([source("1", ">=3.6"), wheel("2", requires_python=">=3.8"), source("2", ">=3.8")], "alpha",
     "REQ002", "only source distributions exist for Python 3.6 (alpha-1.tar.gz)", ("1", False), ""),
    ([source("1"), source("2")], "alpha",
     "REQ002", "only source distributions exist (alpha-2.tar.gz)", ("2", False), ""),
    ([wheel("1"), source("2")], "alpha>1",
     "REQ002", "only source distributions exist (alpha-2.tar.gz)", ("2", False), ""),
    ([wheel("2rc1"), source("2")], "alpha",
     "REQ002", "only source distributions exist (alpha-2.tar.gz); of its pre-releases there are wheels",
     ("2", False), ""),
    # withdrawn
    ([wheel("1", yanked=""), wheel("2", yanked="broken"), source("3")], "alpha",
     "REQ010", "every version that fits was yanked by its authors: broken", None, ""),
    # for others
    ([wheel("2", "cp38-cp38-any"), wheel("2", "cp310-cp310-any"), source("2")], "alpha",
     "REQ001", "its wheels for this system are for cp38, cp310, not for cp36m; there is its source (alpha-2.tar.gz)",
     ("2", False), ""),
    ([wheel("2", "cp38-cp38-manylinux1_x86_64"), wheel("2", "cp310-cp310-manylinux1_x86_64"), source("2")], "alpha",
     "REQ001", "its wheels for this system are for cp38, cp310, not for cp36m; there is its source (alpha-2.tar.gz)",
     ("2", True), ""),
    ([wheel("2", "cp38-cp38-manylinux1_x86_64", ">=3.8"), source("1"), source("2", ">=3.8")], "alpha<3",
     "REQ002", "only source distributions exist for Python 3.6 (alpha-1.tar.gz)", ("1", True), ""),
    ([wheel("2", "cp36-cp36m-win32"), source("1"), source("3", ">=3.8")], "alpha",
     "REQ001", "it has no wheel for Linux on x86_64, only for Windows; there is its source (alpha-1.tar.gz)",
     ("1", True), ""),
    ([wheel("2", "cp36-cp36m-manylinux_2_28_x86_64"), source("2")], "alpha",
     "REQ001", "its wheels need glibc 2.28; the server has 2.17; there is its source (alpha-2.tar.gz)",
     ("2", True), ""),
    ([wheel("2", "cp36-cp36m-win32"), wheel("2", "cp36-cp36m-macosx_11_0_arm64")], "alpha",
     "REQ001", "it has no wheel for Linux on x86_64, only for Windows and macOS", None, ""),
    # no such version
    ([wheel(str(number)) for number in range(9)], "alpha==99",
     "REQ004", "no such version; the nearest for Python 3.6 there are 3, 4, 5, 6, 7, 8", None, ""),
    ([*(wheel(f"1.{number}") for number in range(9)), wheel("1.3.2", requires_python=">=3.9"),
      wheel("1.3.3", yanked="broken"), wheel("1.3.4", "cp36-cp36m-win32"), wheel("1.4rc1"), wheel("7")],
     "alpha==1.3.9",
     "REQ004", "no such version; the nearest for Python 3.6 there are 1.1, 1.2, 1.3, 1.4, 1.5, 1.6", None, ""),
    ([wheel(str(number)) for number in range(9)], "alpha==0.1",
     "REQ004", "no such version; the nearest for Python 3.6 there are 0, 1, 2, 3, 4, 5", None, ""),
    ([wheel("1", "cp38-cp38-any"), wheel("2", requires_python=">=3.9")], "alpha==1.5",
     "REQ004", "no such version; its wheels for this system are for cp38, not for cp36m; the nearest is 1", None, ""),
    ([wheel("1", "cp38-cp38-any", ">=3.8"), wheel("2", requires_python=">=3.9")], "alpha==1.5",
     "REQ004", "no such version; nothing of it is for Python 3.6 there; the nearest are 1, 2", None, ""),
    ([wheel("1", "cp36-cp36m-win32"), source("2", ">=3.9")], "alpha==1.5",
     "REQ004", "no such version; it has no wheel for Linux on x86_64, only for Windows; the nearest is 1", None, ""),
    ([source("0.6.1")], "alpha==2",
     "REQ004", "no such version; what there is of it for Python 3.6 is source only; the nearest is 0.6.1", None,
     "ask for a version that there is; --build alpha builds it here, if it is pure Python, "
     "--carry-source alpha on the server"),
    ([source("1"), source("2"), wheel("3", requires_python=">=3.8")], "alpha==4",
     "REQ004", "no such version; what there is of it for Python 3.6 is source only; the nearest are 1, 2", None,
     "ask for a version that there is; --build alpha builds it here, if it is pure Python, "
     "--carry-source alpha on the server"),
    ([wheel("1"), wheel("2")], "alpha==1+cu117",
     "REQ004", "no such version; +cu117 is of another index than was asked; the nearest for Python 3.6 there are 1, 2",
     None, "name the index that has +cu117: --extra-index-url URL"),
    ([wheel("1"), wheel("2rc1")], "alpha>1",
     "REQ004", "only pre-releases meet it; the nearest for Python 3.6 there are 1, 2rc1", None, ""),
])  # fmt: skip
def test_the_reason(files, asked, code, message, source, fix):
    """What happened, a cure that needs no trial, and the source that there is: whether all wheels are compiled."""
    problem = absent(*files, asked=asked, parent="beta 2")
    finding, there = problem.finding, problem.source
    assert (there and (str(there.version), there.compiled)) == source
    assert (finding.code, finding.severity, finding.subject) == (code, "error", "alpha")
    assert finding.message == f"{asked}, needed by beta 2: {message}"
    assert finding.fix == fix
    number = "1 file" if len(files) == 1 else f"{len(files)} files"
    assert finding.looked_in == (number + " of alpha on the index",)


@pytest.mark.parametrize(("files", "asked", "hints"), [
    ([wheel("2", "cp38-cp38-any"), wheel("2", "cp310-cp310-any")], "alpha", ((8, 10), False, False, False)),
    ([wheel("2", requires_python=">=3.8,<3.11")], "alpha", ((8, 9, 10), False, False, False)),
    ([wheel("2", "cp36-cp36m-manylinux_2_28_x86_64")], "alpha", ((), True, False, False)),
    ([wheel("2rc1"), source("1")], "alpha", ((), False, True, False)),
    ([wheel("2rc1"), wheel("1")], "alpha>1", ((), False, True, False)),
    ([wheel("2", "cp36-cp36m-win32")], "alpha", ((), False, False, False)),
    ([source("1")], "alpha", ((), False, False, False)),
    ([], "alpha", ((), False, False, True)),
])  # fmt: skip
def test_what_may_help(files, asked, hints):
    """Pythons, a newer system, pre-releases: to be tried; of what does not exist, nothing."""
    problem = absent(*files, asked=asked)
    assert (problem.minors, problem.system, problem.pre, problem.hopeless) == hints


def test_pre_releases_that_are_wanted():
    """Then they are as good as any."""
    assert absent(wheel("2rc1", "cp39-cp39-any"), source("1"), pre=True).finding.code == "REQ001"


def test_what_there_is_not():
    """No project, with what its name is where that is known: not to be had anywhere."""
    assert absent(asked="alpha>=2", parent="beta 1").finding == Finding(
        "REQ003", "error", "alpha", "alpha>=2, needed by beta 1: no such project",
        ("the index and --find-links",),
        "check the spelling; a private package needs --extra-index-url URL or --find-links DIR",
    )  # fmt: skip
    for name, what in (
        ("pkg-resources", "a part of setuptools, which pip freeze lists on Debian and Ubuntu"),
        ("concurrent", "a module of Python itself"),
    ):
        found = absence._no_project(name, name + "==0.0.0")
        assert found.message == f"{name}==0.0.0: no such project; this is {what}"
        assert found.fix == "delete this requirement"


def test_another_python_is_needed():
    """By a package, or by nobody that is known; the Pythons that would do are tried."""
    cause = Cause("", ">=3.9,<3.12", "Python >=3.9,<3.12", "alpha 1")
    problem = absence._wrong_python(cause, EL7)
    assert problem.finding == Finding(
        "REQ008", "error", "alpha", "1 needs Python >=3.9,<3.12; the server has 3.6.8"
    )
    assert (problem.project, problem.minors) == ("alpha", (9, 10, 11))
    assert absence._wrong_python(cause._replace(parent=""), EL7).finding.subject == "the request"


def test_metadata_that_nobody_can_read(mirror):
    """Is no conflict: the file and the line are named."""
    seen = Seen()
    seen.unreadable["beta", "1"] = "Requires-Dist: ]["
    with Session(EL7, mirror("beta").args, Reporter()) as session:
        asked = session._asked()._replace(seen=seen)
        (problem,) = absence.explain([Cause("beta", "", "beta", "gamma 3")], asked)
    assert problem.finding == Finding(
        "REQ012", "error", "beta",
        "beta, needed by gamma 3: the metadata of beta-1-py3-none-any.whl cannot be read",
        ("Requires-Dist: ][",),
    )  # fmt: skip


def test_a_contradiction():
    """Both names in order and each line once, with what is no requirement left out of the names."""
    causes = [
        Cause("beta", "<2", "beta[x]<2", ""),
        Cause("alpha", ">=2", "alpha>=2", "gamma 1"),
        Cause("alpha", ">=2", "alpha>=2", "gamma 1"),
        Cause("", ">=3", "Python", "delta 4"),
        Cause("odd", "", "/tmp/odd-1.whl", ""),
    ]
    assert absence._conflict(causes, EL7).finding == Finding(
        "REQ005", "error", "Python / alpha / beta", "these requirements conflict for " + EL7.describe(),
        ("you asked for beta[x]<2", "gamma 1 needs alpha>=2", "delta 4 needs Python", "you asked for /tmp/odd-1.whl"),
    )  # fmt: skip
    assert absence._conflict(causes[-1:], EL7).finding.subject == "the request"


def test_who_is_asked_whether_an_index_answers(mirror, tmp_path, monkeypatch):
    """Every project that is judged, and the one whose Python is another; what a stand-in explains is not."""
    asked = []
    monkeypatch.setattr(indexes, "check_reachable", lambda repo, project: asked.append((repo, project)))
    stubs = Stubs(tmp_path)
    stubs.add("former", "2")
    causes = [
        Cause("", ">=3.9", "Python >=3.9", "alpha 1"),
        Cause("", ">=3.6", "Python >=3.6", "gamma 1"),
        Cause("former", ">=2", "former>=2", ""),
        Cause("former", ">=3", "former>=3", "beta 1"),
        Cause("former", "<1", "former<1", ""),
    ]
    with Session(EL7, mirror("beta").args, Reporter()) as session:
        found = absence.explain(causes, session._asked()._replace(stubs=stubs))
        assert asked == [(session.repository, name) for name in ("alpha", "former", "former")]
        (conflict,) = absence.explain([Cause("beta", "", "beta", "")], session._asked())
    assert [one.finding.message for one in found] == [
        "1 needs Python >=3.9; the server has 3.6.8", "former>=3, needed by beta 1: no such project",
    ]  # fmt: skip
    assert "former-3-py3-none-any.whl" in stubs
    assert "former-0-py3-none-any.whl" in stubs
    assert (conflict.finding.code, conflict.finding.looked_in) == ("REQ005", ("you asked for beta",))


def test_constraints_to_sources(mirror):
    """Each is a finding, with how it is asked for."""
    places = {
        "a source tree or archive": "https://host.invalid/a.tar.gz",
        "a repository of git": "git+https://host.invalid/a",
    }
    with Session(EL7, mirror().args, Reporter()) as session:
        words = [f"alpha @ {place}" for place in places.values()]
        asked = foreign.parse_requirements(session.repository, words, [])
        found = [problem.finding for problem in absence.of_sources(asked)]
    text = "the constraint means {}, and sources are built only for a requirement"
    fix = "delete the constraint, and ask for it: 'alpha @ {}'"
    assert found == [
        Finding("REQ007", "error", "alpha", text.format(form), (), fix.format(place))
        for form, place in places.items()
    ]


def test_what_could_be_had_hides_nothing_behind_it(mirror, tmp_path):
    """A cause that could be met alone is no finding, and the next one is looked at; of one project the
    first is told."""
    causes = [
        Cause("beta", "", "beta", ""),
        Cause("nobody", ">=2", "nobody>=2", ""),
        Cause("nobody", "<1", "nobody<1", ""),
    ]
    stubs = Stubs(tmp_path)
    with Session(EL7, mirror("beta").args, Reporter()) as session:
        (problem,) = absence.explain(causes, session._asked()._replace(stubs=stubs))
    found = problem.finding
    assert (found.code, found.message) == ("REQ003", "nobody>=2: no such project")
    assert "nobody-2-py3-none-any.whl" in stubs
    assert "nobody-0-py3-none-any.whl" in stubs
    assert "beta-0-py3-none-any.whl" not in stubs


def test_a_conflict_about_one_project():
    """Is named once, in the user's spelling, whoever has another."""
    causes = [
        Cause("werkzeug", "<1", "Werkzeug<1", ""),
        Cause("werkzeug", ">=2", "werkzeug>=2", "flask 2.0"),
        Cause("werkzeug", ">=1", "WERKZEUG>=1", "moto 1.0"),
    ]
    assert absence._conflict(causes, EL7).finding.subject == "Werkzeug"

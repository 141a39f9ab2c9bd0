"""The doctor against the real loader, in roots that really lack the libraries."""

import glob
import os

import pytest

import bare
import enter
import environments
import pairs
import truth
from offkit.server.doctor.examine import examine

_REASON = truth.obstacle()
pytestmark = [
    pytest.mark.network,
    pytest.mark.root,
    pytest.mark.skipif(bool(_REASON), reason=_REASON or "roots can be entered"),
]


def roots():
    """Directories of pairs: of this run, and of runs that were killed."""
    return {name for name in os.listdir(bare.cache()) if name.startswith("offkit-truth-")}


@pytest.fixture(scope="module")
def earlier():
    """What killed runs, or one beside this, had left before."""
    return roots()


@pytest.fixture(scope="module")
def rows(earlier):
    """All pairs, judged once and side by side: {(environment, root): Row}."""
    return dict(zip(pairs.PAIRS, truth.judge_all(pairs.PAIRS), strict=True))


@pytest.mark.parametrize("pair", pairs.PAIRS, ids=": ".join)
def test_the_doctor_says_what_the_loader_says(rows, pair):
    """The same missing libraries, the same files for all others, the same libraries too old."""
    row = rows[pair]
    assert row.doctor == row.loader
    assert row.elsewhere == ()
    assert row.odd == ()
    assert row.too_old_doctor == row.too_old


def test_the_table_in_docs_is_this_one(rows):
    """docs/truth-chosen.md is what `make truth` would write now."""
    with open(truth.TABLE, encoding="utf-8") as document:
        assert document.read() == truth.table([rows[pair] for pair in pairs.PAIRS])


def test_the_story_is_among_them(rows):
    """opencv-python 4.2.0.34 on a bare server: what the fourth trip would still not have known."""
    story = rows["cv2-42", "bare"]
    assert {"libSM.so.6", "libICE.so.6", "libXrender.so.1", "libXext.so.6", "libX11.so.6"} < set(story.loader)
    ladder = [len(rows[pair].loader) for pair in pairs.LADDER]
    assert ladder[0] > ladder[-1] == 0


def test_enough_to_believe_it(rows):
    """At least 60 pairs, on five Pythons or more, most with something missing, none judged blindly."""
    assert len(rows) >= 60
    assert len({environments.SETS[name][0] for name, _ in rows}) >= 5
    assert sum(bool(row.loader) for row in rows.values()) > len(rows) / 2
    assert all(row.modules >= 8 for row in rows.values())


@pytest.fixture
def root36(tmp_path):
    """CPython 3.6 with its whole standard library and an empty environment."""
    root = bare.make(str(tmp_path / "root"), "3.6", stdlib="full")
    environments.venv(root + environments.PLACE, "3.6")
    yield root
    bare.discard(root)


def test_the_standard_library_too(root36):
    """Without everything that it needs beyond glibc, and without one of these libraries at a time."""
    folder = os.path.join(root36, bare.LIB)
    bases = [os.path.join(bare.base("3.6", kind), bare.LIB) for kind in ("full", "glibc")]
    more = sorted(set(os.listdir(bases[0])) - set(os.listdir(bases[1])))
    assert len(more) >= 8, more
    judged = {}
    for gone in [more, *([name] for name in more)]:
        for name in gone:
            os.rename(os.path.join(folder, name), os.path.join(root36, name))
        bare.ldconfig(root36)
        verdicts = truth.ask_loader(root36, "3.6", "/usr/local/lib/python3.6/lib-dynload")
        loader = {name for each in verdicts for name in each["missing"]}
        found = examine(environments.PLACE, root=root36, checks=["libraries"]).findings
        judged[tuple(gone)] = (loader, {each.subject for each in found if each.code == "LIB001"})
        for name in gone:
            os.rename(os.path.join(root36, name), os.path.join(folder, name))
    assert {gone: doctor for gone, (_, doctor) in judged.items()} == {
        gone: loader for gone, (loader, _) in judged.items()
    }
    assert {"libz.so.1", "libffi.so.8", "libssl.so.3"} & judged[tuple(more)][0]


def test_an_interpreter_without_its_own_library(root36):
    """--enable-shared, and nobody told the loader where libpython lies: LIB008 says what ld.so says."""
    own = glob.glob(os.path.join(root36, bare.LIB, "libpython3*"))
    if not own:
        pytest.skip("this CPython 3.6 is not linked with libpython")
    for path in own:
        os.remove(path)
    bare.ldconfig(root36)
    said = enter.run(root36, [bare.python_path("3.6"), "-c", ""])
    findings = examine(environments.PLACE, root=root36, checks=["libraries"]).findings
    subjects = [each.subject for each in findings if each.code.startswith("LIB")]
    assert said.returncode == 127
    assert "error while loading shared libraries: {}: cannot open".format(subjects[0]) in said.stderr.decode()
    assert [(each.code, each.severity) for each in findings] == [("LIB008", "error")]


def test_nothing_is_left_behind(rows, earlier):
    """No mount and no root of the pairs is there afterwards."""
    with open("/proc/mounts", encoding="utf-8") as mounts:
        assert [line for line in mounts if "offkit-truth-" in line] == []
    assert roots() - earlier == set()

"""Candidates that are made when somebody looks at them: those that pip would choose, in its order."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pip._internal.models.candidate import InstallationCandidate
from pip._internal.models.link import Link
from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.version import Version

from offkit.model.report import Reporter
from offkit.online.index.lots import Chosen, Lot, Offered
from offkit.online.request.locked import Request
from offkit.online.resolve.lock import Session
from target_maker import preset

JSON = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
TAGS = ("py3-none-any", "py2.py3-none-any", "cp36-abi3-linux_x86_64", "cp36-cp36m-manylinux1_x86_64")
FILES = st.tuples(
    st.sampled_from(["1", "1.0", "1.1", "2rc1", "2", "2.post1", "3.dev2", "10"]),
    st.sampled_from(["", "-1", "-2b"]),
    st.sampled_from(TAGS),
    st.booleans(),
)


@pytest.fixture(scope="module")
def finder(tmp_path_factory):
    with Session(
        preset("3.6"), ["--no-index", "--find-links", str(tmp_path_factory.mktemp("none"))], Reporter()
    ) as one:
        one._open()
        yield one.repository.finder


def candidate(version, build, tag, yanked):
    url = f"https://files.example/alpha-{version}{build}-{tag}.whl"
    return InstallationCandidate("alpha", version, Link(url, yanked_reason="" if yanked else None))


def lots(candidates):
    """One for the versions of each page."""
    found = {}
    for one in candidates:
        found.setdefault((one.version, one.link.is_yanked), []).append(one)
    return [Lot(*key, every, list) for key, every in found.items()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(FILES, max_size=8), max_size=3),
    st.sampled_from(["", ">=1.1", "==1", "==1.*", "!=2", "<2", ">=2rc1", "===1.0", ">10"]),
    st.sampled_from([None, True, False]),
)
def test_what_pip_would_choose(finder, pages, specifier, finals):
    """Of some pages, of which the second is one that pip has read itself."""
    candidates = [[candidate(*file) for file in page] for page in pages]
    found = [one for at, page in enumerate(candidates) for one in (page if at == 1 else lots(page))]
    plain = [one for page in candidates for one in page]

    class Wanted(SpecifierSet):
        def filter(self, iterable, prereleases=None, **more):
            return super().filter(iterable, prereleases=finals, **more)

    evaluator = finder.make_candidate_evaluator("alpha", SpecifierSet(specifier))
    evaluator._specifier = Wanted(specifier)
    expected = evaluator.compute_best_candidate(plain)
    chosen = evaluator.compute_best_candidate(Offered(found))
    assert sorted(map(id, Offered(found))) == sorted(map(id, plain))
    assert list(chosen.applicable_candidates) == expected.applicable_candidates
    assert list(reversed(chosen.applicable_candidates)) == expected.applicable_candidates[::-1]
    assert len(chosen.applicable_candidates) == len(expected.applicable_candidates)
    if isinstance(chosen, Chosen):
        assert list(chosen.iter_applicable()) == expected.applicable_candidates
        assert list(chosen.iter_all()) == list(Offered(found))


def test_what_nobody_looks_at_is_not_made(finder):
    made = []

    def lot(version):
        def make(rows):
            made.append(version)
            return [candidate(version, "", TAGS[0], False)]

        return Lot(Version(version), False, (), make)

    offered = Offered([lot("2"), lot("1"), lot("3")])
    heard = []
    offered.found[2].tell(heard.extend)
    chosen = offered.chosen(finder.make_candidate_evaluator("alpha", SpecifierSet("!=2")))
    newest = next(reversed(chosen.applicable_candidates))
    assert (str(newest.version), made, heard) == ("3", ["3"], [newest])
    assert chosen.best_candidate is newest
    assert [str(one.version) for one in offered] == ["2", "1", "3"]
    assert offered[0].link.filename == "alpha-2-py3-none-any.whl"
    assert sorted(made) == ["1", "2", "3"]


def row(filename, **more):
    return {"filename": filename, "url": f"/files/{filename}", "hashes": {}, **more}


@pytest.mark.parametrize("more", [
    {},
    {"upload-time": "2020-02-31T00:00:00Z"},
    {"url": "http://[/alpha-9-py3-none-any.whl"},
    {"url": "http://host:port/alpha-9-py3-none-any.whl"},
    {"filename": "alpha-9_1-py3-none-any.whl", "url": "/files/alpha-9_1-py3-none-any.whl"},
    {"filename": "beta-9-py3-none-any.whl", "url": "/files/beta-9-py3-none-any.whl"},
    {"requires-python": ">=3.7"},
    {"requires-python": "nothing"},
    {"yanked": True},
    {"core-metadata": 5},
])  # fmt: skip
def test_a_page_says_the_same_of_all_files_and_of_one(mirror, more, tmp_path):
    """What is odd about one of them is found where pip finds it: before anything is taken of that page."""

    def outcome(*rows):
        server = mirror()
        page = json.dumps({"meta": {"api-version": "1.1"}, "name": "alpha", "files": rows}).encode()
        server.pages["/simple/alpha/"] = (200, page, JSON)
        with Session(preset("3.6"), server.args, Reporter()) as session:
            try:
                return [one.link.filename for one in session.repository.find_all_candidates("alpha")]
            except Exception as error:
                return type(error).__name__

    odd = {**row("alpha-9-py3-none-any.whl"), **more}
    alone, plain = outcome(odd), row("alpha-8-py3-none-any.whl")
    together = outcome(plain, odd)
    assert together == (alone if isinstance(alone, str) else [plain["filename"], *alone])


def test_which_of_two_indexes(mirror):
    """The same file on two, and where the lock says that it is of: as ever, the first that was asked."""
    servers = [mirror(), mirror()]
    content = json.dumps(
        {"files": [row("alpha-1-py3-none-any.whl", url="https://files.example/alpha-1-py3-none-any.whl")]}
    )
    for server in servers:
        server.pages["/simple/alpha/"] = (200, content.encode(), JSON)
    args = ["--index-url", servers[0].url + "/simple", "--extra-index-url", servers[1].url + "/simple"]
    with Session(preset("3.6"), args, Reporter()) as session:
        candidates = list(session.repository.find_all_candidates("alpha"))
        origins = {session.repository.origins.of(one.link) for one in candidates}
    assert len(candidates) == 2
    assert origins == {servers[0].url + "/simple"}


def test_a_lock_that_goes_back(mirror):
    """To an older version, which somebody else needs."""
    server = mirror()
    for version in ("1", "2", "3"):
        server.add("alpha", version)
    server.add("beta", "1", requires=["alpha<3,!=2"])
    rows = [row(f"alpha-{version}-py3-none-any.whl", yanked=version == "3") for version in ("1", "2", "3")]
    server.pages["/simple/alpha/"] = (200, json.dumps({"files": rows}).encode(), JSON)
    with Session(preset("3.6"), server.args, Reporter()) as session:
        pins = {one.name: one.version for one in session.lock(Request(("alpha", "beta"), ())).wheels}
    assert pins == {"alpha": "1", "beta": "1"}

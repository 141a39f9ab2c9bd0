"""Where offkit reaches into pip: what it hands over, and what it makes of pip's errors."""

import importlib.metadata
import itertools
import sys

import pytest
from pip._internal.cli.req_command import RequirementCommand
from pip._vendor.packaging import markers
from pip._vendor.resolvelib import ResolutionImpossible

import bundle_maker
from offkit.model.errors import EnvironmentProblem, OffkitError, UsageError
from offkit.model.finding import Finding
from offkit.model.report import Reporter
from offkit.online.index import indexes, network
from offkit.online.reasons import causes
from offkit.online.request.locked import Request
from offkit.online.resolve import foreign
from offkit.online.resolve.lock import Session
from target_maker import preset

EL7 = preset("3.6")


@pytest.mark.parametrize("error", [TypeError("an argument is new"), AttributeError("it has moved")])
def test_a_pip_whose_inside_is_another(mirror, monkeypatch, error):
    """Named with the versions in use."""

    real = RequirementCommand._build_package_finder

    def build(self, **given):
        if "target_python" in given:
            raise error
        return real(self, **given)

    monkeypatch.setattr(RequirementCommand, "_build_package_finder", build)
    with Session(EL7, mirror().args, Reporter()) as session, pytest.raises(OffkitError) as caught:
        session.lock(Request(("alpha",), (), ()))
    have = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("pip", "pip-tools"))
    assert caught.value.message == f"this offkit does not support {have}: {error} is missing"
    assert caught.value.fix == (
        'install a newer offkit, or run \'pip install "pip<27" "pip-tools<8"\' in its environment'
    )


def test_what_the_finder_is_told(mirror):
    """Tags of the target in their order, its version, and that nothing but wheels counts."""
    with Session(EL7, ["--pre", *mirror().args], Reporter()) as session:
        repo = session.repository
        target = repo.finder.target_python
        assert [str(tag) for tag in target.get_sorted_tags()] == EL7.tags()
        assert {str(tag) for tag in target.get_unsorted_tags()} == set(EL7.tags())
        assert target.py_version_info == (3, 6, 8)
        assert repo.command.make_resolver.__wrapped__.keywords == {"py_version_info": (3, 6, 8)}
        assert repo.finder.format_control.only_binary == {":all:"}
        options = repo.options
        assert (options.pre, options.no_input, options.disable_pip_version_check, options.prefer_binary) == (
            True, True, True, True,
        )  # fmt: skip


@pytest.mark.parametrize(("address", "shown"), [
    ("not_a_url", "not_a_url"), ("ftp://user:word@x/y", "ftp://x/y"), ("https:/x", "https:/x"),
])  # fmt: skip
def test_an_index_that_is_no_address(mirror, address, shown):
    """Without its password, and with what is one."""
    mirror()
    with Session(EL7, ["--index-url", address], Reporter()) as session, pytest.raises(UsageError) as caught:
        session.lock(Request(("alpha",), (), ()))
    assert (caught.value.message, caught.value.fix) == (
        f"{shown} is not a package index",
        "give an http, https or file URL",
    )


def test_markers_are_the_targets_for_a_block():
    """Also where the block ends in an error; each evaluation gets its own."""
    before = markers.default_environment

    def spoil():
        with foreign.markers_of(EL7):
            assert markers.default_environment() == EL7.markers("3.10.0")
            markers.default_environment()["python_version"] = "spoilt"
            assert markers.default_environment()["python_version"] == "3.6"
            raise KeyError

    with pytest.raises(KeyError):
        spoil()
    assert markers.default_environment is before


def test_requirements_and_what_asked_for_them(mirror, tmp_path):
    """Words first, then the files in their order; --no-binary and --pre of a file are overruled or hold."""
    for name, text in (("b.txt", "beta<2\n--no-binary beta\n"), ("a.txt", "alpha[x]; python_version<'4'\n")):
        (tmp_path / name).write_text(text)
    with Session(EL7, mirror().args, Reporter()) as session:
        files = [tmp_path / "b.txt", tmp_path / "a.txt"]
        found = foreign.parse_requirements(session.repository, ["gamma==1"], files)
        control = session.repository.finder.format_control
        assert (control.only_binary, control.no_binary) == ({":all:"}, set())
    assert [(one.name, str(one.specifier), set(one.extras)) for one in found] == [
        ("gamma", "==1", set()), ("beta", "<2", set()), ("alpha", "", {"x"}),
    ]  # fmt: skip
    assert found[0].comes_from == "the request"
    assert str(found[1].comes_from).startswith("-r " + str(tmp_path / "b.txt"))


def test_errors_that_are_about_something_else():
    """No causes are made up; those of an error are found behind the one that wraps it."""
    assert causes.of(ValueError("x")) is None
    wrapped = ValueError("outer")
    wrapped.__cause__ = KeyError("inner")
    assert causes.of(wrapped) is None
    assert causes.of(ResolutionImpossible([])) == []
    wrapped.__cause__ = ResolutionImpossible([])
    assert causes.of(wrapped) == []


def chained(*errors, how="__cause__"):
    for outer, inner in itertools.pairwise(errors):
        setattr(outer, how, inner)
    return errors[0]


class Wrapped(OSError):
    """As requests wraps: the reason is an attribute, or the first argument."""

    def __init__(self, *args, reason=None):
        super().__init__(*args)
        self.reason = reason


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(111, "Connection refused"), "Connection refused"),
        (ValueError("words"), "words"),
        (chained(OSError("outer"), OSError("middle"), OSError(111, "refused")), "refused"),
        (chained(OSError("outer"), OSError(111, "refused"), how="__context__"), "refused"),
        (chained(OSError("outer"), KeyError("ours"), how="__context__"), "outer"),
        (Wrapped("outer", reason=OSError("the reason")), "the reason"),
        (Wrapped(OSError("the first")), "the first"),
        (OSError(), ""),
    ],
    ids=range(8),
)
def test_the_reason_at_the_bottom(error, said):
    """Behind all that wraps it, as long as that is about the network."""
    assert network.innermost(error) == said


def test_how_a_server_is_asked_whether_it_is_an_index(mirror, monkeypatch):
    """For the project's page, once, as a browser would, and then for its list of projects."""
    server = mirror("alpha")
    with Session(EL7, server.args, Reporter()) as session:
        repo, asked = session.repository, []
        real = repo.session.get
        monkeypatch.setattr(
            repo.session, "get", lambda *args, **more: asked.append((args, more)) or real(*args, **more)
        )
        indexes.check_reachable(repo, "alpha")
        assert asked == [((server.url + "/simple/alpha/",), {"headers": {"Accept": "text/html"}})]
        indexes.check_reachable(repo, "nobody")
    with Session(EL7, ["--index-url", server.url + "/else"], Reporter()) as session:
        with pytest.raises(EnvironmentProblem) as caught:
            indexes.check_reachable(session.repository, "alpha")
        assert caught.value.message == "the package index cannot be read"
        assert caught.value.fix == indexes.CHECK_INDEX
        assert caught.value.findings == (
            Finding("NET006", "error", server.url + "/else", "answers, but is not a package index (404)"),
        )


def test_every_file_that_is_listed(mirror, tmp_path):
    """Of the index and of a directory, each name once."""
    server = mirror("alpha")
    server.put("alpha-2.tar.gz")
    for name in ("alpha-1-py3-none-any.whl", "alpha-3-py2-none-any.whl"):
        (tmp_path / name).write_bytes(b"")
    args = [*server.args, "--find-links", str(tmp_path)]
    with Session(EL7, args, Reporter()) as session:
        session.listing.of("alpha")
        found = {link.filename: link.url for link in session.listing._links["alpha"].values()}
    assert set(found) >= {"alpha-1-py3-none-any.whl", "alpha-2.tar.gz", "alpha-3-py2-none-any.whl"}
    assert found["alpha-3-py2-none-any.whl"].startswith("file://")


@pytest.mark.filterwarnings("ignore:.*pkg_resources")
def test_metadata_of_a_directory_is_read_by_importlib(tmp_path, monkeypatch):
    """Also where pip takes pkg_resources, as on Python 3.10: what that reads is not put right."""
    if sys.version_info >= (3, 14):
        pytest.skip("pip has no pkg_resources there")
    backend = importlib.import_module("pip._internal.metadata").select_backend
    monkeypatch.setenv("_PIP_USE_IMPORTLIB_METADATA", "0")
    backend.cache_clear()
    for name, wants in (
        ("alpha", ["beta (>=1.*)", "gamma; python_version<3.7"]),
        ("beta", []),
        ("gamma", []),
    ):
        filename, contents = bundle_maker.wheel(name, "1.0", requires=wants)
        (tmp_path / filename).write_bytes(contents)
    try:
        with Session(EL7, ["--no-index", "--find-links", str(tmp_path)], Reporter()) as session:
            lock = session.lock(Request(("alpha",), (), ()))
        assert not importlib.import_module("pip._internal.metadata")._should_use_importlib_metadata()
    finally:
        monkeypatch.undo()
        backend.cache_clear()
    assert [one.name for one in lock.wheels] == ["alpha", "beta", "gamma"]
    assert [one.right for one in lock.repairs] == ["beta (>=1)", 'gamma; python_version<"3.7"']

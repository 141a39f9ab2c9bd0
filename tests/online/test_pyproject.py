"""pyproject.toml as requirements: what a project needs, its extras and groups, and what it does not say."""

from pathlib import Path

import pytest

from offkit.model.errors import UsageError
from offkit.online.request.pyproject import Project
from target_maker import preset

EL7 = preset("3.6")
APP = {
    "project": {
        "name": "My.App",
        "requires-python": ">=3.6",
        "dependencies": ["alpha>=1", 'beta; python_version < "3.7"'],
        "optional-dependencies": {
            "GUI_x": ["gamma"],
            "web": ["delta[z]", "my-app[gui-x]"],
            "all": ["my_app[web,all]"],
        },
    },
    "dependency-groups": {
        "dev": ["pytest", {"include-group": "lint"}],
        "lint": ["ruff"],
        "own": ["my-app[web]", "my-app"],
        "round": [{"include-group": "about"}],
        "about": [{"include-group": "round"}],
    },
}


def read(data, groups=(), extras=(), path="app/pyproject.toml"):
    project = Project(data, Path(path))
    assert project.unfit(EL7) is None
    return project.requirements(groups, extras)[0]


def refused(data, groups=(), extras=(), error=UsageError):
    with pytest.raises(error) as caught:
        read(data, groups, extras)
    return caught.value


def test_what_a_project_needs():
    """Its dependencies, as they are written; each extra and group that is wanted; its own extras once."""
    base = APP["project"]["dependencies"]
    assert read(APP) == base
    assert read(APP, extras=["gui.x"]) == [*base, "gamma"]
    assert read(APP, extras=["all"]) == [*base, "delta[z]", "gamma"]
    assert read(APP, groups=["dev"]) == [*base, "pytest", "ruff"]
    assert read(APP, groups=["own"]) == [*base, "delta[z]", "gamma"]
    assert read({"dependency-groups": APP["dependency-groups"]}, groups=["lint"]) == ["ruff"]
    assert read({"project": {"name": "x"}}) == []


def test_what_it_does_not_have():
    """A usage error, with what it has."""
    error = refused(APP, extras=["tui"])
    assert error.message == "app/pyproject.toml has no extra 'tui'"
    assert error.fix == "--extra is one of: GUI_x, all, web"
    error = refused(APP, groups=["docs"])
    assert error.message == "app/pyproject.toml: Dependency group 'docs' not found"
    assert error.fix == "--group is one of: about, dev, lint, own, round"
    assert "Cyclic dependency group include" in refused(APP, groups=["round"]).message
    assert "Invalid dependency group item" in refused({"dependency-groups": {"x": [1]}}, groups=["x"]).message
    secret = {"dependency-groups": {"x": ["y @@ https://user:secret@host/y"]}}
    assert "secret" not in refused(secret, groups=["x"]).message
    for data in ({}, {"build-system": {}}, {"tool": {"black": {}}}):
        assert refused(data).message == "app/pyproject.toml has no [project] table"
    assert refused({"dependency-groups": {"x": []}}).fix == "--group is one of: x"


@pytest.mark.parametrize(("data", "said"), [
    ({"project": []}, "project is no table"), ({"project": {"dependencies": "x"}}, "dependencies is no list of strings"),
    ({"project": {"name": "x", "optional-dependencies": {"e": [1]}}}, "optional-dependencies.e is no list of strings"),
    ({"project": {"requires-python": "3"}}, "requires-python is no list of versions: '3'"),
    ({"project": {"requires-python": 3}}, "requires-python is no list of versions: 3"),
    ({"project": {"name": "x", "optional-dependencies": []}}, "optional-dependencies is no table"),
    ({"project": {"name": "x", "dynamic": 3}}, "dynamic is no list of strings"),
    ({"project": {"name": "x"}, "dependency-groups": 3}, "dependency-groups is no table"),
])  # fmt: skip
def test_a_file_that_is_no_pyproject(data, said):
    """Whatever it holds, a usage error says which key."""
    assert refused(data, extras=["e"]).message == f"app/pyproject.toml: {said}"


def test_dynamic_dependencies():
    """Refused, and what is dynamic but not wanted is not; setuptools' own file is named."""
    dynamic = {"project": {"name": "x", "dynamic": ["version", "dependencies", "optional-dependencies"]}}
    error = refused(dynamic)
    assert error.message == (
        "app/pyproject.toml: dependencies are dynamic: only a build of the project tells them"
    )
    assert error.fix == (
        "give the directory, which is built here: offkit lock ./app\n"
        "or run: cd app && python -m pip wheel --no-deps -w dist .; then give app/dist/NAME.whl"
    )
    for said in ("requirements.txt", ["requirements.txt"]):
        tool = {"setuptools": {"dynamic": {"dependencies": {"file": said}}}}
        assert refused({**dynamic, "tool": tool}).fix == "give -r app/requirements.txt instead"
    optional = {"project": {"name": "x", "dynamic": ["optional-dependencies"]}}
    assert read(optional) == []
    assert "optional-dependencies are dynamic" in refused(optional, extras=["e"]).message


def test_a_project_for_another_python():
    """It would not run there, whatever is installed."""
    data = {"project": {"name": "x", "requires-python": ">=3.9"}}
    finding, pythons = Project(data, Path("app/pyproject.toml")).unfit(EL7)
    assert pythons == ">=3.9"
    assert (finding.code, finding.subject) == ("REQ008", "x")
    assert finding.message == "needs Python >=3.9 (app/pyproject.toml); the server has 3.6.8"


def test_poetrys_own_table():
    """It has no [project]; its lock is what can be had."""
    error = refused({"tool": {"poetry": {"dependencies": {"numpy": "^1.0"}}}})
    assert error.message == "app/pyproject.toml has the dependencies of Poetry, and no [project] table"
    assert error.fix.startswith("cd app && poetry export -f requirements.txt")


def test_what_uv_takes_from_elsewhere():
    """A namesake on the index is another package: that is said."""
    sources = {"Alpha": {"workspace": True}, "beta": [{"index": "x", "marker": "m"}], "other": {"git": "x"}}
    data = {**APP, "tool": {"uv": {"sources": sources}}}
    _, findings = Project(data, Path("pyproject.toml")).requirements((), ())
    assert [(one.code, one.subject, one.severity) for one in findings] == [
        ("REQ018", "alpha", "warning"), ("REQ018", "beta", "warning"),
    ]  # fmt: skip
    assert findings[1].message == (
        "pyproject.toml: [tool.uv.sources] takes it from index, marker, which is not looked at: "
        "it is asked of the index"
    )
    assert findings[1].fix.startswith("uv export --frozen")


def test_dependencies_of_poetry():
    """The directory is what to give, where Poetry is what builds it."""
    poetry = {"tool": {"poetry": {"name": "app"}}}
    assert refused(poetry).fix.startswith("cd app && poetry export ")
    built = {**poetry, "build-system": {"build-backend": "poetry.core.masonry.api"}}
    assert refused(built).fix.splitlines()[0] == "give the directory, which is built here: offkit lock ./app"

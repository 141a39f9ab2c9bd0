"""Files with anything in them: what cannot be used is an error of ours, never one of Python."""

import contextlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from offkit.model.errors import OffkitError
from offkit.online.request import charset, frozen, pylock
from offkit.online.request.pyproject import Project
from target_maker import preset

EL7 = preset("3.6")
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=4),
    st.sampled_from(["alpha", "app[x]", "alpha==1", "app", "x", ">=3.6", "1.0", "extra == 'x'", "sys_platform == 'linux'"]),
)  # fmt: skip
ANY = st.recursive(
    ODD,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["x", "app", "file", "include-group", "url", "hashes"]), inner, max_size=3
        ),
    ),
    max_leaves=6,
)


def table(**keys):
    """Some of these keys, or something else altogether."""
    optional = {name.replace("_", "-"): value for name, value in keys.items()}
    return st.one_of(st.fixed_dictionaries({}, optional=optional), ANY)


PROJECT = st.fixed_dictionaries(
    {},
    optional={
        "project": table(
            name=ODD, requires_python=ODD, dynamic=ANY, dependencies=st.lists(ODD, max_size=3),
            optional_dependencies=st.dictionaries(st.sampled_from(["x", "y"]), st.lists(ODD, max_size=3)),
        ),
        "dependency-groups": table(x=st.lists(ANY, max_size=3), y=ANY),
        "tool": table(uv=table(sources=ANY), poetry=ANY, setuptools=table(dynamic=ANY)),
    },
)  # fmt: skip
FILE = table(name=ODD, url=ODD, path=ODD, size=ODD, hashes=st.just({"sha256": "0" * 64}))
PACKAGE = table(
    name=st.sampled_from(["alpha", "x"]), version=ODD, marker=ODD, requires_python=ODD, index=ODD, sdist=FILE,
    wheels=st.lists(st.fixed_dictionaries({"url": st.just("https://h/alpha-1.0-py3-none-any.whl"), "hashes": st.just({"sha256": "0" * 64})}), max_size=2),
    vcs=table(type=ODD, url=ODD, commit_id=ODD), directory=table(path=ODD), archive=FILE,
)  # fmt: skip
LOCK = st.fixed_dictionaries(
    {"lock-version": st.just("1.0"), "created-by": st.just("x"), "packages": st.lists(PACKAGE, max_size=3)},
    optional={
        "environments": st.lists(ODD, max_size=2), "requires-python": ODD, "extras": st.lists(ODD, max_size=2),
        "dependency-groups": st.lists(ODD, max_size=2), "default-groups": st.lists(ODD, max_size=2),
    },
)  # fmt: skip


@given(
    PROJECT,
    st.lists(st.sampled_from(["x", "y"]), max_size=2),
    st.lists(st.sampled_from(["x", "z"]), max_size=2),
)
def test_any_project(data, groups, extras):
    """Lines, or an error that says what is wrong."""
    with contextlib.suppress(OffkitError):
        project = Project(data, Path("pyproject.toml"))
        project.unfit(EL7)
        lines, _ = project.requirements(groups, extras)
        assert all(isinstance(line, str) for line in lines)


@given(LOCK, st.lists(st.sampled_from(["x"]), max_size=1))
def test_any_lock(data, extras):
    """Pins, or an error that says what is wrong."""
    with contextlib.suppress(OffkitError):
        lines = pylock.requirements(data, Path("pylock.toml"), extras, extras, EL7)
        assert all("==" in line or " @ " in line for line in lines)


@given(st.binary(max_size=40))
def test_any_bytes(data):
    """A guess can be decoded, but for half a character of UTF-16."""
    found = charset.guess(data)
    if not found.codec.startswith("utf-16"):
        data.decode(found.codec)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_line(before, after):
    """Text, and a finding only where it is another."""
    for line in (before, f"{before} @ file:{after}", f"x @ file://{after}"):
        taken = frozen.read(line, "r.txt (line 1)")
        assert (taken.finding is None) == (taken.text == line)

"""Hostile target files: whatever is in one, it is a target that a bundle can be made for, or a usage error."""

import copy
import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from offkit.cli import options
from offkit.edges import releases
from offkit.model import target as targets
from offkit.model.errors import UsageError

PYTHON = {"path": "/usr/bin/python3.9", "version": "3.9.2", "implementation": "cpython", "bits": 64, "chosen": False,
          "soabi": "cpython-39-x86_64-linux-gnu", "lacks": ["_tkinter"], "openssl": None, "sqlite": "3.26.0"}  # fmt: skip
PROBED = {
    "schema": "offkit/target-2",
    "arch": "x86_64",
    "glibc": "2.28",
    "os_release": {"ID": "rocky", "VERSION_ID": "8.10", "NAME": "Rocky Linux"},
    "pythons": [PYTHON, dict(PYTHON, version="3.6.8", path="/usr/libexec/platform-python")],
    "packages": {"bash-4.4-1.el8.x86_64": ["/bin/sh"]},
}
OLD = {"schema": "offkit/target-1", "name": "el8", "el": 8, "arch": "aarch64", "python": "3.9.2", "abi": "cp39", "glibc": "2.28"}  # fmt: skip
WORDS = st.sampled_from(
    ["", "x86_64", "aarch64", "2.17", "2.999", "9.9", "3.9.2", "3.14.99", "3.6.8\n", "el7\nidna==3.4", "V10", "kylin", "openEuler",
     "22.03", "amzn", "rhel", "11", "cpython", "offkit/target-1", "offkit/target-2", "\u0663.9", "\x1b[31m", "-r", "../..", "9" * 5000]
)  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=12), WORDS
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(sorted(PROBED) + sorted(PYTHON)), inner, max_size=4),
    ),
    max_leaves=6,
)


def places(value, path=()):
    """The paths of everything in a document."""
    yield path
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in rows:
        yield from places(inner, (*path, key))


@st.composite
def altered(draw):
    """A right document with a few things in it replaced or gone."""
    document = copy.deepcopy(draw(st.sampled_from([PROBED, OLD])))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([each for each in places(document) if each]))
        holder = document
        for key in path[:-1]:
            holder = holder[key]
        if draw(st.booleans()):
            holder[path[-1]] = draw(VALUES)
        else:
            del holder[path[-1]]
    return document


def judge(path, python):
    """A target whose every word is one, or a usage error that says something."""
    try:
        found = options.target_of(python, path, "x86_64")
    except UsageError:
        return
    # How the file would be changed is no part of the server.
    assert targets.from_json(json.loads(json.dumps(found.to_json()))) == found._replace(spelled="")
    assert all(char.isprintable() and char != "\n" for char in found.describe())
    assert found.name.split() == [found.name]
    assert 0 < len(found.tags()) < 10000
    assert found.markers()["python_full_version"] == found.python
    releases.of(found.el, found.name)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=st.one_of(altered(), VALUES), python=st.sampled_from([None, None, "3.9", "3.8.1", "x"]))
def test_a_file_of_json(tmp_path_factory, document, python):
    """With a field altered, missing, or nothing but a value."""
    path = os.path.join(str(tmp_path_factory.getbasetemp()), "altered.json")
    with open(path, "w") as sink:
        json.dump(document, sink)
    judge(path, python)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    data=st.one_of(
        st.binary(max_size=60),
        st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")),
        st.integers(0, 600),
    )
)
def test_a_file_of_anything(tmp_path_factory, data):
    """Bytes, and a document that is cut off."""
    path = os.path.join(str(tmp_path_factory.getbasetemp()), "any.json")
    with open(path, "wb") as sink:
        sink.write(json.dumps(PROBED).encode()[:data] if isinstance(data, int) else data)
    judge(path, None)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100000,
        "9" * 100000,
        '{"schema": "offkit/target-2", "arch": "x86_64", "glibc": "2.' + "9" * 9000 + '"}',
    ],
)
def test_a_file_without_an_end_in_sight(tmp_path, text):
    """Deeper, or longer, than anybody means."""
    path = tmp_path / "t.json"
    path.write_text(text)
    judge(str(path), None)

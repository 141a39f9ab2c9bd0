"""Targets: what --python and --target mean."""

import pytest

from offkit.model import target
from offkit.model.errors import UsageError


def test_python_36_alone_is_el7_with_its_own_patch_release():
    """3.6 must never mean 3.6.0: markers compare the full version."""
    el7 = target.preset("3.6")
    assert (el7.name, el7.python, el7.abi, el7.glibc) == ("el7", "3.6.8", "cp36m", (2, 17))
    assert el7.markers()["python_full_version"] == "3.6.8"
    assert el7.markers()["python_version"] == "3.6"


@pytest.mark.parametrize(
    ("python", "name", "expected"),
    [
        (None, None, ("el7", "3.6.8")),
        (None, "rocky8", ("el8", "3.6.8")),
        (None, "alma9", ("el9", "3.9.10")),
        ("3.9", "centos7", ("el7", "3.9.23")),
        ("3.9", None, ("el8", "3.9.2")),
        ("3.7", None, ("el7", "3.7.17")),
        ("3.13", None, ("el8", "3.13.0")),
        ("3.6.15", None, ("el7", "3.6.15")),
    ],
)
def test_presets(python, name, expected):
    """A series alone means the oldest EL that ships it, else the oldest it can be compiled on."""
    found = target.preset(python, name)
    assert (found.name, found.python) == expected


@pytest.mark.parametrize(("python", "name", "arch"), [
    ("3", None, "x86_64"), ("2.7", None, "x86_64"), ("3.5", None, "x86_64"), ("x", None, "x86_64"),
    ("3.6", "el6", "x86_64"), ("3.6", "rocky7", "x86_64"), ("3.6", "debian", "x86_64"), ("3.6", None, "riscv"),
])  # fmt: skip
def test_what_means_nothing_is_a_usage_error(python, name, arch):
    """Each with a hint at what would be right."""
    with pytest.raises(UsageError) as caught:
        target.preset(python, name, arch)
    assert caught.value.exit_code == 2
    assert caught.value.fix


def test_json_round_trip():
    """What probe writes is what --target reads."""
    el8 = target.preset("3.11", "el8", "aarch64")
    assert target.from_json(el8.to_json()) == el8


@pytest.mark.parametrize("data", [None, [], {}, {"name": "x"}, dict(target.preset("3.6").to_json(), python="3.6"),
                                  dict(target.preset("3.6").to_json(), glibc="two")])  # fmt: skip
def test_other_json_is_refused(data):
    """Never a traceback for a wrong file."""
    with pytest.raises(UsageError):
        target.from_json(data)

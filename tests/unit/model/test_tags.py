"""Wheel tags: the order pip and packaging use, for machines that are not here."""

import pytest

from offkit.model import tags


def test_platforms_of_el7_in_every_spelling():
    """PEP 600 names and their three aliases, newest first, linux last."""
    found = tags.platforms("x86_64", (2, 17))
    assert found[:3] == ["manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_16_x86_64"]
    assert found[-3:] == ["manylinux_2_5_x86_64", "manylinux1_x86_64", "linux_x86_64"]
    assert "manylinux2010_x86_64" in found


def test_other_architectures_begin_with_manylinux2014():
    """There was no manylinux1 for aarch64 (PEP 599)."""
    assert tags.platforms("aarch64", (2, 17)) == [
        "manylinux_2_17_aarch64",
        "manylinux2014_aarch64",
        "linux_aarch64",
    ]


@pytest.mark.parametrize(
    ("python", "abi"), [((3, 6), "cp36m"), ((3, 7), "cp37m"), ((3, 8), "cp38"), ((3, 13), "cp313")]
)
def test_the_m_went_with_38(python, abi):
    """pymalloc builds carried an m until 3.7."""
    assert tags.cpython_abi(python) == abi


@pytest.mark.parametrize("wheel", [
    "numpy-1.19.5-cp36-cp36m-manylinux2010_x86_64.whl",
    "opencv_python_headless-4.6.0.66-cp36-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "cryptography-3.4-cp34-abi3-manylinux1_x86_64.whl",
    "click-8.0.4-py3-none-any.whl",
    "six-1.16.0-py2.py3-none-any.whl",
])  # fmt: skip
def test_wheels_that_fit_cp36_on_el7(wheel):
    """Real file names that a 3.6 on el7 takes."""
    accepted = set(tags.wheel_tags((3, 6), "x86_64", (2, 17)))
    assert accepted.intersection(tags.split_wheel(wheel)[3])


@pytest.mark.parametrize("wheel", [
    "numpy-1.19.5-cp37-cp37m-manylinux2010_x86_64.whl",
    "numpy-1.19.5-cp36-cp36m-manylinux2014_aarch64.whl",
    "numpy-1.19.5-cp36-cp36m-macosx_10_9_x86_64.whl",
    "torch-2.0-cp36-cp36m-manylinux_2_28_x86_64.whl",
    "x-1-cp37-abi3-manylinux1_x86_64.whl",
    "x-1-py2-none-any.whl",
])  # fmt: skip
def test_wheels_that_do_not(wheel):
    """Another Python, machine, system or a newer glibc."""
    accepted = set(tags.wheel_tags((3, 6), "x86_64", (2, 17)))
    assert not accepted.intersection(tags.split_wheel(wheel)[3])


@pytest.mark.parametrize(
    "name", ["x.whl", "x-1.tar.gz", "x-1-py3-none.whl", "a-b-c-d-e-f-g.whl", "-1-py3-none-any.whl"]
)
def test_what_is_no_wheel_name(name):
    """PEP 427 names have five or six parts."""
    with pytest.raises(ValueError, match="not a wheel"):
        tags.split_wheel(name)


def test_every_tag_in_its_order():
    """As packaging.tags has it, of a machine with one spelling."""
    found = list(tags.wheel_tags((3, 4), "ppc64le", (2, 17)))
    plats = ["manylinux_2_17_ppc64le", "manylinux2014_ppc64le", "linux_ppc64le"]
    pairs = ["cp34-cp34m", "cp34-abi3", "cp34-none", "cp33-abi3", "cp32-abi3"]
    generic = ["py34", "py3", "py33", "py32", "py31", "py30"]
    pairs += [name + "-none" for name in generic]
    expected = [pair + "-" + plat for pair in pairs for plat in plats]
    assert found == [*expected, "cp34-none-any", *(name + "-none-any" for name in generic)]


def test_parts_of_a_wheels_name():
    """With and without a build number; sets of tags are told apart."""
    assert tags.split_wheel("a-1-py3-none-any.whl") == ("a", "1", "", ["py3-none-any"])
    assert tags.split_wheel("a-1-2x-py2.py3-none-any.linux.whl") == (
        "a",
        "1",
        "2x",
        ["py2-none-any", "py2-none-linux", "py3-none-any", "py3-none-linux"],
    )
    with pytest.raises(ValueError, match=r"^not a wheel file name: a-1-py3-none-any\.zip$"):
        tags.split_wheel("a-1-py3-none-any.zip")

"""Why no wheel fits, in words, and what else might do."""

import pytest
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from offkit.online.index import platforms
from offkit.online.index.listing import Listed
from offkit.online.index.platforms import Unfit
from target_maker import preset

EL7 = preset("3.6")
LINUX = "it has no wheel for Linux on x86_64, only for "


def wheels(*tags, requires_python=""):
    found = []
    for one in tags:
        filename = f"alpha-1-{one}.whl"
        parsed = parse_wheel_filename(filename)[3]
        found.append(Listed(Version("1"), filename, parsed, requires_python, None, None))
    return found


def test_a_python_that_nobody_can_read():
    """Is no word, as for pip."""
    assert platforms.minors(wheels("py3-none-any", requires_python="three")) == platforms.admitted("")


@pytest.mark.parametrize(("tags", "unfit"), [
    # the system fits, the Python does not
    (["cp38-cp38-manylinux2014_x86_64"],
     Unfit("its wheels for this system are for cp38, not for cp36m", (8,))),
    (["cp39-cp39-manylinux1_x86_64", "cp310-cp310-any", "cp36-cp36m-win32"],
     Unfit("its wheels for this system are for cp39, cp310, not for cp36m", (9, 10))),
    ([f"cp{number}-cp{number}-any" for number in (37, 38, 39, 310)],
     Unfit("its wheels for this system are for cp37 to cp310, not for cp36m", (7, 8, 9, 10))),
    (["cp27-cp27m-any", "cp35-cp35m-any"],
     Unfit("its wheels for this system are for cp35, not for cp36m")),
    (["cp27-cp27m-any"], Unfit("its wheels for this system are for cp27, not for cp36m")),
    (["pp37-pypy37_pp73-any"], Unfit("its wheels for this system are for pp37, not for cp36m")),
    # the Python fits, the system does not
    (["cp36-cp36m-manylinux_2_28_x86_64", "cp36-cp36m-manylinux_2_34_x86_64"],
     Unfit("its wheels need glibc 2.28; the server has 2.17", (), True)),
    (["cp36-abi3-manylinux_2_24_x86_64.manylinux_2_28_x86_64"],
     Unfit("its wheels need glibc 2.24; the server has 2.17", (), True)),
    (["py3-none-win_amd64", "py3-none-macosx_11_0_arm64"], Unfit(LINUX + "Windows and macOS")),
    (["cp36-cp36m-musllinux_1_1_x86_64"], Unfit(LINUX + "musl (Alpine)")),
    (["cp36-cp36m-manylinux2014_aarch64", "cp36-cp36m-linux_armv7l", "py3-none-win32"],
     Unfit(LINUX + "Linux on aarch64, Linux on armv7l and Windows")),
    # neither
    (["cp310-cp310-manylinux_2_28_x86_64"],
     Unfit("its wheels are for cp310 and need glibc 2.28; the server has cp36m and glibc 2.17")),
    (["cp310-cp310-win32"], Unfit(LINUX + "Windows")),
])  # fmt: skip
def test_why(tags, unfit):
    assert platforms.unfit(wheels(*tags), EL7) == unfit


@pytest.mark.parametrize(("tags", "system"), [
    (["cp36-cp36m-win32", "py3-none-win_amd64"], ("Windows", "win32")),
    (["cp310-cp310-macosx_11_0_arm64"], ("macOS", "darwin")),
    (["cp36-cp36m-win32", "cp36-cp36m-macosx_10_9_x86_64"], None),
    (["cp36-cp36m-win32", "py3-none-any"], None),
    (["cp36-cp36m-musllinux_1_1_x86_64"], None),
    (["cp36-cp36m-linux_armv7l"], None),
    ([], None),
])  # fmt: skip
def test_for_one_system_alone(tags, system):
    """Which a marker tells; with sources too."""
    source = Listed(Version("1"), "alpha-1.tar.gz", frozenset(), "", None, None)
    assert platforms.one_system([*wheels(*tags), source]) == system


@pytest.mark.parametrize(("tags", "requires_python", "minors"), [
    (["cp38-cp38-any", "cp312-cp312-any", "cp34-cp34m-any"], "", (8, 12)),
    (["py3-none-any"], ">=3.8,<3.11", (8, 9, 10)),
    (["py3-none-any"], "!=3.7.*,<3.9", (6, 8)),
    (["cp39-abi3-manylinux2014_x86_64"], "<3.12", (9, 10, 11)),
    (["pp39-pypy39_pp73-any"], "", ()),
])  # fmt: skip
def test_pythons(tags, requires_python, minors):
    """By the tags, and by Requires-Python where a tag takes all."""
    assert platforms.minors(wheels(*tags, requires_python=requires_python)) == minors

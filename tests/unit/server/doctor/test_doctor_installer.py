"""An old pip and the wheels it refuses."""

import pytest

from offkit.server.doctor import installer
from offkit.server.doctor.examine import examine
from server_maker import SITE, Server


@pytest.fixture
def server(tmp_path):
    return Server(tmp_path / "root")


def wheel(server, name, *tags):
    server.distribution(name)
    text = "Wheel-Version: 1.0\n" + "".join("Tag: {}\n".format(tag) for tag in tags)
    server.put("{}/{}-1.0.dist-info/WHEEL".format(SITE, name), text)


def findings(server):
    result = examine("/opt/env", server.root, checks=["packages"])
    return [(each.code, each.severity, each.message) for each in result.findings if each.code == "PKG011"]


@pytest.mark.parametrize("version", ["9.0.3", "18.1"])
def test_too_old(server, version):
    """The packages that it could not have installed, and the pip that could."""
    server.distribution("pip", version)
    wheel(server, "numpy", "cp36-cp36m-manylinux2010_x86_64")
    wheel(server, "cv", "cp36-cp36m-manylinux_2_17_x86_64", "cp36-cp36m-manylinux2014_x86_64")
    wheel(server, "old", "cp36-cp36m-manylinux1_x86_64")
    wheel(server, "pure", "py3-none-any")
    assert findings(server) == [
        (
            "PKG011",
            "warning",
            version + " is too old for the wheels of cv 1.0, numpy 1.0, which need pip 19.3",
        )
    ]


def test_new_enough(server):
    """pip 21.3.1 takes all."""
    server.distribution("pip", "21.3.1")
    wheel(server, "cv", "cp36-cp36m-manylinux_2_17_x86_64")
    assert findings(server) == []


def test_no_wheel_that_it_refuses(server):
    """Then it is for information; without a pip there is nothing to say."""
    assert findings(server) == []
    server.distribution("pip", "9.0.3")
    assert findings(server) == [("PKG011", "info", "9.0.3 supports neither manylinux2014 nor newer wheels")]


@pytest.mark.parametrize(
    ("tags", "pip"),
    [
        (["cp36-cp36m-manylinux1_x86_64"], (8, 1)),
        (["cp36-cp36m-manylinux2010_x86_64"], (19, 0)),
        (["cp36-cp36m-manylinux_2_17_x86_64"], (20, 3)),
        (["cp36-cp36m-manylinux_2_17_x86_64", "cp36-cp36m-manylinux2014_x86_64"], (19, 3)),
        (["cp36-cp36m-linux_x86_64"], ()),
        (["py3-none-any"], ()),
        ([], ()),
    ],
)
def test_needs(tags, pip):
    """By pypa/manylinux's table; the most lenient tag of a wheel counts."""
    assert installer.needs(tags) == pip


def test_a_version_that_is_none():
    """Nothing is judged by it."""
    assert installer.release("unknown") == ()
    assert installer.release("9.0.3") == (9, 0)

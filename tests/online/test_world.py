"""The pool of libsolv, of which the bindings leave it to the caller not to write beyond its maps."""

import subprocess
import sys

import pytest

import repo_maker
from offkit.media.rpm import BadRepodata
from offkit.online.rpms.world import World

pytest.importorskip("solv", reason="no offkit[rpm] here")
PACKAGES = [repo_maker.package(f"p{number}", [f"p{number}"]) for number in range(130)]
# In a process of its own: what is written beyond the end of a map ends it, by SIGABRT as a rule.
GROWING = """
import sys
from pathlib import Path
from offkit.online.rpms.world import World

for place in sys.argv[1:]:
    world = World("x86_64")
    world.add("disc", Path(place))
    world.hide((), (), ["p1"])  # asks who provides that, before anything is installed
    for number in range(900):
        world.has(f"had{number}-1-1.x86_64", [f"cap{number}"])
    world.assume(["/bin/sh"])
    solution = world.solve(["p2", "cap899"])
    assert [one.package.name for one in solution.packages] == ["p2"], solution
"""


@pytest.fixture
def primaries(tmp_path):
    """Of some packages, and of one more, and so on."""
    made = []
    for count in range(100, 130):
        made.append(tmp_path / f"{count}.xml")
        made[-1].write_bytes(repo_maker.primary(PACKAGES[:count]))
    return made


def test_a_server_with_more_packages_than_a_repository(primaries):
    """What counts was told to libsolv before the server's own packages were in its pool."""
    done = subprocess.run(
        [sys.executable, "-c", GROWING, *map(str, primaries)], stderr=subprocess.PIPE, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_nothing_comes_to_it_once_there_is_an_answer(primaries):
    world = World("x86_64")
    world.add("disc", primaries[0])
    assert [one.package.name for one in world.solve(["p2"]).packages] == ["p2"]
    with pytest.raises(RuntimeError):
        world.has("had-1-1.x86_64")
    with pytest.raises(RuntimeError):
        world.add("another", primaries[1])


def test_filelists_that_describe_packages(primaries):
    """libsolv would take them for more packages."""
    world = World("x86_64")
    number = world.add("disc", primaries[0])
    world.solve(["p2"])
    with pytest.raises(BadRepodata, match=r"101\.xml describes packages"):
        world.add_files(number, primaries[1])

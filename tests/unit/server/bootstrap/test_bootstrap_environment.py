"""install.sh beside variables that mean nothing to it: it removes, skips and says the same as without."""

import re

import pytest

import bundle_maker
import install_sh
import source_maker
from install_sh import every_shell, real, sh
from offkit.online.carry import bootstrap

TOOLS = [*install_sh.TOOLS, "flock", "xz"]
pytestmark = install_sh.without_python36


@pytest.fixture
def precious(tmp_path):
    """A directory that somebody else's variables name."""
    place = tmp_path / "data"
    place.mkdir()
    (place / "kept").write_text("years of work")
    return place


def server_with_build(path, damage=False):
    path.mkdir()
    server = install_sh.make_server(path, TOOLS, **source_maker.carry_build(source_maker.build()))
    if damage:
        bundle = server / "medium" / "bundle.tar"
        data = bytearray(bundle.read_bytes())
        data[-2000] ^= 1
        bundle.write_bytes(bytes(data))
    return server


def server_with_nothing(path):
    path.mkdir()
    return install_sh.make_server(path, TOOLS, series="3.6")


def server_with_python(path):
    path.mkdir()
    server = install_sh.make_server(path, TOOLS)
    real(server)
    return server


@every_shell
@pytest.mark.parametrize(
    ("make", "arguments"),
    [
        (server_with_python, []),
        (server_with_nothing, []),
        (server_with_nothing, ["--json", "--iso", "no.iso"]),
        (server_with_build, []),
        (server_with_build, ["--dry-run"]),
        (lambda path: server_with_build(path, damage=True), []),
    ],
    ids=["hand over", "no Python", "no medium", "build", "dry", "damaged"],
)
def test_the_environment_changes_nothing(tmp_path, precious, shell, make, arguments):
    """Exit code, words and files are those of an empty environment, and what a variable names stays."""
    seen = []
    for name, value in (("a", None), ("b", str(precious)), ("c", "1")):
        server = make(tmp_path / name)
        install_sh.tools_of(server, shell)
        more = install_sh.polluted(server, value) if value is not None else {}
        answer = sh(
            server,
            server / "medium" / "bundle.tar",
            "--prefix",
            server / "p",
            *arguments,
            shell=shell,
            env=more,
        )
        left = [entry[0] for entry in bundle_maker.listing(str(server))]
        seen.append([answer[0], *(text.replace(str(server), "SERVER") for text in answer[1:]), left])
    for other in seen[1:]:
        assert other == seen[0]
    assert (precious / "kept").read_text() == "years of work"


@pytest.mark.parametrize("name", ["half", "yum_place", "scratch"])
def test_what_is_removed_at_the_end_is_its_own(tmp_path, precious, name):
    """A dry run by somebody who has such a variable in the environment."""
    server = server_with_python(tmp_path / "server")
    code, _, err = sh(server, server / "medium" / "bundle.tar", "--dry-run", env={name: str(precious)})
    assert (code, err) == (0, "")
    assert (precious / "kept").exists()


def test_verified_is_said_by_the_script_alone(tmp_path):
    """verified=1 in the environment does not make a damaged bundle a good one."""
    server = server_with_build(tmp_path / "server", damage=True)
    code, _, err = sh(
        server, server / "medium" / "bundle.tar", "--prefix", server / "p", env={"verified": "1"}
    )
    assert code == 3, err
    assert "is damaged" in err


def test_every_variable_is_known():
    """Assigned, read, looped over or expanded: each is in the list that the script begins with."""
    text = b"a=1 b_2=$c; read -r d e 2>/dev/null; for f in $OFFKIT_X; do g=${h:-} ${#i}; done; LC_ALL=C x\n"
    found = bootstrap.variables(text)
    assert found == [b"OFFKIT_X", b"a", b"b_2", b"c", b"d", b"e", b"f", b"g", b"h", b"i"]


def test_the_list_is_in_the_script(tmp_path):
    """Before anything is done with one of them, and without what the environment is asked for."""
    text = install_sh.script().decode()
    head, _, rest = text.partition("unset -v OFFKIT_")
    listed = set(re.findall(r"\w+", "OFFKIT_" + rest.partition("\n\n")[0]))
    assert {name.decode() for name in bootstrap.variables(text.encode())} - {"unset"} <= listed | {"sum"}
    assert not listed & install_sh.FOR_OTHERS
    assert "$OFFKIT" not in head
    assert "\n    set -u\n" in rest

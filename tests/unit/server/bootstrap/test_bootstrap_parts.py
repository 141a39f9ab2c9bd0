"""install.sh with a bundle in parts."""

import os

import pytest

import bundle_maker
import install_sh
from install_sh import every_shell, real, sh


@pytest.fixture
def server(tmp_path):
    """medium/ has install.sh, three parts and their index, and no whole bundle."""
    made = install_sh.make_server(tmp_path)
    whole = (made / "medium" / "bundle.tar").read_bytes()
    (made / "medium" / "bundle.tar").unlink()
    for name, data in bundle_maker.parted(whole, len(whole) // 3 + 1).items():
        (made / "medium" / name).write_bytes(data)
    return made


@every_shell
@pytest.mark.parametrize("named", [None, "bundle.tar.parts", "bundle.tar.002", ""])
def test_hands_over(server, shell, named):
    """Whatever of it is named, offkit gets that: it reads parts itself."""
    real(server)
    install_sh.tools_of(server, shell)
    medium = str(server / "medium")
    args = [] if named is None else [os.path.join(medium, named) if named else medium]
    code, out, err = sh(server, *args, shell=shell)
    assert (code, err) == (0, "")
    told = args[0] if args else os.path.join(medium, "bundle.tar.parts")
    assert "['install', {!r}]".format(told) in out
    assert os.listdir(str(server / "tmp")) == []


@every_shell
def test_what_is_missing(server, shell):
    """All at once, before anything is done."""
    real(server)
    for name in ("bundle.tar.001", "bundle.tar.003"):
        (server / "medium" / name).unlink()
    code, out, err = sh(server, shell=shell)
    assert (code, out) == (3, "")
    assert err.splitlines() == [
        "error: BUN023 {}/medium/bundle.tar.parts: missing beside it: bundle.tar.001 bundle.tar.003".format(
            server
        ),
        "fix: carry what is missing again, and put it beside the index",
    ]


@every_shell
def test_a_damaged_part(server, shell):
    """Nothing of it runs; which is to be copied again is said."""
    real(server)
    install_sh.tools_of(server, shell)
    for name in ("bundle.tar.002", "bundle.tar.003"):
        data = bytearray((server / "medium" / name).read_bytes())
        for position in range(0, len(data), 100):
            data[position] ^= 1
        (server / "medium" / name).write_bytes(bytes(data))
    code, out, err = sh(server, shell=shell)
    assert (code, out) == (3, "")
    assert "fix: copy bundle.tar.002 bundle.tar.003 again, and compare sha256sum on both sides" in err


@every_shell
def test_a_damaged_index(server, shell):
    real(server)
    index = server / "medium" / "bundle.tar.parts"
    index.write_bytes(index.read_bytes().replace(b"bundle.tar.003", b"bundle.tar.004"))
    code, out, err = sh(server, shell=shell)
    assert (code, out) == (3, "")
    assert err.startswith("error: BUN022 {} is no index of parts, or damaged\n".format(index))

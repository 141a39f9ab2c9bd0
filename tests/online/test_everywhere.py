"""What libraries have on every server (repo-config/everywhere.csv), looked up in those of this machine."""

import ctypes

import pytest

from offkit.online.proof import everywhere


@pytest.mark.parametrize("library", ["libm.so.6", "libdl.so.2", "libpthread.so.0", "libz.so.1"])
def test_it_is_there(library):
    try:
        opened = ctypes.CDLL(library)
    except OSError as error:
        pytest.skip(f"{error}")
    names = everywhere.names([library])
    assert len(names) > 5
    assert [name for name in sorted(names) if not hasattr(opened, name.decode())] == []


def test_of_several_and_of_none():
    both = everywhere.names(["libm.so.6", "libz.so.1", "libnone.so.1"])
    assert {b"sinf", b"inflate"} <= both
    assert b"dlopen" not in both
    assert everywhere.names(["libnone.so.1"]) == frozenset()

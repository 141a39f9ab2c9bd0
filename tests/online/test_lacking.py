"""The one line for yum, before the gap: which packages with libraries a server certainly needs."""

import zipfile

import pytest

import elf_maker
from offkit.model import checklist
from offkit.online.proof import forecast, lacking
from offkit.online.rpms.server import Server
from target_maker import preset

WANTED = ("libGL.so.1", "libICE.so.6", "libSM.so.6", "libc.so.6", "libcuda.so.1", "libz.so.1")


def wanted(tmp_path, sonames, target):
    path = tmp_path / "a-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.so", elf_maker.build(needed=list(sonames)))
    return forecast.survey([path], target).checklist


def server(*provides):
    return Server({"bash-5-1.x86_64": (), "some-1-1.x86_64": provides}, {}, (), (), (), "")


@pytest.mark.parametrize(("name", "rpms"), [
    ("el7", ("libICE", "libSM", "libglvnd-glx")),
    ("openeuler22.03", ("libICE", "libSM", "libglvnd")),
])  # fmt: skip
def test_what_a_minimal_server_lacks(tmp_path, name, rpms):
    """In order and once, by the names of its release; not zlib, which it has, nor what is of a driver."""
    target = preset("3.9", name)
    assert lacking.of(wanted(tmp_path, WANTED, target), target, None) == (rpms, (), True)


def test_what_a_described_server_lacks(tmp_path):
    """By what its packages provide, whatever they are called; a 32-bit library is another."""
    target = preset("3.9", "el9")
    has = server("libSM.so.6()(64bit)", "libz.so.1()(64bit)", "libICE.so.6")
    assert lacking.of(wanted(tmp_path, WANTED, target), target, has).rpms == ("libICE", "libglvnd-glx")
    bare = lacking.of(wanted(tmp_path, WANTED, target), target, server())
    assert bare.rpms == ("libICE", "libSM", "libglvnd-glx", "zlib")


def test_what_the_bundle_carries_is_not_typed(tmp_path):
    """The rest is."""
    target = preset("3.9", "el9")
    libraries = wanted(tmp_path, WANTED, target).libraries
    marked = tuple(each._replace(in_bundle=each.soname == "libSM.so.6") for each in libraries)
    assert lacking.of(checklist.Checklist(marked), target, None).rpms == ("libICE", "libglvnd-glx")


def test_what_is_not_known_is_said(tmp_path):
    """Of a library without a package of a disc; and of a release of which nobody knows what a server has."""
    target = preset("3.9", "el9")
    found = lacking.of(wanted(tmp_path, ("libodd.so.1", "libc.musl-x86_64.so.1"), target), target, None)
    odd = "which package has it is not known here; there: yum provides 'libodd.so.1()(64bit)'"
    assert found.rpms == ()
    assert [soname for soname, _ in found.others] == ["libc.musl-x86_64.so.1", "libodd.so.1"]
    assert found.others[1][1] == odd
    assert "musl" in found.others[0][1]
    kylin = preset("3.9", "kylin10")
    found = lacking.of(wanted(tmp_path, WANTED, kylin), kylin, None)
    assert not found.sure
    assert {"libSM", "libICE", "zlib"} <= set(found.rpms)
    assert lacking.of(wanted(tmp_path, WANTED, kylin), kylin, server()).sure

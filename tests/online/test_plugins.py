"""What only plug-ins want, told from what an import fails without."""

import pytest

import bundle_maker
import elf_maker
from offkit.edges import plugins
from offkit.online.proof import forecast
from target_maker import preset

EL8 = preset("3.8", "el8")
QT = ("qt_plugin_instance",)


def built(*needed, soname="", exports=(), rpath=None):
    return elf_maker.build(needed=needed, soname=soname, exports=exports, rpath=rpath)


def wanted(tmp_path, files):
    """(what an import needs, what only plug-ins want) of a wheel with these files."""
    filename, body = bundle_maker.wheel("qt", files=files)
    (tmp_path / filename).write_bytes(body)
    found = forecast.survey([tmp_path / filename], EL8).checklist.libraries
    return [sorted(one.soname for one in found if one.optional is how) for how in (False, True)]


def test_who_loads_what(tmp_path):
    """What a plug-in needs, and what it alone brings along; what a module needs too stays."""
    files = {
        "qt/Core.abi3.so": built("libCore.so.5", exports=["PyInit_Core"], rpath="$ORIGIN/lib"),
        "qt/lib/libCore.so.5": built("libglib.so.0", soname="libCore.so.5", exports=["qt_plugin_query"]),
        "qt/lib/libXcb.so.5": built("libxcb.so.1", "libglib.so.0", soname="libXcb.so.5"),
        "qt/plugins/platforms/libqxcb.so": built(
            "libXcb.so.5", "libCore.so.5", exports=QT, rpath="$ORIGIN/../../lib"
        ),
        "qt/plugins/sqldrivers/libqsqlpsql.so": built("libpq.so.5", "libglib.so.0", exports=QT),
    }
    assert wanted(tmp_path, files) == [["libglib.so.0"], ["libpq.so.5", "libxcb.so.1"]]


@pytest.mark.parametrize(
    ("name", "exports"),
    [
        ("boost/lib/libboost.so", ()),  # what Python opens with ctypes
        ("plugins/libhelper.so", ()),  # the name of a directory is no proof
        ("plugins/fast.abi3.so", ("PyInit_fast", *QT)),  # imported, whatever else it can do
        ("qt-1.0.data/scripts/tool", ()),
    ],
)
def test_what_is_no_plugin(tmp_path, name, exports):
    assert wanted(tmp_path, {name: built("libgomp.so.1", exports=exports)}) == [["libgomp.so.1"], []]


def test_a_plugin_that_somebody_is_linked_with(tmp_path):
    files = {
        "qt/Core.abi3.so": built("libqsvg.so", exports=["PyInit_Core"], rpath="$ORIGIN/plugins"),
        "qt/plugins/libqsvg.so": built("libz.so.1", exports=QT),
    }
    assert wanted(tmp_path, files) == [["libz.so.1"], []]


def test_a_circle_is_not_taken_for_a_plugin(tmp_path):
    """Nobody from outside needs either."""
    files = {"liba.so": built("libb.so", "libz.so.1"), "libb.so": built("liba.so", exports=QT)}
    assert wanted(tmp_path, files) == [["libz.so.1"], []]


def test_a_plugin_for_a_newer_system(tmp_path):
    """As debugpy's for gdb: it is said, before leaving and there, and neither the bundle nor the server is held to it."""
    attach = elf_maker.build(
        needed=["libc.so.6"], needs={"libc.so.6": ["GLIBC_2.34"]}, exports=["AttachDebuggerTracing"]
    )
    fast = elf_maker.build(needed=["libc.so.6"], needs={"libc.so.6": ["GLIBC_2.17"]}, exports=["PyInit_fast"])
    for files, versions, optional, aside in (
        ({"d/attach.so": attach}, ("GLIBC_2.34",), True, ()),
        ({"d/attach.so": attach, "d/fast.abi3.so": fast}, ("GLIBC_2.17",), False, ("GLIBC_2.34",)),
    ):
        filename, body = bundle_maker.wheel("debugpy", files=files)
        (tmp_path / filename).write_bytes(body)
        found = forecast.survey([tmp_path / filename], EL8)
        (finding,) = found.findings
        assert (finding.code, finding.severity, finding.fix[:7]) == ("LIB002", "warning", "nothing")
        assert finding.message == (
            f"{filename}: d/attach.so needs GLIBC_2.34, el8 has glibc 2.28; it is an optional part, and everything else works without"
        )
        (library,) = found.checklist.libraries
        assert (library.versions, library.optional, library.aside) == (versions, optional, aside)
    # whatever a module asks for too is no matter of the plug-in
    fast = elf_maker.build(needed=["libc.so.6"], needs={"libc.so.6": ["GLIBC_2.34"]}, exports=["PyInit_fast"])
    filename, body = bundle_maker.wheel("debugpy", files={"d/attach.so": attach, "d/fast.abi3.so": fast})
    (tmp_path / filename).write_bytes(body)
    (finding,) = forecast.survey([tmp_path / filename], EL8).findings
    assert (finding.severity, bool(finding.fix)) == ("error", True)


@pytest.mark.parametrize("symbol", plugins.symbols())
def test_each_host(tmp_path, symbol):
    assert wanted(tmp_path, {"libplug.so": built("libz.so.1", exports=[symbol])}) == [[], ["libz.so.1"]]

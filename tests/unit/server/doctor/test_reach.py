"""What the loader comes to from the file in need, and what is there in vain."""

import os
from typing import Dict

import pytest

from elf_maker import build
from offkit.server.doctor.examine import examine
from server_maker import LDSO, SITE, Server

SUFFIX = ".cpython-36m-x86_64-linux-gnu.so"


@pytest.fixture
def server(tmp_path):
    made = Server(tmp_path / "root")
    made.put("/etc/ld.so.cache", b"glibc-ld.so.cache1.1" + b"\0" * 28)
    return made


def told(server):
    found = examine("/opt/env", server.root, checks=["libraries"]).findings
    return [(each.code, each.severity, each.subject) for each in found]


def module(name, **fields):
    return build(exports=["PyInit_" + name], **fields)


def fiona(server, *requires):
    """As Fiona 1.8.22: its own GDAL wants the system's expat."""
    files: Dict[str, bytes] = {
        "fiona/ogrext" + SUFFIX: module("ogrext", needed=["libgdal.so.30"], rpath="$ORIGIN/../Fiona.libs"),
        "Fiona.libs/libgdal.so.30": build(soname="libgdal.so.30", needed=["libexpat.so.1"]),
    }
    server.distribution("Fiona", files=files, requires=requires)


def kaleido(server, *requires, code=b""):
    """As kaleido 0.2.1: a browser with its libraries, among them expat."""
    files = {
        "kaleido/__init__.py": code,
        "kaleido/executable/lib/libexpat.so.1": build(soname="libexpat.so.1"),
        "kaleido/executable/bin/kaleido": build(needed=["libexpat.so.1"], interpreter=LDSO),
    }
    server.distribution("kaleido", files=files, requires=requires)
    os.chmod(server.host(SITE + "/kaleido/executable/bin/kaleido"), 0o755)


def test_another_packages_own_copy_does_not_count(server):
    """D1: fiona's libraries are not looked for in kaleido's directory."""
    fiona(server)
    kaleido(server)
    (finding,) = examine("/opt/env", server.root, checks=["libraries"]).findings
    assert (finding.code, finding.severity, finding.subject) == ("LIB001", "error", "libexpat.so.1")
    assert finding.message == (
        "is missing; needed by Fiona.libs/libgdal.so.30; "
        "the one in kaleido/executable/lib/libexpat.so.1 is another package's own"
    )
    assert "install expat" in finding.fix
    server.library("libexpat.so.1")
    assert told(server) == []


@pytest.mark.parametrize("loads", [True, False])
def test_what_it_requires_may_have_loaded_it(server, loads):
    """As torchvision and torch do: it depends on the order of imports, and is said with the RPM. A browser's
    library is opened by no code of its package: without the RPM the import fails."""
    fiona(server, "middle>=1; python_version < '3'", "unreadable; ((")
    server.distribution("middle", requires=["Kaleido"])
    code = b"import ctypes\nctypes.CDLL('libexpat.so.1')\n" if loads else b""
    kaleido(server, code=code)
    result = examine("/opt/env", server.root, checks=["libraries"])
    (finding,) = result.findings
    severity = "warning" if loads else "error"
    assert (finding.code, finding.severity, finding.subject) == ("LIB003", severity, "libexpat.so.1")
    assert finding.fix.startswith("nothing, if the import works; otherwise yum ") == loads
    assert " install expat" in finding.fix
    assert (" install expat" in result.summary.install_line) == (not loads)


LISTS = b"import ctypes, glob\nfor lib in glob.glob(HERE + '/*.so*'):\n    ctypes.CDLL(lib)\n"
WINDOWS = b"import ctypes, glob\nfor lib in glob.glob(HERE + '/*.dll'):\n    ctypes.CDLL(lib)\n"


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        (b"", "error"),
        (b"import ctypes\n", "error"),
        (b"NAME = 'libblas-0123abcd.so'\n", "error"),
        (b"import ctypes\nctypes.CDLL(HERE + '/libblas-0123abcd.so')\n", "warning"),
        (b"import ctypes\nctypes.CDLL(HERE + 'libbla' + END)\n", "warning"),
        (b"from ctypes import cdll\ncdll.LoadLibrary(find('blas'))\n", "warning"),
        (b"import ctypes\nctypes.CDLL(HERE + '/libother.so')\n", "error"),
        (LISTS, "warning"),
        (WINDOWS, "error"),
        (b"import ctypes\n\nprint(globals())\n", "error"),
    ],
)
def test_a_copy_that_nobody_loads_before(server, code, severity):
    """numpy after 'patchelf --remove-rpath': its own library is there, no path leads to it, and only code
    that opens it can have loaded it when the module is imported."""
    files = {
        "np/__init__.py": code + b"from np import core\n",
        "np/core" + SUFFIX: module("core", needed=["libblas-0123abcd.so"]),
        "np.libs/libblas-0123abcd.so": build(soname="libblas-0123abcd.so"),
    }
    server.distribution("np", files=files)
    (finding,) = examine("/opt/env", server.root, checks=["libraries"]).findings
    assert (finding.code, finding.severity) == ("LIB003", severity)
    assert (", and nothing loads it before; needed by " in finding.message) == (severity == "error")
    assert finding.fix.startswith("install the package again") == (severity == "error")
    server.distribution(
        "other",
        files={"other" + SUFFIX: module("other", needed=["libblas-0123abcd.so"], rpath="$ORIGIN/np.libs")},
    )
    assert told(server) == [("LIB003", "warning", "libblas-0123abcd.so")]


def test_a_copy_for_what_no_import_loads(server):
    """kaleido's libraries: a script starts its program with LD_LIBRARY_PATH, and nothing is certain to fail."""
    files = {
        "kaleido/libnss3.so": build(soname="libnss3.so", needed=["libnssutil3.so"]),
        "kaleido/libnssutil3.so": build(soname="libnssutil3.so"),
    }
    server.distribution("kaleido", files=files)
    (finding,) = examine("/opt/env", server.root, checks=["libraries"]).findings
    assert (finding.code, finding.severity, finding.subject) == ("LIB003", "warning", "libnssutil3.so")


def test_what_is_required_for_an_extra_alone_is_not(server):
    fiona(server, "kaleido; extra == 'all'")
    kaleido(server)
    assert told(server) == [("LIB001", "error", "libexpat.so.1")]


@pytest.mark.parametrize("soname", ["", "libb" + SUFFIX])
def test_a_file_that_no_path_leads_to(server, soname):
    """D4: pysam 0.16.0, the loader knows a loaded file by its path and DT_SONAME, not by the file's name."""
    files = {
        "pysam/liba" + SUFFIX: module("liba", needed=["libb" + SUFFIX], rpath="$ORIGIN/../pysam."),
        "pysam/libb" + SUFFIX: module("libb", soname=soname),
    }
    server.distribution("pysam", files=files)
    wanted = ("LIB003", "warning") if soname else ("LIB025", "error")
    assert told(server) == [(*wanted, "libb" + SUFFIX)]


@pytest.mark.parametrize("mode", [0o755, 0o644])
def test_programs_anywhere(server, mode):
    """D2: playwright's driver/node, cmake's data/bin/cmake; nobody starts one without x."""
    server.distribution(
        "playwright", files={"playwright/driver/node": build(needed=["libstdc++.so.6"], interpreter=LDSO)}
    )
    server.put(SITE + "/playwright/driver/node.sh", "#!/bin/sh\n")
    for name in ("node", "node.sh"):
        os.chmod(server.host(SITE + "/playwright/driver/" + name), mode)
    assert told(server) == ([("LIB001", "error", "libstdc++.so.6")] if mode == 0o755 else [])


def test_a_program_beside_extension_modules(server):
    """Its package is there for more: a warning."""
    program = build(needed=["libstdc++.so.6"], interpreter=LDSO, kind=2)
    server.distribution("tool", files={"tool/helper-1.2": program, "tool/_c" + SUFFIX: module("_c")})
    os.chmod(server.host(SITE + "/tool/helper-1.2"), 0o755)
    assert told(server) == [("LIB001", "warning", "libstdc++.so.6")]


@pytest.mark.parametrize("name", ["libx.so.1", "libx.so.1.2.3", "libx-81259c47.so.1.1.1k"])
def test_libraries_with_a_version_in_their_name(server, name):
    """D2: a .so.1 beside a module, opened by ctypes when it is needed, if it ever is."""
    files = {"x/__init__.py": b"from . import _c", "x/_c" + SUFFIX: module("_c")}
    server.distribution("x", files=dict(files, **{"x/" + name: build(needed=["libgomp.so.1"])}))
    assert told(server) == [("LIB001", "warning", "libgomp.so.1")]


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        (b"import ctypes\nLIB = ctypes.CDLL(__file__[:-11] + 'lib_gbm.so')\n", "error"),
        (b"try:\n    LIB = open_it('lib_gbm.so')\nexcept OSError:\n    LIB = None\n", "warning"),
        (b"from gbm import basic\n", "error"),
        (b"def train():\n    from gbm import basic\n", "warning"),
        (b"if\n", "error"),
    ],
)
def test_a_library_that_is_opened_by_its_name(server, code, severity):
    """D4: lightgbm's without libgomp is an OSError of import lightgbm."""
    files = {
        "gbm/__init__.py": code,
        "gbm/_fast" + SUFFIX: module("_fast"),
        "gbm/_use.py": b"",
        "gbm/basic.py": b"PATH = 'lib_gbm.so'\n",
        "gbm/lib_gbm.so": build(needed=["libgomp.so.1"]),
    }
    if severity == "warning":  # else nothing that is compiled is loaded, and all of it counts
        files["gbm/__init__.py"] += b"from . import _fast\n"
    server.distribution("gbm", files=files)
    assert told(server) == [("LIB001", severity, "libgomp.so.1")]


def test_a_part_that_is_imported_apart(server):
    """scipy.linalg: import scipy works without."""
    files = {
        "sci/__init__.py": b"from sci import _c\n",
        "sci/_c" + SUFFIX: module("_c"),
        "sci/linalg/__init__.py": b"from . import _flapack\n",
        "sci/linalg/_flapack" + SUFFIX: module("_flapack", needed=["libgfortran.so.3"]),
    }
    server.distribution("sci", files=files)
    (finding,) = examine("/opt/env", server.root, checks=["libraries"]).findings
    assert (finding.severity, finding.message) == (
        "warning",
        "is missing; needed by sci/linalg/_flapack{}".format(SUFFIX),
    )


def test_libraries_below_the_environment_itself(server):
    """Wheels put them there too (tbb, mkl), and find them by RUNPATH."""
    server.distribution(
        "mkl",
        files={
            "../../libmkl.so.2": build(soname="libmkl.so.2", needed=["libnuma.so.1"]),
            "mkl/_m" + SUFFIX: module("_m", needed=["libmkl.so.2"], runpath="$ORIGIN/../../.."),
            "../../libalone.so.1": build(needed=["libhwloc.so.15"]),
        },
    )
    assert told(server) == [
        ("LIB001", "error", "libnuma.so.1"),
        ("LIB001", "warning", "libhwloc.so.15"),
    ]


def test_plugins(server):
    """What only they want stops no import."""
    plugin = build(needed=["libpq.so.5"], exports=["qt_plugin_instance"])
    server.distribution("qt", files={"qt/plugins/libqpsql.so": plugin})
    assert told(server) == [("LIB001", "warning", "libpq.so.5")]


def test_vendored_libraries_that_nobody_was_seen_to_load(server):
    """Shapely opens its GEOS with ctypes, from Shapely.libs: what that wants of the system counts; for
    libraries beside it, it relies on who loads it."""
    server.distribution(
        "Shapely",
        files={
            "shapely/geos.py": b"from ctypes import CDLL",
            "Shapely.libs/libgeos_c-1.so.1": build(needed=["libgeos-2.so.1", "libm.so.9"]),
            "Shapely.libs/libgeos-2.so.1": build(soname="libgeos-2.so.1"),
        },
    )
    assert told(server) == [("LIB001", "error", "libm.so.9")]


@pytest.mark.parametrize(
    ("interpreter", "fields", "fix"),
    [
        ("/lib/ld-musl-x86_64.so.1", {}, "a manylinux wheel"),
        ("/lib/ld-linux.so.2", {"bits": 32, "machine": 3}, "use the 64-bit build"),
        ("/lib64/ld-lsb-x86-64.so.3", {}, "use a build of the package for this system"),
    ],
)
def test_a_program_without_its_loader(server, interpreter, fields, fix):
    """One finding, and not for each library besides; none where it is there."""
    program = build(needed=["libno.so.1"], interpreter=interpreter, kind=2, **fields)
    server.distribution("tool", files={"tool/a": program, "tool/b": program})
    for name in "ab":
        os.chmod(server.host(SITE + "/tool/" + name), 0o755)
    (finding,) = examine("/opt/env", server.root, checks=["libraries"]).findings
    assert (finding.code, finding.severity, finding.subject) == ("LIB026", "error", interpreter)
    assert finding.message.endswith("is not there, so these do not start: tool/a, tool/b")
    assert fix in finding.fix
    server.put(interpreter, build(soname="ld.so", **fields))
    assert told(server) == [("LIB001", "error", "libno.so.1")]


def test_a_program_for_another_machine(server):
    """Some packages bring one for each."""
    program = build(needed=["libno.so.1"], interpreter="/lib/ld-linux-aarch64.so.1", machine=183)
    server.distribution("tool", files={"tool/arm": program})
    os.chmod(server.host(SITE + "/tool/arm"), 0o755)
    assert told(server) == []


@pytest.mark.parametrize(
    ("line", "absent"),
    [
        ("/bin/sh", ""),
        ("/usr/bin/env bash", "bash"),
        ("/usr/bin/env -S LANG=C python -u", ""),
        ("/usr/bin/env", ""),
        ("/opt/env/bin/python", ""),
        (" /opt/old/bin/python3.6 -I", "/opt/old/bin/python3.6"),
        ("/usr/bin/perl -w", "/usr/bin/perl"),
    ],
)
def test_a_script_without_its_interpreter(server, line, absent):
    """A command that does not start, as after an environment was moved; in a package it may be nobody's."""
    script = "#!{}\nrun\n".format(line)
    server.distribution("tool", files={"tool/run": script, "tool/lib.py": script, "tool/text": script})
    os.chmod(server.host(SITE + "/tool/run"), 0o755)
    assert told(server) == ([("LIB027", "warning", absent)] if absent else [])
    server.put("/opt/env/bin/tool", script)
    os.chmod(server.host("/opt/env/bin/tool"), 0o755)
    assert told(server) == ([("LIB027", "error", absent)] if absent else [])


@pytest.mark.parametrize(
    ("soname", "name", "adds"),
    [
        ("libQt53DRender.so.5", "PyQt5_Qt5", "add PyQt3D or PyQt3D-Qt5"),
        ("libQt5WebEngineCore.so.5", "PyQt5_Qt5", "add PyQtWebEngine or PyQtWebEngine-Qt5"),
        ("libQt5Pdf.so.5", "other", "add PyQt5-Qt5"),
        ("libQt5Pdf.so.5", "PyQt5_Qt5", ""),
        ("libtorch_hip.so", "torch", ""),
    ],
)
def test_no_cure_is_to_add_what_is_installed(server, soname, name, adds):
    """PyQt5-Qt5 has plug-ins for Qt 3D, whose libraries are in a wheel of their own."""
    server.distribution(name, files={"p/lib/x.so": build(needed=[soname])})
    (finding,) = examine("/opt/env", server.root, checks=["libraries"]).findings
    assert finding.code == "LIB001"
    if adds:
        assert ": " + adds in finding.fix
    else:
        assert "add " not in finding.fix
        assert " is installed, without it: nothing, if nobody uses that part" in finding.fix


@pytest.mark.parametrize("init", [{"qt/__init__.py": b""}, {}])
def test_a_part_of_a_package_that_loads_nothing_itself(server, init):
    """PyQt5's QtMultimedia wants PulseAudio, and nobody else there: 'import PyQt5' works, and so does the
    rest. Without a library of QtGui's most of it does not. PySide6_Addons has no __init__.py of its own."""
    libraries = {
        "core": [],
        "gui": ["libcore.so", "libGL.so.1"],
        "media": ["libgui.so", "libpulse-mainloop-glib.so.0"],
    }
    files = {
        "qt/lib/lib{}.so".format(name): build(soname="lib{}.so".format(name), needed=needed, rpath="$ORIGIN")
        for name, needed in libraries.items()
    }
    for number in range(20):
        name = "media" if number == 0 else "gui" if number < 9 else "core"
        files["qt/m{}{}".format(number, SUFFIX)] = module(
            "m{}".format(number), needed=["lib{}.so".format(name)], rpath="$ORIGIN/lib"
        )
    server.distribution("qt", files=dict(files, **init))
    assert sorted(told(server)) == [
        ("LIB001", "error", "libGL.so.1"),
        ("LIB001", "warning", "libpulse-mainloop-glib.so.0"),
    ]

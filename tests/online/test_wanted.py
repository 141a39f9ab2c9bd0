"""What is wanted from outside a set of wheels, laid out side by side as pip does."""

import io
import zipfile

import pytest

import bundle_maker
import elf_maker
from offkit.model import checklist
from offkit.model.scripts import Scripts
from offkit.online.proof import forecast
from target_maker import preset

EL7 = preset("3.9", "el7")
LDSO = "/lib64/ld-linux-x86-64.so.2"


def module(name, **fields):
    return elf_maker.build(exports=["PyInit_" + name], **fields)


def survey(tmp_path, *wheels, programs=(), target=EL7):
    """Of wheels: (name, requirements, files); ``programs`` are those that may be started."""
    paths = []
    for name, requires, files in wheels:
        filename, body = bundle_maker.wheel(name, files=files, requires=requires)
        sink = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(body)) as plain, zipfile.ZipFile(sink, "w") as archive:
            for member in plain.infolist():
                mode = 0o755 if member.filename in programs else 0o644
                member.external_attr = (0o100000 | mode) << 16
                archive.writestr(member, plain.read(member.filename))
        paths.append(tmp_path / filename)
        paths[-1].write_bytes(sink.getvalue())
    return forecast.survey(paths, target)


def outside(found):
    return {each.soname: each.optional for each in found.checklist.libraries}


def inside(found):
    return {each.soname: each.earlier for each in found.checklist.inside}


FIONA = {
    "fiona/ogrext.so": module("ogrext", needed=["libgdal.so.30"], rpath="$ORIGIN/../Fiona.libs"),
    "Fiona.libs/libgdal.so.30": elf_maker.build(soname="libgdal.so.30", needed=["libexpat.so.1"]),
}
KALEIDO = {
    "kaleido/executable/lib/libexpat.so.1": elf_maker.build(soname="libexpat.so.1"),
    "kaleido/executable/bin/kaleido": elf_maker.build(needed=["libexpat.so.1"], interpreter=LDSO),
}
PROGRAM = ("kaleido/executable/bin/kaleido",)


def test_another_packages_own_copy_does_not_count(tmp_path):
    """D1: on the checklist, and so in the RPMs that come along."""
    found = survey(tmp_path, ("Fiona", (), FIONA), ("kaleido", (), KALEIDO), programs=PROGRAM)
    assert (outside(found), inside(found)) == ({"libexpat.so.1": False}, {})
    (library,) = found.checklist.libraries
    assert library.rpm == "expat"


def test_a_copy_that_may_be_loaded_before(tmp_path):
    """By code of the package itself, or of what it requires: nothing to carry, and the bundle says it all the
    same. Where nobody opens it the import fails, whatever the order is."""
    opens = {"kaleido/__init__.py": b"import ctypes\nctypes.CDLL(HERE + '/libexpat.so.1')\n"}
    kaleido = ("kaleido", (), {**KALEIDO, **opens})
    found = survey(tmp_path, ("Fiona", ["Kaleido>=0.1"], FIONA), kaleido, programs=PROGRAM)
    assert (outside(found), inside(found), found.findings) == ({}, {"libexpat.so.1": True}, [])
    assert checklist.load(checklist.dump(found.checklist)) == found.checklist
    requires = ["Kaleido>=0.1", "pathlib; python_version < '3.4'"]  # the latter comes with no bundle
    found = survey(tmp_path, ("Fiona", requires, FIONA), ("kaleido", (), KALEIDO), programs=PROGRAM)
    assert (outside(found), inside(found)) == ({}, {"libexpat.so.1": True})
    (told,) = found.findings
    assert (told.code, told.severity) == ("LIB003", "error")
    assert told.fix.startswith("on the server: yum install expat\n")


def test_libraries_that_a_program_is_started_with(tmp_path):
    """kaleido's: a script sets LD_LIBRARY_PATH, no path leads from one to the other, and nothing imports them."""
    files = {
        "kaleido/executable/kaleido": b"#!/bin/sh\nLD_LIBRARY_PATH=lib exec bin/kaleido\n",
        "kaleido/executable/bin/kaleido": elf_maker.build(needed=["libnss3.so"], interpreter=LDSO),
        "kaleido/executable/lib/libnss3.so": elf_maker.build(soname="libnss3.so", needed=["libnssutil3.so"]),
        "kaleido/executable/lib/libnssutil3.so": elf_maker.build(soname="libnssutil3.so"),
    }
    found = survey(tmp_path, ("kaleido", (), files), programs=("kaleido/executable/kaleido", *PROGRAM))
    assert [each.code for each in found.findings if each.severity == "error"] == []
    assert inside(found) == {"libnss3.so": True, "libnssutil3.so": True}


def test_a_file_that_no_path_leads_to(tmp_path):
    """pysam 0.16.0: no RPM has it, and no order of imports helps."""
    files = {
        "pysam/liba.so": module("liba", needed=["libb.so"], rpath="$ORIGIN/../pysam."),
        "pysam/libb.so": module("libb"),
    }
    found = survey(tmp_path, ("pysam", (), files))
    assert (outside(found), inside(found)) == ({}, {"libb.so": False})
    assert [(each.code, each.severity, each.subject) for each in found.findings] == [
        ("LIB025", "error", "libb.so")
    ]
    assert checklist.load(checklist.dump(found.checklist)) == found.checklist


@pytest.mark.parametrize("started", [True, False])
def test_programs_anywhere(tmp_path, started):
    """D2: and what they want of the C library counts as well."""
    node = elf_maker.build(
        needed=["libstdc++.so.6", "libc.so.6"], needs={"libc.so.6": ["GLIBC_2.28"]}, interpreter=LDSO
    )
    files = {"playwright/driver/node": node, "playwright/driver/node.sh": b"#!/bin/sh\n"}
    found = survey(tmp_path, ("playwright", (), files), programs=tuple(files) if started else ())
    assert outside(found) == ({"libc.so.6": False, "libstdc++.so.6": False} if started else {})
    assert [each.code for each in found.findings] == (["LIB002"] if started else [])


def test_a_program_beside_extension_modules(tmp_path):
    files = {"x/helper": elf_maker.build(needed=["liba.so.1"], interpreter=LDSO), "x/_c.so": module("_c")}
    assert outside(survey(tmp_path, ("x", (), files), programs=("x/helper",))) == {"liba.so.1": True}


def test_where_data_comes_to_lie(tmp_path):
    """NAME.data/data/lib is three steps up from a package."""
    files = {
        "x/_c.so": module("_c", needed=["libmkl.so.2"], runpath="$ORIGIN/../../.."),
        "x-1.0.data/data/lib/libmkl.so.2": elf_maker.build(soname="libmkl.so.2"),
        "x-1.0.data/scripts/tool": elf_maker.build(needed=["libno.so.1"], interpreter=LDSO),
    }
    assert outside(survey(tmp_path, ("x", (), files))) == {"libno.so.1": False}


def test_a_library_for_another_machine_is_nobodys(tmp_path):
    """Some wheels bring one for each."""
    files = {"x/lib/arm.so": elf_maker.build(needed=["libno.so.1"], machine=183)}
    assert outside(survey(tmp_path, ("x", (), files))) == {}


def test_programs_for_other_loaders(tmp_path):
    """Said before leaving, and no library is looked for: musl's is in no package."""
    files = {
        "x/musl": elf_maker.build(needed=["libno.so.1"], interpreter="/lib/ld-musl-x86_64.so.1"),
        "x/old": elf_maker.build(needed=["libm.so.6"], interpreter="/lib/ld-linux.so.2", bits=32, machine=3),
        "x/arm": elf_maker.build(interpreter="/lib/ld-linux-aarch64.so.1", machine=183),
        "x/static": elf_maker.build(kind=2),
    }
    found = survey(tmp_path, ("x", (), files), programs=tuple(files))
    assert outside(found) == {}
    assert [(each.code, each.severity, each.subject) for each in found.findings] == [
        ("LIB026", "error", "/lib/ld-linux.so.2"),
        ("LIB026", "error", "/lib/ld-musl-x86_64.so.1"),
    ]
    assert checklist.load(checklist.dump(found.checklist)) == found.checklist


def test_scripts_without_their_interpreter(tmp_path):
    """What starts them is asked for, unless the environment has it: its Python, what a wheel puts into bin/."""
    lines = {
        "x/run.sh": b"#!/bin/sh\n",
        "x/run.bash": b"#!/usr/bin/env bash\n",
        "x/run.pl": b"#!/usr/bin/perl -w\n",
        "x/plain.pl": b"#!/opt/perl\n",  # may not be started
        "x/lib.py": b"#!/opt/python\n",  # is imported
        "x/own": b"#!/usr/bin/env python3.9\n",
        "x/other": b"#!/usr/bin/env -S python3.8 -u\n",
        "x/tool": b"#!/usr/bin/env x-tool\n",
        "x/node": b"#!/usr/bin/env node\n",
        "x-1.0.data/scripts/x-tool": b"#!python\n",
        "x-1.0.data/scripts/x-pwsh": b"#!/usr/bin/env pwsh\n",
        "x-1.0.data/data/share/x.sh": b"#!/opt/sh\n",  # nobody looks there
        "x-1.0.dist-info/entry_points.txt": b"[console_scripts]\nnode = x:node\n",
    }
    programs = set(lines) - {"x/plain.pl"}
    found = survey(tmp_path, ("x", (), lines), programs=programs)
    wheel = "x-1.0-py3-none-any.whl: "
    assert found.checklist.scripts == (
        Scripts("/usr/bin/perl", (wheel + "x/run.pl",), False),
        Scripts("bash", (wheel + "x/run.bash",), False),
        Scripts("pwsh", (wheel + "x-1.0.data/scripts/x-pwsh",), True),
        Scripts("python3.8", (wheel + "x/other",), False),
    )
    assert [(each.code, each.severity, each.subject) for each in found.findings] == [
        ("LIB027", "info", "/usr/bin/perl"),
        ("LIB027", "warning", "pwsh"),
        ("LIB027", "info", "python3.8"),
    ]
    assert checklist.load(checklist.dump(found.checklist)) == found.checklist


@pytest.mark.parametrize("code", [b"", b"from beta.extra import part"])
def test_how_new_a_part_may_want_it(tmp_path, code):
    """What all servers of the release have is wanted by whoever wants it; of what is newer, it matters who."""
    old, new = ({"libstdc++.so.6": ["GLIBCXX_3.4." + each]} for each in ("19", "30"))
    alpha = {"alpha.so": module("alpha", needed=["libstdc++.so.6"], needs=old)}
    beta = {
        "beta/__init__.py": b"from beta import core\n" + code,
        "beta/core.so": module("core"),
        "beta/extra/__init__.py": b"",
        "beta/extra/part.so": module("part", needed=["libstdc++.so.6"], needs=new),
    }
    found = survey(tmp_path, ("alpha", (), alpha), ("beta", (), beta))
    assert outside(found) == {"libstdc++.so.6": False}
    (told,) = found.findings
    assert (told.code, told.severity) == ("LIB002", "error" if code else "warning")
    assert "GLIBCXX_3.4.30, el7 ends at GLIBCXX_3.4.19" in told.message


@pytest.mark.parametrize(
    ("target", "aside"), [(EL7, ()), (EL7._replace(name="x", el=0), ("GLIBCXX_3.4.19",))]
)
def test_who_wants_it_where_nobody_knows_the_release(tmp_path, target, aside):
    """What its servers have is not known, so it matters of every version."""
    old, older = ({"libstdc++.so.6": ["GLIBCXX_3.4." + each]} for each in ("19", "14"))
    files = {
        "beta/__init__.py": b"from beta import core\n",
        "beta/core.so": module("core", needed=["libstdc++.so.6"], needs=older),
        "beta/extra/__init__.py": b"",
        "beta/extra/part.so": module("part", needed=["libstdc++.so.6"], needs=old),
    }
    (library,) = survey(tmp_path, ("beta", (), files), target=target).checklist.libraries
    assert (library.optional, library.aside) == (False, aside)
    assert {*library.versions, *library.aside} == {"GLIBCXX_3.4.14", "GLIBCXX_3.4.19"}


def lacking(found):
    return [
        (each.file.partition(": ")[2], each.names, each.later, each.libraries, each.optional)
        for each in found.checklist.undefined
    ]


def test_symbols_that_the_server_has_to_have(tmp_path):
    """What the wheel's own library has is no question, nor is Python's or what that library has everywhere;
    what is left is asked of the server."""
    files = {
        "x/_c.so": module(
            "_c",
            needed=["libown.so", "libz.so.1"],
            rpath="$ORIGIN/../x.libs",
            wants=["own", "deflate_new", "inflate", "dlopen", "cosf"],
            calls=["PyLong_FromLong", "_Py_NoneStruct"],
        ),
        "x.libs/libown.so": elf_maker.build(soname="libown.so", exports=["own"], calls=["more"]),
    }
    found = survey(tmp_path, ("x", (), files))
    assert lacking(found) == [
        ("x.libs/libown.so", ("more",), (), ("libz.so.1",), False),
        ("x/_c.so", ("deflate_new",), (), ("libz.so.1",), False),
    ]
    assert found.findings == []
    assert checklist.load(checklist.dump(found.checklist)) == found.checklist


def test_symbols_of_programs(tmp_path):
    """Functions may be missing until they are called, unless it says BIND_NOW."""
    fields = {"needed": ["libz.so.1"], "interpreter": LDSO, "wants": ["data"], "calls": ["function"]}
    files = {"x/lazy": elf_maker.build(**fields), "x/now": elf_maker.build(flags=8, **fields)}
    found = survey(tmp_path, ("x", (), files), programs=tuple(files))
    assert lacking(found) == [
        ("x/lazy", ("data",), ("function",), ("libz.so.1",), False),
        ("x/now", ("data", "function"), (), ("libz.so.1",), False),
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("_ZN3c105ErrorC2Ev", True),
        ("_ZTVN3c105ErrorE", True),
        ("_ZN9__gnu_cxx18__exchange_and_addEPVii", False),
        ("_ZNKSt9exception4whatEv", False),
        ("_Znwm", False),
        ("gone", False),
    ],
)
def test_symbols_that_no_server_has(tmp_path, name, told):
    """A package that was built for another version of what it requires: said before leaving, where it is a name
    of C++; of others the server's Python, C library and compiler's libraries may have some."""
    base = {"base/_b.so": module("_b"), "base/libbase.so": elf_maker.build(soname="libbase.so")}
    files = {
        "x/_c.so": module(
            "_c",
            needed=["libbase.so", "libstdc++.so.6", "libc.so.6"],
            runpath="$ORIGIN/../base",
            wants=[name, "PyErr_Clear"],
        )
    }
    found = survey(tmp_path, ("base", (), base), ("x", ["base"], files))
    assert lacking(found) == [("x/_c.so", (name,), (), ("libc.so.6", "libstdc++.so.6"), False)]
    assert [(each.code, each.severity, each.subject) for each in found.findings] == [
        ("LIB014", "error", "x-1.0-py3-none-any.whl: x/_c.so")
    ] * told
    base["base/libbase.so"] = elf_maker.build(soname="libbase.so", exports=[name])
    assert lacking(survey(tmp_path, ("base", (), base), ("x", ["base"], files))) == []


def test_symbols_that_something_else_has(tmp_path):
    """Python may have loaded that before: said on the server, with its name."""
    files = {
        "x/_c.so": module("_c", needed=["libc.so.6"], wants=["_ZN6shared1xE"]),
        "x/_d.so": module("_d", needed=["libc.so.6"]),
        "x/other.so": elf_maker.build(exports=["_ZN6shared1xE"]),
    }
    found = survey(tmp_path, ("x", (), files))
    (row,) = found.checklist.undefined
    assert row.copies == {"_ZN6shared1xE": "x-1.0-py3-none-any.whl: x/other.so"}
    assert found.findings == []


def test_symbols_beside_a_library_that_is_never_found(tmp_path):
    """That is told, and nothing else: the file is not loaded."""
    files = {
        "x/_c.so": module("_c", needed=["libb.so"], wants=["b"], rpath="$ORIGIN/nowhere"),
        "x/libb.so": elf_maker.build(exports=["b"]),
    }
    assert lacking(survey(tmp_path, ("x", (), files))) == []

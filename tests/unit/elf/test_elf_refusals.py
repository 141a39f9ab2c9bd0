"""What each glibc refuses, by its table; tests/lab/test_refusals.py asks a real one."""

import contextlib
import functools
import io

import pytest

from elf_maker import build
from offkit.edges import data
from offkit.elf import refusals
from offkit.elf.reader import BadElf, NotElf, Refused, read
from offkit.elf.resolution import ALIGNMENT, EXECUTABLE, STACK, STATIC_TLS, SYMBOL, Opened, View
from offkit.elf.search import Loader
from offkit.elf.symbols import Symbols

RULES = refusals.parse(data.read_text(refusals.TABLE))
LDSO, PYTHON, MODULE = "/lib64/ld-linux-x86-64.so.2", "/usr/bin/python3", "/site/m.so"
NOW, NOOPEN, PIE = 1, 0x40, 0x08000000


class Files(View):
    def __init__(self, files):
        self.files = files

    def open(self, path):
        if path not in self.files:
            return Opened(problem="no such file", absent=True)
        try:
            return Opened(read(self.files[path]), path)
        except (NotElf, BadElf) as error:
            return Opened(None, path, str(error))

    def symbols(self, identity):
        return Symbols(lambda: contextlib.closing(io.BytesIO(self.files[identity])))


def started(files, glibc="2.17", rules=RULES, **python):
    """A program with these files beside it."""
    exports = ["PyLong_FromLong"]
    there = {
        LDSO: build(soname="ld-linux-x86-64.so.2"),
        "/lib64/libc.so.6": build(
            soname="libc.so.6", defines=["GLIBC_2.2.5", "GLIBC_" + glibc], exports=["puts"]
        ),
        PYTHON: build(needed=["libc.so.6"], interpreter=LDSO, kind=2, exports=exports, **python),
    }
    process = functools.partial(refusals.Process, rules)
    return Loader(Files(dict(there, **files)), process=process).program(PYTHON)


def told(glibc="2.17", others=(), python=(), **module):
    report = started(dict(others, **{MODULE: build(**module)}), glibc, **dict(python)).dlopen(MODULE)
    return [(each.kind, each.path, each.symbols) for each in report.refusals]


@pytest.mark.parametrize(
    ("glibc", "module", "kind"),
    [
        ("2.17", {"kind": 2}, EXECUTABLE),
        ("2.29", {"flags_1": PIE}, ""),
        ("2.30", {"flags_1": PIE}, EXECUTABLE),
        ("2.17", {"flags_1": NOOPEN}, EXECUTABLE),
        ("2.40", {"stack": 7}, ""),
        ("2.41", {"stack": 7}, STACK),
        ("2.41", {"stack": None}, STACK),
        ("2.41", {"stack": None, "machine": 62}, STACK),
        ("2.41", {"stack": 6}, ""),
        ("2.17", {"tls": 2000, "flags": 0x10}, STATIC_TLS),
        ("2.39", {"tls": 1664, "flags": 0x10}, ""),
        ("2.39", {"tls": 2000}, ""),
        ("2.17", {"load": (0x1000, 0x1000)}, ""),
        ("2.34", {"load": (0x1000, 0x200000)}, ALIGNMENT),
        ("2.35", {"load": (0x1000, 0x200000)}, ""),
        ("2.34", {"load": (0x1000, 0x10)}, ALIGNMENT),
        ("2.35", {"load": (0x1000, 0x10)}, ""),
        ("2.34", {"load": (0x10, 0x1000)}, ALIGNMENT),
        ("2.39", {"load": (0x10, 0x1000)}, ALIGNMENT),
    ],
)
def test_by_the_version_of_glibc(glibc, module, kind):
    assert [each[0] for each in told(glibc, **module)] == ([kind] if kind else [])


def test_a_program_with_an_executable_stack_gives_it_to_others():
    assert told("2.41", python={"stack": 7}, stack=7) == []


def test_a_glibc_that_does_not_say_its_version():
    """Then only what each one refuses."""
    program = started({"/lib64/libc.so.6": build(soname="libc.so.6"), MODULE: build(flags_1=PIE, stack=7)})
    assert program.dlopen(MODULE).refusals == ()


def test_static_tls_adds_up_over_what_is_opened_together():
    """What the program has from its start counts for nothing, and what needs none neither."""
    static = {"tls": 900, "flags": 0x10}
    others = {"/lib64/liba.so": build(needed=["libb.so"], **static), "/lib64/libb.so": build(tls=5000)}
    assert told(others=others, needed=["liba.so"], **static) == [(STATIC_TLS, "/lib64/liba.so", ())]
    assert told(others=others, python={"tls": 5000, "flags": 0x10}, needed=["liba.so"]) == []


def test_symbols_are_looked_for_in_the_program_first_and_then_in_what_is_loaded_with_the_module():
    others = {
        "/lib64/liba.so": build(needed=["libb.so"], calls=["of_b", "of_m"]),
        "/lib64/libb.so": build(exports=["of_b"], wants=["lost"]),
        "/lib64/libc2.so": build(exports=["lost"]),
    }
    module = {"needed": ["liba.so"], "exports": ["of_m"], "calls": ["PyLong_FromLong", "puts", "of_b"]}
    assert told(others=others, **module) == [(SYMBOL, "/lib64/libb.so", ("lost",))]
    assert told(others=others, **dict(module, needed=["liba.so", "libc2.so"])) == []
    assert (
        told(others=others, **dict(module, needed=["liba.so", "none.so"])) == []
    )  # it is missing: first things first


@pytest.mark.parametrize(("flags_1", "certain"), [(0, False), (NOW, True)])
def test_a_program_asks_for_functions_when_it_calls_them(flags_1, certain):
    """Unless it says otherwise; for data at once."""
    report = started({}, calls=["lost"], flags_1=flags_1).report
    assert [(each.path, each.symbols, each.certain) for each in report.refusals] == [
        (PYTHON, ("lost",), certain)
    ]
    report = started({}, calls=["lost"], wants=["gone"]).report
    assert [(each.symbols, each.certain) for each in report.refusals] == [
        (("gone",), True),
        (("lost",), False),
    ]


def test_a_library_that_says_that_it_is_a_program():
    """Whoever needs it: it is mapped for nobody."""
    files = {"/lib64/liba.so": build(flags_1=PIE)}
    report = started(dict(files, **{MODULE: build(needed=["liba.so"])}), "2.34").dlopen(MODULE)
    assert [(each.kind, each.path) for each in report.refusals] == [(EXECUTABLE, "/lib64/liba.so")]


def test_without_a_table_only_symbols_are_told():
    module = build(kind=2, stack=7, tls=9000, flags=0x10, flags_1=PIE, wants=["lost"])
    report = started({MODULE: module}, "2.41", rules=()).dlopen(MODULE)
    assert [each.kind for each in report.refusals] == [SYMBOL]


def test_a_filter_is_needed():
    """DT_FILTER; before what is needed beside it."""
    report = started({MODULE: build(filters=["libf.so.1"], needed=["libn.so.1"])}).dlopen(MODULE)
    assert [(each.name, each.found) for each in report.resolutions] == [
        ("libf.so.1", False),
        ("libn.so.1", False),
    ]


@pytest.mark.parametrize(
    ("fields", "patch", "text"),
    [
        ({"osabi": 9}, None, "it is for another system (OS ABI 9)"),
        ({"osabi": 3}, None, ""),
        ({}, (8, 1), "it is for another system (version 1 of the ABI)"),
        ({"osabi": 3}, (8, 1), ""),
        ({"kind": 1}, None, "it is neither a program nor a library (ELF type 1)"),
        ({"kind": 4}, None, "it is neither a program nor a library (ELF type 4)"),
    ],
)
def test_what_goes_no_further_than_its_header(fields, patch, text):
    made = bytearray(build(**fields))
    if patch:
        made[patch[0]] = patch[1]
    if not text:
        assert read(bytes(made)).bits == 64
        return
    with pytest.raises(Refused) as caught:
        read(bytes(made))
    assert str(caught.value) == text


def test_every_rule_has_a_source():
    for line in data.read_text(refusals.TABLE).splitlines()[1:]:
        assert line.split(",", 4)[4].strip('"')
    assert {rule.name for rule in RULES} == {
        "executable",
        "pie",
        "noopen",
        "stack",
        "static-tls",
        "static-tls-tunable",
        "static-tls-shared",
        "alignment",
        "page",
    }

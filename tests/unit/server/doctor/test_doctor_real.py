"""The doctor and the search against what really happens on this machine."""

import glob
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig

import pytest

from offkit.edges.tree import Tree
from offkit.elf.reader import MACHINES
from offkit.server.doctor.examine import examine
from offkit.server.loader.view import TreeView, make_loader

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")

# Opens each module in a process of its own and says which files were mapped for it.
_REALITY = """
import json, os, sys, _ctypes
def mapped():
    with open("/proc/self/maps") as maps:
        rows = [line.split(None, 5) for line in maps]
    return {row[5].strip() for row in rows if len(row) == 6 and row[5][0] == "/" and "x" in row[1]}
base = mapped()
for path in sys.stdin.read().splitlines():
    sys.stdout.flush()
    if os.fork() == 0:
        try:
            _ctypes.dlopen(path, 2)
            print(json.dumps([path, sorted(mapped() - base)]))
        except OSError as error:
            print(json.dumps([path, str(error)]))
        sys.stdout.flush()
        os._exit(0)
    os.wait()
"""


def test_modules_load_what_the_search_says():
    """For each module of the standard library: the same files, or a failure foreseen."""
    folder = os.path.join(sysconfig.get_path("stdlib"), "lib-dynload")
    paths = sorted(glob.glob(folder + "/*.so"))
    asked = subprocess.run(
        [sys.executable, "-I", "-c", _REALITY],
        input="\n".join(paths).encode(),
        stdout=subprocess.PIPE,
        env={},
        check=True,
    )
    reality = dict(json.loads(line) for line in asked.stdout.decode().splitlines())
    view = TreeView(Tree("/"))
    python = os.path.realpath(sys.executable)
    main = view.open(python).elf
    loader, _ = make_loader(Tree("/"), view, main.interpreter, MACHINES[main.machine])
    program = loader.program(python)
    differ = []
    for path in paths:
        report = program.dlopen(path)
        lost = [each.name for each in report.resolutions if not each.found]
        if isinstance(reality[path], str):
            if not (lost or report.versions):
                differ.append((path, reality[path]))
        elif lost or not set(reality[path]) <= set(report.loaded) | set(program.report.loaded):
            differ.append((path, lost, reality[path], report.loaded))
    assert differ == []
    assert len(reality) == len(paths) > 20


def test_the_environment_of_these_tests():
    """It is healthy enough to run them, so no library is missing; its Python is this one."""
    result = examine(sys.prefix, variables={"LANG": "C.UTF-8"})
    assert result.summary.python == platform.python_version()
    assert result.summary.interpreter == os.path.realpath(sys.executable)
    assert result.summary.distributions > 3
    errors = [each for each in result.findings if each.severity == "error"]
    assert [each for each in errors if each.code.startswith("LIB")] == []


def test_what_a_variable_puts_first(tmp_path):
    """LD_LIBRARY_PATH counts for the running system; a copy of the C library there is said."""
    view = TreeView(Tree("/"))
    main = view.open(os.path.realpath(sys.executable)).elf
    loader, _ = make_loader(Tree("/"), view, main.interpreter, MACHINES[main.machine])
    report = loader.program(os.path.realpath(sys.executable)).report
    libc = next(each.path for each in report.resolutions if each.name == "libc.so.6")
    shutil.copy(os.path.realpath(libc), str(tmp_path / "libc.so.6"))
    variables = {"LANG": "C.UTF-8", "LD_LIBRARY_PATH": str(tmp_path)}
    result = examine(sys.prefix, variables=variables, checks=["libraries"])
    (finding,) = [each for each in result.findings if each.code == "ENV008"]
    assert finding.severity == "warning"
    assert finding.looked_in == ("{}/libc.so.6 instead of {}".format(tmp_path, libc),)

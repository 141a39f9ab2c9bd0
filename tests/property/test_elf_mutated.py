"""Whatever is wrong with an ELF file, doctor's look at it ends soon, with little memory and no traceback."""

import json
import os
import subprocess
import sys

import pytest

import elf_mutated
import offkit

COUNT = int(os.environ.get("OFFKIT_ELF_FILES", "600"))  # 20000: all that was ever asked for
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_mutated_files(part):
    """The same ones each time. More of them: OFFKIT_ELF_FILES=20000."""
    place = os.path.dirname(os.path.dirname(offkit.__file__))
    script = elf_mutated.__file__
    argv = [sys.executable, script, str(part), str(COUNT // PARTS)]
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([place, os.path.dirname(script)]))
    out = subprocess.check_output(argv, stderr=subprocess.STDOUT, env=env).decode()
    found = json.loads(out)
    assert sum(found.values()) == COUNT // PARTS
    assert min(found.values()) > 0, found  # else nothing is tried that goes so far

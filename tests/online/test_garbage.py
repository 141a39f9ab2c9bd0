"""How often a command that asks an index looks for garbage: seldom, and not on its way out."""

import os
import subprocess
import sys

import offkit

SCRIPT = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > 10000))  # called after those that come later
before = gc.get_threshold()
from offkit.cli import app
app.made("verify")
print(gc.get_threshold() == before)
app.made("lock")
print(gc.get_threshold()[0])
"""


def test_garbage():
    path = os.path.dirname(os.path.dirname(offkit.__file__))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "500000", "True"]

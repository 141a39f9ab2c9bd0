"""What measures the doctor starts where it is: with the makers that it takes its files from."""

import os
import subprocess
import sys

BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench", "doctor.py")


def test_it_finds_what_it_imports():
    """In a process of its own: this one has all of the tests' folders on its path."""
    code = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='bench')"
    subprocess.check_output([sys.executable, "-c", code, BENCH], stderr=subprocess.STDOUT)

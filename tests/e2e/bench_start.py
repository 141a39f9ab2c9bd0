"""make bench-start: what 'offkit --help' costs on the server's Python, beside a bare interpreter.

Ratios are to 'python -I -S -c pass' in the same run; the median of 15, in turns, so that a noisy
machine disturbs all alike.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), HERE]

import world  # noqa: E402

RUNS = 15


def main():
    python, series = world.server_python()
    with tempfile.TemporaryDirectory() as folder:
        bundle, prefix = os.path.join(folder, "bundle.tar"), os.path.join(folder, "prefix")
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(
            [world.OFFKIT, "bundle", "click==8.0.4", *world.target_args((python, series)), "-o", bundle],
            **quiet,
        )
        subprocess.run(["tar", "-xf", bundle, "-C", folder, "install.sh", "offkit.pyz"], **quiet)
        script = os.path.join(folder, "install.sh")
        subprocess.run(["sh", script, bundle, "--prefix", prefix, "--python", python], **quiet)
        contestants = {
            "python -I -S -c pass": [python, "-I", "-S", "-c", "pass"],
            "offkit --help (installed)": [os.path.join(prefix, "current/bin/offkit"), "--help"],
            "offkit.pyz --help (from the bundle)": [
                python,
                "-I",
                "-S",
                os.path.join(folder, "offkit.pyz"),
                "--help",
            ],
        }
        times = {name: [] for name in contestants}
        for _ in range(RUNS):
            for name, argv in contestants.items():
                began = time.perf_counter()
                subprocess.run(argv, **quiet)
                times[name].append(time.perf_counter() - began)
    floor = statistics.median(times["python -I -S -c pass"])
    print("CPython {} at {}, median of {}".format(series, python, RUNS))
    for name, taken in times.items():
        median = statistics.median(taken)
        print("  {:38} {:6.3f} s  {:5.1f} x bare".format(name, median, median / floor))


if __name__ == "__main__":
    main()

"""Real interpreters on this machine. As a program: print the path of one, or nothing.

python tests/pythons.py 3.6
"""

import glob
import os
import shutil
import subprocess
import sys

_ASK = "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)"


def find(series):
    """Path of a CPython of that series that really starts (a pyenv shim may not), or None.

    Looks at pythonX.Y on PATH, then under pyenv. The path is the interpreter's, never a shim's.
    """
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    installed = sorted(glob.glob(os.path.join(root, "versions", series + ".*", "bin", "python" + series)))
    for candidate in [shutil.which("python" + series), *reversed(installed)]:
        found, executable = _ask(candidate) if candidate else ("", "")
        if found == series:
            return os.path.realpath(executable)
    return None


def version(path):
    """The full version of the interpreter at ``path``: 3.11.2."""
    printed = subprocess.check_output(
        [path, "-I", "-c", "print('%d.%d.%d' % __import__('sys').version_info[:3])"]
    )
    return printed.decode("ascii").strip()


def newest():
    """The newest CPython at hand, at least the running one: (path, series)."""
    for minor in range(20, sys.version_info[1], -1):
        series = "3.{}".format(minor)
        path = find(series)
        if path:
            return path, series
    return os.path.realpath(sys.executable), "{}.{}".format(*sys.version_info[:2])


def _ask(path):
    """(series, the path that it has by its own account), or two empty words."""
    try:
        asked = subprocess.run(
            [path, "-I", "-c", _ASK],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "", ""
    lines = os.fsdecode(asked.stdout).splitlines()
    return (lines[0], lines[1]) if asked.returncode == 0 and len(lines) == 2 else ("", "")


if __name__ == "__main__":
    print(find(sys.argv[1]) or "")

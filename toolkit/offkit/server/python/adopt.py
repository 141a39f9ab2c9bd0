"""An interpreter unpacked from RPMs somewhere below a prefix, made to find its own library there.

The packages hold ``usr/bin/pythonX.Y`` and ``usr/lib64/libpythonX.Y….so.1.0``, and the program
expects the library in the system's directories. It gets a DT_RPATH relative to itself.
"""

import os
import posixpath
import re
import stat
from typing import Callable, List, Sequence

from offkit.edges import files
from offkit.edges.run import Result
from offkit.elf import reader, rpath
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding

_PROGRAMS = re.compile(r"^(platform-)?python\d(\.\d+)?m?$")
_LIBRARIES = ("usr/lib64", "usr/lib")
_FOLDERS = ("usr/bin", "usr/libexec")  # el8's /usr/bin/python3.6 leads to libexec
_START = "import sys, zlib; sys.stdout.write(sys.prefix)"


def adopt(directory: str, run: Callable[[Sequence[str]], Result]) -> List[str]:
    """Make the interpreters below ``directory`` start from there; returns the programs' paths.

    Done again it changes nothing. Each program is replaced in one step, and is started to see
    that it works. Raises EnvironmentProblem (PY024) when there is none, or one does not start.
    """
    programs = _programs(directory)
    if not any(path.startswith(os.path.join(directory, "usr/bin", "")) for path in programs):
        raise _unusable(directory, "has no usr/bin/pythonX.Y")
    try:
        for path in programs:
            if os.path.islink(path):
                _inside(directory, path)
            else:
                _point(directory, path)
    except OSError as error:
        raise _unusable(directory, "cannot be adopted: {}".format(error))
    for path in programs:
        if "/bin/" in path[len(directory) :]:
            result = run([path, "-I", "-S", "-c", _START])
            if not result.ok:
                words = (result.stderr.strip() or result.stdout.strip()).splitlines()
                said = words[-1] if words else "exit {}".format(result.returncode)
                raise _unusable(path, "does not start: " + said)
    return programs


def _programs(directory: str) -> List[str]:
    found = []
    for folder in _FOLDERS:
        place = os.path.join(directory, folder)
        names = sorted(os.listdir(place)) if os.path.isdir(place) else []
        found += [os.path.join(place, name) for name in names if _PROGRAMS.match(name)]
    return found


def _inside(directory: str, path: str) -> None:
    """A link to an absolute path means a file of the package, not one of this server."""
    target = os.readlink(path)
    if target.startswith("/") and os.path.lexists(directory + target):
        files.replace_link(path, os.path.relpath(directory + target, os.path.dirname(path)))


def _point(directory: str, path: str) -> None:
    """A DT_RPATH to the directory of the libpython that the program needs, where one lies there."""
    with open(path, "rb") as source:
        data = source.read()
    try:
        elf = reader.read(data)
    except reader.NotElf:
        return  # a script, such as python3-config
    except reader.BadElf as error:
        raise _unusable(path, "is damaged: {}".format(error))
    own = [name for name in elf.needed if name.startswith("libpython")]
    for library in _LIBRARIES:
        if any(os.path.isfile(os.path.join(directory, library, name)) for name in own):
            try:
                changed = rpath.rewrite(data, "$ORIGIN/../" + posixpath.basename(library))
            except ValueError as error:
                raise _unusable(path, str(error))
            if changed != data:
                files.replace(path, changed, stat.S_IMODE(os.stat(path).st_mode))
            return


def _unusable(path: str, why: str) -> EnvironmentProblem:
    fix = "use another ISO, or another Python: source or a build in the bundle, --python PATH"
    message = "{} {}".format(path, why)
    return EnvironmentProblem(
        "the Python of these packages cannot be used here",
        [Finding("PY024", ERROR, path, message, (path,), fix)],
    )

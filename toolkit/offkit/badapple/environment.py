"""What the workload needs from the server: OpenCV and numpy, imported and kept quiet."""

import importlib
import importlib.util
import os
import re
import sys
from typing import List, NamedTuple

from offkit.edges import sites
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding

# Read by OpenCV, FFmpeg and OpenBLAS when they are loaded. One thread each: the workload's
# parallelism is its processes, and only a process with one thread may be forked. Their own
# messages would stand in the middle of ours.
_QUIET = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
}


class Libraries(NamedTuple):
    cv2: str  # versions
    numpy: str


def load() -> Libraries:
    """Import numpy and cv2, if need be from the environment this interpreter belongs to.

    ``offkit`` itself is started without site-packages (``python -I -S``), so that nothing
    installed there can get in its way; they are added here, behind everything else. No .pth
    file is read: those may hold code, and neither package has one.
    Raises EnvironmentProblem (VID001) naming each import that fails.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if importlib.util.find_spec("cv2") is None or importlib.util.find_spec("numpy") is None:
        sys.path.extend([path for path in sites.on_path() if path not in sys.path])
    found = {}
    problems: List[Finding] = []
    for name in ("numpy", "cv2"):
        try:
            found[name] = str(importlib.import_module(name).__version__)
        except ImportError as error:
            if (
                name == "cv2"
                and problems
                and getattr(error, "name", None) in ("numpy", None)
                and "numpy" in str(error)
            ):
                continue  # the same trouble once more
            problems.append(_missing(name, error))
    if problems:
        raise EnvironmentProblem("this Python cannot run the workload", problems)
    importlib.import_module("cv2").setNumThreads(0)
    return Libraries(found["cv2"], found["numpy"])


# ld.so's words (elf/dl-load.c, dl-version.c, dl-lookup.c of glibc), which the doctor can explain.
_LOADER = re.compile(r"shared object|undefined symbol|version `|\.so\b|ELF")


def _missing(name: str, error: ImportError) -> Finding:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    absent = type(error).__name__ == "ModuleNotFoundError" and getattr(error, "name", None) == name
    arch = os.uname().machine
    fix = (
        "on a machine with a network: offkit bundle --python {}.{}{} opencv-python-headless numpy\n"
        "(add whatever else this server needs: the bundle replaces the one installed);\n"
        "then here: offkit install bundle.tar, and run PREFIX/current/bin/offkit".format(
            sys.version_info[0], sys.version_info[1], "" if arch == "x86_64" else " --arch " + arch
        )
        if absent
        else "offkit doctor names every missing library and the RPM that has it"
        if _LOADER.search(reason)
        else "no library is missing: the packages are incompatible. Bundle again on the online side with "
        "other versions (OpenCV before 4.10 needs numpy<2)"
    )
    looked = tuple(path for path in sys.path if path) if absent else (sys.executable,)
    return Finding("VID001", ERROR, name, "import {} fails: {}".format(name, reason), looked, fix)

"""Where a conversion goes, and in which format."""

import os
import shutil
import time
from typing import List, Optional, Tuple

from offkit.badapple import convert
from offkit.badapple.formats import catalogue
from offkit.badapple.formats.base import Format
from offkit.model.errors import RequestError, UsageError
from offkit.model.finding import WARNING, Finding

DEFAULT_STEM = "badapple"
_SLOW = (2.0, 20e6)  # a disk that takes longer (s) at fewer bytes a second is worth a word
_SYSTEM = ("/dev/", "/proc/", "/sys/")
# What people call videos and pictures.
_FOREIGN = (
    *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".ogv"),
    *(".gif", ".png", ".jpg", ".jpeg", ".svg", ".pdf"),
)


def place(video: Optional[str], output: Optional[str], form: str) -> Tuple[str, str]:
    """(path, name of the format): ``output`` and ``form`` as given, both may be left out.

    Without a path it is the video's name with the format's suffix, in the current directory;
    without a format it is the one that the path's suffix asks for, else text. Raises UsageError
    where the two contradict each other, and rather than let a file be overwritten that is not a
    conversion.
    """
    if form and form not in catalogue.formats():
        names = ", ".join(catalogue.formats())
        raise UsageError("--format {} is not one of {}".format(form, names))
    name = form or (catalogue.by_suffix(output) if output else catalogue.DEFAULT)
    suffix = catalogue.formats()[name].suffix
    stem = os.path.splitext(os.path.basename(video))[0] if video else ""
    if output is None:
        output = (stem or DEFAULT_STEM) + suffix
    elif os.path.isdir(output):
        output = os.path.join(output, DEFAULT_STEM + suffix)
    else:
        _agree(output, form)
    return _real(output), name


def _real(output: str) -> str:
    """The file itself where it is named by a link, so that the link stays. Raises UsageError."""
    real = os.path.realpath(output) if os.path.islink(output) else output
    for path in (os.path.abspath(output), os.path.realpath(output)):
        if path.startswith(_SYSTEM) and not path.startswith("/dev/shm/"):
            raise UsageError("{} is not a place for a file".format(output), fix="name a file with -o")
    if os.path.lexists(real):
        _ours(output, real)
    return real


def _agree(output: str, form: str) -> None:
    stem, suffix = os.path.splitext(output)
    other = next((one for one in catalogue.formats().values() if one.suffix == suffix.lower()), None)
    if form and other is not None and other.name != form:
        raise UsageError(
            "--format {} and the name {} contradict each other".format(form, output),
            fix="leave out --format, or name it {}{}".format(stem, catalogue.formats()[form].suffix),
        )
    if not form and suffix.lower() in _FOREIGN:
        raise UsageError(
            "{} names a kind of file that offkit does not write".format(output),
            fix="name it {}.html for a page that plays it, or choose a format with --format".format(stem),
        )


def _ours(output: str, real: str) -> None:
    try:
        ours = os.path.isfile(real) and catalogue.is_ours(real)
    except RequestError:
        ours = False
    if not ours:
        raise UsageError(
            "{} exists and is not a conversion, so it is not overwritten".format(output),
            fix="choose another file with -o, or remove this one",
        )


def room(path: str, form: Format, frames: int) -> None:
    """Raise EnvironmentProblem (VID005) where the file cannot fit: known beforehand or not at all."""
    size = form.offset(frames)
    if size is None:
        return
    try:
        free = shutil.disk_usage(os.path.dirname(path) or os.curdir).free
    except OSError:
        return  # what is wrong there is said when it is written
    if size > free:
        text = "it needs {:.1f} MB, and {:.1f} MB are free".format(size / 1e6, free / 1e6)
        raise convert.unwritable(path, OSError(28, text))


def flushed(part: str, path: str) -> List[Finding]:
    """Have the disk take all of ``part`` (fsync(2)); only then is it there. VID016 where that takes long.

    ``path`` is what it will be called. Raises EnvironmentProblem (VID005).
    """
    began = time.perf_counter()
    try:
        handle = os.open(part, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        size = os.path.getsize(part)
    except OSError as error:
        raise convert.unwritable(part, error)
    spent = time.perf_counter() - began
    rate = size / max(spent, 1e-9)
    if spent < _SLOW[0] or rate > _SLOW[1]:
        return []
    text = "the disk took {:.1f} s to write it, {:.1f} MB a second".format(spent, rate / 1e6)
    fix = "see what else writes there (iostat), dmesg for a failing disk, or choose another one with -o"
    return [Finding("VID016", WARNING, path, text, ("fsync(2)",), fix)]

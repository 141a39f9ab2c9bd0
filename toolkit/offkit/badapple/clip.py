"""The built-in film as a video file, made once per OpenCV and kept in the user's cache."""

import os
import tempfile
from typing import Any, List, NamedTuple, Optional, Tuple

import cv2

from offkit.badapple import film
from offkit.badapple.decode import ALL_THREADS, Source
from offkit.badapple.film import Film
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Reporter

# What OpenCV's own wheels can always encode, the smaller file first.
CODECS = (("mp4v", "mp4"), ("MJPG", "avi"))


class Clip(NamedTuple):
    path: str
    temporary: Optional[str]  # a directory to remove after use, when there is no cache


def cache_directory() -> str:
    """Where clips are kept (XDG base directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "offkit")


def file_name(shown: Film, codec: str, extension: str) -> str:
    """The name says all that the pictures in it depend on."""
    return "shadowplay-{}-{}-cv{}-{}.{}".format(film.VERSION, shown.frames, cv2.__version__, codec, extension)


def obtain(shown: Film, report: Reporter, codecs: Tuple[Tuple[str, str], ...] = CODECS) -> Clip:
    """The clip of ``shown``: from the cache, or made now.

    Raises EnvironmentProblem (VID012) when this OpenCV can encode none of ``codecs``, or there
    is no room.
    """
    directory, temporary = _place()
    for codec, extension in codecs:
        path = os.path.join(directory, file_name(shown, codec, extension))
        if os.path.isfile(path):
            report.note("the clip is in the cache: " + path)
            return Clip(path, None)
    if temporary:
        report.warn("{} is not writable: the clip is made again each time".format(cache_directory()))
    tried: List[str] = []
    for codec, extension in codecs:
        path = os.path.join(directory, file_name(shown, codec, extension))
        failure = _encode(shown, path, codec, extension, report)
        if failure is None:
            return Clip(path, temporary)
        tried.append("{} in {}: {}".format(codec, extension, failure))
    if temporary:
        os.rmdir(temporary)
    text = "the built-in clip cannot be made"
    fix = "see that {} has room, or give a video of your own: offkit run-badapple VIDEO".format(directory)
    raise EnvironmentProblem(text, [Finding("VID012", ERROR, directory, text, tuple(tried), fix)])


def _place() -> Tuple[str, Optional[str]]:
    """(the directory for the clip, the same when it is a temporary one)."""
    directory = cache_directory()
    try:
        os.makedirs(directory, exist_ok=True)
        if os.access(directory, os.W_OK | os.X_OK):
            return directory, None
    except OSError:
        pass
    try:
        temporary = tempfile.mkdtemp(prefix="offkit-clip-")
    except OSError as error:
        text = "no directory for the clip can be written: {}".format(error.strerror)
        raise EnvironmentProblem(
            text, [Finding("VID012", ERROR, directory, text, (directory,), "set TMPDIR")]
        )
    return temporary, temporary


def _encode(shown: Film, path: str, codec: str, extension: str, report: Reporter) -> Optional[str]:
    """Write the clip to ``path``, whole or not at all; what went wrong, or None."""
    handle, part = tempfile.mkstemp(prefix=".making-", suffix="." + extension, dir=os.path.dirname(path))
    os.close(handle)
    try:
        size = (film.WIDTH, film.HEIGHT)
        code = sum(ord(letter) << 8 * place for place, letter in enumerate(codec))  # FourCC
        writer: Any = cv2.VideoWriter(part, code, film.FPS, size, False)
        if not writer.isOpened():
            return "this OpenCV has no encoder for it"
        with report.bar("drawing the clip", shown.frames) as bar:
            for number in range(shown.frames):
                writer.write(shown.picture(number))
                if number % 16 == 15:
                    bar.advance(16)
            bar.advance(shown.frames % 16)
        writer.release()
        # VideoWriter says nothing of a full disk: count what can be read back.
        found = _count(part)
        if found != shown.frames:
            return "{} of {} frames can be read back".format(found, shown.frames)
        os.replace(part, path)
        part = ""
    finally:
        if part:
            os.unlink(part)
    return None


def _count(path: str) -> int:
    source = Source(path, ALL_THREADS)
    found = 0
    while source.is_open and source.skip():
        found += 1
    source.close()
    return found

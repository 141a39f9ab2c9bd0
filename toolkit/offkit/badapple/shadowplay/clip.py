"""The built-in film as a video file, made once per OpenCV and kept in the user's cache.

Its SHA-256 is kept beside it: a clip that is not what it was any more is made again."""

import os
import shutil
from typing import Any, Iterable, Iterator, List, NamedTuple, Optional, Tuple

import cv2

from offkit.badapple.shadowplay import film
from offkit.badapple.shadowplay.film import Film
from offkit.badapple.video.decode import ALL_THREADS, Source
from offkit.edges import leftovers
from offkit.model import checksum
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Bar, Reporter
from offkit.model.words import several

# What OpenCV's own wheels can always encode, the smaller file first.
CODECS = (("mp4v", "mp4"), ("MJPG", "avi"))
_TOLD = 16  # frames after which progress is told
_FRAME = 20000  # bytes of a frame, about, in the larger of them


class Clip(NamedTuple):
    path: str
    temporary: Optional[str]  # a directory to remove after use, when there is no cache
    damage: str = ""  # what was wrong with the one in the cache, which this one replaces


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
    """The clip of ``shown``: from the cache, when it is there as it was made, or made now.

    Raises EnvironmentProblem (VID012) when this OpenCV can encode none of ``codecs``, or there
    is no room.
    """
    directory, temporary = _place()
    damage = ""
    try:
        if not temporary:
            kept, damage = _kept(shown, codecs, directory, report)
            if kept:
                return Clip(kept, None)
            if not _roomy(directory, shown):
                directory = temporary = _temporary(directory)
        made = _made(shown, report, codecs, directory, temporary)
        return made._replace(temporary=temporary, damage=damage)
    except BaseException:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)
        raise


def _kept(
    shown: Film, codecs: Tuple[Tuple[str, str], ...], directory: str, report: Reporter
) -> Tuple[str, str]:
    """(the path of a clip that is as it was made, what is wrong with those that are not)."""
    damage = ""
    for codec, extension in codecs:
        path = os.path.join(directory, file_name(shown, codec, extension))
        if os.path.lexists(path):
            damage = damaged(path)
            if not damage:
                report.note("the clip is in the cache: " + path)
                return path, ""
            report.warn("{} {}: the clip is made again".format(path, damage))
    return "", damage


def _made(
    shown: Film,
    report: Reporter,
    codecs: Tuple[Tuple[str, str], ...],
    directory: str,
    temporary: Optional[str],
) -> Clip:
    tried: List[str] = []
    for codec, extension in codecs:
        path = os.path.join(directory, file_name(shown, codec, extension))
        try:
            failure = _encode(shown, path, codec, extension, report)
        except OSError as error:
            # A temporary directory is gone before anybody reads this.
            failure = "{}: {}".format(os.path.dirname(temporary) if temporary else path, error.strerror)
        if failure is None:
            return Clip(path, None)
        tried.append("{} in {}: {}".format(codec, extension, failure))
    raise _unmade(shown, directory, temporary, tried)


def _unmade(shown: Film, directory: str, temporary: Optional[str], tried: List[str]) -> EnvironmentProblem:
    """VID012, for want of room where there is none; codecs are accused only where there is."""
    text, own = "the built-in clip cannot be made", "a video of your own: offkit run-badapple VIDEO"
    if _roomy(directory, shown):
        place = os.path.dirname(temporary) if temporary else directory
        fix = "make room in {}, or give {}".format(place, own)
        return EnvironmentProblem(text, [Finding("VID012", ERROR, place, text, tuple(tried), fix)])
    places = [cache_directory()]
    if temporary:
        places.append(os.path.dirname(temporary))
    free = ["{}: {}".format(place, _free(place)) for place in places]
    text += ": there is no room for it, it needs about {:.0f} MB".format(shown.frames * _FRAME / 1e6)
    fix = "make room in {}, or set TMPDIR to a directory that has it, or give {}".format(
        " or ".join(places), own
    )
    return EnvironmentProblem(text, [Finding("VID012", ERROR, places[-1], text, tuple(free), fix)])


def _free(directory: str) -> str:
    if not os.access(directory, os.W_OK | os.X_OK):
        return "cannot be written"
    try:
        return "{:.1f} MB are free".format(shutil.disk_usage(directory).free / 1e6)
    except OSError as error:
        return str(error.strerror)


def _roomy(directory: str, shown: Film) -> bool:
    try:
        return shutil.disk_usage(directory).free > shown.frames * _FRAME
    except OSError:
        return True  # what is wrong there is said when it is written


def seal_path(path: str) -> str:
    """Where the SHA-256 of the clip at ``path`` stands, in the form that sha256sum -c reads."""
    return path + ".sha256"


def damaged(path: str) -> str:
    """What is wrong with the clip at ``path``; empty when it is as it was made."""
    try:
        with open(seal_path(path), "rb") as source:
            wanted = source.read(64)
    except OSError as error:
        return "cannot be checked ({}: {})".format(os.path.basename(seal_path(path)), error.strerror)
    try:
        found = _digest(path).encode("ascii")
    except OSError as error:
        return "cannot be read ({})".format(error.strerror)
    return "" if found == wanted else "is damaged: its SHA-256 is not what it was"


def seal(path: str) -> None:
    """Write down the SHA-256 of the clip at ``path``. Raises OSError."""
    part = os.path.join(os.path.dirname(path), leftovers.name("seal", "sha256"))
    try:
        with open(part, "wb") as sink:
            sink.write("{}  {}\n".format(_digest(path), os.path.basename(path)).encode("utf-8"))
        os.replace(part, seal_path(path))
    finally:
        if os.path.exists(part):
            os.unlink(part)


def _digest(path: str) -> str:
    with open(path, "rb") as source:
        return checksum.sha256(source)


def _place() -> Tuple[str, Optional[str]]:
    """(the directory for the clip, the same when it is a temporary one)."""
    directory = cache_directory()
    try:
        os.makedirs(directory, exist_ok=True)
        if os.access(directory, os.W_OK | os.X_OK):
            return directory, None
    except OSError:
        pass
    temporary = _temporary(directory)
    return temporary, temporary


def _temporary(directory: str) -> str:
    try:
        return leftovers.temporary_directory()
    except OSError as error:
        text = "no directory for the clip can be written: {}".format(error.strerror)
        raise EnvironmentProblem(
            text,
            [
                Finding(
                    "VID012", ERROR, directory, text, (directory,), "set TMPDIR to a directory that has room"
                )
            ],
        )


def _encode(shown: Film, path: str, codec: str, extension: str, report: Reporter) -> Optional[str]:
    """Write the clip to ``path``, whole or not at all; what went wrong, or None. Raises OSError."""
    part = os.path.join(os.path.dirname(path), leftovers.name("clip", extension))
    try:
        # Room, permission and a name that fits are the system's to judge, before OpenCV fails
        # without a reason; what it makes is for its owner only.
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600))
        with report.bar("drawing the clip", shown.frames) as bar:
            if not recorded(part, codec, _drawn(shown, bar), False):
                return "this OpenCV has no encoder for it"
        # VideoWriter says nothing of a full disk: count what can be read back.
        found = _count(part)
        if found != shown.frames:
            return "{} of {} can be read back".format(found, several(shown.frames, "frame"))
        os.replace(part, path)
        seal(path)
    finally:
        if os.path.exists(part):
            os.unlink(part)
    return None


def recorded(path: str, codec: str, pictures: Iterable[Any], colour: bool) -> bool:
    """Write gray pictures as a video of gray or colour; False where this OpenCV has no encoder for it."""
    code = cv2.VideoWriter_fourcc(*codec)
    writer = cv2.VideoWriter(path, code, film.FPS, (film.WIDTH, film.HEIGHT), colour)
    if not writer.isOpened():
        return False
    for picture in pictures:
        writer.write(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if colour else picture)
    writer.release()
    return True


def _drawn(shown: Film, bar: Bar) -> Iterator[Any]:
    for number in range(shown.frames):
        yield shown.picture(number)
        if number % _TOLD == _TOLD - 1:
            bar.advance(_TOLD)
    bar.advance(shown.frames % _TOLD)


def _count(path: str) -> int:
    source = Source(path, ALL_THREADS)
    found = 0
    while source.is_open and source.skip():
        found += 1
    source.close()
    return found

"""Which codecs this OpenCV can write in which containers, and whether its own frames come back right.

Each pair is tried with the first pictures of the built-in film, in a process of its own kind:
an encoder that crashes takes that process along and nothing else. The frames are decoded, made
into characters, and each is held against its number and its picture.
"""

import os
from functools import lru_cache
from typing import Any, List, NamedTuple, Tuple

import cv2

from offkit.badapple.formats import look
from offkit.badapple.formats.cells import Look
from offkit.badapple.formats.painter import Painter
from offkit.badapple.processes import pool
from offkit.badapple.shadowplay import clip, film
from offkit.badapple.verify.likeness import Likeness
from offkit.badapple.video.decode import Source
from offkit.model.errors import EnvironmentProblem
from offkit.model.finding import ERROR, INFO, Finding
from offkit.model.report import Bar
from offkit.model.words import several

ROOM = 20000000  # bytes that a trial may take; what is not compressed has 11 MB
FRAMES = 36  # of each trial: three groups of pictures of MPEG's usual twelve, and a wipe

# (FourCC, file name extension, what people call it)
PAIRS = (
    ("mp4v", "mp4", "MPEG-4"),
    ("mp4v", "mov", "MPEG-4"),
    ("mp4v", "mkv", "MPEG-4"),
    ("XVID", "avi", "MPEG-4"),
    ("avc1", "mp4", "H.264"),
    ("H264", "mkv", "H.264"),
    ("hvc1", "mp4", "H.265"),
    ("av01", "mp4", "AV1"),
    ("VP80", "webm", "VP8"),
    ("VP90", "webm", "VP9"),
    ("MJPG", "avi", "Motion JPEG"),
    ("mjpg", "mov", "Motion JPEG"),
    ("MJPG", "mkv", "Motion JPEG"),
    ("MPG1", "mpg", "MPEG-1"),
    ("MPG2", "mpg", "MPEG-2"),
    ("MPG2", "ts", "MPEG-2"),
    ("DIV3", "avi", "MS MPEG-4"),
    ("WMV2", "wmv", "WMV 8"),
    ("FLV1", "flv", "Sorenson H.263"),
    ("THEO", "ogv", "Theora"),
    ("FFV1", "mkv", "FFV1"),
    ("FFV1", "avi", "FFV1"),
    ("HFYU", "avi", "HuffYUV"),
    ("png ", "mov", "PNG"),
    ("I420", "avi", "not compressed"),
)

WORKS, ABSENT, WRONG = "works", "cannot be written", "comes back wrong"


class Trial(NamedTuple):
    codec: str
    container: str
    path: str


class Tried(NamedTuple):
    """What became of one pair."""

    codec: str
    container: str
    state: str  # WORKS, ABSENT or WRONG
    detail: str = ""  # of what is wrong
    size: int = 0  # bytes
    worst: float = 0.0  # greatest share of a frame's characters that are not as drawn
    seeks: bool = False  # whether a seek into the middle gives the frame that was asked for


def try_all(
    directory: str, workers: int, bar: Bar, method: str, pairs: Tuple[Tuple[str, str, str], ...]
) -> List[Tried]:
    """Try all ``pairs``, ``workers`` at a time; files are made in ``directory`` and removed.

    A worker that dies shares its fate with others of its round: those are tried again, each alone.
    """
    trials = [
        Trial(codec, container, os.path.join(directory, "trial-{}.{}".format(at, container)))
        for at, (codec, container, _) in enumerate(pairs)
    ]
    for number in range(FRAMES):
        _picture(number)  # workers that are forked have them
    tried: List[Tried] = []
    for start in range(0, len(trials), workers):
        together = trials[start : start + workers]
        try:
            tried += pool.run(attempt, together, Bar(), method)
        except EnvironmentProblem:
            tried += [_alone(trial, method) for trial in together]
        bar.advance(len(together))
    return tried


def _alone(trial: Trial, method: str) -> Tried:
    try:
        (tried,) = pool.run(attempt, [trial], Bar(), method)
    except EnvironmentProblem as problem:
        how = problem.message.replace("worker 1 of 1", "its process")
        return Tried(trial.codec, trial.container, WRONG, how)
    finally:
        if os.path.exists(trial.path):
            os.unlink(trial.path)
    return tried  # type: ignore[no-any-return]


def attempt(trial: Trial, tell: pool.Tell) -> Tried:
    """Write, read back, compare; the body of a worker process, whose stderr FFmpeg may have."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        if not _write(trial):
            return Tried(trial.codec, trial.container, ABSENT)
        return _compared(trial, Source(trial.path, 1))
    except cv2.error as error:
        return Tried(trial.codec, trial.container, WRONG, " ".join(str(error).split()))
    finally:
        if os.path.exists(trial.path):
            os.unlink(trial.path)


def _write(trial: Trial) -> bool:
    if not clip.recorded(trial.path, trial.codec, map(_picture, range(FRAMES)), True):
        return False
    return os.path.exists(trial.path) and os.path.getsize(trial.path) > 0


def _compared(trial: Trial, source: Source) -> Tried:
    tried = Tried(trial.codec, trial.container, WRONG, "", os.path.getsize(trial.path))
    if not source.is_open:
        return tried._replace(detail="it cannot be opened again")
    shown = Look(look.grid(film.WIDTH, film.HEIGHT))
    painter, likeness = Painter(shown), Likeness(shown)
    worst, misplaced, number = 0.0, 0, 0
    picture = source.read()
    while picture is not None and number < FRAMES:
        cells = painter.cells(picture)
        misplaced += likeness.number(cells) != number
        worst = max(worst, likeness.share(cells, _picture(number)))
        number += 1
        picture = source.read()
    tried = tried._replace(worst=worst)
    if number < FRAMES or picture is not None:
        found = str(number) if picture is None else "more"
        return tried._replace(detail="of {}, {} came back".format(several(FRAMES, "frame"), found))
    if misplaced:
        return tried._replace(detail="{} not in order".format(several(misplaced, "frame is", "frames are")))
    if worst > likeness.tolerance:
        return tried._replace(detail="{:.1%} of a frame's characters are not as drawn".format(worst))
    source.seek(FRAMES // 2)
    picture = source.read()
    seeks = picture is not None and likeness.number(painter.cells(picture)) == FRAMES // 2
    source.close()
    return tried._replace(state=WORKS, seeks=seeks)


@lru_cache(maxsize=FRAMES)
def _picture(number: int) -> Any:
    return film.Film(film.SHORT).picture(number)


def holds(tried: List[Tried]) -> List[str]:
    """What holds, in a line; none when nothing was tried."""
    right = sum(one.state == WORKS for one in tried)
    text = "{} of {} are written and read back correctly"
    return (
        [text.format(right, several(len(tried), "codec and container", "codecs and containers"))]
        if right
        else []
    )


def findings(tried: List[Tried], version: str) -> List[Finding]:
    """VID014, one for all that cannot be written, and VID015 for each that comes back wrong."""
    found = []
    absent = ["{}/{}".format(one.codec.strip(), one.container) for one in tried if one.state == ABSENT]
    if absent:
        text = "it has no encoder for {} of {}: {}".format(
            len(absent),
            several(len(tried), "codec and container", "codecs and containers"),
            ", ".join(absent),
        )
        found.append(Finding("VID014", INFO, "OpenCV " + version, text))
    for one in tried:
        if one.state == WRONG:
            subject = "{}/{}".format(one.codec.strip(), one.container)
            text = "what OpenCV {} wrote comes back wrong: {}".format(version, one.detail)
            looked = ("{} of the built-in film, written and read".format(several(FRAMES, "frame")),)
            found.append(Finding("VID015", ERROR, subject, text, looked, _OTHER))
    return found


_OTHER = "write with another codec (mp4v/mp4, MJPG/avi); offkit doctor checks the libraries of OpenCV"

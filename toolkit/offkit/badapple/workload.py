"""run-badapple from end to end: get a video, convert it with many processes, check the result.

Findings, and the codes of this package:

======  =====  ================================================================
VID001  error  numpy or cv2 cannot be imported
VID002  error  the file is no video that OpenCV understands
VID003  error  not one picture can be decoded from it
VID004  error  a worker process was killed, ended early, or cannot be started
VID005  error  the output cannot be written
VID006  any    the header of the video claims another number of frames, or no frame rate
VID007  info   seeking in this video is not exact: it was converted straight through
VID008  error  frames are missing, too many, or out of order
VID009  error  frames do not show what they must
VID010  error  the text file is damaged
VID011  warn   multiprocessing's locks and queues do not work on this server
VID012  error  the built-in clip cannot be made
VID013  warn   the clip in the cache was damaged, and is made again
======  =====  ================================================================
"""

import os
import shutil
import time
from typing import List, NamedTuple, Optional, Tuple

from offkit.badapple import convert, crew, decode, environment
from offkit.badapple.counting import count
from offkit.badapple.formats import characters, script
from offkit.badapple.formats.base import Facts
from offkit.badapple.formats.cells import Grid, Look
from offkit.badapple.formats.script import Script
from offkit.badapple.formats.text import Text
from offkit.badapple.keyframes import cuts
from offkit.badapple.shadowplay import clip, film
from offkit.badapple.verify import check
from offkit.edges import leftovers
from offkit.model.errors import OffkitError, UsageError
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.report import Reporter

DEFAULT_NAME = "badapple.txt"
_RATE_UNKNOWN = 30.0
# Threads of all workers that nobody asked for: below the limit of processes that EL7 sets a
# user (4096), and where the memory of ever more decoders brings nothing.
_MANY = 1024


class Request(NamedTuple):
    """What to do. ``output`` as given or None; ``columns`` and ``rows`` 0 when not asked for."""

    video: Optional[str]
    output: Optional[str] = None
    columns: int = 0
    rows: int = 0
    full: bool = False  # of the built-in film: all of it
    quick: bool = False  # leave out what decodes or draws every frame again
    workers: int = 0  # 0: one for every processor


class Outcome(NamedTuple):
    """What was done, in seconds of wall time, and what was found."""

    output: str
    script: Script
    video: str
    workers: int
    wanted: int  # workers, as asked for or as many as there are processors
    decoder_threads: int  # of each worker
    method: str  # how processes were started
    libraries: environment.Libraries
    convert_seconds: float
    check_seconds: float
    verified: List[str]  # what holds, one line each
    findings: List[Finding]
    kept: bool = False  # whether ``video`` is a clip of ours that stays in the cache


def output_path(request: Request) -> str:
    """Where the text goes: ``-o``, else named after the video, in the current directory.

    Raises UsageError rather than let a file be overwritten that is not a conversion.
    """
    path = request.output
    if path is None:
        stem = os.path.splitext(os.path.basename(request.video))[0] if request.video else ""
        path = stem + ".txt" if stem else DEFAULT_NAME
    elif os.path.isdir(path):
        path = os.path.join(path, DEFAULT_NAME)
    if os.path.lexists(path):
        try:
            ours = os.path.isfile(path) and script.is_ours(path)
        except OSError:
            ours = False
        if not ours:
            raise UsageError(
                "{} is there already and is not a conversion, so it is left alone".format(path),
                fix="name another file with -o, or remove this one",
            )
    return path


def run(request: Request, report: Reporter) -> Outcome:
    """Do all of it. Findings of failed checks are in the outcome; everything else raises an
    OffkitError. The output stands under its name only when it was converted to the end."""
    output = output_path(request)
    libraries = environment.load()
    shown = None if request.video else film.Film(film.FULL if request.full else film.SHORT)
    directory = os.path.dirname(output) or os.curdir
    _sweep([directory, None] + ([clip.cache_directory()] if shown else []), report)
    temporary = None
    findings = []
    part = os.path.join(directory, leftovers.name("text", "part"))
    try:
        source = request.video or ""
        if shown:
            made = clip.obtain(shown, report)
            source, temporary = made.path, made.temporary
            if made.damage:
                text = "the clip kept here {}; it was made again".format(made.damage)
                findings.append(Finding("VID013", WARNING, source, text, (), _DAMAGED))
        outcome = _run(request, report, shown, source, output, part, libraries)
        kept = bool(shown and not temporary)
        return outcome._replace(findings=findings + outcome.findings, kept=kept)
    except OffkitError as problem:
        problem.findings = tuple(_named(list(problem.findings), part, output))
        raise
    finally:
        if os.path.exists(part):
            os.unlink(part)
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)


_DAMAGED = "when it happens again, the disk is at fault: see dmesg"


def _sweep(directories: List[Optional[str]], report: Reporter) -> None:
    for directory in directories:
        for path in leftovers.sweep(directory):
            report.step("removed what a killed run had left: " + path)


def _named(findings: List[Finding], part: str, output: str) -> List[Finding]:
    """The output is what people know; the unfinished file's name is nobody's business."""
    return [finding._replace(subject=output) if finding.subject == part else finding for finding in findings]


def workers_by_default() -> int:
    """One for every processor; fewer where OpenCV cannot keep each decoder to one thread."""
    processors, threads = environment.processors(), decode.decoder_threads(1)
    return processors if threads == 1 else max(1, min(processors, _MANY // (threads + 1)))


def _run(
    request: Request,
    report: Reporter,
    shown: Optional[film.Film],
    source: str,
    output: str,
    part: str,
    libraries: environment.Libraries,
) -> Outcome:
    video = decode.probe(source)
    grid = characters.grid(video.width, video.height, request.columns, request.rows)
    claimed = Script(video.frames, video.fps or _RATE_UNKNOWN, video.width, video.height, grid)
    findings = environment.check_semaphores()
    if not video.fps:
        findings.append(Finding("VID006", INFO, source, "it does not say its frame rate; 30 is taken"))
    form = Text(Look(Grid(*grid)), Facts(claimed.fps, video.width, video.height))
    wanted = request.workers or workers_by_default()
    method = crew.start_method()
    likely = count(len(cuts(video.frames, wanted, video.keys)), "process", "processes")
    report.step("converting {} with {}".format(os.path.basename(source), likely))
    spent = checking = 0.0
    replayed: Optional[check.Replayed] = None
    for workers in (wanted, 1):
        began = time.perf_counter()
        with report.bar("frames", video.frames) as bar:
            result = convert.convert(video, form, part, workers, bar)
        spent += time.perf_counter() - began
        wrong: List[Finding] = []
        if result is not None:
            written = claimed._replace(frames=result.frames)
            began = time.perf_counter()
            verified, replayed = _check(request, report, shown, source, part, written, wanted, wrong)
            checking += time.perf_counter() - began
        if result is not None and (not wrong or result.workers == 1):
            break
        text = "seeking in this video is not exact: it was converted straight through, by one process"
        findings.append(Finding("VID007", INFO, source, text, ("the pictures on both sides of each cut",)))
        report.note(text)
    assert result is not None  # a single stretch has no seam that could fail
    findings += check.loss(source, video.frames, video.fps, result.frames, replayed)
    try:
        os.replace(part, output)
    except OSError as error:
        raise convert.unwritable(output, error)
    return Outcome(
        output,
        written,
        source,
        result.workers,
        wanted,
        decode.decoder_threads(1 if result.workers > 1 else decode.ALL_THREADS),
        method,
        libraries,
        spent,
        checking,
        verified,
        findings + _named(wrong, part, output),
    )


def _check(
    request: Request,
    report: Reporter,
    shown: Optional[film.Film],
    source: str,
    part: str,
    written: Script,
    workers: int,
    wrong: List[Finding],
) -> Tuple[List[str], Optional[check.Replayed]]:
    """Everything that can be checked; problems go to ``wrong``. What holds, and what a second
    decoding saw."""
    drawn = None if request.quick else shown
    report.step("checking every frame" if drawn or not request.quick else "checking the file")
    with report.bar("frames", written.frames) as bar:
        tally = check.text(part, written, drawn, workers, bar)
    wrong.extend(check.tally_findings(part, tally))
    if shown and written.frames != shown.frames:
        message = "{} frames were drawn, {} came out".format(shown.frames, written.frames)
        wrong.append(Finding("VID008", ERROR, part, message, ("the number of frames",)))
    holds = []
    if not tally.damaged:
        holds.append(
            "{}, each with its number, in order, {} x {} characters".format(
                count(written.frames, "frame"), written.grid.columns, written.grid.rows
            )
        )
    if drawn and not (tally.misplaced or tally.different or wrong):
        if check.legible(written):
            holds.append("the number in each picture is that of its frame")
        holds.append(
            "each frame shows what was drawn (worst: {:.2%} of its characters differ)".format(tally.worst)
        )
    replayed = None
    if not (request.quick or shown):
        with report.bar("decoding again", written.frames) as bar:
            replayed = check.video(part, written, source, bar)
        again = check.replay_findings(written, source, replayed)
        wrong.extend(again)
        if not again:
            holds.append(
                "decoded straight through it has as many frames, and {} equal".format(
                    "its only one is"
                    if written.frames == 1
                    else "{} samples are".format(len(check.samples(written.frames)))
                )
            )
    return holds, replayed

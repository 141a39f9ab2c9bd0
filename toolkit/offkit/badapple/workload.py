"""run-badapple from end to end: get a video, convert it with many processes, check the result.

The codes of what is found, VID001 and on, are explained in docs/run-badapple.md.
"""

import os
import shutil
import time
from typing import List, NamedTuple, Optional, Tuple

from offkit.badapple import convert, environment, examine, output, seam, unfinished
from offkit.badapple.formats import catalogue, look
from offkit.badapple.formats.base import Format
from offkit.badapple.formats.cells import CHARACTERS, MONO, Look
from offkit.badapple.processes import limits, pool
from offkit.badapple.shadowplay import clip, film
from offkit.badapple.verify import codecs, processors, verdict
from offkit.badapple.video import boxes, decode
from offkit.badapple.video.keyframes import LEAST, cuts
from offkit.edges import leftovers
from offkit.model.errors import EnvironmentProblem, OffkitError
from offkit.model.finding import ERROR, INFO, WARNING, Finding, has_errors
from offkit.model.report import Bar, Reporter
from offkit.model.words import several

# Threads of all workers that nobody asked for: below the limit of processes that EL7 sets a
# user (4096), and where the memory of ever more decoders brings nothing.
_MANY = 1024


class Request(NamedTuple):
    """What to do. ``output`` as given or None; numbers 0 and names empty when not asked for."""

    video: Optional[str]
    output: Optional[str] = None
    columns: int = 0
    rows: int = 0
    full: bool = False  # of the built-in film: all of it
    quick: bool = False  # leave out what decodes or draws every frame again, and the codecs
    workers: int = 0  # 0: one for every processor
    form: str = ""
    mode: str = CHARACTERS
    colour: str = MONO
    ramp: str = look.DEFAULT_RAMP  # as look.ramp gives it
    invert: bool = False
    aspect: float = look.ASPECT
    codecs: bool = False  # try them even with a video of one's own


class Outcome(NamedTuple):
    """What was done, in seconds of wall time, and what was found."""

    output: str
    form: Format
    result: convert.Result
    size: int  # bytes of the output
    video: str
    wanted: int  # workers, as asked for or as many as there are processors
    decoder_threads: int  # of each worker
    method: str  # how processes were started
    libraries: environment.Libraries
    limits: limits.Limits
    convert_seconds: float
    check_seconds: float
    verified: List[str]  # what holds, one line each
    findings: List[Finding]
    kept: bool = False  # whether ``video`` is a clip of ours that stays in the cache
    worked: Tuple[processors.Worked, ...] = ()  # on each processor
    tried: Tuple[codecs.Tried, ...] = ()


def run(request: Request, report: Reporter) -> Outcome:
    """Do all of it. Findings of failed checks are in the outcome; everything else raises an
    OffkitError. The output stands under its name only when it was converted to the end."""
    path, form = output.place(request.video, request.output, request.form)
    request = request._replace(output=path, form=form)
    libraries = environment.load()
    shown = None if request.video else film.Film(film.FULL if request.full else film.SHORT)
    _sweep([os.path.dirname(path) or os.curdir, None] + ([clip.cache_directory()] if shown else []), report)
    temporary = None
    findings: List[Finding] = []
    part = unfinished.path(path)
    try:
        source = request.video or ""
        if shown:
            made = clip.obtain(shown, report)
            source, temporary = made.path, made.temporary
            if made.damage:
                text = "the cached clip {}; it was made again".format(made.damage)
                findings.append(Finding("VID013", WARNING, source, text, (), _DAMAGED))
            if temporary:
                findings.append(Finding("VID016", WARNING, clip.cache_directory(), _NO_CACHE, (), _CACHE))
        outcome = _run(request, report, shown, source, part, libraries)
        kept = bool(shown and not temporary)
        return outcome._replace(findings=findings + outcome.findings, kept=kept)
    except OffkitError as problem:
        problem.findings = tuple(_named(list(problem.findings), part, path))
        raise
    finally:
        if os.path.exists(part):
            os.unlink(part)
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)


_DAMAGED = "if it happens again, the disk is at fault: see dmesg"
_NO_CACHE = "the clip cannot be kept there: it is made again each time"
_CACHE = "make it writable for this user and free some space, or set XDG_CACHE_HOME to a directory that is"


def _sweep(directories: List[Optional[str]], report: Reporter) -> None:
    for directory in directories:
        for path in leftovers.sweep(directory):
            report.step("removed what a killed run had left: " + path)


def _named(findings: List[Finding], part: str, path: str) -> List[Finding]:
    """The output is what people know; the unfinished file's name is nobody's business."""
    return [
        finding._replace(subject=path) if finding.subject.startswith(part) else finding
        for finding in findings
    ]


def staffed(asked: int, found: limits.Limits, video: decode.Video) -> limits.Allowed:
    """How many workers there can be for this video.

    One for every processor, when nobody asked; fewer where OpenCV cannot keep each decoder to
    one thread, so that all of them stay within reason.
    """
    threads = decode.decoder_threads(1)
    most = max(1, video.frames // LEAST)
    if not asked and threads > 1:
        most = min(most, max(1, _MANY // (threads + 1)))
    memory = limits.worker_memory(video.width, video.height, threads)
    return limits.allowed(found, asked, threads, memory, most)


def _run(
    request: Request,
    report: Reporter,
    shown: Optional[film.Film],
    source: str,
    part: str,
    libraries: environment.Libraries,
) -> Outcome:
    path = str(request.output)
    video = decode.probe(source)
    form = _form(request, video)
    output.room(path, form, video.frames)
    method = pool.start_method()
    found = limits.measure()
    allowed = staffed(request.workers, found, video)
    proof = processors.Proof([], [], []) if request.quick else _proof(found, method)
    findings = allowed.findings + proof.findings
    if not video.fps:
        findings.append(Finding("VID006", INFO, source, "it does not state its frame rate; 30 is assumed"))
    likely = several(len(cuts(video.frames, allowed.workers, video.keys)), "process", "processes")
    report.step("converting {} with {}".format(os.path.basename(source), likely))
    done = _checked(video, form, part, method, allowed, shown, request.quick, report)
    result, replayed = done.result, done.checked.replayed
    if done.straight:
        looked_in = ("the pictures on both sides of each cut",)
        findings.append(Finding("VID007", INFO, source, done.straight, looked_in))
    shown_seconds = boxes.presented(source)
    lost = verdict.loss(source, video.frames, video.fps, result.frames, replayed, shown_seconds)
    findings += lost or verdict.uneven(source, replayed)
    findings += output.flushed(part, path)
    size = _named_at_last(part, path)
    tried: List[codecs.Tried] = []
    if request.codecs or not (request.video or request.quick):
        tried, untried = _codecs(report, allowed.workers, method, found.processes)
        findings += untried + codecs.findings(tried, libraries.cv2)
    return Outcome(
        path,
        form,
        result,
        size,
        source,
        request.workers or limits.cores(found),
        decode.decoder_threads(1),
        method,
        libraries,
        found,
        done.convert_seconds,
        done.check_seconds,
        done.checked.holds + proof.holds + codecs.holds(tried),
        findings + _named(done.checked.wrong, part, path),
        worked=tuple(proof.worked),
        tried=tuple(tried),
    )


def _proof(found: limits.Limits, method: str) -> processors.Proof:
    """That every processor works, and what processes share."""
    each = limits.worker_memory(0, 0, 1)
    return processors.prove(limits.allowed(found, found.mask, 1, each).workers, method)


def _named_at_last(part: str, path: str) -> int:
    """The bytes of what stands at ``path`` from now on. Raises EnvironmentProblem."""
    size = os.path.getsize(part)
    try:
        os.replace(part, path)
    except OSError as error:
        raise convert.unwritable(path, error)
    return size


class _Done(NamedTuple):
    """A conversion and its check, in seconds of wall time with all attempts."""

    result: convert.Result
    checked: examine.Checked
    convert_seconds: float
    check_seconds: float
    straight: str  # why it took a second attempt, by one process; empty where it did not


def _checked(
    video: decode.Video,
    form: Format,
    part: str,
    method: str,
    allowed: limits.Allowed,
    shown: Optional[film.Film],
    quick: bool,
    report: Reporter,
) -> _Done:
    """Convert with several processes; with one, straight through, where that did not come out right."""
    spent = checking = 0.0
    straight = ""
    for workers in (allowed.workers, 1):
        began = time.perf_counter()
        shares = len(cuts(video.frames, workers, video.keys))
        with examine.film(report, video.frames, form, part, shares, True) as bar:
            result = _converted(video, form, part, workers, bar, method, allowed)
        spent += time.perf_counter() - began
        checked = examine.Checked([], [])
        if result is not None:
            began = time.perf_counter()
            written = examine.Written(video, shown, part, form, result.frames, allowed.workers)
            checked = examine.examine(written, quick, report)
            checking += time.perf_counter() - began
        if result is not None and (not has_errors(checked.wrong) or result.workers == 1):
            break
        why = seam.APART if result is None else "the conversion by several processes was wrong"
        straight = why + "; it was converted straight through, by one process"
        report.note(straight)
    assert result is not None  # a single stretch has no seam that could fail
    return _Done(result, checked, spent, checking, straight)


def _converted(
    video: decode.Video,
    form: Format,
    part: str,
    workers: int,
    bar: Bar,
    method: str,
    allowed: limits.Allowed,
) -> Optional[convert.Result]:
    """As ``convert.convert``; a failure is told together with what limits the server."""
    try:
        result = convert.convert(video, form, part, workers, bar, method)
    except EnvironmentProblem as problem:
        problem.findings = tuple(problem.findings) + tuple(allowed.findings)
        raise
    if result is not None and not result.frames:
        text = "no worker can decode it, although there are pictures: its decoder cannot be started"
        fix = "the decoder needs threads and memory: see ulimit -a"
        limited = [Finding("VID004", ERROR, video.path, text, (), fix), *allowed.findings]
        raise EnvironmentProblem("the video cannot be converted", limited)
    return result


def _form(request: Request, video: decode.Video) -> Format:
    """The format as asked for, for pictures of this video. Raises UsageError."""
    grid = look.grid(video.width, video.height, request.columns, request.rows, request.aspect)
    looks = Look(grid, request.mode, request.colour, request.ramp, request.invert)
    return catalogue.make(request.form, looks, video.facts)


def _codecs(
    report: Reporter, workers: int, method: str, processes: Optional[int]
) -> Tuple[List[codecs.Tried], List[Finding]]:
    """Try them, where there is room for it, and for the threads of encoders; else VID016."""
    if processes is not None:
        workers = min(workers, processes // (2 * decode.decoder_threads(1) + 2))
        if not workers:
            few = several(processes, *limits.MORE_PROCESSES) + " can be started"
            return [], [_untried("processes", few)]
    try:
        with leftovers.scratch() as folder:
            free = shutil.disk_usage(folder).free
            if free < codecs.ROOM:
                return [], [_untried(os.path.dirname(folder), "{:.0f} MB are free there".format(free / 1e6))]
            report.step("trying the codecs of OpenCV")
            with report.bar("codecs", len(codecs.PAIRS)) as bar:
                together = max(1, min(workers, free // codecs.ROOM))
                return codecs.try_all(folder, together, bar, method, codecs.PAIRS), []
    except OSError as error:
        return [], [_untried(str(error.filename or "TMPDIR"), str(error.strerror))]


def _untried(place: str, why: str) -> Finding:
    text = "codecs cannot be tried: {}".format(why)
    return Finding("VID016", WARNING, place, text, (), _ROOM)


_ROOM = "free some space there, or set TMPDIR to a place that has enough; for processes: ulimit -u"

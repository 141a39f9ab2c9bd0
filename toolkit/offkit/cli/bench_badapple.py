"""run-badapple --bench: measured, told to people and programs, and drawn."""

import os
import shutil
from typing import Any, Optional

from offkit.cli import render
from offkit.edges import leftovers
from offkit.model.errors import EXIT_OK, EnvironmentProblem, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Reporter

_LEAST_WIDTH = 60
_START = b"<svg "


def bench(
    video: Optional[str], asked: str, output: Optional[str], svg: Optional[str], quick: bool, report: Reporter
) -> int:
    """Measure ``video``, or the built-in film in full length, with the processes that ``asked`` names.

    ``output``: the directory the workers write in. ``svg``: where the picture goes. numpy and
    cv2 can be imported. Raises OffkitError; findings are warnings, so the exit code is 0.
    """
    from offkit.badapple.bench import chart, document, rounds, run

    counts = rounds.counts(asked)
    if svg:
        _check_svg(svg)
    directory = _directory(output)
    temporary = None
    try:
        if not video:
            video, temporary = _clip(quick, report)
        request = rounds.Request(video, counts, directory, 1 if quick else 3, quick)
        outcome = run.run(request, report)
    finally:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)
    render.findings(outcome.findings)
    _show(outcome)
    if svg:
        _write(svg, chart.svg(outcome))
        render.line()
        render.good("{} shows it".format(svg))
    content = document.content(outcome)
    render.document(document.SCHEMA, **content, svg=os.path.abspath(svg) if svg else None)
    return EXIT_OK


def _show(outcome: Any) -> None:
    from offkit.badapple.bench import table

    marks = table.ASCII if render.is_ascii() else table.UNICODE
    columns = shutil.get_terminal_size().columns if os.isatty(1) else 80
    for text in table.lines(outcome, max(_LEAST_WIDTH, columns), marks):
        render.line(text)


def _clip(quick: bool, report: Reporter) -> Any:
    """(path, temporary directory or None) of the built-in film."""
    from offkit.badapple.shadowplay import clip, film

    made = clip.obtain(film.Film(film.SHORT if quick else film.FULL), report)
    return made.path, made.temporary


def _directory(output: Optional[str]) -> str:
    """Where workers write. Raises UsageError."""
    if not output:
        return os.curdir
    if not os.path.isdir(output):
        raise UsageError(
            "{} is no directory: with --bench -o names the one that workers write in".format(output),
            fix="mkdir -p it, or leave -o out: then it is the current one",
        )
    return output


def _check_svg(path: str) -> None:
    """Before minutes are spent: whether the picture may and can be written. Raises OffkitError."""
    directory = os.path.dirname(path) or os.curdir
    try:
        if os.path.lexists(path):
            with open(path, "rb") as source:
                if source.read(len(_START)) != _START:
                    raise UsageError(
                        "{} is there already and is no picture of a bench, so it is left alone".format(path),
                        fix="name another file with --svg, or remove this one",
                    )
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(
                13, "Permission denied" if os.path.isdir(directory) else "no such directory"
            )
    except OSError as error:
        raise _unwritable(path, error)


def _write(path: str, text: str) -> None:
    part = os.path.join(os.path.dirname(path) or os.curdir, leftovers.name("svg", "part"))
    try:
        with open(part, "w", encoding="utf-8") as target:
            target.write(text)
        os.replace(part, path)
    except OSError as error:
        raise _unwritable(path, error)
    finally:
        if os.path.exists(part):
            os.unlink(part)


def _unwritable(path: str, error: OSError) -> EnvironmentProblem:
    text = "cannot be written: {}".format(error.strerror or error)
    fix = "name a place with room and permission: --svg DIR/bench.svg"
    return EnvironmentProblem(text, [Finding("VID005", ERROR, path, text, (), fix)])

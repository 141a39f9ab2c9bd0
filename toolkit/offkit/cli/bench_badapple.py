"""run-badapple --bench: measured, and told to people and programs."""

import os
import shutil
from typing import Any, Optional

from offkit.cli import render
from offkit.model.errors import EXIT_OK, UsageError
from offkit.model.report import Reporter

_LEAST_WIDTH = 60


def bench(video: Optional[str], asked: str, output: Optional[str], quick: bool, report: Reporter) -> int:
    """Measure ``video``, or the built-in film in full length, with the processes that ``asked`` names.

    ``output``: the directory the workers write in. numpy and cv2 can be imported. Raises OffkitError;
    findings are warnings, so the exit code is 0.
    """
    from offkit.badapple.bench import document, rounds, run

    counts = rounds.counts(asked)
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
    render.document(document.SCHEMA, **document.content(outcome))
    return EXIT_OK


def _show(outcome: Any) -> None:
    from offkit.badapple.bench import table

    marks = table.ASCII if render.is_ascii() else table.UNICODE
    for text in table.lines(outcome, max(_LEAST_WIDTH, render.width() or 80), marks):
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
            "{} is not a directory; with --bench, -o names the directory that workers write to".format(
                output
            ),
            fix="create it with mkdir -p, or omit -o to use the current directory",
        )
    return output

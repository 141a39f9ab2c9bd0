"""offkit run-badapple: prove with a video and many processes that everything works."""

import os
from typing import Any, Dict, List, Optional

import typer

from offkit.cli import options, render
from offkit.model.errors import EXIT_OK, EXIT_PROBLEMS, UsageError
from offkit.model.finding import has_errors

SCHEMA = "offkit/run-badapple-1"


def run_badapple(
    video: Optional[str] = typer.Argument(
        None, metavar="VIDEO", help="A video, or with --play a conversion. Default: a built-in shadow play."
    ),
    jobs: int = typer.Option(
        0,
        "-j",
        "--jobs",
        metavar="N",
        show_default=False,
        help="Processes. Default: one for every processor.",
    ),
    output: Optional[str] = typer.Option(
        None,
        "-o",
        "--output",
        metavar="OUT",
        help="The text file. Default: the video's name, or badapple.txt.",
    ),
    width: int = typer.Option(0, "--width", metavar="N", show_default=False, help="Characters in a row."),
    height: int = typer.Option(0, "--height", metavar="N", show_default=False, help="Rows. Default: 44."),
    full: bool = typer.Option(False, "--full", help="The built-in clip in full length: 6572 frames."),
    quick: bool = typer.Option(False, "--quick", help="Check the file only, not each picture."),
    play: bool = typer.Option(False, "--play", help="Show it in the terminal (q quits, space pauses)."),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> int:
    """Convert a video to character art with many processes, and check every frame."""
    report = render.console(json, quiet, verbose)
    given = {"--jobs": jobs, "--width": width, "--height": height}
    below = [name for name, value in given.items() if value < 0]
    if below:
        raise UsageError("{} must be 1 or more".format(" and ".join(below)))
    if full and video:
        raise UsageError("--full is about the built-in clip, and {} was given".format(video))
    if play and json:
        raise UsageError("--play and --json exclude each other: both want stdout")
    text = bool(video) and str(video).lower().endswith(".txt")
    if play:
        from offkit.badapple import play as player

        player.descriptors()
        if text:
            return _play(str(video))
    elif text:
        raise UsageError("{} is a text".format(video), fix="a conversion is shown with --play")

    # Whether there is a cv2 at all is for this module to find out, before anything imports it.
    from offkit.badapple import environment

    environment.load()
    from offkit.badapple import workload

    request = workload.Request(video, output, width, height, full, quick, jobs)
    outcome = workload.run(request, report)
    _show(outcome)
    code = EXIT_PROBLEMS if has_errors(outcome.findings) else EXIT_OK
    if play and code == EXIT_OK:
        _play(outcome.output)
    return code


def _play(path: str) -> int:
    from offkit.badapple import play, script

    shown = script.load(path)
    screen, keyboard = play.descriptors()
    try:
        played = play.play(path, shown, screen, keyboard)
    except KeyboardInterrupt:
        return EXIT_OK
    render.line("{} frames shown, {} dropped".format(played.shown, played.dropped))
    return EXIT_OK


def _show(outcome: Any) -> None:
    """The outcome (a badapple.workload.Outcome) for people, and as a document."""
    script = outcome.script
    good = not has_errors(outcome.findings)
    rate = script.frames / max(outcome.convert_seconds, 1e-9)
    for text in outcome.verified:
        render.good(text)
    render.findings(outcome.findings)
    render.table(_rows(outcome, rate))
    render.line("  see it   offkit run-badapple --play {}".format(outcome.output))
    render.line("           cat {}".format(outcome.output))
    document: Dict[str, Any] = {
        "verified": good,
        "output": os.path.abspath(outcome.output),
        "video": outcome.video,
        "frames": script.frames,
        "fps": script.fps,
        "resolution": [script.width, script.height],
        "rows": script.grid.rows,
        "columns": script.grid.columns,
        "workers": outcome.workers,
        "start_method": outcome.method,
        "convert_seconds": round(outcome.convert_seconds, 3),
        "check_seconds": round(outcome.check_seconds, 3),
        "frames_per_second": round(rate, 1),
        "cv2": outcome.libraries.cv2,
        "numpy": outcome.libraries.numpy,
        "checks": outcome.verified,
        "findings": [finding.to_json() for finding in outcome.findings],
    }
    render.document(SCHEMA, **document)


def _rows(outcome: Any, rate: float) -> List[List[str]]:
    script = outcome.script
    return [
        [
            "frames",
            "{} at {:g} a second, {}x{} pixels".format(
                script.frames, script.fps, script.width, script.height
            ),
        ],
        ["characters", "{} x {}".format(script.grid.columns, script.grid.rows)],
        ["processes", "{} ({})".format(outcome.workers, outcome.method)],
        ["converted", "{:.2f} s, {:.0f} frames a second".format(outcome.convert_seconds, rate)],
        ["checked", "{:.2f} s".format(outcome.check_seconds)],
        ["libraries", "OpenCV {}, numpy {}".format(outcome.libraries.cv2, outcome.libraries.numpy)],
        ["output", outcome.output],
    ]

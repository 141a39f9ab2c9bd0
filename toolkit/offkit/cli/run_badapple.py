"""offkit run-badapple: prove with a video and many processes that everything works."""

import os
import shlex
import shutil
import signal
import sys
from typing import Any, Dict, List, Optional

import typer

from offkit.badapple import unfinished
from offkit.cli import options, render
from offkit.model.errors import EXIT_OK, EXIT_PROBLEMS, UsageError
from offkit.model.finding import has_errors

SCHEMA = "offkit/run-badapple-1"


def run_badapple(
    video: Optional[str] = typer.Argument(
        None, metavar="VIDEO", help="A video, or with --play a conversion. Default: a built-in shadow play."
    ),
    jobs: Optional[int] = typer.Option(
        None,
        "-j",
        "--jobs",
        metavar="N",
        help="Processes. Default: one for every processor.",
    ),
    output: Optional[str] = typer.Option(
        None,
        "-o",
        "--output",
        metavar="OUT",
        help="The text file. Default: the video's name, or badapple.txt.",
    ),
    width: Optional[int] = typer.Option(None, "--width", metavar="N", help="Characters in a row."),
    height: Optional[int] = typer.Option(None, "--height", metavar="N", help="Rows. Default: 44."),
    full: bool = typer.Option(False, "--full", help="The built-in clip in full length: 6572 frames."),
    quick: bool = typer.Option(False, "--quick", help="Check the file only, not each picture."),
    play: bool = typer.Option(
        False, "--play", help="Show it in the terminal, while it is made (? shows the keys)."
    ),
    speed: float = typer.Option(1.0, "--speed", metavar="X", help="With --play: 0.25 to 8 times as fast."),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> int:
    """Convert a video to character art with many processes, and check every frame."""
    report = render.console(json, quiet, verbose)
    given = {"--jobs": jobs, "--width": width, "--height": height}
    below = [name for name, value in given.items() if value is not None and value < 1]
    if below:
        raise UsageError("{} must be 1 or more".format(" and ".join(below)))
    if full and video:
        raise UsageError("--full is about the built-in clip, and {} was given".format(video))
    if play and json:
        raise UsageError("--play and --json exclude each other: both want stdout")
    if not 0.25 <= speed <= 8:
        raise UsageError("--speed {:g} is not between 0.25 and 8".format(speed))
    if speed != 1 and not play:
        raise UsageError("--speed is about --play, which is not given")
    if not play and str(video).lower().endswith(".txt"):
        raise UsageError("{} is a text".format(video), fix="a conversion is shown with --play")

    _catch_endings(*[signal.SIGINT] * play)
    # Whether there is a cv2 at all is for this module to find out, before anything imports it.
    from offkit.badapple import environment

    environment.load()
    from offkit.badapple import workload

    request = workload.Request(video, output, width or 0, height or 0, full, quick, jobs or 0)
    if play:
        return _play(request, speed, report)
    outcome = workload.run(request, report)
    _show(outcome)
    return EXIT_PROBLEMS if has_errors(outcome.findings) else EXIT_OK


def _play(request: Any, speed: float, report: Any) -> int:
    """A conversion (of a badapple.workload.Request) as a film; a video while it is converted."""
    from offkit.badapple import workload
    from offkit.badapple.counting import count
    from offkit.badapple.player import behind, companion

    film, outcome = _conversion(str(request.video or ""), speed), None
    making = film is None
    if film is None:
        output = workload.output_path(request)
        film = companion.Film(output, unfinished.path(output), os.getpid(), speed)
    with companion.Companion(film) as screen:
        if making:
            outcome = workload.run(request, behind.Behind(report, screen))
        screen.wait()
    if outcome is not None:
        _show(outcome)
    played = screen.played()
    render.line("{} shown, {} dropped".format(count(played.shown, "frame"), played.dropped))
    return EXIT_PROBLEMS if outcome is not None and has_errors(outcome.findings) else EXIT_OK


def _conversion(path: str, speed: float) -> Any:
    """The companion.Film of the conversion at ``path``, complete or being made; None when it is a video."""
    from offkit.badapple.formats import catalogue
    from offkit.badapple.player.companion import Film

    if not path:
        return None
    if not os.path.exists(path):
        made = unfinished.of(path)
        return Film(path, made[-1][0], made[-1][1], speed) if made else None
    named = path.lower().endswith((".txt", ".cast", ".html"))
    return Film(path, speed=speed) if named or catalogue.is_ours(path) else None


def _catch_endings(*more: int) -> None:
    """SIGTERM, SIGHUP and ``more`` end the program like Ctrl-C, and only the first of them; a hang-up
    that nohup(1) ignores stays ignored."""
    endings = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP, *more)
        if signal.getsignal(number) != signal.SIG_IGN
    ]

    def end(number: int, frame: Any) -> None:
        for one in endings:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in endings:
        signal.signal(number, end)


def command() -> str:
    """How this offkit is started again, for a shell: its place under a prefix, or as it was started."""
    from offkit.target import generations

    prefix = generations.home(__file__)
    if prefix:
        return shlex.quote(os.path.join(prefix, "current", "bin", "offkit"))
    started = sys.argv[0]
    name = os.path.basename(started)
    if shutil.which(name) and os.path.realpath(str(shutil.which(name))) == os.path.realpath(started):
        return shlex.quote(name)
    if os.access(started, os.X_OK) and not started.endswith((".py", ".pyc")):
        return shlex.quote(started)
    if started.endswith(".pyz"):
        return " ".join(shlex.quote(word) for word in (sys.executable, started))
    return "{} -m offkit.cli.app".format(shlex.quote(sys.executable))


def _show(outcome: Any) -> None:
    """The outcome (a badapple.workload.Outcome) for people, and as a document."""
    script = outcome.script
    good = not has_errors(outcome.findings)
    rate = script.frames / max(outcome.convert_seconds, 1e-9)
    for text in outcome.verified:
        render.good(text)
    render.findings(outcome.findings)
    render.table(_rows(outcome, rate))
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
        "workers_wanted": outcome.wanted,
        "decoder_threads": outcome.decoder_threads,
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
        ["processes", _processes(outcome)],
        ["converted", "{:.2f} s, {:.0f} frames a second".format(outcome.convert_seconds, rate)],
        ["checked", "{:.2f} s".format(outcome.check_seconds)],
        ["libraries", "OpenCV {}, numpy {}".format(outcome.libraries.cv2, outcome.libraries.numpy)],
        *([["clip", "kept in {}".format(outcome.video)]] if outcome.kept else []),
        ["output", outcome.output],
        ["see it", "{} run-badapple --play {}".format(command(), shlex.quote(outcome.output))],
        ["", "cat {}".format(shlex.quote(outcome.output))],
    ]


def _processes(outcome: Any) -> str:
    """How many, and why not as many as wanted; decoder threads where they are more than one each."""
    from offkit.badapple.keyframes import LEAST

    parts = [outcome.method]
    if outcome.workers < outcome.wanted:
        straight = any(finding.code == "VID007" for finding in outcome.findings)
        why = "this video cannot be cut" if straight else "each takes {} frames or more".format(LEAST)
        parts.append("not {}: {}".format(outcome.wanted, why))
    if outcome.workers > 1 and outcome.decoder_threads > 1:
        threads = "{} decoder threads each, which OpenCV {} cannot limit"
        parts.append(threads.format(outcome.decoder_threads, outcome.libraries.cv2))
    return "{} ({})".format(outcome.workers, "; ".join(parts))

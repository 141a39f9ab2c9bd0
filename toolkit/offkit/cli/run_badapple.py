"""offkit run-badapple: prove with a video and many processes that everything works."""

import os
from typing import Any, Dict, Optional, Tuple

import typer

import offkit.theatre  # noqa: F401 (its formats are known from here on)
from offkit.badapple import unfinished
from offkit.badapple.formats import catalogue, cells
from offkit.cli import badapple_report, options, render
from offkit.edges import signals
from offkit.model.errors import EXIT_OK, EXIT_PROBLEMS, UsageError
from offkit.model.finding import has_errors

_COLOURS = {"none": cells.MONO, "16": cells.SIXTEEN, "256": cells.INDEXED, "true": cells.TRUE}
_MODES = (cells.CHARACTERS, cells.HALF, cells.BRAILLE)


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
        help="What is written. Default: the video's name, or badapple, with the format's suffix.",
    ),
    form: str = typer.Option(
        "",
        "--format",
        metavar="F",
        help="text, cast (asciinema) or html (a page that plays it). Default: by OUT's suffix: .txt, "
        ".cast, .html.",
        show_default=False,
    ),
    color: str = typer.Option("none", "--color", metavar="C", help="none, 16, 256 or true."),
    mode: str = typer.Option(
        cells.CHARACTERS,
        "--mode",
        metavar="M",
        help="characters, half (blocks, two pixels a cell) or braille.",
    ),
    ramp: Optional[str] = typer.Option(
        None,
        "--ramp",
        metavar="R",
        help="Characters from dark to light, or a name: standard, short, long, blocks, digits, binary.",
    ),
    invert: bool = typer.Option(False, "--invert", help="For terminals with a light background."),
    width: Optional[int] = typer.Option(None, "--width", metavar="N", help="Characters in a row."),
    height: Optional[int] = typer.Option(None, "--height", metavar="N", help="Rows. Default: 44."),
    cell_aspect: float = typer.Option(
        2.0, "--cell-aspect", metavar="X", help="Height of a character in widths."
    ),
    full: bool = typer.Option(False, "--full", help="The built-in clip in full length: 6572 frames."),
    quick: bool = typer.Option(False, "--quick", help="Check the file only: in seconds."),
    codecs: bool = typer.Option(False, "--codecs", help="Try every codec of OpenCV, with a VIDEO too."),
    play: bool = typer.Option(
        False, "--play", help="Show it in the terminal, while it is made (? shows the keys)."
    ),
    speed: float = typer.Option(1.0, "--speed", metavar="X", help="With --play: 0.25 to 8 times as fast."),
    bench: Optional[str] = typer.Option(
        None,
        "--bench",
        metavar="N,N",
        help="Measure with so many threads and processes: 1,2,4 or auto.",
    ),
    json: bool = options.JSON,
    quiet: bool = options.QUIET,
    verbose: bool = options.VERBOSE,
) -> int:
    """Convert a video to character art with many processes, and check every frame."""
    report = render.console(json, quiet, verbose)
    options.refuse_empty(output=output, ramp=ramp, bench=bench)
    if video == "":
        raise UsageError("VIDEO is given, but empty", fix="leave it out to have the built-in clip")
    given = {"--jobs": jobs, "--width": width, "--height": height}
    _refuse_below_one(given)
    if full and video:
        raise UsageError("--full applies only to the built-in clip, and {} was given".format(video))
    if play and json:
        raise UsageError("--play and --json exclude each other: both want stdout")
    if not 0.25 <= speed <= 8:
        raise UsageError("--speed {:g} is not between 0.25 and 8".format(speed))
    if bench is not None:
        other = {
            "--play": play,
            "--jobs": jobs,
            "--format": form,
            "--color": color != "none",
            "--mode": mode != cells.CHARACTERS,
            "--ramp": ramp,
            "--invert": invert,
            "--width": width,
            "--height": height,
            "--cell-aspect": cell_aspect != 2.0,
            "--codecs": codecs,
        }
        _refuse_with_bench(other, full and quick)
    if speed != 1 and not play:
        raise UsageError("--speed needs --play")
    if not play and str(video).lower().endswith(catalogue.suffixes()):
        raise UsageError("{} is not a video".format(video), fix="a conversion is shown with --play")
    if quick and codecs:
        raise UsageError("--quick and --codecs exclude each other: codecs take longer")
    colour, characters = _look(color, mode, ramp)

    signals.interrupt_once()
    _load(play)
    from offkit.badapple import workload

    if bench is not None:
        from offkit.cli import bench_badapple

        return bench_badapple.bench(video, bench, output, quick, report)
    request = workload.Request(video, output, width or 0, height or 0, full, quick, jobs or 0)
    request = request._replace(
        form=form, mode=mode, colour=colour, ramp=characters, invert=invert, aspect=cell_aspect, codecs=codecs
    )
    if play:
        return _play(request, speed, report)
    outcome = workload.run(request, report)
    badapple_report.show(outcome, codecs)
    return EXIT_PROBLEMS if has_errors(outcome.findings) else EXIT_OK


def _refuse_below_one(given: Dict[str, Optional[int]]) -> None:
    below = [name for name, value in given.items() if value is not None and value < 1]
    if below:
        raise UsageError("{} must be 1 or more".format(" and ".join(below)))


def _refuse_with_bench(other: Dict[str, Any], full_and_quick: bool) -> None:
    """``other``: the options that say what is converted, and how; true where they are given."""
    useless = [name for name, value in other.items() if value]
    if useless:
        raise UsageError("--bench excludes {}: it always measures the same".format(" and ".join(useless)))
    if full_and_quick:
        raise UsageError("--full and --quick exclude each other with --bench: it is quick by being short")


def _load(play: bool) -> None:
    """Everything that needs numpy and OpenCV. Raises OffkitError where one cannot be imported."""
    with signals.held():
        # Whether there is a cv2 at all is for this module to find out, before anything imports it.
        from offkit.badapple import environment

        environment.load()
        from offkit.badapple import workload  # noqa: F401

        if play:
            from offkit.theatre.player import deferred, player_process  # noqa: F401


def _look(color: str, mode: str, ramp: Optional[str]) -> Tuple[str, str]:
    """(colours, characters) as the workload takes them. Raises UsageError."""
    from offkit.badapple.formats import look

    if color not in _COLOURS:
        raise UsageError("--color {} is not one of {}".format(color, ", ".join(_COLOURS)))
    if mode not in _MODES:
        raise UsageError("--mode {} is not one of {}".format(mode, ", ".join(_MODES)))
    if ramp is not None and mode != cells.CHARACTERS:
        raise UsageError("--ramp needs --mode characters, and {} was given".format(mode))
    return _COLOURS[color], look.DEFAULT_RAMP if ramp is None else look.ramp(ramp)


def _play(request: Any, speed: float, report: Any) -> int:
    """A conversion (of a badapple.workload.Request) as a film; a video while it is converted."""
    from offkit.badapple import output, workload
    from offkit.model.words import several
    from offkit.theatre.player import deferred, player_process

    film, outcome = _conversion(str(request.video or ""), speed), None
    making = film is None
    if film is None:
        path, _ = output.place(request.video, request.output, request.form)
        film = player_process.Film(path, unfinished.path(path), os.getpid(), speed)
    with player_process.PlayerProcess(film) as screen:
        told = deferred.Deferred(report, screen)
        if making:
            outcome = workload.run(request, told)
        screen.wait()
        told.is_alone()  # and what it kept is said
    if outcome is not None:
        badapple_report.show(outcome, request.codecs)
    played = screen.played()
    render.line("{} shown, {} dropped".format(several(played.shown, "frame"), played.dropped))
    return EXIT_PROBLEMS if outcome is not None and has_errors(outcome.findings) else EXIT_OK


def _conversion(path: str, speed: float) -> Any:
    """What to play of the conversion at ``path``, complete or being made; None when it is a video.

    Raises UsageError when it is neither."""
    from offkit.badapple.video import decode
    from offkit.theatre.player.player_process import Film

    if not path:
        return None
    if not os.path.exists(path):
        made = unfinished.of(path)
        if made:
            return Film(path, made[-1][0], made[-1][1], speed)
    decode.require_file(path)
    named = path.lower().endswith(catalogue.suffixes())
    return Film(path, speed=speed) if named or catalogue.is_ours(path) else None

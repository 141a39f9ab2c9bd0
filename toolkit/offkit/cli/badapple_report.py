"""What run-badapple has to say: for people, and as a document."""

import os
import shlex
import shutil
import sys
from typing import Any, Dict, List

from offkit.cli import render
from offkit.cli.glyphs import visible
from offkit.model import words
from offkit.model.finding import has_errors

SCHEMA = "offkit/run-badapple-1"


def command() -> str:
    """How this offkit is started again, for a shell: its place under a prefix, or as it was started."""
    from offkit.server.prefix import generations

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


def show(outcome: Any, codecs: bool = False) -> None:
    """The outcome (a badapple.workload.Outcome); with ``codecs`` each of those tried."""
    for text in outcome.verified:
        render.good(text)
    render.findings(outcome.findings)
    render.table([[visible(cell) for cell in row] for row in _rows(outcome)])
    if (codecs or render.verbose()) and outcome.tried:
        render.title("codecs")
        render.table(_codecs(outcome))
    render.document(SCHEMA, **_document(outcome))


def _rate(outcome: Any) -> float:
    return float(outcome.result.frames / max(outcome.convert_seconds, 1e-9))


def _document(outcome: Any) -> Dict[str, Any]:
    form, result = outcome.form, outcome.result
    return {
        "verified": not has_errors(outcome.findings),
        "output": os.path.abspath(outcome.output),
        "format": form.name,
        "mode": form.look.mode,
        "color": "none" if form.look.colour == "mono" else form.look.colour,
        "ramp": form.look.ramp,
        "invert": form.look.invert,
        "output_bytes": outcome.size,
        "video": outcome.video,
        "frames": result.frames,
        "frames_claimed": result.claimed,
        "frames_lost": result.lost,
        "fps": form.facts.fps,
        "resolution": [form.facts.width, form.facts.height],
        "rows": form.look.grid.rows,
        "columns": form.look.grid.columns,
        "workers": result.workers,
        "workers_wanted": outcome.wanted,
        "decoder_threads": outcome.decoder_threads,
        "start_method": outcome.method,
        "per_worker": [_rounded(share._asdict()) for share in result.per_worker],
        "processors": [
            _rounded({"processor": one.processor, "cpu_seconds": one.cpu_seconds, "trouble": one.trouble})
            for one in outcome.worked
        ],
        "limits": dict(outcome.limits._asdict()),
        "codecs": [_rounded(one._asdict()) for one in outcome.tried],
        "convert_seconds": round(outcome.convert_seconds, 3),
        "check_seconds": round(outcome.check_seconds, 3),
        "frames_per_second": round(_rate(outcome), 1),
        "cv2": outcome.libraries.cv2,
        "numpy": outcome.libraries.numpy,
        "checks": outcome.verified,
        "findings": [finding.to_json() for finding in outcome.findings],
    }


def _rounded(values: Dict[str, Any]) -> Dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}


def _rows(outcome: Any) -> List[List[str]]:
    form, result = outcome.form, outcome.result
    facts, grid = form.facts, form.look.grid
    output = shlex.quote(outcome.output)
    again = "{} run-badapple --play {}".format(command(), output)
    return [
        [
            "frames",
            "{} at {:g} a second, {}x{} pixels".format(result.frames, facts.fps, facts.width, facts.height),
        ],
        ["characters", "{} x {}{}".format(grid.columns, grid.rows, _look(form.look))],
        ["processes", _processes(outcome)],
        [
            "converted",
            "{:.2f} s, {:.0f} frames a second".format(outcome.convert_seconds, _rate(outcome)),
        ],
        ["checked", "{:.2f} s".format(outcome.check_seconds)],
        ["libraries", "OpenCV {}, numpy {}".format(outcome.libraries.cv2, outcome.libraries.numpy)],
        *([["clip", "kept in {}".format(outcome.video)]] if outcome.kept else []),
        ["output", "{}, {}".format(outcome.output, words.size(outcome.size))],
        *_ways(form, again, output),
    ]


def _look(look: Any) -> str:
    """What is not as usual."""
    parts = [] if look.mode == "characters" else [look.mode]
    parts += (
        [] if look.colour == "mono" else [look.colour + (" color" if look.colour == "true" else " colors")]
    )
    parts += ["inverted"] if look.invert else []
    return ", " + ", ".join(parts) if parts else ""


def _ways(form: Any, again: str, output: str) -> List[List[str]]:
    """How to see it."""
    from offkit.badapple.formats.about import unshowable

    needs = ", in a terminal with UTF-8" if unshowable(form.look, render.encoding()) else ""
    return [["see it", again], ["", form.viewer.format(output=output, needs=needs)]]


def _processes(outcome: Any) -> str:
    """How many, and why not as many as wanted; decoder threads where they are more than one each."""
    from offkit.badapple.video.keyframes import LEAST

    told = {finding.code for finding in outcome.findings}
    told |= {finding.subject for finding in outcome.findings if finding.code == "VID016"}
    workers, parts = outcome.result.workers, [outcome.method]
    if workers < outcome.wanted:
        why = "each takes {} frames or more".format(LEAST)
        if "VID007" in told:
            why = "this video cannot be cut"
        elif outcome.result.lost:
            why = "it ends before the other parts begin"
        elif told & {"processes", "open files", "memory"}:
            why = "this server limits them"
        parts.append("not {}: {}".format(outcome.wanted, why))
    if workers > 1 and outcome.decoder_threads > 1:
        threads = "{} decoder threads each, which OpenCV {} cannot limit"
        parts.append(threads.format(outcome.decoder_threads, outcome.libraries.cv2))
    return "{} ({})".format(workers, "; ".join(parts))


def _codecs(outcome: Any) -> List[List[str]]:
    from offkit.badapple.verify.codecs import PAIRS, WORKS

    names = {(codec, container): name for codec, container, name in PAIRS}
    rows = []
    for one in outcome.tried:
        state = one.state if one.state == WORKS else "{} {}".format(one.state, one.detail).strip()
        more = words.size(one.size) if one.size else ""
        if one.state == WORKS and not one.seeks:
            more += ", seeks inexactly"
        rows.append(
            [names[(one.codec, one.container)], "{}/{}".format(one.codec.strip(), one.container), state, more]
        )
    return rows

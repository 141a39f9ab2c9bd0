"""The bench as lines of text: the origin's table for this machine, bars, and what the model says.

Lines fit 60 columns; with more room the columns stand further apart and bars are longer.
"""

import textwrap
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from offkit.badapple.bench import model
from offkit.badapple.bench.numbers import ratio
from offkit.badapple.bench.outcome import LINEAR, PROCESSES, Outcome, Row
from offkit.badapple.video import keyframes

# The origin's own times in seconds, as published with it: linear, and with so many processes.
LAPTOP: Dict[Tuple[str, int], int] = {
    (LINEAR, 1): 35,
    (PROCESSES, 2): 24,
    (PROCESSES, 4): 18,
    (PROCESSES, 8): 18,
    (PROCESSES, 16): 18,
}
SERVER: Dict[Tuple[str, int], int] = {
    (LINEAR, 1): 51,
    (PROCESSES, 4): 24,
    (PROCESSES, 8): 23,
    (PROCESSES, 16): 22,
    (PROCESSES, 32): 21,
}
ORIGIN_FRAMES = 6572

LIMITS = {
    model.DECODER: "decoding",
    model.CONVERSION: "converting",
    model.CORES: "the cores",
    model.MEMORY: "the memory",
    model.DISK: "the disk",
    model.STARTING: "starting processes",
}


class Marks(NamedTuple):
    """Characters of the bars."""

    decode: str
    convert: str
    write: str
    rest: str
    none: str


UNICODE = Marks("█", "▓", "░", "·", "–")
ASCII = Marks("#", "=", "-", ".", "-")


def lines(outcome: Outcome, width: int, marks: Marks) -> List[str]:
    """Everything, for a terminal ``width`` columns wide (60 or more)."""
    found = _heading(outcome)
    found += [""] + _table(outcome, width, marks)
    found += [""] + _where(outcome, width, marks)
    found += [""] + _model(outcome)
    return found + [""] + _amdahl(outcome, width)


def _heading(outcome: Outcome) -> List[str]:
    here, video = outcome.machine, outcome.video
    parts = ["{} of {} processors".format(here.mask, here.online)]
    if here.quota:
        parts.append("time of {:.2g}".format(here.quota))
    parts.append(
        "{} threads a core".format(here.siblings)
        if here.siblings > 1
        else "one thread a core"
        if here.known
        else "threads of a core not known"
    )
    if here.load is not None:
        parts.append("load {:.2f}".format(here.load))
    return [
        "{}, OpenCV {}".format(here.name, outcome.libraries.cv2),
        ", ".join(parts),
        "{} frames of {} x {}, to {} x {} characters".format(
            outcome.frames,
            video.width,
            video.height,
            outcome.form.look.grid.columns,
            outcome.form.look.grid.rows,
        ),
    ]


def _table(outcome: Outcome, width: int, marks: Marks) -> List[str]:
    head = [
        ["seconds", "origin", "origin", "offkit", "speed", "effi-", "times"],
        ["", "laptop", "server", "here", "up", "ciency", "decoding"],
    ]
    first = outcome.first
    found = _columns(head + [_row(row, first, marks) for row in outcome.rows], width)
    told = []
    if outcome.frames != ORIGIN_FRAMES:
        told.append("The origin's times are for {} frames.".format(ORIGIN_FRAMES))
    if first and first.workers > 1:
        told.append("Speed-up is against {} processes.".format(first.workers))
    times = "median of {}".format(outcome.repeats) if outcome.repeats > 1 else "one measurement"
    told.append("{}; least and greatest are in --json.".format(times.capitalize()))
    few = fewer(outcome)
    return found + told + (textwrap.wrap("* " + few, width) if few else [])


def fewer(outcome: Outcome) -> str:
    """Which rows had fewer workers than asked for; empty where none had."""
    told = ["{} of {}".format(row.used, row.workers) for row in outcome.rows if row.fewer]
    if not told:
        return ""
    text = "fewer processes had work: {} ({} frames each at least)."
    return text.format(", ".join(told), keyframes.LEAST)


def _row(row: Row, first: Optional[Row], marks: Marks) -> List[str]:
    key = (row.kind, row.workers)
    name = row.kind if row.kind == LINEAR else "{} {}".format(row.kind, row.workers) + "*" * row.fewer
    up = speed_up(row, first)
    return [
        name,
        str(LAPTOP.get(key, marks.none)),
        str(SERVER.get(key, marks.none)),
        _seconds(row.offkit.median) if row.offkit.values else marks.none,
        "{:.2f}".format(up) if up else marks.none,
        "{:.0%}".format(efficiency(row, first)) if up else marks.none,
        "{:.2f}".format(times_decoding(row)) if times_decoding(row) else marks.none,
    ]


def speed_up(row: Row, first: Optional[Row]) -> float:
    """Against the fewest processes measured; 0.0 where there is nothing to compare."""
    return ratio(first.offkit.median, row.offkit.median) if first else 0.0


def efficiency(row: Row, first: Optional[Row]) -> float:
    """Speed-up for each process that had work; 0.0 as for ``speed_up``."""
    return speed_up(row, first) * (first.active if first else 1) / row.active


def times_decoding(row: Row) -> float:
    """What decoding alone takes of the same processes, in these terms; 0.0 where it was not measured."""
    return ratio(row.offkit.median, row.floor.median)


def _seconds(seconds: float) -> str:
    return "{:.1f}".format(seconds) if seconds >= 10 else "{:.2f}".format(seconds)


def _columns(rows: Sequence[Sequence[str]], width: int) -> List[str]:
    """The first column to the left, the others to the right, as far apart as there is room."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    gap = max(1, min(3, (width - sum(widths)) // max(1, len(widths) - 1)))
    found = []
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(size) for cell, size in zip(row[1:], widths[1:])]
        found.append((" " * gap).join(cells).rstrip())
    return found


def _where(outcome: Outcome, width: int, marks: Marks) -> List[str]:
    """Where the time of the workers goes, and what keeps more processes from being faster."""
    found = ["Where time goes: {} decode, {} convert, {} write, {} waiting".format(*marks[:4])]
    room = max(10, min(40, width - 36))
    for row in outcome.rows:
        if row.kind != PROCESSES or not row.offkit.values:
            continue
        found.append(
            "{:>3} {} {} decoding alone {}".format(
                row.workers,
                bar(row, room, marks),
                ("{:.2f} s".format(row.offkit.median)).rjust(7),
                ("{:.2f} s".format(row.floor.median)) if row.floor.values else marks.none,
            )
        )
        if row.predicted:
            busy = ratio(row.cpu, row.offkit.median * outcome.machine.mask)
            found.append(
                "    limit: {}; {:.0%} of {} busy".format(
                    LIMITS[row.predicted.limit],
                    min(1.0, busy),
                    "the core" if outcome.machine.mask == 1 else "{} cores".format(outcome.machine.mask),
                )
            )
    return found if len(found) > 1 else []


def bar(row: Row, room: int, marks: Marks) -> str:
    """A bar of ``room`` characters for all the time that the processes of a row had."""
    whole = max(row.offkit.median * row.active, sum(row.shares)) or 1.0
    text, done = "", 0.0
    for share, mark in zip(row.shares, marks):
        done += share
        text += mark * (round(done / whole * room) - len(text))
    return text + marks.rest * (room - len(text))


def _model(outcome: Outcome) -> List[str]:
    found = []
    body = [["model", "says", "measured", "off"]]
    for row in outcome.rows:
        if row.predicted:
            said, measured = row.predicted.seconds, row.offkit.median
            here = "{} here".format(row.workers)
            off = "{:+.0%}".format(ratio(said, measured) - 1)
            body.append([here, "{:.2f}".format(said), "{:.2f}".format(measured), off])
    if len(body) > 1:
        found += _columns(body, 40) + [""]
    found += ["With such cores and a process for each, the model says (s):", "cores  offkit  limit"]
    for cores, ahead in outcome.ahead:
        found.append("{:>5}  {:>6}  {}".format(cores, _seconds(ahead.seconds), LIMITS[ahead.limit]))
    return found


def _amdahl(outcome: Outcome, width: int) -> List[str]:
    """Why the origin was no faster with 32 processes than with 4, and what is left of that."""
    server = [(count, float(seconds)) for (_, count), seconds in SERVER.items()]
    here = [
        (row.active, row.offkit.median)
        for row in outcome.rows
        if row.kind == PROCESSES and row.offkit.values and row.active <= outcome.machine.cores
    ]
    text = "By Amdahl's law {:.0%} of the origin's work on its server is done by one process while "
    text = text.format(model.serial_part(server)) + "the others wait."
    if len(here) > 1:
        text += " Of offkit's here: {:.0%}.".format(model.serial_part(here))
    return textwrap.wrap(text, width)

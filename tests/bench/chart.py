"""The bench as a picture: one SVG that needs nothing from outside, in light and in dark.

It is drawn from the document that "offkit run-badapple --bench N,N --json" prints, and from what
"make bench-badapple" adds to it as "design" (rival.py):

python chart.py DOCUMENT.json > docs/bench.svg
"""

import json
import math
import os
import sys
import textwrap
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "toolkit"))

from offkit.badapple.bench import table  # noqa: E402
from offkit.badapple.bench.outcome import LINEAR, PROCESSES  # noqa: E402
from offkit.badapple.video import keyframes  # noqa: E402

WIDTH = 760
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 560, 92, 400  # of the plot
_BARS = 448  # where the bars begin
_CAPTION, _LINE, _LETTERS = 570, 19, 88  # where the caption begins, its lines and their length

_STYLE = """
.b{fill:#fff}.t{fill:#1c2128}.s{fill:#57606a}.g{stroke:#d0d7de;stroke-width:1}
.l{fill:none;stroke-width:2}.laptop{stroke:#8250df}.server{stroke:#bf3989}.design{stroke:#9a6700}
.offkit{stroke:#0969da;stroke-width:3}.floor{stroke:#57606a;stroke-dasharray:2 3}
.model{stroke:#0969da;stroke-dasharray:6 4}.ahead{stroke:#9a6700;stroke-dasharray:6 4}
.n{fill:#bc4c00}.d{fill:#0969da}.c{fill:#54aeff}.w{fill:#9a6700}.r{fill:#d0d7de}
text{font:13px system-ui,sans-serif}.h{font-size:18px;font-weight:600}
@media (prefers-color-scheme:dark){.b{fill:#0d1117}.t{fill:#e6edf3}.s{fill:#9198a1}.g{stroke:#3d444d}
.laptop{stroke:#ab7df8}.server{stroke:#f778ba}.design,.ahead{stroke:#d29922}.offkit,.model{stroke:#4493f8}
.floor{stroke:#9198a1}.n{fill:#f0883e}.d{fill:#4493f8}.c{fill:#9cc7ff}.w{fill:#d29922}.r{fill:#3d444d}}
"""

Points = List[Tuple[float, float]]  # processes, seconds


class Line(NamedTuple):
    name: str
    kind: str  # class in the style
    points: Points


Document = Dict[str, Any]  # docs/bench.md


def curves(document: Document) -> List[Line]:
    """What is drawn, without what was not measured."""
    rows = _processes(document)
    other = "" if document["frames"] == table.ORIGIN_FRAMES else ", {} frames".format(table.ORIGIN_FRAMES)
    design = document.get("design") or {"processes": [], "model": []}

    def measured(name: str) -> Points:
        return [(row["workers"], row[name]["median"]) for row in rows if row[name]]

    found = [
        Line("origin's laptop" + other, "laptop", _origin(table.LAPTOP)),
        Line("origin's server" + other, "server", _origin(table.SERVER)),
        Line("origin's design here", "design", design["processes"]),
        Line("its model", "ahead", design["model"]),
        Line("offkit here", "offkit", measured("offkit")),
        Line("its model", "model", [(one["cores"], one["offkit"]["seconds"]) for one in document["model"]]),
        Line("decoding alone", "floor", measured("decoding_alone")),
    ]
    return [line for line in found if line.points]


def _processes(document: Document) -> List[Document]:
    return [row for row in document["measurements"] if row["kind"] == PROCESSES]


def _origin(times: Dict[Tuple[str, int], int]) -> Points:
    return [(float(count), float(seconds)) for (kind, count), seconds in sorted(times.items(), key=_by_count)]


def _by_count(item: Tuple[Tuple[str, int], int]) -> Tuple[int, int]:
    (kind, count), _ = item
    return (0 if kind == LINEAR else 1, count)


def svg(document: Document) -> str:
    """The document. Text alternatives are in ``title`` and ``desc``."""
    drawn = curves(document)
    seconds = [value for line in drawn for _, value in line.points if value > 0]
    low, high = _decades(seconds)
    most = max(count for line in drawn for count, _ in line.points)
    scale = _Scale(low, high, math.log2(max(2.0, most)))
    told, warned = caption(document), warnings(document)
    below = _lines(told, "s") + _lines(warned, "n")
    height = _CAPTION + _LINE * len(below)
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" '
        'aria-labelledby="title desc">'.format(WIDTH, height),
        '<title id="title">Seconds for {} frames, by processes</title>'.format(document["frames"]),
        '<desc id="desc">{}</desc>'.format(_escaped(" ".join([description(drawn)] + told + warned))),
        "<style>{}</style>".format(_STYLE),
        '<rect class="b" width="{}" height="{}"/>'.format(WIDTH, height),
        _text(_LEFT, 34, "Seconds for {} frames, by processes".format(document["frames"]), "t h"),
        _text(_LEFT, 56, _subtitle(document), "s"),
        _text(
            _LEFT,
            76,
            "both scales are logarithmic: where the time falls in a straight line, every core helps",
            "s",
        ),
    ]
    parts += _axes(scale, most)
    for place, line in enumerate(drawn):
        spots = [scale.at(count, value) for count, value in line.points]
        parts.append(_path(spots, line.kind))
        if line.kind not in ("floor", "model", "ahead"):
            parts += [_dot(spot, line.kind) for spot in spots]
        parts += _key(line, place)
    parts += _bars(document)
    parts += [_text(_LEFT, _CAPTION + _LINE * row, *line) for row, line in enumerate(below)]
    return "\n".join(parts + ["</svg>", ""])


def caption(document: Document) -> List[str]:
    """Sentences for a picture, which is passed on without its report. Warnings are apart: ``warnings``."""
    if document["repeats"] > 1:
        samples = [row[name] for row in _processes(document) for name in ("offkit", "decoding_alone")]
        spread = max((_spread(sample) for sample in samples if sample), default=0.0)
        found = ["Medians of {} rounds, at most {:.0%} apart.".format(document["repeats"], spread)]
    else:
        found = ["One round: each time was measured once."]
    stretch = (document.get("design") or {"frames": document["frames"]})["frames"]
    if stretch < document["frames"]:
        text = "The origin's design, built again, was measured over {} of {} frames and scaled."
        found.append(text.format(stretch, document["frames"]))
    few = [
        "{workers_used} of {workers}".format(**row)
        for row in _processes(document)
        if row["workers_used"] and row["workers_used"] < row["workers"]
    ]
    if few:
        text = "Fewer processes had work in offkit: {} ({} frames each at least)."
        found.append(text.format(", ".join(few), keyframes.LEAST))
    return found


def _spread(sample: Document) -> float:
    median = sample["median"]
    return float((sample["greatest"] - sample["least"]) / median) if median else 0.0


def warnings(document: Document) -> List[str]:
    """VID019, if there is one: measurements not to be relied on."""
    return ["{code}: {message}.".format(**one) for one in document["findings"] if one["code"] == "VID019"]


def _lines(sentences: Sequence[str], kind: str) -> List[Tuple[str, str]]:
    """(words, class) of each line that they take."""
    return [(words, kind) for words in textwrap.wrap(" ".join(sentences), _LETTERS)]


def description(drawn: Sequence[Line]) -> str:
    """All curves in words and numbers."""
    told = []
    for line in drawn:
        points = ", ".join("{:g}: {:.2f} s".format(*point) for point in line.points)
        whose = {"ahead": "model of the origin's design", "model": "model of offkit"}
        told.append("{}: {}".format(whose.get(line.kind, line.name), points))
    return "By number of processes. " + "; ".join(told) + "."


class _Scale(NamedTuple):
    low: int  # powers of ten
    high: int
    doublings: float  # from left to right

    def at(self, count: float, seconds: float) -> Tuple[float, float]:
        part = (math.log10(max(seconds, 1e-3)) - self.low) / (self.high - self.low)
        across = math.log2(max(1.0, count)) / self.doublings
        return _LEFT + across * (_RIGHT - _LEFT), _BOTTOM - part * (_BOTTOM - _TOP)


def _decades(seconds: Sequence[float]) -> Tuple[int, int]:
    low = math.floor(math.log10(min(seconds))) if seconds else 0
    high = math.ceil(math.log10(max(seconds))) if seconds else 1
    return low, max(high, low + 1)


def _axes(scale: _Scale, most: float) -> List[str]:
    found = []
    for power in range(scale.low, scale.high + 1):
        for step in (1, 2, 5) if power < scale.high else (1,):
            x, y = scale.at(1, step * 10.0**power)
            found.append('<path class="g" d="M{:.1f} {:.1f}H{}"/>'.format(x, y, _RIGHT))
            found.append(_text(_LEFT - 8, y + 4, "{:g} s".format(step * 10.0**power), "s", "end"))
    count = 1
    while count <= most:
        x, _ = scale.at(count, 1)
        found.append(_text(x, _BOTTOM + 18, str(count), "s", "middle"))
        count *= 2
    return found


def _key(line: Line, place: int) -> List[str]:
    y = _TOP + 12 + 22 * place
    indent = 14 if line.name == "its model" else 0
    x = _RIGHT + 20 + indent
    return [
        '<path class="l {}" d="M{} {}h24"/>'.format(line.kind, x, y - 4),
        _text(x + 32, y, line.name, "t"),
    ]


def _bars(document: Document) -> List[str]:
    """Where the time of the workers goes: a bar for the fewest and for the most processes."""
    rows = [row for row in _processes(document) if row["offkit"]]
    found = []
    for place, row in enumerate([rows[0], rows[-1]] if len(rows) > 1 else rows):
        y, x = _BARS + 30 * place, _LEFT + 50.0
        shares = [row["worker_seconds"][name] for name in ("decode", "convert", "write")]
        whole = max(row["offkit"]["median"] * (row["workers_used"] or row["workers"]), sum(shares)) or 1.0
        rest = max(0.0, whole - sum(shares))
        label = "1 process" if row["workers"] == 1 else "{} processes".format(row["workers"])
        found.append(_text(_LEFT + 42, y + 14, label, "t", "end"))
        for share, kind in zip([*shares, rest], "dcwr"):
            size = share / whole * (_RIGHT - _LEFT - 50)
            box = '<rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="20"/>'
            found.append(box.format(kind, x, y, size))
            x += size
    for place, (kind, name) in enumerate(zip("dcwr", ("decode", "convert", "write", "waiting"))):
        x, y = _LEFT + 50 + 110 * place, _BARS + 76
        found.append('<rect class="{}" x="{}" y="{}" width="12" height="12"/>'.format(kind, x, y))
        found.append(_text(x + 18, y + 11, name, "t"))
    return found if rows else []


def _subtitle(document: Document) -> str:
    here = document["machine"]
    usable = here["processors_usable"]
    processors = "1 processor" if usable == 1 else "{} processors".format(usable)
    size = "{}x{}".format(*document["resolution"])
    return "{}, {}, OpenCV {}, {}".format(here["processor"], processors, document["cv2"], size)


def _path(spots: Sequence[Tuple[float, float]], kind: str) -> str:
    way = "L".join("{:.1f} {:.1f}".format(*spot) for spot in spots)
    return '<path class="l {}" d="M{}"/>'.format(kind, way)


def _dot(spot: Tuple[float, float], kind: str) -> str:
    return '<circle class="l {}" cx="{:.1f}" cy="{:.1f}" r="3"/>'.format(kind, *spot)


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    return '<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>'.format(
        kind, x, y, anchor, _escaped(words)
    )


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        sys.stdout.write(svg(json.load(source)))

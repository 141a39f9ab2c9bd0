"""What the bench draws: where each curve, bar and name stands."""

import json
import os
import subprocess
import sys
import types
import xml.etree.ElementTree as ElementTree

import pytest

from offkit.badapple import environment
from offkit.badapple.bench import document, machine, model, table
from offkit.badapple.bench.numbers import sample
from offkit.badapple.bench.outcome import LINEAR, PROCESSES, THREADS, Outcome, Row
from offkit.badapple.formats.cells import Grid
from offkit.badapple.video import decode
from offkit.model.finding import WARNING, Finding

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TESTS, "bench"))
import chart  # noqa: E402

SPACE = "{http://www.w3.org/2000/svg}"
HERE = machine.Machine("Xeon & Co", 4, 4, None, 1, True, 0, 0.0)
FASTER = model.Prediction(4, 5.0, model.CORES, {}, 0)
ONE = Row(PROCESSES, 1, sample([10.0]), sample([8.0]), shares=(4.0, 2.0, 2.0))
FOUR = Row(PROCESSES, 4, sample([4.0, 5.0, 3.0]), sample([2.0]), shares=(8.0, 4.0, 4.0))


def outcome(*rows, stretch=table.ORIGIN_FRAMES, **more):
    """The document of a bench of the origin's number of frames, and of the origin's design beside it."""
    found = Outcome(
        machine=HERE,
        libraries=environment.Libraries("4.6.0", "1.19.5"),
        video=decode.Video("film.mp4", table.ORIGIN_FRAMES, 30.0, 512, 384),
        frames=table.ORIGIN_FRAMES,
        form=types.SimpleNamespace(look=types.SimpleNamespace(grid=Grid(44, 117))),
        repeats=1,
        rows=list(rows),
        costs=model.Costs(0.0, 0.0, 0.0, 0.0),
        memory={},
        disk=0.0,
        ahead=[(8, FASTER), (16, FASTER)],
        seconds=1.0,
        findings=[],
    )
    content = document.content(found._replace(**more))
    return dict(
        content, design={"frames": stretch, "processes": [(1, 90.0), (4, 30.0)], "model": [(8, 50.0)]}
    )


@pytest.fixture
def drawn():
    return lambda *rows, **more: ElementTree.fromstring(chart.svg(outcome(*rows, **more)))


def bars(root):
    """(class, left, width) of each part of the bars, from the top one on."""
    found = {}
    for one in root.iter(SPACE + "rect"):
        if one.get("height") == "20":
            part = one.get("class"), float(one.get("x")), float(one.get("width"))
            found.setdefault(float(one.get("y")), []).append(part)
    return [found[y] for y in sorted(found)]


def texts(root):
    """Where each text stands: (x, y) by its words, of the last that says them."""
    return {one.text: (float(one.get("x")), float(one.get("y"))) for one in root.iter(SPACE + "text")}


def test_where_the_time_goes(drawn):
    """A bar for one process and one for the most: their parts lie side by side, the rest is waiting."""
    root = drawn(Row(LINEAR, 1, sample([11.0])), ONE, ONE._replace(workers=2), FOUR)
    assert bars(root) == [
        [("d", 114.0, 178.4), ("c", 292.4, 89.2), ("w", 381.6, 89.2), ("r", 470.8, 89.2)],
        [("d", 114.0, 223.0), ("c", 337.0, 111.5), ("w", 448.5, 111.5), ("r", 560.0, 0.0)],
    ]
    said = texts(root)
    assert said["1 process"] == (106, 462)
    assert said["4 processes"] == (106, 492)
    assert [said[name] for name in ("decode", "convert", "write", "waiting")] == [
        (132, 535),
        (242, 535),
        (352, 535),
        (462, 535),
    ]


def test_one_row_has_one_bar(drawn):
    """Of what nothing is known of, all is waiting; a row that has not been measured has none."""
    alone = drawn(FOUR._replace(offkit=sample([0.0]), shares=(0.0, 0.0, 0.0)), Row(PROCESSES, 8))
    (bar,) = bars(alone)
    assert bar == [("d", 114.0, 0.0), ("c", 114.0, 0.0), ("w", 114.0, 0.0), ("r", 114.0, 446.0)]
    nothing = drawn(Row(PROCESSES, 8), Row(THREADS, 8, sample([80.0])))
    assert bars(nothing) == []
    assert "waiting" not in texts(nothing)


def test_fewer_processes_than_asked_for_share_the_bar(drawn):
    """What was measured is divided by those that had work."""
    (bar,) = bars(drawn(FOUR._replace(used=2, shares=(2.0, 1.0, 1.0))))
    assert [part[2] for part in bar] == [111.5, 55.8, 55.8, 223.0]


def test_the_names_of_the_curves(drawn):
    """Each below the one before, beside a stroke of its curve; a model stands under what it is of."""
    root = drawn(ONE, FOUR)
    names = [
        (float(one.get("x")), float(one.get("y")), one.text)
        for one in root.iter(SPACE + "text")
        if float(one.get("x")) > chart.WIDTH - 200
    ]
    assert names == [
        (612, 104, "origin's laptop"),
        (612, 126, "origin's server"),
        (612, 148, "origin's design here"),
        (626, 170, "its model"),
        (612, 192, "offkit here"),
        (626, 214, "its model"),
        (612, 236, "decoding alone"),
    ]
    strokes = [one.get("d") for one in root.iter(SPACE + "path") if one.get("d").endswith("h24")]
    assert strokes == ["M{:.0f} {:.0f}h24".format(x - 32, y - 4) for x, y, _ in names]


def test_the_curves_stand_on_their_scales(drawn):
    """Processes double from left to right, and a power of ten is as high as the next."""
    root = drawn(ONE, FOUR)
    dots = {}
    for one in root.iter(SPACE + "circle"):
        spot = float(one.get("cx")), float(one.get("cy"))
        dots.setdefault(one.get("class"), []).append(spot)
    assert set(dots) == {"l laptop", "l server", "l design", "l offkit"}
    said = texts(root)
    between = (said["1 s"][1] - said["10 s"][1], said["10 s"][1] - said["100 s"][1])
    assert between[0] == pytest.approx(between[1], abs=0.11)
    (x, y), last = dots["l offkit"]
    assert (x, y + 4) == pytest.approx((64, said["10 s"][1]), abs=0.11)
    assert last[0] == pytest.approx(said["4"][0], abs=0.11)
    assert said["32"][0] == pytest.approx(560)
    assert said["2"][0] - said["1"][0] == pytest.approx(said["4"][0] - said["2"][0], abs=0.11)


def test_the_curves_in_words():
    """Whose model each is, and the number of frames where the origin had another."""
    lines = chart.curves(outcome(ONE, FOUR, frames=600))
    told = chart.description(lines)
    assert told.startswith("By number of processes. origin's laptop, 6572 frames: ")
    for words in (
        "origin's server, 6572 frames: ",
        "; origin's design here: 1: 90.00 s, 4: 30.00 s; model of the origin's design: 8: 50.00 s; ",
        "; offkit here: 1: 10.00 s, 4: 4.00 s; model of offkit: 8: 5.00 s, 16: 5.00 s; ",
        "; decoding alone: 1: 8.00 s, 4: 2.00 s.",
    ):
        assert words in told


@pytest.mark.parametrize(("mask", "said"), [(1, "1 processor"), (4, "4 processors")])
def test_the_machine_is_named(drawn, mask, said):
    """Processor, processors, OpenCV and the size of the pictures."""
    root = drawn(ONE, machine=HERE._replace(mask=mask))
    assert "Xeon & Co, {}, OpenCV 4.6.0, 512x384".format(said) in texts(root)


def test_the_scale_of_seconds(drawn):
    """Lines at 1, 2 and 5 of every power of ten, up to the one above all times, each with its number."""
    root = drawn(ONE, FOUR._replace(floor=sample([0.5])))
    lines = [one for one in root.iter(SPACE + "path") if one.get("class") == "g"]
    steps = ["0.1 s", "0.2 s", "0.5 s", "1 s", "2 s", "5 s", "10 s", "20 s", "50 s", "100 s"]
    numbers = [one for one in root.iter(SPACE + "text") if one.text in steps]
    assert [one.text for one in numbers] == steps
    assert [one.get("d") for one in lines] == [
        "M64.0 {:.1f}H560".format(float(one.get("y")) - 4) for one in numbers
    ]
    assert {(one.get("x"), one.get("text-anchor")) for one in numbers} == {("56.0", "end")}
    assert (lines[0].get("d"), lines[-1].get("d")) == ("M64.0 400.0H560", "M64.0 92.0H560")


def test_the_scale_of_processes(drawn):
    """Powers of two below the plot, the number in the middle under its place."""
    root = drawn(ONE, FOUR)
    below = [one for one in root.iter(SPACE + "text") if one.get("y") == "418.0"]
    assert [(one.text, one.get("x")) for one in below] == [
        ("1", "64.0"),
        ("2", "163.2"),
        ("4", "262.4"),
        ("8", "361.6"),
        ("16", "460.8"),
        ("32", "560.0"),
    ]
    assert {one.get("text-anchor") for one in below} == {"middle"}


def test_everything_has_a_colour(drawn):
    """Classes are those of the style; what explains the bars has their colours."""
    root = drawn(ONE, FOUR, machine=HERE._replace(name="<A> & B"))
    style = root.find(SPACE + "style").text
    for one in root.iter():
        for name in (one.get("class") or "").split():
            assert "." + name in style
    keys = [one for one in root.iter(SPACE + "rect") if one.get("height") == "12"]
    assert [(one.get("class"), one.get("x"), one.get("y")) for one in keys] == [
        ("d", "114", "524"),
        ("c", "224", "524"),
        ("w", "334", "524"),
        ("r", "444", "524"),
    ]
    assert any((one.text or "").startswith("<A> & B, ") for one in root.iter(SPACE + "text"))


def test_what_stands_under_the_picture():
    """Rounds, what was scaled, and which rows had fewer processes; a warning that it is not to be relied on."""
    rows = [
        Row(PROCESSES, 2, offkit=sample([1.0, 1.2]), used=2),
        Row(PROCESSES, 4, floor=sample([1.0, 1.1]), used=3),
        Row(PROCESSES, 8, used=5),
        Row(PROCESSES, 16),
    ]
    whole = {"frames": 100, "stretch": 100}
    assert chart.caption(outcome(**whole)) == ["One round: each time was measured once."]
    assert chart.caption(outcome(*rows, frames=100, repeats=2, stretch=60)) == [
        "Medians of 2 rounds, at most 18% apart.",
        "The origin's design, built again, was measured over 60 of 100 frames and scaled.",
        "Fewer processes had work in offkit: 3 of 4, 5 of 8 (12 frames each at least).",
    ]
    assert chart.caption(outcome(repeats=3, **whole)) == ["Medians of 3 rounds, at most 0% apart."]
    found = [Finding("VID019", WARNING, "x", "noise"), Finding("VID016", WARNING, "x", "other")]
    assert chart.warnings(outcome(findings=found)) == ["VID019: noise."]


def test_drawn_from_the_document_alone(tmp_path):
    """As JSON, by the command that "make bench-badapple" gives it to."""
    (tmp_path / "bench.json").write_text(json.dumps(outcome(ONE, FOUR)))
    drawn = subprocess.check_output(
        [sys.executable, chart.__file__, str(tmp_path / "bench.json")],
        env=dict(os.environ, PYTHONIOENCODING="utf-8"),
    )
    assert drawn.decode("utf-8") == chart.svg(outcome(ONE, FOUR))


def test_drawn_without_the_design(tmp_path):
    """Of what "offkit run-badapple --bench" prints by itself."""
    document = outcome(ONE, FOUR, frames=600)
    del document["design"]
    told = chart.description(chart.curves(document))
    assert "offkit here: 1: 10.00 s, 4: 4.00 s; model of offkit: 8: 5.00 s, 16: 5.00 s" in told
    assert "design" not in told
    assert chart.caption(document) == ["One round: each time was measured once."]

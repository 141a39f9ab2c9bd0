"""Any cells through any format, and back."""

import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import films
from offkit.badapple.formats import catalogue, look, sgr
from offkit.badapple.formats.about import describe, described, glyphs, inks
from offkit.badapple.formats.base import Facts
from offkit.badapple.formats.cells import BRAILLE, CHARACTERS, TRUE, Cells, Grid, Look
from offkit.badapple.formats.text import Text, digits_below
from offkit.model.errors import RequestError
from offkit.theatre import spans

BYTES = st.binary(min_size=1, max_size=900)


@st.composite
def looks(draw):
    ramp = draw(st.sampled_from([*look.RAMPS.values(), '"\\<>&/', "àü", "m[;0H\033"[:5], " █ż"]))
    grid = Grid(draw(st.integers(1, 5)), draw(st.one_of(st.integers(2, 4), st.integers(2, 40))))
    return Look(grid, draw(st.sampled_from(films.MODES)), draw(st.sampled_from(films.COLOURS)), ramp)


def random_film(shown, frames, seed):
    """Cells of any kind that ``shown`` allows; runs of like ones, and frames that are much alike."""
    random = np.random.RandomState(seed)
    codes = np.array(glyphs(shown), np.uint16)
    rows, columns = shown.grid
    shape = (rows, columns) + ((3,) if shown.colour == TRUE else ())
    film = []
    for number in range(frames):
        few = codes[random.randint(0, len(codes), random.randint(1, 4))]  # so that some are all alike
        planes = [few[random.randint(0, len(few), (rows, columns))]]
        most = 16 if shown.colour == "16" else 256
        planes += [random.randint(0, most, shape).astype(np.uint8) for _ in range(inks(shown))]
        if number:
            for new, old in zip(planes, film[-1]):
                stays = random.rand(rows, columns) < 0.7
                new[stays] = old[stays]
        for plane in planes:
            plane[:, columns // 2 :] = plane[:, columns // 2 : columns // 2 + 1]
        film.append(Cells(*planes))
    return film


@pytest.mark.parametrize("name", ["text", "cast", "html"])
@given(looks(), st.integers(2, 4), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_any_cells_come_back(tmp_path_factory, name, shown, frames, seed):
    """Exactly."""
    film = random_film(shown, frames, seed)
    path = tmp_path_factory.mktemp("cells") / "film"
    films.write(path, name, shown, film)
    reader = catalogue.open_reader(str(path))
    assert reader.frames == frames
    for number in range(frames):
        films.assert_same(reader.cells(number), film[number])
    reader.close()


@given(looks(), st.integers(0, 2**32 - 1), st.data())
@settings(max_examples=60, deadline=None)
def test_any_damage_is_an_error_or_another_film(tmp_path_factory, shown, seed, data):
    """No traceback and no endless loop, whatever is written over it."""
    path = tmp_path_factory.mktemp("cells") / "film"
    films.write(
        path,
        data.draw(st.sampled_from(sorted(catalogue.formats()))),
        shown._replace(ramp=" .#"),
        random_film(shown._replace(ramp=" .#"), 3, seed),
    )
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole)))
    junk = data.draw(BYTES)
    path.write_bytes(whole[:place] + junk + whole[place + data.draw(st.integers(0, 20)) :])
    for growing in (False, True):
        try:
            reader = catalogue.open_reader(str(path), growing)
        except RequestError:
            continue
        try:
            for number in range(min(reader.frames, 5)):
                reader.cells(number)
        except RequestError:
            pass
        finally:
            reader.close()


@given(st.integers(0, 2**32 - 1), st.integers(1, 3000), st.floats(0, 1))
@settings(max_examples=80, deadline=None)
def test_spans(seed, size, share):
    """Any change of any array, however long the spans and the ways between them."""
    random = np.random.RandomState(seed)
    old = random.randint(0, 256, size).astype(np.uint8)
    new = old.copy()
    for _ in range(random.randint(0, 6)):
        start = random.randint(0, size)
        stop = start + random.randint(1, 2 + int(size * share))
        new[start:stop] = random.randint(0, 256, len(new[start:stop]))
    packed = spans.pack(new, old)
    found, end = spans.unpack(b"xy" + packed + b"z", 2, old)
    assert np.array_equal(found, new)
    assert end == 2 + len(packed)


@given(BYTES)
def test_spans_of_anything(data):
    """They fit the array or are none."""
    found = spans.unpack(data, 0, np.zeros(300, np.uint8))
    assert found is None or len(found[0]) == 300


@given(
    st.lists(
        st.sampled_from(
            [b"\033[", b"38;5;", b"m", b";", b"9", b"[", b"H", b"x", b"\n", b"\xe2\x96\x80", b"\xff"]
        )
    )
)
def test_parsing_anything(pieces):
    """Arrays that fit each other, or nothing."""
    parsed = sgr.parse(b"".join(pieces))
    if parsed is not None:
        assert len(parsed.at) == len(parsed.final) == len(parsed.parameters)
        for colour in ("16", "256", "true"):
            values, _ = sgr.filled(parsed, sgr.INK, colour, len(parsed.glyphs))
            assert len(values) == len(parsed.glyphs)


@given(st.integers(0, 20000))
def test_digits(count):
    """Against writing them."""
    assert digits_below(count) == sum(len(str(number)) for number in range(count))


@given(looks(), st.floats(0.01, 1000), st.integers(1, 9999), st.integers(1, 9999))
def test_what_a_file_says_of_itself(shown, fps, width, height):
    """To the last digit of the rate, also as the text's first line."""
    facts = Facts(fps, width, height)
    about = json.dumps({"film": describe(shown, facts)})
    assert described(about.encode("ascii"), "film") == (shown, facts)
    line = io.BytesIO(Text(shown, facts).head(7)).readline().decode()
    assert float(line.split()[5]) == fps


@pytest.mark.parametrize(
    "change",
    [
        {"rows": 0},
        {"columns": 4001},
        {"mode": "x"},
        {"colour": None},
        {"ramp": ""},
        {"ramp": "\U0001f600"},
        {"fps": 0},
        {"fps": float("nan")},
        {"width": -1},
        {"height": "x"},
    ],
)
def test_what_no_file_says(change):
    """Neither of ours nor of anybody's."""
    about = dict(describe(Look(Grid(2, 3), BRAILLE), Facts(30.0, 64, 48)), **change)
    assert described(json.dumps(about).encode("ascii")) is None
    for data in (json.dumps([CHARACTERS]).encode("ascii"), b"{", b"\xff", b""):
        assert described(data) is None
        assert described(data, "film") is None

"""The layout of a conversion, for any number of frames and any grid."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from offkit.badapple.formats import script
from offkit.badapple.formats.script import Grid, Script
from offkit.badapple.verify import readback

COUNTS = st.one_of(st.integers(1, 300), st.integers(990, 1015), st.integers(9990, 10010))


@given(COUNTS, st.integers(1, 5), st.integers(1, 5), st.data())
@settings(max_examples=60, deadline=None)
def test_any_frame_is_found(frames, rows, columns, data):
    """Written one after the other, read by offset: the same frames."""
    shown = Script(frames, 30.0, 8, 6, Grid(rows, columns))
    body = ("." * columns + "\n") * rows
    text = shown.header() + "".join("{}\n{}".format(n, body) for n in range(frames)).encode()
    assert len(text) == shown.size
    start = data.draw(st.integers(0, frames))
    stop = data.draw(st.integers(start, frames))
    numbers = []
    for block in readback.blocks(np.frombuffer(text, np.uint8), shown, start, stop, 50):
        assert block.newlines
        assert (block.codes == ord(".")).all()
        numbers += readback.label_numbers(block.labels).tolist()
    assert numbers == list(range(start, stop))


@given(st.floats(0.01, 1000))
def test_any_rate_survives_the_header(fps):
    """What is written is what a player reads, to the last digit."""
    matched = script._HEADER.match(Script(1, fps, 8, 6, Grid(1, 1)).header())
    assert float(matched.group(2)) == fps

"""The text file of a conversion: where everything stands."""

import pytest

from offkit.badapple.formats import script
from offkit.badapple.formats.script import Grid, Script
from offkit.model.errors import RequestError


def text_of(shown):
    """The whole file, written the slow way."""
    lines = ["total frame: {} / FPS: {} / resolution: {}x{}\n".format(*shown[:4])]
    for number in range(shown.frames):
        lines.append("{}\n".format(number))
        lines += ["." * shown.grid.columns + "\n"] * shown.grid.rows
    return "".join(lines).encode("ascii")


def test_the_first_line_is_the_known_one():
    """What players of this form look for, to the letter."""
    shown = Script(6572, 30, 512, 384, Grid(44, 117))
    assert shown.header() == b"total frame: 6572 / FPS: 30.0 / resolution: 512x384\n"


@pytest.mark.parametrize("frames", [1, 9, 10, 11, 99, 100, 101, 1000, 1234])
def test_every_frame_is_where_the_layout_says(frames):
    """Also where the number grows by a digit."""
    shown = Script(frames, 25.0, 64, 48, Grid(2, 3))
    text = text_of(shown)
    assert shown.size == len(text)
    for number in range(frames):
        assert text[shown.offset(number) :].startswith(b"%d\n..." % number)


def test_it_is_read_back(tmp_path):
    """The grid follows from the file alone."""
    shown = Script(12, 29.97002997002997, 640, 360, Grid(4, 7))
    path = tmp_path / "a.txt"
    path.write_bytes(text_of(shown))
    assert script.load(str(path)) == shown
    assert script.is_ours(str(path))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: b"", "does not begin like a conversion"),
        (lambda text: b"Dear diary\n", "does not begin like a conversion"),
        (lambda text: text[:-1], "its size"),
        (lambda text: text + b"\n", "its size"),
        (lambda text: text.replace(b"\n0\n", b"\n1\n", 1), "frame 0 does not follow"),
        (lambda text: text.split(b"\n")[0] + b"\n", "frame 0 does not follow"),
        (lambda text: text.replace(b"frame: 12", b"frame: 0"), "holds no frames"),
        (lambda text: text.replace(b"frame: 12", b"frame: 13"), "its size"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, change, why):
    """Cut, extended, empty, or somebody else's."""
    path = tmp_path / "a.txt"
    path.write_bytes(change(text_of(Script(12, 30.0, 64, 48, Grid(2, 3)))))
    with pytest.raises(RequestError) as caught:
        script.load(str(path))
    assert why in caught.value.message
    assert caught.value.findings[0].code == "VID010"


def test_a_missing_file_is_named(tmp_path):
    """No traceback for a name that is not there."""
    with pytest.raises(RequestError, match=r"cannot read .*: No such file"):
        script.load(str(tmp_path / "none.txt"))

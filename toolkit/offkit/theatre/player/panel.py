"""What stands below and over the film: the line that shows where it is, and words for the viewer."""

from typing import NamedTuple, Sequence, Tuple

from offkit.theatre.player.ability import ALL, Ability
from offkit.theatre.player.drawing import BLANK, DEFAULT, Screen

_ROOM = 8  # rows from which on one is for the line
_NARROW = 24  # columns below which the line is nothing but itself
_GRAY = {0: DEFAULT, 8: DEFAULT, 16: 8}
_GRAY_OF_MANY = 244


class State(NamedTuple):
    """What there is to say."""

    frame: int
    frames: int
    fps: float  # of the film
    speed: float
    paused: bool
    loop: bool
    shown: float  # frames a second
    dropped: int
    message: str = ""  # in place of the line: what the film waits for


def rows_for_film(rows: int) -> int:
    """Rows of the screen that the film may take."""
    return rows - 1 if rows >= _ROOM else rows


def line(screen: Screen, state: State, ability: Ability) -> None:
    """Where the film is, in the last row, if that is not the film's."""
    rows, columns = screen.glyphs.shape
    if rows < _ROOM:
        return
    unicode = ability.glyphs == ALL
    if state.message:
        _write(screen, rows - 1, 1, state.message[: columns - 2])
        return
    sign = ("\u2016" if unicode else "|") if state.paused else ("\u25b8" if unicode else ">")
    left = " {} {} ".format(sign, clock_time(state.frame, state.fps))
    right = " {} ".format(clock_time(state.frames, state.fps))
    if state.speed != 1:
        right += "{:g}x ".format(state.speed)
    if state.loop:
        right += "\u21bb " if unicode else "loop "
    if columns < _NARROW + len(right):
        left = right = ""
    width = columns - len(left) - len(right)
    done = width * (state.frame + 1) // max(1, state.frames)
    full, rest = ("\u2501", "\u2500") if unicode else ("=", "-")
    _write(screen, rows - 1, 0, left + full * min(done, width) + rest * (width - done) + right)
    screen.ink[rows - 1, len(left) + done : len(left) + width] = _GRAY.get(ability.colours, _GRAY_OF_MANY)


def information(screen: Screen, state: State, what: str) -> None:
    """Numbers, in the first row; ``what`` is about the conversion."""
    parts = (
        "frame {} of {}".format(state.frame, state.frames),
        "{:g}x".format(state.speed),
        "{:.1f} of {:g} fps".format(state.shown, state.fps * state.speed),
        "{} dropped".format(state.dropped),
        what,
    )
    columns = screen.glyphs.shape[1]
    text = "  ".join(parts)
    _write(screen, 0, 0, " " + text[: columns - 2] + " ")


def box(screen: Screen, lines: Sequence[str]) -> None:
    """Words in the middle."""
    rows, columns = screen.glyphs.shape
    width = min(columns, max(map(len, lines)) + 4)
    lines = ["", *lines, ""] if rows >= len(lines) + 2 else lines
    top = max(0, (rows - len(lines)) // 2)
    for index, text in enumerate(lines[: rows - top]):
        _write(screen, top + index, (columns - width) // 2, ("  " + text).ljust(width)[:width])


def table(pairs: Sequence[Tuple[str, str]]) -> Sequence[str]:
    """Two columns."""
    width = max(len(left) for left, _ in pairs)
    return [left.ljust(width) + "   " + right for left, right in pairs]


def clock_time(frame: int, fps: float) -> str:
    """1:23, 1:02:03."""
    minutes, seconds = divmod(int(frame / fps), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        "{}:{:02d}:{:02d}".format(hours, minutes, seconds) if hours else "{}:{:02d}".format(minutes, seconds)
    )


def _write(screen: Screen, row: int, column: int, text: str) -> None:
    """Cut at the right edge."""
    text = text[: max(0, screen.glyphs.shape[1] - column)]
    codes = [ord(character) if ord(character) < 0x10000 else BLANK for character in text]
    place = slice(column, column + len(codes))
    screen.glyphs[row, place] = codes
    screen.ink[row, place] = screen.paper[row, place] = DEFAULT

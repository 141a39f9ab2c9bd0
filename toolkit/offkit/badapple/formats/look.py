"""How pictures become cells: the grid that fits a picture, and the ramps of characters."""

import contextlib
import difflib
import unicodedata
from typing import Dict

from offkit.badapple.formats.cells import Grid
from offkit.model.errors import UsageError
from offkit.model.words import several

DEFAULT_ROWS = 44
ASPECT = 2.0  # height of a terminal's cell, in widths
MAX_CELLS = 4000  # rows or columns; beyond that no terminal and no file is meant
_ASPECTS = (0.25, 8.0)

# Dark to light, as it looks on a dark terminal.
RAMPS: Dict[str, str] = {
    "standard": " .:-=+*#%@",
    "short": " .+#@",
    "long": " .'`^\",:;Il!i><~+_-?][}{1)(|\\/tfjrxnuvczXYUJCLQ0OZmwqpdbkhao*#MW&8%B@$",
    "blocks": " ░▒▓█",
    "digits": " 1732546908",
    "binary": " 10",
}
DEFAULT_RAMP = RAMPS["standard"]
MAX_RAMP = 256  # characters; there are no more gray levels


def grid(width: int, height: int, columns: int = 0, rows: int = 0, aspect: float = ASPECT) -> Grid:
    """The grid for pictures of ``width`` × ``height`` pixels, by columns or by rows (0: not asked).

    ``aspect`` is the height of a terminal's cell in widths. Raises UsageError on sizes nobody can
    mean.
    """
    if columns and rows:
        raise UsageError("--width and --height exclude each other: the other one follows from the picture")
    for name, value in (("--width", columns), ("--height", rows)):
        if not 0 <= value <= MAX_CELLS:
            raise UsageError("{} {} is not between 1 and {}".format(name, value, MAX_CELLS))
    if not _ASPECTS[0] <= aspect <= _ASPECTS[1]:
        raise UsageError(
            "--cell-aspect {:g} is not between {:g} and {:g}".format(aspect, *_ASPECTS),
            fix="it is the height of a character in widths: 2 in most terminals",
        )
    follows = (aspect * width) / height  # columns for a row
    if columns:
        found = Grid(max(1, round(columns / follows)), columns)
    else:
        found = Grid(rows or DEFAULT_ROWS, max(1, round((rows or DEFAULT_ROWS) * follows)))
    if max(found) <= MAX_CELLS:
        return found
    if columns or rows:
        name, most = ("--width", MAX_CELLS * follows) if columns else ("--height", MAX_CELLS / follows)
        raise UsageError(
            "{} {} makes {} x {} characters of this picture; {} is the most in either direction".format(
                name, columns or rows, found.columns, found.rows, MAX_CELLS
            ),
            fix="{} {} or less".format(name, int(most)) if most >= 1 else "give the other one",
        )
    return Grid(max(1, round(MAX_CELLS / follows)), MAX_CELLS)


def ramp(asked: str) -> str:
    """The characters of a ramp, dark to light, by its name or as they are.

    Raises UsageError where they cannot fill one cell each, or would not be told apart.
    """
    if asked in RAMPS:
        return RAMPS[asked]
    with contextlib.suppress(UnicodeError):  # Python 3.6 in the C locale takes arguments for ASCII
        asked = asked.encode("utf-8", "surrogateescape").decode("utf-8")
    names = "characters from dark to light, like ' .:#@', or a name: " + ", ".join(RAMPS)
    for near in difflib.get_close_matches(asked, RAMPS, 1):
        names = "did you mean {}?\n".format(near) + names
    if not 2 <= len(asked) <= MAX_RAMP:
        raise UsageError(
            "--ramp has {}, it takes 2 to {}".format(several(len(asked), "character"), MAX_RAMP), fix=names
        )
    for character in asked:
        why = _unfit(character)
        if why:
            raise UsageError("--ramp: U+{:04X} {}".format(ord(character), why), fix=names)
    twice = [character for character in asked if asked.count(character) > 1]
    if twice:
        raise UsageError("--ramp: {!r} is in it more than once".format(twice[0]), fix=names)
    return asked


def _unfit(character: str) -> str:
    """Why this one cannot stand for a cell; "" when it can.

    Widths are those of Unicode's East Asian Width (UAX #11), as terminals take them.
    """
    category = unicodedata.category(character)
    if ord(character) > 0xFFFF:
        return "is beyond U+FFFF, where few terminals have characters of one cell"
    if category == "Cs":
        return "is not a character"
    if category in ("Cc", "Cf", "Zl", "Zp"):
        return "is a control character"
    if category in ("Mn", "Me", "Mc") or 0x1160 <= ord(character) <= 0x11FF:
        return "combines with the character before it"
    if unicodedata.east_asian_width(character) in "WF":
        return "is two cells wide"
    return ""

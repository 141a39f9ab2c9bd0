"""What a file says of itself for our own readers: its look and its video, as JSON."""

import json
from typing import Any, Dict, List, Optional, Tuple

from offkit.badapple.formats.base import Facts
from offkit.badapple.formats.cells import BRAILLE, CHARACTERS, HALF, INDEXED, MONO, SIXTEEN, TRUE, Grid, Look
from offkit.badapple.formats.look import MAX_CELLS, MAX_RAMP
from offkit.badapple.formats.painter import BLOCKS, FIRST_BRAILLE

_MODES = (CHARACTERS, HALF, BRAILLE)
_COLOURS = (MONO, SIXTEEN, INDEXED, TRUE)


def describe(look: Look, facts: Facts) -> Dict[str, Any]:
    return {
        "fps": float(facts.fps),
        "width": facts.width,
        "height": facts.height,
        "rows": look.grid.rows,
        "columns": look.grid.columns,
        "mode": look.mode,
        "colour": look.colour,
        "ramp": look.ramp,
        "invert": look.invert,
    }


def described(data: bytes, key: str = "") -> Optional[Tuple[Look, Facts]]:
    """The same back from JSON, or from what stands there under ``key``; None where it does not say it."""
    try:
        about = json.loads(data.decode("utf-8"))
        about = about[key] if key else about
        grid = Grid(int(about["rows"]), int(about["columns"]))
        look = Look(grid, about["mode"], about["colour"], str(about["ramp"]), bool(about["invert"]))
        facts = Facts(float(about["fps"]), int(about["width"]), int(about["height"]))
    except (ValueError, LookupError, TypeError, OverflowError):
        return None
    known = look.mode in _MODES and look.colour in _COLOURS and 2 <= len(look.ramp) <= MAX_RAMP
    sizes = grid + facts[1:]
    sane = min(sizes) > 0 and max(grid) <= MAX_CELLS and 0 < facts.fps <= 1e6
    basic = all(ord(character) < 0x10000 for character in look.ramp)
    return (look, facts) if known and sane and basic else None


def glyphs(look: Look) -> List[int]:
    """Code points of all characters that a look can show, at most 256."""
    if look.mode == CHARACTERS:
        return [ord(character) for character in look.ramp]
    return list(BLOCKS) if look.mode == HALF else list(range(FIRST_BRAILLE, FIRST_BRAILLE + 256))


def inks(look: Look) -> int:
    """Colours of a cell: none, ink, or ink and paper."""
    return 0 if look.colour == MONO else 2 if look.mode == HALF else 1


def unshowable(look: Look, encoding: str) -> List[str]:
    """Characters of a look that a terminal with this encoding (a codec's name) does not show."""
    shown = [chr(code) for code in glyphs(look)]
    return [character for character in shown if not _encodable(character, encoding)]


def _encodable(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True

"""Cells as terminal output and back, for a whole frame at a time.

Every cell is a row of 4-byte words: colour sequences where the colour changes, then the
character, each padded with NUL. Removing all NULs from the whole leaves the text. The sequences
are those of ECMA-48 (SGR), with ISO 8613-6's 38 and 48 for 256 and true colours.
"""

from typing import Any, Dict, NamedTuple, Optional, Tuple

import numpy as np

from offkit.badapple.formats.cells import INDEXED, SIXTEEN, TRUE

WORD = np.dtype("<u4")
RESET = b"\033[0m"
INK, PAPER = 3, 4  # tens of the first parameter
_tables: Dict[Any, Any] = {}


def words(*texts: bytes) -> Any:
    """(n,) words of texts of at most four bytes each."""
    return np.array([int.from_bytes(text, "little") for text in texts], WORD)


def text(rows: Any) -> bytes:
    """What words of any shape say, one after the other."""
    return bytes(rows.tobytes().translate(None, b"\0"))


def numbers(end: bytes, count: int = 256) -> Any:
    """(count,) words: every number in decimal followed by ``end``, at most four bytes."""
    key = (end, count)
    if key not in _tables:
        _tables[key] = words(*(b"%d%b" % (number, end) for number in range(count)))
    return _tables[key]


def characters(glyphs: Any) -> Any:
    """Words of code points up to U+FFFF, as UTF-8; the shape of ``glyphs``."""
    if "utf-8" not in _tables:
        code: Any = np.arange(0x10000, dtype=WORD)
        last = (0x80 | code & 63, 0x80 | code >> 6 & 63)
        two = 0xC0 | code >> 6 | last[0] << 8
        three = 0xE0 | code >> 12 | last[1] << 8 | last[0] << 16
        _tables["utf-8"] = np.where(code < 0x80, code, np.where(code < 0x800, two, three)).astype(WORD)
    return np.take(_tables["utf-8"], glyphs)


_WIDTHS = {SIXTEEN: 2, INDEXED: 3, TRUE: 5}


def width(colour: str) -> int:
    """Words of a sequence that sets a colour; 0 for MONO."""
    return _WIDTHS.get(colour, 0)


def put(out: Any, values: Any, fresh: Any, layer: int, colour: str) -> None:
    """Sequences for ``layer`` (INK, PAPER) where the colour changes, into ``out``.

    ``out`` (n, width) words, zero. ``values`` (n,) places or (n, 3) RGB. ``fresh`` (n,) bool:
    where the colour so far is not that of the cell before.
    """
    differs: Any = values[1:] != values[:-1]
    changed = fresh.copy()
    changed[1:] |= differs.any(axis=1) if colour == TRUE else differs
    places = np.flatnonzero(changed)
    chosen = np.take(values, places, axis=0)
    if colour == SIXTEEN:
        out[places] = np.take(_sixteen(layer), chosen, axis=0)
        return
    out[places, 0] = words(b"\033[%d8" % layer)[0]
    out[places, 1] = words(b";5;" if colour == INDEXED else b";2;")[0]
    if colour == INDEXED:
        out[places, 2] = np.take(numbers(b"m"), chosen)
    else:
        out[places, 2:4] = np.take(numbers(b";"), chosen[:, :2])
        out[places, 4] = np.take(numbers(b"m"), chosen[:, 2])


def _sixteen(layer: int) -> Any:
    if layer not in _tables:
        firsts = [10 * layer + place for place in range(8)] + [10 * (layer + 6) + place for place in range(8)]
        _tables[layer] = words(*(part for n in firsts for part in (b"\033[", b"%dm" % n))).reshape(16, 2)
    return _tables[layer]


class Parsed(NamedTuple):
    """Terminal output taken apart: ``n`` characters, and ``s`` sequences between them."""

    glyphs: Any  # (n,) uint32 code points, newlines among them
    at: Any  # (s,) characters before the sequence
    final: Any  # (s,) uint8: m, H …
    parameters: Any  # (s, 5) int64, 0 where there are fewer


def parse(data: bytes) -> Optional[Parsed]:
    """Sequences and characters of ``data``; None where it is no such text.

    It takes what is well-formed and notices little else: whoever needs to know whether ``data`` is
    as it was written writes the result again and compares.
    """
    taken: Any = np.frombuffer(data, np.uint8)
    starts = np.flatnonzero(taken == 27)
    letters = np.flatnonzero((taken >= 64) & (taken != ord("[")) & (taken < 127))
    places: Any = np.searchsorted(letters, starts)
    if len(places) and places[-1] >= len(letters):
        return None
    ends = letters[places]
    inside: Any = np.zeros(len(taken) + 1, np.int8)
    inside[starts] = 1
    inside[ends + 1] -= 1
    sequence = np.cumsum(inside[:-1], dtype=np.int8).view(bool)
    plain = taken[~sequence]
    try:
        glyphs = np.frombuffer(plain.tobytes().decode("utf-8").encode("utf-32-le"), WORD)
    except UnicodeDecodeError:
        return None
    opens = ~sequence & ((taken & 0xC0) != 0x80)
    at = np.cumsum(opens)[starts] if len(starts) else np.zeros(0, np.int64)
    return Parsed(glyphs, at, taken[ends], _parameters(taken[sequence], len(starts)))


def _parameters(taken: Any, count: int) -> Any:
    """(count, 5) numbers of ``count`` sequences that follow each other."""
    found: Any = np.zeros((count, 5), np.int64)
    digit = (taken >= 48) & (taken < 58)
    stops = np.flatnonzero(~digit & (taken != 27))  # [ ; and the letter
    if not count or not len(stops):
        return found
    following = stops[np.searchsorted(stops, np.arange(len(taken))).clip(max=len(stops) - 1)]
    power = 10 ** (following - np.arange(len(taken)) - 1).clip(0, 6)
    sums = np.add.reduceat(np.where(digit, (taken.astype(np.int64) - 48) * power, 0), stops)
    opening = taken[stops] == ord("[")
    owner = np.cumsum(opening) - 1  # the sequence that a number belongs to
    first = np.flatnonzero(opening)
    if not len(first):
        return found
    place = np.arange(len(stops)) - first[owner.clip(0)]
    number = ((taken[stops] == ord(";")) | opening) & (owner >= 0) & (owner < count) & (place < 5)
    found[owner[number], place[number]] = sums[number]
    return found


def filled(parsed: Parsed, layer: int, colour: str, count: int) -> Tuple[Any, bool]:
    """(colours that ``layer`` has at each of ``count`` characters, whether it is ever set).

    (count,) uint8 places or (count, 3) uint8 RGB; 0 before the first sequence.
    """
    first = parsed.parameters[:, 0]
    if colour == SIXTEEN:
        dim, bright = first - 10 * layer, first - 10 * (layer + 6)
        low, high = (dim >= 0) & (dim < 8), (bright >= 0) & (bright < 8)
        mine = (parsed.final == ord("m")) & (low | high)
        values = np.where(low, dim, bright + 8)[mine]
    else:
        mine = (parsed.final == ord("m")) & (first == 10 * layer + 8)
        values = parsed.parameters[mine, 2] if colour == INDEXED else parsed.parameters[mine, 2:5]
    at = parsed.at[mine].clip(0, count)
    values = np.concatenate([np.zeros((1,) + values.shape[1:], np.int64), values]).astype(np.uint8)
    lengths = np.diff(np.concatenate([[0], at, [count]]))
    return np.repeat(values, lengths, axis=0), bool(mine.any())

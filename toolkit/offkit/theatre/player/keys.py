"""What a terminal sends, as names of keys.

Sequences (ECMA-48 CSI, and the SS3 of application mode) may come in pieces, or many at once.
"""

import re
from typing import List

ESC = "esc"
ALIVE = "alive"  # not a key: the answer to ``QUESTION``
QUESTION = b"\033[5n"  # DSR, device status report; every terminal since the VT100 answers it

_WHOLE = re.compile(rb"\033(?:\[\[.|\[([0-?]*)[ -/]*([@-Z\\-~])|O([ -~])|([^\[O]))", re.DOTALL)
_LETTERS = {
    b"A": "up",
    b"B": "down",
    b"C": "right",
    b"D": "left",
    b"H": "home",
    b"F": "end",
}
_NUMBERS = {b"1": "home", b"7": "home", b"4": "end", b"8": "end", b"5": "pgup", b"6": "pgdn"}
_PLAIN = {
    b" ": "space",
    b"\x03": "interrupt",
    b"\x1a": "suspend",
    b"\x1c": "q",
    b"\x0c": "redraw",
}
_LONGEST = 64  # bytes of a sequence; what is longer is none


class Keys:
    """Bytes in, names out; keeps what is not yet a whole sequence."""

    def __init__(self) -> None:
        self._rest = b""

    @property
    def pending(self) -> bool:
        """Whether an Esc waits for what may follow it."""
        return bool(self._rest)

    def feed(self, data: bytes) -> List[str]:
        """Names of keys, in order; ``q``, ``space``, ``left``, ``pgup``, ``esc``, ``alive`` … What
        has no name is left out."""
        data, self._rest = self._rest + data, b""
        found = []
        place = 0
        while place < len(data):
            if data[place : place + 1] != b"\033":
                found.append(_plain(data[place : place + 1]))
                place += 1
                continue
            matched = _WHOLE.match(data, place)
            if matched is None:
                self._rest = data[place:]
                if len(self._rest) > _LONGEST:
                    self._rest = b""
                break
            if matched.group(4) is not None:  # Esc, and then something of its own
                found.append(ESC)
                place += 1
            else:
                found.append(_sequence(matched.group(1), matched.group(2), matched.group(3)))
                place = matched.end()
        return [name for name in found if name]

    def flush(self) -> List[str]:
        """Nothing more came for a while: a lone Esc was the key."""
        lone, self._rest = self._rest == b"\033", b""
        return [ESC] if lone else []


def _plain(byte: bytes) -> str:
    return _PLAIN.get(byte) or (byte.decode("ascii") if b"!" <= byte <= b"~" else "")


def _sequence(parameters: bytes, final: bytes, application: bytes) -> str:
    if application:
        return _LETTERS.get(application, "")
    if final == b"n":
        return ALIVE if parameters in (b"0", b"3") else ""
    if final == b"~":
        return _NUMBERS.get(parameters.split(b";")[0], "")
    return _LETTERS.get(final, "")

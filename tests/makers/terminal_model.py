"""A terminal in a few lines: what stands on it after some bytes, for tests of what is sent to one."""

import re

import numpy as np

_PIECE = re.compile("\033\\[(\\??[\\d;]*)([A-Za-z])|(.)", re.DOTALL)
_CUT = re.compile("\033(?:\\[[\\d;?]*)?(?=\033)")  # a sequence that another one broke off
_LAYERS = {3: 0, 9: 0, 4: 1, 10: 1}  # by the tens of SGR's parameter: ink, paper


class Model:
    """Cells of code point, ink and paper; colours as drawing.Screen has them."""

    def __init__(self, rows, columns):
        self.shape = (rows, columns)
        self.row = self.column = 0
        self.modes = {}  # of DECSET and DECRST: "h" or "l"
        self.style = [-1, -1]
        self.clear()

    def clear(self):
        self.glyphs = np.full(self.shape, 32)
        self.ink, self.paper = np.full(self.shape, -1), np.full(self.shape, -1)

    def feed(self, data):
        """AssertionError on anything that is neither a character nor one of the sequences known here."""
        for one in _PIECE.finditer(_CUT.sub("", data.decode("utf-8", "ignore"))):
            parameters, final, character = one.groups()
            if character is not None:
                self._put(character)
            elif parameters.startswith("?"):
                self.modes[parameters[1:]] = final
            else:
                self._do([int(value or 0) for value in parameters.split(";")], final)

    def text(self):
        """The rows as one string."""
        return "\n".join("".join(map(chr, row)).rstrip() for row in self.glyphs)

    def _put(self, character):
        assert character >= " ", repr(character)
        self.glyphs[self.row, self.column] = ord(character)
        self.ink[self.row, self.column], self.paper[self.row, self.column] = self.style
        self.column += 1

    def _do(self, values, final):
        if final == "H":
            self.row, self.column = values[0] - 1, values[1] - 1
        elif final == "J":
            assert values == [2]
            self.clear()
        elif final == "m":
            self._colour(values)
        else:
            assert (final, values) == ("n", [5])

    def _colour(self, values):
        if values == [0]:
            self.style = [-1, -1]
            return
        tens, rest = divmod(values[0], 10)
        if rest == 9:
            colour = -1
        elif rest == 8:
            assert len(values) == {5: 3, 2: 5}[values[1]]
            colour = values[2] if values[1] == 5 else int("1{:02x}{:02x}{:02x}".format(*values[2:]), 16)
        else:
            colour = rest + 8 * (tens > 8)
        self.style[_LAYERS[tens]] = colour

"""The cases of tests/shared, for both sides of a rule; the format is in tests/shared/README.md."""

import codecs
import os

SHARED = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "shared")


class Case:
    """What is put in and what has to come out: lines, as bytes."""

    def __init__(self, place):
        self.place = place  # FILE:LINE
        self.given = []
        self.expected = []


def rules():
    return sorted(name for name in os.listdir(SHARED) if os.path.isdir(os.path.join(SHARED, name)))


def read(rule):
    """All cases of a rule, in order. Raises ValueError for a line of another form."""
    found = []
    folder = os.path.join(SHARED, rule)
    for name in sorted(os.listdir(folder)):
        case = None
        with open(os.path.join(folder, name), "rb") as source:
            lines = source.read().split(b"\n")
        for number, line in enumerate(lines, 1):
            if not line:
                case = None
            elif line[:2] in (b"< ", b"> ") or line in (b"<", b">"):
                if case is None:
                    case = Case("{}/{}:{}".format(rule, name, number))
                    found.append(case)
                lines_of = case.given if line.startswith(b"<") else case.expected
                lines_of.append(codecs.escape_decode(line[2:])[0])
            elif not line.startswith(b"#"):
                raise ValueError("{}/{}:{}: no line of a case".format(rule, name, number))
    return found


def text(lines):
    """As Python has what comes from a command line."""
    return [os.fsdecode(line) for line in lines]

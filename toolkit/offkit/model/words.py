"""Words for people: numbers with their nouns, and names that may hold anything. Pure."""

from typing import Sequence


def several(count: int, noun: str, plural: str = "") -> str:
    """``1 wheel``, ``2 wheels``; ``plural`` for nouns that take more than an s."""
    return "{} {}".format(count, noun if count == 1 else plural or noun + "s")


def listed(names: Sequence[str], most: int, between: str = ", ") -> str:
    """``a, b and 3 more``: the first ``most`` of them, and how many there are beyond."""
    text = between.join(names[:most])
    return text if len(names) <= most else "{} and {} more".format(text, len(names) - most)


def shown(name: str) -> str:
    """A name from a file that somebody else wrote, as one line that no terminal obeys.

    What is not printable is escaped as Python's repr does it.
    """
    if name.isprintable():
        return name
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in name)


def size(count: float) -> str:
    """Bytes for people, in powers of ten as disks and media count them."""
    for unit in ("B", "kB", "MB"):
        if abs(count) < 1000:
            return "{:.0f} {}".format(count, unit) if unit == "B" else "{:.1f} {}".format(count, unit)
        count /= 1000.0
    return "{:.1f} GB".format(count)


def clock(seconds: float) -> str:
    """``0:07``, ``2:31``, ``1:00:05``: how long something takes."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return "{}:{:02d}:{:02d}".format(hours, minutes, rest) if hours else "{}:{:02d}".format(minutes, rest)

"""Numbers with their nouns."""


def count(number: int, noun: str, plural: str = "") -> str:
    """``1 frame``, ``2 frames``; ``plural`` for nouns that take more than an s."""
    return "{} {}".format(number, noun if number == 1 else plural or noun + "s")

"""Progress on a terminal, redrawn in place; ``film_bar`` has the one that shows pictures."""

from typing import Any, TextIO

from offkit.cli.glyphs import is_ascii
from offkit.model import words
from offkit.model.report import Bar


class TerminalBar(Bar):
    """A progress bar that also knows bytes."""

    def __init__(self, label: str, total: int, unit: str, stream: TextIO) -> None:
        import typer

        plain = is_ascii(stream)
        self._unit, self._total, self._done = unit, total, 0
        self._bar: Any = typer.progressbar(
            length=total,
            label="  " + label,
            file=stream,
            fill_char="#" if plain else "━",
            empty_char="-" if plain else "─",
            width=30,
            bar_template="%(label)s  %(bar)s  %(info)s",
            show_pos=False,
            item_show_func=self._position if unit == "B" else None,
        )

    def _position(self, item: Any) -> str:
        return "{} of {}".format(words.size(self._done), words.size(self._total))

    def advance(self, amount: int = 1) -> None:
        self._done += amount
        self._bar.update(amount)

    def __enter__(self) -> "Bar":
        self._bar.__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._bar.__exit__(*exc)

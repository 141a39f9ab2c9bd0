"""How work in progress is told to whoever watches, without anybody below the CLI printing."""

from typing import Any, Callable, List


class Bar:
    """Progress of one step; use as a context manager. This one says nothing."""

    def advance(self, amount: int = 1) -> None:
        """``amount`` more units (the unit is that of ``Reporter.bar``'s total) are done."""

    def at(self, what: str) -> None:
        """What is being asked for or worked at: a name."""

    def doing(self, label: str) -> None:
        """What is worked at from now on, in the place of the bar's label."""

    def know(self, name: str) -> None:
        """One more name of which is known what it is; each counts once."""

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *exc: Any) -> None:
        return None


class Reporter:
    """What a long operation tells its caller. This one is silent; cli.render has the talking one."""

    def step(self, text: str) -> None:
        """A step begins (one line, no full stop)."""

    def note(self, text: str) -> None:
        """A detail, shown only with -v."""

    def warn(self, text: str) -> None:
        """Something the user should know although the work goes on."""

    def bar(self, label: str, total: int, unit: str = "") -> Bar:
        """Progress over ``total`` units, 0 where nobody knows how many; unit 'B' means bytes."""
        return Bar()

    def watch(self, label: str, total: int, rows: Callable[[int], List[str]]) -> Bar:
        """As ``bar``, of what can be looked at: ``rows(done)`` are some lines of text, or none."""
        return self.bar(label, total)

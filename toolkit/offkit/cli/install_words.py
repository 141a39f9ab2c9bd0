"""What 'offkit install' says: what it would do, what it has done."""

import os
import shlex
from typing import TYPE_CHECKING, Optional, Sequence

from offkit.cli import render
from offkit.model import control_node

if TYPE_CHECKING:
    from offkit.server.install.plan import Plan, Step
    from offkit.server.prefix.generations import Package

_ROOT = " (root)"  # what needs it, in install.sh's words as in ours
_DONE = {"install": "installed", "switch": "switched back to", "nothing": "completed"}


def step(text: str) -> "Step":
    """A step that install.sh plans, from its words."""
    from offkit.server.install.plan import Step

    root = text.endswith(_ROOT)
    return Step("python", text[: -len(_ROOT)] if root else text, (), root)


def would(planned: "Plan", packages: Sequence["Package"], python: str) -> None:
    """A dry run: every step, and which of them needs root."""
    render.title("would do, with {}:".format(python))
    steps = [one.text + _ROOT * one.root for one in planned.steps]
    render.table([(str(number), text) for number, text in enumerate(steps, 1)])
    render.title("packages:")
    render.table([(one.name, one.version) for one in packages], indent="    ")


def done(
    planned: "Plan",
    packages: Sequence["Package"],
    where: str,
    kept: Optional[int],
    before: Sequence[str],
    controls: bool = False,
) -> None:
    """What was done as root, what is installed, what to type next.

    ``kept`` is --keep's number, ``before`` what install.sh had done as root; ``controls``: this is
    the control node of a fleet.
    """
    for text in [*before, *(one.text for one in planned.steps if one.root)]:
        render.good("done as root: " + text)
    render.good("{} {} in {}".format(_DONE[planned.outcome], planned.id, where))
    render.table([(one.name, one.version) for one in packages], indent="    ")
    if planned.remove:
        render.line("removed {}: the last {} are kept (--keep)".format(", ".join(planned.remove), kept))
    render.line("next:")
    offkit = shlex.quote(os.path.join(where, "current", "bin", "offkit"))
    render.line("    {} doctor".format(offkit))
    if any(one.name.lower().startswith("opencv") for one in packages):
        render.line("    {} run-badapple".format(offkit))
    for one in control_node.following() if controls else ():
        program = shlex.quote(os.path.join(where, "current", "bin", one.program))
        render.line("    {} {}".format(program, " ".join(one.words)))

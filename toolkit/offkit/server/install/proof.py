"""The step of an installation that tries what was installed, before anybody uses it.

What does not pass does not become current: the generation stays, to be looked at, and the one that was
current goes on serving.
"""

import os
from shlex import quote
from typing import Sequence

from offkit.model import layout, words
from offkit.model.errors import RequestError
from offkit.model.finding import ERROR, INFO, has_errors
from offkit.model.manifest import Manifest
from offkit.model.report import Reporter
from offkit.server.install.plan import BEHIND, Addition, Step
from offkit.server.prefix import generations
from offkit.server.smoke import smoke
from offkit.server.smoke.smoke import Wanted


def addition(manifest: Manifest, prefix: str, reporter: Reporter) -> Addition:
    """As 'offkit smoke'. Raises what that raises, and RequestError where a module or a check fails."""
    checks = [one.path[len(layout.SMOKE) :] for one in manifest.below(layout.SMOKE)]
    text = "import every module of it" + "".join(", run " + name for name in checks)

    def prove(generation: str, argv: Sequence[str]) -> None:
        done = smoke.smoke(generation, Wanted(True, smoke.carried(generation)), reporter)
        for one in done.findings:
            if one.severity != ERROR:
                told = reporter.note if one.severity == INFO else reporter.warn
                told("{} {}".format(one.subject, one.message))
        if has_errors(done.findings):
            failed = [one for one in done.findings if one.severity == ERROR]
            raise RequestError(_refused(prefix, generation, len(failed)), failed, _cure(generation))

    return Addition(BEHIND, Step("smoke", text), prove)


def _refused(prefix: str, generation: str, number: int) -> str:
    name, current = os.path.basename(generation), generations.current_id(prefix)
    what = "{} does not pass its smoke test ({})".format(name, words.several(number, "error"))
    if current == name:
        return what + "; it is current, and stays so"
    stays = "{} is still current".format(current) if current else "no generation is current"
    return "{}: it is installed, and was not made current; {}".format(what, stays)


def _cure(generation: str) -> str:
    offkit = quote(os.path.join(generation, "bin", "offkit"))
    return "look at it: {0} doctor, {0} smoke -v\nmake it current all the same: {0} rollback {1}".format(
        offkit, os.path.basename(generation)
    )

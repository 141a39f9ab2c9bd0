"""What must be known to believe a bench: told under its table and in its picture."""

from typing import List

from offkit.badapple.bench.outcome import Outcome
from offkit.badapple.video import keyframes


def caption(outcome: Outcome) -> List[str]:
    """Sentences for a picture, which is passed on without its report. Warnings are apart: ``warnings``."""
    spread = max((one.spread for row in outcome.rows for one in (row.offkit, row.floor)), default=0.0)
    if outcome.repeats > 1:
        found = ["Medians of {} rounds, at most {:.0%} apart.".format(outcome.repeats, spread)]
    else:
        found = ["One round: each time was measured once."]
    if outcome.stretch < outcome.frames:
        text = "The origin's design, built again, was measured over {} of {} frames and scaled."
        found.append(text.format(outcome.stretch, outcome.frames))
    few = fewer(outcome)
    return found + ([few[0].upper() + few[1:]] if few else [])


def fewer(outcome: Outcome) -> str:
    """Which rows had fewer workers than asked for; empty where none had."""
    told = ["{} of {}".format(row.used, row.workers) for row in outcome.rows if row.fewer]
    if not told:
        return ""
    text = "fewer processes had work in offkit: {} ({} frames each at least)."
    return text.format(", ".join(told), keyframes.LEAST)


def warnings(outcome: Outcome) -> List[str]:
    """VID019, if there is one: measurements not to be relied on."""
    return [
        "{}: {}.".format(finding.code, finding.message)
        for finding in outcome.findings
        if finding.code == "VID019"
    ]

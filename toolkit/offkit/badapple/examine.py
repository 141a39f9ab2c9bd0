"""The checks of a conversion, all of those that can be made, with the film to look at meanwhile."""

from contextlib import contextmanager
from typing import Iterator, List, NamedTuple, Optional

from offkit.badapple import preview
from offkit.badapple.formats import catalogue
from offkit.badapple.formats.base import Format
from offkit.badapple.shadowplay.film import Film
from offkit.badapple.verify import check, verdict
from offkit.badapple.verify.likeness import Likeness
from offkit.badapple.verify.tally import Replayed, Tally
from offkit.badapple.video import decode
from offkit.model.finding import ERROR, Finding
from offkit.model.report import Bar, Reporter


class Written(NamedTuple):
    """A conversion, still under its unfinished name."""

    video: decode.Video
    shown: Optional[Film]  # what the video shows, when it is the built-in one
    path: str
    form: Format
    frames: int
    workers: int


class Checked(NamedTuple):
    holds: List[str]  # what holds, one line each
    wrong: List[Finding]
    replayed: Optional[Replayed] = None


def examine(written: Written, quick: bool, report: Reporter) -> Checked:
    """Everything that can be checked."""
    shown, form, frames = written.shown, written.form, written.frames
    drawn = None if quick else shown
    report.step("checking the file" if quick else "checking every frame")
    with film(report, frames, form, written.path, written.workers, False) as bar:
        tally = check.file(written.path, form, frames, drawn, written.workers, bar)
    wrong = verdict.tally_findings(written.path, tally)
    if shown and frames != shown.frames:
        message = "{} frames were drawn, {} were converted".format(shown.frames, frames)
        wrong.append(Finding("VID008", ERROR, written.path, message, ("the number of frames",)))
    holds = []
    if not tally.damaged:
        whole = "{} frames, each with its number, in order".format(frames)
        one = "1 frame, with its number"
        size = "{} x {} characters".format(form.look.grid.columns, form.look.grid.rows)
        holds.append("{}, {}".format(one if frames == 1 else whole, size))
    if drawn and not wrong:
        holds += _shown(form, tally)
    if quick or shown:
        return Checked(holds, wrong)
    video, reader = written.video, catalogue.reader(form.name)
    job = check.Replay(video.path, written.path, reader, form.look, video.luma, check.samples(frames))
    with report.bar("decoding again", frames) as bar:
        replayed = check.video(job, bar)
    again = verdict.replay_findings(frames, video.path, replayed)
    if not again:
        samples = "the one sample matches" if frames == 1 else "all {} samples match".format(len(job.samples))
        holds.append("decoded straight through, it has as many frames, and {}".format(samples))
    return Checked(holds, wrong + again, replayed)


def _shown(form: Format, tally: Tally) -> List[str]:
    """What holds of a film whose every frame was found right."""
    number = "the number in each picture is that of its frame"
    if not Likeness(form.look).legible:
        number = "the number in each picture is too small to be read at this size, or has too few shades"
    return [number, "each frame shows what was drawn (worst: {:.2%} of it differs)".format(tally.worst)]


@contextmanager
def film(report: Reporter, frames: int, form: Format, path: str, shares: int, growing: bool) -> Iterator[Bar]:
    """Progress over a conversion, with what is at hand of it to look at."""
    seen = preview.Preview(path, form.look, form.facts.width / float(form.facts.height), shares, growing)
    try:
        label = "frames converted" if growing else "frames checked"
        with report.watch(label, frames, seen.rows) as bar:
            yield bar
    finally:
        seen.close()

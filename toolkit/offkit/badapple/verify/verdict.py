"""What the checks of a conversion mean: findings for people and programs."""

from typing import List, Optional

from offkit.badapple.shadowplay import strip
from offkit.badapple.verify.tally import Replayed, Tally
from offkit.model.finding import ERROR, INFO, WARNING, Finding
from offkit.model.words import listed, several

_SHOWN = 5  # frames named in a finding


def tally_findings(path: str, tally: Tally) -> List[Finding]:
    """VID010, VID008 and VID009 for what is wrong with the file at ``path``."""
    found = []
    if tally.trouble:
        found.append(Finding("VID010", ERROR, path, tally.trouble, (), _DISK))
    elif tally.damaged:
        message = "{} damaged in the file: {}".format(_are(len(tally.damaged)), _some(tally.damaged))
        found.append(Finding("VID010", ERROR, path, message, (), _DISK))
    if tally.misplaced:
        places = [
            "{} shows {}".format(at, "no number" if seen == strip.UNREADABLE else seen)
            for at, seen in tally.misplaced[:_SHOWN]
        ]
        message = "{} missing or out of order: {}".format(_are(len(tally.misplaced)), ", ".join(places))
        found.append(Finding("VID008", ERROR, path, message, ("the number in each picture",), _SUSPECT))
    if tally.different:
        places = ["{} ({:.1%} of it)".format(at, share) for at, share in tally.different[:_SHOWN]]
        message = "{} not what was drawn: {}".format(_are(len(tally.different)), ", ".join(places))
        found.append(Finding("VID009", ERROR, path, message, ("every frame, drawn again",), _SUSPECT))
    return found


_DISK = "the disk or its file system is at fault: see dmesg"
_SUSPECT = "run it again, with -j 1 too; offkit doctor checks OpenCV, dmesg tells of a bad disk or memory"
_STRAIGHT = ("the whole video, without a seek",)
_TWICE = ("the whole video, without a seek, more than once",)
_REPEAT = (
    "compare its sha256sum with the original's; OpenCV 4.7 and newer, with one decoder thread, "
    "conceal damage in only one way"
)
# One process has tried by then: what is left is a decoder that does not repeat itself.
_UNSTEADY = (
    "damaged parts of a video decode differently each time: compare its sha256sum with the original's\n"
    "if it is intact, suspect the disk or the memory: see dmesg"
)


def loss(
    source: str,
    claimed: int,
    fps: float,
    frames: int,
    replayed: Optional[Replayed],
    presented: Optional[float] = None,
) -> List[Finding]:
    """VID006 or VID018 when a video has another number of frames than its header claims.

    Headers round, and some containers count fields or hidden frames. So the number alone
    accuses nobody: up to a hundredth, or more frames than claimed, is worth knowing, more is
    a warning (VID006). Pictures are lost (VID018) where their times show where: a hole between
    two of them, or an end long before the claimed one; an error when it is more than a tenth.
    ``replayed`` is None when the video was not decoded a second time, ``presented`` the seconds that
    are to be shown, where an edit list says that it is not all.
    """
    lost = claimed - frames
    if not lost:
        return []
    text = "its header claims {}, it has {}".format(several(claimed, "frame"), frames)
    if lost <= max(2, claimed // 100):
        return [Finding("VID006", INFO, source, text)]
    if presented and fps and abs(frames - presented * fps) <= max(2, frames // 100):
        return [Finding("VID006", INFO, source, text + ": its edit list hides the others")]
    where = _where(claimed, fps, frames, replayed)
    if where:
        text += ": {:.0%} cannot be decoded, and {}".format(float(lost) / claimed, where)
        severity = ERROR if lost * 10 > claimed else WARNING
        return [Finding("VID018", severity, source, text, _STRAIGHT, _LOST)]
    text += ": {:.0%} cannot be decoded".format(float(lost) / claimed) if not replayed else ""
    text += ", from beginning to end" if replayed and fps else ""
    return [Finding("VID006", WARNING, source, text, _STRAIGHT if replayed else (), _LOST)]


def _where(claimed: int, fps: float, frames: int, replayed: Optional[Replayed]) -> str:
    """Where the pictures' times show that some are lost; empty where they do not."""
    if replayed is None or not fps:
        return ""
    if replayed.gap > _HOLE * max(replayed.last, 1 / fps) / max(frames, 1):
        return "{:.1f} s are without a picture".format(replayed.gap)
    if replayed.last < 0.95 * claimed / fps:
        return "it ends at {:.1f} of {:.1f} s".format(replayed.last, claimed / fps)
    return ""


_HOLE = 5  # times the usual distance of two pictures
_LOST = "compare its size and sha256sum with the original's: it is damaged or incomplete"


def uneven(source: str, replayed: Optional[Replayed]) -> List[Finding]:
    """VID006 when pictures are not shown at even distances: conversions show them as if they were."""
    if replayed is None or replayed.frames < 3:
        return []
    usual = replayed.last / (replayed.frames - 1)
    if not _EVEN * usual < replayed.gap <= _HOLE * usual:
        return []
    text = "its frame rate varies ({:.2f} s between two pictures, {:.2f} s on average); the average is used"
    return [Finding("VID006", INFO, source, text.format(replayed.gap, usual), _STRAIGHT)]


_EVEN = 1.3  # times the usual distance; containers round times to milliseconds


def replay_findings(frames: int, source: str, replayed: Replayed) -> List[Finding]:
    """VID008 and VID009 where the straight decoding disagrees with a conversion of ``frames``;
    VID018 where decodings disagree with each other."""
    found = []
    if replayed.frames != frames:
        message = "decoded straight through, it has {}; the conversion has {}".format(
            several(replayed.frames, "frame"), frames
        )
        found.append(Finding("VID008", ERROR, source, message, _STRAIGHT, _UNSTEADY))
    if replayed.unsteady:
        message = "it is damaged, and each decoding conceals that in another way: frame {}".format(
            _some(replayed.different)
        )
        found.append(Finding("VID018", WARNING, source, message, _TWICE, _REPEAT))
    elif replayed.different:
        message = "samples differ from the video decoded straight through: frame " + _some(replayed.different)
        found.append(Finding("VID009", ERROR, source, message, _STRAIGHT, _UNSTEADY))
    return found


def _are(number: int) -> str:
    return several(number, "frame is", "frames are")


def _some(numbers: List[int]) -> str:
    return listed([str(number) for number in numbers], _SHOWN)

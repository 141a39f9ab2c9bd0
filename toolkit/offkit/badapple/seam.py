"""Whether two stretches of a video meet, seen from both sides.

Both neighbours decode on from the frame before the cut until the picture changes, and must
agree on when that is, on both pictures and on the times at which they are shown. (The times
are the same however a picture was reached, in every container tried; they tell pictures apart
that come again, as a blinking light makes them.)
"""

import hashlib
from typing import Any, NamedTuple, Optional, Tuple

import numpy as np

STILL = 250  # frames without any change after which a seam is given up
# Which of these it is, the pictures do not tell.
APART = (
    "neighbouring processes could not agree on the pictures at a cut: seeking in this video is not "
    "exact, it is damaged, or nothing moves there"
)


class Seam(NamedTuple):
    """SHA-256 of the picture before the cut and of the next other one."""

    before: bytes
    after: bytes  # empty at the end of the video
    at: int  # number of the frame that is ``after``
    moments: Tuple[float, float]  # when both are shown, in seconds


class Watch:
    """Finds a seam: fed every picture from the one before the cut on, until ``open`` is False."""

    def __init__(self, number: int, picture: Any, moment: float) -> None:
        self._before, self._moment = _digest(picture), moment
        self._limit = number + STILL
        self.seam: Optional[Seam] = None
        self.open = True

    def feed(self, number: int, picture: Optional[Any], moment: float) -> None:
        """The picture with ``number``, None at the end of the video, and when it is shown."""
        after = b"" if picture is None else _digest(picture)
        if after != self._before:
            self.seam = Seam(self._before, after, number, (self._moment, moment if after else 0.0))
        self.open = self.seam is None and number < self._limit


def _digest(picture: Any) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(picture)).digest()

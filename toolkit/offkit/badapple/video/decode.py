"""Pictures from a video file, in order, through OpenCV's FFmpeg."""

import os
import shlex
from typing import Any, List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from offkit.badapple.formats.base import Facts
from offkit.badapple.formats.reduce import TABLES
from offkit.badapple.video.boxes import key_frames
from offkit.model.errors import RequestError, UsageError
from offkit.model.finding import ERROR, Finding
from offkit.model.words import several

ALL_THREADS = 0
_LIMITABLE = hasattr(cv2, "CAP_PROP_N_THREADS")  # since OpenCV 4.7
_ORIENTATION = getattr(cv2, "CAP_PROP_ORIENTATION_META", -1)  # since 4.5; before, pictures are not turned
_OR_NONE = "give the path of a video, or none to convert the built-in clip"
_PLANAR = (b"I420", b"NV12")  # layouts that begin with all luma
_CALIBRATION = 30  # pictures in which the range of luma must show
_CLOSE = 1.5  # gray levels that luma and the gray of BGR may differ by on average
_RATE_UNKNOWN = 30.0
_UNBELIEVABLE = 10**8  # frames; a header that claims more is damaged


class Video(NamedTuple):
    """What is known of a video before it is decoded."""

    path: str
    frames: int  # as its header claims, 0 when it says nothing of use; never trust it
    fps: float  # 0.0 when the header says nothing of use
    width: int  # of the first decoded picture, which knows of rotation
    height: int
    luma: str = ""  # range of the luma that this OpenCV hands out (see reduce), "": only trust BGR
    keys: Tuple[int, ...] = ()  # numbers of the key frames, ascending from 0; empty: not known

    @property
    def facts(self) -> Facts:
        """What a conversion says of it."""
        return Facts(self.fps or _RATE_UNKNOWN, self.width, self.height)


class Source:
    """An open video: a stream of pictures that can be moved, more or less exactly.

    ``threads`` decoder threads are used (ALL_THREADS: one for every processor), as far as this
    OpenCV lets itself be told; see ``decoder_threads``. With ``luma`` pictures are the decoder's
    own luma, which costs no conversion; ask for it only where ``probe`` found a range.
    """

    def __init__(self, path: str, threads: int = ALL_THREADS, luma: bool = False) -> None:
        # A path from the root is never taken for a URL, and the whitelist keeps playlists
        # (HLS, concat, SDP) from asking the network.
        path = os.path.abspath(path)
        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "protocol_whitelist;file"
        parameters: List[int] = []
        if threads and _LIMITABLE:
            parameters = [cv2.CAP_PROP_N_THREADS, threads]
        cv2.setNumThreads(0)  # a process that was spawned, not forked, has OpenCV as it comes
        self._capture = cv2.VideoCapture()
        self._picture: Any = None
        if not (parameters and self._capture.open(path, cv2.CAP_FFMPEG, parameters)):
            for backend in (cv2.CAP_FFMPEG, cv2.CAP_OPENCV_MJPEG):
                if self._capture.open(path, backend):
                    break
        if luma:
            self._capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)

    @property
    def is_open(self) -> bool:
        return bool(self._capture.isOpened())

    @property
    def plain_luma(self) -> bool:
        """Whether pictures are luma of 8 bits, the right way up. Codes: libavcodec's raw.c."""
        capture = self._capture
        code = int(capture.get(cv2.CAP_PROP_CODEC_PIXEL_FORMAT)) & 0xFFFFFFFF
        return (
            not capture.get(cv2.CAP_PROP_CONVERT_RGB)
            and not capture.get(_ORIENTATION)
            and code.to_bytes(4, "little") in _PLANAR
        )

    @property
    def frames(self) -> int:
        claimed = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        return int(claimed) if 0 < claimed < _UNBELIEVABLE else 0

    @property
    def fps(self) -> float:
        claimed = float(self._capture.get(cv2.CAP_PROP_FPS))
        return claimed if 0.01 <= claimed <= 1000 else 0.0

    def seek(self, number: int) -> None:
        """Move before frame ``number``; some containers get it wrong and do not say so."""
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, number)

    def read(self) -> Optional[Any]:
        """The next picture, (h, w, 3) uint8 BGR or (h, w) luma, or None at the end.

        The next call overwrites it.
        """
        done, picture = self._capture.read(self._picture)
        self._picture = picture if done else None
        return self._picture

    @property
    def moment(self) -> float:
        """When the picture decoded last is shown, in seconds from the beginning."""
        return float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000

    def skip(self) -> bool:
        """Decode the next picture without handing it out; False at the end."""
        return bool(self._capture.grab())

    def picture(self) -> Optional[Any]:
        """The picture that ``skip`` decoded, as ``read`` would have handed it out."""
        done, picture = self._capture.retrieve(self._picture)
        self._picture = picture if done else None
        return self._picture

    def close(self) -> None:
        self._capture.release()


def decoder_threads(asked: int) -> int:
    """Threads that a Source made with ``asked`` really decodes with.

    Before 4.7 OpenCV starts one for every processor that is online,
    sysconf(_SC_NPROCESSORS_ONLN), whatever the affinity mask, its capture options and the
    environment say.
    """
    return asked if asked and _LIMITABLE else max(1, os.sysconf("SC_NPROCESSORS_ONLN"))


def require_file(path: str) -> None:
    """Raises UsageError when there is no file at ``path``, or none that can be read."""
    if not os.path.exists(path):
        raise UsageError("there is no file {}".format(path), fix=_OR_NONE)
    if not os.path.isfile(path):
        raise UsageError("{} is not a file".format(path), fix=_OR_NONE)
    if not os.access(path, os.R_OK):
        raise UsageError(
            "{} cannot be read: permission denied".format(path), fix="ls -l {}".format(shlex.quote(path))
        )


def probe(path: str) -> Video:
    """What the video at ``path`` says of itself, and the size of its first picture.

    Raises UsageError as ``require_file``, RequestError (VID002, VID003) when it is not a video or has
    no pictures.
    """
    require_file(path)
    source = Source(path, threads=1)
    try:
        if not source.is_open:
            raise _unusable(path, "VID002", "OpenCV does not recognise this as a video")
        picture = source.read()
        if picture is None:
            raise _unusable(path, "VID003", "no picture can be decoded from this video")
        height, width = picture.shape[:2]
        video = Video(os.path.abspath(path), source.frames, source.fps, int(width), int(height))
        return video._replace(luma=_luma(path, source, picture), keys=key_frames(path))
    finally:
        source.close()


def _luma(path: str, colours: Source, picture: Optional[Any]) -> str:
    """The range of the luma in the video: what turns it into the gray of its colours, or "".

    Nothing says the range (FFmpeg knows, OpenCV does not tell), so the first pictures are
    decoded both ways. ``picture`` is the first one that ``colours`` handed out.
    """
    plane = Source(path, 1, luma=True)
    try:
        if not plane.plain_luma:
            return ""
        for _ in range(_CALIBRATION):
            luma = plane.read()
            if picture is None or luma is None or luma.dtype != np.uint8 or luma.shape != picture.shape[:2]:
                return ""
            gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
            errors = {
                name: float(cv2.absdiff(cv2.LUT(luma, table), gray).mean()) for name, table in TABLES.items()
            }
            name = min(errors, key=errors.__getitem__)
            if errors[name] > _CLOSE:
                return ""
            if max(errors.values()) > 2 * _CLOSE:
                return name
            picture = colours.read()
        return ""
    finally:
        plane.close()


def _unusable(path: str, code: str, why: str) -> RequestError:
    size = os.path.getsize(path)
    fix = (
        "compare its size ({}) and sha256sum with the original's; "
        "H.264 or MPEG-4 in mp4 is always understood".format(several(size, "byte"))
    )
    return RequestError(why, [Finding(code, ERROR, path, why, (), fix)])

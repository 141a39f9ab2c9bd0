"""Short clips for the tests of the workload, with the number of each frame in its picture."""

import cv2

from offkit.badapple.shadowplay import film
from offkit.badapple.video import decode


def write_clip(path, frames, fps=30.0, still=(), size=None, codec="mp4v"):
    """A film of ``frames`` pictures at ``path``; those in ``still`` repeat the one before.

    MJPG (.avi) keeps equal pictures equal, mp4v (.mp4) refines them from frame to frame.
    """
    shown = film.Film(film.SHORT)
    size = size or (film.WIDTH, film.HEIGHT)
    code = sum(ord(letter) << 8 * place for place, letter in enumerate(codec))
    writer = cv2.VideoWriter(str(path), code, fps, size, False)
    assert writer.isOpened()
    picture = None
    for number in range(frames):
        if number not in still:
            picture = cv2.resize(shown.picture(number % film.SHORT), size)
        writer.write(picture)
    writer.release()
    return str(path)


class WrongSeeks(decode.Source):
    """A container in which every seek lands one frame late."""

    def seek(self, number):
        super().seek(number + 1)


class LyingHeader(decode.Source):
    """A header that claims ``claim`` frames."""

    claim = 0

    @property
    def frames(self):
        return self.claim

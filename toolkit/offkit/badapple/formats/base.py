"""What every format of a conversion can do."""

from typing import NamedTuple, Optional, Type

from offkit.badapple.formats.cells import Cells, Look


class Facts(NamedTuple):
    """What a conversion says of its video."""

    fps: float
    width: int  # pixels of a picture
    height: int


class Format:
    """Cells to bytes. A plain value that can be sent to a worker; one for each file written.

    A file is ``head``, then the frames in order, then ``foot``. ``frame`` is a function of its
    arguments alone, so it does not matter which process makes which frame.
    """

    name = ""  # text, cast, html
    suffix = ""  # of the file's name
    viewer = ""  # what else shows {output}, where a terminal has what it {needs}
    delta = False  # whether ``frame`` wants the cells of the frame before

    def __init__(self, look: Look, facts: Facts) -> None:
        self.look, self.facts = look, facts

    def head(self, frames: int) -> bytes:
        return b""

    def frame(self, number: int, cells: Cells, before: Optional[Cells]) -> bytes:
        """``before`` is None for frame 0 and where ``delta`` is False."""
        raise NotImplementedError

    def foot(self, frames: int) -> bytes:
        return b""

    def offset(self, number: int) -> Optional[int]:
        """Bytes of all frames before ``number``, or None where that depends on what they show."""
        return None


class Reader:
    """Bytes back to cells: an open conversion. ``complete`` is False while it is still being made."""

    form: Type[Format]  # what it reads back
    look: Look
    facts: Facts
    frames: int  # as the file says; as many as there are so far where it cannot say yet
    complete: bool

    def _enter(self) -> None:
        """``_open``, and nothing stays open when that fails."""
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        """Read what the file says of itself."""
        raise NotImplementedError

    def cells(self, number: int) -> Optional[Cells]:
        """Frame ``number``; None when it is not there yet. Raises RequestError (VID010) on damage."""
        raise NotImplementedError

    def close(self) -> None:
        pass

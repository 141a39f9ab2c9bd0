"""From the pictures of one stretch to its frames in a file."""

import os
import time
from typing import Any, Callable, List, NamedTuple, Sequence

from offkit.badapple.formats.base import Format
from offkit.badapple.formats.cells import Cells

Tell = Callable[[int], None]  # that so many more frames are done
Paint = Callable[[Any], Cells]  # a picture's cells, valid until its next call
_BATCH = 1 << 16  # bytes a worker collects before it writes: they shall not crowd pictures out of the cache


class Share(NamedTuple):
    """What a worker did."""

    start: int
    frames: int
    cpu_seconds: float
    decode_seconds: float  # wall time, as the next two
    convert_seconds: float
    write_seconds: float


class Writer:
    """Turns pictures into frames of the file and writes them in batches."""

    def __init__(
        self,
        handle: int,
        form: Format,
        start: int,
        place: int,
        paint: Sequence[Paint],
        tell: Tell,
    ) -> None:
        """``start``: number of the first frame; ``place``: where it begins in the file ``handle``;
        ``paint``: two, which take turns, where the cells of the frame before are wanted."""
        self._handle, self._form, self._start, self._place = handle, form, start, place
        self._paint, self._tell = paint, tell
        self._before: Any = None
        self._batch: List[bytes] = []
        self._collected = 0  # bytes in it
        self._frames = 0
        self._painting = self._writing = 0.0

    def prepare(self, picture: Any) -> None:
        """The picture before the first one."""
        if len(self._paint) > 1:
            self._before = self._paint[(self._start - 1) % 2](picture)

    def add(self, picture: Any) -> None:
        began = time.perf_counter()
        number = self._start + self._frames
        cells = self._paint[number % len(self._paint)](picture)
        frame = self._form.frame(number, cells, self._before)
        if len(self._paint) > 1:
            self._before = cells
        self._batch.append(frame)
        self._frames += 1
        self._collected += len(frame)
        self._painting += time.perf_counter() - began
        if self._collected >= _BATCH or len(self._batch) == 64:
            self.flush()

    def flush(self) -> None:
        began = time.perf_counter()
        rest = memoryview(b"".join(self._batch))
        while len(rest):
            done = os.pwrite(self._handle, rest, self._place)
            rest, self._place = rest[done:], self._place + done
        self._writing += time.perf_counter() - began
        self._tell(len(self._batch))
        self._batch, self._collected = [], 0

    def share(self, began: float) -> Share:
        spent = time.perf_counter() - began
        return Share(
            self._start,
            self._frames,
            time.process_time(),
            spent - self._painting - self._writing,
            self._painting,
            self._writing,
        )

"""Where the frames come from: a conversion that is complete, or one that is being made."""

import contextlib
import os
from typing import Any, Optional

from offkit.badapple.formats import catalogue
from offkit.badapple.formats.base import Facts, Reader
from offkit.badapple.formats.cells import Cells, Look
from offkit.edges import leftovers
from offkit.model.errors import RequestError
from offkit.model.finding import ERROR, Finding


class Source:
    """The conversion at ``output``; with ``part``, one that the process ``maker`` writes there first.

    Nothing is known of it (``look`` is None) before ``refresh`` has found something.
    """

    def __init__(self, output: str, part: Optional[str] = None, maker: int = 0) -> None:
        self._output, self._part, self._maker = output, part, maker
        self._old = _identity(output) if part else None
        self._reader: Optional[Reader] = None
        if not part:
            self._reader = catalogue.open_reader(output)

    @property
    def complete(self) -> bool:
        return self._part is None

    @property
    def look(self) -> Optional[Look]:
        return self._reader.look if self._reader else None

    @property
    def facts(self) -> Optional[Facts]:
        return self._reader.facts if self._reader else None

    @property
    def frames(self) -> int:
        """As many as there are, or will be."""
        return self._reader.frames if self._reader else 0

    def cells(self, number: int) -> Optional[Cells]:
        """None when it is not there yet. Raises RequestError (VID010) on damage."""
        if self._reader is None:
            return None
        try:
            return self._reader.cells(number)
        except RequestError:
            if self.complete:
                raise
            return None  # it is being written at this moment

    def refresh(self) -> None:
        """Look what has been made. Raises RequestError (VID022) when nobody makes it any more."""
        if self._part is None:
            return
        running = leftovers.is_running(self._maker)  # asked first: it may finish meanwhile
        now = _identity(self._output)
        if now is not None and now != self._old:
            self._take(catalogue.open_reader(self._output))
            self._part = None
        elif not (running and (self._reader is None or os.path.exists(self._part) or self._is_renamed())):
            raise _abandoned(self._output)
        elif self._reader is None:
            with contextlib.suppress(RequestError):  # not yet, or a format that cannot say before its end
                self._take(catalogue.open_reader(self._part, growing=True))

    def _is_renamed(self) -> bool:
        return _identity(self._output) not in (None, self._old)

    def _take(self, reader: Reader) -> None:
        self.close()
        self._reader = reader

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()


def _identity(path: str) -> Any:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _abandoned(output: str) -> RequestError:
    text = "the process that was making this conversion ended before it was complete"
    fix = "run again what was making it, with the same video and options"
    return RequestError(text, [Finding("VID022", ERROR, output, text, (), fix)])

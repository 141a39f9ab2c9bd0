"""Standard streams that can say anything: no character, full disk or hung-up terminal is a traceback."""

import codecs
import contextlib
import io
import os
from typing import Any, Optional, TextIO, Type

from offkit.model.errors import EnvironmentProblem


class OutputLost(EnvironmentProblem):
    """What a command had to say could not be written; its exit code must not look like success."""


class Result(io.TextIOWrapper):
    """stdout: a full disk behind it is an error of its own, not a traceback."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            abandon(self)
            raise OutputLost(
                "the output cannot be written: {}".format(error.strerror), fix="free some space there"
            )


class Remark(io.TextIOWrapper):
    """stderr: when nobody can be told, there is nobody to tell."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):  # the terminal hung up
            super().flush()


def tolerant(stream: Optional[TextIO], kind: Type[io.TextIOWrapper]) -> TextIO:
    """``stream`` as one that can say anything; a closed one (``>&-``) as one that nobody reads."""
    codecs.register_error("offkit", encode_anything)
    if stream is None:
        return kind(open(os.devnull, "wb"), encoding="utf-8", errors="offkit")
    if getattr(stream, "errors", None) == "offkit" or not hasattr(stream, "detach"):
        return stream
    encoding = stream.encoding
    raw: Any = stream.detach()
    return kind(raw, encoding=encoding, errors="offkit", line_buffering=True)


def encode_anything(error: UnicodeError) -> Any:
    """Undecodable bytes of a file name go out as they came in; what the locale lacks is escaped."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    out = b""
    for char in error.object[error.start : error.end]:
        if "\udc80" <= char <= "\udcff":
            out += bytes([ord(char) - 0xDC00])
        else:
            out += char.encode("ascii", "backslashreplace")
    return out, error.end


def abandon(stream: TextIO) -> None:
    """Let what is still buffered go nowhere, so that leaving does not fail on it once more."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass


def width(stream: TextIO) -> int:
    """Columns of the terminal that reads it; 0 where it is none."""
    if not stream.isatty():
        return 0
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0

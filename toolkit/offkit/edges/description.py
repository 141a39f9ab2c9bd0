"""The file that --target names, read as the document that it is."""

import json
import os
import stat
from typing import Any

from offkit.model.errors import UsageError

LIMIT = 64 << 20  # bytes; that of a server with 2000 packages has five million
_FIX = "give the file that 'offkit probe' wrote"


def read(path: str) -> Any:
    """Raises UsageError for what cannot be read, and for what would be read without an end: the file is
    anybody's."""
    try:
        # Before it is opened: that of a pipe waits until somebody writes.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise UsageError("--target: {} is a device or a pipe, not a file".format(path), fix=_FIX)
        with open(path, "rb") as source:
            content = source.read(LIMIT + 1)
        if len(content) > LIMIT:
            message = "--target: {} has more than {} MiB: that is no description of a server"
            raise UsageError(message.format(path, LIMIT >> 20), fix=_FIX)
        return json.loads(content.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError("{} cannot be read as a target: {}".format(path, error))

"""The file that --target names, read as the document that it is."""

import codecs
import json
import os
import stat
from typing import Any

from offkit.model.errors import UsageError

LIMIT = 64 << 20  # bytes; that of a server with 2000 packages has five million
_FIX = "give the file that 'offkit probe' wrote"
AGAIN = "write it again on the server: offkit probe -o FILE"


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
        return json.loads(_text(content))
    except RecursionError:
        why = "it is nested too deeply"
    except UnicodeDecodeError:
        why = "it is no text in UTF-8"
    except OSError as error:
        why = str(error)
    except ValueError as error:
        why = "it is not JSON, or not all of it ({})".format(error)
    raise UsageError("{} cannot be read as a target: {}".format(path, why), fix=AGAIN)


def _text(content: bytes) -> str:
    """On its way here it may have been through Windows: its editors put a mark before UTF-8, and the > of
    its PowerShell writes UTF-16."""
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8-sig")

"""A process stays in the generation in which it began.

This module lies in the site-packages of every generation too, where two .pth files call ``stay``
whenever a Python starts (``addpackage`` of CPython's Lib/site.py): before the others, and after them. A
Python that was started by way of ``PREFIX/current`` has that link in sys.prefix and sys.path, and what it
imports later would come from wherever the link leads by then.
"""

import os
import sys

_LINKS = 40  # MAXSYMLINKS
_way = ["", ""]  # the link that this Python was started by, and where it led then


def stay():  # type: () -> None
    """sys.prefix, sys.executable, sys.path, and what has been imported already: without that link."""
    if not _way[0]:
        there = _behind(sys.prefix)
        if there == sys.prefix:
            return
        _way[:] = sys.prefix, there
    sys.prefix = sys.exec_prefix = _way[1]
    sys.executable = _within(sys.executable or "")
    _amend(sys.path)
    for module in list(sys.modules.values()):  # packages that the .pth files between have imported
        path = getattr(module, "__path__", None)
        if isinstance(path, list):
            _amend(path)


def _behind(prefix):  # type: (str) -> str
    """Where a prefix leads that is a link itself. What lies above it may be a link all the same."""
    for _ in range(_LINKS):
        try:
            target = os.readlink(prefix)
        except OSError:
            break
        prefix = os.path.normpath(os.path.join(os.path.dirname(prefix), target))
    return prefix


def _within(path):  # type: (str) -> str
    link, there = _way
    return there + path[len(link) :] if (path + os.sep).startswith(link + os.sep) else path


def _amend(paths):  # type: (list[str]) -> None
    paths[:] = list(dict.fromkeys(_within(path) if isinstance(path, str) else path for path in paths))

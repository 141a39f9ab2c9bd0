"""Small files of the kernel, in /proc and /sys (cgroups too)."""

import os
from typing import List


def told(path: str) -> str:
    """What such a file says, 1 MiB of it at most; empty where it cannot be read."""
    try:
        with open(path, "rb") as source:
            return source.read(1 << 20).decode("utf-8", "replace")
    except OSError:
        return ""


def names(path: str) -> List[str]:
    """What is in such a directory; nothing where it cannot be read."""
    try:
        return os.listdir(path)
    except OSError:
        return []

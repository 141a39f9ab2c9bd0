"""Small files of the kernel, in /proc and /sys (cgroups too)."""


def told(path: str) -> str:
    """What such a file says, 1 MiB of it at most; empty where it cannot be read."""
    try:
        with open(path, "rb") as source:
            return source.read(1 << 20).decode("utf-8", "replace")
    except OSError:
        return ""

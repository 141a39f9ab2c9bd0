"""Small files that a system tells of itself: those of the kernel, in /proc and /sys, and /etc/os-release."""


def told(path: str) -> str:
    """What a small file says, such as the kernel's in /proc and /sys; empty where it cannot be read."""
    try:
        with open(path, "rb") as source:
            return source.read(1 << 20).decode("utf-8", "replace")
    except OSError:
        return ""

"""fstab(5): one line for an ISO, put in and taken out. Pure."""

_ESCAPED = (("\\", "\\134"), (" ", "\\040"), ("\t", "\\011"), ("\n", "\\012"))


def line(image: str, point: str) -> str:
    """The line that mounts an image at boot. ``nofail``: without its ISO the server starts all the same."""
    return "{} {} iso9660 loop,ro,nofail 0 0".format(_escaped(image), _escaped(point))


def _escaped(path: str) -> str:
    for char, octal in _ESCAPED:
        path = path.replace(char, octal)
    return path


def has(text: str, wanted: str) -> bool:
    return wanted in text.split("\n")


def open_ended(text: str) -> bool:
    """Whether the last line has no end, which ``add`` gives it."""
    return bool(text) and not text.endswith("\n")


def add(text: str, wanted: str) -> str:
    """``text`` with the line as its last, unchanged when it is there."""
    if has(text, wanted):
        return text
    return text + ("\n" if open_ended(text) else "") + wanted + "\n"


def remove(text: str, wanted: str, was_open: bool) -> str:
    """Without exactly that line. ``was_open``: the file had no newline at its end before ``add``."""
    lines = text.split("\n")
    if wanted not in lines:
        return text
    at = lines.index(wanted)
    last = at == len(lines) - 2 and lines[-1] == ""
    left = "\n".join(lines[:at] + lines[at + 1 :])
    return left[:-1] if was_open and last and left.endswith("\n") else left

"""Symbol versions as people read them: how far a library goes."""

from typing import Iterable, Sequence

from offkit.elf.reader import version_key


def newest(defined: Sequence[str], versions: Iterable[str]) -> str:
    """``; it has GLIBC up to 2.17``, for the families that were asked for."""
    families = sorted({version.partition("_")[0] for version in versions})
    parts = []
    for family in families:
        own = [version for version in defined if version.startswith(family + "_") and version[-1].isdecimal()]
        if own:
            parts.append("{} up to {}".format(family, max(own, key=version_key).partition("_")[2]))
    return "; it has " + ", ".join(parts) if parts else ""

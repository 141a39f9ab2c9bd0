"""Symbol versions as people read them: which is newer, and how far a library goes."""

import re
from typing import Iterable, List, Sequence, Tuple


def newest(defined: Sequence[str], versions: Iterable[str]) -> str:
    """``; it has GLIBC up to 2.17``, for the families that were asked for."""
    families = sorted({version.partition("_")[0] for version in versions})
    parts = []
    for family in families:
        own = [version for version in defined if version.startswith(family + "_") and version[-1].isdigit()]
        if own:
            parts.append("{} up to {}".format(family, max(own, key=key).partition("_")[2]))
    return "; it has " + ", ".join(parts) if parts else ""


def key(version: str) -> Tuple[str, List[int]]:
    """GLIBC_2.9 before GLIBC_2.17."""
    prefix, _, number = version.partition("_")
    return prefix, [int(part) for part in re.findall(r"\d+", number)]

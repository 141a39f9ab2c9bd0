"""Files that the loader finds for a library and cannot use, and files that ld.so.cache names and
that are gone: their RPM is installed, so yum's ``install`` would do nothing."""

from typing import NamedTuple, Optional

from offkit.elf.resolution import CACHE, Resolution, View


class Damage(NamedTuple):
    path: str
    how: str  # the search came there
    reason: str  # "" when the file is gone


def find(resolution: Resolution, view: View) -> Optional[Damage]:
    """Why a missing library is, where a file is to blame.

    The search ends at a file with a bad ELF header (open_verify in glibc's elf/dl-load.c calls it
    fatal, in an LD_LIBRARY_PATH directory as in any other); it goes on after one that is gone.
    """
    if not resolution.looked:
        return None
    last = resolution.looked[-1]
    opened = view.open(last.place)
    if opened.elf is None and not opened.absent and opened.problem == last.reason:
        return Damage(last.place, last.how, last.reason)
    for look in resolution.looked:
        if look.how == CACHE and look.reason.lower().startswith("no such file"):
            return Damage(look.place, look.how, "")
    return None

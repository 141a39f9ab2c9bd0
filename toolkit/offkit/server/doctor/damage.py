"""Files that the loader finds for a library and cannot use, and files that ld.so.cache names and
that are gone: their RPM is installed, so yum's ``install`` would do nothing."""

from typing import NamedTuple, Optional, Sequence, Tuple

from offkit.elf.resolution import CACHE, LIBRARY_PATH, Resolution, View
from offkit.server.doctor.cures import Cure, Cures


class Damage(NamedTuple):
    path: str
    how: str  # the search came there
    reason: str  # "" when the file is gone


class Mend(NamedTuple):
    message: str
    fix: str
    rpms: Tuple[str, ...] = ()  # to be installed again
    cure: Optional[Cure] = None  # where the answer was asked for


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


def mend(
    damage: Damage, name: str, bits: int, cures: Cures, system: Sequence[str], own: Sequence[str] = ()
) -> Optional[Mend]:
    """What to say and to do. None for a file that is gone from where no RPM puts one: something else
    may give the library.

    ``system`` are the loader's default directories, ``own`` those of the environment.
    """
    path = damage.path
    if not damage.reason and not _below(path, system):
        return None
    message = "ld.so.cache names {}, which is gone".format(path)
    if damage.reason:
        message = "{} is damaged ({}), and the loader looks no further".format(path, damage.reason)
    if damage.how == LIBRARY_PATH:
        return Mend("by LD_LIBRARY_PATH: " + message, "unset LD_LIBRARY_PATH, or remove {}".format(path))
    if _below(path, own):
        return Mend(message, "it belongs to the package itself: install that again")
    if not _below(path, system):
        tail = ", then ldconfig" if damage.how == CACHE else ""
        return Mend(message, "replace or remove {}{}".format(path, tail))
    cure = cures.again(cures.for_soname(name, bits))
    fix = cure.fix if cure.rpms else "'rpm -qf {}' names its package: reinstall that with yum".format(path)
    return Mend(message, fix, cure.rpms, cure)


def _below(path: str, directories: Sequence[str]) -> bool:
    return any(path.startswith(directory.rstrip("/") + "/") for directory in directories)

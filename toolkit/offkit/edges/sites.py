"""Where the packages of a Python lie.

A virtual environment has a layout of its own (PEP 405, ``site.venv``; the scheme "venv" of sysconfig
since 3.11), whatever its base interpreter has by default: that says where somebody's next package
would go *outside* of environments, which is another place on Debian (posix_local), Fedora (/usr/local)
and in Homebrew's framework builds.
"""

import os
import site
import sys
import sysconfig
from typing import List, Optional

# The layout of environments, by the first of these that a Python knows. Before 3.11 that is
# posix_prefix, which Fedora keeps as rpm_prefix where it has changed it.
_SCHEMES = ("venv", "rpm_prefix", "posix_prefix")
_KINDS = ("purelib", "platlib")


def on_path(executable: Optional[str] = None) -> List[str]:
    """Existing site-packages of the environment that ``executable`` (default: the running one)
    belongs to; those of the running interpreter itself when it belongs to none.

    Right under ``python -S`` too, where neither sys.prefix (up to 3.13) nor sys.path knows of them.
    """
    prefix = _environment(executable or sys.executable)
    if prefix:
        known = sysconfig.get_scheme_names()
        scheme = next(name for name in _SCHEMES if name in known)
        found = [
            sysconfig.get_path(kind, scheme, {"base": prefix, "platbase": prefix, "installed_base": prefix})
            for kind in _KINDS
        ]
    else:
        found = site.getsitepackages() + [sysconfig.get_path(kind) for kind in _KINDS]
    return [path for number, path in enumerate(found) if path not in found[:number] and os.path.isdir(path)]


def below(root: str) -> List[str]:
    """The site-packages in an environment's directory, of any Python; once where lib64 is a link to lib."""
    found: List[str] = []
    for library in ("lib", "lib64"):
        place = os.path.join(root, library)
        for name in sorted(os.listdir(place)) if os.path.isdir(place) else ():
            path = os.path.join(place, name, "site-packages")
            there = name.startswith("python") and os.path.isdir(path)
            if there and not any(os.path.samefile(path, other) for other in found):
                found.append(path)
    return found


def _environment(executable: str) -> Optional[str]:
    """Where pyvenv.cfg is looked for by ``site.venv``: beside the executable and one directory above."""
    beside = os.path.dirname(os.path.abspath(executable))
    for place in (os.path.dirname(beside), beside):
        if os.path.isfile(os.path.join(place, "pyvenv.cfg")):
            return place
    return None
